"""What each operation of the API takes.

`params` are understood, `later` are the other ones that Stripe knows: the stand-in answers those
with 501 instead of pretending. Together they are Stripe's whole list of the API versions in use:
the contract tests compare them with Stripe's Python package, and with its OpenAPI file where it is
at hand.
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
    span,
    string,
    url,
)


@dataclasses.dataclass(frozen=True)
class Operation:
    params: dict
    required: tuple = ()
    later: tuple = ()
    gone: tuple = ()  # What the newest API does not take any more.


def operation(*required, later="", gone="", **params):
    params.setdefault("expand", list_of(string))
    return Operation(params, required, tuple(later.split()), tuple(gone.split()))


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
PAGE = {
    "ending_before": string, "limit": positive, "starting_after": string,
}
DATED = {**PAGE, "created": span}
_CONFIRM = {
    "off_session": boolean, "payment_method": string, "payment_method_data": METHOD_DATA,
    "receipt_email": string, "return_url": url, "setup_future_usage": FUTURE_USAGE,
    "shipping": SHIPPING,
}

RETRIEVE = operation()
DELETE = Operation({})

CUSTOMER_CREATE = operation(
    **_CUSTOMER,
    later="balance business_name cash_balance coupon individual_name invoice_prefix "
          "invoice_settings next_invoice_sequence payment_method preferred_locales "
          "promotion_code source tax tax_exempt tax_id_data test_clock validate",
    gone="coupon promotion_code",
)
CUSTOMER_UPDATE = operation(
    **_CUSTOMER,
    later="balance bank_account business_name card cash_balance coupon default_alipay_account "
          "default_bank_account default_card default_source individual_name invoice_prefix "
          "invoice_settings next_invoice_sequence preferred_locales promotion_code source tax "
          "tax_exempt validate",
    gone="bank_account card coupon default_alipay_account default_bank_account default_card "
         "promotion_code",
)
CUSTOMER_LIST = operation(
    **DATED, email=string,
    later="test_clock",
)
CUSTOMER_METHODS = operation(
    **PAGE, type=string,
    later="allow_redisplay",
)

METHOD_CREATE = operation(
    "type", type=string, billing_details=BILLING, metadata=metadata, sepa_debit=SEPA,
    later="acss_debit affirm afterpay_clearpay alipay allow_redisplay alma amazon_pay "
          "au_becs_debit bacs_debit bancontact billie bizum blik boleto card cashapp crypto "
          "custom customer customer_balance eps fpx giropay grabpay ideal interac_present "
          "kakao_pay klarna konbini kr_card link mb_way mobilepay multibanco naver_pay "
          "nz_bank_account oxxo p24 pay_by_bank payco payment_method paynow paypal paypay payto "
          "pix promptpay radar_options revolut_pay samsung_pay satispay scalapay sequra sofort "
          "sunbit swish twint upi us_bank_account wechat_pay zip",
)
METHOD_ATTACH = operation(
    "customer", customer=string,
    later="customer_account",
)
METHOD_LIST = operation(
    **PAGE, customer=string, type=string,
    later="allow_redisplay customer_account",
)

INTENT_CREATE = operation(
    "amount", "currency", **_CONFIRM,
    amount=positive, currency=string, capture_method=CAPTURE, confirm=boolean, customer=string,
    description=string, metadata=metadata, payment_method_types=TYPES,
    allowed_payment_method_types=TYPES,
    confirmation_method=one_of("automatic", "manual"),
    statement_descriptor=string, statement_descriptor_suffix=string,
    automatic_payment_methods=hash_of(
        ("enabled",), enabled=boolean, allow_redirects=one_of("always", "never")
    ),
    later="amount_details application_fee_amount confirmation_token customer_account "
          "error_on_requires_action excluded_payment_method_types hooks mandate mandate_data "
          "on_behalf_of payment_details payment_method_configuration payment_method_options "
          "radar_options transfer_data transfer_group use_stripe_sdk",
    gone="payment_method_types",
)
INTENT_UPDATE = operation(
    amount=positive, currency=string, customer=string, description=string, metadata=metadata,
    receipt_email=string, setup_future_usage=FUTURE_USAGE, shipping=SHIPPING,
    statement_descriptor=string, statement_descriptor_suffix=string,
    later="allowed_payment_method_types amount_details application_fee_amount capture_method "
          "customer_account excluded_payment_method_types hooks payment_details payment_method "
          "payment_method_configuration payment_method_data payment_method_options "
          "payment_method_types transfer_data transfer_group",
    gone="payment_method_types",
)
INTENT_LIST = operation(
    **DATED, customer=string,
    later="customer_account",
)
INTENT_RETRIEVE = operation(client_secret=string)
INTENT_CONFIRM = operation(
    **_CONFIRM, client_secret=string,
    later="allowed_payment_method_types amount_details amount_to_confirm capture_method "
          "confirmation_token error_on_requires_action excluded_payment_method_types hooks "
          "mandate mandate_data payment_details payment_method_options payment_method_types "
          "radar_options use_stripe_sdk",
    gone="client_secret payment_method_types",
)
INTENT_CANCEL = operation(
    cancellation_reason=one_of("abandoned", "duplicate", "fraudulent", "requested_by_customer"),
)
INTENT_CAPTURE = operation(
    amount_to_capture=positive, metadata=metadata,
    statement_descriptor=string, statement_descriptor_suffix=string,
    later="amount_details application_fee_amount final_capture hooks payment_details "
          "transfer_data",
)

CHARGE_LIST = operation(
    **DATED, customer=string, payment_intent=string,
    later="transfer_group",
)
CHARGE_UPDATE = operation(
    customer=string, description=string, metadata=metadata, receipt_email=string, shipping=SHIPPING,
    later="fraud_details transfer_group",
)
CHARGE_REFUNDS = operation(**PAGE)
REFUND_CREATE = operation(
    amount=positive, charge=string, payment_intent=string, metadata=metadata,
    reason=one_of("duplicate", "fraudulent", "requested_by_customer"),
    later="currency customer instructions_email origin refund_application_fee reverse_transfer",
)
REFUND_LIST = operation(**DATED, charge=string, payment_intent=string)
REFUND_UPDATE = operation(metadata=metadata)
