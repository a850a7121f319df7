import logging
from datetime import UTC, datetime

from odoo import models

from .payment_transaction import ANSWERS_KEY, Answers

_logger = logging.getLogger(__name__)

# how a hold ends at Stripe, and which kind of operation that is
ENDS = {"succeeded": "capture", "canceled": "void"}


class PaymentTransaction(models.Model):
    """Whoever brings Stripe's word on a hold, it reaches the part that it is about.

    Stripe knows one intent; Odoo has the hold and its parts. Word comes as the answer to a capture
    or void, by a webhook, by the client's page or from the scheduled action, in any order, and of
    what was done in Stripe's dashboard too.
    """

    _inherit = "payment.transaction"

    def _process(self, provider_code, payment_data):
        """Override of `payment` to lead word on a hold to its part."""
        is_asked = isinstance(self.env.context.get(ANSWERS_KEY), Answers)
        if provider_code != "stripe" or is_asked:
            return super()._process(provider_code, payment_data)
        transaction = self or self._search_by_reference(provider_code, payment_data)
        if not transaction:
            return transaction
        hold = transaction._get_payment_begun()
        if not hold._stripe_is_meant(payment_data):
            _logger.warning("Stripe's word on another payment is not taken for %s", hold.reference)
            return transaction
        if hold._stripe_is_end_of_hold(payment_data):
            if part := hold._stripe_end_hold(payment_data):
                super(PaymentTransaction, part)._process(provider_code, payment_data)
            return transaction
        if transaction._is_part():
            return transaction  # Stripe still works on it
        return super(PaymentTransaction, transaction)._process(provider_code, payment_data)

    def _stripe_is_meant(self, payment_data):
        """Return whether Stripe's word is on this payment and not on another one.

        The address to which a payer comes back names a transaction and an intent, and anybody can
        write one: what was paid for one booking would pay another of the same price too.

        :rtype: bool
        """
        if not self._get_operation_booking():
            return True
        if self.operation == "refund":
            return isinstance(payment_data.get("refund"), dict)
        intent, known = payment_data.get("payment_intent") or {}, self.provider_reference or ""
        if known.startswith("pi_"):
            return intent.get("id") == known
        return intent.get("description") == self.reference

    def _stripe_is_end_of_hold(self, payment_data):
        """Return whether Stripe's word is that a hold was captured or has ended.

        :rtype: bool
        """
        intent = payment_data.get("payment_intent")
        if not intent or self.operation == "refund" or not self._get_operation_booking():
            return False
        is_hold = self.state == "authorized" or self._get_parts()
        return bool(intent["status"] in ENDS and (is_hold or self._stripe_was_cut(intent)))

    def _stripe_was_cut(self, intent):
        """Return whether less than the whole was taken, before we knew that it was held."""
        taken = intent.get("amount_received")
        return intent["status"] == "succeeded" and bool(taken) and taken < intent["amount"]

    def _stripe_end_hold(self, payment_data):
        """Return the part that Stripe's word on the end of a hold is for.

        :param dict payment_data: what Stripe says of the intent
        :return: nothing, when the hold has ended here already
        :rtype: recordset of `payment.transaction`
        """
        intent = payment_data["payment_intent"]
        if self.state in ("draft", "pending", "error"):
            self.provider_reference = intent["id"]
            self._set_authorized()
        if self.state != "authorized":
            return self.browse()
        kind = ENDS[intent["status"]]
        amount = self._get_held_amount()
        if kind == "capture":
            amount = self._stripe_to_major(intent["amount_received"])
        return self._stripe_get_part(kind, amount)

    def _stripe_get_part(self, kind, amount):
        """Return the part of a hold that Stripe's word is about.

        :param str kind: 'capture' or 'void'
        :param float amount: in major units
        :return: what the operation under way is for; else a new one: somebody has done it in
            Stripe's dashboard, or the hold has lapsed, and that operation has failed
        :rtype: recordset of `payment.transaction`
        """
        operation = self._get_open_operations("capture", "void")
        is_same = not self.currency_id.compare_amounts(operation.amount, amount)
        if operation.kind == kind and is_same:
            return operation._ensure_answered()
        if operation:
            # the operation follows: it has failed
            operation._ensure_answered()._set_error(self._stripe_explain_end(kind, amount))
        self._lock_for_operation()  # two who bring the same word make one part
        return self._create_child_transaction(amount)

    def _stripe_explain_end(self, kind, amount):
        if kind == "void":
            return self.env._("The hold has ended at Stripe.")
        amount = self.currency_id.format(amount)
        return self.env._("%(amount)s were captured at Stripe.", amount=amount)

    def _extract_amount_data(self, payment_data):
        """Override of `payment_stripe`: of what was captured the amount is what Stripe received."""
        data = super()._extract_amount_data(payment_data)
        intent = payment_data.get("payment_intent")
        if self.provider_code != "stripe" or not intent or not self._is_part():
            return data
        if intent["status"] == "succeeded":
            data["amount"] = self._stripe_to_major(intent["amount_received"])
        elif intent["status"] == "canceled":
            data["amount"] = self.amount  # what was held; Stripe lets go of the whole
        return data

    def _apply_updates(self, payment_data):
        """Override of `payment_stripe` to keep until when the money is held."""
        if self.provider_code == "stripe" and not self._is_part():
            moment = self._stripe_get_capture_before(payment_data.get("payment_intent") or {})
            if moment and moment != self.capture_before:
                self.capture_before = moment
        return super()._apply_updates(payment_data)

    def _stripe_get_capture_before(self, intent):
        """Return when a hold lapses at Stripe.

        See https://docs.stripe.com/payments/place-a-hold-on-a-payment-method.

        :param dict intent: the payment intent with its charges
        :rtype: datetime|None
        """
        if intent.get("status") != "requires_capture":
            return None
        for charge in (intent.get("charges") or {}).get("data", ()):
            details = charge.get("payment_method_details") or {}
            timestamp = (details.get("card") or {}).get("capture_before")
            if timestamp:
                return datetime.fromtimestamp(timestamp, UTC).replace(tzinfo=None)
        return None
