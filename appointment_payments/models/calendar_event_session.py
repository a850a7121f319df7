from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .calendar_event import BOOKED_STATES


class CalendarEvent(models.Model):
    """A group meets in one event: the bookings of one category, practitioner and start."""

    _inherit = "calendar.event"

    @api.model
    def _find_session_event(self, category, user, start):
        """Return the event in which a group meets already.

        :param category: the `calendar.event.type`
        :param user: the practitioner
        :param start: naive UTC, as a datetime or as text
        :return: one event as superuser, or none
        :rtype: recordset of `calendar.event`
        """
        if category.capacity <= 1 or not start:
            return self.sudo().browse()
        # sudo: a group is one, whoever books its seats
        bookings = self.env["appointment.payment.booking"].sudo().search(
            [
                ("category_id", "=", category.id),
                ("user_id", "=", user.id),
                ("start", "=", start),
                ("capacity", ">", 1),
                ("state", "in", BOOKED_STATES),
                ("event_id.active", "=", True),
            ],
            order="id",
            limit=1,
        )
        return bookings.event_id

    def _check_no_seat_is_being_paid(self, before):
        """Refuse to move a group while somebody pays for a seat at its former time.

        They have agreed to that time, and would meet there alone.

        :param dict before: the `Place` of each event before
        :raise UserError: with until when the seat is kept
        """
        for event in self:
            # sudo: a group is one, whoever booked its seats
            booking = event.sudo().appointment_booking_ids.filtered(
                lambda b: b.state in BOOKED_STATES
            )[:1]
            seat = booking.capacity > 1 and booking._find_seat_being_paid(
                before[event].user, before[event].start
            )
            if seat:
                raise UserError(
                    self.env._(
                        "A client is paying for a seat of this group, which is kept until"
                        " %(moment)s. Move the group once it is paid, or after that.",
                        moment=seat._format_for_staff(seat.hold_until),
                    )
                )

    @api.model
    def _claim_session(self, category, user):
        """Be the only one who opens a group's event with a practitioner now.

        Who confirms the first two seats in one moment sees no event of the other: the later
        transaction fails to serialize, is repeated as Odoo does, and joins the event.

        :param category: the `calendar.event.type`
        :param user: the practitioner
        """
        if category.capacity <= 1:
            return
        # sudo: a lock, whoever books
        resources = user.sudo()._get_guarding_resources()
        # in the order of those who take time: first the queue, then the row
        self.env["appointment.payment.occupancy"]._lock_resources(resources)
        self.env.cr.execute(
            SQL(
                "UPDATE resource_resource SET write_date = write_date WHERE id IN %s",
                tuple(resources.ids) or (None,),
            ),
            log_exceptions=False,
        )

    def _update_session_title(self):
        """Say in the title of a group's event how many seats are taken, unless staff named it."""
        for event in self:
            # sudo: a number of seats, whoever's payment changes it
            event_sudo = event.sudo()
            event_sudo.invalidate_recordset(["appointment_booking_ids"])
            bookings = event_sudo.appointment_booking_ids
            if not bookings or bookings[0].capacity <= 1:
                continue
            category, seats = bookings[0].category_id, bookings[0].capacity
            taken = len(bookings.filtered(lambda b: b.state in BOOKED_STATES))
            numbers = range(len(bookings) + 2)
            titles = [event._get_session_title(category, number, seats) for number in numbers]
            titles += [event._get_appointment_title(category, b.partner_id) for b in bookings]
            if event_sudo.name in titles:
                event_sudo.name = titles[taken]

    @api.model
    def _get_session_title(self, category, taken, seats):
        return self.env._(
            "%(category)s · %(taken)s of %(seats)s", category=category.name, taken=taken,
            seats=seats,
        )
