"""Webhooks on their way: signed as Stripe signs them, and what goes wrong with them on command.

    drop       it is never sent
    double     it is sent twice
    delay      it is sent `seconds` later; without seconds it waits for the control `release`
    reorder    `times` of them are gathered and sent last one first
    forged     its signature is of another secret
    unsigned   it has no signature
    aged       its signature is `seconds` old

https://docs.stripe.com/webhooks/signature
"""

import copy
import dataclasses
import hashlib
import hmac
import http.client
import queue
import threading
import time
import urllib.error
import urllib.request

from .errors import invalid_parameter

TIMEOUT = 20  # Seconds.
KINDS = ("drop", "double", "delay", "reorder", "forged", "unsigned", "aged")
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # Never through a proxy.


def signature(secrets, payload, timestamp):
    """Return the `Stripe-Signature` header of a payload: one v1 for each secret.

    While a secret is being rolled there are two: https://docs.stripe.com/webhooks#roll-endpoint-secrets
    """
    signed = f"{timestamp}.{payload}".encode()
    digests = (hmac.new(key.encode(), signed, hashlib.sha256).hexdigest() for key in secrets)
    return ",".join([f"t={timestamp}", *(f"v1={digest}" for digest in digests)])


@dataclasses.dataclass
class DeliveryFault:
    kind: str
    events: tuple  # Types; empty for every one.
    times: int
    seconds: float = None
    gathered: list = dataclasses.field(default_factory=list)

    def concerns(self, delivery):
        return not self.events or delivery.event["type"] in self.events


def order(hub, params):
    """Add what a test orders.

    :param dict params: kind, events (all), times (1), seconds
    """
    if params.get("kind") not in KINDS:
        raise invalid_parameter(f"kind is one of {', '.join(KINDS)}", "kind")
    seconds = params.get("seconds")
    hub.delivery_faults.append(DeliveryFault(
        params["kind"], tuple(params.get("events") or ()), int(params.get("times", 1)),
        None if seconds is None else float(seconds),
    ))


def release(hub):
    """Put what is held back into the outbox, gathered ones last one first.

    :return: How many there were.
    """
    waiting = list(hub.held)
    for fault in hub.delivery_faults:
        waiting += reversed(fault.gathered)
        fault.gathered = []
    hub.held = []
    hub.outbox += waiting
    for delivery in waiting:
        delivery.seconds = -1  # No fault delays it again.
    return len(waiting)


def retry(hub):
    """Put what did not arrive into the outbox again, as Stripe does for three days.

    :return: How many there were.
    """
    again = [again_of(hub.sent[key]) for key in sorted(hub.undelivered)]
    hub.outbox += again
    return len(again)


def again_of(delivery):
    """Return the delivery with the same bytes, and a signature of its own time."""
    again = copy.copy(delivery)
    again.signed, again.seconds = "right", -1
    return again


class Deliverer:
    """Sends what is in the outbox, one after the other, once each.

    It starts when the answer to the causing request is out; Stripe gives no order of the two, but a
    test wants the same one every time.
    """

    def __init__(self, hub):
        self.hub = hub
        self.queue = queue.Queue()
        threading.Thread(target=self._run, name="webhooks", daemon=True).start()

    def flush(self):
        """Hand the outbox over to the sending thread, after what goes wrong on the way."""
        with self.hub.lock:
            waiting, self.hub.outbox = self.hub.outbox, []
            sent = [copy for delivery in waiting for copy in self._spoil(delivery)]
        for delivery in sent:
            self.queue.put(delivery)

    def _spoil(self, delivery):
        """Return the deliveries that leave now in place of this one."""
        fault = None if delivery.seconds < 0 else self._take(delivery)
        if not fault:
            return [delivery]
        if fault.kind == "drop":
            self._note(delivery, {"status": None, "error": "dropped"})
            return []
        if fault.kind == "double":
            return [delivery, delivery]
        if fault.kind == "delay":
            return self._delay(delivery, fault.seconds)
        if fault.kind == "reorder":
            fault.gathered.append(delivery)
            return [] if fault.times else fault.gathered[::-1]
        delivery.signed, delivery.seconds = fault.kind, fault.seconds or 0
        return [delivery]

    def _take(self, delivery):
        for fault in self.hub.delivery_faults:
            if fault.times and fault.concerns(delivery):
                fault.times -= 1
                return fault
        return None

    def _delay(self, delivery, seconds):
        if seconds is None:
            self.hub.held.append(delivery)
        else:
            timer = threading.Timer(seconds, self.queue.put, [delivery])
            timer.daemon = True
            timer.start()
        return []

    def _run(self):
        while True:
            delivery = self.queue.get()
            result = self._send(delivery)
            with self.hub.lock:
                self._note(delivery, result)

    def _note(self, delivery, result):
        if result["status"] and result["status"] < 300:
            self.hub.undelivered.discard(delivery.key)
        else:
            self.hub.undelivered.add(delivery.key)
        self.hub.deliveries.append({
            "event": delivery.event["id"], "type": delivery.event["type"],
            "endpoint": delivery.endpoint["id"], "url": delivery.endpoint["url"],
            "at": time.time(), **result,
        })

    def _send(self, delivery):
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (stand-in)", **self._signature(delivery),
        }
        request = urllib.request.Request(
            delivery.endpoint["url"], data=delivery.payload.encode(), headers=headers, method="POST"
        )
        try:
            with _opener.open(request, timeout=TIMEOUT) as response:
                return {"status": response.status, "error": None}
        except urllib.error.HTTPError as error:
            return {"status": error.code, "error": str(error)}
        except (OSError, http.client.HTTPException) as error:
            return {"status": None, "error": str(error)}

    def _signature(self, delivery):
        if delivery.signed == "unsigned":
            return {}
        secrets = delivery.endpoint["_secrets"]
        age = delivery.seconds if delivery.signed == "aged" else 0
        if delivery.signed == "forged":
            secrets = [f"{secret}_forged" for secret in secrets]
        header = signature(secrets, delivery.payload, int(self.hub.now() - age))
        return {"Stripe-Signature": header}
