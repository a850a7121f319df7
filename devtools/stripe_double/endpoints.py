"""Webhook endpoints and events: https://docs.stripe.com/api/webhook_endpoints, .../events"""

from urllib.parse import urlsplit

from .errors import invalid_parameter
from .render import page
from .resources import LOOPBACK, merge_metadata
from .store import token


def create(call):
    """The secret is shown once, in this answer."""
    check_url(call.params["url"])
    secret = f"whsec_{token(32)}"
    return {**add(call.store, call.params, secret), "secret": secret}


def check_url(url):
    """Stripe wants a public address; the stand-in sends to this machine and nowhere else."""
    if urlsplit(url).hostname not in LOOPBACK:
        raise invalid_parameter(
            "Invalid URL: the stand-in sends webhooks to this machine only.", "url", "url_invalid"
        )


def add(store, params, secret):
    return store.create(
        "webhook_endpoint", url=params["url"], enabled_events=params["enabled_events"],
        api_version=params.get("api_version"), application=None, status="enabled",
        description=params.get("description"), metadata=params.get("metadata") or {},
        _secrets=[secret], _connect=bool(params.get("connect")),
    )


def retrieve(call, object_id):
    return call.store.get("webhook_endpoint", object_id)


def list_endpoints(call):
    return page(call.store.find("webhook_endpoint"), call.params, "/v1/webhook_endpoints")


def update(call, object_id):
    endpoint = call.store.get("webhook_endpoint", object_id)
    params = dict(call.params)
    if "url" in params:
        check_url(params["url"])
    if "metadata" in params:
        params["metadata"] = merge_metadata(endpoint["metadata"], params["metadata"])
    if "disabled" in params:
        endpoint["status"] = "disabled" if params.pop("disabled") else "enabled"
    endpoint.update(params)
    return endpoint


def delete(call, object_id):
    call.store.get("webhook_endpoint", object_id)
    del call.store.objects["webhook_endpoint"][object_id]
    return {"id": object_id, "object": "webhook_endpoint", "deleted": True}


def roll(endpoint, secret, valid):
    """Roll the secret: for a while both sign, `valid` says where the new one stands."""
    old = endpoint["_secrets"][0]
    endpoint["_secrets"] = [secret, old] if valid == "first" else [old, secret]


# === EVENTS === #

def retrieve_event(call, object_id):
    return call.store.get("event", object_id)


def list_events(call):
    wanted = call.params.get("types") or [call.params.get("type") or "*"]
    return page([
        event for event in call.store.find("event")
        if any(_matches(event["type"], pattern) for pattern in wanted)
        and _was_delivered(call, event) in (call.params.get("delivery_success"), None)
    ], call.params, "/v1/events")


def _matches(event_type, pattern):
    """`charge.*` stands for every event of charges."""
    return pattern in ("*", event_type) or (
        pattern.endswith(".*") and event_type.startswith(pattern[:-1])
    )


def _was_delivered(call, event):
    """Return whether every endpoint has got the event; None when nobody asks."""
    if "delivery_success" not in call.params:
        return None
    fine = [
        row for row in call.store.hub.deliveries
        if row["event"] == event["id"] and row["status"] and row["status"] < 300
    ]
    return len(fine) >= event["pending_webhooks"]
