"""A small practice on a real server, and what its visitors send over HTTP."""

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import lxml.html
import requests

SET_UP = """
import json
from datetime import datetime, timedelta
from odoo.fields import Command

env = env(context=dict(env.context, tracking_disable=True))
company = env.company
env.ref("base.EUR").active = True
# Debian's wkhtmltopdf draws the letters of a font that it has fetched, and no test could read them
env["ir.config_parameter"].set_param("report.url", "http://127.0.0.1:1")
company.write({
    "name": "Practice Linden", "email": "hello@linden.example", "phone": "+33 1 23 45 67 89",
    "street": "1 Lime Street", "city": "Paris", "country_id": env.ref("base.fr").id,
    # all visitors of the tests have one address; what limits do has tests of its own
    "appointment_rate_per_address": 0, "appointment_rate_per_email": 0,
    "appointment_holds_per_client": 0,
})
env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
company.currency_id = env.ref("base.EUR")
company.resource_calendar_id.tz = "Europe/Paris"
vat = env["account.tax.group"].create({"name": "VAT 20 %", "company_id": company.id})
tax = env["account.tax"].create({
    "name": "20 % included", "amount": 20, "price_include_override": "tax_included",
    "type_tax_use": "sale", "tax_group_id": vat.id, "company_id": company.id,
    "country_id": company.account_fiscal_country_id.id,
})
service = env["product.product"].create({
    "name": "Consultation", "type": "service", "taxes_id": [Command.set(tax.ids)],
})
provider = env.ref("payment.payment_provider_" + PROVIDER)
provider.write({"state": "test", "is_published": True, **KEYS})
methods = provider.with_context(active_test=False).payment_method_ids
method = methods.filtered(lambda m: m.code == METHOD)
method.active = True
elsewhere = env["res.company"].create({"name": "Practice Elsewhere"})
foreign = provider.copy({"company_id": elsewhere.id})
def practitioner(name, role="practitioner"):
    group = env.ref(f"appointment_payments.group_{role}")
    login = name.split()[0].lower()
    return env["res.users"].create({
        "name": name, "login": login, "password": login, "email": f"{login}@linden.example",
        "tz": "Europe/Paris", "group_ids": [Command.link(group.id)],
    })

anna, ben, cleo = map(practitioner, ("Anna Berg", "Ben Roy", "Cleo Vale"))
practitioner("Dora Desk", "front_desk")
portal = env["res.users"].create({
    "name": "Paula Portal", "login": "paula", "password": "paula", "email": "paula@example.com",
    "tz": "Europe/Paris", "group_ids": [Command.set(env.ref("base.group_portal").ids)],
})

def category(name, mode, price, users, **values):
    return env["calendar.event.type"].create({
        "name": name, "bookable": True, "payment_mode": mode, "price": price, "duration": 1,
        "deposit_percent": 30, "product_id": service.id, "user_ids": [Command.set(users.ids)],
        "company_id": company.id, **values,
    })

both = anna | ben
category("First consultation", "deposit", 80, both, terms_url="/terms")
category("Follow-up", "full", 50, both)
category("Phone call", "none", 30, both)
category("Short question", "full", 8, both)
category("With Anna", "deposit", 80, anna)
category("With Cleo", "deposit", 80, cleo)
category("Double session", "deposit", 120, anna, duration=2)
own_price = Command.create({"user_id": ben.id, "price": 60})
category("Massage", "deposit", 80, both, practitioner_price_ids=[own_price])
gina = practitioner("Gina Group")
category("Back school", "none", 20, gina, capacity=3)
dita = practitioner("Dita Away")
category("After the holidays", "none", 30, dita, own_booking_window=True, horizon_days=120)
holidays = dita._get_practitioner_resources()[:1]
env["resource.calendar.leaves"].create({
    "name": "Holidays", "resource_id": holidays.id, "calendar_id": holidays.calendar_id.id,
    "date_from": datetime.now() - timedelta(days=1), "date_to": datetime.now() + timedelta(days=45),
})
env.cr.commit()
env.registry.signal_changes()
print("IDS " + json.dumps({
    "anna": anna.id, "ben": ben.id, "cleo": cleo.id, "provider": provider.id, "method": method.id,
    "foreign_provider": foreign.id, "foreign_method": env["payment.method"].with_context(
        active_test=False).search([("id", "not in", provider.payment_method_ids.ids)], limit=1).id,
}))
"""
TOKEN = re.compile(r"[0-9a-f-]{36}")


class Practice:
    """The practice: where it is, who works there, what its ledger says.

    :ivar dict ids: database ids: anna, ben and cleo (users), provider, method, foreign_provider and
        foreign_method
    """

    def __init__(self, server, provider="demo", method="demo", **keys):
        self.server = server
        self.url = server.url
        self._has_bundles = False
        settings = f"PROVIDER, METHOD, KEYS = {provider!r}, {method!r}, {keys!r}"
        output = server.shell(settings + SET_UP)
        self.ids = json.loads(output.split("IDS ")[1])

    def visitor(self):
        """Return somebody new with a browser session of their own."""
        return Visitor(self)

    def build_bundles(self):
        """Have the pages' scripts and styles built one by one, once.

        A browser asks for all of them at once, and Odoo logs an error when two meet.
        """
        if not self._has_bundles:
            visitor = self.visitor()
            page = visitor.open("/booking")
            for path in set(page.find("*/@*[starts-with(., '/web/assets/')]")):
                assert visitor.send("GET", path).status_code == 200
            self._has_bundles = True

    def query(self, statement, *parameters):
        return self.server.query(statement, parameters)

    def count(self, table):
        return self.query(f"SELECT count(*) FROM {table}")[0][0]

    def run_cron(self, name):
        """Run a scheduled action now, in the server.

        :param str name: its external id, without the module
        """
        admin = self.visitor()
        admin.log_in("admin")
        [(cron,)] = self.query(
            "SELECT res_id FROM ir_model_data WHERE model = 'ir.cron' AND name = %s", name
        )
        admin.call(
            "/web/dataset/call_kw/ir.cron/method_direct_trigger",
            model="ir.cron", method="method_direct_trigger", args=[[cron]], kwargs={},
        )

    def write_category(self, slug, **values):
        """Change a category as an administrator does."""
        [(category,)] = self.query("SELECT id FROM calendar_event_type WHERE slug = %s", slug)
        admin = self.visitor()
        admin.log_in("admin")
        admin.call(
            "/web/dataset/call_kw/calendar.event.type/write",
            model="calendar.event.type", method="write", args=[[category], values], kwargs={},
        )

    def end_hold(self, *links):
        """Have the time to pay run out, as the clock does."""
        self.query(
            "UPDATE appointment_payment_booking SET hold_until = now() AT TIME ZONE 'UTC'"
            " - interval '1 second' WHERE id = ANY(%s)", [link.id for link in links],
        )

    def booking(self, booking_id):
        """Return some fields of a booking."""
        names = "id name state payment_status amount_total amount_paid amount_residual start"
        names += " user_id partner_id client_note expired_reason accepted_terms_at"
        row = self.query(
            f"SELECT {', '.join(names.split())} FROM appointment_payment_booking WHERE id = %s",
            booking_id,
        )[0]
        return dict(zip(names.split(), row, strict=True))

    def transactions(self, booking_id):
        """Return reference, amount and state of the transactions of a booking, oldest first."""
        return self.query(
            "SELECT reference, amount::float, state FROM payment_transaction"
            " WHERE appointment_booking_id = %s ORDER BY id",
            booking_id,
        )

    def occupied(self, start, *names):
        """Return how many bookings have the time that starts then: of anyone, or of those named."""
        users = [self.ids[name] for name in names or ("anna", "ben", "cleo")]
        return self.query(
            "SELECT count(*) FROM appointment_payment_occupancy o JOIN resource_resource r"
            " ON r.id = o.resource_id WHERE o.start = %s AND r.user_id = ANY(%s)",
            from_text(start), users,
        )[0][0]

    def ledger(self, booking_id):
        """Return what the books say of a booking."""
        invoices = self.query(
            "SELECT m.id, m.state, m.amount_total::float, m.amount_tax::float,"
            " m.amount_residual::float FROM account_move m WHERE m.id IN (SELECT move_id"
            " FROM account_move_line WHERE appointment_booking_id = %s)",
            booking_id,
        )
        lines = self.query(
            "SELECT p.amount::float, l.id IS NOT NULL AND l.reconciled FROM payment_transaction t"
            " JOIN account_payment p ON p.id = t.payment_id"
            " LEFT JOIN account_move_line l ON l.move_id = p.move_id AND l.account_id IN"
            " (SELECT id FROM account_account WHERE account_type = 'asset_receivable')"
            " WHERE t.appointment_booking_id = %s ORDER BY p.id",
            booking_id,
        )
        balance = self.query(
            "SELECT coalesce(sum(debit - credit), 0)::float FROM account_move_line"
        )
        return Ledger(invoices, lines, balance[0][0])

    def assert_ledger(self, booking_id, *, total, tax, residual, payments):
        """Assert a booking's one invoice to the cent, and that its payments are reconciled."""
        ledger = self.ledger(booking_id)
        assert [row[1:] for row in ledger.invoices] == [("posted", total, tax, residual)]
        assert ledger.payments == [(amount, True) for amount in payments]
        assert ledger.balance == 0
        booking = self.booking(booking_id)
        assert float(booking["amount_total"]) == total
        assert float(booking["amount_residual"]) == residual
        assert round(float(booking["amount_paid"]), 2) == round(sum(payments), 2)


@dataclass
class Ledger:
    """What the books say of a booking."""

    invoices: list
    payments: list
    balance: float


@dataclass
class Link:
    """The link of a booking: what its client has."""

    id: int
    token: str

    @classmethod
    def parse(cls, url):
        parts = urlsplit(url)
        return cls(int(parts.path.split("/")[-1]), parse_qs(parts.query)["access_token"][0])

    @property
    def path(self):
        return f"/my/appointment-bookings/{self.id}"

    @property
    def page(self):
        return f"{self.path}?access_token={self.token}"


class RpcError(Exception):
    """A jsonrpc route refused."""

    def __init__(self, error):
        super().__init__(error["data"]["message"])
        self.code = error["code"]
        self.name = error["data"]["name"]


class Page:
    """A page as its reader finds it."""

    def __init__(self, response):
        self.status = response.status_code
        self.source = response.text
        self.root = lxml.html.fromstring(response.text)

    @property
    def text(self):
        """The words on the page, without scripts and styles."""
        body = self.root.find("body")
        words = body.xpath(".//text()[not(ancestor::script or ancestor::style)]")
        return " ".join(" ".join(words).split())

    def alerts(self):
        return [" ".join(node.text_content().split()) for node in self.find("*[@role='alert']")]

    def find(self, step):
        """Return the elements that an XPath step selects anywhere on the page."""
        return self.root.xpath(f"//{step}")

    def starts(self):
        """The times on offer, in order."""
        links = [node.get("href") for node in self.find("a[contains(@class, 'o_appay_slot')]")]
        return [parse_qs(urlsplit(link).query)["start"][0] for link in links]

    def nearest(self):
        """The times on offer when the one asked for is gone."""
        return [node.get("value") for node in self.find("button[@name='other_start']")]

    def form(self):
        """What the details form would send, its submit buttons apart."""
        form = self.find("form[contains(@class, 'o_appay_details')]")[0]
        return {name: value for name, value in form.form_values() if name != "other_start"}


class Visitor:
    """Somebody with a browser session of their own."""

    def __init__(self, practice):
        self.practice = practice
        self.http = requests.Session()
        self.http.trust_env = False

    def send(self, method, path, **options):
        """Send a request; redirections are answers, not followed."""
        return self.http.request(
            method, self.practice.url + path, timeout=60, **{"allow_redirects": False, **options}
        )

    def open(self, path, **params):
        return Page(self.send("GET", path, params=params, allow_redirects=True))

    def call(self, path, **params):
        """Call a jsonrpc route.

        :raise RpcError: when it refuses
        """
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": params})
        headers = {"Content-Type": "application/json"}
        answer = self.send("POST", path, data=body, headers=headers).json()
        if "error" in answer:
            raise RpcError(answer["error"])
        return answer.get("result")

    def log_in(self, login):
        page = self.open("/web/login")
        tokens = page.find("form[contains(@class, 'oe_login_form')]//input[@name='csrf_token']")
        data = {"csrf_token": tokens[0].get("value"), "login": login, "password": login}
        assert self.send("POST", "/web/login", data=data).status_code == 303

    def starts(self, slug, **params):
        """Return the times on offer in the first month with some and in the one after it."""
        page = self.open(f"/booking/{slug}", **params)
        later = page.find("a[contains(@class, 'o_appay_turn')][last()]/@data-month")
        if not later:
            return page.starts()
        return page.starts() + self.open(f"/booking/{slug}", **params, month=later[-1]).starts()

    def form(self, slug="first-consultation", start=None, **typed):
        """Return the details form for a time, filled in; the first free one by default."""
        start = start or self.starts(slug)[0]
        return {
            **self.open(f"/booking/{slug}", start=start).form(),
            "name": "Carla Client",
            "email": "carla@example.com",
            "accept_terms": "1",
            **typed,
        }

    def submit(self, form, slug="first-consultation"):
        return self.send("POST", f"/booking/{slug}", data=form)

    def book(self, slug="first-consultation", **typed):
        """Book and return the booking's link."""
        answer = self.submit(self.form(slug, **typed), slug)
        assert answer.status_code == 303, Page(answer).text
        return Link.parse(answer.headers["Location"])

    def ask_to_pay(self, link, **changed):
        """Ask for a transaction as the payment form does."""
        values = {
            "access_token": link.token,
            "provider_id": self.practice.ids["provider"],
            "payment_method_id": self.practice.ids["method"],
            "token_id": None,
            "flow": "direct",
            "tokenization_requested": False,
            "landing_route": link.page,
            "is_validation": False,
            **changed,
        }
        return self.call(f"{link.path}/transaction", **values)

    def simulate(self, reference, state="done"):
        """Have the Demo provider answer."""
        self.call(
            "/payment/demo/simulate_payment",
            reference=reference, payment_details="1234", simulated_state=state,
        )

    def poll(self):
        """Ask what became of the payment, as the page after it does."""
        return self.call("/payment/status/poll")

    def pay(self, link, state="done"):
        """Pay what is due with the Demo provider and wait for what becomes of it."""
        reference = self.ask_to_pay(link)["reference"]
        self.simulate(reference, state)
        return self.poll()


def from_text(text):
    """Return a start as the database has it."""
    return datetime.fromisoformat(text).replace(tzinfo=None)


def shifted(text, **delta):
    """Return a start some time later."""
    return (from_text(text) + timedelta(**delta)).strftime("%Y-%m-%dT%H:%M:%SZ")
