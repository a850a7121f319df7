"""What a practice has set up, read once for many categories or bookings."""

from functools import cache, cached_property


class PracticeSetup:
    """What companies and practitioners have set up: read once for any number of categories.

    It lives as long as the work it is made for, so that it is never older than that.
    """

    def __init__(self, users):
        """Look at nothing yet.

        :param users: the practitioners of all the categories, as `res.users`
        """
        self._users = users
        self._providers = users.env["payment.provider"]
        # each asked once for a company; sudo: plain staff read what is missing in the accounting
        self.has_sales_journal = cache(lambda c: c.sudo()._has_appointment_sales_journal())
        self.has_receivable = cache(lambda c: c.sudo()._has_appointment_receivable_account())
        self.get_providers = cache(self._providers._get_appointment_providers)

    @cached_property
    def _resources(self):
        """The practitioners' resources, by practitioner and company."""
        resources = self._users._get_practitioner_resources()
        return resources.grouped(lambda resource: (resource.user_id, resource.company_id))

    def has_hours(self, user, company):
        """Return whether a practitioner has working hours in a company.

        :param user: one of the practitioners
        :param company: the `res.company`
        :rtype: bool
        """
        resources = self._resources.get((user, company))
        return bool(resources and resources.calendar_id)

    def works_in(self, user, company):
        """Return whether a practitioner works in a company: who has left it keeps a resource there.

        :param user: one of the practitioners
        :param company: the `res.company`
        :rtype: bool
        """
        return company in user.sudo().company_ids  # sudo: only this answer

    def get_tz(self, user, company):
        """Return the time zone in which a practitioner works in a company.

        :param user: one of the practitioners
        :param company: the `res.company`
        :return: its name, or nothing when the practitioner has no resource there
        :rtype: str | None
        """
        resources = self._resources.get((user, company))
        return resources[0].tz if resources else None
