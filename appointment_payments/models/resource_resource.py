from datetime import time

from odoo import api, fields, models
from odoo.tools.misc import format_time


class ResourceResource(models.Model):
    """The working hours of a practitioner, on one screen."""

    _inherit = "resource.resource"

    appointment_hours = fields.Text(
        string="Weekly hours in words", compute="_compute_appointment_hours"
    )
    appointment_colleague_count = fields.Integer(
        compute="_compute_appointment_colleague_count",
        compute_sudo=True,
        help="How many others work the same hours: a change applies to them too.",
    )

    def write(self, vals):
        """Extended: time that was sold stays with its practitioner, not with the resource."""
        result = super().write(vals)
        if "user_id" in vals:
            self._get_foreign_bookings()._occupy_anew()
        return result

    def _get_foreign_bookings(self):
        """Return the bookings to come that take the time of these resources for somebody else.

        :rtype: recordset of `appointment.payment.booking`
        """
        # sudo: what was sold, of every company
        occupancies = self.env["appointment.payment.occupancy"].sudo().search(
            [("resource_id", "in", self.ids), ("stop", ">", fields.Datetime.now())]
        )
        return occupancies.filtered(
            lambda taken: taken.resource_id.user_id != taken.booking_id.user_id
        ).booking_id

    @api.depends("calendar_id")
    def _compute_appointment_colleague_count(self):
        counts = dict(
            self._read_group(
                [("calendar_id", "in", self.calendar_id.ids)], ["calendar_id"], ["__count"]
            )
        )
        for resource in self:
            resource.appointment_colleague_count = max(counts.get(resource.calendar_id, 0) - 1, 0)

    @api.depends(
        "calendar_id.attendance_ids.day_period",
        "calendar_id.attendance_ids.dayofweek",
        "calendar_id.attendance_ids.hour_from",
        "calendar_id.attendance_ids.hour_to",
        "calendar_id.attendance_ids.week_type",
    )
    @api.depends_context("lang")
    def _compute_appointment_hours(self):
        for resource in self:
            attendances = resource.calendar_id.attendance_ids.filtered(
                lambda a: not a.display_type and a.day_period != "lunch"
            )
            resource.appointment_hours = "\n".join(
                self._format_appointment_day(of_day)
                for of_day in attendances.grouped(lambda a: (a.week_type, a.dayofweek)).values()
            )

    @api.model
    def _format_appointment_day(self, attendances):
        """Return in words when somebody works on one day of the week.

        :param attendances: the day's `resource.calendar.attendance`
        :rtype: str
        """
        first = attendances[0]
        labels = {
            name: dict(first._fields[name]._description_selection(self.env)).get(first[name])
            for name in ("dayofweek", "week_type")
        }
        clock = self._format_appointment_hour
        periods = ", ".join(
            f"{clock(attendance.hour_from)} – {clock(attendance.hour_to)}"
            for attendance in attendances.sorted("hour_from")
        )
        day = " ".join(filter(None, (labels["dayofweek"], labels["week_type"])))
        return self.env._("%(day)s: %(periods)s", day=day, periods=periods)

    @api.model
    def _format_appointment_hour(self, hours):
        """Return a time of day that is kept in hours as people read it.

        :param float hours: 9.5 for half past nine; 24 is midnight
        :rtype: str
        """
        minutes = round(hours * 60) % (24 * 60)
        return format_time(self.env, time(minutes // 60, minutes % 60), time_format="short")

    def action_open_appointment_hours(self):
        """Button: change the weekly hours, for everyone who works them.

        :rtype: dict
        """
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Weekly hours"),
            "res_model": "resource.calendar",
            "res_id": self.calendar_id.id,
            "views": [(False, "form")],
        }

    def action_make_own_hours(self):
        """Button: give a practitioner weekly hours of their own, which begin as a copy.

        :return: the action that opens them
        :rtype: dict
        """
        self.ensure_one()
        self.calendar_id = self.calendar_id.copy()
        self.calendar_id.name = self.env._("Hours of %(name)s", name=self.name)
        return self.action_open_appointment_hours()

    def action_open_appointment_time_off(self):
        """Smart button: when a practitioner does not work.

        :rtype: dict
        """
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "appointment_payments.action_practitioner_time_off"
        )
        action["domain"] = [("resource_id", "=", self.id)]
        action["context"] = {
            "default_calendar_id": self.calendar_id.id,
            "default_resource_id": self.id,
        }
        return action
