from datetime import timedelta

from freezegun import freeze_time

from odoo.tests import tagged
from odoo.tools import html2plaintext

from .common import NOW
from .hold_common import HoldCase


@tagged("post_install", "-at_install")
class TestHold(HoldCase):
    """Money that is held, captured in full or in part, and let go."""

    def _run_all(self, booking):
        self._run(booking.operation_ids)
        booking.transaction_ids.filtered(lambda t: not t.is_post_processed)._post_process()
        self.env.invalidate_all()

    def test_a_hold_confirms_nothing_and_keeps_the_time(self):
        booking, transaction = self._hold()
        self.assertEqual((booking.state, booking.payment_status), ("pending_payment", "held"))
        self.assertEqual((booking.amount_held, booking.amount_paid), (24.0, 0.0))
        self.assertFalse(booking.invoice_ids or booking.event_id or transaction.payment_id)
        due = booking._get_answer_due()
        until = min(due, booking.start)
        self.assertEqual((booking.pending_until, booking.hold_until), (until, until))
        self.assertEqual(transaction.capture_before, NOW + timedelta(days=7))
        booking._expire_if_due(until - timedelta(minutes=1))
        self.assertEqual(booking.state, "pending_payment")

    def test_a_captured_hold_confirms_and_is_invoiced_once(self):
        booking, transaction = self._hold()
        part = transaction._capture()
        self.assertEqual((part.state, booking.state), ("draft", "pending_payment"))
        self._run_all(booking)
        self._assert_states(transaction, "done", (24.0, "done"))
        self.assertEqual((booking.state, booking.payment_status), ("confirmed", "partial"))
        self.assertEqual(transaction.invoice_ids, booking.invoice_ids)
        self._assert_ledger(booking, 80.0, 13.33, 56.0, [24.0])
        self.assertEqual(booking.operation_ids.mapped("state"), ["done"])
        before = self._count_effects(booking)
        (transaction | part)._post_process()
        self._run_all(booking)
        self.assertEqual(self._count_effects(booking), before)

    def test_the_order_of_post_processing_does_not_matter(self):
        booking, transaction = self._hold()
        part = transaction._create_child_transaction(24.0)
        part._set_done()
        transaction._post_process()
        self.assertEqual(booking.state, "pending_payment")
        part._post_process()
        self.assertFalse(booking.operation_ids)
        self._assert_ledger(booking, 80.0, 13.33, 56.0, [24.0])

    def test_what_is_not_captured_is_let_go_and_counts_nowhere(self):
        booking, transaction = self._hold()
        transaction._capture(10.0)
        self._run_all(booking)
        self._assert_states(transaction, "authorized", (10.0, "done"))
        self.assertEqual((booking.amount_held, booking.amount_paid), (14.0, 10.0))
        self._run_all(booking)
        self._assert_states(transaction, "done", (10.0, "done"), (14.0, "cancel"))
        self.assertEqual((booking.amount_held, booking.amount_paid), (0.0, 10.0))
        self._assert_ledger(booking, 80.0, 13.33, 70.0, [10.0])
        self.assertEqual(
            booking.operation_ids.sorted("id").mapped(lambda o: (o.kind, o.reason, o.state)),
            [("capture", False, "done"), ("void", "rest", "done")],
        )
        self.assertFalse(booking.activity_ids)

    def test_f31_a_hold_that_is_let_go_leaves_nothing_in_the_books(self):
        booking, transaction = self._hold()
        before = self.env["mail.mail"].search_count([])
        part = transaction._void()
        self.assertEqual(part.state, "draft")
        self._run_all(booking)
        self._assert_states(transaction, "cancel", (24.0, "cancel"))
        self.assertFalse(booking.transaction_ids.payment_id or booking.invoice_ids)
        self.assertEqual((booking.amount_held, booking.amount_refunded), (0.0, 0.0))
        self.assertFalse(booking.activity_ids)
        self.assertEqual(self.env["mail.mail"].search_count([]), before)

    def test_the_refund_of_a_captured_hold_is_of_what_was_captured(self):
        booking, transaction = self._hold()
        transaction._capture()
        self._run_all(booking)
        refund = transaction._refund(9.0)
        part = transaction._get_parts()
        self.assertEqual((refund.source_transaction_id, refund.amount), (part, -9.0))
        self._run_all(booking)
        self.assertEqual((refund.state, booking.amount_refunded), ("done", 9.0))
        self.assertEqual(part._get_refundable_amount(), 15.0)

    def test_a_second_hold_is_let_go_by_itself(self):
        booking = self._book()
        first, second = (self._begin(booking) for _tab in range(2))
        for transaction in (first, second):
            self._finish(transaction, "done")
        self.assertEqual(booking.operation_ids.transaction_id, second)
        self.assertEqual(booking.operation_ids.mapped("reason"), ["surplus"])
        self._run_all(booking)
        self.assertEqual((first.state, second.state), ("authorized", "cancel"))
        self.assertEqual((booking.state, booking.amount_held), ("pending_payment", 24.0))

    def test_a_hold_that_comes_too_late_is_let_go_and_told(self):
        booking = self._book()
        transaction = self._begin(booking)
        booking._set_expired("unpaid")
        before = self.env["mail.mail"].search([])
        self._finish(transaction, "done")
        self._run_all(booking)
        self._assert_states(transaction, "cancel", (24.0, "cancel"))
        mail = self.env["mail.mail"].search([]) - before
        self.assertEqual(mail.recipient_ids, booking.partner_id)
        self.assertIn("Nothing was charged", html2plaintext(mail.body_html))

    def test_a_booking_that_is_not_answered_expires_and_lets_go(self):
        booking, transaction = self._hold()
        booking._expire_if_due(booking.pending_until)
        self.assertEqual((booking.state, booking.expired_reason), ("expired", "pending"))
        self._run_all(booking)
        self._assert_states(transaction, "cancel", (24.0, "cancel"))
        self.assertEqual((booking.payment_status, booking.amount_held), ("not_required", 0.0))

    def test_a_capture_under_way_is_not_let_go_by_the_expiry(self):
        booking, transaction = self._hold()
        transaction._capture()
        booking._set_expired("pending")
        self.assertEqual(booking.operation_ids.mapped("kind"), ["capture"])

    def test_f23_a_hold_that_lapses_is_told_to_both_sides_once(self):
        booking, transaction = self._hold()
        before = self.env["mail.mail"].search([])
        transaction._create_child_transaction(24.0)._set_canceled()
        transaction._post_process()
        transaction._post_process()
        self._assert_states(transaction, "cancel", (24.0, "cancel"))
        self.assertEqual((booking.payment_status, booking.amount_paid), ("unpaid", 0.0))
        mails = self.env["mail.mail"].search([]) - before
        mail = mails.filtered(lambda m: m.recipient_ids == booking.partner_id)
        self.assertEqual(len(mail), 1)
        self.assertIn("24.00\xa0€* that were held", html2plaintext(mail.body_html))
        self.assertEqual(booking.activity_ids.user_id, self.anna | booking._get_managers())
        self.assertEqual(
            set(booking.activity_ids.mapped("summary")), {"Hold of 24.00\xa0€ has ended"}
        )
        self.assertFalse(booking.operation_ids or booking.transaction_ids.payment_id)

    def test_what_a_visitor_brings_is_told_by_the_system(self):
        booking = self._book()
        seen = booking.with_user(self.env.ref("base.public_user")).sudo()
        seen._raise_payment_activity("Look", "The hold has ended.")
        self.assertTrue(booking.activity_ids)
        self.assertEqual(booking.activity_ids.create_uid, self.env.ref("base.user_root"))

    def test_f22_a_day_before_a_hold_lapses_people_are_reminded_once(self):
        booking, transaction = self._hold(start=NOW + timedelta(days=20))
        self.assertEqual(transaction.reconcile_at, NOW + timedelta(days=6))
        for wait in (timedelta(days=5), timedelta(days=6), timedelta(days=6, minutes=5)):
            with freeze_time(NOW + wait), self.enter_registry_test_mode():
                cron = self.env.ref("appointment_payments.cron_reconcile_transactions")
                cron.method_direct_trigger()
            self.env.invalidate_all()
            told = booking.activity_ids.filtered(lambda a: "Hold of" in a.summary)
            self.assertEqual(bool(told), wait >= timedelta(days=6))
        self.assertEqual(len(told), len(self.anna | booking._get_managers()))
        self.assertIn("Capture them before", html2plaintext(told[0].note))

    def test_a_card_that_was_refused_first_may_be_held_by_the_next_try(self):
        transaction = self._begin(self._book())
        self._finish(transaction, "error")
        self._finish(transaction, "done")
        self.assertEqual(transaction.state, "authorized")

    def test_money_that_comes_after_it_was_cancelled_here_is_not_ignored(self):
        booking = self._book()
        transaction = self._create_transaction(booking)
        transaction._set_canceled()
        booking._set_expired("unpaid")
        self._finish(transaction, "done")
        self.assertEqual((transaction.state, booking.state), ("done", "confirmed"))
        self._assert_ledger(booking, 80.0, 13.33, 56.0, [24.0])
