from odoo import fields, models

from odoo.addons.payment_stripe.controllers.main import StripeController

from ..rules import stripe_webhook
from .stripe_event import RefusedEventError

ALIVE = ("succeeded", "pending", "requires_action")


class PaymentTransaction(models.Model):
    """Refunds as Stripe has them: those sent from here, and those made in its dashboard."""

    _inherit = "payment.transaction"

    def _stripe_mirror_refunds(self, intent, refunds):
        """Have one transaction for each refund of a payment, and each say what became of it.

        The caller has locked the payment, so that two events about a refund make one transaction.

        :param dict intent: the payment intent, with its charges
        :param list refunds: every refund of the intent
        :raise RefusedEventError: when one does not fit
        """
        self.ensure_one()
        charges = intent["charges"]["data"]
        charge = next((entry for entry in charges if entry["status"] == "succeeded"), None)
        found = stripe_webhook.refunds_of_captured_money(charge, refunds)
        # what did not arrive makes room for what went back in the same second
        for refund in sorted(found, key=lambda entry: entry["status"] in ALIVE):
            child = self._stripe_get_refund_child(refund)
            if not child and refund["status"] in ALIVE:
                child = self._stripe_create_refund_child(refund)
            if child:
                child._stripe_process_refund(refund)

    def _stripe_get_captured(self):
        """Return the transactions that took the money: the payment, or what was taken of its hold.

        :rtype: recordset of `payment.transaction`
        """
        return self._get_parts().filtered(lambda t: t.state == "done") or self

    def _stripe_get_refund_child(self, refund):
        """Return the transaction of a refund, known by its id or the reference it was sent with.

        :param dict refund: of Stripe
        :rtype: recordset of `payment.transaction`
        """
        family = self | self.child_transaction_ids
        children = family.child_transaction_ids.filtered(lambda t: t.operation == "refund")
        reference = (refund.get("metadata") or {}).get("reference")
        by_id = children.filtered(lambda t: t.provider_reference == refund["id"])
        return by_id[:1] or children.filtered(
            lambda t: reference and t.reference == reference and not t.provider_reference
        )

    def _stripe_create_refund_child(self, refund):
        """Note a refund that was made in Stripe's dashboard, and tell people.

        :param dict refund: of Stripe
        :return: the new transaction
        :rtype: recordset of `payment.transaction`
        :raise RefusedEventError: when it is in another currency, or more than was paid
        """
        amount = self._stripe_to_major(refund["amount"])
        captured = self._stripe_get_captured()
        # the part that it fits into; Stripe refunds the intent and names none
        payment = captured.filtered(lambda t: t._stripe_has_left(amount))[:1]
        if not payment or refund["currency"].upper() != self.currency_id.name:
            raise RefusedEventError(
                self.env._(
                    "%(reference)s does not have the refunded amount: %(amount)s %(currency)s.",
                    reference=self.reference,
                    amount=amount,
                    currency=refund["currency"].upper(),
                )
            )
        child = payment._create_child_transaction(
            amount, is_refund=True, provider_reference=refund["id"]
        )
        for booking in self._stripe_get_bookings():
            booking._tell_refunded_at_stripe(child)
        return child

    def _stripe_has_left(self, amount):
        left = self.amount - self._get_given_back()
        return self.state == "done" and self.currency_id.compare_amounts(left, amount) >= 0

    def _stripe_process_refund(self, refund):
        """Take over what became of a refund, through the doors of its transaction.

        :param dict refund: of Stripe
        :raise RefusedEventError: when its amount is not the transaction's
        """
        self._stripe_check_amount(refund)
        before = self.state
        payment_data = {}
        StripeController._include_refund_in_payment_data(refund, payment_data)
        self._process("stripe", payment_data)
        if self.state == "error" != before and not self._stripe_get_operation():
            self._stripe_tell_refund_failed()

    def _stripe_get_operation(self):
        """Return the operation that sent a refund; it tells people itself when that fails.

        :rtype: recordset of `appointment.payment.operation`
        """
        # sudo: the provider's word, brought by a webhook
        operations = self.env["appointment.payment.operation"].sudo()
        return operations.search([("child_transaction_id", "=", self.id)], limit=1)

    def _stripe_tell_refund_failed(self):
        """Ask people to give back what a refund made elsewhere did not bring."""
        for booking in self._stripe_get_bookings():
            booking._raise_refund_needed(
                -self.amount,
                self.env._(
                    "A refund of %(amount)s made at Stripe did not arrive. Please give it back to"
                    " %(client)s in another way.",
                    amount=self.currency_id.format(-self.amount),
                    client=booking.partner_id.name,
                ),
            )


class AppointmentPaymentBooking(models.Model):
    _inherit = "appointment.payment.booking"

    def _ask_managers(self, summary, note, deadline):
        """Ask those who look after the company's money to do something.

        :param str summary: what, in a few words
        :param str note: what happened, and what to do
        :param date deadline: until when
        """
        self.ensure_one()
        for user in self._get_managers() or self.user_id:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=summary,
                note=note,
                user_id=user.id,
                date_deadline=deadline,
            )

    def _tell_refunded_at_stripe(self, refund):
        """Tell managers of a refund that nobody made here.

        :param refund: its `payment.transaction`
        """
        amount = self._format(-refund.amount)
        self._ask_managers(
            self.env._("Refunded at Stripe: %(amount)s", amount=amount),
            self.env._(
                "%(amount)s of %(reference)s were given back in Stripe's dashboard, not from here."
                " Does the appointment take place? If an invoice asks for this amount, credit it.",
                amount=amount,
                reference=refund.source_transaction_id.reference,
            ),
            fields.Date.context_today(self),
        )
