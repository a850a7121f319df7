"""What can be booked: margins, groups and who is named, by example and against a raster."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import offers, sessions, slots

DAY = datetime(2026, 3, 2)
MINUTE = timedelta(minutes=1)
WEEK_LATER = DAY + timedelta(days=7)
CATEGORY = 3
HORIZON = 150


def at(clock):
    hour, minute = clock.split(":")
    return DAY + timedelta(hours=int(hour), minutes=int(minute))


def span(text):
    start, stop = text.split("-")
    return at(start), at(stop)


def terms(duration=60, before=0, after=0, capacity=1):
    minutes = (count * MINUTE for count in (duration, before, after))
    return offers.Terms(CATEGORY, *minutes, capacity)


def single(booking, text):
    return offers.Sold(booking, *span(text), f"booking-{booking}", 1)


def group(booking, start, text, seat):
    session = sessions.name(booking, CATEGORY, at(start), 2)
    return offers.Sold(booking, *span(text), session, seat)


def found(periods, wanted, sold=(), busy=(), midnights=(), not_before="0:00"):
    """Return what is on offer, as '9:00' or '9:00 (3 left)'."""
    periods = slots.merge(map(span, periods))
    diary = offers.Diary(7, periods, list(midnights), list(sold), [span(text) for text in busy])
    listed = offers.find(diary, wanted, at(not_before), WEEK_LATER)
    assert {offer.user_id for offer in listed} <= {7}
    left = (f" ({offer.seats_left} left)" if wanted.capacity > 1 else "" for offer in listed)
    clocks = [f"{offer.start - DAY}"[:-3] for offer in listed]
    return [clock + seats for clock, seats in zip(clocks, left, strict=True)]


def test_margins_are_part_of_the_step():
    wanted = terms(45, before=5, after=10)
    assert found(["9:00-13:00"], wanted) == ["9:00", "10:00", "11:00", "12:00"]


def test_margins_need_not_be_working_time():
    assert found(["9:00-10:00"], terms(60, before=30, after=30)) == ["9:00"]


def test_margins_have_to_be_free():
    wanted = terms(60, before=15, after=15)
    assert found(["9:00-10:00"], wanted, busy=["8:30-8:45"]) == ["9:00"]
    assert found(["9:00-10:00"], wanted, busy=["8:30-8:46"]) == []
    assert found(["9:00-10:00"], wanted, busy=["10:15-11:00"]) == ["9:00"]
    assert found(["9:00-10:00"], wanted, busy=["10:14-11:00"]) == []


def test_margins_of_both_neighbours_count():
    """A booking's own time includes its margins, and the new one keeps its own beside them."""
    sold = [single(1, "8:45-10:15")]  # from nine to ten, with a quarter before and after
    assert found(["10:00-13:00"], terms(30), sold) == ["10:30", "11:00", "11:30", "12:00", "12:30"]
    wanted = terms(30, before=15)
    assert found(["10:00-13:00"], wanted, sold) == ["10:45", "11:30", "12:15"]


def test_an_event_that_takes_no_time_takes_no_margin():
    assert found(["9:00-10:00"], terms(60, before=15), busy=["9:30-9:30"]) == ["9:00"]


def test_somebody_who_works_round_the_clock_begins_at_midnight():
    midnights = [DAY + timedelta(days=number) for number in range(1, 4)]
    clocks = found(["0:00-48:00"], terms(7 * 60), midnights=midnights)
    assert clocks == [
        "0:00",
        "7:00",
        "14:00",
        "21:00",
        "1 day, 0:00",
        "1 day, 7:00",
        "1 day, 14:00",
    ]


def test_a_night_keeps_the_grid_it_began_with():
    midnights = [DAY + timedelta(days=1)]
    clocks = found(["22:30-30:00"], terms(120), midnights=midnights)
    assert clocks == ["22:30", "1 day, 0:30", "1 day, 2:30"]


def test_a_group_with_seats_left_is_on_offer():
    sold = [group(1, "10:00", "10:00-11:00", 1)]
    assert found(["9:00-12:00"], terms(60, capacity=3), sold) == [
        "9:00 (3 left)",
        "10:00 (2 left)",
        "11:00 (3 left)",
    ]


def test_a_full_group_is_not():
    sold = [group(seat, "10:00", "10:00-11:00", seat) for seat in (1, 2)]
    assert found(["9:00-12:00"], terms(60, capacity=2), sold) == ["9:00 (2 left)", "11:00 (2 left)"]
    assert found(["9:00-12:00"], terms(60, capacity=1), sold) == ["9:00", "11:00"]


def test_a_group_of_another_category_and_a_single_appointment_are_busy():
    elsewhere = offers.Sold(1, *span("10:00-11:00"), sessions.name(1, 4, at("10:00"), 2), 1)
    for sold in (elsewhere, single(2, "10:00-11:00")):
        assert found(["9:00-12:00"], terms(60, capacity=2), [sold]) == [
            "9:00 (2 left)",
            "11:00 (2 left)",
        ]


def test_a_group_off_the_grid_can_be_filled():
    sold = [group(1, "9:30", "9:30-10:30", 1)]
    assert found(["9:00-12:00"], terms(60, capacity=2), sold) == ["9:30 (1 left)", "11:00 (2 left)"]


def test_a_group_that_meets_something_else_is_closed():
    sold = [group(1, "10:00", "10:00-11:00", 1)]
    wanted = terms(60, capacity=2)
    assert found(["9:00-12:00"], wanted, sold, ["10:30-10:45"])[1:] == ["11:00 (2 left)"]
    assert found(["9:00-10:30"], wanted, sold) == ["9:00 (2 left)"]


def test_a_group_that_has_begun_is_closed():
    sold = [group(1, "10:00", "10:00-11:00", 1)]
    wanted = terms(60, capacity=2)
    assert found(["9:00-12:00"], wanted, sold, not_before="10:01") == ["11:00 (2 left)"]


@pytest.mark.parametrize(
    ("start", "wanted", "free"),
    [
        ("9:20", terms(), True),  # off the grid
        ("8:30", terms(), False),  # not worked yet
        ("12:30", terms(), False),  # the end is not worked
        ("10:30", terms(), False),  # meets what is sold
        ("10:00", terms(), True),  # ends where that begins
        ("10:00", terms(after=10), False),  # … and has to keep time free
        ("15:00", terms(), False),  # something else is there
    ],
)
def test_who_is_free_then_on_offer_or_not(start, wanted, free):
    periods = [span("9:00-13:00"), span("14:00-18:00")]
    diary = offers.Diary(7, periods, [], [single(1, "11:00-12:00")], [span("15:30-16:00")])
    assert offers.is_free(diary, wanted, at(start)) is free


def test_who_has_the_least_booked_is_named_and_of_equals_the_first():
    nine, ten = at("9:00"), at("10:00")
    by_user = {
        1: [slots.Offer(nine, 1, 1), slots.Offer(ten, 1, 1)],
        2: [slots.Offer(nine, 2, 1)],
        3: [slots.Offer(nine, 3, 1)],
    }
    booked = {1: timedelta(hours=5), 2: timedelta(hours=1), 3: timedelta(hours=1)}
    assert offers.least_booked_first(by_user, booked) == [
        slots.Offer(nine, 2, 1),
        slots.Offer(ten, 1, 1),
    ]


def minutes(intervals):
    return {
        minute
        for start, stop in intervals
        for minute in range((start - DAY) // MINUTE, (stop - DAY) // MINUTE)
    }


MINUTES = st.integers(0, HORIZON).map(lambda minute: DAY + minute * MINUTE)
INTERVALS = st.lists(st.tuples(MINUTES, MINUTES), max_size=6)


@given(INTERVALS, INTERVALS, st.integers(1, 40), st.integers(0, 20), st.integers(0, 20))
def test_what_is_offered_is_worked_and_its_margins_are_free(periods, busy, duration, before, after):
    wanted = terms(duration, before, after)
    diary = offers.Diary(7, slots.merge(periods), [], [], busy)
    working, taken = minutes(periods), minutes(busy)
    for offer in offers.find(diary, wanted, DAY, WEEK_LATER):
        minute = (offer.start - DAY) // MINUTE
        assert set(range(minute, minute + duration)) <= working
        assert not set(range(minute - before, minute + duration + after)) & taken


@given(INTERVALS, st.integers(1, 40), st.integers(0, 20), st.integers(0, 20))
def test_all_that_is_offered_can_be_sold(periods, duration, before, after):
    """The step leaves room for the margins: nobody who books takes another offer away."""
    wanted = terms(duration, before, after)
    diary = offers.Diary(7, slots.merge(periods)[:1], [], [], [])
    everything = offers.find(diary, wanted, DAY, WEEK_LATER)
    sold = [
        offers.Sold(
            number,
            offer.start - wanted.before,
            offer.start + wanted.duration + wanted.after,
            f"booking-{number}",
            1,
        )
        for number, offer in enumerate(everything)
    ]
    for number, offer in enumerate(everything):
        others = diary._replace(sold=sold[:number] + sold[number + 1 :])
        assert offer in offers.find(others, wanted, DAY, WEEK_LATER)
