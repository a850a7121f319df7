"""What a visitor chooses on the way: whom, a deposit or all, another time; who is known already."""

import pytest

from tests.visitor import Link, Page, from_text

NOT_FOUND = 404


def taken_link(answer):
    assert answer.status_code == 303, Page(answer).text
    return Link.parse(answer.headers["Location"])


def headings(page):
    """Return the names of the categories on the list."""
    cards = page.find("a[contains(@class, 'o_appay_category')]")
    return [card.xpath(".//h2")[0].text_content() for card in cards]


@pytest.fixture
def free(practice):
    """Return free starts of a category, far enough away that no other test takes them."""
    return practice.visitor().starts("massage")[-20:]


def due(practice, link):
    return practice.query(
        "SELECT amount_total::float, amount_due_now::float, user_id, tz"
        " FROM appointment_payment_booking WHERE id = %s", link.id,
    )[0]


def test_all_at_once_is_paid_in_place_of_the_deposit(practice, visitor):
    form = visitor.form("with-anna", visitor.starts("with-anna")[-1])
    assert form["pay_in_full"] == "0"
    link = taken_link(visitor.submit({**form, "pay_in_full": "1"}, "with-anna"))
    assert due(practice, link)[:2] == (80, 80)
    assert visitor.pay(link)["state"] == "done"
    practice.assert_ledger(link.id, total=80.0, tax=13.33, residual=0.0, payments=[80.0])


@pytest.mark.parametrize("column", ["price", "deposit_percent"])
def test_f19_a_price_that_has_changed_since_the_page_was_opened_is_shown_first(
    practice, visitor, column
):
    change = f"UPDATE calendar_event_type SET {column} = {column} + %s WHERE slug = 'with-anna'"
    form = visitor.form("with-anna", visitor.starts("with-anna")[-4], note="I limp.")
    before = practice.count("appointment_payment_booking")
    practice.query(change, 10)
    try:
        answer = visitor.submit(form, "with-anna")
        page = Page(answer)
        assert answer.status_code == 409
        assert "has changed since you opened this page" in page.alerts()[0]
        assert practice.count("appointment_payment_booking") == before
        assert page.form()["note"] == "I limp."
        link = taken_link(visitor.submit(page.form(), "with-anna"))
        assert due(practice, link)[:2] == ((90, 27) if column == "price" else (80, 32))
    finally:
        practice.query(change, -10)
    # what is booked keeps its price
    assert taken_link(visitor.submit(page.form(), "with-anna")).id == link.id
    practice.end_hold(link)
    practice.run_cron("cron_expire_bookings")


@pytest.mark.parametrize("value", ["0", "", "yes", "0.01", "-1", "<script>", "\x00", "11"])
def test_f19_anything_else_asks_the_deposit(practice, visitor, value):
    form = visitor.form("with-anna", visitor.starts("with-anna")[-2])
    link = taken_link(visitor.submit({**form, "pay_in_full": value}, "with-anna"))
    assert due(practice, link)[:2] == (80, 24)
    practice.end_hold(link)
    practice.run_cron("cron_expire_bookings")


def test_whoever_comes_back_for_the_other_choice_gets_it(practice, visitor):
    """The same form, the same time: the first booking gives way, and nothing is sold twice."""
    start = visitor.starts("with-anna")[-3]
    form = visitor.form("with-anna", start)
    first = taken_link(visitor.submit(form, "with-anna"))
    second = taken_link(visitor.submit({**form, "pay_in_full": "1"}, "with-anna"))
    assert second.id != first.id
    assert due(practice, second)[:2] == (80, 80)
    assert practice.booking(first.id)["expired_reason"] == "replaced"
    assert practice.occupied(start, "anna") == 1
    again = taken_link(visitor.submit({**form, "pay_in_full": "1"}, "with-anna"))
    assert again.id == second.id


@pytest.mark.parametrize("slug", ["follow-up", "phone-call", "short-question"])
def test_where_no_deposit_is_asked_there_is_no_choice(visitor, slug):
    page = visitor.open(f"/booking/{slug}", start=visitor.starts(slug)[-1])
    assert not page.find("input[@name='pay_in_full']")


def test_the_price_is_the_practitioners(practice, visitor, free):
    anna, ben = practice.ids["anna"], practice.ids["ben"]
    page = visitor.open("/booking/massage")
    assert "from 60.00 €" in page.text and "from 18.00 €" in page.text
    for user, total, deposit in ((anna, 80, 24), (ben, 60, 18)):
        start = free[0] if user == anna else free[1]
        form = {
            **visitor.open("/booking/massage", practitioner=user, start=start).form(),
            "name": "Carla Client", "email": "carla@example.com",
        }  # fmt: skip
        link = taken_link(visitor.submit(form, "massage"))
        assert due(practice, link)[:3] == (total, deposit, user)


def test_the_visitors_time_zone_is_the_bookings(practice, visitor, free):
    page = visitor.open("/booking/massage", start=free[2], tz="Asia/Tokyo")
    assert "At the practice, in Europe/Paris" in page.text
    form = {**page.form(), "name": "Carla Client", "email": "carla@example.com"}
    link = taken_link(visitor.submit(form, "massage"))
    assert due(practice, link)[3] == "Asia/Tokyo"
    form["tz"] = "Mars/Olympus"
    answer = visitor.submit({**visitor.form("massage", free[3]), "tz": "Mars/Olympus"}, "massage")
    assert due(practice, taken_link(answer))[3] == "Europe/Paris"


def test_a_taken_time_keeps_every_choice(practice, visitor, free):
    asked = {"start": free[4], "tz": "Asia/Tokyo", "practitioner": practice.ids["anna"]}
    form = {
        **visitor.open("/booking/massage", **asked).form(),
        "name": "Slow Typist", "email": "slow@example.com", "pay_in_full": "1",
    }  # fmt: skip
    other = practice.visitor()
    page = other.open("/booking/massage", practitioner=practice.ids["anna"], start=free[4])
    typed = {"name": "Quick", "email": "quick@example.com"}
    taken_link(other.submit({**page.form(), **typed}, "massage"))
    sold = visitor.submit(form, "massage")
    answer = visitor.ask_for_nearest(sold, "massage")
    for told in (sold, answer):
        kept = Page(told).form()
        assert told.status_code == 409
        assert {**kept, "csrf_token": form["csrf_token"]} == form
    nearest = Page(answer).nearest()
    link = taken_link(visitor.submit({**kept, "other_start": nearest[0]}, "massage"))
    assert due(practice, link) == (80, 80, practice.ids["anna"], "Asia/Tokyo")


def test_whoever_asked_for_anyone_is_offered_anyones_times(practice, visitor, free):
    form = visitor.form("massage", free[6])
    booked = practice.visitor()
    for user in ("anna", "ben"):
        page = booked.open("/booking/massage", practitioner=practice.ids[user], start=free[6])
        typed = {"name": user, "email": f"{user}@example.com"}
        taken_link(booked.submit({**page.form(), **typed}, "massage"))
    answer = visitor.ask_for_nearest(visitor.submit(form, "massage"), "massage")
    page = Page(answer)
    words = " ".join(node.text_content() for node in page.find("button[@name='other_start']"))
    assert answer.status_code == 409
    assert "Berg" in words or "Roy" in words
    assert "60.00" in words or "80.00" in words


def test_a_time_that_is_over_or_was_never_offered_is_called_so(visitor, free):
    form = visitor.form("massage", free[8])
    for start, words in [
        ("2020-01-01T10:00:00Z", "This time is over."),
        ("2090-01-01T10:00:00Z", "This time is not offered."),
        ("tomorrow", "This time is not offered."),
    ]:
        answer = visitor.submit({**form, "start": start}, "massage")
        assert answer.status_code == 409
        assert words in Page(answer).alerts()[0]


def test_a_known_client_is_asked_for_what_is_missing_only(practice, visitor, free):
    visitor.log_in("paula")
    page = visitor.open("/booking/massage", start=free[9])
    assert "You book as Paula Portal (paula@example.com)" in page.text
    assert not page.find("input[@name='name']") and not page.find("input[@name='email']")
    form = {**page.form(), "phone": "+33 6 12 34 56 78", "name": "Eve", "email": "eve@example.com"}
    link = taken_link(visitor.submit(form, "massage"))
    [(name, email, phone)] = practice.query(
        "SELECT name, email, phone FROM res_partner WHERE id = %s",
        practice.booking(link.id)["partner_id"],
    )
    assert (name, email, phone) == ("Paula Portal", "paula@example.com", "+33 6 12 34 56 78")
    assert not visitor.open("/booking/massage", start=free[10]).find("input[@name='phone']")


def test_a_group_shows_the_seats_that_are_left(visitor):
    start = visitor.starts("back-school")[5]

    def words():
        page = visitor.open("/booking/back-school", day=start[:10])
        return next(
            " ".join(node.text_content().split())
            for node in page.find("a[contains(@class, 'o_appay_slot')]")
            if start.replace(":", "%3A") in node.get("href") or start in node.get("href")
        )

    assert "3 seats left" in words()
    visitor.book("back-school", start=start)
    assert "2 seats left" in words()
    visitor.book("back-school", start=start)
    assert "1 seat left" in words()
    visitor.book("back-school", start=start)
    assert start not in visitor.starts("back-school")


def test_the_list_is_grouped_by_service_or_by_practitioner(visitor):
    page = visitor.open("/booking")
    names = headings(page)
    assert "Massage" in names and len(names) == len(set(names))
    assert "from 60.00 €" in page.text
    page = visitor.open("/booking", by="practitioner")
    practitioners = {node.text_content() for node in page.find("h2")}
    assert {"Anna Berg", "Ben Roy", "Cleo Vale"} <= practitioners
    own = page.find("h2[text()='Ben Roy']/..//a[contains(., 'Massage')]")[0]
    assert "60.00" in own.text_content() and "from" not in own.text_content()
    assert "practitioner=ben-roy-" in own.get("href")


def test_the_list_of_one_practitioner_is_a_link(practice, visitor):
    page = visitor.open("/booking", practitioner=f"cleo-vale-{practice.ids['cleo']}")
    assert headings(page) == ["With Cleo"]
    assert "with Cleo Vale" in page.text


@pytest.mark.parametrize(
    "params",
    [{"company": "0"}, {"company": "x"}, {"company": "\x00"}, {"practitioner": "1"},
     {"practitioner": "<script>"}, {"company": "1", "practitioner": "nobody-0"}],
)  # fmt: skip
def test_the_list_of_what_is_not_there_is_not_found(visitor, params):
    assert visitor.open("/booking", **params).status == NOT_FOUND


def test_an_unknown_grouping_is_by_service(visitor):
    assert visitor.open("/booking", by="<script>").text == visitor.open("/booking").text


def test_f44_no_link_leaves_the_practice(visitor, free):
    """What a link says of where to go next is not believed."""
    for params in ({"redirect": "https://evil.example"}, {"next": "//evil.example"},
                   {"tz": "//evil.example"}, {"month": "//evil.example"}):  # fmt: skip
        page = visitor.open("/booking/massage", **params)
        assert page.status == 200
        assert "evil.example" not in page.source
    answer = visitor.submit({**visitor.form("massage", free[11]), "redirect": "//evil.example"},
                            "massage")  # fmt: skip
    assert answer.headers["Location"].startswith("/my/appointment-bookings/")
    assert from_text(free[11])
