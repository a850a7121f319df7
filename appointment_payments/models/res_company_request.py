from odoo import api, fields, models


class ResCompany(models.Model):
    """The practice's page on how requests and refunds work."""

    _inherit = "res.company"

    appointment_requests_url = fields.Char(
        string="Link for clients", compute="_compute_appointment_requests_url"
    )

    def _compute_appointment_requests_url(self):
        for company in self:
            company.appointment_requests_url = (
                company.get_base_url() + company._get_requests_path() if company.id else False
            )

    def _get_requests_path(self):
        """Return the page on how requests and refunds work.

        :return: a path; no link name of a category has it
        :rtype: str
        """
        self.ensure_one()
        return f"/booking/about/requests?company={self.id}"

    @api.model
    def _find_for_requests_page(self, text):
        """Return the company whose page is asked for: one that takes bookings or did, or one's own.

        :param text: its id as it stands in the address; none for the visitor's company
        :return: nothing when there is no such page
        :rtype: recordset of `res.company`
        """
        if not text:
            return self.env.company
        if not str(text).isdecimal() or len(str(text)) > 9:
            return self.browse()
        company = self.browse(int(text)).exists()
        categories = self.env["calendar.event.type"].with_context(active_test=False)
        sellers = categories.search([("slug", "!=", False)])
        own = self.env.user.company_ids if self.env.user._is_internal() else self.browse()
        found = company & (sellers.company_id | sellers.user_ids.company_id | own)
        # the mails of its requests link to it, whoever sells the category now
        return found or company.filtered(lambda c: c._has_appointment_requests())

    def _has_appointment_requests(self):
        """Return whether a client has sent the company a request.

        :rtype: bool
        """
        self.ensure_one()
        domain = [("company_id", "=", self.id), ("requested_at", "!=", False)]
        return bool(self.env["appointment.payment.booking"].search_count(domain, limit=1))
