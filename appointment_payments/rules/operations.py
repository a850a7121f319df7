"""What an answer of a payment provider means, and when to ask again (design rule 6).

Moments are naive UTC.
"""

from datetime import timedelta

# https://docs.stripe.com/api/idempotent_requests: keys live at least 24 hours; an hour's margin
KEY_LIFE = timedelta(hours=23)
# a process that died in the middle is waited for this long; a call takes 10 seconds at most
LEASE = timedelta(minutes=5)
# a refund that a bank works on for days is looked up this often, should its webhook be lost
LOOK_UP_EVERY = timedelta(hours=12)
LONGEST_WAIT = timedelta(hours=4)
# Odoo's own action gives up a transaction that it could not post-process for this long
ODOO_GIVES_UP = timedelta(days=4)
# a payment that its client has begun is asked for first after this time, then ever more rarely
FIRST_LOOK = timedelta(minutes=30)
LONGEST_LOOK = timedelta(days=7)
# who is at their bank's page when the booking expires may still come back
GRACE = timedelta(hours=1)
# a declined payment in an open form: nobody types another card into it a day later
DECLINED_IS_OPEN = timedelta(days=1)
# a hold is looked at this long after it should have lapsed, then again
AFTER_LAPSE = timedelta(hours=1)

# the request is still being worked on, or was not looked at: neither says that it failed
_NOT_DECIDED = (408, 409, 425, 429)


def outcome(status):
    """Say what an HTTP status means for the effect that was asked for.

    :param int status: of the answer; None when no answer came
    :return: 'unknown' (it may have happened, or may yet) or 'failed' (it has not)
    :rtype: str
    """
    if status is None or status >= 500 or status in _NOT_DECIDED:
        return "unknown"
    return "failed"


def retry_at(now, attempts):
    """Return when to try again what nobody knows the outcome of.

    :param datetime now: the end of the last attempt
    :param int attempts: how many there were, from 1
    :return: after 1, 2, 4, … minutes, at most four hours
    :rtype: datetime
    """
    return now + min(timedelta(minutes=2 ** min(attempts - 1, 20)), LONGEST_WAIT)


def key_is_alive(first_sent, now):
    """Return whether the provider still knows an idempotency key.

    :param datetime first_sent: when the key was first sent; None when it never was
    :param datetime now: naive UTC
    :rtype: bool
    """
    return not first_sent or now - first_sent < KEY_LIFE


def is_repeated(first_sent, lease_until):
    """Return whether a key has been sent before the attempt that is made now.

    A refusal of this attempt says nothing about those before it then.

    :param datetime first_sent: when the key was first sent
    :param datetime lease_until: until when the attempt has the operation
    :rtype: bool
    """
    return first_sent < lease_until - LEASE


def next_look(begun, now):
    """Return when to ask next what became of a payment that nobody has brought news of.

    The time that has passed doubles from one time to the next.

    :param datetime begun: when the payment was begun
    :param datetime now: naive UTC
    :return: after half an hour at least, a week at most
    :rtype: datetime
    """
    return now + min(max(now - begun, FIRST_LOOK), LONGEST_LOOK)


def is_given_up(declined, now):
    """Return whether nobody goes on with a payment that was declined.

    :param datetime declined: when it was declined
    :param datetime now: naive UTC
    :rtype: bool
    """
    return now - declined >= DECLINED_IS_OPEN
