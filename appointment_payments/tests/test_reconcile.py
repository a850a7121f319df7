from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time
from psycopg2.errors import SerializationFailure

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import NOW, PracticeCase

LOGGERS = (
    "odoo.addons.appointment_payments.models.payment_transaction",
    "odoo.addons.appointment_payments.models.payment_transaction_reconcile",
)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@tagged("post_install", "-at_install")
class TestReconcile(PracticeCase):
    """What nobody brings news of is looked at in time."""

    def _run_cron(self, after):
        with freeze_time(NOW + after), self.enter_registry_test_mode(), mute_logger(*LOGGERS):
            self.env.ref("appointment_payments.cron_reconcile_transactions").method_direct_trigger()
        self.env.invalidate_all()

    def _arrive(self, **values):
        """A payment that has arrived and that nobody has acted on."""
        booking = self._book(**values)
        transaction = self._create_transaction(booking)
        transaction._process(
            "demo", {"reference": transaction.reference, "simulated_state": "done"}
        )
        return booking, transaction

    def _looking_up(self, answer):
        return patch.object(
            type(self.env["payment.transaction"]), "_look_up_outcome", autospec=True,
            side_effect=answer,
        )

    def _wait_for_news(self, state="pending"):
        booking = self._book(start=NOW + 30 * DAY)
        transaction = self._create_transaction(booking)
        transaction.provider_reference = "there"
        if state == "pending":
            transaction._set_pending()
        transaction._plan_next_look()
        return booking, transaction

    def test_what_is_acted_on_is_not_looked_at(self):
        booking, transaction = self._arrive()
        self.assertEqual(transaction.reconcile_at, NOW + HOUR / 2)
        transaction._post_process()
        self.assertFalse(transaction.reconcile_at)
        self.assertEqual(booking.state, "confirmed")

    def test_f21_what_odoo_has_given_up_is_recovered_and_told(self):
        booking, transaction = self._arrive(start=NOW + 20 * DAY)
        self._run_cron(0.4 * HOUR)
        self.assertFalse(transaction.is_post_processed)
        self._run_cron(4 * DAY)
        self.assertTrue(transaction.is_post_processed)
        self._assert_ledger(booking, 80.0, 13.33, 56.0, [24.0])
        self.assertIn("could not be booked for days", str(booking.message_ids.mapped("body")))
        self.assertFalse(transaction.reconcile_at or booking.activity_ids)

    def test_f21_f47_what_cannot_be_recovered_is_told_once_and_stops_nobody(self):
        broken, lost = self._arrive(start=NOW + 20 * DAY)
        other, found = self._arrive(start=NOW + 21 * DAY)
        receive = type(broken)._receive_transaction

        def breaks(booking, transaction):
            if transaction == lost:
                raise UserError("Locked.")  # pylint: disable=translation-required
            return receive(booking, transaction)

        with patch.object(type(broken), "_receive_transaction", breaks):
            self._run_cron(HOUR / 2)
            self.assertEqual(lost.reconcile_at, NOW + HOUR)
            self._run_cron(4 * DAY)
            self._run_cron(12 * DAY)
        self.assertTrue(found.is_post_processed)
        self.assertEqual(other.state, "confirmed")
        self.assertFalse(lost.is_post_processed)
        told = broken.activity_ids
        self.assertEqual(set(told.mapped("summary")), {f"Payment {lost.reference}"})
        self.assertEqual(len(told), len(told.user_id))
        self.assertIn("cannot be booked: Locked.", told[0].note)
        self._run_cron(30 * DAY)
        self.assertTrue(lost.is_post_processed)

    def test_who_meets_another_process_looks_afresh(self):
        booking, transaction = self._wait_for_news()
        news = {"reference": transaction.reference, "simulated_state": "done"}
        process, met = type(transaction)._process, []

        def meets(payment, *args):
            if len(met) < 2:
                met.append(payment)
                raise SerializationFailure
            return process(payment, *args)

        with (
            self._looking_up(lambda _asked: news) as looked,
            patch.object(type(transaction), "_process", meets),
        ):
            self._run_cron(timedelta(hours=12))
        self.assertEqual(looked.call_count, 3)
        self.assertEqual((transaction.state, booking.state), ("done", "confirmed"))

    def test_a_refund_that_cannot_be_booked_is_not_said_to_have_arrived(self):
        booking = self._book(start=NOW + 20 * DAY)
        refund = self._pay(booking)._create_child_transaction(24.0, is_refund=True)
        refund._set_done()
        broken = UserError("Archived.")  # pylint: disable=translation-required
        with patch.object(type(refund), "_create_payment", side_effect=broken):
            self._run_cron(HOUR / 2)
        self.assertFalse(refund.is_post_processed)
        self.assertIn("the refund of 24.00&nbsp;€ to Carla Client", booking.activity_ids[0].note)

    def test_a_payment_under_way_whose_webhook_was_lost_is_asked_for(self):
        booking, transaction = self._wait_for_news()
        news = {"reference": transaction.reference, "simulated_state": "done"}
        with self._looking_up(lambda _asked: news) as looked:
            self._run_cron(timedelta(hours=11))
            self.assertFalse(looked.call_count)
            self._run_cron(timedelta(hours=12))
        self.assertEqual((transaction.state, booking.state), ("done", "confirmed"))
        self._assert_ledger(booking, 80.0, 13.33, 56.0, [24.0])

    def test_a_form_that_was_left_is_asked_for_ever_more_rarely(self):
        _booking, transaction = self._wait_for_news("draft")
        with self._looking_up(lambda _asked: None) as looked:
            moments = []
            for _look in range(4):
                moments.append((transaction.reconcile_at - NOW) / timedelta(minutes=1))
                self._run_cron(transaction.reconcile_at - NOW)
        self.assertEqual(moments, [30, 60, 120, 240])
        self.assertEqual((looked.call_count, transaction.state), (4, "draft"))

    def test_a_provider_that_does_not_answer_is_asked_again(self):
        _booking, transaction = self._wait_for_news()
        with self._looking_up(ValidationError("Out of reach.")):  # pylint: disable=translation-required
            self._run_cron(timedelta(hours=12))
        self.assertEqual(transaction.state, "pending")
        self.assertGreater(transaction.reconcile_at, NOW + timedelta(hours=12))

    def test_what_nobody_may_pay_any_more_is_closed_at_the_provider(self):
        booking, transaction = self._wait_for_news("draft")
        booking._set_expired("unpaid")
        self.assertEqual(transaction.reconcile_at, NOW + timedelta(hours=1))
        closed = {"reference": transaction.reference, "simulated_state": "cancel"}
        with (
            self._looking_up(lambda _asked: None),
            patch.object(
                type(transaction), "_cancel_at_provider", autospec=True, return_value=closed
            ) as cancelled,
        ):
            self._run_cron(timedelta(hours=1))
        self.assertEqual((cancelled.call_count, transaction.state), (1, "cancel"))
        self.assertFalse(transaction.reconcile_at)

    def test_what_was_paid_at_the_last_moment_is_not_closed_but_given_back(self):
        booking, transaction = self._wait_for_news("draft")
        booking._set_expired("unpaid")
        self._book(start=booking.start)
        news = {"reference": transaction.reference, "simulated_state": "done"}
        with self._looking_up(lambda _asked: news):
            self._run_cron(timedelta(hours=1))
        self.assertEqual((transaction.state, booking.state), ("done", "expired"))
        self.assertEqual(booking.operation_ids.mapped("reason"), ["late"])
