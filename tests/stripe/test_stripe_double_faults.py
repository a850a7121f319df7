"""What goes wrong at the stand-in, as a test orders it, and what Stripe's keys make of it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.refunds import wait_until


def refund(client, intent, key):
    return client.post(
        "refunds", {"payment_intent": intent["id"], "amount": 1000}, idempotency_key=key
    )


def refunded(double):
    return double.ledger()["totals"]["eur"]["refunded"]


@pytest.mark.parametrize(("kind", "done"), [("error", 0), ("error_after", 1000)])
def test_an_error_is_kept_under_its_key(double, client, kind, done):
    intent = client.paid()
    double.fault(kind, "refunds")
    answers = [refund(client, intent, "k1") for _attempt in range(2)]
    assert [answer.status_code for answer in answers] == [500, 500]
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    assert refunded(double) == done


def test_a_bank_that_refuses_a_capture_leaves_the_hold_as_it_is(double, client):
    intent = client.paid(capture_method="manual")
    double.fault("declined", f"payment_intents/{intent['id']}/capture")
    capture = f"payment_intents/{intent['id']}/capture"
    for _attempt in range(2):
        error = client.refused("POST", capture, status=402, idempotency_key="k1")
        assert (error["type"], error["code"]) == ("card_error", "card_declined")
    assert (client.ledger_row(intent)["held"], client.ledger_row(intent)["captured"]) == (3000, 0)
    client.ok("POST", capture, idempotency_key="k2")
    assert client.ledger_row(intent)["captured"] == 3000


@pytest.mark.parametrize(("kind", "status"), [("unavailable", 503), ("limited", 429)])
def test_a_gateway_that_refuses_keeps_nothing(double, client, kind, status):
    intent = client.paid()
    double.fault(kind, "refunds")
    answers = [refund(client, intent, "k1") for _attempt in range(2)]
    assert [answer.status_code for answer in answers] == [status, 200]
    assert refunded(double) == 1000


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("cut", requests.ConnectionError),
        ("half", requests.exceptions.ChunkedEncodingError),
    ],
)
def test_what_is_done_and_not_answered_is_answered_under_its_key(double, client, kind, error):
    intent = client.paid()
    double.fault(kind, "refunds")
    with pytest.raises(error):
        refund(client, intent, "k1")
    assert refunded(double) == 1000
    assert refund(client, intent, "k1").status_code == 200
    assert refunded(double) == 1000


def test_a_key_in_use_is_refused_until_its_request_is_over(double, client):
    intent = client.paid()
    double.fault("delay", "refunds", seconds=1)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(refund, client, intent, "k1")
        wait_until(lambda: refunded(double))
        early = refund(client, intent, "k1")
        assert early.json()["error"]["code"] == "idempotency_key_in_use"
        assert early.status_code == 409
        assert slow.result().status_code == 200
    assert refund(client, intent, "k1").json() == slow.result().json()
    assert refunded(double) == 1000
