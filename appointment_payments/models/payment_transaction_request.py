from odoo import fields, models


class PaymentTransaction(models.Model):
    """Payments of booking requests."""

    _inherit = "payment.transaction"

    pay_again_asked_at = fields.Datetime(
        readonly=True,
        copy=False,
        help="When the client of a request was asked for another payment in place of this hold.",
    )

    def _is_taking(self):
        """Return whether this has taken money and is in the books: a payment, or a captured part.

        :rtype: bool
        """
        self.ensure_one()
        return bool(
            self.state == "done"
            and self.operation != "refund"
            and self.is_post_processed
            and not self._is_in_parts()
        )

    def _refund(self, amount_to_refund=None):
        """Override of `payment`: not of a request, whose answer gives back all."""
        self._get_operation_booking()._check_refund_of_request()
        return super()._refund(amount_to_refund=amount_to_refund)

    def _is_abandoned(self):
        """Extended: nobody pays a request that was declined."""
        return super()._is_abandoned() or self.appointment_booking_id.state == "declined"

    def _lock_all_for_operations(self):
        """Queue up with whoever decides on the same payments; see `_lock_for_operation`.

        The caller has their bookings.
        """
        self.flush_recordset()
        self.env.cr.execute(
            "UPDATE payment_transaction SET write_date = write_date WHERE id IN %s",
            [tuple(self.ids)],
            log_exceptions=False,
        )
