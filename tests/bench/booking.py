"""One booking with its occupancy and transaction: queries, against a plain calendar event.

The contact and the payment form are apart.

Runs in Odoo's shell; `env` is there. Nothing is kept.
"""

import statistics
import time
from datetime import timedelta

from odoo import fields
from odoo.fields import Command

env = env  # noqa: F821, PLW0127  (Odoo's shell defines it)

ROUNDS = 10
MOST_QUERIES = 40

company = env.company
env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
provider = env.ref("payment.payment_provider_demo")
provider.write({"state": "test", "is_published": True})
provider.payment_method_ids.active = True
user = env.ref("base.user_admin")
partner = env["res.partner"].create({"name": "Client", "email": "client@example.com"})
category = env["calendar.event.type"].create(
    {
        "name": "Consultation",
        "bookable": True,
        "payment_mode": "full",
        "price": 80.0,
        "product_id": env["product.product"].create({"name": "Hour", "type": "service"}).id,
        "user_ids": [Command.set(user.ids)],
    }
)
monday = fields.Datetime.now().replace(hour=0, minute=0, second=0) + timedelta(days=7)


def measure(work):
    """Return the median queries and milliseconds of some work on a cold cache."""
    counts, times = [], []
    for index in range(ROUNDS):
        env.flush_all()
        env.invalidate_all()
        queries, started = env.cr.sql_log_count, time.perf_counter()
        work(index)
        env.flush_all()
        times.append((time.perf_counter() - started) * 1000)
        counts.append(env.cr.sql_log_count - queries)
    return statistics.median(counts), statistics.median(times)


def book(index):
    """Book, and make the transaction that pays."""
    booking = env["appointment.payment.booking"]._book(
        category, company, user, monday + timedelta(hours=index), partner
    )
    env["payment.transaction"].create(
        {
            "provider_id": provider.id,
            "payment_method_id": provider.payment_method_ids[:1].id,
            "amount": booking.amount_due_now,
            "currency_id": booking.currency_id.id,
            "partner_id": partner.id,
            "operation": "online_direct",
            "appointment_booking_id": booking.id,
        }
    )


def create_event(index):
    """Create a plain event, as a measure of this machine and this Odoo."""
    env["calendar.event"].with_context(no_mail_to_attendees=True).create(
        {
            "name": "Plain",
            "start": monday + timedelta(hours=index),
            "stop": monday + timedelta(hours=index + 1),
        }
    )


plain_queries, plain = measure(create_event)
queries, spent = measure(book)
print(f"{'':>32} {'queries':>8} {'ms':>8}")
print(f"{'calendar event':>32} {plain_queries:>8.0f} {plain:>8.1f}")
print(f"{'booking, occupancy, transaction':>32} {queries:>8.0f} {spent:>8.1f}")
print(f"{'ratio':>32} {queries / plain_queries:>8.1f} {spent / plain:>8.1f}")
if queries > MOST_QUERIES:
    print(f"FAILED: {queries:.0f} queries, at most {MOST_QUERIES} are allowed")
