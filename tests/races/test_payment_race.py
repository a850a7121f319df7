"""One booking paid, polled and expired by several at once: the effects happen once."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.visitor import RpcError

TOGETHER = 6
# the guard of a booking's payments is an UPDATE that changes nothing: this rule swallows it
GUARD_OFF = (
    "CREATE RULE guard_off AS ON UPDATE TO appointment_payment_booking"
    " WHERE NEW.* IS NOT DISTINCT FROM OLD.* DO INSTEAD NOTHING"
)
GUARD_ON = "DROP RULE guard_off ON appointment_payment_booking"


def at_once(work, count=TOGETHER):
    """Run a function several times at once; return what came of each, an error included."""
    with ThreadPoolExecutor(count) as pool:
        return [settled(job) for job in [pool.submit(work, n) for n in range(count)]]


def settled(job):
    try:
        return job.result()
    except RpcError as error:
        return error


def effects(practice, link):
    """Return how many events and mails a booking has."""
    events = practice.query(
        "SELECT count(*) FROM calendar_event e JOIN appointment_payment_booking b"
        " ON b.event_id = e.id WHERE b.id = %s", link.id,
    )
    mails = practice.query(
        "SELECT count(*) FROM mail_message WHERE model = 'appointment.payment.booking'"
        " AND message_type = 'email_outgoing' AND res_id = %s", link.id,
    )
    return events[0][0], mails[0][0]


@pytest.fixture(autouse=True)
def collisions(practice):
    """Odoo repeats what could not be serialized, and logs each as an error."""
    practice.server.allow_log("could not serialize access|retry")


def test_f07_two_windows_that_pay_at_once_share_one_transaction(practice, visitor):
    link = visitor.book("with-anna")
    answers = at_once(lambda _n: practice.visitor().ask_to_pay(link))
    assert len({answer["reference"] for answer in answers}) == 1
    assert len(practice.transactions(link.id)) == 1


def test_f07_without_the_lock_they_make_several_or_fail(practice):
    """The control: each window looks, sees no open transaction, and makes its own."""
    practice.server.allow_log("duplicate key|Reference must be unique")
    practice.query(GUARD_OFF)
    try:
        for _round in range(6):
            link = practice.visitor().book("with-anna")
            answers = at_once(lambda _n, link=link: practice.visitor().ask_to_pay(link))
            made = len(practice.transactions(link.id))
            if made > 1 or any(isinstance(answer, RpcError) for answer in answers):
                return
    finally:
        practice.query(GUARD_ON)
    pytest.fail("the windows never met")


@pytest.mark.parametrize("round_number", range(3))
def test_f17_polls_and_the_cron_of_one_payment_have_its_effects_once(practice, round_number):
    email = f"f17-{round_number}@example.com"
    visitors = [practice.visitor() for _number in range(TOGETHER)]
    link = visitors[0].book("with-anna", email=email)
    references = {each.ask_to_pay(link)["reference"] for each in visitors}
    assert len(references) == 1
    visitors[0].simulate(references.pop())

    def work(number):
        if number == TOGETHER:
            return practice.run_cron("cron_post_process_payment_tx")
        return visitors[number].poll()

    at_once(work, TOGETHER + 1)
    deadline = time.monotonic() + 30
    while any(isinstance(answer, RpcError) for answer in at_once(lambda n: visitors[n].poll())):
        assert time.monotonic() < deadline
    practice.run_cron("cron_post_process_payment_tx")
    practice.assert_ledger(link.id, total=80.0, tax=13.33, residual=56.0, payments=[24.0])
    assert effects(practice, link) == (1, 2)
    assert len(practice.server.mailbox.wait(email)) == 1


def test_a_booking_that_is_paid_while_it_expires_is_confirmed(practice, visitor):
    """The hold is over and the client pays: whoever comes first, money and time go together."""
    links = [visitor.book("with-cleo") for _number in range(4)]
    payers = [practice.visitor() for _link in links]
    for payer, link in zip(payers, links, strict=True):
        payer.reference = payer.ask_to_pay(link)["reference"]
    practice.end_hold(*links)

    def work(number):
        if number == len(links):
            return practice.run_cron("cron_expire_bookings")
        payers[number].simulate(payers[number].reference)
        return payers[number].poll()

    at_once(work, len(links) + 1)
    for payer, link in zip(payers, links, strict=True):
        deadline = time.monotonic() + 30
        while not practice.ledger(link.id).payments:
            assert time.monotonic() < deadline
            at_once(lambda _n, payer=payer: payer.poll(), 1)
        booking = practice.booking(link.id)
        assert booking["state"] == "confirmed"
        start = booking["start"].strftime("%Y-%m-%dT%H:%M:%SZ")
        assert practice.occupied(start, "cleo") == 1
        practice.assert_ledger(link.id, total=80.0, tax=13.33, residual=56.0, payments=[24.0])
        assert effects(practice, link) == (1, 2)


def test_f02_overlapping_times_are_sold_to_one(practice, visitor):
    """An hour from ten and two hours from nine meet at ten."""
    long = [s for s in visitor.starts("double-session") if s.endswith(("T08:00:00Z", "T07:00:00Z"))]
    for start in long[2:5]:
        inside = start.replace("T08", "T09").replace("T07", "T08")
        visitors = [practice.visitor() for _number in range(TOGETHER)]
        asked = [("double-session", start), ("with-anna", inside)] * (TOGETHER // 2)
        forms = [v.form(slug, at) for v, (slug, at) in zip(visitors, asked, strict=True)]
        statuses = at_once(
            lambda n, forms=forms, visitors=visitors, asked=asked: visitors[n]
            .submit(forms[n], asked[n][0]).status_code
        )
        assert sorted(statuses) == [303] + [409] * (TOGETHER - 1)
    assert "deadlock" not in practice.server.log()
