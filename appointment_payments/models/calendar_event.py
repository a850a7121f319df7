from datetime import datetime, time, timedelta
from typing import NamedTuple

import pytz

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from .appointment_payment_occupancy import SlotTakenError

BOOKED_STATES = ("pending_payment", "requested", "confirmed", "attended", "no_show")
TIME_FIELDS = {"start", "stop", "start_date", "stop_date", "allday", "duration"}
MOVING_FIELDS = TIME_FIELDS | {"user_id"}
FRONT_DESK = "appointment_payments.group_front_desk"
# only this object lets an event go without a word; nobody can send it over RPC
BOOKING_LEAVES = object()
LEAVES_KEY = "appointment_booking_leaves"


class Place(NamedTuple):
    """When and with whom an event is.

    :ivar datetime start: naive UTC
    :ivar datetime stop: naive UTC
    :ivar bool allday: whether it takes whole days
    :ivar user: the `res.users` whose event it is
    """

    start: datetime
    stop: datetime
    allday: bool
    user: models.BaseModel


class CalendarEvent(models.Model):
    """What staff see of a booking. The event points to its bookings and shows their state."""

    _inherit = "calendar.event"

    appointment_booking_ids = fields.One2many(
        "appointment.payment.booking", "event_id", string="Bookings", copy=False
    )
    # clients are attendees, and attendees with a portal login may read their events over RPC
    notes = fields.Html(groups="base.group_user")
    appointment_booking_count = fields.Integer(
        compute="_compute_appointment_booking_count",
        help="The bookings that the user may open.",
    )
    appointment_status = fields.Char(
        string="Appointment",
        compute="_compute_appointment_status",
        compute_sudo=True,
        groups="base.group_user",
    )

    @api.depends("appointment_booking_ids.state", "appointment_booking_ids.payment_status")
    def _compute_appointment_status(self):
        for event in self:
            # as it is stored: a form may name any booking
            bookings = event._origin.appointment_booking_ids
            event.appointment_status = ", ".join(
                f"{booking._get_label('state')} · {booking._get_label('payment_status')}"
                for booking in bookings
            )

    @api.depends("appointment_booking_ids")
    @api.depends_context("uid")
    def _compute_appointment_booking_count(self):
        bookings = self.env["appointment.payment.booking"]
        counts = {}
        if bookings.has_access("read"):
            counts = dict(
                bookings._read_group([("event_id", "in", self.ids)], ["event_id"], ["__count"])
            )
        for event in self:
            event.appointment_booking_count = counts.get(event._origin, 0)

    def write(self, vals):
        if vals.get("recurrency"):
            self._check_not_booked()
        booked = self._get_booked() if MOVING_FIELDS & vals.keys() else self.browse()
        before = {event: event._get_place() for event in booked}
        result = super().write(vals)
        # a calendar that is synchronised repeats what has not changed
        moved = booked.filtered(lambda event: event._get_place() != before[event])
        moved._check_may_move(before)
        moved._check_no_seat_is_being_paid(before)
        for event in moved.filtered(lambda e: e.user_id != before[e].user):
            event._hand_over_bookings(before[event].user)
        if TIME_FIELDS & vals.keys():
            booked._check_not_past(before)
            booked._move_bookings()
        moved._tell_clients(before)
        if vals.get("active") is False:
            self._bookings_left_behind()._raise_event_gone()
        return result

    def _get_place(self):
        """Return when and with whom an event is.

        :rtype: Place
        """
        self.ensure_one()
        return Place(self.start, self.stop, self.allday, self.user_id)

    def _get_booked(self):
        """Return the events with bookings that still count, in one query for all.

        :rtype: recordset of `calendar.event`
        """
        # sudo: whether an event is booked is no secret to whoever may write it
        bookings = self.sudo().appointment_booking_ids
        booked = bookings.filtered(lambda b: b.state in BOOKED_STATES).event_id
        return self.browse(booked.ids)

    def _check_may_move(self, before):
        """Refuse colleagues who have nothing to do with an appointment that they have moved.

        :param dict before: the `Place` of each event before
        :raise UserError: when the user is neither its practitioner nor at the front desk
        """
        if self.env.su or all(before[event].user == self.env.user for event in self):
            return
        # sudo: to ask whether the user may write them all, not those alone that the rules show
        bookings = self.sudo().appointment_booking_ids.with_env(self.env)
        if not bookings.has_access("write"):
            raise UserError(
                self.env._("Only the practitioner and the front desk move a booked appointment.")
            )

    def _check_not_past(self, before):
        """Refuse to move an appointment to a time that has passed.

        :param dict before: the `Place` of each event before
        :raise UserError: when one has moved to the past
        """
        now = fields.Datetime.now()
        if any(event.start != before[event].start and event.start < now for event in self):
            raise UserError(self.env._("That time has passed. Choose one that is still to come."))

    def _check_not_booked(self):
        # sudo: whether an event is booked is no secret to whoever may write it
        if self.sudo().appointment_booking_ids:
            raise UserError(
                self.env._("A booked appointment cannot repeat. Make a new event for the series.")
            )

    def unlink(self):
        left_behind = self._bookings_left_behind()
        result = super().unlink()
        left_behind._raise_event_gone()
        return result

    def _move_bookings(self):
        # sudo: moving an event is checked on the event; the guard sees every company
        for event in self.sudo().filtered("appointment_booking_ids"):
            bookings = event.appointment_booking_ids.filtered(lambda b: b.state in BOOKED_STATES)
            if event.allday and bookings:
                raise UserError(self.env._("A booked appointment needs a time of day."))
            moved = bookings.filtered(
                lambda b, event=event: (b.start, b.stop) != (event.start, event.stop)
            )
            try:
                moved._move_to(event.start, event.stop)
            except SlotTakenError as error:
                seen = event.with_env(self.env)
                text = seen._get_taken_text(event.user_id, event.start, event.stop)
                raise SlotTakenError(text) from error

    def _hand_over_bookings(self, former):
        """Give the bookings of an event to its new practitioner, who attends from now on.

        :param former: the practitioner until now, as `res.users`
        :raise UserError: when the new one takes no appointments, or has no time
        """
        self.ensure_one()
        user = self.user_id
        bookings = self.sudo()._bookings_left_behind()
        if self.env.user == former and not self.env.user.has_group(FRONT_DESK):
            raise UserError(self.env._("Only the front desk gives an appointment to a colleague."))
        if not user or not user._practises() or bookings.company_id - user.sudo().company_ids:
            raise UserError(
                self.env._("Choose somebody who takes appointments in the same company.")
            )
        user._ensure_practitioner_resource(bookings.company_id[:1])
        try:
            bookings._hand_over_to(user)
        except SlotTakenError as error:
            raise SlotTakenError(self._get_taken_text(user, self.start, self.stop)) from error
        commands = [Command.unlink(former.partner_id.id), Command.link(user.partner_id.id)]
        quiet = self.sudo().with_context(skip_attendee_notification=True)
        quiet.write({"partner_ids": commands})

    def _tell_clients(self, before):
        """Tell clients that their appointment has another time or practitioner.

        :param dict before: the `Place` of each event before
        """
        # sudo: whoever may move the event makes it happen
        bookings = self.sudo().appointment_booking_ids
        former = {}
        for booking in bookings:
            place = before[booking.event_id]
            former[booking.id] = (place.start, place.stop, place.user.id)
        bookings._tell_changed(former)

    def _bookings_left_behind(self):
        if self.env.context.get(LEAVES_KEY) is BOOKING_LEAVES:
            return self.env["appointment.payment.booking"]
        # sudo: money is never orphaned, whoever removes the event
        return self.sudo().appointment_booking_ids.filtered(lambda b: b.state in BOOKED_STATES)

    def _get_public_fields(self):
        """Override of `calendar`: a colleague's private appointment shows that it is one."""
        return super()._get_public_fields() | {
            "appointment_booking_count",
            "appointment_booking_ids",
            "appointment_payment_color",
            "appointment_payment_status",
            "appointment_status",
        }

    def _get_busy_period(self, tz_name):
        """Return the time that an event takes from its attendee.

        :param str tz_name: the attendee's time zone, for all-day events
        :return: (start, stop) in naive UTC; whole local days for an all-day event
        :rtype: tuple[datetime, datetime]
        """
        self.ensure_one()
        if not self.allday:
            return self.start, self.stop
        zone = pytz.timezone(tz_name or "UTC")
        return tuple(
            zone.localize(datetime.combine(day, time.min)).astimezone(pytz.utc).replace(tzinfo=None)
            for day in (self.start_date, self.stop_date + timedelta(days=1))
        )

    @api.depends("appointment_booking_ids")
    def _compute_user_can_edit(self):
        """Extended: the front desk edits the appointments of its companies."""
        super()._compute_user_can_edit()
        if not self.env.user.has_group(FRONT_DESK):
            return
        # whoever books for a colleague is off the attendees before the form is filled in
        self.filtered(lambda e: not e._origin).user_can_edit = True
        closed = self.filtered(lambda e: not e.user_can_edit and e.appointment_state)
        bookings = self.env["appointment.payment.booking"].search_fetch(
            [("event_id", "in", closed._origin.ids)], ["event_id"]
        )
        booked = set(bookings.event_id.ids)
        for event in closed:
            event.user_can_edit = (
                event._origin.id in booked and not event._check_private_event_conditions()
            )
