"""The books of refunds that fail, wait, or cannot be entered."""

from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import html2plaintext, mute_logger

from .test_refund_books import BOOKS, TRANSACTION, RefundCase


@tagged("post_install", "-at_install")
class TestRefundNotDone(RefundCase):
    def _fail(self, operation, message="The card has expired."):
        refund = operation.child_transaction_id
        with mute_logger(TRANSACTION):
            refund._set_error(message, extra_allowed_states=("done",))
        refund._post_process()
        refund._post_process()
        self.env.invalidate_all()

    def _assert_as_before(self, booking):
        self.assertEqual(self._amounts(booking), (80.0, 0.0, "paid"))
        self.assertEqual((booking.amount_refunded, self._open(booking)), (0.0, {}))
        self._assert_credited(booking)
        self.assertEqual(self._invoice(booking).amount_residual, 0.0)
        self._assert_refund_asked(booking, f"Refund {self._asked}\xa0€", "The card has expired.")

    def test_f30_a_refund_that_fails_after_it_was_done_leaves_nothing_behind(self):
        booking, _payment = self._pay_in_full()
        operation = self._give_back(booking)
        self._asked = "80.00"
        self._fail(operation)
        self.assertEqual(operation.state, "failed")
        self.assertEqual(self._credit_notes(booking).state, "cancel")
        self._assert_as_before(booking)
        self.assertEqual(booking.amount_refundable, 80.0)

    def test_f30_what_would_have_been_owed_again_is_not(self):
        booking, _payment = self._pay_in_full()
        operation = self._give_back(booking, 30.0, price_effect="owed")
        self._asked = "30.00"
        self._fail(operation)
        self._assert_as_before(booking)

    def test_f30_what_fails_is_undone_before_the_next_refund_is_entered(self):
        booking, _payment = self._pay_in_full()
        first = self._give_back(booking)
        refund = first.child_transaction_id
        with mute_logger(TRANSACTION):
            refund._set_error("The card has expired.", extra_allowed_states=("done",))
        self.env.invalidate_all()
        self._give_back(booking)  # before what became of the first one is in the books
        refund._post_process()
        self.env.invalidate_all()
        self.assertEqual(self._open(booking), {})
        self.assertEqual(self._amounts(booking), (0.0, 0.0, "refunded"))
        self._assert_credited(booking, (80.0, 13.33))

    def test_f30_of_an_appointment_that_is_off_the_rest_is_not_owed_again(self):
        booking = self._book()
        self._pay(booking)
        operation = self._give_back(booking, 24.0)
        self._assert_credited(booking, (80.0, 13.33))
        booking.action_cancel()
        self._fail(operation)
        self._asked = "24.00"
        self.assertEqual((booking.state, self._open(booking)), ("cancelled", {}))
        self.assertEqual(booking._get_amount_to_pay(), 0.0)
        self.assertEqual(self._amounts(booking), (24.0, 0.0, "paid"))
        self._assert_credited(booking, (56.0, 9.33))
        self._assert_refund_asked(booking, f"Refund {self._asked}\xa0€", "The card has expired.")
        operation.with_user(self.manager).action_try_again()
        self._run(operation)
        self.assertEqual(self._amounts(booking), (0.0, 0.0, "refunded"))
        self._assert_credited(booking, (56.0, 9.33), (24.0, 4.0))
        self.assertEqual(self._open(booking), {})

    def test_f30_of_several_refunds_only_the_failed_one_is_undone(self):
        booking, _payment = self._pay_in_full()
        first, last = self._give_back(booking, 30.0), self._give_back(booking)
        self._fail(first)
        self.assertEqual(last.state, "done")
        self._assert_credited(booking, (50.0, 8.33))
        self.assertEqual(self._open(booking), {})
        self.assertEqual(self._amounts(booking), (30.0, 0.0, "paid"))

    def test_f30_tried_again_it_is_entered_again(self):
        booking, _payment = self._pay_in_full()
        operation = self._give_back(booking)
        self._fail(operation)
        operation.with_user(self.manager).action_try_again()
        self._run(operation)
        self._assert_credited(booking, (80.0, 13.33))
        self.assertEqual(self._amounts(booking), (0.0, 0.0, "refunded"))
        self.assertEqual(self._open(booking), {})

    def test_f30_a_refund_from_elsewhere_that_fails_is_told_too(self):
        booking, payment = self._pay_in_full()
        refund = payment._create_child_transaction(30.0, is_refund=True)
        refund._set_done()
        refund._post_process()
        with mute_logger(TRANSACTION):
            refund._set_error("The card has expired.", extra_allowed_states=("done",))
        refund._post_process()
        refund._post_process()
        self._asked = "30.00"
        self._assert_as_before(booking)

    def test_f30_pending_shows_nothing_as_refunded(self):
        booking, payment = self._pay_in_full()
        operation = self._decide(booking, 30.0)
        pending = patch.object(
            type(payment), "_send_refund_request", autospec=True,
            side_effect=lambda refund: refund._process(
                "demo", {"reference": refund.reference, "simulated_state": "pending"}
            ),
        )  # fmt: skip
        with pending:
            self._run(operation)
        self.assertEqual(operation.state, "sent")
        self.assertEqual(self._amounts(booking), (80.0, 0.0, "paid"))
        self.assertEqual((booking.amount_refunded, booking.amount_refundable), (0.0, 50.0))
        self.assertEqual(booking.refund_status, "Money on its way back: 30.00\xa0€.")
        self._assert_credited(booking)
        self._finish(operation.child_transaction_id, "done")
        self.assertEqual(self._amounts(booking), (50.0, 0.0, "paid"))
        self.assertFalse(booking.refund_status)

    def test_books_that_refuse_keep_the_word_of_the_provider(self):
        booking, payment = self._pay_in_full()
        operation = self._decide(booking, 30.0)
        broken = patch.object(
            type(booking.invoice_ids), "_credit_booking", side_effect=UserError("Locked.")
        )
        with broken, mute_logger(BOOKS):
            self._run(operation)
            refund = payment.child_transaction_ids
            refund._post_process()
        self.assertEqual((operation.state, refund.appointment_books_open), ("done", True))
        asked = booking.activity_ids.filtered(lambda a: a.summary.startswith("Enter"))
        self.assertEqual(asked.user_id, booking._get_managers())
        self.assertEqual(len(asked), len(asked.user_id))
        self.assertIn("Locked.", html2plaintext(asked[0].note))
        self.assertTrue(booking.has_refunds_to_enter)
        with broken, self.assertRaisesRegex(UserError, "Locked."):
            booking.with_user(self.manager).action_enter_refunds()
        booking.with_user(self.manager).action_enter_refunds()
        self.assertFalse(booking.has_refunds_to_enter)
        self._assert_credited(booking, (30.0, 5.0))
        self.assertEqual(self._open(booking), {})
