"""Stripe's errors: https://docs.stripe.com/api/errors and https://docs.stripe.com/error-codes"""


class StripeError(Exception):
    """An answer other than 200, in Stripe's shape.

    `saved` is false for requests refused before the endpoint began to execute: Stripe keeps no
    result for their idempotency key, so that a corrected request may use it.
    """

    def __init__(self, status, error_type, message, *, saved=True, **details):
        super().__init__(message)
        self.status = status
        self.saved = saved
        details = {name: value for name, value in details.items() if value is not None}
        self.error = {"message": message, "type": error_type, **details}
        if "code" in details:
            page = details["code"].replace("_", "-")
            self.error["doc_url"] = f"https://stripe.com/docs/error-codes/{page}"

    @property
    def body(self):
        return {"error": self.error}


def invalid_request(message, *, status=400, **details):
    return StripeError(status, "invalid_request_error", message, **details)


def invalid_parameter(message, param, code=None):
    """A parameter that fails validation: refused before the endpoint executes."""
    return invalid_request(message, param=param, code=code, saved=False)


def unexpected_state(message):
    return invalid_request(message, code="payment_intent_unexpected_state")


def resource_missing(kind, object_id, *, param="id", status=404):
    """`status` is 404 for the object of the URL and 400 for one that a parameter names."""
    return invalid_request(
        f"No such {kind}: '{object_id}'", status=status, code="resource_missing", param=param
    )


def idempotency_error(message):
    return StripeError(400, "idempotency_error", message, saved=False)


def key_in_use(key):
    """https://docs.stripe.com/error-codes#idempotency-key-in-use"""
    return StripeError(
        409, "idempotency_error",
        f"There is currently another in-progress request using this Idempotent Key ({key}). "
        f"Please try again later.", saved=False, code="idempotency_key_in_use",
    )


def not_here(message):
    """Stripe knows this, the stand-in does not: never to be mistaken for an answer of Stripe."""
    return StripeError(501, "stand_in_error", f"Stripe stand-in: {message}", saved=False)
