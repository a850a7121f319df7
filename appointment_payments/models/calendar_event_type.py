from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..rules import money, terms

# the public pages have these words in their addresses: /booking/answer/…, /booking/about/…
RESERVED_SLUGS = ("about", "answer")


class CalendarEventType(models.Model):
    """A category: a kind of appointment that clients can book, with its terms."""

    _name = "calendar.event.type"
    _inherit = ["calendar.event.type", "appointment.payment.terms"]

    name = fields.Char(translate=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        ondelete="restrict",
        help="Empty: shared by all companies; the practitioner's company then sells it.",
    )
    currency_id = fields.Many2one(
        compute="_compute_currency_id", store=True, readonly=False, precompute=True
    )
    bookable = fields.Boolean(string="Bookable online")
    slug = fields.Char(
        string="Link name",
        copy=False,
        help="The last part of the public link: /booking/<link name>.",
    )
    product_id = fields.Many2one(
        "product.product",
        string="Service",
        domain="[('type', '=', 'service')]",
        ondelete="restrict",
        check_company=True,
        help="Gives the invoice line its taxes and income account.",
    )
    price = fields.Monetary(help="The unit price under the taxes of the service.")
    price_total = fields.Monetary(
        string="Price with taxes", compute="_compute_price_total", compute_sudo=True
    )
    duration = fields.Float(string="Duration (hours)", default=1.0)
    user_ids = fields.Many2many(
        "res.users",
        relation="appointment_payment_category_practitioner_rel",
        string="Practitioners",
        domain="[('share', '=', False)]",
    )
    terms_url = fields.Char(string="Terms and conditions (link)")
    refund_terms = fields.Text(string="Refund terms", translate=True)

    # takes the place of stock's UNIQUE (name), which forbids one name in two companies
    _name_uniq = models.Constraint("CHECK (name IS NOT NULL)")
    _name_company_uniq = models.UniqueIndex(
        "((name->>'en_US'), COALESCE(company_id, 0))",
        "A category with this name exists already in this company. Choose another name.",
    )
    _slug_uniq = models.UniqueIndex(
        "(slug) WHERE slug IS NOT NULL",
        "Another category has this link name already. Choose another one.",
    )
    _price_positive = models.Constraint(
        "CHECK (price IS NULL OR price >= 0)", "A price cannot be negative."
    )
    _duration_range = models.Constraint(
        "CHECK (NOT bookable OR (duration > 0 AND duration <= 24))",
        "An appointment lasts more than 0 and at most 24 hours.",
    )

    @api.depends("company_id")
    def _compute_currency_id(self):
        for category in self:
            company = category.company_id or self.env.company
            category.currency_id = company.currency_id

    @api.depends("price", "product_id.taxes_id", "company_id", "currency_id")
    @api.depends_context("company")
    def _compute_price_total(self):
        for category in self:
            company = category.company_id or self.env.company
            category.price_total = category._compute_taxes(company)["total_included"]

    @api.model_create_multi
    def create(self, vals_list):
        categories = super().create(vals_list)
        categories._ensure_slug()
        categories._ensure_practitioner_resources()
        return categories

    def write(self, vals):
        result = super().write(vals)
        if {"bookable", "name", "slug"} & vals.keys():
            self._ensure_slug()
        if {"user_ids", "company_id", "bookable"} & vals.keys():
            self._ensure_practitioner_resources()
        return result

    def _ensure_slug(self):
        """Give each bookable category without a link name one, made from its name."""
        for category in self.filtered(lambda c: c.bookable and not c.slug):
            base = self.env["ir.http"]._slugify(category.name) or "appointment"
            taken = set(
                self.sudo()  # the link name is unique over all companies
                .with_context(active_test=False)
                .search([("slug", "=like", f"{base}%")])
                .mapped("slug")
            )
            taken.update(RESERVED_SLUGS)
            slugs = [base, *(f"{base}-{number}" for number in range(2, len(taken) + 3))]
            category.slug = next(slug for slug in slugs if slug not in taken)

    def _ensure_practitioner_resources(self):
        for category in self.filtered("bookable"):
            category.user_ids._ensure_practitioner_resource(category.company_id)

    @api.constrains("slug")
    def _check_slug(self):
        for category in self.filtered("slug"):
            if category.slug in RESERVED_SLUGS:
                raise ValidationError(
                    self.env._(
                        "The booking pages use the address “%(slug)s” themselves. Choose another"
                        " link name.",
                        slug=category.slug,
                    )
                )
            if category.slug != self.env["ir.http"]._slugify(category.slug):
                raise ValidationError(
                    self.env._(
                        "A link name holds small letters, digits and dashes only, for example"
                        " “%(example)s”.",
                        example=self.env["ir.http"]._slugify(category.slug) or "first-visit",
                    )
                )

    @api.constrains("price", "product_id")
    def _check_deposit_against_price(self):
        # a negative price is refused by its own constraint, which says so
        self.filtered(lambda c: c.price >= 0)._check_deposit()

    @api.constrains("terms_url")
    def _check_terms_url(self):
        for category in self.filtered("terms_url"):
            if not category.terms_url.startswith(("https://", "http://", "/")):
                raise ValidationError(
                    self.env._("The link to the terms has to start with https:// or /.")
                )

    def _get_selling_company(self, user):
        """Return who sells an appointment with a practitioner.

        :param user: the practitioner
        :return: the category's company; for a shared category the practitioner's
        :rtype: recordset of `res.company`
        """
        self.ensure_one()
        return self.company_id or user.company_id

    def _get_taxes(self, company):
        """Return the taxes of the service in a company.

        :param company: the selling `res.company`
        :rtype: recordset of `account.tax`
        """
        self.ensure_one()
        return self.product_id.taxes_id._filter_taxes_by_company(company)

    def _compute_taxes(self, company, user=None):
        """Compute the price with the service's taxes.

        :param company: the selling `res.company`
        :param user: the practitioner, where they may have a price of their own
        :return: what `account.tax.compute_all` returns: ``total_included`` and
                 ``total_excluded`` in major units of ``currency_id``
        :rtype: dict
        """
        self.ensure_one()
        return self._compute_price_with_taxes(self._get_price(user), company)

    def _compute_price_with_taxes(self, price, company):
        """Compute any price with the service's taxes.

        :param float price: in major units of ``currency_id``
        :param company: the selling `res.company`
        :return: see :meth:`_compute_taxes`
        :rtype: dict
        """
        self.ensure_one()
        return self._get_taxes(company).compute_all(
            price,
            currency=self.currency_id,
            quantity=1.0,
            product=self.product_id,
        )

    def _get_priced_total(self):
        """Override of `appointment.payment.terms`."""
        return self.price_total

    def _get_smallest_charge(self):
        """Override of `appointment.payment.terms`."""
        company = self.company_id or self.env.company
        return self.env["payment.provider"]._get_appointment_smallest_charge(
            company, self.currency_id
        )

    def _get_terms_url(self, company):
        """Return the link to the terms that clients accept.

        :param company: the selling `res.company`
        :rtype: str|bool
        """
        self.ensure_one()
        return self.terms_url or company.appointment_terms_url

    def _get_refund_terms(self, company):
        """Return what clients read about refunds.

        :param company: the selling `res.company`
        :rtype: str|bool
        """
        self.ensure_one()
        return self.refund_terms or company.appointment_refund_terms

    def _resolve_terms(self, company, user=None, pay_in_full=False):
        """Resolve what a client who books now in a company agrees to (design rules 8 and 10).

        :param company: the selling `res.company`
        :param user: the practitioner, where they may have a price of their own
        :param bool pay_in_full: whether a client who is asked for a deposit pays all of it
        :return: values for the booking's snapshot: the terms with ``payment_mode`` resolved to
                 none, deposit or full (by default full where the practitioner has to accept);
                 ``price``, ``amount_total``, ``amount_due_now`` in major units of
                 ``currency_id``; ``under_threshold``
        :rtype: dict
        """
        self.ensure_one()
        taxes = self._compute_taxes(company, user)
        mode = terms.resolve_mode(
            self.payment_mode,
            self.confirmation_mode,
            company.appointment_prepayment,
            company.appointment_payment_mode,
        )
        if pay_in_full and mode == "deposit":
            mode = "full"
        due = money.due(
            taxes["total_included"],
            mode,
            self.deposit_type,
            self.deposit_percent,
            self.deposit_fixed,
            company._get_appointment_threshold(self.currency_id),
            self.currency_id.rounding,
        )
        return {
            "payment_mode": mode,
            "deposit_type": self.deposit_type,
            "deposit_percent": self.deposit_percent,
            "deposit_fixed": self.deposit_fixed,
            "currency_id": self.currency_id.id,
            "confirmation_mode": self.confirmation_mode,
            "request_flow": self.request_flow,
            "collection_mode": terms.resolve_collection_mode(
                self.collection_mode, company.appointment_collection_mode
            ),
            "price": self._get_price(user),
            "tax_ids": [(6, 0, self._get_taxes(company).ids)],
            "amount_total": taxes["total_included"],
            "amount_tax": self.currency_id.round(
                taxes["total_included"] - taxes["total_excluded"]
            ),
            "amount_due_now": due.now,
            "under_threshold": due.under_threshold,
        }
