"""A Stripe account that a test fills, and deliveries signed as Stripe signs them."""

import hashlib
import hmac
import itertools
import json
import time
from unittest.mock import patch
from urllib.parse import urlsplit

import requests

from .test_stripe_seams import REQUEST, StripeSeamsCase

OWN_ROUTE = "/appointment_payments/stripe/webhook"
STOCK_ROUTE = "/payment/stripe/webhook"
OWN_SECRET = "whsec_of_our_endpoint"
STOCK_SECRET = "whsec_of_the_stock_endpoint"
_numbers = itertools.count(1)


def sign(body, *secrets, at=None):
    """Return the `Stripe-Signature` of a body, with one signature for each secret.

    :param bytes body: what is signed
    :param float at: seconds since 1970; now by default
    """
    at = int(time.time() if at is None else at)
    digests = [
        hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        for secret in secrets
    ]
    return ",".join([f"t={at}", *(f"v1={digest}" for digest in digests)])


def make_event(kind, subject, **values):
    """Return an event of Stripe about an object."""
    return {
        "id": f"evt_{next(_numbers)}",
        "object": "event",
        "type": kind,
        "livemode": False,
        "data": {"object": subject},
        **values,
    }


class StripeAccount:
    """Answers what Odoo fetches from the objects that a test has put there."""

    def __init__(self):
        self.intents, self.refunds, self.disputes = {}, {}, {}
        self.calls = []
        self.failure = None  # a status code or an exception, for everything

    def __call__(self, method, url, **_kwargs):
        path = urlsplit(url).path.removeprefix("/v1/")
        self.calls.append((method, path))
        if isinstance(self.failure, Exception):
            raise self.failure
        name, _slash, object_id = path.partition("/")
        objects = {
            "payment_intents": self.intents,
            "refunds": self.refunds,
            "disputes": self.disputes,
        }[name]
        found = objects.get(object_id) if object_id else objects
        response = requests.Response()
        response.status_code = self.failure or (404 if found is None else 200)
        body = {"error": {"message": "No."}} if response.status_code != 200 else found
        if body is self.refunds:
            body = {"data": list(self.refunds.values()), "has_more": False}
        response._content = json.dumps(body).encode()
        return response

    def session(self, method, url, **kwargs):
        """For Stripe's own package."""
        return self(method, url, **kwargs)

    def put_intent(self, transaction, status="succeeded", captured=None, **values):
        """Have Stripe know the payment intent of a transaction."""
        amount = round(transaction.amount * 100)
        captured = amount if captured is None else captured
        intent = {
            "id": f"pi_{transaction.id}",
            "object": "payment_intent",
            "description": transaction.reference,
            "amount": amount,
            "currency": transaction.currency_id.name.lower(),
            "livemode": False,
            "status": status,
            "client_secret": "pi_secret_never_kept",
            "payment_method": None,
            **values,
        }
        is_captured = status == "succeeded"
        charge = {
            "id": f"ch_{transaction.id}",
            "object": "charge",
            "payment_intent": intent["id"],
            "description": transaction.reference,
            "status": "succeeded",
            "captured": is_captured,
            "amount": amount,
            "amount_captured": captured if is_captured else 0,
        }
        intent["charges"] = {"data": [charge]}
        self.intents[intent["id"]] = intent
        return intent

    def put_refund(self, intent, amount, status="succeeded", reference=None, **values):
        """Have Stripe know a refund of an intent, in minor units."""
        number = next(_numbers)
        refund = {
            "id": f"re_{number}",
            "object": "refund",
            "payment_intent": intent["id"],
            "amount": amount,
            "currency": intent["currency"],
            "status": status,
            "created": number,
            "metadata": {"reference": reference} if reference else {},
            **values,
        }
        self.refunds[refund["id"]] = refund
        return refund

    def put_dispute(self, intent, status="needs_response", **values):
        """Have Stripe know a dispute of an intent."""
        dispute = {
            "id": f"du_{next(_numbers)}",
            "object": "dispute",
            "payment_intent": intent["id"],
            "charge": intent["charges"]["data"][0]["id"],
            "amount": intent["amount"],
            "currency": intent["currency"],
            "status": status,
            "reason": "fraudulent",
            "evidence_details": {"due_by": 1796000000},
            "is_charge_refundable": False,
            **values,
        }
        self.disputes[dispute["id"]] = dispute
        return dispute


class StripeEventsCase(StripeSeamsCase):
    """Events that were signed, stored and are to be processed."""

    def setUp(self):
        super().setUp()
        self.account = StripeAccount()
        self.startPatcher(patch(REQUEST, self.account))
        self.startPatcher(patch("requests.Session.request", self.account.session))
        self.booking = self._book()
        self.payment = self._start(self.booking)

    def _receive(self, kind, subject, **values):
        """Store what Stripe says, as the controller does once the signature is right."""
        from ..rules import stripe_webhook

        hint = stripe_webhook.read_hint(make_event(kind, subject, **values))
        events = self.env["appointment.payment.stripe.event"]
        payment = self.env["payment.transaction"]._stripe_find(hint.references, hint.intent_ref)
        return events._receive(self.stripe, hint, payment)

    def _run(self, events):
        """Process events, as is done once Stripe has its answer."""
        self.env.flush_all()
        with self.enter_registry_test_mode():
            events._run()
        self.env.invalidate_all()

    def _hear(self, kind, subject, **values):
        """Receive and process; returns the event."""
        event = self._receive(kind, subject, **values)
        self._run(event)
        return event

    def _pay_at_stripe(self, **values):
        """Pay and post-process; returns the payment intent."""
        intent = self.account.put_intent(self.payment, **values)
        self._hear("payment_intent.succeeded", intent)
        self.payment._post_process()
        return intent

    def _summaries(self, booking=None):
        return (booking or self.booking).activity_ids.mapped("summary")
