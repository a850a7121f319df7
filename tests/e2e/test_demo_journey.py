"""A client books and pays in Chromium, on a desktop and on a phone, with the Demo provider."""

import re

import pytest

from tests.practice import Link

SIZES = {"desktop": 1280, "phone": 360}
IGNORED = ("net::ERR_NAME_NOT_RESOLVED", "js.stripe.com")


@pytest.fixture(params=SIZES, ids=str)
def tab(request, browser, practice, tmp_path):
    """Return a window of a size; no page may scroll sideways or complain."""
    practice.build_bundles()
    context = browser.new_context(
        base_url=practice.url, viewport={"width": SIZES[request.param], "height": 800}
    )
    tab = context.new_page()
    tab.set_default_timeout(20_000)
    complaints = []
    tab.on("console", lambda message: complaints.append(message.text)
           if message.type == "error" else None)  # fmt: skip
    tab.pictures = tmp_path
    yield tab
    context.close()
    assert not [text for text in complaints if not any(word in text for word in IGNORED)]


def look(tab, name):
    """Take a picture, and check that the page fits the window."""
    tab.screenshot(path=tab.pictures / f"{name}.png", full_page=True)
    wide, window = tab.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= window, f"{name} scrolls sideways: {wide} > {window}"


def book(tab, slug, number=5):
    """Choose a time and give details; return the address of what comes then."""
    tab.goto(f"/booking/{slug}")
    look(tab, "time")
    tab.locator(".o_appay_slot").nth(number).click()
    tab.get_by_label("Name").fill("Carla Client")
    tab.get_by_label("Email").fill("carla@example.com")
    if tab.get_by_role("checkbox").count():
        tab.get_by_role("checkbox").check()
    look(tab, "details")
    tab.locator("form.o_appay_details button.btn-primary").click()
    tab.wait_for_url("**/my/appointment-bookings/**")
    look(tab, "booking")
    return Link.parse(tab.url)


def pay(tab, label, status="done"):
    """Pay with the Demo provider; the button names the amount."""
    tab.locator("#simulated_payment_state").first.select_option(status)
    button = tab.get_by_role("button", name=label)
    button.click()
    tab.wait_for_load_state("networkidle")


def test_a_deposit_and_its_balance(practice, tab):
    link = book(tab, "first-consultation")
    assert tab.get_by_text("TEST", exact=True).is_visible()
    for amount in ("80.00", "13.33", "24.00", "56.00"):
        assert tab.locator(".o_appay_summary").get_by_text(amount).count()
    pay(tab, "Pay 24.00 € and book")
    tab.get_by_role("heading", name="Your appointment is confirmed").wait_for()
    look(tab, "confirmed")
    practice.assert_ledger(link.id, total=80.0, tax=13.33, residual=56.0, payments=[24.0])
    with tab.expect_download() as download:
        tab.get_by_role("link", name="Invoice (PDF)").click()
    assert download.value.path().read_bytes().startswith(b"%PDF")
    pay(tab, "Pay 56.00 €")
    tab.locator(".o_appay_summary .badge").filter(has_text=re.compile("^Paid$")).wait_for()
    assert not tab.get_by_role("button", name="Pay").count()
    look(tab, "paid")
    practice.assert_ledger(link.id, total=80.0, tax=13.33, residual=0.0, payments=[24.0, 56.0])


def test_the_full_price(practice, tab):
    link = book(tab, "follow-up", 6)
    pay(tab, "Pay 50.00 € and book")
    tab.get_by_role("heading", name="Your appointment is confirmed").wait_for()
    practice.assert_ledger(link.id, total=50.0, tax=8.33, residual=0.0, payments=[50.0])


@pytest.mark.parametrize(
    ("slug", "sentence"),
    [("phone-call", "We have sent you a mail"), ("short-question", "Nothing was charged")],
)
def test_nothing_to_pay_is_confirmed_at_once(practice, tab, slug, sentence):
    link = book(tab, slug, 7)
    tab.get_by_role("heading", name="Your appointment is confirmed").wait_for()
    assert tab.get_by_text(sentence).is_visible()
    assert practice.booking(link.id)["payment_status"] == "not_required"
    assert not practice.transactions(link.id)
    assert not practice.ledger(link.id).invoices


def test_a_payment_that_takes_days_says_so(practice, tab):
    link = book(tab, "follow-up", 8)
    pay(tab, "Pay 50.00 € and book", "pending")
    tab.goto(link.page)
    tab.get_by_role("heading", name="Your payment is processing").wait_for()
    look(tab, "processing")
    assert not tab.get_by_role("link", name="Invoice (PDF)").count()
    assert practice.booking(link.id)["state"] == "pending_payment"


def test_a_failed_payment_is_tried_again(practice, tab):
    link = book(tab, "follow-up", 9)
    pay(tab, "Pay 50.00 € and book", "error")
    tab.goto(link.page)
    pay(tab, "Pay 50.00 € and book")
    tab.get_by_role("heading", name="Your appointment is confirmed").wait_for()
    practice.assert_ledger(link.id, total=50.0, tax=8.33, residual=0.0, payments=[50.0])
