from odoo import models


class AppointmentPaymentBooking(models.Model):
    """The mails of a booking: one per happening (see docs/mails.md)."""

    _inherit = "appointment.payment.booking"

    def _send_confirmed_mails(self):
        """Tell the client and the practitioner that appointments are confirmed."""
        self._send_mails("appointment_payments.mail_template_booking_confirmed_client")
        self._send_mails("appointment_payments.mail_template_booking_confirmed_practitioner")

    def _send_mails(self, template_xmlid):
        """Send one mail per booking, after the transaction is committed.

        :param str template_xmlid: a `mail.template` of bookings
        """
        # sudo: the happening sends the mail, whoever made it happen
        template = self.env.ref(template_xmlid).sudo()
        for booking in self.sudo():
            mail_id = template.send_mail(
                booking.id, email_layout_xmlid="mail.mail_notification_light"
            )
            self.env["mail.mail"].sudo().browse(mail_id).send_after_commit()

    def _get_mail_rows(self):
        """Return the lines of the small table in a mail.

        :return: (label, text) pairs in the reader's language
        :rtype: list[tuple[str, str]]
        """
        self.ensure_one()
        rows = [
            (self.env._("What"), self.category_id.name),
            (self.env._("When"), f"{self._format_when()} ({self.tz})"),
            (self.env._("With"), self.user_id.name),
            (self.env._("Price"), self._format(self.amount_total)),
        ]
        if not self.currency_id.is_zero(self.amount_paid):
            rows.append((self.env._("Paid"), self._format(self.amount_paid)))
        if not self.currency_id.is_zero(self.amount_residual):
            rows.append((self.env._("Left to pay"), self._format(self.amount_residual)))
        return rows
