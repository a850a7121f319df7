"""Without a mouse, and without JavaScript."""

from contextlib import ExitStack
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.visitor import Link


@pytest.fixture
def open_tab(browser, practice):
    with ExitStack() as windows:

        def open_tab(**options):
            practice.build_bundles()
            tab = windows.enter_context(browser.window(base_url=practice.url, **options))
            tab.set_default_timeout(20_000)
            return tab

        yield open_tab


def tab_to(tab, role, name, limit=80):
    """Press Tab until something has the focus; it must be seen to have it."""
    wanted = tab.get_by_role(role, name=name).first
    for _press in range(limit):
        tab.keyboard.press("Tab")
        if wanted.evaluate("node => node === document.activeElement"):
            style = wanted.evaluate(
                "node => { const s = getComputedStyle(node);"
                " return [s.outlineStyle, s.boxShadow, s.borderColor] }"
            )
            assert style[0] != "none" or style[1] != "none", f"{name} shows no focus"
            return
    raise AssertionError(f"Tab does not reach {role} {name}")


def test_a_booking_is_made_and_paid_by_keyboard(practice, open_tab):
    tab = open_tab(viewport={"width": 1280, "height": 900})
    tab.goto("/booking")
    tab_to(tab, "link", "First consultation")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/booking/first-consultation**")
    day = tab.locator("[aria-selected=true] > .o_appay_free")
    month = tab.locator(".o_appay_month").get_attribute("data-month")
    tab_to(tab, "link", day.get_attribute("aria-label"))
    tab.keyboard.press("PageDown")
    tab.locator(f".o_appay_month:not([data-month='{month}'])").wait_for()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowLeft", "End", "Home", "ArrowDown"):
        tab.keyboard.press(key)
    tab.keyboard.press("Enter")
    chosen = tab.evaluate("document.activeElement.dataset.day")
    said = tab.locator(".o_appay_said")
    assert chosen[:7] > month
    assert "free times" in said.inner_text()
    assert tab.locator("section:not([hidden])[data-day]").get_attribute("data-day") == chosen
    slots = tab.locator(".o_appay_slot:visible")
    tab_to(tab, "link", slots.first.inner_text())
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowLeft")
    assert slots.nth(1).evaluate("node => node === document.activeElement")
    tab.keyboard.press("Space")
    tab.wait_for_url("**start=**")
    tab_to(tab, "textbox", "Name")
    tab.keyboard.type("Kim Keys")
    tab.keyboard.press("Tab")
    tab.keyboard.type("kim@example.com")
    tab_to(tab, "checkbox", "I accept the terms")
    tab.keyboard.press("Space")
    tab_to(tab, "button", "Continue to payment of 24.00")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/my/appointment-bookings/**")
    link = Link.parse(tab.url)
    tab_to(tab, "button", "Pay 24.00 € and book")
    tab.keyboard.press("Enter")
    tab.get_by_role("heading", name="Your appointment is confirmed").wait_for()
    practice.assert_ledger(link.id, total=80.0, tax=13.33, residual=56.0, payments=[24.0])


def test_what_needs_no_payment_is_booked_without_javascript(practice, open_tab):
    tab = open_tab(java_script_enabled=False)
    # of the first day, today, the evening has left too few
    day = practice.visitor().starts("phone-call")[-1][:10]
    tab.goto(f"/booking/phone-call?day={day}")
    tab.locator(".o_appay_slot:visible").nth(2).click()
    tab.get_by_label("Name").fill("Nora Noscript")
    tab.get_by_label("Email").fill("nora@example.com")
    tab.get_by_role("button", name="Book").click()
    assert tab.get_by_role("heading", name="Your appointment is confirmed").is_visible()
    assert practice.booking(Link.parse(tab.url).id)["state"] == "confirmed"


@pytest.fixture
def site(practice, tmp_path):
    """Return the address of a website without Odoo, whose page has the times in a frame."""
    frame = f"<h1>Mine</h1><iframe src='{practice.url}/booking/phone-call%s'></iframe>"
    for name, query in (("times", "?embed=1"), ("page", "")):
        (tmp_path / f"{name}.html").write_text(frame % query)
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


def test_times_in_the_frame_of_another_site_lead_to_the_practice(practice, site, open_tab):
    """Details and payment have the window for them, and nobody else's frame around them."""
    tab = open_tab(viewport={"width": 1280, "height": 900})
    tab.goto(f"{site}/times.html")
    times = tab.frame_locator("iframe")
    times.locator("a.o_appay_later").click()
    times.locator(".o_appay_free").nth(3).click()
    times.locator(".o_appay_slot:visible").nth(1).click()
    tab.wait_for_url(f"{practice.url}/booking/phone-call**start=**")
    assert tab.get_by_role("heading", name="Your details").is_visible()


def test_no_other_page_stands_in_the_frame_of_another_site(site, open_tab):
    tab = open_tab(viewport={"width": 1280, "height": 900})
    with tab.expect_console_message(lambda said: "frame-ancestors" in said.text):
        tab.goto(f"{site}/page.html")
    assert not tab.frame_locator("iframe").get_by_role("heading", name="Choose a time").count()
