from odoo import api, fields, models

from ..rules import terms


class CalendarEventType(models.Model):
    """What the screens of a category say in words about its length, window and payment."""

    _inherit = "calendar.event.type"

    asks_deposit = fields.Boolean(
        compute="_compute_payment_summary",
        compute_sudo=True,
        help="Whether the deposit of the category is what clients are asked for.",
    )
    practice_payment = fields.Char(
        string="The practice asks",
        compute="_compute_payment_summary",
        compute_sudo=True,
        help="What “The practice's default” means today.",
    )
    payment_summary = fields.Char(
        string="Clients are asked", compute="_compute_payment_summary", compute_sudo=True
    )
    duration_text = fields.Char(string="Takes", compute="_compute_duration_text")
    practice_collection = fields.Char(
        compute="_compute_practice_defaults",
        compute_sudo=True,
        help="How the practice asks for what is not paid at booking.",
    )
    practice_window = fields.Char(
        string="As the practice",
        compute="_compute_practice_defaults",
        compute_sudo=True,
        help="From when on and up to when clients can book, as the settings say.",
    )

    @api.depends("duration")
    @api.depends_context("lang")
    def _compute_duration_text(self):
        for category in self:
            category.duration_text = category._format_duration(category.duration)

    @api.depends("company_id")
    @api.depends_context("company", "lang")
    def _compute_practice_defaults(self):
        modes = self.env["res.company"]._fields["appointment_collection_mode"]
        labels = dict(modes._description_selection(self.env))
        for category in self:
            company = category.company_id or self.env.company
            category.practice_collection = labels.get(company.appointment_collection_mode)
            category.practice_window = category._get_window_sentence(
                company.appointment_min_notice_hours, company.appointment_horizon_days
            )

    @api.model
    def _get_window_sentence(self, hours, days):
        """Return in words between when and when clients can book.

        :param int hours: the notice
        :param int days: the days ahead
        :rtype: str
        """
        if not hours:
            return self.env._("Until the start, and up to %(days)s days ahead.", days=days)
        return self.env._(
            "Until %(notice)s before, and up to %(days)s days ahead.",
            notice=self._format_duration(hours),
            days=days,
        )

    @api.depends(
        "company_id",
        "confirmation_mode",
        "currency_id",
        "deposit_fixed",
        "deposit_percent",
        "deposit_type",
        "payment_mode",
        "price",
        "product_id.taxes_id",
        "request_flow",
    )
    @api.depends_context("company", "lang")
    def _compute_payment_summary(self):
        modes = self.env["res.company"]._fields["appointment_payment_mode"]
        labels = dict(modes._description_selection(self.env))
        for category in self:
            company = category.company_id or self.env.company
            practice_mode = terms.resolve_mode(
                "default", category.confirmation_mode, True, company.appointment_payment_mode
            )
            category.asks_deposit = category.payment_mode == "deposit" or (
                category.payment_mode == "default" and practice_mode == "deposit"
            )
            category.practice_payment = labels.get(practice_mode)
            category.payment_summary = category._get_payment_sentence(company)

    def _get_payment_sentence(self, company):
        """Return in words what a client who books now in a company is asked for.

        :param company: the selling `res.company`
        :rtype: str
        """
        self.ensure_one()
        amounts = self._resolve_terms(company)
        now, total = amounts["amount_due_now"], amounts["amount_total"]
        if not company.appointment_prepayment:
            return self.env._("Nothing: asking at booking is switched off in the settings.")
        if amounts["under_threshold"]:
            return self.env._(
                "Nothing: %(price)s is less than %(threshold)s, the amount from which you ask.",
                price=self.currency_id.format(total),
                threshold=self.currency_id.format(
                    company._get_appointment_threshold(self.currency_id)
                ),
            )
        if self.currency_id.is_zero(now):
            return self.env._("Nothing at booking.")
        later = self.currency_id.round(total - now)
        if self.currency_id.is_zero(later):
            return self.env._("%(asked)s.", asked=self._get_asked_words(now))
        return self.env._(
            "%(asked)s, %(later)s later.",
            asked=self._get_asked_words(now),
            later=self.currency_id.format(later),
        )

    def _get_asked_words(self, amount):
        """Return the amount that is asked first, and when.

        :param float amount: in major units
        :rtype: str
        """
        now = self.currency_id.format(amount)
        if self.confirmation_mode != "manual":
            return self.env._("%(now)s at booking", now=now)
        if self.request_flow == "approve_first":
            return self.env._("%(now)s when the request is accepted", now=now)
        if self.request_flow == "charge":
            return self.env._("%(now)s with the request", now=now)
        return self.env._("%(now)s held with the request", now=now)
