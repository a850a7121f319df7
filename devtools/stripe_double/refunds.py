"""Refunds: https://docs.stripe.com/api/refunds"""

from . import balances, webhooks
from .errors import invalid_parameter, invalid_request
from .money import text
from .render import page
from .resources import merge_metadata


def create(call):
    charge = _charge_of(call)
    amount = call.params.get("amount", charge["amount_captured"] - _given_back(charge))
    _check_amount(charge, amount)
    status = _first_status(call, charge)
    refund = give_back(
        call, charge, amount, status=status, reason=call.params.get("reason"),
        metadata=call.params.get("metadata") or {},
    )
    call.store.move("refunded", call.store.get("payment_intent", charge["payment_intent"]), amount)
    kind = "refund" if charge["payment_method_details"]["type"] == "card" else "payment_refund"
    entry = balances.book(
        call.store, kind, refund, -amount, charge["currency"], description="REFUND FOR PAYMENT"
    )
    refund["balance_transaction"] = entry["id"]
    webhooks.emit(call, "refund.created", refund)
    webhooks.emit(call, "charge.refunded", charge)
    return refund


def _first_status(call, charge):
    """A bank debit's refund is on its way for days, and that of one test card as well."""
    if charge["payment_method_details"]["type"] == "sepa_debit":
        return "pending"
    method = call.store.get("payment_method", charge["payment_method"])
    return "pending" if method["_outcome"].slow_refund else "succeeded"


def give_back(call, charge, amount, *, status="succeeded", reason=None, metadata=None):
    """Add a refund to the charge: of money taken, or of a hold that is let go."""
    refund = call.store.create(
        "refund", amount=amount, charge=charge["id"], currency=charge["currency"],
        payment_intent=charge["payment_intent"], reason=reason, status=status,
        metadata=metadata or {}, balance_transaction=None, receipt_number=None,
        source_transfer_reversal=None, transfer_reversal=None,
    )
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    return refund


def let_go(call, intent, charge, amount, reason=None):
    """Release what is held and not captured: it shows as a refund of the charge."""
    webhooks.emit(call, "refund.created", give_back(call, charge, amount, reason=reason))
    call.store.move("released", intent, amount)


def _given_back(charge):
    """What was refunded of the captured amount; `amount_refunded` counts released holds too."""
    return charge["amount_refunded"] - (charge["amount"] - charge["amount_captured"])


def _charge_of(call):
    if reference := call.params.get("charge"):
        charge = call.store.get("charge", reference, param="charge")
        intent = call.store.get("payment_intent", charge["payment_intent"])
    elif reference := call.params.get("payment_intent"):
        intent = call.store.get("payment_intent", reference, param="payment_intent")
        charge = call.store.objects["charge"].get(intent["latest_charge"])
    else:
        raise invalid_parameter(
            "One of the following params should be provided for this request: payment_intent or "
            "charge.", "payment_intent", "parameter_missing",
        )
    _check_refundable(intent, charge)
    if charge["disputed"]:
        raise invalid_request(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.",
            code="charge_disputed",
        )
    return charge


def _check_refundable(intent, charge):
    if intent["status"] == "requires_capture":
        raise invalid_request(
            f"This uncaptured Charge was created by a PaymentIntent ({intent['id']}). You must "
            f"cancel the PaymentIntent to reverse the authorization instead of refunding the "
            f"Charge directly. For more information, see "
            f"https://stripe.com/docs/payments/payment-intents/creating-payment-intents"
            f"#separate-auth-capture"
        )
    if not charge or charge["status"] != "succeeded" or not charge["captured"]:
        raise invalid_request(
            f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
            param="payment_intent",
        )


def _check_amount(charge, amount):
    currency = charge["currency"]
    left = charge["amount_captured"] - _given_back(charge)
    if not left:
        raise invalid_request(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    for limit, what in ((charge["amount_captured"], "charge amount"),
                        (left, "unrefunded amount on charge")):
        if amount > limit:
            raise invalid_request(
                f"Refund amount ({text(amount, currency)}) is greater than {what} "
                f"({text(limit, currency)})", param="amount",
            )


def retrieve(call, object_id):
    return call.store.get("refund", object_id)


def list_refunds(call):
    names = ("charge", "payment_intent")
    criteria = {name: call.params[name] for name in names if name in call.params}
    for kind, reference in criteria.items():
        call.store.get(kind, reference, param=kind)
    return page(call.store.find("refund", **criteria), call.params, "/v1/refunds")


def list_of_charge(call, object_id):
    call.store.get("charge", object_id)
    refunds = call.store.find("refund", charge=object_id)
    return page(refunds, call.params, f"/v1/charges/{object_id}/refunds")


def settle(call, refund, succeeded):
    """Bring a refund to its end; a failed one returns the money to the merchant.

    Both generations of events are told: `charge.refund.updated` and `refund.updated`.
    """
    charge = call.store.get("charge", refund["charge"])
    refund["status"] = "succeeded" if succeeded else "failed"
    if not succeeded:
        is_card = charge["payment_method_details"]["type"] == "card"
        refund["failure_reason"] = "expired_or_canceled_card" if is_card else "unknown"
        charge["amount_refunded"] -= refund["amount"]
        charge["refunded"] = False
        intent = call.store.get("payment_intent", refund["payment_intent"])
        call.store.move("returned", intent, refund["amount"])
        entry = balances.book(
            call.store, "refund_failure", refund, refund["amount"], refund["currency"],
            description="REFUND FAILURE",
        )
        refund["failure_balance_transaction"] = entry["id"]
    _tell(call, refund)
    if not succeeded:
        webhooks.emit(call, "refund.failed", refund)
    return refund


def _tell(call, refund):
    webhooks.emit(call, "charge.refund.updated", refund)
    webhooks.emit(call, "refund.updated", refund)


def update(call, object_id):
    refund = call.store.get("refund", object_id)
    if "metadata" in call.params:
        refund["metadata"] = merge_metadata(refund["metadata"], call.params["metadata"])
    _tell(call, refund)
    return refund
