"""When a request has to be answered, and what an answer does."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import requests

NOW = datetime(2026, 3, 2, 9, 0)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1))
HOURS = st.integers(0, 10_000)
FLOWS = st.sampled_from(["hold", "charge", "approve_first"])
AMOUNTS = st.floats(0, 10_000)
MONEY = ["not_needed", "later", "held", "received", "under_way", "missing"]


def after(**delta):
    return NOW + timedelta(**delta)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (after(days=10), after(hours=48)),  # far away: the hours count
        (after(hours=50), after(hours=48)),  # both at once
        (after(hours=49), after(hours=47)),  # near: the start less the margin
        (after(hours=3), after(hours=1)),
        (after(hours=2), after(hours=2)),  # the margin has begun: until the start
        (after(hours=1), after(hours=1)),
        (after(minutes=1), after(minutes=1)),
        (NOW, NOW),
    ],
)
def test_a_request_has_to_be_answered_within_the_hours_and_before_the_start(start, expected):
    assert requests.confirm_deadline(NOW, start, 48, 2) == expected


def test_without_a_margin_it_can_be_answered_until_the_start():
    assert requests.confirm_deadline(NOW, after(hours=5), 48, 0) == after(hours=5)


def test_moved_to_where_the_margin_has_passed_it_can_be_answered_until_the_start():
    made, start = after(hours=-2), after(minutes=90)
    assert requests.confirm_deadline(made, start, 48, 2) == after(minutes=-30)
    assert requests.confirm_deadline(made, start, 48, 2, NOW) == start


@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=900)), HOURS, HOURS)
def test_no_deadline_is_after_the_start_or_before_the_request(now, ahead, hours, margin):
    deadline = requests.confirm_deadline(now, now + ahead, hours, margin)
    assert now <= deadline <= now + ahead
    assert deadline in (
        now + timedelta(hours=hours), now + ahead - timedelta(hours=margin), now + ahead,
    )


@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=900)), HOURS, HOURS, HOURS)
def test_more_hours_never_shorten_a_deadline_that_counts(now, ahead, hours, more, margin):
    start = now + ahead
    deadline = requests.confirm_deadline(now, start, hours + 1, margin)
    assert requests.confirm_deadline(now, start, hours + 1 + more, margin) >= deadline


@pytest.mark.parametrize(
    ("deadline", "hours_before", "expected"),
    [
        (after(hours=48), 2, [after(hours=24), after(hours=46)]),
        (after(hours=48), 0, [after(hours=24)]),
        (after(hours=4), 2, [after(hours=2)]),  # both are one
        (after(hours=3), 2, [after(hours=1), after(hours=1.5)]),
        (after(hours=1), 2, [after(minutes=30)]),
        (NOW, 2, []),
    ],
)
def test_the_practitioner_is_reminded_at_half_time_and_shortly_before(
    deadline, hours_before, expected
):
    assert requests.warnings(NOW, deadline, hours_before) == expected


@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=90)), HOURS, MOMENTS)
def test_reminders_come_in_order_and_each_once(now, length, hours_before, moment):
    deadline = now + length
    moments, seen = requests.warnings(now, deadline, hours_before), []
    while following := requests.next_warning(
        now, deadline, hours_before, seen[-1] if seen else now
    ):
        seen.append(following)
    assert seen == moments == sorted(set(moments))
    assert all(now < each < deadline for each in moments)
    later = requests.next_warning(now, deadline, hours_before, moment)
    assert later is None or (later > moment and later in moments)


@pytest.mark.parametrize(
    ("flow", "due", "held", "received", "is_under_way", "expected"),
    [
        ("hold", 0, 0, 0, False, "not_needed"),
        ("approve_first", 0, 0, 0, False, "not_needed"),
        ("hold", 80, 80, 0, True, "held"),  # a hold counts as under way elsewhere
        ("hold", 80, 0, 80, False, "received"),  # it could not be held
        ("charge", 80, 0, 80, False, "received"),
        ("charge", 80, 0, 0, True, "under_way"),
        ("hold", 80, 0, 0, False, "missing"),
        ("charge", 80, 0, 0, False, "missing"),
        ("approve_first", 80, 0, 0, False, "later"),
        ("approve_first", 80, 0, 80, False, "received"),
        ("charge", 80, 0, 30, False, "received"),  # the practice gave back a part
        ("hold", 80, 0, 50, True, "under_way"),
    ],
)
def test_what_there_is_of_what_is_asked(flow, due, held, received, is_under_way, expected):
    assert requests.money_at_hand(flow, due, held, received, is_under_way) == expected


@given(FLOWS, AMOUNTS, AMOUNTS, AMOUNTS, st.booleans())
def test_nothing_is_confirmed_unpaid(flow, due, held, received, is_under_way):
    money = requests.money_at_hand(flow, due, held, received, is_under_way)
    problem = requests.accept_problem(requests.Standing(True, False, after(hours=1), money), NOW)
    if problem:
        return
    effect = requests.accept_effect(money)
    if effect == "confirm":
        assert due <= 0 or received > 0
    elif effect == "capture":
        assert held > 0
    else:
        assert flow == "approve_first"


def standing(money="held", **values):
    return requests.Standing(
        **{"is_open": True, "is_being_accepted": False, "deadline": after(hours=1), **values},
        money=money,
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, None),
        ({"is_open": False}, "closed"),
        ({"is_being_accepted": True}, "being_accepted"),
        ({"deadline": NOW}, "too_late"),
        ({"deadline": after(seconds=1)}, None),
        ({"money": "missing"}, "missing"),
        ({"money": "under_way"}, "under_way"),
        ({"money": "missing", "deadline": NOW}, "too_late"),
        ({"is_open": False, "deadline": NOW}, "closed"),
    ],
)
def test_why_a_request_cannot_be_accepted(values, expected):
    assert requests.accept_problem(standing(**values), NOW) == expected


@pytest.mark.parametrize("money", MONEY)
@pytest.mark.parametrize("deadline", [after(hours=-1), NOW, after(hours=1)])
def test_a_request_can_be_declined_as_long_as_it_is_open(money, deadline):
    assert requests.decline_problem(standing(money, deadline=deadline)) is None
    assert requests.decline_problem(standing(money, is_open=False)) == "closed"
    assert requests.decline_problem(standing(money, is_being_accepted=True)) == "being_accepted"


def test_a_request_without_its_payment_expires_for_another_reason():
    for is_refused in (False, True):
        reasons = {money: requests.expired_reason(money, is_refused) for money in MONEY}
        assert reasons.pop("missing") == "lapsed"
        if is_refused:  # and the hold is being let go
            assert reasons.pop("under_way") == "lapsed"
        assert set(reasons.values()) == {"unanswered"}


@pytest.mark.parametrize(
    ("minutes", "left"),
    [
        (-1, ("over", 0, 0)),
        (0, ("over", 0, 0)),
        (1, ("minutes", 1, 0)),
        (59, ("minutes", 59, 0)),
        (60, ("hours", 1, 0)),
        (24 * 60 - 1, ("hours", 23, 59)),
        (24 * 60, ("days", 1, 0)),
        (49 * 60 + 30, ("days", 2, 1)),
    ],
)
def test_the_time_left_is_said_in_the_units_that_matter(minutes, left):
    now = datetime(2026, 11, 23, 7, 0)
    assert requests.time_left(now + timedelta(minutes=minutes), now) == left
