"""What the addon costs those who only use the calendar: making events, and the month view.

Runs in Odoo's shell; `env` is there. Nothing is kept. The same work is done in turns in this
database and in one without the addon, in one process, so that both meet the same machine.
"""

import gc
import itertools
import math
import os
import statistics
import time
from datetime import timedelta
from pathlib import Path

from lxml import etree

from odoo import api, fields
from odoo.fields import Command
from odoo.modules.registry import Registry

env = env  # noqa: F821, PLW0127  (Odoo's shell defines it)

EVENTS = 5000
BOOKED = 100
# of this process for one work; more rounds of short ones
SECONDS = 15
ROUNDS = (15, 200)
# what the addon may add to the time
BOUND = 1.05
SIZES = {"one event": 1, "1,000 events at once": 1000}
# what the calendar reads beside the fields of its view
ALWAYS = {"display_name", "start", "stop", "duration", "allday"}
month = fields.Datetime.now().replace(day=1, hour=0, minute=0, second=0) + timedelta(days=32)
month = month.replace(day=1)
HOUR = timedelta(hours=1)


class Side:
    """One database: somebody without any of our roles, and their calendar."""

    def __init__(self, environment):
        self.root = environment(context={"no_mail_to_attendees": True, "tracking_disable": True})
        user = self.root["res.users"].create(
            {
                "name": "Ina",
                "login": "ina_bench",
                "tz": "Europe/Paris",
                "group_ids": [Command.set(self.root.ref("base.group_user").ids)],
            }
        )
        self.env = self.root(user=user.id)
        arch = etree.fromstring(self.env["calendar.event"].get_view(view_type="calendar")["arch"])
        self.env.cr.execute("SELECT pg_backend_pid()")
        self.schedule = Path(f"/proc/{self.env.cr.fetchone()[0]}/schedstat")
        self.names = sorted({node.get("name") for node in arch.iter("field")} | ALWAYS)

    def create(self, count):
        """Make plain events in the month."""
        step = timedelta(days=27) / count
        return self.env["calendar.event"].create(
            [
                {
                    "name": "Team",
                    "start": month + number * step,
                    "stop": month + number * step + timedelta(minutes=30),
                }
                for number in range(count)
            ]
        )

    def open_month(self):
        """Read what the calendar's month view reads."""
        events = self.env["calendar.event"].search_read(
            [("start", "<=", month + timedelta(days=31)), ("stop", ">=", month)], self.names
        )
        partner = self.env.user.partner_id
        partner.get_attendee_detail([event["id"] for event in events])
        return len(events)

    def move(self):
        """Move an event that is there, as the calendar does when one is dragged."""
        event = self.env["calendar.event"].search([("name", "=", "Team")], limit=1)
        event.write({"start": event.start + HOUR, "stop": event.stop + HOUR})

    def measure(self, work):
        """Return what some work costs on a cold cache, undone after.

        :param work: a function of this side
        :return: queries, seconds of the processors, seconds
        :rtype: tuple[int, float, float]
        """
        self.env.flush_all()
        self.env.invalidate_all()
        gc.collect()
        with self.env.cr.savepoint(flush=False) as savepoint:
            queries, busy = self.env.cr.sql_log_count, self.get_processor_time()
            started = time.perf_counter()
            work(self)
            self.env.flush_all()
            spent = time.perf_counter() - started
            busy = self.get_processor_time() - busy
            queries = self.env.cr.sql_log_count - queries
            savepoint.rollback()
        return queries, busy, spent

    def get_processor_time(self):
        """Return how long processors have worked for this side, whoever else wanted them.

        :return: seconds, of this process and of the database's, where the system tells
        :rtype: float
        """
        backend = 0.0
        if self.schedule.exists():
            backend = int(self.schedule.read_text().split()[0]) / 1e9
        return time.process_time() + backend


def take_turns(work):
    """Do some work with the addon and without in turns, twice each in a round.

    :param work: a function of a side
    :return: for each round, what it cost: twice with the addon, and twice without
    :rtype: list[tuple[list, list]]
    """
    # what stays need not be gone through before each measurement
    gc.collect()
    gc.freeze()
    rounds = []
    started = time.process_time()
    least, most = ROUNDS
    while len(rounds) <= least or (
        len(rounds) <= most and time.process_time() - started < SECONDS
    ):
        ours, theirs = [], []
        turns = [(addon, ours), (alone, theirs)]
        # whatever grows or slows down meets both alike: one begins and ends, then the other
        turns = turns if len(rounds) % 2 else turns[::-1]
        for side, found in turns + turns[::-1]:
            found.append(side.measure(work))
        rounds.append((ours, theirs))
    # the first round fills caches that live as long as the server
    return rounds[1:]


def get_noise(pairs):
    """Return how far from 1 the median of ratios may be that would be 1 on a quiet machine.

    :param list[float] pairs: the same work against itself
    :rtype: float
    """
    pairs = sorted(pairs)
    middle, reach = len(pairs) // 2, math.isqrt(len(pairs))
    return max(1 - pairs[middle - reach], pairs[middle + reach] - 1)


def compare(label, work, more_queries):
    """Do some work on both sides in turns, and print what the addon adds.

    :param str label: what it is
    :param work: a function of a side
    :param int more_queries: how many more queries than Odoo alone are within bounds
    """
    rounds = take_turns(work)
    ours, theirs = (
        [statistics.median(costs) for costs in zip(*itertools.chain(*side), strict=True)]
        for side in zip(*rounds, strict=True)
    )
    # both of a round together, since a machine's other work comes and goes
    ratio, wall = (
        statistics.median(
            sum(once[what] for once in with_addon) / sum(once[what] for once in without)
            for with_addon, without in rounds
        )
        for what in (1, 2)
    )
    noise = get_noise([without[0][1] / without[1][1] for _with_addon, without in rounds])
    print(
        f"{label:>28} {theirs[0]:>6.0f} {ours[0]:>6.0f} {theirs[1] * 1000:>9.1f}"
        f" {ours[1] * 1000:>9.1f} {ratio:>7.3f} {noise:>7.3f} {wall:>7.3f} {len(rounds):>6}"
    )
    if ours[0] > theirs[0] + more_queries:
        print(f"FAILED: {label}: {ours[0] - theirs[0]:.0f} more queries, not {more_queries}")
    if ratio - noise > BOUND:
        print(f"FAILED: {label}: {ratio:.3f} times the processor time, not {BOUND}")


def book(side):
    """Make appointments of a practitioner: bookings, or without the addon events with a client."""
    root = side.root
    anna = root["res.users"].create({"name": "Anna", "login": "anna_bench"})
    client = root["res.partner"].create({"name": "Client"})
    values = {"partner_ids": [Command.set((anna.partner_id | client).ids)]}
    if side is addon:
        practitioners = [Command.set(anna.ids)]
        category = root["calendar.event.type"].create(
            {"name": "Hour", "bookable": True, "duration": 0.25, "user_ids": practitioners}
        )
        values["appointment_client_id"] = client.id
        values["appointment_category_id"] = category.id
    events = root["calendar.event"].create(
        [
            {
                "name": "Appointment",
                "user_id": anna.id,
                "start": month + timedelta(hours=6 * number),
                "stop": month + timedelta(hours=6 * number, minutes=15),
                **values,
            }
            for number in range(BOOKED)
        ]
    )
    assert side is alone or set(events.mapped("appointment_state")) == {"confirmed"}


with Registry(os.environ["APPAY_BENCH_BARE"]).cursor() as cursor:
    # by hand between two measurements, not by chance in one of them
    gc.disable()
    addon, alone = Side(env), Side(api.Environment(cursor, api.SUPERUSER_ID, {}))
    assert "appointment_state" in addon.names and "appointment_state" not in alone.names
    print(f"{'':>28} {'queries':>13} {'processor ms':>19}")
    heads = f"{'Odoo':>6} {'addon':>6} {'Odoo':>9} {'addon':>9} {'ratio':>7} {'noise':>7}"
    print(f"{'':>28} {heads} {'wall':>7} {'rounds':>6}")
    for label, size in SIZES.items():
        compare(label, lambda side, size=size: side.create(size), 0)
    for side in (addon, alone):
        side.create(EVENTS)
    # whether it is booked
    compare("one event moved", Side.move, 1)
    compare(f"month view, {EVENTS:,} events", Side.open_month, 2)
    for side in (addon, alone):
        book(side)
    compare(f"… and {BOOKED} of them booked", Side.open_month, 2)
    gc.enable()
    cursor.rollback()
