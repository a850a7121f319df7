"""Calendar files are read by other programs than ours."""

from datetime import datetime, timedelta

import vobject
from hypothesis import given
from hypothesis import strategies as st

from rules import calendar_file

START = datetime(2026, 3, 29, 0, 30)  # the night in which Paris loses an hour
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), max_size=200)


def make(**values):
    return calendar_file.make(
        **{
            "uid": "one@practice", "sequence": 0, "start": START,
            "stop": START + timedelta(hours=2), "stamp": START, "summary": "Consultation",
            **values,
        }
    )  # fmt: skip


def test_times_are_in_utc():
    text = make().decode()
    assert "DTSTART:20260329T003000Z" in text
    assert "DTEND:20260329T023000Z" in text


def test_lines_end_and_fold_as_the_standard_says():
    data = make(description="é" * 300)
    assert data.endswith(b"\r\n")
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    assert b"\n" not in data.replace(b"\r\n", b"")


def test_nothing_typed_becomes_a_line_of_its_own():
    typed = "A\r\nATTENDEE:mailto:x@example.com"
    text = make(summary=typed, location="1; Lime, Street\\n").decode()
    assert "\r\nATTENDEE" not in text
    assert "LOCATION:1\\; Lime\\, Street" in text


def test_what_is_empty_is_left_out():
    text = make(location="", url=None).decode()
    assert "LOCATION" not in text
    assert "URL" not in text


@given(TEXTS.filter(str.strip))
def test_texts_come_back_as_they_were(text):
    assert vobject.readOne(make(summary=text).decode()).vevent.summary.value == text
