"""A small practice on a real server."""

import json
from dataclasses import dataclass

from tests.refunds import wait_until
from tests.visitor import RpcError, Visitor, from_text

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

    def run_cron(self, name, seconds=60):
        """Run a scheduled action now, in the server.

        :param str name: its external id, without the module
        :param float seconds: how long that may take
        """
        admin = self.visitor()
        admin.patience = seconds
        admin.log_in("admin")
        [(cron,)] = self.query(
            "SELECT res_id FROM ir_model_data WHERE model = 'ir.cron' AND name = %s", name
        )
        wait_until(lambda: self._trigger(admin, cron), seconds)

    def _trigger(self, admin, cron):
        """Run a scheduled action.

        :return: whether it ran; not when the server is running it at that moment
        """
        try:
            admin.call(
                "/web/dataset/call_kw/ir.cron/method_direct_trigger",
                model="ir.cron", method="method_direct_trigger", args=[[cron]], kwargs={},
            )
        except RpcError as error:
            if "already executing" not in str(error):
                raise
            return False
        return True

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
