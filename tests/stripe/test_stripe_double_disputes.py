"""Disputes at the stand-in, and what the practice does in Stripe's dashboard."""

import json

import pytest

EVENTS = [
    "charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.closed",
    "charge.dispute.funds_reinstated",
]


def test_a_dispute_takes_the_money_back_and_a_fee(client, inbox):
    intent = client.paid(10_000)
    client.double.webhook(inbox.url, "whsec_disputes")
    dispute = client.double.dispute(payment_intent=intent["id"])
    assert (dispute["amount"], dispute["status"]) == (10_000, "needs_response")
    assert inbox.types(2) == EVENTS[:2]
    assert client.ok("GET", f"charges/{dispute['charge']}")["disputed"] is True
    row = client.ledger_row(intent)
    assert (row["captured"], row["refunded"], row["disputed"]) == (10_000, 0, 10_000)
    total = client.double.ledger()["totals"]["eur"]
    assert (total["net"], total["fees"], total["balance"]) == (0, 175 + 2000, -2175)
    error = client.refused("POST", "refunds", {"payment_intent": intent["id"]})
    assert error["code"] == "charge_disputed"


@pytest.mark.parametrize(("outcome", "events", "disputed"), [
    ("won", ["charge.dispute.closed", "charge.dispute.funds_reinstated"], 0),
    ("lost", ["charge.dispute.closed"], 3000),
])
def test_a_dispute_is_decided(client, inbox, outcome, events, disputed):
    intent = client.paid()
    dispute = client.double.dispute(payment_intent=intent["id"])
    client.double.webhook(inbox.url, "whsec_disputes")
    client.double.dispute(dispute=dispute["id"], outcome=outcome)
    assert inbox.types(len(events)) == events
    assert client.ok("GET", f"disputes/{dispute['id']}")["status"] == outcome
    assert client.ledger_row(intent)["disputed"] == disputed
    assert client.double.ledger()["totals"]["eur"]["net"] == 3000 - disputed
    error = client.refused("POST", f"disputes/{dispute['id']}/close")
    assert "already closed" in error["message"]


def test_part_of_a_payment_is_disputed(client):
    intent = client.paid()
    charge = intent["charges"]["data"][0]["id"]
    dispute = client.double.dispute(charge=charge, amount=1000, reason="duplicate")
    assert (dispute["amount"], dispute["reason"]) == (1000, "duplicate")
    [listed] = client.ok("GET", "disputes", {"payment_intent": intent["id"]})["data"]
    assert listed["id"] == dispute["id"]


def test_the_card_for_disputes_opens_one_and_evidence_decides(client):
    intent = client.paid(method="pm_card_createDispute")
    [dispute] = client.ok("GET", "disputes")["data"]
    assert dispute["payment_intent"] == intent["id"]
    closed = client.ok("POST", f"disputes/{dispute['id']}", {
        "evidence[uncategorized_text]": "winning_evidence", "submit": "true",
    })
    assert closed["status"] == "won"
    assert client.ledger_row(intent)["disputed"] == 0


# === THE DASHBOARD === #

def test_a_refund_from_the_dashboard_has_no_request(client, inbox):
    intent = client.paid()
    client.double.webhook(inbox.url, "whsec_dashboard")
    refund = client.double.dashboard("refund", payment_intent=intent["id"], amount=1000)
    assert (refund["object"], refund["amount"]) == ("refund", 1000)
    events = [json.loads(inbox.next()[1]) for _ in range(2)]
    assert [event["type"] for event in events] == ["refund.created", "charge.refunded"]
    assert events[0]["request"] == {"id": None, "idempotency_key": None}
    assert client.ledger_row(intent)["refunded"] == 1000
    # Over the API the event names its request.
    answer = client.post("refunds", {"payment_intent": intent["id"], "amount": 500},
                         idempotency_key="k1")
    event = json.loads(inbox.next()[1])
    assert event["request"] == {
        "id": answer.headers["Request-Id"], "idempotency_key": "k1",
    }


@pytest.mark.parametrize(("action", "values", "status", "captured"), [
    ("capture", {}, "succeeded", 3000),
    ("capture", {"amount_to_capture": 1200}, "succeeded", 1200),
    ("cancel", {}, "canceled", 0),
])
def test_a_hold_is_answered_in_the_dashboard(client, action, values, status, captured):
    held = client.paid(capture_method="manual")
    done = client.double.dashboard(action, payment_intent=held["id"], **values)
    assert done["status"] == status
    row = client.ledger_row(held)
    assert (row["held"], row["captured"]) == (0, captured)


def test_the_dashboard_refuses_what_the_api_refuses(client):
    intent = client.paid()
    response = client.session.post(f"{client.double.url}/_double/dashboard", json={
        "action": "refund", "payment_intent": intent["id"], "amount": 3001,
    }, timeout=10)
    assert response.status_code == 400
    assert "greater than charge amount" in response.json()["error"]["message"]
    assert client.ledger_row(intent)["refunded"] == 0


def test_the_dashboard_of_a_connected_account(client, inbox):
    account = client.ok("POST", "accounts", {"type": "standard"})["id"]
    intent = client.paid(Stripe_Account=account)
    client.double.webhook(inbox.url, "whsec_dashboard", connect=True)
    client.double.dashboard("refund", payment_intent=intent["id"])
    assert json.loads(inbox.next()[1])["account"] == account
    assert client.double.ledger(account)["totals"]["eur"]["refunded"] == 3000
