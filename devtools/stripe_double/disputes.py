"""Disputes: https://docs.stripe.com/api/disputes and https://docs.stripe.com/disputes/how-disputes-work

The disputed amount leaves the balance when the dispute opens and comes back when it is won; the fee
stays with Stripe.
"""

from . import balances, webhooks
from .errors import invalid_parameter, invalid_request
from .render import page, render
from .resources import merge_metadata

DUE_AFTER = 7 * 24 * 3600  # Seconds to answer.
EVIDENCE = (
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure "
    "cancellation_rebuttal customer_communication customer_email_address customer_name "
    "customer_purchase_ip customer_signature duplicate_charge_documentation "
    "duplicate_charge_explanation duplicate_charge_id product_description receipt refund_policy "
    "refund_policy_disclosure refund_refusal_explanation service_date service_documentation "
    "shipping_address shipping_carrier shipping_date shipping_documentation "
    "shipping_tracking_number uncategorized_file uncategorized_text"
).split()
OPEN = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")


def open_dispute(call, charge, amount=None, reason="fraudulent"):
    """The payer's bank takes the money back, for now.

    :param int amount: Part of the charge; by default what was captured and not refunded.
    """
    intent = call.store.get("payment_intent", charge["payment_intent"])
    left = charge["amount_captured"] - call.store.moved(intent["id"])["refunded"]
    amount = left if amount is None else amount
    if not charge["captured"] or not 0 < amount <= charge["amount_captured"]:
        raise invalid_parameter("There is no such amount to dispute.", "amount")
    if charge["disputed"]:
        raise invalid_parameter(f"{charge['id']} is disputed already.", "charge")
    dispute = call.store.create(
        "dispute", amount=amount, charge=charge["id"], currency=charge["currency"],
        balance_transactions=[], evidence=dict.fromkeys(EVIDENCE), is_charge_refundable=False,
        evidence_details={
            "due_by": call.store.now() + DUE_AFTER, "has_evidence": False, "past_due": False,
            "submission_count": 0,
        },
        metadata={}, payment_intent=intent["id"], reason=reason, status="needs_response",
    )
    charge["disputed"] = True
    webhooks.emit(call, "charge.dispute.created", dispute)
    call.store.move("disputed", intent, amount)
    fee = balances.hundredths(balances.DISPUTE_FEE, charge["currency"])
    _book(call.store, dispute, -amount, fee)
    webhooks.emit(call, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def _book(store, dispute, amount, fee=0):
    entry = balances.book(
        store, "adjustment", dispute, amount, dispute["currency"], fee=fee,
        description=f"Chargeback {'withdrawal' if amount < 0 else 'reversal'} for "
                    f"{dispute['charge']}",
    )
    dispute["balance_transactions"].append(render(store, entry))


def close_dispute(call, dispute, won):
    """The bank's decision."""
    if dispute["status"] not in OPEN:
        raise invalid_request("This dispute is already closed.", param="dispute")
    dispute["status"] = "won" if won else "lost"
    intent = call.store.get("payment_intent", dispute["payment_intent"])
    if won:
        call.store.move("reinstated", intent, dispute["amount"])
        _book(call.store, dispute, dispute["amount"])
    webhooks.emit(call, "charge.dispute.closed", dispute)
    if won:
        webhooks.emit(call, "charge.dispute.funds_reinstated", dispute)
    return dispute


def retrieve(call, object_id):
    return call.store.get("dispute", object_id)


def list_disputes(call):
    names = ("charge", "payment_intent")
    criteria = {name: call.params[name] for name in names if name in call.params}
    return page(call.store.find("dispute", **criteria), call.params, "/v1/disputes")


def update(call, object_id):
    """Evidence: in test mode its text decides, https://docs.stripe.com/testing#evidence"""
    dispute = call.store.get("dispute", object_id)
    if dispute["status"] not in OPEN:
        raise invalid_request("This dispute is already closed.", param="dispute")
    if "metadata" in call.params:
        dispute["metadata"] = merge_metadata(dispute["metadata"], call.params["metadata"])
    evidence = call.params.get("evidence") or {}
    dispute["evidence"].update(evidence)
    dispute["evidence_details"]["has_evidence"] = any(dispute["evidence"].values())
    if evidence and call.params.get("submit", True):
        dispute["evidence_details"]["submission_count"] += 1
        dispute["status"] = "under_review"
        webhooks.emit(call, "charge.dispute.updated", dispute)
        text = dispute["evidence"]["uncategorized_text"]
        if text in ("winning_evidence", "losing_evidence"):
            return close_dispute(call, dispute, text == "winning_evidence")
    return dispute


def close(call, object_id):
    """The merchant gives up."""
    return close_dispute(call, call.store.get("dispute", object_id), won=False)
