"""A client books and pays in Chromium, on a desktop and on a phone, with the Demo provider."""

import re

import pytest

from tests.e2e.pages import book, look, see


def pay(tab, label, status="done"):
    """Pay with the Demo provider; the button names the amount."""
    tab.locator("#simulated_payment_state").first.select_option(status)
    with tab.expect_response("**/payment/demo/simulate_payment"):
        tab.get_by_role("button", name=label).click()
    tab.wait_for_load_state("networkidle")


def test_a_deposit_and_its_balance(practice, tab):
    link = book(tab, "first-consultation")
    assert tab.get_by_text("TEST", exact=True).is_visible()
    for amount in ("80.00", "13.33", "24.00", "56.00"):
        assert tab.locator(".o_appay_summary").get_by_text(amount).count()
    pay(tab, "Pay 24.00 € and book")
    see(tab, "Your appointment is confirmed")
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
    see(tab, "Your appointment is confirmed")
    practice.assert_ledger(link.id, total=50.0, tax=8.33, residual=0.0, payments=[50.0])


@pytest.mark.parametrize(
    ("slug", "sentence"),
    [("phone-call", "We have sent you an email"), ("short-question", "Nothing was charged")],
)
def test_nothing_to_pay_is_confirmed_at_once(practice, tab, slug, sentence):
    link = book(tab, slug, 7)
    see(tab, "Your appointment is confirmed")
    assert tab.get_by_text(sentence).is_visible()
    assert practice.booking(link.id)["payment_status"] == "not_required"
    assert not practice.transactions(link.id)
    assert not practice.ledger(link.id).invoices


def test_a_payment_that_takes_days_says_so(practice, tab):
    link = book(tab, "follow-up", 8)
    pay(tab, "Pay 50.00 € and book", "pending")
    tab.goto(link.page)
    see(tab, "Your payment is processing")
    look(tab, "processing")
    assert not tab.get_by_role("link", name="Invoice (PDF)").count()
    assert practice.booking(link.id)["state"] == "pending_payment"


def test_a_failed_payment_is_tried_again(practice, tab):
    link = book(tab, "follow-up", 9)
    pay(tab, "Pay 50.00 € and book", "error")
    tab.goto(link.page)
    pay(tab, "Pay 50.00 € and book")
    see(tab, "Your appointment is confirmed")
    practice.assert_ledger(link.id, total=50.0, tax=8.33, residual=0.0, payments=[50.0])
