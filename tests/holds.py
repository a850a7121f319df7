"""Money that Stripe holds for a booking, and what the books say when the hold has ended."""

from tests.refunds import wait_until
from tests.visitor import RpcError

# the practitioner has to answer: what is decided when a payment is begun, in the database
HOLD_ON = """
    CREATE FUNCTION hold_all() RETURNS trigger AS $$ BEGIN
        NEW.capture_method := 'manual'; RETURN NEW;
    END $$ LANGUAGE plpgsql;
    CREATE TRIGGER hold_all BEFORE INSERT ON payment_transaction FOR EACH ROW
        WHEN (NEW.source_transaction_id IS NULL) EXECUTE FUNCTION hold_all()
"""
HOLD_OFF = "DROP TRIGGER hold_all ON payment_transaction; DROP FUNCTION hold_all()"
# the word on what was refunded is another test's
EVENTS = [
    "payment_intent.succeeded", "payment_intent.canceled", "payment_intent.processing",
    "payment_intent.amount_capturable_updated", "payment_intent.payment_failed",
]


def hold(practice, visitor, double, client, slug="with-anna"):
    """Have a client's card held for a booking.

    :return: the booking's link
    """
    link = visitor.book(slug)
    asked = visitor.ask_to_pay(link)
    intent_id = asked["client_secret"].split("_secret_")[0]
    client.browser_confirm(
        {"id": intent_id, "client_secret": asked["client_secret"]}, "4242424242424242"
    )
    wait_until(lambda: source(practice, link)["state"] == "authorized")
    visitor.poll()
    assert practice.booking(link.id)["payment_status"] == "held"
    link.intent = intent_id
    return link


def source(practice, link):
    """Return id and state of the payment that a booking's client has begun."""
    [row] = practice.query(
        "SELECT id, state FROM payment_transaction WHERE appointment_booking_id = %s"
        " AND source_transaction_id IS NULL", link.id,
    )
    return dict(zip(("id", "state"), row, strict=True))


def parts(practice, link):
    """Return amount and state of what was captured or let go, without what was given up."""
    return practice.query(
        "SELECT amount::float, state FROM payment_transaction WHERE appointment_booking_id = %s"
        " AND source_transaction_id IS NOT NULL AND state != 'error' ORDER BY id", link.id,
    )


def operations(practice, link):
    """Return kind and state of a booking's operations, oldest first."""
    return practice.query(
        "SELECT kind, state FROM appointment_payment_operation WHERE booking_id = %s ORDER BY id",
        link.id,
    )


def press(practice, link, button, **kwargs):
    """Press one of Odoo's buttons on the payment; return why it was refused, if it was."""
    admin = practice.user("admin")
    try:
        admin.call(
            f"/web/dataset/call_kw/payment.transaction/{button}",
            model="payment.transaction", method=button,
            args=[[source(practice, link)["id"]]], kwargs=kwargs,
        )
    except RpcError as error:
        return str(error)
    return None


def settle(practice):
    practice.run_cron("cron_reconcile_transactions")
    practice.run_cron("cron_post_process_payment_tx")


def assert_captured(practice, link, client, amount=24.0):
    """Assert that the hold was captured once: at Stripe, in the books, for the client."""
    row = client.ledger_row({"id": link.intent})
    assert (row["held"], row["captured"], row["refunded"]) == (0, round(amount * 100), 0)
    assert source(practice, link)["state"] == "done"
    assert (amount, "done") in parts(practice, link)
    assert sum(part for part, _state in parts(practice, link)) == 24.0
    practice.assert_ledger(
        link.id, total=80.0, tax=13.33, residual=80.0 - amount, payments=[amount]
    )
    assert practice.booking(link.id)["state"] == "confirmed"


def assert_let_go(practice, link, client):
    """Assert that the hold has ended, and the books know nothing of it (fault 31)."""
    row = client.ledger_row({"id": link.intent})
    assert (row["held"], row["captured"], row["refunded"]) == (0, 0, 0)
    assert source(practice, link)["state"] == "cancel"
    assert parts(practice, link) == [(24.0, "cancel")]
    ledger = practice.ledger(link.id)
    assert (ledger.invoices, ledger.payments) == ([], [])
    booking = practice.booking(link.id)
    assert booking["amount_paid"] == 0
    assert booking["state"] != "confirmed"
