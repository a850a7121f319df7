"""Requests in Chromium: a client sends them, the practitioner answers from mail and screens."""

import pytest

from tests.e2e.pages import book, look, open_popover, see
from tests.e2e.test_accessibility import assert_accessible
from tests.e2e.test_demo_journey import pay
from tests.e2e.test_staff_bookings import DIALOG, ROW, log_in, picture
from tests.mails import CLIENT, answer_path, subjects

MAKE = """
like = env["calendar.event.type"].search([("slug", "=", "with-anna")])
category = like.copy({
    "name": "Assessment", "payment_mode": "default", "confirmation_mode": "manual",
    "bookable": True, "slug": "assessment",
})
env.cr.commit()
"""
desktop = pytest.mark.parametrize("size", ["desktop"], indirect=True)


@pytest.fixture(scope="module", autouse=True)
def category(practice):
    practice.server.shell(MAKE)


def send_request(tab, number):
    """Book and pay as a client does; return the booking's link."""
    link = book(tab, "assessment", number)
    tab.get_by_text("are held, not taken").wait_for()
    pay(tab, "Send request, 80.00 € held")
    see(tab, "Your request is sent")
    return link


def state(practice, link):
    booking = practice.booking(link.id)
    return booking["state"], booking["payment_status"]


def test_held_and_accepted_from_the_mail(practice, tab):
    link = send_request(tab, 3 + (tab.viewport_size["width"] < 500))
    look(tab, "request-sent")
    assert_accessible(tab, "request sent")
    assert state(practice, link) == ("requested", "held")
    tab.goto(answer_path(practice, link, "Accept"))
    see(tab, "Accept this request?")
    look(tab, "mail-accept")
    assert_accessible(tab, "accept")
    assert state(practice, link) == ("requested", "held")
    tab.get_by_role("button", name="Accept and take 80.00").click()
    see(tab, "Accepted")
    look(tab, "mail-accepted")
    practice.run_cron("cron_reconcile_transactions")
    assert state(practice, link) == ("confirmed", "paid")
    practice.assert_ledger(link.id, total=80.0, tax=13.33, residual=0.0, payments=[80.0])
    tab.goto(link.page)
    see(tab, "Your appointment is confirmed")
    assert subjects(practice, link, CLIENT) == ["Request sent", "Confirmed"]


def test_declined_from_the_mail_with_a_message(practice, tab):
    link = send_request(tab, 6 + (tab.viewport_size["width"] < 500))
    tab.goto(answer_path(practice, link, "Decline"))
    see(tab, "Decline this request?")
    tab.get_by_label("Message to the client").fill("I am away that week.")
    look(tab, "mail-decline")
    assert_accessible(tab, "decline")
    tab.get_by_role("button", name="Decline the request").click()
    see(tab, "Declined")
    practice.run_cron("cron_reconcile_transactions")
    assert state(practice, link)[0] == "declined"
    assert practice.ledger(link.id).invoices == []
    tab.goto(link.page)
    see(tab, "Your request was declined")
    tab.get_by_text("I am away that week.").wait_for()
    look(tab, "request-declined")
    assert_accessible(tab, "declined")


def test_the_client_cancels(practice, tab):
    link = send_request(tab, 9 + (tab.viewport_size["width"] < 500))
    tab.get_by_text("Cancel the request").click()
    look(tab, "request-cancel")
    tab.get_by_role("button", name="Yes, cancel my request").click()
    see(tab, "Your request is cancelled")
    look(tab, "request-cancelled")
    assert state(practice, link)[0] == "cancelled"


def test_how_requests_work(tab):
    tab.goto("/booking/about/requests")
    see(tab, "How requests and refunds work")
    look(tab, "how-requests-work")
    assert_accessible(tab, "how requests work")


@desktop
def test_the_practitioner_answers_on_the_screens(practice, tab):
    links = []
    for number in range(4):
        visitor = practice.visitor()
        link = visitor.book(
            "assessment", name=f"Rita {number}", start=visitor.starts("assessment")[number * 9]
        )
        visitor.pay(link)
        links.append(link)
    log_in(practice, tab, "anna")
    tab.goto("/odoo/calendar")
    tab.get_by_text("Pending").first.wait_for()
    badge = tab.locator(".o_appay_count")
    badge.wait_for()
    assert int(badge.inner_text()) >= 3
    picture(tab, "calendar")
    accept = tab.locator(".o_cw_popover").get_by_role("button", name="Accept and take")
    open_popover(tab.locator(".fc-event").filter(has_text="Rita").first, accept)
    picture(tab, "calendar-popover")
    tab.goto("/odoo/appointment-requests")
    tab.locator(ROW).filter(has_text="Rita 2").wait_for()
    picture(tab, "to-answer")
    tab.locator(ROW).filter(has_text="Rita 2").locator("td[name=partner_id]").click()
    tab.get_by_role("button", name="Accept and take 80.00").wait_for()
    picture(tab, "request-form")
    tab.get_by_role("button", name="Decline").click()
    tab.locator(DIALOG).get_by_text("are let go, not taken").wait_for()
    tab.locator(DIALOG).locator("textarea").fill("I am away that week.")
    picture(tab, "decline-dialogue")
    tab.locator(DIALOG).get_by_role("button", name="Decline").click()
    tab.locator(DIALOG).wait_for(state="hidden")
    tab.get_by_text("I am away that week.").first.wait_for()
    picture(tab, "declined-form")
    assert state(practice, links[2])[0] == "declined"
    tab.goto("/odoo/appointment-requests")
    # a list that was open before shows what it had then, and forgets what is chosen in it meanwhile
    tab.locator(ROW).filter(has_text="Rita 0").wait_for()
    tab.locator(ROW).filter(has_text="Rita 2").wait_for(state="detached")
    for name in ("Rita 0", "Rita 1"):
        tab.locator(ROW).filter(has_text=name).locator(".o_list_record_selector").click()
    tab.get_by_text("2 selected").wait_for()
    bulk = tab.locator(".o_control_panel")
    bulk.get_by_role("button", name="Accept", exact=True).click()
    tab.locator(DIALOG).get_by_role("button", name="Accept them").click()
    tab.get_by_text("All 2 bookings are changed").wait_for()
    picture(tab, "accepted-in-bulk")
    row = tab.locator(ROW).filter(has_text="Rita 3")
    row.get_by_role("button", name="Accept").click()
    tab.locator(DIALOG).get_by_role("button", name="Accept").click()
    row.wait_for(state="detached")
    assert {state(practice, link)[0] for link in (links[0], links[1], links[3])} == {"confirmed"}
    tab.goto("/odoo/appointment-requests-history")
    tab.locator(ROW).filter(has_text="Rita 2").wait_for()
    picture(tab, "history")


@pytest.mark.parametrize("size", ["phone"], indirect=True)
def test_a_phone_shows_how_many_wait_and_lists_them(practice, tab):
    visitor = practice.visitor()
    starts = visitor.starts("assessment")
    visitor.pay(visitor.book("assessment", name="Rosa Phone", start=starts[-1]))
    log_in(practice, tab, "anna")
    tab.goto("/odoo/appointment-requests")
    card = tab.locator(".o_kanban_record").filter(has_text="Rosa Phone")
    card.get_by_text("Accept and take 80.00").wait_for()
    picture(tab, "to-answer-phone")
    tab.locator(".o_menu_toggle").click()
    badge = tab.locator(".o_app_menu_sidebar .o_appay_count")
    badge.wait_for()
    assert int(badge.inner_text()) >= 1
    colour = badge.evaluate("badge => getComputedStyle(badge).backgroundColor")
    assert colour.startswith("rgb("), f"the badge cannot be seen: {colour}"
    picture(tab, "menu-phone")


@desktop
def test_the_category_and_the_settings_say_what_happens(practice, tab):
    log_in(practice, tab, "admin")
    [(category,)] = practice.query(
        "SELECT id FROM calendar_event_type WHERE slug = %s", "assessment"
    )
    tab.goto(f"/odoo/appointment-categories/{category}")
    tab.get_by_text("The amount is held on the client's card").wait_for()
    picture(tab, "category")
    tab.goto("/odoo/settings#appointment_payments")
    tab.locator("#appointment_requests_text").scroll_into_view_if_needed()
    picture(tab, "settings")
