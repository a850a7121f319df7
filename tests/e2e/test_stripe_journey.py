"""A client pays by card: Odoo's own Stripe form in Chromium, the stand-in at the other end."""

import time

import pytest

from tests.e2e.cards import ASKS_ITS_OWNER, DECLINED, VISA, pay
from tests.e2e.pages import book, look, see

pytestmark = pytest.mark.usefixtures("webhooks")


@pytest.fixture(scope="module")
def practice(stripe_practice):
    return stripe_practice


def assert_both_ledgers(practice, double, link, cents, **ledger):
    """Assert that Odoo's books and Stripe's say the same of a booking."""
    practice.assert_ledger(link.id, **ledger)
    # a decline that the webhook reports first ends its transaction: the next try has its own
    intents = [intent for intent in double.ledger()["intents"] if intent["captured"]]
    references = [row[0] for row in practice.transactions(link.id) if row[2] == "done"]
    assert [(i["description"], i["amount"], i["currency"]) for i in intents] == [
        (reference, amount, "eur") for reference, amount in zip(references, cents, strict=True)
    ]
    assert double.ledger()["totals"]["eur"]["captured"] == sum(cents)
    name = practice.booking(link.id)["name"]
    assert all(reference.startswith(name) for reference in references)


def test_a_card_pays_the_deposit_and_then_the_balance(practice, double, tab):
    link = book(tab, "first-consultation")
    pay(tab, VISA)
    see(tab, "Your appointment is confirmed")
    look(tab, "confirmed")
    assert_both_ledgers(
        practice, double, link, [2400], total=80.0, tax=13.33, residual=56.0, payments=[24.0]
    )
    pay(tab, VISA)
    tab.get_by_role("heading", name="Pay the balance").wait_for(state="detached")
    see(tab, "Your appointment is confirmed")
    assert_both_ledgers(
        practice, double, link, [2400, 5600],
        total=80.0, tax=13.33, residual=0.0, payments=[24.0, 56.0],
    )


def test_a_declined_card_is_followed_by_another_on_the_same_booking(practice, double, tab):
    double.webhook()  # late, as Stripe's sometimes are: the form alone does not end the intent
    link = book(tab, "follow-up", 6)
    be_declined(tab)
    assert practice.booking(link.id)["state"] == "pending_payment"
    pay(tab, VISA)
    see(tab, "Your appointment is confirmed")
    assert_both_ledgers(
        practice, double, link, [5000], total=50.0, tax=8.33, residual=0.0, payments=[50.0]
    )


def test_a_decline_that_stripe_has_told_is_followed_by_one_more_try(practice, double, tab):
    """Odoo then holds the first payment for failed; the booking and its time stay."""
    link = book(tab, "follow-up", 7)
    be_declined(tab)
    deadline = time.monotonic() + 20
    while practice.transactions(link.id)[0][2] != "error":
        assert time.monotonic() < deadline, practice.transactions(link.id)
    pay(tab, VISA)
    see(tab, "Your appointment is confirmed")
    assert [row[2] for row in practice.transactions(link.id)] == ["error", "done"]
    captured = {row["description"]: row["captured"] for row in double.ledger()["intents"]}
    assert list(captured.values()) == [0, 5000]
    assert list(captured) == [row[0] for row in practice.transactions(link.id)]
    practice.assert_ledger(link.id, total=50.0, tax=8.33, residual=0.0, payments=[50.0])


def be_declined(tab):
    pay(tab, DECLINED)
    dialog = tab.get_by_role("dialog")
    dialog.get_by_text("Your card was declined.").wait_for()
    look(tab, "declined")
    dialog.get_by_role("button", name="Ok").click()


def test_a_card_that_asks_its_owner(practice, double, tab):
    link = book(tab, "follow-up", 8)
    pay(tab, ASKS_ITS_OWNER)
    tab.get_by_role("button", name="Complete").click()
    see(tab, "Your appointment is confirmed")
    assert_both_ledgers(
        practice, double, link, [5000], total=50.0, tax=8.33, residual=0.0, payments=[50.0]
    )


def test_an_owner_who_refuses_tries_again(practice, double, tab):
    link = book(tab, "follow-up", 9)
    pay(tab, ASKS_ITS_OWNER)
    tab.get_by_role("button", name="Fail").click()
    see(tab, "Pay to book")
    assert tab.get_by_role("alert").filter(has_text="did not go through").is_visible()
    look(tab, "refused")
    pay(tab, VISA)
    see(tab, "Your appointment is confirmed")
    assert double.ledger()["totals"]["eur"]["captured"] == 5000
    practice.assert_ledger(link.id, total=50.0, tax=8.33, residual=0.0, payments=[50.0])
