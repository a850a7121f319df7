from datetime import datetime, time, timedelta

import pytz

from odoo import api, fields, models
from odoo.exceptions import UserError

BOOKED_STATES = ("pending_payment", "confirmed", "attended", "no_show")
TIME_FIELDS = {"start", "stop", "start_date", "stop_date", "allday", "duration"}


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
        string="Appointment", compute="_compute_appointment_status", compute_sudo=True
    )

    @api.depends("appointment_booking_ids.state", "appointment_booking_ids.payment_status")
    def _compute_appointment_status(self):
        for event in self:
            bookings = event.appointment_booking_ids
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
        result = super().write(vals)
        if TIME_FIELDS & vals.keys():
            self._move_bookings()
        if vals.get("active") is False:
            self._bookings_left_behind()._raise_event_gone()
        return result

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
            moved._move_to(event.start, event.stop)

    def _bookings_left_behind(self):
        if self.env.context.get("appointment_booking_leaves"):
            return self.env["appointment.payment.booking"]
        # sudo: money is never orphaned, whoever removes the event
        return self.sudo().appointment_booking_ids.filtered(lambda b: b.state in BOOKED_STATES)

    def _skip_send_mail_status_update(self):
        """Override of `calendar`: bookings have mails of their own."""
        return bool(self.sudo().appointment_booking_ids) or super()._skip_send_mail_status_update()

    def _get_public_fields(self):
        """Override of `calendar`: a colleague's private appointment shows that it is one."""
        return super()._get_public_fields() | {
            "appointment_booking_count",
            "appointment_booking_ids",
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

    def action_open_appointment_bookings(self):
        """Smart button: the bookings of the event."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "appointment_payments.action_appointment_payment_booking"
        )
        action["domain"] = [("event_id", "=", self.id)]
        action["context"] = {}
        bookings = self.env["appointment.payment.booking"].search(action["domain"], limit=2)
        if len(bookings) == 1:
            action.update(views=[(False, "form")], view_mode="form", res_id=bookings.id)
        return action
