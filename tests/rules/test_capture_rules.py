"""Hold or charge (design rule 9)."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import capture

NOW = datetime(2026, 11, 24, 9, 0)
WEEK = timedelta(days=7)
SOON = NOW + timedelta(days=2)


@pytest.mark.parametrize(
    ("needs", "provider", "method", "due", "reason"),
    [
        (False, True, True, SOON, "no_answer_needed"),
        (True, False, True, SOON, "provider_cannot_hold"),
        (True, True, False, SOON, "method_cannot_hold"),
        (True, True, True, None, "answer_has_no_date"),
        (True, True, True, NOW + timedelta(days=6, seconds=1), "answer_comes_too_late"),
        (True, True, True, NOW + timedelta(days=6), "answer_needed"),
        (True, True, True, SOON, "answer_needed"),
    ],
)
def test_only_what_needs_an_answer_in_time_is_held(needs, provider, method, due, reason):
    decision = capture.decide(needs, provider, method, WEEK, NOW, due)
    assert decision.reason == reason
    assert decision.method == ("manual" if reason == "answer_needed" else "automatic")


@given(st.booleans(), st.booleans(), st.booleans(), st.timedeltas(timedelta(0), WEEK),
       st.none() | st.timedeltas(timedelta(0), 2 * WEEK))
def test_a_hold_ends_a_day_after_the_answer_at_least(needs, provider, method, window, wait):
    due = None if wait is None else NOW + wait
    decision = capture.decide(needs, provider, method, window, NOW, due)
    held = decision.method == "manual"
    assert not held or (needs and provider and method)
    assert not held or due + timedelta(days=1) <= NOW + window
