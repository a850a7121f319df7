"""When somebody works: weekly hours on the calendar's days, and whole days of a time zone.

What Odoo's `resource.calendar._work_intervals_batch` says, without the ORM and for many days at
once. Moments are naive UTC, as Odoo stores them; an interval is a pair (start, stop), its stop
excluded.
"""

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from math import floor
from typing import NamedTuple

from .schedule import zone

DAY = timedelta(days=1)
TICK = timedelta.resolution  # Odoo ends a day at 23:59:59.999999, and we at midnight


class Attendance(NamedTuple):
    """A line of the weekly hours.

    :ivar int | None week: of a calendar with two weeks 0 or 1; None for every week
    :ivar int weekday: 0 for Monday
    :ivar float hour_from: the local time of day, in hours
    :ivar float hour_to: the same; 24 is midnight
    """

    week: int | None
    weekday: int
    hour_from: float
    hour_to: float


class Flexible(NamedTuple):
    """Hours without a time of day: they lie around noon until the week's are used up.

    :ivar float hours_per_day: the most of one day
    :ivar float hours_per_week: the most from Monday to Sunday
    """

    hours_per_day: float
    hours_per_week: float


def week_of(day):
    """Return which of two weeks a day belongs to.

    As Odoo counts them: the weeks since the year 1, so that they alternate over New Year too.

    :param date day: the day
    :return: 0 or 1
    :rtype: int
    """
    return (day.toordinal() - 1) // 7 % 2


def days(first, last):
    """Yield the dates from one to another, both included."""
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        yield date.fromordinal(ordinal)


def to_utc(day, clock, tz_name):
    """Return when a clock shows a time on a day.

    A time that comes twice is the second one, as in Odoo.

    :param date day: the local date
    :param timedelta clock: the time of day; 24 hours is the end of the day
    :param str tz_name: the time zone; UTC if empty or unknown
    :return: naive UTC
    :rtype: datetime
    """
    if clock >= DAY:
        return _localize(day, DAY - TICK, tz_name) + TICK
    return _localize(day, clock, tz_name)


@lru_cache(maxsize=20_000)
def _localize(day, clock, tz_name):
    local = zone(tz_name).localize(datetime.combine(day, time.min) + clock)
    return (local - local.utcoffset()).replace(tzinfo=None)


def whole_days(first, last, tz_name):
    """Return the time that whole local days take.

    :param date first: the first day
    :param date last: the last day, included
    :param str tz_name: the time zone; UTC if empty or unknown
    :return: (start, stop) in naive UTC
    :rtype: tuple[datetime, datetime]
    """
    return midnight(first, tz_name), midnight(last + DAY, tz_name)


def midnight(day, tz_name):
    """Return when a local day begins, in naive UTC: where midnight comes twice, at the first."""
    return to_utc(day - DAY, DAY, tz_name)


def midnights(first, last, tz_name):
    """Return when each of some local days begins.

    :param date first: the first day
    :param date last: the last day, included
    :param str tz_name: the time zone; UTC if empty or unknown
    :return: the beginnings in order, naive UTC
    :rtype: list[datetime]
    """
    return [midnight(day, tz_name) for day in days(first, last)]


def weekly(attendances, first, last, tz_name):
    """Return the working periods of weekly hours.

    :param attendances: iterable of `Attendance`
    :param date first: the first local day
    :param date last: the last local day, included
    :param str tz_name: where the hours are local; UTC if empty or unknown
    :return: the (start, stop) periods in naive UTC, in the order of the days; they may overlap
    :rtype: list[tuple[datetime, datetime]]
    """
    by_day = {}
    for line in attendances:
        for week in (0, 1) if line.week is None else (line.week,):
            clocks = _clock(line.hour_from), _clock(line.hour_to)
            by_day.setdefault((week, line.weekday), []).append(clocks)
    periods = []
    for day in days(first, last):
        for begin, end in by_day.get((week_of(day), day.weekday()), ()):
            period = to_utc(day, begin, tz_name), to_utc(day, end, tz_name)
            if period[0] < period[1]:  # an hour that the clock skips is none
                periods.append(period)
    return periods


def _clock(hours):
    """Return a time of day that is kept in hours, to the minute as Odoo reads it."""
    whole = int(hours)
    return timedelta(hours=whole, minutes=floor((hours - whole) * 60 + 0.5))


def flexible(terms, first, last, tz_name):
    """Return the working periods of flexible hours.

    :param Flexible terms: how many hours a day and a week
    :param date first: the first local day
    :param date last: the last local day, included
    :param str tz_name: where noon is local; UTC if empty or unknown
    :return: the (start, stop) periods in naive UTC, in order
    :rtype: list[tuple[datetime, datetime]]
    """
    periods = []
    for day in days(first - first.weekday() * DAY, last):
        if day.weekday() == 0:
            left = terms.hours_per_week
        begin, end = whole_days(day, day, tz_name)
        hours = min(terms.hours_per_day, left, (end - begin) / timedelta(hours=1))
        left -= hours
        if hours > 0 and day >= first:
            periods.append(_around_noon(day, timedelta(seconds=round(hours * 3600)), tz_name))
    return periods


def _around_noon(day, length, tz_name):
    """Return a period of a day that has noon in its middle, or as near as the day allows."""
    begin, end = whole_days(day, day, tz_name)
    start = to_utc(day, timedelta(hours=12), tz_name) - length / 2
    start = max(begin, min(start, end - length))
    return start, start + length
