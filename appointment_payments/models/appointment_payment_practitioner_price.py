from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..rules import money


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
    price_total = fields.Monetary(
        string="With taxes", compute="_compute_price_total", compute_sudo=True
    )
    public_url = fields.Char(string="Link", compute="_compute_public_url")

    _practitioner_uniq = models.UniqueIndex(
        "(category_id, user_id)", "This practitioner has a price in this category already."
    )
    _price_positive = models.Constraint("CHECK (price >= 0)", "A price cannot be negative.")

    @api.depends("price", "user_id", "category_id.price_total")
    @api.depends_context("company")
    def _compute_price_total(self):
        for line in self:
            company = line.category_id._get_selling_company(line.user_id) or self.env.company
            taxes = line.category_id._compute_price_with_taxes(line.price, company)
            line.price_total = taxes["total_included"]

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

    @api.constrains("price")
    def _check_deposit(self):
        """Refuse a price that the category's deposit does not fit.

        :raise ValidationError: with what is wrong and what to do
        """
        for line in self.filtered(lambda li: li.category_id.payment_mode == "deposit"):
            problem = line._get_deposit_problem()
            if problem == "above_price":
                raise ValidationError(
                    self.env._(
                        "The deposit is above %(name)s's price of %(price)s. Enter a smaller"
                        " deposit, or a percentage.",
                        name=line.user_id.name,
                        price=line.currency_id.format(line.price_total),
                    )
                )
            if problem == "under_minimum":
                raise ValidationError(
                    self.env._(
                        "With %(name)s the deposit is under %(smallest)s, the smallest amount that"
                        " can be charged online. Enter a higher price or deposit.",
                        name=line.user_id.name,
                        smallest=line.currency_id.format(line.category_id._get_smallest_charge()),
                    )
                )

    def _get_deposit_problem(self):
        """Return what is wrong with the deposit on this price: a code of `rules.money`.

        :rtype: str|None
        """
        self.ensure_one()
        category = self.category_id
        if self.currency_id.is_zero(self.price_total):
            return None  # who costs nothing is not asked for anything
        return money.deposit_problem(
            self.price_total,
            category.deposit_type,
            category.deposit_percent,
            category.deposit_fixed,
            category._get_smallest_charge(),
            self.currency_id.rounding,
        )
