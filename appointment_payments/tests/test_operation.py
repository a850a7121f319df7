from datetime import timedelta
from unittest.mock import patch

import requests
from freezegun import freeze_time
from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import NOW
from .test_late_payment import LatePaymentCase

RUNNER = "odoo.addons.appointment_payments.models.appointment_payment_operation_runner"
SLEEP = "odoo.addons.appointment_payments.models.appointment_payment_runner.time.sleep"
SEND = "_send_refund_request"


def refused_because(cause):
    """What Odoo makes of an error of `requests`: a ValidationError in its context."""
    error = ValidationError("The payment provider rejected the request.")  # pylint: disable=translation-required
    error.__context__ = cause
    return error


def answered(status):
    response = requests.Response()
    response.status_code = status
    return refused_because(requests.HTTPError(response=response))


UNREACHABLE = refused_because(requests.ConnectionError())
CUT = requests.exceptions.ChunkedEncodingError("Connection broken")


class OperationCase(LatePaymentCase):
    def setUp(self):
        super().setUp()
        self.booking, self.payment = self._pay_too_late()
        self.operation = self.booking.operation_ids

    def _sending(self, answer):
        """Have the provider answer like this; the mock counts the calls."""
        return patch.object(type(self.payment), SEND, autospec=True, side_effect=answer)

    def _run_when(self, answer, keeps_keys=True):
        keeps = patch.object(
            type(self.provider), "_keeps_idempotency_keys", lambda _provider: keeps_keys
        )
        with keeps, self._sending(answer) as sent:
            self._run(self.operation)
        return sent.call_count

    def _say(self, state):
        """A provider's answer."""
        return lambda refund: refund._process(
            "demo", {"reference": refund.reference, "simulated_state": state}
        )


@tagged("post_install", "-at_install")
class TestOperation(OperationCase):
    def test_a_refund_is_sent_once_and_closes_the_books(self):
        self._run(self.operation)
        self._run(self.operation)
        refund = self.payment.child_transaction_ids
        self.assertEqual((len(refund), refund.amount, refund.state), (1, -24.0, "done"))
        self.assertEqual((self.operation.state, self.operation.attempts), ("done", 1))
        self.assertEqual(self.operation.provider_reference, refund.provider_reference)
        lines = (self.payment | refund).payment_id.move_id.line_ids
        receivable = lines.filtered(lambda line: line.account_id.account_type == "asset_receivable")
        self.assertEqual(len(receivable), 2)
        self.assertTrue(all(receivable.mapped("reconciled")))
        self.assertEqual(self.booking.payment_status, "refunded")
        self.assertEqual((self.booking.amount_refunded, self.booking.amount_paid), (24.0, 0.0))
        self.assertFalse(self.booking.refund_status or self.booking.activity_ids)

    def test_the_surplus_closes_with_its_refund_and_the_invoice_stays_paid(self):
        self.category.payment_mode = "full"
        booking = self._book(user=self.ben)
        payments = [self._create_transaction(booking, 80.0) for _tab in range(2)]
        for transaction in payments:
            self._finish(transaction, "done")
        self._run(booking.operation_ids)
        self._assert_ledger(booking, 80.0, 13.33, 0.0, [80.0, 80.0, 80.0], paid=80.0)
        self.assertEqual((booking.payment_status, booking.amount_refunded), ("paid", 80.0))

    def test_no_answer_is_unknown_and_asked_again_with_the_same_key(self):
        for answer in (UNREACHABLE, CUT, answered(500), answered(503), answered(409)):
            with self.subTest(answer=answer), self.cr.savepoint() as savepoint:
                key = self.operation.idempotency_key
                self.assertEqual(self._run_when(answer), 1)
                self.assertEqual(self.operation.state, "unknown")
                self.assertTrue(self.operation.error)
                self.assertEqual(self.booking.payment_status, "processing")
                self.assertEqual(self._run_when(self._say("done")), 0)
                with freeze_time(NOW + timedelta(minutes=1)):
                    self.assertEqual(self._run_when(self._say("done")), 1)
                self.assertEqual((self.operation.state, self.operation.attempts), ("done", 2))
                self.assertEqual(self.operation.idempotency_key, key)
                self.assertEqual(len(self.payment.child_transaction_ids), 1)
                self.assertFalse(self.booking.activity_ids)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_step_that_makes_what_another_process_has_just_made_is_repeated(self):
        settle, met = type(self.operation)._settle, [UniqueViolation()]

        def meets(operation, *args):
            if met:
                raise met.pop()
            return settle(operation, *args)

        with patch.object(type(self.operation), "_settle", meets), patch(SLEEP):
            self.assertEqual(self._run_when(self._say("done")), 1)
        self.assertEqual((self.operation.state, self.operation.attempts), ("done", 1))

    def test_where_sending_twice_could_pay_twice_a_person_looks_first(self):
        self._run_when(UNREACHABLE, keeps_keys=False)
        self.assertEqual((self.operation.state, self.operation.next_attempt_at), ("unknown", False))
        self._assert_refund_asked(self.booking, "Refund 24.00\xa0€", "Look it up")

    def test_a_process_that_died_is_waited_for_then_asked_again(self):
        with self.enter_registry_test_mode():
            self.operation._take()
        self.assertEqual(self.operation.state, "sent")
        self.assertEqual(self._run_when(self._say("done")), 0)
        with freeze_time(NOW + timedelta(minutes=5)):
            self.assertEqual(self._run_when(self._say("done")), 1)
        self.assertEqual((self.operation.state, self.operation.attempts), ("done", 2))

    def test_a_process_that_died_in_the_middle_of_an_unkeyed_call_needs_a_person(self):
        with self.enter_registry_test_mode():
            self.operation._take()
        with freeze_time(NOW + timedelta(minutes=5)):
            self.assertEqual(self._run_when(self._say("done"), keeps_keys=False), 0)
        self.assertEqual(self.operation.state, "unknown")
        self._assert_refund_asked(self.booking, "Refund 24.00\xa0€", "connection was lost")

    def test_a_refusal_is_final_and_told(self):
        self._run_when(answered(400))
        self.assertEqual((self.operation.state, self.operation.next_attempt_at), ("failed", False))
        self.assertEqual(self.payment.child_transaction_ids.state, "error")
        self.assertEqual(self.booking.refund_status, "Not paid back: 24.00\xa0€.")
        self._assert_refund_asked(self.booking, "Refund 24.00\xa0€", "rejected the request")

    def test_what_somebody_has_given_back_meanwhile_is_not_sent(self):
        refund = self.payment._create_child_transaction(24.0, is_refund=True)
        self._finish(refund, "done")
        self.assertEqual(self._run_when(self._say("done")), 0)
        self.assertEqual(self.operation.state, "done")
        self.assertEqual(self.booking.amount_refunded, 24.0)
        self.assertEqual(self.booking.payment_status, "refunded")

    def test_what_is_left_goes_back_when_a_part_has_gone_back_meanwhile(self):
        refund = self.payment._create_child_transaction(10.0, is_refund=True)
        self._finish(refund, "done")
        self.assertEqual(self._run_when(self._say("done")), 1)
        self.assertEqual((self.operation.state, self.operation.amount), ("done", 14.0))
        self.assertEqual(self.operation.child_transaction_id.amount, -14.0)
        self.assertEqual(self.booking.amount_refunded, 24.0)
        self.assertEqual(self.booking.payment_status, "refunded")

    def test_a_disabled_provider_is_not_asked(self):
        self.provider.state = "disabled"
        self._run(self.operation)
        self.assertEqual(self.operation.state, "failed")
        self.assertTrue(self.booking.activity_ids)
        self.assertFalse(self.booking.amount_refunded)

    def test_f30_a_refund_on_its_way_is_never_shown_as_refunded(self):
        self._run_when(self._say("pending"))
        refund = self.payment.child_transaction_ids
        self.assertEqual((refund.state, self.operation.state), ("pending", "sent"))
        self.assertEqual(self.booking.payment_status, "processing")
        self.assertFalse(self.booking.amount_refunded)
        self._finish(refund, "done")
        self.assertEqual((self.operation.state, self.booking.payment_status), ("done", "refunded"))

    def test_f30_a_refund_that_fails_later_is_told_and_leaves_the_books(self):
        self._run(self.operation)
        refund = self.payment.child_transaction_ids
        with mute_logger("odoo.addons.payment.models.payment_transaction"):
            refund._set_error("The card has expired.", extra_allowed_states=("done",))
        refund._post_process()
        self.assertEqual((self.operation.state, self.booking.amount_refunded), ("failed", 0.0))
        self.assertNotEqual(self.booking.payment_status, "refunded")
        self.assertEqual(refund.payment_id.state, "canceled")
        self.assertFalse(any(self.payment.payment_id.move_id.line_ids.mapped("reconciled")))
        self._assert_refund_asked(self.booking, "Refund 24.00\xa0€", "The card has expired.")

    def test_a_provider_that_cannot_refund_asks_people_at_once(self):
        self.provider.payment_method_ids.support_refund = "none"
        self.operation.unlink()
        self.booking._refund_automatically(self.payment, 24.0, "late")
        self._assert_refunds(self.booking, (self.payment, 24.0, "late", "failed"))
        self._assert_refund_asked(self.booking, "Refund 24.00\xa0€", "cannot pay back from here")

    def test_a_method_that_refunds_in_full_only_refunds_no_part(self):
        self.provider.payment_method_ids.support_refund = "full_only"
        self.assertTrue(self.payment._can_be_refunded(24.0))
        self.assertFalse(self.payment._can_be_refunded(10.0))

    def test_a_posting_that_fails_keeps_the_word_of_the_provider(self):
        broken = patch.object(
            type(self.payment), "_create_payment", side_effect=UserError("Locked.")
        )
        with broken, mute_logger("odoo.addons.appointment_payments.models.payment_transaction"):
            self._run(self.operation)
        refund = self.payment.child_transaction_ids
        self.assertEqual((self.operation.state, refund.is_post_processed), ("done", False))
        refund._post_process()
        self.assertTrue(refund.payment_id)


@tagged("post_install", "-at_install")
class TestTryAgain(OperationCase):
    def setUp(self):
        super().setUp()
        self.manager = self._create_user("Mia Moss", "group_manager")

    def test_a_manager_sends_a_failed_refund_once_more(self):
        key = self.operation.idempotency_key
        self._run_when(answered(400))
        self.operation.with_user(self.manager).action_try_again()
        self.assertEqual(self.operation.state, "intended")
        self.assertNotEqual(self.operation.idempotency_key, key)
        self.assertFalse(self.booking.activity_ids)
        self._run_when(answered(400))
        self._assert_refund_asked(self.booking, "Refund 24.00\xa0€", "rejected the request")
        self.operation.with_user(self.manager).action_try_again()
        self._run_when(self._say("done"))
        self.assertEqual(self.operation.state, "done")
        self.assertFalse(self.booking.activity_ids)
        children = self.payment.child_transaction_ids
        self.assertEqual(sorted(children.mapped("state")), ["done", "error", "error"])
        self.assertEqual(self.booking.payment_status, "refunded")
        self.assertEqual(self.booking.amount_refunded, 24.0)

    def test_what_a_webhook_brings_after_all_nobody_is_asked_to_give_back_any_more(self):
        self._run_when(answered(400))
        self.assertTrue(self.booking.activity_ids)
        self._finish(self.payment.child_transaction_ids, "done")
        self.assertEqual(self.operation.state, "done")
        self.assertFalse(self.booking.activity_ids)

    def test_what_is_done_or_on_its_way_is_left_alone(self):
        self._run_when(self._say("pending"))
        self.operation.with_user(self.manager).action_try_again()
        self.assertEqual(self._run_when(self._say("done")), 0)

    def test_what_the_provider_cannot_pay_back_is_not_said_to_be_on_its_way(self):
        self.provider.payment_method_ids.support_refund = "none"
        self.operation.unlink()
        operation = self.booking._refund_automatically(self.payment, 24.0, "late")
        with self.assertRaisesRegex(UserError, "cannot pay back 24.00"):
            operation.with_user(self.manager).action_try_again()
        self.assertEqual(operation.state, "failed")
        self.assertNotIn("on its way", self.booking.refund_status)

    def test_only_managers_try_again(self):
        self._run_when(answered(400))
        desk = self._create_user("Dora Dean", "group_front_desk")
        for user in (self.anna, desk):
            with self.assertRaises(AccessError):
                self.operation.with_user(user).action_try_again()
        self.assertEqual(self.operation.state, "failed")


@tagged("post_install", "-at_install")
class TestOperationAccess(OperationCase):
    def test_practitioners_see_their_own_and_change_none(self):
        operation = self.operation.with_user(self.anna)
        self.assertEqual(operation.display_name, f"Refund of 24.00\xa0€ · {self.booking.name}")
        self.assertEqual(operation.booking_id.user_id, self.anna)
        self.assertFalse(operation.with_user(self.ben).search([]))
        for user in (self.anna, self._create_user("Mia Moss", "group_manager")):
            with self.assertRaises(AccessError):
                operation.with_user(user).write({"state": "done"})
            with self.assertRaises(AccessError):
                operation.with_user(user).unlink()
            with self.assertRaises(AccessError):
                operation.with_user(user).read(["idempotency_key"])

    def test_others_see_none(self):
        outsider = self._create_user("Otto Outside")
        elsewhere = self._create_company("Practice Elsewhere", self.eur)
        manager = self._create_user("Mo Moss", "group_manager", company=elsewhere)
        with self.assertRaises(AccessError):
            self.operation.with_user(outsider).read(["amount"])
        foreign = self.operation.with_user(manager).with_context(allowed_company_ids=elsewhere.ids)
        self.assertFalse(foreign.search([]))

    def test_managers_read_the_list_and_the_form(self):
        manager = self._create_user("Mia Moss", "group_manager")
        for kind in ("list", "form"):
            view = self.env.ref(f"appointment_payments.appointment_payment_operation_view_{kind}")
            views = self.operation.with_user(manager).get_view(view.id, kind)
            names = views["models"][self.operation._name]
            self.assertNotIn("idempotency_key", names)
            self.operation.with_user(manager).web_read({name: {} for name in names})


@tagged("post_install", "-at_install")
class TestReconcileCron(OperationCase):
    def _run_cron(self):
        with self.enter_registry_test_mode():
            self.env.ref("appointment_payments.cron_reconcile_transactions").method_direct_trigger()
        self.env.invalidate_all()

    def test_f47_one_refund_that_breaks_stops_no_other(self):
        others = [
            self._pay_too_late(start=self.booking.start + timedelta(days=day))[0].operation_ids
            for day in (1, 2, 3)
        ]
        create = type(self.operation)._create_child

        def breaks(operation):
            if operation == self.operation:
                raise ValueError("broken")
            return create(operation)

        with patch.object(type(self.operation), "_create_child", breaks), mute_logger(RUNNER):
            self._run_cron()
        self.assertEqual([other.state for other in others], ["done"] * 3)
        self.assertEqual((self.operation.state, self.operation.error), ("intended", "broken"))
        self.assertGreater(self.operation.next_attempt_at, NOW)

    def test_it_leaves_what_is_not_due(self):
        self.operation.next_attempt_at = NOW + timedelta(minutes=1)
        self._run_cron()
        self.assertEqual(self.operation.state, "intended")

    def test_the_decision_wakes_it(self):
        cron = self.env.ref("appointment_payments.cron_reconcile_transactions")
        self.assertTrue(self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]))
