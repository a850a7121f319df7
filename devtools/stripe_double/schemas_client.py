"""What Stripe.js calls with a publishable key: not part of the documented API."""

from .checks import string, url
from .schemas import (
    BILLING,
    CARD,
    CLIENT_METHOD_DATA,
    DEFERRED_INTENT,
    FUTURE_USAGE,
    SEPA,
    operation,
)

ACCOUNT = {"key": string, "_stripe_account": string}
CLIENT_RETRIEVE = operation("client_secret", **ACCOUNT, client_secret=string)
CLIENT_CONFIRM = operation(
    "client_secret", **ACCOUNT, client_secret=string, return_url=url,
    payment_method=string, payment_method_data=CLIENT_METHOD_DATA, deferred_intent=DEFERRED_INTENT,
    setup_future_usage=FUTURE_USAGE,
)
CLIENT_METHOD = operation(
    "type", **ACCOUNT, type=string, billing_details=BILLING, card=CARD, sepa_debit=SEPA
)
CLIENT_SESSION = operation(**ACCOUNT, deferred_intent=DEFERRED_INTENT)
CLIENT_SETUP_CONFIRM = operation(
    "client_secret", **ACCOUNT, client_secret=string, return_url=url,
    payment_method=string, payment_method_data=CLIENT_METHOD_DATA, deferred_intent=DEFERRED_INTENT,
)
