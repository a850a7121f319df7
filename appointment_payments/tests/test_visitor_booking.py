from datetime import datetime, timedelta
from unittest.mock import patch

from odoo import SUPERUSER_ID
from odoo.http import Request
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..models.appointment_payment_occupancy import SlotTakenError
from ..rules import slots
from .common import NOW, TZ, PracticeCase, PracticeMixin

NINE = datetime(2026, 11, 24, 9, 0)
TEN = datetime(2026, 11, 24, 10, 0)


class VisitorCase(PracticeCase):
    def _submit(self, details, start=NINE, user=None, partner=None, category=None):
        """Send the form as the public page does: as OdooBot."""
        category = (category or self.category).with_user(SUPERUSER_ID)
        return (
            self.env["appointment.payment.booking"]
            .with_user(SUPERUSER_ID)
            ._book_for_visitor(category, user or self.anna, start, details, partner)
        )


@tagged("post_install", "-at_install")
class TestVisitorBooking(VisitorCase):
    def test_a_visitor_books_with_what_they_typed(self):
        details = self._details(
            name="Vera Visitor", email="vera@example.com", phone="+33 1", note="Hello", lang="en_US"
        )
        booking = self._submit(details)
        self.assertEqual((booking.state, booking.origin), ("pending_payment", "portal"))
        self.assertEqual((booking.start, booking.tz, booking.lang), (NINE, TZ, "en_US"))
        self.assertEqual(booking.client_note, "Hello")
        self.assertEqual(booking.checkout_token, details["checkout_token"])
        partner = booking.partner_id
        self.assertEqual((partner.name, partner.email), ("Vera Visitor", "vera@example.com"))
        self.assertEqual((partner.phone, partner.lang, partner.tz), ("+33 1", "en_US", TZ))
        self.assertEqual(booking.payer_id, partner)

    def test_terms_are_accepted_where_there_are_some(self):
        self.assertFalse(self._submit(self._details()).accepted_terms_at)
        self.company.appointment_terms_url = "/terms"
        self.assertEqual(self._submit(self._details(), start=TEN).accepted_terms_at, NOW)

    def test_a_stranger_is_never_taken_for_a_client(self):
        for email in ("carla@example.com", "CARLA@example.com"):
            with self.subTest(email=email):
                start = NINE if email.islower() else TEN
                booking = self._submit(self._details(email=email, phone="666"), start=start)
                self.assertNotEqual(booking.partner_id, self.client_partner)
                self.assertFalse(booking.partner_id.parent_id or booking.partner_id.user_ids)
        self.assertFalse(self.client_partner.phone)
        self.assertFalse(self.client_partner.appointment_booking_count)

    def test_a_client_who_is_logged_in_books_for_themselves(self):
        contacts = self.env["res.partner"].search_count([])
        booking = self._submit(
            self._details(name="", email="other@example.com"), partner=self.client_partner
        )
        self.assertEqual(booking.partner_id, self.client_partner)
        self.assertEqual(self.client_partner.email, "carla@example.com")
        self.assertEqual(self.env["res.partner"].search_count([]), contacts)

    def test_a_client_of_another_company_books_with_a_contact_that_can_be_invoiced(self):
        self.client_partner.company_id = self.env["res.company"].create({"name": "Oak"})
        details = self._details(name="", email="", phone="+33 1")
        booking = self._submit(details, partner=self.client_partner)
        self.assertNotEqual(booking.partner_id, self.client_partner)
        self.assertEqual(
            booking.partner_id.read(["name", "email", "phone"])[0],
            {
                "id": booking.partner_id.id,
                "name": "Carla Client",
                "email": "carla@example.com",
                "phone": "+33 1",
            },
        )
        self._pay(booking)
        self._assert_ledger(booking, 80.0, 13.33, 56.0, [24.0])
        self.assertEqual(self._submit(details, partner=self.client_partner), booking)

    def test_everything_happens_as_odoobot_in_the_bookings_company(self):
        second = self.env["res.company"].create({"name": "Oak", "email": "oak@example.com"})
        self.anna._ensure_practitioner_resource(second).calendar_id.tz = TZ
        category = self._create_category_elsewhere(second)
        booking = self._submit(self._details(), category=category)
        self.assertEqual((booking.state, booking.company_id), ("confirmed", second))
        self.assertEqual(booking.create_uid.id, SUPERUSER_ID)
        self.assertEqual(booking.event_id.create_uid.id, SUPERUSER_ID)
        self.assertEqual(booking.env.company, second)
        authors = booking.message_ids.author_id | booking.event_id.message_ids.author_id
        self.assertNotIn(self.env.ref("base.public_partner"), authors)

    def test_a_time_that_is_not_on_offer_is_refused_before_anything_is_made(self):
        contacts = self.env["res.partner"].search_count([])
        self._book(start=TEN)
        for start in (
            NOW - timedelta(hours=1),  # past
            datetime(2026, 11, 24, 9, 30),  # between two times
            datetime(2026, 11, 24, 3, 0),  # at night
            datetime(2026, 11, 28, 9, 0),  # on Saturday
            NOW + timedelta(days=63, hours=2),  # beyond the horizon
            TEN,  # taken
        ):
            # not assertRaises, which would roll back what was made
            with self.subTest(start=start), self.assertRaisesRegex(SlotTakenError, "not free"):
                self._submit(self._details(), start=start)
        self.assertEqual(self.env["res.partner"].search_count([]), contacts)


@tagged("post_install", "-at_install")
class TestSecondSubmit(VisitorCase):
    def setUp(self):
        super().setUp()
        self.details = self._details()
        self.first = self._submit(self.details)

    def _count(self):
        return [
            self.env[model].search_count([])
            for model in ("appointment.payment.booking", "res.partner", "mail.mail")
        ]

    def test_the_same_form_returns_the_same_booking(self):
        before = self._count()
        self.env.flush_all()
        written = []
        write = type(self.first.partner_id).write
        with patch.object(
            type(self.first.partner_id),
            "write",
            lambda partner, vals: written.append(vals) or write(partner, vals),
        ):
            for _again in range(3):
                self.assertEqual(self._submit(self.details), self.first)
        self.assertEqual(self._count(), before)
        self.assertFalse(written)  # two clicks at once would meet

    def test_what_was_corrected_in_it_counts_while_nothing_is_paid(self):
        typed = {"name": "Carla C.", "email": "carla.c@example.com", "note": "Knee"}
        contact = self.first.partner_id
        before = self._count()
        self.assertEqual(self._submit({**self.details, **typed, "phone": "+33 2"}), self.first)
        self.assertEqual(self._count(), before)
        self.assertEqual(self.first.client_note, "Knee")
        self.assertEqual((contact.name, contact.phone), ("Carla C.", "+33 2"))
        self.assertEqual(contact.email_normalized, "carla.c@example.com")
        self.assertTrue(contact.appointment_visitor)
        self._pay(self.first)
        self._submit({**self.details, "email": "else@example.com"})
        self.assertEqual(contact.email, "carla.c@example.com")

    def test_a_contact_that_staff_have_edited_is_not_corrected_by_a_form(self):
        contact = self.first.partner_id
        contact.appointment_visitor = False
        self._submit({**self.details, "email": "else@example.com"})
        self.assertEqual(contact.email, "carla@example.com")

    def test_also_once_the_booking_is_paid_or_has_taken_place(self):
        self._pay(self.first)
        self.assertEqual(self._submit(self.details), self.first)
        self.first._set_attended()
        self.assertEqual(self._submit(self.details), self.first)

    def test_also_where_nothing_had_to_be_paid(self):
        self.category.payment_mode = "none"
        details = self._details()
        booking = self._submit(details, start=TEN)
        before = self._count()
        self.assertEqual(self._submit(details, start=TEN), booking)
        self.assertEqual(self._count(), before)

    def test_another_time_replaces_the_unpaid_booking(self):
        second = self._submit(self.details, start=TEN)
        self.assertEqual((second.state, second.start), ("pending_payment", TEN))
        self.assertEqual((self.first.state, self.first.expired_reason), ("expired", "replaced"))
        self.assertFalse(self.first.occupancy_ids or self.first.checkout_token)
        self.assertEqual(second.checkout_token, self.details["checkout_token"])
        self.assertEqual(self._book(start=NINE).state, "pending_payment")

    def test_another_practitioner_replaces_it_too(self):
        second = self._submit(self.details, user=self.ben)
        self.assertEqual((second.user_id, self.first.state), (self.ben, "expired"))

    def test_a_payment_under_way_keeps_the_first_booking(self):
        self._pay(self.first, state="pending")
        self.assertEqual(self._submit(self.details, start=TEN), self.first)
        self.assertEqual(self.first.start, NINE)

    def test_a_confirmed_booking_is_not_replaced(self):
        self._pay(self.first)
        self.assertEqual(self._submit(self.details, start=TEN), self.first)
        self.assertEqual((self.first.state, self.first.start), ("confirmed", NINE))

    def test_after_expiry_the_same_form_books_anew(self):
        self.first._set_expired("unpaid")
        second = self._submit(self.details)
        self.assertNotEqual(second, self.first)
        self.assertEqual(second.state, "pending_payment")

    def test_another_form_is_another_booking(self):
        self.assertNotEqual(self._submit(self._details(), start=TEN), self.first)
        self.assertEqual(self.first.state, "pending_payment")

    def test_the_database_keeps_one_booking_for_a_form(self):
        with mute_logger("odoo.sql_db"), self.assertRaisesRegex(Exception, "checkout_token_uniq"):
            self._book(start=TEN, checkout_token=self.details["checkout_token"])

    def test_no_token_finds_no_booking(self):
        bookings = self.env["appointment.payment.booking"]
        self._book(start=TEN)
        for token in (None, False, "", "x"):
            self.assertFalse(bookings._find_by_checkout_token(token))
        self.assertEqual(
            bookings._find_by_checkout_token(self.details["checkout_token"]), self.first
        )

    def test_tokens_are_long_and_never_the_same(self):
        tokens = {self.first._new_checkout_token() for _again in range(50)}
        self.assertEqual((len(tokens), {len(token) for token in tokens}), (50, {32}))


@tagged("post_install", "-at_install")
class TestSubmitPage(PracticeMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_practice()
        now = datetime.now().replace(microsecond=0)
        availability = cls.env["appointment.payment.availability"]
        cls.starts = availability._get_starts(
            cls.category, cls.anna, now, now + timedelta(days=14)
        )[cls.anna.id]

    def setUp(self):
        super().setUp()
        self.authenticate(None, None)

    def _submit(self, start):
        form = {
            "start": slots.to_text(start),
            "practitioner": str(self.anna.id),
            "name": "Vera Visitor",
            "email": "vera@example.com",
            "checkout_token": "c" * 32,
            "csrf_token": Request.csrf_token(self),
        }
        response = self.url_open(
            f"/booking/{self.category.slug}", data=form, allow_redirects=False
        )
        self.env.invalidate_all()
        return response

    def _bookings(self):
        return self.env["appointment.payment.booking"].search(
            [("category_id", "=", self.category.id), ("origin", "=", "portal")], order="id"
        )

    def test_a_submit_leads_to_the_bookings_own_page(self):
        response = self._submit(self.starts[0])
        booking = self._bookings()
        self.assertEqual(response.status_code, 303)
        page = f"/my/appointment-bookings/{booking.id}?access_token="
        self.assertIn(page, response.headers["Location"])
        self.assertEqual(booking.partner_id.name, "Vera Visitor")

    def test_another_time_that_is_taken_leaves_the_first_booking_and_says_so(self):
        self._submit(self.starts[0])
        first = self._bookings()
        self._book(start=self.starts[1], origin="staff")
        response = self._submit(self.starts[1])
        self.assertEqual(response.status_code, 409)
        self.assertIn("has just been taken", response.text)
        self.assertIn("vera@example.com", response.text)
        self.assertEqual(self._bookings(), first)
        self.assertEqual((first.state, len(first.occupancy_ids)), ("pending_payment", 1))
