"""The names of what takes a practitioner's time together."""

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from rules import sessions

NINE = datetime(2026, 11, 25, 9)


def test_a_single_appointment_is_a_session_of_its_own():
    assert sessions.name(12, 3, NINE, 1) == "booking-12"
    assert sessions.start_of("booking-12", 3) is None


def test_a_group_shares_one():
    assert sessions.name(12, 3, NINE, 8) == sessions.name(13, 3, NINE, 9)
    assert sessions.name(12, 3, NINE, 8) == "category-3@2026-11-25T09:00:00"


def test_other_categories_and_starts_are_other_sessions():
    ten = NINE.replace(hour=10)
    names = {sessions.name(1, category, start, 2) for category in (3, 31) for start in (NINE, ten)}
    assert len(names) == 4
    assert sessions.start_of(sessions.name(1, 31, NINE, 2), 3) is None


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)).map(
        lambda moment: moment.replace(microsecond=0)
    ),
    st.integers(1, 10**6),
)
def test_a_group_says_when_it_starts(start, category):
    assert sessions.start_of(sessions.name(1, category, start, 2), category) == start


@given(st.sets(st.integers(1, 30)), st.integers(1, 30))
def test_a_seat_is_free_or_taken(taken, capacity):
    free = sessions.free_seats(taken, capacity)
    assert free == sorted(free)
    assert set(free) | taken >= set(range(1, capacity + 1))
    assert not set(free) & taken
    assert all(1 <= seat <= capacity for seat in free)
