"""Whether a payment is held until the practitioner has answered, or taken at once (design rule 9).

Moments are naive UTC.
"""

from datetime import timedelta
from typing import NamedTuple

# how long before a hold lapses the answer has to be there, and people are reminded of it
MARGIN = timedelta(days=1)
# customer-initiated card payments online: https://docs.stripe.com/payments/extended-authorization
USUAL_WINDOW = timedelta(days=7)


class Decision(NamedTuple):
    """How a payment is captured, and why.

    :param str method: automatic | manual
    :param str reason: no_answer_needed | provider_cannot_hold | method_cannot_hold |
        answer_has_no_date | answer_comes_too_late | answer_needed
    """

    method: str
    reason: str


def decide(needs_answer, provider_can_hold, method_can_hold, window, now, answer_due):
    """Decide how the payment of a booking is captured.

    :param bool needs_answer: whether the practitioner has to accept the booking
    :param bool provider_can_hold: whether the provider captures later what it has authorised
    :param bool method_can_hold: whether the payment method can be held
    :param timedelta window: how long the provider holds a payment of this method
    :param datetime now: when the payment is asked for
    :param datetime answer_due: when the practitioner has to have answered; None when there is no
        such date
    :rtype: Decision
    """
    if not needs_answer:
        return Decision("automatic", "no_answer_needed")
    if not provider_can_hold:
        return Decision("automatic", "provider_cannot_hold")
    if not method_can_hold:
        return Decision("automatic", "method_cannot_hold")
    if not answer_due:
        return Decision("automatic", "answer_has_no_date")
    if answer_due > now + window - MARGIN:
        return Decision("automatic", "answer_comes_too_late")
    return Decision("manual", "answer_needed")
