"""When a hold ends and a balance falls due."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import schedule

NOW = datetime(2026, 3, 2, 9, 0)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1))


def test_a_hold_lasts_the_checkout_time():
    assert schedule.hold_until(NOW, 20, NOW + timedelta(days=1)) == datetime(2026, 3, 2, 9, 20)


def test_a_hold_ends_when_the_appointment_starts():
    start = NOW + timedelta(minutes=5)
    assert schedule.hold_until(NOW, 20, start) == start


def test_a_pending_payment_keeps_the_slot_for_the_longest_processing():
    assert schedule.PENDING_DAYS == 14
    assert schedule.pending_until(NOW, NOW + timedelta(days=60)) == datetime(2026, 3, 16, 9, 0)


def test_a_pending_payment_never_keeps_the_slot_past_the_start():
    start = NOW + timedelta(days=3)
    assert schedule.pending_until(NOW, start) == start


@given(MOMENTS, st.integers(0, 100_000), MOMENTS)
def test_no_hold_outlasts_the_start(now, minutes, start):
    assert schedule.hold_until(now, minutes, start) <= start
    assert schedule.pending_until(now, start) <= start
    if start >= now:
        assert schedule.hold_until(now, minutes, start) >= now
        assert schedule.pending_until(now, start) >= now


@pytest.mark.parametrize(
    ("stop", "tz_name", "expected"),
    [
        (datetime(2026, 3, 2, 22, 59), "Europe/Berlin", date(2026, 3, 2)),
        (datetime(2026, 3, 2, 23, 0), "Europe/Berlin", date(2026, 3, 3)),  # midnight there
        (datetime(2026, 3, 29, 21, 59), "Europe/Berlin", date(2026, 3, 29)),  # summer time began
        (datetime(2026, 3, 29, 22, 0), "Europe/Berlin", date(2026, 3, 30)),
        (datetime(2026, 10, 25, 22, 59), "Europe/Berlin", date(2026, 10, 25)),  # a day of 25 hours
        (datetime(2026, 3, 9, 3, 59), "America/New_York", date(2026, 3, 8)),
        (datetime(2026, 3, 9, 4, 0), "America/New_York", date(2026, 3, 9)),
        (datetime(2026, 11, 2, 4, 59), "America/New_York", date(2026, 11, 1)),
        (datetime(2026, 3, 2, 10, 0), "Pacific/Kiritimati", date(2026, 3, 3)),  # UTC+14
        (datetime(2026, 3, 2, 10, 0), "Pacific/Pago_Pago", date(2026, 3, 1)),  # UTC-11
        (datetime(2026, 3, 2, 23, 30), "UTC", date(2026, 3, 2)),
    ],
)
def test_the_balance_is_due_on_the_local_day_of_the_end(stop, tz_name, expected):
    assert schedule.balance_due_date(stop, tz_name) == expected


@pytest.mark.parametrize("tz_name", ["", None, False, "Mars/Olympus", "../etc/passwd", "Zürich"])
def test_an_unknown_time_zone_is_utc(tz_name):
    assert schedule.balance_due_date(datetime(2026, 3, 2, 23, 30), tz_name) == date(2026, 3, 2)
    assert schedule.zone(tz_name).utcoffset(NOW) == timedelta(0)
