"""What clients hear when staff move, hand over or call off an appointment."""

from datetime import datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .request_common import RequestCase

NEXT_WEEK = datetime(2026, 12, 1, 9, 0)
HOUR = timedelta(hours=1)
TOLD = ("Changed", "client")
TOLD_TOO = ("Changed", "practitioner")


@tagged("post_install", "-at_install")
class TestChangeMails(RequestCase):
    def setUp(self):
        super().setUp()
        self.frida = self._create_user("Frida Front", "group_front_desk")
        self.mia = self._create_user("Mia Moss", "group_manager")

    def _confirmed(self, **values):
        """A confirmed appointment with Anna, tomorrow from 10:00 to 11:00."""
        booking = self._book(**values)
        self._pay(booking)
        return booking

    def _news(self, booking):
        """What was told after the confirmation."""
        return [news for news in self._sent(booking) if news[0] not in ("Confirmed", "Booked")]

    def _move(self, booking, user):
        """Have somebody move the appointment to next week, 10:00 to 11:00."""
        booking.event_id.with_user(user).write({"start": NEXT_WEEK, "stop": NEXT_WEEK + HOUR})

    def _mails_to(self, booking, partner):
        mails = [mail for b in booking for mail in self._get_mails(b)]
        return [mail for mail in mails if mail.recipient_ids == partner]

    def test_a_moved_appointment_is_told_with_its_former_time(self):
        booking = self._confirmed()
        self._move(booking, self.anna)
        self.assertEqual(self._news(booking), [TOLD])
        text = self._last_mail(booking)
        self.assertIn("Tue 1 Dec 2026, 10:00 AM – 11:00 AM (Europe/Paris)", text)
        self.assertIn("Before: Tue 24 Nov 2026, 10:00 AM – 11:00 AM, with Anna", text)
        self.assertIn("please contact us", text)

    def test_a_new_time_and_practitioner_in_one_go_are_one_mail(self):
        booking = self._confirmed()
        self.category.user_ids |= self.ben
        values = {"start": NEXT_WEEK, "stop": NEXT_WEEK + HOUR, "user_id": self.ben.id}
        booking.event_id.with_user(self.frida).write(values)
        self.assertEqual(self._news(booking).count(TOLD), 1)
        mail = self._mails_to(booking, booking.partner_id)[-1]
        self.assertIn("Ben", mail.body_html)
        self.assertRegex(mail.body_html, "Before: Tue 24 Nov 2026.*, with Anna")

    def test_what_stays_where_it_is_is_not_told(self):
        booking = self._confirmed()
        event = booking.event_id
        event.write({"start": event.start, "stop": event.stop, "name": "Another title"})
        self.assertFalse(self._news(booking))

    def test_a_move_that_is_refused_is_not_told(self):
        booking = self._confirmed()
        taken = self._book(start=NEXT_WEEK)
        with (
            patch.object(self.registry[booking._name], "_send_changed_mails") as told,
            self.assertRaises(UserError),
            mute_logger("odoo.sql_db"),
            self.cr.savepoint(),
        ):
            booking.event_id.write({"start": taken.start, "stop": taken.stop})
        told.assert_not_called()

    def test_a_synchronised_calendar_that_moves_it_is_told_too(self):
        booking = self._confirmed()
        synced = booking.event_id.with_user(self.anna).with_context(dont_notify=True)
        values = {"start": NEXT_WEEK, "stop": NEXT_WEEK + HOUR, "need_sync": False}
        values = {name: value for name, value in values.items() if name in synced._fields}
        synced.write(values)
        synced.write(values)  # it repeats what it knows
        self.assertEqual(self._news(booking), [TOLD])

    def test_of_a_group_each_client_is_told(self):
        self.category.capacity = 3
        other = self.env["res.partner"].create({"name": "Dora", "email": "dora@example.com"})
        bookings = self._confirmed() | self._confirmed(partner=other)
        self.assertEqual(len(bookings.event_id), 1)
        bookings.event_id.write({"start": NEXT_WEEK, "stop": NEXT_WEEK + HOUR})
        for booking in bookings:
            self.assertEqual(self._news(booking), [TOLD, TOLD_TOO])

    def test_bookings_of_before_payments_were_switched_on_send_nothing(self):
        booking = self._confirmed()
        self.company.appointment_payments_since = booking.create_date + HOUR
        booking.event_id.write({"start": NEXT_WEEK, "stop": NEXT_WEEK + HOUR})
        booking._set_cancelled()
        self.assertEqual(booking.state, "cancelled")
        self.assertFalse(self._news(booking))

    def test_a_request_that_a_colleague_accepts_is_confirmed_and_not_called_changed(self):
        self.manual.user_ids |= self.ben
        self.manual.any_practitioner_accepts = True
        booking = self._ask("charge")
        booking.with_user(self.ben).action_accept()
        self.assertEqual((booking.state, booking.user_id), ("confirmed", self.ben))
        self.assertNotIn(TOLD, self._sent(booking))

    def test_the_dialogue_of_the_calendar_tells_of_a_cancellation(self):
        booking = self._book(self._create_category("Talk", payment_mode="none"))
        booking._set_confirmed()
        booking.event_id.with_user(self.anna).action_cancel_appointments()
        self.assertEqual(self._news(booking), [("Cancelled", "client")])

    def test_what_has_begun_is_not_told(self):
        booking = self._confirmed()
        with freeze_time(booking.start + HOUR / 2):
            booking.event_id.stop = booking.stop + HOUR
        self.assertFalse(self._news(booking))
        with freeze_time(booking.stop):
            booking._set_cancelled()
        self.assertEqual(booking.state, "cancelled")
        self.assertFalse(self._news(booking))

    def test_a_moved_request_says_that_it_can_be_cancelled(self):
        booking = self._ask("hold")
        event = booking.event_id
        event.with_user(self.anna).write(
            {"start": booking.start + HOUR, "stop": booking.stop + HOUR}
        )
        self.assertEqual(self._sent(booking)[-1], TOLD)
        text = self._last_mail(booking)
        self.assertIn("has not been answered yet", text)
        self.assertIn("cancel the request on its page. You get everything back.", text)
        self.assertNotIn("confirmed", text)

    def test_a_cancelled_appointment_is_told_with_a_way_to_book_again(self):
        booking = self._book(self._create_category("Talk", payment_mode="none"))
        booking._set_confirmed()
        booking.with_user(self.anna).action_cancel()
        self.assertEqual(self._news(booking), [("Cancelled", "client")])
        text = self._last_mail(booking)
        self.assertIn("Your appointment is cancelled. What", text)
        self.assertIn("Would you like another time?", text)

    def test_cancelled_with_its_refund_the_mail_says_what_comes_back(self):
        booking = self._confirmed()
        screen = self.env["appointment.payment.refund"].with_user(self.mia).create(
            {"booking_id": booking.id, "refund_reason": "practice", "cancel_booking": True}
        )
        screen.action_refund()
        told = [("Cancelled", "client"), ("Cancelled", "practitioner")]
        self.assertEqual(self._news(booking), told)
        [mail] = self._mails_to(booking, booking.partner_id)[-1:]
        self.assertIn("You get 24.00 € back, in the way you paid.", self._read_mail(mail))

    def test_who_has_no_address_is_not_said_to_have_been_told(self):
        booking = self._confirmed()
        booking.partner_id.email = False
        event = booking.event_id.with_user(self.anna)
        event.write({"start": NEXT_WEEK, "stop": NEXT_WEEK + HOUR})
        self.assertFalse(self._news(booking))
        said = " ".join(booking.message_ids.mapped("body"))
        self.assertIn("Not mailed, since Carla Client has no email address", said)

    def test_a_cancelled_request_has_one_mail(self):
        booking = self._ask("hold")
        booking.with_user(self.anna).action_cancel()
        ended = [news for news in self._sent(booking) if news == ("Cancelled", "client")]
        self.assertEqual(len(ended), 1)

    def test_a_practitioner_hears_of_what_others_move(self):
        booking = self._confirmed()
        self.anna.tz = "UTC"
        self._move(booking, self.frida)
        self.assertEqual(self._news(booking), [TOLD, TOLD_TOO])
        text = self._last_mail(booking)
        self.assertIn("The appointment of Carla Client is at another time now.", text)
        self.assertIn("Tue 1 Dec 2026, 9:00 AM – 10:00 AM (UTC)", text)
        self.assertIn("Before: Tue 24 Nov 2026, 9:00 AM – 10:00 AM, with Anna Berg.", text)
        self.assertIn("Open the booking", text)

    def test_who_had_it_hears_whom_it_was_given_to_and_who_takes_it_that_it_is_theirs(self):
        booking = self._confirmed()
        self.category.user_ids |= self.ben
        booking.event_id.with_user(self.frida).user_id = self.ben
        [mail] = self._mails_to(booking, self.anna.partner_id)[-1:]
        text = self._read_mail(mail)
        self.assertIn("The appointment of Carla Client is with Ben Roy now.", text)
        self.assertNotIn("Open the booking", text)
        self.assertIn("Booked", self._mails_to(booking, self.ben.partner_id)[-1].subject)

    def test_who_gives_it_away_is_told_nothing(self):
        self.anna.group_ids |= self.env.ref("appointment_payments.group_front_desk")
        self.category.user_ids |= self.ben
        booking = self._confirmed()
        before = self._mails_to(booking, self.anna.partner_id)
        booking.event_id.with_user(self.anna).user_id = self.ben
        self.assertEqual(booking.user_id, self.ben)
        self.assertEqual(self._mails_to(booking, self.anna.partner_id), before)

    def test_who_has_left_is_told_nothing(self):
        elsewhere = self._create_company("Elsewhere", self.eur)
        self.category.user_ids |= self.ben
        talk = self._create_category("Talk", payment_mode="none")
        given, cancelled = self._confirmed(), self._book(talk, start=NEXT_WEEK)
        cancelled._set_confirmed()
        before = self._mails_to(given | cancelled, self.anna.partner_id)
        for gone in ({"company_id": elsewhere.id, "company_ids": elsewhere.ids}, {"active": False}):
            with self.subTest(gone), self.cr.savepoint() as savepoint:
                self.anna.write(gone)
                given.event_id.with_user(self.frida).user_id = self.ben
                cancelled.with_user(self.frida).action_cancel()
                self.assertEqual((given.user_id, cancelled.state), (self.ben, "cancelled"))
                self.assertEqual(self._mails_to(given | cancelled, self.anna.partner_id), before)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_request_that_is_given_to_a_colleague_is_theirs_to_answer(self):
        booking = self._ask("hold")
        self.manual.user_ids |= self.ben
        booking.event_id.with_user(self.frida).user_id = self.ben
        [mail] = self._mails_to(booking, self.anna.partner_id)[-1:]
        text = self._read_mail(mail)
        self.assertIn("The request of Carla Client is Ben Roy's to answer now.", text)

    def test_a_practitioner_hears_of_what_others_cancel(self):
        booking = self._book(self._create_category("Talk", payment_mode="none"))
        booking._set_confirmed()
        booking.with_user(self.frida).action_cancel()
        told = [("Cancelled", "client"), ("Cancelled", "practitioner")]
        self.assertEqual(self._news(booking), told)
        text = self._last_mail(booking)
        self.assertIn("The appointment of Carla Client is cancelled. The time is free", text)

    def test_of_a_group_a_seat_is_free_again(self):
        booking = self._book(self._create_category("Course", payment_mode="none", capacity=3))
        booking._set_confirmed()
        booking.with_user(self.frida).action_cancel()
        self.assertIn("is cancelled. A seat is free again.", self._last_mail(booking))

    def test_of_what_was_never_paid_the_practitioner_hears_nothing(self):
        booking = self._book()
        booking.with_user(self.frida).action_cancel()
        self.assertEqual(booking.state, "cancelled")
        self.assertFalse(self._mails_to(booking, self.anna.partner_id))

    def test_a_practitioners_mail_that_cannot_be_written_keeps_the_client_informed(self):
        names = ("changed", "cancelled")
        for name in names:
            template = f"appointment_payments.mail_template_booking_{name}_practitioner"
            self.env.ref(template).unlink()
        booking = self._book(self._create_category("Talk", payment_mode="none"))
        booking._set_confirmed()
        with self.assertLogs("odoo.addons.appointment_payments", "ERROR"):
            self._move(booking, self.frida)
            booking.with_user(self.frida).action_cancel()
        self.assertEqual(self._news(booking), [TOLD, ("Cancelled", "client")])
        todo = booking.with_context(active_test=False).activity_ids.mapped("summary")
        self.assertIn("Look at this appointment: Cancelled", todo)

    def test_a_mail_that_cannot_be_written_keeps_no_appointment_from_moving(self):
        booking = self._confirmed()
        broken = patch.object(
            self.registry["appointment.payment.booking"],
            "_send_changed_mails",
            side_effect=ValueError("template"),
        )
        with broken, self.assertLogs("odoo.addons.appointment_payments", "ERROR"):
            booking.event_id.write({"start": NEXT_WEEK, "stop": NEXT_WEEK + HOUR})
        self.assertEqual(booking.start, NEXT_WEEK)
        self.assertIn("Tell the client: Changed", booking.activity_ids.mapped("summary"))
