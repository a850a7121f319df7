from odoo import fields, models

from .appointment_payment_booking_mail import READER_KEY

# the key of the context that hands former times and practitioners on to a template
FORMER_KEY = "appointment_mail_former"


class AppointmentPaymentBooking(models.Model):
    """Clients hear of it when staff move, hand over or call off what they have booked, and so do
    practitioners when somebody else does it.

    Odoo's own mails about changed events are not sent for appointments (docs/mails.md).
    """

    _inherit = "appointment.payment.booking"

    def _set_cancelled(self):
        """Extended: who it concerns is told, where the appointment was still to come.

        Of what was neither confirmed nor accepted the practitioner has not heard before.
        """
        booked = self.filtered(lambda b: b.state != "requested")  # requests have their own mail
        known = booked.filtered(lambda b: b.state == "confirmed" or b.answered_at)
        cancelled = super()._set_cancelled()
        told = (cancelled & booked)._filter_to_tell()
        told._tell_in_any_case(lambda bookings: bookings._send_cancelled_mails())
        by_others = (told & known).filtered(lambda b: b.user_id != self.env.user)
        by_others._tell_practitioners("cancelled")
        return cancelled

    def _filter_to_tell(self):
        """Return the bookings whose appointment has not begun, and that are no old ones.

        What was made before payments were switched on sends nothing by itself (design rule 11).

        :rtype: recordset of `appointment.payment.booking`
        """
        now = fields.Datetime.now()
        return self.filtered(
            lambda b: b.start > now
            and b.create_date >= (b.company_id.appointment_payments_since or b.create_date)
        )

    def _send_cancelled_mails(self):
        self._send_mails("appointment_payments.mail_template_booking_cancelled_client")

    def _tell_practitioners(self, what):
        """Tell practitioners what somebody else has done; not those who work here no more.

        :param str what: *changed* or *cancelled*
        """
        template = f"appointment_payments.mail_template_booking_{what}_practitioner"
        # sudo: who reads it may not be among one's colleagues
        working = self.sudo().filtered(
            lambda b: b._get_mail_reader().active
            and b.company_id in b._get_mail_reader().company_ids
        )
        working._tell_in_any_case(
            lambda bookings: bookings._send_mails(template), reader="practitioner"
        )

    def _tell_changed(self, former):
        """Tell who it concerns that appointments are at another time or with somebody else.

        Also those whose request waits for its answer, who may cancel it, or for its payment. Of one
        that is accepted at this moment the confirmation tells.

        :param dict former: for each booking's id its start and stop, in naive UTC, and the id of
            its practitioner, as they were before
        """
        # sudo: whoever may move the event makes it happen
        told = self.sudo().filtered(
            lambda b: b.state == "confirmed"
            or (b.state == "pending_payment" and b.answered_at)
            or (b.state == "requested" and b._waits_for_answer())
        )
        told = told._filter_to_tell().with_context(**{FORMER_KEY: former})
        told._tell_in_any_case(
            lambda bookings: bookings._send_changed_mails(), self.env._("Changed")
        )
        for user_id, had in told.grouped(lambda b: former[b.id][2]).items():
            if user_id != self.env.uid:
                had.with_context(**{READER_KEY: user_id})._tell_practitioners("changed")

    def _send_changed_mails(self):
        self._send_mails("appointment_payments.mail_template_booking_changed_client")

    def _get_changed_sentence(self):
        """Return what has changed, for the practitioner who reads it.

        :rtype: str
        """
        self.ensure_one()
        names = {"client": self.partner_id.name, "practitioner": self.user_id.name}
        is_request = self.state == "requested"
        if self._get_mail_reader() == self.user_id:
            if is_request:
                return self.env._("The request of %(client)s is for another time now.", **names)
            return self.env._("The appointment of %(client)s is at another time now.", **names)
        if is_request:
            return self.env._(
                "The request of %(client)s is %(practitioner)s's to answer now.", **names
            )
        return self.env._("The appointment of %(client)s is with %(practitioner)s now.", **names)

    def _get_former_sentence(self, tz=None):
        """Return when and with whom an appointment was before, in the reader's language.

        :param str tz: the reader's time zone; the client's by default
        :rtype: str
        """
        self.ensure_one()
        former = self.env.context.get(FORMER_KEY) or {}
        if self.id not in former:
            return ""  # somebody looks at the template
        start, stop, user_id = former[self.id]
        # sudo: the client knows whom they have booked
        practitioner = self.env["res.users"].browse(user_id).sudo()
        return self.env._(
            "Before: %(when)s, with %(practitioner)s.",
            when=self._format_period(start, stop, tz),
            practitioner=practitioner.name,
        )

    def _get_money_back_sentence(self):
        """Return what a client reads of their money when an appointment is called off.

        What goes back by itself, as paid twice, was told before.

        :return: empty, where none is on its way back
        :rtype: str
        """
        self.ensure_one()
        decided = self._get_refunds_under_way().filtered(lambda o: not o.reason)
        if not decided:
            return ""
        return self.env._(
            "You get %(amount)s back, in the way you paid. We write to you once it is on its way.",
            amount=self._format(sum(decided.mapped("amount"))),
        )
