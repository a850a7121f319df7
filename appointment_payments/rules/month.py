"""The month that a visitor looks at: its weeks, its neighbours, the moments that bound it."""

import re
from calendar import Calendar
from datetime import date, datetime, timedelta

from .schedule import zone
from .slots import BOOKABLE_YEARS, to_utc

MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parse_month(text):
    """Read a month that a visitor's browser sent. Never raises.

    :param str text: 'YYYY-MM'.
    :return: its first day, None if the text is anything else or of another age.
    :rtype: date | None
    """
    found = isinstance(text, str) and MONTH.fullmatch(text)
    year, number = map(int, found.groups()) if found else (0, 0)
    return date(year, number, 1) if year in BOOKABLE_YEARS and 1 <= number <= 12 else None


def parse_day(text):
    """Read a day that a visitor's browser sent. Never raises.

    :param str text: 'YYYY-MM-DD'.
    :return: the day, None if the text is anything else or of another age.
    :rtype: date | None
    """
    if not isinstance(text, str) or not DAY.fullmatch(text):
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:  # the 31st of June
        return None
    return day if day.year in BOOKABLE_YEARS else None


def neighbour(month, distance):
    """Return another month.

    :param date month: any day of the month.
    :param int distance: how many months later; negative for earlier.
    :return: its first day.
    :rtype: date
    :raise ValueError: if there is no such year.
    """
    months = month.year * 12 + month.month - 1 + distance
    return date(months // 12, months % 12 + 1, 1)


def weeks(month, first_weekday, today):
    """Return the weeks of a month as a calendar on the wall shows them.

    :param date month: any day of the month.
    :param int first_weekday: 0 for Monday to 6 for Sunday.
    :param date today: weeks that are over are left out.
    :return: the weeks, each of seven days; None for the days of other months.
    :rtype: list[list[date | None]]
    """
    shown = Calendar(first_weekday).monthdatescalendar(month.year, month.month)
    return [
        [day if day.month == month.month else None for day in week]
        for week in shown
        if week[-1] >= today
    ]


def bounds(month, tz_name):
    """Return when a month begins and ends for the reader.

    :param date month: any day of the month.
    :param str tz_name: the reader's time zone; UTC if empty or unknown.
    :return: its first moment and the first one after it, naive UTC.
    :rtype: tuple[datetime, datetime]
    """
    return tuple(_first_moment(neighbour(month, distance), tz_name) for distance in (0, 1))


def _first_moment(day, tz_name):
    return to_utc(zone(tz_name).localize(datetime(day.year, day.month, day.day)))


def widening(start, stop, first=timedelta(days=31)):
    """Cut a period into parts, each twice as long as the one before.

    Whoever looks for one thing looks at little when it is near, and in few steps when it is far.

    :param datetime start: where the period begins.
    :param datetime stop: where it ends.
    :param timedelta first: how long the first part is, above zero.
    :return: an iterator of (start, stop), in order, without gaps.
    """
    while start < stop:
        end = min(start + first, stop)
        yield start, end
        start, first = end, first * 2
