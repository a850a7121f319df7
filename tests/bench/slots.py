"""Free times of 30 days: queries, and time against Odoo's own working hours of one calendar.

Runs in Odoo's shell; `env` is there. Nothing is kept.
"""

import statistics
import time
from datetime import UTC, timedelta

from odoo import fields
from odoo.fields import Command

env = env  # noqa: F821, PLW0127  (Odoo's shell defines it)

ROUNDS = 5
SIZES = [(1, 1000), (5, 1000), (20, 5000)]


def make_practice(practitioners, events):
    """Make practitioners with working hours, and busy events spread over their next 30 days.

    :return: the category that they all practise
    """
    group = env.ref("appointment_payments.group_practitioner")
    number = env["res.users"].search_count([])
    users = env["res.users"].create(
        [
            {
                "name": f"Practitioner {number + index}",
                "login": f"p{number + index}",
                "tz": "Europe/Paris",
                "group_ids": [Command.link(group.id)],
            }
            for index in range(practitioners)
        ]
    )
    now = fields.Datetime.now().replace(minute=0, second=0)
    env["calendar.event"].with_context(no_mail_to_attendees=True).create(
        [
            {
                "name": "Busy",
                "start": now + timedelta(minutes=index * 43200 // events),
                "stop": now + timedelta(minutes=index * 43200 // events + 30),
                "user_id": users[index % practitioners].id,
                "partner_ids": [Command.set(users[index % practitioners].partner_id.ids)],
            }
            for index in range(events)
        ]
    )
    return env["calendar.event.type"].create(
        {
            "name": f"Consultation {practitioners}/{events}",
            "bookable": True,
            "duration": 0.5,
            "user_ids": [Command.set(users.ids)],
        }
    )


def measure(work):
    """Return the queries and the median milliseconds of some work on a cold cache."""
    times = []
    for _round in range(ROUNDS):
        env.invalidate_all()
        queries, started = env.cr.sql_log_count, time.perf_counter()
        work()
        times.append((time.perf_counter() - started) * 1000)
    return env.cr.sql_log_count - queries, statistics.median(times)


print(f"{'practitioners/events':>22} {'queries':>8} {'ms':>8} {'own hours ms':>13} {'ratio':>6}")
for practitioners, events in SIZES:
    category = make_practice(practitioners, events)
    env.flush_all()
    now = fields.Datetime.now()
    until = now + timedelta(days=30)
    window = now.replace(tzinfo=UTC), until.replace(tzinfo=UTC)
    resources = category.user_ids._get_practitioner_resources()
    availability = env["appointment.payment.availability"]
    queries, spent = measure(
        lambda: availability._get_starts(  # noqa: B023
            category, category.user_ids, now, until  # noqa: B023
        )
    )
    _queries, own = measure(
        lambda: resources.calendar_id._work_intervals_batch(*window, resources)  # noqa: B023
    )
    size = f"{practitioners}/{events}"
    print(f"{size:>22} {queries:>8} {spent:>8.1f} {own:>13.1f} {spent / own:>6.1f}")
