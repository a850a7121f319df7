"""Is it Stripe that speaks, and what does it speak of."""

import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import stripe_webhook

SECRET = "whsec_of_the_test"
BODY = b'{"id": "evt_1"}'
NOW = 1_795_000_000
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def digest(body=BODY, secret=SECRET, at=NOW):
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def header(*digests, at=NOW):
    return ",".join([f"t={at}", *(f"v1={value}" for value in digests)])


def is_signed(body=BODY, given=None, secret=SECRET, now=NOW):
    return stripe_webhook.is_signed(body, header(digest()) if given is None else given, secret, now)


def test_what_was_signed_just_now_is_stripes():
    assert is_signed()


@pytest.mark.parametrize("seconds", [-300, -299, 0, 299, 300])
def test_f35_five_minutes_are_tolerated_both_ways(seconds):
    assert is_signed(now=NOW + seconds)


@pytest.mark.parametrize("seconds", [-3600, -301, 301, 3600])
def test_f35_more_is_not(seconds):
    assert not is_signed(now=NOW + seconds)


def test_f36_any_of_several_signatures_is_enough():
    other = digest(secret="whsec_old")
    assert is_signed(given=header(digest(), other))
    assert is_signed(given=header(other, digest()))
    assert not is_signed(given=header(other, other))


@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_f39_no_byte_of_the_body_may_change(place, change):
    altered = bytearray(BODY)
    altered[place] ^= change
    assert not is_signed(body=bytes(altered))


@pytest.mark.parametrize("secret", [None, "", " ", False])
def test_f33_no_secret_signs_nothing(secret):
    assert not is_signed(secret=secret)
    assert not is_signed(given=header(digest(secret="")), secret=secret)


@pytest.mark.parametrize("given", [
    "", "t", "t=", "t=x", "v1=x", ",,,", "t=1,v1", f"t={NOW}", f"v1={digest()}",
    f"t={NOW},v0={digest()}", f"t={NOW},v1=é", "t=" + "9" * 5000 + ",v1=x",
    f"t=0,t={NOW},v1={digest()}", f"t={NOW - 9000},t={NOW},v1={digest()}",
])  # fmt: skip
def test_f34_a_header_that_is_none_signs_nothing(given):
    assert not is_signed(given=given)


def test_f34_a_header_that_could_be_one_is_told_apart():
    assert stripe_webhook.has_signature(header("x"))
    for other in ("", None, "t=1", "v1=x", "t=x,v1=y", "nonsense"):
        assert not stripe_webhook.has_signature(other)


def event(subject=None, **values):
    subject = {"id": "pi_1", "object": "payment_intent"} if subject is None else subject
    return {
        "id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "livemode": False,
        "data": {"object": subject}, **values,
    }


def test_only_what_finds_the_object_again_is_kept():
    hint = stripe_webhook.read_hint(event({
        "id": "pi_1", "object": "payment_intent", "client_secret": "pi_1_secret_2",
        "description": "BOOK/0001", "amount": 2400, "currency": "eur", "status": "succeeded",
        "shipping": {"name": "Carla"}, "receipt_email": "carla@example.com",
        "charges": {"data": [{"billing_details": {"name": "Carla"}}]},
        "metadata": {"reference": "R-BOOK/0001", "other": "Carla"},
    }))
    assert hint.kept == {
        "id": "pi_1", "object": "payment_intent", "description": "BOOK/0001", "amount": 2400,
        "currency": "eur", "status": "succeeded", "reference": "R-BOOK/0001",
    }
    assert hint.references == ["R-BOOK/0001", "BOOK/0001"]


@pytest.mark.parametrize("name", ["charge", "refund", "dispute"])
def test_every_object_leads_to_its_intent(name):
    subject = {"id": "x_1", "object": name, "payment_intent": "pi_2"}
    assert stripe_webhook.read_hint(event(subject)).intent_ref == "pi_2"
    assert stripe_webhook.read_hint(event()).intent_ref == "pi_1"


@pytest.mark.parametrize("values", [
    {"id": None}, {"id": "pi_1"}, {"id": "evt_1/../2"}, {"type": None}, {"type": ""},
    {"livemode": None}, {"livemode": "no"}, {"account": "x"}, {"account": 1}, {"data": None},
    {"data": {"object": []}}, {"data": {"object": {"id": "../refunds"}}}, {"type": "a\x00"},
    {"data": {"object": {"id": "pi_1", "payment_intent": "pi_1?expand"}}},
])  # fmt: skip
def test_f34_what_has_not_the_shape_of_an_event_is_refused(values):
    with pytest.raises(ValueError):
        stripe_webhook.read_hint(event(**values))


@given(JSON)
def test_f34_any_json_is_read_or_refused(value):
    body = json.dumps(value).encode()
    try:
        hint = stripe_webhook.read_hint(stripe_webhook.parse(body))
    except ValueError:
        return
    assert hint.event_ref.startswith("evt_")


NAMES = st.sampled_from(("id", "object", "description", "metadata", "amount"))


@given(st.dictionaries(NAMES, JSON))
def test_what_is_kept_can_be_stored(subject):
    try:
        kept = stripe_webhook.keep(subject)
    except ValueError:
        return
    text = json.dumps(kept, ensure_ascii=False)
    assert "\x00" not in text and text.encode()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"1" * 5000, b"\xff", b"[" * 100_000])
def test_f34_a_body_that_is_no_json_object_is_refused(body):
    with pytest.raises(ValueError):
        stripe_webhook.parse(body)


def charge(captured, amount=8000):
    return {"amount": amount, "amount_captured": captured, "captured": bool(captured)}


def refund(number, amount, **values):
    return {"id": f"re_{number}", "amount": amount, "created": number, **values}


def test_f31_a_hold_that_was_let_go_is_no_refund():
    assert stripe_webhook.refunds_of_captured_money(charge(0), [refund(1, 8000)]) == []
    assert stripe_webhook.refunds_of_captured_money(None, [refund(1, 8000)]) == []


def test_what_a_capture_leaves_is_no_refund():
    refunds = [refund(3, 5000), refund(2, 1000), refund(1, 5000)]
    paid_back = stripe_webhook.refunds_of_captured_money(charge(3000), refunds)
    assert [entry["id"] for entry in paid_back] == ["re_2", "re_3"]


def test_what_was_booked_or_sent_from_here_is_a_refund_whatever_its_amount():
    booked = refund(1, 5000, balance_transaction="txn_1")
    sent = refund(2, 5000, metadata={"reference": "R-BOOK/0001"})
    refunds = [booked, sent, refund(3, 5000), refund(4, 5000)]
    paid_back = stripe_webhook.refunds_of_captured_money(charge(3000), refunds)
    assert [entry["id"] for entry in paid_back] == ["re_1", "re_2", "re_4"]


@given(st.lists(st.integers(1, 8000), max_size=8))
def test_of_what_was_taken_whole_every_refund_paid_back(amounts):
    refunds = [refund(number, amount) for number, amount in enumerate(amounts)]
    paid_back = stripe_webhook.refunds_of_captured_money(charge(8000), refunds[::-1])
    assert paid_back == refunds


def test_a_mark_tells_bookings_apart_and_no_secret():
    mark = stripe_webhook.mark_of("secret-of-the-link")
    assert len(mark) == 24 and "secret" not in mark
    assert mark == stripe_webhook.mark_of("secret-of-the-link")
    assert mark != stripe_webhook.mark_of("secret-of-another")
    assert stripe_webhook.mark_of(None) == stripe_webhook.mark_of("") == ""
