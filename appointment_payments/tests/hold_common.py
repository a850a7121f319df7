from datetime import timedelta
from unittest.mock import patch

from .common import NOW, PracticeCase


class HoldMixin:
    """Bookings that need an answer, within two days."""

    def _ask_for_answers(self, due=NOW + timedelta(days=2)):
        self.startPatcher(
            patch.object(type(self.env["appointment.payment.booking"]), "_needs_answer",
                         lambda _booking: True)
        )
        self.startPatcher(
            patch.object(type(self.env["appointment.payment.booking"]), "_get_answer_due",
                         lambda _booking: due)
        )

    def _form_values(self, **values):
        """What the payment form sends."""
        return {
            "provider_id": self.provider.id,
            "payment_method_id": self.method.id,
            "token_id": None,
            "flow": "direct",
            "tokenization_requested": False,
            **values,
        }

    def _begin(self, booking, **values):
        """Begin to pay as the page's route does."""
        prepared = booking._prepare_transaction(self._form_values(**values), self.env.user)
        return self._create_transaction(
            booking, capture_method=prepared["custom_create_values"]["capture_method"]
        )

    def _hold(self, **values):
        """A booking whose deposit is held."""
        booking = self._book(**values)
        transaction = self._begin(booking)
        self._finish(transaction, "done")
        return booking, transaction

    def _assert_states(self, transaction, *expected):
        """Assert the states of a hold and its parts, in order of their amount."""
        parts = transaction._get_parts().sorted(lambda t: (t.amount, t.id))
        self.assertEqual(
            [transaction.state, *((p.amount, p.state) for p in parts)], list(expected)
        )


class HoldCase(HoldMixin, PracticeCase):
    def setUp(self):
        super().setUp()
        self._ask_for_answers()
