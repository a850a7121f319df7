"""The stand-in answers as Stripe does, as far as Odoo's `payment_stripe` and the addon ask."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

CARD = {
    "payment_method_data[type]": "card",
    "payment_method_data[card][exp_month]": "12",
    "payment_method_data[card][exp_year]": "40",
    "payment_method_data[card][cvc]": "123",
}


def browser_confirm(client, intent, number, **values):
    """Confirm as Stripe.js does: with the publishable key and the client secret."""
    return client.post(
        f"payment_intents/{intent['id']}/confirm",
        {
            "client_secret": intent["client_secret"],
            "return_url": "http://127.0.0.1:8069/payment/stripe/return?reference=BOOK%2F0001",
            **CARD, "payment_method_data[card][number]": number, **values,
        },
        key=client.double.publishable_key,
    )


def ledger_row(client, intent):
    rows = client.double.ledger()["intents"]
    return next(row for row in rows if row["id"] == intent["id"])


# === KEYS AND ROUTES === #

@pytest.mark.parametrize("key", ["sk_test_wrong_key_0001", "nonsense"])
def test_another_key_is_refused(client, key):
    error = client.refused("GET", "customers/cus_1", key=key, status=401)
    assert error["type"] == "invalid_request_error"
    assert error["message"].startswith("Invalid API Key provided: ")
    assert key not in error["message"]


def test_no_key_is_refused(client):
    response = client.session.get(f"{client.double.url}/v1/customers/cus_1", timeout=10)
    assert response.status_code == 401
    assert "You did not provide an API key" in response.json()["error"]["message"]


def test_publishable_key_opens_only_what_stripe_js_needs(client):
    key = client.double.publishable_key
    for method, path in [("POST", "refunds"), ("POST", "payment_intents"), ("GET", "charges")]:
        error = client.refused(method, path, key=key, status=401)
        assert error["code"] == "secret_key_required"


def test_unknown_address_is_not_found(client):
    error = client.refused("POST", "payment_intent", {"amount": 1}, status=404)
    assert "Unrecognized request URL" in error["message"]


def test_what_stripe_has_and_the_stand_in_has_not_is_said_to_be_missing(client):
    assert client.refused("POST", "accounts", status=501)["type"] == "stand_in_error"
    data = {"amount": 3000, "currency": "eur", "application_fee_amount": 100}
    assert client.refused("POST", "payment_intents", data, status=501)["type"] == "stand_in_error"
    error = client.refused("GET", "customers/cus_1", status=501, Stripe_Account="acct_1")
    assert error["type"] == "stand_in_error"


# === PARAMETERS === #

@pytest.mark.parametrize(("values", "param", "code"), [
    ({"amout": 1}, "amout", "parameter_unknown"),
    ({"shipping[adress]": "x"}, "shipping[adress]", "parameter_unknown"),
    ({"amount": None}, "amount", "parameter_missing"),
    ({"currency": ""}, "currency", "parameter_invalid_empty"),
    ({"amount": "10.99"}, "amount", "parameter_invalid_integer"),
    ({"amount": "-3000"}, "amount", "parameter_invalid_integer"),
    ({"amount": "49"}, "amount", "amount_too_small"),
    ({"amount": "100000000"}, "amount", "amount_too_large"),
    ({"currency": "xxx"}, "currency", None),
    ({"capture_method": "later"}, "capture_method", None),
    ({"confirm": "yes"}, "confirm", None),
    ({"customer": "cus_missing"}, "customer", "resource_missing"),
    ({"return_url": "javascript:alert(1)"}, "return_url", "url_invalid"),
])
def test_invalid_parameters_are_refused_and_change_nothing(client, values, param, code):
    data = {"amount": 3000, "currency": "eur", **values}
    error = client.refused("POST", "payment_intents", data)
    assert (error["type"], error["param"], error.get("code")) == (
        "invalid_request_error", param, code
    )
    assert not client.double.ledger()["intents"]


@pytest.mark.parametrize(("amount", "currency", "message"), [
    (49, "eur", "Amount must be at least €0.50 eur"),
    (49, "jpy", "Amount must be at least ¥50 jpy"),
    (299, "sek", "Amount must be at least 3.00 sek sek"),
])
def test_smallest_charge_by_currency(client, amount, currency, message):
    data = {"amount": amount, "currency": currency}
    assert client.refused("POST", "payment_intents", data)["message"] == message


@pytest.mark.parametrize(("amount", "currency", "accepted"), [
    (5120, "kwd", True), (5124, "kwd", False), (50, "jpy", True), (5000, "isk", True),
    (5050, "isk", False),
])
def test_amounts_of_currencies_without_cents(client, amount, currency, accepted):
    response = client.post("payment_intents", {"amount": amount, "currency": currency})
    assert (response.status_code == 200) is accepted, response.text


def test_json_body_is_refused(client):
    error = client.refused(
        "POST", "customers", json.dumps({"name": "x"}), Content_Type="application/json"
    )
    assert "application/x-www-form-urlencoded" in error["message"]


# === CUSTOMERS === #

def test_customer_is_created_read_and_updated(client):
    customer = client.ok("POST", "customers", {
        "name": "Norbert Buyer", "email": "norbert@example.com", "phone": "+32",
        "address[city]": "Brussels", "address[country]": "BE", "metadata[a]": "1",
    })
    assert customer["id"].startswith("cus_")
    assert customer["address"] == {"city": "Brussels", "country": "BE"}
    client.ok("POST", f"customers/{customer['id']}", {"metadata[a]": "", "metadata[b]": "2"})
    assert client.ok("GET", f"customers/{customer['id']}")["metadata"] == {"b": "2"}


def test_missing_object_is_not_found(client):
    error = client.refused("GET", "customers/cus_missing", status=404)
    assert (error["code"], error["message"]) == (
        "resource_missing", "No such customer: 'cus_missing'"
    )
    error = client.refused("GET", "payment_intents/pi_missing", status=404)
    assert error["param"] == "intent"


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
    row = ledger_row(client, intent)
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
    assert ledger_row(client, intent)["held"] == 3000
    captured = client.ok("POST", f"payment_intents/{intent['id']}/capture")
    assert (captured["status"], captured["amount_received"]) == ("succeeded", 3000)
    row = ledger_row(client, intent)
    assert (row["held"], row["captured"]) == (0, 3000)
    error = client.refused("POST", f"payment_intents/{intent['id']}/capture")
    assert "already been captured" in error["message"]


def test_partial_capture_lets_go_of_the_rest(client):
    intent = client.paid(capture_method="manual")
    path = f"payment_intents/{intent['id']}/capture"
    error = client.refused("POST", path, {"amount_to_capture": 3001})
    assert error["code"] == "amount_too_large"
    client.ok("POST", path, {"amount_to_capture": 1200})
    row = ledger_row(client, intent)
    assert (row["held"], row["captured"], row["refunded"]) == (0, 1200, 0)
    client.ok("POST", "refunds", {"payment_intent": intent["id"]})
    assert ledger_row(client, intent)["refunded"] == 1200


def test_cancelled_hold_is_no_refund_in_the_ledger(client):
    intent = client.paid(capture_method="manual")
    cancelled = client.ok("POST", f"payment_intents/{intent['id']}/cancel")
    assert (cancelled["status"], cancelled["amount_capturable"]) == ("canceled", 0)
    row = ledger_row(client, intent)
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
    response = browser_confirm(client, intent, "4242 4242 4242 4242")
    assert response.status_code == 200
    shown = response.json()
    assert shown["status"] == "succeeded"
    assert not {"charges", "customer", "metadata"} & set(shown)


def test_wrong_client_secret_is_refused(client):
    intent, other = client.intent(), client.intent()
    for secret in (f"{intent['id']}_secret_x", other["client_secret"]):
        response = browser_confirm(client, intent, "4242424242424242", client_secret=secret)
        assert response.status_code in (400, 404)
    assert ledger_row(client, intent)["captured"] == 0


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
    response = browser_confirm(client, intent, number)
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
    assert browser_confirm(client, intent, "4242424242424242").json()["status"] == "succeeded"
    assert ledger_row(client, intent)["captured"] == 3000


@pytest.mark.parametrize(("number", "code"), [
    ("4242424242424241", "incorrect_number"), ("none", "incorrect_number"),
])
def test_malformed_card_number(client, number, code):
    response = browser_confirm(client, client.intent(), number)
    assert (response.status_code, response.json()["error"]["code"]) == (402, code)


@pytest.mark.parametrize(("answer", "redirect_status", "status", "captured"), [
    ("complete", "succeeded", "succeeded", 3000),
    ("fail", "failed", "requires_payment_method", 0),
])
def test_three_d_secure_sends_the_payer_back(
    client, answer, redirect_status, status, captured
):
    intent = client.intent()
    shown = browser_confirm(client, intent, "4000002760003184").json()
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
    assert ledger_row(client, intent)["captured"] == captured
    assert "nothing to answer" in client.session.post(url, data={}, timeout=10).text


def test_three_d_secure_page_needs_the_client_secret(client):
    intent = client.intent()
    browser_confirm(client, intent, "4000002760003184")
    url = f"{client.double.url}/3ds/{intent['id']}?client_secret=guess"
    response = client.session.post(url, data={"outcome": "complete"}, timeout=10)
    assert response.status_code == 404
    assert ledger_row(client, intent)["captured"] == 0


@pytest.mark.parametrize(("outcome", "status", "captured"), [
    (None, "succeeded", 3000), ("failed", "requires_payment_method", 0),
])
def test_processing_payment_is_settled_later(client, outcome, status, captured):
    intent = client.intent()
    shown = browser_confirm(client, intent, "4000000000007775").json()
    assert shown["status"] == "processing"
    assert ledger_row(client, intent)["captured"] == 0
    settled = client.double.settle(payment_intent=intent["id"], outcome=outcome)
    assert settled["status"] == status
    assert ledger_row(client, intent)["captured"] == captured


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
    response = browser_confirm(
        client, intent, "4242424242424242", **{**elements, f"deferred_intent[{name}]": value}
    )
    assert response.status_code == 400
    assert "does not match the expected" in response.json()["error"]["message"]
    assert ledger_row(client, intent)["captured"] == 0
    assert browser_confirm(client, intent, "4242424242424242", **elements).status_code == 200


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
    assert ledger_row(client, intent)["refunded"] == 3000
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
    assert ledger_row(client, intent)["refunded"] == 3000


def test_what_was_not_captured_is_not_refunded(client):
    for intent in (client.paid(capture_method="manual"), client.intent()):
        client.refused("POST", "refunds", {"payment_intent": intent["id"]})
        assert ledger_row(client, intent)["refunded"] == 0


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
    assert ledger_row(client, intent)["refunded"] == 0


# === IDEMPOTENCY === #

def test_key_replays_the_first_result(client):
    data = {"amount": 3000, "currency": "eur"}
    first = client.post("payment_intents", data, idempotency_key="k1")
    second = client.post("payment_intents", data, idempotency_key="k1")
    assert second.json() == first.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert len(client.double.ledger()["intents"]) == 1


def test_key_replays_a_decline(client):
    intent = client.intent()
    path, data = f"payment_intents/{intent['id']}/confirm", {"payment_method": "pm_card_visa"}
    declined = {"payment_method": "pm_card_chargeDeclined"}
    first = client.refused("POST", path, declined, status=402, idempotency_key="k1")
    client.ok("POST", path, data, idempotency_key="k2")
    again = client.refused("POST", path, declined, status=402, idempotency_key="k1")
    assert again == first


def test_key_with_other_parameters_is_refused(client):
    client.post("payment_intents", {"amount": 3000, "currency": "eur"}, idempotency_key="k1")
    data = {"amount": 3001, "currency": "eur"}
    error = client.refused("POST", "payment_intents", data, idempotency_key="k1")
    assert error["type"] == "idempotency_error"
    error = client.refused("POST", "customers", {}, idempotency_key="k1")
    assert error["type"] == "idempotency_error"
    assert len(client.double.ledger()["intents"]) == 1


def test_refused_parameters_do_not_use_the_key_up(client):
    client.refused("POST", "refunds", {"bogus": 1}, idempotency_key="k1")
    refund = {"payment_intent": client.paid()["id"]}
    client.ok("POST", "refunds", refund, idempotency_key="k1")


def test_one_key_sent_at_once_makes_one_object(client):
    intent = client.paid()
    data = {"payment_intent": intent["id"], "amount": 1000}
    with ThreadPoolExecutor(8) as pool:
        ids = {answer.json()["id"] for answer in pool.map(
            lambda _n: client.post("refunds", data, idempotency_key="k1"), range(16)
        )}
    assert len(ids) == 1
    assert ledger_row(client, intent)["refunded"] == 1000


# === CONTROLS === #

def test_requests_are_written_down_without_card_numbers(client):
    intent = client.intent()
    client.post("customers", {"name": "Norbert"}, idempotency_key="k1")
    browser_confirm(client, intent, "4242424242424242")
    requests = client.double.requests()
    assert [(row["method"], row["path"], row["status"]) for row in requests] == [
        ("POST", "/v1/payment_intents", 200), ("POST", "/v1/customers", 200),
        ("POST", f"/v1/payment_intents/{intent['id']}/confirm", 200),
    ]
    assert requests[0]["params"]["expand"] == ["payment_method"]
    assert requests[1]["idempotency_key"] == "k1"
    assert requests[2]["key"] == "publishable"
    assert "4242424242424242" not in json.dumps(requests)
    assert requests[2]["params"]["payment_method_data"]["card"]["cvc"] == "***"


def test_reset_forgets(client):
    client.paid()
    client.post("customers", {}, idempotency_key="k1")
    client.double.reset()
    assert client.double.ledger()["intents"] == []
    assert client.double.requests() == []
    client.ok("POST", "customers", {"name": "other"}, idempotency_key="k1")


def test_controls_are_not_for_web_pages(client):
    response = client.session.get(
        f"{client.double.url}/_double/ledger", headers={"Origin": "http://localhost:8069"},
        timeout=10,
    )
    assert "Access-Control-Allow-Origin" not in response.headers
