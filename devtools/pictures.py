"""`./dev demo --pictures`: the pictures of docs/pictures, taken from the demo practice.

It runs in the pinned Python environment, as `python -m devtools.pictures URL DATABASE`.
"""

import sys

from . import debian, paths

FOLDER = paths.REPOSITORY / "docs" / "pictures"
DESKTOP, PHONE = 1280, 360
# Name, login, path, what has to be there first.
# The line of a list whose form is shown, and what the form has last.
FORMS = {
    "staff-bookings": (("Partly paid", "Carla Client"), ".o-mail-Message"),
    "staff-categories": (("First consultation",), ".o_field_widget[name=practitioner_price_ids]"),
}
STAFF = [
    ("staff-bookings", "mia", "/odoo/appointment-bookings", ".o_list_view .o_data_row"),
    ("staff-board", "dora", "/odoo/appointment-bookings?view_type=kanban", ".o_kanban_record"),
    ("staff-figures", "dora", "/odoo/appointment-bookings?view_type=pivot", ".o_pivot"),
    ("staff-categories", "mia", "/odoo/appointment-categories", ".o_list_view .o_data_row"),
    ("staff-hours", "mia", "/odoo/appointment-hours", ".o_data_row, .o_kanban_record"),
    ("staff-calendar", "anna", "/odoo/calendar", ".fc-event"),
    ("staff-requests", "anna", "/odoo/appointment-requests", ".o_list_view .o_data_row"),
    ("staff-settings", "mia", "/odoo/settings#appointment_payments", ".o_setting_box:visible"),
]


class Photographer:
    """Somebody with a camera in Chromium.

    :param browser: Playwright's browser
    :param str url: the server
    :param int width: of the window, in pixels
    """

    def __init__(self, browser, url, width):
        self.context = browser.new_context(
            base_url=url,
            viewport={"width": width, "height": 900},
            locale="en-GB",
            timezone_id="Europe/Paris",
        )
        self.tab = self.context.new_page()
        self.width = width

    def take(self, name, whole=True):
        """Take a picture.

        :param str name: its file name without the width
        :param bool whole: the whole page, not only the window
        """
        suffix = "phone" if self.width == PHONE else "desktop"
        self.tab.wait_for_load_state("networkidle" if whole else "load")  # staff's never idles
        self.tab.evaluate("document.fonts.ready")
        self.tab.wait_for_function("Array.from(document.images).every(image => image.complete)")
        self.tab.screenshot(path=FOLDER / f"{name}-{suffix}.png", full_page=whole)

    def log_in(self, login):
        """Log in; the password is the login.

        :param str login: the user
        """
        self.tab.goto("/web/login")
        self.tab.fill("#login", login)
        self.tab.fill("#password", login)
        self.tab.click("button[type=submit]:visible")
        self.tab.wait_for_url(lambda url: "/web/login" not in url)

    def client_pages(self):
        """Book with a deposit and pay it, a picture at each step."""
        self.tab.goto("/booking")
        self.take("1-categories")
        self.tab.goto("/booking/first-consultation")
        self.take("2-time")
        self.tab.locator(".o_appay_slot:visible").last.click()  # of today, few may be left
        self.tab.fill("#appay_name", "Wanda Walker")
        self.tab.fill("#appay_email", "wanda@client.example")
        self.tab.check("#appay_accept_terms")
        self.take("3-details")
        self.tab.click("form.o_appay_details button.btn-primary")
        self.tab.locator("button[name=o_payment_submit_button]:visible").wait_for()
        self.take("4-payment")
        self.tab.locator("button[name=o_payment_submit_button]:visible").click()
        self.tab.get_by_text("Your appointment is confirmed").wait_for()
        self.take("5-done")
        self.log_in("carla")
        self.tab.goto("/my/appointment-bookings")
        self.take("6-portal")

    def request_pages(self):
        """Ask for an appointment that the practitioner answers, and have the amount held."""
        self.tab.goto("/booking/assessment")
        self.tab.locator(".o_appay_slot:visible").first.click()
        self.tab.fill("#appay_name", "Rosa Reed")
        self.tab.fill("#appay_email", "rosa@client.example")
        self.tab.check("#appay_accept_terms")
        self.tab.click("form.o_appay_details button.btn-primary")
        self.tab.locator("button[name=o_payment_submit_button]:visible").wait_for()
        self.take("7-request-payment")
        self.tab.locator("button[name=o_payment_submit_button]:visible").click()
        self.tab.get_by_text("Cancel the request").first.wait_for()
        self.take("8-request-sent")

    def staff_page(self, name, path, shown):
        """Show a screen that staff work in, and the form behind a list's first line.

        :param str name: of the picture
        :param str path: of the screen
        :param str shown: the selector of what has to be there first
        """
        self.tab.goto(path)
        self.tab.locator(shown).first.wait_for()
        if name == "staff-calendar":  # the little window says what is paid
            self.tab.locator(shown).filter(has_text="First consultation").first.click()
            self.tab.locator(".o_cw_popover").wait_for()
        self.take(name, whole=False)
        if name in FORMS:
            line, last = FORMS[name]
            row = self.tab.locator(".o_data_row")
            for text in line:
                row = row.filter(has_text=text)
            row.first.locator(".o_data_cell").first.click()
            self.tab.locator(last).first.wait_for()
            self.take(f"{name}-form", whole=False)


def main(url, _database):
    """Take all pictures.

    :param str url: the demo practice
    :param str _database: its database
    :return: the exit code
    :rtype: int
    """
    from playwright.sync_api import sync_playwright

    FOLDER.mkdir(parents=True, exist_ok=True)
    arguments = ["--no-sandbox", "--disable-dev-shm-usage"] if paths.is_root() else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=debian.browser(), args=arguments)
        for width in (DESKTOP, PHONE):
            Photographer(browser, url, width).client_pages()
            Photographer(browser, url, width).request_pages()
        for name, login, path, shown in STAFF:
            photographer = Photographer(browser, url, DESKTOP)
            photographer.log_in(login)
            photographer.staff_page(name, path, shown)
        browser.close()
    print(f"{len(list(FOLDER.glob('*.png')))} pictures in docs/pictures")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
