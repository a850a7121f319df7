"""When somebody works: by example, and by what holds on every calendar."""

from datetime import date, datetime, timedelta
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import hours, slots

PARIS = "Europe/Paris"
HOUR = timedelta(hours=1)
ZONES = [
    "Africa/Cairo",
    "America/Havana",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Europe/Paris",
    "Pacific/Apia",
    "UTC",
]
DATES = st.dates(date(2024, 1, 1), date(2028, 1, 1))
CLOCKS = st.integers(0, 24 * 4).map(lambda quarter: quarter / 4)
LINES = st.lists(
    st.builds(hours.Attendance, st.sampled_from([None, 0, 1]), st.integers(0, 6), CLOCKS, CLOCKS),
    max_size=8,
)


def weekly(day, *lines, tz_name=PARIS):
    """Return the periods of one day, whose weekday every line gets."""
    attendances = [hours.Attendance(None, day.weekday(), *line) for line in lines]
    return hours.weekly(attendances, day, day, tz_name)


def lengths(periods):
    return [(stop - start) / HOUR for start, stop in periods]


def test_hours_are_local():
    assert weekly(date(2026, 11, 24), (8, 12), (13, 17.5)) == [
        (datetime(2026, 11, 24, 7), datetime(2026, 11, 24, 11)),
        (datetime(2026, 11, 24, 12), datetime(2026, 11, 24, 16, 30)),
    ]


@pytest.mark.parametrize(
    ("day", "lines", "worked"),
    [
        (date(2026, 3, 29), [(0, 6)], [5]),  # 2:00 becomes 3:00
        (date(2026, 3, 29), [(2, 3)], []),
        (date(2026, 3, 29), [(1, 3)], [1]),
        (date(2026, 10, 25), [(0, 6)], [7]),  # 3:00 becomes 2:00 again
        (date(2026, 10, 25), [(2, 3)], [1]),  # the second of the two
        (date(2026, 10, 25), [(0, 24)], [25]),
        (date(2026, 11, 24), [(0, 24)], [24]),
        (date(2026, 11, 24), [(12, 12)], []),
        (date(2026, 11, 24), [(17, 9)], []),
    ],
)
def test_clock_changes(day, lines, worked):
    assert lengths(weekly(day, *lines)) == worked


def test_a_day_ends_where_the_next_begins_also_when_clocks_change_at_midnight():
    for day in (date(2027, 4, 29), date(2027, 4, 30)):  # Cairo goes from 0:00 to 1:00 on the 30th
        (period,) = weekly(day, (20, 24), tz_name="Africa/Cairo")
        assert period[1] == hours.midnight(day + timedelta(days=1), "Africa/Cairo")


def test_an_hour_is_kept_to_the_minute():
    (period,) = weekly(date(2026, 11, 24), (8 + 1 / 3, 9.999), tz_name="UTC")
    assert period == (datetime(2026, 11, 24, 8, 20), datetime(2026, 11, 24, 10))


def test_two_weeks_alternate_over_new_year():
    lines = [hours.Attendance(0, 0, 8, 9), hours.Attendance(1, 0, 8, 10)]
    worked = lengths(hours.weekly(lines, date(2026, 12, 14), date(2027, 1, 31), "UTC"))
    assert worked in ([1, 2, 1, 2, 1, 2, 1], [2, 1, 2, 1, 2, 1, 2])


def test_flexible_hours_lie_around_noon_until_the_weeks_are_used_up():
    periods = hours.flexible(hours.Flexible(8, 20), date(2026, 11, 23), date(2026, 11, 30), "UTC")
    assert lengths(periods) == [8, 8, 4, 8]
    assert periods[0] == (datetime(2026, 11, 23, 8), datetime(2026, 11, 23, 16))
    assert periods[2] == (datetime(2026, 11, 25, 10), datetime(2026, 11, 25, 14))


def test_flexible_hours_of_a_week_do_not_depend_on_the_day_that_is_asked_for():
    terms = hours.Flexible(8, 20)
    whole = hours.flexible(terms, date(2026, 11, 23), date(2026, 11, 29), PARIS)
    assert hours.flexible(terms, date(2026, 11, 25), date(2026, 11, 29), PARIS) == whole[2:]


def test_whole_days_are_local_and_include_the_last():
    assert hours.whole_days(date(2026, 10, 25), date(2026, 10, 25), PARIS) == (
        datetime(2026, 10, 24, 22),
        datetime(2026, 10, 25, 23),
    )


def test_midnight_that_comes_twice_begins_the_day_once():
    day = date(2026, 11, 1)  # Havana goes from 1:00 back to 0:00
    assert hours.midnight(day, "America/Havana") == datetime(2026, 11, 1, 4)


@given(LINES, DATES, st.integers(0, 20), st.sampled_from(ZONES))
def test_the_days_asked_for_change_no_day(lines, first, count, tz_name):
    """Periods of many days are those of each day."""
    last = first + timedelta(days=count)
    singly = (hours.weekly(lines, day, day, tz_name) for day in hours.days(first, last))
    assert hours.weekly(lines, first, last, tz_name) == list(chain.from_iterable(singly))


@given(LINES, DATES, st.sampled_from(ZONES))
def test_periods_lie_in_their_local_day(lines, day, tz_name):
    begin, end = hours.whole_days(day, day, tz_name)
    for start, stop in hours.weekly(lines, day, day, tz_name):
        assert begin <= start < stop <= end


@given(DATES, st.integers(0, 30), st.sampled_from(ZONES))
def test_days_follow_each_other_without_gap(first, count, tz_name):
    last = first + timedelta(days=count)
    whole = [hours.whole_days(day, day, tz_name) for day in hours.days(first, last)]
    assert slots.merge(whole) == [hours.whole_days(first, last, tz_name)]
    midnights = hours.midnights(first, last, tz_name)
    assert midnights == sorted(midnights)
    assert len(midnights) == count + 1


@given(
    st.floats(0, 24).map(lambda h: round(h, 2)),
    st.floats(0, 168).map(lambda h: round(h, 2)),
    DATES,
    st.sampled_from(ZONES),
)
def test_flexible_hours_keep_to_the_day_and_the_week(per_day, per_week, day, tz_name):
    monday = day - timedelta(days=day.weekday())
    sunday = monday + timedelta(days=6)
    periods = hours.flexible(hours.Flexible(per_day, per_week), monday, sunday, tz_name)
    worked = lengths(periods)
    assert all(length <= per_day + 0.001 for length in worked)
    assert sum(worked) <= per_week + 0.001
    begin, end = hours.whole_days(monday, sunday, tz_name)
    assert slots.merge(periods) == slots.merge(slots.merge(periods))
    assert all(begin <= start and stop <= end for start, stop in periods)
