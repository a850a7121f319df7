"""Saving a card without charging it: https://docs.stripe.com/api/setup_intents"""

from . import attempts, cards, webhooks
from .errors import StripeError, invalid_request
from .render import page, render
from .resources import check_client_secret, merge_metadata, method_of, new_method
from .store import token

OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
KEPT = ("customer", "description", "on_behalf_of")


def create(call):
    params = call.params
    if params.get("customer"):
        call.store.get("customer", params["customer"], param="customer")
    intent_id = call.store.new_id("setup_intent")
    intent = {
        "id": intent_id, "object": "setup_intent", "created": call.store.now(), "livemode": False,
        "client_secret": f"{intent_id}_secret_{token(25)}", "status": "requires_payment_method",
        "payment_method_types": attempts.types_of(params),
        "usage": params.get("usage", "off_session"),
        "metadata": merge_metadata({}, params.get("metadata", {})),
        **{name: params.get(name) for name in KEPT},
        **dict.fromkeys((
            "application", "cancellation_reason", "last_setup_error", "latest_attempt", "mandate",
            "next_action", "payment_method", "single_use_mandate",
        )),
    }
    call.store.objects["setup_intent"][intent_id] = intent
    webhooks.emit(call, "setup_intent.created", intent)
    attach(call, intent)
    return _confirm(call, intent) if params.get("confirm") else intent


def attach(call, intent):
    """Give the intent the payment method of the request, if there is one."""
    if data := call.params.get("payment_method_data"):
        method = new_method(call.store, data)
    elif reference := call.params.get("payment_method"):
        method = method_of(call.store, reference)
    else:
        return
    attempts.check_type(method, intent, "SetupIntent")
    intent.update(payment_method=method["id"], status="requires_confirmation", next_action=None)


def retrieve(call, object_id):
    intent = call.store.get("setup_intent", object_id)
    if call.publishable or "client_secret" in call.params:
        check_client_secret(intent, call.params["client_secret"])
    return intent


def list_intents(call):
    names = ("customer", "payment_method")
    criteria = {name: call.params[name] for name in names if name in call.params}
    return page(call.store.find("setup_intent", **criteria), call.params, "/v1/setup_intents")


def update(call, object_id):
    intent = call.store.get("setup_intent", object_id)
    params = call.params
    if "metadata" in params:
        intent["metadata"] = merge_metadata(intent["metadata"], params["metadata"])
    for name in ("customer", "description"):
        intent[name] = params.get(name, intent[name])
    attach(call, intent)
    return intent


def confirm(call, object_id):
    intent = retrieve(call, object_id)
    if intent["status"] not in OPEN:
        raise _unexpected(
            f"You cannot confirm this SetupIntent because it has a status of {intent['status']}."
        )
    attach(call, intent)
    return _confirm(call, intent)


def _confirm(call, intent):
    if not intent["payment_method"]:
        raise _unexpected(
            "You cannot confirm this SetupIntent because it's missing a payment method. Update the "
            "SetupIntent with a payment method and then confirm it again."
        )
    method = call.store.get("payment_method", intent["payment_method"])
    if method["_outcome"].kind == "authenticate":
        intent.update(status="requires_action", next_action=attempts.next_action(call, intent))
        webhooks.emit(call, "setup_intent.requires_action", intent)
        return intent
    if method["_outcome"].kind == "decline" and not method["_outcome"].saved:
        raise _refuse(call, intent, method, method["_outcome"])
    return _succeed(call, intent, method)


def _succeed(call, intent, method):
    intent.update(status="succeeded", next_action=None, last_setup_error=None)
    if method["type"] == "sepa_debit":
        intent["mandate"] = call.store.new_id("mandate")
    method["_set_up"] = True
    if intent["customer"]:
        method["customer"] = intent["customer"]
    webhooks.emit(call, "setup_intent.succeeded", intent)
    return intent


def _refuse(call, intent, method, outcome):
    error = StripeError(
        402, "card_error", outcome.message, code=outcome.code, decline_code=outcome.decline_code,
        payment_method=render(call.store, method),
    )
    intent.update(
        status="requires_payment_method", payment_method=None, next_action=None,
        last_setup_error=error.error,
    )
    webhooks.emit(call, "setup_intent.setup_failed", intent)
    error.error = {
        **error.error, "setup_intent": render(call.store, intent, publishable=call.publishable),
    }
    return error


def authenticate(call, intent, passed):
    """The card's owner answered the bank's question."""
    method = call.store.get("payment_method", intent["payment_method"])
    if passed:
        return _succeed(call, intent, method)
    _refuse(call, intent, method, SETUP_NOT_AUTHENTICATED)
    return intent


SETUP_NOT_AUTHENTICATED = cards.Outcome(
    "decline", "setup_intent_authentication_failure", None, attempts.NOT_AUTHENTICATED.message
)


def cancel(call, object_id):
    intent = call.store.get("setup_intent", object_id)
    if intent["status"] not in OPEN:
        raise _unexpected(
            f"You cannot cancel this SetupIntent because it has a status of {intent['status']}. "
            f"Only a SetupIntent with one of the following statuses may be canceled: "
            f"{', '.join(OPEN)}."
        )
    intent.update(
        status="canceled", next_action=None,
        cancellation_reason=call.params.get("cancellation_reason"),
    )
    webhooks.emit(call, "setup_intent.canceled", intent)
    return intent


def _unexpected(message):
    return invalid_request(message, code="setup_intent_unexpected_state")
