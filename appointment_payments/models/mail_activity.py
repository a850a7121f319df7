from odoo import fields, models


class MailActivity(models.Model):
    _inherit = "mail.activity"

    appointment_operation_id = fields.Many2one(
        "appointment.payment.operation",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
        groups="base.group_system",
        help="The payment operation that asks for it; it goes when that asks for nothing any more.",
    )
