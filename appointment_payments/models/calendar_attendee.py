from odoo import models


class CalendarAttendee(models.Model):
    _inherit = "calendar.attendee"

    def _send_invitation_emails(self):
        """Override of `calendar`: bookings have mails of their own, one per happening."""
        not_booked = self.filtered(lambda a: not a.event_id.sudo().appointment_booking_ids)
        return super(CalendarAttendee, not_booked)._send_invitation_emails()
