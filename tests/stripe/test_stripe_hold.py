"""A hold is captured or let go at Stripe exactly once, whatever goes wrong (faults 12-15, 24)."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.holds import (
    EVENTS,
    HOLD_OFF,
    HOLD_ON,
    assert_captured,
    assert_let_go,
    hold,
    operations,
    parts,
    press,
    settle,
    source,
)
from tests.refunds import activities, make_due, wait_until

WEBHOOK_SECRET = "whsec_of_the_hold_test"
# nobody waits for whoever decides on the same payment: the UPDATEs that they queue at do nothing
QUEUES = ("appointment_payment_booking", "payment_transaction")
LOCK_OFF = ";".join(
    f"CREATE RULE lock_off AS ON UPDATE TO {table}"
    " WHERE NEW.* IS NOT DISTINCT FROM OLD.* DO INSTEAD NOTHING"
    for table in QUEUES
)
LOCK_ON = ";".join(f"DROP RULE lock_off ON {table}" for table in QUEUES)
INDEX = "appointment_payment_operation_hold_uniq"
# two parts that are made at once would have one reference too
REFERENCES_OFF = (
    "ALTER TABLE payment_transaction DROP CONSTRAINT payment_transaction_reference_uniq"
)
REFERENCES_ON = (
    "ALTER TABLE payment_transaction"
    " ADD CONSTRAINT payment_transaction_reference_uniq UNIQUE (reference)"
)
CASES = {"capture": ("action_capture", assert_captured), "cancel": ("action_void", assert_let_go)}


@pytest.fixture(scope="module")
def practice(open_practice):
    practice = open_practice(WEBHOOK_SECRET)
    practice.query(HOLD_ON)
    yield practice
    practice.query(HOLD_OFF)


@pytest.fixture
def held(practice, double, client):
    """A booking whose deposit is held; from now on webhooks do not come."""
    listen(practice, double)
    link = hold(practice, practice.visitor(), double, client)
    double.webhook()
    return link


def listen(practice, double):
    double.webhook(f"{practice.url}/payment/stripe/webhook", WEBHOOK_SECRET, enabled_events=EVENTS)


def sent(double, link, action, method="POST"):
    path = f"/v1/payment_intents/{link.intent}/{action}".rstrip("/")
    return [row for row in double.requests() if (row["method"], row["path"]) == (method, path)]


def fault(double, kind, link, action, method="POST", **values):
    double.fault(kind, f"payment_intents/{link.intent}/{action}".rstrip("/"), method=method,
                 **values)


@pytest.mark.parametrize("action", CASES)
def test_odoos_button_ends_the_hold_once_with_a_key(practice, double, client, held, action):
    button, assert_ended = CASES[action]
    assert press(practice, held, button) is None
    [request] = sent(double, held, action)
    assert request["idempotency_key"].startswith("appointment-operation-")
    assert_ended(practice, held, client)
    settle(practice)
    assert_ended(practice, held, client)
    assert not activities(practice, held)


@pytest.mark.parametrize("kind", ["delay", "cut", "half", "unavailable", "error", "error_after"])
@pytest.mark.parametrize("action", CASES)
def test_f13_f14_no_answer_is_asked_again(practice, double, client, held, action, kind):
    """Looking it up fails too, at first: Stripe is out of reach."""
    button, assert_ended = CASES[action]
    fault(double, kind, held, action, seconds=10.5)
    fault(double, "unavailable", held, "", method="GET")
    assert press(practice, held, button) is None
    assert [state for _kind, state in operations(practice, held)] == ["unknown"]
    assert source(practice, held)["state"] == "authorized"
    make_due(practice, held)
    wait_until(lambda: not double.is_busy())
    settle(practice)
    assert_ended(practice, held, client)
    assert [state for _kind, state in operations(practice, held)] == ["done"]
    assert not activities(practice, held)


@pytest.mark.parametrize("action", CASES)
def test_f12_a_crash_during_the_call_is_settled_by_the_cron(
    practice, double, client, held, action
):
    button, assert_ended = CASES[action]
    fault(double, "delay", held, action, seconds=3)
    with ThreadPoolExecutor(1) as pool:
        pressed = pool.submit(press, practice, held, button)
        wait_until(lambda: sent(double, held, action))
        practice.server.kill()
        assert pressed.exception()
    practice.server.start()
    assert [state for _kind, state in operations(practice, held)] == ["sent"]
    make_due(practice, held)
    wait_until(lambda: not double.is_busy())
    settle(practice)
    assert_ended(practice, held, client)
    assert len({row["idempotency_key"] for row in sent(double, held, action)}) == 1


@pytest.mark.parametrize("action", CASES)
def test_the_webhook_before_the_answer_makes_one_part(practice, double, client, held, action):
    button, assert_ended = CASES[action]
    listen(practice, double)
    fault(double, "delay", held, action, seconds=4)
    with ThreadPoolExecutor(1) as pool:
        pressed = pool.submit(press, practice, held, button)
        wait_until(lambda: [state for _kind, state in operations(practice, held)] == ["done"])
        assert not pressed.done()
        assert pressed.result() is None
    settle(practice)
    assert_ended(practice, held, client)
    assert len(parts(practice, held)) == 1


@pytest.mark.parametrize("action", CASES)
def test_two_runners_at_once_send_once(practice, double, client, held, action):
    button, assert_ended = CASES[action]
    fault(double, "unavailable", held, action)
    fault(double, "unavailable", held, "", method="GET")
    press(practice, held, button)
    make_due(practice, held)
    fault(double, "delay", held, action, seconds=1)
    with ThreadPoolExecutor(2) as pool:
        crons = ["cron_reconcile_transactions"] * 2
        for ended in [pool.submit(try_again, practice, held) for _cron in crons]:
            ended.result()
    settle(practice)
    assert len(sent(double, held, action)) == 2
    assert_ended(practice, held, client)


def try_again(practice, link):
    admin = practice.user("admin")
    [[operation]] = practice.query(
        "SELECT id FROM appointment_payment_operation WHERE booking_id = %s", link.id
    )
    admin.call(
        "/web/dataset/call_kw/appointment.payment.operation/action_try_again",
        model="appointment.payment.operation", method="action_try_again",
        args=[[operation]], kwargs={},
    )


def decide_at_once(practice, link, *buttons):
    """Press buttons so that every decision is about to be written down before the first one is."""
    connection = practice.server.connect()
    with connection, connection.cursor() as cursor, ThreadPoolExecutor(len(buttons)) as pool:
        cursor.execute("LOCK TABLE appointment_payment_operation IN SHARE MODE")
        pressed = [pool.submit(press, practice, link, button) for button in buttons]
        wait_until(lambda: practice.query(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock'"
        )[0][0] == len(buttons))
        connection.commit()
        answers = [answer.result() for answer in pressed]
    connection.close()
    return answers


def test_f24_capture_against_void_has_one_winner(practice, double, client, held):
    for action in CASES:  # the loser decides anew while the winner's request is under way
        fault(double, "delay", held, action, seconds=8)
    refused = decide_at_once(practice, held, "action_capture", "action_void")
    [sentence] = [answer for answer in refused if answer]
    assert "is already being" in sentence
    settle(practice)
    [[kind, state]] = operations(practice, held)
    assert state == "done"
    assert len(sent(double, held, "capture")) + len(sent(double, held, "cancel")) == 1
    (assert_captured if kind == "capture" else assert_let_go)(practice, held, client)


def test_f24_without_the_guards_both_are_decided(practice, double, client, held):
    """The control; Stripe, which would say which of the two it does, is out of reach."""
    [[definition]] = practice.query(
        "SELECT indexdef FROM pg_indexes WHERE indexname = %s", INDEX
    )
    for action in CASES:
        fault(double, "unavailable", held, action)
    fault(double, "unavailable", held, "", method="GET", times=2)
    practice.query(f"{LOCK_OFF}; DROP INDEX {INDEX}; {REFERENCES_OFF}")
    try:
        refused = decide_at_once(practice, held, "action_capture", "action_void")
        decided = operations(practice, held)
    finally:
        practice.query(
            f"{LOCK_ON}; DELETE FROM appointment_payment_operation WHERE booking_id = %s;"
            " DELETE FROM payment_transaction WHERE source_transaction_id IS NOT NULL"
            f" AND appointment_booking_id = %s; {REFERENCES_ON}; {definition}", held.id, held.id,
        )
    assert refused == [None, None]
    assert sorted(decided) == [("capture", "unknown"), ("void", "unknown")]


def test_f26_two_people_capture_at_once(practice, double, client, held):
    fault(double, "delay", held, "capture", seconds=8)
    refused = decide_at_once(practice, held, "action_capture", "action_capture")
    assert len([answer for answer in refused if answer]) == 1
    assert len(sent(double, held, "capture")) == 1
    assert_captured(practice, held, client)


@pytest.mark.parametrize("amount", [2400, 1000])
def test_a_capture_in_stripes_dashboard_arrives_once(practice, double, client, held, amount):
    listen(practice, double)
    double.dashboard("capture", payment_intent=held.intent, amount_to_capture=amount)
    wait_until(lambda: source(practice, held)["state"] == "done")
    settle(practice)
    assert_captured(practice, held, client, amount / 100)
    assert operations(practice, held) == []


def test_a_cancellation_in_stripes_dashboard_is_told_once(practice, double, client, held):
    listen(practice, double)
    double.dashboard("cancel", payment_intent=held.intent)
    wait_until(lambda: source(practice, held)["state"] == "cancel")
    settle(practice)
    settle(practice)
    assert_let_go(practice, held, client)
    assert activities(practice, held) == 2  # the practitioner and the manager
    told = practice.server.mailbox.wait("carla@example.com")
    assert [mail for mail in told if "Not charged" in mail["Subject"]]


def test_f23_a_lapsed_hold_is_found_without_any_webhook(practice, double, client, held):
    double.lapse(held.intent)
    practice.query(
        "UPDATE payment_transaction SET reconcile_at = now() AT TIME ZONE 'UTC',"
        " capture_before = now() AT TIME ZONE 'UTC' - interval '1 hour' WHERE id = %s",
        source(practice, held)["id"],
    )
    settle(practice)
    assert_let_go(practice, held, client)
    assert activities(practice, held) == 2


def test_a_capture_that_lost_against_the_lapse_is_told(practice, double, client, held):
    double.lapse(held.intent)
    assert press(practice, held, "action_capture") is None
    settle(practice)
    assert operations(practice, held) == [("capture", "failed")]
    assert_let_go(practice, held, client)
    assert activities(practice, held) == 4  # that it failed, and that the hold has ended
