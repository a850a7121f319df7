"""The stand-in signs its events as Stripe does and sends them where it was told."""

import hashlib
import hmac
import json
import time

SECRET = "whsec_of_the_test"


def test_event_is_signed_over_its_very_bytes(client, inbox):
    client.double.webhook(inbox.url, SECRET, enabled_events=["payment_intent.succeeded"])
    intent = client.paid()
    header, body = inbox.next()
    parts = dict(entry.split("=") for entry in header.split(","))
    expected = hmac.new(SECRET.encode(), f"{parts['t']}.{body}".encode(), hashlib.sha256)
    assert hmac.compare_digest(parts["v1"], expected.hexdigest())
    assert abs(time.time() - int(parts["t"])) < 30
    event = json.loads(body)
    assert (event["object"], event["type"]) == ("event", "payment_intent.succeeded")
    assert (event["api_version"], event["livemode"]) == ("2019-05-16", False)
    shown = event["data"]["object"]
    assert (shown["id"], shown["description"]) == (intent["id"], "BOOK/0001")
    assert shown["charges"]["data"][0]["amount"] == 3000


def test_events_of_a_payment_and_its_refund(client, inbox):
    client.double.webhook(inbox.url, SECRET)
    intent = client.paid()
    assert inbox.types(3) == [
        "payment_intent.created", "charge.succeeded", "payment_intent.succeeded",
    ]
    client.ok("POST", "refunds", {"payment_intent": intent["id"], "amount": 1000})
    assert inbox.types(1) == ["refund.created"]
    event = json.loads(inbox.next()[1])
    assert event["type"] == "charge.refunded"
    assert event["data"]["object"]["refunds"]["data"][0]["amount"] == 1000
    assert event["data"]["object"]["description"] == "BOOK/0001"


def test_events_of_a_hold_that_is_let_go(client, inbox):
    """Odoo's stock webhook makes a refund entry of this: it has to look at `captured`."""
    client.double.webhook(inbox.url, SECRET, enabled_events=[
        "payment_intent.amount_capturable_updated", "charge.refunded", "payment_intent.canceled",
    ])
    intent = client.paid(capture_method="manual")
    client.ok("POST", f"payment_intents/{intent['id']}/cancel")
    assert inbox.types(1) == ["payment_intent.amount_capturable_updated"]
    event = json.loads(inbox.next()[1])
    assert event["type"] == "charge.refunded"
    assert event["data"]["object"]["captured"] is False
    assert inbox.types(1) == ["payment_intent.canceled"]


def test_endpoint_made_over_the_api_has_its_own_secret(client, inbox):
    """What the button "Generate your webhook" of Odoo's provider form does."""
    endpoint = client.ok("POST", "webhook_endpoints", {
        "url": inbox.url, "api_version": "2019-05-16",
        "enabled_events[]": ["payment_intent.succeeded", "charge.refunded"],
    })
    client.paid()
    header, body = inbox.next()
    timestamp, digest = (entry.split("=")[1] for entry in header.split(","))
    expected = hmac.new(
        endpoint["secret"].encode(), f"{timestamp}.{body}".encode(), hashlib.sha256
    )
    assert hmac.compare_digest(digest, expected.hexdigest())


def test_nothing_leaves_this_machine(client):
    data = {"url": "https://example.com/hook", "enabled_events[]": "*"}
    assert client.refused("POST", "webhook_endpoints", data)["code"] == "url_invalid"


def test_deliveries_are_written_down(client, inbox):
    client.double.webhook(inbox.url, SECRET, enabled_events=["payment_intent.created"])
    client.intent()
    inbox.next()
    url = f"{inbox.url}/gone"
    inbox.shutdown()
    inbox.server_close()
    client.double.webhook(url, SECRET, enabled_events=["payment_intent.created"])
    client.intent()
    deadline = time.monotonic() + 10
    while len(client.double.events()["deliveries"]) < 2:
        assert time.monotonic() < deadline
    delivered, failed = client.double.events()["deliveries"]
    assert (delivered["status"], delivered["error"]) == (200, None)
    assert (failed["status"], failed["url"]) == (None, url)
    assert "refused" in failed["error"]
