"""Whatever people, Stripe and accidents do, Stripe, the journals and the bookings agree."""

import os
import time

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from .balance import Balance
from .machine import Walk
from .seeds import get_seed
from .walker import Walker

STEPS = 30


def walk(clinic, post, walks, number):
    """Take walks and print what the three ledgers say at the end."""
    clinic.server.allow_log("could not serialize access|retry|deadlock|Received HTTP")
    clinic.server.allow_log("mail_followers_mail_followers_res_partner")  # two follow at once
    phases = [Phase.generate, *([Phase.shrink] if os.environ.get("APPAY_SHRINK") else [])]
    options = settings(
        max_examples=walks, stateful_step_count=STEPS, deadline=None, database=None,
        suppress_health_check=list(HealthCheck), phases=phases, print_blob=False,
        verbosity=Verbosity.quiet, report_multiple_bugs=False,
    )
    Walk.clinic, Walk.post = clinic, post
    Walker.done.clear()
    Walker.bookings.clear()
    print(f"\nseed {number} (APPAY_SEED), {walks} walks of {STEPS} steps")
    began = time.monotonic()
    try:
        run_state_machine_as_test(seed(number)(Walk), settings=options)
    finally:
        print(f"{sum(Walker.done.values())} happenings in {time.monotonic() - began:.0f} s:",
              dict(Walker.done.most_common()))
    total = Balance(clinic, Walker.bookings)
    print(total.report())
    assert total.check() == []


def test_f12_random_walks_end_with_books_that_agree(clinic, post):
    walk(clinic, post, 20, get_seed())


@pytest.mark.long
@pytest.mark.timeout(6 * 3600)
def test_ten_thousand_steps_end_with_books_that_agree(clinic, post):
    steps = int(os.environ.get("APPAY_STEPS", "10000"))
    walk(clinic, post, -(-steps // STEPS), get_seed(fresh=True))
