from odoo import fields, models

# the key of the context that hands the former time and practitioner on to a template
FORMER_KEY = "appointment_mail_former"


class AppointmentPaymentBooking(models.Model):
    """Clients hear of it when staff move, hand over or call off what they have booked.

    Odoo's own mails about changed events are not sent for appointments (docs/mails.md).
    """

    _inherit = "appointment.payment.booking"

    def _set_cancelled(self):
        """Extended: clients are told, where the appointment was still to come."""
        booked = self.filtered(lambda b: b.state != "requested")  # requests have their own mail
        cancelled = super()._set_cancelled()
        told = (cancelled & booked)._filter_to_come()
        told._tell_in_any_case(lambda bookings: bookings._send_cancelled_mails())
        return cancelled

    def _filter_to_come(self):
        """Return the bookings whose appointment has not begun.

        :rtype: recordset of `appointment.payment.booking`
        """
        now = fields.Datetime.now()
        return self.filtered(lambda b: b.start > now)

    def _send_cancelled_mails(self):
        self._send_mails("appointment_payments.mail_template_booking_cancelled_client")

    def _tell_changed(self, start, stop, user):
        """Tell clients that their appointment is at another time or with somebody else.

        Also those whose request waits for its answer, who may cancel it, or for its payment. Of one
        that is accepted at this moment the confirmation tells.

        :param datetime start: when it began before, naive UTC
        :param datetime stop: when it ended before, naive UTC
        :param user: who it was with before, as `res.users`
        """
        # sudo: whoever may move the event makes it happen
        told = self.sudo().filtered(
            lambda b: b.state == "confirmed"
            or (b.state == "pending_payment" and b.answered_at)
            or (b.state == "requested" and b._waits_for_answer())
        )
        told._filter_to_come()._tell_in_any_case(
            lambda bookings: bookings._send_changed_mails(start, stop, user)
        )

    def _send_changed_mails(self, start, stop, user):
        """Send the mail of `_tell_changed`, with the same parameters."""
        bookings = self.with_context(**{FORMER_KEY: (start, stop, user.id)})
        bookings._send_mails("appointment_payments.mail_template_booking_changed_client")

    def _get_former_sentence(self):
        """Return when and with whom an appointment was before, in the reader's language.

        :rtype: str
        """
        self.ensure_one()
        start, stop, user_id = self.env.context.get(FORMER_KEY) or (None, None, None)
        if not start:
            return ""
        # sudo: the client knows whom they have booked
        former = self.env["res.users"].browse(user_id).sudo()
        return self.env._(
            "Before: %(when)s, with %(practitioner)s.",
            when=self._format_period(start, stop),
            practitioner=former.name,
        )

    def _get_money_back_sentence(self):
        """Return what a client reads of their money when an appointment is called off.

        :return: empty, where none is on its way back
        :rtype: str
        """
        self.ensure_one()
        amount = sum(self._get_refunds_under_way().mapped("amount"))
        if self.currency_id.is_zero(amount):
            return ""
        return self.env._(
            "You get %(amount)s back, in the way you paid. We write to you once it is on its way.",
            amount=self._format(amount),
        )
