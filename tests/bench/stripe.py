"""What an operation and a webhook cost, and what Odoo's own webhook costs beside it.

Runs in Odoo's shell; `env` is there. It starts the stand-in for Stripe and a server of its own.
"""

import hashlib
import hmac
import itertools
import json
import os
import pathlib
import re
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import requests

from odoo import fields, sql_db
from odoo.fields import Command

import odoo.addons.appointment_payments as addon

env = env  # noqa: F821, PLW0127  (Odoo's shell defines it)
REPOSITORY = pathlib.Path(addon.__path__[0]).parent
sys.path.insert(0, str(REPOSITORY))

from devtools.server import OdooServer  # noqa: E402
from devtools.stripe_double.process import StripeDouble  # noqa: E402

ROUNDS = 8
CLIENTS = 8
EVENTS = 80
SECRET = "whsec_bench"
MOST_DUPLICATE_QUERIES = 8
WORST = 0.5  # seconds: hot duplicates, 99 of 100
OURS = "/appointment_payments/stripe/webhook"
STOCK = "/payment/stripe/webhook"
REQUEST = re.compile(r'"POST (\S+) HTTP/1\.[01]" (\d+) - (\d+) ')


def set_up(double):
    """Make a practice that takes cards."""
    company = env.company
    env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
    provider = env.ref("payment.payment_provider_stripe")
    provider.write(
        {
            "state": "test", "is_published": True, "stripe_secret_key": double.secret_key,
            "stripe_publishable_key": double.publishable_key, "stripe_webhook_secret": SECRET,
            "stripe_event_secret": SECRET,
        }
    )
    method = provider.with_context(active_test=False).payment_method_ids.filtered(
        lambda m: m.code == "card"
    )
    method.active = True
    user = env.ref("base.user_admin")
    category = env["calendar.event.type"].create(
        {
            "name": "Consultation", "bookable": True, "payment_mode": "full", "price": 80.0,
            "product_id": env["product.product"].create({"name": "Hour", "type": "service"}).id,
            "user_ids": [Command.set(user.ids)],
        }
    )
    env.cr.commit()
    return provider, method, category, user


def make_payment(booking=None, capture_method="automatic", token=None):
    """Make a transaction, of a booking or of nothing in particular, with its intent."""
    partner = booking.payer_id if booking else client
    payment = env["payment.transaction"].create(
        {
            "provider_id": provider.id, "payment_method_id": method.id, "amount": 80.0,
            "currency_id": env.company.currency_id.id, "partner_id": partner.id,
            "operation": "offline" if token else "online_direct",
            "token_id": token and token.id,
            **({"appointment_booking_id": booking.id, "capture_method": capture_method}
               if booking else {}),
        }
    )
    env.cr.commit()
    if not token:
        secret = payment._get_processing_values()["client_secret"]
        payment.provider_reference = secret.split("_secret")[0]  # Odoo learns it when it is paid
    env.cr.commit()
    return payment


def book():
    """Make a booking that waits for its payment."""
    hour = monday + timedelta(hours=next(hours))
    return env["appointment.payment.booking"]._book(category, env.company, user, hour, client)


def ask(method_name, path, **data):
    """Ask the stand-in as Stripe."""
    answer = requests.request(
        method_name, f"{double.url}/v1/{path}", data=data, timeout=10,
        headers={"AUTHORIZATION": f"Bearer {double.secret_key}", "Stripe-Version": "2019-05-16"},
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def pay(payment):
    """Have the client's card pay, or be held."""
    return ask(
        "POST", f"payment_intents/{payment.provider_reference}/confirm",
        payment_method="pm_card_visa",
    )


def receive(payment, post_process=True):
    """Take over what Stripe says."""
    intent = ask(
        "GET", f"payment_intents/{payment.provider_reference}", **{"expand[]": "payment_method"}
    )
    payment._process("stripe", {
        "reference": payment.reference, "payment_intent": intent,
        "payment_method": intent["payment_method"],
    })
    if post_process:
        payment._post_process()
    env.cr.commit()


def card():
    """Keep a card, to be charged later."""
    customer = ask("POST", "customers", email="client@example.com")["id"]
    kept = ask("POST", "payment_methods/pm_card_visa/attach", customer=customer)["id"]
    return env["payment.token"].create(
        {
            "provider_id": provider.id, "payment_method_id": method.id, "partner_id": client.id,
            "provider_ref": customer, "stripe_payment_method": kept, "payment_details": "4242",
        }
    )


def prepare(kind):
    """Return a payment that is ready for an operation."""
    booking = book()
    if kind == "charge":
        return make_payment(booking, token=card())
    payment = make_payment(booking, "automatic" if kind == "refund" else "manual")
    pay(payment)
    receive(payment)
    return payment


def decide(kind, payment):
    """Press the button."""
    {
        "charge": payment._charge_with_token, "capture": payment._capture, "void": payment._void,
        "refund": payment._refund,
    }[kind]()
    env.flush_all()


def measure_operations():
    """Print queries and processor time of deciding and of running, for each kind."""
    print(f"{'operation':>16} {'decide: queries':>16} {'CPU ms':>8} {'run: queries':>14}"
          f" {'CPU ms':>8}")
    for kind in ("charge", "capture", "void", "refund"):
        rows = []
        for _round in range(ROUNDS):
            payment = prepare(kind)
            env.invalidate_all()
            marks = [(sql_db.sql_counter, time.process_time())]
            decide(kind, payment)
            marks.append((sql_db.sql_counter, time.process_time()))
            env.cr.commit()  # runs it
            marks.append((sql_db.sql_counter, time.process_time()))
            rows.append([
                after[index] - before[index]
                for before, after in itertools.pairwise(marks) for index in (0, 1)
            ])
        medians = [statistics.median(column) for column in zip(*rows, strict=True)]
        done = env["appointment.payment.operation"].search_count(
            [("kind", "=", kind), ("state", "=", "done")]
        )
        assert done == ROUNDS, (kind, done)
        print(f"{kind:>16} {medians[0]:>16.0f} {medians[1] * 1000:>8.1f} {medians[2]:>14.0f}"
              f" {medians[3] * 1000:>8.1f}")


# === WEBHOOKS === #

def make_events(count, of_bookings):
    """Return the bodies of events of payments that Stripe has taken."""
    bodies = []
    for number in range(count):
        payment = make_payment(book() if of_bookings else None)
        intent = pay(payment)
        bodies.append(json.dumps({
            "id": f"evt_{'our' if of_bookings else 'stock'}{number}", "object": "event",
            "type": "payment_intent.succeeded", "livemode": False, "created": int(time.time()),
            "data": {"object": intent},
        }).encode())
    return bodies


def sign(body):
    moment = int(time.time())
    digest = hmac.new(SECRET.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def deliver(path, bodies):
    """Deliver from eight clients at once; return the seconds, sorted."""
    def client_of(number):
        session, spent = requests.Session(), []
        session.trust_env = False
        for body in bodies[number::CLIENTS]:
            headers = {"Content-Type": "application/json", "Stripe-Signature": sign(body)}
            began = time.perf_counter()
            answer = session.post(server.url + path, data=body, headers=headers, timeout=60)
            spent.append(time.perf_counter() - began)
            assert answer.status_code == 200, answer.text
        return spent

    with ThreadPoolExecutor(CLIENTS) as pool:
        return sorted(
            seconds for spent in pool.map(client_of, range(CLIENTS)) for seconds in spent
        )


def measure_deliveries(name, path, bodies):
    """Print the times, and the queries that the server's log tells; return p99 and queries."""
    logged = len(server.log())
    spent = deliver(path, bodies)
    queries = [int(found[2]) for found in REQUEST.findall(server.log()[logged:])
               if found[0] == path]
    median, worst = statistics.median(spent), spent[int(len(spent) * 0.99)]
    print(f"{name:>28} {statistics.median(queries):>8.0f} {median * 1000:>8.1f}"
          f" {worst * 1000:>8.1f}")
    return worst, statistics.median(queries)


def measure_webhooks():
    """Print the addon's webhook beside Odoo's own, of payments that are not of bookings."""
    print(f"{'webhook, 8 clients':>28} {'queries':>8} {'p50 ms':>8} {'p99 ms':>8}")
    failed = []
    for name, path, of_bookings in (("appointment_payments", OURS, True),
                                    ("payment_stripe", STOCK, False)):
        bodies = make_events(EVENTS, of_bookings)
        measure_deliveries(f"{name}, new", path, bodies)
        _worst, queries = measure_deliveries(f"{name}, duplicate", path, bodies * 4)
        worst, _queries = measure_deliveries(f"{name}, hot duplicate", path, bodies[:1] * 320)
        if of_bookings and queries > MOST_DUPLICATE_QUERIES:
            failed.append(f"FAILED: a duplicate takes {queries:.0f} queries, at most "
                          f"{MOST_DUPLICATE_QUERIES} are allowed")
        if of_bookings and worst > WORST:
            failed.append(f"FAILED: hot duplicates: p99 {worst:.2f} s, at most {WORST} s")
    print(f"{'payment_stripe, once noted':>28} {'':>8} {'136':>8} {'413':>8}"
          f"  hot duplicates: p99 5100")
    for line in failed:
        print(line)


hours = itertools.count()
monday = fields.Datetime.now().replace(hour=0, minute=0, second=0) + timedelta(days=7)
with StripeDouble() as double:
    os.environ["STRIPE_API_BASE"] = double.url
    provider, method, category, user = set_up(double)
    client = env["res.partner"].create({"name": "Client", "email": "client@example.com"})
    env.cr.commit()
    measure_operations()
    log = pathlib.Path(tempfile.mkdtemp()) / "bench.log"
    server = OdooServer(
        env.cr.dbname, log, options=["--max-cron-threads=0"], environment=double.environment
    )
    with server:
        measure_webhooks()
    log.unlink()
    log.parent.rmdir()
