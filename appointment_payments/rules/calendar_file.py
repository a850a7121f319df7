"""Calendar files (RFC 5545)."""

import pytz
import vobject


def make(uid, sequence, start, stop, summary, stamp, status="CONFIRMED", **texts):
    """Return a calendar file with one appointment, for the client's own calendar.

    :param str uid: stays the same for one appointment
    :param int sequence: grows whenever the appointment changes
    :param datetime start: naive UTC
    :param datetime stop: naive UTC
    :param str summary: the title
    :param datetime stamp: when the appointment was last changed, naive UTC
    :param str status: ``CONFIRMED`` or ``CANCELLED``
    :param dict texts: ``description``, ``location`` and ``url``; empty ones are left out
    :return: the file
    :rtype: bytes
    """
    calendar = vobject.iCalendar()
    calendar.add("prodid").value = "-//Odoo Community Association//Appointment Payments//EN"
    calendar.add("method").value = "PUBLISH"
    event = calendar.add("vevent")
    event.add("uid").value = uid
    event.add("sequence").value = str(sequence)
    event.add("status").value = status
    for name, moment in (("dtstamp", stamp), ("dtstart", start), ("dtend", stop)):
        event.add(name).value = pytz.utc.localize(moment.replace(microsecond=0))
    for name, text in {"summary": summary, **texts}.items():
        if text:
            event.add(name).value = text
    return calendar.serialize().encode()
