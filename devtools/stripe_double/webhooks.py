"""Events, signed as Stripe signs them and sent to the endpoints that asked for them.

https://docs.stripe.com/webhooks/signature
"""

import hashlib
import hmac
import http.client
import json
import queue
import threading
import time
import urllib.error
import urllib.request

from .render import DEFAULT_VERSION, render

TIMEOUT = 20  # seconds
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # Never through a proxy.


def signature(secret, payload, timestamp):
    """Return the `Stripe-Signature` header of a payload."""
    signed = f"{timestamp}.{payload}".encode()
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def emit(call, event_type, record):
    """Store an event about the object as it is now, and queue it for the endpoints.

    :param call: The request that caused it, or None for a control.
    """
    store = call.store
    endpoints = [
        endpoint for endpoint in store.find("webhook_endpoint")
        if {"*", event_type} & set(endpoint["enabled_events"])
    ]
    event = store.create(
        "event", api_version=DEFAULT_VERSION, type=event_type,
        data={"object": render(store, record)}, pending_webhooks=len(endpoints),
        request={"id": call.request_id, "idempotency_key": call.idempotency_key},
    )
    for endpoint in endpoints:
        version = endpoint["api_version"] or DEFAULT_VERSION
        payload = {
            **event, "api_version": version, "data": {"object": render(store, record, version)},
        }
        store.outbox.append((event["id"], endpoint, json.dumps(payload, indent=2)))


class Deliverer:
    """Sends what is in the outbox, one after the other, once each.

    It starts when the answer to the causing request is out; Stripe gives no order of the two, but a
    test wants the same one every time.
    """

    def __init__(self, store):
        self.store = store
        self.queue = queue.Queue()
        threading.Thread(target=self._run, name="webhooks", daemon=True).start()

    def flush(self):
        """Hand the outbox over to the sending thread."""
        with self.store.lock:
            waiting, self.store.outbox = self.store.outbox, []
        for delivery in waiting:
            self.queue.put(delivery)

    def _run(self):
        while True:
            event_id, endpoint, payload = self.queue.get()
            result = self._send(endpoint, payload)
            with self.store.lock:
                self.store.deliveries.append({
                    "event": event_id, "endpoint": endpoint["id"], "url": endpoint["url"],
                    "at": time.time(), **result,
                })

    @staticmethod
    def _send(endpoint, payload):
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (stand-in)",
            "Stripe-Signature": signature(endpoint["_secret"], payload, int(time.time())),
        }
        request = urllib.request.Request(
            endpoint["url"], data=payload.encode(), headers=headers, method="POST"
        )
        try:
            with _opener.open(request, timeout=TIMEOUT) as response:
                return {"status": response.status, "error": None}
        except urllib.error.HTTPError as error:
            return {"status": error.code, "error": str(error)}
        except (OSError, http.client.HTTPException) as error:
            return {"status": None, "error": str(error)}
