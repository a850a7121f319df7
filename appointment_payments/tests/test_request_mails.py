"""What the mails of requests say, to whom, and in whose language and time."""

from datetime import timedelta

from odoo.fields import Command
from odoo.tests import tagged

from .common import NOW
from .request_common import DUE, START, RequestCase
from .test_access import AccessCase


class RequestMailCase(RequestCase):
    def _mails(self, booking, reader=None):
        """The mails of a booking as they leave, oldest first: subject, text and HTML."""
        mails = self.env["mail.mail"].search(
            [
                ("model", "=", booking._name),
                ("res_id", "=", booking.id),
                ("message_type", "!=", "user_notification"),
            ],
            order="id",
        )
        if reader:
            mails = mails.filtered(lambda m: m.recipient_ids == reader)
        return [email for mail in mails for email in mail._prepare_outgoing_list()]

    def _text(self, email):
        return email["body_alternative"].replace("\xa0", " ").replace("\u202f", " ")

    def _last(self, booking, reader):
        return self._text(self._mails(booking, reader)[-1])


@tagged("post_install", "-at_install")
class TestRequestMails(RequestMailCase):
    def test_what_is_held_paid_or_asked_later_stands_in_both(self):
        said = {
            "hold": ("are held", "Price: 80.00 €\nHeld: 80.00 €\n\n"),
            "charge": ("are paid", "Price: 80.00 €\nPaid: 80.00 €\n\n"),
            "approve_first": ("80.00 € when", "Price: 80.00 €\nLeft to pay: 80.00 €\n\n"),
        }
        for hour, (flow, words) in enumerate(said.items()):
            booking = self._ask(flow, start=START + timedelta(hours=hour))
            for reader in (booking.partner_id, self.anna.partner_id):
                for part in words:
                    self.assertIn(part, self._last(booking, reader))

    def test_a_name_with_a_line_separator_still_makes_a_subject(self):
        self.client_partner.name = "Carla\u2028Client\x85Bcc: all@example.com"
        booking = self._ask()
        email = self._mails(booking, self.anna.partner_id)[-1]
        subject = email["subject"]
        self.assertTrue(subject.endswith("Carla Client Bcc: all@example.com"), subject)
        message = self.env["ir.mail_server"]._build_email__(
            "a@example.com", email["email_to"], subject, email["body"], subtype="html"
        )
        self.assertEqual(message["Subject"], subject)
        self.assertFalse(message["Bcc"])

    def test_of_a_held_deposit_the_rest_is_left(self):
        self.manual.write({"payment_mode": "deposit", "deposit_percent": 30.0})
        booking = self._ask()
        text = self._last(booking, booking.partner_id)
        self.assertIn("Price: 80.00 €\nHeld: 24.00 €\nLeft to pay: 56.00 €\n", text)

    def test_under_the_threshold_both_read_that_nothing_was_charged(self):
        self.manual.price = 9.99
        booking = self._ask()
        for reader in (booking.partner_id, self.anna.partner_id):
            self.assertIn("Nothing was charged", self._last(booking, reader))
        self.assertIn("under the amount from which", self._last(booking, self.anna.partner_id))
        booking.with_user(self.anna).action_decline()
        self.assertIn("\n\nNothing was charged.\n\n", self._last(booking, booking.partner_id))

    def test_the_end_names_what_goes_back(self):
        said = {
            "hold": "80.00 € were held and are let go: nothing was charged.",
            "charge": "80.00 € were paid and go back in full, in the way they were paid.",
            "approve_first": "Nothing was charged.",
        }
        hour = START
        for flow, words in said.items():
            for end in ("decline", "expire", "cancel"):
                hour += timedelta(hours=1)
                booking = self._ask(flow, start=hour)
                self._end(booking, end)
                readers = [booking.partner_id, self.anna.partner_id][: 1 if end == "decline" else 2]
                for reader in readers:
                    with self.subTest(flow=flow, end=end, reader=reader.name):
                        self.assertIn(words, self._last(booking, reader))

    def _end(self, booking, end):
        if end == "decline":
            booking.with_user(self.anna).action_decline()
        elif end == "expire":
            booking._set_expired("unanswered")
        else:
            booking._cancel_request()

    def test_the_page_says_so_too_and_when_it_has_gone_back(self):
        booking = self._ask("charge")
        booking.action_decline()
        self.assertIn("go back in full", booking._get_ended_money_words())
        self._send_operations(booking)
        self.assertIn("have gone back in full", booking._get_ended_money_words())

    def test_paid_twice_and_declined_it_has_not_gone_back_with_the_second_payment(self):
        booking = self._ask("charge", pay=False)
        for payment in [self._create_transaction(booking) for _tab in range(2)]:
            self._finish(payment, "done")
        self._send_operations(booking)
        self.assertEqual(booking.amount_refunded, 80.0)
        booking.action_decline()
        self.assertIn("were paid and go back in full", self._last(booking, booking.partner_id))
        self._send_operations(booking)
        self.assertIn("have gone back in full", booking._get_ended_money_words())

    def test_accepted_and_expired_while_it_was_paid_nobody_says_that_nothing_was_charged(self):
        booking = self._ask("approve_first")
        booking.with_user(self.anna).action_accept()
        self._finish(self._create_transaction(booking), "pending")
        self._expire(START)
        self.assertEqual((booking.state, booking.expired_reason), ("expired", "pending"))
        text = self._last(booking, booking.partner_id)
        self.assertIn("your payment has not arrived in time", text)
        self.assertNotIn("Nothing was charged", text)

    def test_what_is_over_invites_to_ask_again(self):
        for hour, end in enumerate(("decline", "expire", "cancel")):
            booking = self._ask(start=START + timedelta(hours=hour))
            self._end(booking, end)
            text = self._last(booking, booking.partner_id)
            path = f"{booking.get_base_url()}{booking._get_book_again_path()}"
            self.assertIn(f"Choose another time <{path}>", text)
            self.assertIn("/booking/assessment?practitioner=", path)
        self.manual.bookable = False
        booking = self._ask(start=START + timedelta(hours=5))
        self._end(booking, "decline")
        self.assertNotIn("another time", self._last(booking, booking.partner_id))

    def test_each_of_them_links_the_page_on_requests(self):
        bookings = [self._ask(start=START + timedelta(hours=hour)) for hour in range(4)]
        for booking, end in zip(bookings, ("decline", "expire", "cancel"), strict=False):
            self._end(booking, end)
        accepted = bookings[3]
        approved = self._ask("approve_first", start=START + timedelta(days=1))
        accepted.with_user(self.anna).action_accept()
        self._send_operations(accepted)
        approved.action_accept()
        approved._send_request_mails("warning")
        approved._send_request_mails("pay_again")
        emails = [email for booking in [*bookings, approved] for email in self._mails(booking)]
        self.assertEqual(len({email["subject"].split(":")[0] for email in emails}), 10)
        for email in emails:
            url = f"<{self.company.get_base_url()}{self.company._get_requests_path()}>"
            self.assertIn(f"How requests and refunds work {url}", self._text(email))

    def test_the_confirmation_says_who_has_accepted(self):
        booking = self._ask("charge")
        booking.with_user(self.anna).action_accept()
        text = self._last(booking, booking.partner_id)
        self.assertIn("Anna Berg has accepted your request. Your appointment is confirmed.", text)
        plain = self._book(self._create_category("Free", payment_mode="none"), user=self.ben)
        self.assertNotIn("request", self._last(plain, plain.partner_id))

    def test_the_link_to_pay_names_the_amount(self):
        booking = self._ask("approve_first")
        booking.action_accept()
        self.assertIn("\nPay 80.00 € <", self._last(booking, booking.partner_id))
        booking._send_request_mails("pay_again")
        self.assertIn("\nPay 80.00 € again <", self._last(booking, booking.partner_id))

    def test_moments_are_the_readers_in_their_language_and_zone(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.anna.tz = "America/New_York"
        self.client_partner.lang = "fr_FR"
        booking = self._ask(lang="fr_FR")
        client, practitioner = self._mails(booking)
        self.assertIn("mar. 1 déc. 2026, 10:00", client["subject"])
        self.assertIn("by mer. 25 nov. 2026, 08:00;", self._text(client))
        self.assertIn("80,00 €", self._text(client))
        self.assertIn("by Wed 25 Nov 2026, 2:00 AM.", self._text(practitioner))
        self.assertIn("4:00 AM – 5:00 AM (America/New_York)", self._text(practitioner))
        self.assertEqual((DUE - NOW), timedelta(hours=48))


@tagged("post_install", "-at_install")
class TestColleagueMails(RequestMailCase, AccessCase):
    def setUp(self):
        super().setUp()
        self.manual.any_practitioner_accepts = True

    def _asked(self, booking):
        """Who was asked for an answer, oldest first."""
        emails = self._mails(booking)
        return [e["partner_id"].name for e in emails if e["subject"].startswith("To answer")]

    def test_a_colleague_who_is_free_is_asked_as_well(self):
        booking = self._ask()
        self.assertEqual(self._asked(booking), ["Anna Berg", "Ben Roy"])
        text = self._last(booking, self.ben.partner_id)
        self.assertIn("Hello Ben Roy,", text)
        self.assertIn("planned with Anna Berg", text)
        self.assertIn("\nAccept and take 80.00 € <", text)
        self.assertNotIn("\nDecline <", text)
        token = text.split("/booking/answer/")[1].split(">")[0]
        link = self.bookings._read_answer_link(token)
        self.assertEqual((link.booking.env.user, link.answer), (self.ben, "accept"))
        self.assertNotIn("planned with", self._last(booking, self.anna.partner_id))

    def test_in_their_own_language_and_zone(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.ben.write({"lang": "fr_FR", "tz": "America/New_York"})
        booking = self._ask()
        text = self._last(booking, self.ben.partner_id)
        self.assertIn("mer. 25 nov. 2026, 02:00", text)
        self.assertIn("04:00 – 05:00 (America/New_York)", text)
        self.assertIn("80,00 €", text)

    def test_nobody_is_asked_who_could_not_take_it(self):
        self.manual.user_ids = [Command.link(self.frida.id), Command.link(self.olga.id)]
        nowhere = self._create_user("Nils Nowhere")
        self.manual.user_ids = [Command.link(nowhere.id)]
        self._book(self.category, user=self.ben, start=START)
        self.assertEqual(self._asked(self._ask()), ["Anna Berg"])
        later = START + timedelta(days=1)
        self.env["calendar.event"].create(
            {"name": "Away", "user_id": self.ben.id, "partner_ids": self.ben.partner_id.ids,
             "start": later, "stop": later + timedelta(hours=1)}
        )  # fmt: skip
        self.assertEqual(self._asked(self._ask(start=later)), ["Anna Berg"])
        free = later + timedelta(hours=1)
        self.assertEqual(self._asked(self._ask(start=free)), ["Anna Berg", "Ben Roy"])

    def test_without_the_setting_only_the_one_who_was_chosen(self):
        self.manual.any_practitioner_accepts = False
        self.assertEqual(self._asked(self._ask()), ["Anna Berg"])

    def test_they_are_not_reminded(self):
        booking = self._ask()
        before = len(self._mails(booking, self.ben.partner_id))
        booking._send_request_mails("warning")
        self.assertEqual(len(self._mails(booking, self.ben.partner_id)), before)
        self.assertIn("expires on", self._last(booking, self.anna.partner_id))
