"""The server is killed at any moment of an operation: one scheduled action later all is well.

kill -9 hits the processes that answer requests; the last one hits the whole server.
"""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
import requests

from tests.refunds import KEY_OFF, KEY_ON, wait_until

from . import ready as deeds
from .balance import Balance
from .seeds import get_seed

KINDS = ("charge", "capture", "void", "refund")
PATHS = {
    "charge": "payment_intents", "capture": "payment_intents/*/capture",
    "void": "payment_intents/*/cancel", "refund": "refunds",
}
LONGEST = 0.45  # seconds: about what one takes from the button to its end
AMOUNT = {"EUR": 5.0, "JPY": 500, "KWD": 0.5}


@pytest.fixture(autouse=True)
def without_webhooks(clinic, stripe):
    """Nobody but the scheduled action brings news."""
    stripe.webhook()
    clinic.server.allow_log("could not serialize access|retry|Received HTTP")


class Kills:
    """Operations that are begun, and killed somewhere.

    :param Clinic clinic: where they are
    :param int seed: of the moments
    """

    def __init__(self, clinic, seed):
        self.clinic, self.random = clinic, random.Random(seed)
        self.met, self.bookings = Counter(), []
        self.paid = {place.currency: None for place in clinic.places}

    def prepare(self, kind, place):
        """Return a payment for the operation; one payment is refunded several times."""
        clinic = self.clinic
        if kind == "refund":
            paid = self.paid[place.currency]
            if not paid or paid.refunds == 8:
                paid = self.paid[place.currency] = deeds.pay(clinic, place)
                self.bookings.append(paid.link.id)
            paid.refunds += 1
            return paid
        ready = deeds.save_card(clinic, deeds.book(clinic, place)) if kind == "charge" else (
            deeds.hold(clinic, place)
        )
        self.bookings.append(ready.link.id)
        return ready

    def begin(self, kind, ready):
        """Press the button."""
        amount = AMOUNT[ready.place.currency]
        return {
            "charge": lambda: deeds.charge(self.clinic, ready),
            "capture": lambda: deeds.capture(self.clinic, ready, amount),
            "void": lambda: deeds.void(self.clinic, ready),
            "refund": lambda: deeds.refund(self.clinic, ready, amount),
        }[kind]()

    def expected(self, kind, before, place):
        """Return what Stripe has done once the operation is."""
        amount = round(AMOUNT[place.currency] * 10**place.decimals)
        return {
            "charge": {"captured": round(place.price * 10**place.decimals)},
            "capture": {"captured": amount, "held": 0},
            "void": {"held": 0},
            "refund": {"refunded": before["refunded"] + amount},
        }[kind]

    def kill_one(self, kind, place, kill):
        """Begin an operation, kill the server somewhere, let one scheduled action run, look."""
        clinic, ready = self.clinic, self.prepare(kind, place)
        before, known = deeds.moved(clinic, ready), len(deeds.operations(clinic, ready.link.id))
        if self.random.random() < 0.5:  # Stripe takes its time: more are met during the call
            clinic.double.fault("delay", PATHS[kind], seconds=0.2)
        with ThreadPoolExecutor(1) as pool:
            job = pool.submit(self.begin, kind, ready)
            wait([job], timeout=self.random.uniform(0.01, LONGEST))
            kill()
            assert isinstance(job.exception(), requests.RequestException | None)
        new = deeds.operations(clinic, ready.link.id)[known:]
        self.met[kind, new[0][2] if new else "not decided"] += 1
        deeds.make_due(clinic, ready.link.id)
        clinic.run_cron("cron_reconcile_transactions")
        after = deeds.moved(clinic, ready)
        assert [row[2] for row in deeds.operations(clinic, ready.link.id)[known:]] == (
            ["done"] * len(new)
        ), (kind, new)
        wanted = {**before, **(self.expected(kind, before, place) if new else {})}
        assert after == wanted, (kind, new)

    def finish(self):
        """Assert that the books agree to the cent, and print where the kills hit."""
        for name in ("cron_post_process_payment_tx", "cron_reconcile_transactions"):
            self.clinic.run_cron(name)
        balance = Balance(self.clinic, self.bookings)
        print(balance.report())
        assert balance.check() == []
        for kind in KINDS:
            met = {state: n for (which, state), n in sorted(self.met.items()) if which == kind}
            print(f"{kind:>8}: {met}")


def kill_many(clinic, count):
    seed = get_seed()
    print(f"\nseed {seed} (APPAY_SEED), {count} kills")
    kills = Kills(clinic, seed)
    for number in range(count):
        is_last = number == count - 1
        kills.kill_one(
            KINDS[number % len(KINDS)], clinic.places[number // len(KINDS) % len(clinic.places)],
            lambda is_last=is_last: clinic.kill_server() if is_last else clinic.kill_workers(),
        )
    kills.finish()
    assert sum(kills.met.values()) == count


def test_f12_killed_at_25_moments_nothing_is_lost_or_doubled(clinic):
    kill_many(clinic, 25)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_f12_killed_at_200_moments_nothing_is_lost_or_doubled(clinic):
    kill_many(clinic, 200)


def test_f12_without_its_key_what_was_killed_is_done_twice(clinic, stripe):
    """The control: the attempt after the crash is another request to Stripe."""
    ready = deeds.pay(clinic)
    clinic.query(KEY_OFF)
    try:
        stripe.fault("delay", "refunds", seconds=1)
        with ThreadPoolExecutor(1) as pool:
            job = pool.submit(deeds.refund, clinic, ready, 5.0)
            wait_until(lambda: deeds.moved(clinic, ready)["refunded"])
            clinic.kill_workers()
            assert job.exception()
        deeds.make_due(clinic, ready.link.id)
        clinic.run_cron("cron_reconcile_transactions")
    finally:
        clinic.query(KEY_ON)
    assert [row[2] for row in deeds.operations(clinic, ready.link.id)] == ["done"]
    assert deeds.moved(clinic, ready)["refunded"] == 1000
