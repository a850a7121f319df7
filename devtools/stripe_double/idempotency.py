"""Idempotency keys: https://docs.stripe.com/api/idempotent_requests

A key is an account's own and lives for 24 hours of the stand-in's clock. The first result is kept,
errors of the endpoint included; what is refused before the endpoint began to execute is not.
"""

import copy

from . import errors

LIFETIME = 24 * 3600  # Seconds.
LONGEST = 255


def replay(hub, call, asked):
    """Return the saved answer to the request's key, if it was used before.

    :param tuple asked: Method, path and parameters.
    :raise StripeError: If the key is too long, in use or stands for another request.
    """
    key = call.idempotency_key
    if asked[0] != "POST" or not key:
        return None
    if len(key) > LONGEST:
        raise errors.idempotency_error(
            f"Invalid idempotency key: keys may be up to {LONGEST} characters long."
        )
    place = (call.store.account_id, key)
    if place in hub.in_flight:
        raise errors.key_in_use(key)
    saved = hub.replies.get(place)
    if not saved or hub.now() >= saved.at + LIFETIME:
        return None
    _check_same(key, saved.asked, asked)
    replayed = copy.deepcopy(saved)
    replayed.headers["Idempotent-Replayed"] = "true"
    return replayed


def _check_same(key, before, asked):
    if before[:2] != asked[:2]:
        raise errors.idempotency_error(
            f"Keys for idempotent requests can only be used for the same endpoint they were "
            f"first used for ('{asked[1]}' vs '{before[1]}'). Try using a key other than "
            f"'{key}' if you meant to execute a different request."
        )
    if before != asked:
        raise errors.idempotency_error(
            f"Keys for idempotent requests can only be used with the same parameters they "
            f"were first used with. Try using a key other than '{key}' if you meant to execute "
            f"a different request."
        )


def keep(hub, call, reply):
    """Save the answer under the request's idempotency key."""
    if reply.asked[0] == "POST" and call.idempotency_key and reply.saved:
        reply.headers["Original-Request"] = call.request_id
        reply.at = hub.now()
        hub.replies[call.store.account_id, call.idempotency_key] = copy.deepcopy(reply)


def occupy(hub, call, reply):
    """Mark the key as in use until the answer is out."""
    if call.idempotency_key:
        reply.key = (call.store.account_id, call.idempotency_key)
        hub.in_flight.add(reply.key)
