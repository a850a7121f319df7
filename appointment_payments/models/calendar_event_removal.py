from odoo import models
from odoo.exceptions import UserError


class CalendarEvent(models.Model):
    """What the dialogue asks before a booked appointment leaves the calendar."""

    _inherit = "calendar.event"

    def get_appointment_removal(self):
        """Return what the dialogue says about the bookings of events.

        :return: ``titles`` of the appointments, ``count`` of the bookings that still count,
            ``can_cancel``, and ``problem``: why they cannot be cancelled, or False
        :rtype: dict
        """
        self.check_access("read")
        # sudo: that a time stays taken is no secret to whoever may write the event
        bookings = self.sudo()._bookings_left_behind()
        problem = self._get_cancel_problem(bookings)
        return {
            "titles": bookings.event_id.with_env(self.env).mapped("display_name"),
            "count": len(bookings),
            "can_cancel": bool(bookings) and not problem,
            "problem": problem,
        }

    def _get_cancel_problem(self, bookings):
        """Return why bookings cannot be cancelled here.

        :param bookings: recordset of `appointment.payment.booking`
        :rtype: str | bool
        """
        if bookings.with_env(self.env)._filtered_access("write") != bookings.with_env(self.env):
            return self.env._("Only the practitioner and the front desk cancel it.")
        if any(booking._has_money() for booking in bookings):
            return self.env._("It has a payment: refund it first, then cancel.")
        if bookings.filtered(lambda b: b.state in ("attended", "no_show")):
            return self.env._("It has taken place, so it cannot be cancelled.")
        return False

    def action_cancel_appointments(self):
        """Dialogue: call the bookings of these events off; their time becomes free.

        :raise UserError: when there is money, or nothing to cancel
        """
        self.check_access("write")
        bookings = self.sudo()._bookings_left_behind().with_env(self.env)
        if problem := self._get_cancel_problem(bookings.sudo()):
            raise UserError(problem)
        bookings.action_cancel()

    def action_remove_from_calendar(self):
        """Dialogue: take events out of the calendar; their bookings stay, with their time.

        Archived, not deleted: the activity that this raises says how to put them back.
        """
        self.action_archive()
