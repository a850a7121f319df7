from odoo import models


class CalendarAttendee(models.Model):
    _inherit = "calendar.attendee"

    def write(self, vals):
        result = super().write(vals)
        if vals.get("state") == "declined":
            self._get_declined_bookings()._raise_declined()
        return result

    def _get_declined_bookings(self):
        """Return the bookings whose practitioner is among these attendees; clients only answer.

        :rtype: recordset of `appointment.payment.booking`
        """
        bookings = self.env["appointment.payment.booking"]
        for attendee in self:
            # sudo: money is never orphaned, whoever answers
            for booking in attendee.sudo().event_id._bookings_left_behind():
                if booking.user_id.partner_id == attendee.partner_id:
                    bookings |= booking
        return bookings

    def _send_invitation_emails(self):
        """Override of `calendar`: bookings have mails of their own, one per happening."""
        not_booked = self.filtered(lambda a: not a.event_id.sudo().appointment_booking_ids)
        return super(CalendarAttendee, not_booked)._send_invitation_emails()
