"""axe finds nothing on any page that a client sees, on a desktop and on a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.e2e.pages import book, choose, fill_in, open_times, see, submit
from tests.e2e.test_demo_journey import pay

axe = Axe()
# Odoo's mark of a provider in test mode, which no client of a practice in production sees
WHOLE = {"exclude": [["i[aria-label='Test mode']"]]}


def assert_accessible(tab, name, context=None):
    """Assert that axe finds nothing wrong with a page, the whole of it or a part."""
    tab.wait_for_load_state("networkidle")  # payment forms unfold with the last script
    found = [
        f"{violation['id']}: {node['html'][:200]} ({node['failureSummary']})"
        for violation in axe.run(tab, context=context or WHOLE).response["violations"]
        for node in violation["nodes"]
    ]
    assert not found, "\n".join([f"{name}, {tab.url}:", *found])


def stay_after_the_first():
    """Return what lets a form be sent once, and no second time."""
    sent = []

    def handle(route):
        sent.append(route.request)
        if len(sent) == 1:
            return route.continue_()
        return route.fulfill(status=204)

    return handle


@pytest.mark.parametrize("path", ["/booking", "/booking?by=practitioner"])
def test_what_can_be_booked(tab, path):
    tab.goto(path)
    assert_accessible(tab, "categories")


def test_the_time_and_the_details(practice, tab):
    open_times(tab, "first-consultation", 3)
    assert_accessible(tab, "time")
    choose(tab)
    assert_accessible(tab, "details")
    fill_in(tab, email="carla@example")
    submit(tab)
    tab.get_by_role("alert").wait_for()
    assert_accessible(tab, "mistakes")


def test_a_month_without_free_times(tab):
    tab.goto("/booking/after-the-holidays")
    tab.locator("a.o_appay_turn").first.click()
    tab.get_by_role("heading", name="No free times in").wait_for()
    assert_accessible(tab, "empty month")


def test_a_frame_on_another_site(tab):
    tab.goto("/booking/first-consultation?embed=1")
    assert_accessible(tab, "frame")


def test_a_time_that_is_gone(practice, tab):
    open_times(tab, "with-cleo", 9)
    choose(tab)
    start = tab.locator("input[name=start]").input_value()
    fill_in(tab)
    practice.visitor().book("with-cleo", start=start)
    submit(tab)
    tab.locator("button.o_appay_slot").first.wait_for()
    assert_accessible(tab, "taken")


def test_a_time_that_is_gone_before_its_script_goes_on(practice, tab):
    open_times(tab, "with-cleo", 11)
    choose(tab)
    start = tab.locator("input[name=start]").input_value()
    fill_in(tab)
    practice.visitor().book("with-cleo", start=start)
    tab.route("**/booking/with-cleo", stay_after_the_first())
    submit(tab)
    tab.get_by_role("button", name="Show the nearest free times").wait_for()
    assert_accessible(tab, "sold")


def test_the_payment_and_what_comes_after(tab):
    book(tab, "first-consultation", 10)
    assert_accessible(tab, "payment")
    pay(tab, "Pay 24.00 € and book")
    see(tab, "Your appointment is confirmed")
    assert_accessible(tab, "confirmed")


def test_the_portal(practice, tab):
    tab.goto("/web/login")
    tab.fill("#login", "paula")
    tab.fill("#password", "paula")
    tab.click("button[type=submit]:visible")
    tab.wait_for_url("**/my**")
    tab.goto("/my/appointment-bookings")
    assert_accessible(tab, "portal", ".o_appay")  # around it are Odoo's own headings
