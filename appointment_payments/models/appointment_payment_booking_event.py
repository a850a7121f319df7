from odoo import fields, models
from odoo.fields import Command


class AppointmentPaymentBooking(models.Model):
    """A booking's event in the practitioner's calendar, kept in step."""

    _inherit = "appointment.payment.booking"

    event_id = fields.Many2one(
        "calendar.event", ondelete="set null", index="btree_not_null", readonly=True, copy=False
    )

    def _create_events(self):
        """Put bookings without an event in their practitioner's calendar, without invitations."""
        without_event = self.filtered(lambda b: not b.event_id)
        # sudo: the practitioner's calendar is written by whoever's payment confirms the booking
        events = (
            self.env["calendar.event"]
            .sudo()
            .with_context(skip_contact_description=True, no_mail_to_attendees=True)
            .create([booking._prepare_event() for booking in without_event])
        )
        events.invalidate_recordset(["appointment_booking_ids"])

    def _prepare_event(self):
        self.ensure_one()
        client_partners = self.partner_id | self.user_id.partner_id
        return {
            "name": f"{self.category_id.name} · {self.partner_id.name}",
            "start": self.start,
            "stop": self.stop,
            "user_id": self.user_id.id,
            "partner_ids": [Command.set(client_partners.ids)],
            "categ_ids": [Command.set(self.category_id.ids)],
            "appointment_booking_ids": [Command.set(self.ids)],
            "show_as": "busy",
        }

    def _remove_events(self):
        """Take called-off bookings out of the calendar; the event stays in the archive."""
        # sudo: see _create_events
        self.sudo().event_id.with_context(appointment_booking_leaves=True).active = False

    def _move_to(self, start, stop):
        """Move bookings to another time, with the time they take.

        :param datetime start: naive UTC
        :param datetime stop: naive UTC
        :raise SlotTakenError: when another booking has that time
        """
        # sudo: dates are frozen for people; whoever moves the event was checked there
        bookings = self.sudo()
        bookings.occupancy_ids._move(start, stop)
        bookings.write({"start": start, "stop": stop})
        for booking in bookings:
            booking._update_invoice_due_date()

    def _raise_event_gone(self):
        """Tell the practitioner that an appointment left the calendar but is still booked."""
        self._raise_still_booked(
            self.env._("The appointment was removed from the calendar"),
            self.env._("Cancel the booking or put it back in the calendar."),
        )

    def _raise_declined(self):
        """Tell the practitioner that declining an appointment does not call it off."""
        self._raise_still_booked(
            self.env._("You declined an appointment that is booked"),
            self.env._("Cancel the booking or accept the appointment in the calendar."),
        )

    def _raise_still_booked(self, summary, advice):
        for booking in self.sudo():  # sudo: an activity on a booking, whoever changed the event
            booking.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=summary,
                note=self.env._(
                    "%(booking)s on %(when)s is still booked, and its time stays taken. %(advice)s",
                    booking=booking.display_name,
                    when=booking._format_when(),
                    advice=advice,
                ),
                user_id=booking.user_id.id,
                date_deadline=fields.Date.context_today(booking),
            )
