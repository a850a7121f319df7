from odoo import api, fields, models


class AppointmentPaymentBooking(models.Model):
    """What the form of a booking needs: its buttons that open something else."""

    _inherit = "appointment.payment.booking"

    day_has_come = fields.Boolean(
        compute="_compute_day_has_come",
        help="From the day of the appointment on, staff are asked whether the client came.",
    )

    @api.depends("start", "tz")
    def _compute_day_has_come(self):
        now = fields.Datetime.now()
        for booking in self:
            day = booking._local(booking.start).date()
            booking.day_has_come = day <= booking._local(now).date()

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
