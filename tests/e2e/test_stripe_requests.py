"""Requests paid by card in Chromium and answered from the mail; at the end Stripe is asked."""

import pytest

from tests import booking_requests as asked
from tests.deliveries import settle_webhooks
from tests.e2e.cards import ASKS_ITS_OWNER, VISA, intents, pay, refunds_asked
from tests.e2e.pages import book, look, see
from tests.e2e.test_staff_bookings import DIALOG, log_in, picture
from tests.mails import CLIENT, PRACTITIONER, answer_path, mail, mails, read, subjects
from tests.refunds import wait_until

pytestmark = pytest.mark.usefixtures("webhooks")
desktop = pytest.mark.parametrize("size", ["desktop"], indirect=True)
phone = pytest.mark.parametrize("size", ["phone"], indirect=True)
HELD = "Send request, 80.00 € held"
PAID = "Send request and pay 80.00 €"


@pytest.fixture(scope="module")
def practice(stripe_practice):
    """Return a practice that takes cards alone: other ways to pay cannot be held."""
    stripe_practice.server.allow_log("Received HTTP (402|503)")  # the faults of these tests
    admin = stripe_practice.user("admin")
    others = stripe_practice.query("SELECT id FROM payment_method WHERE active AND code != 'card'")
    methods = [method for (method,) in others]
    asked.call(admin, "payment.method", "write", methods, {"active": False})
    return stripe_practice


@pytest.fixture(scope="module")
def slugs(practice):
    """Return a category whose card is held, one with ten days to answer, one paid afterwards."""
    ten_days = 240  # longer than any card is held
    return {
        "held": asked.open_category(practice, "Assessment", ["anna"]),
        "paid": asked.open_category(practice, "Long assessment", ["anna"], confirm_hours=ten_days),
        "later": asked.open_category(
            practice, "Assessment paid later", ["anna"], request_flow="approve_first"
        ),
    }


def send(tab, slug, number, label):
    """Send a request and pay by card as a client does; return the booking's link."""
    link = book(tab, slug, number)
    pay(tab, VISA, label)
    see(tab, "Your request is sent")
    return link


def state(practice, link):
    now = asked.facts(practice, link)
    return now["state"], now["payment_status"]


def badges(tab):
    """Return what the client's page says in a word: how the booking stands, and its money."""
    return tab.locator(".o_appay_summary .badge:visible").all_inner_texts()


def all_there_is(practice, double, link):
    """Return what anybody could have changed of a request, here and at Stripe."""
    return practice.query(
        "SELECT to_jsonb(b) FROM appointment_payment_booking b WHERE id = %s", link.id
    ), asked.operations(practice, link), len(mails(practice, link)), len(double.requests())


def open_answer(practice, double, tab, link, label, question):
    """Follow a link of the practitioner's mail, as mail scanners do too: nothing changes."""
    settle_webhooks(double, practice)
    path = answer_path(practice, link, label)
    before = all_there_is(practice, double, link)
    assert practice.visitor().open(path).status == 200
    tab.goto(path)
    see(tab, question)
    assert all_there_is(practice, double, link) == before


def accept(practice, double, tab, link, label):
    open_answer(practice, double, tab, link, label, "Accept this request?")
    look(tab, "answer-accept")
    tab.get_by_role("button", name=label).click()


def decline(practice, double, tab, link, message):
    open_answer(practice, double, tab, link, "Decline", "Decline this request?")
    tab.get_by_label("Message to the client").fill(message)
    look(tab, "answer-decline")
    tab.get_by_role("button", name="Decline the request").click()
    see(tab, "Declined")
    look(tab, "answered-declined")


def assert_confirmed(practice, double, tab, link, paid):
    """Assert that a request is confirmed and paid, once, and that its client knows.

    :param list paid: what Stripe has of each payment; see `intents`
    """
    wait_until(lambda: state(practice, link) == ("confirmed", "paid"))
    settle_webhooks(double, practice)
    assert (intents(practice, double, link), refunds_asked(double)) == (paid, 0)
    practice.assert_ledger(link.id, total=80.0, tax=13.33, residual=0.0, payments=[80.0])
    told = mail(practice, link, CLIENT, "Confirmed")
    assert "Paid 80.00 €" in told.text
    tab.goto(link.page)
    see(tab, "Your appointment is confirmed")
    assert badges(tab) == ["Confirmed", "Paid"]
    look(tab, "confirmed")
    read(tab, told, "mail-confirmed")


def assert_free_again(practice, tab, link, slug, told):
    """Assert that a time is on offer again, and that the client's mail leads to it."""
    start = practice.booking(link.id)["start"].strftime("%Y-%m-%dT%H:%M:%SZ")
    assert practice.occupied(start, "anna") == 0
    assert start in practice.visitor().starts(slug)
    tab.goto(told.path("Choose another time"))
    tab.locator(".o_appay_slot:visible").first.wait_for()


def test_held_and_accepted_from_the_mail(practice, slugs, double, tab, other_tab):
    link = send(tab, slugs["held"], 3, HELD)
    look(tab, "sent")
    assert badges(tab) == ["Pending", "Held"]
    assert state(practice, link) == ("requested", "held")
    assert intents(practice, double, link) == [(8000, 0, 0)]
    told = mail(practice, link, CLIENT, "Request sent")
    assert "80.00 € are held, and taken only if the request is accepted" in told.text
    read(tab, told, "mail-sent")
    read(other_tab, mail(practice, link, PRACTITIONER, "To answer"), "mail-to-answer")
    accept(practice, double, other_tab, link, "Accept and take 80.00 €")
    see(other_tab, "Accepted")
    look(other_tab, "answered-accepted")
    assert_confirmed(practice, double, tab, link, [(0, 8000, 0)])
    assert asked.operations(practice, link) == [("capture", None, "done")]
    assert subjects(practice, link, CLIENT) == ["Request sent", "Confirmed"]
    assert subjects(practice, link, PRACTITIONER) == ["To answer"]


@phone
def test_declined_from_the_mail_with_a_message(practice, slugs, double, tab, other_tab):
    link = send(tab, slugs["held"], 4, HELD)
    decline(practice, double, other_tab, link, "I am away that week.")
    wait_until(lambda: asked.operations(practice, link) == [("void", "declined", "done")])
    settle_webhooks(double, practice)
    assert state(practice, link) == ("declined", "not_required")
    assert (intents(practice, double, link), refunds_asked(double)) == ([(0, 0, 0)], 0)
    assert practice.ledger(link.id).invoices == []
    tab.reload()
    see(tab, "Your request was declined")
    tab.get_by_text("I am away that week.").wait_for()
    assert badges(tab) == ["Declined"]
    look(tab, "declined")
    told = mail(practice, link, CLIENT, "Declined")
    assert "I am away that week." in told.text
    assert "80.00 € were held and are let go: nothing was charged" in told.text
    read(tab, told, "mail-declined")
    assert_free_again(practice, tab, link, slugs["held"], told)
    assert subjects(practice, link, CLIENT) == ["Request sent", "Declined"]


@desktop
def test_nobody_answers_in_time(practice, slugs, double, tab):
    link = send(tab, slugs["held"], 5, HELD)
    settle_webhooks(double, practice)
    asked.let_deadline_pass(practice, link)
    practice.run_cron("cron_expire_bookings")
    asked.settle(practice)
    settle_webhooks(double, practice)
    assert state(practice, link) == ("expired", "not_required")
    assert asked.operations(practice, link) == [("void", "expired", "done")]
    assert (intents(practice, double, link), refunds_asked(double)) == ([(0, 0, 0)], 0)
    tab.reload()
    see(tab, "Your request has expired")
    assert badges(tab) == ["Expired"]
    look(tab, "expired")
    told = mail(practice, link, CLIENT, "Not booked")
    assert "80.00 € were held and are let go: nothing was charged" in told.text
    read(tab, told, "mail-expired")
    staff_told = mail(practice, link, PRACTITIONER, "Expired")
    assert "was not answered in time" in staff_told.text
    read(tab, staff_told, "mail-expired-practitioner")
    assert_free_again(practice, tab, link, slugs["held"], told)


@desktop
def test_ten_days_to_answer_declined_and_refunded(practice, slugs, double, tab, other_tab):
    link = book(tab, slugs["paid"], 10)
    assert tab.get_by_text("80.00 € are paid now. You get all of it back").count()
    pay(tab, VISA, PAID)
    see(tab, "Your request is sent")
    look(tab, "sent")
    assert badges(tab) == ["Pending", "Paid"]
    assert "80.00 € are paid" in mail(practice, link, CLIENT, "Request sent").text
    assert intents(practice, double, link) == [(0, 8000, 0)]
    double.fault("unavailable", "refunds")
    decline(practice, double, other_tab, link, "")
    assert asked.operations(practice, link) == [("refund", "declined", "unknown")]
    tab.reload()
    see(tab, "Your request was declined")
    look(tab, "declined-not-refunded-yet")
    assert badges(tab) == ["Declined", "Processing"]
    told = mail(practice, link, CLIENT, "Declined")
    assert "80.00 € were paid and go back in full" in told.text
    assert not any(word in told.text.lower() for word in ("refunded", "paid back"))
    read(other_tab, told, "mail-declined")
    assert intents(practice, double, link) == [(0, 8000, 0)]
    asked.settle(practice)
    settle_webhooks(double, practice)
    assert (intents(practice, double, link), double.ledger()["refunds"]) == ([(0, 8000, 8000)], 1)
    assert state(practice, link) == ("declined", "refunded")
    tab.reload()
    assert badges(tab) == ["Declined", "Refunded"]
    look(tab, "refunded")
    assert subjects(practice, link, CLIENT) == ["Request sent", "Declined"]
    assert practice.ledger(link.id).invoices == []
    assert practice.ledger(link.id).payments == [(80.0, True), (80.0, True)]


@phone
def test_ten_days_to_answer_accepted(practice, slugs, double, tab, other_tab):
    link = send(tab, slugs["paid"], 11, PAID)
    accept(practice, double, other_tab, link, "Accept, 80.00 € paid")
    see(other_tab, "Accepted")
    assert_confirmed(practice, double, tab, link, [(0, 8000, 0)])
    assert asked.operations(practice, link) == []


def approved(practice, slugs, double, tab, other_tab, number):
    """Have a request accepted that is paid afterwards; return its link and the client's mail."""
    link = book(tab, slugs["later"], number)
    see(tab, "Your request is sent")
    assert tab.get_by_text("Nothing is charged now.").count()
    assert badges(tab) == ["Pending"]
    look(tab, "sent")
    accept(practice, double, other_tab, link, "Accept and ask for 80.00 €")
    see(other_tab, "Accepted")
    look(other_tab, "answered-accepted")
    assert practice.transactions(link.id) == []
    told = mail(practice, link, CLIENT, "Accepted, please pay")
    [(due,)] = practice.query(
        "SELECT to_char(hold_until AT TIME ZONE 'UTC' AT TIME ZONE tz, 'FMHH12:MI')"
        " FROM appointment_payment_booking WHERE id = %s", link.id,
    )  # fmt: skip
    assert due in told.text.split("at the latest")[0]
    read(tab, told, "mail-accepted")
    return link, told


@phone
def test_accepted_first_and_paid_afterwards(practice, slugs, double, tab, other_tab):
    link, told = approved(practice, slugs, double, tab, other_tab, 6)
    tab.goto(told.path("Pay 80.00 €"))
    see(tab, "Accepted: pay to book")
    look(tab, "pay")
    pay(tab, VISA, "Pay 80.00 € and book")
    see(tab, "Your appointment is confirmed")
    assert_confirmed(practice, double, tab, link, [(0, 8000, 0)])


@desktop
def test_accepted_first_and_not_paid_in_time(practice, slugs, double, tab, other_tab):
    link, _told = approved(practice, slugs, double, tab, other_tab, 7)
    practice.end_hold(link)
    practice.run_cron("cron_expire_bookings")
    assert asked.facts(practice, link)["expired_reason"] == "unpaid_approved"
    tab.goto(link.page)
    see(tab, "This booking has expired")
    look(tab, "expired")
    assert tab.get_by_text("It was accepted, but not paid in time").count()
    told = mail(practice, link, CLIENT, "Not booked")
    read(tab, told, "mail-expired")
    staff_told = mail(practice, link, PRACTITIONER, "Expired")
    assert "has not paid in time" in staff_told.text
    assert (double.ledger()["intents"], practice.transactions(link.id)) == ([], [])


@desktop
def test_a_hold_that_cannot_be_taken_is_paid_anew(practice, slugs, double, tab, other_tab):
    link = send(tab, slugs["held"], 8, HELD)
    double.fault("declined", "payment_intents/*/capture")
    accept(practice, double, other_tab, link, "Accept and take 80.00 €")
    other_tab.get_by_text("Your card was declined").wait_for()
    look(other_tab, "not-taken")
    wait_until(lambda: intents(practice, double, link) == [(0, 0, 0)])
    settle_webhooks(double, practice)
    assert state(practice, link) == ("requested", "unpaid")
    log_in(practice, other_tab, "anna")
    other_tab.goto(f"/odoo/appointment-bookings/{link.id}")
    other_tab.locator(".alert", has_text="Your card was declined").wait_for()
    picture(other_tab, "form-not-taken")
    told = mail(practice, link, CLIENT, "Please pay again")
    read(tab, told, "mail-pay-again")
    tab.goto(told.path("Pay 80.00 € again"))
    see(tab, "Please pay again")
    look(tab, "pay-again")
    pay(tab, VISA, "Pay again, 80.00 € held")
    see(tab, "Your request is sent")
    assert badges(tab) == ["Pending", "Held"]
    assert intents(practice, double, link) == [(0, 0, 0), (8000, 0, 0)]
    assert subjects(practice, link, PRACTITIONER) == ["To answer", "To answer"]
    # the open form hears of it
    other_tab.get_by_role("button", name="Accept and take 80.00").click()
    other_tab.locator(".alert", has_text="Your card was declined").wait_for(state="hidden")
    picture(other_tab, "form-paid-anew")
    other_tab.locator(DIALOG).get_by_role("button", name="Accept").click()
    assert_confirmed(practice, double, tab, link, [(0, 0, 0), (0, 8000, 0)])


@phone
def test_a_card_that_asks_its_owner_is_held(practice, slugs, double, tab):
    link = book(tab, slugs["held"], 9)
    pay(tab, ASKS_ITS_OWNER, HELD)
    tab.get_by_role("button", name="Complete").click()
    see(tab, "Your request is sent")
    assert badges(tab) == ["Pending", "Held"]
    assert intents(practice, double, link) == [(8000, 0, 0)]
    settle_webhooks(double, practice)
    assert asked.answer(practice.user("anna"), "accept", link) is True
    assert_confirmed(practice, double, tab, link, [(0, 8000, 0)])
