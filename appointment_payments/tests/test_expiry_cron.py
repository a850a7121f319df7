from datetime import datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import NOW, PracticeCase

LOGGER = "odoo.addons.appointment_payments.models.appointment_payment_booking_expiry"
LATER = NOW + timedelta(minutes=21)


@tagged("post_install", "-at_install")
class TestExpiryCron(PracticeCase):
    def setUp(self):
        super().setUp()
        self.cron = self.env.ref("appointment_payments.cron_expire_bookings")
        self.bookings = self.env["appointment.payment.booking"]

    def _run(self, moment=LATER, batch_size=100):
        """Run the scheduled action's method in a cursor of its own, where it may commit."""
        with (
            freeze_time(moment),
            self.enter_registry_test_mode(),
            self.registry.cursor() as cr,
        ):
            self.env(cr=cr)["appointment.payment.booking"]._cron_expire_bookings(batch_size)

    def _book_many(self, count):
        hours = (datetime(2026, 11, 25) + timedelta(hours=hour) for hour in range(count))
        return self.bookings.union(*(self._book(start=start) for start in hours))

    def test_the_scheduled_action_frees_the_time(self):
        booking = self._book()
        with freeze_time(LATER), self.enter_registry_test_mode():
            self.cron.method_direct_trigger()
        self.assertEqual((booking.state, booking.expired_reason), ("expired", "unpaid"))
        self.assertEqual(self._book().state, "pending_payment")

    def test_a_booking_expires_when_its_time_to_pay_ends(self):
        booking = self._book()
        self._run(booking.hold_until - timedelta(seconds=1))
        self.assertEqual((booking.state, len(booking.occupancy_ids)), ("pending_payment", 1))
        self._run(booking.hold_until)
        self.assertEqual(booking.state, "expired")
        self.assertFalse(booking.occupancy_ids or booking.hold_until)

    def test_only_bookings_that_wait_for_payment_expire(self):
        confirmed, cancelled = self._book(), self._book(user=self.ben)
        confirmed._set_confirmed()
        cancelled._set_cancelled()
        self._run(NOW + timedelta(days=30))
        self.assertEqual((confirmed.state, cancelled.state), ("confirmed", "cancelled"))
        self.assertEqual(len(confirmed.occupancy_ids), 1)

    def test_the_expired_of_every_company_are_freed(self):
        second = self.env["res.company"].create({"name": "Practice Oak"})
        booking = self._book()
        self.env.flush_all()
        # as a company that the scheduler's user has never been added to
        self.env.user.write({"company_id": second.id, "company_ids": [(6, 0, second.ids)]})
        with freeze_time(LATER), self.enter_registry_test_mode():
            self.cron.method_direct_trigger()
        self.assertEqual(booking.state, "expired")

    def test_a_payment_under_way_keeps_the_time_until_it_had_to_be_there(self):
        booking = self._book(start=datetime(2026, 12, 24, 9, 0))
        self._pay(booking, state="pending")
        until = NOW + timedelta(days=14)
        self.assertEqual(booking.pending_until, until)
        for moment in (LATER, until - timedelta(seconds=1)):
            self._run(moment)
            self.assertEqual((booking.state, booking.hold_until), ("pending_payment", until))
        self._run(until)
        self.assertEqual((booking.state, booking.expired_reason), ("expired", "pending"))
        self.assertFalse(booking.occupancy_ids or booking.pending_until)

    def test_a_payment_under_way_keeps_no_time_beyond_the_start(self):
        booking = self._book()
        self._pay(booking, state="pending")
        self._run()
        self.assertEqual(booking.hold_until, booking.start)
        self._run(booking.start)
        self.assertEqual(booking.state, "expired")

    def test_a_booking_paid_but_not_yet_confirmed_does_not_expire(self):
        booking = self._book()
        transaction = self._create_transaction(booking)
        transaction._set_done()
        self.assertFalse(transaction.is_post_processed)
        self._run()
        self.assertEqual((booking.state, len(booking.occupancy_ids)), ("pending_payment", 1))
        transaction._post_process()
        self.assertEqual(booking.state, "confirmed")

    def test_a_payment_that_failed_keeps_nothing(self):
        booking = self._book()
        self._pay(booking, state="error")
        self._create_transaction(booking)  # opened and never finished
        self._run()
        self.assertEqual((booking.state, booking.expired_reason), ("expired", "unpaid"))

    def test_a_server_that_was_down_catches_up(self):
        bookings = self._book_many(3)
        self._run(NOW + timedelta(days=2))
        self.assertEqual(bookings.mapped("state"), ["expired"] * 3)

    def test_one_that_fails_stops_nobody_else_and_is_tried_again(self):
        bookings = self._book_many(5)
        bad = bookings[1]
        with self._break(bad), self.assertLogs(LOGGER, "ERROR") as log, mute_logger("odoo.sql_db"):
            self._run(batch_size=2)
        self.assertEqual(len(log.output), 1)
        self.assertIn(f"Booking {bad.id} could not expire", log.output[0])
        self.assertEqual((bookings - bad).mapped("state"), ["expired"] * 4)
        self.assertEqual((bad.state, len(bad.occupancy_ids)), ("pending_payment", 1))
        self._run()
        self.assertEqual(bad.state, "expired")

    def test_a_mail_that_cannot_be_written_keeps_no_time(self):
        template = "appointment_payments.mail_template_booking_expired_client"
        self.env.ref(template).body_html = '<p t-out="object.no_such_field" />'
        bookings = self._book_many(2)
        with (
            self.assertLogs(LOGGER.replace("expiry", "mail"), "ERROR") as log,
            mute_logger("odoo.addons.mail.models.mail_render_mixin"),
        ):
            self._run()
        self.assertEqual(len(log.output), 2)
        self.assertEqual(bookings.mapped("state"), ["expired"] * 2)
        self.assertFalse(bookings.occupancy_ids)
        summaries = bookings.activity_ids.mapped("summary")
        self.assertEqual(summaries, ["Tell the client: Expired"] * 2)

    def _break(self, bad):
        """Let the database fail in the middle of one booking's expiry."""
        expire = type(self.bookings)._expire_if_due

        def fail(booking, now):
            expire(booking, now)
            if booking.id == bad.id:
                booking.env.cr.execute("SELECT 1 / 0")

        return patch.object(type(self.bookings), "_expire_if_due", fail)

    def test_it_works_in_batches_and_says_how_far_it_is(self):
        bookings = self._book_many(5)
        with self._spy_on_progress() as spy:
            self._run(batch_size=2)
        self.assertEqual([call.args[0] for call in spy.call_args_list], [2, 2, 1])
        self.assertEqual(bookings.mapped("state"), ["expired"] * 5)

    def test_it_stops_when_its_time_is_up_and_goes_on_the_next_time(self):
        bookings = self._book_many(5)
        with self._spy_on_progress(time_left=0):
            self._run(batch_size=2)
        self.assertEqual(bookings.mapped("state"), ["expired"] * 2 + ["pending_payment"] * 3)
        self._run(batch_size=2)
        self.assertEqual(bookings.mapped("state"), ["expired"] * 5)

    def _spy_on_progress(self, time_left=float("inf")):
        return patch.object(
            type(self.env["ir.cron"]), "_commit_progress", return_value=time_left
        )

    def test_with_nothing_due_it_looks_once(self):
        self._book()
        with self._spy_on_progress() as spy:
            self._run(NOW)
        self.assertFalse(spy.called)
