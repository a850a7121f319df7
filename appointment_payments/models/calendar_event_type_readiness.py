from odoo import api, fields, models


class CalendarEventType(models.Model):
    """Whether a category can be sold: nothing is silently free (design rule 14)."""

    _inherit = "calendar.event.type"

    missing_ids = fields.Json(
        string="What is missing",
        compute="_compute_missing_ids",
        compute_sudo=True,
        help="A list of {text, action} of what has to be set up before clients can book.",
    )
    is_ready = fields.Boolean(compute="_compute_missing_ids", compute_sudo=True)
    public_url = fields.Char(string="Public link", compute="_compute_public_url")

    @api.depends("slug")
    def _compute_public_url(self):
        for category in self:
            category.public_url = (
                f"{category.get_base_url()}/booking/{category.slug}" if category.slug else False
            )

    @api.depends(
        "bookable", "company_id", "product_id", "price", "payment_mode", "duration", "user_ids"
    )
    @api.depends_context("company")
    def _compute_missing_ids(self):
        for category in self:
            missing = category._get_missing(category.company_id or self.env.company)
            category.missing_ids = missing
            category.is_ready = not missing

    def _get_missing(self, company):
        """List what has to be set up before clients can book this category in a company.

        :param company: the selling `res.company`
        :return: one dict per missing thing: ``text`` (a translated sentence that says what to do)
                 and ``action`` (the xmlid of the window action where to do it, or ``False``)
        :rtype: list[dict]
        """
        self.ensure_one()
        category = self.sudo().with_company(company)  # reads accounting setup for plain staff
        missing = []
        if not self.env["appointment.payment.occupancy"]._is_guarded():
            missing.append(
                self._missing(
                    self.env._(
                        "The database does not guard slots against being sold twice. Ask your"
                        " administrator to install btree_gist and to upgrade this app."
                    )
                )
            )
        missing += category._get_missing_practitioners(company)
        if category.price:
            missing += category._get_missing_accounting(company)
        if category._resolve_terms(company)["amount_due_now"]:
            missing += category._get_missing_provider(company)
        return missing

    @api.model
    def _missing(self, text, action=False):
        return {"text": text, "action": action}

    def _get_missing_practitioners(self, company):
        if not self.user_ids:
            return [self._missing(self.env._("Choose at least one practitioner."))]
        resources = self.user_ids._get_practitioner_resources(company)
        without_hours = self.user_ids - resources.filtered("calendar_id").user_id
        return [
            self._missing(
                self.env._("Set the working hours of %(name)s.", name=user.name),
                "appointment_payments.action_practitioner_resources",
            )
            for user in without_hours
        ]

    def _get_missing_accounting(self, company):
        missing = []
        if not self.product_id:
            missing.append(self._missing(self.env._("Choose the service that is invoiced.")))
        if not company._has_appointment_sales_journal():
            missing.append(
                self._missing(
                    self.env._(
                        "%(company)s has no sales journal. Install a chart of accounts.",
                        company=company.name,
                    ),
                    "account.action_account_config",
                )
            )
        elif not company._has_appointment_receivable_account():
            missing.append(
                self._missing(
                    self.env._("%(company)s has no receivable account.", company=company.name),
                    "account.action_account_form",
                )
            )
        return missing

    def _get_missing_provider(self, company):
        providers = self.env["payment.provider"]._get_appointment_providers(
            company, self.currency_id
        )
        if not providers:
            text = self.env._(
                "Enable and publish a payment provider that takes %(currency)s.",
                currency=self.currency_id.name,
            )
        elif not providers.filtered("journal_id"):
            text = self.env._("Give the payment provider a journal.")
        else:
            return []
        return [self._missing(text, "payment.action_payment_provider")]
