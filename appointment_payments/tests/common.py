"""A small practice for tests; it needs no demo data."""

import uuid
from datetime import datetime, timedelta

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import TransactionCase

from ..rules import slots

# a Monday, 08:00 in Paris
NOW = datetime(2026, 11, 23, 7, 0)
TZ = "Europe/Paris"


class PracticeMixin:
    """The practice: a company in EUR with a chart, Demo payments, two practitioners."""

    @classmethod
    def _set_up_practice(cls):
        cls.env = cls.env(context=dict(cls.env.context, tracking_disable=True))
        cls.eur = cls.env.ref("base.EUR")
        cls.eur.active = True
        cls.company = cls._create_company("Practice Linden", cls.eur)
        cls.env.user.company_ids = [Command.link(cls.company.id)]
        cls.env.user.company_id = cls.company
        cls.env = cls.env(context=dict(cls.env.context, allowed_company_ids=cls.company.ids))
        cls.product = cls._create_product(cls.company, 20.0)
        cls.provider = cls._enable_demo_provider(cls.company)
        cls.method = cls.provider.payment_method_ids[:1]
        cls.anna = cls._create_user("Anna Berg", "group_practitioner")
        cls.ben = cls._create_user("Ben Roy", "group_practitioner")
        cls.client_partner = cls.env["res.partner"].create(
            {"name": "Carla Client", "email": "carla@example.com", "tz": TZ, "lang": "en_US"}
        )
        cls.category = cls._create_category("First consultation")

    @classmethod
    def _create_company(cls, name, currency):
        company = cls.env["res.company"].create(
            {
                "name": name,
                "currency_id": currency.id,
                "country_id": cls.env.ref("base.fr").id,
                "email": "hello@linden.example",
            }
        )
        cls.env.user.company_ids = [Command.link(company.id)]
        cls.env["account.chart.template"].with_context(
            allowed_company_ids=company.ids
        ).try_loading("generic_coa", company, install_demo=False)
        company.currency_id = currency
        company.resource_calendar_id.tz = TZ
        return company

    @classmethod
    def _create_product(cls, company, percent):
        tax = cls.env["account.tax"].create(
            {
                "name": f"{percent:g} % included",
                "amount": percent,
                "price_include_override": "tax_included",
                "type_tax_use": "sale",
                "company_id": company.id,
                "country_id": company.account_fiscal_country_id.id,
            }
        )
        return cls.env["product.product"].create(
            {
                "name": "Consultation",
                "type": "service",
                "taxes_id": [Command.set(tax.ids)],
                "company_id": company.id,
            }
        )

    @classmethod
    def _enable_demo_provider(cls, company):
        provider = cls.env.ref("payment.payment_provider_demo")
        if provider.company_id != company:
            provider = provider.copy({"company_id": company.id, "name": "Demo"})
        provider.write({"state": "test", "is_published": True})
        provider.payment_method_ids.active = True
        return provider

    @classmethod
    def _create_user(cls, name, *groups, company=None, **values):
        company = company or cls.company
        login = name.split()[0].lower()
        return cls.env["res.users"].create(
            {
                "name": name,
                "login": f"{login}_test",
                "password": f"{login}_test",
                "email": f"{login}@linden.example",
                "tz": TZ,
                "company_id": company.id,
                "company_ids": [Command.set(company.ids)],
                "group_ids": [
                    Command.set(
                        [
                            cls.env.ref("base.group_user").id,
                            *(cls.env.ref(f"appointment_payments.{group}").id for group in groups),
                        ]
                    )
                ],
                **values,
            }
        )

    @classmethod
    def _create_category(cls, name, **values):
        return cls.env["calendar.event.type"].create(
            {
                "name": name,
                "bookable": True,
                "company_id": cls.company.id,
                "payment_mode": "deposit",
                "deposit_type": "percent",
                "deposit_percent": 30.0,
                "price": 80.0,
                "duration": 1.0,
                "product_id": cls.product.id,
                "user_ids": [Command.set((cls.anna | cls.ben).ids)],
                **values,
            }
        )

    @classmethod
    def _create_category_elsewhere(cls, company):
        """Make a category of another company, which has no chart, for what it does for nothing."""
        cls.env.user.company_ids = [Command.link(company.id)]
        return cls._create_category(
            "Elsewhere",
            company_id=company.id,
            product_id=False,
            payment_mode="none",
            user_ids=[Command.set(cls.anna.ids)],
        )

    def _book(self, category=None, user=None, start=None, partner=None, **values):
        """Make a booking as the public page does: as OdooBot."""
        category = category or self.category
        return self.env["appointment.payment.booking"]._book(
            category,
            category._get_selling_company(user or self.anna),
            user or self.anna,
            start or datetime(2026, 11, 24, 9, 0),
            partner or self.client_partner,
            **{"tz": TZ, "origin": "portal", **values},
        )

    def _details(self, **values):
        """What the public form hands on for one visitor."""
        return {
            "name": "Carla Client",
            "email": "carla@example.com",
            "phone": "",
            "note": "",
            "lang": "en_US",
            "tz": TZ,
            "checkout_token": uuid.uuid4().hex,
            **values,
        }

    def _create_transaction(self, booking, amount=None, provider=None, **values):
        provider = provider or self.provider
        return (
            self.env["payment.transaction"]
            .sudo()
            .create(
                {
                    "provider_id": provider.id,
                    "payment_method_id": provider.payment_method_ids[:1].id,
                    "amount": booking._get_amount_to_pay() if amount is None else amount,
                    "currency_id": booking.currency_id.id,
                    "partner_id": booking.payer_id.id,
                    "operation": "online_direct",
                    "appointment_booking_id": booking.id,
                    "invoice_ids": [Command.set(booking._get_posted_invoices().ids)],
                    "reference": self.env["payment.transaction"]._compute_reference(
                        provider.code, appointment_booking_id=booking.id
                    ),
                    **values,
                }
            )
        )

    def _pay(self, booking, amount=None, state="done"):
        """Pay what is due with the Demo provider, as the payment page and its poll do."""
        transaction = self._create_transaction(booking, amount)
        transaction._process(
            "demo",
            {
                "reference": transaction.reference,
                "simulated_state": state,
                "payment_details": "1234",
            },
        )
        transaction._post_process()
        booking.invalidate_recordset()
        return transaction

    def _finish(self, transaction, state):
        """Let the Demo provider say how a payment went on, and act on it."""
        transaction._process("demo", {"reference": transaction.reference, "simulated_state": state})
        transaction._post_process()
        transaction.appointment_booking_id.invalidate_recordset()

    def _run(self, operations):
        """Send operations as the process does after the commit."""
        with self.enter_registry_test_mode():
            operations._run()
        self.env.invalidate_all()

    def _count_effects(self, booking):
        """What a payment makes of a booking: it must not grow by itself."""
        mails = [("model", "=", booking._name), ("res_id", "=", booking.id)]
        payments = [("company_id", "=", booking.company_id.id)]
        return {
            "activities": len(booking.activity_ids),
            "events": len(booking.event_id),
            "invoices": len(booking.invoice_ids),
            "mails": self.env["mail.mail"].search_count(mails),
            "payments": self.env["account.payment"].search_count(payments),
            "paid": booking.amount_paid,
            "residual": booking.amount_residual,
            "state": booking.state,
        }

    def _starts(self, category=None, user=None, days=1):
        """The starts on offer from now on, as ISO text."""
        category, user = category or self.category, user or self.anna
        availability = self.env["appointment.payment.availability"]
        starts = availability._get_starts(
            category, user, NOW, NOW + timedelta(days=days)
        )
        return [slots.to_text(start) for start in starts[user.id]]

    def _assert_ledger(self, booking, total, tax, residual, payments, paid=None):
        """Assert a booking's invoice to the cent, and that its payments are reconciled.

        :param float total: of the invoice, tax included
        :param float tax: of the invoice
        :param float residual: what is left to pay
        :param list payments: the amounts of the payments and refunds, in order
        :param float paid: what the booking keeps of them, by default their sum
        """
        invoice = booking.invoice_ids
        self.assertEqual(len(invoice), 1)
        self.assertEqual(invoice.state, "posted")
        compare = booking.currency_id.compare_amounts
        self.assertFalse(compare(invoice.amount_total, total), invoice.amount_total)
        self.assertFalse(compare(invoice.amount_tax, tax), invoice.amount_tax)
        self.assertFalse(compare(invoice.amount_residual, residual), invoice.amount_residual)
        recorded = booking.transaction_ids.payment_id.sorted("id")
        self.assertEqual(recorded.mapped("amount"), payments)
        receivable = recorded.move_id.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        self.assertTrue(all(receivable.mapped("reconciled")))
        self.assertFalse(compare(booking.amount_residual, residual))
        self.assertFalse(compare(booking.amount_paid, sum(payments) if paid is None else paid))


class PracticeCase(PracticeMixin, TransactionCase):
    """Tests with the practice, at a frozen time."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time(NOW))
        cls._set_up_practice()
