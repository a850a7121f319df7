"""Webhooks of the stand-in that are late, double, out of order, lost or badly signed."""

import json

import pytest
import stripe

from tests.refunds import wait_until

SECRET, NEW_SECRET = "whsec_old", "whsec_new"
CREATED = ["payment_intent.created"]


def verify(header, body, secret=SECRET, tolerance=300):
    return stripe.Webhook.construct_event(body, header, secret, tolerance=tolerance)


@pytest.fixture
def webhook(double, inbox):
    return double.webhook(inbox.url, SECRET, enabled_events=CREATED)


def test_stripes_package_accepts_the_signature(client, webhook, inbox):
    intent = client.intent()
    event = verify(*inbox.next())
    assert (event.type, event.data.object.id) == ("payment_intent.created", intent["id"])


@pytest.mark.parametrize("valid", ["first", "last"])
def test_while_a_secret_is_rolled_either_opens(client, webhook, inbox, valid):
    client.double.roll(NEW_SECRET, valid=valid)
    client.intent()
    header, body = inbox.next()
    assert header.count("v1=") == 2
    assert verify(header, body, NEW_SECRET).id == verify(header, body, SECRET).id
    digests = [part for part in header.split(",") if part.startswith("v1=")]
    only_new = f"{header.split(',')[0]},{digests[0 if valid == 'first' else -1]}"
    assert verify(only_new, body, NEW_SECRET)
    with pytest.raises(stripe.SignatureVerificationError):
        verify(only_new, body, SECRET)


@pytest.mark.parametrize(("kind", "values"), [("forged", {}), ("aged", {"seconds": 301})])
def test_a_signature_that_must_be_refused(client, webhook, inbox, kind, values):
    client.double.deliveries(kind, **values)
    client.intent()
    header, body = inbox.next()
    with pytest.raises(stripe.SignatureVerificationError):
        verify(header, body)
    client.intent()
    assert verify(*inbox.next())


def test_a_delivery_without_a_signature(client, webhook, inbox):
    client.double.deliveries("unsigned")
    client.intent()
    assert inbox.next()[0] is None


def test_a_lost_event_can_be_sent_again(client, webhook, inbox):
    client.double.deliveries("drop")
    lost = client.intent()
    client.intent()
    assert json.loads(inbox.next()[1])["data"]["object"]["id"] != lost["id"]
    [dropped] = [row for row in client.double.events()["deliveries"] if row["error"] == "dropped"]
    assert client.double.resend(dropped["event"]) == 1
    assert verify(*inbox.next()).data.object.id == lost["id"]


def test_a_double_event_has_one_id(client, webhook, inbox):
    client.double.deliveries("double")
    client.intent()
    first, second = (verify(*inbox.next()) for _ in range(2))
    assert first.id == second.id


def test_events_arrive_last_one_first(client, double, inbox):
    double.webhook(inbox.url, SECRET)
    double.deliveries("reorder", times=3)
    client.paid()
    assert inbox.types(3) == [
        "payment_intent.succeeded", "charge.succeeded", "payment_intent.created",
    ]


def test_a_late_event_waits_until_it_is_let_go(client, double, inbox):
    double.webhook(inbox.url, SECRET, enabled_events=["payment_intent.created", "charge.succeeded"])
    double.deliveries("delay", events=CREATED)
    client.paid()
    assert inbox.types(1) == ["charge.succeeded"]
    assert double.events()["held"] == 1
    assert double.release() == 1
    assert inbox.types(1) == CREATED


def test_a_late_event_comes_by_itself(client, webhook, inbox):
    client.double.deliveries("delay", seconds=0.2)
    client.intent()
    assert inbox.types(1) == CREATED


def test_what_did_not_arrive_is_sent_again(client, webhook, inbox):
    client.double.deliveries("drop", times=2)
    lost = {client.intent()["id"] for _number in range(2)}
    client.intent()
    inbox.next()
    wait_until(lambda: len(client.double.events()["deliveries"]) == 3)
    assert client.double.retry() == 2
    assert {verify(*inbox.next()).data.object.id for _number in range(2)} == lost
    wait_until(lambda: len(client.double.events()["deliveries"]) == 5)
    assert client.double.retry() == 0


def test_what_is_sent_again_has_the_version_of_its_endpoint(client, inbox):
    client.double.webhook(
        inbox.url, SECRET, enabled_events=["payment_intent.succeeded"],
        api_version=stripe.api_version,
    )
    client.paid()
    event = verify(*inbox.next())
    client.double.resend(event.id)
    again = verify(*inbox.next())
    assert (again.id, again.api_version) == (event.id, stripe.api_version)
    assert "charges" not in again.data.object


def test_a_control_that_lacks_something_says_so(client):
    for name in ("roll", "fault", "account"):
        response = client.session.post(f"{client.double.url}/_double/{name}", json={}, timeout=10)
        assert 400 <= response.status_code < 500


# === EVENTS AND ENDPOINTS OVER THE API === #

def test_events_are_listed_and_fetched(client):
    intent = client.paid()
    client.double.clock(advance=100)
    client.intent()
    listed = client.ok("GET", "events", {"types[]": ["payment_intent.created"]})["data"]
    assert [event["type"] for event in listed] == ["payment_intent.created"] * 2
    listed = client.ok("GET", "events", {"type": "charge.*"})["data"]
    assert [event["type"] for event in listed] == ["charge.succeeded"]
    old = client.ok("GET", "events", {"created[lte]": intent["created"] + 50})["data"]
    assert len(old) == 3
    event = client.ok("GET", f"events/{old[0]['id']}")
    assert event == old[0]
    assert event["data"]["object"]["id"] == intent["id"]
    error = client.refused("GET", "events/evt_missing", status=404)
    assert error["message"] == "No such event: 'evt_missing'"


def test_events_that_did_not_arrive_are_found(client, webhook, inbox):
    client.double.deliveries("drop")
    client.intent()
    client.intent()
    inbox.next()
    wait_until(lambda: len(client.double.events()["deliveries"]) == 2)
    [missed] = client.ok("GET", "events", {"delivery_success": "false"})["data"]
    [arrived] = client.ok("GET", "events", {"delivery_success": "true"})["data"]
    assert missed["created"] <= arrived["created"]


def test_an_endpoint_is_made_changed_listed_and_deleted(client, inbox):
    made = client.ok("POST", "webhook_endpoints", {
        "url": inbox.url, "enabled_events[]": "charge.succeeded", "metadata[a]": "1",
        "api_version": "2026-10-28.endive",
    })
    path = f"webhook_endpoints/{made['id']}"
    assert made["secret"].startswith("whsec_")
    assert "secret" not in client.ok("GET", path)
    client.ok("POST", path, {"enabled_events[]": ["payment_intent.succeeded"], "metadata[b]": "2"})
    [listed] = client.ok("GET", "webhook_endpoints")["data"]
    assert listed["enabled_events"] == ["payment_intent.succeeded"]
    assert listed["metadata"] == {"a": "1", "b": "2"}
    client.paid()
    event = verify(*inbox.next(), made["secret"])
    assert event.api_version == "2026-10-28.endive"
    assert "charges" not in event.data.object
    assert client.ok("POST", path, {"disabled": "true"})["status"] == "disabled"
    client.paid()
    assert client.ok("DELETE", path)["deleted"] is True
    client.refused("GET", path, status=404)
    assert len(client.double.events()["deliveries"]) == 1
