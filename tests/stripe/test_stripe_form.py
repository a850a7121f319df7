"""Odoo's own Stripe payment form, unmodified, in a browser against the stand-in."""

import re
import time
from urllib.parse import urlencode

import pytest

WEBHOOK_SECRET = "whsec_of_the_test"
# A payer, a payment link of 30.00 and the Stripe provider; prints what the tests need.
PREPARE = """
from odoo.addons.payment import utils as payment_utils

partner = env["res.partner"].create({{
    "name": "Norbert Buyer", "email": "norbert@example.com", "city": "Brussels",
    "country_id": env.ref("base.be").id,
}})
provider = env.ref("payment.payment_provider_stripe")
provider.write({{
    "state": "test", "is_published": True,
    "stripe_publishable_key": "{double.publishable_key}",
    "stripe_secret_key": "{double.secret_key}",
    "stripe_webhook_secret": "{secret}",
    "payment_method_ids": [(6, 0, env.ref("payment.payment_method_card").ids)],
}})
env.ref("payment.payment_method_card").active = True
currency = env.company.currency_id
token = payment_utils.generate_access_token(partner.id, 30.0, currency.id, env=env)
env.cr.commit()
print(partner.id, currency.id, token, currency.name.lower(), provider.id)
"""


class Shop:
    """An Odoo server whose Stripe is the stand-in."""

    def __init__(self, server, double):
        self.server = server
        self.double = double
        script = PREPARE.format(double=double, secret=WEBHOOK_SECRET)
        words = server.shell(script).split()
        partner, currency, token, self.currency, self.provider = words[-5:]
        self.link = f"{server.url}/payment/pay?" + urlencode({
            "amount": "30.0", "partner_id": partner, "currency_id": currency,
            "access_token": token,
        })

    def transaction(self):
        """Return the newest payment: reference, state, provider's reference."""
        return self.server.query(
            "SELECT reference, state, provider_reference FROM payment_transaction"
            " WHERE operation = 'online_direct' ORDER BY id DESC LIMIT 1"
        )[0]

    def wait_for(self, state):
        deadline = time.monotonic() + 20
        while self.transaction()[1] != state:
            assert time.monotonic() < deadline, self.transaction()

    def row(self):
        """Return what the stand-in holds of the newest payment."""
        reference = self.transaction()[2]
        return next(r for r in self.double.ledger()["intents"] if r["id"] == reference)


@pytest.fixture(scope="module")
def running_shop(make_server, running_double):
    server = make_server(
        options=["--max-cron-threads=0"], environment=running_double.environment
    )
    # The payer's return, the poll of the page and the webhook meet on one transaction.
    server.allow_log("could not serialize access due to concurrent update")
    return Shop(server, running_double)


@pytest.fixture
def shop(running_shop, double):
    url = f"{running_shop.server.url}/payment/stripe/webhook"
    double.webhook(url, WEBHOOK_SECRET)
    return running_shop


@pytest.fixture
def tab(browser, shop):
    with browser.window(viewport={"width": 1280, "height": 900}) as tab:
        tab.set_default_timeout(20_000)
        tab.goto(shop.link)
        yield tab


def choose_card(tab):
    """Open the card's form, unless it is the only one and open already."""
    form = tab.get_by_role("group", name="TEST card form (Stripe stand-in)")
    if not form.is_visible():
        tab.get_by_text("Card", exact=True).click()
    form.wait_for()


def pay(tab, number):
    choose_card(tab)
    tab.get_by_label("Card number").fill(number)
    tab.get_by_label("Expiry date").fill("12 / 40")
    tab.get_by_label("CVC").fill("123")
    tab.locator("button[name=o_payment_submit_button]:visible").click()


def come_back(tab):
    """Wait until the payer is back in Odoo; nothing of this payment may still be under way."""
    tab.wait_for_url(re.compile("/payment/(status|confirmation)"))


def test_card_pays(shop, tab):
    pay(tab, "4242 4242 4242 4242")
    come_back(tab)
    shop.wait_for("done")
    row = shop.row()
    assert (row["captured"], row["currency"], row["status"]) == (3000, shop.currency, "succeeded")
    assert row["description"] == shop.transaction()[0]


def test_declined_card_is_told_and_the_next_one_pays(shop, tab):
    pay(tab, "4000000000000002")
    dialog = tab.get_by_role("dialog")
    dialog.get_by_text("Your card was declined.").wait_for()
    dialog.get_by_role("button", name="Ok").click()
    pay(tab, "4242424242424242")
    come_back(tab)
    shop.wait_for("done")
    assert shop.double.ledger()["totals"][shop.currency]["captured"] == 3000


@pytest.mark.parametrize(("answer", "state", "captured"), [
    ("Complete", "done", 3000), ("Fail", "error", 0),
])
def test_three_d_secure(shop, tab, answer, state, captured):
    pay(tab, "4000002760003184")
    tab.get_by_role("button", name=answer).click()
    come_back(tab)
    shop.wait_for(state)
    assert shop.row()["captured"] == captured


def test_processing_payment_is_confirmed_by_the_webhook(shop, tab):
    pay(tab, "4000000000007775")
    come_back(tab)
    shop.wait_for("pending")
    shop.double.settle(payment_intent=shop.transaction()[2])
    shop.wait_for("done")
    delivered = shop.double.events()["deliveries"]
    assert {entry["status"] for entry in delivered} == {200}


def test_hold_is_captured(shop, tab):
    set_capture(shop, True)
    try:
        tab.reload()
        pay(tab, "4242424242424242")
        come_back(tab)
        shop.wait_for("authorized")
        assert (shop.row()["held"], shop.row()["captured"]) == (3000, 0)
        capture = f"{shop.double.url}/v1/payment_intents/{shop.transaction()[2]}/capture"
        key = {"Authorization": f"Bearer {shop.double.secret_key}"}
        assert tab.request.post(capture, headers=key).ok
        shop.wait_for("done")
    finally:
        set_capture(shop, False)
    assert (shop.row()["held"], shop.row()["captured"]) == (0, 3000)


def set_capture(shop, manually):
    shop.server.query(
        "UPDATE payment_provider SET capture_manually = %s WHERE id = %s",
        [manually, int(shop.provider)],
    )


def test_refund_in_the_dashboard_reaches_odoo(shop, tab):
    pay(tab, "4242424242424242")
    come_back(tab)
    shop.wait_for("done")
    tab.request.post(
        f"{shop.double.url}/v1/refunds",
        headers={"Authorization": f"Bearer {shop.double.secret_key}"},
        form={"payment_intent": shop.transaction()[2], "amount": "1000"},
    )
    deadline = time.monotonic() + 20
    statement = "SELECT amount, state FROM payment_transaction WHERE operation = 'refund'"
    while [row[1] for row in shop.server.query(statement)] != ["done"]:
        assert time.monotonic() < deadline, shop.server.query(statement)
    assert shop.server.query(statement)[0][0] == -10
    assert shop.row()["refunded"] == 1000
