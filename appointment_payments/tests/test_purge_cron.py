from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import NOW
from .test_visitor_booking import VisitorCase

LOGGER = "odoo.addons.appointment_payments.models.res_partner_visitor"
NEXT_MONTH = NOW + timedelta(days=31)


@tagged("post_install", "-at_install")
class TestPurgeCron(VisitorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls._create_user("Mia Manager", "group_manager")
        cls.manager.group_ids += cls.env.ref("base.group_partner_manager")

    def _visit(self, email="vera@example.com", expired=True, **values):
        """A visitor who booked long ago and did not pay."""
        booking = self._submit(self._details(email=email), **values)
        if expired:
            booking._set_expired("unpaid")
        # the database's clock is not frozen
        self._make_old(booking, NOW)
        return booking

    def _make_old(self, booking, moment):
        self.env.flush_all()
        for record in (booking, booking.partner_id):
            self.env.cr.execute(
                f"UPDATE {record._table} SET create_date = %s WHERE id = %s", [moment, record.id]
            )
        self.env.invalidate_all()

    def _run(self, moment=NEXT_MONTH, batch_size=100):
        with (
            freeze_time(moment),
            self.enter_registry_test_mode(),
            self.registry.cursor() as cr,
        ):
            self.env(cr=cr)["res.partner"]._cron_purge_visitor_contacts(batch_size)
        self.env.invalidate_all()

    def test_who_never_paid_is_removed_with_their_booking(self):
        booking = self._visit()
        partner = booking.partner_id
        self._create_transaction(booking, 24.0)._set_error("Refused")
        with freeze_time(NEXT_MONTH), self.enter_registry_test_mode():
            self.env.ref(
                "appointment_payments.cron_purge_visitor_contacts"
            ).method_direct_trigger()
        self.assertFalse(partner.exists() or booking.exists())

    def test_whose_request_was_declined_unpaid_is_removed_too(self):
        manual = self._create_category(
            "Request", confirmation_mode="manual", request_flow="approve_first"
        )
        booking = self._visit(expired=False, category=manual)
        self.assertEqual(booking.state, "requested")
        booking._set_declined()
        self._run()
        self.assertFalse(booking.exists())

    def test_whose_hold_was_let_go_is_removed_with_what_let_it_go(self):
        manual = self._create_category(
            "Request", confirmation_mode="manual", payment_mode="full"
        )
        booking = self._visit(expired=False, category=manual)
        partner = booking.partner_id
        hold = self._create_transaction(booking, capture_method="manual")
        self._finish(hold, "done")
        booking._set_declined()
        self._run()
        self.assertTrue(booking.exists(), "it is held as long as nobody knows that it is not")
        with self.enter_registry_test_mode():
            booking.operation_ids._run()
        self.env.invalidate_all()
        self.assertEqual(hold.state, "cancel")
        self._run()
        self.assertFalse(partner.exists() or booking.exists() or hold.exists())

    def test_not_before_thirty_days(self):
        booking = self._visit()
        self._run(NOW + timedelta(days=30))
        self.assertTrue(booking.exists())
        self._run(NOW + timedelta(days=30, seconds=1))
        self.assertFalse(booking.exists())

    def test_whoever_paid_came_or_still_has_time_to_pay_stays(self):
        paid = self._visit("paid@example.com", expired=False)
        self._pay(paid)
        free = self._create_category("Free", payment_mode="none")
        came = self._visit("came@example.com", expired=False, category=free, user=self.ben)
        waiting = self._visit(
            "waiting@example.com", expired=False, start=NOW + timedelta(days=2, hours=2)
        )
        processing = self._visit("sepa@example.com", start=NOW + timedelta(days=2, hours=1))
        self._create_transaction(processing, 24.0)._set_pending()
        late = self._visit("late@example.com", start=NOW + timedelta(days=3, hours=1))
        self._create_transaction(late, 24.0)._set_done()
        self._run()
        for booking in (paid, came, waiting, processing, late):
            self.assertTrue(booking.exists().partner_id)
        self.assertEqual(came.state, "confirmed")

    def test_contacts_that_people_made_or_edited_stay(self):
        known = self._book(start=NOW + timedelta(days=2, hours=1))
        known._set_expired("unpaid")
        self._make_old(known, NOW)
        edited = self._visit()
        edited.partner_id.with_user(self.manager).comment = "Calls back"
        self.env.flush_all()
        self._run()
        self.assertTrue(known.exists() and edited.exists())

    def test_whoever_has_written_or_has_a_login_stays_for_good(self):
        wrote = self._visit("wrote@example.com")
        wrote.message_post(body="Hello", author_id=wrote.partner_id.id)
        login = self._visit("login@example.com", start=NOW + timedelta(days=2, hours=1))
        self.env["res.users"].create(
            {
                "name": "Login",
                "login": "login_test",
                "partner_id": login.partner_id.id,
                "group_ids": [(6, 0, self.env.ref("base.group_portal").ids)],
            }
        )
        self._run()
        for booking in (wrote, login):
            self.assertTrue(booking.exists())
            self.assertFalse(booking.partner_id.appointment_visitor)

    def test_whom_staff_invited_wrote_about_or_have_to_call_stays_for_good(self):
        bookings = [
            self._visit(f"client{day}@example.com", start=NOW + timedelta(days=day, hours=1))
            for day in range(1, 5)
        ]
        invited, noted, called, parent = (booking.partner_id for booking in bookings)
        self.env["calendar.event"].with_user(self.anna).create(
            {
                "name": "First talk",
                "start": NEXT_MONTH,
                "stop": NEXT_MONTH + timedelta(hours=1),
                "partner_ids": [Command.set((invited | self.anna.partner_id).ids)],
            }
        )
        noted.with_user(self.manager).message_post(
            body="Prefers mornings", message_type="comment"
        )
        called.with_user(self.manager).activity_schedule(
            "mail.mail_activity_data_call", user_id=self.manager.id
        )
        child = self.env["res.partner"].create({"name": "Office", "parent_id": parent.id})
        self._run()
        for booking in bookings:
            self.assertTrue(booking.exists())
            self.assertFalse(booking.partner_id.appointment_visitor)
        self.assertEqual(child.parent_id, parent)

    def test_whom_somebody_is_working_on_is_looked_at_again_the_next_time(self):
        partner = self._visit().partner_id
        nobody = self.env["res.partner"]
        with patch.object(type(nobody), "try_lock_for_update", lambda *_args, **_kwargs: nobody):
            self._run()
        self.assertTrue(partner.appointment_visitor)
        self._run()
        self.assertFalse(partner.exists())

    def test_whom_another_document_needs_stays_for_good(self):
        booking = self._visit()
        self.env["account.move"].create(
            {"move_type": "out_invoice", "partner_id": booking.partner_id.id}
        )
        self._run()
        self.assertTrue(booking.exists())
        self.assertFalse(booking.partner_id.appointment_visitor)

    def test_a_visitor_whose_booking_went_elsewhere_is_removed(self):
        booking = self._visit("carla@example.com")
        visitor = booking.partner_id
        booking._attach_to_known_contact()
        self._run()
        self.assertFalse(visitor.exists())
        self.assertEqual(booking.partner_id, self.client_partner)

    def test_one_that_fails_stops_nobody_else_and_is_tried_again(self):
        bookings = [
            self._visit(f"client{day}@example.com", start=NOW + timedelta(days=day, hours=1))
            for day in (1, 2, 3)
        ]
        bad = bookings[1].partner_id
        purge = type(bad)._purge

        def fail(partner):
            purge(partner)
            if partner.id == bad.id:
                partner.env.cr.execute("SELECT 1 / 0")

        with (
            patch.object(type(bad), "_purge", fail),
            self.assertLogs(LOGGER, "ERROR") as log,
            mute_logger("odoo.sql_db"),
        ):
            self._run(batch_size=1)
        self.assertEqual(len(log.output), 1)
        self.assertEqual([bool(b.exists()) for b in bookings], [False, True, False])
        self._run()
        self.assertFalse(bad.exists())

    def test_it_stops_when_its_time_is_up_and_goes_on_the_next_time(self):
        bookings = [
            self._visit(f"client{day}@example.com", start=NOW + timedelta(days=day, hours=1))
            for day in (1, 2, 3)
        ]
        with patch.object(type(self.env["ir.cron"]), "_commit_progress", return_value=0):
            self._run(batch_size=2)
        self.assertEqual(sum(bool(b.exists()) for b in bookings), 1)
