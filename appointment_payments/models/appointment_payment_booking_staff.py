from odoo import api, fields, models

from .appointment_payment_occupancy import SlotTakenError

# only this object leaves the time out; nobody can send it over RPC
_SHARED_TIME = object()
_SHARED_KEY = "appointment_shares_time"


class AppointmentPaymentBooking(models.Model):
    """Bookings that staff make in the calendar: confirmed at once, nothing is asked first."""

    _inherit = "appointment.payment.booking"

    @api.model
    def _book_by_staff(self, event, category, client, collection_mode, reason=None):
        """Make a confirmed booking for an event.

        :param event: the `calendar.event` that it stands in
        :param category: the `calendar.event.type`
        :param client: the `res.partner`
        :param str collection_mode: how it is paid; *default* is the practice's
        :param str reason: why the time is taken although it is not free, if it is not
        :return: the booking
        :rtype: recordset of `appointment.payment.booking`
        :raise SlotTakenError: when the time is taken and no reason is given
        """
        user = event.user_id
        company = category._get_selling_company(user)
        user._ensure_practitioner_resource(company)
        values = self._prepare_staff_booking(event, client, collection_mode)
        arguments = category, company, user, event.start, client
        try:
            with self.env.cr.savepoint():
                return self._book(*arguments, **values)
        except SlotTakenError as error:
            if not (reason or "").strip():
                text = event._get_taken_text(user, event.start, event.stop)
                advice = self.env._("Choose another time, or say why you book anyway.")
                raise SlotTakenError(f"{text} {advice}") from error
        shared = self.with_context(**{_SHARED_KEY: _SHARED_TIME})
        booking = shared._book(*arguments, **values).with_env(self.env)
        booking.message_post(
            body=self.env._("The time is shared with another appointment: %s", reason)
        )
        return booking

    @api.model
    def _prepare_staff_booking(self, event, client, collection_mode):
        values = {
            "amount_due_now": 0.0,
            "event_id": event.id,
            "origin": "staff",
            # nothing is asked before the booking counts, whatever the category says
            "confirmation_mode": "automatic",
            "payment_mode": "none",
            "stop": event.stop,
            "tz": client.tz or event.user_id.tz or "UTC",
            "under_threshold": False,
        }
        if collection_mode != "default":
            values["collection_mode"] = collection_mode
        return values

    def _occupy(self):
        """Extended to leave the time alone that staff share on purpose."""
        if self.env.context.get(_SHARED_KEY) is not _SHARED_TIME:
            return super()._occupy()
        return None

    def _send_confirmed_mails(self):
        """Extended: staff know what they book themselves; nobody confirms what has begun."""
        by_staff = self.filtered(lambda b: b.origin == "staff")
        result = super(AppointmentPaymentBooking, self - by_staff)._send_confirmed_mails()
        told = by_staff.filtered(lambda b: b.start > fields.Datetime.now())
        told._send_mails("appointment_payments.mail_template_booking_confirmed_client")
        by_others = told.filtered(lambda b: b.user_id != self.env.user)
        by_others._send_mails("appointment_payments.mail_template_booking_confirmed_practitioner")
        return result

    def _get_amounts_text(self):
        """Return what is paid and left, in a sentence.

        :rtype: str
        """
        self.ensure_one()
        is_zero = self.currency_id.is_zero
        if is_zero(self.amount_total):
            return self.env._("Free of charge")
        if not is_zero(self.amount_held):
            return self.env._("%(held)s held", held=self._format(self.amount_held))
        paid = self._format(self.amount_paid)
        if is_zero(self.amount_residual):
            return self.env._("%(paid)s paid", paid=paid)
        return self.env._(
            "%(paid)s paid, %(left)s left", paid=paid, left=self._format(self.amount_residual)
        )
