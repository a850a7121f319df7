"""Practices with books of their own on one real server, with the stand-in for Stripe as Stripe."""

import contextlib
import json
import os
import re
import signal
from dataclasses import dataclass, field
from datetime import date, timedelta

import psutil
import requests
from psycopg2.errors import DeadlockDetected

from tests.refunds import wait_until
from tests.visitor import Link, Page, Visitor

from .clinic_setup import SCRIPT

SECRET = "whsec_of_the_walk"
EVENT_SECRET = "whsec_of_the_own_endpoint"
HOURS = (8, 9, 10, 11, 13, 14, 15, 16)
# the addon's own cron and those of Odoo that it relies on
CRONS = ("cron_reconcile_transactions", "cron_post_process_payment_tx", "cron_expire_bookings")


@dataclass
class Place:
    """One practice: a company with a currency, a provider, and categories by mode and name."""

    company: int
    currency: str
    decimals: int
    provider: int
    categories: dict
    price: float
    deposit: float
    cash: int
    taken: dict = field(default_factory=dict)


class Clinic:
    """The practices, whoever works there, and what may go wrong.

    :param OdooServer server: started with several workers
    :param StripeDouble double: what plays Stripe
    """

    def __init__(self, server, double):
        self.server, self.double, self.url = server, double, server.url
        keys = {
            **double.keys, "stripe_webhook_secret": SECRET, "stripe_event_secret": EVENT_SECRET,
        }
        found = json.loads(server.shell(f"KEYS = {keys!r}\n{SCRIPT}").split("FOUND ")[1])
        self.method, self.doors = found["method"], found["doors"]
        self.places = [Place(**values) for values in found["practices"]]
        self.connection = server.connect()
        self.connection.autocommit = True
        self.admin = Visitor(self)
        self.admin.log_in("admin")
        self.admin.patience = 600  # a scheduled action with a thousand events to finish
        self.crons = dict(self.query(
            "SELECT name, res_id FROM ir_model_data WHERE model = 'ir.cron' AND name IN %s", CRONS
        ))
        self._days, self._practitioners = {}, {}

    def close(self):
        self.connection.close()

    def query(self, statement, *parameters):
        """Run one statement, a transaction of its own; again when the server's work met it."""
        try:
            with self.connection.cursor() as cursor:
                cursor.execute(statement, parameters or None)
                return cursor.fetchall() if cursor.description else []
        except DeadlockDetected:
            return self.query(statement, *parameters)

    # === PEOPLE === #

    def visitor(self):
        return Visitor(self)

    def rpc(self, model, method, *args, company=None, context=None, **kwargs):
        """Call a public method as the manager who keeps the books.

        :raise RpcError: when it refuses
        """
        companies = [company] if company else [place.company for place in self.places]
        kwargs["context"] = {"allowed_company_ids": companies, **(context or {})}
        return self.admin.call(
            f"/web/dataset/call_kw/{model}/{method}",
            model=model, method=method, args=list(args), kwargs=kwargs,
        )

    def open_door(self, name, record_id, **context):
        """Run one of the server actions of the set-up on a record."""
        door, model = self.doors[name]
        where = {"active_model": model, "active_id": record_id, "active_ids": [record_id]}
        return self.rpc("ir.actions.server", "run", [door], context={**where, **context})

    def rpc_as(self, place, who, method, *args):
        """Press a button of bookings as one of the practitioners.

        :raise RpcError: when it refuses
        """
        login = f"{who}-{place.company}"
        practitioner = self._practitioners.get(login) or self.visitor()
        if login not in self._practitioners:
            practitioner.log_in(login)
            self._practitioners[login] = practitioner
        model = "appointment.payment.booking"
        return practitioner.call(
            f"/web/dataset/call_kw/{model}/{method}",
            model=model, method=method, args=list(args), kwargs={},
        )

    def answer_by_mail(self, booking_id, button, **typed):
        """Press a button of the mail that asks a practitioner for an answer, and confirm it.

        :return: whether that was allowed
        """
        [(body,)] = self.query(
            "SELECT m.body_html FROM mail_mail m JOIN mail_message s ON s.id = m.mail_message_id"
            " WHERE s.model = 'appointment.payment.booking' AND s.res_id = %s"
            " AND m.body_html LIKE %s ORDER BY m.id DESC LIMIT 1",
            booking_id, "%/booking/answer/%",
        )
        links = re.findall(r'href="[^"]*(/booking/answer/[\w-]+)"[^>]*>([^<]+)<', body)
        path = next(path for path, label in links if button in label)
        reader = self.visitor()
        form = reader.open(path).find("form[@method='post']")
        if not form:
            return False  # answered, over, or answered by mail before
        answer = reader.send("POST", path, data={**dict(form[0].form_values()), **typed})
        assert answer.status_code in (200, 303), Page(answer).text
        return answer.status_code == 303

    def cancel_request(self, visitor, link):
        """Cancel a request as its client does; nothing happens when it is too late for that."""
        page = visitor.open(link.page)
        forms = page.find("form[contains(@action, '/cancel')]")
        if forms:
            answer = visitor.send("POST", f"{link.path}/cancel", data=dict(forms[0].form_values()))
            assert answer.status_code == 303, Page(answer).text

    def run_cron(self, name):
        self.rpc("ir.cron", "method_direct_trigger", [self.crons[name]])

    def next_start(self, place, who):
        """Return a time of a practitioner that nobody has asked for yet."""
        number = place.taken[who] = place.taken.get(who, -1) + 1
        day = self._workday(number // len(HOURS))
        return f"{day.isoformat()}T{HOURS[number % len(HOURS)]:02}:00:00Z"

    def _workday(self, number):
        if number not in self._days:
            day = self._workday(number - 1) if number else date.today() + timedelta(days=2)
            day += timedelta(days=1)
            while day.weekday() > 4:
                day += timedelta(days=1)
            self._days[number] = day
        return self._days[number]

    def book(self, place, category, start, **typed):
        """Book as somebody on the public page does.

        :return: visitor and link; nothing when the time is taken
        """
        slug = place.categories[category][1]
        visitor = self.visitor()
        page = visitor.open(f"/booking/{slug}", start=start)
        if not page.find("form[contains(@class, 'o_appay_details')]"):
            return visitor, None
        form = {
            **page.form(), "name": "Carla Client", "email": "carla@example.com",
            "accept_terms": "1", **typed,
        }
        answer = visitor.submit(form, slug)
        assert answer.status_code in (303, 409), Page(answer).text
        if answer.status_code == 409:
            return visitor, None
        return visitor, Link.parse(answer.headers["Location"])

    def ask_to_pay(self, place, visitor, link):
        """Ask for the transaction as the page does.

        :return: its reference, the intent's id and its client secret
        """
        values = visitor.call(
            f"{link.path}/transaction", access_token=link.token, provider_id=place.provider,
            payment_method_id=self.method, token_id=None, flow="direct",
            tokenization_requested=False, landing_route=link.page, is_validation=False,
        )
        return self._read_form(values)

    def ask_to_hold(self, place, link):
        """Ask for a payment that is held until there is an answer.

        :return: see :meth:`ask_to_pay`
        """
        made = self.open_door("hold", link.id, provider=place.provider, method=self.method)
        return self._read_form(self.open_door("intent", made["payment"]))

    def _read_form(self, values):
        secret = values.get("client_secret") or ""
        return values["reference"], secret.split("_secret")[0], secret

    # === STRIPE === #

    def confirm(self, intent, secret, number):
        """Confirm as Stripe.js does in the browser.

        :return: Stripe's answer
        """
        card = "payment_method_data[card]"
        return requests.post(
            f"{self.double.url}/v1/payment_intents/{intent}/confirm",
            data={
                "client_secret": secret, "return_url": f"{self.url}/payment/stripe/return",
                "payment_method_data[type]": "card", f"{card}[number]": number,
                f"{card}[exp_month]": "12", f"{card}[exp_year]": "40", f"{card}[cvc]": "123",
            },
            headers={"AUTHORIZATION": f"Bearer {self.double.publishable_key}"}, timeout=30,
        )

    def authenticate(self, intent, secret, passed):
        """Answer the bank's question."""
        requests.post(
            f"{self.double.url}/3ds/{intent}",
            data={"client_secret": secret, "outcome": "complete" if passed else "fail"}, timeout=30,
            allow_redirects=False,
        )

    def ask_stripe(self, path):
        """Return an object as Stripe has it."""
        answer = requests.get(
            f"{self.double.url}/v1/{path}", timeout=10,
            headers={"AUTHORIZATION": f"Bearer {self.double.secret_key}"},
        )
        return answer.json()

    # === CRASHES === #

    def workers(self):
        """Return the process ids of the server's HTTP workers."""
        found = []
        for child in psutil.Process(self.server.process.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):  # zombies too
                if "gevent" not in child.cmdline():
                    found.append(child.pid)
        return found

    def kill_workers(self):
        """Kill whatever answers requests, as kill -9 does; the server starts others."""
        killed = self.workers()
        for pid in killed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: len(set(self.workers()) - set(killed)) >= len(killed))

    def kill_server(self):
        """Kill the whole server, and start another one."""
        self.server.kill()
        self.server.start()
