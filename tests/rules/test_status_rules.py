"""Which state several bookings show together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import status


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([], False),
        (["paid"], "paid"),
        (["paid", "partial", "paid"], "partial"),
        (["partial", "unpaid"], "unpaid"),
        (["paid", "not_required"], "not_required"),
        (["paid", "brand_new", "unpaid"], "brand_new"),
    ],
)
def test_the_payment_that_needs_somebody_most_is_shown(values, shown):
    assert status.worst(values, status.PAYMENT_STATUSES) == shown


@given(st.lists(st.sampled_from(status.PAYMENT_STATUSES), min_size=1), st.randoms())
def test_the_order_of_the_bookings_does_not_matter(values, random):
    shuffled = random.sample(values, len(values))
    shown = status.worst(values, status.PAYMENT_STATUSES)
    assert status.worst(shuffled, status.PAYMENT_STATUSES) == shown
    assert shown in values


@given(st.lists(st.sampled_from(status.STATES), min_size=1))
def test_one_that_is_better_changes_nothing(values):
    shown = status.worst(values, status.STATES)
    better = status.STATES[status.STATES.index(shown):]
    assert all(status.worst([*values, value], status.STATES) == shown for value in better)
