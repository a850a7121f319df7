"""Times that cannot be booked, by link and by form: a sentence, nothing booked, nothing lost."""

import pytest

from tests.visitor import Page, from_text, shifted

SLUG = "first-consultation"
GONE = "This time is not free"
KEPT = "what you typed is kept"
MALFORMED = {
    "word": "tomorrow",
    "empty": "",
    "no time zone": "2026-11-24T09:00:00",
    "no such day": "2026-13-45T00:00:00Z",
    "before time": "0001-01-01T00:00:00+14:00",
    "after time": "9999-12-31T23:59:59-14:00",
    "other digits": "२०२६-११-२४T०९:००:००Z",
    "script": "<script>alert(1)</script>",
    "control characters": "2026-11-24T09:00:00Z\x00",
    "endless": "2026-11-24T09:00:00Z" * 500,
}
NOT_OFFERED = {
    "the first second": "0001-01-01T00:00:00Z",
    "long ago": "1970-01-01T00:00:00Z",
    "weeks ago": ("first", {"days": -28}),
    "at night": ("first", {"hours": -9}),
    "between two starts": ("first", {"minutes": 17}),
    "too far ahead": ("first", {"days": 70}),
    "the last second": "9999-12-31T23:59:59Z",
}


@pytest.fixture(scope="module")
def first(practice):
    """Return the first start of a morning a week ahead: 09:00 or 08:00 in Paris."""
    starts = practice.visitor().starts(SLUG)
    days = {}
    for start in starts:
        days.setdefault(start[:10], start)
    return list(days.values())[2]


def moment(text, first):
    return text if isinstance(text, str) else shifted(first, **text[1])


@pytest.mark.parametrize("start", MALFORMED.values(), ids=MALFORMED)
def test_malformed_time_in_a_link_shows_the_times(visitor, start):
    page = visitor.open(f"/booking/{SLUG}", start=start)
    assert page.status == 200
    assert page.starts()
    assert bool(page.alerts()) == bool(start)
    assert all(GONE in alert for alert in page.alerts())


@pytest.mark.parametrize("when", NOT_OFFERED.values(), ids=NOT_OFFERED)
def test_time_that_is_not_offered_in_a_link_shows_the_times(visitor, first, when):
    page = visitor.open(f"/booking/{SLUG}", start=moment(when, first))
    assert page.status == 200
    assert GONE in page.alerts()[0]
    assert page.starts()


@pytest.mark.parametrize(
    "when", [*MALFORMED.values(), *NOT_OFFERED.values()], ids=[*MALFORMED, *NOT_OFFERED]
)
def test_time_that_cannot_be_had_in_a_form_is_refused(practice, visitor, first, when):
    form = visitor.form(start=first, note="I limp.\nSince Monday.", start_text=None)
    before = practice.count("appointment_payment_booking")
    answer = visitor.submit({**form, "start": moment(when, first)})
    page = Page(answer)
    assert answer.status_code == 409
    assert KEPT in page.alerts()[0]
    assert len(page.nearest()) == 4
    kept = page.form()
    assert (kept["name"], kept["email"]) == ("Carla Client", "carla@example.com")
    assert kept["note"].replace("\r\n", "\n") == "I limp.\nSince Monday."
    assert practice.count("appointment_payment_booking") == before


@pytest.mark.parametrize(
    "day", ["tomorrow", "2026-02-31", "0001-01-01", "9999-12-31", "\x00", "1" * 10_000]
)
def test_malformed_day_shows_a_page(visitor, day):
    page = visitor.open(f"/booking/{SLUG}", day=day)
    assert page.status == 200
    assert page.starts() or "There are no free times" in page.text


def test_foreign_practitioner_is_not_found(practice, visitor, first):
    form, before = visitor.form(start=first), practice.occupied(first)
    ids = [practice.ids["cleo"], 1, 0, -1, "abc", "1 OR 1=1", "9" * 30, "٥", "\x00", "5.0"]
    for foreign in ids:
        page = visitor.open(f"/booking/{SLUG}", practitioner=foreign, start=first)
        assert page.status == 404, foreign
        assert visitor.submit({**form, "practitioner": foreign}).status_code == 404, foreign
    assert practice.occupied(first) == before


def test_time_of_another_practitioner_is_offered_with_who_has_it(practice, visitor):
    """Anna's time is taken and Ben's is not: nobody gets Anna's."""
    free = visitor.starts("with-anna")[3]
    visitor.book("with-anna", start=free)
    anna, ben = practice.ids["anna"], practice.ids["ben"]
    page = visitor.open(f"/booking/{SLUG}", practitioner=anna, start=free)
    assert GONE in page.alerts()[0]
    assert free not in page.starts()
    form = visitor.form(start=free)
    assert form["practitioner"] == str(ben)
    assert visitor.submit({**form, "practitioner": anna}).status_code == 409
    assert practice.occupied(free, "anna") == 1


@pytest.mark.parametrize(
    "slug",
    ["no-such-thing", "FIRST-CONSULTATION", "x" * 10_000,
     "%ED%A0%80", "first-consultation'--", "../first-consultation", "<script>alert(1)</script>"],
)  # fmt: skip
def test_unknown_link_name_is_not_found(visitor, slug):
    answer = visitor.send("GET", f"/booking/{slug}")
    assert answer.status_code == 404
    assert "<script>alert" not in answer.text
    assert "find the page" in Page(answer).text
    form = visitor.form()
    assert visitor.submit(form, slug).status_code == 404


@pytest.mark.parametrize("slug", ["first-consultation%00", "%00"])
def test_link_name_that_no_database_takes_is_refused(visitor, slug):
    assert visitor.send("GET", f"/booking/{slug}").status_code == 400
    assert visitor.submit(visitor.form(), slug).status_code == 400


def test_taken_while_typing_offers_the_nearest_and_one_click_books_it(practice, visitor):
    first = visitor.starts("with-cleo")[4]
    slow = visitor.form("with-cleo", start=first, note="I limp.", name="Slow Typist")
    practice.visitor().book("with-cleo", start=first)
    sold = visitor.submit(slow, "with-cleo")
    answer = visitor.ask_for_nearest(sold, "with-cleo")
    page = Page(answer)
    for told in (sold, answer):
        assert told.status_code == 409
        assert "has just been taken" in Page(told).alerts()[0]
        assert KEPT in Page(told).alerts()[0]
    assert page.find("aside[contains(., 'With Cleo')]")
    assert not page.find("aside//li/strong"), "the taken time stands in the summary"
    kept = page.form()
    assert (kept["name"], kept["note"]) == ("Slow Typist", "I limp.")
    nearest = page.nearest()
    assert nearest == sorted(nearest)
    assert first not in nearest
    gaps = [abs(from_text(start) - from_text(first)) for start in visitor.starts("with-cleo")]
    assert {abs(from_text(s) - from_text(first)) for s in nearest} == set(sorted(gaps)[:4])
    booked = visitor.submit({**kept, "other_start": nearest[0]}, "with-cleo")
    assert booked.status_code == 303
    assert practice.occupied(nearest[0], "cleo") == 1
    assert "Slow Typist" not in str(practice.occupied(first))
