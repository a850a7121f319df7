from odoo import api, fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    appointment_booking_count = fields.Integer(
        string="Bookings",
        compute="_compute_appointment_booking_count",
        groups="appointment_payments.group_practitioner",
    )

    @api.depends_context("uid")
    def _compute_appointment_booking_count(self):
        # under the user's rules: a practitioner counts their own bookings
        counts = dict(
            self.env["appointment.payment.booking"]._read_group(
                [("partner_id", "in", self.ids)], ["partner_id"], ["__count"]
            )
        )
        for partner in self:
            partner.appointment_booking_count = counts.get(partner, 0)

    def _is_contact_in(self, company):
        """Return whether a company can invoice a contact: one that all share, or its own.

        :param company: the `res.company`
        :rtype: bool
        """
        self.ensure_one()
        owner = self.sudo().company_id  # sudo: whose contact it is decides only this
        return not owner or owner in company.sudo().parent_ids

    def action_open_appointment_bookings(self):
        """Smart button: the bookings of the client.

        :rtype: dict
        """
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "appointment_payments.action_appointment_payment_booking"
        )
        action["domain"] = [("partner_id", "=", self.id)]
        action["context"] = {}
        return action
