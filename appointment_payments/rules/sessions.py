"""Sessions: what takes a practitioner's time together.

A single appointment is a session of its own. The seats of a group, booked for one category and
start, share one. PostgreSQL refuses that two sessions of a practitioner overlap, and that a seat is
sold twice; these are the names that it compares. Moments are naive UTC.
"""

from datetime import datetime


def name(booking_id, category_id, start, capacity):
    """Return the session that a booking belongs to.

    :param int booking_id: the booking.
    :param int category_id: its category.
    :param datetime start: of the appointment.
    :param int capacity: how many seats a time has.
    :rtype: str
    """
    if capacity > 1:
        return f"{_prefix(category_id)}{start.isoformat()}"
    return f"booking-{booking_id}"


def start_of(session, category_id):
    """Return when a group of a category starts.

    :param str session: what `name` returns.
    :param int category_id: the category.
    :return: naive UTC; None for a single appointment and for a group of another category.
    :rtype: datetime | None
    """
    prefix = _prefix(category_id)
    if not session.startswith(prefix):
        return None
    return datetime.fromisoformat(session.removeprefix(prefix))


def _prefix(category_id):
    return f"category-{category_id}@"


def free_seats(taken, capacity):
    """Return the seats that are left.

    :param taken: the numbers of the seats that are sold.
    :param int capacity: how many seats there are.
    :return: their numbers, the lowest first.
    :rtype: list[int]
    """
    return sorted(set(range(1, capacity + 1)).difference(taken))
