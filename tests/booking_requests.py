"""Booking requests on a real server: who asks, who answers, and what is left in the end."""

import re

from tests.visitor import RpcError

BOOKING = "appointment.payment.booking"
CATEGORY = "calendar.event.type"
# how each answer is given: method and arguments
ANSWERS = {"accept": "action_accept", "decline": "action_decline", "cancel": "action_cancel"}


def open_category(practice, name, users, **values):
    """Make a category whose bookings the practitioner answers; return its link name."""
    admin = practice.user("admin")
    [(like,)] = practice.query("SELECT id FROM calendar_event_type WHERE slug = 'with-anna'")
    [(product,)] = practice.query(
        "SELECT product_id FROM calendar_event_type WHERE id = %s", like
    )
    slug = re.sub(r"\W+", "-", name.lower())
    call(
        admin, CATEGORY, "create",
        [{
            "name": name, "slug": slug, "bookable": True, "confirmation_mode": "manual",
            "price": 80.0, "duration": 1.0, "product_id": product,
            "user_ids": [[6, 0, [practice.ids[user] for user in users]]], **values,
        }],
    )  # fmt: skip
    return slug


def call(visitor, model, method, *args):
    return visitor.call(
        f"/web/dataset/call_kw/{model}/{method}", model=model, method=method, args=args, kwargs={}
    )


def answer(visitor, how, *links):
    """Answer requests; return whether that was allowed, or the refusal."""
    try:
        call(visitor, BOOKING, ANSWERS[how], [link.id for link in links])
    except RpcError as error:
        return str(error)
    return True


def ask(practice, slug, start=None, **typed):
    """Make a request and pay what it asks for; return its link."""
    visitor = practice.visitor()
    wanted = {name: typed[name] for name in ("practitioner",) if name in typed}
    start = start or visitor.starts(slug, **wanted)[0]
    link = visitor.book(slug, start=start, **typed)
    if facts(practice, link)["state"] == "pending_payment":
        visitor.pay(link)
    assert facts(practice, link)["state"] == "requested"
    return link


def facts(practice, link):
    """Return what a request is now."""
    names = "state payment_status expired_reason answered_at user_id amount_paid amount_held"
    names += " amount_refunded amount_residual"
    [row] = practice.query(
        f"SELECT {', '.join(names.split())} FROM appointment_payment_booking WHERE id = %s",
        link.id,
    )
    return dict(zip(names.split(), row, strict=True))


def operations(practice, link):
    """Return kind, reason and state of a request's operations, oldest first."""
    return practice.query(
        "SELECT kind, reason, state FROM appointment_payment_operation WHERE booking_id = %s"
        " ORDER BY id", link.id,
    )


def let_deadline_pass(practice, *links, seconds=-1):
    """Have the answer be due, just now or in some seconds."""
    practice.query(
        "UPDATE appointment_payment_booking SET confirm_deadline = now() AT TIME ZONE 'UTC'"
        " + %s * interval '1 second' WHERE id = ANY(%s)",
        seconds, [link.id for link in links],
    )


def settle(practice):
    """Have everything that was decided done, as the scheduled actions do."""
    practice.query(
        "UPDATE appointment_payment_operation SET next_attempt_at = now() AT TIME ZONE 'UTC'"
        " - interval '1 second' WHERE next_attempt_at IS NOT NULL"
    )
    practice.run_cron("cron_reconcile_transactions")
    practice.run_cron("cron_post_process_payment_tx")


def look(practice, link):
    """Have the scheduled action ask what became of a payment that nobody brings news of."""
    practice.query(
        "UPDATE payment_transaction SET reconcile_at = now() AT TIME ZONE 'UTC'"
        " - interval '1 second' WHERE provider_reference = %s", link.intent,
    )
    settle(practice)


def mails(practice, link, subject):
    """Return how many mails of a request have a subject that begins so."""
    return practice.query(
        "SELECT count(*) FROM mail_message WHERE model = %s AND res_id = %s AND subject LIKE %s",
        BOOKING, link.id, f"{subject}%",
    )[0][0]


def count_of_ends(practice, link):
    """Return how many mails say that there will be no appointment."""
    return sum(mails(practice, link, word) for word in ("Declined", "Not booked", "Cancelled"))


def assert_one_end(practice, link, flow):
    """Assert that a request came to one end, with its money, its time and its mails.

    :param str flow: hold or charge
    :return: the state
    """
    now, done = facts(practice, link), operations(practice, link)
    occupied = practice.query(
        "SELECT count(*) FROM appointment_payment_occupancy WHERE booking_id = %s", link.id
    )[0][0]
    assert practice.ledger(link.id).balance == 0
    if now["state"] == "confirmed":
        assert done == ([("capture", None, "done")] if flow == "hold" else [])
        practice.assert_ledger(link.id, total=80.0, tax=13.33, residual=0.0, payments=[80.0])
        assert (now["payment_status"], occupied) == ("paid", 1)
        assert mails(practice, link, "Confirmed") == 1
        assert not count_of_ends(practice, link)
        return "confirmed"
    reason = now["state"]
    assert reason in ("declined", "expired", "cancelled")
    assert done == [("void" if flow == "hold" else "refund", reason, "done")]
    assert (now["amount_paid"], now["amount_held"], now["amount_residual"]) == (0, 0, 0)
    assert now["payment_status"] == ("not_required" if flow == "hold" else "refunded")
    assert occupied == 0
    assert not mails(practice, link, "Confirmed")
    told = count_of_ends(practice, link)
    assert told == (2 if reason == "cancelled" else 1)
    return reason


def clone(practice, link, count):
    """Make copies of a held request, as many clients have; return the ids of all.

    Written by SQL: nobody has to wait for a thousand checkouts.
    """
    bookings = columns(practice, "appointment_payment_booking", (
        "name", "access_token", "checkout_token", "event_id", "start", "stop",
    ))  # fmt: skip
    payments = columns(practice, "payment_transaction", ("reference", "appointment_booking_id"))
    return [link.id] + [row[0] for row in practice.query(
        f"WITH made AS (INSERT INTO appointment_payment_booking (name, start, stop, {bookings})"
        f" SELECT name || '-' || n, start + n * interval '1 hour', stop + n * interval '1 hour',"
        f" {bookings} FROM appointment_payment_booking CROSS JOIN generate_series(1, %s) AS n"
        " WHERE id = %s RETURNING id),"
        f" paid AS (INSERT INTO payment_transaction (reference, appointment_booking_id, {payments})"
        f" SELECT t.reference || '-' || made.id, made.id, {payments} FROM made"
        " CROSS JOIN payment_transaction t WHERE t.appointment_booking_id = %s)"
        " SELECT id FROM made", count - 1, link.id, link.id,
    )]  # fmt: skip


def columns(practice, table, without):
    names = practice.query(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
        " AND column_name != 'id' AND column_name != ALL(%s)", table, list(without),
    )
    return ", ".join(f'"{name}"' for (name,) in names)


