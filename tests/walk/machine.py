"""The random walk: each step is something that people, Stripe, or an accident may do."""

import random
from contextlib import contextmanager

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from . import request_happenings  # noqa: F401 -- what it adds may happen too
from .happenings import HAPPENINGS
from .walker import Walker


class Walk(RuleBasedStateMachine):
    """Bookings and their money, in whatever order; `clinic` and `post` are set by the test.

    One rule and not one for each happening: what can happen is looked up once for each step, and
    what leads somewhere happens more often. Hypothesis draws one number for each step, whatever can
    happen: it refuses to draw what depends on the server, and it prefers what comes first.
    """

    clinic = post = None

    @initialize()
    def begin(self):
        self.walker, self.steps = Walker(self.clinic, self.post), 0

    @rule(seed=st.integers(0, 2**64 - 1))
    def step(self, seed):
        self.steps += 1
        walker, draw = self.walker, random.Random(f"{seed} {self.steps}").randrange
        tickets = walker.look()
        choices = [
            number for number, happening in enumerate(HAPPENINGS)
            for _chance in range(happening.weight)
            if happening.can_happen(walker, tickets)
        ]
        with self._telling():
            HAPPENINGS[choices[draw(len(choices))]].happen(walker, draw)
            self._check(walker.check_now())

    def teardown(self):
        walker = getattr(self, "walker", None)
        if walker and walker.tickets and not walker.failed:
            with self._telling():
                walker.settle()
                self._check(walker.check_end())

    def _check(self, wrong):
        if wrong:
            raise AssertionError("\n".join(["this is wrong:", *map(str, wrong)]))

    @contextmanager
    def _telling(self):
        """Tell what came before, should something be wrong."""
        try:
            yield
        except Exception as error:
            self.walker.failed = True
            error.add_note("\n".join(["What happened:", *self.walker.story]))
            raise
