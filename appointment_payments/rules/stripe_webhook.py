"""What a delivery of Stripe says, and whether it is Stripe that says it (design rule 7)."""

import hashlib
import json
import re
from typing import NamedTuple

from stripe import SignatureVerificationError, WebhookSignature

TOLERANCE = 300  # seconds, into the past and into the future
_ID = re.compile(r"[A-Za-z]+_[A-Za-z0-9_]{1,200}")
# Of the object only what finds it again, and what a person wants to read: no names, no secrets.
_KEPT = (
    "id", "object", "payment_intent", "charge", "description", "status", "amount", "currency",
    "reason",
)  # fmt: skip

PAYMENT = "payment"
REFUND = "refund"
DISPUTE = "dispute"
KINDS = {
    "payment_intent.succeeded": PAYMENT,
    "payment_intent.amount_capturable_updated": PAYMENT,
    "payment_intent.processing": PAYMENT,
    "payment_intent.payment_failed": PAYMENT,
    "payment_intent.canceled": PAYMENT,
    "charge.expired": PAYMENT,
    "charge.refunded": REFUND,
    "charge.refund.updated": REFUND,
    "refund.created": REFUND,
    "refund.updated": REFUND,
    "refund.failed": REFUND,
    "charge.dispute.created": DISPUTE,
    "charge.dispute.updated": DISPUTE,
    "charge.dispute.funds_withdrawn": DISPUTE,
    "charge.dispute.closed": DISPUTE,
}


class Hint(NamedTuple):
    """What a webhook is a hint of: where to look, never what to believe.

    :param str event_ref: evt_…
    :param str type: as `charge.refunded`
    :param str account_ref: acct_… of a connected account; empty for the account itself
    :param bool livemode: whether real money is meant
    :param dict kept: the properties of the object that are stored
    """

    event_ref: str
    type: str
    account_ref: str
    livemode: bool
    kept: dict

    @property
    def kind(self):
        """What it is about; None where nothing is done."""
        return KINDS.get(self.type)

    @property
    def intent_ref(self):
        """The payment intent it is about: every object that is acted on names it."""
        if self.kept.get("object") == "payment_intent":
            return self.kept["id"]
        return self.kept.get("payment_intent")

    @property
    def references(self):
        """The transactions that it may be about, by the names they have here."""
        names = (self.kept.get("reference"), self.kept.get("description"))
        return [name for name in names if name]


def is_signed(body, header, secret, now):
    """Return whether a delivery was signed with a secret, just now.

    During a rotation the header has several signatures; one is enough.

    :param bytes body: as it came
    :param str header: `Stripe-Signature`
    :param str secret: whsec_…
    :param float now: seconds since 1970
    :rtype: bool
    """
    try:
        WebhookSignature.verify_header(body, header, secret or None)
        # the package looks into the past only
        return abs(now - _timestamp(header)) <= TOLERANCE
    except (SignatureVerificationError, TypeError, ValueError):
        return False


def has_signature(header):
    """Return whether a header could be one of Stripe's.

    :param str header: `Stripe-Signature`, or nothing
    :rtype: bool
    """
    try:
        return bool(_timestamp(header or "")) and "v1=" in header
    except ValueError:
        return False


def _timestamp(header):
    """The first one: it is the one that was signed."""
    entries = [entry.split("=", 1) for entry in header.split(",")]
    return next((int(entry[1]) for entry in entries if entry[0] == "t" and len(entry) == 2), 0)


def parse(body):
    """Read a body as JSON.

    :param bytes body: as it came
    :return: the JSON object
    :rtype: dict
    :raise ValueError: when it is none
    """
    try:
        event = json.loads(body)
    except RecursionError as error:
        raise ValueError("Too deep.") from error
    if not isinstance(event, dict):
        raise ValueError("Not a JSON object.")
    return event


def read_hint(event):
    """Read what an event is a hint of.

    :param dict event: of Stripe, or of anybody
    :rtype: Hint
    :raise ValueError: when it has not the shape of an event
    """
    data = event.get("data")
    subject = data.get("object") if isinstance(data, dict) else None
    kept = keep(subject)
    account = event.get("account") or ""
    livemode = event.get("livemode")
    if not (_is_id(event.get("id"), "evt") and _is_text(event.get("type"))):
        raise ValueError("Not an event.")
    if not isinstance(livemode, bool) or (account and not _is_id(account, "acct")):
        raise ValueError("Neither live nor test.")
    return Hint(event["id"], event["type"], account, livemode, kept)


def keep(subject):
    """Return what is kept of an object.

    :param dict subject: the object of an event
    :rtype: dict
    :raise ValueError: when it has not the shape of one
    """
    if not isinstance(subject, dict):
        raise ValueError("No object.")
    kept = {name: subject[name] for name in _KEPT if _is_plain(subject.get(name))}
    for name in ("id", "payment_intent", "charge"):
        if name in kept and not _is_id(kept[name]):
            raise ValueError("Not an id.")
    metadata = subject.get("metadata")
    reference = metadata.get("reference") if isinstance(metadata, dict) else None
    return {**kept, "reference": reference} if _is_text(reference) else kept


def _is_plain(value):
    return _is_text(value) or (isinstance(value, int) and abs(value) < 10**15)


def _is_text(value):
    """PostgreSQL stores neither zero bytes nor half a character."""
    if not isinstance(value, str) or not value or len(value) > 1000 or "\x00" in value:
        return False
    return value.isprintable() or not any("\ud800" <= char <= "\udfff" for char in value)


def _is_id(value, prefix=""):
    return _is_text(value) and bool(_ID.fullmatch(value)) and value.startswith(prefix)


def mark_of(token):
    """Return what a payment intent carries to say which booking it is for.

    Two databases on one account call different bookings alike; their secrets differ.

    :param str token: the secret of the booking's link, or nothing
    :return: 24 hexadecimal digits that do not give the secret away; empty without one
    :rtype: str
    """
    return hashlib.sha256(token.encode()).hexdigest()[:24] if token else ""


def refunds_of_captured_money(charge, refunds):
    """Return the refunds that paid money back.

    Stripe shows what is let go of a hold as a refund too: the whole of one that ends, and what a
    capture leaves, given back in the moment of the capture.

    :param dict charge: ``amount`` that was held, ``amount_captured``, ``captured``; minor units
    :param list refunds: every refund of the charge, in any order
    :return: oldest first
    :rtype: list[dict]
    """
    if not charge or not charge["captured"]:
        return []
    oldest_first = sorted(refunds, key=lambda refund: refund["created"])
    released = charge["amount"] - charge["amount_captured"]
    let_go = next((refund for refund in oldest_first if _lets_go(refund, released)), None)
    return [refund for refund in oldest_first if refund is not let_go]


def _lets_go(refund, released):
    """Whether no money moved: it was not booked, and nobody here has sent it."""
    was_sent = (refund.get("metadata") or {}).get("reference")
    return refund["amount"] == released and not refund.get("balance_transaction") and not was_sent
