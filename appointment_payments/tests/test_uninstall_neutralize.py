from datetime import datetime

from odoo.exceptions import UserError
from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import tagged

from .common import PracticeCase

NAME = "appointment_payments"


class UninstallCase(PracticeCase):
    def _uninstall(self, name=NAME):
        """Press Uninstall in Apps; what it did is rolled back.

        :return: whether the addon was to be removed
        """
        module = self.env["ir.module.module"].search([("name", "=", name)])
        addon = self.env["ir.module.module"].search([("name", "=", NAME)])
        with self.env.cr.savepoint() as savepoint:
            module.button_uninstall()
            removed = addon.state == "to remove"
            savepoint.rollback()
        addon.invalidate_recordset()
        self.assertEqual(addon.state, "installed")
        return removed

    def _assert_refused(self, count=1):
        for name in (NAME, "calendar", "account_payment"):
            with (
                self.subTest(module=name),
                self.assertRaisesRegex(UserError, f"hold clients' money: {count}"),
            ):
                self._uninstall(name)


@tagged("post_install", "-at_install")
class TestUninstall(UninstallCase):
    def test_without_bookings_it_is_allowed(self):
        self.assertTrue(self._uninstall())

    def test_it_goes_with_what_it_depends_on(self):
        for name in ("calendar", "account_payment"):
            with self.subTest(module=name):
                self.assertTrue(self._uninstall(name))

    def test_with_a_deposit_for_an_appointment_to_come_it_is_refused(self):
        self._pay(self._book())
        self._pay(self._book(user=self.ben))
        self._assert_refused(count=2)

    def test_with_a_deposit_that_confirmed_nothing_yet_it_is_refused(self):
        booking = self._book()
        self._create_transaction(booking)._set_done()
        self.assertEqual((booking.state, booking.amount_paid), ("pending_payment", 24.0))
        self._assert_refused()

    def test_with_a_payment_on_its_way_it_is_refused(self):
        self._pay(self._book(), state="pending")
        self._assert_refused()

    def test_with_money_held_it_is_refused(self):
        booking = self._book()
        self._create_transaction(booking)._set_authorized()
        self.assertEqual(booking.amount_held, 24.0)
        self._assert_refused()

    def test_with_money_for_a_time_that_is_gone_it_is_refused(self):
        booking = self._book()
        transaction = self._create_transaction(booking)
        booking._set_expired("unpaid")
        self._book()
        transaction._set_done()
        transaction._post_process()
        self.assertEqual((booking.state, booking.amount_paid), ("expired", 24.0))
        self._assert_refused()

    def test_with_money_in_another_company_it_is_refused(self):
        self._pay(self._book())
        other = self._create_company("Practice Oak", self.eur)
        module = self.env["ir.module.module"].search([("name", "=", NAME)])
        module = module.with_context(allowed_company_ids=other.ids)
        with self.assertRaisesRegex(UserError, "hold clients' money: 1"):
            module.button_uninstall()

    def test_when_paid_appointments_took_place_it_is_allowed(self):
        came, missed = self._book(), self._book(user=self.ben)
        for booking in came | missed:
            self._pay(booking)
        came._set_attended()
        missed._set_no_show()
        self.assertTrue(self._uninstall())

    def test_unpaid_and_failed_bookings_hold_no_money(self):
        self._book()
        self._pay(self._book(user=self.ben), state="cancel")
        self._book(start=datetime(2026, 11, 24, 11, 0))._set_expired("unpaid")
        self.assertTrue(self._uninstall())

    def test_another_module_is_uninstalled_as_ever(self):
        self._pay(self._book())
        self.assertFalse(self._uninstall("payment_demo"))


@tagged("post_install", "-at_install")
class TestNeutralize(PracticeCase):
    def _neutralize(self):
        self.env.flush_all()
        queries = list(get_neutralization_queries([NAME]))
        self.assertEqual(len(queries), 1)
        self.cr.execute(queries[0])
        self.env.invalidate_all()

    def test_a_copied_database_takes_no_bookings_and_asks_for_no_money(self):
        self._create_category("Put away", active=False)
        self._create_category("Shared", company_id=False, product_id=False)
        self._neutralize()
        categories = self.env["calendar.event.type"].with_context(active_test=False)
        self.assertFalse(categories.search([("bookable", "=", True)]))
        self.assertFalse(self.env["res.company"].search([("appointment_prepayment", "=", True)]))

    def test_no_link_of_the_original_opens_a_booking_in_the_copy(self):
        booking = self._book(checkout_token="a" * 32)
        self._book(user=self.ben, checkout_token="b" * 32)
        mailed = booking._portal_ensure_token()
        self._neutralize()
        bookings = self.env["appointment.payment.booking"].search([])
        self.assertEqual(set(bookings.mapped("access_token")), {False})
        self.assertEqual(set(bookings.mapped("checkout_token")), {False})
        self.assertNotEqual(booking._portal_ensure_token(), mailed)

    def test_what_was_booked_stays_as_it_is(self):
        booking = self._book()
        self._pay(booking)
        self._neutralize()
        self.assertEqual((booking.state, booking.amount_paid), ("confirmed", 24.0))
        self.assertEqual(len(booking.occupancy_ids), 1)


@tagged("post_install", "-at_install")
class TestPrivacyLookup(PracticeCase):
    def _look_up(self, name, email):
        """The bookings that Odoo's lookup finds of a person."""
        if "privacy.lookup.wizard" not in self.env:
            self.skipTest("privacy_lookup is not installed")
        wizard = self.env["privacy.lookup.wizard"].create({"name": name, "email": email})
        wizard.action_lookup()
        lines = wizard.line_ids.filtered(lambda w: w.res_model == "appointment.payment.booking")
        return self.env["appointment.payment.booking"].browse(lines.mapped("res_id"))

    def test_it_finds_a_persons_bookings_and_no_others(self):
        other = self.env["res.partner"].create({"name": "Dora", "email": "dora@example.com"})
        booking, others = self._book(), self._book(user=self.ben, partner=other)
        found = self._look_up("Carla Client", "carla@example.com")
        self.assertEqual(found, booking)
        self.assertEqual(self._look_up("Dora", "dora@example.com"), others)

    def test_it_finds_what_somebody_else_booked_and_a_person_pays(self):
        payer = self.env["res.partner"].create({"name": "Paul", "email": "paul@example.com"})
        booking = self._book(payer_id=payer.id)
        self.assertEqual(self._look_up("Paul", "paul@example.com"), booking)

    def test_it_finds_a_visitors_bookings_by_the_address_alone(self):
        booking = self.env["appointment.payment.booking"]._book_for_visitor(
            self.category,
            self.anna,
            datetime(2026, 11, 24, 9, 0),
            self._details(name="Vera Visitor", email="vera@example.com"),
        )
        self.assertEqual(self._look_up("nobody by this name", "VERA@example.com"), booking)
