from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import plaintext2html

from ..models.appointment_payment_booking_state import CANCELLABLE_STATES


class AppointmentPaymentRefund(models.TransientModel):
    """The screen on which a manager gives money back; no accounting right is needed."""

    _name = "appointment.payment.refund"
    _description = "Refund"

    booking_id = fields.Many2one(
        "appointment.payment.booking", required=True, readonly=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="booking_id.currency_id")
    amount = fields.Monetary(
        compute="_compute_amount", store=True, readonly=False, precompute=True, required=True
    )
    amount_left = fields.Monetary(string="Can be paid back", compute="_compute_amounts")
    amount_otherwise = fields.Monetary(string="Paid in another way", compute="_compute_amounts")
    is_everything = fields.Boolean(compute="_compute_amounts")
    refund_reason = fields.Selection(
        selection=lambda self: self._get_reasons(), string="Reason", required=True
    )
    note = fields.Text(string="Note for the practice")
    client_message = fields.Text(string="Message to the client")
    price_effect = fields.Selection(
        selection=[
            ("falls", "The price falls: it is credited on the invoice"),
            ("owed", "The price stays: the client owes it again"),
        ],
        string="The price",
        required=True,
        default="falls",
    )
    can_cancel = fields.Boolean(compute="_compute_amounts")
    cancel_booking = fields.Boolean(
        string="Cancel the appointment too",
        compute="_compute_cancel_booking",
        store=True,
        readonly=False,
        precompute=True,
    )
    is_cancelling = fields.Boolean(default=lambda self: self._is_opened_to_cancel())

    @api.model
    def _get_reasons(self):
        return self.env["appointment.payment.operation"]._fields["refund_reason"].selection

    @api.depends("booking_id")
    def _compute_amount(self):
        for wizard in self:
            wizard.amount = wizard._get_booking().amount_refundable

    @api.model
    def _is_opened_to_cancel(self):
        return bool(self.env.context.get("default_cancel_booking"))

    @api.depends("can_cancel", "is_cancelling")
    def _compute_cancel_booking(self):
        """Cancel along where somebody has come to do so; not while some of the money stays."""
        for wizard in self:
            wizard.cancel_booking = wizard.can_cancel and wizard.is_cancelling

    @api.depends("booking_id", "amount")
    def _compute_amounts(self):
        for wizard in self:
            booking = wizard._get_booking()
            wizard.amount_left = booking.amount_refundable
            wizard.amount_otherwise = booking._get_amount_paid_otherwise() if booking else 0.0
            wizard.is_everything = bool(booking) and wizard._is_everything(booking)
            wizard.can_cancel = wizard.is_everything and booking.state in CANCELLABLE_STATES

    def _is_everything(self, booking):
        """Return whether nothing of what was paid stays with the practice."""
        left = booking.amount_refundable - self.amount
        return not booking.currency_id.compare_amounts(left, 0) and booking.currency_id.is_zero(
            booking._get_amount_paid_otherwise()
        )

    def _get_booking(self):
        """Return the booking with what managers may know of its payments.

        :return: in superuser mode
        :rtype: recordset of `appointment.payment.booking`
        :raise AccessError: when one may not read it, or is no manager
        """
        # a form that is not saved yet has a shadow of it; Odoo checks in superuser mode
        booking = self.booking_id._origin.sudo(False)
        if booking:
            booking._check_may_refund()
        return booking.sudo()  # sudo: managers have no accounting right

    @api.constrains("booking_id")
    def _check_booking(self):
        for wizard in self:
            wizard._get_booking()

    def action_refund(self):
        """Button: give the money back. Pressed twice, it goes back once.

        :rtype: dict
        :raise UserError: when it cannot go back
        """
        self.ensure_one()
        self.check_access("write")
        booking = self._get_booking()
        decision = f"{self._name},{self.id}"
        if not booking._is_decided(decision):
            self._check_cancel(booking)
            booking._decide_refund(self.amount, decision, **self._prepare_decision())
            self._log_decision(booking)
            if self.cancel_booking:
                booking._set_cancelled()
        return {"type": "ir.actions.act_window_close"}

    def _check_cancel(self, booking):
        """Refuse to cancel an appointment of which some money stays.

        :raise UserError: with what stays
        """
        if self.cancel_booking and not self.can_cancel:
            raise UserError(
                self.env._(
                    "The appointment can be cancelled with the refund only when everything that"
                    " was paid goes back: %s.",
                    booking._format_for_reader(booking.amount_paid),
                )
            )

    def _prepare_decision(self):
        """Return what is kept with the operations.

        :rtype: dict
        """
        return {
            "decided_by": self.env.uid,
            "refund_reason": self.refund_reason,
            "note": self.note,
            "client_message": self.client_message,
            # nobody owes a cancelled appointment
            "credit_invoice": self.cancel_booking or self.price_effect == "falls",
        }

    def _log_decision(self, booking):
        """Write in the booking's history who decided what, and why."""
        reasons = dict(self._fields["refund_reason"]._description_selection(self.env))
        body = self.env._(
            "Refund of %(amount)s decided: %(reason)s.",
            amount=booking._format_for_reader(self.amount),
            reason=reasons[self.refund_reason],
        )
        booking.message_post(body=plaintext2html("\n".join(filter(None, [body, self.note]))))
