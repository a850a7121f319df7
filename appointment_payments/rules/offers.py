"""What of a practitioner's time can be booked, and with whom. Moments are naive UTC."""

from datetime import datetime, timedelta
from typing import NamedTuple

from . import sessions, slots


class Terms(NamedTuple):
    """What an appointment of a category takes.

    :ivar int category_id: the category
    :ivar timedelta duration: of the appointment
    :ivar timedelta before: kept free before it
    :ivar timedelta after: kept free after it
    :ivar int capacity: how many can book the same time
    """

    category_id: int
    duration: timedelta
    before: timedelta
    after: timedelta
    capacity: int

    @property
    def step(self):
        """The time from one appointment to the next, so that all of a day can be sold."""
        return self.before + self.duration + self.after


class Sold(NamedTuple):
    """Time that a booking takes, with what it keeps free before and after.

    :ivar int booking_id: the booking
    :ivar datetime start: the beginning
    :ivar datetime stop: the end
    :ivar str session: see `sessions`
    :ivar int seat: 1 for a single appointment
    """

    booking_id: int
    start: datetime
    stop: datetime
    session: str
    seat: int


class Diary(NamedTuple):
    """A practitioner's time.

    :ivar int user_id: the practitioner
    :ivar list periods: when they work, merged
    :ivar list midnights: their local midnights, in order
    :ivar list sold: `Sold`
    :ivar list busy: what else takes their time, as (start, stop)
    """

    user_id: int
    periods: list
    midnights: list
    sold: list
    busy: list


def find(diary, terms, not_before, not_after):
    """Return the times of a practitioner that can be booked.

    What is kept free around an appointment has to be free, but need not be working time. A group
    that has seats left is on offer although it takes the practitioner's time.

    :param Diary diary: the practitioner's time.
    :param Terms terms: what the appointment takes.
    :param datetime not_before: the earliest start.
    :param datetime not_after: starts from here on are not offered.
    :return: the offers in order, one for each start.
    :rtype: list[slots.Offer]
    """
    taken = [(sold.start, sold.stop) for sold in diary.sold]
    starts = slots.starts(
        diary.periods,
        slots.with_margins(taken + diary.busy, terms.before, terms.after),
        terms.duration,
        terms.step,
        not_before,
        not_after,
        diary.midnights,
    )
    found = [slots.Offer(start, diary.user_id, terms.capacity) for start in starts]
    if terms.capacity > 1:
        found += _groups_with_seats(diary, terms, not_before, not_after)
        found.sort()
    return found


def is_free(diary, terms, start):
    """Say whether a practitioner works at a moment and nothing else takes their time.

    Whether the start is one that is offered does not count, nor whether a group has seats left.

    :param Diary diary: the practitioner's time.
    :param Terms terms: what the appointment takes.
    :param datetime start: of the appointment.
    :rtype: bool
    """
    return _can_take_place(start, diary, terms)


def _groups_with_seats(diary, terms, not_before, not_after):
    """Yield the offers of the groups that were booked already and have seats left."""
    groups = {}
    for sold in diary.sold:
        start = sessions.start_of(sold.session, terms.category_id)
        if start and not_before <= start < not_after:
            groups.setdefault(start, set()).add(sold.seat)
    for start, seats in groups.items():
        left = len(sessions.free_seats(seats, terms.capacity))
        if left and _can_take_place(start, diary, terms):
            yield slots.Offer(start, diary.user_id, left)


def _can_take_place(start, diary, terms):
    """Say whether a group that is booked already lies in working time that nothing else takes."""
    others = [
        (sold.start, sold.stop)
        for sold in diary.sold
        if sessions.start_of(sold.session, terms.category_id) != start
    ]
    busy = slots.with_margins(others + diary.busy, terms.before, terms.after)
    return slots.fits(start, start + terms.duration, diary.periods, busy)


def least_booked_first(by_user, booked):
    """Make one list of several practitioners' offers: each time once, with one of those free.

    :param dict by_user: the offers of each practitioner, by user id.
    :param dict booked: how much of each practitioner's time is booked, by user id (timedelta).
    :return: the offers in order; each names the practitioner with the least booked time, of
        equals the one who comes first in `by_user`.
    :rtype: list[Offer]
    """
    chosen = {}
    for user_id in sorted(by_user, key=lambda user_id: booked.get(user_id, timedelta())):
        for offer in by_user[user_id]:
            chosen.setdefault(offer.start, offer)
    return [chosen[start] for start in sorted(chosen)]
