"""Practitioners and the front desk book, move and remove appointments in the calendar."""

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.pages import open_popover

SET_UP = """
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
def staff(make_practice):
    """Return a practice with a client, where nobody else has taken next week's times."""
    practice = make_practice()
    practice.build_bundles()
    practice.server.shell(SET_UP)
    return practice


class Calendar:
    """Somebody's calendar in a window."""

    def __init__(self, page, login, tmp_path):
        self.page = page
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
        left, top = self.point(day, hour)
        half = self.page.locator(".fc-timegrid-slot-lane").first.bounding_box()["height"]
        self.page.mouse.move(left, top + 3)
        self.page.mouse.down()
        self.page.mouse.move(left, top + hours * 2 * half - 3, steps=6)
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
        left, top = self.point(day, hour)
        box = self.tile(text).bounding_box()
        # the edges of a tile change its length
        grip = box["height"] / 2
        self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + grip)
        self.page.mouse.down()
        self.page.mouse.move(left, top + grip + 1, steps=12)
        self.page.mouse.up()

    def open_popover(self, text, details):
        """Click a tile, and see details of its booking."""
        popover = self.page.locator(".o_cw_popover .o_appay_details", has_text=details)
        open_popover(self.tile(text), popover)

    def look(self, name):
        self.page.screenshot(path=self.pictures / f"{name}.png")


@pytest.fixture
def open_calendar(browser, staff, tmp_path):
    """Return a function that opens somebody's calendar."""
    opened = []
    with ExitStack() as windows:

        def opener(login, width=1280):
            window = browser.window(
                base_url=staff.url, viewport={"width": width, "height": 900}, timezone_id="UTC"
            )
            opened.append(Calendar(windows.enter_context(window), login, tmp_path))
            return opened[-1]

        yield opener
        for calendar in opened:
            calendar.look("end")
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
    page.locator(".modal div[name=appointment_collection_mode] input").click()
    page.locator(".o_select_menu_item", has_text="Ask now").click()
    page.get_by_text("nothing is asked for yet").wait_for()
    calendar.look("quick_create")
    page.locator(".modal .o_form_button_save").click()
    tile = calendar.tile("Nora Nowak")
    tile.wait_for()
    assert tile.locator(".badge", has_text="Nothing asked").count()
    calendar.look("booked")
    [booking] = bookings(staff)
    assert booking["state"] == "confirmed" and booking["collection_mode"] == "now"
    assert booking["start"] == day + timedelta(hours=9)

    with page.expect_response("**/res.partner/get_attendee_detail"):
        calendar.drag_tile("Nora Nowak", day + timedelta(days=1), 11)
    calendar.look("moved")
    assert bookings(staff)[0]["start"] == day + timedelta(days=1, hours=11)

    calendar.open_popover("Nora Nowak", "80.00")
    calendar.look("popover")
    page.locator(".o_cw_popover_delete").click()
    page.locator(".o_appay_cancel").wait_for()
    calendar.look("dialogue")
    page.locator(".o_appay_cancel").click()
    calendar.tile("Nora Nowak").wait_for(state="detached")
    assert bookings(staff)[0]["state"] == "cancelled"


def test_the_front_desk_books_for_a_colleague_and_a_refused_move_rolls_back(staff, open_calendar):
    day = monday() + timedelta(days=2)
    calendar = open_calendar("dora")
    page = calendar.page
    calendar.open_week()
    assert page.get_by_text("Anna Berg").count(), "practitioners stand beside the calendar"
    calendar.drag_slot(day, 9)
    page.locator(".modal .o_calendar_event_form_quick_create").wait_for()
    calendar.pick("appointment_client_id", "Nora")
    calendar.pick("appointment_category_id", "With Anna")
    page.get_by_text("nothing is asked for yet").wait_for()
    calendar.look("desk_quick_create")
    page.locator(".modal .o_form_button_save").click()
    tile = calendar.tile("With Anna")
    tile.wait_for()
    assert bookings(staff)[-1]["user_id"] == staff.ids["anna"]

    calendar.drag_slot(day, 12)
    calendar.pick("appointment_client_id", "Nora")
    calendar.pick("appointment_category_id", "Double session")
    page.locator(".modal .o_form_button_save").click()
    calendar.tile("Double session").wait_for()
    before = bookings(staff)[-1]["start"]
    calendar.drag_tile("Double session", day, 9)
    page.locator(".modal", has_text="That time is taken").wait_for()
    calendar.look("refused")
    assert page.locator(".modal", has_text="Nora Nowak · With Anna").count()
    page.locator(".modal .btn-primary").click()
    assert bookings(staff)[-1]["start"] == before == day + timedelta(hours=12)
    lane, top = calendar.point(day, 12)[1], calendar.tile("Double session").bounding_box()["y"]
    assert abs(lane - top) < 8, "the tile is back where it was"


def test_the_form_asks_before_a_booked_appointment_leaves_the_calendar(staff, open_calendar):
    calendar = open_calendar("anna")
    page = calendar.page
    calendar.open_week()
    calendar.drag_slot(monday() + timedelta(days=3), 9)
    page.locator(".modal .o_calendar_event_form_quick_create").wait_for()
    calendar.pick("appointment_client_id", "Nora")
    calendar.pick("appointment_category_id", "Follow-up")
    page.get_by_text("nothing is asked for yet").wait_for()
    page.locator(".modal .o_form_button_save").click()
    calendar.open_popover("Follow-up", "50.00")
    page.locator(".o_cw_popover .o_cw_popover_edit").click()

    for button, kept in ((".o_appay_keep", True), (".o_appay_remove", False)):
        page.locator(".o_form_view div[name=appointment_client_id]").wait_for()
        page.locator(".o_cp_action_menus button").first.click()
        page.locator(".o-dropdown--menu .o_menu_item", has_text="Delete").click()
        page.locator(".modal", has_text="Remove a booked appointment?").wait_for()
        calendar.look("form_dialogue")
        page.locator(button).click()
        page.locator(".modal").wait_for(state="detached")
        if kept:
            assert page.locator(".o_form_view div[name=appointment_client_id]").count()
    calendar.tile("Follow-up").wait_for(state="detached")
    page.locator(".o_calendar_renderer .fc-view").wait_for()
    # its time stays taken until somebody cancels it
    assert bookings(staff)[-1]["state"] == "confirmed"
    [[active]] = staff.query(
        "SELECT e.active FROM calendar_event e JOIN appointment_payment_booking b"
        " ON b.event_id = e.id ORDER BY b.id DESC LIMIT 1"
    )
    assert not active


def test_on_a_phone_the_calendar_shows_how_it_is_paid(staff, open_calendar):
    calendar = open_calendar("dora", width=390)
    calendar.page.goto("/odoo/calendar")
    calendar.page.locator(".o_calendar_renderer .fc-view").wait_for()
    calendar.look("phone")
    wide, window = calendar.page.evaluate(
        "[document.documentElement.scrollWidth, window.innerWidth]"
    )
    assert wide <= window
