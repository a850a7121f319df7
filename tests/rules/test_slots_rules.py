"""Which times can be booked: by example, and against a raster of minutes."""

from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import slots

DAY = datetime(2026, 3, 2)
MINUTE = timedelta(minutes=1)
HORIZON = 150  # minutes of the raster


def at(clock):
    """Return the time of the day under test, given as '9:30'."""
    hour, minute = clock.split(":")
    return DAY + timedelta(hours=int(hour), minutes=int(minute))


def span(text):
    """Return the interval given as '9:00-12:00'."""
    start, stop = text.split("-")
    return at(start), at(stop)


def spans(*texts):
    return [span(text) for text in texts]


def clocks(moments):
    return [f"{moment:%-H:%M}" for moment in moments]


def offered(periods, busy=(), duration=60, step=60, not_before="0:00", not_after=None):
    """Return the starts offered on the day under test, as texts."""
    found = slots.starts(
        spans(*periods),
        spans(*busy),
        duration * MINUTE,
        step * MINUTE,
        at(not_before),
        not_after and at(not_after),
    )
    return clocks(found)


def minutes(intervals):
    """Return the minutes that intervals cover: the oracle's raster."""
    return {
        minute
        for start, stop in intervals
        for minute in range((start - DAY) // MINUTE, (stop - DAY) // MINUTE)
    }


MINUTES = st.integers(0, HORIZON).map(lambda minute: DAY + minute * MINUTE)
INTERVALS = st.lists(st.tuples(MINUTES, MINUTES), max_size=8)  # empty and backward ones too
LENGTHS = st.integers(1, 40).map(lambda count: count * MINUTE)
LIMITS = st.none() | MINUTES


# Intervals


def test_merge_joins_what_overlaps_or_touches():
    intervals = spans("13:00-14:00", "9:00-10:00", "9:30-11:00", "11:00-12:00", "9:15-9:20")
    assert slots.merge(intervals) == spans("9:00-12:00", "13:00-14:00")


def test_merge_drops_what_holds_no_time():
    assert slots.merge(spans("9:00-9:00", "11:00-10:00")) == []


@pytest.mark.parametrize(
    ("busy", "left"),
    [
        ([], ["9:00-12:00", "13:00-17:00"]),
        (["9:00-12:00"], ["13:00-17:00"]),
        (["8:00-18:00"], []),
        (["10:00-11:00"], ["9:00-10:00", "11:00-12:00", "13:00-17:00"]),
        (["11:00-14:00"], ["9:00-11:00", "14:00-17:00"]),  # over the lunch break
        (["12:00-13:00"], ["9:00-12:00", "13:00-17:00"]),
        (["14:00-15:00", "9:00-9:30"], ["9:30-12:00", "13:00-14:00", "15:00-17:00"]),
        (["10:00-10:00"], ["9:00-12:00", "13:00-17:00"]),
    ],
)
def test_subtract_leaves_the_time_that_is_not_busy(busy, left):
    assert slots.subtract(spans("13:00-17:00", "9:00-12:00"), spans(*busy)) == spans(*left)


@given(INTERVALS)
def test_merge_keeps_the_time_and_separates_the_intervals(intervals):
    merged = slots.merge(intervals)
    assert minutes(merged) == minutes(intervals)
    assert all(start < stop for start, stop in merged)
    assert all(left[1] < right[0] for left, right in pairwise(merged))


@given(INTERVALS, INTERVALS)
def test_subtract_is_the_difference_in_minutes(intervals, busy):
    left = slots.subtract(intervals, busy)
    assert minutes(left) == minutes(intervals) - minutes(busy)
    assert left == slots.merge(left)


# Starts


def test_the_last_appointment_ends_with_the_period():
    assert offered(["9:00-12:00"]) == ["9:00", "10:00", "11:00"]
    assert offered(["9:00-12:00"], duration=61) == ["9:00", "10:00"]
    assert offered(["9:00-12:00"], duration=180) == ["9:00"]
    assert offered(["9:00-12:00"], duration=181) == []


def test_the_grid_begins_with_each_period():
    assert offered(["9:10-10:30", "13:05-14:20"], duration=30, step=30) == [
        "9:10",
        "9:40",
        "13:05",
        "13:35",
    ]


def test_periods_that_touch_are_one():
    assert offered(["9:00-9:45", "9:45-11:00"]) == ["9:00", "10:00"]


def test_busy_time_does_not_move_the_grid():
    assert offered(["9:00-12:00"], busy=["9:20-9:50"], duration=30, step=30) == [
        "10:00",
        "10:30",
        "11:00",
        "11:30",
    ]


def test_an_appointment_may_touch_busy_time():
    assert offered(["9:00-12:00"], busy=["10:00-11:00"]) == ["9:00", "11:00"]


def test_a_step_shorter_than_the_duration_offers_overlapping_starts():
    assert offered(["9:00-10:30"], step=15) == ["9:00", "9:15", "9:30"]


def test_not_before_is_offered_and_not_after_is_not():
    assert offered(["9:00-13:00"], not_before="10:00", not_after="12:00") == ["10:00", "11:00"]
    assert offered(["9:00-13:00"], not_before="10:01", not_after="12:01") == ["11:00", "12:00"]


def test_not_before_does_not_move_the_grid():
    assert offered(["9:00-12:00"], not_before="9:25", step=30) == [
        "9:30",
        "10:00",
        "10:30",
        "11:00",
    ]


@pytest.mark.parametrize(("duration", "step"), [(0, 60), (60, 0), (-60, 60), (60, -60)])
def test_duration_and_step_must_be_above_zero(duration, step):
    with pytest.raises(ValueError, match="above zero"):
        offered(["9:00-12:00"], duration=duration, step=step)
    with pytest.raises(ValueError, match="above zero"):
        slots.is_offered(
            at("9:00"), spans("9:00-12:00"), [], duration * MINUTE, step * MINUTE, at("10:00")
        )


def starts_by_raster(periods, busy, duration, step, not_before, not_after):
    """Return what `starts` should, by looking at every minute: the oracle."""
    found = []
    working, taken = minutes(periods), minutes(busy)
    for minute in sorted(working):
        begin = minute
        while begin - 1 in working:
            begin -= 1
        moment = DAY + minute * MINUTE
        needed = set(range(minute, minute + duration // MINUTE))
        if (
            (minute - begin) * MINUTE % step == timedelta(0)
            and needed <= working - taken
            and moment >= not_before
            and (not_after is None or moment < not_after)
        ):
            found.append(moment)
    return found


@given(INTERVALS, INTERVALS, LENGTHS, LENGTHS, MINUTES, LIMITS)
def test_starts_agree_with_the_raster(periods, busy, duration, step, not_before, not_after):
    asked = (periods, busy, duration, step, not_before, not_after)
    assert slots.starts(*asked) == starts_by_raster(*asked)


@given(INTERVALS, INTERVALS, LENGTHS, LENGTHS, MINUTES, LIMITS)
def test_is_offered_agrees_with_starts(periods, busy, duration, step, not_before, not_after):
    asked = (periods, busy, duration, step, not_before, not_after)
    listed = set(slots.starts(*asked))
    for minute in range(-1, HORIZON + 1):
        moment = DAY + minute * MINUTE
        assert slots.is_offered(moment, *asked) is (moment in listed)


@pytest.mark.parametrize(
    "moment", [datetime.min, datetime.max, datetime(9999, 12, 31, 23, 59, 59), DAY - 999 * MINUTE]
)
def test_a_time_out_of_this_world_is_not_offered(moment):
    periods = spans("9:00-12:00")
    assert not slots.is_offered(moment, periods, [], 30 * MINUTE, 30 * MINUTE, datetime.min)


def test_an_endless_appointment_is_not_offered_and_an_endless_step_offers_one():
    endless = timedelta.max
    assert slots.starts(spans("9:00-12:00"), [], endless, MINUTE, DAY) == []
    assert slots.starts(spans("9:00-12:00"), [], MINUTE, endless, DAY) == [at("9:00")]


def test_a_second_beside_the_grid_is_not_offered():
    asked = (spans("9:00-12:00"), [], 30 * MINUTE, 30 * MINUTE, DAY)
    assert slots.is_offered(at("9:30"), *asked)
    assert not slots.is_offered(at("9:30") + timedelta(seconds=1), *asked)
    assert not slots.is_offered(at("9:30") + timedelta.resolution, *asked)


# Local days


def by_day(moments, tz_name):
    """Return the local days with their times as '2:30 +0200'."""
    return {
        day: [f"{local:%-H:%M %z}" for local in times]
        for day, times in slots.by_local_day(moments, tz_name).items()
    }


def half_hours(start, count):
    return [start + index * timedelta(minutes=30) for index in range(count)]


@pytest.mark.parametrize(
    ("tz_name", "first", "expected"),
    [
        (  # 2:00 becomes 3:00
            "Europe/Berlin",
            datetime(2026, 3, 29, 0, 0),
            ["1:00 +0100", "1:30 +0100", "3:00 +0200", "3:30 +0200"],
        ),
        (  # 3:00 becomes 2:00 again
            "Europe/Berlin",
            datetime(2026, 10, 25, 0, 0),
            ["2:00 +0200", "2:30 +0200", "2:00 +0100", "2:30 +0100"],
        ),
        (
            "America/New_York",
            datetime(2026, 3, 8, 6, 0),
            ["1:00 -0500", "1:30 -0500", "3:00 -0400", "3:30 -0400"],
        ),
        (
            "America/New_York",
            datetime(2026, 11, 1, 5, 0),
            ["1:00 -0400", "1:30 -0400", "1:00 -0500", "1:30 -0500"],
        ),
    ],
)
def test_no_slot_is_doubled_or_lost_when_the_clock_changes(tz_name, first, expected):
    assert by_day(half_hours(first, 4), tz_name) == {first.date(): expected}


def test_the_hour_that_comes_twice_stays_two_entries():
    twice = [datetime(2026, 10, 25, 0, 30), datetime(2026, 10, 25, 1, 30)]
    (times,) = slots.by_local_day(twice, "Europe/Berlin").values()
    assert len(set(times)) == 2
    assert [time.replace(tzinfo=None) for time in times] == [datetime(2026, 10, 25, 2, 30)] * 2


def test_one_moment_falls_on_different_days_for_different_readers():
    moment = datetime(2026, 3, 2, 23, 30)
    assert by_day([moment], "Europe/Berlin") == {date(2026, 3, 3): ["0:30 +0100"]}
    assert by_day([moment], "America/New_York") == {date(2026, 3, 2): ["18:30 -0500"]}
    assert by_day([moment], "Asia/Kathmandu") == {date(2026, 3, 3): ["5:15 +0545"]}
    assert by_day([moment], "Mars/Olympus") == {date(2026, 3, 2): ["23:30 +0000"]}


def test_days_and_times_come_in_order():
    moments = [at("20:00"), at("30:00"), at("8:00")]
    days = slots.by_local_day(moments, "Europe/Berlin")
    assert list(days) == [date(2026, 3, 2), date(2026, 3, 3)]
    assert clocks(days[date(2026, 3, 2)]) == ["9:00", "21:00"]


ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Tokyo", "UTC"]
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1))


@given(st.lists(MOMENTS, unique=True, max_size=20), st.sampled_from(ZONES))
def test_local_times_are_the_same_moments(moments, tz_name):
    days = slots.by_local_day(moments, tz_name)
    back = [
        local.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)
        for times in days.values()
        for local in times
    ]
    assert back == sorted(moments)
    assert all(local.date() == day for day, times in days.items() for local in times)
    for times in days.values():
        for local in times:
            assert local.utcoffset() == local.astimezone(ZoneInfo(tz_name)).utcoffset()


# Moments from a browser


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-02T09:30:00Z", datetime(2026, 3, 2, 9, 30)),
        ("2026-03-02T09:30:00+00:00", datetime(2026, 3, 2, 9, 30)),
        ("2026-10-25T02:30:00+02:00", datetime(2026, 10, 25, 0, 30)),
        ("2026-10-25T02:30:00+01:00", datetime(2026, 10, 25, 1, 30)),
        ("2026-03-02T00:30:00-05:00", datetime(2026, 3, 2, 5, 30)),
        ("2028-02-29T00:00:00Z", datetime(2028, 2, 29)),
    ],
)
def test_an_exact_moment_is_read(text, moment):
    assert slots.parse_instant(text) == moment
    assert slots.parse_instant(text).tzinfo is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-03-02",
        "2026-03-02T09:30Z",
        "2026-03-02T09:30:00",  # where? a moment needs an offset
        "2026-03-02 09:30:00Z",
        "2026-03-02T09:30:00z",
        "2026-03-02T09:30:00.000Z",
        "2026-03-02T09:30:00+0000",
        " 2026-03-02T09:30:00Z",
        "2026-03-02T09:30:00Z\n",
        "2026-02-29T09:30:00Z",
        "2026-13-02T09:30:00Z",
        "2026-03-02T24:30:00Z",
        "2026-03-02T09:30:60Z",
        "2026-03-02T09:30:00+24:00",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",  # before the first year
        "9999-12-31T23:59:59-14:00",
        "２０２６-03-02T09:30:00Z",  # full-width digits
        "20260302T093000Z",
        "2026-W10-1T09:30:00Z",
        "9" * 10_000,
        "2026-03-02T09:30:00Z" * 500,
        "\x00",
        None,
        False,
        20260302,
        1.5,
        b"2026-03-02T09:30:00Z",
        ["2026-03-02T09:30:00Z"],
        {"start": "2026-03-02T09:30:00Z"},
    ],
)
def test_anything_else_is_no_moment(text):
    assert slots.parse_instant(text) is None


@given(st.text(alphabet="0123456789-T:Z+ ", max_size=30) | st.text() | st.binary())
def test_garbage_never_raises(text):
    assert slots.parse_instant(text) is None or len(text) in (20, 25)


@given(st.from_regex(slots.INSTANT, fullmatch=True))
def test_what_looks_like_a_moment_never_raises(text):
    moment = slots.parse_instant(text)
    assert moment is None or moment.tzinfo is None


@given(MOMENTS.map(lambda moment: moment.replace(microsecond=0)), st.sampled_from(ZONES))
def test_a_local_time_that_was_offered_is_read_back(moment, tz_name):
    ((local,),) = slots.by_local_day([moment], tz_name).values()
    assert slots.parse_instant(local.isoformat()) == moment
    assert slots.parse_instant(f"{moment.isoformat()}Z") == moment
