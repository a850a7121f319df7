"""Deposits, thresholds and minor units, in currencies of 0, 2 and 3 decimals and cash steps."""

import math
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rules import money

EUR, JPY, KWD, CASH = 0.01, 1.0, 0.001, 0.05
ROUNDINGS = st.sampled_from([EUR, JPY, KWD, CASH])
AMOUNTS = st.integers(0, 10**9).map(lambda minor: minor / 1000)
PERCENTS = st.integers(1, 10_000).map(lambda hundredths: hundredths / 100)
MODES = st.sampled_from(["none", "deposit", "full"])
TYPES = st.sampled_from(["percent", "fixed"])


def half_up(amount, rounding):
    """Round a decimal by another way than the rule does: the oracle."""
    step = Decimal(repr(rounding))
    return float((amount / step).quantize(Decimal(1), ROUND_HALF_UP) * step)


# Rounding


@pytest.mark.parametrize(
    ("amount", "rounding", "rounded"),
    [
        (1.005, EUR, 1.01),  # in binary 1.00499999999999989…
        (2.675, EUR, 2.68),
        (1.1 * 1.15, EUR, 1.27),  # 1.2649999999999999: noise of float arithmetic
        (0.1 + 0.2, EUR, 0.3),
        (-1.005, EUR, -1.01),
        (-1.004, EUR, -1.0),
        (1.5, JPY, 2.0),
        (2.5, JPY, 3.0),  # away from zero, not to even
        (2.4999, JPY, 2.0),
        (1.0005, KWD, 1.001),
        (10.024, CASH, 10.0),
        (10.025, CASH, 10.05),
        (10.075, CASH, 10.1),
        (0.0, EUR, 0.0),
        (99999999.995, EUR, 100000000.0),
    ],
)
def test_halves_round_away_from_zero(amount, rounding, rounded):
    assert money.round_amount(amount, rounding) == rounded


@pytest.mark.parametrize("amount", [-0.0, -0.001, 0.001])
def test_nothing_is_never_minus_nothing(amount):
    assert math.copysign(1, money.round_amount(amount, EUR)) == 1


@pytest.mark.parametrize("rounding", [0.0, -0.01])
def test_a_rounding_must_be_above_zero(rounding):
    with pytest.raises(ValueError, match="rounding"):
        money.round_amount(1.0, rounding)


@pytest.mark.parametrize("amount", [math.nan, math.inf, -math.inf])
def test_an_amount_must_be_a_number(amount):
    with pytest.raises(ValueError):
        money.round_amount(amount, EUR)


@given(st.integers(-(10**12), 10**12), ROUNDINGS)
def test_rounding_agrees_with_decimal_arithmetic(thousandths, rounding):
    expected = half_up(Decimal(thousandths) / 1000, rounding)
    assert money.round_amount(thousandths / 1000, rounding) == expected


@given(st.floats(-1e9, 1e9), ROUNDINGS)
def test_rounding_twice_changes_nothing_and_moves_at_most_half_a_step(amount, rounding):
    rounded = money.round_amount(amount, rounding)
    assert money.round_amount(rounded, rounding) == rounded
    assert money.round_amount(-amount, rounding) == -rounded
    assert abs(rounded - amount) <= rounding / 2 + abs(amount) * 1e-14


# Deposits


@pytest.mark.parametrize(
    ("total", "percent", "rounding", "deposit"),
    [
        (99.99, 33.33, EUR, 33.33),  # 33.326667
        (100.0, 30.0, EUR, 30.0),
        (0.05, 50.0, EUR, 0.03),  # 0.025
        (1234.0, 33.33, JPY, 411.0),  # 411.2922
        (1001.0, 50.0, JPY, 501.0),
        (10.001, 50.0, KWD, 5.001),  # 5.0005
        (99.95, 33.33, CASH, 33.3),  # 33.313335
        (99.99, 100.0, EUR, 99.99),
        (99.99, 150.0, EUR, 99.99),
        (99.99, -10.0, EUR, 0.0),
        (0.01, 10.0, EUR, 0.0),
    ],
)
def test_a_percentage_of_the_price(total, percent, rounding, deposit):
    assert money.deposit(total, "percent", percent, 77.0, rounding) == deposit


@pytest.mark.parametrize(
    ("total", "fixed", "rounding", "deposit"),
    [
        (100.0, 20.0, EUR, 20.0),
        (100.0, 20.005, EUR, 20.01),
        (15.0, 20.0, EUR, 15.0),
        (100.0, -5.0, EUR, 0.0),
        (5000.0, 1000.4, JPY, 1000.0),
        (5.0, 1.2345, KWD, 1.235),
        (0.0, 20.0, EUR, 0.0),
        (-10.0, 20.0, EUR, 0.0),
    ],
)
def test_a_fixed_deposit_stays_between_nothing_and_the_price(total, fixed, rounding, deposit):
    assert money.deposit(total, "fixed", 77.0, fixed, rounding) == deposit


def test_an_unknown_type_is_refused_rather_than_free():
    with pytest.raises(ValueError, match="deposit type"):
        money.deposit(100.0, False, 30.0, 20.0, EUR)


@given(AMOUNTS, TYPES, st.floats(-500, 500), st.floats(-2e6, 2e6), ROUNDINGS)
def test_a_deposit_is_payable_whatever_the_terms(total, kind, percent, fixed, rounding):
    deposit = money.deposit(total, kind, percent, fixed, rounding)
    assert 0 <= deposit <= money.round_amount(total, rounding)
    assert deposit == money.round_amount(deposit, rounding)


@given(AMOUNTS, PERCENTS, ROUNDINGS)
def test_a_percentage_agrees_with_decimal_arithmetic(total, percent, rounding):
    price = Decimal(repr(money.round_amount(total, rounding)))
    expected = half_up(price * Decimal(repr(percent)) / 100, rounding)
    assert money.deposit(total, "percent", percent, 0.0, rounding) == expected


@given(AMOUNTS, PERCENTS, PERCENTS, ROUNDINGS)
def test_a_higher_percentage_is_never_a_smaller_deposit(total, one, other, rounding):
    low, high = sorted([one, other])
    assert money.deposit(total, "percent", low, 0.0, rounding) <= money.deposit(
        total, "percent", high, 0.0, rounding
    )


# What is due now and later


def due(total, mode, threshold=10.0, rounding=EUR, percent=30.0):
    return money.due(total, mode, "percent", percent, 0.0, threshold, rounding)


@pytest.mark.parametrize(
    ("total", "mode", "expected"),
    [
        (100.0, "none", (0.0, 100.0, False)),
        (100.0, "deposit", (30.0, 70.0, False)),
        (100.0, "full", (100.0, 0.0, False)),
        (9.99, "none", (0.0, 9.99, False)),
        (9.99, "deposit", (0.0, 9.99, True)),
        (9.99, "full", (0.0, 9.99, True)),
        (10.0, "deposit", (3.0, 7.0, False)),
        (10.0, "full", (10.0, 0.0, False)),
        (9.995, "full", (10.0, 0.0, False)),  # 10.00 once rounded
        (9.994, "full", (0.0, 9.99, True)),
        (0.0, "full", (0.0, 0.0, False)),
        (0.004, "full", (0.0, 0.0, False)),
        (-5.0, "full", (0.0, -5.0, False)),
    ],
)
def test_a_price_strictly_under_the_threshold_is_not_prepaid(total, mode, expected):
    assert due(total, mode) == expected


@pytest.mark.parametrize(
    ("total", "threshold", "rounding", "expected"),
    [
        (1600.0, 1600.0, JPY, (480.0, 1120.0, False)),
        (1599.0, 1600.0, JPY, (0.0, 1599.0, True)),
        (1599.5, 1600.4, JPY, (480.0, 1120.0, False)),
        (3.35, 3.35, KWD, (1.005, 2.345, False)),
        (3.349, 3.35, KWD, (0.0, 3.349, True)),
        (9.98, 10.0, CASH, (3.0, 7.0, False)),  # 10.00 at the till
        (0.01, 0.0, EUR, (0.0, 0.01, False)),  # no threshold; the deposit rounds to nothing
    ],
)
def test_the_threshold_is_compared_in_the_currency(total, threshold, rounding, expected):
    assert due(total, "deposit", threshold, rounding) == expected


def test_one_third_of_an_odd_price():
    assert due(99.99, "deposit", percent=33.33) == money.Due(33.33, 66.66, False)


@pytest.mark.parametrize("mode", ["default", False, ""])
def test_an_unresolved_mode_is_refused_rather_than_free(mode):
    with pytest.raises(ValueError, match="payment mode"):
        due(100.0, mode)


@given(AMOUNTS, MODES, TYPES, PERCENTS, AMOUNTS, AMOUNTS, ROUNDINGS)
def test_now_and_later_are_the_whole_price(total, mode, kind, percent, fixed, threshold, rounding):
    price = money.round_amount(total, rounding)
    result = money.due(total, mode, kind, percent, fixed, threshold, rounding)
    assert Decimal(repr(result.now)) + Decimal(repr(result.later)) == Decimal(repr(price))
    assert 0 <= result.now <= price
    assert all(money.round_amount(part, rounding) == part for part in result[:2])


@given(AMOUNTS, MODES, TYPES, PERCENTS, AMOUNTS, AMOUNTS, ROUNDINGS)
def test_the_threshold_alone_decides(total, mode, kind, percent, fixed, threshold, rounding):
    price = money.round_amount(total, rounding)
    result = money.due(total, mode, kind, percent, fixed, threshold, rounding)
    small = price < money.round_amount(threshold, rounding)
    assert result.under_threshold is (mode != "none" and price > 0 and small)
    if not small:
        expected = {
            "none": 0.0,
            "deposit": money.deposit(total, kind, percent, fixed, rounding),
            "full": price,
        }
        assert result.now == expected[mode]
    else:
        assert result.now == 0


# Minor units


@pytest.mark.parametrize(
    ("amount", "digits", "minor"),
    [
        (12.34, 2, 1234),
        (0.29, 2, 29),  # 0.29 × 100 is 28.999999999999996 in floats
        (1.005, 2, 101),
        (-12.34, 2, -1234),
        (1500.0, 0, 1500),
        (1.234, 3, 1234),
        (0.0, 2, 0),
    ],
)
def test_minor_units(amount, digits, minor):
    result = money.to_minor(amount, digits)
    assert result == minor
    assert isinstance(result, int)


@given(st.integers(-(10**14), 10**14), st.integers(0, 4))
def test_minor_units_come_back_unchanged(minor, digits):
    assert money.to_minor(money.from_minor(minor, digits), digits) == minor


@given(st.integers(-(10**14), 10**14))
def test_major_units_are_what_the_currency_rounds_to(minor):
    amount = money.from_minor(minor, 2)
    assert money.round_amount(amount, EUR) == amount == minor / 100


# What is wrong with a deposit


@pytest.mark.parametrize(
    ("total", "percent", "minimum", "rounding", "problem"),
    [
        (100.0, 30.0, 0.5, EUR, None),
        (100.0, 100.0, 0.5, EUR, None),
        (100.0, 0.0, 0.5, EUR, "percent_range"),
        (100.0, -1.0, 0.5, EUR, "percent_range"),
        (100.0, 100.01, 0.5, EUR, "percent_range"),
        (0.01, 10.0, 0.5, EUR, "zero"),
        (0.0, 30.0, 0.5, EUR, "zero"),
        (100.0, 0.5, 0.5, EUR, None),  # 0.50, the smallest charge itself
        (100.0, 0.49, 0.5, EUR, "under_minimum"),
        (100.0, 50.0, 50.0, JPY, None),
        (98.0, 50.0, 50.0, JPY, "under_minimum"),
        (10.0, 1.0, 0.15, KWD, "under_minimum"),
        (10.0, 1.5, 0.15, KWD, None),
    ],
)
def test_problems_of_a_percentage(total, percent, minimum, rounding, problem):
    assert money.deposit_problem(total, "percent", percent, -7.0, minimum, rounding) == problem


@pytest.mark.parametrize(
    ("total", "fixed", "problem"),
    [
        (100.0, 20.0, None),
        (100.0, 100.0, None),
        (100.0, 100.004, None),  # 100.00 once rounded
        (100.0, 100.01, "above_price"),
        (0.0, 20.0, "above_price"),
        (100.0, -0.01, "negative"),
        (100.0, 0.0, "zero"),
        (100.0, 0.004, "zero"),
        (100.0, 0.49, "under_minimum"),
        (100.0, 0.5, None),
        (0.4, 0.45, "above_price"),  # also under the minimum: the price is the first thing to see
    ],
)
def test_problems_of_a_fixed_deposit(total, fixed, problem):
    assert money.deposit_problem(total, "fixed", -7.0, fixed, 0.5, EUR) == problem


@given(AMOUNTS, TYPES, PERCENTS, AMOUNTS, ROUNDINGS)
def test_a_deposit_without_problem_is_asked_as_set(total, kind, percent, fixed, rounding):
    assume(money.deposit_problem(total, kind, percent, fixed, 0.5, rounding) is None)
    deposit = money.deposit(total, kind, percent, fixed, rounding)
    assert deposit >= 0.5
    if kind == "fixed":
        assert deposit == money.round_amount(fixed, rounding)
