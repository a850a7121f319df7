"""Moments and days on their way between the server and a visitor's browser."""

from datetime import datetime

import pytest
import pytz
from hypothesis import given
from hypothesis import strategies as st

from rules import slots


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59Z"]
)
def test_an_instant_of_another_age_is_none(text):
    assert slots.parse_instant(text) is None


@pytest.mark.parametrize(
    "text", ["0001-01-01", "9999-12-31", "2026-13-01", "", None, 7, "x" * 9999]
)
def test_a_day_that_is_none_does_not_raise(text):
    assert slots.day_start(text, "Europe/Paris") is None


def test_a_day_begins_at_midnight_of_its_reader():
    assert slots.day_start("2026-11-24", "Europe/Paris") == datetime(2026, 11, 23, 23)


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.sampled_from(pytz.common_timezones)
)
def test_text_and_local_time_lead_back_to_the_moment(moment, tz_name):
    moment = moment.replace(microsecond=0)
    assert slots.parse_instant(slots.to_text(moment)) == moment
    local = slots.to_local(moment, tz_name)
    assert slots.to_utc(local) == moment
    assert slots.to_text(local) == slots.to_text(moment)
