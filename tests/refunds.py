"""Payments that arrive for a time that is gone, and what the books say when they went back."""

import time

# each attempt has another key
KEY_OFF = """
    CREATE FUNCTION key_off() RETURNS trigger AS $$ BEGIN
        NEW.idempotency_key := gen_random_uuid()::text; RETURN NEW;
    END $$ LANGUAGE plpgsql;
    CREATE TRIGGER key_off BEFORE UPDATE ON appointment_payment_operation
        FOR EACH ROW WHEN (NEW.state = 'sent') EXECUTE FUNCTION key_off()
"""
KEY_ON = "DROP TRIGGER key_off ON appointment_payment_operation; DROP FUNCTION key_off()"


def expire_while_paying(practice, visitor, slug="with-anna"):
    """Have a visitor's checkout end while they pay, and somebody else take the time.

    :return: the booking's link
    """
    start = visitor.starts(slug)[-1]
    link = visitor.book(slug, start=start)
    visitor.asked = visitor.ask_to_pay(link)
    practice.end_hold(link)
    practice.run_cron("cron_expire_bookings")
    assert practice.booking(link.id)["state"] == "expired"
    practice.visitor().book(slug, start=start, email="other@example.com")
    return link


def operations(practice, link):
    """Return id, amount, state, attempts and error of a booking's operations, oldest first."""
    return practice.query(
        "SELECT id, amount::float, state, attempts, error FROM appointment_payment_operation"
        " WHERE booking_id = %s ORDER BY id", link.id,
    )


def states(practice, link):
    return [row[2] for row in operations(practice, link)]


def make_due(practice, link, sent_hours_ago=None):
    """Let time pass until the next attempt, and hours since the first."""
    practice.query(
        "UPDATE appointment_payment_operation SET next_attempt_at = now() AT TIME ZONE 'UTC'"
        " - interval '1 second', first_sent_at = first_sent_at - %s * interval '1 hour'"
        " WHERE booking_id = %s", sent_hours_ago or 0, link.id,
    )


def wait_until(condition, seconds=30):
    """Wait for a condition; return what it says at last."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return answer


def assert_refunded(practice, link, amount=24.0):
    """Assert that a payment and its one refund close the books, and people read so."""
    assert states(practice, link) == ["done"], operations(practice, link)
    assert [row[1:] for row in practice.transactions(link.id)] == [
        (amount, "done"), (-amount, "done"),
    ]
    ledger = practice.ledger(link.id)
    assert ledger.payments == [(amount, True), (amount, True)]
    assert (ledger.invoices, ledger.balance) == ([], 0)
    booking = practice.booking(link.id)
    assert (booking["state"], booking["payment_status"]) == ("expired", "refunded")
    assert (booking["amount_paid"], booking["amount_residual"]) == (0, 0)


def activities(practice, link):
    """Return how many people are asked to do something about a booking."""
    return practice.query(
        "SELECT count(*) FROM mail_activity WHERE res_model = 'appointment.payment.booking'"
        " AND res_id = %s", link.id,
    )[0][0]
