from markupsafe import Markup

from odoo import api, fields, models


class CalendarEventType(models.Model):
    """Whether a category can be sold: nothing is silently free (design rule 14)."""

    _inherit = "calendar.event.type"

    missing_html = fields.Html(
        string="What is missing",
        compute="_compute_is_ready",
        compute_sudo=True,
        sanitize=False,
        help="What has to be set up before clients can book, each with a link to do it.",
    )
    is_ready = fields.Boolean(compute="_compute_is_ready", compute_sudo=True)
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
    @api.depends_context("company", "lang", "uid")
    def _compute_is_ready(self):
        for category in self:
            # what is stored counts: practitioners get their working hours when it is saved
            saved = category._origin
            missing = saved._get_missing(saved.company_id or self.env.company) if saved else []
            category.missing_html = self._render_missing(missing)
            category.is_ready = bool(saved) and not missing

    @api.model
    def _render_missing(self, missing):
        """Return as HTML what is missing, each with a link for those who can set it up.

        :param list missing: what `_get_missing` returns
        :return: an HTML list, or an empty string
        :rtype: Markup
        """
        items = Markup().join(
            Markup("<li>%s%s</li>") % (entry["text"], self._render_missing_action(entry["action"]))
            for entry in missing
        )
        return Markup('<ul class="mb-0">%s</ul>') % items if items else ""

    @api.model
    def _render_missing_action(self, xmlid):
        """Return the link to the screen where something is set up, or who can do it.

        :param str xmlid: a window action, or ``False``
        :rtype: Markup | str
        """
        action = xmlid and self.env.ref(xmlid, raise_if_not_found=False)
        if not action:
            return ""
        action = action.sudo()  # the name of a screen is no secret; who may use it is asked below
        if not self.env[action.res_model].sudo(False).has_access("write"):
            return Markup(" <em>%s</em>") % self.env._("An administrator can do that.")
        return Markup(' <a class="%s" href="/odoo/action-%s">%s</a>') % (
            "text-reset text-decoration-underline",
            xmlid,
            self.env._("Open %(screen)s", screen=action.name),
        )

    def action_open_public_page(self):
        """Button: the page where clients book the category.

        :rtype: dict
        """
        self.ensure_one()
        return {"type": "ir.actions.act_url", "target": "new", "url": self.public_url}

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
