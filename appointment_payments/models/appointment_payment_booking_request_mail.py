from odoo import models

from ..rules import slots
from .appointment_payment_booking_mail import READER_KEY

ANSWER_ACTIVITY = "appointment_payments.mail_activity_type_request"
# with the links that answer a request
TO_ANSWER = "appointment_payments.mail_template_request_received_practitioner"
# who is told of a happening of a request; see docs/mails.md
MAILS = {
    "received": ("client", "practitioner"),
    "warning": ("practitioner",),
    "approved": ("client",),
    "pay_again": ("client",),
    "declined": ("client",),
    "expired": ("client", "practitioner"),
    "cancelled": ("client", "practitioner"),
}


class AppointmentPaymentBooking(models.Model):
    """What client and practitioner are told of a request: one mail per happening."""

    _inherit = "appointment.payment.booking"

    def _send_request_mails(self, happening):
        """Tell those whom it concerns what happened to requests.

        The templates are ``mail_template_request_<happening>_client`` and ``…_practitioner``.

        :param str happening: a key of ``MAILS``: received, warning (the answer
            is due soon), approved (accepted, to be paid), pay_again (the payment was lost, another
            is asked for), declined, expired, cancelled
        """
        for reader in MAILS[happening]:
            template = f"appointment_payments.mail_template_request_{happening}_{reader}"
            self._send_mails(template)
        if happening == "received":
            self._send_colleague_mails()

    def _send_colleague_mails(self):
        """Ask the colleagues who are free and may accept a request as well, each with a link.

        They are reminded of nothing: that is the practitioner's whom the client has chosen.
        """
        for booking in self.sudo():  # sudo: whoever books
            for colleague in booking._get_free_heirs():
                booking.with_context(**{READER_KEY: colleague.id})._send_mails(TO_ANSWER)

    def _filter_accepted_by_practitioner(self):
        """Return those that their practitioner has accepted, and not somebody for them."""
        return self.filtered(lambda b: b.answered_by_id == b.user_id and b.answered_by_id)

    def _send_confirmed_mails(self):
        """Extended: practitioners know what they have accepted themselves."""
        known = self._filter_accepted_by_practitioner()
        known._send_mails("appointment_payments.mail_template_booking_confirmed_client")
        return super(AppointmentPaymentBooking, self - known)._send_confirmed_mails()

    def _send_expired_mails(self):
        """Extended: what was accepted and never paid concerns the practitioner too."""
        approved = self.filtered("answered_at")
        approved._send_request_mails("expired")
        return super(AppointmentPaymentBooking, self - approved)._send_expired_mails()

    def _ask_for_answer(self):
        """Give practitioners the request to answer, as something to do until it is due."""
        # the mail about the request is the only one: Odoo would send another about the activity
        quiet = self.with_context(mail_activity_quick_update=True)
        for booking in quiet.sudo():  # sudo: whoever books
            booking.activity_schedule(
                ANSWER_ACTIVITY,
                summary=booking.env._("Accept or decline the request"),
                user_id=booking.user_id.id,
                date_deadline=booking._get_answer_day(),
            )

    def _ask_another_practitioner(self):
        """Ask the practitioner who has a request now, instead of the one who had it."""
        self._close_answer_activities()
        self._ask_for_answer()
        self._send_mails(TO_ANSWER)

    def _ask_for_answer_again(self):
        """Tell who may answer that a request was paid anew: the links of the last mail are used."""
        self._send_mails(TO_ANSWER)
        self._send_colleague_mails()

    def _get_answer_day(self):
        """Return the day on which a request has to be answered at the latest, at the practice.

        :rtype: date
        """
        self.ensure_one()
        return slots.to_local(self.confirm_deadline, self._get_practitioner_tz()).date()

    def _get_answer_activities(self):
        """Return what asks people to answer requests.

        :rtype: recordset of `mail.activity`
        """
        return self.sudo().activity_search([ANSWER_ACTIVITY])  # sudo: whoever was asked

    def _close_answer_activities(self):
        """Ask nobody any more to answer requests."""
        self._get_answer_activities().unlink()

    def _log_expired(self):
        """Note in the chatter of requests that they have expired."""
        for reason, requests in self.grouped("expired_reason").items():
            labels = dict(self._fields["expired_reason"]._description_selection(self.env))
            text = self.env._("Expired: %(reason)s.", reason=labels[reason])
            requests.sudo()._message_log_batch(bodies=dict.fromkeys(requests.ids, text))
