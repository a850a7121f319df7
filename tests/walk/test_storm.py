"""Stripe's events in any order, many times each, from eight clients: each has its effect once."""

import json
import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.refunds import wait_until

from . import ready as deeds
from .balance import Balance
from .clinic import EVENT_SECRET
from .post import OUR_EVENTS, sign
from .seeds import get_seed

pytestmark = pytest.mark.timed

CLIENTS = 8
PATH = "/appointment_payments/stripe/webhook"
WORST = 0.5  # seconds: of a hundred duplicates one may take longer
# each delivery is another event
DEDUPE_OFF = """
    CREATE FUNCTION dedupe_off() RETURNS trigger AS $$ BEGIN
        NEW.event_ref := 'evt_' || replace(gen_random_uuid()::text, '-', ''); RETURN NEW;
    END $$ LANGUAGE plpgsql;
    CREATE TRIGGER dedupe_off BEFORE INSERT ON appointment_payment_stripe_event
        FOR EACH ROW EXECUTE FUNCTION dedupe_off()
"""
DEDUPE_ON = (
    "DROP TRIGGER dedupe_off ON appointment_payment_stripe_event; DROP FUNCTION dedupe_off()"
)


def gather(clinic, post, count):
    """Return bookings that were paid and partly paid back at Stripe, and the events of that.

    :param int count: how many events at least: all of a booking's, or the books could not agree
    """
    paid, letters = [], []
    while len(letters) < count:
        place = clinic.places[len(paid) % len(clinic.places)]
        ready = deeds.pay(clinic, place, act=False)
        part = round(place.price * 10**place.decimals) // 100 * 10
        clinic.double.dashboard("refund", payment_intent=ready.intent, amount=part)
        paid.append(ready)
        letters += [letter for letter in post.collect() if letter.type in OUR_EVENTS]
    return paid, letters


def deliver(clinic, deliveries):
    """Deliver events from eight clients at once.

    :return: for each delivery: its place in the order, seconds, status
    """
    visitors = [clinic.visitor() for _number in range(CLIENTS)]

    def send(number):
        mine = []
        for place in range(number, len(deliveries), CLIENTS):
            body = deliveries[place].body
            began = time.perf_counter()
            answer = visitors[number].send("POST", PATH, data=body, headers={
                "Content-Type": "application/json", "Stripe-Signature": sign(EVENT_SECRET, body),
            })
            mine.append((place, time.perf_counter() - began, answer.status_code))
        return mine

    with ThreadPoolExecutor(CLIENTS) as pool:
        return [row for rows in pool.map(send, range(CLIENTS)) for row in rows]


def tell(name, seconds):
    seconds = sorted(seconds)
    median, worst = seconds[len(seconds) // 2], seconds[int(len(seconds) * 0.99)]
    print(f"{name:>28}: {len(seconds):>6} deliveries, p50 {median * 1000:>6.1f} ms,"
          f" p99 {worst * 1000:>7.1f} ms")
    return worst


def storm(clinic, post, count, times):
    seed = get_seed()
    paid, letters = gather(clinic, post, count)
    deliveries = letters * times
    print(f"\nseed {seed} (APPAY_SEED), {len(deliveries)} deliveries of {len(letters)} events")
    random.Random(seed).shuffle(deliveries)
    answers = deliver(clinic, deliveries)
    assert {status for _place, _seconds, status in answers} == {200}
    seen, first = set(), set()
    for place, letter in enumerate(deliveries):
        if letter.event not in seen:
            first.add(place)
        seen.add(letter.event)
    tell("new", [seconds for place, seconds, _status in answers if place in first])
    tell("duplicate", [seconds for place, seconds, _status in answers if place not in first])
    settle(clinic, letters)
    assert_once(clinic, [ready.link.id for ready in paid], letters)
    return letters


def settle(clinic, letters):
    """Let everything come to its end; an event that met another is tried again by the cron."""
    events = [letter.event for letter in letters]

    def is_processed():
        clinic.query(
            "UPDATE appointment_payment_stripe_event SET next_attempt_at = now() AT TIME ZONE"
            " 'UTC' - interval '1 second' WHERE event_ref = ANY(%s) AND state = 'failed'", events,
        )
        clinic.run_cron("cron_reconcile_transactions")
        return not clinic.query(
            "SELECT 1 FROM appointment_payment_stripe_event WHERE event_ref = ANY(%s)"
            " AND state IN ('received', 'failed') LIMIT 1", events,
        )

    wait_until(is_processed, 600)
    for _time in range(2):  # a refund waits in the books for its payment
        clinic.run_cron("cron_post_process_payment_tx")


def assert_once(clinic, bookings, letters):
    """Assert that each event is there once, and each payment and refund has its effects once."""
    events = [letter.event for letter in letters]
    assert clinic.query(
        "SELECT count(*), count(DISTINCT event_ref) FROM appointment_payment_stripe_event"
        " WHERE event_ref = ANY(%s)", events,
    ) == [(len(events), len(events))]
    heard = {
        json.loads(letter.body)["data"]["object"].get("description")
        for letter in letters if letter.type == "payment_intent.succeeded"
    }
    assert clinic.query(
        "SELECT count(*) FROM appointment_payment_booking b JOIN calendar_event e ON"
        " e.id = b.event_id WHERE b.id = ANY(%s) AND b.state = 'confirmed'", bookings,
    ) == [(len(heard),)]
    twice = clinic.query(
        "SELECT res_id, subject, count(*) FROM mail_message WHERE res_id = ANY(%s) AND"
        " model = 'appointment.payment.booking' AND message_type = 'email_outgoing'"
        " GROUP BY 1, 2 HAVING count(*) > 1", bookings,
    )
    assert twice == []
    balance = Balance(clinic, bookings)
    print(balance.report())
    assert balance.check() == []


def test_f17_a_thousand_deliveries_of_a_hundred_events_have_a_hundred_effects(clinic, post):
    letters = storm(clinic, post, 100, 10)
    hot = [letters[0]] * 400
    answers = deliver(clinic, hot)
    assert {status for _place, _seconds, status in answers} == {200}
    assert tell("hot duplicate", [seconds for _place, seconds, _status in answers]) <= WORST


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_ten_thousand_deliveries_of_a_thousand_events_have_a_thousand_effects(clinic, post):
    storm(clinic, post, 1000, 10)


def test_without_the_dedupe_a_delivery_is_an_event_each(clinic, post):
    """The control: nothing tells that the event is known."""
    _paid, letters = gather(clinic, post, 1)
    clinic.query(DEDUPE_OFF)
    try:
        before = clinic.query("SELECT count(*) FROM appointment_payment_stripe_event")[0][0]
        deliver(clinic, letters[:1] * 16)
    finally:
        clinic.query(DEDUPE_ON)
    wait_until(lambda: not clinic.query(
        "SELECT 1 FROM appointment_payment_stripe_event WHERE state = 'received' LIMIT 1"
    ))
    after = clinic.query("SELECT count(*) FROM appointment_payment_stripe_event")[0][0]
    assert after - before == 16
