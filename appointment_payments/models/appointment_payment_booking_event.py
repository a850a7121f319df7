from odoo import api, fields, models
from odoo.fields import Command

from .calendar_event import BOOKING_LEAVES, LEAVES_KEY


class AppointmentPaymentBooking(models.Model):
    """A booking's event in the practitioner's calendar, kept in step."""

    _inherit = "appointment.payment.booking"

    event_id = fields.Many2one(
        "calendar.event", ondelete="set null", index="btree_not_null", readonly=True, copy=False
    )

    def _create_events(self):
        """Put bookings without an event in their practitioner's calendar, without invitations.

        The bookings of a group's session share one event. What had been given up comes back.
        """
        self.filtered(lambda b: b.capacity <= 1)._restore_events()
        # sudo: see below
        without_event = self.filtered(lambda b: not b.sudo().event_id.active)
        groups = without_event.filtered(lambda b: b.capacity > 1)
        # sudo: the practitioner's calendar is written by whoever's payment confirms the booking
        events = (
            self.env["calendar.event"]
            .sudo()
            .with_context(skip_contact_description=True, no_mail_to_attendees=True)
        )
        events.create([booking._prepare_event() for booking in without_event - groups])
        for key, bookings in groups.grouped(lambda b: b._get_session_key()).items():
            category, user = bookings.category_id, bookings.user_id
            session = events._find_session_event(category, user, key[-1])
            if not session:
                events._claim_session(category, user)
            bookings.sudo().event_id = session or events.create([bookings[0]._prepare_event()])
            bookings.sudo().event_id._update_session_title()
        without_event.event_id.invalidate_recordset(["appointment_booking_ids"])

    def _get_session_key(self):
        """Return what the bookings of one group session have in common.

        :return: ids of category and practitioner, and the start; None for a single appointment
        :rtype: tuple | None
        """
        self.ensure_one()
        if self.capacity <= 1:
            return None
        return self.category_id.id, self.user_id.id, self.start

    def _find_seat_being_paid(self, user, start):
        """Return a seat of the same category that is kept for a client who has not paid yet.

        :param user: the practitioner of the group, as `res.users`
        :param datetime start: of the group, naive UTC
        :return: the one that is kept the longest, or none
        :rtype: recordset of `appointment.payment.booking`
        """
        self.ensure_one()
        return self.search(
            [
                ("category_id", "=", self.category_id.id),
                ("user_id", "=", user.id),
                ("start", "=", start),
                ("capacity", ">", 1),
                ("state", "=", "pending_payment"),
                ("event_id", "=", False),
                ("hold_until", ">", fields.Datetime.now()),
            ],
            order="hold_until desc",
            limit=1,
        )

    def _prepare_event(self):
        self.ensure_one()
        events = self.env["calendar.event"]
        user, client, category = self.user_id, self.partner_id, self.category_id
        none = self.env["res.partner"]
        partners = events._get_appointment_attendees(none, user, client, category)
        return {
            "name": events._get_appointment_title(category, client),
            "start": self.start,
            "stop": self.stop,
            "user_id": user.id,
            "partner_ids": [Command.set(partners.ids)],
            "attendee_ids": events._get_attendee_commands(partners, user, client),
            "categ_ids": [Command.set(category.ids)],
            "appointment_booking_ids": [Command.set(self.ids)],
            "show_as": "busy",
        }

    def _remove_events(self):
        """Take called-off bookings out of the calendar; the event stays in the archive.

        The event of a group stays for the others.
        """
        self._archive_events(self.sudo().event_id)  # sudo: see _create_events

    def _restore_events(self):
        """Put bookings that take place after all back in the calendar."""
        events = self.sudo().event_id  # sudo: see _create_events
        events.filtered(lambda event: not event.active).active = True

    @api.model
    def _archive_events(self, events):
        shared = events.filtered(lambda e: e._bookings_left_behind())
        (events - shared).with_context(**{LEAVES_KEY: BOOKING_LEAVES}).active = False
        shared._update_session_title()

    def _after_confirmed(self):
        """Extended to tell practitioners whose calendar has something over the appointment."""
        result = super()._after_confirmed()
        # staff have seen the conflict when they booked
        self.filtered(lambda b: b.origin == "portal")._raise_conflicts()
        return result

    def _raise_conflicts(self):
        conflicting = self.event_id.filtered("appointment_conflict")
        self.filtered(lambda b: b.event_id in conflicting)._schedule_todo(
            self.env._("Something else is in your calendar at the time of an appointment"),
            self.env._("It was booked all the same. Move one of the two."),
        )

    def _hand_over_to(self, user):
        """Give bookings to another practitioner, at the price that the client agreed to.

        :param user: the new practitioner, as `res.users`
        :raise SlotTakenError: when their time is taken; all bookings go over or none
        """
        self._change_practitioner(user)
        self._send_mails("appointment_payments.mail_template_booking_confirmed_practitioner")

    def _change_practitioner(self, user):
        """Have bookings take another practitioner's time.

        :param user: the new practitioner, as `res.users`
        :raise SlotTakenError: when their time is taken; the caller rolls back
        """
        # sudo: the practitioner is frozen for people; whoever changes it was checked before
        bookings = self.sudo()
        bookings._release()
        bookings.write({"user_id": user.id})
        bookings._occupy()

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

    def _raise_moved_elsewhere(self, refusal):
        """Tell the practitioner that an appointment was moved in another calendar, and not here.

        :param str refusal: why not
        """
        stays = self.env._("It stays where it is, and its time stays taken. Tell the client.")
        self._schedule_todo(
            self.env._("An appointment was moved in another calendar"), f"{refusal} {stays}"
        )

    def _raise_still_booked(self, summary, advice):
        stays = self.env._("It is still booked, and its time stays taken.")
        self._schedule_todo(summary, f"{stays} {advice}")

    def _schedule_todo(self, summary, note):
        """Give the practitioner of each booking something to do about it today.

        :param str summary: a few words
        :param str note: sentences that follow the booking and its time
        """
        for booking in self.sudo():  # sudo: an activity on a booking, whoever changed the event
            booking.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=summary,
                note=f"{booking.display_name}, {booking._format_when()}. {note}",
                user_id=booking.user_id.id,
                date_deadline=fields.Date.context_today(booking),
            )
