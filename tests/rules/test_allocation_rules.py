"""How what was paid on an invoice spreads over its bookings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.allocation import fit, spread

AMOUNTS = st.integers(0, 10**7)
KEYS = st.integers(1, 12)
SHARES = st.dictionaries(KEYS, AMOUNTS, max_size=8)
EARMARKS = st.dictionaries(KEYS, AMOUNTS, max_size=8)


@pytest.mark.parametrize(
    ("paid", "earmarked", "received"),
    [
        (0, None, (0, 0, 0)),
        (4000, None, (4000, 0, 0)),
        (12000, None, (5000, 7000, 0)),
        (20000, None, (5000, 7000, 3000)),  # paid too much: the rest belongs to no booking
        (3000, {"c": 3000}, (0, 0, 3000)),  # the deposit of the latest stays with it
        (8000, {"c": 1000}, (5000, 2000, 1000)),
        (4000, {"c": 4000}, (1000, 0, 3000)),  # its surplus goes to the oldest
        (15000, {"b": 7000, "c": 3000}, (5000, 7000, 3000)),
        (8000, {"b": 7000, "c": 3000}, (0, 7000, 1000)),  # partly refunded since
        (6000, {"x": 6000}, (5000, 1000, 0)),  # a booking that this invoice does not bill
        (6000, {"b": 0}, (5000, 1000, 0)),
        (-500, None, (0, 0, 0)),
        (1000, {"c": -500}, (1000, 0, 0)),
    ],
)
def test_own_money_first_then_the_oldest(paid, earmarked, received):
    shares = [("a", 5000), ("b", 7000), ("c", 3000)]
    assert spread(shares, paid, earmarked) == dict(zip("abc", received, strict=True))


def test_a_mapping_works_like_pairs():
    assert spread({"a": 5, "b": 5}, 7) == spread([("a", 5), ("b", 5)], 7) == {"a": 5, "b": 2}


def test_pairs_may_come_from_an_iterator():
    assert spread(iter([("a", 5), ("b", 5)]), 7) == {"a": 5, "b": 2}


def test_two_lines_of_one_booking_are_one_share():
    assert spread([("a", 5), ("b", 5), ("a", 3)], 10) == {"a": 8, "b": 2}


def test_a_discount_line_reduces_the_share():
    assert spread([("a", 10), ("a", -4), ("b", 5), ("b", -9)], 20) == {"a": 6, "b": 0}


def test_an_invoice_without_bookings():
    assert spread({}, 100, {"a": 50}) == {}


def test_given_values_are_left_alone():
    shares, earmarked = {"a": 5, "b": 5}, {"b": 9}
    spread(shares, 7, earmarked)
    assert (shares, earmarked) == ({"a": 5, "b": 5}, {"b": 9})


@given(SHARES, AMOUNTS, EARMARKS)
def test_no_cent_is_lost_or_invented(shares, paid, earmarked):
    received = spread(shares, paid, earmarked)
    assert list(received) == list(shares)
    assert all(0 <= received[key] <= shares[key] for key in shares)
    assert sum(received.values()) == min(paid, sum(shares.values()))


@given(SHARES, AMOUNTS, EARMARKS)
def test_earmarked_money_stays_with_its_booking_as_far_as_paid(shares, paid, earmarked):
    received = spread(shares, paid, earmarked)
    own = {key: min(earmarked.get(key, 0), share) for key, share in shares.items()}
    if sum(own.values()) <= paid:
        assert all(received[key] >= own[key] for key in shares)
    else:
        assert all(received[key] <= own[key] for key in shares)


@given(SHARES, AMOUNTS, EARMARKS)
def test_a_younger_booking_gets_common_money_only_after_the_older(shares, paid, earmarked):
    received = spread(shares, paid, earmarked)
    own = {key: min(earmarked.get(key, 0), share) for key, share in shares.items()}
    keys = list(shares)
    for index, key in enumerate(keys):
        if received[key] > own[key]:
            assert all(received[older] == shares[older] for older in keys[:index])


@given(SHARES, AMOUNTS, AMOUNTS, EARMARKS)
def test_more_money_never_takes_from_a_booking(shares, paid, more, earmarked):
    before = spread(shares, paid, earmarked)
    after = spread(shares, paid + more, earmarked)
    assert all(after[key] >= before[key] for key in shares)


@pytest.mark.parametrize(
    ("shares", "total", "fitted"),
    [
        ({"a": 4996}, 4995, {"a": 4995}),  # 4995 yen with 20 % included: 4163 and 833
        ({"a": 4996, "b": 4996}, 9990, {"a": 4995, "b": 4995}),
        ({"a": 10, "b": 10}, 19, {"a": 10, "b": 9}),
        ({"a": 10, "b": 10}, 21, {"a": 11, "b": 10}),
        ({"a": 10, "b": 0}, 8, {"a": 8, "b": 0}),
        ({"a": 0}, 5, {"a": 0}),
        ({}, 5, {}),
    ],
)
def test_shares_are_made_to_add_up_to_the_invoice(shares, total, fitted):
    assert fit(shares, total) == fitted


@given(SHARES, AMOUNTS)
def test_fitted_shares_add_up_and_differ_evenly(shares, total):
    fitted = fit(shares, total)
    changes = {fitted[key] - amount for key, amount in shares.items() if amount}
    assert list(fitted) == list(shares)
    assert not changes or sum(fitted.values()) == total
    assert not changes or max(changes) - min(changes) <= 1
