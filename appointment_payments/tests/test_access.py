from datetime import datetime

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import PracticeCase
from .test_staff_views import create_personas

MONEY = ["amount_total", "amount_due_now", "amount_paid", "amount_residual", "payment_status"]
BUTTONS = ("action_mark_attended", "action_mark_no_show", "action_cancel")


class AccessCase(PracticeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        create_personas(cls)
        cls.public = cls.env.ref("base.public_user")
        firm = cls.env["res.partner"].create({"name": "Firm", "is_company": True})
        cls.client_partner.parent_id = firm
        cls.carla = cls._create_client_user(cls.client_partner)
        colleague = cls.env["res.partner"].create(
            {"name": "Cody Colleague", "email": "cody@example.com", "parent_id": firm.id}
        )
        cls.cody = cls._create_client_user(colleague)
        cls.elsewhere = cls._create_company("Practice Oak", cls.eur)
        cls.olga = cls._create_user("Olga Oak", "group_practitioner", company=cls.elsewhere)
        cls.odin = cls._create_user("Odin Oak", "group_front_desk", company=cls.elsewhere)

    @classmethod
    def _create_client_user(cls, partner):
        return cls.env["res.users"].create(
            {
                "partner_id": partner.id,
                "login": partner.email,
                "company_id": cls.company.id,
                "company_ids": [Command.set(cls.company.ids)],
                "group_ids": [Command.set(cls.env.ref("base.group_portal").ids)],
            }
        )

    def setUp(self):
        super().setUp()
        self.of_anna = self._book(checkout_token="c" * 32)
        self.of_ben = self._book(user=self.ben, partner=self.cody.partner_id)
        self.of_olga = self._book_elsewhere()
        self.all = self.of_anna | self.of_ben | self.of_olga

    def _book_elsewhere(self):
        category = self._create_category(
            "Oak consultation",
            company_id=self.elsewhere.id,
            product_id=False,
            payment_mode="none",
            user_ids=[Command.set(self.olga.ids)],
        )
        return self._book(category, self.olga)

    def _as(self, record, user):
        """A record as a user sees it, with the companies of that user's browser."""
        record = record.with_user(user).with_context(allowed_company_ids=user.company_ids.ids)
        record.invalidate_recordset()
        return record

    def _readers(self):
        """Each persona with the bookings that it sees."""
        here = self.of_anna | self.of_ben
        return [
            (self.anna, self.of_anna),
            (self.ben, self.of_ben),
            (self.frida, here),
            (self.mara, here),
            (self.olga, self.of_olga),
            (self.odin, self.of_olga),
            (self.carla, self.of_anna),
            (self.cody, self.of_ben),
        ]


@tagged("post_install", "-at_install")
class TestBookingAccess(AccessCase):
    def test_everyone_finds_the_bookings_that_are_theirs(self):
        for user, visible in self._readers():
            with self.subTest(user=user.name):
                bookings = self._as(self.env["appointment.payment.booking"], user)
                found = bookings.search([("id", "in", self.all.ids)])
                self.assertEqual(set(found.ids), set(visible.ids))

    def test_everyone_reads_these_and_no_others(self):
        for user, visible in self._readers():
            for booking in self.all:
                with self.subTest(user=user.name, booking=booking.name):
                    seen = self._as(booking, user)
                    if booking in visible:
                        self.assertEqual(seen.read(["name"])[0]["name"], booking.sudo().name)
                    else:
                        with self.assertRaises(AccessError):
                            seen.read(["name"])

    def test_without_a_group_nobody_sees_any(self):
        for user in (self.ivo, self.public):
            with self.subTest(user=user.name):
                with self.assertRaises(AccessError):
                    self._as(self.all, user).search([])
                with self.assertRaises(AccessError):
                    self._as(self.of_anna, user).read(["name"])

    def test_buttons_work_for_whoever_may_write_and_for_nobody_else(self):
        staff = {self.anna, self.ben, self.frida, self.mara, self.olga, self.odin}
        self.of_anna._set_confirmed()
        visible = {user: bookings for user, bookings in self._readers() if user in staff}
        for user in (*visible, self.carla, self.cody, self.ivo, self.public):
            booking = self._as(self.of_anna, user)
            with self.subTest(user=user.name):
                if self.of_anna in visible.get(user, self.of_ben):
                    booking.action_mark_no_show()
                    booking.action_mark_attended()
                    self.assertEqual(self.of_anna.state, "attended")
                    continue
                for button in BUTTONS:
                    with self.assertRaises(AccessError):
                        getattr(booking, button)()

    def test_cancelling_a_list_with_one_foreign_booking_cancels_none(self):
        with self.assertRaises(AccessError):
            self._as(self.of_anna | self.of_ben, self.anna).action_cancel()
        self.assertEqual(self.of_anna.state, "pending_payment")

    def test_nobody_makes_a_booking_over_the_orm(self):
        values = self.of_anna.copy_data()[0]
        personas = [user for user, _visible in self._readers()]
        for user in (*personas, self.ivo, self.public):
            with self.subTest(user=user.name), self.assertRaises(AccessError):
                self._as(self.env["appointment.payment.booking"], user).create(values)

    def test_clients_change_nothing(self):
        booking = self._as(self.of_anna, self.carla)
        for change in (lambda: booking.write({"activity_ids": []}), booking.unlink, booking.copy):
            with self.assertRaises(AccessError):
                change()

    def test_a_client_posts_on_their_own_booking_only(self):
        message = self._as(self.of_anna, self.carla).message_post(body="I may be late")
        self.assertEqual(message.author_id, self.client_partner)
        with self.assertRaises(AccessError):
            self._as(self.of_ben, self.carla).message_post(body="Hello")
        for user in (self.public, self.ivo):
            with self.assertRaises(AccessError):
                self._as(self.of_anna, user).message_post(body="Hello")

    def test_a_practitioner_posts_on_their_own_booking_only(self):
        self._as(self.of_anna, self.anna).message_post(body="Bring the results")
        with self.assertRaises(AccessError):
            self._as(self.of_ben, self.anna).message_post(body="Hello")

    def test_only_a_manager_deletes_and_never_what_has_money(self):
        for user in (self.anna, self.frida, self.carla, self.public):
            with self.subTest(user=user.name), self.assertRaises(AccessError):
                self._as(self.of_anna, user).unlink()
        self._pay(self.of_anna)
        with self.assertRaisesRegex(UserError, "Cancel it instead"):
            self._as(self.of_anna, self.mara).unlink()
        self._pay(self.of_ben, state="pending")
        with self.assertRaisesRegex(UserError, "Cancel it instead"):
            self._as(self.of_ben, self.mara).unlink()
        self.assertTrue((self.of_anna | self.of_ben).exists())

    def test_a_manager_deletes_a_booking_without_money(self):
        occupancy = self.of_anna.occupancy_ids
        self._as(self.of_anna, self.mara).unlink()
        self.assertFalse(self.of_anna.exists() or occupancy.exists())


@tagged("post_install", "-at_install")
class TestFieldAccess(AccessCase):
    def test_amounts_are_read_without_accounting_rights(self):
        self._pay(self.of_anna)
        for user in (self.anna, self.frida, self.mara, self.carla):
            with self.subTest(user=user.name):
                self.assertFalse(user.has_group("account.group_account_invoice"))
                values = self._as(self.of_anna, user).read(MONEY)[0]
                self.assertEqual([values[name] for name in MONEY], [80, 24, 24, 56, "partial"])

    def test_transactions_and_invoices_need_accounting_rights(self):
        self._pay(self.of_anna)
        for user in (self.anna, self.frida, self.mara, self.carla):
            for name in ("transaction_ids", "invoice_ids", "invoice_line_ids"):
                with self.subTest(user=user.name, field=name), self.assertRaises(AccessError):
                    self._as(self.of_anna, user).read([name])
        self.assertEqual(self._as(self.of_anna, self.sara).invoice_ids, self.of_anna.invoice_ids)

    def test_the_token_of_the_form_is_read_by_nobody_in_the_practice(self):
        for user in (self.anna, self.frida, self.mara, self.carla):
            booking = self._as(self.of_anna, user)
            with self.subTest(user=user.name):
                with self.assertRaises(AccessError):
                    booking.read(["checkout_token"])
                with self.assertRaises(AccessError):
                    booking.search([("checkout_token", "=like", "c%")])

    def test_an_event_shows_only_the_bookings_that_its_reader_may_open(self):
        self.of_anna._set_confirmed()
        event = self.of_anna.event_id
        counts = {self.anna: 1, self.frida: 1, self.ben: 0, self.ivo: 0}
        for user, count in counts.items():
            with self.subTest(user=user.name):
                self.assertEqual(self._as(event, user).appointment_booking_count, count)


@tagged("post_install", "-at_install")
class TestOtherModelsAccess(AccessCase):
    def test_only_a_manager_changes_a_category(self):
        for user in (self.anna, self.frida, self.ivo, self.carla, self.public):
            category = self._as(self.category, user)
            with self.subTest(user=user.name):
                with self.assertRaises(AccessError):
                    category.write({"price": 1.0})
                with self.assertRaises(AccessError):
                    category.create({"name": f"By {user.name}"})
                with self.assertRaises(AccessError):
                    category.unlink()
        self._as(self.category, self.mara).write({"price": 90.0})
        self.assertEqual(self.category.price, 90.0)

    def test_a_manager_changes_no_category_of_another_company(self):
        other = self.of_olga.category_id
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_rule"):
            self._as(other, self.mara).write({"price": 1.0})
        self.assertEqual(other.price, 80.0)

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_a_manager_changes_no_working_hours_of_another_company(self):
        for company in (self.elsewhere, self.company):
            calendar = self._as(company.resource_calendar_id, self.mara)
            line = calendar.attendance_ids[0]
            self.assertTrue(line.read(["hour_from"]))
            new = {**line.copy_data()[0], "calendar_id": calendar.id}
            for change in (
                lambda c=calendar: c.write({"name": "Changed"}),
                lambda li=line: li.write({"hour_to": 9.0}),
                lambda li=line, v=new: li.create(v),
                line.unlink,
                lambda c=calendar: c.create({"name": "New", "company_id": c.company_id.id}),
                self._as(company.resource_calendar_id.copy(), self.mara).unlink,
            ):
                if company == self.company:
                    change()
                    continue
                with self.assertRaises(AccessError):
                    change()
        self.assertNotEqual(self.elsewhere.resource_calendar_id.name, "Changed")

    def test_taken_time_is_read_as_the_bookings_are(self):
        occupancies = self.all.occupancy_ids
        staff = (self.anna, self.ben, self.frida, self.mara, self.olga, self.odin)
        for user, visible in self._readers():
            rows = self._as(self.env["appointment.payment.occupancy"], user)
            with self.subTest(user=user.name):
                if user in staff:
                    found = rows.search([("id", "in", occupancies.ids)])
                    self.assertEqual(set(found.ids), set(visible.occupancy_ids.ids))
                else:
                    with self.assertRaises(AccessError):
                        rows.search([])
        for user in (self.ivo, self.public):
            with self.subTest(user=user.name), self.assertRaises(AccessError):
                self._as(occupancies, user).read(["start"])

    def test_nobody_writes_taken_time(self):
        row = self.of_anna.occupancy_ids
        values = {"start": datetime(2026, 11, 25, 9, 0)}
        for user in (self.anna, self.frida, self.mara, self.carla, self.public):
            occupancy = self._as(row, user)
            with self.subTest(user=user.name):
                for change in (lambda o=occupancy: o.write(values), occupancy.unlink):
                    with self.assertRaises(AccessError):
                        change()
        self.assertEqual(row.start, self.of_anna.start)
