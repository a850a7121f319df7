from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .stripe_events import StripeEventsCase
from .test_staff_views import create_personas
from .test_stripe_seams import LOGGERS


@tagged("post_install", "-at_install")
class TestStripeRefundMirror(StripeEventsCase):
    """Refunds as Stripe has them."""

    def setUp(self):
        super().setUp()
        create_personas(self)
        self.intent = self._pay_at_stripe()
        self.charge = self.intent["charges"]["data"][0]

    def _refunds(self):
        return self.payment.child_transaction_ids.filtered(lambda t: t.operation == "refund")

    def test_f29_a_refund_made_in_the_dashboard_is_mirrored_once(self):
        refund = self.account.put_refund(self.intent, 1000)
        for kind, subject in (
            ("refund.created", refund), ("charge.refunded", self.charge), ("refund.updated", refund)
        ):
            self.assertEqual(self._hear(kind, subject).state, "processed")
        child = self._refunds()
        self.assertEqual((child.amount, child.state), (-10.0, "done"))
        self.assertEqual(child.provider_reference, refund["id"])
        self.assertEqual(child.appointment_booking_id, self.booking)
        child._post_process()
        self.assertEqual(self.booking.amount_refunded, 10.0)
        summary = "Refunded at Stripe: 10.00\xa0€"
        managers = self.booking._get_managers()
        self.assertEqual(self._summaries().count(summary), len(managers))
        self.assertTrue(any("refund" in (m.body or "") for m in self.booking.message_ids))

    def test_f29_several_refunds_each_have_their_own(self):
        amounts = (500, 700, 500)
        for amount in amounts:
            self.account.put_refund(self.intent, amount)
        self._hear("charge.refunded", self.charge)
        self.assertEqual(self._refunds().sorted("id").mapped("amount"), [-5.0, -7.0, -5.0])

    def test_f30_what_failed_makes_room_for_what_went_back_in_the_same_second(self):
        failed = self.account.put_refund(self.intent, 2400)
        self._hear("refund.created", failed)
        failed.update(status="failed", failure_reason="expired_or_canceled_card")
        later = self.account.put_refund(self.intent, 1000, created=failed["created"])
        # Stripe lists the newest first
        self.account.refunds = {entry["id"]: entry for entry in (later, failed)}
        self.assertEqual(self._hear("refund.created", later).state, "processed")
        found = [(child.amount, child.state) for child in self._refunds().sorted("id")]
        self.assertEqual(found, [(-24.0, "error"), (-10.0, "done")])

    def test_f29_a_refund_of_a_captured_hold_belongs_to_what_was_captured(self):
        part = self.payment._create_child_transaction(
            14.0, provider_reference=self.intent["id"], state="done"
        )
        self.charge["amount_captured"] = 1400
        self.account.put_refund(self.intent, 1000)  # what the capture left
        refund = self.account.put_refund(self.intent, 500, balance_transaction="txn_1")
        self._hear("refund.created", refund)
        child = part.child_transaction_ids
        self.assertEqual((child.amount, child.provider_reference), (-5.0, refund["id"]))
        self.assertFalse(self._refunds())

    def test_f31_a_hold_that_was_let_go_makes_no_refund(self):
        other = self._start(self._book(user=self.ben))
        intent = self.account.put_intent(other, "canceled")
        self.account.refunds.clear()
        self.account.put_refund(intent, 2400)
        self._hear("charge.refunded", intent["charges"]["data"][0])
        self.assertEqual(other.state, "cancel")
        self.assertFalse(other.child_transaction_ids)

    def test_f27_a_refund_sent_from_here_is_known_by_its_reference(self):
        sent = self.payment._create_child_transaction(24.0, is_refund=True)
        refund = self.account.put_refund(self.intent, 2400, reference=sent.reference)
        self._hear("refund.created", refund)
        self.assertEqual(self._refunds(), sent)
        self.assertEqual((sent.state, sent.provider_reference), ("done", refund["id"]))
        self.assertFalse(self._summaries())

    def test_f27_a_refund_sent_from_here_of_a_captured_hold_is_known_too(self):
        part = self.payment._create_child_transaction(
            24.0, provider_reference=self.intent["id"], state="done"
        )
        sent = part._create_child_transaction(10.0, is_refund=True)
        refund = self.account.put_refund(self.intent, 1000, reference=sent.reference)
        self.assertEqual(self._hear("refund.created", refund).state, "processed")
        self.assertEqual((sent.state, sent.provider_reference), ("done", refund["id"]))
        self.assertEqual(part.child_transaction_ids, sent)

    def test_a_second_refund_under_the_same_reference_is_seen(self):
        sent = self.payment._create_child_transaction(10.0, is_refund=True)
        for _time in range(2):
            self.account.put_refund(self.intent, 1000, reference=sent.reference)
        self._hear("charge.refunded", self.charge)
        self.assertEqual(len(self._refunds()), 2)

    def test_f30_a_pending_refund_is_not_shown_as_refunded(self):
        refund = self.account.put_refund(self.intent, 1000, "pending")
        self._hear("refund.created", refund)
        self.assertEqual(self._refunds().state, "pending")
        self.assertEqual(self.booking.amount_refunded, 0.0)
        refund["status"] = "succeeded"
        self._hear("refund.updated", refund)
        self.assertEqual((self._refunds().state, self.booking.amount_refunded), ("done", 10.0))

    def test_f30_a_refund_that_fails_later_is_undone_and_told(self):
        refund = self.account.put_refund(self.intent, 1000)
        self._hear("refund.created", refund)
        self._refunds()._post_process()
        refund["status"] = "failed"
        self._hear("refund.failed", refund)
        child = self._refunds()
        self.assertEqual((child.state, self.booking.amount_refunded), ("error", 0.0))
        self.assertIn("Refund 10.00\xa0€", self._summaries())
        child._post_process()
        self.assertEqual(child.payment_id.state, "canceled")

    def test_f30_a_refund_sent_from_here_that_fails_later_is_told_by_its_operation(self):
        operations = self.env["appointment.payment.operation"].sudo()
        operation = operations._intend(self.payment, "refund", 10.0)
        sent = operation._ensure_answered()
        refund = self.account.put_refund(self.intent, 1000, reference=sent.reference)
        self._hear("refund.created", refund)
        self.assertEqual(operation.state, "done")
        refund["status"] = "failed"
        self._hear("charge.refund.updated", refund)
        self.assertEqual(operation.state, "failed")
        managers = self.booking.user_id | self.booking._get_managers()
        self.assertEqual(self._summaries().count("Refund 10.00\xa0€"), len(managers))

    def test_f30_a_refund_of_a_captured_hold_that_fails_later_is_undone(self):
        part = self.payment._create_child_transaction(
            24.0, provider_reference=self.intent["id"], state="done"
        )
        sent = part._create_child_transaction(5.0, is_refund=True)
        refund = self.account.put_refund(self.intent, 500, reference=sent.reference)
        for status, state in (("succeeded", "done"), ("failed", "error")):
            refund["status"] = status
            event = self._hear("refund.updated", refund)
            self.assertEqual((event.state, event.error), ("processed", False))
            self.assertEqual((sent.state, event.transaction_id), (state, self.payment))

    def test_a_refund_that_had_failed_before_it_was_heard_of_is_nothing(self):
        refund = self.account.put_refund(self.intent, 1000, "failed")
        self.assertEqual(self._hear("refund.failed", refund).state, "processed")
        self.assertFalse(self._refunds() or self._summaries())

    def test_a_refund_that_does_not_fit_is_not_applied(self):
        for values in ({"currency": "usd"}, {"amount": 2401}):
            with self.subTest(values), self.cr.savepoint() as savepoint:
                refund = self.account.put_refund(self.intent, 1000)
                refund.update(values)
                event = self._hear("refund.created", refund)
                self.assertEqual((event.state, event.next_attempt_at), ("failed", False))
                self.assertFalse(self._refunds())
                self.assertIn("Look at a payment at Stripe", self._summaries())
                savepoint.rollback()
                self.env.invalidate_all()
                self.account.refunds.clear()

    def test_a_refund_heard_of_before_its_payment_brings_the_payment_first(self):
        booking = self._book(user=self.ben)
        other = self._start(booking)
        intent = self.account.put_intent(other)
        self.account.refunds.clear()
        refund = self.account.put_refund(intent, 1000)
        self._hear("refund.created", refund)
        self.assertEqual(other.state, "done")
        self.assertEqual(other.child_transaction_ids.mapped("amount"), [-10.0])

    def test_two_processes_queue_up_at_the_payment(self):
        self.account.put_refund(self.intent, 1000)
        with patch.object(type(self.payment), "_lock_for_operation") as queued:
            self._hear("charge.refunded", self.charge)
        queued.assert_called_once()


@tagged("post_install", "-at_install")
class TestStripeDispute(StripeEventsCase):
    """The client's bank asks for the money back."""

    def setUp(self):
        super().setUp()
        create_personas(self)
        self.intent = self._pay_at_stripe()
        self.dispute = self.account.put_dispute(self.intent)

    def _hear_dispute(self, kind="created", **values):
        self.dispute.update(values)
        return self._hear(f"charge.dispute.{kind}", self.dispute)

    def test_f32_a_dispute_is_flagged_once_and_nothing_is_refunded(self):
        for kind in ("created", "funds_withdrawn", "updated"):
            self.assertEqual(self._hear_dispute(kind).state, "processed")
        self.assertEqual(self.booking.dispute_state, "open")
        summary = "Answer a dispute of 24.00\xa0€"
        activities = self.booking.activity_ids.filtered(lambda a: a.summary == summary)
        self.assertEqual(len(activities), len(self.booking._get_managers()))
        self.assertEqual(str(activities[0].date_deadline), "2026-11-30")
        self.assertFalse(self.payment.child_transaction_ids or self.booking.operation_ids)
        self.assertEqual({method for method, _path in self.account.calls}, {"GET", "get"})

    def test_f32_a_disputed_charge_is_not_refunded_from_here(self):
        self._hear_dispute()
        self.assertFalse(self.payment._can_be_refunded(24.0))
        operations = self.env["appointment.payment.operation"].sudo()
        for refund in (
            lambda: self.payment._refund(10.0),
            lambda: operations._intend(self.payment, "refund", 10.0),
        ):
            with self.assertRaisesRegex(UserError, "is disputed"):
                refund()
        automatic = self.booking._refund_automatically(self.payment, 24.0, "late")
        self.assertEqual(automatic.state, "failed")

    def test_f32_a_question_of_the_bank_may_be_answered_with_a_refund(self):
        self._hear_dispute(status="warning_needs_response", is_charge_refundable=True)
        self.assertEqual(self.booking.dispute_state, "open")
        self.assertTrue(self.payment._can_be_refunded(24.0))

    def test_f32_nobody_is_asked_to_give_back_what_is_disputed(self):
        self._hear_dispute()
        operation = self.booking._refund_automatically(self.payment, 24.0, "surplus")
        self.assertEqual(operation.state, "failed")
        summaries = self._summaries()
        self.assertIn("Disputed: 24.00\xa0€", summaries)
        self.assertNotIn("Refund 24.00\xa0€", summaries)

    def test_f32_a_dispute_that_is_won_gives_the_payment_free(self):
        self._hear_dispute()
        self._hear_dispute("closed", status="won")
        self.assertEqual(self.booking.dispute_state, "won")
        self.assertTrue(self.payment._can_be_refunded(24.0))

    def test_f32_a_dispute_that_is_lost_is_told(self):
        self._hear_dispute("closed", status="lost")
        self._hear_dispute()  # late; what Stripe says now counts
        self.assertEqual(self.booking.dispute_state, "lost")
        self.assertIn("Dispute lost: 24.00\xa0€", self._summaries())
        self.assertFalse(self.payment._can_be_refunded(24.0))

    def test_no_answer_about_a_dispute_is_asked_for_again(self):
        event = self._receive("charge.dispute.created", self.dispute)
        del self.account.disputes[self.dispute["id"]]
        with mute_logger(*LOGGERS, "odoo.addons.appointment_payments.models.stripe_event_runner"):
            self._run(event)
        self.assertEqual(event.state, "failed")
        self.assertTrue(event.next_attempt_at)
