from odoo import api, fields, models
from odoo.fields import Domain


class AppointmentPaymentOperation(models.Model):
    """What answers to requests do with money: for one request, or for many at once."""

    _inherit = "appointment.payment.operation"

    reason = fields.Selection(
        selection_add=[
            ("declined", "Request declined"),
            ("expired", "Request expired"),
            ("cancelled", "Request cancelled"),
            ("uncaptured", "Could not be captured"),
        ]
    )

    @api.model
    def _intend_all(self, kind, amounts, reason):
        """Write down one effect on each of many payments, as `_intend` does for one.

        What stands already is not written down again. Where a provider cannot do it, people are
        asked to.

        :param str kind: void or refund
        :param dict amounts: in major units, by `payment.transaction`
        :param str reason: a value of ``reason``
        :return: the new operations, those that are to be sent
        :rtype: recordset of `appointment.payment.operation`
        """
        payments = self.env["payment.transaction"].browse(sorted(p.id for p in amounts))
        if not payments:
            return self.browse()
        payments._lock_all_for_operations()
        known = Domain("transaction_id", "in", payments.ids) & Domain("kind", "=", kind)
        payments -= self.search(known & Domain("reason", "=", reason)).transaction_id
        operations = self.create(
            [
                {
                    "transaction_id": payment.id,
                    "booking_id": payment.appointment_booking_id.id,
                    "kind": kind,
                    "reason": reason,
                    "amount": amounts[payment],
                    "currency_id": payment.currency_id.id,
                }
                for payment in payments
            ]
        )
        return operations - operations._fail_what_cannot_be_refunded()

    def _fail_what_cannot_be_refunded(self):
        """Ask people to give back what no provider does.

        :return: the refunds that are theirs
        :rtype: recordset of `appointment.payment.operation`
        """
        by_hand = self.filtered(
            lambda o: o.kind == "refund" and not o.transaction_id._can_be_refunded(o.amount)
        )
        for operation in by_hand:
            provider = operation.transaction_id.provider_id
            operation._set_failed(
                self.env._("%(provider)s cannot pay back from here.", provider=provider.name)
            )
        return by_hand

    def _set_failed(self, error):
        """Extended: a request whose payment cannot be captured waits for an answer again.

        See the parent method for the parameters.
        """
        moved = super()._set_failed(error)
        for operation in moved.filtered(lambda o: o.kind == "capture"):
            operation.booking_id._receive_capture_failure(operation)
        return moved
