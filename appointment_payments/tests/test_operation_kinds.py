from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.tests import tagged

from .common import NOW
from .hold_common import HoldCase
from .test_operation import CUT, UNREACHABLE, answered

SENDS = {
    "charge": "_send_payment_request",
    "capture": "_send_capture_request",
    "void": "_send_void_request",
    "refund": "_send_refund_request",
}
DONE = {"charge": "done", "capture": "done", "void": "cancel", "refund": "done"}


@tagged("post_install", "-at_install")
class TestOperationKinds(HoldCase):
    """Every kind of operation, whatever the provider answers."""

    def _decide(self, kind):
        """An operation of a kind, to be sent; and the transaction that the answer is for."""
        if kind == "charge":
            target = self._create_saved_card_payment()
            target._charge_with_token()
        elif kind == "refund":
            target = self._pay_at_once()._refund(10.0)
        else:
            _booking, transaction = self._hold(user=self.ben)
            target = transaction._capture() if kind == "capture" else transaction._void()
        operation = self.env["appointment.payment.operation"].search([], limit=1)
        self.assertEqual((operation.kind, operation._get_answered()), (kind, target))
        self.assertEqual((operation.state, target.state), ("intended", "draft"))
        return operation, target

    def _pay_at_once(self):
        booking = self._book()
        transaction = self._create_transaction(booking)
        self._finish(transaction, "done")
        return transaction

    def _create_saved_card_payment(self, operation="online_token", **values):
        booking = self._book(**values)
        token = self.env["payment.token"].create(
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.method.id,
                "partner_id": booking.payer_id.id,
                "provider_ref": "card",
                "demo_simulated_state": "done",
            }
        )
        return self._create_transaction(booking, token_id=token.id, operation=operation)

    def _run_when(self, operation, answer, keeps_keys=True, found=None):
        """Run an operation; return how often the provider was asked to do it, and to look."""
        provider, transaction = type(self.provider), type(operation.transaction_id)
        send = SENDS[operation.kind]
        with (
            patch.object(provider, "_keeps_idempotency_keys", lambda _provider: keeps_keys),
            patch.object(transaction, send, autospec=True, side_effect=answer) as sent,
            patch.object(
                transaction, "_look_up_outcome", autospec=True, side_effect=found
            ) as looked,
        ):
            looked.return_value = None
            self._run(operation)
        return sent.call_count, looked.call_count

    def _say(self, state):
        """A provider's answer."""
        return lambda asked: asked._process("demo", self._data(asked, state))

    def _data(self, transaction, state):
        return {"reference": transaction.reference, "simulated_state": state}

    def _each_kind(self):
        for kind in SENDS:
            with self.subTest(kind=kind), self.cr.savepoint() as savepoint:
                yield kind, *self._decide(kind)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_done_is_done_once(self):
        for kind, operation, target in self._each_kind():
            self._run(operation)
            self._run(operation)
            self.assertEqual((operation.state, operation.attempts), ("done", 1))
            self.assertEqual(target.state, DONE[kind])
            self.assertEqual(target.is_post_processed, True)
            self.assertFalse(operation.booking_id.activity_ids)

    def test_accepted_waits_for_the_providers_word(self):
        for kind, operation, target in self._each_kind():
            if kind == "void":
                continue  # nothing takes days to let go of
            self._run_when(operation, self._say("pending"))
            self.assertEqual((operation.state, target.state), ("sent", "pending"))
            self._finish(target, "done")
            self.assertEqual(operation.state, "done")

    def test_no_answer_is_unknown_then_done_under_the_same_key(self):
        for kind, operation, target in self._each_kind():
            key = operation.idempotency_key
            self._run_when(operation, UNREACHABLE)
            self.assertEqual((operation.state, target.state), ("unknown", "draft"))
            with freeze_time(NOW + timedelta(minutes=1)):
                self._run_when(operation, self._say(DONE[kind]))
            self.assertEqual((operation.state, target.state), ("done", DONE[kind]))
            self.assertEqual((operation.attempts, operation.idempotency_key), (2, key))
            self.assertFalse(operation.booking_id.activity_ids)

    def test_an_answer_that_was_cut_is_looked_up_next_time(self):
        for kind, operation, target in self._each_kind():
            self._run_when(operation, CUT)
            self.assertEqual((operation.state, target.state), ("unknown", "draft"))
            with freeze_time(NOW + timedelta(days=1)):
                calls = self._run_when(
                    operation, self._say("error"),
                    found=lambda asked, kind=kind: self._data(asked, DONE[kind]),
                )
            self.assertEqual(calls, (0, 1))
            self.assertEqual((operation.state, target.state), ("done", DONE[kind]))

    def test_what_is_looked_up_and_not_there_is_sent_under_a_new_key(self):
        for kind, operation, _target in self._each_kind():
            key = operation.idempotency_key
            self._run_when(operation, CUT)
            with freeze_time(NOW + timedelta(days=1)):
                calls = self._run_when(operation, self._say(DONE[kind]))
            self.assertEqual(calls, (1, 1))
            self.assertNotEqual(operation.idempotency_key, key)
            self.assertEqual(operation.state, "done")

    def test_an_error_of_the_provider_does_not_stop_the_end_of_a_hold(self):
        """What it repeats under its key would last a day; the hold itself ends once."""
        for kind, operation, _target in self._each_kind():
            key = operation.idempotency_key
            sent, looked = self._run_when(operation, answered(500))
            ends_hold = kind in ("capture", "void")
            self.assertEqual((sent, looked), (2, 2) if ends_hold else (1, 1))
            self.assertEqual(operation.state, "intended" if ends_hold else "unknown")
            self.assertEqual(operation.idempotency_key != key, ends_hold)

    def test_a_refusal_is_final_and_told(self):
        for kind, operation, target in self._each_kind():
            self._run_when(operation, answered(402))
            self.assertEqual((operation.state, target.state), ("failed", "error"))
            self.assertFalse(operation.next_attempt_at)
            told = operation.booking_id.activity_ids
            self.assertEqual(bool(told), kind != "charge")
            if kind in ("capture", "void"):
                self.assertEqual(operation.transaction_id.state, "authorized")
                self.assertEqual(operation.booking_id.amount_held, 24.0)

    def test_a_card_that_is_charged_with_nobody_there_is_told_to_staff(self):
        payment = self._create_saved_card_payment("offline")
        payment._charge_with_token()
        operation = payment.appointment_booking_id.operation_ids
        self._run_when(operation, answered(402))
        self.assertEqual(
            set(operation.booking_id.activity_ids.mapped("summary")), {"Charge of 24.00\xa0€"}
        )

    def test_where_sending_twice_could_do_it_twice_a_person_looks_first(self):
        for _kind, operation, target in self._each_kind():
            self._run_when(operation, UNREACHABLE, keeps_keys=False)
            self.assertEqual((operation.state, operation.next_attempt_at), ("unknown", False))
            self.assertEqual(target.state, "draft")
            note = str(operation.booking_id.activity_ids[:1].note)
            self.assertIn("Nobody knows whether", note)

    def test_a_process_that_died_in_between_is_waited_for(self):
        for kind, operation, target in self._each_kind():
            with self.enter_registry_test_mode():
                operation._take()
            self.assertEqual(self._run_when(operation, self._say("error")), (0, 0))
            with freeze_time(NOW + timedelta(minutes=5)):
                self._run_when(operation, self._say(DONE[kind]))
            self.assertEqual((operation.state, target.state), ("done", DONE[kind]))

    def test_the_webhook_before_the_answer_is_not_overruled(self):
        for kind, operation, target in self._each_kind():
            def webhook_first(asked, kind=kind, target=target):
                target.sudo(False).sudo()._process("demo", self._data(asked, DONE[kind]))
                asked._process("demo", self._data(asked, DONE[kind]))

            self._run_when(operation, webhook_first)
            self.assertEqual((operation.state, target.state), ("done", DONE[kind]))
            self._run_when(operation, self._say("error"))
            self.assertEqual((operation.state, operation.attempts), ("done", 1))

    def test_what_has_ended_meanwhile_is_not_sent(self):
        for kind, operation, target in self._each_kind():
            payment = operation.transaction_id
            if kind == "refund":
                other = payment._create_child_transaction(payment.amount, is_refund=True)
                self._finish(other, "done")
            else:
                payment._update_state((payment.state,), "error", "Gone.")
            self.assertEqual(self._run_when(operation, self._say(DONE[kind])), (0, 0))
            self.assertEqual(operation.state, "done" if kind == "refund" else "failed")
            self.assertEqual(target.state, "error")

    def test_a_refund_that_a_person_decided_is_theirs_again_when_a_part_went_back(self):
        for kind, operation, target in self._each_kind():
            if kind != "refund":
                continue
            payment = operation.transaction_id
            other = payment._create_child_transaction(payment.amount - 1.0, is_refund=True)
            self._finish(other, "done")
            self.assertEqual(self._run_when(operation, self._say("done")), (0, 0))
            self.assertEqual((operation.state, target.state), ("failed", "error"))
            self.assertTrue(operation.booking_id.activity_ids)

    def test_a_held_saved_card_is_a_charge_that_is_done(self):
        payment = self._create_saved_card_payment()
        payment.capture_method = "manual"
        payment._charge_with_token()
        operation = payment.appointment_booking_id.operation_ids
        self._run(operation)
        self.assertEqual((operation.state, payment.state), ("done", "authorized"))
        self._finish(payment._create_child_transaction(24.0), "cancel")
        self.assertEqual((operation.state, payment.state), ("done", "cancel"))

    def test_an_employee_who_pays_an_invoice_with_a_saved_card_makes_one_payment(self):
        booking = self._pay_at_once().appointment_booking_id
        saved = self._create_saved_card_payment(user=self.ben).token_id
        invoice = booking.invoice_ids
        line = self.provider.journal_id.inbound_payment_method_line_ids.filtered(
            lambda found: found.payment_provider_id == self.provider
        )
        wizard = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        )
        payment = wizard.create(
            {"journal_id": self.provider.journal_id.id, "payment_method_line_id": line.id,
             "payment_token_id": saved.id, "amount": 56.0}
        )._create_payments()
        transaction = payment.payment_transaction_id
        operation = booking.operation_ids
        self.assertEqual((operation.kind, operation.transaction_id), ("charge", transaction))
        self._run(operation)
        self.assertEqual((transaction.state, payment.state), ("done", "canceled"))
        self.assertEqual(transaction.payment_id.amount, 56.0)
        self.assertIn(transaction.payment_id.state, ("in_process", "paid"))
        self.assertEqual((invoice.amount_residual, booking.amount_residual), (0.0, 0.0))
