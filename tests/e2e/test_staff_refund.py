"""A manager gives money back in Chromium, and sees what becomes of it without reloading."""

import pytest

from tests import refunds
from tests.visitor import RpcError

from .test_staff_bookings import amounts, book, log_in, picture

LIST = "/odoo/appointment-bookings"
DIALOG = ".modal:visible"
desktop = pytest.mark.parametrize("size", ["desktop"], indirect=True)

# as a manager's decision, of which no process has sent anything yet
DECIDE = """
booking = env["appointment.payment.booking"].browse({id})
booking._decide_refund(24.0, "test", refund_reason="goodwill")
env.cr.postcommit.clear()
env.cr.commit()
"""


def open_booking(tab, link):
    tab.goto(f"{LIST}/{link.id}")
    tab.locator(".o_form_view [name=amounts]").wait_for()


def test_a_manager_gives_money_back(practice, tab):
    link = book(practice, f"Rita {tab.viewport_size['width']}", "with-anna")
    log_in(practice, tab, "admin")
    open_booking(tab, link)
    picture(tab, "booking-before")
    if tab.viewport_size["width"] < 500:
        tab.locator(".o_statusbar_buttons button.dropdown-toggle, .o_statusbar_buttons .o-dropdown"
                    ).last.click()
    tab.get_by_role("button", name="Refund", exact=True).or_(
        tab.get_by_role("menuitem", name="Refund", exact=True)
    ).first.click()
    screen = tab.locator(DIALOG)
    screen.get_by_role("button", name="Pay back 24.00").wait_for()
    screen.locator("[name=refund_reason] select, [name=refund_reason] input").first.wait_for()
    picture(tab, "refund-screen")
    screen.locator("[name=amount] input").fill("10")
    choose_reason(tab, screen)
    screen.get_by_role("button", name="Pay back 10.00").wait_for()
    screen.locator("[name=client_message] textarea").fill("We are sorry for the long wait.")
    picture(tab, "refund-screen-filled")
    screen.get_by_role("button", name="Pay back 10.00").click()
    screen.wait_for(state="hidden")
    tab.locator("[name=amounts]").get_by_text("Refunded").wait_for()
    seen = amounts(tab)
    assert (seen["Paid"], seen["Refunded"], seen["Left to pay"]) == ("14.00", "10.00", "56.00")
    picture(tab, "booking-after")
    tab.goto(link.page)
    tab.get_by_text("were paid back to you").wait_for()
    picture(tab, "client-after")
    with tab.expect_download() as download:
        tab.get_by_role("link", name="Credit note").click()
    assert download.value.suggested_filename.endswith(".pdf")
    [(mail,)] = practice.query(
        "SELECT body_html FROM mail_mail JOIN mail_message m ON m.id = mail_message_id"
        " WHERE m.model = 'appointment.payment.booking' AND m.res_id = %s"
        " AND m.subject LIKE '%%paid back%%'", link.id,
    )
    tab.set_content(mail)
    tab.get_by_text("We are sorry for the long wait.").wait_for()
    picture(tab, "mail")


def choose_reason(tab, screen):
    field = screen.locator("[name=refund_reason]")
    if field.locator("select").count():
        field.locator("select").select_option(label="Goodwill")
        return
    field.locator("input").click()
    tab.locator(".o-dropdown--menu, .o_select_menu_menu").get_by_text("Goodwill").click()


@desktop
def test_money_on_its_way_back_becomes_refunded_before_ones_eyes(practice, tab):
    link = book(practice, "Lea Live", "with-cleo")
    practice.server.shell(DECIDE.format(id=link.id))
    log_in(practice, tab, "admin")
    open_booking(tab, link)
    tab.get_by_text("Money on its way back").wait_for()
    picture(tab, "booking-on-its-way")
    tab.evaluate("window.notReloaded = true")
    refunds.make_due(practice, link)
    practice.run_cron("cron_reconcile_transactions")
    tab.locator(".o_field_widget[name=payment_status]").get_by_text("Refunded").wait_for()
    assert not tab.get_by_text("Money on its way back").count()
    assert amounts(tab)["Refunded"] == "24.00"
    assert tab.evaluate("window.notReloaded")
    picture(tab, "booking-refunded")
    tab.goto(link.page)
    tab.get_by_text("were paid back to you").wait_for()
    picture(tab, "client-refunded")


@desktop
def test_cancel_leads_to_the_refund_and_cancels_along(practice, tab):
    link = book(practice, "Cleo Cancel", "with-cleo")
    log_in(practice, tab, "admin")
    open_booking(tab, link)
    tab.get_by_role("button", name="Cancel", exact=True).click()
    screen = tab.locator(DIALOG)
    screen.get_by_role("button", name="and cancel").wait_for()
    picture(tab, "cancel-screen")
    choose_reason(tab, screen)
    screen.get_by_role("button", name="and cancel").click()
    screen.wait_for(state="hidden")
    tab.locator(".o_field_widget[name=payment_status]").get_by_text("Refunded").wait_for()
    booking = practice.booking(link.id)
    assert (booking["state"], booking["payment_status"]) == ("cancelled", "refunded")
    assert practice.occupied(link_start(practice, link), "cleo") == 0


def link_start(practice, link):
    return practice.booking(link.id)["start"].strftime("%Y-%m-%dT%H:%M:%SZ")


@desktop
def test_the_front_desk_has_no_such_button(practice, tab):
    link = book(practice, "Dan Desk", "with-cleo")
    log_in(practice, tab, "dora")
    open_booking(tab, link)
    assert not tab.get_by_role("button", name="Refund", exact=True).count()
    tab.get_by_role("button", name="Cancel", exact=True).click()
    tab.locator(DIALOG).get_by_role("button", name="Cancel the appointment").click()
    tab.locator(DIALOG).get_by_text("Please ask").wait_for()
    picture(tab, "desk-cancel")
    with pytest.raises(RpcError):
        practice.visitor().call(
            "/web/dataset/call_kw/appointment.payment.refund/create",
            model="appointment.payment.refund", method="create",
            args=[{"booking_id": link.id, "amount": 5, "refund_reason": "other"}], kwargs={},
        )
