"""When a booking request has to be answered, and what an answer does.

Moments are naive UTC, amounts are in major currency units.
"""

from datetime import timedelta
from typing import NamedTuple


class Standing(NamedTuple):
    """How a request stands at the moment of an answer.

    :param bool is_open: whether it waits for an answer
    :param bool is_being_accepted: whether it was accepted, and its payment is being captured
    :param datetime deadline: until when it can be accepted
    :param str money: what :func:`money_at_hand` says
    """

    is_open: bool
    is_being_accepted: bool
    deadline: object
    money: str


def confirm_deadline(requested_at, start, hours, margin_hours, now=None):
    """Return until when a request can be accepted (design §5, appointment_confirm_hours).

    :param datetime requested_at: when the request was made
    :param datetime start: of the appointment
    :param float hours: how long the practitioner has to answer
    :param float margin_hours: how long before the start the answer has to be there
    :param datetime now: when it is asked, as the appointment moves; when it is made by default
    :return: the earlier of the two; the start itself when that has passed by then
    :rtype: datetime
    """
    deadline = min(requested_at + timedelta(hours=hours), start - timedelta(hours=margin_hours))
    return deadline if deadline > (now or requested_at) else start


def warnings(requested_at, deadline, hours_before):
    """Return when the practitioner is reminded of a request: at half time, and shortly before.

    :param datetime requested_at: when the request was made
    :param datetime deadline: until when it can be accepted
    :param float hours_before: how long before the deadline the last one is; 0 for none
    :return: moments after the request and before the deadline, the first one first
    :rtype: list[datetime]
    """
    moments = {requested_at + (deadline - requested_at) / 2}
    if hours_before > 0:
        moments.add(deadline - timedelta(hours=hours_before))
    return sorted(moment for moment in moments if requested_at < moment < deadline)


def next_warning(requested_at, deadline, hours_before, now):
    """Return when the practitioner is reminded next; what a server slept through is left out.

    :param datetime requested_at: when the request was made
    :param datetime deadline: until when it can be accepted
    :param float hours_before: how long before the deadline the last one is; 0 for none
    :param datetime now: the moment after which it has to be
    :rtype: datetime | None
    """
    moments = warnings(requested_at, deadline, hours_before)
    return next((moment for moment in moments if moment > now), None)


def money_at_hand(flow, due, held, received, is_under_way):
    """Say what there is of what a request asks for.

    :param str flow: 'hold', 'charge' or 'approve_first'
    :param float due: what is asked for before the booking counts; 0.0 when that is nothing
    :param float held: what is authorised and not yet captured
    :param float received: what was taken and is kept; clients pay all that is due, so of a part the
        practice itself has taken or kept no more, at the provider
    :param bool is_under_way: whether a payment is on its way, or not yet acted on
    :return: 'not_needed', 'later' (asked for after the answer), 'held', 'received', 'under_way',
        or 'missing'
    :rtype: str
    """
    if due <= 0:
        return "not_needed"
    if received >= due:
        return "received"
    if held > 0:
        return "held"
    if is_under_way:
        return "under_way"
    if received > 0:
        return "received"
    return "later" if flow == "approve_first" else "missing"


def accept_problem(standing, now):
    """Say why a request cannot be accepted.

    :param Standing standing: how it stands
    :param datetime now: the moment of the answer
    :return: 'closed', 'being_accepted', 'too_late', 'under_way', 'missing', or None
    :rtype: str | None
    """
    if not standing.is_open:
        return "closed"
    if standing.is_being_accepted:
        return "being_accepted"
    if now >= standing.deadline:
        return "too_late"
    return standing.money if standing.money in ("under_way", "missing") else None


def decline_problem(standing):
    """Say why a request cannot be declined, or cancelled by its client.

    :param Standing standing: how it stands
    :return: 'closed', 'being_accepted', or None
    :rtype: str | None
    """
    if not standing.is_open:
        return "closed"
    return "being_accepted" if standing.is_being_accepted else None


def accept_effect(money):
    """Say what accepting does with the money.

    :param str money: what :func:`money_at_hand` says, where :func:`accept_problem` allows it
    :return: 'capture' (the hold is taken first), 'ask' (the client is asked to pay), or 'confirm'
    :rtype: str
    """
    return {"held": "capture", "later": "ask"}.get(money, "confirm")


def expired_reason(money, is_refused):
    """Say why a request expires at its deadline.

    :param str money: what :func:`money_at_hand` says
    :param bool is_refused: whether it was accepted and its payment could not be taken
    :return: 'unanswered', or 'lapsed' when the payment it was made with is gone
    :rtype: str
    """
    is_ending = money == "under_way" and is_refused  # what could not be taken is being let go
    return "lapsed" if money == "missing" or is_ending else "unanswered"


def time_left(deadline, now):
    """Say how long a request can still be answered, in the two largest units that matter.

    :param datetime deadline: until when it can be accepted
    :param datetime now: the moment
    :return: (unit, count, rest): ('days', days, hours), ('hours', hours, minutes),
        ('minutes', minutes, 0) or ('over', 0, 0)
    :rtype: tuple[str, int, int]
    """
    minutes = int((deadline - now).total_seconds() // 60)
    if deadline <= now:
        return ("over", 0, 0)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return ("days", days, hour)
    return ("hours", hours, minute) if hours else ("minutes", minute, 0)
