from datetime import datetime, timedelta

from freezegun import freeze_time

from odoo.tests import tagged
from odoo.tools import html2plaintext

from .common import NOW, PracticeCase


class LatePaymentCase(PracticeCase):
    def _assert_refund_asked(self, booking, summary, note, times=1):
        """Assert that the practitioner is told, once, to give money back."""
        activities = booking.activity_ids
        self.assertEqual(activities.mapped("summary"), [summary] * times)
        self.assertEqual(activities.user_id, booking.user_id)
        self.assertIn(note, html2plaintext(activities[0].note))


@tagged("post_install", "-at_install")
class TestLatePayment(LatePaymentCase):
    def _expire_while_paying(self, **values):
        """A booking that expires while its client is at the payment provider."""
        booking = self._book(**values)
        transaction = self._create_transaction(booking)
        booking._set_expired("unpaid")
        return booking, transaction

    def test_a_payment_after_expiry_books_again_if_the_time_is_free(self):
        booking, transaction = self._expire_while_paying()
        self._finish(transaction, "done")
        self.assertEqual((booking.state, booking.expired_reason), ("confirmed", False))
        self.assertEqual((len(booking.occupancy_ids), len(booking.event_id)), (1, 1))
        self.assertFalse(booking.activity_ids)
        self._assert_ledger(booking, 80.0, 13.33, 56.0, [24.0])

    def test_a_payment_for_a_time_that_is_gone_is_to_be_refunded(self):
        booking, transaction = self._expire_while_paying()
        self._book()
        self._finish(transaction, "done")
        self._assert_kept_apart(booking, transaction)

    def _assert_kept_apart(self, booking, transaction):
        self.assertIn(booking.state, ("expired", "cancelled"))
        self.assertFalse(booking.occupancy_ids or booking.event_id.active or booking.invoice_ids)
        self.assertEqual(transaction.payment_id.amount, 24.0)
        self.assertEqual((booking.amount_paid, booking.amount_residual), (24.0, 0.0))
        self._assert_refund_asked(booking, "Refund 24.00\xa0€", transaction.reference)

    def test_a_payment_for_an_appointment_that_has_begun_is_to_be_refunded(self):
        booking, transaction = self._expire_while_paying()
        with freeze_time(booking.start + timedelta(minutes=1)):
            self._finish(transaction, "done")
        self._assert_kept_apart(booking, transaction)

    def test_a_payment_for_a_cancelled_booking_is_to_be_refunded(self):
        booking = self._book()
        transaction = self._create_transaction(booking)
        booking._set_cancelled()
        self._finish(transaction, "done")
        self._assert_kept_apart(booking, transaction)

    def test_the_refund_is_asked_for_once(self):
        booking, transaction = self._expire_while_paying()
        self._book()
        self._finish(transaction, "done")
        before = self._count_effects(booking)
        transaction._post_process()
        self.assertEqual(self._count_effects(booking), before)

    def test_a_pending_payment_that_comes_too_late_books_again_or_is_refunded(self):
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
                self.assertEqual(len(booking.activity_ids), int(taken))

    def test_the_full_price_paid_twice_is_to_be_refunded_once(self):
        self.category.payment_mode = "full"
        booking = self._book()
        first, second = (self._create_transaction(booking, 80.0) for _tab in range(2))
        self._finish(first, "done")
        self.assertFalse(booking.activity_ids)
        self._finish(second, "done")
        self._assert_refund_asked(booking, "Refund 80.00\xa0€", "80.00\xa0€ too much")
        self.assertEqual((booking.amount_paid, booking.payment_status), (80.0, "paid"))
        self.assertEqual(len(booking.invoice_ids), 1)
        before = self._count_effects(booking)
        second._post_process()
        self.assertEqual(self._count_effects(booking), before)

    def test_paid_three_times_each_payment_too_many_is_told_once(self):
        self.category.payment_mode = "full"
        booking = self._book()
        for transaction in [self._create_transaction(booking, 80.0) for _tab in range(3)]:
            self._finish(transaction, "done")
        self._assert_refund_asked(booking, "Refund 80.00\xa0€", "80.00\xa0€ too much", times=2)

    def test_the_balance_paid_in_two_tabs_is_to_be_refunded_once(self):
        booking = self._book()
        self._pay(booking)
        first, second = (self._create_transaction(booking, 56.0) for _tab in range(2))
        self._finish(first, "done")
        self.assertFalse(booking.activity_ids)
        self._finish(second, "done")
        self._assert_refund_asked(booking, "Refund 56.00\xa0€", "56.00\xa0€ too much")
        self.assertEqual((booking.amount_paid, booking.amount_residual), (80.0, 0.0))

    def test_a_deposit_paid_twice_pays_a_part_of_the_balance(self):
        booking = self._book()
        first, second = (self._create_transaction(booking) for _tab in range(2))
        self._finish(first, "done")
        self._finish(second, "done")
        self.assertFalse(booking.activity_ids)
        self._assert_ledger(booking, 80.0, 13.33, 32.0, [24.0, 24.0])

    def test_only_what_is_too_much_is_to_be_refunded(self):
        booking = self._book()
        first = self._create_transaction(booking, 24.0)
        second = self._create_transaction(booking, 80.0)
        self._finish(first, "done")
        self._finish(second, "done")
        self._assert_refund_asked(booking, "Refund 24.00\xa0€", "24.00\xa0€ too much")
        self.assertEqual(booking.amount_paid, 80.0)
