"""Practitioners and the front desk book, move and remove appointments in the calendar."""

from datetime import UTC, datetime, timedelta

import pytest

SET_UP = """
from datetime import datetime
from odoo.fields import Command
group = env.ref("appointment_payments.group_front_desk")
desk = env["res.users"].create({
    "name": "Dora Desk", "login": "dora", "password": "dora", "email": "dora@linden.example",
    "tz": "Europe/Paris", "group_ids": [Command.link(group.id)],
})
client = env["res.partner"].create({"name": "Nora Nowak", "email": "nora@client.example"})
# the calendar opens in a zone that the tests know
env["res.users"].search([]).tz = "UTC"
env.cr.commit()
"""
SCROLL = "selector => document.querySelector(selector).scrollIntoView({block: 'center'})"


def monday():
    """Return next week's Monday, midnight in UTC."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    return today + timedelta(days=7 - today.weekday())


@pytest.fixture(scope="module")
def staff(practice):
    """Return the practice with a front desk and a client."""
    practice.build_bundles()
    practice.server.shell(SET_UP)
    return practice


class Calendar:
    """Somebody's calendar in a browser."""

    def __init__(self, browser, practice, login, tmp_path, width=1280):
        self.context = browser.new_context(
            base_url=practice.url, viewport={"width": width, "height": 900}, timezone_id="UTC"
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(30_000)
        self.pictures, self.complaints = tmp_path, []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.log_in(login)

    def log_in(self, login):
        self.page.goto("/web/login")
        self.page.locator("input[name=login]").fill(login)
        self.page.locator("input[name=password]").fill(login)
        self.page.locator("form.oe_login_form button[type=submit]").click()
        self.page.wait_for_url("**/odoo**")

    def open_week(self, day=None):
        """Open the week of a day, next week by default."""
        self.page.goto("/odoo/calendar")
        self.page.locator(".o_calendar_renderer .fc-view").wait_for()
        if not day:
            with self.page.expect_response("**/res.partner/get_attendee_detail"):
                self.page.locator(".o_calendar_button_next").first.click()
        self.page.locator(f".fc-timegrid-col[data-date='{day or monday():%Y-%m-%d}']").wait_for()

    def pick(self, name, text):
        """Choose a record in a many2one field of the open form."""
        self.page.locator(f".o_form_view div[name={name}] input").last.fill(text)
        self.page.locator(".o-autocomplete--dropdown-item", has_text=text).first.click()

    def drag_slot(self, day, hour, hours=1):
        """Draw a new event in the week."""
        start, stop = self.point(day, hour), self.point(day, hour + hours)
        self.page.mouse.move(start[0], start[1] + 3)
        self.page.mouse.down()
        self.page.mouse.move(start[0], stop[1] - 3, steps=6)
        self.page.mouse.up()

    def point(self, day, hour):
        """Return where an hour of a day begins on the screen."""
        column = self.page.locator(f".fc-timegrid-col[data-date='{day:%Y-%m-%d}']")
        selector = f".fc-timegrid-slot-lane[data-time='{hour:02d}:00:00']"
        self.page.evaluate(SCROLL, selector)
        slot = self.page.locator(selector)
        box, lane = column.bounding_box(), slot.bounding_box()
        return box["x"] + box["width"] / 2, lane["y"]

    def tile(self, text):
        return self.page.locator(".fc-event", has_text=text).first

    def drag_tile(self, text, day, hour):
        """Move an event to another time."""
        target = self.point(day, hour)
        box = self.tile(text).bounding_box()
        self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 4)
        self.page.mouse.down()
        self.page.mouse.move(target[0], target[1] + 4, steps=12)
        self.page.mouse.up()

    def look(self, name):
        self.page.screenshot(path=self.pictures / f"{name}.png")


@pytest.fixture
def open_calendar(browser, staff, tmp_path):
    """Return a function that opens somebody's calendar."""
    opened = []

    def opener(login, **options):
        opened.append(Calendar(browser, staff, login, tmp_path, **options))
        return opened[-1]

    yield opener
    for calendar in opened:
        calendar.context.close()
        assert not [text for text in calendar.complaints if "UserError" not in text]


def bookings(practice):
    """Return state, start and practitioner of a client's bookings."""
    rows = practice.query(
        "SELECT b.state, b.start, b.user_id, b.collection_mode FROM appointment_payment_booking b"
        " JOIN res_partner p ON p.id = b.partner_id WHERE p.name = 'Nora Nowak' ORDER BY b.id"
    )
    names = "state", "start", "user_id", "collection_mode"
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_a_practitioner_books_moves_and_cancels(staff, open_calendar):
    day = monday()
    calendar = open_calendar("anna")
    page = calendar.page
    calendar.open_week()
    calendar.drag_slot(day, 9)
    page.locator(".modal .o_calendar_event_form_quick_create").wait_for()
    calendar.pick("appointment_client_id", "Nora")
    calendar.pick("appointment_category_id", "First consultation")
    choice = page.locator(".modal div[name=appointment_collection_mode] select")
    choice.select_option(label="Ask now")
    page.get_by_text("Nothing is sent yet").wait_for()
    calendar.look("quick_create")
    page.locator(".modal .o_form_button_save").click()
    tile = calendar.tile("Nora Nowak")
    tile.wait_for()
    assert tile.locator(".badge", has_text="Nothing asked").count()
    calendar.look("booked")
    [booking] = bookings(staff)
    assert booking["state"] == "confirmed" and booking["collection_mode"] == "now"
    assert booking["start"] == day + timedelta(hours=9)

    calendar.drag_tile("Nora Nowak", day + timedelta(days=1), 11)
    page.wait_for_timeout(1500)
    calendar.look("moved")
    assert bookings(staff)[0]["start"] == day + timedelta(days=1, hours=11)

    calendar.tile("Nora Nowak").click()
    page.locator(".o_cw_popover .o_appay_details", has_text="80.00").wait_for()
    calendar.look("popover")
    page.locator(".o_cw_popover_delete").click()
    page.locator(".o_appay_cancel").wait_for()
    calendar.look("dialogue")
    page.locator(".o_appay_cancel").click()
    calendar.tile("Nora Nowak").wait_for(state="detached")
    assert bookings(staff)[0]["state"] == "cancelled"
