"""When things fall due. Datetimes are naive UTC, as Odoo stores them."""

from datetime import timedelta

import pytz

# Stripe hears of a SEPA direct debit within 14 business days, after 7 to 8 on average. Money that
# comes when the slot is gone is booked again or refunded (design rule 2), so calendar days will do.
PENDING_DAYS = 14


def zone(tz_name):
    """Return a time zone by its name.

    :param str tz_name: an IANA name; it may be empty or unknown.
    :return: the time zone, UTC when the name says nothing.
    :rtype: datetime.tzinfo
    """
    try:
        return pytz.timezone(tz_name or "UTC")
    except pytz.UnknownTimeZoneError:
        return pytz.utc


def hold_until(now, checkout_minutes, start):
    """Return until when an unpaid booking keeps its slot during checkout (design §5).

    :param datetime now: naive UTC.
    :param int checkout_minutes: the company's checkout time, in minutes.
    :param datetime start: the appointment's start, naive UTC.
    :return: the end of the checkout time, never after the start; naive UTC.
    :rtype: datetime
    """
    return min(now + timedelta(minutes=checkout_minutes), start)


def pending_until(now, start):
    """Return until when a payment under way (wire, SEPA) keeps the slot (design rule 2).

    :param datetime now: when the payment was reported as pending, naive UTC.
    :param datetime start: the appointment's start, naive UTC.
    :return: `PENDING_DAYS` from now, never after the start; naive UTC.
    :rtype: datetime
    """
    return min(now + timedelta(days=PENDING_DAYS), start)


def balance_due_date(stop, tz_name):
    """Return when the balance is asked for: the day the appointment ends (design rule 5).

    :param datetime stop: the appointment's end, naive UTC.
    :param str tz_name: the practice's time zone; UTC if empty or unknown.
    :return: the local date of the end.
    :rtype: datetime.date
    """
    return pytz.utc.localize(stop).astimezone(zone(tz_name)).date()
