from odoo import api, models
from odoo.fields import Domain

from odoo.addons.payment_stripe.controllers.main import StripeController

from ..rules import stripe_webhook
from .stripe_event import RefusedEventError


class PaymentTransaction(models.Model):
    """The payment that Stripe says something about: is it ours, is it right, what became of it."""

    _inherit = "payment.transaction"

    _appointment_provider_reference_idx = models.Index(
        "(provider_reference) WHERE provider_reference IS NOT NULL"
    )

    @api.model
    def _stripe_find(self, references, intent_ref):
        """Find the transaction of an object of Stripe.

        :param list references: the names that it may have here
        :param str intent_ref: the payment intent; it helps where no name does
        :return: one transaction or none; of a refund when one was named
        :rtype: recordset of `payment.transaction`
        """
        of_stripe = Domain("provider_code", "=", "stripe")
        named = Domain("reference", "in", [name for name in references if name])
        found = self.search(of_stripe & named, limit=1)
        if found or not intent_ref:
            return found
        of_intent = Domain("provider_reference", "=", intent_ref)
        return self.search(
            of_stripe & of_intent & Domain("source_transaction_id", "=", False), limit=1
        )

    @api.model
    def _stripe_find_bookings_by_name(self, references):
        """Find the bookings that references were made for, their transactions committed or not.

        A transaction is called as its booking, with a number from the second on.

        :param list references: of transactions
        :rtype: recordset of `appointment.payment.booking`
        """
        names = {name.removeprefix("R-").removeprefix("P-") for name in references if name}
        names |= {name.rsplit("-", 1)[0] for name in names}
        return self.env["appointment.payment.booking"].search([("name", "in", sorted(names))])

    def _stripe_get_bookings(self):
        """Return the bookings that a payment is for: its own, or those of its invoices.

        :rtype: recordset of `appointment.payment.booking`
        """
        payment = self._stripe_get_begun()
        return payment.appointment_booking_id or payment.invoice_ids.appointment_booking_ids

    def _stripe_get_begun(self):
        """Return the payment that the client has begun: of a refund, even of a captured part too.

        :rtype: recordset of `payment.transaction`
        """
        payment = self
        while payment.source_transaction_id:
            payment = payment.source_transaction_id
        return payment

    def _stripe_is_ours(self):
        """Return whether a Stripe payment is for bookings.

        :rtype: bool
        """
        return self.provider_code == "stripe" and bool(self._stripe_get_bookings())

    def _stripe_get_version(self):
        """Return what changes whenever something happens to a payment, its parts or its refunds.

        :return: nothing, when there is no payment
        :rtype: str|None
        """
        self.flush_recordset()
        self.env.cr.execute(
            "SELECT string_agg(id || ':' || xmin, ',' ORDER BY id) FROM payment_transaction"
            " WHERE id = %(id)s OR source_transaction_id = %(id)s OR source_transaction_id IN"
            " (SELECT id FROM payment_transaction WHERE source_transaction_id = %(id)s)",
            {"id": self.id or None},
        )
        return self.env.cr.fetchone()[0]

    def _stripe_is_for_others(self, intent):
        """Return whether an intent is for a booking of another database that has the same name.

        It says which booking it was made for, since version 19.0.1.2.0; what is known here by its
        id stays this payment's.

        :param dict intent: the payment intent, fetched
        :rtype: bool
        """
        mark = (intent.get("metadata") or {}).get("booking")
        if not mark or (self and self._stripe_get_begun().provider_reference == intent["id"]):
            return False
        bookings = self._stripe_get_bookings()
        if not self:
            bookings = self._stripe_find_bookings_by_name([intent.get("description")])
        return bool(bookings) and mark not in bookings._stripe_get_marks()

    def _stripe_check_intent(self, intent):
        """Refuse an intent that is not the one of this payment.

        Odoo would set the transaction to an error, and the money would be taken all the same.

        :param dict intent: the payment intent, fetched
        :raise RefusedEventError: with what does not fit
        """
        self.ensure_one()
        if bool(intent["livemode"]) != self.provider_id._stripe_is_live():
            raise RefusedEventError(self.env._("It was not made with the provider's kind of keys."))
        known = self.provider_reference or ""
        if known.startswith("pi_") and known != intent["id"]:
            raise RefusedEventError(
                self.env._(
                    "%(reference)s has another payment intent: %(known)s.",
                    reference=self.reference,
                    known=known,
                )
            )
        self._stripe_check_amount(intent)

    def _stripe_check_amount(self, subject):
        """Refuse an object whose amount or currency is not the transaction's.

        :param dict subject: a payment intent or a refund: ``amount`` in minor units, ``currency``
        :raise RefusedEventError: with both amounts
        """
        expected = self._stripe_to_minor(abs(self.amount))
        currency = subject["currency"].upper()
        if (expected, self.currency_id.name) != (subject["amount"], currency):
            raise RefusedEventError(
                self.env._(
                    "%(reference)s is of %(expected)s; Stripe says %(amount)s %(currency)s, in the"
                    " smallest unit.",
                    reference=self.reference,
                    expected=self.currency_id.format(abs(self.amount)),
                    amount=subject["amount"],
                    currency=currency,
                )
            )

    def _stripe_process_intent(self, intent):
        """Take over what became of the payment.

        :param dict intent: the payment intent, fetched and checked
        :raise RefusedEventError: when money was taken for a payment that ended here
        """
        if self.state == "done" and intent["status"] == "succeeded":
            return
        payment_data = {"reference": self.reference}
        StripeController._include_payment_intent_in_payment_data(intent, payment_data)
        self._process("stripe", payment_data)
        if self.state == "cancel" and intent["status"] == "succeeded":
            raise RefusedEventError(
                self.env._(
                    "%(reference)s was cancelled here, and Stripe took the money.",
                    reference=self.reference,
                )
            )


class AppointmentPaymentBooking(models.Model):
    _inherit = "appointment.payment.booking"

    def _stripe_get_marks(self):
        """Return what intents carry that are for these bookings.

        :rtype: list[str]
        """
        # sudo: a digest of the link's secret, for Stripe alone
        marks = map(stripe_webhook.mark_of, self.sudo().mapped("access_token"))
        return [mark for mark in marks if mark]
