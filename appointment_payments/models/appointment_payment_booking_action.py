from odoo import api, fields, models

from ..rules import slots
from .practice_setup import PracticeSetup


class AppointmentPaymentBooking(models.Model):
    """What the screens of bookings need: words, and buttons that open something else."""

    _inherit = "appointment.payment.booking"

    day_has_come = fields.Boolean(
        compute="_compute_day_has_come",
        help="From the day of the appointment on, staff are asked whether the client came.",
    )

    duration_text = fields.Char(string="Duration", compute="_compute_duration_text")

    @api.depends("start", "stop")
    @api.depends_context("lang")
    def _compute_duration_text(self):
        for booking in self:
            hours = (booking.stop - booking.start).total_seconds() / 3600
            booking.duration_text = booking.category_id._format_duration(hours)

    @api.depends("start", "tz", "user_id", "company_id")
    def _compute_day_has_come(self):
        now, setup = fields.Datetime.now(), PracticeSetup(self.user_id)
        for booking in self:
            tz = booking._get_practice_tz(setup)
            day, today = (slots.to_local(moment, tz).date() for moment in (booking.start, now))
            booking.day_has_come = day <= today

    def action_new_booking(self):
        """Button of the list: staff make a booking in the calendar, where the free times are.

        :rtype: dict
        """
        action = self.env["ir.actions.actions"]._for_xml_id("calendar.action_calendar_event")
        title = self.env._("New booking: choose a time")
        # the web client shows the display name, which was read before
        return {**action, "name": title, "display_name": title}

    def _whose_day_has_come(self):
        # in a list the eye slips easily; the form shows its buttons on the day
        return self if len(self) == 1 else self.filtered("day_has_come")

    def _report_bulk(self, moved):
        """Say how many of the bookings that were chosen in a list have changed.

        :param moved: those that did
        :return: an action that says so and shows the list anew; nothing for a single booking
        :rtype: dict|None
        """
        if len(self) == 1:
            return None
        if moved == self:
            message = self.env._("All %(count)s bookings are changed.", count=len(self))
        else:
            message = self.env._(
                "%(moved)s of %(count)s bookings are changed. The others stay as they were: their"
                " day has not come, or their state does not allow it.",
                moved=len(moved),
                count=len(self),
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if moved == self else "warning",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_preview(self):
        """Button: the booking as its client sees it.

        :rtype: dict
        """
        self.ensure_one()
        return {"type": "ir.actions.act_url", "target": "new", "url": self.get_portal_url()}

    def action_open_event(self):
        """Smart button: the appointment in the calendar.

        :rtype: dict
        """
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Appointment"),
            "res_model": "calendar.event",
            "res_id": self.event_id.id,
            "views": [(False, "form")],
        }

    def action_open_client(self):
        """Smart button: the client's contact.

        :rtype: dict
        """
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Client"),
            "res_model": "res.partner",
            "res_id": self.partner_id.id,
            "views": [(False, "form")],
        }

    def action_open_invoices(self):
        """Smart button: the invoices and credit notes of the booking.

        :rtype: dict
        """
        self.ensure_one()
        invoices = self.invoice_ids
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Invoices"),
            "res_model": "account.move",
            "context": {"create": False},
        }
        if len(invoices) == 1:
            return {**action, "res_id": invoices.id, "views": [(False, "form")]}
        return {
            **action,
            "domain": [("id", "in", invoices.ids)],
            "views": [(False, "list"), (False, "form")],
        }
