"""The API's front door: key, account, version, idempotency, route, parameters, answer."""

import base64
import contextlib
import copy
import dataclasses
import json
import re
import traceback

from . import accounts, checks, errors, faults, forms, idempotency, journal, routes
from .call import Call
from .render import DEFAULT_VERSION, expand, render
from .store import token

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
    key: tuple = None  # The idempotency key that is in use until the answer is out.
    at: int = 0  # When it was kept under its key.


class Api:

    def __init__(self, hub):
        self.hub = hub

    def answer(self, request):
        """Return the :class:`Reply` to a request, and write both down."""
        with self.hub.lock:
            params = {}
            call = Call(
                self.hub.platform, base_url=request.base_url,
                idempotency_key=request.headers.get("idempotency-key") or None,
            )
            fault = faults.take(self.hub, request)
            try:
                params = forms.decode(request.query, request.body)
                if refusal := faults.refusal(fault):
                    raise refusal
                reply = self._answer(request, params, call, fault)
            except errors.StripeError as error:
                reply = Reply(error.status, error.body, {})
            except Exception:
                traceback.print_exc()
                reply = Reply(500, _unexpected().body, {})
            reply.headers = {"Request-Id": call.request_id, **reply.headers}
            reply.fault = fault
            journal.write_down(self.hub, request, params, call, reply)
            return reply

    def finish(self, reply):
        """A request that took its time is over: its key may be used again."""
        with self.hub.lock:
            self.hub.in_flight.discard(reply.key)

    def _answer(self, request, params, call, fault):
        call.publishable = self._authenticate(request, params)
        call.store = self._account(request, params, call.publishable)
        routed = routes.find(request.method, request.path, publishable=call.publishable)
        call.version = _check_headers(request.headers)
        asked = (request.method, request.path, params)
        if replayed := idempotency.replay(self.hub, call, asked):
            return replayed
        reply = Reply(200, {}, {"Stripe-Version": call.version}, asked)
        if not call.store.is_platform:
            reply.headers["Stripe-Account"] = call.store.account_id
        try:
            if failure := faults.failure(fault):
                raise failure
            reply.body = execute(call, copy.deepcopy(params), routed)
            if fault and fault.kind == "error_after":
                raise faults.broken()
        except errors.StripeError as error:
            reply.status, reply.body, reply.saved = error.status, error.body, error.saved
        idempotency.keep(self.hub, call, reply)
        if fault and fault.kind == "delay":
            idempotency.occupy(self.hub, call, reply)
        return reply

    # === KEYS: https://docs.stripe.com/keys and https://docs.stripe.com/api/authentication === #

    def _authenticate(self, request, params):
        """Return whether the key is the publishable one.

        :raise StripeError: 401 if there is no key or another one.
        """
        key = _key(request.headers.get("authorization", "")) or params.get("key", "")
        if not key or not isinstance(key, str):
            raise errors.invalid_request(
                "You did not provide an API key. You need to provide your API key in the "
                "Authorization header, using Bearer auth (e.g. 'Authorization: Bearer "
                "YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, "
                "or we can help at https://support.stripe.com/.", status=401, saved=False,
            )
        if key not in (self.hub.secret_key, self.hub.publishable_key):
            raise errors.invalid_request(
                f"Invalid API Key provided: {_masked(key)}", status=401, saved=False
            )
        return key == self.hub.publishable_key

    # === CONNECT: https://docs.stripe.com/connect/authentication === #

    def _account(self, request, params, publishable):
        """Return the state of the account that the request acts on."""
        account_id = request.headers.get("stripe-account")
        if publishable:
            account_id = account_id or params.get("_stripe_account")
        try:
            return self.hub.store_of(account_id)
        except KeyError:
            raise accounts.no_access(self.hub.secret_key, account_id) from None


def _key(header):
    """Return the key of a header with Bearer, or with Basic, where it is the user's name."""
    scheme, _, key = header.partition(" ")
    if scheme.lower() == "basic":
        with contextlib.suppress(ValueError):
            return base64.b64decode(key).decode().partition(":")[0]
    return key.strip() if scheme.lower() == "bearer" else ""


def execute(call, params, routed):
    """Check the parameters, run the operation, return its answer.

    :param tuple routed: What `routes.find` returned.
    """
    handler, operation, object_ids = routed
    call.params = checks.check(params, operation, call.version)
    paths = call.params.pop("expand", [])
    for name in ("key", "_stripe_account"):
        call.params.pop(name, None)
    record = handler(call, *object_ids)
    version = call.version or DEFAULT_VERSION
    shown = render(call.store, record, version, publishable=call.publishable)
    return expand(call.store, shown, paths, version)


def _check_headers(headers):
    """Return the API version that is asked for.

    :raise StripeError: For what the headers ask and cannot have.
    """
    if "json" in headers.get("content-type", ""):
        raise errors.invalid_request(
            "Invalid request (check that your POST content type is "
            "application/x-www-form-urlencoded).", saved=False,
        )
    version = headers.get("stripe-version", DEFAULT_VERSION)
    if not _VERSION.fullmatch(version):
        raise errors.invalid_request(f"Invalid Stripe API version: {version}", saved=False)
    return version


def _masked(key):
    shown = (key[:8], key[-4:]) if len(key) > 16 else ("", "")
    return f"{shown[0]}{'*' * 8}{shown[1]}"


def _unexpected():
    return errors.StripeError(
        500, "api_error", f"The stand-in failed on this request ({token(6)}); see its output.",
        saved=False,
    )


def as_json(body):
    return json.dumps(body, indent=2).encode()
