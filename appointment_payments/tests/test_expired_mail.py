from datetime import datetime, timedelta

from freezegun import freeze_time

from odoo.tests import tagged

from .common import NOW
from .test_mails import MailCase

TEN = datetime(2026, 11, 24, 10, 0)


@tagged("post_install", "-at_install")
class TestExpiredMail(MailCase):
    def _expire(self, booking, reason="unpaid"):
        """Let a booking expire; return the mails of its client."""
        booking._set_expired(reason)
        client, practitioner = self._mails(booking)
        self.assertFalse(practitioner)
        return client

    def test_the_client_is_told_with_a_link_to_the_same_practitioner(self):
        booking = self._book()
        mail = self._expire(booking)
        self.assertEqual(len(mail), 1)
        when = "Tue 24 Nov 2026, 10:00\u202fAM – 11:00\u202fAM"
        self.assertEqual(mail.subject, f"Not booked: {when}, First consultation")
        self.assertEqual(mail.email_from, self.company.email_formatted)
        again = f"/booking/{self.category.slug}?practitioner=anna-berg-{self.anna.id}"
        self.assertIn(f'href="{booking.get_base_url()}{again}"', mail.body_html)
        self.assertIn("Nothing was charged", self._text(mail))
        self.assertNotIn("Price", self._text(mail))

    def test_it_is_sent_by_the_scheduled_action_and_once(self):
        booking = self._book()
        for minutes in (21, 26, 31):
            with freeze_time(NOW + timedelta(minutes=minutes)), self.enter_registry_test_mode():
                self.env.ref(
                    "appointment_payments.cron_expire_bookings"
                ).method_direct_trigger()
        self.assertEqual([len(mails) for mails in self._mails(booking)], [1, 0])

    def test_a_payment_that_did_not_arrive_in_time_is_not_called_unpaid(self):
        mail = self._expire(self._book(), "pending")
        self.assertIn("payment has not arrived in time", self._text(mail))
        self.assertNotIn("Nothing was charged", self._text(mail))

    def test_who_chose_another_time_is_not_told(self):
        self.assertFalse(self._expire(self._book(), "replaced"))

    def test_who_was_booked_by_staff_hears_from_staff(self):
        self.assertFalse(self._expire(self._book(origin="staff")))

    def test_an_appointment_that_would_have_begun_is_not_told(self):
        booking = self._book()
        with freeze_time(booking.start):
            self.assertFalse(self._expire(booking))

    def test_who_has_booked_meanwhile_is_not_told(self):
        booking = self._book()
        again = self.env["res.partner"].create({"name": "Carla", "email": "CARLA@example.com"})
        self._book(start=TEN, partner=again)
        self.assertFalse(self._expire(booking))

    def test_what_does_not_count_as_booked_meanwhile(self):
        earlier = self._book(start=TEN)
        booking = self._book()
        stranger = self.env["res.partner"].create({"name": "Sam", "email": "sam@example.com"})
        self._book(user=self.ben, partner=stranger)
        given_up = self._book(user=self.ben, start=TEN)
        given_up._set_cancelled()
        self.assertEqual(earlier.state, "pending_payment")
        self.assertEqual(len(self._expire(booking)), 1)

    def test_the_link_says_what_can_still_be_booked(self):
        booking = self._book()
        self.assertEqual(
            booking._get_book_again_path(),
            f"/booking/{self.category.slug}?practitioner=anna-berg-{self.anna.id}",
        )
        self.category.user_ids -= self.anna
        self.assertEqual(booking._get_book_again_path(), f"/booking/{self.category.slug}")
        self.category.bookable = False
        self.assertFalse(booking._get_book_again_path())
        mail = self._expire(booking)
        self.assertEqual(len(mail), 1)
        self.assertNotIn("Choose a time", self._text(mail))


@tagged("post_install", "-at_install")
class TestLatePaymentMails(MailCase):
    def test_both_sides_read_that_all_of_it_is_given_back(self):
        self.anna.tz = "America/New_York"
        booking = self._book(origin="staff")
        booking._set_expired("unpaid")
        booking._send_late_payment_mails(24.0)
        client, practitioner = self._mails(booking)
        self.assertEqual((len(client), len(practitioner)), (1, 1))
        for words in ("payment of *24.00 €* arrived", "the whole amount back", "not booked"):
            self.assertIn(words, self._text(client))
        self.assertIn("You get 24.00\xa0€ back", client.subject)
        self.assertIn(f"/booking/{self.category.slug}?practitioner=", client.body_html)
        self.assertIn("Carla Client paid *24.00 €*", self._text(practitioner))
        self.assertIn("4:00\u202fAM", practitioner.subject)
        self.assertIn(f"/odoo/appointment-bookings/{booking.id}", practitioner.body_html)
        self.assertNotIn(booking.access_token or "no token", practitioner.body_html)
