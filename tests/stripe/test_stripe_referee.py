"""The stand-in knows the parameters that Stripe knows, and judges requests as Stripe's own file.

See referee.py. Without Stripe's OpenAPI file beside the repository its tests are skipped and say
so; those with Stripe's Python package always run.
"""

from urllib.parse import urlencode

import pytest
import stripe

from devtools.stripe_double import routes

from . import sdk_types
from .referee import assert_requests_are_stripes, judge, openapi

with_openapi = pytest.mark.skipif(
    not openapi(), reason="Stripe's OpenAPI file is not beside the repository (../shared/stripe)",
)

SHIPPING = {
    "shipping[address][city]": "Brussels", "shipping[address][country]": "BE",
    "shipping[address][line1]": "Huge Street", "shipping[address][line2]": "",
    "shipping[address][postal_code]": "1000", "shipping[address][state]": "",
    "shipping[name]": "Norbert Buyer",
}
# What payment_stripe and the addon send, with the answer of Stripe's file (and so the stand-in's).
# `{customer}` and the like stand for objects that exist.
REQUESTS = [
    ("POST", "customers", {
        "address[city]": "Brussels", "address[country]": "BE", "address[line1]": "Huge Street",
        "address[postal_code]": "1000", "description": "Odoo Partner: Norbert Buyer (id: 7)",
        "email": "norbert@example.com", "name": "Norbert Buyer", "phone": "0032 12 34 56 78",
    }, True),
    ("POST", "customers", {"adress[city]": "x"}, False),
    ("POST", "payment_intents", {
        "amount": 3000, "currency": "eur", "description": "BOOK/0001",
        "capture_method": "automatic", "payment_method_types[]": "card",
        "expand[]": "payment_method", "customer": "{customer}", **SHIPPING,
    }, True),
    ("POST", "payment_intents", {
        "amount": 3000, "currency": "eur", "description": "BOOK/0001", "capture_method": "manual",
        "payment_method_types[]": "card", "expand[]": "payment_method",
        "customer": "{customer}", "setup_future_usage": "off_session",
    }, True),
    ("POST", "payment_intents", {
        "amount": 3000, "currency": "eur", "description": "BOOK/0001",
        "capture_method": "automatic", "payment_method_types[]": "card",
        "expand[]": "payment_method", "confirm": True, "customer": "{customer}",
        "off_session": True, "payment_method": "pm_card_visa",
    }, True),
    ("POST", "payment_intents", {"currency": "eur"}, False),
    ("POST", "payment_intents", {"amount": "30.00", "currency": "eur"}, False),
    ("POST", "payment_intents", {"amount": 3000, "currency": "eur", "bogus": 1}, False),
    ("POST", "payment_intents", {
        "amount": 3000, "currency": "eur", "capture_method": "later"
    }, False),
    ("POST", "payment_intents", {
        "amount": 3000, "currency": "eur", "idempotency_key": "abc"
    }, False),
    ("GET", "payment_intents/{paid}", {"expand[]": "payment_method"}, True),
    ("GET", "payment_intents/{paid}", {"bogus": "1"}, False),
    ("POST", "payment_intents/{held}/capture", {}, True),
    ("POST", "payment_intents/{held}/capture", {"amount_to_capture": 1200}, True),
    ("POST", "payment_intents/{held}/capture", {"amount": 1200}, False),
    ("POST", "payment_intents/{held}/cancel", {}, True),
    ("POST", "payment_intents/{held}/cancel", {"cancellation_reason": "abandoned"}, True),
    ("POST", "payment_intents/{held}/cancel", {"cancellation_reason": "because"}, False),
    ("POST", "refunds", {"payment_intent": "{paid}", "amount": 1000}, True),
    ("POST", "refunds", {"payment_intent": "{paid}", "reason": "requested_by_customer"}, True),
    ("POST", "refunds", {"payment_intent": "{paid}", "reason": "oops"}, False),
    ("GET", "refunds", {"charge": "{charge}", "limit": 100}, True),
    ("GET", "refunds", {"charge": "{charge}", "order": "desc"}, False),
    ("GET", "payment_methods/{method}", {}, True),
    ("GET", "payment_methods", {"customer": "{customer}", "type": "card", "limit": 1}, True),
    ("GET", "customers/{customer}/payment_methods", {}, True),
    ("POST", "webhook_endpoints", {
        "url": "http://127.0.0.1:1/payment/stripe/webhook", "api_version": "2019-05-16",
        "enabled_events[]": ["payment_intent.succeeded", "charge.refunded"],
    }, True),
    ("POST", "webhook_endpoints", {"url": "http://127.0.0.1:1/"}, False),
]


@pytest.fixture
def referee():
    return openapi()


@pytest.fixture
def known(client):
    """Objects for the requests to name."""
    paid, held = client.paid(), client.paid(capture_method="manual")
    customer = client.ok("POST", "customers", {"name": "Norbert Buyer"})
    return {
        "customer": customer["id"], "paid": paid["id"], "held": held["id"],
        "charge": paid["charges"]["data"][0]["id"], "method": paid["payment_method"],
    }


@with_openapi
@pytest.mark.parametrize(("method", "path", "data", "valid"), REQUESTS)
def test_stand_in_and_referee_agree(client, referee, known, method, path, data, valid):
    path = path.format(**known)
    data = {
        name: value.format(**known) if isinstance(value, str) else value
        for name, value in data.items()
    }
    ok, reason = referee.validate_openapi(method, f"/v1/{path}", urlencode(data, doseq=True))
    assert ok is valid, reason
    response = client.send(method, path, data)
    assert response.status_code == (200 if valid else 400), response.text
    if not valid:
        assert response.json()["error"]["type"] == "invalid_request_error"


@with_openapi
@pytest.mark.parametrize(
    ("method", "template", "operation"),
    [(method, template, operation) for method, template, _handler, operation in routes.ROUTES],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_parameter_lists_are_stripes(referee, method, template, operation):
    """Those of the old file and of the newest package together, and none beside."""
    found = referee.find_operation(method, template.replace("{id}", "id"))[0]
    if method == "GET":
        old = {entry["name"] for entry in found["parameters"] if entry["in"] == "query"}
        required = set()
    else:
        schema = found.get("requestBody", {}).get("content", {})[referee.FORM]["schema"]
        old, required = set(schema.get("properties", ())), set(schema.get("required", ()))
    new = sdk_types.names(method, template.replace("{id}", "id"))
    new = old if new is None else new  # Of what the package has not, it says nothing.
    assert set(operation.params) | set(operation.later) == old | new
    assert set(operation.gone) == old - new
    assert required <= set(operation.required)


@with_openapi
@pytest.mark.parametrize("kind", [
    "payment_intent", "charge", "refund", "customer", "payment_method", "webhook_endpoint", "event",
    "setup_intent", "balance", "balance_transaction", "payout", "dispute", "account",
    "account_link", "login_link",
])
def test_objects_have_the_properties_that_stripe_promises(client, referee, known, kind):
    client.ok("POST", "refunds", {"payment_intent": known["paid"], "amount": 1000})
    account = client.ok("POST", "accounts", {"type": "express"})["id"]
    client.double.account(account, onboard=True)
    client.double.clock(advance=3 * 24 * 3600)
    shown = {
        "payment_intent": lambda: client.ok("GET", f"payment_intents/{known['paid']}"),
        "charge": lambda: client.ok("GET", f"charges/{known['charge']}"),
        "refund": lambda: client.ok("GET", "refunds")["data"][0],
        "customer": lambda: client.ok("GET", f"customers/{known['customer']}"),
        "payment_method": lambda: client.ok("GET", f"payment_methods/{known['method']}"),
        "webhook_endpoint": lambda: client.ok("POST", "webhook_endpoints", {
            "url": "http://127.0.0.1:1/", "enabled_events[]": "charge.refunded",
        }),
        "event": lambda: client.double.events()["events"][0],
        "setup_intent": lambda: client.ok("POST", "setup_intents"),
        "balance": lambda: client.ok("GET", "balance"),
        "balance_transaction": lambda: client.ok("GET", "balance_transactions")["data"][0],
        "payout": lambda: client.ok("POST", "payouts", {"amount": 100, "currency": "eur"}),
        "dispute": lambda: client.double.dispute(payment_intent=known["paid"]),
        "account": lambda: client.ok("GET", f"accounts/{account}"),
        "account_link": lambda: client.ok("POST", "account_links", {
            "account": account, "type": "account_onboarding", "return_url": "http://127.0.0.1:1/",
            "refresh_url": "http://127.0.0.1:1/",
        }),
        "login_link": lambda: client.ok("POST", f"accounts/{account}/login_links"),
    }[kind]()
    schema = referee.spec()["components"]["schemas"][kind]
    assert set(schema["required"]) <= set(shown)
    older = {"payment_intent": {"charges"}}.get(kind, set())  # Until 2022-11-15.
    assert set(shown) <= set(schema["properties"]) | older


# === THE PACKAGE'S TYPES === #

NEW = stripe.api_version
SENT = [
    ("POST", "payment_intents", {
        "amount": 3000, "currency": "eur", "capture_method": "manual", "confirm": True,
        "automatic_payment_methods[enabled]": True, "payment_method": "pm_card_visa",
        "automatic_payment_methods[allow_redirects]": "never",
    }, True),
    ("POST", "payment_intents", {
        "amount": 3000, "currency": "eur", "allowed_payment_method_types[]": "card",
    }, True),
    ("POST", "payment_intents", {
        "amount": 3000, "currency": "eur", "payment_method_types[]": "card",
    }, False),
    ("POST", "payment_intents", {"amount": "many", "currency": "eur"}, False),
    ("POST", "payment_intents/{held}/capture", {"amount_to_capture": 1200}, True),
    ("POST", "payment_intents/{held}/capture", {"amount": 1200}, False),
    ("POST", "payment_intents/{held}/cancel", {"cancellation_reason": "because"}, False),
    ("POST", "refunds", {"payment_intent": "{paid}", "metadata[reference]": "R1"}, True),
    ("POST", "refunds", {"payment_intent": "{paid}", "reason": "oops"}, False),
    ("GET", "refunds", {"payment_intent": "{paid}", "limit": 100}, True),
    ("GET", "refunds", {"payment_intent": "{paid}", "order": "desc"}, False),
    ("GET", "events", {"types[]": ["charge.refunded"], "created[gte]": 5}, True),
    ("GET", "events", {"created[since]": 5}, False),
    ("POST", "accounts", {
        "controller[stripe_dashboard][type]": "express", "email": "anna@example.com",
        "capabilities[card_payments][requested]": True,
    }, True),
    ("POST", "accounts", {"controller[stripe_dashboard][type]": "large"}, False),
    ("POST", "account_links", {
        "account": "{account}", "type": "account_onboarding", "return_url": "http://127.0.0.1:1/",
        "refresh_url": "http://127.0.0.1:1/",
    }, True),
    ("POST", "account_links", {"account": "{account}", "type": "onboarding"}, False),
    ("POST", "webhook_endpoints", {
        "url": "http://127.0.0.1:1/", "enabled_events[]": ["account.updated"], "connect": True,
    }, True),
    ("POST", "setup_intents", {"customer": "{customer}", "usage": "off_session"}, True),
    ("POST", "setup_intents", {"customer": "{customer}", "usage": "always"}, False),
    ("GET", "balance", {}, True),
    ("GET", "balance", {"currency": "eur"}, False),
]


@pytest.mark.parametrize(("method", "path", "data", "valid"), SENT)
def test_stand_in_and_package_agree(client, known, method, path, data, valid):
    known["account"] = client.ok("POST", "accounts", {"type": "express"})["id"]
    data = {
        name: value.format(**known) if isinstance(value, str) else value
        for name, value in data.items()
    }
    response = client.send(method, path.format(**known), data, Stripe_Version=NEW)
    assert response.status_code == (200 if valid else 400), response.text
    wrong = judge(client.double.requests()[-1])
    assert (not wrong) is valid, wrong


def test_what_the_package_sends_passes_and_what_it_would_not_is_found(running_double, double):
    client = stripe.StripeClient(double.secret_key, base_addresses={"api": double.url})
    intent = client.v1.payment_intents.create({
        "amount": 3000, "currency": "eur", "confirm": True, "payment_method": "pm_card_visa",
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        "expand": ["latest_charge.balance_transaction"],
    }, {"idempotency_key": "k1"})
    assert intent.latest_charge.balance_transaction.net == 2930
    assert assert_requests_are_stripes(double) >= 1
    entry = double.requests()[-1]
    assert not judge(entry)
    assert "bogus" in judge({**entry, "params": {**entry["params"], "bogus": "1"}})
