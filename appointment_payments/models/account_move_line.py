from odoo import fields, models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    appointment_booking_id = fields.Many2one(
        "appointment.payment.booking",
        string="Booking",
        index="btree_not_null",
        ondelete="restrict",
        readonly=True,
    )
