from itertools import chain

from markupsafe import Markup

from odoo import api, fields, models

from .practice_setup import PracticeSetup


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
        setup = self._origin._get_setup()
        for category in self:
            # what is stored counts: practitioners get their working hours when it is saved
            saved = category._origin
            companies = saved._get_selling_companies() if saved else []
            missing = [saved._get_missing(company, setup) for company in companies]
            hints = [saved._get_without_hours(company, setup) for company in companies]
            category.missing_html = self._render_missing(chain(*missing, *hints))
            category.is_ready = any(not of_company for of_company in missing)

    @api.model
    def _render_missing(self, missing):
        """Return as HTML what is missing, each with a link for those who can set it up.

        :param missing: what `_get_missing` returns; each thing is said once
        :return: an HTML list, or an empty string
        :rtype: Markup
        """
        items = Markup().join(
            Markup("<li>%s%s</li>") % (text, self._render_missing_action(action))
            for text, action in dict.fromkeys((e["text"], e["action"]) for e in missing)
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

    def _get_setup(self):
        """Return what is set up for these categories, to be handed to what asks for it.

        :rtype: PracticeSetup
        """
        return PracticeSetup(self.user_ids)

    def _get_missing(self, company, setup=None):
        """List what has to be set up before clients can book this category in a company.

        :param company: the selling `res.company`
        :param PracticeSetup setup: what was read for several categories; read now by default
        :return: one dict per missing thing: ``text`` (a translated sentence that says what to do)
                 and ``action`` (the xmlid of the window action where to do it, or ``False``)
        :rtype: list[dict]
        """
        self.ensure_one()
        setup = setup or self._get_setup()
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
        missing += category._get_missing_practitioners(company, setup)
        if category.price:
            missing += category._get_missing_accounting(company, setup)
        if category._resolve_terms(company)["amount_due_now"]:
            missing += category._get_missing_provider(company, setup)
        return missing

    @api.model
    def _missing(self, text, action=False):
        return {"text": text, "action": action}

    def _get_selling_companies(self):
        """Return the companies that sell this category, each with its own practitioners.

        :rtype: recordset of `res.company`
        """
        self.ensure_one()
        companies = self.env["res.company"]
        for user in self.user_ids:
            companies |= self._get_selling_company(user)
        return companies or self.company_id or self.env.company

    def _get_bookable_practitioners(self, setup=None):
        """Return whom clients can book now: who has working hours, where nothing is missing.

        :param PracticeSetup setup: what was read for several categories; read now by default
        :rtype: recordset of `res.users`
        """
        self.ensure_one()
        setup = setup or self._get_setup()
        bookable = self.env["res.users"]
        for company in self._get_selling_companies():
            if not self._get_missing(company, setup):
                bookable |= self._split_by_hours(company, setup)[0]
        return self.user_ids & bookable

    def _split_by_hours(self, company, setup):
        """Return who sells the category in a company: with working hours there, and without.

        Without a calendar Odoo takes somebody for free day and night; here nobody can book them.
        Nor whoever does not work in the company: they could not open what is booked with them.

        :param company: the selling `res.company`
        :param PracticeSetup setup: what is set up
        :return: two recordsets of `res.users`
        :rtype: tuple
        """
        users = self.user_ids.filtered(lambda user: self._get_selling_company(user) == company)
        with_hours = users.filtered(
            lambda user: setup.works_in(user, company) and setup.has_hours(user, company)
        )
        return with_hours, users - with_hours

    def _get_missing_practitioners(self, company, setup):
        with_hours, without_hours = self._split_by_hours(company, setup)
        if with_hours:
            return []  # the others are a hint: they cannot be booked, and close nothing
        if not without_hours:
            return [self._missing(self.env._("Choose at least one practitioner."))]
        return self._get_without_hours(company, setup)

    def _get_without_hours(self, company, setup):
        """List whose company or working hours have to be set before clients can book them.

        :param company: the selling `res.company`
        :param PracticeSetup setup: what is set up
        :return: see `_get_missing`
        :rtype: list[dict]
        """
        category = self.sudo().with_company(company)  # as in `_get_missing`
        return [
            self._get_missing_hours(user, company, setup)
            for user in category._split_by_hours(company, setup)[1]
        ]

    def _get_missing_hours(self, user, company, setup):
        if not setup.works_in(user, company):
            return self._missing(
                self.env._(
                    "%(name)s does not work in %(company)s. Add the company to the user, or take"
                    " them off the list.",
                    name=user.name,
                    company=company.name,
                ),
                "base.action_res_users",
            )
        return self._missing(
            self.env._("Set the working hours of %(name)s.", name=user.name),
            "appointment_payments.action_practitioner_resources",
        )

    def _get_missing_accounting(self, company, setup):
        missing = []
        if not self.product_id:
            missing.append(self._missing(self.env._("Choose the service that is invoiced.")))
        elif foreign := self._get_foreign_taxes(company):
            missing.append(
                self._missing(
                    self.env._(
                        "Odoo refuses invoices of %(company)s with %(taxes)s, a tax of another"
                        " country than its fiscal one (%(country)s). Change the taxes of the"
                        " service.",
                        company=company.name,
                        taxes=", ".join(foreign.mapped("name")),
                        country=company.account_fiscal_country_id.name or self.env._("not set"),
                    )
                )
            )
        if not setup.has_sales_journal(company):
            missing.append(
                self._missing(
                    self.env._(
                        "%(company)s has no sales journal. Install a chart of accounts.",
                        company=company.name,
                    ),
                    "account.action_account_config",
                )
            )
        elif not setup.has_receivable(company):
            missing.append(
                self._missing(
                    self.env._("%(company)s has no receivable account.", company=company.name),
                    "account.action_account_form",
                )
            )
        return missing

    def _get_foreign_taxes(self, company):
        """Return the taxes of the service with which Odoo posts no invoice of a company.

        A fiscal position may still replace them for some clients, never for those at home.

        :param company: the selling `res.company`
        :rtype: recordset of `account.tax`
        """
        country = company.account_fiscal_country_id
        return self._get_taxes(company).filtered(lambda tax: tax.country_id != country)

    def _get_missing_provider(self, company, setup):
        providers = setup.get_providers(company, self.currency_id)
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
