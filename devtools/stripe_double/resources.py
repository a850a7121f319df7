"""Customers, payment methods, charges and webhook endpoints."""

from urllib.parse import urlsplit

from . import cards, webhooks
from .errors import invalid_parameter, resource_missing
from .render import page
from .store import token

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def merge_metadata(kept, given):
    """https://docs.stripe.com/api/metadata: an empty value removes the key, '' removes them all."""
    if given is None:
        return {}
    return {name: value for name, value in {**kept, **given}.items() if value != ""}


# === CUSTOMERS: https://docs.stripe.com/api/customers === #

def create_customer(call):
    values = {
        "address": None, "description": None, "email": None, "name": None, "phone": None,
        "shipping": None, **call.params,
    }
    values["metadata"] = merge_metadata({}, values.get("metadata", {}))
    customer = call.store.create(
        "customer", balance=0, currency=None, default_source=None, delinquent=False, **values
    )
    webhooks.emit(call, "customer.created", customer)
    return customer


def retrieve_customer(call, object_id):
    return call.store.get("customer", object_id)


def update_customer(call, object_id):
    customer = call.store.get("customer", object_id)
    if "metadata" in call.params:
        call.params["metadata"] = merge_metadata(customer["metadata"], call.params["metadata"])
    customer.update(call.params)
    webhooks.emit(call, "customer.updated", customer)
    return customer


def list_customer_methods(call, object_id):
    call.store.get("customer", object_id)
    return _page_of_methods(call, object_id, f"/v1/customers/{object_id}/payment_methods")


# === PAYMENT METHODS: https://docs.stripe.com/api/payment_methods === #

def create_method(call):
    return new_method(call.store, call.params)


def new_method(store, params):
    """Add a payment method; the card or account number itself is not kept."""
    details, outcome = cards.describe(params)
    billing = params.get("billing_details") or {}
    address = {
        name: (billing.get("address") or {}).get(name)
        for name in ("city", "country", "line1", "line2", "postal_code", "state")
    }
    return store.create(
        "payment_method", type=params["type"], customer=None, _outcome=outcome,
        billing_details={
            "address": address, **{name: billing.get(name) for name in ("email", "name", "phone")},
        },
        metadata=params.get("metadata") or {}, **{params["type"]: details},
    )


def method_of(store, reference):
    """Return the payment method that a parameter names; a ready-made one is made on the spot."""
    if params := cards.shared_method(reference):
        return new_method(store, params)
    return store.get("payment_method", reference, param="payment_method")


def retrieve_method(call, object_id):
    if object_id in cards.SHARED:
        return method_of(call.store, object_id)
    return call.store.get("payment_method", object_id)


def list_methods(call):
    customer = call.params.get("customer")
    if not customer:
        return page([], {}, "/v1/payment_methods")
    call.store.get("customer", customer, param="customer")
    return _page_of_methods(call, customer, "/v1/payment_methods")


def _page_of_methods(call, customer, url):
    methods = call.store.find("payment_method", customer=customer)
    if wanted := call.params.get("type"):
        methods = [method for method in methods if method["type"] == wanted]
    return page(methods, call.params, url)


# === CHARGES: https://docs.stripe.com/api/charges === #

def retrieve_charge(call, object_id):
    return call.store.get("charge", object_id)


def list_charges(call):
    names = ("customer", "payment_intent")
    criteria = {name: call.params[name] for name in names if name in call.params}
    return page(call.store.find("charge", **criteria), call.params, "/v1/charges")


# === WEBHOOK ENDPOINTS: https://docs.stripe.com/api/webhook_endpoints === #

def create_endpoint(call):
    """Stripe wants a public address; the stand-in sends to this machine and nowhere else."""
    if urlsplit(call.params["url"]).hostname not in LOOPBACK:
        raise invalid_parameter(
            "Invalid URL: the stand-in sends webhooks to this machine only.", "url", "url_invalid"
        )
    secret = f"whsec_{token(32)}"
    return {**new_endpoint(call.store, call.params, secret), "secret": secret}


def new_endpoint(store, params, secret):
    return store.create(
        "webhook_endpoint", url=params["url"], enabled_events=params["enabled_events"],
        api_version=params.get("api_version"), application=None, status="enabled",
        description=params.get("description"), metadata=params.get("metadata") or {},
        _secret=secret,
    )


def check_client_secret(intent, given):
    """Stripe.js proves by the secret that it serves the payer of this intent."""
    if not given or not given.startswith(f"{intent['id']}_secret_"):
        raise resource_missing("payment_intent", intent["id"], param="intent")
    if given != intent["client_secret"]:
        raise invalid_parameter(
            "The client_secret provided does not match the client_secret associated with the "
            "PaymentIntent.", "client_secret", "payment_intent_invalid_parameter",
        )
