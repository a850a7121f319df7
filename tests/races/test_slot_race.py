"""Many at once over the real server; each race has a control that fails with its guards off."""

import statistics
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

import pytest

from tests.visitor import from_text

pytestmark = pytest.mark.timed

VISITORS = 40
ROUNDS = 5
SEATS = 4
# Odoo's page of a payment where there is none: the layout of every public page, nothing in it
# but three sentences, and no query of its own
EMPTY_PAGE = "/payment/status"
MOST_TIMES_AN_EMPTY_PAGE = 2
# first key of the locks by which visitors take turns
TURN_SPACE = 0x6170707A
BOTH = ["with-anna", "double-session"]
CONSTRAINTS = [
    "appointment_payment_occupancy_one_session",
    "appointment_payment_occupancy_sold_once",
]


def timed(work):
    """Return how long a request takes, in seconds, and its status."""
    started = time.monotonic()
    answer = work()
    return time.monotonic() - started, answer.status_code


def at_once(pool, works):
    """Run requests at once.

    :return: how often each status came, and how long the slowest took
    """
    answers = list(pool.map(timed, works))
    return Counter(status for _spent, status in answers), max(spent for spent, _status in answers)


def race(practice, start, *slugs, count=VISITORS, threads=VISITORS):
    """Have many visitors, each with a form of their own, ask for one time.

    :param slugs: the categories that they ask for by turns; With Anna by default
    """
    asked = list(islice(cycle(slugs or ["with-anna"]), count))
    visitors = [practice.visitor() for _number in range(count)]
    with ThreadPoolExecutor(threads) as pool:
        emails = [f"f01-{number}@example.com" for number in range(count)]
        forms = list(
            pool.map(
                lambda v, slug, email: v.form(slug, start, email=email), visitors, asked, emails
            )
        )
        works = [
            lambda visitor=visitor, form=form, slug=slug: visitor.submit(form, slug)
            for visitor, form, slug in zip(visitors, forms, asked, strict=True)
        ]
        return at_once(pool, works)


def starts_of_both(practice):
    """Return when Anna can be booked in either of two categories; one appointment takes two."""
    one, other = (practice.visitor().starts(slug) for slug in BOTH)
    return [start for start in one if start in other]


def look_at_nothing(practice):
    """Return how long the slowest of as many takes whom an empty public page is shown.

    Each has a session already, as those who race have.
    """
    visitors = [practice.visitor() for _number in range(VISITORS)]
    works = [lambda visitor=visitor: visitor.send("GET", EMPTY_PAGE) for visitor in visitors]
    with ThreadPoolExecutor(VISITORS) as pool:
        at_once(pool, works)
        statuses, slowest = at_once(pool, works)
    assert statuses == {200: VISITORS}
    return slowest


def test_f01_a_slot_is_sold_once(practice, capsys):
    """Whoever loses is told so within twice the time of an empty page, however many they are."""
    races, pages = [], []
    for number, start in enumerate(practice.visitor().starts("with-anna")[20 : 21 + ROUNDS]):
        page = look_at_nothing(practice)  # by turns: a busy machine is busy for both
        statuses, slowest = race(practice, start)
        assert statuses == {303: 1, 409: VISITORS - 1}
        assert practice.occupied(start, "anna") == 1
        if number:  # before that, templates are compiled and connections opened
            races.append(slowest)
            pages.append(page)
    ratio = statistics.median(races) / statistics.median(pages)
    figures = (
        f"slowest of {VISITORS}: {', '.join(f'{spent:.2f}' for spent in races)} s;"
        f" of an empty page: {', '.join(f'{spent:.2f}' for spent in pages)} s; ratio {ratio:.2f}"
    )
    with capsys.disabled():
        print(f"\n{figures}")
    assert ratio <= MOST_TIMES_AN_EMPTY_PAGE, figures
    assert "deadlock" not in practice.server.log()


def test_f01_a_slot_of_two_categories_is_sold_once(practice):
    """Whoever books in another category takes no turn with the others: the guard alone decides."""
    for start in starts_of_both(practice)[60:69:3]:
        statuses, _slowest = race(practice, start, *BOTH)
        assert statuses == {303: 1, 409: VISITORS - 1}
        assert practice.occupied(start, "anna") == 1
    assert "deadlock" not in practice.server.log()


def test_who_waits_for_somebody_that_does_not_book_gets_the_time(practice, visitor):
    start = practice.visitor().starts("with-anna")[27]
    form = visitor.form("with-anna", start)
    key = f"with-anna/{practice.ids['anna']}/{from_text(start).isoformat()}"
    other = practice.server.connect()
    with other, other.cursor() as cursor, ThreadPoolExecutor(1) as pool:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", (TURN_SPACE, key))
        answer = pool.submit(visitor.submit, form, "with-anna")
        deadline = time.monotonic() + 30
        while not practice.query(
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND NOT granted",
            TURN_SPACE,
        ):
            assert time.monotonic() < deadline
        assert not answer.done()
        other.rollback()
        assert answer.result().status_code == 303
    other.close()
    assert practice.occupied(start, "anna") == 1


@pytest.mark.long
def test_f01_five_hundred_attempts_at_one_slot(practice):
    start = practice.visitor().starts("with-anna")[24]
    statuses, _slowest = race(practice, start, count=500, threads=50)
    assert statuses == {303: 1, 409: 499}
    assert practice.occupied(start, "anna") == 1
    assert "deadlock" not in practice.server.log()


@pytest.fixture
def group(practice):
    """With Cleo is booked by several at once."""
    statement = "UPDATE calendar_event_type SET capacity = %s WHERE slug = 'with-cleo'"
    practice.query(statement, SEATS)
    yield "with-cleo"
    practice.query(statement, 1)


def seats(practice, start):
    return practice.query(
        "SELECT seat, session FROM appointment_payment_occupancy WHERE start = %s"
        " AND session LIKE 'category-%%' ORDER BY seat",
        from_text(start),
    )


def test_f03_a_group_sells_its_seats_and_no_more(practice, group):
    start = practice.visitor().starts(group)[12]
    statuses, _slowest = race(practice, start, group, count=10 * SEATS)
    assert statuses == {303: SEATS, 409: 9 * SEATS}
    sold = seats(practice, start)
    assert [seat for seat, _session in sold] == list(range(1, SEATS + 1))
    assert len({session for _seat, session in sold}) == 1
    assert start not in practice.visitor().starts(group)
    assert "deadlock" not in practice.server.log()


def test_f10_without_the_constraints_it_is_sold_more_than_once(make_practice):
    """The control: search, turns and lock alone look at an old snapshot and do not hold."""
    practice = make_practice(options=["--max-cron-threads=0"])
    for constraint in CONSTRAINTS:
        practice.query(f"ALTER TABLE appointment_payment_occupancy DROP CONSTRAINT {constraint}")
    starts = starts_of_both(practice)[60:69:3]
    sold = [race(practice, start, *BOTH, count=10)[0][303] for start in starts]
    assert max(sold) > 1, sold


def test_f08_a_slot_that_is_not_paid_is_free_after_the_cron(practice, visitor):
    start = visitor.starts("with-cleo")[8]
    link = visitor.book("with-cleo", start=start)
    assert start not in practice.visitor().starts("with-cleo")
    practice.end_hold(link)
    practice.run_cron("cron_expire_bookings")
    assert practice.booking(link.id)["state"] == "expired"
    assert start in practice.visitor().starts("with-cleo")
