"""What the operations take that concern an account as a whole; see schemas.py."""

from .checks import anything, boolean, hash_of, list_of, metadata, one_of, positive, string, url
from .disputes import EVIDENCE
from .schemas import DATED, METHOD_DATA, PAGE, TYPES, operation

# === SETUP INTENTS === #

_USAGE = one_of("off_session", "on_session")
SETUP_CREATE = operation(
    confirm=boolean, customer=string, description=string, metadata=metadata,
    payment_method=string, payment_method_data=METHOD_DATA, payment_method_types=TYPES,
    allowed_payment_method_types=TYPES, return_url=url, usage=_USAGE,
    automatic_payment_methods=hash_of(
        ("enabled",), enabled=boolean, allow_redirects=one_of("always", "never")
    ),
    later="attach_to_self confirmation_token customer_account excluded_payment_method_types "
          "flow_directions mandate_data on_behalf_of payment_method_configuration "
          "payment_method_options single_use use_stripe_sdk",
    gone="payment_method_types",
)
SETUP_UPDATE = operation(
    customer=string, description=string, metadata=metadata, payment_method=string,
    payment_method_data=METHOD_DATA,
    later="allowed_payment_method_types attach_to_self customer_account "
          "excluded_payment_method_types flow_directions payment_method_configuration "
          "payment_method_options payment_method_types",
    gone="payment_method_types",
)
SETUP_LIST = operation(
    **DATED, customer=string, payment_method=string,
    later="attach_to_self customer_account",
)
SETUP_RETRIEVE = operation(client_secret=string)
SETUP_CONFIRM = operation(
    client_secret=string, payment_method=string, payment_method_data=METHOD_DATA, return_url=url,
    later="allowed_payment_method_types confirmation_token mandate_data payment_method_options "
          "use_stripe_sdk",
    gone="client_secret",
)
SETUP_CANCEL = operation(
    cancellation_reason=one_of("abandoned", "duplicate", "requested_by_customer"),
)

# === MONEY === #

TRANSACTION_LIST = operation(
    **DATED, currency=string, source=string, type=string,
    later="payout",
)
PAYOUT_CREATE = operation(
    "amount", "currency", amount=positive, currency=string, description=string,
    metadata=metadata, statement_descriptor=string,
    later="destination method payout_method source_type",
)
PAYOUT_LIST = operation(
    **DATED, status=string,
    later="arrival_date destination",
)
DISPUTE_LIST = operation(**DATED, charge=string, payment_intent=string)
DISPUTE_UPDATE = operation(
    evidence=hash_of(**dict.fromkeys(EVIDENCE, string)), metadata=metadata, submit=boolean,
    later="intended_submission_method",
)

# === EVENTS === #

EVENT_LIST = operation(**DATED, delivery_success=boolean, type=string, types=list_of(string))
ENDPOINT_CREATE = operation(
    "url", "enabled_events", url=url, enabled_events=list_of(string), api_version=string,
    connect=boolean, description=string, metadata=metadata,
)
ENDPOINT_UPDATE = operation(
    url=url, enabled_events=list_of(string), description=string, disabled=boolean,
    metadata=metadata,
)
LIST = operation(**PAGE)

# === CONNECT === #

_PROFILE = {
    "business_profile": anything, "business_type": one_of(
        "company", "government_entity", "individual", "non_profit"
    ),
    "capabilities": anything, "company": anything, "default_currency": string, "email": string,
    "individual": anything, "metadata": metadata, "settings": anything,
}
_CONTROLLER = hash_of(
    fees=hash_of(payer=one_of("account", "application")),
    losses=hash_of(payments=one_of("application", "stripe")),
    requirement_collection=one_of("application", "stripe"),
    stripe_dashboard=hash_of(type=one_of("express", "full", "none")),
)
ACCOUNT_CREATE = operation(
    **_PROFILE, country=string, controller=_CONTROLLER,
    type=one_of("custom", "express", "standard"),
    later="account_token bank_account documents external_account groups tos_acceptance",
    gone="bank_account",
)
ACCOUNT_UPDATE = operation(
    **_PROFILE,
    later="account_token documents external_account groups tos_acceptance",
)
ACCOUNT_LIST = operation(**DATED)
LINK_CREATE = operation(
    "account", "type", account=string, type=one_of("account_onboarding", "account_update"),
    refresh_url=url, return_url=url, collect=one_of("currently_due", "eventually_due"),
    collection_options=hash_of(
        fields=one_of("currently_due", "eventually_due"),
        future_requirements=one_of("include", "omit"),
    ),
)
