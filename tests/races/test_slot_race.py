"""Many at once over the real server; each race has a control that fails with its guard off."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.practice import Practice

VISITORS = 10
CONSTRAINTS = [
    "appointment_payment_occupancy_one_session",
    "appointment_payment_occupancy_sold_once",
]


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
    for constraint in CONSTRAINTS:
        practice.query(f"ALTER TABLE appointment_payment_occupancy DROP CONSTRAINT {constraint}")
    starts = practice.visitor().starts("with-anna")[20:23]
    sold = [race(practice, start)[303] for start in starts]
    assert max(sold) > 1, sold


def test_f08_a_slot_that_is_not_paid_is_free_after_the_cron(practice, visitor):
    start = visitor.starts("with-cleo")[8]
    link = visitor.book("with-cleo", start=start)
    assert start not in practice.visitor().starts("with-cleo")
    practice.end_hold(link)
    practice.run_cron("cron_expire_bookings")
    assert practice.booking(link.id)["state"] == "expired"
    assert start in practice.visitor().starts("with-cleo")
