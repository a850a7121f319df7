import logging
from datetime import timedelta

from psycopg2 import OperationalError

from odoo import fields, models
from odoo.fields import Domain

_logger = logging.getLogger(__name__)

ALIVE_STATES = ("pending_payment", "requested", "confirmed", "attended", "no_show")
# the key of the context that hands an amount on to a template
AMOUNT_KEY = "appointment_mail_amount"
# and what the practice wrote
MESSAGE_KEY = "appointment_mail_message"
# the user who reads a mail to practitioners, where that is not the one of the appointment
READER_KEY = "appointment_mail_reader"
# more of one happening are left to Odoo's queue, so that nobody waits for a mail server
MOST_SENT_AT_ONCE = 50
# the key of the context that says that mails may be gone when the transaction is committed
UNSURE_KEY = "appointment_mails_may_be_gone"
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

    def _send_hold_ended_mail(self, amount):
        """Tell the client that money which was held is free again, and nothing was charged.

        :param float amount: what was held, in major units
        """
        bookings = self.with_context(**{AMOUNT_KEY: amount})
        bookings._send_mails("appointment_payments.mail_template_booking_hold_ended_client")

    def _send_refunded_mail(self, amount, message=False):
        """Tell the client that money has gone back, as the provider says.

        :param float amount: in major units
        :param str message: what the practice wrote
        """
        bookings = self.with_context(**{AMOUNT_KEY: amount, MESSAGE_KEY: message})
        bookings._send_mails("appointment_payments.mail_template_booking_refunded_client")

    def _tell_in_any_case(self, tell, what=None, reader="client"):
        """Tell of what has happened to bookings; a mail that cannot be written undoes none of it.

        Somebody may have edited its template. Staff are asked to tell the client themselves.

        :param callable tell: takes bookings, and sends their mails
        :param str what: what has happened; by default what their state says
        :param str reader: whom the mails are for, *client* or *practitioner*
        """
        if not self:
            return
        # what the database refuses of them, it refuses before mails are made for nothing
        self.env.flush_all()
        try:
            with self.env.cr.savepoint():
                tell(self)
        except OperationalError:
            raise  # another process was there: all of it is repeated
        except Exception as error:
            if len(self) == 1:
                self._raise_not_told(error, what or self._get_label("state"), reader)
                return
            middle = len(self) // 2
            for half in (self[:middle], self[middle:]):
                half._tell_in_any_case(tell, what, reader)

    def _raise_not_told(self, error, what, reader):
        """Ask the practitioner to tell a client what no mail has told them, or to look themselves.

        :param Exception error: why it could not be written
        :param str what: what has happened
        :param str reader: whom the mail was for
        """
        _logger.error("The mail about booking %s could not be written", self.id, exc_info=error)
        if reader == "practitioner":
            self._schedule_todo(
                self.env._("Look at this appointment: %s", what),
                self.env._("The mail that tells you so could not be written."),
            )
            return
        self._schedule_todo(
            self.env._("Tell the client: %s", what),
            self.env._("The mail that says so could not be written. Please tell the client."),
        )

    def _send_mails(self, template_xmlid):
        """Send one mail per booking, after the transaction is committed.

        :param str template_xmlid: a `mail.template` of bookings
        """
        reached = self._filter_reached(template_xmlid)
        if not reached:
            return
        is_batch = len(reached) > MOST_SENT_AT_ONCE
        # Odoo's queue leaves alone what is sent here: the two would send it twice
        later = not is_batch and fields.Datetime.now() + QUEUE_WAITS
        mails = reached._make_mails(template_xmlid, later)
        if is_batch:
            # sudo: whoever makes it happen has no right on scheduled actions
            self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()
        else:
            mails.with_context(**{UNSURE_KEY: True}).send_after_commit()

    def _filter_reached(self, template_xmlid):
        """Return the bookings whose client can be mailed; of the others the history says why not.

        :param str template_xmlid: a `mail.template` of bookings
        :rtype: recordset of `appointment.payment.booking`
        """
        if not template_xmlid.endswith("_client"):
            return self
        # sudo: the happening sends the mail, whoever made it happen
        silent = self.sudo().filtered(lambda b: not b.partner_id.email)
        template = self.env.ref(template_xmlid).sudo()
        for booking in silent:
            booking._message_log(
                body=self.env._(
                    "Not mailed, since %(client)s has no email address: %(mail)s",
                    client=booking.partner_id.name,
                    mail=template.name,
                )
            )
        return self - silent.with_env(self.env)

    def _make_mails(self, template_xmlid, queued_from):
        """Write one mail per booking, which the caller sends.

        :param str template_xmlid: a `mail.template` of bookings
        :param queued_from: the moment from which Odoo's queue may send them, naive UTC; False for
            at once
        :rtype: recordset of `mail.mail`
        """
        # sudo: the happening sends the mail, whoever made it happen
        template = self.env.ref(template_xmlid).sudo()
        return template.send_mail_batch(
            self.ids,
            email_values={"scheduled_date": queued_from},
            email_layout_xmlid="appointment_payments.mail_layout",
        )

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

    def _get_mail_message(self):
        """Return what the practice wrote to the client, if anything.

        :rtype: str | bool
        """
        return self.env.context.get(MESSAGE_KEY)

    def _get_mail_reader(self):
        """Return who reads what is written to practitioners: a colleague who may take over, too.

        :rtype: recordset of `res.users`
        """
        self.ensure_one()
        reader = self.env.context.get(READER_KEY)
        return self.env["res.users"].browse(reader) if reader else self.user_id

    def _get_practitioner_tz(self):
        """Return the time zone in which the practitioner reads of the appointment.

        :rtype: str
        """
        self.ensure_one()
        return self._get_mail_reader().tz or self._get_practice_tz()

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
        """Return the lines of the small table in a client's mail.

        :param str tz: the reader's time zone; the client's by default
        :param bool with_money: whether what is paid and left stands there too
        :return: (label, text) pairs in the reader's language
        :rtype: list[tuple[str, str]]
        """
        self.ensure_one()
        rows = [*self._get_place_rows(tz or self.tz), (self.env._("With"), self.user_id.name)]
        return rows + (self._get_mail_money_rows() if with_money else [])

    def _get_practitioner_rows(self, with_money=True):
        """Return the lines of the small table in a practitioner's mail.

        :param bool with_money: whether what is paid and left stands there too
        :return: (label, text) pairs in the reader's language
        :rtype: list[tuple[str, str]]
        """
        self.ensure_one()
        rows = self._get_place_rows(self._get_practitioner_tz())
        rows.append((self.env._("Client"), self.partner_id.name))
        if self._get_mail_reader() != self.user_id:
            rows.append((self.env._("With"), self.user_id.name))
        return rows + (self._get_mail_money_rows() if with_money else [])

    def _get_place_rows(self, tz):
        """Return what, when and where, as (label, text) pairs.

        :param str tz: the reader's time zone
        :rtype: list[tuple[str, str]]
        """
        rows = [
            (self.env._("What"), self.category_id.name),
            (self.env._("When"), f"{self._format_when(tz)} ({tz})"),
            (self.env._("Where"), self._get_where()),
        ]
        return [row for row in rows if row[1]]

    def _get_mail_money_rows(self):
        amounts = [
            (self.env._("Credited"), self.amount_credited),
            (self.env._("Held"), self.amount_held),
            (self.env._("Paid"), self.amount_paid),
            # what is held is paid for as soon as it is taken
            (self.env._("Left to pay"), max(self.amount_residual - self.amount_held, 0.0)),
        ]
        rows = [(self.env._("Price"), self._format(self.amount_total))]
        return rows + [
            (label, self._format(amount))
            for label, amount in amounts
            if not self.currency_id.is_zero(amount)
        ]
