"""A payment that comes too late is refunded at Stripe exactly once, whatever goes wrong.

Time passes by SQL: an attempt becomes due, a day goes by. Scheduled actions run when asked.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.deliveries import settle_webhooks
from tests.refunds import (
    KEY_OFF,
    KEY_ON,
    activities,
    assert_refunded,
    expire_while_paying,
    make_due,
    operations,
    states,
    wait_until,
)
from tests.visitor import RpcError

WEBHOOK_SECRET = "whsec_of_the_refund_test"
# what a process notes when it takes an operation is lost: the next one sees it still waiting
LEASE_OFF = (
    "CREATE RULE lease_off AS ON UPDATE TO appointment_payment_operation"
    " WHERE NEW.state = 'sent' DO INSTEAD NOTHING"
)
LEASE_ON = "DROP RULE lease_off ON appointment_payment_operation"


@pytest.fixture(scope="module")
def practice(open_practice):
    return open_practice(WEBHOOK_SECRET)


@pytest.fixture
def visitor(practice, double):
    double.webhook(f"{practice.url}/payment/stripe/webhook", WEBHOOK_SECRET)
    return practice.visitor()


@pytest.fixture
def late(practice, visitor, double, client):
    """A booking whose payment has just succeeded at Stripe, too late; nobody has acted on it."""
    link = expire_while_paying(practice, visitor)
    intent = double.ledger()["intents"][0]
    client.browser_confirm(
        {"id": intent["id"], "client_secret": visitor.asked["client_secret"]}, "4242424242424242"
    )
    wait_until(lambda: practice.transactions(link.id)[0][2] == "done")
    settle_webhooks(double, practice)
    return link


def sent(double, method="POST"):
    return [
        row for row in double.requests()
        if (row["method"], row["path"]) == (method, "/v1/refunds")
    ]


def assert_refunded_once(practice, link, double):
    settle_webhooks(double, practice)
    practice.run_cron("cron_post_process_payment_tx")
    assert double.ledger()["refunds"] == 1
    assert double.ledger()["totals"]["eur"]["refunded"] == 2400
    assert_refunded(practice, link)
    practice.run_cron("cron_reconcile_transactions")
    assert double.ledger()["refunds"] == 1
    assert not activities(practice, link)


def test_f11_a_late_payment_goes_back_with_a_key_and_its_reference(
    practice, visitor, double, late
):
    visitor.poll()
    [request] = sent(double)
    assert request["idempotency_key"].startswith("appointment-operation-")
    reference = practice.transactions(late.id)[1][0]
    assert request["params"]["metadata"] == {"reference": reference}
    assert_refunded_once(practice, late, double)
    assert len(sent(double)) == 1
    assert len(practice.server.mailbox.wait("carla@example.com")) >= 1


def test_f15_a_decision_that_is_repeated_sends_once(practice, visitor, double, late):
    connection = practice.server.connect()
    with connection, connection.cursor() as cursor, ThreadPoolExecutor(1) as pool:
        cursor.execute(
            "UPDATE payment_transaction SET write_date = write_date"
            " WHERE appointment_booking_id = %s", [late.id],
        )
        logged = len(practice.server.log())
        poll = pool.submit(visitor.poll)
        wait_until(lambda: practice.query(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock' AND query ~ 'UPDATE \"?payment_transaction'"
        )[0][0])
        connection.commit()  # what it waited for has changed: Odoo's page asks again
        with pytest.raises(RpcError, match="retry"):
            poll.result()
    connection.close()
    assert "could not serialize access" in practice.server.log()[logged:]
    assert not sent(double)
    visitor.poll()
    assert len(sent(double)) == 1
    assert_refunded_once(practice, late, double)


@pytest.mark.parametrize("kind", ["delay", "cut", "half", "unavailable", "error_after"])
def test_f13_no_answer_is_asked_again_under_the_same_key(
    practice, visitor, double, late, kind
):
    """Odoo waits for ten seconds. Looking it up fails too: Stripe is out of reach."""
    double.fault(kind, "refunds", seconds=10.5)
    double.fault("unavailable", "refunds", method="GET")
    with webhooks_held(double, practice):
        visitor.poll()
        assert states(practice, late) == ["unknown"]
        assert practice.booking(late.id)["payment_status"] == "processing"
        make_due(practice, late)
        wait_until(lambda: not double.is_busy())
        practice.run_cron("cron_reconcile_transactions")
    if kind == "error_after":  # Stripe repeats its error; looked up, the refund is there
        assert len(sent(double, "GET")) == 2
    assert len({row["idempotency_key"] for row in sent(double)}) == 1
    assert len(sent(double)) == 2
    assert_refunded_once(practice, late, double)


@contextmanager
def webhooks_held(double, practice):
    """Stripe's webhooks do not come meanwhile, so that only the answer can tell."""
    double.webhook()
    yield
    double.webhook(f"{practice.url}/payment/stripe/webhook", WEBHOOK_SECRET)


def test_f13_the_refund_is_looked_up_at_once_when_stripe_can_be_reached(
    practice, visitor, double, late
):
    with webhooks_held(double, practice):
        double.fault("cut", "refunds")
        visitor.poll()
    assert (len(sent(double)), len(sent(double, "GET"))) == (1, 1)
    assert_refunded_once(practice, late, double)


def test_f14_f16_an_error_that_stripe_repeats_is_looked_up_after_a_day_then_sent_anew(
    practice, visitor, double, late
):
    double.fault("error", "refunds")
    visitor.poll()
    make_due(practice, late)
    practice.run_cron("cron_reconcile_transactions")
    assert states(practice, late) == ["unknown"]
    assert [row["status"] for row in sent(double)] == [500, 500]
    looked_up = len(sent(double, "GET"))
    make_due(practice, late, sent_hours_ago=25)
    with webhooks_held(double, practice):  # they would have the refund looked up as well
        practice.run_cron("cron_reconcile_transactions")
    assert len(sent(double, "GET")) == looked_up + 1
    keys = [row["idempotency_key"] for row in sent(double)]
    assert len(keys) == 3 and keys[0] == keys[1] != keys[2]
    assert_refunded_once(practice, late, double)


def test_f12_a_crash_between_the_call_and_the_commit_is_settled_by_the_cron(
    practice, visitor, double, late
):
    double.webhook()
    double.fault("delay", "refunds", seconds=3)
    with ThreadPoolExecutor(1) as pool:
        poll = pool.submit(visitor.poll)
        wait_until(lambda: sent(double))
        practice.server.kill()
        assert poll.exception()
    practice.server.start()
    double.webhook(f"{practice.url}/payment/stripe/webhook", WEBHOOK_SECRET)
    assert states(practice, late) == ["sent"]
    practice.run_cron("cron_reconcile_transactions")
    assert len(sent(double)) == 1  # whoever died may still be at work
    make_due(practice, late)
    practice.run_cron("cron_reconcile_transactions")
    assert len({row["idempotency_key"] for row in sent(double)}) == 1
    assert_refunded_once(practice, late, double)


def test_f27_the_webhook_before_the_answer_finds_its_transaction_and_no_lock(
    practice, visitor, double, late
):
    double.fault("delay", "refunds", seconds=4)
    with ThreadPoolExecutor(1) as pool:
        poll = pool.submit(visitor.poll)
        wait_until(lambda: states(practice, late) == ["done"])
        assert not poll.done()
        assert not practice.query(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND state LIKE 'idle in transaction%%'"
        )
        poll.result()
    assert_refunded_once(practice, late, double)


def run_at_once(practice, link):
    """Two people press “Try again” at the same time: two runners."""
    make_due(practice, link)
    [operation] = operations(practice, link)
    people = [practice.user("admin") for _number in range(2)]

    def press(person):
        model = "appointment.payment.operation"
        person.call(
            f"/web/dataset/call_kw/{model}/action_try_again",
            model=model, method="action_try_again", args=[[operation[0]]], kwargs={},
        )

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(press, people))


def leave_unknown(visitor, double):
    """A first attempt that Stripe did not look at."""
    double.fault("unavailable", "refunds")
    visitor.poll()
    assert len(sent(double)) == 1


def test_f26_two_runners_at_once_send_once(practice, visitor, double, late):
    leave_unknown(visitor, double)
    double.fault("delay", "refunds", seconds=1)
    run_at_once(practice, late)
    wait_until(lambda: states(practice, late) == ["done"])
    assert len(sent(double)) == 2
    assert_refunded_once(practice, late, double)


def test_f26_without_the_lease_they_send_twice_and_the_key_still_refunds_once(
    practice, visitor, double, late
):
    """The control of the lease: both find the operation waiting."""
    leave_unknown(visitor, double)
    double.webhook()
    practice.query(LEASE_OFF)
    try:
        run_at_once(practice, late)
    finally:
        practice.query(LEASE_ON)
    make_due(practice, late)
    practice.run_cron("cron_reconcile_transactions")
    assert states(practice, late) == ["done"]
    assert len(sent(double)) == 4
    assert double.ledger()["refunds"] == 1


def test_f13_without_the_key_a_second_try_is_another_refund(
    practice, visitor, double, late
):
    """The control of the key: Stripe refuses to pay the same money back twice."""
    double.webhook()
    practice.query(KEY_OFF)
    try:
        double.fault("cut", "refunds")
        double.fault("unavailable", "refunds", method="GET", times=2)
        visitor.poll()
        # within one second nobody could say which attempt was the first
        practice.query(
            "UPDATE appointment_payment_operation"
            " SET first_sent_at = first_sent_at - interval '1 minute' WHERE booking_id = %s",
            late.id,
        )
        make_due(practice, late)
        practice.run_cron("cron_reconcile_transactions")
    finally:
        practice.query(KEY_ON)
    assert len({row["idempotency_key"] for row in sent(double)}) == 2
    assert states(practice, late) == ["unknown"]
    assert activities(practice, late)
