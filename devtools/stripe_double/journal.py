"""Requests as they are written down: everything a test or a referee needs, and no secrets."""

import time

SECRET_FIELDS = {"number", "cvc", "iban", "client_secret", "account_number", "routing_number"}


def write_down(hub, request, params, call, reply):
    """Add a request and how it was answered.

    `params` are decoded, `body` and `query` are as they were sent, without what is secret.
    """
    error = reply.body.get("error") or {}
    entry = {
        "at": time.time(), "id": call.request_id, "method": request.method, "path": request.path,
        "params": without_secrets(params), "query": masked(request.query, params),
        "body": masked(request.body, params), "idempotency_key": call.idempotency_key,
        "key": "publishable" if call.publishable else "secret",
        "account": request.headers.get("stripe-account"),
        "version": request.headers.get("stripe-version"),
        "user_agent": request.headers.get("user-agent"), "status": reply.status,
        "replayed": "Idempotent-Replayed" in reply.headers, "error": error.get("message"),
    }
    hub.requests.append(entry)
    hub.journal.append(entry)


def without_secrets(params):
    """Leave out card numbers and the publishable key, as Stripe's own request log does."""
    if isinstance(params, list):
        return [without_secrets(entry) for entry in params]
    if not isinstance(params, dict):
        return params
    return {
        name: "*" * len(value) if name in SECRET_FIELDS and isinstance(value, str)
        else without_secrets(value)
        for name, value in params.items() if name != "key"
    }


def masked(encoded, params):
    """Return a form-encoded text; one with a secret field is left out as a whole."""
    if not encoded or params == without_secrets(params):
        return encoded
    return ""

