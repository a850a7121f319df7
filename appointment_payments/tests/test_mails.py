from datetime import datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import html2plaintext

from .common import NOW, PracticeCase

NEXT_WEEK = {"start": datetime(2026, 12, 1, 9, 0), "stop": datetime(2026, 12, 1, 10, 0)}


class MailCase(PracticeCase):
    def _mails(self, booking):
        """The mails of a booking: its client's and its practitioner's."""
        mails = self.env["mail.mail"].search(
            [("model", "=", booking._name), ("res_id", "=", booking.id)]
        )
        client = mails.filtered(lambda m: m.recipient_ids == booking.partner_id)
        practitioner = mails.filtered(lambda m: m.recipient_ids == booking.user_id.partner_id)
        self.assertEqual(mails, client | practitioner)
        return client, practitioner

    def _confirm(self, **values):
        """A booking confirmed by its deposit, with its two mails."""
        booking = self._book(**values)
        self._pay(booking)
        client, practitioner = self._mails(booking)
        self.assertEqual((len(client), len(practitioner)), (1, 1))
        return booking, client, practitioner

    def _text(self, mail):
        return " ".join(html2plaintext(mail.body_html).replace("\xa0", " ").split())

    def _calendar_mails(self):
        return self.env["mail.mail"].search_count(
            [("model", "in", ["calendar.event", "calendar.attendee"])]
        )


@tagged("post_install", "-at_install")
class TestConfirmationMails(MailCase):
    def test_odoos_queue_leaves_to_the_commit_what_is_sent_after_it(self):
        _booking, client, practitioner = self._confirm()
        mails = client | practitioner
        self.assertEqual(set(mails.mapped("scheduled_date")), {NOW + timedelta(minutes=10)})
        mails.state = "outgoing"  # as if the process had died before it sent them
        self.assertFalse(self._get_queued() & mails)
        with freeze_time(NOW + timedelta(minutes=10)):
            self.assertEqual(self._get_queued() & mails, mails)

    def _get_queued(self):
        """The mails that Odoo's queue would send now."""
        queued = self.env["mail.mail"].browse()

        def send(mails, **_options):
            nonlocal queued
            queued |= mails

        with patch.object(self.registry["mail.mail"], "send", send):
            self.env["mail.mail"].process_email_queue()
        return queued

    def test_client_and_practitioner_each_get_one(self):
        _booking, client, practitioner = self._confirm()
        what = "Tue 24 Nov 2026, 10:00\u202fAM – 11:00\u202fAM, First consultation"
        self.assertEqual(client.subject, f"Confirmed: {what}")
        self.assertEqual(practitioner.subject, f"Booked: {what}")
        for mail in client | practitioner:
            self.assertEqual(mail.email_from, '"Practice Linden" <hello@linden.example>')
            self.assertEqual(mail.state, "outgoing")
            self.assertFalse(mail.email_to or mail.email_cc)

    def test_they_say_when_with_whom_and_what_is_paid_and_left(self):
        _booking, client, practitioner = self._confirm()
        for mail, person in ((client, "With Anna Berg"), (practitioner, "Client Carla Client")):
            text = self._text(mail)
            for words in (
                "What First consultation",
                "10:00 AM – 11:00 AM (Europe/Paris)",
                person,
                "Price 80.00 €",
                "Paid 24.00 €",
                "Left to pay 56.00 €",
            ):
                self.assertIn(words, text)
            self.assertNotIn("charged", text)

    def test_the_client_gets_the_link_of_the_booking_and_the_practitioner_the_screen(self):
        booking, client, practitioner = self._confirm()
        base = booking.get_base_url()
        screen = f"{base}/odoo/appointment-bookings/{booking.id}"
        link = f"{base}{booking.get_portal_url()}&amp;proof={booking._get_mail_proof()}"
        self.assertIn(f'href="{link}"', client.body_html)
        self.assertIn(booking.access_token, client.body_html)
        self.assertIn(f'href="{screen}"', practitioner.body_html)
        self.assertNotIn(booking.access_token, practitioner.body_html)
        self.assertNotIn("/odoo/", client.body_html)

    def test_a_full_payment_leaves_nothing_to_say_about_the_rest(self):
        self.category.payment_mode = "full"
        _booking, client, _practitioner = self._confirm()
        self.assertIn("Paid 80.00 €", self._text(client))
        self.assertNotIn("Left to pay", self._text(client))

    def test_under_the_threshold_both_read_that_nothing_was_charged(self):
        self.category.price = 9.99
        client, practitioner = self._mails(self._book())
        self.assertIn("Nothing was charged for it now", self._text(client))
        self.assertIn("price is under the amount from which clients", self._text(practitioner))
        for mail in client | practitioner:
            self.assertIn("Left to pay 9.99 €", self._text(mail))
            self.assertNotIn("Paid", self._text(mail))

    def test_where_nothing_is_asked_they_do_not_speak_of_the_threshold(self):
        self.category.payment_mode = "none"
        for mail in self._mails(self._book()):
            self.assertEqual(len(mail), 1)
            self.assertNotIn("charged", self._text(mail))

    def test_refund_terms_are_those_of_the_category_else_of_the_practice(self):
        self.company.appointment_refund_terms = "Free until the day before."
        self.category.refund_terms = "Never refunded."
        _booking, client, practitioner = self._confirm()
        self.assertIn("Never refunded.", self._text(client))
        self.assertNotIn("the day before", self._text(client) + self._text(practitioner))
        self.category.refund_terms = False
        _booking, client, _practitioner = self._confirm(user=self.ben)
        self.assertIn("Free until the day before.", self._text(client))

    def test_the_practitioner_is_told_of_a_message_which_no_mail_repeats(self):
        booking, client, practitioner = self._confirm(client_note="My knee is swollen.")
        self.assertIn("has left you a message", self._text(practitioner))
        self.assertNotIn("knee", self._text(client) + self._text(practitioner))
        self.assertNotIn("knee", " ".join(booking.message_ids.mapped("body")))
        _booking, _client, practitioner = self._confirm(user=self.ben)
        self.assertNotIn("has left you a message", self._text(practitioner))

    def test_what_people_typed_is_escaped(self):
        typed = "<img src=x onerror=alert(1)>"
        self.client_partner.name = typed
        _booking, client, practitioner = self._confirm()
        for mail in client | practitioner:
            self.assertNotIn("<img src=x", mail.body_html)
            self.assertIn("&lt;img src=x", mail.body_html)

    def test_the_text_part_says_the_same_once_and_in_order(self):
        self.company.partner_id.write({"street": "1 Lime Street", "zip": "75011", "city": "Paris"})
        booking, *mails = self._confirm()
        for mail, first in zip(mails, ("See the appointment", "Open the booking"), strict=True):
            [email] = mail._prepare_outgoing_list()
            text = email["body_alternative"].replace("\xa0", " ")
            where = "Practice Linden, 1 Lime Street, 75011 Paris, France"
            self.assertTrue(text.startswith("Practice Linden\n\nHello "), text)
            self.assertEqual(text.count(where), 2)
            self.assertEqual(text.count("\nWhat: First consultation\nWhen: Tue 24 Nov 2026"), 1)
            self.assertIn(f"\nWhere: {where}\n", text)
            self.assertIn("\nPrice: 80.00 €\nPaid: 24.00 €\nLeft to pay: 56.00 €\n\n", text)
            self.assertIn(f"\n{first} <{booking.get_base_url()}/", text)
            for never in ("\u200b", "Your Booking", "[1]", "mailto:", "logo", "*"):
                self.assertNotIn(never, text)

    def test_the_text_part_of_other_mails_is_odoos(self):
        mail = self.env["mail.mail"].create(
            {"body_html": '<a href="https://x.example">it</a>', "email_to": "a@b.example"}
        )
        [email] = mail._prepare_outgoing_list()
        self.assertIn("[1] https://x.example", email["body_alternative"])

    def test_they_say_where(self):
        practice = self.company.partner_id
        practice.write({"street": "1 Lime Street", "zip": "75011", "city": "Paris"})
        for mail in self._mails(self._book(self._create_category("Free", payment_mode="none"))):
            where = "Where Practice Linden, 1 Lime Street, 75011 Paris, France"
            self.assertIn(where, self._text(mail))
        practice.write({"street": False, "zip": False, "city": False})
        for mail in self._confirm(user=self.ben)[1:]:
            self.assertNotIn("Where", self._text(mail))

    def test_each_reads_it_in_their_own_time_zone(self):
        self.anna.tz = "America/New_York"
        _booking, client, practitioner = self._confirm()
        self.assertIn("10:00 AM – 11:00 AM (Europe/Paris)", self._text(client))
        self.assertIn("4:00 AM – 5:00 AM (America/New_York)", self._text(practitioner))
        self.assertIn("4:00\u202fAM", practitioner.subject)

    def test_they_come_from_the_company_that_sells(self):
        second = self.env["res.company"].create({"name": "Oak", "email": "oak@example.com"})
        category = self._create_category_elsewhere(second)
        for mail in self._mails(self._book(category)):
            self.assertEqual(mail.email_from, second.email_formatted)
            self.assertIn("Oak", self._text(mail))
            self.assertNotIn("Linden", self._text(mail))

    def test_an_expired_booking_that_is_paid_late_gets_them_too(self):
        booking = self._book()
        transaction = self._create_transaction(booking)
        booking._set_expired("unpaid")
        self.assertFalse(self._mails(booking)[1])
        expired = self._mails(booking)[0]
        self._finish(transaction, "done")
        client, practitioner = self._mails(booking)
        self.assertEqual((len(client - expired), len(practitioner)), (1, 1))


@tagged("post_install", "-at_install")
class TestMailLanguages(MailCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_FR")
        cls.category.with_context(lang="fr_FR").name = "Première consultation"
        for name in ("client", "practitioner"):
            template = cls.env.ref(f"appointment_payments.mail_template_booking_confirmed_{name}")
            french = template.with_context(lang="fr_FR")
            french.body_html = template.body_html.replace("Hello", "Bonjour")

    def test_each_reads_their_own_language(self):
        self.client_partner.lang = "fr_FR"
        _booking, client, practitioner = self._confirm(lang="fr_FR")
        self.assertIn("mar. 24 nov. 2026, 10:00 – 11:00", client.subject)
        self.assertIn("Première consultation", client.subject)
        french, english = self._text(client), self._text(practitioner)
        for words in ("Bonjour", "Première consultation", "80,00 €"):
            self.assertIn(words, french)
            self.assertNotIn(words, english)
        for words in ("Hello", "First consultation", "Tue 24 Nov 2026", "80.00 €"):
            self.assertIn(words, english)

    def test_a_practitioner_who_reads_french_gets_french(self):
        self.anna.lang = "fr_FR"
        _booking, client, practitioner = self._confirm()
        self.assertIn("Bonjour Anna Berg", self._text(practitioner))
        self.assertIn("56,00 €", self._text(practitioner))
        self.assertIn("56.00 €", self._text(client))

    def test_the_language_of_the_page_counts_not_that_of_the_contact(self):
        self.client_partner.lang = "en_US"
        _booking, client, _practitioner = self._confirm(lang="fr_FR")
        self.assertIn("Bonjour", self._text(client))


@tagged("post_install", "-at_install")
class TestNoOtherMails(MailCase):
    def _count(self, booking):
        return [len(mails) for mails in self._mails(booking)]

    def test_nothing_else_that_happens_to_a_booking_sends_a_mail(self):
        booking, *_mails = self._confirm()
        self._pay(booking, state="pending")
        self._pay(booking, 56.0, state="error")
        booking._set_attended()
        booking._set_no_show()
        self.assertEqual(self._count(booking), [1, 1])

    def test_before_it_is_confirmed_a_booking_sends_none(self):
        for state in ("pending", "error", "cancel"):
            booking = self._book(start=datetime(2026, 11, 24, 9) + timedelta(hours=len(state)))
            self._pay(booking, state=state)
            self.assertEqual(self._count(booking), [0, 0])

    def test_odoos_calendar_invites_nobody(self):
        before = self._calendar_mails()
        booking, *_mails = self._confirm()
        self.assertEqual(self._calendar_mails(), before)
        self.assertFalse(booking.event_id.message_ids.notified_partner_ids)

    def test_odoos_calendar_tells_nobody_that_it_was_moved_or_removed(self):
        booking, *_mails = self._confirm()
        before = self._calendar_mails()
        booking.event_id.with_user(self.anna).write(NEXT_WEEK)
        frida = self._create_user("Frida Desk", "group_front_desk")
        booking.event_id.with_user(frida).write({"start": datetime(2026, 12, 1, 9, 30)})
        booking.event_id.attendee_ids.do_accept()
        guest = self.env["res.partner"].create({"name": "Guest", "email": "guest@example.com"})
        booking.event_id.with_user(self.anna).partner_ids = [Command.link(guest.id)]
        booking.event_id.with_user(self.anna).active = False
        self.assertEqual(self._calendar_mails(), before)
        # the confirmation, and ours about each of the two moves
        self.assertEqual(self._count(booking)[0], 3)

    def test_a_plain_event_invites_as_ever(self):
        before = self._calendar_mails()
        event = self.env["calendar.event"].create(
            {
                "name": "Team",
                **NEXT_WEEK,
                "user_id": self.anna.id,
                "partner_ids": [Command.set((self.anna | self.ben).partner_id.ids)],
            }
        )
        self.assertEqual(self._calendar_mails(), before + 2)
        event.start = NEXT_WEEK["start"] + timedelta(minutes=15)
        self.assertEqual(self._calendar_mails(), before + 4)
