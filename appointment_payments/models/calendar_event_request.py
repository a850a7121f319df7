from odoo import models


class CalendarEvent(models.Model):
    """Requests in the calendar: they show as Pending, and are cancelled with their money."""

    _inherit = "calendar.event"

    def _get_cancel_problem(self, bookings):
        """Extended: the money of a request goes back when it is cancelled, until it is accepted.

        See the parent method for the parameters.
        """
        requested = bookings.filtered(lambda b: b.state == "requested")
        if problem := super()._get_cancel_problem(bookings - requested):
            return problem
        if requested.with_env(self.env)._filtered_access("write") != requested.with_env(self.env):
            return self.env._("Only the practitioner and the front desk cancel it.")
        problems = (booking._get_decline_problem() for booking in requested)
        return next(filter(None, problems), False)
