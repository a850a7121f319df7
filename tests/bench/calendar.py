"""What the addon costs those who only use the calendar: making events, and the month view.

Runs in Odoo's shell; `env` is there. Nothing is kept. The same work is done in turns in this
database and in one without the addon, in one process, so that both meet the same machine.
"""

import gc
import os
import statistics
import time
from datetime import timedelta

from lxml import etree

from odoo import api, fields
from odoo.fields import Command
from odoo.modules.registry import Registry

env = env  # noqa: F821, PLW0127  (Odoo's shell defines it)

ROUNDS = 15
EVENTS = 5000
BOOKED = 100
SIZES = {"one event": 1, "1,000 events at once": 1000}
# what the calendar reads beside the fields of its view
ALWAYS = {"display_name", "start", "stop", "duration", "allday"}
month = fields.Datetime.now().replace(day=1, hour=0, minute=0, second=0) + timedelta(days=32)
month = month.replace(day=1)


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

    def measure(self, work):
        """Return the queries and the milliseconds of some work on a cold cache, undone after."""
        self.env.flush_all()
        self.env.invalidate_all()
        gc.collect()
        queries, started = self.env.cr.sql_log_count, time.perf_counter()
        with self.env.cr.savepoint(flush=False) as savepoint:
            work(self)
            self.env.flush_all()
            spent = (time.perf_counter() - started) * 1000
            queries = self.env.cr.sql_log_count - queries
            savepoint.rollback()
        return queries, spent


def compare(label, work, more_queries):
    """Do some work on both sides in turns, and print what the addon adds."""
    ours, theirs = [], []
    for number in range(ROUNDS + 1):
        turns = [(addon, ours), (alone, theirs)]
        for side, found in turns if number % 2 else reversed(turns):
            found.append(side.measure(work))
    # the first round fills caches that live as long as the server
    ours, theirs = ours[1:], theirs[1:]
    queries = [statistics.median(count for count, _spent in found) for found in (theirs, ours)]
    spent = [statistics.median(spent for _count, spent in found) for found in (theirs, ours)]
    ratio = statistics.median(a[1] / b[1] for a, b in zip(ours, theirs, strict=True))
    print(
        f"{label:>34} {queries[0]:>8.0f} {queries[1]:>8.0f}"
        f" {spent[0]:>10.1f} {spent[1]:>10.1f} {ratio:>7.3f}"
    )
    if queries[1] > queries[0] + more_queries:
        print(f"FAILED: {label}: {queries[1] - queries[0]:.0f} more queries, not {more_queries}")


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
    addon, alone = Side(env), Side(api.Environment(cursor, api.SUPERUSER_ID, {}))
    assert "appointment_state" in addon.names and "appointment_state" not in alone.names
    print(f"{'':>34} {'queries':>17} {'ms':>21} {'ratio':>7}")
    print(f"{'':>34} {'Odoo':>8} {'addon':>8} {'Odoo':>10} {'addon':>10}")
    for label, size in SIZES.items():
        compare(label, lambda side, size=size: side.create(size), 0)
    for side in (addon, alone):
        side.create(EVENTS)
    compare(f"month view, {EVENTS:,} events", Side.open_month, 2)
    for side in (addon, alone):
        book(side)
    compare(f"… and {BOOKED} of them booked", Side.open_month, 2)
    cursor.rollback()
