"""Requests in currencies of 0, 2 and 3 decimals, each in a company: exact both ways."""

from datetime import timedelta

from odoo.fields import Command
from odoo.tests import tagged

from .request_common import START, RequestCase

# price, and what is due of a third
CURRENCIES = {"JPY": (8000, 2640), "EUR": (80.05, 26.42), "KWD": (25.125, 8.291)}


@tagged("post_install", "-at_install")
class TestRequestCurrencies(RequestCase):
    def _open(self, code, price):
        """Open a practice with a currency of its own."""
        currency = self.env["res.currency"].with_context(active_test=False).search(
            [("name", "=", code)]
        )
        currency.active = True
        company = self._create_company(f"Practice {code}", currency)
        self.company, self.provider = company, self._enable_demo_provider(company)
        company.appointment_min_prepayment = 1
        user = self._create_user(f"{code} Practitioner", "group_practitioner", company=company)
        self.anna = user
        self.manual = self._create_category(
            f"Assessment {code}",
            company_id=company.id,
            product_id=self._create_product(company, 20.0).id,
            price=price,
            confirmation_mode="manual",
            payment_mode="default",
            user_ids=[Command.set(user.ids)],
        )
        self.env = self.env(context={**self.env.context, "allowed_company_ids": company.ids})
        return currency

    def test_what_is_held_or_charged_is_exact_to_the_smallest_unit(self):
        for code, (price, _deposit) in CURRENCIES.items():
            currency = self._open(code, price)
            for number, flow in enumerate(("hold", "charge")):
                with self.subTest(currency=code, flow=flow):
                    start = START + timedelta(hours=2 * number)
                    accepted = self._ask(flow, user=self.anna, start=start)
                    declined = self._ask(flow, user=self.anna, start=start + timedelta(hours=1))
                    self.assertEqual(accepted.currency_id, currency)
                    accepted.action_accept()
                    declined.action_decline()
                    self._send_operations(accepted | declined)
                    self.assertEqual(accepted.state, "confirmed")
                    self.assertEqual(accepted.payment_status, "paid")
                    self._assert_exact(accepted, price, 0)
                    self.assertEqual(declined.state, "declined")
                    self.assertFalse(declined.amount_paid or declined.amount_held)
                    back = price if flow == "charge" else 0
                    self.assertFalse(currency.compare_amounts(declined.amount_refunded, back))

    def test_deposits_are_taken_and_the_rest_is_left(self):
        for code, (price, deposit) in CURRENCIES.items():
            self._open(code, price)
            self.manual.write({"payment_mode": "deposit", "deposit_percent": 33})
            with self.subTest(currency=code):
                booking = self._ask(user=self.anna)
                booking.action_accept()
                self._send_operations(booking)
                self.assertEqual(booking.payment_status, "partial")
                self._assert_exact(booking, deposit, booking.currency_id.round(price - deposit))

    def _assert_exact(self, booking, paid, left):
        compare = booking.currency_id.compare_amounts
        self.assertFalse(compare(booking.amount_paid, paid), booking.amount_paid)
        self.assertFalse(compare(booking.amount_residual, left), booking.amount_residual)
        invoice = booking.invoice_ids
        self.assertEqual((len(invoice), invoice.state), (1, "posted"))
        self.assertEqual(invoice.company_id, booking.company_id)
        self.assertFalse(compare(invoice.amount_residual, left), invoice.amount_residual)
