"""What each operation of the API takes.

`params` are understood, `later` are the other ones that Stripe knows: the stand-in answers those
with 501 instead of pretending. Together they are Stripe's whole list; the contract tests compare
them with Stripe's OpenAPI file where it is at hand.
"""

import dataclasses

from .checks import (
    boolean,
    hash_of,
    integer,
    list_of,
    metadata,
    one_of,
    positive,
    string,
    url,
)


@dataclasses.dataclass(frozen=True)
class Operation:
    params: dict
    required: tuple = ()
    later: tuple = ()


def operation(*required, later="", **params):
    params.setdefault("expand", list_of(string))
    return Operation(params, required, tuple(later.split()))


ADDRESS = hash_of(
    city=string, country=string, line1=string, line2=string, postal_code=string, state=string
)
SHIPPING = hash_of(
    ("address", "name"),
    address=ADDRESS, carrier=string, name=string, phone=string, tracking_number=string,
)
BILLING = hash_of(address=ADDRESS, email=string, name=string, phone=string)
TYPES = list_of(string)
CAPTURE = one_of("automatic", "automatic_async", "manual")
FUTURE_USAGE = one_of("off_session", "on_session")
SEPA = hash_of(("iban",), iban=string)
CARD = hash_of(
    ("number", "exp_month", "exp_year"),
    number=string, exp_month=integer, exp_year=integer, cvc=string,
)
METHOD_DATA = hash_of(
    ("type",), type=string, billing_details=BILLING, metadata=metadata, sepa_debit=SEPA
)
# What only Stripe.js may send: the card itself, and what its Elements were created with.
CLIENT_METHOD_DATA = hash_of(
    ("type",), type=string, billing_details=BILLING, card=CARD, sepa_debit=SEPA
)
DEFERRED_INTENT = hash_of(
    ("mode",),
    mode=one_of("payment", "setup", "subscription"), amount=positive, currency=string,
    capture_method=CAPTURE, setup_future_usage=FUTURE_USAGE, payment_method_types=TYPES,
)

_CUSTOMER = {
    "address": ADDRESS, "description": string, "email": string, "metadata": metadata,
    "name": string, "phone": string, "shipping": SHIPPING,
}
_PAGE = {
    "ending_before": string, "limit": positive, "starting_after": string,
}
_CONFIRM = {
    "off_session": boolean, "payment_method": string, "payment_method_data": METHOD_DATA,
    "receipt_email": string, "return_url": url, "setup_future_usage": FUTURE_USAGE,
    "shipping": SHIPPING,
}

RETRIEVE = operation()

CUSTOMER_CREATE = operation(
    **_CUSTOMER,
    later="balance cash_balance coupon invoice_prefix invoice_settings next_invoice_sequence "
          "payment_method preferred_locales promotion_code source tax tax_exempt tax_id_data "
          "test_clock",
)
CUSTOMER_UPDATE = operation(
    **_CUSTOMER,
    later="balance bank_account card cash_balance coupon default_alipay_account "
          "default_bank_account default_card default_source invoice_prefix invoice_settings "
          "next_invoice_sequence preferred_locales promotion_code source tax tax_exempt",
)
CUSTOMER_METHODS = operation(**_PAGE, type=string)

METHOD_CREATE = operation(
    "type", type=string, billing_details=BILLING, metadata=metadata, sepa_debit=SEPA,
    later="acss_debit affirm afterpay_clearpay alipay au_becs_debit bacs_debit bancontact blik "
          "boleto card cashapp customer customer_balance eps fpx giropay grabpay ideal "
          "interac_present klarna konbini link oxxo p24 payment_method paynow paypal pix promptpay "
          "radar_options sofort us_bank_account wechat_pay zip",
)
METHOD_LIST = operation(**_PAGE, customer=string, type=string)

INTENT_CREATE = operation(
    "amount", "currency", **_CONFIRM,
    amount=positive, currency=string, capture_method=CAPTURE, confirm=boolean, customer=string,
    description=string, metadata=metadata, payment_method_types=TYPES,
    confirmation_method=one_of("automatic", "manual"),
    statement_descriptor=string, statement_descriptor_suffix=string,
    automatic_payment_methods=hash_of(
        ("enabled",), enabled=boolean, allow_redirects=one_of("always", "never")
    ),
    later="application_fee_amount error_on_requires_action mandate mandate_data on_behalf_of "
          "payment_method_options radar_options transfer_data transfer_group use_stripe_sdk",
)
INTENT_UPDATE = operation(
    amount=positive, currency=string, customer=string, description=string, metadata=metadata,
    receipt_email=string, setup_future_usage=FUTURE_USAGE, shipping=SHIPPING,
    statement_descriptor=string, statement_descriptor_suffix=string,
    later="application_fee_amount capture_method payment_method payment_method_data "
          "payment_method_options payment_method_types transfer_data transfer_group",
)
INTENT_RETRIEVE = operation(client_secret=string)
INTENT_CONFIRM = operation(
    **_CONFIRM, client_secret=string,
    later="capture_method error_on_requires_action mandate mandate_data payment_method_options "
          "payment_method_types radar_options use_stripe_sdk",
)
INTENT_CANCEL = operation(
    cancellation_reason=one_of("abandoned", "duplicate", "fraudulent", "requested_by_customer"),
)
INTENT_CAPTURE = operation(
    amount_to_capture=positive, metadata=metadata,
    statement_descriptor=string, statement_descriptor_suffix=string,
    later="application_fee_amount transfer_data",
)

CHARGE_LIST = operation(
    **_PAGE, customer=string, payment_intent=string, later="created transfer_group"
)
CHARGE_REFUNDS = operation(**_PAGE)
REFUND_CREATE = operation(
    amount=positive, charge=string, payment_intent=string, metadata=metadata,
    reason=one_of("duplicate", "fraudulent", "requested_by_customer"),
    later="currency customer instructions_email origin refund_application_fee reverse_transfer",
)
REFUND_LIST = operation(**_PAGE, charge=string, payment_intent=string, later="created")

ENDPOINT_CREATE = operation(
    "url", "enabled_events", url=url, enabled_events=list_of(string), api_version=string,
    description=string, metadata=metadata, later="connect",
)

# === WHAT STRIPE.JS CALLS, with a publishable key: not part of the documented API === #

CLIENT_RETRIEVE = operation("client_secret", key=string, client_secret=string)
CLIENT_CONFIRM = operation(
    "client_secret", key=string, client_secret=string, return_url=url,
    payment_method=string, payment_method_data=CLIENT_METHOD_DATA, deferred_intent=DEFERRED_INTENT,
    setup_future_usage=FUTURE_USAGE,
)
CLIENT_METHOD = operation(
    "type", key=string, type=string, billing_details=BILLING, card=CARD, sepa_debit=SEPA
)
CLIENT_SESSION = operation(key=string, deferred_intent=DEFERRED_INTENT)
