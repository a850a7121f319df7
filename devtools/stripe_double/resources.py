"""Customers, payment methods and charges."""

from . import cards, webhooks
from .errors import invalid_parameter, invalid_request, resource_missing
from .render import page

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


def list_customers(call):
    criteria = {"email": call.params["email"]} if "email" in call.params else {}
    return page(call.store.find("customer", **criteria), call.params, "/v1/customers")


def delete_customer(call, object_id):
    call.store.get("customer", object_id)
    for method in call.store.find("payment_method", customer=object_id):
        method["customer"] = None
    webhooks.emit(call, "customer.deleted", call.store.objects["customer"].pop(object_id))
    return {"id": object_id, "object": "customer", "deleted": True}


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
        "payment_method", type=params["type"], customer=None, _outcome=outcome, _set_up=False,
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


def attach_method(call, object_id):
    method = retrieve_method(call, object_id)
    call.store.get("customer", call.params["customer"], param="customer")
    if method["customer"]:
        raise invalid_request(
            "The payment method you provided has already been attached to a customer.",
            param="payment_method",
        )
    method.update(customer=call.params["customer"], _set_up=True)
    webhooks.emit(call, "payment_method.attached", method)
    return method


def detach_method(call, object_id):
    method = call.store.get("payment_method", object_id)
    if not method["customer"]:
        raise invalid_request(
            "The payment method you provided is not attached to a customer so detachment is "
            "impossible.", param="payment_method",
        )
    method["customer"] = None
    webhooks.emit(call, "payment_method.detached", method)
    return method


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


def update_charge(call, object_id):
    charge = call.store.get("charge", object_id)
    if "metadata" in call.params:
        call.params["metadata"] = merge_metadata(charge["metadata"], call.params["metadata"])
    charge.update(call.params)
    webhooks.emit(call, "charge.updated", charge)
    return charge


def list_charges(call):
    names = ("customer", "payment_intent")
    criteria = {name: call.params[name] for name in names if name in call.params}
    return page(call.store.find("charge", **criteria), call.params, "/v1/charges")


# === CLIENT SECRETS === #

def check_client_secret(intent, given):
    """Stripe.js proves by the secret that it serves the payer of this intent."""
    if not given or not given.startswith(f"{intent['id']}_secret_"):
        raise resource_missing(intent["object"], intent["id"], param="intent")
    if given != intent["client_secret"]:
        label = intent["object"].title().replace("_", "")
        raise invalid_parameter(
            f"The client_secret provided does not match the client_secret associated with the "
            f"{label}.", "client_secret", f"{intent['object']}_invalid_parameter",
        )
