from odoo import api, fields, models

from .calendar_event_status import PRACTITIONER


class CalendarEvent(models.Model):
    """Requests in the calendar: they read Pending, and are answered there."""

    _inherit = "calendar.event"

    appointment_request_label = fields.Char(
        compute="_compute_appointment_request_label",
        groups=PRACTITIONER,
        help="What accepting the request of this event does; empty when there is none.",
    )

    @api.depends("appointment_booking_ids.state", "appointment_booking_ids.answered_at")
    @api.depends_context("uid", "lang")
    def _compute_appointment_request_label(self):
        for event in self:
            waiting = event._get_requests_to_answer()
            event.appointment_request_label = (
                self.env._("Accept %(count)s requests", count=len(waiting))
                if len(waiting) > 1
                else waiting.accept_label
            )

    def _get_requests_to_answer(self):
        """Return the requests of events that the user can see and answer.

        :rtype: recordset of `appointment.payment.booking`
        """
        bookings = self.env["appointment.payment.booking"]
        if not self.ids or not bookings.has_access("read"):
            return bookings
        return bookings.search(
            [
                ("event_id", "in", self.ids),
                ("state", "=", "requested"),
                ("answered_at", "=", False),
            ]
        )

    def action_accept_requests(self):
        """Button: accept the requests of an event.

        :return: what `action_accept` of bookings returns
        :rtype: dict | None
        """
        return self._get_requests_to_answer().action_accept()

    def action_decline_requests(self):
        """Button: the dialogue in which the requests of an event are declined.

        :rtype: dict
        """
        action = self.env["ir.actions.actions"]._for_xml_id(
            "appointment_payments.action_appointment_payment_decline"
        )
        waiting = self._get_requests_to_answer()
        return {**action, "context": {"default_booking_ids": waiting.ids}}

    @api.model
    def get_appointment_colors(self):
        """Extended: a request has the colour of its state."""
        bookings = self.env["appointment.payment.booking"]
        colour = bookings._get_colour_of("state", "requested").index
        return {**super().get_appointment_colors(), "requested": colour}

    def get_appointment_details(self):
        """Extended by ``accept`` (what the button says, or nothing), ``decline`` and ``answer``."""
        details = super().get_appointment_details()
        bookings = self.env["appointment.payment.booking"].browse([row["id"] for row in details])
        for row, booking in zip(details, bookings, strict=True):
            row["accept"] = booking.may_accept and booking.accept_label
            row["decline"] = booking.may_decline
            row["answer"] = booking.time_left and self.env._(
                "Answer within %(left)s", left=booking.time_left
            )
        return details
