from odoo import fields, models
from odoo.fields import Command
from odoo.tools.misc import format_date, format_time

from ..rules import schedule, slots
from .practice_setup import PracticeSetup


class AppointmentPaymentBooking(models.Model):
    """The invoice of a booking, made when its first payment arrives."""

    _inherit = "appointment.payment.booking"

    def _ensure_invoice(self):
        """Return the invoice of a booking; make a draft for the whole price when there is none.

        Runs for the system: Odoo posts the draft and reconciles the payment when it
        post-processes the transaction.

        :return: the posted invoice, or the draft, or nothing when the price is zero
        :rtype: recordset of `account.move`
        """
        self.ensure_one()
        existing = self.invoice_line_ids.move_id.filtered(
            lambda m: m.state != "cancel" and m.move_type == "out_invoice"
        )
        if existing or self.currency_id.is_zero(self.amount_total):
            return existing[:1]
        return (
            self.env["account.move"]
            .with_company(self.company_id)
            .with_context(lang=self.payer_id.lang or self.lang)
            .create(self.with_context(lang=self.payer_id.lang or self.lang)._prepare_invoice())
        )

    def _prepare_invoice(self):
        """Prepare the invoice: a document of the practice, so with its days, not its client's.

        :rtype: dict
        """
        self.ensure_one()
        tz = self._get_practice_tz()
        today = slots.to_local(fields.Datetime.now(), tz).date()
        return {
            "move_type": "out_invoice",
            "company_id": self.company_id.id,
            "partner_id": self.payer_id.id,
            "currency_id": self.currency_id.id,
            "invoice_date": today,
            "delivery_date": slots.to_local(self.start, tz).date(),
            "invoice_date_due": max(today, schedule.balance_due_date(self.stop, tz)),
            "invoice_payment_term_id": False,
            "invoice_origin": self.name,
            "invoice_user_id": self.user_id.id,
            "invoice_line_ids": [Command.create(self._prepare_invoice_line())],
        }

    def _prepare_invoice_line(self):
        self.ensure_one()
        return {
            "product_id": self.category_id.product_id.id,
            "name": self.env._(
                "%(category)s\n%(when)s, %(practitioner)s",
                category=self.category_id.name,
                when=self._format_when_at_practice(),
                practitioner=self.user_id.name,
            ),
            "quantity": 1.0,
            "price_unit": self.price,
            "tax_ids": [Command.set(self.tax_ids.ids)],
            "appointment_booking_id": self.id,
        }

    def _update_invoice_due_date(self):
        """Ask for the balance at the end of the appointment, also when it has moved (rule 5)."""
        setup = PracticeSetup(self.user_id)
        for booking in self:
            due = schedule.balance_due_date(booking.stop, booking._get_practice_tz(setup))
            for invoice in booking._get_posted_invoices():
                if not invoice.currency_id.is_zero(invoice.amount_residual):
                    invoice.invoice_date_due = max(invoice.invoice_date, due)

    def _get_practice_tz(self, setup=None):
        """Return the time zone in which the appointment takes place.

        :param PracticeSetup setup: what was read for several bookings; read now by default
        :return: where the practitioner works, else where the company does
        :rtype: str
        """
        self.ensure_one()
        setup = setup or PracticeSetup(self.user_id)
        company = self.company_id.sudo()  # sudo: the hours of a practice are no secret
        return (
            setup.get_tz(self.user_id, company) or company.resource_calendar_id.tz or self.tz
        )

    def _format_when_at_practice(self):
        """Return the date and times at the practice; with its zone where the client's differs.

        :rtype: str
        """
        self.ensure_one()
        tz = self._get_practice_tz()
        when, there = self._format_when(tz), slots.to_local(self.start, tz)
        if there.utcoffset() == self._local(self.start).utcoffset():
            return when
        return f"{when} ({tz.replace('_', ' ')})"

    def _local(self, moment):
        """Return a naive UTC moment in the booking's time zone.

        :param datetime moment: naive UTC
        :rtype: datetime
        """
        return slots.to_local(moment, self.tz)

    def _format_when(self, tz=None):
        """Return the date and times of the appointment as their reader has them.

        :param str tz: the reader's time zone; the client's by default
        :return: in the language of the context, else the client's
        :rtype: str
        """
        self.ensure_one()
        return self._format_period(self.start, self.stop, tz)

    def _format_period(self, start, stop, tz=None):
        """Return the date and times of a period as its reader has them.

        :param datetime start: naive UTC
        :param datetime stop: naive UTC
        :param str tz: the reader's time zone; the client's by default
        :return: in the language of the context, else the client's
        :rtype: str
        """
        self.ensure_one()
        begin, end = (slots.to_local(moment, tz or self.tz) for moment in (start, stop))
        return f"{self._format_local(begin)} – {self._format_clock(end)}"

    def _format_moment(self, moment, tz=None):
        """Return a naive UTC moment as its reader has it.

        :param datetime moment: naive UTC; none, where there is no such moment
        :param str tz: the reader's time zone; the client's by default
        :return: in the language of the context, else the client's
        :rtype: str
        """
        self.ensure_one()
        return self._format_local(slots.to_local(moment, tz or self.tz)) if moment else ""

    def _format_local(self, moment):
        """Return the date and time of a local moment.

        :param datetime moment: aware
        :rtype: str
        """
        lang = self.env.context.get("lang") or self.lang
        day = format_date(self.env, moment.date(), lang_code=lang, date_format="EEE d MMM y")
        return f"{day}, {self._format_clock(moment)}"

    def _format_clock(self, moment):
        """Return the time of day of a local moment.

        :param datetime moment: aware
        :rtype: str
        """
        lang = self.env.context.get("lang") or self.lang
        return format_time(self.env, moment.time(), time_format="short", lang_code=lang)
