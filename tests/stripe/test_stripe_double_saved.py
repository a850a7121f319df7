"""Cards that are saved at the stand-in, and charged when nobody is there."""

import pytest


@pytest.fixture
def customer(client):
    return client.ok("POST", "customers", {"name": "Norbert Buyer"})["id"]


def off_session(client, customer, method, **values):
    return client.post("payment_intents", {
        "amount": 1000, "currency": "eur", "confirm": True, "off_session": True,
        "customer": customer, "payment_method": method, "payment_method_types[]": "card", **values,
    })


def saved(client, customer, method):
    return client.ok("POST", "setup_intents", {
        "customer": customer, "payment_method": method, "confirm": True,
        "return_url": "http://127.0.0.1:8069/return?reference=V1",
    })


def test_a_card_is_saved_and_charged_later(client, customer, inbox):
    client.double.webhook(inbox.url, "whsec_saved")
    intent = saved(client, customer, "pm_card_visa")
    assert (intent["status"], intent["usage"]) == ("succeeded", "off_session")
    assert inbox.types(2) == ["setup_intent.created", "setup_intent.succeeded"]
    [method] = client.ok("GET", f"customers/{customer}/payment_methods")["data"]
    assert method["id"] == intent["payment_method"]
    assert off_session(client, customer, method["id"]).json()["status"] == "succeeded"
    assert client.double.ledger()["totals"]["eur"]["captured"] == 1000


def test_the_payer_saves_a_card_with_stripe_js(client, customer):
    intent = client.ok("POST", "setup_intents", {
        "customer": customer, "description": "V1", "payment_method_types[]": "card",
    })
    assert intent["status"] == "requires_payment_method"
    card = "payment_method_data[card]"
    data = {
        "client_secret": intent["client_secret"], "payment_method_data[type]": "card",
        f"{card}[number]": "4242424242424242", f"{card}[exp_month]": "12",
        f"{card}[exp_year]": "40", f"{card}[cvc]": "123",
    }
    path, key = f"setup_intents/{intent['id']}/confirm", client.double.publishable_key
    client.refused("POST", path, {**data, "client_secret": "seti_x_secret_y"}, key=key, status=404)
    assert client.ok("POST", path, data, key=key)["status"] == "succeeded"
    shown = client.ok("GET", f"setup_intents/{intent['id']}", {"expand[]": "payment_method"})
    assert shown["payment_method"]["card"]["last4"] == "4242"
    assert shown["payment_method"]["customer"] == customer


@pytest.mark.parametrize(("outcome", "status"), [
    ("complete", "succeeded"), ("fail", "requires_payment_method"),
])
def test_the_bank_asks_the_owner_of_a_card_that_is_saved(client, customer, outcome, status):
    intent = saved(client, customer, "pm_card_authenticationRequiredOnSetup")
    assert intent["status"] == "requires_action"
    url = intent["next_action"]["redirect_to_url"]["url"]
    assert "save this card" in client.session.get(url, timeout=10).text
    response = client.session.post(
        url, data={"outcome": outcome}, timeout=10, allow_redirects=False
    )
    assert f"setup_intent={intent['id']}" in response.headers["Location"]
    assert client.ok("GET", f"setup_intents/{intent['id']}")["status"] == status


def test_a_card_asks_once_and_then_no_more(client, customer):
    intent = saved(client, customer, "pm_card_authenticationRequiredOnSetup")
    url = intent["next_action"]["redirect_to_url"]["url"]
    client.session.post(url, data={"outcome": "complete"}, timeout=10, allow_redirects=False)
    assert off_session(client, customer, intent["payment_method"]).status_code == 200
    fresh = off_session(client, customer, "pm_card_authenticationRequiredOnSetup")
    assert fresh.json()["error"]["code"] == "authentication_required"


def test_a_card_is_declined_after_its_owner_was_asked(client):
    intent = client.intent()
    shown = client.browser_confirm(intent, "4000008260003178").json()
    url = shown["next_action"]["redirect_to_url"]["url"]
    response = client.session.post(
        url, data={"outcome": "complete"}, timeout=10, allow_redirects=False
    )
    assert "redirect_status=failed" in response.headers["Location"]
    error = client.ok("GET", f"payment_intents/{intent['id']}")["last_payment_error"]
    assert error["decline_code"] == "insufficient_funds"
    assert client.ledger_row(intent)["captured"] == 0


def test_a_card_that_can_be_saved_and_not_charged(client, customer):
    method = saved(client, customer, "pm_card_chargeCustomerFail")["payment_method"]
    assert off_session(client, customer, method).json()["error"]["code"] == "card_declined"


def test_a_declined_card_is_not_saved(client, customer):
    intent = client.ok("POST", "setup_intents", {"customer": customer})
    error = client.refused("POST", f"setup_intents/{intent['id']}/confirm", {
        "payment_method": "pm_card_chargeDeclined",
    }, status=402)
    assert error["setup_intent"]["status"] == "requires_payment_method"
    assert client.ok("GET", f"customers/{customer}/payment_methods")["data"] == []
    cancelled = client.ok("POST", f"setup_intents/{intent['id']}/cancel")
    assert cancelled["status"] == "canceled"
    error = client.refused("POST", f"setup_intents/{intent['id']}/confirm")
    assert error["code"] == "setup_intent_unexpected_state"


def test_a_card_is_held_off_session(client, customer):
    method = saved(client, customer, "pm_card_visa")["payment_method"]
    held = off_session(client, customer, method, capture_method="manual").json()
    assert held["status"] == "requires_capture"
    assert client.ledger_row(held)["held"] == 1000


def test_a_card_is_attached_and_detached(client, customer):
    method = client.ok("POST", "payment_methods/pm_card_visa/attach", {"customer": customer})
    client.refused("POST", f"payment_methods/{method['id']}/attach", {"customer": customer})
    [listed] = client.ok("GET", "payment_methods", {"customer": customer})["data"]
    assert listed["id"] == method["id"]
    client.ok("POST", f"payment_methods/{method['id']}/detach")
    assert client.ok("GET", f"customers/{customer}/payment_methods")["data"] == []


def test_a_customer_is_deleted(client, customer):
    assert client.ok("DELETE", f"customers/{customer}")["deleted"] is True
    client.refused("GET", f"customers/{customer}", status=404)
