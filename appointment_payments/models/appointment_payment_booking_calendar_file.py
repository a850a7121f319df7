from odoo import fields, models

from ..rules import calendar_file


class AppointmentPaymentBooking(models.Model):
    """The appointment as a file for the client's own calendar."""

    _inherit = "appointment.payment.booking"

    calendar_sequence = fields.Integer(
        readonly=True,
        copy=False,
        help="How often the appointment was moved, handed over or called off.",
    )

    def _move_to(self, start, stop):
        """Extended to let calendars know that what they have is old."""
        result = super()._move_to(start, stop)
        self._raise_calendar_sequence()
        return result

    def _change_practitioner(self, user):
        """Extended like :meth:`_move_to`."""
        result = super()._change_practitioner(user)
        self._raise_calendar_sequence()
        return result

    def _set_cancelled(self):
        """Extended like :meth:`_move_to`."""
        moved = super()._set_cancelled()
        moved._raise_calendar_sequence()
        return moved

    def _raise_calendar_sequence(self):
        for booking in self.sudo():  # sudo: a number that nobody chooses
            booking.calendar_sequence += 1

    def _has_calendar_file(self):
        """Return whether there is an appointment to put into a calendar, or to take out again.

        :rtype: bool
        """
        self.ensure_one()
        return self.state in ("confirmed", "attended", "no_show") or (
            self.state == "cancelled" and bool(self.event_id)
        )

    def _get_calendar_file(self):
        """Return the appointment as a calendar file.

        :rtype: bytes
        """
        self.ensure_one()
        url = self.get_base_url() + self.get_portal_url()
        return calendar_file.make(
            uid=self._get_calendar_uid(),
            sequence=self.calendar_sequence,
            start=self.start,
            stop=self.stop,
            stamp=self.write_date,
            status="CANCELLED" if self.state == "cancelled" else "CONFIRMED",
            summary=f"{self.category_id.name} · {self.company_id.name}",
            location=self._get_where(),
            url=url,
            description="\n".join(
                [
                    self.env._("With %(practitioner)s", practitioner=self.user_id.name),
                    self.env._("Reference %(reference)s", reference=self.name),
                    url,
                ]
            ),
        )

    def _get_calendar_uid(self):
        # sudo: tells this database from others; no secret
        database = self.env["ir.config_parameter"].sudo().get_param("database.uuid")
        return f"appointment-booking-{self.id}@{database}"
