"""Many at once over the real server; each race has a control that fails with its guards off."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.practice import Practice, from_text

VISITORS = 40
SEATS = 4
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


def race(practice, start, slug="with-anna", count=VISITORS, threads=VISITORS):
    """Have many visitors, each with a form of their own, ask for one time."""
    visitors = [practice.visitor() for _number in range(count)]
    with ThreadPoolExecutor(threads) as pool:
        emails = [f"f01-{number}@example.com" for number in range(count)]
        forms = list(pool.map(lambda v, email: v.form(slug, start, email=email), visitors, emails))
        works = [
            lambda visitor=visitor, form=form: visitor.submit(form, slug)
            for visitor, form in zip(visitors, forms, strict=True)
        ]
        return at_once(pool, works)


def slowest_page(practice):
    """Return how long the slowest of as many takes who only look at the free times."""
    visitors = [practice.visitor() for _number in range(VISITORS)]
    with ThreadPoolExecutor(VISITORS) as pool:
        works = [
            lambda visitor=visitor: visitor.send("GET", "/booking/with-anna")
            for visitor in visitors
        ]
        at_once(pool, works[:4])  # templates and sessions are there
        statuses, slowest = at_once(pool, works)
    assert statuses == {200: VISITORS}
    return slowest


def test_f01_a_slot_is_sold_once(practice):
    """Three rounds; who loses is told so, with other times, about as fast as times are shown."""
    starts = practice.visitor().starts("with-anna")[20:23]
    races, pages = [], []
    for start in starts:
        pages.append(slowest_page(practice))  # by turns: a busy machine is busy for both
        statuses, slowest = race(practice, start)
        assert statuses == {303: 1, 409: VISITORS - 1}
        assert practice.occupied(start, "anna") == 1
        races.append(slowest)
    figures = f"slowest of {VISITORS}: {max(races):.2f} s; of a public page: {max(pages):.2f} s"
    print(figures)
    assert max(races) <= 2 * max(pages), figures
    assert "deadlock" not in practice.server.log()


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


def test_f10_without_the_constraints_it_is_sold_more_than_once(make_server):
    """The control: search and lock alone look at an old snapshot and do not hold."""
    practice = Practice(make_server(options=["--max-cron-threads=0"]))
    for constraint in CONSTRAINTS:
        practice.query(f"ALTER TABLE appointment_payment_occupancy DROP CONSTRAINT {constraint}")
    starts = practice.visitor().starts("with-anna")[20:23]
    sold = [race(practice, start, count=10)[0][303] for start in starts]
    assert max(sold) > 1, sold


def test_f08_a_slot_that_is_not_paid_is_free_after_the_cron(practice, visitor):
    start = visitor.starts("with-cleo")[8]
    link = visitor.book("with-cleo", start=start)
    assert start not in practice.visitor().starts("with-cleo")
    practice.end_hold(link)
    practice.run_cron("cron_expire_bookings")
    assert practice.booking(link.id)["state"] == "expired"
    assert start in practice.visitor().starts("with-cleo")
