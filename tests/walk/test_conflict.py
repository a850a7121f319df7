"""A decision that meets another process is repeated by Odoo: Stripe is asked once all the same."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.refunds import wait_until

from . import ready as deeds

WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND wait_event_type = 'Lock' AND query LIKE '%%UPDATE res_partner%%' AND pid <> ALL(%s)"
)


@pytest.fixture(autouse=True)
def without_webhooks(clinic, stripe):
    stripe.webhook()
    clinic.server.allow_log("could not serialize access|retry|Received HTTP")


@pytest.fixture
def partner(clinic):
    """Somebody whom two transactions write at once."""
    return clinic.query(
        "INSERT INTO res_partner (name, active, autopost_bills, create_date, write_date) VALUES"
        " ('Met', true, 'ask', now(), now()) RETURNING id"
    )[0][0]


def with_two_conflicts(clinic, partner, work):
    """Do something that meets another process twice, each time after the decision.

    Whoever waited for the row fails to serialize, and Odoo repeats the request.
    """
    update = "UPDATE res_partner SET write_date = now() WHERE id = %s"
    first, second = clinic.server.connect(), clinic.server.connect()
    ours = [first.get_backend_pid(), second.get_backend_pid()]
    logged = len(clinic.server.log())
    try:
        with ThreadPoolExecutor(2) as pool, first.cursor() as one, second.cursor() as two:
            one.execute(update, [partner])
            job = pool.submit(work)
            wait_until(lambda: clinic.query(WAITING, ours)[0][0])
            other = pool.submit(two.execute, update, [partner])
            first.commit()  # what it waited for has changed: it begins anew
            other.result()
            wait_until(lambda: clinic.query(WAITING, ours)[0][0])
            second.commit()
            job.result()
    finally:
        first.close()
        second.close()
    return clinic.server.log()[logged:].count("tries left")


def posts(clinic, path, since):
    """Return what was sent to a path, without what the scheduled actions close meanwhile."""
    return [
        row for row in clinic.double.requests()
        if row["method"] == "POST" and row["path"] == f"/v1/{path}" and row["at"] >= since
    ]


def press(clinic, ready, kind, amount, partner):
    return lambda: clinic.open_door(
        "press", ready.payment, press=kind, amount=amount, meet=partner
    )


def test_f15_one_refund_under_two_retries_is_one_refund(clinic, partner):
    ready = deeds.pay(clinic)
    since = clinic.double.now()
    assert with_two_conflicts(clinic, partner, press(clinic, ready, "refund", 20.0, partner)) >= 1
    assert len(posts(clinic, "refunds", since)) == 1
    assert deeds.moved(clinic, ready)["refunded"] == 2000
    assert [row[1:] for row in deeds.operations(clinic, ready.link.id)] == [("refund", "done")]


def test_f15_one_capture_under_two_retries_is_one_capture(clinic, partner):
    ready = deeds.hold(clinic)
    since = clinic.double.now()
    assert with_two_conflicts(clinic, partner, press(clinic, ready, "capture", 20.0, partner)) >= 1
    assert len(posts(clinic, f"payment_intents/{ready.intent}/capture", since)) == 1
    assert deeds.moved(clinic, ready) == {"captured": 2000, "refunded": 0, "held": 0}
    assert [row[1:] for row in deeds.operations(clinic, ready.link.id)] == [("capture", "done")]


def test_f15_one_charge_under_two_retries_is_one_charge(clinic, partner):
    ready = deeds.save_card(clinic, deeds.book(clinic))
    since = clinic.double.now()
    charge = lambda: deeds.charge(clinic, ready, meet=partner)  # noqa: E731
    assert with_two_conflicts(clinic, partner, charge) >= 1
    assert len(posts(clinic, "payment_intents", since)) == 1
    price = round(ready.place.price * 100)
    assert deeds.moved(clinic, ready) == {"captured": price, "refunded": 0, "held": 0}
    assert [row[1:] for row in deeds.operations(clinic, ready.link.id)] == [("charge", "done")]


def test_f15_without_operations_each_retry_is_another_refund(clinic, partner):
    """The control: Odoo's own refund, of a payment that is not for a booking."""
    ready = deeds.pay(clinic)
    clinic.query(
        "UPDATE payment_transaction SET appointment_booking_id = NULL, is_post_processed = true"
        " WHERE id = %s", ready.payment,
    )
    clinic.query("DELETE FROM account_invoice_transaction_rel WHERE transaction_id = %s",
                 ready.payment)
    since = clinic.double.now()
    retries = with_two_conflicts(clinic, partner, press(clinic, ready, "refund", 20.0, partner))
    sent = posts(clinic, "refunds", since)
    print(f"\nOdoo's own: {retries} retries, {len(sent)} requests for one refund of 20.00")
    assert len(sent) == retries + 1 > 1
