"""One booking paid, polled and expired by several at once: the effects happen once."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2
import pytest

from tests.visitor import RpcError

TOGETHER = 6
# the guard of a booking's payments is an UPDATE that changes nothing: this rule swallows it
GUARD_OFF = (
    "CREATE RULE guard_off AS ON UPDATE TO appointment_payment_booking"
    " WHERE NEW.* IS NOT DISTINCT FROM OLD.* DO INSTEAD NOTHING"
)
GUARD_ON = "DROP RULE guard_off ON appointment_payment_booking"
# what another process does to a payment as soon as it is begun again: at the commit
DECLINE = """
    CREATE FUNCTION decline() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE payment_transaction SET state = 'error'
        WHERE reference = '%s' AND state = 'draft'; RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER decline AFTER UPDATE ON appointment_payment_booking
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION decline();
"""
LEAVE_IT = "DROP TRIGGER decline ON appointment_payment_booking; DROP FUNCTION decline()"


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


def test_a_payment_that_is_declined_while_it_is_begun_again_is_another(practice, visitor):
    """A webhook brings the decline between the click and the answer: nobody reads it twice."""
    link = visitor.book("with-anna")
    first = visitor.ask_to_pay(link)["reference"]
    practice.query(DECLINE % first)
    try:
        again = visitor.ask_to_pay(link)
    finally:
        practice.query(LEAVE_IT)
    states = {reference: state for reference, _amount, state in practice.transactions(link.id)}
    assert states == {first: "error", again["reference"]: "draft"}


def test_word_on_a_payment_waits_for_its_booking_before_it_takes_the_payment(practice, visitor):
    """Whoever works on a booking goes on to its payments: the other order would be a deadlock."""
    link = visitor.book("with-anna")
    meet(practice, visitor, link)
    visitor.poll()
    practice.assert_ledger(link.id, total=80.0, tax=13.33, residual=56.0, payments=[24.0])
    assert "deadlock" not in practice.server.log()


def test_without_the_lock_it_has_the_payment_and_waits_for_the_booking(practice, visitor):
    practice.query(GUARD_OFF)
    try:
        with pytest.raises(psycopg2.errors.LockNotAvailable):
            meet(practice, visitor, visitor.book("with-anna"))
    finally:
        practice.query(GUARD_ON)


def meet(practice, visitor, link):
    """Have the provider's word on a payment come while somebody works on the booking."""
    reference = visitor.ask_to_pay(link)["reference"]
    with ThreadPoolExecutor(1) as pool, closing(practice.server.connect()) as connection:
        with connection, connection.cursor() as working:
            working.execute(
                "UPDATE appointment_payment_booking SET write_date = now() WHERE id = %s", [link.id]
            )
            word = pool.submit(visitor.simulate, reference)
            wait_until_blocked(practice)
            working.execute(
                "SELECT FROM payment_transaction WHERE reference = %s FOR NO KEY UPDATE NOWAIT",
                [reference],
            )
        word.result()


def wait_until_blocked(practice):
    """Return once a process waits for somebody else's booking."""
    deadline = time.monotonic() + 30
    while not practice.query(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event_type = 'Lock' AND query LIKE '%%UPDATE%%appointment_payment_booking%%'"
    ):
        assert time.monotonic() < deadline


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
