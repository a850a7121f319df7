from datetime import datetime

from freezegun import freeze_time

from odoo.modules.module import Manifest
from odoo.tests import TransactionCase, tagged
from odoo.tools.convert import convert_file

MODULE = "appointment_payments"
# a Monday morning, a Wednesday night, the Sunday on which summer time ends
MOMENTS = ["2026-11-23 07:00", "2026-11-25 22:30", "2026-10-25 00:30"]


@tagged("post_install", "-at_install")
class TestDemo(TransactionCase):
    def setUp(self):
        super().setUp()
        if self.env.ref("appointment_payments.demo_company", raise_if_not_found=False):
            self.skipTest("the demo practice is here already")

    def _load(self):
        env, references = self.env(su=True), {}
        for filename in Manifest.for_addon(MODULE)["demo"]:
            convert_file(env, MODULE, filename, references, mode="init", noupdate=True)
        return self.env.ref("appointment_payments.demo_company")

    def test_on_any_day_there_is_a_booking_in_each_state_and_every_category_can_be_booked(self):
        for moment in MOMENTS:
            with self.subTest(moment), freeze_time(moment), self.env.cr.savepoint() as savepoint:
                self._assert_complete(self._load())
                savepoint.rollback()
                self.env.invalidate_all(flush=False)

    def _assert_complete(self, company):
        self.assertEqual(company.currency_id.name, "EUR")
        bookings = self.env["appointment.payment.booking"].search([("company_id", "=", company.id)])
        states = dict(bookings._fields["state"]._description_selection(self.env))
        self.assertEqual(set(bookings.mapped("state")), set(states))
        self.assertLessEqual(
            {"not_required", "unpaid", "processing", "held", "partial", "paid"},
            set(bookings.mapped("payment_status")),
        )
        over = bookings.filtered(lambda b: b.state in ("attended", "no_show"))
        self.assertTrue(all(booking.stop < datetime.now() for booking in over))
        waiting = bookings.filtered(lambda b: b.state == "pending_payment")
        self.assertTrue(all(booking.start > datetime.now() for booking in waiting))
        categories = self.env["calendar.event.type"].search([("company_id", "=", company.id)])
        self.assertEqual(len(categories), 7)
        self.assertEqual(categories.filtered("is_ready"), categories)
        self._assert_shows_everything(bookings, categories)

    def _assert_shows_everything(self, bookings, categories):
        self.assertTrue(categories.filtered("buffer_after"))
        self.assertTrue(categories.filtered("own_booking_window"))
        self.assertTrue(categories.practitioner_price_ids)
        sessions = bookings.filtered(lambda b: b.capacity > 1).grouped("start").values()
        self.assertTrue([group for group in sessions if len(group) > 2], "a group meets")
        self.assertEqual(set(bookings.mapped("origin")), {"portal", "staff"})
        self.assertTrue(bookings.filtered("client_note"))
        unanswered = bookings.filtered(lambda b: b.state == "confirmed" and b.stop < datetime.now())
        self.assertTrue(unanswered, "somebody is to say whether the client came")

    def test_loading_it_again_changes_nothing(self):
        company = self._load()
        domain = [("company_id", "=", company.id)]
        before = self.env["appointment.payment.booking"].search(domain)
        self.assertEqual(self._load(), company)
        self.assertEqual(self.env["appointment.payment.booking"].search(domain), before)

    def test_no_mail_waits_to_be_sent(self):
        self._load()
        mails = self.env["mail.mail"].search([("model", "=", "appointment.payment.booking")])
        self.assertEqual(set(mails.mapped("state")), {"sent"})

    def test_a_company_that_keeps_books_is_left_alone(self):
        main = self.env.ref("base.main_company")
        name, currency = main.name, main.currency_id
        self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "company_id": main.id,
                "partner_id": self.env["res.partner"].create({"name": "Somebody"}).id,
                "invoice_line_ids": [(0, 0, {"name": "Something", "price_unit": 10.0})],
            }
        )
        company = self._load()
        self.assertNotEqual(company, main)
        self.assertEqual((main.name, main.currency_id), (name, currency))
        self._assert_complete(company)
