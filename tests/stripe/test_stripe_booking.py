"""A booking paid with Stripe: one customer and one intent, whatever happens to the form."""

from concurrent.futures import ThreadPoolExecutor

import pytest

WEBHOOK_SECRET = "whsec_of_the_test"


@pytest.fixture(scope="module")
def practice(open_practice):
    return open_practice(WEBHOOK_SECRET)


@pytest.fixture
def visitor(practice, double):
    double.webhook(f"{practice.url}/payment/stripe/webhook", WEBHOOK_SECRET)
    return practice.visitor()


def sent(double, path):
    return [
        row for row in double.requests() if (row["method"], row["path"]) == ("POST", f"/v1/{path}")
    ]


def test_form_opened_again_goes_on_with_its_intent(practice, visitor, double):
    link = visitor.book()
    secrets = {visitor.ask_to_pay(link)["client_secret"] for _attempt in range(3)}
    assert len(secrets) == 1
    assert len(practice.transactions(link.id)) == 1
    assert (len(sent(double, "customers")), len(sent(double, "payment_intents"))) == (1, 1)
    [intent] = double.ledger()["intents"]
    reference, amount, _state = practice.transactions(link.id)[0]
    assert (intent["description"], intent["amount"]) == (reference, amount * 100)


def test_form_sent_many_times_at_once_makes_one_intent(practice, visitor, double):
    """Requests that meet are repeated by Odoo; their keys make one object of them at Stripe."""
    link = visitor.book()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _n: practice.visitor().ask_to_pay(link), range(8)))
    assert len({answer["client_secret"] for answer in answers}) == 1
    assert len(practice.transactions(link.id)) == 1
    ledger = double.ledger()
    assert (len(ledger["intents"]), ledger["customers"]) == (1, 1)


def test_decline_then_another_card_pays_the_booking(practice, visitor, double, browser):
    link = visitor.book()
    size = {"width": 1280, "height": 900}
    with browser.window(base_url=practice.url, viewport=size) as tab:
        tab.set_default_timeout(60_000)
        tab.goto(link.page)
        pay(tab, "4000000000000002")
        dialog = tab.get_by_role("dialog")
        dialog.get_by_text("Your card was declined.").wait_for()
        dialog.get_by_role("button", name="Ok").click()
        pay(tab, "4242424242424242")
        tab.wait_for_url(f"**{link.path}**")
        tab.get_by_text("Confirmed").first.wait_for()
    assert practice.booking(link.id)["state"] == "confirmed"
    assert double.ledger()["totals"]["eur"]["captured"] == 2400
    practice.assert_ledger(link.id, total=80.0, tax=13.33, residual=56.0, payments=[24.0])


def pay(tab, number):
    if not tab.get_by_label("Card number").is_visible():
        tab.get_by_text("Card", exact=True).click()
    tab.get_by_label("Card number").fill(number)
    tab.get_by_label("Expiry date").fill("12 / 40")
    tab.get_by_label("CVC").fill("123")
    tab.locator("button[name=o_payment_submit_button]:visible").click()


def test_paying_in_another_tab_is_noticed_before_paying_twice(practice, visitor, double, client):
    """The webhook is late: the second tab asks Stripe and does not confirm again."""
    double.webhook()
    link = visitor.book()
    values = visitor.ask_to_pay(link)
    [intent] = double.ledger()["intents"]
    client.browser_confirm(
        {"id": intent["id"], "client_secret": values["client_secret"]}, "4242424242424242"
    )
    again = practice.visitor().ask_to_pay(link)
    assert (again["state"], "already been made" in again["state_message"]) == ("error", True)
    assert practice.transactions(link.id)[0][2] == "done"
    assert double.ledger()["totals"]["eur"]["captured"] == 2400


def test_stripe_never_learns_what_the_appointment_is(visitor, double):
    visitor.ask_to_pay(visitor.book())
    told = str(double.requests())
    for private in ("First consultation", "Consultation", "Anna Berg"):
        assert private not in told
