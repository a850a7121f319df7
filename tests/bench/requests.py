"""What the deadline of requests costs: 1,000 that expire at once, and none due among a million.

Mails and the provider are apart: what they take is what Odoo's templates and the provider take.
Runs in Odoo's shell; `env` is there. Nothing is kept.
"""

import statistics
import time
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.fields import Command
from odoo.tools import SQL

env = env  # noqa: F821, PLW0127  (Odoo's shell defines it)

EXPIRING = 1000
ROWS = 1_000_000
ROUNDS = 15
MOST_QUERIES = 100
MOST_IDLE_QUERIES = 5
MOST_IDLE_MS = 5.0

env = env(context={**env.context, "tracking_disable": True, "mail_notify_force_send": False})
Bookings = env["appointment.payment.booking"]
now = fields.Datetime.now().replace(minute=0, second=0)
company = env.company
env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
provider = env.ref("payment.payment_provider_demo")
provider.write({"state": "test", "is_published": True})
provider.payment_method_ids.active = True
partner = env["res.partner"].create({"name": "Client", "email": "client@example.com"})
group = env.ref("appointment_payments.group_practitioner")
users = env["res.users"].create(
    [
        {"name": f"P {n}", "login": f"p{n}", "tz": "Europe/Paris",
         "email": f"p{n}@example.com", "group_ids": [Command.link(group.id)]}
        for n in range(20)
    ]
)  # fmt: skip
category = env["calendar.event.type"].create(
    {
        "name": "Assessment",
        "bookable": True,
        "confirmation_mode": "manual",
        "price": 80.0,
        "product_id": env["product.product"].create({"name": "Hour", "type": "service"}).id,
        "user_ids": [Command.set(users.ids)],
    }
)


def ask(number):
    """Make a request that is held, or for every fourth charged."""
    category.request_flow = "charge" if number % 4 == 0 else "hold"
    start = now + timedelta(days=10, hours=number // len(users))
    user = users[number % len(users)]
    booking = Bookings._book(category, company, user, start, partner, origin="portal")
    method = provider.payment_method_ids[:1]
    payment = env["payment.transaction"].create(
        {
            "provider_id": provider.id,
            "payment_method_id": method.id,
            "amount": booking.amount_due_now,
            "currency_id": booking.currency_id.id,
            "partner_id": partner.id,
            "operation": "online_direct",
            "appointment_booking_id": booking.id,
            "capture_method": booking._decide_capture(provider, method).method,
            "reference": f"B{number}",
        }
    )
    payment._process("demo", {"reference": payment.reference, "simulated_state": "done"})
    payment._post_process()
    return booking


class Apart:
    """Counts the queries of what is left out."""

    def __init__(self):
        self.queries = 0
        self.seconds = 0.0

    @contextmanager
    def leaving_out(self, model, name):
        """Leave a method's queries and time out of what is counted."""
        original = getattr(env.registry[model], name)

        def counted(*args, **kwargs):
            env.flush_all()
            queries, started = env.cr.sql_log_count, time.perf_counter()
            try:
                result = original(*args, **kwargs)
                env.flush_all()
                return result
            finally:
                self.queries += env.cr.sql_log_count - queries
                self.seconds += time.perf_counter() - started

        with patch.object(env.registry[model], name, counted):
            yield


def expire(moment):
    """Run what the scheduled action runs; return queries, seconds, and those of the mails."""
    env.flush_all()
    env.invalidate_all()
    apart = Apart()
    with (
        patch.object(type(env.cr), "commit", lambda cr: None),
        patch.object(fields.Datetime, "now", lambda *args: moment),
        apart.leaving_out("appointment.payment.booking", "_send_request_mails"),
        apart.leaving_out("appointment.payment.booking", "_log_expired"),
    ):
        queries, started = env.cr.sql_log_count, time.perf_counter()
        Bookings._cron_expire_bookings()
        env.flush_all()
        queries = env.cr.sql_log_count - queries
        spent = time.perf_counter() - started
    return queries - apart.queries, spent - apart.seconds, apart


def fill():
    """Put a million bookings beside: most are over, some wait for an answer that is not due."""
    env.cr.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_name = 'appointment_payment_booking' AND column_name NOT IN"
        " ('id', 'name', 'state', 'start', 'stop', 'confirm_deadline', 'hold_until', 'answered_at',"
        "  'next_warning_at', 'access_token', 'checkout_token', 'event_id')"
    )
    columns = ", ".join(f'"{name}"' for (name,) in env.cr.fetchall())
    env.cr.execute(
        f"INSERT INTO appointment_payment_booking (name, state, start, stop, confirm_deadline,"
        f" hold_until, next_warning_at, {columns})"
        " SELECT 'B' || n, (ARRAY['attended', 'expired', 'declined', 'confirmed', 'cancelled',"
        " 'requested', 'pending_payment', 'no_show'])[1 + n %% 8], s, s + interval '1 hour',"
        " %s + (n || ' seconds')::interval, %s + (n || ' seconds')::interval,"
        f" CASE WHEN n %% 2 = 0 THEN %s + (n || ' seconds')::interval END, {columns}"
        " FROM generate_series(1, %s) AS n"
        " CROSS JOIN LATERAL (SELECT %s - (n || ' minutes')::interval AS s) AS t"
        " CROSS JOIN (SELECT * FROM appointment_payment_booking ORDER BY id LIMIT 1) AS b",
        [now + timedelta(days=1)] * 3 + [ROWS, now],
    )
    env.cr.execute("ANALYZE appointment_payment_booking")  # as PostgreSQL does by itself


def explain(moment):
    """Print how PostgreSQL looks for what is due."""
    for due, order, _work in Bookings._get_duties(moment):
        query = Bookings._search(due, order=order, limit=500)
        rows = env.execute_query(SQL("EXPLAIN (ANALYZE, BUFFERS) %s", query.select()))
        print(f"--- {due}")
        print("\n".join(row[0] for row in rows))
        plan = " ".join(row[0] for row in rows)
        if "Seq Scan" in plan or "Index" not in plan:
            print("FAILED: what is due is not found by an index")


bookings = Bookings.union(*(ask(number) for number in range(EXPIRING)))
assert set(bookings.mapped("state")) == {"requested"}
operations = env["appointment.payment.operation"].search_count([])
queries, spent, apart = expire(now + timedelta(days=9))
assert set(bookings.mapped("state")) == {"expired"}
assert env["appointment.payment.operation"].search_count([]) - operations == EXPIRING
print(f"{'':>34} {'queries':>8} {'ms':>8}")
print(f"{f'{EXPIRING:,} requests expire':>34} {queries:>8} {spent * 1000:>8.0f}")
print(f"{'their mails and log notes, apart':>34} {apart.queries:>8} {apart.seconds * 1000:>8.0f}")
if queries > MOST_QUERIES:
    print(f"FAILED: {queries} queries, at most {MOST_QUERIES} are allowed")

fill()
idle = [expire(now)[:2] for _round in range(ROUNDS)][1:]
queries = max(count for count, _seconds in idle)
milliseconds = statistics.median(seconds for _count, seconds in idle) * 1000
print(f"{f'nothing due among {ROWS:,}':>34} {queries:>8} {milliseconds:>8.2f}")
explain(now)
if queries > MOST_IDLE_QUERIES:
    print(f"FAILED: {queries} queries with nothing due, at most {MOST_IDLE_QUERIES} are allowed")
if milliseconds > MOST_IDLE_MS:
    print(f"FAILED: {milliseconds:.1f} ms with nothing due, at most {MOST_IDLE_MS} are allowed")
