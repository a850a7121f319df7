"""What is asked for, and when: deposits, thresholds, minor units.

Amounts come in and go out as floats in major currency units; every step between is exact.
A rounding is the currency's step in major units: 0.01 (EUR), 1.0 (JPY), 0.001 (KWD), 0.05 (cash).
"""

from fractions import Fraction
from math import floor
from typing import NamedTuple


class Due(NamedTuple):
    """What a client owes for a booking, in major currency units.

    :param float now: asked before the booking counts (the prepayment).
    :param float later: the rest; both add up to the total.
    :param bool under_threshold: a prepayment was due, but the total is too small to ask for one.
    """

    now: float
    later: float
    under_threshold: bool


def _exact(value):
    """Return the decimal number that a float stands for.

    A float holds 15 significant digits for certain. What follows is the noise of earlier float
    arithmetic (1.1 × 1.15 is 1.2649999999999999), which Odoo's rounding ignores too.

    :param float value: any finite number.
    :return: its value to 15 significant digits.
    :rtype: Fraction
    :raise ValueError: if it is infinite or not a number.
    """
    return Fraction(format(value, ".15g"))


def _round(exact, step):
    """Round to a multiple of a step, halves away from zero (`res.currency.round`).

    :param Fraction exact: the amount.
    :param Fraction step: the rounding step, above zero.
    :return: the nearest multiple of the step.
    :rtype: Fraction
    :raise ValueError: if the step is not above zero.
    """
    if step <= 0:
        raise ValueError(f"A currency's rounding must be above zero, not {float(step)}")
    steps = floor(abs(exact) / step + Fraction(1, 2))
    return steps * step if exact > 0 else -steps * step


def round_amount(amount, rounding):
    """Round an amount as Odoo's `res.currency.round` does: halves away from zero.

    :param float amount: in major units.
    :param float rounding: the currency's rounding step, in major units.
    :return: the nearest multiple of the step, never -0.0.
    :rtype: float
    :raise ValueError: if the rounding is not above zero, or a number is not finite.
    """
    return float(_round(_exact(amount), _exact(rounding)))


def _deposit_as_set(price, deposit_type, percent, fixed, step):
    """Return the deposit exactly as the terms put it, rounded but not yet bounded.

    :param Fraction price: the rounded total.
    :param str deposit_type: 'percent' or 'fixed'.
    :param float percent: of the price, 30.0 for 30 %.
    :param float fixed: in major units.
    :param Fraction step: the rounding step.
    :return: the deposit; negative or above the price if the terms say so.
    :rtype: Fraction
    :raise ValueError: if the type is unknown.
    """
    if deposit_type == "percent":
        return _round(price * _exact(percent) / 100, step)
    if deposit_type == "fixed":
        return _round(_exact(fixed), step)
    raise ValueError(f"Unknown deposit type {deposit_type!r}")


def deposit(total, deposit_type, percent, fixed, rounding):
    """Return the deposit on a price (design §5, deposit_type).

    :param float total: the price, tax included, in major units.
    :param str deposit_type: 'percent' or 'fixed'.
    :param float percent: of the total, 30.0 for 30 %; read for 'percent' only.
    :param float fixed: in major units; read for 'fixed' only.
    :param float rounding: the currency's rounding step, in major units.
    :return: the deposit in major units, rounded, from 0.0 up to the total.
    :rtype: float
    :raise ValueError: if the type is unknown or the rounding is not above zero.
    """
    step = _exact(rounding)
    price = _round(_exact(total), step)
    wanted = _deposit_as_set(price, deposit_type, percent, fixed, step)
    return float(max(min(wanted, price), Fraction(0)))


def _prepayment(total, payment_mode, deposit_type, percent, fixed, rounding):
    """Return what a payment mode asks for before the booking counts, whatever the threshold.

    :param float total: the price, tax included, in major units.
    :param str payment_mode: 'none', 'deposit' or 'full'.
    :param str deposit_type: 'percent' or 'fixed'; read for 'deposit' only.
    :param float percent: of the total.
    :param float fixed: in major units.
    :param float rounding: the currency's rounding step, in major units.
    :return: the prepayment in major units, rounded.
    :rtype: float
    :raise ValueError: if the mode is unknown ('default' is to be resolved first).
    """
    if payment_mode == "none":
        return 0.0
    if payment_mode == "deposit":
        return deposit(total, deposit_type, percent, fixed, rounding)
    if payment_mode == "full":
        return max(round_amount(total, rounding), 0.0)
    raise ValueError(f"Unknown payment mode {payment_mode!r}")


def due(total, payment_mode, deposit_type, percent, fixed, threshold, rounding):
    """Split a price into what is asked now and what is asked later (design rule 8).

    A total strictly under the threshold is never prepaid; at the threshold it is. Both are
    compared after rounding. A total of 0 asks nothing.

    :param float total: the price, tax included, in major units.
    :param str payment_mode: 'none', 'deposit' or 'full'; 'default' is to be resolved first.
    :param str deposit_type: 'percent' or 'fixed'; read for 'deposit' only.
    :param float percent: of the total, 30.0 for 30 %.
    :param float fixed: the fixed deposit in major units.
    :param float threshold: the smallest total that is prepaid, in the same currency, major units.
    :param float rounding: the currency's rounding step, in major units.
    :return: the two amounts, rounded, which add up to the rounded total, and the reason.
    :rtype: Due
    :raise ValueError: if the mode or deposit type is unknown or the rounding not above zero.
    """
    price = round_amount(total, rounding)
    now = _prepayment(total, payment_mode, deposit_type, percent, fixed, rounding)
    prepaid = payment_mode != "none" and price > 0
    under_threshold = prepaid and price < round_amount(threshold, rounding)
    if under_threshold:
        now = 0.0
    return Due(now, round_amount(price - now, rounding), under_threshold)


def surplus(total, received, amount, is_repeated, rounding):
    """Return how much of a payment that has arrived goes back (design rule 2).

    :param float total: the price, tax included, in major units.
    :param float received: what earlier payments brought in and keep, in major units.
    :param float amount: the payment, in major units.
    :param bool is_repeated: whether it repeats a prepayment that had been made: all of it goes
        back then, since nobody agreed to pay more at that moment.
    :param float rounding: the currency's rounding step, in major units.
    :return: from 0.0 up to the amount.
    :rtype: float
    :raise ValueError: if the rounding is not above zero, or a number is not finite.
    """
    if is_repeated:
        return round_amount(amount, rounding)
    over = round_amount(received + amount - total, rounding)
    return max(min(over, round_amount(amount, rounding)), 0.0)


def to_minor(amount, digits):
    """Convert an amount to minor units, halves away from zero.

    :param float amount: in major units.
    :param int digits: the currency's decimals: 2 (EUR), 0 (JPY), 3 (KWD).
    :return: the amount in minor units.
    :rtype: int
    :raise ValueError: if the amount is not finite.
    """
    return int(_round(_exact(amount) * 10**digits, Fraction(1)))


def from_minor(minor, digits):
    """Convert an amount from minor units.

    :param int minor: in minor units.
    :param int digits: the currency's decimals: 2 (EUR), 0 (JPY), 3 (KWD).
    :return: the amount in major units.
    :rtype: float
    """
    return float(Fraction(minor, 10**digits))


def deposit_problem(total, deposit_type, percent, fixed, minimum, rounding):
    """Say what is wrong with a deposit when it is set (design rule 8, last sentence).

    :param float total: the price, tax included, in major units.
    :param str deposit_type: 'percent' or 'fixed'.
    :param float percent: of the total, 30.0 for 30 %; read for 'percent' only.
    :param float fixed: in major units; read for 'fixed' only.
    :param float minimum: the provider's smallest charge in the currency, major units.
    :param float rounding: the currency's rounding step, in major units.
    :return: 'percent_range' (not above 0 and up to 100), 'negative', 'zero' (after rounding),
        'above_price', 'under_minimum', or None when the deposit can be asked for.
    :rtype: str | None
    :raise ValueError: if the type is unknown or the rounding is not above zero.
    """
    step = _exact(rounding)
    price = _round(_exact(total), step)
    wanted = _deposit_as_set(price, deposit_type, percent, fixed, step)
    problems = {
        "percent_range": deposit_type == "percent" and not 0 < percent <= 100,
        "negative": wanted < 0,
        "zero": wanted == 0,
        "above_price": wanted > price,
        "under_minimum": wanted < _exact(minimum),
    }
    return next((code for code, found in problems.items() if found), None)
