"""The public pages as a server answers them: time, and queries, which categories do not add to.

Runs in Odoo's shell; `env` is there. What it makes is kept, since each request has a cursor of its
own: the database is dropped afterwards.
"""

import json
import re
import statistics
import threading
import time
from datetime import timedelta

from werkzeug.test import Client

from odoo import fields, http
from odoo.fields import Command

env = env  # noqa: F821, PLW0127  (Odoo's shell defines it)

ROUNDS = 15
SIZES = [2, 12]
MOST_QUERIES = {"/booking": 34, "/slots": 30, "empty": 10, "sold": 10}
HOST = {"Host": "127.0.0.1:8069"}

company = env.company
env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
provider = env.ref("payment.payment_provider_demo")
provider.write({"state": "test", "is_published": True})
provider.payment_method_ids.active = True
group = env.ref("appointment_payments.group_practitioner")
users = env["res.users"].create(
    [
        {"name": f"Practitioner {n}", "login": f"p{n}", "group_ids": [Command.link(group.id)]}
        for n in range(5)
    ]
)
service = env["product.product"].create({"name": "Consultation", "type": "service"})


def make_categories(count):
    """Have so many categories, in all; those of odd numbers are paid in full at booking."""
    number = env["calendar.event.type"].search_count([("bookable", "=", True)])
    env["calendar.event.type"].create(
        [
            {
                "name": f"Consultation {index}",
                "bookable": True,
                "payment_mode": ("none", "full")[index % 2],
                "price": 50.0 + index,
                "company_id": index % 3 and company.id,
                "product_id": service.id,
                "user_ids": [Command.set(users[index % 3 :].ids)],
            }
            for index in range(number, count)
        ]
    )
    env.cr.commit()


def make_events(count):
    """Make busy events of the practitioners, spread over 30 days."""
    now = fields.Datetime.now().replace(minute=0, second=0)
    starts = [now + timedelta(minutes=index * 43200 // count) for index in range(count)]
    env["calendar.event"].with_context(no_mail_to_attendees=True).create(
        [
            {
                "name": "Busy",
                "start": start,
                "stop": start + timedelta(minutes=30),
                "user_id": users[index % len(users)].id,
                "partner_ids": [Command.set(users[index % len(users)].partner_id.ids)],
            }
            for index, start in enumerate(starts)
        ]
    )
    env.cr.commit()
    env.cr.execute("ANALYZE")  # as PostgreSQL does by itself
    env.cr.commit()


def measure(name, size, path, client=None, status=200, **options):
    """Measure a page that is asked for again and again; print its line, and FAILED beyond a bound.

    :param client: whose session; somebody new by default
    :param int status: what is answered
    :return: its queries and its milliseconds
    """
    client = client or Client(http.root)
    times, counts = [], []
    for _round in range(ROUNDS):
        started = time.perf_counter()
        answer = client.open(path, headers=HOST, **options)
        times.append((time.perf_counter() - started) * 1000)
        counts.append(threading.current_thread().query_count)
        if answer.status_code != status or '"error"' in answer.text[:60]:
            print(f"FAILED: {path} answers {answer.status_code}")
    queries = statistics.median(counts)
    print(f"{name:<10} {size:>11} {queries:>8.0f} {statistics.median(times):>8.1f}")
    if queries > MOST_QUERIES[name]:
        print(f"FAILED: {queries:.0f} queries, at most {MOST_QUERIES[name]} are allowed")
    return queries, statistics.median(times)


def sell(client, path):
    """Book the first free time of a category.

    :return: the form of somebody who asks for the same time
    """
    page = client.open(path, headers=HOST).text
    link = re.search(r'o_appay_slot"[^>]* href="([^"]+)"', page)[1].replace("&amp;", "&")
    page = client.open(link, headers=HOST).text
    form = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    form |= {"name": "Carla Client", "email": "carla@example.com"}
    client.open(path, method="POST", data=form, headers=HOST)
    return {**form, "checkout_token": form["checkout_token"][::-1]}


print(f"{'page':<10} {'categories':>11} {'queries':>8} {'ms':>8}")
make_events(1000)
listed = set()
for count in SIZES:
    make_categories(count)
    listed.add(measure("/booking", count, "/booking")[0])
    call = json.dumps({"jsonrpc": "2.0", "params": {}})
    slots = {"method": "POST", "data": call, "content_type": "application/json"}
    measure("/slots", count, "/booking/consultation-0/slots", **slots)
if len(listed) > 1:
    print(f"FAILED: the queries of the list grow with its categories: {sorted(listed)}")
client, path = Client(http.root), "/booking/consultation-1"
form = sell(client, path)
_queries, empty = measure("empty", SIZES[-1], "/payment/status", client)
_queries, sold = measure("sold", SIZES[-1], path, client, 409, method="POST", data=form)
print(f"whoever asks for a time that is sold is told so in {sold / empty:.1f} times an empty page")
