"""Stripe's test numbers and what they do: https://docs.stripe.com/testing

`processing` is the only one of our own among the cards: Stripe has no card that waits.
"""

import dataclasses
import datetime
import hashlib

from .errors import StripeError, invalid_parameter, not_here


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What happens when a payment method is charged."""
    kind: str  # succeed | decline | authenticate | processing
    code: str = None
    decline_code: str = None
    message: str = None
    settles: str = "succeeded"  # How a processing payment ends, unless the control says otherwise.
    then: "Outcome" = None  # What the bank says once its owner has been asked.
    once: bool = False  # Its owner is asked once, and no more when it was saved for later.
    disputed: str = None  # The reason of the dispute that follows.
    slow_refund: bool = False  # Its refunds are pending.
    saved: bool = False  # It is declined when it is charged, and can be saved.


SUCCEED = Outcome("succeed")
AUTHENTICATE = Outcome("authenticate")
PROCESSING = Outcome("processing")
DECLINED = Outcome("decline", "card_declined", "generic_decline", "Your card was declined.")
NO_FUNDS = Outcome(
    "decline", "card_declined", "insufficient_funds", "Your card has insufficient funds."
)
UNAUTHENTICATED = Outcome(
    "decline", "authentication_required", "authentication_required",
    "Your card was declined. This transaction requires authentication.",
)
LIVE_CARD = Outcome(
    "decline", "card_declined", "test_mode_live_card",
    "Your card was declined. Your request was in test mode, but used a non test (live) card. For a "
    "list of valid test cards, visit: https://stripe.com/docs/testing.",
)

CARDS = {
    "4242424242424242": SUCCEED,
    "4000056655665556": SUCCEED,
    "5555555555554444": SUCCEED,
    "378282246310005": SUCCEED,
    "4000000000000002": DECLINED,
    "4000000000009995": NO_FUNDS,
    "4000000000000069": Outcome(
        "decline", "expired_card", None, "Your card has expired."
    ),
    "4000000000000127": Outcome(
        "decline", "incorrect_cvc", None, "Your card's security code is incorrect."
    ),
    "4000002760003184": AUTHENTICATE,
    "4000002500003155": Outcome("authenticate", once=True),
    "4000008260003178": Outcome("authenticate", then=NO_FUNDS),
    "4000000000000341": Outcome(
        "decline", "card_declined", "generic_decline", "Your card was declined.", saved=True
    ),
    "4000000000000119": Outcome(
        "decline", "processing_error", None,
        "An error occurred while processing your card. Try again in a little bit.",
    ),
    "4000000000009987": Outcome(
        "decline", "card_declined", "lost_card", "Your card was declined."
    ),
    "4000000000009979": Outcome(
        "decline", "card_declined", "stolen_card", "Your card was declined."
    ),
    "4000000000000259": Outcome("succeed", disputed="fraudulent"),
    "4000000000002685": Outcome("succeed", disputed="product_not_received"),
    "4000000000007726": Outcome("succeed", slow_refund=True),
    "4000000000005126": SUCCEED,  # Its refund succeeds and fails later: control `settle`.
    "4000000000007775": PROCESSING,
}
IBANS = {
    "DE89370400440532013000": PROCESSING,
    "AT611904300234573201": PROCESSING,
    "DE62370400440532013001": Outcome("processing", settles="failed"),
    "AT861904300235473202": Outcome("processing", settles="failed"),
}
# Ready-made payment methods: https://docs.stripe.com/testing?testing-method=payment-methods
SHARED = {
    "pm_card_visa": "4242424242424242",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_amex": "378282246310005",
    "pm_card_visa_chargeDeclined": "4000000000000002",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_authenticationRequiredOnSetup": "4000002500003155",
    "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds": "4000008260003178",
    "pm_card_createDispute": "4000000000000259",
    "pm_card_createDisputeProductNotReceived": "4000000000002685",
    "pm_card_pendingRefund": "4000000000007726",
    "pm_card_refundFail": "4000000000005126",
    "pm_card_chargeCustomerFail": "4000000000000341",
}
CAN_HOLD = {"card"}
CURRENCIES = {"sepa_debit": {"eur"}}  # Methods that take some currencies only.


def shared_method(name):
    """The parameters behind one of Stripe's ready-made payment methods, or None."""
    number = SHARED.get(name)
    year = datetime.date.today().year + 1
    return number and {
        "type": "card", "card": {"number": number, "exp_month": 12, "exp_year": year},
    }


def describe(params):
    """Return the details to keep of a payment method, and its outcome.

    Neither the number nor the security code is kept.
    """
    if params["type"] == "card":
        return _describe_card(params.get("card") or {})
    if params["type"] == "sepa_debit":
        return _describe_iban(params.get("sepa_debit") or {})
    raise not_here(f"payment method type {params['type']}: only card and sepa_debit are.")


def _describe_card(card):
    if "number" not in card:
        raise invalid_parameter("Missing required param: card.", "card", "parameter_missing")
    number = "".join((card["number"] or "").split())
    _check_card(number, card)
    details = {
        "brand": _brand(number), "last4": number[-4:], "funding": "credit", "country": "US",
        "exp_month": card["exp_month"], "exp_year": _full_year(card["exp_year"]),
        "fingerprint": _fingerprint(number), "wallet": None,
        "checks": {
            "address_line1_check": None, "address_postal_code_check": None,
            "cvc_check": "pass" if card.get("cvc") else None,
        },
        "three_d_secure_usage": {"supported": True},
    }
    return details, CARDS.get(number, LIVE_CARD)


def _check_card(number, card):
    if not number.isdigit() or not passes_luhn(number):
        raise _card_error("Your card number is incorrect.", "incorrect_number", "number")
    if not 1 <= card["exp_month"] <= 12:
        raise _card_error(
            "Your card's expiration month is invalid.", "invalid_expiry_month", "exp_month"
        )
    today = datetime.date.today()
    if (_full_year(card["exp_year"]), card["exp_month"]) < (today.year, today.month):
        raise _card_error(
            "Your card's expiration year is invalid.", "invalid_expiry_year", "exp_year"
        )


def _card_error(message, code, param):
    return StripeError(402, "card_error", message, code=code, param=param)


def _full_year(year):
    return year + 2000 if year < 100 else year


def passes_luhn(number):
    digits = [int(digit) for digit in reversed(number)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _brand(number):
    if number[:2] in ("34", "37"):
        return "amex"
    return "mastercard" if number[0] == "5" else "visa"


def _describe_iban(account):
    iban = "".join((account.get("iban") or "").split()).upper()
    if iban not in IBANS:
        raise invalid_parameter(
            "The IBAN you provided is invalid.", "sepa_debit[iban]", "invalid_bank_account_iban"
        )
    details = {
        "bank_code": iban[4:12], "branch_code": "", "country": iban[:2], "last4": iban[-4:],
        "fingerprint": _fingerprint(iban),
    }
    return details, IBANS[iban]


def _fingerprint(number):
    return hashlib.sha256(f"stand-in {number}".encode()).hexdigest()[:16]
