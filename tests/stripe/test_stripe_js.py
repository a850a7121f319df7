"""The stand-in for Stripe.js in a browser, called as `payment_stripe`'s payment form calls it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

# The calls of payment_stripe/static/src/interactions/payment_form.js, in their order.
SHOP = """<!DOCTYPE html>
<html lang="en"><head><title>Shop</title><script src="{base}/v3/"></script></head>
<body style="max-width: 40rem; margin: 2rem auto"><h1>Shop</h1>
<form id="form"><div id="stripe"></div><button id="pay" type="button">Pay</button></form>
<p id="outcome" role="status"></p>
<script>
    const settings = {settings};
    const say = (text) => {{ document.getElementById('outcome').textContent = text; }};
    const stripe = Stripe(settings.key, {{
        apiVersion: '2019-05-16', locale: 'en', stripeAccount: settings.account,
    }});
    const verb = settings.elements.mode === 'setup' ? 'confirmSetup' : 'confirmPayment';
    const elements = stripe.elements({{
        appearance: {{ theme: 'stripe' }}, currency: 'eur', captureMethod: 'automatic',
        paymentMethodTypes: ['card'], mode: 'payment', amount: 3000, ...settings.elements,
    }});
    const element = elements.create('payment', {{
        defaultValues: {{ billingDetails: {{ name: 'Norbert Buyer', email: '', phone: '',
            address: {{ line1: 'Huge Street', city: '', country: 'BE' }} }} }},
    }});
    element.on('loaderror', (response) => say(`loaderror: ${{response.error.message}}`));
    element.on('ready', () => say('ready'));
    element.mount(document.getElementById('stripe'));
    elements.update({{ setupFutureUsage: null }});
    document.getElementById('pay').addEventListener('click', async () => {{
        await elements.submit();
        const {{ error }} = await stripe[verb]({{
            elements, clientSecret: settings.secret,
            confirmParams: {{ return_url: `${{location.origin}}/return?reference=BOOK%2F0001` }},
        }});
        say(error.message);
    }});
</script></body></html>"""


class Shop(ThreadingHTTPServer):
    """Serves the page that it is given, and a page to come back to."""

    daemon_threads = True
    page = ""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), ShopHandler)
        self.url = f"http://127.0.0.1:{self.server_port}"


class ShopHandler(BaseHTTPRequestHandler):

    def do_GET(self):
        body = self.server.page if self.path == "/" else "<h1>Back in the shop</h1>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_args):
        pass


@pytest.fixture(scope="module")
def shop():
    server = Shop()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def tab(browser):
    with browser.window(viewport={"width": 800, "height": 600}) as tab:
        tab.set_default_timeout(15_000)
        yield tab


@pytest.fixture
def open_form(client, shop, tab):
    """Open the shop's page for an intent."""
    def open_form(intent, *, key=None, account=None, **elements):
        settings = {
            "key": key or client.double.publishable_key, "secret": intent["client_secret"],
            "elements": elements, "account": account,
        }
        shop.page = SHOP.format(base=client.double.url, settings=json.dumps(settings))
        tab.goto(f"{shop.url}/")
    return open_form


def fill(tab, number, expiry="12 / 40", cvc="123"):
    tab.get_by_label("Card number").fill(number)
    tab.get_by_label("Expiry date").fill(expiry)
    tab.get_by_label("CVC").fill(cvc)


def pay(tab):
    tab.get_by_role("button", name="Pay").click()


def outcome(tab, text):
    """Wait until the shop shows the text."""
    tab.get_by_role("status").filter(has_text=text).wait_for()


def parameters(tab):
    return {name: values[0] for name, values in parse_qs(urlsplit(tab.url).query).items()}


def test_form_is_marked_and_labelled(client, tab, open_form):
    open_form(client.intent())
    outcome(tab, "ready")
    group = tab.get_by_role("group", name="TEST card form (Stripe stand-in)")
    assert group.is_visible()
    for label, autocomplete in [
        ("Card number", "cc-number"), ("Expiry date", "cc-exp"), ("CVC", "cc-csc"),
    ]:
        field = group.get_by_label(label)
        assert field.get_attribute("autocomplete") == autocomplete
        assert field.get_attribute("name") is None  # It is not part of the shop's form.
        assert field.bounding_box()["height"] >= 44


def test_good_card_pays_and_returns(client, tab, open_form):
    intent = client.intent()
    open_form(intent)
    fill(tab, "4242424242424242")
    assert tab.get_by_label("Card number").input_value() == "4242 4242 4242 4242"
    pay(tab)
    tab.wait_for_url("**/return?**")
    assert parameters(tab) == {
        "reference": "BOOK/0001", "payment_intent": intent["id"],
        "payment_intent_client_secret": intent["client_secret"], "redirect_status": "succeeded",
    }
    paid = client.ok("GET", f"payment_intents/{intent['id']}", {"expand[]": "payment_method"})
    assert (paid["status"], paid["amount_received"]) == ("succeeded", 3000)
    assert paid["payment_method"]["billing_details"]["name"] == "Norbert Buyer"


def test_declined_card_shows_why_and_another_one_pays(client, tab, open_form):
    intent = client.intent()
    open_form(intent)
    fill(tab, "4000000000000002")
    pay(tab)
    outcome(tab, "Your card was declined.")
    fill(tab, "4000000000009995")
    pay(tab)
    outcome(tab, "Your card has insufficient funds.")
    fill(tab, "4242424242424242")
    pay(tab)
    tab.wait_for_url("**/return?**")
    row = client.double.ledger()["intents"][0]
    assert (row["id"], row["captured"]) == (intent["id"], 3000)


@pytest.mark.parametrize(("answer", "redirect_status"), [
    ("Complete", "succeeded"), ("Fail", "failed"),
])
def test_three_d_secure_in_the_browser(client, tab, open_form, answer, redirect_status):
    open_form(client.intent())
    fill(tab, "4000002760003184")
    pay(tab)
    tab.get_by_role("heading", name="TEST 3-D Secure (Stripe stand-in)").wait_for()
    assert tab.get_by_text("€30.00").is_visible()
    tab.get_by_role("button", name=answer).click()
    tab.wait_for_url("**/return?**")
    assert parameters(tab)["redirect_status"] == redirect_status


def test_processing_card_returns_before_the_bank_answers(client, tab, open_form):
    open_form(client.intent())
    fill(tab, "4000000000007775")
    pay(tab)
    tab.wait_for_url("**/return?**")
    assert parameters(tab)["redirect_status"] == "pending"
    assert client.double.ledger()["intents"][0]["status"] == "processing"


@pytest.mark.parametrize(("card", "label", "message"), [
    (("4242", "12 / 40", "123"), "Card number", "Your card number is incomplete."),
    (("4242424242424241", "12 / 40", "123"), "Card number", "Your card number is invalid."),
    (("4242424242424242", "12", "123"), "Expiry date", "Your card's expiration date is incomplete"),
    (("4242424242424242", "12 / 20", "123"), "Expiry date", "Your card's expiration year is in"),
    (("4242424242424242", "12 / 40", ""), "CVC", "Your card's security code is incomplete."),
])
def test_wrong_field_is_named_and_nothing_is_sent(client, tab, open_form, card, label, message):
    open_form(client.intent())
    fill(tab, *card)
    pay(tab)
    outcome(tab, message)
    assert tab.get_by_label(label).get_attribute("aria-invalid") == "true"
    assert tab.get_by_role("alert").filter(has_text=message).is_visible()
    assert not [row for row in client.double.requests() if row["path"].endswith("/confirm")]


def test_message_does_not_move_the_button_away_under_the_pointer(client, tab, open_form):
    open_form(client.intent())
    fill(tab, "4242424242424242")
    tab.get_by_label("Card number").fill("4242424242424241")
    pay(tab)
    outcome(tab, "Your card number is invalid.")


def test_price_that_changed_under_the_form_is_refused(client, tab, open_form):
    intent = client.intent(amount=4500)
    open_form(intent)
    fill(tab, "4242424242424242")
    pay(tab)
    outcome(tab, "The provided amount (4500) does not match the expected amount (3000).")
    assert client.double.ledger()["intents"][0]["captured"] == 0


@pytest.mark.parametrize(("key", "elements", "message"), [
    ("pk_test_of_another_account", {}, "Invalid API Key provided"),
    (None, {"amount": 20}, "Amount must be at least €0.50 eur"),
    (None, {"paymentMethodTypes": ["ideal"]}, "payment method type ideal"),
])
def test_form_that_cannot_be_shown_says_so(client, tab, open_form, key, elements, message):
    open_form(client.intent(), key=key, **elements)
    outcome(tab, "loaderror: ")
    assert message in tab.get_by_role("status").inner_text()


def test_bank_debit_asks_for_an_account(client, tab, open_form):
    open_form(
        client.intent(**{"payment_method_types[]": "sepa_debit"}),
        paymentMethodTypes=["sepa_debit"],
    )
    tab.get_by_label("IBAN").fill("DE89 3704 0044 0532 0130 00")
    pay(tab)
    tab.wait_for_url("**/return?**")
    assert parameters(tab)["redirect_status"] == "pending"


def test_confirmation_waits_for_submit(client, tab, open_form):
    open_form(client.intent())
    outcome(tab, "ready")
    error = tab.evaluate("""async () => {
        try {
            await stripe.confirmPayment({ elements, clientSecret: settings.secret,
                confirmParams: { return_url: location.href } });
        } catch (error) {
            return `${error.name}: ${error.message}`;
        }
    }""")
    assert error.startswith("IntegrationError: elements.submit() must be called before")


def test_a_card_is_saved(client, tab, open_form):
    customer = client.ok("POST", "customers", {"name": "Norbert Buyer"})["id"]
    intent = client.ok("POST", "setup_intents", {"customer": customer})
    open_form(intent, mode="setup", amount=None)
    outcome(tab, "ready")
    fill(tab, "4242 4242 4242 4242")
    pay(tab)
    tab.wait_for_url("**/return**")
    assert parameters(tab) == {
        "reference": "BOOK/0001", "redirect_status": "succeeded", "setup_intent": intent["id"],
        "setup_intent_client_secret": intent["client_secret"],
    }
    assert len(client.ok("GET", f"customers/{customer}/payment_methods")["data"]) == 1


def test_a_connected_account_is_paid(client, tab, open_form):
    account = client.ok("POST", "accounts", {"type": "standard"})["id"]
    intent = client.intent(Stripe_Account=account)
    open_form(intent, account=account)
    outcome(tab, "ready")
    fill(tab, "4242 4242 4242 4242")
    pay(tab)
    tab.wait_for_url("**/return**")
    assert client.double.ledger(account)["totals"]["eur"]["captured"] == 3000
    assert client.double.ledger()["totals"] == {}
