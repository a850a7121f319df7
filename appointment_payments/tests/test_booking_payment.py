from datetime import date, datetime, timedelta

from freezegun import freeze_time

from odoo.tests import tagged

from .common import NOW, PracticeCase


@tagged("post_install", "-at_install")
class TestBookingPayment(PracticeCase):
    def test_deposit_confirms_invoices_the_whole_price_and_leaves_the_balance(self):
        booking = self._book()
        self.assertEqual((booking.state, booking.amount_due_now), ("pending_payment", 24.0))
        self._pay(booking)
        self.assertEqual((booking.state, booking.payment_status), ("confirmed", "partial"))
        self._assert_ledger(booking, 80.0, 13.33, 56.0, [24.0])
        self.assertEqual(booking.invoice_ids.invoice_date_due, date(2026, 11, 24))
        self._pay(booking)
        self.assertEqual(booking.payment_status, "paid")
        self._assert_ledger(booking, 80.0, 13.33, 0.0, [24.0, 56.0])

    def test_full_payment_leaves_nothing(self):
        self.category.payment_mode = "full"
        booking = self._book()
        self.assertEqual(booking.amount_due_now, 80.0)
        self._pay(booking)
        self.assertEqual((booking.state, booking.payment_status), ("confirmed", "paid"))
        self._assert_ledger(booking, 80.0, 13.33, 0.0, [80.0])
        self.assertEqual(booking._get_amount_to_pay(), 0.0)

    def test_nothing_asked_confirms_at_once_and_invoices_nothing(self):
        self.category.payment_mode = "none"
        booking = self._book()
        self.assertEqual((booking.state, booking.payment_status), ("confirmed", "not_required"))
        self.assertFalse(booking.under_threshold or booking.hold_until)
        self.assertFalse(booking.transaction_ids or booking.invoice_ids)
        self.assertEqual((booking.amount_residual, booking._get_amount_to_pay()), (80.0, 0.0))

    def test_under_the_threshold_nothing_is_charged_at_it_the_deposit_is(self):
        self.category.price = 9.99
        booking = self._book(start=datetime(2026, 11, 24, 9, 0))
        self.assertEqual((booking.state, booking.under_threshold), ("confirmed", True))
        self.assertEqual((booking.amount_due_now, booking._get_amount_to_pay()), (0.0, 0.0))
        self.assertFalse(booking.transaction_ids or booking.invoice_ids)
        self.category.price = 10.0
        booking = self._book(start=datetime(2026, 11, 24, 10, 0))
        self.assertEqual((booking.state, booking.under_threshold), ("pending_payment", False))
        self.assertEqual(booking._get_amount_to_pay(), 3.0)

    def test_a_free_appointment_is_confirmed_without_money(self):
        self.category.write({"payment_mode": "full", "price": 0.0})
        booking = self._book()
        self.assertEqual((booking.state, booking.payment_status), ("confirmed", "not_required"))
        self.assertFalse(booking.under_threshold or booking.amount_residual)

    def test_the_checkout_time_ends_at_the_start_at_the_latest(self):
        self.company.appointment_checkout_minutes = 30
        self.assertEqual(self._book().hold_until, NOW + timedelta(minutes=30))
        soon = self._book(start=NOW + timedelta(minutes=10))
        self.assertEqual(soon.hold_until, NOW + timedelta(minutes=10))
        self.assertEqual(soon._get_minutes_left(), 10)

    def test_after_its_start_an_unpaid_appointment_cannot_be_paid(self):
        booking = self._book(start=NOW + timedelta(minutes=10))
        self.assertEqual(booking._get_amount_to_pay(), 24.0)
        with freeze_time(NOW + timedelta(minutes=10)):
            self.assertEqual(booking._get_amount_to_pay(), 0.0)

    def test_a_provider_that_holds_money_captures_it_at_once_for_a_booking(self):
        self.provider.capture_manually = True
        booking = self._book()
        transaction = self._pay(booking)
        self.assertEqual((transaction.state, booking.state), ("done", "confirmed"))
        self._assert_ledger(booking, 80.0, 13.33, 56.0, [24.0])

    def test_other_documents_are_held_as_the_provider_says(self):
        self.provider.capture_manually = True
        transaction = self._create_transaction(
            self._book(), appointment_booking_id=False, reference="OTHER-1"
        )
        transaction._process("demo", {"reference": "OTHER-1", "simulated_state": "done"})
        self.assertEqual(transaction.state, "authorized")

    def test_post_processing_again_changes_nothing(self):
        booking = self._book()
        transaction = self._pay(booking)
        before = self._count_effects(booking)
        self.assertEqual((before["mails"], before["payments"], before["events"]), (2, 1, 1))
        for _again in range(2):
            transaction._post_process()
            booking.invalidate_recordset()
        self.assertEqual(self._count_effects(booking), before)
        self._assert_ledger(booking, 80.0, 13.33, 56.0, [24.0])

    def test_payments_of_many_documents_are_post_processed_together(self):
        bookings = self._book() | self._book(user=self.ben)
        transactions = self.env["payment.transaction"]
        for booking in bookings:
            transactions |= self._create_transaction(booking)
        other = self._create_transaction(
            bookings[0], appointment_booking_id=False, reference="OTHER-1"
        )
        (transactions | other)._set_done()
        (transactions | other)._post_process()
        self.assertEqual(bookings.mapped("state"), ["confirmed"] * 2)
        self.assertEqual(bookings.mapped("amount_residual"), [56.0] * 2)
        self.assertTrue(other.is_post_processed and other.payment_id)
        self.assertEqual(len(bookings.invoice_ids), 2)

    def test_the_chatter_tells_what_happened_to_the_money(self):
        booking = self._book()
        transaction = self._pay(booking)
        told = booking.message_ids.filtered(lambda m: transaction.reference in m.body)
        self.assertTrue(told)
        self.assertTrue(all(told.subtype_id.mapped("internal")))

    def test_a_pending_payment_keeps_the_time_and_shows_as_processing(self):
        booking = self._book()
        self._pay(booking, state="pending")
        self.assertEqual((booking.state, booking.payment_status), ("pending_payment", "processing"))
        self.assertEqual(len(booking.occupancy_ids), 1)
        self.assertEqual(booking.pending_until, booking.start)
        self.assertEqual(booking._get_amount_to_pay(), 0.0)
        self.assertFalse(booking._get_downloadable_invoice() or booking.invoice_ids)

    def test_it_keeps_the_time_for_two_weeks_at_most(self):
        booking = self._book(start=datetime(2026, 12, 24, 9, 0))
        self._pay(booking, state="pending")
        self.assertEqual(booking.pending_until, NOW + timedelta(days=14))

    def test_when_it_arrives_the_booking_is_confirmed(self):
        booking = self._book()
        transaction = self._pay(booking, state="pending")
        self._finish(transaction, "done")
        self.assertEqual((booking.state, booking.payment_status), ("confirmed", "partial"))
        self.assertFalse(booking.pending_until)
        self._assert_ledger(booking, 80.0, 13.33, 56.0, [24.0])
        self.assertEqual(booking._get_downloadable_invoice(), booking.invoice_ids)

    def test_when_it_fails_the_client_has_the_checkout_time_to_try_again(self):
        booking = self._book()
        transaction = self._pay(booking, state="pending")
        booking._expire_if_due(NOW + timedelta(minutes=20))
        self.assertEqual(booking.hold_until, booking.start)
        with freeze_time(NOW + timedelta(hours=3)):
            self._finish(transaction, "error")
        self.assertEqual((booking.state, booking.payment_status), ("pending_payment", "unpaid"))
        self.assertEqual(booking.hold_until, NOW + timedelta(hours=3, minutes=20))
        self.assertFalse(booking.pending_until)
        self.assertEqual(booking._get_amount_to_pay(), 24.0)

    def test_a_pending_balance_leaves_the_confirmed_booking_alone(self):
        booking = self._book()
        self._pay(booking)
        transaction = self._pay(booking, state="pending")
        self.assertEqual((booking.state, booking.amount_paid), ("confirmed", 24.0))
        self.assertFalse(booking.pending_until)
        self._finish(transaction, "done")
        self._assert_ledger(booking, 80.0, 13.33, 0.0, [24.0, 56.0])

    def test_after_a_failure_the_same_booking_can_be_paid(self):
        for state in ("error", "cancel"):
            with self.subTest(state=state):
                booking = self._book(user=self.anna if state == "error" else self.ben)
                failed = self._pay(booking, state=state)
                self.assertEqual((failed.state, booking.state), (state, "pending_payment"))
                self.assertEqual(booking.payment_status, "unpaid")
                self.assertEqual(booking._get_amount_to_pay(), 24.0)
                self.assertFalse(booking.invoice_ids or booking.event_id)
                self._pay(booking)
                self.assertEqual(booking.state, "confirmed")
                self._assert_ledger(booking, 80.0, 13.33, 56.0, [24.0])

    def test_a_failure_neither_prolongs_nor_ends_the_checkout_time(self):
        booking = self._book()
        until = booking.hold_until
        with freeze_time(NOW + timedelta(minutes=5)):
            self._pay(booking, state="error")
        self.assertEqual((booking.hold_until, len(booking.occupancy_ids)), (until, 1))

    def test_a_failed_balance_leaves_the_confirmed_booking_alone(self):
        booking = self._book()
        self._pay(booking)
        self._pay(booking, state="error")
        self.assertEqual((booking.state, booking.amount_residual), ("confirmed", 56.0))
        self.assertFalse(booking.hold_until)
