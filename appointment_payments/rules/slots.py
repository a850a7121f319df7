"""Which times can be booked.

Datetimes are naive UTC, as Odoo stores them; only `by_local_day` returns local time. An interval
is a pair (start, stop), its stop excluded. One whose stop is not after its start holds no time.
"""

import re
from bisect import bisect_left, bisect_right
from datetime import datetime, timedelta
from typing import NamedTuple

import pytz

from .schedule import zone

INSTANT = re.compile(r"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}(Z|[+-][0-9]{2}:[0-9]{2})")

# far enough from the ends of the calendar that nobody who computes with a moment falls off
BOOKABLE_YEARS = range(1970, 3000)


# working time without a break that is longer belongs to more than one day
LONGEST_RUN = timedelta(days=1)


class Offer(NamedTuple):
    """A time that can be booked.

    :ivar datetime start: naive UTC
    :ivar int user_id: the practitioner who would be booked
    :ivar int seats_left: how many can still book it with them
    """

    start: datetime
    user_id: int
    seats_left: int


def merge(intervals):
    """Join intervals that overlap or touch.

    :param intervals: iterable of (datetime start, datetime stop), in any order.
    :return: the same time as a sorted list of intervals with a gap between any two.
    :rtype: list[tuple[datetime, datetime]]
    """
    merged = []
    for start, stop in sorted(pair for pair in intervals if pair[0] < pair[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], stop))
        else:
            merged.append((start, stop))
    return merged


def subtract(intervals, busy):
    """Return the time of some intervals that is not busy.

    :param intervals: iterable of (datetime start, datetime stop), in any order.
    :param busy: iterable of (datetime start, datetime stop), in any order.
    :return: the time left, as a sorted list of intervals with a gap between any two.
    :rtype: list[tuple[datetime, datetime]]
    """
    left, taken, passed = [], merge(busy), 0
    for start, stop in merge(intervals):
        while passed < len(taken) and taken[passed][1] <= start:
            passed += 1
        index = passed
        while index < len(taken) and taken[index][0] < stop:
            left.append((start, taken[index][0]))
            start = taken[index][1]
            index += 1
        passed = max(passed, index - 1)  # the last one may reach into the next interval
        left.append((start, stop))
    return [pair for pair in left if pair[0] < pair[1]]


def _grid(anchor, step, first, last):
    """Return the times of a grid between two moments, both included.

    :param datetime anchor: where the grid begins, not after `first`.
    :param timedelta step: between two times.
    :param datetime first: the earliest time wanted.
    :param datetime last: the latest time wanted; there may be none.
    :return: an iterator of the times, in order.
    """
    steps = range(-((anchor - first) // step), (last - anchor) // step + 1)  # up, then down
    return (anchor + count * step for count in steps)


def _anchors(periods, midnights):
    """Return where grids begin: with each period, and in one longer than a day at midnight.

    :param list periods: what `merge` returns.
    :param midnights: the local midnights, in order.
    :rtype: list[datetime]
    """
    anchors = []
    for start, stop in periods:
        anchors.append(start)
        if stop - start > LONGEST_RUN:
            inside = slice(bisect_right(midnights, start), bisect_left(midnights, stop))
            anchors += midnights[inside]
    return anchors


def _offers(free_periods, busy, duration, step, not_before, not_after, midnights=()):
    """Yield in order what `starts` lists, given the same arguments."""
    if min(duration, step) <= timedelta(0):
        raise ValueError("The duration and the step must be above zero")
    latest = datetime.max if not_after is None else not_after - timedelta.resolution
    periods = merge(free_periods)
    anchors = _anchors(periods, midnights)
    for start, stop in subtract(periods, busy):
        if stop - start < duration:
            continue
        first, last = max(start, not_before), min(stop - duration, latest)
        index = max(bisect_right(anchors, first) - 1, 0)
        while index < len(anchors) and anchors[index] <= last:
            following = anchors[index + 1] if index + 1 < len(anchors) else datetime.max
            until = min(last, following - timedelta.resolution)
            yield from _grid(anchors[index], step, max(first, anchors[index]), until)
            index += 1


def starts(free_periods, busy, duration, step, not_before, not_after=None, midnights=()):
    """Return the times at which an appointment can start.

    Each working period has a grid of its own: its start, then every step; in one that is longer
    than a day the grid begins anew at midnight. Busy time removes starts and never shifts the grid.
    So pass working periods whole: one cut at "now" has another grid.

    :param free_periods: iterable of working periods (datetime start, datetime stop); periods that
        touch or overlap count as one.
    :param busy: iterable of (datetime start, datetime stop) that no appointment may touch.
    :param timedelta duration: of the appointment.
    :param timedelta step: between two starts.
    :param datetime not_before: the earliest start offered.
    :param datetime not_after: starts from here on are not offered; None for no limit.
    :param midnights: sorted list of the local midnights of the periods' days.
    :return: the starts in order, naive UTC.
    :rtype: list[datetime]
    :raise ValueError: if the duration or the step is not above zero.
    """
    return list(_offers(free_periods, busy, duration, step, not_before, not_after, midnights))


def is_offered(
    start, free_periods, busy, duration, step, not_before, not_after=None, midnights=()
):
    """Say whether `starts` would offer a time, given the same arguments.

    :param datetime start: the time asked for, naive UTC.
    :param free_periods: see `starts`.
    :param busy: see `starts`.
    :param timedelta duration: of the appointment.
    :param timedelta step: between two starts.
    :param datetime not_before: the earliest start offered.
    :param datetime not_after: starts from here on are not offered; None for no limit.
    :param midnights: see `starts`.
    :return: whether the time is among the starts.
    :rtype: bool
    :raise ValueError: if the duration or the step is not above zero.
    """
    asked = (free_periods, busy, duration, step, max(start, not_before), not_after, midnights)
    return start == next(_offers(*asked), None)


def to_length(hours):
    """Return a time that is kept in hours, to the minute: 0.33 of an hour is 20 minutes.

    :param float hours: how long.
    :rtype: timedelta
    """
    return timedelta(minutes=round(hours * 60))


def with_margins(busy, before, after):
    """Widen busy time so that an appointment which avoids it keeps its own margins free.

    :param busy: iterable of (datetime start, datetime stop).
    :param timedelta before: to be free before the appointment.
    :param timedelta after: to be free after the appointment.
    :return: the widened intervals; those that hold no time are dropped.
    :rtype: list[tuple[datetime, datetime]]
    """
    return [(start - after, stop + before) for start, stop in busy if start < stop]


def fits(start, stop, free_periods, busy):
    """Say whether an appointment lies in working time and touches nothing busy.

    :param datetime start: of the appointment.
    :param datetime stop: of the appointment.
    :param free_periods: the working periods, merged.
    :param busy: iterable of (datetime start, datetime stop).
    :rtype: bool
    """
    works = any(begin <= start and stop <= end for begin, end in free_periods)
    return works and not any(begin < stop and start < end for begin, end in busy)


def by_local_day(starts, tz_name):
    """Group times by the day on which they fall for the reader.

    An hour that the clock shows twice (end of summer time) gives two entries, told apart by their
    offset; an hour that it skips gives none.

    :param starts: iterable of datetimes, naive UTC.
    :param str tz_name: the reader's time zone; UTC if empty or unknown.
    :return: the days in order, each with its times in order: aware, local.
    :rtype: dict[date, list[datetime]]
    """
    days = {}
    for start in sorted(starts):
        local = to_local(start, tz_name)
        days.setdefault(local.date(), []).append(local)
    return days


def parse_instant(text):
    """Read a moment that a visitor's browser sent. Never raises.

    :param str text: 'YYYY-MM-DDTHH:MM:SS' followed by 'Z' or an offset such as '+02:00'.
    :return: the moment in naive UTC, None if the text is anything else or of another age.
    :rtype: datetime | None
    """
    if not isinstance(text, str) or not INSTANT.fullmatch(text):
        return None
    try:
        moment = to_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):  # the 31st of June; year 1 before its first hour
        return None
    return moment if moment.year in BOOKABLE_YEARS else None


def to_local(moment, tz_name):
    """Return a moment as a clock on the wall shows it.

    :param datetime moment: naive UTC.
    :param str tz_name: the reader's time zone; UTC if empty or unknown.
    :return: the same moment, aware, local.
    :rtype: datetime
    """
    return pytz.utc.localize(moment).astimezone(zone(tz_name))


def to_utc(moment):
    """Return an aware moment as Odoo stores it.

    :param datetime moment: aware.
    :return: the same moment in naive UTC.
    :rtype: datetime
    """
    return moment.astimezone(pytz.utc).replace(tzinfo=None)


def to_text(moment):
    """Write a moment so that `parse_instant` reads it back.

    :param datetime moment: naive UTC, or aware.
    :return: ISO 8601 in UTC, to the second.
    :rtype: str
    """
    if moment.tzinfo:
        moment = to_utc(moment)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def day_start(text, tz_name):
    """Read a day that a visitor's browser sent, as the moment it begins. Never raises.

    :param str text: 'YYYY-MM-DD'.
    :param str tz_name: the reader's time zone; UTC if empty or unknown.
    :return: the day's first moment in naive UTC, None if the text is anything else.
    :rtype: datetime | None
    """
    try:
        day = datetime.strptime(text, "%Y-%m-%d")
    except (TypeError, ValueError):
        return None
    return to_utc(zone(tz_name).localize(day)) if day.year in BOOKABLE_YEARS else None
