"""`./dev stripe-check`: does a real Stripe test account do what the addon relies on?

It runs in the pinned Python environment, as `python -m devtools.stripe_check`. Everything it makes
has the metadata `made_by: stripe-check`; no money moves in test mode.
"""

import json
import os
import sys
import time
import uuid
from datetime import UTC, datetime

import requests
import stripe

OLD = "2019-05-16"  # payment_stripe's
MADE = {"made_by": "stripe-check"}
AMOUNT = 3000
RUN = uuid.uuid4().hex[:12]
EVENT_SECONDS = 60


class Wrong(Exception):
    """Stripe did something else."""


def expect(actual, expected, what):
    if actual != expected:
        raise Wrong(f"{what} is {actual!r}, not {expected!r}")


class Check:
    """The questions. Each method asks one and returns what is worth printing, or raises Wrong.

    :param str key: a secret key of test mode
    :param str base: where the API is
    """

    def __init__(self, key, base):
        self.key = key
        self.base = base
        self.session = requests.Session()
        self.session.headers["User-Agent"] = "stripe-check"
        addresses = {"api": base} if base != "https://api.stripe.com" else None
        self.client = stripe.StripeClient(key, base_addresses=addresses, max_network_retries=0)
        self.number = 0

    # === ASKING === #

    def old(self, method, path, data=None, *, status=200, key=None, **headers):
        """Ask as payment_stripe does: old version, parameters in the body, those of a GET too."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        response = self.session.request(
            method, f"{self.base}/v1/{path}", data=data, timeout=60, headers={
                "Authorization": f"Bearer {key or self.key}", "Stripe-Version": OLD, **headers,
            },
        )
        body = response.json()
        if status and response.status_code != status:
            message = body.get("error", {}).get("message", "")
            raise Wrong(f"{method} {path}: HTTP {response.status_code}, not {status}: {message}")
        return response, body

    def pay(self, method="pm_card_visa", **values):
        """Create and confirm an intent through Stripe's package: the newest version."""
        return self.client.v1.payment_intents.create({
            "amount": AMOUNT, "currency": "eur", "confirm": True, "payment_method": method,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "metadata": MADE, **values,
        }, {"idempotency_key": self.new_key()})

    def hold(self):
        return self.pay(capture_method="manual", expand=["latest_charge"])

    def new_key(self):
        self.number += 1
        return f"stripe-check-{RUN}-{self.number}"

    def refused(self, call, status, code):
        """Expect the package's error."""
        try:
            call()
        except stripe.StripeError as error:
            expect((error.http_status, error.code), (status, code), "the answer")
            return error
        raise Wrong(f"it was accepted, not refused with {code}")

    # === THE QUESTIONS === #

    def account(self):
        """The key is of test mode"""
        _response, balance = self.old("GET", "balance")
        expect(balance["livemode"], False, "livemode")

    def wrong_key(self):
        """Another key is refused with 401"""
        self.old("GET", "balance", status=401, key="sk_test_" + "0" * 24)

    def replay(self):
        """A key repeats its first result"""
        key = self.new_key()
        data = {"amount": AMOUNT, "currency": "eur", "metadata[made_by]": MADE["made_by"]}
        first, second = (
            self.old("POST", "payment_intents", data, Idempotency_Key=key) for _attempt in range(2)
        )
        expect(second[1]["id"], first[1]["id"], "the second intent")
        expect(second[0].headers.get("Idempotent-Replayed"), "true", "Idempotent-Replayed")
        other = {**data, "amount": AMOUNT + 1}
        _response, body = self.old(
            "POST", "payment_intents", other, status=400, Idempotency_Key=key
        )
        expect(body["error"]["type"], "idempotency_error", "the error for other parameters")

    def replay_of_an_error(self):
        """A key repeats a decline as well"""
        data = {
            "amount": AMOUNT, "currency": "eur", "confirm": "true",
            "payment_method_types[]": "card", "payment_method": "pm_card_chargeDeclined",
            "metadata[made_by]": MADE["made_by"],
        }
        key = self.new_key()
        first, second = (
            self.old("POST", "payment_intents", data, status=402, Idempotency_Key=key)[1]["error"]
            for _attempt in range(2)
        )
        expect(second["payment_intent"]["id"], first["payment_intent"]["id"], "the second intent")

    def refused_parameters_keep_a_key_free(self):
        """Unknown parameters are refused and do not use a key up"""
        key, data = self.new_key(), {"amount": AMOUNT, "currency": "eur"}
        _response, body = self.old(
            "POST", "payment_intents", {**data, "bogus": 1}, status=400, Idempotency_Key=key
        )
        expect(body["error"].get("code"), "parameter_unknown", "the code")
        self.old("POST", "payment_intents", data, Idempotency_Key=key)

    def missing(self):
        """What is not this account's is not found: 404"""
        error = self.old("GET", f"payment_intents/pi_{'0' * 24}", status=404)[1]["error"]
        expect(error["code"], "resource_missing", "the code")
        response, _body = self.old(
            "POST", "refunds", {"payment_intent": f"pi_{'0' * 24}"}, status=None
        )
        return f"a refund of a missing intent is answered {response.status_code}"

    def other_account(self):
        """An account that is not connected is refused with 403"""
        nobody = f"acct_{'0' * 16}"
        error = self.old("GET", "balance", status=403, Stripe_Account=nobody)[1]["error"]
        expect(error["code"], "account_invalid", "the code")

    def shapes(self):
        """Old answers have charges and refunds, new ones latest_charge"""
        intent = self.pay()
        expect(intent.status, "succeeded", "status")
        expect("charges" in intent, False, "charges in the new answer")
        _response, old = self.old("GET", f"payment_intents/{intent.id}")
        charge = old["charges"]["data"][0]
        expect(charge["id"], intent.latest_charge, "the charge")
        expect(charge["refunds"]["data"], [], "its refunds")

    def capture(self):
        """A hold is captured in part, and the rest is let go"""
        held = self.hold()
        expect((held.status, held.amount_capturable), ("requires_capture", AMOUNT), "the hold")
        details = held.latest_charge.payment_method_details.card
        hours = (details.capture_before - held.created) / 3600
        intents = self.client.v1.payment_intents
        self.refused(
            lambda: intents.capture(held.id, {"amount_to_capture": AMOUNT + 1}), 400,
            "amount_too_large",
        )
        taken = intents.capture(
            held.id, {"amount_to_capture": 1200, "expand": ["latest_charge.refunds"]}
        )
        expect((taken.status, taken.amount_received, taken.amount_capturable),
               ("succeeded", 1200, 0), "the capture")
        self.refused(
            lambda: intents.capture(held.id), 400, "payment_intent_unexpected_state"
        )
        until = datetime.fromtimestamp(details.capture_before, UTC)
        released = taken.latest_charge.amount_refunded
        count = len(taken.latest_charge.refunds.data)
        return (
            f"capture_before {until:%Y-%m-%d %H:%M} UTC, {hours:.1f} hours; afterwards "
            f"amount_refunded is {released} and there are {count} refund objects"
        )

    def cancel(self):
        """A hold is cancelled, and cannot be captured any more"""
        held = self.hold()
        intents = self.client.v1.payment_intents
        gone = intents.cancel(held.id, {"expand": ["latest_charge"]})
        expect((gone.status, gone.amount_capturable), ("canceled", 0), "the intent")
        expect(gone.latest_charge.captured, False, "captured")
        self.refused(lambda: intents.capture(held.id), 400, "payment_intent_unexpected_state")
        self.refused(lambda: intents.cancel(held.id), 400, "payment_intent_unexpected_state")
        return f"the charge has refunded {gone.latest_charge.refunded}"

    def refund(self):
        """A refund is found by its intent and its metadata; no more than was paid goes back"""
        intent = self.pay()
        reference = f"R-{RUN}"
        data = {"payment_intent": intent.id, "amount": 1000, "metadata[reference]": reference}
        _response, refund = self.old("POST", "refunds", data, Idempotency_Key=self.new_key())
        # Parameters of a GET in its body, as payment_stripe sends them.
        _response, listed = self.old("GET", "refunds", {"payment_intent": intent.id, "limit": 100})
        expect([row["id"] for row in listed["data"]], [refund["id"]], "the list of refunds")
        expect(listed["data"][0]["metadata"]["reference"], reference, "its metadata")
        refunds = self.client.v1.refunds
        try:
            refunds.create({"payment_intent": intent.id, "amount": AMOUNT})
            raise Wrong("more than was paid went back")
        except stripe.InvalidRequestError as error:
            expect(error.http_status, 400, "the answer to a refund of too much")
        refunds.create({"payment_intent": intent.id})
        self.refused(
            lambda: refunds.create({"payment_intent": intent.id}), 400, "charge_already_refunded"
        )

    def pending_refund(self):
        """A refund of the card for that is pending"""
        intent = self.pay("pm_card_pendingRefund")
        refund = self.client.v1.refunds.create({"payment_intent": intent.id, "metadata": MADE})
        expect(refund.status, "pending", "status")

    def off_session(self):
        """A card that asks its owner is declined when nobody is there"""
        customer = self.client.v1.customers.create({"metadata": MADE})
        error = self.refused(lambda: self.pay(
            "pm_card_authenticationRequired", customer=customer.id, off_session=True,
        ), 402, "authentication_required")
        expect(error.error.payment_intent.status, "requires_payment_method", "the intent")

    def three_d_secure(self):
        """A card that asks its owner waits for the answer"""
        intent = self.pay("pm_card_authenticationRequired", return_url="https://example.com/")
        expect(intent.status, "requires_action", "status")
        self.client.v1.payment_intents.cancel(intent.id)

    def fees(self):
        """A charge is booked with its fee"""
        intent = self.pay(expand=["latest_charge.balance_transaction"])
        entry = intent.latest_charge.balance_transaction
        if not entry:
            return "the balance transaction comes later"
        expect(entry.net, entry.amount - entry.fee, "net")
        return f"fee of {AMOUNT}: {entry.fee} {entry.currency}"

    def events(self):
        """Events name their request, and the package opens them when they are signed"""
        key = self.new_key()
        intent = self.client.v1.payment_intents.create({
            "amount": AMOUNT, "currency": "eur", "confirm": True, "payment_method": "pm_card_visa",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "metadata": MADE,
        }, {"idempotency_key": key})
        self.client.v1.refunds.create({"payment_intent": intent.id})
        found = self._events_of(intent, {"payment_intent.succeeded", "charge.refunded"})
        event = found["payment_intent.succeeded"]
        expect(event["request"]["idempotency_key"], key, "its request's key")
        secret, payload = "whsec_of_the_check", json.dumps(event)
        moment = int(time.time())
        signed = stripe.WebhookSignature._compute_signature(f"{moment}.{payload}", secret)
        opened = stripe.Webhook.construct_event(payload, f"t={moment},v1={signed}", secret)
        expect(opened.id, event["id"], "the event")
        return ", ".join(sorted(found))

    def _events_of(self, intent, wanted):
        """Return the events of an intent by their type, as soon as the wanted ones are there."""
        deadline = time.monotonic() + EVENT_SECONDS
        while True:
            data = {"limit": 100, "created[gte]": intent.created - 5}
            _response, page = self.old("GET", "events", data)
            found = {
                event["type"]: event for event in page["data"]
                if intent.id in (event["data"]["object"].get("id"),
                                 event["data"]["object"].get("payment_intent"))
            }
            if wanted <= set(found):
                return found
            if time.monotonic() > deadline:
                raise Wrong(f"after {EVENT_SECONDS} s there is no {wanted - set(found)}")
            time.sleep(2)

    def endpoint(self):
        """A webhook endpoint shows its secret once"""
        local = "127.0.0.1" in self.base
        endpoints = self.client.v1.webhook_endpoints
        made = endpoints.create({
            "url": "http://127.0.0.1:9/" if local else "https://example.com/stripe-check",
            "enabled_events": ["charge.dispute.created"], "api_version": stripe.api_version,
            "metadata": MADE,
        })
        try:
            expect(made.secret[:6], "whsec_", "the secret")
            expect("secret" in endpoints.retrieve(made.id), False, "the secret the second time")
        finally:
            endpoints.delete(made.id)

    def questions(self):
        """Return the questions in their order.

        :rtype: list[callable]
        """
        return [
            self.account, self.wrong_key, self.missing, self.other_account, self.replay,
            self.replay_of_an_error, self.refused_parameters_keep_a_key_free, self.shapes,
            self.capture, self.cancel, self.refund, self.pending_refund, self.off_session,
            self.three_d_secure, self.fees, self.events, self.endpoint,
        ]


def ask(question):
    """Ask one question and print one line.

    :return: whether Stripe does it
    :rtype: bool
    """
    name = question.__doc__.strip()
    try:
        note = question()
    except (Wrong, stripe.StripeError, requests.RequestException, KeyError, ValueError) as error:
        print(f"FAIL  {name}: {error}", flush=True)
        return False
    print(f"pass  {name}" + (f" ({note})" if note else ""), flush=True)
    return True


def main():
    """Ask everything.

    :return: the exit code
    :rtype: int
    """
    key = os.environ.get("STRIPE_SECRET_KEY", "")
    base = (os.environ.get("STRIPE_API_BASE") or "https://api.stripe.com").rstrip("/")
    if not key.startswith(("sk_test_", "rk_test_")):
        print(
            "Put the secret key of a test account, sk_test_…, into STRIPE_SECRET_KEY. A live key "
            "is refused: this makes payments and refunds.", file=sys.stderr,
        )
        return 2
    print(f"{base}, Stripe's package {stripe.VERSION}, versions {OLD} and {stripe.api_version}")
    questions = Check(key, base).questions()
    passed = sum(ask(question) for question in questions)
    print(f"{passed} of {len(questions)} passed")
    return 0 if passed == len(questions) else 1


if __name__ == "__main__":
    sys.exit(main())
