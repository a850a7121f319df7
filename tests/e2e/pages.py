"""What people do on the pages, and what every page must be like."""

from playwright.sync_api import TimeoutError

from tests.visitor import Link


def look(tab, name):
    """Take a picture, and check that the page fits the window and can be touched."""
    tab.screenshot(path=tab.pictures / f"{name}.png", full_page=True)
    wide, window = tab.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= window, f"{name} scrolls sideways: {wide} > {window}"
    small = tab.evaluate(
        "[...document.querySelectorAll('.o_appay .btn, .o_appay input.form-control')]"
        ".filter(n => n.offsetParent && n.getBoundingClientRect().height < 43.5)"
        ".map(n => n.outerHTML)"
    )
    assert not small, f"{name}: too small for a thumb"


def fill_in(tab, name="Carla Client", email="carla@example.com"):
    """Give details, and accept the terms where there are some."""
    tab.get_by_label("Name").fill(name)
    tab.get_by_label("Email").fill(email)
    if tab.get_by_role("checkbox").count():
        tab.get_by_role("checkbox").check()


def submit(tab):
    tab.locator("form.o_appay_details button.btn-primary").click()


def open_times(tab, slug, number):
    """Open the times of a category on some free day of the month after the first one."""
    tab.goto(f"/booking/{slug}")
    later = tab.locator("a.o_appay_later")
    month = later.get_attribute("data-month")
    later.click()
    tab.locator(f".o_appay_month[data-month='{month}']").wait_for()
    tab.locator(".o_appay_free").nth(number).click()
    tab.wait_for_url("**day=**")


def choose(tab):
    """Choose a time of the day that is shown."""
    tab.locator(".o_appay_slot:visible").nth(2).click()
    tab.wait_for_url("**start=**")


def book(tab, slug, number=5):
    """Choose a day and a time, and give details; return the booking's link."""
    open_times(tab, slug, number)
    look(tab, "time")
    choose(tab)
    fill_in(tab)
    look(tab, "details")
    submit(tab)
    tab.wait_for_url("**/my/appointment-bookings/**")
    look(tab, "booking")
    return Link.parse(tab.url)


def see(tab, heading):
    """Wait for what the page says first."""
    tab.get_by_role("heading", name=heading).wait_for()


def open_popover(tile, wanted):
    """Click an event of the calendar until its popover has what is wanted.

    What is drawn anew in that moment closes a popover.

    :param tile: the event
    :param wanted: what the popover shows
    """
    for _attempt in range(3):
        tile.click()
        try:
            wanted.wait_for(timeout=5_000)
            return
        except TimeoutError:
            continue
    wanted.wait_for(timeout=1)
