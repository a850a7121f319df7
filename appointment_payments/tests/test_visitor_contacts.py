from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .test_visitor_booking import VisitorCase

TEN = datetime(2026, 11, 24, 10, 0)


class ContactCase(VisitorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.free = cls._create_category("Phone call", payment_mode="none")
        cls.manager = cls._create_user("Mia Manager", "group_manager")
        cls.manager.group_ids += cls.env.ref("base.group_partner_manager")

    def _visit(self, category=None, **values):
        """An anonymous booking, by default of somebody whom the practice knows."""
        return self._submit(self._details(name="Carla", **values), category=category)

    def _attach(self, booking):
        attached = booking._attach_to_known_contact()
        booking.invalidate_recordset()
        return attached


@tagged("post_install", "-at_install")
class TestProof(ContactCase):
    def test_the_link_in_the_mail_carries_a_proof_that_the_page_has_not(self):
        booking = self._visit(self.free)
        mail = self.env["mail.mail"].search(
            [("res_id", "=", booking.id), ("recipient_ids", "in", booking.partner_id.ids)]
        )
        proof = parse_qs(urlsplit(booking._get_mail_url()).query)["proof"][0]
        self.assertIn(f"&amp;proof={proof}", mail.body_html)
        self.assertNotIn("proof", booking.get_portal_url())
        self.assertTrue(booking._is_mail_proof(proof))

    def test_no_other_proof_counts(self):
        booking, other = self._visit(), self._submit(self._details(), start=TEN)
        proof = booking._get_mail_proof()
        wrong = [
            None, False, 1, [], {}, "", "x", "é", proof[:-3], proof + "AAAA", proof[::-1],
            other._get_mail_proof(), booking._portal_ensure_token(),
        ]  # fmt: skip
        for value in wrong:
            with self.subTest(value=value):
                self.assertFalse(booking._is_mail_proof(value))
        booking.partner_id.email = "new@example.com"
        self.assertFalse(booking._is_mail_proof(proof))


@tagged("post_install", "-at_install")
class TestAttach(ContactCase):
    def test_a_booking_moves_into_the_one_file_with_its_address(self):
        booking = self._visit(self.free, email="CARLA@example.com")
        visitor = booking.partner_id
        self.assertTrue(self._attach(booking))
        self.assertEqual(booking.partner_id | booking.payer_id, self.client_partner)
        self.assertEqual(
            booking.event_id.partner_ids, self.client_partner | self.anna.partner_id
        )
        self.assertEqual(
            booking.event_id.attendee_ids.partner_id, self.client_partner | self.anna.partner_id
        )
        self.assertFalse(booking.activity_ids)
        self.assertTrue(visitor.exists())
        self.assertFalse(self._attach(booking))

    def test_who_is_known_attends_no_group_either(self):
        self.free.capacity = 8
        bookings = self._visit(self.free) | self._book(self.free)
        event = bookings.event_id
        self.assertEqual(len(event), 1)
        self.assertTrue(self._attach(bookings[0]))
        self.assertEqual(bookings.partner_id, self.client_partner)
        self.assertEqual(event.partner_ids, self.anna.partner_id)
        self.assertEqual(event.attendee_ids.partner_id, self.anna.partner_id)

    def test_nothing_of_the_file_changes(self):
        before = self.client_partner.read(["name", "email", "phone", "lang", "tz"])
        self._attach(self._visit(phone="666"))
        self.assertEqual(
            self.client_partner.read(["name", "email", "phone", "lang", "tz"]), before
        )

    def test_what_is_paid_stays_on_the_contact_it_was_made_out_to(self):
        booking = self._visit()
        visitor = booking.partner_id
        self._pay(booking)
        self.assertTrue(self._attach(booking))
        self.assertEqual((booking.partner_id, booking.payer_id), (self.client_partner, visitor))
        self.assertEqual(booking.invoice_ids.partner_id, visitor)
        self.assertEqual(booking.activity_ids.summary, "Merge two contacts of one client")
        self._assert_ledger(booking, 80.0, 13.33, 56.0, [24.0])

    def test_a_payment_under_way_keeps_its_payer(self):
        booking = self._visit()
        visitor = booking.partner_id
        self._pay(booking, state="pending")
        self._attach(booking)
        self.assertEqual((booking.partner_id, booking.payer_id), (self.client_partner, visitor))
        failed = self._submit(self._details(), start=TEN)
        self._pay(failed, state="error")
        self._attach(failed)
        self.assertEqual(failed.payer_id, self.client_partner)

    def test_nobody_is_guessed(self):
        elsewhere = self.env["res.company"].create({"name": "Oak"})
        partners = self.env["res.partner"]
        firm = {"name": "Firm", "is_company": True, "email": "firm@example.com"}
        partners.create(
            [
                {"name": "Two", "email": "two@example.com"},
                {"name": "Two", "email": "two@example.com"},
                {"name": "Far", "email": "far@example.com", "company_id": elsewhere.id},
                {"name": "Old", "email": "old@example.com", "active": False},
                firm,
            ]
        )
        for hour, name in enumerate(("two", "far", "old", "firm", "nobody")):
            details = self._details(email=f"{name}@example.com")
            booking = self._submit(
                details, category=self.free, start=datetime(2026, 11, 25 + hour % 3, 8 + hour % 2)
            )
            visitor = booking.partner_id
            with self.subTest(name=name):
                self.assertFalse(self._attach(booking))
                self.assertEqual(booking.partner_id, visitor)

    def test_a_contact_that_another_visitor_made_is_nobodys_file(self):
        first = self._submit(self._details(email="new@example.com"), category=self.free)
        second = self._submit(
            self._details(email="new@example.com"), category=self.free, start=TEN
        )
        self.assertFalse(self._attach(second))
        # until somebody of the practice has edited it
        first.partner_id.with_user(self.manager).comment = "Known"
        self.assertTrue(self._attach(second))
        self.assertEqual(second.partner_id, first.partner_id)

    def test_a_booking_that_staff_made_or_a_client_with_a_login_is_where_it_belongs(self):
        self.env["res.partner"].create({"name": "Other Carla", "email": "carla@example.com"})
        for booking in (
            self._book(origin="staff"),
            self._submit(self._details(), start=TEN, partner=self.client_partner),
        ):
            self.assertFalse(self._attach(booking))
            self.assertEqual(booking.partner_id, self.client_partner)

    def test_the_client_sees_it_after_that_and_not_before(self):
        user = self.env["res.users"].create(
            {
                "name": "Carla", "login": "carla_portal", "partner_id": self.client_partner.id,
                "group_ids": [Command.set(self.env.ref("base.group_portal").ids)],
            }
        )  # fmt: skip
        booking = self._visit()
        with self.assertRaises(AccessError):
            booking.with_user(user).read(["name"])
        self._attach(booking)
        self.assertEqual(booking.with_user(user).name, booking.name)


@tagged("post_install", "-at_install")
class TestMerge(ContactCase):
    def _merge(self, source, target):
        self.env.flush_all()
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard.with_user(self.manager)._merge(
            (source | target).ids, target.with_user(self.manager)
        )
        self.env.invalidate_all()

    def test_bookings_follow_when_staff_merge_contacts(self):
        booking = self._visit()
        visitor = booking.partner_id
        self._pay(booking)
        self._merge(visitor, self.client_partner)
        self.assertFalse(visitor.exists())
        self.assertEqual(booking.partner_id | booking.payer_id, self.client_partner)
        self.assertIn(self.client_partner, booking.event_id.partner_ids)
        self.assertEqual(booking.transaction_ids.partner_id, self.client_partner)
        self._assert_ledger(booking, 80.0, 13.33, 56.0, [24.0])
        self._pay(booking)
        self.assertEqual(booking.payment_status, "paid")

    def test_a_file_that_is_merged_into_a_visitor_is_no_visitor_any_more(self):
        visitor = self._visit().partner_id
        self.assertTrue(visitor.appointment_visitor)
        self._merge(self.client_partner, visitor)
        self.assertFalse(visitor.appointment_visitor)

    def test_what_the_system_writes_makes_nobody_a_client(self):
        visitor = self._visit().partner_id
        visitor.sudo().comment = "Seen"
        visitor.with_user(self.env.ref("base.public_user")).sudo().comment = "Seen again"
        self.assertTrue(visitor.appointment_visitor)
        visitor.with_user(self.manager).comment = "Calls back"
        self.assertFalse(visitor.appointment_visitor)
