from odoo import api, fields, models
from odoo.orm.models import NO_ACCESS


class AppointmentPaymentBooking(models.Model):
    """The client's message, which often tells of their health: for the practitioner's eyes."""

    _inherit = "appointment.payment.booking"

    # no view, search, grouping or export reaches what is stored
    client_note = fields.Text(string="Message of the client, as stored", groups=NO_ACCESS)
    visible_client_note = fields.Text(
        string="Message of the client",
        compute="_compute_visible_client_note",
        compute_sudo=True,
        help="Shown to the practitioner of the appointment and to managers.",
    )

    @api.depends("client_note", "user_id")
    @api.depends_context("uid")
    def _compute_visible_client_note(self):
        user = self.env.user
        is_manager = user.has_group("appointment_payments.group_manager")
        for booking in self:
            # as it is stored: a form may name anybody as the practitioner
            is_visible = is_manager or booking._origin.user_id == user
            booking.visible_client_note = is_visible and booking.client_note

    def _has_client_note(self):
        """Return whether the client has written a message, for mails and links that do not show it.

        :rtype: bool
        """
        self.ensure_one()
        return bool(self.sudo().client_note)  # sudo: whether there is one
