"""What an answer means, when to ask again, how much of a payment goes back."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import money, operations

NOW = datetime(2026, 11, 24, 9, 0)
CENTS = st.integers(0, 10**7).map(lambda minor: minor / 100)


@pytest.mark.parametrize("status", [None, 500, 502, 503, 504, 408, 409, 429])
def test_what_says_nothing_about_the_effect_is_unknown(status):
    assert operations.outcome(status) == "unknown"


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404])
def test_a_refusal_has_no_effect(status):
    assert operations.outcome(status) == "failed"


def test_waits_double_up_to_four_hours():
    waits = [operations.retry_at(NOW, attempt) - NOW for attempt in (1, 2, 3, 8, 9, 1000)]
    minutes = [wait / timedelta(minutes=1) for wait in waits]
    assert minutes == [1, 2, 4, 128, 240, 240]


def test_a_key_is_trusted_for_less_than_a_day():
    assert operations.key_is_alive(None, NOW)
    assert operations.key_is_alive(NOW - timedelta(hours=22), NOW)
    assert not operations.key_is_alive(NOW - timedelta(hours=24), NOW)


@pytest.mark.parametrize(("sent", "is_repeated"), [(0, False), (1, False), (-60, True)])
def test_a_key_that_was_sent_before_this_attempt_is_repeated(sent, is_repeated):
    first_sent, lease_until = NOW + timedelta(seconds=sent), NOW + operations.LEASE
    assert operations.is_repeated(first_sent, lease_until) == is_repeated


@pytest.mark.parametrize(
    ("total", "received", "amount", "repeated", "back"),
    [
        (80, 0, 24, False, 0),
        (80, 24, 56, False, 0),
        (80, 80, 56, False, 56),
        (80, 64, 56, False, 40),
        (80, 24, 24, True, 24),
        (0.3, 0.1, 0.2, False, 0),
    ],
)
def test_what_is_above_the_price_or_repeated_goes_back(total, received, amount, repeated, back):
    assert money.surplus(total, received, amount, repeated, 0.01) == back


@given(CENTS, CENTS, CENTS)
def test_what_is_kept_fits_the_price(total, received, amount):
    back = money.surplus(total, received, amount, False, 0.01)
    assert 0 <= back <= amount
    kept = round(received + amount - back, 2)
    assert kept <= max(total, received)
    assert back == 0 or kept == max(total, received)


@given(st.timedeltas(timedelta(0), timedelta(days=400)))
def test_a_payment_without_news_is_looked_at_ever_more_rarely(age):
    wait = operations.next_look(NOW - age, NOW) - NOW
    assert timedelta(minutes=30) <= wait <= timedelta(days=7)
    assert wait >= min(age, timedelta(days=7))
