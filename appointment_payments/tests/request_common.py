"""Requests for tests: a category that the practitioner answers, paid with the Demo provider."""

from datetime import datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import ValidationError
from odoo.tools import html2plaintext

from .common import NOW, PracticeCase

OPEN = ("intended", "sent", "unknown")
START = datetime(2026, 12, 1, 9, 0)
DUE = NOW + timedelta(hours=48)


class RequestCase(PracticeCase):
    """Requests of 80.00 with Anna, a week ahead: to be answered in 48 hours."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bookings = cls.env["appointment.payment.booking"]
        cls.manual = cls._create_category(
            "Assessment", confirmation_mode="manual", payment_mode="default"
        )

    def _ask(self, flow="hold", pay=True, **values):
        """Make a request as the public page does, and pay what it asks for.

        :param str flow: hold, charge or approve_first
        :param bool pay: whether what is asked for is paid
        """
        category = values.pop("category", self.manual)
        category.request_flow = flow
        booking = self._book(category, start=values.pop("start", START), **values)
        if pay and booking._get_amount_to_pay():
            self._pay_as_decided(booking)
        return booking

    def _pay_as_decided(self, booking):
        """Pay what is due: held or charged, as the booking's own rule says."""
        method = self.provider.payment_method_ids[:1]
        decision = booking._decide_capture(self.provider, method).method
        transaction = self._create_transaction(booking, capture_method=decision)
        self._finish(transaction, "done")
        return transaction

    def _send_operations(self, booking):
        """Have the provider do what was decided."""
        self._run(booking.operation_ids.filtered(lambda o: o.state in OPEN))

    def _provider_fails(self, request, error=None):
        """Have the provider refuse one kind of request, with what it is told to say.

        :param str request: capture, void or refund
        """
        error = error or ValidationError("Refused by the bank.")  # pylint: disable=translation-required
        return patch.object(
            self.registry["payment.transaction"], f"_send_{request}_request", side_effect=error
        )

    def _expire(self, moment=DUE, batch_size=500):
        """Run the scheduled action's method in a cursor of its own, where it may commit."""
        with (
            freeze_time(moment),
            self.enter_registry_test_mode(),
            self.registry.cursor() as cr,
        ):
            self.env(cr=cr)["appointment.payment.booking"]._cron_expire_bookings(batch_size)
        self.env.invalidate_all()

    def _sent(self, booking):
        """The happenings that the mails of a booking are about, with their reader, oldest first."""
        return [
            (mail.subject.split(":")[0], "client" if mail.recipient_ids == booking.partner_id
             else "practitioner" if mail.recipient_ids == booking.user_id.partner_id else "?")
            for mail in self._get_mails(booking)
        ]  # fmt: skip

    def _get_mails(self, booking):
        return self.env["mail.mail"].search(
            [
                ("model", "=", booking._name),
                ("res_id", "=", booking.id),
                # Odoo's own about activities are no happenings
                ("message_type", "!=", "user_notification"),
            ],
            order="id",
        )

    def _last_mail(self, booking):
        mail = self.env["mail.mail"].search(
            [("model", "=", booking._name), ("res_id", "=", booking.id)], order="id desc", limit=1
        )
        return self._read_mail(mail)

    def _read_mail(self, mail):
        return " ".join(html2plaintext(mail.body_html).replace("\xa0", " ").split())

    def _money(self, booking):
        """Kind, amount, reason and state of the operations of a booking."""
        operations = booking.operation_ids.sorted("id")
        return [(o.kind, o.amount, o.reason, o.state) for o in operations]

    def _assert_free(self, booking):
        """Assert that a request's time is free again and its event out of the calendar."""
        self.assertFalse(booking.occupancy_ids)
        self.assertFalse(booking.event_id.active)
        self.assertFalse(booking._get_answer_activities())
        again = self._book(self.category, user=booking.user_id, start=booking.start)
        again._set_expired("replaced")

