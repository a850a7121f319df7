"""A small practice on a real server."""

import json
from dataclasses import dataclass

from tests.refunds import wait_until
from tests.visitor import RpcError, Visitor, from_text


class Practice:
    """The practice: where it is, who works there, what its ledger says.

    :param OdooServer server: on a database in which `practice_setup.script` has run
    :param keys: values of the provider
    :ivar dict ids: database ids: anna, ben and cleo (users), provider, method, foreign_provider and
        foreign_method
    """

    def __init__(self, server, **keys):
        self.server = server
        self.url = server.url
        self._has_bundles = False
        self._sessions = {}
        [(ids,)] = self.query("SELECT value FROM ir_config_parameter WHERE key = 'tests.practice'")
        self.ids = json.loads(ids)
        self.query(  # the template may be of another day
            "UPDATE resource_calendar_leaves SET date_from = now() AT TIME ZONE 'UTC'"
            " - interval '1 day', date_to = now() AT TIME ZONE 'UTC' + interval '45 days'"
            " WHERE name = 'Holidays'"
        )
        for key, value in keys.items():
            self.query(
                f"UPDATE payment_provider SET {key} = %s WHERE id = %s", value, self.ids["provider"]
            )

    def visitor(self):
        """Return somebody new with a browser session of their own."""
        return Visitor(self)

    def user(self, login):
        """Return a user who is logged in; those of one name share a session.

        Odoo takes half a second to check a password.
        """
        visitor = self.visitor()
        if login not in self._sessions:
            visitor.log_in(login)
            self._sessions[login] = visitor.http.cookies
        visitor.http.cookies = self._sessions[login].copy()
        return visitor

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
        admin = self.user("admin")
        admin.patience = seconds
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
        admin = self.user("admin")
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
