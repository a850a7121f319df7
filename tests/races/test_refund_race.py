"""A refund that is decided twice at once goes back once, and never more than was paid."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import refunds
from tests.visitor import RpcError

# the guards are updates that change nothing: these rules swallow them
GUARDED = ("appointment_payment_booking", "payment_transaction")
TOO_MUCH = "can be paid back online"


@pytest.fixture(autouse=True)
def collisions(practice):
    """Odoo repeats what could not be serialized, and logs each as an error."""
    practice.server.allow_log("could not serialize access|retry")


def call(visitor, method, *args):
    model = "appointment.payment.refund"
    return visitor.call(
        f"/web/dataset/call_kw/{model}/{method}", model=model, method=method, args=args, kwargs={}
    )


def open_screen(visitor, link, amount):
    values = {"booking_id": link.id, "amount": amount, "refund_reason": "goodwill"}
    return call(visitor, "create", [values])


def press(job):
    visitor, screen = job
    try:
        return call(visitor, "action_refund", screen)
    except RpcError as error:
        return str(error)


def press_at_once(jobs):
    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(press, jobs))


def paid_back(practice, link):
    return [amount for _reference, amount, _state in practice.transactions(link.id) if amount < 0]


def test_f26_one_screen_pressed_eight_times_at_once_pays_back_once(practice, visitor):
    link = visitor.book("with-anna")
    visitor.pay(link)
    manager = practice.user("admin")
    screen = open_screen(manager, link, 10.0)
    answers = press_at_once([(practice.user("admin"), screen) for _click in range(8)])
    assert all(isinstance(answer, dict) for answer in answers), answers
    refunds.wait_until(lambda: refunds.states(practice, link) == ["done"])
    assert paid_back(practice, link) == [-10.0]


def test_f28_screens_confirmed_at_once_pay_back_no_more_than_was_paid(practice, visitor):
    link = visitor.book("with-anna")
    visitor.pay(link)
    manager = practice.user("admin")
    screens = [open_screen(manager, link, 10.0) for _window in range(5)]
    answers = press_at_once([(practice.user("admin"), screen) for screen in screens])
    refused = [answer for answer in answers if isinstance(answer, str)]
    assert len(refused) == 3, answers
    assert all(TOO_MUCH in words for words in refused)
    refunds.wait_until(lambda: refunds.states(practice, link) == ["done", "done"])
    assert paid_back(practice, link) == [-10.0, -10.0]


def test_f28_without_the_locks_they_pay_back_more_or_fail(practice):
    """The control: each window looks, sees what was left before, and decides on it."""
    practice.server.allow_log("duplicate key|Reference must be unique")
    for table in GUARDED:
        practice.query(
            f"CREATE RULE guard_off AS ON UPDATE TO {table}"
            " WHERE NEW.* IS NOT DISTINCT FROM OLD.* DO INSTEAD NOTHING"
        )
    try:
        for _round in range(6):
            if not press_five(practice):
                return
    finally:
        for table in GUARDED:
            practice.query(f"DROP RULE guard_off ON {table}")
    pytest.fail("the windows never met")


def press_five(practice):
    """Have five windows give back 10.00 of 24.00 at once; return whether two did, as is right."""
    visitor = practice.visitor()
    link = visitor.book("with-anna")
    visitor.pay(link)
    managers = [practice.user("admin") for _window in range(5)]
    screens = [open_screen(manager, link, 10.0) for manager in managers]
    answers = press_at_once(list(zip(managers, screens, strict=True)))
    refused = [answer for answer in answers if isinstance(answer, str)]
    decided = len(refunds.operations(practice, link))
    return decided == 2 and all(TOO_MUCH in words for words in refused)
