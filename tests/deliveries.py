"""What Stripe sends, signed as it signs, and what became of it; for storms of deliveries."""

import hashlib
import hmac
import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import requests

from tests.refunds import wait_until

OWN_ROUTE = "/appointment_payments/stripe/webhook"
STOCK_ROUTE = "/payment/stripe/webhook"


def sign(body, secret, at=None):
    """Return the `Stripe-Signature` of a body."""
    at = int(time.time() if at is None else at)
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


@dataclass
class Delivered:
    """The answers to deliveries.

    :ivar list statuses: of HTTP
    :ivar list seconds: how long each took
    """

    statuses: list
    seconds: list

    def percentile(self, percent):
        """Return the seconds within which so many per cent were answered."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]

    def __str__(self):
        figures = ", ".join(f"p{p} {self.percentile(p) * 1000:.0f} ms" for p in (50, 99))
        return f"{len(self.statuses)} deliveries: {figures}, max {max(self.seconds) * 1000:.0f} ms"


def deliver(url, events, secret, clients=8):
    """Deliver events, each as often as it is in the list, in this order over some clients.

    :param str url: of the endpoint
    :param list events: as Stripe has them
    :param str secret: of the endpoint
    :param int clients: how many deliver at once
    :rtype: Delivered
    """
    sessions = [requests.Session() for _number in range(clients)]
    for session in sessions:
        session.trust_env = False

    def send(session, share):
        answers = []
        for event in share:
            body = json.dumps(event).encode()
            headers = {"Stripe-Signature": sign(body, secret), "Content-Type": "application/json"}
            begun = time.monotonic()
            answer = session.post(url, data=body, headers=headers, timeout=60)
            answers.append((answer.status_code, time.monotonic() - begun))
        return answers

    shares = [events[number::clients] for number in range(clients)]
    with ThreadPoolExecutor(clients) as pool:
        answers = [answer for share in pool.map(send, sessions, shares) for answer in share]
    statuses, seconds = zip(*answers, strict=True)
    return Delivered(list(statuses), list(seconds))


def stored(practice, *columns):
    """Return columns of the stored events, oldest first."""
    return practice.query(
        f"SELECT {', '.join(columns)} FROM appointment_payment_stripe_event ORDER BY id"
    )


def wait_for_events(practice):
    """Wait until what has been stored was processed, or at least tried."""
    wait_until(lambda: not practice.query(
        "SELECT 1 FROM appointment_payment_stripe_event WHERE state = 'received'"
    ))


def make_events_due(practice):
    """Let time pass until the next attempt."""
    practice.query(
        "UPDATE appointment_payment_stripe_event SET next_attempt_at = now() AT TIME ZONE 'UTC'"
        " - interval '1 second' WHERE next_attempt_at IS NOT NULL"
    )


def settle_webhooks(double, practice):
    """Wait until every webhook has been answered, and what it says was taken over."""
    def answered():
        events = double.events()
        delivered = Counter(row["event"] for row in events["deliveries"])
        return not events["waiting"] and all(
            delivered[event["id"]] >= event["pending_webhooks"] for event in events["events"]
        )
    wait_until(answered)
    wait_for_events(practice)
