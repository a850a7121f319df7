"""The month that a visitor looks at: by example, and for any month and zone."""

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
import pytz
from hypothesis import given
from hypothesis import strategies as st

from rules import month as months

LONG_AGO = date(1970, 1, 1)
days = st.dates(date(1980, 1, 1), date(2990, 12, 31))
zones = st.sampled_from(["UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Apia", ""])


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("2026-11", date(2026, 11, 1)),
        ("2026-13", None),
        ("2026-00", None),
        ("0001-01", None),
        ("9999-12", None),
        ("2026-1", None),
        ("2026-11-01", None),
        ("२०२६-११", None),
        ("", None),
        (None, None),
        (202611, None),
        (["2026-11"], None),
    ],
)
def test_only_a_month_is_read_as_one(text, month):
    assert months.parse_month(text) == month


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-24", date(2026, 11, 24)),
        ("2026-06-31", None),
        ("20261124", None),
        ("2026-W48-2", None),
        ("1969-12-31", None),
        ("3000-01-01", None),
        ("tomorrow", None),
        (None, None),
        (7, None),
    ],
)
def test_only_a_day_is_read_as_one(text, day):
    assert months.parse_day(text) == day


@given(st.text())
def test_any_text_is_read_without_an_error(text):
    assert months.parse_month(text) is None or months.MONTH.fullmatch(text)
    assert months.parse_day(text) is None or months.DAY.fullmatch(text)


@given(days, st.integers(-120, 120))
def test_a_neighbour_is_as_far_away_back(day, distance):
    other = months.neighbour(day, distance)
    assert other.day == 1
    assert months.neighbour(other, -distance) == day.replace(day=1)


def test_the_year_turns():
    assert months.neighbour(date(2026, 12, 31), 1) == date(2027, 1, 1)
    assert months.neighbour(date(2026, 1, 31), -1) == date(2025, 12, 1)


@given(days, st.integers(0, 6))
def test_weeks_hold_each_day_of_the_month_once_in_its_column(day, first_weekday):
    weeks = months.weeks(day, first_weekday, LONG_AGO)
    shown = [found for week in weeks for found in week if found]
    assert shown == sorted(set(shown))
    assert {(found.year, found.month) for found in shown} == {(day.year, day.month)}
    assert shown[-1] + timedelta(days=1) == months.neighbour(day, 1)
    assert all(len(week) == 7 for week in weeks)
    for week in weeks:
        for column, found in enumerate(week):
            assert found is None or found.weekday() == (first_weekday + column) % 7


@given(days, st.integers(0, 6))
def test_weeks_that_are_over_are_left_out_and_today_is_not(day, first_weekday):
    weeks = months.weeks(day, first_weekday, day)
    shown = [found for week in weeks for found in week if found]
    assert day in shown
    assert day - shown[0] < timedelta(days=7)


def test_a_month_is_bounded_by_the_clock_of_the_reader():
    march = date(2026, 3, 15)
    assert months.bounds(march, "Europe/Paris") == (
        datetime(2026, 2, 28, 23),
        datetime(2026, 3, 31, 22),  # summer time has begun
    )
    assert months.bounds(march, "") == (datetime(2026, 3, 1), datetime(2026, 4, 1))


@given(st.dates(date(1980, 1, 1), date(2037, 12, 31)), zones)
def test_months_follow_each_other_without_a_gap(day, tz_name):
    stop = months.bounds(day, tz_name)[1]
    assert stop == months.bounds(months.neighbour(day, 1), tz_name)[0]
    zone = pytz.timezone(tz_name) if tz_name in pytz.all_timezones_set else pytz.utc
    assert pytz.utc.localize(stop).astimezone(zone).day == 1


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1)),
    st.timedeltas(timedelta(0), timedelta(days=730)),
)
def test_a_search_that_widens_covers_the_period_in_few_parts(start, length):
    parts = list(months.widening(start, start + length))
    assert len(parts) <= 5
    assert sum((stop - begin for begin, stop in parts), timedelta()) == length
    assert all(one[1] == other[0] for one, other in pairwise(parts))
    assert not parts or (parts[0][0], parts[-1][1]) == (start, start + length)
