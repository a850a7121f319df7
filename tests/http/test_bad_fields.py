"""What visitors type: too long, wrong, hostile; a sentence at its field, and nothing lost."""

import re

import pytest

from tests.visitor import Link, Page

SCRIPT = "<script>alert(1)</script>"
LONG = "Émilie 🙂 " * 1250  # 10,000 characters
WRONG_EMAILS = [
    "carla", "carla@", "@example.com", "carla@@example.com", "carla example.com",
    "carla@example.com, dan@example.com", "carla@example.com\r\nBcc: dan@example.com",
    "carla@example.com\ndan@example.com", "\x00", "<script>@example.com",
]  # fmt: skip


@pytest.fixture
def form(practice, visitor):
    """Return a filled form; whatever happens to it, nothing may be booked."""
    before = practice.count("appointment_payment_booking")
    partners = practice.count("res_partner")
    yield visitor.form(note="I limp.", phone="+33 6 12 34 56 78")
    assert practice.count("appointment_payment_booking") == before
    assert practice.count("res_partner") == partners


def without_stamp(form):
    """Return a form without Odoo's request token, which names the second it was made in."""
    return {name: value for name, value in form.items() if name != "csrf_token"}


def refused(visitor, form, field):
    """Submit; the form must come back whole with a sentence at the field. Return the sentence."""
    answer = visitor.submit(form)
    page = Page(answer)
    assert answer.status_code == 422, page.text
    inputs = page.find(f"*[@id='appay_{field}']")
    assert "is-invalid" in inputs[0].get("class")
    sentence = inputs[0].xpath("following-sibling::div[contains(@class, 'invalid-feedback')]")
    assert sentence[0].text_content() in page.alerts()[0]
    return sentence[0].text_content(), page.form()


@pytest.mark.parametrize("field", ["name", "email", "phone", "note"])
def test_ten_thousand_characters_are_refused_and_kept(visitor, form, field):
    typed = LONG.strip() if field != "email" else "c" * 9_990 + "@x.example"
    sentence, kept = refused(visitor, {**form, field: typed}, field)
    assert "at most" in sentence
    assert kept[field] == typed
    assert without_stamp({**kept, field: form[field]}) == without_stamp(form)


def test_form_with_an_unknown_mark_comes_back_whole(practice, visitor):
    """The hidden mark that tells a second submit was cut off or made up."""
    form = visitor.form(note="I limp.")
    before = practice.count("appointment_payment_booking")
    for mark in ("", "x", "f" * 10_000, "\x00" * 32, SCRIPT):
        answer = visitor.submit({**form, "checkout_token": mark})
        page = Page(answer)
        assert answer.status_code == 422, mark
        assert "again" in page.alerts()[0]
        kept = page.form()
        assert len(kept["checkout_token"]) == 32
        kept_form = {**kept, "checkout_token": form["checkout_token"]}
        assert without_stamp(kept_form) == without_stamp(form)
    assert practice.count("appointment_payment_booking") == before
    assert visitor.submit(kept).status_code == 303


@pytest.mark.parametrize("email", WRONG_EMAILS)
def test_wrong_email_is_refused_and_kept(visitor, form, email):
    sentence, kept = refused(visitor, {**form, "email": email}, "email")
    assert "name@example.com" in sentence or "enter your email" in sentence
    assert kept["email"] == re.sub(r"[\r\n\x00]", "", email)


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("name", ""), ("name", " \t "), ("name", "\x00"), ("name", "\u200b\u202e\u00ad\u0301"),
        ("email", ""), ("email", "\u200b"),
    ],
)
def test_empty_field_is_asked_for(visitor, form, field, typed):
    sentence, _kept = refused(visitor, {**form, field: typed}, field)
    assert sentence.startswith("Please enter your ")


@pytest.mark.parametrize("end", ["\n", "\x85", "\u2028", "\u2029"])
def test_name_on_two_lines_is_refused(visitor, form, end):
    sentence, _kept = refused(visitor, {**form, "name": f"Carla{end}Bcc: dan@example.com"}, "name")
    assert "one line" in sentence


def test_terms_that_are_not_accepted(visitor, form):
    typed = {name: value for name, value in form.items() if name != "accept_terms"}
    answer = visitor.submit(typed)
    assert answer.status_code == 422
    assert "accept the terms" in Page(answer).alerts()[0]
    assert without_stamp(Page(answer).form()) == without_stamp(typed)


def test_accepting_the_terms_is_dated_and_only_that(practice, visitor):
    with_terms, without = visitor.book("first-consultation"), visitor.book("follow-up")
    assert practice.booking(with_terms.id)["accepted_terms_at"]
    assert not practice.booking(without.id)["accepted_terms_at"]


def test_several_mistakes_are_summed_up_at_once(visitor, form):
    answer = visitor.submit({**form, "name": "", "email": "carla", "phone": "1" * 33})
    items = [node.text_content() for node in Page(answer).find("*[@role='alert']//li")]
    assert len(items) == 3


def test_control_characters_are_dropped(practice, visitor):
    odd = "\x00\x01\x07\x0b\x1b\x7f"
    link = visitor.book(name=f"Ca{odd}rla", note=f"I{odd}\tlimp.\nAlways.", phone=f"+33{odd}6")
    booking = practice.booking(link.id)
    name, phone = practice.query(
        "SELECT name, phone FROM res_partner WHERE id = %s", booking["partner_id"]
    )[0]
    assert (name, phone) == ("Carla", "+336")
    assert booking["client_note"].splitlines() == ["I\tlimp.", "Always."]
    assert visitor.pay(link)["state"] == "done"
    pdf = visitor.send("GET", f"{link.page}&report_type=pdf")
    assert pdf.headers["Content-Type"] == "application/pdf"


def test_marks_without_width_stay_in_names_and_not_in_addresses(practice, visitor):
    name = "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627"  # Persian, with a mark that belongs there
    link = visitor.book("follow-up", name=f"{name}\u202e", email="\ufeffnew\u200b@example.com")
    partner = practice.booking(link.id)["partner_id"]
    shown = practice.query("SELECT name, email FROM res_partner WHERE id = %s", partner)
    assert shown == [(name, "new@example.com")]


def test_f44_markup_in_name_and_note_is_shown_as_typed(practice, visitor):
    name, note = f"Carla {SCRIPT}", f'"><img src=x onerror=alert(1)>{SCRIPT} {{{{7*7}}}} ${{7*7}}'
    answer = visitor.submit(visitor.form(name=name, note=note, email="carla"))
    assert SCRIPT not in answer.text
    kept = Page(answer).form()
    assert (kept["name"], kept["note"]) == (name, note)
    email = "markup@example.com"
    link = visitor.book("with-anna", name=name, note=note, email=email)
    visitor.pay(link)
    page = visitor.send("GET", link.page)
    assert SCRIPT not in page.text
    for address in (email, "anna@linden.example"):
        message = [m for m in practice.server.mailbox.wait(address) if SCRIPT in text_of(m)][-1]
        html = message.get_body(["html"]).get_content()
        assert "<script" not in html
        assert "<img src=x" not in html.replace('"', "")
        assert "&lt;script&gt;" in html
    [(event,)] = practice.query(
        "SELECT e.name FROM calendar_event e JOIN appointment_payment_booking b"
        " ON b.event_id = e.id WHERE b.id = %s", link.id,
    )
    assert event == f"{name} · With Anna"


def text_of(message):
    """Return the text that the reader of a mail sees when it is shown without HTML."""
    return message.get_body(["plain"]).get_content()


def test_missing_and_wrong_csrf_are_refused(visitor, form):
    for token in (None, "", "wrong", "\x00", "x" * 10_000):
        answer = visitor.submit({**form, "csrf_token": token})
        assert answer.status_code == 400
        assert "Session expired" in Page(answer).text


def test_another_visitors_csrf_is_refused(practice, form):
    assert practice.visitor().submit(form).status_code == 400


@pytest.mark.parametrize("path", ["/booking", "/booking/first-consultation"])
def test_huge_queries_are_answered(visitor, path):
    for query in ("x=" + "y" * 60_000, "&".join(f"k{n}=v" for n in range(5_000))):
        assert visitor.send("GET", f"{path}?{query}").status_code < 500


def test_form_that_is_no_form_is_refused(practice, visitor, form):
    path = "/booking/first-consultation"
    assert visitor.send("POST", path, json=form).status_code in (400, 415)
    assert visitor.send("POST", path, data=b"\xff\xfe", headers={
        "Content-Type": "application/x-www-form-urlencoded"}).status_code == 400
    files = {"name": ("name.txt", b"Carla"), "note": ("note.txt", b"<b>")}
    del form["name"], form["note"]
    answer = visitor.send("POST", path, data={**form, "email": "carla"}, files=files)
    assert answer.status_code == 422


def test_methods_that_a_page_does_not_have(visitor):
    link = visitor.book()
    for method, path, status in [
        ("HEAD", "/booking", 200),
        ("HEAD", "/booking/first-consultation", 200),
        ("HEAD", link.page, 200),
        ("POST", "/booking", 405),
        ("POST", link.page, 405),
        ("PUT", "/booking/first-consultation", 405),
        ("DELETE", link.page, 405),
        ("GET", f"{link.path}/transaction?access_token={link.token}", 405),
        ("HEAD", f"{link.path}/transaction?access_token={link.token}", 405),
    ]:
        answer = visitor.send(method, path)
        assert answer.status_code == status, (method, path)
        assert method != "HEAD" or not answer.content


def test_values_that_no_field_asks_for_are_ignored(practice, visitor):
    """f43: nothing of the form but its own fields reaches the booking."""
    extra = {
        "price": "1", "amount_due_now": "0", "amount_total": "0", "payment_mode": "none",
        "state": "confirmed", "partner_id": "3", "company_id": "2", "user_id": "1",
        "currency_id": "1", "origin": "staff", "tz": "Mars/Olympus", "lang": "xx_XX",
        "id": "1", "access_token": "mine", "name_": "x", "checkout": "0",
    }  # fmt: skip
    answer = visitor.submit({**visitor.form(), **extra})
    link = Link.parse(answer.headers["Location"])
    booking = practice.booking(link.id)
    assert (booking["state"], booking["amount_total"]) == ("pending_payment", 80)
    assert visitor.ask_to_pay(link)["amount"] == 24
    plain = visitor.open("/booking/first-consultation")
    changed = visitor.open("/booking/first-consultation", **extra)
    assert (changed.text, changed.status) == (plain.text, 200)
