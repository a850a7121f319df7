"""A saved card is charged, and a payment is paid back, exactly once (faults 12 to 15, 26)."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.holds import operations, press, settle
from tests.refunds import activities, make_due, wait_until

# whoever decides meets somebody else twice, and begins anew
RETRIES_ON = """
    CREATE SEQUENCE forced;
    CREATE FUNCTION force_retry() RETURNS trigger AS $$ BEGIN
        IF nextval('forced') <= 2 THEN
            RAISE EXCEPTION 'could not serialize access (forced)' USING ERRCODE = '40001';
        END IF;
        RETURN NEW;
    END $$ LANGUAGE plpgsql;
    CREATE TRIGGER force_retry AFTER INSERT ON appointment_payment_operation
        FOR EACH ROW EXECUTE FUNCTION force_retry()
"""
RETRIES_OFF = (
    "DROP TRIGGER force_retry ON appointment_payment_operation; DROP FUNCTION force_retry();"
    " DROP SEQUENCE forced"
)
# Stripe's own test cards: one that works, one that can be saved and is declined when charged
GOOD, DECLINED = "pm_card_visa", "pm_card_chargeCustomerFail"


@pytest.fixture(scope="module")
def practice(open_practice):
    return open_practice("whsec_none")


@pytest.fixture
def paula(practice, double):
    """A client with a login, whose card Stripe keeps; no webhook comes."""
    visitor = practice.visitor()
    visitor.log_in("paula")
    return visitor


def save_card(practice, client, method=GOOD):
    """Keep a card of Paula's, as a payment of hers did earlier."""
    customer = client.ok("POST", "customers", {"email": "paula@example.com"})["id"]
    card = client.ok("POST", f"payment_methods/{method}/attach", {"customer": customer})["id"]
    [[token]] = practice.query(
        "INSERT INTO payment_token (provider_id, payment_method_id, partner_id, provider_ref,"
        " stripe_payment_method, payment_details, active, company_id)"
        " SELECT %s, %s, partner_id, %s, %s, '4242', true, %s FROM res_users"
        " WHERE login = 'paula' RETURNING id",
        practice.ids["provider"], practice.ids["method"], customer, card,
        practice.query("SELECT company_id FROM payment_provider WHERE id = %s",
                       practice.ids["provider"])[0][0],
    )
    return token


def pay_with(paula, link, token, amount=24.0):
    """Pay with a saved card what the page shows; return what the page learns."""
    return paula.ask_to_pay(link, flow="token", token_id=token, amount=amount)


def charges(double):
    return [
        row for row in double.requests()
        if (row["method"], row["path"]) == ("POST", "/v1/payment_intents")
    ]


def assert_charged_once(practice, link, double):
    settle(practice)
    assert double.ledger()["totals"]["eur"]["captured"] == 2400
    assert operations(practice, link) == [("charge", "done")]
    practice.assert_ledger(link.id, total=80.0, tax=13.33, residual=56.0, payments=[24.0])
    assert practice.booking(link.id)["state"] == "confirmed"
    assert not activities(practice, link)


def test_a_saved_card_is_charged_and_the_page_learns_it(practice, paula, double, client):
    token = save_card(practice, client)
    link = paula.book("with-anna", email="paula@example.com")
    assert pay_with(paula, link, token)["state"] == "done"
    [request] = charges(double)
    assert request["idempotency_key"].startswith("appointment-operation-")
    assert paula.poll()["state"] == "done"
    assert_charged_once(practice, link, double)


def test_a_card_that_is_refused_is_told_on_the_page(practice, paula, double, client):
    token = save_card(practice, client, DECLINED)
    link = paula.book("with-anna", email="paula@example.com")
    answer = pay_with(paula, link, token)
    assert answer["state"] == "error"
    assert "declined" in answer["state_message"]
    assert operations(practice, link) == [("charge", "failed")]
    assert not activities(practice, link)
    assert pay_with(paula, link, save_card(practice, client))["state"] == "done"
    assert practice.booking(link.id)["state"] == "confirmed"


@pytest.mark.parametrize("kind", ["delay", "cut", "half", "unavailable", "error_after"])
def test_f13_no_answer_is_asked_again(practice, paula, double, client, kind):
    """Looking it up fails too, at first: Stripe is out of reach."""
    token = save_card(practice, client)
    link = paula.book("with-anna", email="paula@example.com")
    double.fault(kind, "payment_intents", seconds=10.5)
    double.fault("unavailable", "payment_intents", method="GET")
    assert pay_with(paula, link, token)["state"] == "draft"
    assert operations(practice, link) == [("charge", "unknown")]
    make_due(practice, link)
    wait_until(lambda: not double.is_busy())
    settle(practice)
    assert len({row["idempotency_key"] for row in charges(double)}) == 1
    assert_charged_once(practice, link, double)


def test_f16_a_charge_whose_key_has_expired_is_found_by_its_reference(
    practice, paula, double, client
):
    token = save_card(practice, client)
    link = paula.book("with-anna", email="paula@example.com")
    double.fault("cut", "payment_intents")
    double.fault("unavailable", "payment_intents", method="GET")
    pay_with(paula, link, token)
    make_due(practice, link, sent_hours_ago=25)
    settle(practice)
    assert len(charges(double)) == 1
    assert_charged_once(practice, link, double)


def test_f12_a_crash_during_the_call_is_settled_by_the_cron(practice, paula, double, client):
    token = save_card(practice, client)
    link = paula.book("with-anna", email="paula@example.com")
    double.fault("delay", "payment_intents", seconds=3)
    with ThreadPoolExecutor(1) as pool:
        paid = pool.submit(pay_with, paula, link, token)
        wait_until(lambda: charges(double))
        practice.server.kill()
        assert paid.exception()
    practice.server.start()
    assert operations(practice, link) == [("charge", "sent")]
    make_due(practice, link)
    wait_until(lambda: not double.is_busy())
    assert_charged_once(practice, link, double)


def test_f07_pressed_twice_it_is_charged_once(practice, paula, double, client):
    token = save_card(practice, client)
    link = paula.book("with-anna", email="paula@example.com")
    double.fault("delay", "payment_intents", seconds=1)
    with ThreadPoolExecutor(2) as pool:
        pressed = [pool.submit(pay_with, paula, link, token, amount=24.0) for _press in range(2)]
        answers = [press.exception() or press.result()["state"] for press in pressed]
    assert "done" in answers
    assert len(charges(double)) == 1
    assert_charged_once(practice, link, double)


def test_f15_f26_one_refund_under_forced_retries_is_one_refund(practice, paula, double, client):
    link = paula.book("with-anna", email="paula@example.com")
    pay_with(paula, link, save_card(practice, client))
    paula.poll()
    logged = len(practice.server.log())
    practice.query(RETRIES_ON)
    try:
        assert press(practice, link, "action_refund", amount_to_refund=20.0) is None
    finally:
        practice.query(RETRIES_OFF)
    assert practice.server.log()[logged:].count("tries left") == 2
    settle(practice)
    posts = [
        row for row in double.requests() if (row["method"], row["path"]) == ("POST", "/v1/refunds")
    ]
    assert len(posts) == 1
    assert (double.ledger()["refunds"], double.ledger()["totals"]["eur"]["refunded"]) == (1, 2000)
    assert operations(practice, link) == [("charge", "done"), ("refund", "done")]
    assert float(practice.query(
        "SELECT amount_refunded FROM appointment_payment_booking WHERE id = %s", link.id
    )[0][0]) == 20.0
