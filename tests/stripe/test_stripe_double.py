"""The stand-in answers as Stripe does, as far as Odoo's `payment_stripe` and the addon ask."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

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
    assert client.refused("POST", "invoices", status=501)["type"] == "stand_in_error"
    data = {"amount": 3000, "currency": "eur", "application_fee_amount": 100}
    assert client.refused("POST", "payment_intents", data, status=501)["type"] == "stand_in_error"


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


def test_expansion(client):
    intent = client.paid()
    path = f"payment_intents/{intent['id']}"
    shown = client.ok("GET", path, {"expand[]": ["latest_charge.payment_method", "customer"]})
    assert shown["latest_charge"]["payment_method"]["card"]["brand"] == "visa"
    assert shown["customer"] is None
    for name in ("amount", "status", "bogus", "currency.x"):
        error = client.refused("GET", path, {"expand[]": name})
        assert error["message"] == f"This property cannot be expanded ({name})."


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
    assert client.ledger_row(intent)["refunded"] == 1000


# === CONTROLS === #

def test_requests_are_written_down_without_card_numbers(client):
    intent = client.intent()
    client.post("customers", {"name": "Norbert"}, idempotency_key="k1")
    client.browser_confirm(intent, "4242424242424242")
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
