"""Days and times as the visitor reads them."""

from babel.dates import format_date, format_skeleton

from odoo.http import request
from odoo.tools.misc import babel_locale_parse, format_time, get_lang

from ..rules import slots


def _locale():
    return babel_locale_parse(get_lang(request.env).code)


def show_date(day):
    """Return a date in full, as the visitor's language writes it.

    :param date day: the day
    :rtype: str
    """
    return format_date(day, "full", locale=_locale())


def show_short_date(day):
    """Return a date without its year, abbreviated.

    :param date day: the day
    :rtype: str
    """
    return format_skeleton("MMMEd", day, locale=_locale())


def show_month(day):
    """Return the month and the year of a day.

    :param date day: the day
    :rtype: str
    """
    return format_skeleton("yMMMM", day, locale=_locale())


def show_weekday(day):
    """Return the name of a weekday, short and in full.

    :param date day: the day
    :rtype: tuple[str, str]
    """
    return tuple(format_date(day, parts, locale=_locale()) for parts in ("EEEEEE", "EEEE"))


def show_time(local):
    """Return the time of day, with 12 or 24 hours as the visitor's language has it.

    :param datetime local: a local moment
    :rtype: str
    """
    return format_time(request.env, local.time(), time_format="short")


def show_when(start, tz, show_day=show_date):
    """Return the day and the time of a moment.

    :param datetime start: naive UTC
    :param str tz: the reader's time zone
    :param callable show_day: how the day is written
    :rtype: str
    """
    local = slots.to_local(start, tz)
    return f"{show_day(local.date())}, {show_time(local)}"
