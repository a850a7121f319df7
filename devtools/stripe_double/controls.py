"""What a test may ask and tell the stand-in, under /_double/ on the same port.

    GET  /_double/ledger         intents with what is held, captured and refunded; totals; movements
    GET  /_double/requests       every API request: method, path, params, idempotency key, status
    GET  /_double/events         events and their deliveries
    GET  /_double/settings       the keys and the address
    POST /_double/reset          forget everything, webhooks included
    POST /_double/webhook        {url, secret, enabled_events?, api_version?}; without url: none
    POST /_double/settle         {payment_intent | refund, outcome?: succeeded | failed}
    POST /_double/fault          {kind, path, method?, seconds?, times?}: see faults.py
"""

import json
from urllib.parse import urlsplit

from . import attempts, faults, forms, refunds, resources
from .call import Call
from .errors import StripeError, invalid_parameter, resource_missing


class Controls:

    def __init__(self, store):
        self.store = store
        self.routes = {
            ("GET", "ledger"): self.ledger,
            ("GET", "requests"): self.requests,
            ("GET", "events"): self.events,
            ("GET", "settings"): self.settings,
            ("POST", "reset"): self.reset,
            ("POST", "webhook"): self.webhook,
            ("POST", "settle"): self.settle,
            ("POST", "fault"): self.fault,
        }

    def answer(self, request):
        """Return the status and the body for a request under /_double/."""
        name = request.path.removeprefix("/_double/").rstrip("/")
        handler = self.routes.get((request.method, name))
        if not handler:
            return 404, {"error": {"message": f"no control {request.method} {request.path}"}}
        try:
            params = _params(request)
            with self.store.lock:
                return 200, handler(Call(self.store, params, base_url=request.base_url))
        except StripeError as error:
            return error.status, error.body

    def ledger(self, call):
        return self.store.ledger()

    def requests(self, call):
        return {"requests": list(self.store.requests)}

    def events(self, call):
        return {
            "events": list(self.store.objects["event"].values()),
            "deliveries": list(self.store.deliveries),
            "waiting": len(self.store.outbox),
        }

    def settings(self, call):
        return {
            "api_base": call.base_url, "js_base": call.base_url,
            "publishable_key": self.store.publishable_key, "secret_key": self.store.secret_key,
        }

    def reset(self, call):
        self.store.reset()
        return {"ok": True}

    def webhook(self, call):
        """Send events to this one address from now on, or to none."""
        self.store.objects["webhook_endpoint"].clear()
        url = call.params.get("url")
        if not url:
            return {"ok": True}
        if urlsplit(url).hostname not in resources.LOOPBACK or not call.params.get("secret"):
            raise invalid_parameter("A webhook has a loopback url and a secret.", "url")
        values = {"enabled_events": ["*"], **call.params}
        endpoint = resources.new_endpoint(self.store, values, call.params["secret"])
        return {"ok": True, "id": endpoint["id"], "enabled_events": endpoint["enabled_events"]}

    def fault(self, call):
        """Let something go wrong with the next request to a path."""
        faults.order(self.store, call.params)
        return {"ok": True}

    def settle(self, call):
        """The bank's answer, days later: to a processing payment or a pending refund."""
        outcome = call.params.get("outcome")
        if outcome not in (None, "succeeded", "failed"):
            raise invalid_parameter("outcome is succeeded or failed", "outcome")
        if intent_id := call.params.get("payment_intent"):
            intent = self.store.get("payment_intent", intent_id)
            return {"status": attempts.settle(call, intent, outcome)["status"]}
        refund = self.store.get("refund", call.params.get("refund"))
        if refund["status"] != "pending":
            raise resource_missing("pending refund", refund["id"])
        return {"status": refunds.settle(call, refund, outcome != "failed")["status"]}


def _params(request):
    """The parameters, as JSON or as a form."""
    if "json" in request.headers.get("content-type", ""):
        try:
            params = json.loads(request.body or "{}")
        except ValueError as error:
            raise invalid_parameter(f"Not JSON: {error}", "body") from error
        if not isinstance(params, dict):
            raise invalid_parameter("Not a JSON object", "body")
        return params
    return forms.decode(request.query, request.body)
