"""What a test may ask and tell the stand-in, under /_double/ on the same port.

    GET  /_double/ledger         ?account=acct_…; intents with what is held, captured, refunded and
                                 disputed; totals with fees apart; movements
    GET  /_double/requests       every API request: method, path, params, body, key, status;
                                 ?all=1 those before a reset as well
    GET  /_double/events         events and their deliveries, of all accounts
    GET  /_double/settings       the keys, the address and the time
    POST /_double/reset          forget everything, webhooks included
    POST /_double/webhook        {url, secret, enabled_events?, api_version?, connect?, add?};
                                 without url: none; with add the other ones stay
    POST /_double/settle         {payment_intent | refund | payout, outcome?: succeeded | failed}
    POST /_double/fault          {kind, path, method?, seconds?, times?}: see faults.py
    POST /_double/deliveries     {kind, events?, times?, seconds?}: see deliveries.py
    POST /_double/release        send what is held back
    POST /_double/resend         {event}: send an event again, as `stripe events resend` does
    POST /_double/retry          send again what did not arrive, as Stripe does for three days
    POST /_double/roll           {secret, valid?: first | last, endpoint?}: two signatures
    POST /_double/lapse          {payment_intent}: the bank takes its hold back
    POST /_double/clock          {advance: seconds | at}: holds lapse, money becomes available
    POST /_double/dispute        {payment_intent | charge, amount?, reason?}, then
                                 {dispute, outcome: won | lost}
    POST /_double/dashboard      {action: refund | capture | cancel, …}: the parameters of the
                                 operation; needs no key, its events have no request
    POST /_double/account        {account, onboard: true | revoke: true | values}
"""

import json
from urllib.parse import urlsplit

from . import (
    accounts,
    api,
    attempts,
    balances,
    deliveries,
    disputes,
    endpoints,
    faults,
    forms,
    payment_intents,
    refunds,
    resources,
    routes,
)
from .call import Call
from .errors import StripeError, invalid_parameter, resource_missing
from .ledger import ledger
from .webhooks import redeliver

ACTIONS = {
    "refund": "/v1/refunds", "capture": "/v1/payment_intents/{}/capture",
    "cancel": "/v1/payment_intents/{}/cancel",
}
READ = ("ledger", "requests", "events", "settings")


class Controls:

    def __init__(self, hub):
        self.hub = hub

    def answer(self, request):
        """Return the status and the body for a request under /_double/."""
        name = request.path.removeprefix("/_double/").rstrip("/")
        method = "GET" if name in READ else "POST"
        handler = None if name.startswith("_") else getattr(self, f"control_{name}", None)
        if not handler or request.method != method:
            return 404, {"error": {"message": f"no control {request.method} {request.path}"}}
        try:
            params = _params(request)
            with self.hub.lock:
                call = Call(
                    self.hub.platform, params, base_url=request.base_url, request_id=None
                )
                return 200, handler(call)
        except StripeError as error:
            return error.status, error.body
        except KeyError as error:
            return 400, {"error": {"message": f"the control {name} needs {error}"}}

    # === READ === #

    def control_ledger(self, call):
        return ledger(self._store(call))

    def control_requests(self, call):
        requests = self.hub.journal if call.params.get("all") else self.hub.requests
        return {"requests": list(requests), "in_flight": len(self.hub.in_flight)}

    def control_events(self, call):
        return {
            "events": [e for store in self.hub.stores() for e in store.objects["event"].values()],
            "deliveries": list(self.hub.deliveries), "waiting": len(self.hub.outbox),
            "held": len(self.hub.held),
        }

    def control_settings(self, call):
        return {
            "api_base": call.base_url, "js_base": call.base_url, "now": self.hub.now(),
            "publishable_key": self.hub.publishable_key, "secret_key": self.hub.secret_key,
        }

    # === WEBHOOKS AND FAULTS === #

    def control_reset(self, call):
        self.hub.reset()
        return {"ok": True}

    def control_webhook(self, call):
        """Send events to this one address from now on, or to none."""
        if not call.params.get("add"):
            self.hub.platform.objects["webhook_endpoint"].clear()
        url = call.params.get("url")
        if not url:
            return {"ok": True}
        if urlsplit(url).hostname not in resources.LOOPBACK or not call.params.get("secret"):
            raise invalid_parameter("A webhook has a loopback url and a secret.", "url")
        values = {"enabled_events": ["*"], **call.params}
        endpoint = endpoints.add(self.hub.platform, values, call.params["secret"])
        return {"ok": True, "id": endpoint["id"], "enabled_events": endpoint["enabled_events"]}

    def control_fault(self, call):
        """Let something go wrong with the next request to a path."""
        faults.order(self.hub, call.params)
        return {"ok": True}

    def control_deliveries(self, call):
        """Let something go wrong with the next webhooks."""
        deliveries.order(self.hub, call.params)
        return {"ok": True}

    def control_release(self, call):
        return {"released": deliveries.release(self.hub)}

    def control_resend(self, call):
        event_id = call.params.get("event")
        store = self.hub.store_with("event", event_id)
        return {"sent": redeliver(store, store.get("event", event_id))}

    def control_retry(self, call):
        return {"sent": deliveries.retry(self.hub)}

    def control_roll(self, call):
        found = self.hub.platform.objects["webhook_endpoint"]
        secret, wanted = call.params["secret"], call.params.get("endpoint")
        for endpoint in found.values():
            if wanted in (None, endpoint["id"]):
                endpoints.roll(endpoint, secret, call.params.get("valid", "first"))
        return {"ok": bool(found)}

    # === THE BANK, THE CLOCK, THE DASHBOARD === #

    def control_settle(self, call):
        """The bank's answer, days later: to a payment, a refund or a payout."""
        outcome = call.params.get("outcome")
        if outcome not in (None, "succeeded", "failed"):
            raise invalid_parameter("outcome is succeeded or failed", "outcome")
        kind = next(
            (name for name in ("payment_intent", "refund", "payout") if call.params.get(name)), None
        )
        if not kind:
            raise invalid_parameter("payment_intent, refund or payout", "payment_intent")
        record = self._find(call, kind)
        if kind == "payment_intent":
            return {"status": attempts.settle(call, record, outcome)["status"]}
        if kind == "payout":
            return {"status": balances.settle_payout(call, record, outcome != "failed")["status"]}
        late = record["status"] == "succeeded" and outcome == "failed"
        if record["status"] != "pending" and not late:
            raise resource_missing("pending refund", record["id"])
        return {"status": refunds.settle(call, record, outcome != "failed")["status"]}

    def control_lapse(self, call):
        return {"status": payment_intents.lapse(call, self._find(call, "payment_intent"))["status"]}

    def control_clock(self, call):
        """Move the clock; what is due by then happens."""
        if "at" in call.params:
            self.hub.clock += int(call.params["at"]) - self.hub.now()
        self.hub.clock += int(call.params.get("advance", 0))
        lapsed = [
            payment_intents.lapse(self._as(store), intent)["id"]
            for store in self.hub.stores() for intent in payment_intents.overdue_holds(store)
        ]
        return {"now": self.hub.now(), "lapsed": lapsed}

    def control_dispute(self, call):
        """The payer's bank takes a payment back, or decides."""
        if call.params.get("dispute"):
            if call.params.get("outcome") not in ("won", "lost"):
                raise invalid_parameter("outcome is won or lost", "outcome")
            dispute = self._find(call, "dispute")
            return disputes.close_dispute(call, dispute, call.params["outcome"] == "won")
        if call.params.get("payment_intent"):
            intent = self._find(call, "payment_intent")
            call.params["charge"] = intent["latest_charge"]
        amount = call.params.get("amount")
        return disputes.open_dispute(
            call, self._find(call, "charge"), None if amount is None else int(amount),
            call.params.get("reason", "fraudulent"),
        )

    def control_dashboard(self, call):
        """Somebody at the practice uses Stripe's dashboard: the same code, without a key."""
        params = dict(call.params)
        action = params.pop("action", None)
        if action not in ACTIONS:
            raise invalid_parameter(f"action is one of {', '.join(ACTIONS)}", "action")
        kind = "charge" if params.get("charge") else "payment_intent"
        self._find(call, kind)
        path = ACTIONS[action]
        if action != "refund":
            path = path.format(params.pop("payment_intent"))
        return api.execute(call, forms.as_text(params), routes.find("POST", path))

    def control_account(self, call):
        """What the owner of a connected account, or Stripe, does with it."""
        account = accounts.retrieve(call, call.params.pop("account", None))
        if call.params.pop("revoke", None):
            accounts.revoke(call, account, tell=True)
            return {"ok": True}
        if call.params.pop("onboard", None):
            return accounts.enable(call, account)
        if "requirements_due" in call.params:
            call.params["requirements"] = accounts.requirements(call.params.pop("requirements_due"))
        return accounts.changed(call, account, **call.params)

    # === HELPERS === #

    def _as(self, store):
        return Call(store, request_id=None)

    def _store(self, call):
        try:
            return self.hub.store_of(call.params.get("account"))
        except KeyError:
            raise resource_missing("account", call.params["account"]) from None

    def _find(self, call, kind):
        """Return the object that the parameters name, and let the call act for its account."""
        call.store = self.hub.store_with(kind, call.params.get(kind))
        return call.store.get(kind, call.params.get(kind))


def _params(request):
    """The parameters, as JSON or as a form."""
    if "json" in request.headers.get("content-type", "") and request.body:
        try:
            params = json.loads(request.body)
        except ValueError as error:
            raise invalid_parameter(f"Not JSON: {error}", "body") from error
        if not isinstance(params, dict):
            raise invalid_parameter("Not a JSON object", "body")
        return {**forms.decode(request.query), **params}
    return forms.decode(request.query, request.body)
