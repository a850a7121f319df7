"""Amounts in minor units: https://docs.stripe.com/currencies"""

from .errors import invalid_parameter

SUPPORTED = frozenset(
    """
    usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd
    bwp byn bzd cad cdf chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp
    gel gip gmd gnf gtq gyd hkd hnl htg huf idr ils inr isk jmd jod jpy kes kgs khr kmf krw
    kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn nad
    ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek
    sgd shp sle sos srd std szl thb tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst
    xaf xcd xcg xof xpf yer zar zmw
    """.split()
)
ZERO_DECIMAL = {
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf",
    "xof", "xpf",
}
THREE_DECIMAL = {"bhd", "jod", "kwd", "omr", "tnd"}

# https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
MINIMUM = {
    "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250,
    "eur": 50, "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200,
    "nok": 300, "nzd": 50, "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000, "usd": 50,
}
MAXIMUM = 99_999_999
SYMBOLS = {"eur": "€", "gbp": "£", "jpy": "¥", "usd": "$"}


def decimals(currency):
    return 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2


def text(amount, currency):
    """The amount as Stripe's messages write it: `€12.50`, or `12.50 chf` without a symbol."""
    places = decimals(currency)
    number = f"{amount / 10 ** places:,.{places}f}"
    symbol = SYMBOLS.get(currency)
    return f"{symbol}{number}" if symbol else f"{number} {currency}"


def check_currency(currency):
    """Return the currency in lower case.

    :raise StripeError: If Stripe does not take it.
    """
    if currency.lower() not in SUPPORTED:
        raise invalid_parameter(
            f"Invalid currency: {currency}. Stripe currently supports these currencies: "
            f"{', '.join(sorted(SUPPORTED))}", "currency",
        )
    return currency.lower()


def check_amount(amount, currency):
    """Refuse an amount that cannot be charged in the currency."""
    smallest = MINIMUM.get(currency, 1)
    if amount < smallest:
        raise invalid_parameter(
            f"Amount must be at least {text(smallest, currency)} {currency}",
            "amount", "amount_too_small",
        )
    if amount > MAXIMUM:
        raise invalid_parameter(
            f"Amount must be no more than {text(MAXIMUM, currency)}", "amount", "amount_too_large",
        )
    # https://docs.stripe.com/currencies#three-decimal: the last digit is always 0. ISK and UGX are
    # written with two decimals that are always 00 (#special-cases).
    step = 10 if currency in THREE_DECIMAL else 100 if currency in ("isk", "ugx") else 1
    if amount % step:
        raise invalid_parameter(
            f"Invalid amount: in {currency} it must be divisible by {step}.",
            "amount", "parameter_invalid_integer",
        )
