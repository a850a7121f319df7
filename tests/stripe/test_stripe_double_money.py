"""What the stand-in does with money: paying, holding, declining, refunding."""

from concurrent.futures import ThreadPoolExecutor

import pytest

# === PAYING === #

def test_intent_has_the_shape_that_payment_stripe_reads(client):
    intent = client.paid()
    assert (intent["status"], intent["amount_received"]) == ("succeeded", 3000)
    charge = intent["charges"]["data"][0]
    assert (charge["amount"], charge["paid"], charge["captured"]) == (3000, True, True)
    assert charge["payment_method_details"]["card"]["brand"] == "visa"
    assert charge["refunds"]["data"] == []
    shown = client.ok("GET", f"payment_intents/{intent['id']}", {"expand[]": "payment_method"})
    assert shown["payment_method"]["type"] == "card"
    assert shown["payment_method"]["card"]["last4"] == "4242"
    assert shown["description"] == "BOOK/0001"


def test_newer_version_has_no_charges_in_the_intent(client):
    intent = client.paid()
    shown = client.ok("GET", f"payment_intents/{intent['id']}", Stripe_Version="2023-08-16")
    assert "charges" not in shown
    assert shown["latest_charge"].startswith("ch_")


def test_capture_at_once_moves_the_money(client):
    intent = client.paid()
    row = client.ledger_row(intent)
    assert (row["held"], row["captured"], row["refunded"]) == (0, 3000, 0)
    assert client.double.ledger()["totals"]["eur"]["net"] == 3000
    error = client.refused("POST", f"payment_intents/{intent['id']}/confirm")
    assert error["code"] == "payment_intent_unexpected_state"


def test_confirm_without_a_payment_method_is_refused(client):
    intent = client.intent()
    error = client.refused("POST", f"payment_intents/{intent['id']}/confirm")
    assert error["code"] == "payment_intent_unexpected_state"


def test_hold_and_capture(client):
    intent = client.paid(capture_method="manual")
    assert (intent["status"], intent["amount_capturable"]) == ("requires_capture", 3000)
    details = intent["charges"]["data"][0]["payment_method_details"]["card"]
    assert details["capture_before"] - intent["created"] in range(7 * 86400, 7 * 86400 + 60)
    assert client.ledger_row(intent)["held"] == 3000
    captured = client.ok("POST", f"payment_intents/{intent['id']}/capture")
    assert (captured["status"], captured["amount_received"]) == ("succeeded", 3000)
    row = client.ledger_row(intent)
    assert (row["held"], row["captured"]) == (0, 3000)
    error = client.refused("POST", f"payment_intents/{intent['id']}/capture")
    assert "already been captured" in error["message"]


def test_partial_capture_lets_go_of_the_rest(client):
    intent = client.paid(capture_method="manual")
    path = f"payment_intents/{intent['id']}/capture"
    error = client.refused("POST", path, {"amount_to_capture": 3001})
    assert error["code"] == "amount_too_large"
    client.ok("POST", path, {"amount_to_capture": 1200})
    row = client.ledger_row(intent)
    assert (row["held"], row["captured"], row["refunded"]) == (0, 1200, 0)
    client.ok("POST", "refunds", {"payment_intent": intent["id"]})
    assert client.ledger_row(intent)["refunded"] == 1200


def test_cancelled_hold_is_no_refund_in_the_ledger(client):
    intent = client.paid(capture_method="manual")
    cancelled = client.ok("POST", f"payment_intents/{intent['id']}/cancel")
    assert (cancelled["status"], cancelled["amount_capturable"]) == ("canceled", 0)
    row = client.ledger_row(intent)
    assert (row["held"], row["captured"], row["refunded"]) == (0, 0, 0)
    # Stripe shows it as a refund of the charge that was never captured.
    charge = cancelled["charges"]["data"][0]
    assert (charge["captured"], charge["refunded"]) == (False, True)
    for verb in ("cancel", "capture", "confirm"):
        error = client.refused("POST", f"payment_intents/{intent['id']}/{verb}")
        assert error["code"] == "payment_intent_unexpected_state"


def test_paid_intent_cannot_be_cancelled(client):
    error = client.refused("POST", f"payment_intents/{client.paid()['id']}/cancel")
    assert "status of succeeded" in error["message"]


def test_hold_needs_a_method_that_can_hold(client):
    error = client.refused("POST", "payment_intents", {
        "amount": 3000, "currency": "eur", "capture_method": "manual",
        "payment_method_types[]": "sepa_debit",
    })
    assert error["param"] == "payment_method_types"


# === STRIPE.JS AND ITS CARDS === #

def test_browser_pays_with_the_client_secret(client):
    intent = client.intent()
    response = client.browser_confirm(intent, "4242 4242 4242 4242")
    assert response.status_code == 200
    shown = response.json()
    assert shown["status"] == "succeeded"
    assert not {"charges", "customer", "metadata"} & set(shown)


def test_wrong_client_secret_is_refused(client):
    intent, other = client.intent(), client.intent()
    for secret in (f"{intent['id']}_secret_x", other["client_secret"]):
        response = client.browser_confirm(intent, "4242424242424242", client_secret=secret)
        assert response.status_code in (400, 404)
    assert client.ledger_row(intent)["captured"] == 0


@pytest.mark.parametrize(("number", "code", "decline_code", "message"), [
    ("4000000000000002", "card_declined", "generic_decline", "Your card was declined."),
    ("4000000000009995", "card_declined", "insufficient_funds",
     "Your card has insufficient funds."),
    ("4000000000000069", "expired_card", None, "Your card has expired."),
    ("4111111111111111", "card_declined", "test_mode_live_card", None),
])
def test_declined_card_leaves_the_intent_open_for_another(
    client, number, code, decline_code, message
):
    intent = client.intent()
    response = client.browser_confirm(intent, number)
    assert response.status_code == 402
    error = response.json()["error"]
    assert (error["type"], error["code"], error.get("decline_code")) == (
        "card_error", code, decline_code
    )
    assert message is None or error["message"] == message
    shown = client.ok("GET", f"payment_intents/{intent['id']}")
    assert shown["status"] == "requires_payment_method"
    assert shown["last_payment_error"]["message"] == error["message"]
    assert shown["charges"]["data"][0]["status"] == "failed"
    assert client.browser_confirm(intent, "4242424242424242").json()["status"] == "succeeded"
    assert client.ledger_row(intent)["captured"] == 3000


@pytest.mark.parametrize(("number", "code"), [
    ("4242424242424241", "incorrect_number"), ("none", "incorrect_number"),
])
def test_malformed_card_number(client, number, code):
    response = client.browser_confirm(client.intent(), number)
    assert (response.status_code, response.json()["error"]["code"]) == (402, code)


@pytest.mark.parametrize(("answer", "redirect_status", "status", "captured"), [
    ("complete", "succeeded", "succeeded", 3000),
    ("fail", "failed", "requires_payment_method", 0),
])
def test_three_d_secure_sends_the_payer_back(
    client, answer, redirect_status, status, captured
):
    intent = client.intent()
    shown = client.browser_confirm(intent, "4000002760003184").json()
    assert shown["status"] == "requires_action"
    url = shown["next_action"]["redirect_to_url"]["url"]
    assert "TEST 3-D Secure" in client.session.get(url, timeout=10).text
    response = client.session.post(
        url, data={"outcome": answer}, timeout=10, allow_redirects=False
    )
    assert response.status_code == 303
    assert response.headers["Location"] == (
        f"http://127.0.0.1:8069/payment/stripe/return?reference=BOOK%2F0001"
        f"&payment_intent={intent['id']}&payment_intent_client_secret={intent['client_secret']}"
        f"&redirect_status={redirect_status}"
    )
    assert client.ok("GET", f"payment_intents/{intent['id']}")["status"] == status
    assert client.ledger_row(intent)["captured"] == captured
    assert "nothing to answer" in client.session.post(url, data={}, timeout=10).text


def test_three_d_secure_page_needs_the_client_secret(client):
    intent = client.intent()
    client.browser_confirm(intent, "4000002760003184")
    url = f"{client.double.url}/3ds/{intent['id']}?client_secret=guess"
    response = client.session.post(url, data={"outcome": "complete"}, timeout=10)
    assert response.status_code == 404
    assert client.ledger_row(intent)["captured"] == 0


@pytest.mark.parametrize(("outcome", "status", "captured"), [
    (None, "succeeded", 3000), ("failed", "requires_payment_method", 0),
])
def test_processing_payment_is_settled_later(client, outcome, status, captured):
    intent = client.intent()
    shown = client.browser_confirm(intent, "4000000000007775").json()
    assert shown["status"] == "processing"
    assert client.ledger_row(intent)["captured"] == 0
    settled = client.double.settle(payment_intent=intent["id"], outcome=outcome)
    assert settled["status"] == status
    assert client.ledger_row(intent)["captured"] == captured


@pytest.mark.parametrize(("iban", "status"), [
    ("DE89370400440532013000", "succeeded"),
    ("AT861904300235473202", "requires_payment_method"),
])
def test_bank_debit_is_processing_for_days(client, iban, status):
    intent = client.intent(**{"payment_method_types[]": "sepa_debit"})
    shown = client.ok("POST", f"payment_intents/{intent['id']}/confirm", {
        "payment_method_data[type]": "sepa_debit",
        "payment_method_data[sepa_debit][iban]": iban,
    })
    assert shown["status"] == "processing"
    assert client.double.settle(payment_intent=intent["id"])["status"] == status


@pytest.mark.parametrize(("name", "value"), [
    ("amount", "2999"), ("currency", "usd"), ("capture_method", "manual"),
    ("setup_future_usage", "off_session"), ("payment_method_types][", "sepa_debit"),
])
def test_elements_that_disagree_with_the_intent_are_refused(client, name, value):
    intent = client.intent()
    elements = {
        "deferred_intent[mode]": "payment", "deferred_intent[amount]": "3000",
        "deferred_intent[currency]": "eur", "deferred_intent[capture_method]": "automatic",
    }
    response = client.browser_confirm(
        intent, "4242424242424242", **{**elements, f"deferred_intent[{name}]": value}
    )
    assert response.status_code == 400
    assert "does not match the expected" in response.json()["error"]["message"]
    assert client.ledger_row(intent)["captured"] == 0
    assert client.browser_confirm(intent, "4242424242424242", **elements).status_code == 200


def test_only_pages_of_this_machine_may_call_from_a_browser(client):
    url = f"{client.double.url}/v1/elements/sessions?key={client.double.publishable_key}"
    for origin, allowed in [("http://localhost:8069", True), ("https://example.com", False)]:
        response = client.session.get(url, headers={"Origin": origin}, timeout=10)
        assert (response.headers.get("Access-Control-Allow-Origin") == origin) is allowed


# === SAVED CARDS === #

def test_saved_card_is_charged_off_session(client):
    customer = client.ok("POST", "customers", {"name": "Norbert Buyer"})
    first = client.paid(customer=customer["id"], setup_future_usage="off_session")
    methods = client.ok("GET", f"customers/{customer['id']}/payment_methods")["data"]
    assert [method["id"] for method in methods] == [first["payment_method"]]
    data = {
        "amount": 1000, "currency": "eur", "confirm": True, "off_session": True,
        "payment_method": first["payment_method"], "payment_method_types[]": "card",
    }
    client.refused("POST", "payment_intents", data)  # Not without its owner.
    again = client.ok("POST", "payment_intents", {**data, "customer": customer["id"]})
    assert again["status"] == "succeeded"


def test_off_session_charge_that_needs_the_client_is_declined(client):
    customer = client.ok("POST", "customers", {"name": "Norbert Buyer"})
    error = client.refused("POST", "payment_intents", {
        "amount": 1000, "currency": "eur", "confirm": True, "off_session": True,
        "customer": customer["id"], "payment_method": "pm_card_authenticationRequired",
    }, status=402)
    assert error["code"] == "authentication_required"
    assert error["payment_intent"]["status"] == "requires_payment_method"


# === REFUNDS === #

def test_refund_in_parts_and_no_further(client):
    intent = client.paid()
    data = {"payment_intent": intent["id"], "amount": 1000}
    refund = client.ok("POST", "refunds", data)
    assert (refund["status"], refund["payment_intent"]) == ("succeeded", intent["id"])
    error = client.refused("POST", "refunds", {**data, "amount": 2001})
    assert error["message"] == (
        "Refund amount (€20.01) is greater than unrefunded amount on charge (€20.00)"
    )
    error = client.refused("POST", "refunds", {**data, "amount": 3001})
    assert "greater than charge amount (€30.00)" in error["message"]
    rest = client.ok("POST", "refunds", {"payment_intent": intent["id"]})
    assert rest["amount"] == 2000
    error = client.refused("POST", "refunds", {"payment_intent": intent["id"]})
    assert error["code"] == "charge_already_refunded"
    assert client.ledger_row(intent)["refunded"] == 3000
    listed = client.ok("GET", "refunds", {"charge": refund["charge"], "limit": 1})
    assert ([row["id"] for row in listed["data"]], listed["has_more"]) == ([rest["id"]], True)
    following = {"charge": refund["charge"], "starting_after": rest["id"], "limit": 100}
    listed = client.ok("GET", "refunds", following)
    assert ([row["id"] for row in listed["data"]], listed["has_more"]) == ([refund["id"]], False)


def test_refunds_at_once_never_exceed_the_charge(client):
    intent = client.paid()
    data = {"payment_intent": intent["id"], "amount": 1000}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _n: client.post("refunds", data), range(16)))
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [400] * 13
    assert client.ledger_row(intent)["refunded"] == 3000


def test_what_was_not_captured_is_not_refunded(client):
    for intent in (client.paid(capture_method="manual"), client.intent()):
        client.refused("POST", "refunds", {"payment_intent": intent["id"]})
        assert client.ledger_row(intent)["refunded"] == 0


def test_refund_of_a_bank_debit_can_fail_later(client):
    intent = client.intent(**{"payment_method_types[]": "sepa_debit"})
    client.ok("POST", f"payment_intents/{intent['id']}/confirm", {
        "payment_method_data[type]": "sepa_debit",
        "payment_method_data[sepa_debit][iban]": "DE89370400440532013000",
    })
    client.double.settle(payment_intent=intent["id"])
    refund = client.ok("POST", "refunds", {"payment_intent": intent["id"]})
    assert refund["status"] == "pending"
    assert client.double.settle(refund=refund["id"], outcome="failed")["status"] == "failed"
    assert client.ledger_row(intent)["refunded"] == 0
