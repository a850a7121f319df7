"""The post between Stripe and the practice: what Stripe sends waits here until it is let go.

So a test decides what is lost, doubled and overtaken. Each delivery is signed anew, as Stripe does.
"""

import hashlib
import hmac
import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

from tests.refunds import wait_until

from .clinic import EVENT_SECRET, SECRET

# as `payment_stripe` and the addon set their endpoints up
ODOO_EVENTS = {
    "payment_intent.processing", "payment_intent.amount_capturable_updated",
    "payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.canceled",
    "setup_intent.succeeded", "charge.refunded", "charge.refund.updated",
}
OUR_EVENTS = {
    "payment_intent.succeeded", "payment_intent.amount_capturable_updated",
    "payment_intent.processing", "payment_intent.payment_failed", "payment_intent.canceled",
    "charge.expired", "charge.refunded", "charge.refund.updated", "refund.created",
    "refund.updated", "refund.failed", "charge.dispute.created", "charge.dispute.updated",
    "charge.dispute.funds_withdrawn", "charge.dispute.closed",
}

@dataclass
class Letter:
    """One event on its way."""

    event: str
    type: str
    body: bytes
    was_asked: bool  # by a request of somebody's, as opposed to the bank, the dashboard, the clock


class Post:
    """Takes what the stand-in sends, and delivers it when told to.

    :param Clinic clinic: its stand-in sends everything here from now on
    """

    def __init__(self, clinic):
        self.clinic = clinic
        # Odoo's own endpoint, and the addon's: path, secret, which types it asks for
        self.addresses = [
            ("/payment/stripe/webhook", SECRET, ODOO_EVENTS),
            ("/appointment_payments/stripe/webhook", EVENT_SECRET, OUR_EVENTS),
        ]
        self.letters, self.lock = [], threading.Lock()
        self.seen = {self._get_newest()}  # what was sent before goes elsewhere
        self.http = requests.Session()
        self.http.trust_env = False
        post = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                post.take(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        clinic.double.webhook(f"http://127.0.0.1:{self.server.server_port}/", SECRET)

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def take(self, body):
        event = json.loads(body)
        with self.lock:
            self.letters.append(Letter(
                event["id"], event["type"], body, bool((event.get("request") or {}).get("id"))
            ))
            self.seen.add(event["id"])

    def collect(self):
        """Take out all letters; wait until what Stripe has sent is here."""
        newest = self._get_newest()
        wait_until(lambda: not newest or newest in self.seen)
        with self.lock:
            taken, self.letters = self.letters, []
        return taken

    def put_back(self, letters):
        with self.lock:
            self.letters = [*letters, *self.letters]

    def _get_newest(self):
        """Return the id of the last event; it is sent after all others."""
        events = self.clinic.ask_stripe("events?limit=1")["data"]
        return events[0]["id"] if events else None

    def deliver(self, letter):
        """Send a letter to whom it concerns.

        :return: the answers' status codes; None for a connection that was cut
        """
        statuses = []
        for path, secret, types in self.addresses:
            if letter.type in types:
                statuses.append(self.send(path, secret, letter.body))
        return statuses

    def send(self, path, secret, body):
        """Post a signed body.

        :return: the answer's status code; None for a connection that was cut
        """
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": sign(secret, body),
        }
        try:
            return self.http.post(
                f"{self.clinic.url}{path}", data=body, headers=headers, timeout=60
            ).status_code
        except requests.ConnectionError:
            return None


def sign(secret, body, moment=None):
    """Return the header that Stripe would send: https://docs.stripe.com/webhooks/signature"""
    moment = int(moment or time.time())
    signed = f"{moment}.".encode() + body
    return f"t={moment},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"
