"""Many at once over the real server; each race has a control that fails with its guard off."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.practice import Link, Practice

VISITORS = 10
CONSTRAINT = "appointment_payment_occupancy_sold_once"


def race(practice, start):
    """Have many visitors, each with a form of their own, ask for one time; return the answers."""
    visitors = [practice.visitor() for _number in range(VISITORS)]
    with ThreadPoolExecutor(VISITORS) as pool:
        forms = list(pool.map(lambda visitor: visitor.form("with-anna", start), visitors))
        answers = pool.map(
            lambda pair: pair[0].submit(pair[1], "with-anna"), zip(visitors, forms, strict=True)
        )
        return Counter(answer.status_code for answer in answers)


@pytest.mark.parametrize("round_number", range(3))
def test_f01_a_slot_is_sold_once(practice, round_number):
    start = practice.visitor().starts("with-anna")[20 + round_number]
    statuses = race(practice, start)
    assert statuses == {303: 1, 409: VISITORS - 1}
    assert practice.occupied(start, "anna") == 1
    assert "deadlock" not in practice.server.log()


def test_f10_without_the_constraint_it_is_sold_more_than_once(make_server):
    """The control: search and lock alone look at an old snapshot and do not hold."""
    practice = Practice(make_server(options=["--max-cron-threads=0"]))
    practice.query(f"ALTER TABLE appointment_payment_occupancy DROP CONSTRAINT {CONSTRAINT}")
    starts = practice.visitor().starts("with-anna")[20:23]
    sold = [race(practice, start)[303] for start in starts]
    assert max(sold) > 1, sold


def test_f17_poll_and_cron_post_process_together_and_it_happens_once(practice, visitor):
    practice.server.allow_log("could not serialize access|retry|post-processing transaction")
    link = visitor.book("with-cleo")
    reference = visitor.ask_to_pay(link)["reference"]
    visitor.simulate(reference)
    cron = (
        f"tx = env['payment.transaction'].search([('reference', '=', {reference!r})])\n"
        "tx._cron_post_process()\nenv.cr.commit()"
    )
    with ThreadPoolExecutor(3) as pool:
        jobs = [pool.submit(practice.server.shell, cron), pool.submit(poll, visitor)]
        for job in jobs:
            job.result()
    practice.server.shell(cron)
    assert practice.booking(link.id)["state"] == "confirmed"
    practice.assert_ledger(link.id, total=80.0, tax=13.33, residual=56.0, payments=[24.0])
    events = practice.query(
        "SELECT count(*) FROM calendar_event e JOIN appointment_payment_booking b"
        " ON b.event_id = e.id WHERE b.id = %s", link.id,
    )
    mails = practice.query(
        "SELECT count(*) FROM mail_message WHERE model = 'appointment.payment.booking'"
        " AND message_type = 'email_outgoing' AND res_id = %s", link.id,
    )
    assert (events, mails) == ([(1,)], [(2,)])


def poll(visitor):
    """Ask until the payment is done; the page asks again when it is told to."""
    for _attempt in range(20):
        try:
            return visitor.poll()
        except Exception as error:
            if "retry" not in str(error):
                raise
    raise AssertionError("the payment was never processed")


def test_f08_a_slot_that_is_not_paid_is_free_after_the_cron(practice, visitor):
    start = visitor.starts("with-cleo")[8]
    answer = visitor.submit(visitor.form("with-cleo", start), "with-cleo")
    link = Link.parse(answer.headers["Location"])
    assert start not in practice.visitor().starts("with-cleo")
    practice.query(
        "UPDATE appointment_payment_booking SET hold_until = now() AT TIME ZONE 'UTC'"
        " - interval '1 second' WHERE id = %s", link.id,
    )
    practice.server.shell("env['appointment.payment.booking']._cron_expire_bookings()")
    assert practice.booking(link.id)["state"] == "expired"
    assert start in practice.visitor().starts("with-cleo")
