from datetime import datetime, timedelta

import psycopg2.errors
from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.appointment_payment_occupancy import SlotTakenError
from ..models.appointment_payment_rate import TooManyBookingsError
from .common import NOW, TZ
from .test_visitor_booking import VisitorCase


@tagged("post_install", "-at_install")
class TestHolds(VisitorCase):
    def _hold(self, hour, address="192.0.2.7", partner=None, **values):
        details = self._details(address=address, **values)
        start = datetime(2026, 11, 24, hour, 0)
        return self._submit(details, start=start, partner=partner)

    def _assert_refused(self, hour, **values):
        # rolls back, as the page does
        with self.assertRaises(TooManyBookingsError) as refusal:
            self._hold(hour, **values)
        self.assertIn("Finish paying one of them", str(refusal.exception))

    def test_f45_one_address_keeps_three_times_unpaid(self):
        for hour in (8, 9, 10):
            self._hold(hour, email=f"client{hour}@example.com")
        self._assert_refused(13, email="client13@example.com")

    def test_f45_one_client_keeps_three_times_unpaid_from_anywhere(self):
        for hour in (8, 9, 10):
            self._hold(hour, address=f"192.0.2.{hour}")
        self._assert_refused(13, address="192.0.2.13")
        self.assertTrue(self._hold(13, address="192.0.2.13", email="other@example.com"))

    def test_a_client_who_is_logged_in_is_not_kept_from_booking_by_a_stranger(self):
        for hour in (8, 9, 10):
            self._hold(hour, address=f"192.0.2.{hour}")
        self.assertTrue(self._hold(13, address="192.0.2.13", partner=self.client_partner))

    def test_f45_requests_that_are_not_paid_before_the_answer_count_too(self):
        later = {"confirmation_mode": "manual", "request_flow": "approve_first"}
        category = self._create_category("Assessment", payment_mode="full", **later)
        hours = (datetime(2026, 11, 25, hour) for hour in (8, 9, 10, 13))
        *asked, refused = hours
        for start in asked:
            booking = self._submit(
                self._details(address="192.0.2.7"), start=start, category=category
            )
            self.assertEqual(booking.state, "requested")
        with self.assertRaises(TooManyBookingsError) as refusal:  # rolls back, as the page does
            self._submit(self._details(address="192.0.2.7"), start=refused, category=category)
        self.assertIn("until your requests are answered", str(refusal.exception))
        booking._set_declined()
        self.assertFalse(booking.holder_client or booking.holder_address)
        again = self._submit(self._details(address="192.0.2.7"), start=refused, category=category)
        self.assertEqual(again.state, "requested")

    def test_what_is_paid_expired_or_free_is_not_held(self):
        free = self._create_category("Free", payment_mode="none")
        first, second, third = (self._hold(hour) for hour in (8, 9, 10))
        self._assert_refused(13)
        self.assertTrue(
            self._submit(self._details(address="192.0.2.7"), start=datetime(2026, 11, 24, 14),
                         category=free)
        )
        self._pay(first)
        second._set_expired("unpaid")
        for booking in (first, second):
            self.assertFalse(booking.holder_client or booking.holder_address)
        self.assertEqual(third.holder_client_number, 3)
        again = self._hold(13), self._hold(12)
        self.assertEqual([booking.holder_client_number for booking in again], [1, 2])

    def test_another_time_in_the_same_form_takes_the_place_of_the_first(self):
        details = self._details(address="192.0.2.7")
        for hour in (8, 9, 10, 12, 13):
            last = self._submit(details, start=datetime(2026, 11, 24, hour))
        self.assertEqual(last.state, "pending_payment")

    def test_the_limit_is_the_practices_and_can_be_lifted(self):
        self.company.appointment_holds_per_client = 1
        self._hold(9)
        self._assert_refused(10)
        self.company.appointment_holds_per_client = 0
        booking = self._hold(10)
        self.assertFalse(booking.holder_client or booking.holder_address)

    def test_nothing_stored_tells_the_address(self):
        booking = self._hold(9)
        for key in (booking.holder_client, booking.holder_address):
            self.assertEqual(len(key), 64)
        self.assertNotEqual(booking.holder_client, booking.holder_address)

    def test_a_number_that_another_request_has_just_taken_is_passed_over(self):
        first, second = self._hold(9), self._book(start=datetime(2026, 11, 24, 10))
        holders = {"client": first.holder_client, "address": first.holder_address}
        # what a request sees that began before the first was committed
        taken = {"client": set(), "address": set()}
        token = second._new_checkout_token()
        self.assertFalse(second._try_claim(token, holders, taken))
        self.assertFalse(second._try_claim(token, holders, taken))
        self.assertEqual(taken, {"client": {1}, "address": {1}})
        self.assertTrue(second._try_claim(token, holders, taken))
        second.invalidate_recordset()
        self.assertEqual((second.holder_client_number, second.holder_address_number), (2, 2))

    def test_a_form_that_was_sent_twice_is_told_from_too_many(self):
        details = self._details()
        self._submit(details)
        with self.assertRaises(SlotTakenError):
            self._book(start=datetime(2026, 11, 24, 10))._claim_for_visitor(
                details["checkout_token"], {}
            )


@tagged("post_install", "-at_install")
class TestRates(VisitorCase):
    def setUp(self):
        super().setUp()
        # the counter has a cursor of its own, which here must not outlive the test
        self.registry_enter_test_mode()
        self.rates = self.env["appointment.payment.rate"]

    def _take(self, address="192.0.2.7", email="carla@example.com", company=None):
        self.rates._take(company or self.company, TZ, address, email)

    def _assert_refused(self, **values):
        with self.assertRaises(TooManyBookingsError) as refusal:
            self._take(**values)
        return str(refusal.exception)

    def test_f45_one_address_books_so_often_and_no_more(self):
        for number in range(30):
            self._take(email=f"client{number}@example.com")
        self._assert_refused(email="one.more@example.com")
        self._take(address="192.0.2.8", email="one.more@example.com")

    def test_f45_one_email_books_so_often_and_no_more(self):
        for number in range(10):
            self._take(address=f"192.0.2.{number}")
        self._assert_refused(address="192.0.2.99")
        self._take(address="192.0.2.99", email="other@example.com")

    def test_whoever_knows_an_address_keeps_no_client_with_a_login_from_booking(self):
        self.company.appointment_rate_per_email = 2
        for _stranger in range(2):
            self._take()
        self._assert_refused()
        for _client in range(2):
            self._take(email=self.client_partner)
        self._assert_refused(email=self.client_partner)

    def test_somebody_with_a_whole_network_is_one_visitor(self):
        self.company.appointment_rate_per_address = 2
        for number in range(2):
            self._take(address=f"2001:db8::{number}", email=f"client{number}@example.com")
        self._assert_refused(address="2001:db8::ffff", email="other@example.com")

    def test_it_says_until_when_and_what_else_to_do(self):
        self.company.appointment_rate_per_email = 1
        self._take()
        with freeze_time(NOW + timedelta(minutes=20)):
            message = self._assert_refused()
        for words in ("after 9:01\u202fAM", "Practice Linden", "hello@linden.example"):
            self.assertIn(words, message)

    def test_after_an_hour_it_begins_anew(self):
        self.company.appointment_rate_per_email = 1
        self._take()
        with freeze_time(NOW + timedelta(minutes=59)):
            self._assert_refused()
        with freeze_time(NOW + timedelta(minutes=60)):
            self._take()
            self._assert_refused()

    def test_each_practice_counts_its_own(self):
        self.company.appointment_rate_per_email = 1
        elsewhere = self.env["res.company"].create({"name": "Oak"})
        self._take()
        self._take(company=elsewhere)
        self._assert_refused()

    def test_without_limits_nothing_is_counted(self):
        before = self.rates.search_count([])
        self.company.write({"appointment_rate_per_address": 0, "appointment_rate_per_email": 0})
        self._take()
        self.assertEqual(self.rates.search_count([]), before)

    def test_who_it_was_is_not_stored_and_soon_forgotten(self):
        before = self.rates.search([])
        self._take()
        counted = self.rates.search([]) - before
        self.assertEqual(counted.mapped("count"), [1, 1])
        self.assertEqual({len(key) for key in counted.mapped("key")}, {64})
        with freeze_time(NOW + timedelta(hours=1)):
            self.rates._gc_rates()
        self.assertFalse(counted.exists())

    def test_limits_are_not_negative(self):
        for name in ("rate_per_address", "rate_per_email", "holds_per_client"):
            with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.CheckViolation):
                self.company[f"appointment_{name}"] = -1
                self.company.flush_recordset()

    def test_only_administrators_look_at_the_counters(self):
        for user in (self.anna, self._create_user("Mia", "group_manager")):
            with self.assertRaises(AccessError):
                self.rates.with_user(user).search([])
