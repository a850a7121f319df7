"""Forged, stale, foreign and early events over the real server, with Stripe's own signatures."""

import json
import time
from contextlib import contextmanager

import pytest

from tests.refunds import wait_until

from . import ready as deeds
from .clinic import EVENT_SECRET, SECRET
from .post import sign

ENDPOINTS = {
    "/payment/stripe/webhook": (SECRET, "stripe_webhook_secret"),
    "/appointment_payments/stripe/webhook": (EVENT_SECRET, "stripe_event_secret"),
}


@pytest.fixture
def paid(clinic, post):
    """A payment that Stripe has taken and nobody here has heard of, with its event."""
    ready = deeds.pay(clinic, act=False)
    [ready.letter] = [
        letter for letter in post.collect() if letter.type == "payment_intent.succeeded"
    ]
    return ready


def send(clinic, path, body, header):
    headers = {"Content-Type": "application/json"}
    if header is not None:
        headers["Stripe-Signature"] = header
    return clinic.visitor().send("POST", path, data=body, headers=headers).status_code


def state(clinic, ready):
    return clinic.query("SELECT state FROM payment_transaction WHERE id = %s", ready.payment)[0][0]


def stored(clinic, event):
    return [row[0] for row in clinic.query(
        "SELECT state FROM appointment_payment_stripe_event WHERE event_ref = %s", event
    )]


@contextmanager
def secrets(clinic, provider, column, value):
    """Give a provider another secret for a while."""
    [(before,)] = clinic.query(f"SELECT {column} FROM payment_provider WHERE id = %s", provider)
    change = f"UPDATE payment_provider SET {column} = %s WHERE id = %s"
    clinic.query(change, value, provider)
    try:
        yield
    finally:
        clinic.query(change, before, provider)


@pytest.mark.parametrize("path", ENDPOINTS)
def test_f33_f34_f35_f39_what_is_not_stripes_word_changes_nothing(clinic, paid, path):
    secret, _column = ENDPOINTS[path]
    body, now = paid.letter.body, time.time()
    right = sign(secret, body)
    wrong = {
        "no signature": (body, None),
        "another secret": (body, sign("whsec_forged", body)),
        "301 seconds old": (body, sign(secret, body, now - 301)),
        "an hour ahead": (body, sign(secret, body, now + 3600)),
        "a byte altered": (body.replace(b'"livemode": false', b'"livemode":  false', 1), right),
        "no JSON": (b'{"id": "evt_1", ', sign(secret, b'{"id": "evt_1", ')),
        "no object": (b"[]", sign(secret, b"[]")),
    }
    answers = {name: send(clinic, path, *sent) for name, sent in wrong.items()}
    assert {name: 400 <= status < 500 for name, status in answers.items()} == dict.fromkeys(
        wrong, True
    ), answers
    assert (state(clinic, paid), stored(clinic, paid.letter.event)) == ("draft", [])
    assert send(clinic, path, body, right) == 200
    wait_until(lambda: state(clinic, paid) == "done")


@pytest.mark.parametrize("path", ENDPOINTS)
def test_f33_without_a_secret_nothing_is_believed(clinic, paid, path):
    secret, column = ENDPOINTS[path]
    for place in clinic.places:
        clinic.query(f"UPDATE payment_provider SET {column} = NULL WHERE id = %s", place.provider)
    try:
        for header in (sign(secret, paid.letter.body), sign("", paid.letter.body)):
            assert send(clinic, path, paid.letter.body, header) == 403
    finally:
        for place in clinic.places:
            clinic.query(
                f"UPDATE payment_provider SET {column} = %s WHERE id = %s", secret, place.provider
            )
    assert state(clinic, paid) == "draft"


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("valid", ["first", "last"])
def test_f36_while_a_secret_is_rolled_either_signature_will_do(clinic, paid, path, valid):
    secret, _column = ENDPOINTS[path]
    moment, right = sign(secret, paid.letter.body).split(",")
    other = sign("whsec_old", paid.letter.body).split(",")[1]
    both = [right, other] if valid == "first" else [other, right]
    assert send(clinic, path, paid.letter.body, ",".join([moment, *both])) == 200
    wait_until(lambda: state(clinic, paid) == "done")


@pytest.mark.parametrize("path", ENDPOINTS)
def test_f37_a_payment_of_another_company_is_refused(clinic, paid, path):
    _secret, column = ENDPOINTS[path]
    with secrets(clinic, clinic.places[1].provider, column, "whsec_of_another_company"):
        header = sign("whsec_of_another_company", paid.letter.body)
        assert send(clinic, path, paid.letter.body, header) == 403
    assert (state(clinic, paid), stored(clinic, paid.letter.event)) == ("draft", [])


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("change", [{"livemode": True}, {"account": "acct_of_somebody_else"}])
def test_f38_another_mode_or_account_is_ignored(clinic, paid, path, change):
    secret, _column = ENDPOINTS[path]
    body = json.dumps({**json.loads(paid.letter.body), **change}).encode()
    assert send(clinic, path, body, sign(secret, body)) == 200
    assert stored(clinic, paid.letter.event) == ["ignored"]
    assert state(clinic, paid) == "draft"


def test_f40_an_event_that_comes_before_its_payment_is_tried_again(clinic, paid):
    path = "/appointment_payments/stripe/webhook"
    rename = "UPDATE payment_transaction SET reference = %s, provider_reference = %s WHERE id = %s"
    clinic.query(rename, "not there yet", None, paid.payment)
    assert send(clinic, path, paid.letter.body, sign(EVENT_SECRET, paid.letter.body)) == 200
    wait_until(lambda: stored(clinic, paid.letter.event) == ["failed"])
    clinic.query(rename, paid.reference, paid.intent, paid.payment)
    make_events_due(clinic)
    clinic.run_cron("cron_reconcile_transactions")
    assert stored(clinic, paid.letter.event) == ["processed"]
    assert state(clinic, paid) == "done"


def make_events_due(clinic):
    clinic.query(
        "UPDATE appointment_payment_stripe_event SET next_attempt_at = now() AT TIME ZONE 'UTC'"
        " - interval '1 second' WHERE next_attempt_at IS NOT NULL"
    )


def test_f41_a_crash_between_the_event_and_its_effect_leaves_both_for_the_cron(
    clinic, stripe, paid
):
    path = "/appointment_payments/stripe/webhook"
    stripe.fault("delay", "payment_intents/*", method="GET", seconds=2)
    assert send(clinic, path, paid.letter.body, sign(EVENT_SECRET, paid.letter.body)) == 200
    wait_until(lambda: [
        row for row in stripe.requests()
        if row["method"] == "GET" and row["path"] == f"/v1/payment_intents/{paid.intent}"
    ])
    clinic.kill_workers()
    assert (stored(clinic, paid.letter.event), state(clinic, paid)) == (["received"], "draft")
    make_events_due(clinic)
    clinic.run_cron("cron_reconcile_transactions")
    assert (stored(clinic, paid.letter.event), state(clinic, paid)) == (["processed"], "done")
