"""The stand-in for Stripe, and a client that sends what Odoo's `payment_stripe` sends."""

import threading

import pytest
import requests

from devtools.stripe_double.process import StripeDouble

from .inbox import Inbox
from .referee import TEST_AGENT, assert_requests_are_stripes

API_VERSION = "2019-05-16"  # payment_stripe's
RETURN_URL = "http://127.0.0.1:8069/payment/stripe/return?reference=BOOK%2F0001"


class Client:
    """The API over HTTP, form-encoded; parameters travel in the body, those of a GET too."""

    def __init__(self, double):
        self.double = double
        self.session = requests.Session()
        self.session.trust_env = False

    def send(self, method, path, data=None, *, key=None, idempotency_key=None, **headers):
        headers = {
            "AUTHORIZATION": f"Bearer {key or self.double.secret_key}",
            "Stripe-Version": API_VERSION, "User-Agent": TEST_AGENT,
            **({"Idempotency-Key": idempotency_key} if idempotency_key else {}),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return self.session.request(
            method, f"{self.double.url}/v1/{path}", data=data, headers=headers, timeout=10
        )

    def get(self, path, data=None, **kwargs):
        return self.send("GET", path, data, **kwargs)

    def post(self, path, data=None, **kwargs):
        return self.send("POST", path, data, **kwargs)

    def ok(self, method, path, data=None, **kwargs):
        """Return the object; the request must succeed."""
        response = self.send(method, path, data, **kwargs)
        assert response.status_code == 200, response.text
        return response.json()

    def refused(self, method, path, data=None, *, status=400, **kwargs):
        """Return the error; the request must be refused with the status."""
        response = self.send(method, path, data, **kwargs)
        assert response.status_code == status, response.text
        return response.json()["error"]

    def intent(self, amount=3000, currency="eur", *, Stripe_Account=None, **values):
        headers = {"Stripe_Account": Stripe_Account} if Stripe_Account else {}
        data = {
            "amount": amount, "currency": currency, "description": "BOOK/0001",
            "capture_method": "automatic", "payment_method_types[]": "card",
            "expand[]": "payment_method", **values,
        }
        return self.ok("POST", "payment_intents", data, **headers)

    def paid(self, amount=3000, currency="eur", method="pm_card_visa", **values):
        intent = self.intent(amount, currency, **values)
        headers = {name: values[name] for name in ("Stripe_Account",) if name in values}
        return self.ok("POST", f"payment_intents/{intent['id']}/confirm", {
            "payment_method": method,
        }, **headers)

    def browser_confirm(self, intent, number, **values):
        """Confirm as Stripe.js does: with the publishable key and the client secret."""
        card = "payment_method_data[card]"
        data = {
            "client_secret": intent["client_secret"], "return_url": RETURN_URL,
            "payment_method_data[type]": "card", f"{card}[number]": number,
            f"{card}[exp_month]": "12", f"{card}[exp_year]": "40", f"{card}[cvc]": "123",
            **values,
        }
        key = self.double.publishable_key
        return self.post(f"payment_intents/{intent['id']}/confirm", data, key=key)

    def ledger_row(self, intent):
        rows = self.double.ledger()["intents"]
        return next(row for row in rows if row["id"] == intent["id"])


@pytest.fixture(scope="session")
def running_double():
    with StripeDouble() as double:
        yield double
        assert_requests_are_stripes(double)


@pytest.fixture(scope="session")
def open_practice(make_practice, running_double):
    """Return a function that opens a practice, on a server of its own, that is paid by card.

    `open_practice(secret, **keys)`: of Stripe's endpoint; more values of the provider. The page's
    poll, the payer's return, webhooks and runners meet there on one transaction, and Odoo repeats.
    """

    def open_it(secret, **keys):
        practice = make_practice(
            "stripe", {**running_double.keys, "stripe_webhook_secret": secret, **keys},
            options=["--max-cron-threads=0"], environment=running_double.environment,
        )
        practice.server.allow_log(r"Received HTTP (400|402|409|500|503)")
        return practice

    return open_it


@pytest.fixture
def double(running_double):
    running_double.reset()
    return running_double


@pytest.fixture
def client(double):
    return Client(double)


@pytest.fixture
def inbox():
    """Return a place for webhooks to arrive."""
    server = Inbox()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()
