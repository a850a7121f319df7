from requests.exceptions import HTTPError

from odoo import models
from odoo.exceptions import ValidationError

from odoo.addons.payment import utils as payment_utils
from odoo.addons.payment_stripe.controllers.main import StripeController

# https://docs.stripe.com/payments/paymentintents/lifecycle
CONFIRMABLE_STATUSES = ("requires_payment_method", "requires_confirmation", "requires_action")


class PaymentTransaction(models.Model):
    """One payment intent for each booking's transaction, however often its form is opened."""

    _inherit = "payment.transaction"

    def _send_api_request(self, method, endpoint, **kwargs):
        """Override of `payment` to give customers and refunds an idempotency key.

        `payment_stripe` sends none: under a serialization retry the intent's key would come back
        with a new customer, and Stripe refuses a key whose parameters have changed. A refund tells
        its reference too, so that a webhook, and who looks it up, find its transaction.
        See https://docs.stripe.com/api/idempotent_requests.
        """
        if self.provider_code == "stripe" and (method, endpoint) == ("POST", "customers"):
            kwargs.setdefault(
                "idempotency_key", payment_utils.generate_idempotency_key(self, scope="customers")
            )
        if self._stripe_is_booking_refund() and (method, endpoint) == ("POST", "refunds"):
            kwargs["data"] = {**(kwargs.get("data") or {}), "metadata[reference]": self.reference}
            kwargs.setdefault("idempotency_key", self._stripe_get_refund_key())
        return super()._send_api_request(method, endpoint, **kwargs)

    def _stripe_is_booking_refund(self):
        return bool(
            self.provider_code == "stripe"
            and self.operation == "refund"
            and self.appointment_booking_id
        )

    def _stripe_get_refund_key(self):
        """Return the key of the operation that is sent, else one of the refund's own."""
        key = self.env.context.get("appointment_idempotency_key")
        return key or payment_utils.generate_idempotency_key(self, scope="refunds")

    def _look_up_refund(self):
        """Override of `appointment_payments`; see https://docs.stripe.com/api/refunds/list."""
        if not self._stripe_is_booking_refund():
            return super()._look_up_refund()
        found = self._stripe_find_refund()
        if not found:
            return None
        payment_data = {}
        StripeController._include_refund_in_payment_data(found, payment_data)
        return payment_data

    def _stripe_find_refund(self):
        """Fetch the refund from Stripe: by its id, else by the reference that it was sent with.

        :return: the refund object, or nothing when there is none
        :rtype: dict | None
        :raise ValidationError: when Stripe does not say
        """
        if self.provider_reference:
            return self._send_api_request("GET", f"refunds/{self.provider_reference}")
        data = {"payment_intent": self.source_transaction_id.provider_reference, "limit": 100}
        page = {"has_more": True}
        while page["has_more"]:
            page = self._send_api_request("GET", "refunds", data=data)
            for refund in page["data"]:
                if refund["metadata"].get("reference") == self.reference:
                    return refund
            data["starting_after"] = page["data"][-1]["id"] if page["data"] else None
        return None

    def _stripe_create_intent(self):
        """Override of `payment_stripe` to go on with the intent of a booking's transaction.

        :return: the payment intent, or nothing when the transaction has ended in an error
        :rtype: dict | None
        :raise ValidationError: when Stripe does not say what became of the intent; the
            transaction stays open
        """
        if not self._stripe_keeps_intent():
            return super()._stripe_create_intent()
        intent = self._stripe_get_intent()
        if intent:
            return self._stripe_resume_intent(intent)
        intent = super()._stripe_create_intent()
        if intent:
            self.provider_reference = intent["id"]
        return intent

    def _stripe_prepare_payment_intent_payload(self):
        """Override of `payment_stripe`: a booking that waits for no answer is captured at once.

        :rtype: dict
        """
        payload = super()._stripe_prepare_payment_intent_payload()
        if self.appointment_booking_id:
            payload["capture_method"] = "automatic"
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
