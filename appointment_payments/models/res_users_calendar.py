from odoo import models


class ResUsers(models.Model):
    """Who practises; and whose calendars the front desk sees from the first day on."""

    _inherit = "res.users"

    def _practises(self, category=None):
        """Return whether a user takes appointments.

        :param category: a `calendar.event.type` whose practitioners count, or none
        :rtype: bool
        """
        self.ensure_one()
        if category and self in category.user_ids:
            return True
        group = self.env.ref("appointment_payments.group_practitioner")
        # sudo: a colleague's groups and hours are not shown, only this answer
        user = self.sudo()
        return group in user.group_ids or bool(user._get_practitioner_resources())

    def _ensure_practitioner_resource(self, company=None):
        """Extended: the front desk sees the calendars of those who begin to practise."""
        resources = super()._ensure_practitioner_resource(company)
        if resources:
            self._get_front_desk(resources.company_id)._show_calendars_of(resources.user_id)
        return resources

    def _ensure_resource_of_new_practitioners(self):
        """Extended: who begins at the front desk sees the practitioners' calendars."""
        result = super()._ensure_resource_of_new_practitioners()
        front_desk = self._get_front_desk(self.company_ids) & self
        for user in front_desk:
            # sudo: the practitioners of one's companies, by their resources
            resources = self.env["resource.resource"].sudo().search(
                [("user_id", "!=", False), ("company_id", "in", user.company_ids.ids)]
            )
            user._show_calendars_of(resources.user_id.filtered("active"))
        return result

    def _get_front_desk(self, companies):
        """Return who works at the front desk, managers included.

        :param companies: recordset of `res.company`
        :rtype: recordset of `res.users`
        """
        group = self.env.ref("appointment_payments.group_front_desk", raise_if_not_found=False)
        if not group:
            return self.browse()
        # sudo: whoever appoints practitioners need not read the groups of others
        return (
            self.sudo()
            .search(
                [
                    ("all_group_ids", "in", group.ids),
                    ("company_ids", "in", companies.ids),
                    ("share", "=", False),
                ]
            )
            .with_env(self.env)
        )

    def _show_calendars_of(self, practitioners):
        """Put practitioners beside these users' calendars, ticked, unless they are there.

        :param practitioners: recordset of `res.users`
        """
        # sudo: everybody's own choice of calendars
        filters = self.env["calendar.filters"].sudo().with_context(active_test=False)
        there = {
            (choice.user_id.id, choice.partner_id.id)
            for choice in filters.search([("user_id", "in", self.ids)])
        }
        filters.create(
            [
                {"user_id": user.id, "partner_id": practitioner.partner_id.id}
                for user in self
                for practitioner in practitioners - user
                if (user.id, practitioner.partner_id.id) not in there
            ]
        )
