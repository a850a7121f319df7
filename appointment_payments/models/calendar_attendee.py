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

    def _notify_attendees(self, mail_template, notify_author=False, force_send=False):
        """Extended: bookings have mails of their own, one per happening."""
        # sudo: whether an event is booked is no secret to whoever writes to those who attend
        booked = self.sudo().event_id.appointment_booking_ids.event_id
        others = self
        if booked:
            others = self.filtered(lambda attendee: attendee.event_id not in booked)
        return super(CalendarAttendee, others)._notify_attendees(
            mail_template, notify_author, force_send
        )
