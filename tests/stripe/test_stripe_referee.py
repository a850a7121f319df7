"""The stand-in knows the parameters that Stripe knows, and judges requests as Stripe's own file.

The referee is a folder beside this repository with Stripe's OpenAPI file; where it is not, these
tests are skipped and say so.
"""

import importlib.util
import pathlib
from urllib.parse import urlencode

import pytest

from devtools.stripe_double import api

REFEREE = pathlib.Path(__file__).parents[3] / "shared" / "stripe"
pytestmark = [
    pytest.mark.skipif(
        not (REFEREE / "validate.py").exists(),
        reason="Stripe's OpenAPI file is not beside the repository (../shared/stripe)",
    ),
    pytest.mark.skipif(
        not importlib.util.find_spec("openapi_schema_validator"),
        reason="pip install openapi-schema-validator to compare with Stripe's OpenAPI file",
    ),
]

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
# Stripe's paths name the id after the object.
ID_NAMES = {
    "customers": "customer", "payment_intents": "intent", "payment_methods": "payment_method",
    "charges": "charge", "refunds": "refund", "webhook_endpoints": "webhook_endpoint",
}


@pytest.fixture(scope="module")
def referee():
    found = importlib.util.spec_from_file_location("validate", REFEREE / "validate.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.fixture
def known(client):
    """Objects for the requests to name."""
    paid, held = client.paid(), client.paid(capture_method="manual")
    customer = client.ok("POST", "customers", {"name": "Norbert Buyer"})
    return {
        "customer": customer["id"], "paid": paid["id"], "held": held["id"],
        "charge": paid["charges"]["data"][0]["id"], "method": paid["payment_method"],
    }


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


@pytest.mark.parametrize(
    ("method", "template", "operation"),
    [(method, template, operation) for method, template, _handler, operation in api.ROUTES],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_parameter_lists_are_stripes(referee, method, template, operation):
    collection = template.split("/")[2]
    path = template.replace("{id}", f"{{{ID_NAMES[collection]}}}")
    found = referee.spec()["paths"][path][method.lower()]
    if method == "GET":
        names = {entry["name"] for entry in found["parameters"] if entry["in"] == "query"}
        required = set()
    else:
        schema = found["requestBody"]["content"][referee.FORM]["schema"]
        names, required = set(schema.get("properties", ())), set(schema.get("required", ()))
    assert set(operation.params) | set(operation.later) == names
    assert required <= set(operation.required)


@pytest.mark.parametrize("kind", ["payment_intent", "charge", "refund", "customer",
                                  "payment_method", "webhook_endpoint", "event"])
def test_objects_have_the_properties_that_stripe_promises(client, referee, known, kind):
    client.ok("POST", "refunds", {"payment_intent": known["paid"], "amount": 1000})
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
    }[kind]()
    schema = referee.spec()["components"]["schemas"][kind]
    assert set(schema["required"]) <= set(shown)
    older = {"payment_intent": {"charges"}}.get(kind, set())  # Until 2022-11-15.
    assert set(shown) <= set(schema["properties"]) | older
