"""What of an invoice is credited when money goes back, to the minor unit and to its own booking."""

from datetime import date, datetime
from unittest.mock import patch

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import html2plaintext, mute_logger

from .test_refund_books import BOOKS, RefundCase


@tagged("post_install", "-at_install")
class TestRefundTaxes(RefundCase):
    """A part of the price is credited to the minor unit, whatever its taxes are."""

    def _tax(self, amount, included, kind="percent", **values):
        return self.env["account.tax"].create(
            {
                "name": f"{amount} {kind} {included}",
                "amount": amount,
                "amount_type": kind,
                "price_include_override": "tax_included" if included else "tax_excluded",
                "type_tax_use": "sale",
                "company_id": self.company.id,
                "country_id": self.company.account_fiscal_country_id.id,
                **values,
            }
        )

    def _check(self, taxes, price, parts, currency="EUR"):
        currency = self.env.ref(f"base.{currency}")
        currency.active = True
        if currency != self.eur:
            self.env["res.currency.rate"].search([("currency_id", "=", currency.id)]).unlink()
            self.env["res.currency.rate"].create(
                {
                    "name": date(2026, 1, 1),
                    "currency_id": currency.id,
                    "company_id": self.company.id,
                    "rate": 162.0 if currency.name == "JPY" else 0.33,
                }
            )
        self.product.taxes_id = [Command.set(taxes.ids)]
        self.category.write({"price": price, "currency_id": currency.id, "payment_mode": "full"})
        booking = self._book(user=self.ben, start=datetime(2027, 1, 5, 9, 0))
        self._pay(booking)
        invoice = self._invoice(booking)
        for part in parts:
            self._give_back(booking, part)
        rest = booking.amount_refundable
        self._give_back(booking)
        self._check_notes(booking, invoice, [*parts, rest])
        self.assertEqual(booking.payment_status, "refunded")
        self.assertEqual(self._open(booking), {})
        booking._set_cancelled()

    def _check_notes(self, booking, invoice, totals):
        notes = self._credit_notes(booking)
        same = booking.currency_id.compare_amounts
        self.assertEqual(len(notes), len(totals))
        for note, total in zip(notes, totals, strict=True):
            self.assertFalse(same(note.amount_total, total), (note.amount_total, total))
            self.assertFalse(same(note.amount_untaxed + note.amount_tax, total))
        for tax in invoice.line_ids.tax_line_id:
            of_tax = [
                sum(move.line_ids.filtered(lambda line, t=tax: line.tax_line_id == t)
                    .mapped("amount_currency"))
                for move in (invoice, *notes)
            ]  # fmt: skip
            self.assertFalse(same(sum(of_tax), 0.0), (tax.name, of_tax))

    def test_f20_one_tax_included(self):
        self._check(self._tax(20, True), 80.0, [26.67, 26.67])
        self._check(self._tax(19, True), 4995.0, [1499.0, 1.0, 17.0], "JPY")
        self._check(self._tax(5, True), 12.345, [3.704, 0.001], "KWD")

    def test_f20_one_tax_on_top(self):
        self._check(self._tax(20, False), 66.67, [0.03, 10.01, 33.33])
        self._check(self._tax(10, False), 4541.0, [3.0, 1666.0], "JPY")
        self._check(self._tax(7.7, False), 11.111, [0.005, 7.777], "KWD")

    def test_several_taxes_included_and_on_top(self):
        self._check(self._tax(5.5, True) | self._tax(2.1, True), 79.99, [7.77, 33.34])
        self._check(self._tax(19.6, False) | self._tax(3.3, False), 55.55, [0.05, 11.11])
        base = self._tax(10, False, include_base_amount=True, sequence=1)
        self._check(base | self._tax(4, False, sequence=2), 33.33, [9.99, 0.01])

    def test_no_tax_and_a_fixed_one(self):
        self._check(self.env["account.tax"], 80.0, [30.0])
        self._check(self._tax(1.5, False, "fixed") | self._tax(20, False), 50.0, [10.0, 21.21])

    def test_a_credit_note_that_would_not_come_out_is_not_made(self):
        booking, payment = self._pay_in_full()
        refund = payment._create_child_transaction(30.0, is_refund=True)
        refund._set_done()
        lines = patch.object(
            type(booking.invoice_ids), "_prepare_credit_lines",
            lambda move, booking, amount: [booking._prepare_invoice_line()],
        )  # fmt: skip
        with lines, mute_logger(BOOKS):
            refund._post_process()
        self.assertFalse(self._credit_notes(booking))
        self.assertIn("would come to", html2plaintext(booking.activity_ids[0].note))

    def test_the_rate_changes_between_payment_and_refund(self):
        usd = self.env.ref("base.USD")
        usd.active = True
        for day, rate in ((date(2026, 1, 1), 1.25), (date(2026, 11, 24), 1.6)):
            self.env["res.currency.rate"].create(
                {"name": day, "currency_id": usd.id, "company_id": self.company.id, "rate": rate}
            )
        self.category.currency_id = usd
        booking, _payment = self._pay_in_full()
        with freeze_time("2026-11-24 12:00"):
            self._give_back(booking, 30.0, price_effect="owed")
            self.assertEqual(self._open(booking), {self._invoice(booking): 30.0})
            self._give_back(booking, 20.0)
            self._give_back(booking)
        self._assert_credited(booking, (20.0, 3.33), (60.0, 10.0))
        self.assertEqual(self._open(booking), {})
        self.assertEqual(self._amounts(booking), (0.0, 0.0, "refunded"))


@tagged("post_install", "-at_install")
class TestRefundSharedInvoice(RefundCase):
    """One invoice for two appointments, of which money of one goes back."""

    def setUp(self):
        super().setUp()
        self.category.payment_mode = "none"
        self.first = self._book(start=datetime(2026, 11, 24, 9, 0))
        self.second = self._book(start=datetime(2026, 11, 25, 9, 0))
        lines = [each._prepare_invoice_line() for each in (self.first, self.second)]
        self.invoice = self.env["account.move"].create(
            {
                **self.first._prepare_invoice(),
                "invoice_line_ids": [Command.create(line) for line in lines],
            }
        )
        self.invoice.action_post()
        self._finish(self._create_transaction(self.second, 80.0), "done")
        self._register(self.invoice, 80.0)

    def test_only_the_appointment_whose_money_goes_back_is_credited(self):
        self._give_back(self.second)
        self._assert_credited(self.second, (80.0, 13.33))
        self.assertEqual(self._amounts(self.second), (0.0, 0.0, "refunded"))
        self.assertEqual(self._amounts(self.first), (80.0, 0.0, "paid"))
        self.assertEqual(self._open(self.first), {})

    def test_only_the_appointment_whose_money_goes_back_is_owed_again(self):
        self._give_back(self.second, 50.0, price_effect="owed")
        self.assertEqual(self._amounts(self.second), (30.0, 50.0, "partial"))
        self.assertEqual(self._amounts(self.first), (80.0, 0.0, "paid"))
        self.assertEqual(self._open(self.first), {self.invoice: 50.0})

    def test_a_part_is_credited_to_its_own_appointment(self):
        self._give_back(self.second, 15.0)
        self._assert_credited(self.second, (15.0, 2.5))
        self.assertEqual(self._amounts(self.second), (65.0, 0.0, "paid"))
        self.assertEqual(self._amounts(self.first), (80.0, 0.0, "paid"))
