"""What a client finds behind the link of a booking, without and with a login."""

import pytest
import vobject

from tests.visitor import Link, Page


@pytest.fixture
def link(visitor):
    return visitor.book("with-cleo")


def proof_of(practice, link):
    """Return what the mail to the client has and the page of whoever booked has not."""
    output = practice.server.shell(
        f"print('PROOF', env['appointment.payment.booking'].browse({link.id})._get_mail_proof())"
    )
    return output.split("PROOF")[1].strip()


def known(practice, email):
    """Make a contact that the practice has had for long; return its id."""
    output = practice.server.shell(
        f"partner = env['res.partner'].create({{'name': 'Known Client', 'email': {email!r},"
        " 'phone': '+33 6 99'})\n"
        "env.cr.commit()\nprint('KNOWN', partner.id)"
    )
    return int(output.split("KNOWN")[1])


def post_contact(visitor, link, **values):
    token = visitor.open(link.page).find("input[@name='csrf_token']/@value")
    token = token or visitor.open("/web/login").find("input[@name='csrf_token']/@value")
    data = {"access_token": link.token, "csrf_token": token[0], **values}
    return visitor.send("POST", f"{link.path}/contact", data=data)


def test_an_unpaid_booking_is_resumed_from_its_link_in_another_browser(practice, link):
    other = practice.visitor()
    page = other.open(link.page)
    assert "The time is kept for you until" in page.text
    assert 0 < int(page.find("*/@data-seconds-left")[0]) <= 20 * 60
    other.pay(link)
    assert "Your appointment is confirmed" in other.open(link.page).text


def test_the_booking_pages_remind_of_the_time_on_hold_and_only_its_client(practice, visitor, link):
    visitor.open(link.page)
    page = visitor.open("/booking/with-anna")
    assert "You have a time on hold until" in page.text
    [url] = page.find("a[contains(., 'Go on paying')]/@href")
    assert Link.parse(url) == link
    assert "on hold" not in practice.visitor().open("/booking/with-anna").text
    visitor.pay(link)
    assert "on hold" not in visitor.open("/booking/with-anna").text


def test_an_expired_booking_offers_the_same_practitioner_again(practice, visitor, link):
    practice.end_hold(link)
    practice.run_cron("cron_expire_bookings")
    page = visitor.open(link.page)
    assert "This booking has expired" in page.text
    [again] = page.find("a[contains(., 'Choose a time again')]/@href")
    assert again.startswith("/booking/with-cleo?practitioner=")
    assert again.endswith(f"-{practice.ids['cleo']}")


def test_the_calendar_file_is_for_who_has_the_link(practice, visitor, link):
    path = f"{link.path}/calendar.ics"
    assert visitor.send("GET", path, params={"access_token": link.token}).status_code == 404
    visitor.pay(link)
    answer = visitor.send("GET", path, params={"access_token": link.token})
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    event = vobject.readOne(answer.text).vevent
    assert event.dtstart.value.replace(tzinfo=None) == practice.booking(link.id)["start"]
    other = visitor.book("with-anna")
    for token in (None, "", "x", "é", other.token):
        answer = practice.visitor().send("GET", path, params={"access_token": token})
        assert answer.status_code == 404


def test_the_page_after_paying_answers_what_people_ask(visitor, link):
    visitor.pay(link)
    page = visitor.open(link.page)
    for words in (
        "Your appointment is confirmed", "Cleo Vale", "Europe/Paris", "1 Lime Street",
        "24.00 €", "56.00 € is due after the appointment", "Add to your calendar",
        "Invoice (PDF)", "hello@linden.example", "+33 1 23 45 67 89",
    ):  # fmt: skip
        assert words in page.text.replace("\xa0", " "), words


def test_the_mailed_link_finds_the_clients_file_only_when_the_form_is_sent(practice, visitor):
    contact = known(practice, "known@example.com")
    link = visitor.book("phone-call", email="known@example.com")
    before = practice.booking(link.id)["partner_id"]
    assert "Did you make this booking" not in visitor.open(link.page).text
    proof = proof_of(practice, link)
    reader = practice.visitor()
    page = reader.open(link.page, proof=proof)
    assert "Did you make this booking" in page.text
    assert "Known Client" not in page.text
    assert practice.booking(link.id)["partner_id"] == before
    answer = post_contact(reader, link, proof=proof)
    assert answer.status_code == 303
    page = reader.open(answer.headers["Location"].removeprefix(practice.url))
    assert "now with your other ones" in page.text
    assert practice.booking(link.id)["partner_id"] == contact
    assert "+33 6 99" not in page.text
    assert "Did you make this booking" not in reader.open(link.page, proof=proof).text


def test_f42_no_made_up_or_foreign_proof_moves_a_booking(practice, visitor):
    known(practice, "victim@example.com")
    link = visitor.book("phone-call", email="victim@example.com")
    other = visitor.book("phone-call", email="mine@example.com")
    before = practice.booking(link.id)["partner_id"]
    for proof in (None, "", "x", "é" * 9, "A" * 200, link.token, proof_of(practice, other)):
        assert "Did you make" not in visitor.open(link.page, proof=proof).text
        answer = post_contact(visitor, link, proof=proof)
        assert answer.status_code == 404
    good = proof_of(practice, link)
    assert post_contact(visitor, Link(link.id, other.token), proof=good).status_code == 404
    answer = visitor.send("GET", f"{link.path}/contact", params={"proof": good})
    assert answer.status_code in (404, 405)
    assert practice.booking(link.id)["partner_id"] == before


def test_the_list_has_what_comes_and_what_was(practice):
    paula = practice.user("paula")
    links = []
    for _number in range(2):
        form = paula.open("/booking/with-anna", start=paula.starts("with-anna")[0]).form()
        answer = paula.submit({**form, "accept_terms": "1"}, "with-anna")
        links.append(Link.parse(answer.headers["Location"]))
    upcoming, past = links
    paula.pay(upcoming)
    practice.end_hold(past)
    practice.run_cron("cron_expire_bookings")

    def listed(**params):
        page = paula.open("/my/appointment-bookings", **params)
        return page, {Link.parse(url).id for url in page.find("td/a[1]/@href")}

    page, ids = listed()
    assert upcoming.id in ids
    assert page.find("a[@href='/booking'][contains(., 'Book an appointment')]")
    assert past.id not in ids
    assert "Pay 56.00 €" in page.text.replace("\xa0", " ")
    assert page.find("a[contains(@href, 'report_type=pdf')]")
    page, ids = listed(filterby="past")
    assert past.id in ids
    assert upcoming.id not in ids
    for wrong in ("x", "", "upcoming'", ["past", "upcoming"]):
        assert listed(filterby=wrong)[0].status == 200


def test_a_404_is_the_same_whatever_is_wrong(practice, visitor, link):
    pages = {
        Page(practice.visitor().send("GET", path)).text
        for path in (
            link.path, f"{link.path}?access_token=x", f"{link.path}/calendar.ics",
            f"/my/appointment-bookings/{10**9}/calendar.ics",
        )
    }  # fmt: skip
    assert len(pages) == 1
