"""Free times over HTTP: the page, and the route that fetches a month of them."""

import re
from datetime import date, timedelta

import lxml.html
import pytest

from tests.visitor import RpcError, from_text

SLUG = "first-consultation"
NOT_FOUND = 404
TOKYO = timedelta(hours=9)  # all year


def ask(visitor, slug=SLUG, **params):
    """Ask for a month; return the answer and the starts in it."""
    answer = visitor.call(f"/booking/{slug}/slots", **params)
    root = lxml.html.fromstring(answer["html"])
    links = root.xpath("//a[contains(@class, 'o_appay_slot')]/@href")
    return answer, [re.search(r"start=([^&]+)", link)[1].replace("%3A", ":") for link in links]


def month_after(text, count=1):
    day = date.fromisoformat(f"{text}-01")
    for _month in range(count):
        day = (day + timedelta(days=31)).replace(day=1)
    return f"{day:%Y-%m}"


def test_the_route_offers_what_the_page_offers(visitor):
    page = visitor.open(f"/booking/{SLUG}")
    answer, starts = ask(visitor)
    assert starts == page.starts()
    assert {start[:7] for start in starts} == {answer["month"]}


def test_a_month_at_a_time_is_answered_at_most(visitor):
    first, _starts = ask(visitor)
    later, starts = ask(visitor, month=month_after(first["month"]))
    moments = [from_text(start) for start in starts]
    assert later["month"] == month_after(first["month"])
    assert timedelta() < max(moments) - min(moments) < timedelta(days=31)


@pytest.mark.parametrize(
    "month", ["2020-01", "1970-01", "2999-12", "2026-13", "x" * 10_000, "\x00", 7, None, [], {}]
)
def test_a_month_that_cannot_be_booked_is_one_that_can(visitor, month):
    answer, _starts = ask(visitor, month=month)
    now = f"{date.today():%Y-%m}"
    assert now <= answer["month"] <= month_after(now, 3)


@pytest.mark.parametrize("day", ["2026-02-31", "tomorrow", "\x00", 7, [], "9999-12-31"])
def test_a_day_that_is_none_shows_a_free_one(visitor, day):
    answer, _starts = ask(visitor, day=day)
    shown = lxml.html.fromstring(answer["html"]).xpath("//section[not(@hidden)]/@data-day")
    assert len(shown) == 1


@pytest.mark.parametrize(
    "tz", ["Mars/Olympus", "\x00", "../../etc/passwd", 7, [], "x" * 10_000, "<script>", None]
)
def test_a_time_zone_that_is_none_is_the_practitioners(visitor, tz):
    answer, _starts = ask(visitor, tz=tz)
    assert answer["tz"] == "Europe/Paris"


def test_a_time_zone_moves_the_words_and_not_the_moments(visitor):
    # of this month there may be no more than a few hours left
    month = month_after(ask(visitor)[0]["month"])
    paris, starts = ask(visitor, month=month)
    tokyo = visitor.call(f"/booking/{SLUG}/slots", month=month, tz="Asia/Tokyo")
    assert (paris["month"], tokyo["month"], tokyo["tz"]) == (month, month, "Asia/Tokyo")
    assert "5:00 PM" in tokyo["html"].replace("\u202f", " ")
    assert "9:00 AM" in paris["html"].replace("\u202f", " ")
    page = visitor.open(f"/booking/{SLUG}", tz="Asia/Tokyo", month=month)
    # the last afternoon of a month is the next one's there
    same_month = {s for s in starts[1:9] if f"{from_text(s) + TOKYO:%Y-%m}" == month}
    assert same_month and set(page.starts()) >= same_month
    assert "tz=Asia%2FTokyo" in page.find("a[contains(@class, 'o_appay_slot')]/@href")[0]


def test_the_browsers_time_zone_is_taken_where_none_is_chosen(visitor):
    visitor.http.cookies.set("tz", "America/New_York")
    assert ask(visitor)[0]["tz"] == "America/New_York"
    assert ask(visitor, tz="Asia/Tokyo")[0]["tz"] == "Asia/Tokyo"
    visitor.http.cookies.set("tz", "<script>")
    assert ask(visitor)[0]["tz"] == "Europe/Paris"


@pytest.mark.parametrize(
    "practitioner", ["cleo-vale-1", "0", "-1", "1 OR 1=1", "9" * 30, "\x00", [], {}, "anna-berg"]
)
def test_whoever_does_not_take_these_appointments_is_not_found(visitor, practitioner):
    with pytest.raises(RpcError) as refused:
        ask(visitor, practitioner=practitioner or ["x"])
    assert refused.value.code == NOT_FOUND


@pytest.mark.parametrize("company", ["0", "999999", "x", "\x00", [1], True])
def test_a_company_that_does_not_sell_this_is_not_found(visitor, company):
    with pytest.raises(RpcError) as refused:
        ask(visitor, company=company)
    assert refused.value.code == NOT_FOUND


@pytest.mark.parametrize("slug", ["no-such-thing", "FIRST-CONSULTATION", "%2e%2e", "x" * 5_000])
def test_what_is_not_offered_is_not_found(visitor, slug):
    with pytest.raises(RpcError) as refused:
        visitor.call(f"/booking/{slug}/slots")
    assert refused.value.code == NOT_FOUND


def test_a_practitioner_is_meant_by_name_and_number_or_by_number(practice, visitor):
    anna = practice.ids["anna"]
    by_name = ask(visitor, practitioner=f"anna-berg-{anna}")[1]
    assert by_name
    assert ask(visitor, practitioner=str(anna))[1] == by_name
    assert ask(visitor, practitioner=f"her-name-before-{anna}")[1] == by_name


def test_what_the_route_does_not_ask_for_is_ignored(visitor):
    plain = visitor.call(f"/booking/{SLUG}/slots")
    extra = visitor.call(
        f"/booking/{SLUG}/slots", price=1, user_id=1, date_to="2999-12-31", context={"lang": "x"}
    )
    assert extra == plain


@pytest.mark.parametrize("kind", ["archived", "closed"])
def test_what_is_no_longer_sold_has_no_times(practice, visitor, kind):
    column = {"archived": "active", "closed": "bookable"}[kind]
    practice.write_category("double-session", **{column: False})
    try:
        assert visitor.send("GET", "/booking/double-session").status_code == NOT_FOUND
        with pytest.raises(RpcError) as refused:
            visitor.call("/booking/double-session/slots")
        assert refused.value.code == NOT_FOUND
        assert "Double session" not in visitor.open("/booking").text
    finally:
        practice.write_category("double-session", **{column: True})


def test_an_empty_month_says_in_words_when_the_next_free_day_is(visitor):
    first = visitor.open("/booking/after-the-holidays")
    assert first.starts()
    earlier = first.find("a[contains(@class, 'o_appay_turn')]/@data-month")[0]
    page = visitor.open("/booking/after-the-holidays", month=earlier)
    assert not page.starts()
    assert "No free times in" in page.text
    assert "The next free day is" in page.text
    following = page.find("a[contains(@class, 'o_appay_following')]")[0]
    assert following.get("data-day") == first.starts()[0][:10]
    assert visitor.send("GET", following.get("href")).status_code == 200


def test_the_frame_is_for_every_site_and_only_for_the_times(visitor):
    embedded = visitor.send("GET", f"/booking/{SLUG}?embed=1")
    page = visitor.open(f"/booking/{SLUG}", embed="1")
    assert embedded.headers["Content-Security-Policy"] == "frame-ancestors *"
    assert not page.find("header") and not page.find("footer")
    links = page.find("a[contains(@class, 'o_appay_slot')]")
    assert links
    for link in links:
        assert link.get("target") == "_top"
        assert "embed" not in link.get("href")
    for path in (links[0].get("href"), f"/booking/{SLUG}", visitor.book("with-anna").page):
        answer = visitor.send("GET", path)
        assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'self'"
