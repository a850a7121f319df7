"""What goes wrong on the way, as a test orders it: once, for the next request to a path.

    error          Stripe breaks before it has done anything: 500, kept under the idempotency key
    error_after    Stripe does it and breaks: 500, kept under the key
    unavailable    a gateway refuses: 503, nothing done and nothing kept
    limited        too many requests: 429, nothing done and nothing kept
    declined       the card's bank does not let it happen: 402, nothing done, kept under the key
    delay          Stripe does it, sends its webhooks, and answers `seconds` later
    cut            Stripe does it; the connection ends without an answer
    half           Stripe does it; the connection ends in the middle of the answer

https://docs.stripe.com/error-low-level#server-errors: a 5xx says nothing about the effect.
"""

import contextlib
import dataclasses
import fnmatch
import time

from .errors import StripeError, invalid_parameter

KINDS = ("error", "error_after", "unavailable", "limited", "declined", "delay", "cut", "half")


@dataclasses.dataclass
class Fault:
    kind: str
    method: str
    path: str
    seconds: float = 0

    def concerns(self, request):
        return request.method == self.method and fnmatch.fnmatchcase(
            request.path, f"/v1/{self.path}"
        )


def order(hub, params):
    """Add the faults that a test orders.

    :param dict params: kind, path (without /v1/, `*` for an id), method (POST), seconds, times (1)
    """
    if params.get("kind") not in KINDS:
        raise invalid_parameter(f"kind is one of {', '.join(KINDS)}", "kind")
    fault = Fault(
        params["kind"], params.get("method", "POST"), params["path"],
        float(params.get("seconds", 0)),
    )
    hub.faults += [fault] * int(params.get("times", 1))


def take(hub, request):
    """Return the fault of a request and forget it; None when nothing goes wrong.

    The caller holds the hub's lock.
    """
    for fault in hub.faults:
        if fault.concerns(request):
            hub.faults.remove(fault)
            return fault
    return None


def broken(*, saved=True):
    """Return what Stripe says when it breaks."""
    return StripeError(
        500, "api_error", "An error occurred while processing your request.", saved=saved
    )


def failure(fault):
    """Return why a request that Stripe begins to execute is not executed; None if it is."""
    if fault and fault.kind == "error":
        return broken()
    if fault and fault.kind == "declined":  # https://docs.stripe.com/error-codes#card-declined
        return StripeError(
            402, "card_error", "Your card was declined.", code="card_declined",
            decline_code="generic_decline",
        )
    return None


def refusal(fault):
    """Return what a gateway says that lets no request through; None if it lets this one."""
    if fault and fault.kind == "unavailable":
        return StripeError(503, "api_error", "Stripe is temporarily unavailable.", saved=False)
    if fault and fault.kind == "limited":  # https://docs.stripe.com/rate-limits
        return StripeError(
            429, "invalid_request_error", "Request rate limit exceeded. Learn more about rate "
            "limits here https://stripe.com/docs/rate-limits.", saved=False, code="rate_limit",
        )
    return None


def send(handler, reply, fault):
    """Answer a request as its fault has it.

    :param handler: the HTTP handler, with `_send_reply` and `_send_part_of`
    """
    handler.server.deliverer.flush()
    if fault.kind == "delay":
        time.sleep(fault.seconds)
        handler.server.api.finish(reply)
        with contextlib.suppress(ConnectionError):  # Whoever asked has not waited.
            handler._send_reply(reply)
    elif fault.kind == "half":
        handler._send_part_of(reply)
    elif fault.kind == "cut":
        handler.close_connection = True
    else:
        handler._send_reply(reply)
