from odoo import api, fields, models
from odoo.exceptions import ValidationError


class AppointmentPaymentPractitionerPrice(models.Model):
    """What an appointment of a category costs with one practitioner, where that is another price.

    Who takes the appointments stays decided by the category's list of practitioners.
    """

    _name = "appointment.payment.practitioner.price"
    _description = "Price with one practitioner"
    _order = "category_id, user_id"
    _rec_name = "user_id"

    category_id = fields.Many2one(
        "calendar.event.type", required=True, ondelete="cascade", index=True
    )
    category_user_ids = fields.Many2many(related="category_id.user_ids")
    company_id = fields.Many2one(related="category_id.company_id", store=True)
    user_id = fields.Many2one(
        "res.users",
        string="Practitioner",
        required=True,
        ondelete="cascade",
        domain="[('id', 'in', category_user_ids)]",
    )
    currency_id = fields.Many2one(related="category_id.currency_id")
    price = fields.Monetary(required=True, help="The unit price under the taxes of the service.")
    public_url = fields.Char(string="Link", compute="_compute_public_url")

    _practitioner_uniq = models.UniqueIndex(
        "(category_id, user_id)", "This practitioner has a price in this category already."
    )
    _price_positive = models.Constraint("CHECK (price >= 0)", "A price cannot be negative.")

    @api.depends("category_id.slug", "user_id.name")
    def _compute_public_url(self):
        for line in self:
            category = line.category_id
            line.public_url = line.user_id and category._get_practitioner_url(line.user_id)

    @api.constrains("user_id", "category_id")
    def _check_practitioner(self):
        for line in self:
            if line.user_id not in line.category_id.user_ids:
                raise ValidationError(
                    self.env._(
                        "%(name)s does not take these appointments. Add them to the practitioners"
                        " of the category first.",
                        name=line.user_id.name,
                    )
                )
