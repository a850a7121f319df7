"""One attempt to pay an intent: confirmation, the bank's answer, 3-D Secure, settlement."""

from . import balances, cards, disputes, webhooks
from .errors import StripeError, invalid_parameter, invalid_request, unexpected_state
from .render import render
from .resources import method_of, new_method

HOLD_SECONDS = 7 * 24 * 3600  # https://docs.stripe.com/payments/place-a-hold-on-a-payment-method
NOT_AUTHENTICATED = cards.Outcome(
    "decline", "payment_intent_authentication_failure", None,
    "We are unable to authenticate your payment method. Please choose a different payment method "
    "and try again.",
)


def confirm(call, intent):
    """https://docs.stripe.com/api/payment_intents/confirm"""
    if intent["status"] == "succeeded":
        raise unexpected_state(
            "You cannot confirm this PaymentIntent because it has already succeeded after being "
            "previously confirmed."
        )
    if intent["status"] not in ("requires_payment_method", "requires_confirmation",
                                "requires_action"):
        raise unexpected_state(
            f"You cannot confirm this PaymentIntent because it has a status of "
            f"{intent['status']}. Only a PaymentIntent with one of the following statuses may be "
            f"confirmed: requires_confirmation, requires_action."
        )
    attach(call, intent)
    if not intent["payment_method"]:
        raise unexpected_state(
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can "
            "either update the PaymentIntent with a payment method and then confirm it again, or "
            "confirm it again directly with a payment method."
        )
    for name in ("receipt_email", "setup_future_usage", "shipping"):
        intent[name] = call.params.get(name, intent[name])
    return _charge(call, intent)


def attach(call, intent):
    """Give the intent the payment method of the request, if there is one."""
    if data := call.params.get("payment_method_data"):
        method = new_method(call.store, data)
    elif reference := call.params.get("payment_method"):
        method = method_of(call.store, reference)
    else:
        return intent
    check_type(method, intent, "PaymentIntent")
    _check_owner(method, intent)
    intent.update(payment_method=method["id"], status="requires_confirmation", next_action=None)
    return intent


def types_of(params):
    """Return the kinds of payment methods that an intent takes.

    The parameter has had two names; without one it is what the dashboard allows: cards.
    """
    names = ("payment_method_types", "allowed_payment_method_types")
    return next((params[name] for name in names if params.get(name)), ["card"])


def check_type(method, intent, label):
    if method["type"] not in intent["payment_method_types"]:
        raise invalid_request(
            f"The PaymentMethod provided ({method['type']}) is not allowed for this {label}. "
            f"Please attach a compatible PaymentMethod type or update the allowed PaymentMethod "
            f"types for this {label} to be compatible with the PaymentMethod provided.",
            code="payment_intent_incompatible_payment_method", param="payment_method",
        )


def _check_owner(method, intent):
    if not method["customer"] or method["customer"] == intent["customer"]:
        return
    if not intent["customer"]:
        raise invalid_request(
            f"The provided PaymentMethod was previously used with a PaymentIntent without Customer "
            f"attachment or belongs to {method['customer']}: include the Customer as well.",
            param="payment_method",
        )
    raise invalid_request(
        "The customer does not have a payment method with the ID "
        f"{method['id']}. The payment method must be attached to the customer.",
        code="resource_missing", param="payment_method",
    )


def _charge(call, intent):
    method = call.store.get("payment_method", intent["payment_method"])
    outcome = method["_outcome"]
    if outcome.kind == "authenticate" and not (outcome.once and method["_set_up"]):
        if call.params.get("off_session"):
            raise _decline(call, intent, method, cards.UNAUTHENTICATED)
        return _ask_authentication(call, intent)
    return _ask_bank(call, intent, method, outcome.then or outcome)


def _ask_bank(call, intent, method, outcome):
    if outcome.kind == "decline":
        raise _decline(call, intent, method, outcome)
    if outcome.kind == "processing":
        return _process(call, intent, method)
    return _succeed(call, intent, method)


def _new_charge(call, intent, method, **values):
    copied = (
        "amount", "currency", "customer", "description", "receipt_email", "shipping",
        "statement_descriptor", "statement_descriptor_suffix",
    )
    details = {method["type"]: dict(method[method["type"]]), "type": method["type"]}
    if method["type"] == "sepa_debit":
        details["sepa_debit"]["mandate"] = call.store.new_id("mandate")
    elif intent["capture_method"] == "manual":
        details["card"]["capture_before"] = call.store.now() + HOLD_SECONDS
    charge = call.store.create("charge", **{
        **{name: intent[name] for name in copied},
        "payment_intent": intent["id"], "payment_method": method["id"], "amount_captured": 0,
        "amount_refunded": 0, "billing_details": method["billing_details"], "captured": False,
        "disputed": False, "failure_code": None, "failure_message": None, "invoice": None,
        "metadata": dict(intent["metadata"]), "payment_method_details": details,
        "refunded": False, "outcome": _outcome(values), "fraud_details": {},
        **dict.fromkeys((
            "application", "application_fee", "application_fee_amount", "balance_transaction",
            "failure_balance_transaction", "on_behalf_of", "receipt_number", "receipt_url",
            "review", "transfer_data", "transfer_group",
        )), **values,
    })
    intent["latest_charge"] = charge["id"]
    return charge


def _outcome(values):
    """https://docs.stripe.com/api/charges/object#charge_object-outcome"""
    if values.get("failure_code"):
        return {
            "network_status": "declined_by_network", "reason": values["failure_code"],
            "risk_level": "normal", "type": "issuer_declined",
            "seller_message": "The bank did not return any further details with this decline.",
        }
    return {
        "network_status": "approved_by_network", "reason": None, "risk_level": "normal",
        "seller_message": "Payment complete.", "type": "authorized",
    }


def _succeed(call, intent, method):
    charge = _new_charge(call, intent, method, paid=False, status="pending")
    return _authorize(call, intent, method, charge)


def _authorize(call, intent, method, charge):
    """The bank said yes: hold the money, or take it."""
    charge.update(paid=True, status="succeeded")
    intent.update(last_payment_error=None, next_action=None, processing=None)
    if intent["setup_future_usage"] and intent["customer"]:
        method.update(customer=intent["customer"], _set_up=True)
    call.store.move("authorized", intent, intent["amount"])
    webhooks.emit(call, "charge.succeeded", charge)
    if intent["capture_method"] == "manual":
        intent.update(status="requires_capture", amount_capturable=intent["amount"])
        webhooks.emit(call, "payment_intent.amount_capturable_updated", intent)
        return intent
    charge.update(captured=True, amount_captured=intent["amount"])
    intent.update(status="succeeded", amount_received=intent["amount"])
    call.store.move("captured", intent, intent["amount"])
    balances.book_charge(call.store, charge)
    webhooks.emit(call, "payment_intent.succeeded", intent)
    if method["_outcome"].disputed:
        disputes.open_dispute(call, charge, reason=method["_outcome"].disputed)
    return intent


def _process(call, intent, method):
    charge = _new_charge(call, intent, method, paid=False, status="pending")
    intent.update(status="processing", last_payment_error=None, next_action=None)
    webhooks.emit(call, "charge.pending", charge)
    webhooks.emit(call, "payment_intent.processing", intent)
    return intent


def _decline(call, intent, method, outcome):
    """Record the refusal and return the error: the intent waits for another payment method."""
    charge = _new_charge(
        call, intent, method, paid=False, status="failed",
        failure_code=outcome.code, failure_message=outcome.message,
    )
    return _refuse(call, intent, method, outcome, charge)


def _refuse(call, intent, method, outcome, charge=None):
    details = {"code": outcome.code, "decline_code": outcome.decline_code}
    if charge:
        details["charge"] = charge["id"]
        webhooks.emit(call, "charge.failed", charge)
    details["payment_method"] = render(call.store, method)
    error = StripeError(402, "card_error", outcome.message, **details)
    intent.update(
        status="requires_payment_method", payment_method=None, next_action=None, processing=None,
        last_payment_error=error.error,
    )
    webhooks.emit(call, "payment_intent.payment_failed", intent)
    error.error = {
        **error.error,
        "payment_intent": render(call.store, intent, publishable=call.publishable),
    }
    return error


# === 3-D SECURE: https://docs.stripe.com/payments/3d-secure === #

def next_action(call, intent):
    """Return where the payer has to go: the bank's page, by itself or through Stripe.js."""
    page = f"{call.base_url}/3ds/{intent['id']}?client_secret={intent['client_secret']}"
    if return_url := call.params.get("return_url"):
        return {
            "type": "redirect_to_url",
            "redirect_to_url": {"url": page, "return_url": return_url},
        }
    return {
        "type": "use_stripe_sdk",
        "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": page},
    }


def _ask_authentication(call, intent):
    action = next_action(call, intent)
    intent.update(status="requires_action", next_action=action, last_payment_error=None)
    webhooks.emit(call, "payment_intent.requires_action", intent)
    return intent


def authenticate(call, intent, passed):
    """The payer answered the bank's question."""
    if intent["status"] != "requires_action":
        raise unexpected_state("This payment is not waiting for an authentication.")
    method = call.store.get("payment_method", intent["payment_method"])
    if passed:
        try:
            return _ask_bank(call, intent, method, method["_outcome"].then or cards.SUCCEED)
        except StripeError:  # Declined after all; the intent says why.
            return intent
    _refuse(call, intent, method, NOT_AUTHENTICATED)
    return intent


# === WHAT TAKES DAYS === #

def settle(call, intent, outcome=None):
    """Bring a processing payment to its end.

    :param str outcome: succeeded or failed; by default what the test number says.
    """
    if intent["status"] != "processing":
        raise invalid_parameter(f"{intent['id']} is {intent['status']}.", "payment_intent")
    method = call.store.get("payment_method", intent["payment_method"])
    charge = call.store.get("charge", intent["latest_charge"])
    if (outcome or method["_outcome"].settles) == "succeeded":
        return _authorize(call, intent, method, charge)
    charge.update(
        status="failed", failure_code="payment_method_provider_decline",
        failure_message=cards.DECLINED.message,
    )
    _refuse(call, intent, method, cards.DECLINED, charge)
    return intent
