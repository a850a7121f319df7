import re

from requests.exceptions import ChunkedEncodingError

from odoo import models
from odoo.exceptions import ValidationError

from odoo.addons.payment import utils as payment_utils
from odoo.addons.payment_stripe import const
from odoo.addons.payment_stripe.controllers.main import StripeController

from .stripe_payment_transaction import CONFIRMABLE_STATUSES

# the requests that move money; one operation makes one of them
MOVES_MONEY = re.compile(r"refunds|payment_intents(/\w+/(capture|cancel))?")


class PaymentTransaction(models.Model):
    """Every request to Stripe may be sent twice, and what came of one can be looked up."""

    _inherit = "payment.transaction"

    def _send_api_request(self, method, endpoint, **kwargs):
        """Override of `payment` to give what `payment_stripe` posts an idempotency key.

        It gives one to new intents only: under a serialization retry that key would come back with
        a new customer, and Stripe refuses a key whose parameters have changed.
        See https://docs.stripe.com/api/idempotent_requests.
        """
        if self.provider_code == "stripe" and method == "POST":
            if extra := self._stripe_get_extra_data(endpoint):
                kwargs["data"] = {**(kwargs.get("data") or {}), **extra}
            kwargs["idempotency_key"] = self._stripe_get_key(
                endpoint, kwargs.get("idempotency_key")
            )
        try:
            return super()._send_api_request(method, endpoint, **kwargs)
        except ChunkedEncodingError as error:
            # `payment` expects no answer that ends in the middle: to people it is as if none came
            raise ValidationError(
                self.env._("The connection to the payment provider was lost.")
            ) from error

    def _stripe_get_key(self, endpoint, given):
        """Return the idempotency key of a request.

        :param str endpoint: of the API
        :param str given: the key that the caller has chosen, if any
        :return: the key of the operation that is sent, else one of the transaction's own
        :rtype: str
        """
        operation_key = self.env.context.get("appointment_idempotency_key")
        if operation_key and MOVES_MONEY.fullmatch(endpoint):
            return operation_key
        return given or payment_utils.generate_idempotency_key(self, scope=endpoint)

    def _stripe_get_extra_data(self, endpoint):
        """Return what `payment_stripe` does not send: how much of a hold is captured, whose refund,
        and which booking an intent is for.

        With its reference a webhook, and who looks a refund up, find its transaction. Two databases
        that use one account may call different payments alike.

        :param str endpoint: of the API
        :rtype: dict
        """
        if endpoint.endswith("/capture"):
            return {"amount_to_capture": self._stripe_to_minor(self.amount)}
        if endpoint == "refunds" and self._get_operation_booking():
            return {"metadata[reference]": self.reference}
        if endpoint == "payment_intents":
            marks = self._get_operation_booking()._stripe_get_marks()
            return {"metadata[booking]": marks[0]} if marks else {}
        return {}

    def _stripe_to_minor(self, amount):
        return payment_utils.to_minor_currency_units(
            amount,
            self.currency_id,
            arbitrary_decimal_number=const.CURRENCY_DECIMALS.get(self.currency_id.name),
        )

    def _stripe_to_major(self, minor):
        return payment_utils.to_major_currency_units(
            minor,
            self.currency_id,
            arbitrary_decimal_number=const.CURRENCY_DECIMALS.get(self.currency_id.name),
        )

    # === LOOKING UP === #

    def _look_up_outcome(self):
        """Override of `appointment_payments`: what Stripe has of a payment, capture or refund."""
        if self.provider_code != "stripe":
            return super()._look_up_outcome()
        if self.operation == "refund":
            return self._look_up_refund()
        intent = self._stripe_find_intent()
        if not intent or intent["status"] in self._stripe_get_waiting_statuses():
            return None
        return self._stripe_wrap_intent(intent)

    def _stripe_get_waiting_statuses(self):
        """Return the statuses of an intent that are no news: it holds what is to be captured, or
        waits for its payer, who is not there when a saved card is charged.

        :rtype: tuple[str]
        """
        if self._is_part():
            return ("requires_capture",)
        return () if self.token_id else CONFIRMABLE_STATUSES

    def _stripe_wrap_intent(self, intent):
        """Return a payment intent as `_process` takes it.

        :rtype: dict
        """
        payment_data = {"reference": self.reference}
        StripeController._include_payment_intent_in_payment_data(intent, payment_data)
        return payment_data

    def _stripe_find_intent(self):
        """Fetch the payment intent: of a part, that of its hold.

        One that was charged with a saved card, and whose answer was lost, is found by its customer
        and reference. See https://docs.stripe.com/api/payment_intents/list.

        :return: the payment intent, or nothing when there is none
        :rtype: dict|None
        :raise ValidationError: when Stripe does not say
        """
        reference = self._get_payment_begun().provider_reference
        if reference:
            return self._send_api_request(
                "GET", f"payment_intents/{reference}", data={"expand[]": "payment_method"}
            )
        if not self.token_id:
            return None
        customer = {"customer": self.token_id.provider_ref}
        return self._stripe_find_in_list(
            "payment_intents",
            customer,
            lambda intent: intent["description"] == self.reference
            and not self._stripe_is_for_others(intent),
        )

    def _look_up_refund(self):
        """Return what Stripe has of a refund, see https://docs.stripe.com/api/refunds/list.

        :return: the payment data for `_process`; None when there is no such refund
        :rtype: dict|None
        """
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
        return self._stripe_find_in_list(
            "refunds",
            {"payment_intent": self.source_transaction_id.provider_reference},
            lambda refund: refund["metadata"].get("reference") == self.reference,
        )

    def _stripe_find_in_list(self, endpoint, data, is_it):
        """Return the first object of a list of Stripe's that is the one.

        :param str endpoint: of the list
        :param dict data: what narrows it down
        :param callable is_it: takes an object
        :rtype: dict|None
        :raise ValidationError: when Stripe does not say
        """
        data = {**data, "limit": 100}
        page = {"has_more": True}
        while page["has_more"]:
            page = self._send_api_request("GET", endpoint, data=data)
            for found in page["data"]:
                if is_it(found):
                    return found
            data["starting_after"] = page["data"][-1]["id"] if page["data"] else None
        return None

    def _may_still_be_paid(self):
        """Override of `appointment_payments`: Stripe's form takes another card for its intent."""
        if self.provider_code != "stripe":
            return super()._may_still_be_paid()
        return bool(
            self.state == "error"
            and self.operation == "online_direct"
            and not self.source_transaction_id
            and (self.provider_reference or "").startswith("pi_")
        )

    def _cancel_at_provider(self):
        """Override of `appointment_payments`: an intent that nobody may pay any more is cancelled.

        Stripe refuses when it was paid in the meantime: then the next look finds it.
        """
        reference = self.provider_reference or ""
        if self.provider_code != "stripe" or not reference.startswith("pi_"):
            return super()._cancel_at_provider()
        intent = self._send_api_request("POST", f"payment_intents/{reference}/cancel")
        return self._stripe_wrap_intent(intent)
