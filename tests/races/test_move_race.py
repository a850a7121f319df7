"""An appointment that moves meets a new one: one of them has the time, and nobody loses theirs."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.visitor import RpcError, from_text

VISITORS = 5
ODOO = "%Y-%m-%d %H:%M:%S"


@pytest.fixture
def staff(practice):
    return practice.user("admin")


def booked_event(practice, start):
    """Have an appointment with Anna in the calendar; return its event's id."""
    visitor = practice.visitor()
    link = visitor.book("phone-call", start=start, practitioner=str(practice.ids["anna"]))
    statement = "SELECT event_id FROM appointment_payment_booking WHERE id = %s"
    return practice.query(statement, link.id)[0][0]


def move(staff, event, start):
    """Move an event as the calendar does; return whether that was allowed."""
    begin = from_text(start)
    times = {"start": begin.strftime(ODOO), "stop": (begin + timedelta(hours=1)).strftime(ODOO)}
    try:
        staff.call(
            "/web/dataset/call_kw/calendar.event/write",
            model="calendar.event", method="write", args=[[event], times], kwargs={},
        )
    except RpcError as error:
        assert "taken" in str(error)
        return False
    return True


@pytest.mark.parametrize("round_number", range(3))
def test_f05_a_moved_appointment_races_new_ones(practice, staff, round_number):
    old, new = practice.visitor().starts("with-anna")[-2:]
    event = booked_event(practice, old)
    visitors = [practice.visitor() for _number in range(VISITORS)]
    forms = [
        visitor.form("with-anna", new, email=f"f05-{number}@example.com")
        for number, visitor in enumerate(visitors)
    ]

    def work(number):
        if number == VISITORS:
            return move(staff, event, new)
        return visitors[number].submit(forms[number], "with-anna").status_code

    with ThreadPoolExecutor(VISITORS + 1) as pool:
        *statuses, moved = pool.map(work, range(VISITORS + 1))
    winners = [] if moved else [303]
    assert sorted(statuses) == winners + [409] * (VISITORS - len(winners))
    assert practice.occupied(new, "anna") == 1
    assert practice.occupied(old, "anna") == (0 if moved else 1)
    [(at,)] = practice.query(
        "SELECT b.start FROM appointment_payment_booking b WHERE b.event_id = %s", event
    )
    assert at == from_text(new if moved else old)
    assert (old in practice.visitor().starts("with-anna")) is moved
    assert "deadlock" not in practice.server.log()


def test_f05_an_appointment_that_cannot_move_stays(practice, staff):
    old, new, free = practice.visitor().starts("with-anna")[-3:]
    event = booked_event(practice, old)
    practice.visitor().book("with-anna", start=new)
    assert not move(staff, event, new)
    assert practice.occupied(old, "anna") == practice.occupied(new, "anna") == 1
    assert move(staff, event, free)
    assert old in practice.visitor().starts("with-anna")
