from datetime import timedelta

from odoo import fields, models
from odoo.fields import Domain

ALIVE_STATES = ("pending_payment", "confirmed", "attended", "no_show")
# the key of the context that hands an amount on to a template
AMOUNT_KEY = "appointment_mail_amount"
# a mail that no process sent after its commit is found by Odoo's queue then
QUEUE_WAITS = timedelta(minutes=10)


class AppointmentPaymentBooking(models.Model):
    """The mails of a booking: one per happening (see docs/mails.md)."""

    _inherit = "appointment.payment.booking"

    def _send_confirmed_mails(self):
        """Tell the client and the practitioner that appointments are confirmed."""
        self._send_mails("appointment_payments.mail_template_booking_confirmed_client")
        self._send_mails("appointment_payments.mail_template_booking_confirmed_practitioner")

    def _send_expired_mails(self):
        """Tell clients that their time was not paid and is free again, with a link to try again.

        Not those who have another time by now, nor those whose appointment would have begun, nor
        the clients of bookings that staff made: they hear from staff.
        """
        now = fields.Datetime.now()
        told = self.sudo().filtered(  # sudo: the happening sends the mail, whoever caused it
            lambda b: b.origin == "portal"
            and b.expired_reason != "replaced"
            and b.start > now
            and not b._has_booked_meanwhile()
        )
        told._send_mails("appointment_payments.mail_template_booking_expired_client")

    def _send_late_payment_mails(self, amount):
        """Tell client and practitioner that a payment for a time that is gone is given back.

        :param float amount: what arrived and is given back in full, in major units
        """
        bookings = self.with_context(**{AMOUNT_KEY: amount})
        bookings._send_mails("appointment_payments.mail_template_booking_late_payment_client")
        bookings._send_mails("appointment_payments.mail_template_booking_late_payment_practitioner")

    def _send_paid_twice_mail(self, amount):
        """Tell the client that what was paid too much is given back; the appointment stands.

        :param float amount: what is given back, in major units
        """
        bookings = self.with_context(**{AMOUNT_KEY: amount})
        bookings._send_mails("appointment_payments.mail_template_booking_paid_twice_client")

    def _send_mails(self, template_xmlid):
        """Send one mail per booking, after the transaction is committed.

        :param str template_xmlid: a `mail.template` of bookings
        """
        # sudo: the happening sends the mail, whoever made it happen
        template = self.env.ref(template_xmlid).sudo()
        # Odoo's queue leaves it alone meanwhile: the two would send it twice
        later = {"scheduled_date": fields.Datetime.now() + QUEUE_WAITS}
        for booking in self.sudo():
            mail_id = template.send_mail(
                booking.id,
                email_values=later,
                email_layout_xmlid="appointment_payments.mail_layout",
            )
            self.env["mail.mail"].sudo().browse(mail_id).send_after_commit()

    def _has_booked_meanwhile(self):
        """Return whether the same client has a later booking with the practice that is alive.

        A visitor who books twice has two contacts: the address tells.

        :rtype: bool
        """
        self.ensure_one()
        client = Domain("partner_id", "=", self.partner_id.id)
        if self.partner_id.email_normalized:
            client |= Domain("partner_id.email_normalized", "=", self.partner_id.email_normalized)
        later = Domain("id", ">", self.id) & Domain("state", "in", ALIVE_STATES)
        return bool(
            self.search_count(
                later & client & Domain("company_id", "=", self.company_id.id), limit=1
            )
        )

    def _get_book_again_path(self):
        """Return the page with free times of the same category and practitioner.

        :return: a path, or False when the category cannot be booked online any more
        :rtype: str|bool
        """
        self.ensure_one()
        category = self.category_id.sudo()  # sudo: read by visitors, through this page only
        if not (category.bookable and category.active and category.slug):
            return False
        path = f"/booking/{category.slug}"
        if self.user_id in category.user_ids:
            path += f"?practitioner={category._get_practitioner_slug(self.user_id)}"
        return path

    def _get_mail_amount(self):
        """Return the amount that a mail is about, as its reader reads it.

        :rtype: str
        """
        self.ensure_one()
        return self._format(self.env.context.get(AMOUNT_KEY, self.amount_paid))

    def _get_practitioner_tz(self):
        """Return the time zone in which the practitioner reads of the appointment.

        :rtype: str
        """
        self.ensure_one()
        return self.user_id.tz or self._get_practice_tz()

    def _get_where(self):
        """Return where the appointment takes place: the practice's address, on one line.

        :return: empty where the practice has no more than a country
        :rtype: str
        """
        self.ensure_one()
        practice = self.company_id.sudo().partner_id  # sudo: the address of the practice is public
        if not (practice.street or practice.city):
            return ""
        return practice.contact_address_inline

    def _get_mail_rows(self, tz=None, with_money=True):
        """Return the lines of the small table in a mail.

        :param str tz: the reader's time zone; the client's by default
        :param bool with_money: whether what is paid and left stands there too
        :return: (label, text) pairs in the reader's language
        :rtype: list[tuple[str, str]]
        """
        self.ensure_one()
        rows = [
            (self.env._("What"), self.category_id.name),
            (self.env._("When"), f"{self._format_when(tz)} ({tz or self.tz})"),
            (self.env._("Where"), self._get_where()),
            (self.env._("With"), self.user_id.name),
        ]
        if with_money:
            rows += self._get_mail_money_rows()
        return [row for row in rows if row[1]]

    def _get_mail_money_rows(self):
        is_zero = self.currency_id.is_zero
        rows = [(self.env._("Price"), self._format(self.amount_total))]
        if not is_zero(self.amount_paid):
            rows.append((self.env._("Paid"), self._format(self.amount_paid)))
        if not is_zero(self.amount_residual):
            rows.append((self.env._("Left to pay"), self._format(self.amount_residual)))
        return rows
