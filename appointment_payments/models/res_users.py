from odoo import api, models


class ResUsers(models.Model):
    """A user who practises has a resource, which holds the working hours, per company.

    Without the hr module users have no resource, and writing working hours on them does nothing.
    """

    _inherit = "res.users"

    @api.model_create_multi
    def create(self, vals_list):
        # Odoo writes groups half-way through, when reading a name would cache that there is none
        creating = self.with_context(appointment_creating_users=True)
        users = super(ResUsers, creating).create(vals_list).with_env(self.env)
        users._ensure_resource_of_new_practitioners()
        return users

    def write(self, vals):
        result = super().write(vals)
        if "group_ids" in vals and not self.env.context.get("appointment_creating_users"):
            self._ensure_resource_of_new_practitioners()
        return result

    def _ensure_resource_of_new_practitioners(self):
        """Give users who were made practitioners directly, not through a role, their resource."""
        group = self.env.ref("appointment_payments.group_practitioner", raise_if_not_found=False)
        if group:
            for user in self.filtered(lambda u: group in u.group_ids):
                user._ensure_practitioner_resource(user.company_id)

    def _get_practitioner_resources(self, company=None):
        """Return the resources that hold these users' working hours.

        :param company: a `res.company`, or none for the resources of every company
        :rtype: recordset of `resource.resource`
        """
        domain = [("user_id", "in", self.ids), ("resource_type", "=", "user")]
        if company:
            domain.append(("company_id", "=", company.id))
        # sudo: a practitioner's hours in another company still keep the slot taken
        return self.env["resource.resource"].sudo().search(domain, order="id")

    def _get_guarding_resources(self):
        """Return the resources whose taken time keeps these users from being sold twice.

        Archived ones too: what was sold on them stays sold.

        :rtype: recordset of `resource.resource`
        """
        return self.with_context(active_test=False)._get_practitioner_resources()

    def _ensure_practitioner_resource(self, company=None):
        """Make the resources that these users are missing in a company.

        :param company: the `res.company`; none or empty: each user's own
        :return: the resources made, with the company's working hours
        :rtype: recordset of `resource.resource`
        """
        existing = {(r.user_id, r.company_id) for r in self._get_practitioner_resources()}
        vals_list = [
            user._prepare_practitioner_resource(company or user.company_id)
            for user in self
            if (user, company or user.company_id) not in existing
        ]
        # sudo: whoever may appoint practitioners need not be allowed to make resources
        return self.env["resource.resource"].sudo().create(vals_list)

    def _prepare_practitioner_resource(self, company):
        self.ensure_one()
        return {
            "name": self.name,
            "user_id": self.id,
            "company_id": company.id,
            "calendar_id": company.resource_calendar_id.id,
            "resource_type": "user",
            "tz": self.tz or company.resource_calendar_id.tz or "UTC",
        }
