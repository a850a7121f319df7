from datetime import date, datetime

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import PracticeCase


class LedgerCase(PracticeCase):
    def _amounts(self, booking):
        booking.invalidate_recordset()
        return booking.amount_paid, booking.amount_residual, booking.payment_status

    def _register(self, invoice, amount):
        """Take cash at the desk for an invoice."""
        journal = self.env["account.journal"].search(
            [("type", "=", "bank"), ("company_id", "=", self.company.id)], limit=1
        )
        wizard = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        )
        wizard.create({"amount": amount, "journal_id": journal.id})._create_payments()

    def _begin_link(self, invoice, amount):
        """Begin to pay an invoice with Odoo's own payment link, which knows of no booking."""
        return self.env["payment.transaction"].create(
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.method.id,
                "amount": amount,
                "currency_id": invoice.currency_id.id,
                "partner_id": invoice.partner_id.id,
                "operation": "online_direct",
                "invoice_ids": [Command.set(invoice.ids)],
                "reference": f"LINK-{amount}",
            }
        )

    def _pay_link(self, invoice, amount):
        transaction = self._begin_link(invoice, amount)
        transaction._set_done()
        transaction._post_process()

    def _refund(self, transaction, amount):
        refund = transaction._refund(amount)
        self._run(transaction._get_open_operations("refund"))
        return refund


@tagged("post_install", "-at_install")
class TestLedger(LedgerCase):
    def test_cash_at_the_desk_counts(self):
        booking = self._book()
        self._pay(booking)
        self._register(booking.invoice_ids, 20.0)
        self.assertEqual(self._amounts(booking), (44.0, 36.0, "partial"))
        self.assertEqual(booking._get_amount_to_pay(), 36.0)
        self._register(booking.invoice_ids, 36.0)
        self.assertEqual(self._amounts(booking), (80.0, 0.0, "paid"))
        self.assertEqual(booking._get_amount_to_pay(), 0.0)

    def test_odoos_own_payment_link_counts(self):
        booking = self._book()
        self._pay(booking)
        self._pay_link(booking.invoice_ids, 56.0)
        self.assertEqual(self._amounts(booking), (80.0, 0.0, "paid"))

    def test_nobody_is_asked_to_pay_while_odoos_own_payment_link_is_under_way(self):
        booking = self._book()
        self._pay(booking)
        transaction = self._begin_link(booking.invoice_ids, 56.0)
        self.assertEqual(booking._get_amount_to_pay(), 56.0)
        transaction._set_pending()
        self.assertEqual(booking._get_amount_to_pay(), 0.0)
        transaction._set_done()
        self.assertEqual(booking._get_amount_to_pay(), 0.0)
        transaction._post_process()
        self.assertEqual(self._amounts(booking), (80.0, 0.0, "paid"))
        self.assertFalse(booking.activity_ids)

    def test_what_is_paid_here_and_by_odoos_own_payment_link_is_told(self):
        booking = self._book()
        self._pay(booking)
        transaction = self._begin_link(booking.invoice_ids, 56.0)
        self._pay(booking)
        transaction._set_done()
        transaction._post_process()
        self.assertEqual(self._amounts(booking), (80.0, 0.0, "paid"))
        self.assertEqual(set(booking.activity_ids.mapped("summary")), {"Refund 56.00\xa0€"})
        told = len(booking.activity_ids)
        transaction._post_process()
        self.assertEqual(len(booking.activity_ids), told)
        self.assertEqual(booking.amount_refundable, 136.0)

    def test_a_credit_note_takes_back_what_is_owed(self):
        booking = self._book()
        self._pay(booking)
        credit_note = booking.invoice_ids._reverse_moves(
            [{"invoice_date": date(2026, 11, 23)}]
        )
        credit_note.action_post()
        self.assertEqual(booking.invoice_ids.filtered(lambda m: m.move_type == "out_invoice")
                         .amount_residual, 0.0)
        self.assertEqual(self._amounts(booking), (24.0, 0.0, "paid"))

    def test_a_reversal_leaves_nothing_paid_and_nothing_owed(self):
        booking = self._book()
        self._pay(booking)
        booking.invoice_ids._reverse_moves(cancel=True)
        self.assertEqual(self._amounts(booking)[:2], (0.0, 0.0))

    def test_a_cancelled_invoice_does_not_hide_the_money(self):
        booking = self._book()
        self._pay(booking)
        booking.invoice_ids.button_draft()
        booking.invoice_ids.button_cancel()
        self.assertEqual(self._amounts(booking), (24.0, 56.0, "partial"))
        self.assertEqual(booking._get_amount_to_pay(), 0.0)

    def test_an_invoice_that_is_duplicated_asks_for_something_else(self):
        booking = self._book()
        self._pay(booking)
        other = booking.invoice_ids.copy({"partner_id": self.anna.partner_id.id})
        other.action_post()
        self.assertFalse(other.appointment_booking_ids)
        self.assertEqual(self._amounts(booking), (24.0, 56.0, "partial"))
        self.assertEqual(booking._get_amount_to_pay(), 56.0)

    def test_an_invoice_in_place_of_a_credited_one_asks_for_the_appointment(self):
        booking = self._book()
        self._pay(booking)
        invoice = booking.invoice_ids
        wizard = self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=invoice.ids
        )
        wizard.create({"journal_id": invoice.journal_id.id}).modify_moves()
        corrected = booking.invoice_ids.filtered(
            lambda move: move.move_type == "out_invoice" and move != invoice
        )
        self.assertEqual((corrected.state, corrected.amount_total), ("draft", 80.0))
        corrected.action_post()
        self.assertEqual(sum(self._amounts(booking)[:2]), 80.0)

    def test_what_was_given_back_in_parts_adds_up(self):
        booking = self._book()
        transaction = self._pay(booking)
        self._refund(transaction, 10.0)
        self.assertEqual(booking.amount_refunded, 10.0)
        refund = self._refund(transaction, 4.5)
        self.assertEqual((booking.amount_refunded, booking.state), (14.5, "confirmed"))
        self.assertEqual(refund.appointment_booking_id, booking)
        self.assertEqual(refund.payment_id.payment_type, "outbound")
        self.assertFalse(booking.activity_ids)

    def test_money_without_an_invoice_that_is_given_back_is_refunded(self):
        booking = self._book()
        transaction = self._create_transaction(booking)
        booking._set_cancelled()
        self._finish(transaction, "done")
        self.assertEqual(self._amounts(booking), (24.0, 0.0, "processing"))
        self._run(booking.operation_ids)
        self.assertEqual(self._amounts(booking), (0.0, 0.0, "refunded"))
        self.assertEqual(booking.amount_refunded, 24.0)

    def test_what_is_given_back_and_credited_can_be_cancelled(self):
        booking = self._book()
        transaction = self._pay(booking)
        desk = self._create_user("Greta Front", "group_front_desk")
        with self.assertRaisesRegex(UserError, "has a payment"):
            booking.with_user(desk).action_cancel()
        self._refund(transaction, 24.0)
        self.assertEqual(self._amounts(booking), (0.0, 0.0, "refunded"))
        booking.with_user(desk).action_cancel()
        self.assertEqual((booking.state, len(booking.occupancy_ids)), ("cancelled", 0))

    def test_a_credited_invoice_whose_payment_was_kept_is_not_cancelled(self):
        booking = self._book()
        self._pay(booking)
        booking.invoice_ids._reverse_moves().action_post()
        with self.assertRaisesRegex(UserError, "has a payment"):
            booking.with_user(self.anna).action_cancel()

    def test_what_is_given_back_by_hand_and_credited_is_refunded(self):
        self.category.payment_mode = "none"
        booking = self._book()
        invoice = booking._ensure_invoice()
        invoice.action_post()
        self._register(invoice, 80.0)
        self.assertEqual(self._amounts(booking), (80.0, 0.0, "paid"))
        credit_note = invoice._reverse_moves()
        credit_note.action_post()
        self.assertEqual(self._amounts(booking), (80.0, 0.0, "paid"))
        self._register(credit_note, 30.0)
        self.assertEqual(self._amounts(booking), (50.0, 0.0, "paid"))
        self._register(credit_note, 50.0)
        self.assertEqual(self._amounts(booking), (0.0, 0.0, "refunded"))
        self.assertEqual(booking.amount_refunded, 80.0)
        booking.action_cancel()
        self.assertEqual(booking.state, "cancelled")

    def test_a_refund_that_failed_is_not_shown_as_refunded(self):
        booking = self._book()
        transaction = self._pay(booking)
        refund = transaction._create_child_transaction(10.0, is_refund=True)
        refund._set_error("Declined")
        self.assertEqual((refund.appointment_booking_id, booking.amount_refunded), (booking, 0.0))


@tagged("post_install", "-at_install")
class TestSharedInvoice(LedgerCase):
    """One invoice for two appointments and something else."""

    def setUp(self):
        super().setUp()
        self.category.payment_mode = "none"
        self.first = self._book(start=datetime(2026, 11, 24, 9, 0))
        self.second = self._book(start=datetime(2026, 11, 25, 9, 0))
        other = {"name": "Book", "price_unit": 20.0, "tax_ids": [Command.clear()]}
        lines = [self.second._prepare_invoice_line(), other, self.first._prepare_invoice_line()]
        self.invoice = self.env["account.move"].create(
            {
                **self.first._prepare_invoice(),
                "invoice_line_ids": [Command.create(line) for line in lines],
            }
        )
        self.invoice.action_post()

    def _paid(self):
        return self._amounts(self.first)[0], self._amounts(self.second)[0]

    def test_it_belongs_to_both(self):
        self.assertEqual(self.invoice.appointment_booking_ids, self.first | self.second)
        self.assertEqual(self.invoice.appointment_booking_count, 2)
        self.assertEqual(self.invoice.amount_total, 180.0)
        for booking in (self.first, self.second):
            self.assertEqual(self._amounts(booking), (0.0, 80.0, "unpaid"))

    def test_payments_go_to_the_oldest_appointment_first(self):
        for amount, paid in ((50, (50, 0)), (50, (80, 20)), (70, (80, 80)), (10, (80, 80))):
            self._register(self.invoice, amount)
            self.assertEqual(self._paid(), paid)
        self.assertEqual(self.invoice.amount_residual, 0.0)
        self.assertEqual(self.second.payment_status, "paid")

    def test_money_for_one_appointment_is_its_own(self):
        transaction = self._create_transaction(self.second, 30.0)
        self._finish(transaction, "done")
        self.assertEqual(self._paid(), (0.0, 30.0))
        self._register(self.invoice, 90.0)
        self.assertEqual(self._paid(), (80.0, 40.0))
        self.assertEqual(self.second.amount_residual, 40.0)

    def test_odoos_own_payment_link_pays_the_oldest_first_too(self):
        self._pay_link(self.invoice, 60.0)
        self.assertEqual(self._paid(), (60.0, 0.0))

    def test_a_credit_note_takes_back_the_appointment_that_it_names(self):
        self._register(self.invoice, 30.0)
        credit_note = self.invoice._reverse_moves()
        lines = credit_note.invoice_line_ids
        lines.filtered(lambda line: line.appointment_booking_id != self.second).unlink()
        credit_note.action_post()
        self.assertEqual(self._amounts(self.first), (30.0, 50.0, "partial"))
        self.assertEqual(self._amounts(self.second)[:2], (0.0, 0.0))
        self.assertEqual(self.invoice.amount_residual, 70.0)

    def test_a_credit_note_that_names_none_takes_back_the_rest_then_the_oldest(self):
        credit_note = self.invoice._reverse_moves()
        credit_note.invoice_line_ids[1:].unlink()
        credit_note.invoice_line_ids.write(
            {"appointment_booking_id": False, "price_unit": 90.0, "quantity": 1.0}
        )
        credit_note.action_post()
        self.assertEqual(self._amounts(self.first)[:2], (0.0, 10.0))
        self.assertEqual(self._amounts(self.second)[:2], (0.0, 80.0))
        self.assertEqual(self.invoice.amount_residual, 90.0)

    def test_the_smart_buttons_lead_there_and_back(self):
        action = self.invoice.action_open_appointment_bookings()
        bookings = self.env["appointment.payment.booking"].search(action["domain"])
        self.assertEqual(bookings, self.first | self.second)
        self.assertEqual(self.first.action_open_invoices()["res_id"], self.invoice.id)
        self.assertEqual((self.first.invoice_count, self.second.invoice_count), (1, 1))


@tagged("post_install", "-at_install")
class TestLedgerCurrencies(LedgerCase):
    def _use(self, name, rate):
        currency = self.env["res.currency"].with_context(active_test=False).search(
            [("name", "=", name)]
        )
        currency.active = True
        self._set_rate(currency, date(2026, 1, 1), rate)
        self.category.currency_id = currency
        return currency

    def _set_rate(self, currency, day, rate):
        self.env["res.currency.rate"].create(
            {
                "name": day,
                "currency_id": currency.id,
                "company_id": self.company.id,
                "rate": rate,
            }
        )

    def test_f20_a_currency_without_decimals_is_exact(self):
        currency = self._use("JPY", 162.0)
        self.category.price = 4995.0
        booking = self._book()
        self.assertEqual((booking.currency_id, booking.amount_due_now), (currency, 1499.0))
        self._pay(booking)
        self._assert_ledger(booking, 4995.0, 833.0, 3496.0, [1499.0])
        self._pay(booking)
        self._assert_ledger(booking, 4995.0, 833.0, 0.0, [1499.0, 3496.0])

    def test_f20_a_currency_with_three_decimals_is_exact(self):
        self._use("KWD", 0.33)
        self.category.price = 12.345
        booking = self._book()
        self.assertEqual(booking.amount_due_now, 3.704)
        self._pay(booking)
        self._assert_ledger(booking, 12.345, 2.058, 8.641, [3.704])
        self._pay(booking)
        self._assert_ledger(booking, 12.345, 2.058, 0.0, [3.704, 8.641])

    def test_the_rate_changes_between_deposit_and_balance(self):
        currency = self._use("USD", 1.25)
        booking = self._book()
        self._pay(booking)
        self.assertEqual(booking.invoice_ids.amount_total_signed, 64.0)
        self._set_rate(currency, date(2026, 11, 24), 1.6)
        with freeze_time("2026-11-24 12:00"):
            self._pay(booking)
        self._assert_ledger(booking, 80.0, 13.33, 0.0, [24.0, 56.0])
        self.assertEqual(self._amounts(booking), (80.0, 0.0, "paid"))

    def test_a_practice_that_keeps_its_books_without_decimals(self):
        yen = self.env.ref("base.JPY")
        yen.active = True
        company = self._create_company("Practice Sakura", yen)
        self.anna.company_ids = [Command.link(company.id)]
        provider = self._enable_demo_provider(company)
        category = self._create_category(
            "Visit",
            company_id=company.id,
            product_id=self._create_product(company, 10.0).id,
            price=4995.0,
            user_ids=[Command.set(self.anna.ids)],
        )
        booking = self._book(category)
        transaction = self._create_transaction(booking, provider=provider)
        self._finish(transaction, "done")
        self._assert_ledger(booking, 4995.0, 454.0, 3496.0, [1499.0])
