"""The stand-in's clock: what lapses, expires and becomes available as time goes by."""

import json
import time

import pytest

DAY = 24 * 3600


@pytest.fixture
def held(client):
    return client.paid(capture_method="manual")


def test_the_clock_moves_what_is_dated(client, inbox):
    client.double.webhook(inbox.url, "whsec_time")
    before = client.double.now()
    moved = client.double.clock(advance=30 * DAY)
    assert moved["now"] - before in range(30 * DAY, 30 * DAY + 30)
    intent = client.paid(capture_method="manual")
    assert abs(intent["created"] - time.time() - 30 * DAY) < 30
    card = intent["charges"]["data"][0]["payment_method_details"]["card"]
    assert card["capture_before"] - intent["created"] in range(7 * DAY, 7 * DAY + 30)
    header, body = inbox.next()
    timestamp = int(header.split(",")[0].removeprefix("t="))
    assert abs(timestamp - time.time() - 30 * DAY) < 30
    assert abs(json.loads(body)["created"] - timestamp) < 30


def test_the_clock_is_set_to_a_moment_and_back_by_a_reset(client):
    assert client.double.clock(at=2_000_000_000)["now"] == 2_000_000_000
    client.double.reset()
    assert abs(client.double.now() - time.time()) < 30


def assert_lapsed(client, inbox, held):
    intent = client.ok("GET", f"payment_intents/{held['id']}")
    assert (intent["status"], intent["cancellation_reason"]) == ("canceled", "automatic")
    assert intent["amount_capturable"] == 0
    charge = intent["charges"]["data"][0]
    assert (charge["captured"], charge["refunded"]) == (False, True)
    assert charge["refunds"]["data"][0]["reason"] == "expired_uncaptured_charge"
    row = client.ledger_row(held)
    assert (row["held"], row["captured"], row["refunded"]) == (0, 0, 0)
    events = [json.loads(inbox.next()[1]) for _ in range(2)]
    assert [event["type"] for event in events] == ["charge.expired", "payment_intent.canceled"]
    assert events[1]["data"]["object"]["cancellation_reason"] == "automatic"
    assert [event["request"]["id"] for event in events] == [None, None]
    error = client.refused("POST", f"payment_intents/{held['id']}/capture")
    assert error["code"] == "payment_intent_unexpected_state"


LAPSED = ["charge.expired", "payment_intent.canceled"]


def test_a_hold_lapses_when_its_time_is_over(client, inbox, held):
    client.double.webhook(inbox.url, "whsec_time", enabled_events=LAPSED)
    assert client.double.clock(advance=7 * DAY - 600)["lapsed"] == []
    assert client.ok("GET", f"payment_intents/{held['id']}")["status"] == "requires_capture"
    assert client.double.clock(advance=660)["lapsed"] == [held["id"]]
    assert_lapsed(client, inbox, held)


def test_a_hold_lapses_on_command(client, inbox, held):
    client.double.webhook(inbox.url, "whsec_time", enabled_events=LAPSED)
    assert client.double.lapse(held["id"])["status"] == "canceled"
    assert_lapsed(client, inbox, held)


def test_a_hold_of_a_connected_account_lapses_there(client, inbox):
    account = client.ok("POST", "accounts", {"type": "standard"})["id"]
    client.double.webhook(inbox.url, "whsec_time", connect=True, enabled_events=LAPSED)
    held = client.paid(capture_method="manual", Stripe_Account=account)
    assert client.double.clock(advance=8 * DAY)["lapsed"] == [held["id"]]
    assert json.loads(inbox.next()[1])["account"] == account


def test_what_was_captured_in_time_does_not_lapse(client, held):
    client.ok("POST", f"payment_intents/{held['id']}/capture")
    assert client.double.clock(advance=30 * DAY)["lapsed"] == []
    assert client.ledger_row(held)["captured"] == 3000


def test_a_key_lives_for_a_day(client):
    data = {"amount": 3000, "currency": "eur"}
    first = client.post("payment_intents", data, idempotency_key="k1").json()["id"]
    client.double.clock(advance=DAY - 60)
    assert client.post("payment_intents", data, idempotency_key="k1").json()["id"] == first
    client.double.clock(advance=61)
    again = client.post("payment_intents", {**data, "amount": 3100}, idempotency_key="k1").json()
    assert again["id"] != first
    assert again["amount"] == 3100


def test_money_becomes_available(client):
    client.paid(10_000)
    balance = client.ok("GET", "balance")
    assert (balance["available"][0]["amount"], balance["pending"][0]["amount"]) == (0, 9825)
    [entry] = client.ok("GET", "balance_transactions")["data"]
    assert entry["status"] == "pending"
    client.double.clock(advance=2 * DAY + 60)
    balance = client.ok("GET", "balance")
    assert (balance["available"][0]["amount"], balance["pending"][0]["amount"]) == (9825, 0)
    path = f"balance_transactions/{entry['id']}"
    assert client.ok("GET", path)["status"] == "available"
