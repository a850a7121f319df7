"""What the stand-in owes the practice: fees, failed refunds, payouts; and how the API shows it."""

import json

import pytest
import stripe

DAY = 24 * 3600


def total(client, currency="eur"):
    return client.double.ledger()["totals"][currency]


def test_a_charge_is_booked_with_its_fee(client):
    intent = client.paid(10_000)
    charge = intent["charges"]["data"][0]
    entry = client.ok("GET", f"balance_transactions/{charge['balance_transaction']}")
    assert (entry["amount"], entry["fee"], entry["net"]) == (10_000, 175, 9825)
    assert (entry["type"], entry["source"]) == ("charge", charge["id"])
    assert entry["fee_details"][0]["type"] == "stripe_fee"
    assert (total(client)["net"], total(client)["fees"]) == (10_000, 175)


def test_a_hold_is_booked_when_it_is_captured(client):
    held = client.paid(capture_method="manual")
    assert held["charges"]["data"][0]["balance_transaction"] is None
    assert client.ok("GET", "balance_transactions")["data"] == []
    client.ok("POST", f"payment_intents/{held['id']}/capture", {"amount_to_capture": 1000})
    [entry] = client.ok("GET", "balance_transactions")["data"]
    assert (entry["amount"], entry["fee"]) == (1000, 40)


@pytest.mark.parametrize(("currency", "fee"), [("jpy", 75), ("kwd", 325), ("usd", 100)])
def test_fees_in_other_currencies(client, currency, fee):
    client.paid(5000, currency)
    assert total(client, currency)["fees"] == fee


def test_a_refund_is_booked_and_the_fee_is_kept(client):
    intent = client.paid(10_000)
    refund = client.ok("POST", "refunds", {"payment_intent": intent["id"], "amount": 4000})
    entry = client.ok("GET", f"balance_transactions/{refund['balance_transaction']}")
    assert (entry["type"], entry["amount"], entry["fee"]) == ("refund", -4000, 0)
    assert total(client) == {
        "held": 0, "captured": 10_000, "refunded": 4000, "disputed": 0, "net": 6000, "fees": 175,
        "paid_out": 0, "balance": 5825,
    }


FAILED = ["charge.refund.updated", "refund.updated", "refund.failed"]


@pytest.mark.parametrize(("method", "first", "outcome", "events", "refunded"), [
    ("pm_card_pendingRefund", "pending", "succeeded", FAILED[:2], 3000),
    ("pm_card_pendingRefund", "pending", "failed", FAILED, 0),
    ("pm_card_refundFail", "succeeded", "failed", FAILED, 0),
])
def test_a_refund_that_is_decided_later(client, inbox, method, first, outcome, events, refunded):
    intent = client.paid(method=method)
    refund = client.ok("POST", "refunds", {"payment_intent": intent["id"]})
    assert refund["status"] == first
    client.double.webhook(inbox.url, "whsec_refunds")
    client.double.settle(refund=refund["id"], outcome=outcome)
    assert inbox.types(len(events)) == events
    shown = client.ok("GET", f"refunds/{refund['id']}")
    assert shown["status"] == outcome
    failed = outcome == "failed"
    assert shown.get("failure_reason") == ("expired_or_canceled_card" if failed else None)
    assert client.ledger_row(intent)["refunded"] == refunded
    assert total(client)["net"] == 3000 - refunded
    booked = client.ok("GET", "balance_transactions", {"type": "refund_failure"})["data"]
    assert len(booked) == failed


def test_a_refund_gets_metadata(client):
    refund = client.ok("POST", "refunds", {"payment_intent": client.paid()["id"]})
    client.ok("POST", f"refunds/{refund['id']}", {"metadata[reference]": "R-1"})
    assert client.ok("GET", "refunds")["data"][0]["metadata"] == {"reference": "R-1"}


# === PAYOUTS === #

def test_a_payout_takes_what_is_available(client, inbox):
    client.paid(10_000)
    error = client.refused("POST", "payouts", {"amount": 1, "currency": "eur"})
    assert error["code"] == "balance_insufficient"
    client.double.clock(advance=3 * DAY)
    client.double.webhook(inbox.url, "whsec_payouts")
    payout = client.ok("POST", "payouts", {"amount": 9000, "currency": "eur"})
    assert payout["status"] == "pending"
    client.double.settle(payout=payout["id"])
    assert inbox.types(2) == ["payout.created", "payout.paid"]
    assert client.ok("GET", f"payouts/{payout['id']}")["status"] == "paid"
    assert (total(client)["paid_out"], total(client)["balance"]) == (9000, 825)


def test_a_payout_that_fails_or_is_cancelled_comes_back(client):
    client.paid(10_000)
    client.double.clock(advance=3 * DAY)
    failed = client.ok("POST", "payouts", {"amount": 9000, "currency": "eur"})
    client.double.settle(payout=failed["id"], outcome="failed")
    cancelled = client.ok("POST", "payouts", {"amount": 9000, "currency": "eur"})
    client.ok("POST", f"payouts/{cancelled['id']}/cancel")
    client.refused("POST", f"payouts/{cancelled['id']}/cancel")
    statuses = [payout["status"] for payout in client.ok("GET", "payouts")["data"]]
    assert statuses == ["canceled", "failed"]
    assert (total(client)["paid_out"], total(client)["balance"]) == (0, 9825)


# === THE TWO GENERATIONS OF ANSWERS === #

def test_old_and_new_shapes(client):
    intent = client.paid()
    client.ok("POST", "refunds", {"payment_intent": intent["id"], "amount": 1000})
    charge = intent["charges"]["data"][0]["id"]
    old = client.ok("GET", f"charges/{charge}")
    assert old["refunds"]["data"][0]["amount"] == 1000
    assert old["invoice"] is None
    new = client.ok("GET", f"charges/{charge}", Stripe_Version=stripe.api_version)
    assert not {"refunds", "invoice"} & set(new)
    asked = client.ok("GET", f"charges/{charge}", {"expand[]": "refunds"},
                      Stripe_Version=stripe.api_version)
    assert asked["refunds"]["data"][0]["amount"] == 1000
    shown = client.ok("GET", f"payment_intents/{intent['id']}", {"expand[]": "latest_charge"},
                      Stripe_Version=stripe.api_version)
    assert not {"charges", "invoice"} & set(shown)
    assert shown["latest_charge"]["amount_refunded"] == 1000


def test_an_endpoint_gets_the_shapes_of_its_version(client, inbox):
    client.double.webhook(inbox.url, "whsec_shapes", enabled_events=["charge.refunded"],
                          api_version=stripe.api_version)
    client.double.webhook(inbox.url, "whsec_shapes", enabled_events=["charge.refunded"],
                          api_version="2019-05-16", add=True)
    client.ok("POST", "refunds", {"payment_intent": client.paid()["id"]})
    events = [json.loads(inbox.next()[1]) for _ in range(2)]
    assert events[0]["id"] == events[1]["id"]
    shapes = {event["api_version"]: "refunds" in event["data"]["object"] for event in events}
    assert shapes == {stripe.api_version: False, "2019-05-16": True}


def test_parameters_that_the_newest_version_has_let_go_of(client):
    data = {"amount": 3000, "currency": "eur", "payment_method_types[]": "card"}
    error = client.refused("POST", "payment_intents", data, Stripe_Version=stripe.api_version)
    assert (error["code"], error["param"]) == ("parameter_unknown", "payment_method_types")
    assert client.ok("POST", "payment_intents", data)["payment_method_types"] == ["card"]
