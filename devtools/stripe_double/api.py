"""The API's front door: key, version, idempotency, route, parameters, answer."""

import copy
import dataclasses
import json
import re
import time
import traceback

from . import checks, errors, faults, forms, payment_intents, refunds, resources, schemas
from .call import Call
from .render import DEFAULT_VERSION, expand, render
from .store import token

# Method, path, handler, parameters; a handler takes the call and the ids of the path.
ROUTES = [
    ("POST", "/v1/customers", resources.create_customer, schemas.CUSTOMER_CREATE),
    ("GET", "/v1/customers/{id}", resources.retrieve_customer, schemas.RETRIEVE),
    ("POST", "/v1/customers/{id}", resources.update_customer, schemas.CUSTOMER_UPDATE),
    ("GET", "/v1/customers/{id}/payment_methods", resources.list_customer_methods,
     schemas.CUSTOMER_METHODS),
    ("POST", "/v1/payment_intents", payment_intents.create, schemas.INTENT_CREATE),
    ("GET", "/v1/payment_intents/{id}", payment_intents.retrieve, schemas.INTENT_RETRIEVE),
    ("POST", "/v1/payment_intents/{id}", payment_intents.update, schemas.INTENT_UPDATE),
    ("POST", "/v1/payment_intents/{id}/confirm", payment_intents.confirm, schemas.INTENT_CONFIRM),
    ("POST", "/v1/payment_intents/{id}/capture", payment_intents.capture, schemas.INTENT_CAPTURE),
    ("POST", "/v1/payment_intents/{id}/cancel", payment_intents.cancel, schemas.INTENT_CANCEL),
    ("POST", "/v1/payment_methods", resources.create_method, schemas.METHOD_CREATE),
    ("GET", "/v1/payment_methods", resources.list_methods, schemas.METHOD_LIST),
    ("GET", "/v1/payment_methods/{id}", resources.retrieve_method, schemas.RETRIEVE),
    ("GET", "/v1/charges", resources.list_charges, schemas.CHARGE_LIST),
    ("GET", "/v1/charges/{id}", resources.retrieve_charge, schemas.RETRIEVE),
    ("GET", "/v1/charges/{id}/refunds", refunds.list_of_charge, schemas.CHARGE_REFUNDS),
    ("POST", "/v1/refunds", refunds.create, schemas.REFUND_CREATE),
    ("GET", "/v1/refunds", refunds.list_refunds, schemas.REFUND_LIST),
    ("GET", "/v1/refunds/{id}", refunds.retrieve, schemas.RETRIEVE),
    ("POST", "/v1/webhook_endpoints", resources.create_endpoint, schemas.ENDPOINT_CREATE),
]
# What Stripe.js may call with the publishable key.
CLIENT_ROUTES = [
    ("GET", "/v1/elements/sessions", payment_intents.check_session, schemas.CLIENT_SESSION),
    ("GET", "/v1/payment_intents/{id}", payment_intents.retrieve, schemas.CLIENT_RETRIEVE),
    ("POST", "/v1/payment_intents/{id}/confirm", payment_intents.confirm, schemas.CLIENT_CONFIRM),
    ("POST", "/v1/payment_methods", resources.create_method, schemas.CLIENT_METHOD),
]
# Stripe has these and the stand-in does not: 501 instead of a 404 that would be a lie.
LATER = {
    "account", "account_links", "accounts", "apple_pay", "application_fees", "balance",
    "balance_transactions", "charges", "checkout", "confirmation_tokens", "customers",
    "disputes", "events", "invoices", "mandates", "payment_intents", "payment_methods",
    "payouts", "prices", "products", "refunds", "setup_intents", "sources", "subscriptions",
    "tokens", "topups", "transfers", "webhook_endpoints",
}
_SECRET_FIELDS = {"number", "cvc", "iban"}
_VERSION = re.compile(r"\d{4}-\d\d-\d\d(\.\w+)?")


@dataclasses.dataclass
class Request:
    """What came over the wire."""
    method: str
    path: str
    query: str = ""
    body: str = ""
    headers: dict = dataclasses.field(default_factory=dict)  # names in lower case
    base_url: str = ""


@dataclasses.dataclass
class Reply:
    status: int
    body: dict
    headers: dict
    asked: tuple = ()  # Method, path and parameters: what its idempotency key stands for.
    saved: bool = True
    fault: object = None  # What goes wrong on its way back.
    key: str = None


class Api:

    def __init__(self, store):
        self.store = store

    def answer(self, request):
        """Return the :class:`Reply` to a request, and write both down."""
        with self.store.lock:
            params = {}
            call = Call(
                self.store, base_url=request.base_url,
                idempotency_key=request.headers.get("idempotency-key") or None,
            )
            fault = faults.take(self.store, request)
            try:
                params = forms.decode(request.query, request.body)
                if fault and fault.kind == "unavailable":
                    raise faults.unavailable()
                reply = self._answer(request, params, call, fault)
            except errors.StripeError as error:
                reply = Reply(error.status, error.body, {})
            except Exception:
                traceback.print_exc()
                reply = Reply(500, _unexpected().body, {})
            reply.headers = {"Request-Id": call.request_id, **reply.headers}
            reply.fault = fault
            self._write_down(request, params, call, reply)
            return reply

    def finish(self, reply):
        """A request that took its time is over: its key may be used again."""
        with self.store.lock:
            self.store.in_flight.discard(reply.key)

    def _answer(self, request, params, call, fault):
        call.publishable = self._authenticate(request, params)
        handler, operation, object_ids = _route(request, call.publishable)
        version = _check_headers(request.headers)
        asked = (request.method, request.path, params)
        if replayed := self._replay(call, asked):
            return replayed
        reply = Reply(200, {}, {"Stripe-Version": version}, asked)
        try:
            if fault and fault.kind == "error":
                raise faults.broken()
            call.params = checks.check(copy.deepcopy(params), operation)
            paths = call.params.pop("expand", [])
            call.params.pop("key", None)
            record = handler(call, *object_ids)
            shown = render(self.store, record, version, publishable=call.publishable)
            reply.body = expand(self.store, shown, paths, version)
            if fault and fault.kind == "error_after":
                raise faults.broken()
        except errors.StripeError as error:
            reply.status, reply.body, reply.saved = error.status, error.body, error.saved
        self._keep(call, reply)
        if fault and fault.kind == "delay" and call.idempotency_key:
            reply.key = call.idempotency_key
            self.store.in_flight.add(reply.key)
        return reply

    def _keep(self, call, reply):
        """Save the answer under the request's idempotency key."""
        if reply.asked[0] == "POST" and call.idempotency_key and reply.saved:
            reply.headers["Original-Request"] = call.request_id
            self.store.replies[call.idempotency_key] = copy.deepcopy(reply)

    # === KEYS: https://docs.stripe.com/keys and https://docs.stripe.com/api/authentication === #

    def _authenticate(self, request, params):
        """Return whether the key is the publishable one.

        :raise StripeError: 401 if there is no key or another one.
        """
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        key = key.strip() if scheme.lower() == "bearer" else params.get("key", "")
        if not key or not isinstance(key, str):
            raise errors.invalid_request(
                "You did not provide an API key. You need to provide your API key in the "
                "Authorization header, using Bearer auth (e.g. 'Authorization: Bearer "
                "YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, "
                "or we can help at https://support.stripe.com/.", status=401, saved=False,
            )
        if key not in (self.store.secret_key, self.store.publishable_key):
            raise errors.invalid_request(
                f"Invalid API Key provided: {_masked(key)}", status=401, saved=False
            )
        return key == self.store.publishable_key

    # === IDEMPOTENCY: https://docs.stripe.com/api/idempotent_requests === #

    def _replay(self, call, asked):
        """Return the saved answer to the request's key, if it was used before."""
        key = call.idempotency_key
        if asked[0] != "POST" or not key:
            return None
        if len(key) > 255:
            raise errors.idempotency_error("Idempotency keys have at most 255 characters.")
        if key in self.store.in_flight:
            raise errors.key_in_use(key)
        saved = self.store.replies.get(key)
        if not saved:
            return None
        if saved.asked[:2] != asked[:2]:
            raise errors.idempotency_error(
                f"Keys for idempotent requests can only be used for the same endpoint they were "
                f"first used for ('{asked[1]}' vs '{saved.asked[1]}'). Try using a key other than "
                f"'{key}' if you meant to execute a different request."
            )
        if saved.asked != asked:
            raise errors.idempotency_error(
                f"Keys for idempotent requests can only be used with the same parameters they "
                f"were first used with. Try using a key other than '{key}' if you meant to execute "
                f"a different request."
            )
        replayed = copy.deepcopy(saved)
        replayed.headers["Idempotent-Replayed"] = "true"
        return replayed

    def _write_down(self, request, params, call, reply):
        error = reply.body.get("error") or {}
        self.store.requests.append({
            "at": time.time(), "id": call.request_id, "method": request.method,
            "path": request.path, "params": _without_secrets(params),
            "idempotency_key": call.idempotency_key,
            "key": "publishable" if call.publishable else "secret",
            "version": request.headers.get("stripe-version"), "status": reply.status,
            "replayed": "Idempotent-Replayed" in reply.headers, "error": error.get("message"),
        })


def _route(request, publishable):
    routes = CLIENT_ROUTES if publishable else ROUTES
    for method, template, handler, operation in routes:
        pattern = re.escape(template).replace(r"\{id\}", "([^/]+)")
        match = re.fullmatch(pattern, request.path.rstrip("/"))
        if match and method == request.method:
            return handler, operation, match.groups()
    if publishable:
        raise errors.invalid_request(
            "This API call cannot be made with a publishable API key. Please use a secret API key. "
            "You can find a list of your API keys at https://dashboard.stripe.com/account/apikeys.",
            status=401, code="secret_key_required", saved=False,
        )
    if request.path.split("/")[2:3] and request.path.split("/")[2] in LATER:
        raise errors.not_here(f"{request.method} {request.path} is not known here yet.")
    raise errors.invalid_request(
        f"Unrecognized request URL ({request.method}: {request.path}). Please see "
        f"https://stripe.com/docs or we can help at https://support.stripe.com/.",
        status=404, saved=False,
    )


def _check_headers(headers):
    """Return the API version that is asked for.

    :raise StripeError: For what the headers ask and cannot have.
    """
    if "json" in headers.get("content-type", ""):
        raise errors.invalid_request(
            "Invalid request (check that your POST content type is "
            "application/x-www-form-urlencoded).", saved=False,
        )
    if "stripe-account" in headers:
        raise errors.not_here("connected accounts (the header Stripe-Account).")
    version = headers.get("stripe-version", DEFAULT_VERSION)
    if not _VERSION.fullmatch(version):
        raise errors.invalid_request(f"Invalid Stripe API version: {version}", saved=False)
    return version


def _masked(key):
    shown = (key[:8], key[-4:]) if len(key) > 16 else ("", "")
    return f"{shown[0]}{'*' * 8}{shown[1]}"


def _without_secrets(params):
    """Leave out card numbers and the publishable key, as Stripe's own request log does."""
    if isinstance(params, list):
        return [_without_secrets(entry) for entry in params]
    if not isinstance(params, dict):
        return params
    return {
        name: "*" * len(value) if name in _SECRET_FIELDS and isinstance(value, str)
        else _without_secrets(value)
        for name, value in params.items() if name != "key"
    }


def _unexpected():
    return errors.StripeError(
        500, "api_error", f"The stand-in failed on this request ({token(6)}); see its output.",
        saved=False,
    )


def as_json(body):
    return json.dumps(body, indent=2).encode()
