from odoo import api, fields, models


class ResourceResource(models.Model):
    """The working hours of a practitioner, on one screen."""

    _inherit = "resource.resource"

    appointment_attendance_ids = fields.One2many(
        related="calendar_id.attendance_ids", string="Weekly hours"
    )
    appointment_colleague_count = fields.Integer(
        compute="_compute_appointment_colleague_count",
        compute_sudo=True,
        help="How many others work the same hours: a change applies to them too.",
    )

    @api.depends("calendar_id")
    def _compute_appointment_colleague_count(self):
        counts = dict(
            self._read_group(
                [("calendar_id", "in", self.calendar_id.ids)], ["calendar_id"], ["__count"]
            )
        )
        for resource in self:
            resource.appointment_colleague_count = max(counts.get(resource.calendar_id, 0) - 1, 0)

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
        self.calendar_id = self.calendar_id.copy(
            {"name": self.env._("Hours of %(name)s", name=self.name)}
        )
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
        action["context"] = {"default_resource_id": self.id}
        return action
