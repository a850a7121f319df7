from datetime import datetime

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from odoo.addons.payment import utils as payment_utils
from odoo.addons.payment_stripe import const

# https://docs.stripe.com/api/disputes/object#dispute_object-status
ENDED = {"won": "won", "warning_closed": "won", "prevented": "won", "lost": "lost"}
DISPUTE_STATES = [
    ("open", "Disputed"),
    ("won", "Dispute won"),
    ("lost", "Dispute lost"),
]


class PaymentTransaction(models.Model):
    """A payment whose client has asked the bank for the money back."""

    _inherit = "payment.transaction"

    stripe_dispute_ref = fields.Char(string="Dispute", readonly=True, copy=False)
    stripe_dispute_state = fields.Selection(
        selection=DISPUTE_STATES, string="Dispute state", readonly=True, copy=False
    )
    stripe_dispute_refundable = fields.Boolean(
        readonly=True, copy=False, help="The bank only asks: a refund would end it."
    )

    def _stripe_note_dispute(self, dispute):
        """Take over what became of a dispute; nothing is refunded by itself.

        :param dict dispute: as `payment.provider._stripe_fetch_dispute` returns it
        """
        self.ensure_one()
        state = ENDED.get(dispute["status"], "open")
        known = (self.stripe_dispute_ref, self.stripe_dispute_state)
        self.write(
            {
                "stripe_dispute_ref": dispute["id"],
                "stripe_dispute_state": state,
                "stripe_dispute_refundable": bool(dispute["refundable"]),
            }
        )
        if known != (dispute["id"], state):
            due_by = dispute["due_by"]
            for booking in self._stripe_get_bookings():
                booking._note_dispute(
                    state,
                    self._stripe_format_dispute(dispute),
                    datetime.fromtimestamp(due_by).date() if due_by else None,
                )

    def _stripe_format_dispute(self, dispute):
        """Return the amount in dispute, in the currency that the bank took it in.

        :rtype: str
        """
        name = dispute["currency"].upper()
        currencies = self.env["res.currency"].with_context(active_test=False)
        currency = currencies.search([("name", "=", name)], limit=1) or self.currency_id
        amount = payment_utils.to_major_currency_units(
            dispute["amount"],
            currency,
            arbitrary_decimal_number=const.CURRENCY_DECIMALS.get(name),
        )
        return currency.format(amount)

    def _is_disputed(self):
        """Return whether the bank decides about the money: Stripe refuses to refund it.

        :rtype: bool
        """
        self.ensure_one()
        payments = self | self.source_transaction_id
        return any(
            t.stripe_dispute_state in ("open", "lost") and not t.stripe_dispute_refundable
            for t in payments
        )

    def _can_be_refunded(self, amount):
        """Override of `appointment_payments`: nothing in dispute is paid back a second time."""
        return super()._can_be_refunded(amount) and not self._is_disputed()

    def _check_not_disputed(self):
        """Refuse to refund what the bank decides about.

        :raise UserError: with what to do instead
        """
        for transaction in self.filtered(lambda t: t._is_disputed()):
            raise UserError(transaction._explain_dispute())

    def _explain_dispute(self):
        """Return why a disputed payment is not refunded.

        :rtype: str
        """
        self.ensure_one()
        return self.env._(
            "%(reference)s is disputed: the client's bank decides about this money. Answer in"
            " Stripe's dashboard; a refund now could pay it back twice.",
            reference=self.reference,
        )

    def _refund(self, amount_to_refund=None):
        """Override of `payment` to refuse what is disputed before anything is written down."""
        self._check_not_disputed()
        return super()._refund(amount_to_refund=amount_to_refund)


class AppointmentPaymentOperation(models.Model):
    _inherit = "appointment.payment.operation"

    @api.model
    def _intend(self, transaction, kind, amount, reason=False, **values):
        """Override of `appointment_payments` to refuse a person's refund of a disputed payment."""
        if kind == "refund" and not reason:
            transaction._check_not_disputed()
        return super()._intend(transaction, kind, amount, reason, **values)

    def _ask_people(self):
        """Override of `appointment_payments`: whoever gives back what is disputed pays it twice."""
        disputed = self.filtered(
            lambda o: o.kind == "refund"
            and o.state == "failed"
            and o.transaction_id._is_disputed()
        )
        for operation in disputed:
            amount = operation._format_amount()
            operation.booking_id._raise_payment_activity(
                self.env._("Disputed: %(amount)s", amount=amount),
                self.env._(
                    "%(amount)s were to go back to %(client)s. %(reason)s",
                    amount=amount,
                    client=operation.booking_id.partner_id.name,
                    reason=operation.transaction_id._explain_dispute(),
                ),
                appointment_operation_id=operation.id,
            )
        return super(AppointmentPaymentOperation, self - disputed)._ask_people()

    def _check_can_be_sent(self):
        """Override of `appointment_payments` to give the reason."""
        self.filtered(lambda o: o.kind == "refund").transaction_id._check_not_disputed()
        return super()._check_can_be_sent()


class AppointmentPaymentBooking(models.Model):
    _inherit = "appointment.payment.booking"

    dispute_state = fields.Selection(
        selection=DISPUTE_STATES,
        string="Dispute",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )

    def _note_dispute(self, state, amount, due):
        """Flag a booking whose payment is disputed, and ask managers to answer.

        :param str state: a value of ``dispute_state``
        :param str amount: in dispute, formatted
        :param date due: until when the bank waits for an answer, if it does
        """
        self.ensure_one()
        self.dispute_state = state
        self.message_post(body=self._get_dispute_sentence(state, amount))
        if state == "won":
            return
        today = fields.Date.context_today(self)
        if state == "open":
            summary = self.env._("Answer a dispute of %(amount)s", amount=amount)
            note = self.env._(
                "The client's bank asks for %(amount)s back. Answer in Stripe's dashboard until"
                " %(date)s, or accept it there. Nothing is refunded from here.",
                amount=amount,
                date=format_date(self.env, due or today),
            )
        else:
            summary = self.env._("Dispute lost: %(amount)s", amount=amount)
            note = self.env._(
                "The bank gave the client %(amount)s back, and Stripe took it from your account."
                " Enter it in the books; settle with the client what is still owed.",
                amount=amount,
            )
        self._ask_managers(summary, note, (state == "open" and due) or today)

    def _get_too_much_sentence(self):
        """Override of `appointment_payments` to name what cannot be paid back, and why."""
        disputed = self.transaction_ids.filtered(lambda t: t._is_disputed())
        sentence = super()._get_too_much_sentence()
        return f"{sentence} {disputed[0]._explain_dispute()}" if disputed else sentence

    def _get_dispute_sentence(self, state, amount):
        """Return what the chatter says of a dispute.

        :rtype: str
        """
        if state == "won":
            return self.env._("The dispute of %(amount)s has been won.", amount=amount)
        if state == "lost":
            return self.env._("The dispute of %(amount)s has been lost.", amount=amount)
        return self.env._("The client's bank disputes %(amount)s.", amount=amount)
