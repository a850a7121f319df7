"""What Stripe tells arrives once, whatever happens on the way (faults 27 to 41).

The stand-in makes the events; deliveries that a test sends itself are signed as Stripe signs them.
"""

import random

import pytest

from tests.deliveries import (
    OWN_ROUTE,
    STOCK_ROUTE,
    deliver,
    make_events_due,
    settle_webhooks,
    stored,
    wait_for_events,
)
from tests.refunds import activities, wait_until

SECRET = "whsec_of_the_appointments"
STOCK_SECRET = "whsec_of_the_stock_endpoint"


@pytest.fixture(scope="module")
def practice(open_practice):
    return open_practice(STOCK_SECRET, stripe_event_secret=SECRET)


@pytest.fixture
def visitor(practice, double):
    practice.query("DELETE FROM appointment_payment_stripe_event")
    double.webhook(practice.url + OWN_ROUTE, SECRET)
    return practice.visitor()


def confirm(visitor, client, slug="with-anna"):
    """Pay at Stripe; what Stripe tells of it decides what is known here.

    :return: the booking's link, with its payment intent
    """
    link = visitor.book(slug)
    asked = visitor.ask_to_pay(link)
    link.intent = asked["client_secret"].split("_secret_")[0]
    client.browser_confirm(
        {"id": link.intent, "client_secret": asked["client_secret"]}, "4242424242424242"
    )
    return link


def pay(practice, visitor, client, slug="with-anna"):
    """Pay, and have it taken over and posted."""
    link = confirm(visitor, client, slug)
    wait_until(lambda: practice.transactions(link.id)[0][2] == "done")
    practice.run_cron("cron_post_process_payment_tx")
    assert practice.booking(link.id)["state"] == "confirmed"
    return link


def dispute_state(practice, link):
    return practice.query(
        "SELECT dispute_state FROM appointment_payment_booking WHERE id = %s", link.id
    )[0][0]


def amounts(practice, link):
    return [row[1:] for row in practice.transactions(link.id)]


def test_f29_a_refund_made_in_the_dashboard_is_mirrored_once(practice, visitor, double, client):
    link = pay(practice, visitor, client)
    double.dashboard("refund", payment_intent=link.intent, amount=1000)
    settle_webhooks(double, practice)
    practice.run_cron("cron_post_process_payment_tx")
    assert amounts(practice, link) == [(24.0, "done"), (-10.0, "done")]
    assert practice.ledger(link.id).balance == 0
    assert activities(practice, link) > 0
    before = double.events()
    for event in before["events"]:
        double.resend(event["id"])
    wait_until(lambda: len(double.events()["deliveries"]) == 2 * len(before["deliveries"]))
    wait_for_events(practice)
    assert amounts(practice, link) == [(24.0, "done"), (-10.0, "done")]
    assert double.ledger()["refunds"] == 1


def test_f30_a_refund_that_fails_later_is_undone(practice, visitor, double, client):
    link = visitor.book("with-anna")
    asked = visitor.ask_to_pay(link)
    link.intent = asked["client_secret"].split("_secret_")[0]
    confirmed = {"id": link.intent, "client_secret": asked["client_secret"]}
    client.browser_confirm(confirmed, "4000000000005126")  # its refunds fail later
    wait_until(lambda: practice.transactions(link.id)[0][2] == "done")
    practice.run_cron("cron_post_process_payment_tx")
    refund = double.dashboard("refund", payment_intent=link.intent, amount=1000)
    settle_webhooks(double, practice)
    assert amounts(practice, link)[-1] == (-10.0, "done")
    double.settle(refund=refund["id"], outcome="failed")
    settle_webhooks(double, practice)
    practice.run_cron("cron_post_process_payment_tx")
    assert amounts(practice, link) == [(24.0, "done"), (-10.0, "error")]
    assert float(practice.booking(link.id)["amount_paid"]) == 24.0
    assert activities(practice, link) > 0


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_f32_a_dispute_is_flagged_and_nothing_is_refunded(
    practice, visitor, double, client, outcome
):
    link = pay(practice, visitor, client)
    dispute = double.dispute(payment_intent=link.intent)
    settle_webhooks(double, practice)
    assert dispute_state(practice, link) == "open"
    assert activities(practice, link) > 0
    double.dispute(dispute=dispute["id"], outcome=outcome)
    settle_webhooks(double, practice)
    assert dispute_state(practice, link) == outcome
    assert double.ledger()["refunds"] == 0
    assert amounts(practice, link) == [(24.0, "done")]


@pytest.mark.parametrize("kind", ["forged", "unsigned", "aged"])
def test_f33_f35_what_is_not_stripes_is_refused_and_its_repetition_counts(
    practice, visitor, double, client, kind
):
    double.deliveries(kind, times=10, seconds=301, events=["payment_intent.succeeded"])
    link = confirm(visitor, client)
    settle_webhooks(double, practice)
    assert practice.transactions(link.id)[0][2] == "draft"
    refused = {row["status"] for row in double.events()["deliveries"]} - {200}
    assert refused == {400 if kind == "unsigned" else 403}
    double.webhook(practice.url + OWN_ROUTE, SECRET)
    [event] = [e for e in double.events()["events"] if e["type"] == "payment_intent.succeeded"]
    deliver(practice.url + OWN_ROUTE, [event], SECRET)
    wait_until(lambda: practice.transactions(link.id)[0][2] == "done")


@pytest.mark.parametrize("valid", ["first", "last"])
def test_f36_during_a_rotation_every_event_arrives(practice, visitor, double, client, valid):
    double.webhook(practice.url + OWN_ROUTE, "whsec_new")
    double.roll(SECRET, valid=valid)
    pay(practice, visitor, client)
    assert {row["status"] for row in double.events()["deliveries"]} == {200}


def test_both_endpoints_may_be_told_the_same(practice, visitor, double, client):
    double.webhook(practice.url + STOCK_ROUTE, STOCK_SECRET, add=True)
    link = pay(practice, visitor, client)
    settle_webhooks(double, practice)
    assert amounts(practice, link) == [(24.0, "done")]
    events = stored(practice, "event_ref")
    assert len(events) == len(set(events))
    assert {row["status"] for row in double.events()["deliveries"]} == {200}


def test_a_duplicate_waits_for_nobody_and_nothing_is_open_meanwhile(
    practice, visitor, double, client
):
    """Stripe takes three seconds to say what became of the payment."""
    double.webhook()
    link = confirm(visitor, client)
    [event] = [e for e in double.events()["events"] if e["type"] == "payment_intent.succeeded"]
    double.fault("delay", f"payment_intents/{link.intent}", method="GET", seconds=3)
    first = deliver(practice.url + OWN_ROUTE, [event], SECRET)
    wait_until(lambda: stored(practice, "attempts") == [(1,)])
    again = deliver(practice.url + OWN_ROUTE, [event] * 8, SECRET)
    assert stored(practice, "state") == [("received",)]
    assert not practice.query(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        " AND state LIKE 'idle in transaction%%'"
    )
    assert {*first.statuses, *again.statuses} == {200}
    assert max(first.seconds + again.seconds) < 2.5
    wait_until(lambda: practice.transactions(link.id)[0][2] == "done")


def test_f41_a_process_that_is_killed_leaves_the_event_to_the_next(
    practice, visitor, double, client
):
    double.webhook()
    link = confirm(visitor, client)
    [event] = [e for e in double.events()["events"] if e["type"] == "payment_intent.succeeded"]
    double.fault("delay", f"payment_intents/{link.intent}", method="GET", seconds=3)
    deliver(practice.url + OWN_ROUTE, [event], SECRET)
    wait_until(lambda: stored(practice, "attempts") == [(1,)])
    practice.server.kill()
    practice.server.start()
    assert stored(practice, "state", "attempts") == [("received", 1)]
    assert practice.transactions(link.id)[0][2] == "draft"
    make_events_due(practice)
    practice.run_cron("cron_reconcile_transactions")
    assert stored(practice, "state", "attempts") == [("processed", 2)]
    assert amounts(practice, link) == [(24.0, "done")]


def test_events_that_were_lost_are_not_needed_for_what_came_after(
    practice, visitor, double, client
):
    double.deliveries("drop", times=1, events=["payment_intent.succeeded"])
    link = confirm(visitor, client)
    double.dashboard("refund", payment_intent=link.intent, amount=1000)
    settle_webhooks(double, practice)
    assert amounts(practice, link) == [(24.0, "done"), (-10.0, "done")]


def storm_events(practice, visitor, double, client, bookings):
    """Have bookings paid and refunded in part at Stripe, and nothing told here.

    :return: the links and the events
    """
    double.webhook()
    links = []
    for _number in range(bookings):
        links.append(confirm(practice.visitor(), client))
        double.dashboard("refund", payment_intent=links[-1].intent, amount=1000)
    kinds = ("payment_intent.succeeded", "charge.succeeded", "charge.refunded", "refund.created",
             "payment_intent.created")
    return links, [event for event in double.events()["events"] if event["type"] in kinds]


def test_a_storm_of_shuffled_duplicates_has_each_effect_once(practice, visitor, double, client):
    links, events = storm_events(practice, visitor, double, client, bookings=4)
    assert len(events) == 20
    deliveries = events * 10
    random.Random(4).shuffle(deliveries)
    delivered = deliver(practice.url + OWN_ROUTE, deliveries, SECRET)
    assert set(delivered.statuses) == {200}
    wait_for_events(practice)
    for _round in range(3):  # what met another process more often than it tries
        make_events_due(practice)
        practice.run_cron("cron_reconcile_transactions")
    assert {state for state, in stored(practice, "state")} == {"processed", "ignored"}
    assert len(stored(practice, "id")) == 20
    for link in links:
        assert amounts(practice, link) == [(24.0, "done"), (-10.0, "done")]
    hot = deliver(practice.url + OWN_ROUTE, [events[0]] * 200, SECRET)
    assert set(hot.statuses) == {200}


# what keeps two events about one refund from making two of it, and what would stumble over that:
# both write the booking's amounts and mail the same people, too
GUARD_OFF = """
    CREATE RULE queue_off AS ON UPDATE TO payment_transaction
        WHERE NEW.write_date IS NOT DISTINCT FROM OLD.write_date DO INSTEAD NOTHING;
    CREATE RULE amounts_off AS ON UPDATE TO appointment_payment_booking
        WHERE NEW.amount_refunded IS DISTINCT FROM OLD.amount_refunded
        OR NEW.* IS NOT DISTINCT FROM OLD.* DO INSTEAD NOTHING;
    CREATE RULE signup_off AS ON UPDATE TO res_partner
        WHERE NEW.signup_type IS NOT NULL DO INSTEAD NOTHING;
    ALTER TABLE payment_transaction DROP CONSTRAINT payment_transaction_reference_uniq;
    ALTER TABLE mail_followers
        DROP CONSTRAINT mail_followers_mail_followers_res_partner_res_model_id_uniq;
"""
GUARD_ON = """
    DROP RULE queue_off ON payment_transaction;
    DROP RULE amounts_off ON appointment_payment_booking;
    DROP RULE signup_off ON res_partner;
    DELETE FROM payment_transaction a USING payment_transaction b
        WHERE a.reference = b.reference AND a.id > b.id;
    DELETE FROM mail_followers a USING mail_followers b
        WHERE (a.res_model, a.res_id, a.partner_id) = (b.res_model, b.res_id, b.partner_id)
        AND a.id > b.id;
    ALTER TABLE payment_transaction
        ADD CONSTRAINT payment_transaction_reference_uniq UNIQUE (reference);
    ALTER TABLE mail_followers
        ADD CONSTRAINT mail_followers_mail_followers_res_partner_res_model_id_uniq
        UNIQUE (res_model, res_id, partner_id);
"""


def run_each(practice, statements):
    """Run statements one by one: together they would wait for the server, and it for them."""
    for statement in filter(str.strip, statements.split(";")):
        practice.query(statement)


def tell_both_at_once(practice, visitor, double, client):
    """Two events about one refund are acted on at the same time.

    :return: how many refunds that makes here
    """
    [link], events = storm_events(practice, visitor, double, client, bookings=1)
    paid = [e for e in events if e["type"] == "payment_intent.succeeded"]
    deliver(practice.url + OWN_ROUTE, paid, SECRET)
    wait_until(lambda: practice.transactions(link.id)[0][2] == "done")
    wait_for_events(practice)
    refunds = [e for e in events if e["type"] in ("charge.refunded", "refund.created")]
    double.fault("delay", "refunds", method="GET", seconds=1, times=2)
    deliver(practice.url + OWN_ROUTE, refunds, SECRET, clients=2)
    wait_for_events(practice)
    return len(practice.transactions(link.id)) - 1


def test_f29_two_events_at_once_make_one_refund(practice, visitor, double, client):
    assert tell_both_at_once(practice, visitor, double, client) == 1


def test_f29_without_the_queue_they_make_two(practice, visitor, double, client):
    """The control: the UPDATEs of booking and payment that events queue at do nothing."""
    run_each(practice, GUARD_OFF)
    try:
        made = 0
        for _round in range(5):
            made = max(made, tell_both_at_once(practice, visitor, double, client))
    finally:
        run_each(practice, GUARD_ON)
    assert made == 2
