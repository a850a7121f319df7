"""Which terms apply: the practice's, resolved for one category or booking."""

PAYMENT_MODES = ("none", "deposit", "full")
COLLECTION_MODES = ("now", "automatic", "manual", "none")


def resolve_mode(payment_mode, confirmation_mode, prepayment_on, company_mode):
    """Resolve how a booking is prepaid (design §5, *default*).

    With the company's prepayment switch off nothing is asked anywhere, explicit terms included.
    On, 'default' is the full price where the practitioner has to answer, else the practice's mode.

    :param str payment_mode: 'default', 'none', 'deposit' or 'full'.
    :param str confirmation_mode: 'automatic' or 'manual'.
    :param bool prepayment_on: the company's switch.
    :param str company_mode: the practice's mode: 'none', 'deposit' or 'full'.
    :return: 'none', 'deposit' or 'full'.
    :rtype: str
    :raise ValueError: if the switch is on and the mode that applies is none of the three.
    """
    if not prepayment_on:
        return "none"
    mode = payment_mode
    if mode == "default":
        mode = "full" if confirmation_mode == "manual" else company_mode
    if mode not in PAYMENT_MODES:
        raise ValueError(f"Unknown payment mode {mode!r}")
    return mode


def resolve_collection_mode(collection_mode, company_mode):
    """Resolve how what is not paid at booking is asked for (design §5).

    :param str collection_mode: 'default', 'now', 'automatic', 'manual' or 'none'.
    :param str company_mode: the practice's mode: 'now', 'automatic', 'manual' or 'none'.
    :return: 'now', 'automatic', 'manual' or 'none'.
    :rtype: str
    :raise ValueError: if the mode that applies is none of the four.
    """
    mode = company_mode if collection_mode == "default" else collection_mode
    if mode not in COLLECTION_MODES:
        raise ValueError(f"Unknown collection mode {mode!r}")
    return mode
