"""What the stand-in remembers, in memory, under one lock: objects, ledger, requests, events."""

import collections
import copy
import secrets
import string
import threading
import time

from . import errors

_ALPHABET = string.ascii_letters + string.digits
PREFIXES = {
    "charge": "ch", "customer": "cus", "event": "evt", "mandate": "mandate",
    "payment_intent": "pi", "payment_method": "pm", "refund": "re", "webhook_endpoint": "we",
}


def token(length=24):
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


class Store:
    """The state of one Stripe account in test mode.

    Whoever reads or writes it holds `lock`. Objects are plain dicts in Stripe's shape; keys with a
    leading underscore are the stand-in's own and never leave the process.
    """

    def __init__(self, secret_key, publishable_key):
        self.secret_key = secret_key
        self.publishable_key = publishable_key
        self.lock = threading.RLock()
        self.reset()

    def reset(self):
        """Forget everything but the keys."""
        self.objects = {kind: {} for kind in PREFIXES}
        self.movements = []
        self.requests = collections.deque(maxlen=10_000)
        self.replies = {}  # idempotency key -> Reply
        self.in_flight = set()  # Idempotency keys of requests that are not answered yet.
        self.faults = []  # See faults.py.
        self.outbox = []  # Deliveries that wait for the answer to the request that caused them.
        self.deliveries = []

    # === OBJECTS === #

    def new_id(self, kind):
        return f"{PREFIXES[kind]}_{token()}"

    def create(self, kind, **values):
        """Add and return an object with the properties that every object has."""
        record = {
            "id": self.new_id(kind), "object": kind, "created": int(time.time()),
            **({} if kind == "refund" else {"livemode": False}), **values,
        }
        self.objects[kind][record["id"]] = record
        return record

    def get(self, kind, object_id, *, param=None):
        """Return the object.

        :param str param: The parameter that names it; without one, it is the URL that does.
        :raise StripeError: If there is none: 404 for the URL, 400 for a parameter.
        """
        record = self.objects[kind].get(object_id)
        if record is None:
            raise errors.resource_missing(
                kind.replace("payment_method", "PaymentMethod"), object_id,
                param=param or {"payment_intent": "intent"}.get(kind, "id"),
                status=400 if param else 404,
            )
        return record

    def find(self, kind, **criteria):
        """Return the objects with these values, newest first, as Stripe lists them."""
        return [
            record for record in reversed(self.objects[kind].values())
            if all(record.get(name) == value for name, value in criteria.items())
        ]

    # === LEDGER === #

    def move(self, kind, intent, amount):
        """Write down a movement of money: authorized, captured, released, refunded, returned.

        `returned` is a refund that failed: the money is back with the merchant.
        """
        self.movements.append({
            "at": time.time(), "kind": kind, "payment_intent": intent["id"],
            "amount": amount, "currency": intent["currency"],
        })

    def moved(self, intent_id):
        """Return the sum of each kind of movement of an intent."""
        sums = collections.Counter()
        for movement in self.movements:
            if movement["payment_intent"] == intent_id:
                sums[movement["kind"]] += movement["amount"]
        return sums

    def ledger(self):
        """Return what the account holds, derived from the movements alone."""
        rows = [self._ledger_row(intent) for intent in self.objects["payment_intent"].values()]
        totals = {}
        for row in rows:
            total = totals.setdefault(
                row["currency"], {"held": 0, "captured": 0, "refunded": 0, "net": 0}
            )
            for name in ("held", "captured", "refunded"):
                total[name] += row[name]
            total["net"] += row["captured"] - row["refunded"]
        return {
            "intents": rows, "totals": totals, "movements": copy.deepcopy(self.movements),
            "customers": len(self.objects["customer"]), "refunds": len(self.objects["refund"]),
        }

    def _ledger_row(self, intent):
        sums = self.moved(intent["id"])
        names = (
            "id", "amount", "currency", "status", "capture_method", "description", "customer",
            "created", "metadata",
        )
        return {
            **{name: intent[name] for name in names},
            "held": sums["authorized"] - sums["captured"] - sums["released"],
            "captured": sums["captured"],
            "refunded": sums["refunded"] - sums["returned"],
        }
