from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.tests import tagged

from .common import NOW
from .test_operation import UNREACHABLE, OperationCase, answered


@tagged("post_install", "-at_install")
class TestRefusedLater(OperationCase):
    """A refund that may have been made, and a provider that refuses to say so."""

    def setUp(self):
        super().setUp()
        self._run_when(UNREACHABLE)
        self.assertEqual(self.operation.state, "unknown")

    def _ask_again(self, answer, found, after):
        """Send once more; what the provider says when it is looked up is `found`."""
        look_up = patch.object(type(self.payment), "_look_up_outcome", side_effect=found)
        with freeze_time(NOW + after), look_up as asked:
            self._run_when(answer)
        return asked.call_count

    def _assert_people_look(self):
        self.assertEqual((self.operation.state, self.operation.next_attempt_at), ("unknown", False))
        self.assertEqual(self.payment.child_transaction_ids.state, "draft")
        self.assertFalse(self.payment._get_refundable_amount())
        self._assert_refund_asked(self.booking, "Refund 24.00\xa0€", "Nobody knows whether")

    def _try_again(self, after):
        """A manager presses the button, having looked at a provider that keeps keys."""
        manager = self._create_user("Mia Moss", "group_manager")
        keeps = patch.object(type(self.provider), "_keeps_idempotency_keys", lambda _self: True)
        with freeze_time(NOW + after), keeps:
            self.operation.with_user(manager).action_try_again()

    def test_keys_that_were_changed_do_not_say_that_it_failed(self):
        self._ask_again(answered(401), answered(401), timedelta(minutes=1))
        self._assert_people_look()

    def test_a_provider_that_was_disabled_does_not_say_that_it_failed(self):
        self.provider.state = "disabled"
        self._ask_again(self._say("done"), [None], timedelta(minutes=1))
        self._assert_people_look()

    def test_parameters_that_have_changed_do_not_say_that_it_failed(self):
        """Stripe refuses its key then; what was made under it is there."""
        refund = self.operation.child_transaction_id
        found = {"reference": refund.reference, "simulated_state": "done"}
        self._ask_again(answered(400), [found], timedelta(minutes=1))
        self.assertEqual((self.operation.state, refund.state), ("done", "done"))
        self.assertFalse(self.booking.activity_ids)

    def test_a_refusal_of_what_is_not_there_is_final(self):
        asked = self._ask_again(answered(400), [None], timedelta(minutes=1))
        self.assertEqual((self.operation.state, asked), ("failed", 1))
        self._assert_refund_asked(self.booking, "Refund 24.00\xa0€", "rejected the request")

    def test_a_key_that_is_too_old_is_looked_up_and_that_is_refused(self):
        self._ask_again(self._say("done"), answered(403), timedelta(days=1))
        self._assert_people_look()

    def test_the_next_refusal_is_final_when_a_person_has_looked(self):
        self._ask_again(answered(401), answered(401), timedelta(minutes=1))
        key = self.operation.idempotency_key
        self._try_again(timedelta(hours=1))
        self._ask_again(answered(401), answered(401), timedelta(hours=1))
        self.assertEqual(self.operation.state, "failed")
        self.assertEqual(self.operation.idempotency_key, key)
        self.assertEqual(self.payment._get_refundable_amount(), 24.0)

    def test_what_is_found_when_a_person_has_looked_is_done(self):
        self._ask_again(answered(401), answered(401), timedelta(minutes=1))
        key = self.operation.idempotency_key
        self._try_again(timedelta(hours=1))
        self._ask_again(self._say("done"), [None], timedelta(hours=1))
        self.assertEqual((self.operation.state, self.operation.idempotency_key), ("done", key))


@tagged("post_install", "-at_install")
class TestRefusedOnItsWay(OperationCase):
    def test_a_refund_at_the_bank_does_not_fail_because_nobody_may_look(self):
        self._run_when(self._say("pending"))
        self.assertEqual(self.operation.state, "sent")
        refused = patch.object(type(self.payment), "_look_up_outcome", side_effect=answered(401))
        with freeze_time(NOW + timedelta(hours=13)), refused:
            self.operation.next_attempt_at = NOW + timedelta(hours=12)
            self._run_when(self._say("done"))
        refund = self.payment.child_transaction_ids
        self.assertEqual((self.operation.state, refund.state), ("unknown", "pending"))
        self._finish(refund, "done")
        self.assertEqual(self.operation.state, "done")
