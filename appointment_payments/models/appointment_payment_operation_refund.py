from odoo import fields, models

from .appointment_payment_operation import OPEN_STATES


class AppointmentPaymentOperation(models.Model):
    """What a manager decides about a refund, and who has been told."""

    _inherit = "appointment.payment.operation"

    decision = fields.Char(
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="The refund screen it was decided on: one decision is carried out once.",
    )
    decided_by = fields.Many2one(
        "res.users", string="Decided by", readonly=True, ondelete="restrict"
    )
    refund_reason = fields.Selection(
        selection=[
            ("client", "The client cancels"),
            ("practice", "The practice cancels"),
            ("unhappy", "The client was not satisfied"),
            ("mistake", "Charged by mistake"),
            ("goodwill", "Goodwill"),
            ("other", "Another reason"),
        ],
        string="Why it goes back",
        readonly=True,
    )
    note = fields.Text(string="Note for the practice", readonly=True)
    client_message = fields.Text(string="Message to the client", readonly=True)
    credit_invoice = fields.Boolean(
        string="The price falls",
        default=True,
        readonly=True,
        help="The client does not owe again what goes back: it is credited.",
    )
    client_told = fields.Boolean(readonly=True, copy=False)

    _decision_uniq = models.UniqueIndex(
        "(decision, transaction_id) WHERE decision IS NOT NULL",
        "This refund is decided already.",
    )

    def _update_state(self, allowed_states, target_state, **values):
        """Override of `appointment.payment.operation`: whoever has the booking open sees it.

        See the parent method for the parameters.
        """
        moved = super()._update_state(allowed_states, target_state, **values)
        if target_state == "done":
            refunds = moved.booking_id.operation_ids.filtered(lambda o: o.kind == "refund")
            refunds.filtered(
                lambda o: o.state == "failed" and not o._get_amount_going_back()
            )._withdraw_tasks()
        moved.booking_id._notify_changed()
        return moved

    def _get_decided_together(self):
        """Return the refunds of the same decision, which the client hears of in one mail.

        :rtype: recordset of `appointment.payment.operation`
        """
        self.ensure_one()
        if not self.decision:
            return self
        return self.booking_id.operation_ids.filtered(lambda o: o.decision == self.decision)

    def _get_amount_going_back(self):
        """Return what went back, goes, or still should, in major units.

        Of a refund that failed that is what no later try is for.

        :rtype: float
        """
        self.ensure_one()
        if self.state != "failed":
            return self.amount
        later = self.booking_id.operation_ids.filtered(
            lambda o: o.kind == "refund"
            and o.transaction_id == self.transaction_id
            and o.id > self.id
        )
        missing = min(self.amount - sum(later.mapped("amount")), self._get_left_to_refund())
        return max(self.currency_id.round(missing), 0.0)

    def _credits_invoice(self):
        """Return whether the price falls: not for what came late or too much.

        Without an operation somebody has given the money back at the provider: it falls then.

        :rtype: bool
        """
        return not self or bool(self.credit_invoice and not self.reason)

    def _tell_client(self):
        """Tell the client what went back, once all of a decision is settled.

        What came too late or too much was told when it was decided.
        """
        for operation in self.filtered(lambda o: not o.reason):
            together = operation._get_decided_together()
            if any(other.state in OPEN_STATES for other in together):
                continue
            told = together.filtered(
                lambda o: o.child_transaction_id.state == "done" and not o.client_told
            )
            if told:
                told.client_told = True
                operation.booking_id._send_refunded_mail(
                    sum(told.mapped("amount")), operation.client_message
                )
