from odoo import fields, models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    appointment_booking_id = fields.Many2one(
        "appointment.payment.booking",
        string="Booking",
        index="btree_not_null",
        ondelete="restrict",
        readonly=True,
        copy=False,
    )

    def _copy_data_extend_business_fields(self, values):
        """Override of `account`: a credit note, and an invoice in place of one, keep the booking.

        An invoice that somebody duplicates asks for something else.
        """
        values["appointment_booking_id"] = self.appointment_booking_id.id
        return super()._copy_data_extend_business_fields(values)
