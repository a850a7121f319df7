from requests.exceptions import HTTPError

from odoo import models
from odoo.exceptions import ValidationError

from odoo.addons.payment_stripe.controllers.main import StripeController

from .payment_transaction import ANSWERS_KEY, Answers

# https://docs.stripe.com/payments/paymentintents/lifecycle
CONFIRMABLE_STATUSES = ("requires_payment_method", "requires_confirmation", "requires_action")


class PaymentTransaction(models.Model):
    """One payment intent for each booking's transaction, however often its form is opened."""

    _inherit = "payment.transaction"

    def _stripe_create_intent(self):
        """Override of `payment_stripe` to go on with the intent of a booking's transaction.

        :return: the payment intent, or nothing when the transaction has ended in an error
        :rtype: dict | None
        :raise ValidationError: when Stripe does not say what became of the intent; the
            transaction stays open
        """
        if isinstance(self.env.context.get(ANSWERS_KEY), Answers):
            return self._stripe_charge()
        if not self._stripe_keeps_intent():
            return super()._stripe_create_intent()
        intent = self._stripe_get_intent()
        if intent:
            return self._stripe_resume_intent(intent)
        intent = super()._stripe_create_intent()
        if intent:
            self.provider_reference = intent["id"]
            self._plan_next_look()
        return intent

    def _stripe_charge(self):
        """Charge a saved card for an operation, whose runner tells unknown from failed.

        Odoo's own method makes an error of either.

        :return: the payment intent
        :rtype: dict
        :raise ValidationError: when Stripe refuses or does not answer
        """
        return self._send_api_request(
            "POST",
            "payment_intents",
            data=self._stripe_prepare_payment_intent_payload(),
            offline=self.operation == "offline",
        )

    def _stripe_prepare_payment_intent_payload(self):
        """Override of `payment_stripe`: a booking's payment is captured as was decided (rule 9).

        :rtype: dict
        """
        payload = super()._stripe_prepare_payment_intent_payload()
        if self.appointment_booking_id:
            payload["capture_method"] = self.capture_method or "automatic"
        return payload

    def _stripe_keeps_intent(self):
        """Return whether the transaction pays a booking in Stripe's own form.

        :rtype: bool
        """
        self.ensure_one()
        return bool(
            self.provider_code == "stripe"
            and self.operation == "online_direct"
            and self.appointment_booking_id
        )

    def _stripe_get_intent(self):
        """Fetch the intent that the transaction already has.

        See https://docs.stripe.com/api/payment_intents/retrieve.

        :return: the payment intent, or nothing when there is none at Stripe
        :rtype: dict | None
        :raise ValidationError: when Stripe cannot be reached or does not answer the question: a
            second intent beside an open one could be paid as well
        """
        reference = self.provider_reference or ""
        if self.state != "draft" or not reference.startswith("pi_"):
            return None
        try:
            return self._send_api_request(
                "GET", f"payment_intents/{reference}", data={"expand[]": "payment_method"}
            )
        except ValidationError as error:
            cause = error.__context__
            if isinstance(cause, HTTPError) and cause.response.status_code == 404:
                return None  # of another Stripe account: its keys have been changed
            raise

    def _stripe_resume_intent(self, intent):
        """Go on with an intent, or take note of how it has ended.

        :param dict intent: the payment intent, with its payment method
        :return: the payment intent, or nothing when it was cancelled
        :rtype: dict | None
        """
        if intent["status"] in CONFIRMABLE_STATUSES:
            return intent
        if intent["status"] == "canceled":
            # Its idempotency key would bring it back: the next try is a new transaction.
            self._set_error(self.env._("This payment was cancelled. Please pay again."))
            return None
        payment_data = {"reference": self.reference}
        StripeController._include_payment_intent_in_payment_data(intent, payment_data)
        self._process("stripe", payment_data)
        return intent

    def _get_processing_values(self):
        """Override of `payment` to say in the form that the payment was made in the meantime.

        The client has paid in another tab or came back late; confirming the intent again would
        only show Stripe's own words for that.
        """
        values = super()._get_processing_values()
        if self._stripe_keeps_intent() and self.state in ("pending", "authorized", "done"):
            values.update(
                state="error",
                state_message=self.env._(
                    "This payment has already been made. Reload the page to see it."
                ),
            )
        return values
