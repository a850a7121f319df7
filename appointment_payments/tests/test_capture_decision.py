from datetime import timedelta

from odoo.tests import tagged

from .common import NOW, PracticeCase
from .hold_common import HoldMixin


@tagged("post_install", "-at_install")
class TestCaptureDecision(HoldMixin, PracticeCase):
    """What is decided stands on the transaction, and Demo reads it there."""

    def _decide(self, **values):
        return self._begin(self._book(), **values).capture_method

    def test_a_booking_that_needs_no_answer_is_captured_at_once(self):
        self.assertEqual(self._decide(), "automatic")

    def test_a_booking_that_needs_an_answer_is_held(self):
        self._ask_for_answers()
        self.assertEqual(self._decide(), "manual")

    def test_an_answer_after_the_hold_is_charged_at_once(self):
        self._ask_for_answers(NOW + timedelta(days=6, minutes=1))
        self.assertEqual(self._decide(), "automatic")

    def test_a_method_that_cannot_be_held_is_charged_at_once(self):
        self._ask_for_answers()
        self.method.support_manual_capture = "none"
        self.assertEqual(self._decide(), "automatic")

    def test_a_brand_is_held_as_its_method(self):
        brand = self.method.copy(
            {"code": "demo_brand", "primary_payment_method_id": self.method.id,
             "support_manual_capture": "none"}
        )
        self.assertEqual(self.provider._can_hold(brand), (True, True))

    def test_demo_holds_or_captures_whatever_its_switch_says(self):
        self._ask_for_answers()
        for switch in (False, True):
            with self.subTest(switch=switch), self.cr.savepoint() as savepoint:
                self.provider.capture_manually = switch
                held = self._begin(self._book())
                self._finish(held, "done")
                self.assertEqual(held.state, "authorized")
                taken = self._create_transaction(self._book(user=self.ben), 24.0)
                self._finish(taken, "done")
                self.assertEqual(taken.state, "done")
                savepoint.rollback()
                self.env.invalidate_all()

    def test_an_open_transaction_with_another_capture_is_not_gone_on_with(self):
        booking = self._book()
        begun = self._begin(booking)
        prepared = booking._prepare_transaction(self._form_values(), self.env.user)
        self.assertEqual(booking._get_open_transaction(**prepared), begun)
        self._ask_for_answers()
        prepared = booking._prepare_transaction(self._form_values(), self.env.user)
        self.assertFalse(booking._get_open_transaction(**prepared))
