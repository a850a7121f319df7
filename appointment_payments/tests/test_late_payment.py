from datetime import datetime, timedelta

from freezegun import freeze_time

from odoo.tests import tagged
from odoo.tools import html2plaintext

from .common import NOW, PracticeCase


class LatePaymentCase(PracticeCase):
    def _expire_while_paying(self, **values):
        """A booking that expires while its client is at the payment provider."""
        booking = self._book(**values)
        transaction = self._create_transaction(booking)
        booking._set_expired("unpaid")
        return booking, transaction

    def _pay_too_late(self, **values):
        """A payment for a time that somebody else has; its refund is intended, not sent."""
        booking, transaction = self._expire_while_paying(**values)
        self._book(**values)
        self._finish(transaction, "done")
        return booking, transaction

    def _assert_refunds(self, booking, *expected):
        """Assert the operations of a booking: payment, amount, reason and state, oldest first."""
        operations = booking.sudo().operation_ids.sorted("id")
        found = [(o.transaction_id, o.amount, o.reason, o.state) for o in operations]
        self.assertEqual(found, list(expected))

    def _assert_refund_asked(self, booking, summary, note):
        """Assert that the practitioner and the managers are told to give money back."""
        activities = booking.activity_ids
        self.assertEqual(set(activities.mapped("summary")), {summary})
        self.assertEqual(activities.user_id, booking.user_id | booking._get_managers())
        self.assertEqual(len(activities), len(activities.user_id))
        self.assertIn(note, html2plaintext(activities[0].note))


@tagged("post_install", "-at_install")
class TestLatePayment(LatePaymentCase):
    def test_a_payment_after_expiry_books_again_if_the_time_is_free(self):
        booking, transaction = self._expire_while_paying()
        self._finish(transaction, "done")
        self.assertEqual((booking.state, booking.expired_reason), ("confirmed", False))
        self.assertEqual((len(booking.occupancy_ids), len(booking.event_id)), (1, 1))
        self.assertFalse(booking.activity_ids or booking.operation_ids)
        self._assert_ledger(booking, 80.0, 13.33, 56.0, [24.0])

    def test_f11_a_payment_for_a_time_that_is_gone_is_to_go_back(self):
        booking, transaction = self._pay_too_late()
        self._assert_kept_apart(booking, transaction)

    def _assert_kept_apart(self, booking, transaction):
        self.assertIn(booking.state, ("expired", "cancelled"))
        self.assertFalse(booking.occupancy_ids or booking.event_id.active or booking.invoice_ids)
        self.assertEqual(transaction.payment_id.amount, 24.0)
        self.assertEqual((booking.amount_paid, booking.amount_residual), (24.0, 0.0))
        self._assert_refunds(booking, (transaction, 24.0, "late", "intended"))
        self.assertEqual((booking.payment_status, booking.amount_refunded), ("processing", 0.0))
        self.assertEqual(booking.refund_status, "Money on its way back: 24.00\xa0€.")
        self.assertFalse(booking.activity_ids)

    def test_a_payment_for_an_appointment_that_has_begun_is_to_go_back(self):
        booking, transaction = self._expire_while_paying()
        with freeze_time(booking.start + timedelta(minutes=1)):
            self._finish(transaction, "done")
        self._assert_kept_apart(booking, transaction)

    def test_a_payment_for_a_cancelled_booking_is_to_go_back(self):
        booking = self._book()
        transaction = self._create_transaction(booking)
        booking._set_cancelled()
        self._finish(transaction, "done")
        self._assert_kept_apart(booking, transaction)

    def test_the_refund_is_intended_once(self):
        booking, transaction = self._pay_too_late()
        before = self._count_effects(booking)
        transaction._post_process()
        self.assertEqual(self._count_effects(booking), before)
        again = booking._refund_automatically(transaction, 24.0, "late")
        self.assertEqual(again, booking.operation_ids)

    def test_both_sides_are_told_once(self):
        booking, transaction = self._expire_while_paying()
        self._book()
        before = self.env["mail.mail"].search([])
        self._finish(transaction, "done")
        transaction._post_process()
        mails = self.env["mail.mail"].search([]) - before
        self.assertEqual(mails.mapped("recipient_ids"), self._both_sides(booking))
        self.assertEqual(len(mails), 2)

    def _both_sides(self, booking):
        return booking.user_id.partner_id | booking.partner_id

    def test_a_pending_payment_that_comes_too_late_books_again_or_goes_back(self):
        for taken in (False, True):
            with self.subTest(taken=taken):
                user = self.ben if taken else self.anna
                booking = self._book(user=user, start=datetime(2026, 12, 24, 9, 0))
                transaction = self._pay(booking, state="pending")
                booking._expire_if_due(NOW + timedelta(days=15))
                self.assertEqual(booking.expired_reason, "pending")
                if taken:
                    self._book(user=user, start=booking.start)
                self._finish(transaction, "done")
                self.assertEqual(booking.state, "expired" if taken else "confirmed")
                self.assertEqual(booking.operation_ids.mapped("amount"), [24.0] * taken)

    def test_a_payment_that_comes_when_the_time_is_free_again_is_kept(self):
        """The first late payment is on its way back: it does not count."""
        booking, first = self._expire_while_paying()
        second = self._create_transaction(booking, 24.0)
        other = self._book()
        self._finish(first, "done")
        other._set_cancelled()
        self._finish(second, "done")
        self.assertEqual(booking.state, "confirmed")
        self._assert_refunds(booking, (first, 24.0, "late", "intended"))
        self.assertEqual((booking.amount_paid, booking.amount_residual), (24.0, 56.0))


@tagged("post_install", "-at_install")
class TestPaidTwice(LatePaymentCase):
    def test_the_full_price_paid_twice_goes_back_once(self):
        self.category.payment_mode = "full"
        booking = self._book()
        first, second = (self._create_transaction(booking, 80.0) for _tab in range(2))
        self._finish(first, "done")
        self.assertFalse(booking.operation_ids)
        self._finish(second, "done")
        self._assert_refunds(booking, (second, 80.0, "surplus", "intended"))
        self.assertEqual((booking.amount_paid, booking.payment_status), (80.0, "paid"))
        self.assertEqual(len(booking.invoice_ids), 1)
        before = self._count_effects(booking)
        second._post_process()
        self.assertEqual(self._count_effects(booking), before)

    def test_two_payments_that_arrive_before_either_is_acted_on_leave_one(self):
        self.category.payment_mode = "full"
        booking = self._book()
        pair = [self._create_transaction(booking, 80.0) for _tab in range(2)]
        for transaction in pair:
            data = {"reference": transaction.reference, "simulated_state": "done"}
            transaction._process("demo", data)
        for transaction in pair:
            transaction._post_process()
        self._assert_refunds(booking, (pair[1], 80.0, "surplus", "intended"))

    def test_paid_three_times_each_payment_too_many_goes_back(self):
        self.category.payment_mode = "full"
        booking = self._book()
        payments = [self._create_transaction(booking, 80.0) for _tab in range(3)]
        for transaction in payments:
            self._finish(transaction, "done")
        self._assert_refunds(
            booking, *((each, 80.0, "surplus", "intended") for each in payments[1:])
        )

    def test_the_balance_paid_in_two_tabs_goes_back_once(self):
        booking = self._book()
        self._pay(booking)
        first, second = (self._create_transaction(booking, 56.0) for _tab in range(2))
        self._finish(first, "done")
        self.assertFalse(booking.operation_ids)
        self._finish(second, "done")
        self._assert_refunds(booking, (second, 56.0, "surplus", "intended"))
        self.assertEqual((booking.amount_paid, booking.amount_residual), (80.0, 0.0))

    def test_a_deposit_paid_twice_goes_back_once(self):
        """Nobody agreed to pay more than the deposit at booking."""
        booking = self._book()
        first, second = (self._create_transaction(booking) for _tab in range(2))
        self._finish(first, "done")
        self._finish(second, "done")
        self._assert_refunds(booking, (second, 24.0, "surplus", "intended"))
        self.assertEqual((booking.amount_paid, booking.amount_residual), (24.0, 56.0))

    def test_what_the_books_do_not_have_yet_is_not_asked_for_again(self):
        booking = self._book()
        first = self._create_transaction(booking)
        first._set_done()
        first._create_child_transaction(10.0, is_refund=True)._set_done()
        first._post_process()  # Odoo books no payment that has a refund: the invoice stays open
        self.assertEqual((booking.state, booking.amount_residual), ("confirmed", 80.0))
        second = self._create_transaction(booking)
        self._finish(second, "done")
        self._assert_refunds(booking, (second, 14.0, "surplus", "intended"))

    def test_of_a_balance_that_partly_fits_the_surplus_goes_back(self):
        booking = self._book()
        self._pay(booking)
        self._pay(booking, 40.0)
        last = self._create_transaction(booking, 56.0)
        self._finish(last, "done")
        self._assert_refunds(booking, (last, 40.0, "surplus", "intended"))
        self.assertEqual((booking.amount_paid, booking.amount_residual), (80.0, 0.0))

    def test_the_client_is_told(self):
        booking = self._book()
        first, second = (self._create_transaction(booking) for _tab in range(2))
        self._finish(first, "done")
        before = self.env["mail.mail"].search([])
        self._finish(second, "done")
        mail = self.env["mail.mail"].search([]) - before
        self.assertEqual(mail.recipient_ids, booking.partner_id)
        self.assertIn("24.00\xa0€* too much", html2plaintext(mail.body_html))

    def test_cash_beside_an_online_payment_is_for_people_to_sort_out(self):
        booking = self._book()
        self._pay(booking)
        late_tab = self._create_transaction(booking, 56.0)
        invoice = booking.invoice_ids
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"amount": 50.0})._create_payments()
        self._finish(late_tab, "done")
        self.assertFalse(booking.operation_ids)
        self._assert_refund_asked(booking, "Refund 50.00\xa0€", "50.00\xa0€ too much")

    def test_what_people_have_added_to_the_invoice_is_paid_and_stays(self):
        booking = self._book()
        deposit = self._pay(booking)
        invoice = booking.invoice_ids
        invoice.button_draft()
        invoice.invoice_line_ids.price_unit = 100.0  # it took longer
        invoice.action_post()
        open_lines = deposit.payment_id.move_id.line_ids | invoice.line_ids
        open_lines.filtered(lambda line: line.account_type == "asset_receivable").reconcile()
        booking.invalidate_recordset()
        self.assertEqual(booking._get_amount_to_pay(), 76.0)
        first, second = (self._create_transaction(booking) for _tab in range(2))
        self._finish(first, "done")
        self.assertFalse(booking.operation_ids)
        self.assertEqual((booking.amount_paid, booking.amount_residual), (100.0, 0.0))
        self._finish(second, "done")
        self._assert_refunds(booking, (second, 76.0, "surplus", "intended"))

    def test_what_a_bank_took_back_is_paid_again(self):
        self.category.payment_mode = "full"
        booking = self._book()
        lost = self._pay(booking)
        lost.payment_id.action_draft()
        lost.payment_id.action_cancel()
        booking.invalidate_recordset()
        self.assertEqual(booking._get_amount_to_pay(), 80.0)
        self._pay(booking)
        self.assertFalse(booking.operation_ids)
        self.assertEqual((booking.amount_paid, booking.amount_residual), (80.0, 0.0))

    def test_what_a_bank_took_back_does_not_keep_an_appointment_from_being_cancelled(self):
        booking = self._book()
        lost = self._pay(booking)
        lost.payment_id.action_draft()
        lost.payment_id.action_cancel()
        invoice = booking.invoice_ids
        invoice._reverse_moves(cancel=True)
        booking.invalidate_recordset()
        booking.action_cancel()
        self.assertEqual(booking.state, "cancelled")
