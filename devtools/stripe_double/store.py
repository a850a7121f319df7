"""What the stand-in remembers, in memory, under one lock: accounts, objects, requests, events."""

import collections
import secrets
import string
import threading
import time

from . import errors

_ALPHABET = string.ascii_letters + string.digits
PREFIXES = {
    "account": "acct", "account_link": "al", "balance_transaction": "txn", "charge": "ch",
    "customer": "cus", "dispute": "du", "event": "evt", "mandate": "mandate",
    "payment_intent": "pi", "payment_method": "pm", "payout": "po", "refund": "re",
    "setup_intent": "seti", "webhook_endpoint": "we",
}
PLATFORM = "acct_standin"
NAMES = {"payment_intent": "intent", "setup_intent": "intent", "account": "account"}
LABELS = {  # As Stripe's messages call them.
    "payment_method": "PaymentMethod", "setup_intent": "setupintent",
    "webhook_endpoint": "webhook endpoint",
}
WITHOUT_MODE = {"refund", "balance_transaction", "account"}  # Objects that have no `livemode`.


def token(length=24):
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


class Hub:
    """The whole stand-in: the platform's account, those connected to it, and what they share.

    Whoever reads or writes it holds `lock`.
    """

    def __init__(self, secret_key, publishable_key):
        self.secret_key = secret_key
        self.publishable_key = publishable_key
        self.lock = threading.RLock()
        # Every request since the start, for the referee; a reset keeps them.
        self.journal = collections.deque(maxlen=20_000)
        self.reset()

    def reset(self):
        """Forget everything but the keys and the journal."""
        self.clock = 0  # Seconds between the stand-in's time and the real one.
        self.platform = Store(self, PLATFORM)
        self.connected = {}  # Account id -> Store.
        self.requests = collections.deque(maxlen=10_000)
        self.replies = {}  # (Account id, idempotency key) -> Reply.
        self.in_flight = set()  # Idempotency keys of requests that are not answered yet.
        self.faults = []  # See faults.py.
        self.outbox = []  # Deliveries that wait for the answer to the request that caused them.
        self.delivery_faults = []  # See deliveries.py.
        self.held = []  # Deliveries that wait to be let go.
        self.deliveries = []
        self.sent = {}  # (Event id, endpoint id) -> Delivery, for sending it again.
        self.undelivered = set()  # The keys of those that did not arrive.

    def now(self):
        """Return the stand-in's time in seconds since 1970."""
        return int(time.time()) + self.clock

    def stores(self):
        return [self.platform, *self.connected.values()]

    def connect(self, account_id):
        """Add the state of a connected account."""
        self.connected[account_id] = Store(self, account_id)
        return self.connected[account_id]

    def store_of(self, account_id):
        """Return the state of an account; None is the platform's.

        :raise KeyError: If there is no such account.
        """
        if account_id in (None, "", PLATFORM):
            return self.platform
        return self.connected[account_id]

    def store_with(self, kind, object_id):
        """Return the state of whichever account has an object; the platform's if none has."""
        found = [store for store in self.stores() if object_id in store.objects[kind]]
        return found[0] if found else self.platform


class Store:
    """The objects of one Stripe account in test mode: no other account sees them.

    Objects are plain dicts in Stripe's shape; keys with a leading underscore are the stand-in's own
    and never leave the process.
    """

    def __init__(self, hub, account_id):
        self.hub = hub
        self.account_id = account_id
        self.objects = {kind: {} for kind in PREFIXES}
        self.movements = []

    @property
    def is_platform(self):
        return self.account_id == PLATFORM

    def now(self):
        return self.hub.now()

    def new_id(self, kind):
        return f"{PREFIXES[kind]}_{token()}"

    def create(self, kind, **values):
        """Add and return an object with the properties that every object has."""
        record = {
            "id": self.new_id(kind), "object": kind, "created": self.now(),
            **({} if kind in WITHOUT_MODE else {"livemode": False}), **values,
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
                LABELS.get(kind, kind), object_id, param=param or NAMES.get(kind, "id"),
                status=400 if param else 404,
            )
        return record

    def find(self, kind, **criteria):
        """Return the objects with these values, newest first, as Stripe lists them."""
        return [
            record for record in reversed(self.objects[kind].values())
            if all(record.get(name) == value for name, value in criteria.items())
        ]

    # === MONEY: every movement is written down; sums come from the movements alone === #

    def move(self, kind, intent, amount):
        """Write down a movement of money of an intent.

        authorized, captured, released, refunded; returned (a refund that failed: the money is back
        with the merchant), disputed and reinstated.
        """
        self.movements.append({
            "at": self.now(), "kind": kind, "payment_intent": intent["id"],
            "amount": amount, "currency": intent["currency"],
        })

    def moved(self, intent_id):
        """Return the sum of each kind of movement of an intent."""
        sums = collections.Counter()
        for movement in self.movements:
            if movement["payment_intent"] == intent_id:
                sums[movement["kind"]] += movement["amount"]
        return sums
