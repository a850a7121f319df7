"""Answers that meet: one of them counts, with its money, its time and its mails.

Each answer writes the request's own row, which PostgreSQL lets one of two transactions do: the
other fails to serialize, is repeated by Odoo, and reads what happened. That guard has no switch.
Where two requests want one time, the guard is the constraint on the occupancy: see the control.
"""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import booking_requests as asked
from tests.mails import answer_path
from tests.refunds import wait_until
from tests.visitor import Page, RpcError

CONSTRAINTS = [
    "appointment_payment_occupancy_one_session",
    "appointment_payment_occupancy_sold_once",
]
ROUNDS = 2
ENDS = {"accept": "confirmed", "decline": "declined", "cancel": "cancelled"}
# the last is of a booking that was confirmed in the meantime: it is not a request any more
REFUSALS = ("accepted", "declined", "cancelled", "has a payment")
# what Odoo logs of a request that it begins again
REPEATED = "SERIALIZATION_FAILURE"
# both wait for it at the door of the scheduled action
BARRIER = 4242
EXPIRE = f"""
env.cr.execute("SELECT pg_advisory_lock_shared({BARRIER})")
env.cr.execute("SELECT pg_advisory_unlock_shared({BARRIER})")
env.cr.commit()
env["appointment.payment.booking"]._cron_expire_bookings()
env.cr.commit()
"""


@pytest.fixture(scope="module")
def practice(make_practice):
    """Return a practice on a server of its own: it stops, and scheduled actions run when asked."""
    return make_practice(options=["--max-cron-threads=0"])


@pytest.fixture(scope="module")
def slugs(practice):
    """Return a category for each flow, and one that Anna, Ben and Cleo share."""
    made = {
        flow: asked.open_category(practice, f"Race {flow}", ["anna"], request_flow=flow)
        for flow in ("hold", "charge")
    }
    everyone = ["anna", "ben", "cleo"]
    made["shared"] = asked.open_category(
        practice, "Race shared", everyone, any_practitioner_accepts=True
    )
    return made


def at_once(*works):
    """Run functions at once; return what each returned."""
    with ThreadPoolExecutor(len(works)) as pool:
        return [job.result() for job in [pool.submit(work) for work in works]]


@pytest.mark.parametrize("flow", ["hold", "charge"])
@pytest.mark.parametrize("other", ["accept", "decline", "cancel"])
def test_of_two_answers_one_counts(practice, slugs, flow, other):
    """Accepted by the practitioner while the front desk accepts, declines, or cancels.

    The client's own button goes the same way as the front desk's.
    """
    anna, dora = practice.user("anna"), practice.user("dora")
    ends = []
    for _round in range(ROUNDS):
        link = asked.ask(practice, slugs[flow])
        answers = at_once(
            lambda link=link: asked.answer(anna, "accept", link),
            lambda link=link: asked.answer(dora, other, link),
        )
        assert answers.count(True) == 1, answers
        refusal = next(text for text in answers if text is not True)
        assert any(word in refusal for word in REFUSALS), refusal
        asked.settle(practice)
        ends.append(asked.assert_one_end(practice, link, flow))
        won = "accept" if answers[0] is True else other
        assert ends[-1] == ENDS[won]
    print(f"{flow}, accept against {other}: {ends}")
    assert "deadlock" not in practice.server.log()


class Reader:
    """Somebody with a window, on the page that a link of the practitioner's mail opens."""

    def __init__(self, practice, link, label):
        self.visitor = practice.visitor()
        self.path = answer_path(practice, link, label)
        [form] = self.visitor.open(self.path).find("form[@method='post']")
        self.typed = dict(form.form_values())

    def confirm(self):
        """Press the button.

        :return: whether that was the answer, and the page that comes back
        """
        answer = self.visitor.send("POST", self.path, data=self.typed, allow_redirects=True)
        return bool(answer.history), Page(answer).text


def meeting_at(practice, link, *works):
    """Run functions that all wait for the request's row before one of them gets it.

    :return: what each returned
    """
    connection = practice.server.connect()
    with connection, connection.cursor() as cursor, ThreadPoolExecutor(len(works)) as pool:
        cursor.execute(
            "SELECT FROM appointment_payment_booking WHERE id = %s FOR UPDATE", [link.id]
        )
        jobs = [pool.submit(work) for work in works]
        wait_until(lambda: waiting_for_row(practice) == len(works))
        connection.rollback()
        answers = [job.result() for job in jobs]
    connection.close()
    return answers


def waiting_for_row(practice):
    return practice.query(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event_type = 'Lock' AND query LIKE %s", "UPDATE appointment_payment_booking%",
    )[0][0]


@pytest.mark.parametrize("flow", ["hold", "charge"])
@pytest.mark.parametrize("other", ["Accept", "Decline"])
def test_of_two_links_of_a_mail_one_answers(practice, slugs, flow, other):
    """The same link twice, or the two of one mail, confirmed while both wait for the row.

    Who comes second is repeated by Odoo, and finds the link used.
    """
    said = {"confirmed": "Anna Berg accepted this request", "declined": "Anna Berg declined"}
    for _round in range(ROUNDS):
        link = asked.ask(practice, slugs[flow])
        readers = [Reader(practice, link, label) for label in ("Accept", other)]
        repeated = practice.server.log().count(REPEATED)
        answers = meeting_at(practice, link, *(reader.confirm for reader in readers))
        assert practice.server.log().count(REPEATED) > repeated
        assert sorted(is_answer for is_answer, _page in answers) == [False, True]
        asked.settle(practice)
        end = asked.assert_one_end(practice, link, flow)
        won = "confirmed" if answers[0][0] or other == "Accept" else "declined"
        assert end == won
        for reader, (_is_answer, page) in zip(readers, answers, strict=True):
            assert said[end] in page or "the payment is being taken" in page, page
            later = reader.visitor.open(reader.path)
            assert said[end] in later.text
            assert not later.find("form[@method='post']")
    assert "deadlock" not in practice.server.log()


@pytest.mark.parametrize("flow", ["hold", "charge"])
def test_accepted_at_the_deadline_it_is_confirmed_or_expires(practice, slugs, flow):
    anna = [practice.user("anna") for _window in range(4)]
    links = [asked.ask(practice, slugs[flow]) for _window in anna]
    asked.let_deadline_pass(practice, *links, seconds=0.3)

    def expire():
        deadline = time.monotonic() + 60
        while any(
            not asked.facts(practice, link)["answered_at"]
            and asked.facts(practice, link)["state"] == "requested"
            for link in links
        ):
            assert time.monotonic() < deadline
            practice.run_cron("cron_expire_bookings")

    *answers, _expired = at_once(
        *(
            lambda window=window, link=link: asked.answer(window, "accept", link)
            for window, link in zip(anna, links, strict=True)
        ),
        expire,
    )
    asked.settle(practice)
    for link, answer in zip(links, answers, strict=True):
        end = asked.assert_one_end(practice, link, flow)
        assert end == ("confirmed" if answer is True else "expired"), answer
    print(f"{flow}: {[answer is True for answer in answers].count(True)} of 4 in time")


def test_after_the_deadline_accepting_is_refused_and_it_expires(practice, slugs):
    link = asked.ask(practice, slugs["hold"])
    asked.let_deadline_pass(practice, link)
    assert "could be accepted until" in asked.answer(practice.user("anna"), "accept", link)
    practice.run_cron("cron_expire_bookings")
    asked.settle(practice)
    assert asked.assert_one_end(practice, link, "hold") == "expired"


def two_requests_for_cleo(practice, slug):
    """Have Anna and Ben asked for one time, which Cleo could take over."""
    anna = [str(practice.ids[name]) for name in ("anna", "ben")]
    starts = set(practice.visitor().starts(slug))
    for name in ("anna", "ben", "cleo"):
        starts &= set(practice.visitor().starts(slug, practitioner=str(practice.ids[name])))
    start = sorted(starts)[0]
    return [asked.ask(practice, slug, start, practitioner=user) for user in anna]


def accept_both(practice, links):
    cleo = [practice.user("cleo") for _link in links]
    return at_once(
        *(
            lambda window=window, link=link: asked.answer(window, "accept", link)
            for window, link in zip(cleo, links, strict=True)
        )
    )


def test_f04_two_requests_for_one_time_accepted_together_are_one(practice, slugs):
    for _round in range(ROUNDS):
        links = two_requests_for_cleo(practice, slugs["shared"])
        answers = accept_both(practice, links)
        assert answers.count(True) == 1, answers
        assert any("another appointment" in str(answer) for answer in answers), answers
        asked.settle(practice)
        won, lost = links if answers[0] is True else links[::-1]
        assert asked.facts(practice, won)["user_id"] == practice.ids["cleo"]
        assert asked.assert_one_end(practice, won, "hold") == "confirmed"
        assert asked.facts(practice, lost)["state"] == "requested"
        assert asked.facts(practice, lost)["user_id"] != practice.ids["cleo"]
        asked.answer(practice.user("dora"), "decline", lost)
    assert "deadlock" not in practice.server.log()


def test_f04_without_the_constraints_both_are_accepted(make_practice):
    """The control: each looks at an old snapshot, in which Cleo is free."""
    practice = make_practice(options=["--max-cron-threads=0"])
    practice.server.allow_log("could not serialize access|retry")
    slug = asked.open_category(
        practice, "Race shared", ["anna", "ben", "cleo"], any_practitioner_accepts=True
    )
    for constraint in CONSTRAINTS:
        practice.query(f"ALTER TABLE appointment_payment_occupancy DROP CONSTRAINT {constraint}")
    accepted = []
    for _round in range(6):
        accepted.append(accept_both(practice, two_requests_for_cleo(practice, slug)).count(True))
        if accepted[-1] == 2:
            return
    pytest.fail(f"they never met: {accepted}")


def test_the_first_colleague_to_accept_gets_it(practice, slugs):
    windows = {name: practice.user(name) for name in ("anna", "ben", "cleo")}
    for _round in range(ROUNDS):
        link = asked.ask(practice, slugs["shared"], practitioner=str(practice.ids["anna"]))
        answers = dict(
            zip(
                windows,
                at_once(
                    *(
                        lambda window=window, link=link: asked.answer(window, "accept", link)
                        for window in windows.values()
                    )
                ),
                strict=True,
            )
        )
        [winner] = [name for name, answer in answers.items() if answer is True]
        asked.settle(practice)
        assert asked.facts(practice, link)["user_id"] == practice.ids[winner]
        assert asked.assert_one_end(practice, link, "hold") == "confirmed"


def test_two_processes_that_expire_the_same_requests_do_it_once(practice, slugs):
    links = [asked.ask(practice, slugs[flow]) for flow in ("hold", "charge") * 4]
    asked.let_deadline_pass(practice, *links)
    connection = practice.server.connect()
    with connection, connection.cursor() as cursor, ThreadPoolExecutor(2) as pool:
        cursor.execute(f"SELECT pg_advisory_lock({BARRIER})")
        jobs = [pool.submit(practice.server.shell, EXPIRE) for _process in range(2)]
        wait_until(lambda: waiting(practice) == 2, seconds=120)
        cursor.execute(f"SELECT pg_advisory_unlock({BARRIER})")
        connection.commit()
        for job in jobs:
            job.result()
    connection.close()
    practice.run_cron("cron_expire_bookings")  # what one of them had to leave to the other
    asked.settle(practice)
    for link, flow in zip(links, ("hold", "charge") * 4, strict=True):
        assert asked.assert_one_end(practice, link, flow) == "expired"
        assert asked.mails(practice, link, "Expired") == 1


def waiting(practice):
    return practice.query(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted",
        BARRIER,
    )[0][0]


def test_f48_a_server_that_was_down_over_the_deadline_settles_all(practice, slugs):
    flows = ("hold", "charge") * 2
    links = [asked.ask(practice, slugs[flow]) for flow in flows]
    practice.server.stop()
    asked.let_deadline_pass(practice, *links, seconds=-12 * 3600)
    practice.server.start()
    practice.run_cron("cron_expire_bookings")
    asked.settle(practice)
    for link, flow in zip(links, flows, strict=True):
        assert asked.assert_one_end(practice, link, flow) == "expired"
        assert not asked.mails(practice, link, "Please answer")


def test_f47_of_a_thousand_that_expire_one_fails_and_is_reported(practice):
    slug = asked.open_category(practice, "Thousand", ["cleo"])
    link = asked.ask(practice, slug)
    ids = asked.clone(practice, link, 1000)
    bad = ids[617]
    practice.query(
        "ALTER TABLE appointment_payment_booking ADD CONSTRAINT bad_one"
        f" CHECK (id != {bad} OR state != 'expired')"
    )
    practice.query(
        "UPDATE appointment_payment_booking SET confirm_deadline = now() AT TIME ZONE 'UTC'"
        " WHERE id = ANY(%s)", ids,
    )
    practice.server.allow_log("violates check constraint|could not expire|bad_one")
    logged, started = len(practice.server.log()), time.monotonic()
    practice.run_cron("cron_expire_bookings", seconds=300)
    print(f"1,000 with one that fails: {time.monotonic() - started:.1f} s, mails included")
    log = practice.server.log()[logged:]
    assert log.count("could not expire; it is tried again") == 1
    assert f"Booking {bad} could not expire" in log
    states = practice.query(
        "SELECT state, count(*), count(*) FILTER (WHERE id = %s)"
        " FROM appointment_payment_booking WHERE id = ANY(%s) GROUP BY state ORDER BY state",
        bad, ids,
    )
    assert states == [("expired", 999, 0), ("requested", 1, 1)]
    assert practice.query(
        "SELECT kind, reason, count(*), count(DISTINCT transaction_id)"
        " FROM appointment_payment_operation WHERE booking_id = ANY(%s) GROUP BY kind, reason", ids,
    ) == [("void", "expired", 999, 999)]
    assert practice.query(
        "SELECT count(*), count(DISTINCT res_id) FROM mail_message WHERE model = %s"
        " AND res_id = ANY(%s) AND subject LIKE 'Not booked%%'", asked.BOOKING, ids,
    ) == [(999, 999)]
    practice.query("ALTER TABLE appointment_payment_booking DROP CONSTRAINT bad_one")
    practice.run_cron("cron_expire_bookings")
    assert practice.query(
        "SELECT state FROM appointment_payment_booking WHERE id = %s", bad
    ) == [("expired",)]


def test_a_request_is_refused_to_strangers_over_rpc(practice, slugs):
    link = asked.ask(practice, slugs["hold"])
    for login in ("paula", "ben"):
        stranger = practice.user(login)
        for how in asked.ANSWERS:
            refusal = asked.answer(stranger, how, link)
            assert refusal is not True
        with pytest.raises(RpcError):
            asked.call(stranger, asked.BOOKING, "_accept", [link.id])
    assert asked.facts(practice, link)["state"] == "requested"
    assert not asked.operations(practice, link)
