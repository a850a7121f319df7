"""Events, and the endpoints that they are meant for.

https://docs.stripe.com/api/events and https://docs.stripe.com/connect/webhooks
"""

import json

from .render import DEFAULT_VERSION, render


def emit(call, event_type, record):
    """Store an event about the object as it is now, and queue it for the endpoints.

    Events of a connected account carry `account` and go to the platform's endpoints for Connect,
    and to the account's own.

    :param call: What caused it; without a request id for the dashboard, the bank and the clock.
    """
    store = call.store
    origin = {} if store.is_platform else {"account": store.account_id}
    endpoints = [
        endpoint for endpoint in _endpoints(store)
        if endpoint["status"] == "enabled" and {"*", event_type} & set(endpoint["enabled_events"])
    ]
    event = store.create(
        "event", api_version=DEFAULT_VERSION, type=event_type, **origin,
        data={"object": render(store, record)}, pending_webhooks=len(endpoints),
        request={"id": call.request_id, "idempotency_key": call.idempotency_key},
    )
    for endpoint in endpoints:
        version = endpoint["api_version"] or DEFAULT_VERSION
        payload = {
            **event, "api_version": version, "data": {"object": render(store, record, version)},
        }
        _send(store.hub, Delivery(event, endpoint, payload))


def _send(hub, delivery):
    hub.sent[delivery.key] = delivery
    hub.outbox.append(delivery)


def _endpoints(store):
    platform = store.hub.platform.find("webhook_endpoint")
    if store.is_platform:
        return [endpoint for endpoint in platform if not endpoint["_connect"]]
    return [
        *(endpoint for endpoint in platform if endpoint["_connect"]),
        *store.find("webhook_endpoint"),
    ]


class Delivery:
    """One event on its way to one endpoint."""

    def __init__(self, event, endpoint, payload):
        self.event = event
        self.endpoint = endpoint
        self.payload = json.dumps(payload, indent=2)
        self.signed = "right"  # right | forged | unsigned | aged, see deliveries.py
        self.seconds = 0

    @property
    def key(self):
        return (self.event["id"], self.endpoint["id"])


def redeliver(store, event):
    """Queue an event again, as it was, for the endpoints that are there now.

    :return: How many there are.
    """
    endpoints = [
        endpoint for endpoint in _endpoints(store)
        if {"*", event["type"]} & set(endpoint["enabled_events"])
    ]
    for endpoint in endpoints:
        before = store.hub.sent.get((event["id"], endpoint["id"]))
        delivery = Delivery(event, endpoint, event)
        if before:  # In the version of the endpoint.
            delivery.payload = before.payload
        _send(store.hub, delivery)
    return len(endpoints)
