"""The life of a payment intent: https://docs.stripe.com/payments/paymentintents/lifecycle"""

from . import attempts, balances, cards, webhooks
from .errors import invalid_parameter, invalid_request, not_here, unexpected_state
from .money import check_amount, check_currency, text
from .refunds import let_go
from .render import page
from .resources import check_client_secret, merge_metadata
from .store import token

OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
# Stripe adds "processing" in its message; in truth that works "in rare cases", here in none.
CANCELABLE = (
    "requires_payment_method", "requires_capture", "requires_confirmation", "requires_action",
)


def create(call):
    params = call.params
    currency = check_currency(params["currency"])
    check_amount(params["amount"], currency)
    types = attempts.types_of(params)
    capture_method = params.get("capture_method", "automatic")
    _check_methods(types, currency, capture_method)
    if params.get("customer"):
        call.store.get("customer", params["customer"], param="customer")
    if params.get("off_session") and not params.get("confirm"):
        raise invalid_parameter(
            "The parameter `off_session` cannot be passed when creating a PaymentIntent unless "
            "`confirm` is set to true.", "off_session",
        )
    intent = _new(call, currency, types, capture_method)
    webhooks.emit(call, "payment_intent.created", intent)
    proceed = attempts.confirm if params.get("confirm") else attempts.attach
    return proceed(call, intent)


def _new(call, currency, types, capture_method):
    kept = (
        "customer", "description", "receipt_email", "setup_future_usage", "shipping",
        "statement_descriptor", "statement_descriptor_suffix",
    )
    intent_id = call.store.new_id("payment_intent")
    intent = {
        "id": intent_id, "object": "payment_intent", "created": call.store.now(),
        "livemode": False,
        "client_secret": f"{intent_id}_secret_{token(25)}", "status": "requires_payment_method",
        "amount": call.params["amount"], "amount_capturable": 0, "amount_received": 0,
        "currency": currency, "capture_method": capture_method, "payment_method_types": types,
        "confirmation_method": call.params.get("confirmation_method", "automatic"),
        "metadata": merge_metadata({}, call.params.get("metadata", {})),
        **{name: call.params.get(name) for name in kept},
        "amount_details": {"tip": {}}, "payment_method_options": {},
        "automatic_payment_methods": call.params.get("automatic_payment_methods"),
        **dict.fromkeys((
            "application", "application_fee_amount", "canceled_at", "cancellation_reason",
            "invoice", "last_payment_error", "latest_charge", "next_action", "on_behalf_of",
            "payment_method", "processing", "review", "transfer_data", "transfer_group",
        )),
    }
    call.store.objects["payment_intent"][intent_id] = intent
    return intent


def _check_methods(types, currency, capture_method):
    for name in types:
        if name not in ("card", "sepa_debit"):
            raise not_here(f"payment method type {name}: only card and sepa_debit are.")
        if capture_method == "manual" and name not in cards.CAN_HOLD:
            raise invalid_parameter(
                f"The payment method type {name} cannot be used with capture_method=manual.",
                "payment_method_types",
            )
        if currency not in cards.CURRENCIES.get(name, {currency}):
            takes = ", ".join(cards.CURRENCIES[name])
            raise invalid_parameter(
                f"The currency provided ({currency}) is invalid. Payments with {name} support the "
                f"following currencies: {takes}.", "currency",
            )


def retrieve(call, object_id):
    intent = call.store.get("payment_intent", object_id)
    if call.publishable or "client_secret" in call.params:
        check_client_secret(intent, call.params["client_secret"])
    return intent


def list_intents(call):
    criteria = {"customer": call.params["customer"]} if "customer" in call.params else {}
    return page(call.store.find("payment_intent", **criteria), call.params, "/v1/payment_intents")


def update(call, object_id):
    intent = call.store.get("payment_intent", object_id)
    params = call.params
    if {"amount", "currency", "customer"} & set(params) and intent["status"] not in OPEN:
        raise unexpected_state(
            f"This PaymentIntent's amount could not be updated because it has a status of "
            f"{intent['status']}. You may only update the amount of a PaymentIntent with one of "
            f"the following statuses: {', '.join(OPEN)}."
        )
    if intent["customer"] and params.get("customer", intent["customer"]) != intent["customer"]:
        raise invalid_request(
            "You cannot modify `customer` on a PaymentIntent once it already has been set. To "
            "fulfill a payment with a different Customer, cancel this PaymentIntent and create a "
            "new one.", param="customer",
        )
    if params.get("customer"):
        call.store.get("customer", params["customer"], param="customer")
    currency = check_currency(params.get("currency", intent["currency"]))
    check_amount(params.get("amount", intent["amount"]), currency)
    if "metadata" in params:
        params["metadata"] = merge_metadata(intent["metadata"], params["metadata"])
    intent.update({**params, "currency": currency})
    return intent


def confirm(call, object_id):
    intent = call.store.get("payment_intent", object_id)
    if call.publishable or "client_secret" in call.params:
        check_client_secret(intent, call.params["client_secret"])
    if call.params.get("deferred_intent"):
        check_elements(call.params["deferred_intent"], intent)
    return attempts.confirm(call, intent)


def check_elements(elements, intent):
    """Elements and the intent have to agree, or the payer would see one price and pay another.

    https://docs.stripe.com/payments/accept-a-payment-deferred
    """
    expected = {"capture_method": "automatic", "setup_future_usage": None, **elements}
    del expected["mode"]
    for name, value in expected.items():
        given = intent[name]
        if name == "currency":
            value = value.lower()
        if sorted(given) != sorted(value) if isinstance(value, list) else given != value:
            shown = [
                ",".join(entry) if isinstance(entry, list) else "null" if entry is None else entry
                for entry in (given, value)
            ]
            raise invalid_request(
                f"The provided {name} ({shown[0]}) does not match the expected {name} "
                f"({shown[1]}). Try confirming with a Payment Intent that is configured to use the "
                f"same parameters as Stripe Elements.", param=name,
            )


def check_session(call):
    """What Stripe.js asks before it draws the form: could such an intent be created?"""
    elements = call.params.get("deferred_intent") or {}
    if elements.get("mode", "payment") == "subscription":
        raise not_here("Elements of mode subscription.")
    if elements.get("mode") == "payment":
        currency = check_currency(elements.get("currency") or "")
        check_amount(elements.get("amount") or 0, currency)
        types = elements.get("payment_method_types") or ["card"]
        _check_methods(types, currency, elements.get("capture_method", "automatic"))
    return {"object": "elements_session", "livemode": False}


def capture(call, object_id):
    """https://docs.stripe.com/payments/place-a-hold-on-a-payment-method#capture-funds"""
    intent = call.store.get("payment_intent", object_id)
    if intent["status"] == "succeeded":
        raise unexpected_state(
            "This PaymentIntent could not be captured because it has already been captured."
        )
    if intent["status"] != "requires_capture":
        raise unexpected_state(
            f"This PaymentIntent could not be captured because it has a status of "
            f"{intent['status']}. Only a PaymentIntent with one of the following statuses may be "
            f"captured: requires_capture."
        )
    held = intent["amount_capturable"]
    amount = call.params.get("amount_to_capture", held)
    if amount > held:
        raise invalid_request(
            f"The amount_to_capture ({text(amount, intent['currency'])}) is greater than the "
            f"amount capturable ({text(held, intent['currency'])}).",
            code="amount_too_large", param="amount_to_capture",
        )
    return _capture(call, intent, amount, held)


def _capture(call, intent, amount, held):
    charge = call.store.get("charge", intent["latest_charge"])
    call.params.pop("amount_to_capture", None)
    if "metadata" in call.params:
        call.params["metadata"] = merge_metadata(intent["metadata"], call.params["metadata"])
    intent.update(
        call.params, status="succeeded", amount_capturable=0, amount_received=amount
    )
    charge.update(captured=True, amount_captured=amount)
    call.store.move("captured", intent, amount)
    balances.book_charge(call.store, charge)
    if amount < held:  # What is not captured is given back with it.
        let_go(call, intent, charge, held - amount)
        webhooks.emit(call, "charge.refunded", charge)
    webhooks.emit(call, "charge.captured", charge)
    webhooks.emit(call, "payment_intent.succeeded", intent)
    return intent


def cancel(call, object_id):
    """Letting go of a hold shows as a refund of a charge that was never captured."""
    intent = call.store.get("payment_intent", object_id)
    if intent["status"] not in CANCELABLE:
        raise unexpected_state(
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}. "
            f"Only a PaymentIntent with one of the following statuses may be canceled: "
            f"{', '.join(CANCELABLE)}, processing."
        )
    return _cancel(call, intent, call.params.get("cancellation_reason"), "charge.refunded")


def lapse(call, intent):
    """The hold has lapsed: the bank has taken its money back.

    https://docs.stripe.com/payments/place-a-hold-on-a-payment-method#authorization-expiration
    """
    if intent["status"] != "requires_capture":
        raise invalid_parameter(f"{intent['id']} is {intent['status']}.", "payment_intent")
    return _cancel(call, intent, "automatic", "charge.expired")


def overdue_holds(store):
    """Return the intents whose hold should have been captured by now."""
    return [
        intent for intent in store.find("payment_intent", status="requires_capture")
        if _capture_before(store, intent) <= store.now()
    ]


def _capture_before(store, intent):
    details = store.get("charge", intent["latest_charge"])["payment_method_details"]
    return details["card"]["capture_before"]


def _cancel(call, intent, reason, event):
    held = intent["amount_capturable"]
    intent.update(
        status="canceled", canceled_at=call.store.now(), amount_capturable=0, next_action=None,
        cancellation_reason=reason,
    )
    if held:
        charge = call.store.get("charge", intent["latest_charge"])
        lapsed = "expired_uncaptured_charge" if reason == "automatic" else None
        let_go(call, intent, charge, held, lapsed)
        webhooks.emit(call, event, charge)
    webhooks.emit(call, "payment_intent.canceled", intent)
    return intent
