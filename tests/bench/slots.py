"""Free times of 30 days: queries and time, against OCA's resource_booking and Odoo itself.

Each practitioner has weekly hours of their own; the busy events are spread over the 30 days. Odoo's
column is its working hours without what is busy. Runs in Odoo's shell; `env` is there. Nothing is
kept. Without resource_booking its columns are empty.
"""

import statistics
import time
from datetime import UTC, timedelta

from odoo import fields
from odoo.fields import Command

env = env  # noqa: F821, PLW0127  (Odoo's shell defines it)

ROUNDS = 9
SIZES = [(1, 1000), (1, 5000), (5, 1000), (5, 5000), (20, 1000), (20, 5000)]
MOST_QUERIES = 4
MOST_OF_RIVAL = 1 / 5


def make_users(count):
    """Make practitioners, each with weekly hours of their own."""
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
            for index in range(count)
        ]
    )
    for resource in users._get_practitioner_resources():
        resource.calendar_id = resource.calendar_id.copy()
    return users


def make_practice(practitioners, events):
    """Make practitioners, and busy events spread over their next 30 days.

    :return: the category that they all practise
    """
    users = make_users(practitioners)
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
    env.flush_all()
    env.cr.execute("ANALYZE")  # as PostgreSQL does by itself
    return env["calendar.event.type"].create(
        {
            "name": f"Consultation {practitioners}/{events}",
            "bookable": True,
            "duration": 0.5,
            "user_ids": [Command.set(users.ids)],
        }
    )


def make_rival(category):
    """Make a booking of resource_booking that any of the same practitioners can take."""
    combinations = env["resource.booking.combination"].create(
        [
            {"resource_ids": [Command.set(resource.ids)]}
            for resource in category.user_ids._get_practitioner_resources()
        ]
    )
    kind = env["resource.booking.type"].create(
        {
            "name": category.name,
            "duration": category.duration,
            "slot_duration": category.duration,
            "combination_rel_ids": [
                Command.create({"combination_id": combination.id}) for combination in combinations
            ],
            "resource_calendar_id": env.company.resource_calendar_id.id,
        }
    )
    client = env["res.partner"].create({"name": "Client"})
    return env["resource.booking"].create(
        {"type_id": kind.id, "partner_ids": [Command.set(client.ids)]}
    )


class Measure:
    """The queries and the milliseconds of some work, each time on a cold cache."""

    def __init__(self, work):
        self.work = work
        self.queries = 0
        self.times = []
        self.value = None

    def run(self):
        env.flush_all()
        env.invalidate_all()
        queries, started = env.cr.sql_log_count, time.perf_counter()
        self.value = self.work()
        self.times.append((time.perf_counter() - started) * 1000)
        self.queries = env.cr.sql_log_count - queries

    @property
    def spent(self):
        return statistics.median(self.times)

    def __str__(self):
        return f" {self.queries:>8} {self.spent:>8.1f}"


def compare(practitioners, events):
    """Measure one size, print its line, and print what is beyond its bound."""
    category = make_practice(practitioners, events)
    users = category.user_ids
    resources = users._get_practitioner_resources()
    now = fields.Datetime.now()
    until = now + timedelta(days=30)
    window = now.replace(tzinfo=UTC), until.replace(tzinfo=UTC)
    availability = env["appointment.payment.availability"]
    ours = Measure(lambda: availability._get_offers(category, users, now, until))
    vanilla = Measure(lambda: resources._get_valid_work_intervals(*window))
    measures, rival = [ours, vanilla], None
    if "resource.booking" in env:
        booking = make_rival(category)
        rival = Measure(lambda: booking._get_available_slots(*window))
        measures.append(rival)
    for _round in range(ROUNDS):  # by turns, so that a busy machine is busy for all
        for measured in measures:
            measured.run()
    size = f"{practitioners:>13}/{events:<6} {len(ours.value):>6}"
    ratio = f" {ours.spent / rival.spent:>6.2f}" if rival else ""
    print(size + "".join(map(str, measures)) + ratio)
    if ours.queries > MOST_QUERIES:
        print(f"FAILED: {ours.queries} queries, at most {MOST_QUERIES} are allowed")
    if rival and ours.spent > rival.spent * MOST_OF_RIVAL:
        print(f"FAILED: {ratio} of the rival's time, {MOST_OF_RIVAL} is allowed")


print(f"{'':>20} {'ours':>24} {'Odoo, hours only':>17} {'resource_booking':>17}")
print(
    f"{'practitioners/events':>20} {'slots':>6} {'queries':>8} {'ms':>8}"
    f" {'queries':>8} {'ms':>8} {'queries':>8} {'ms':>8} {'ratio':>6}"
)
for size in SIZES:
    compare(*size)
