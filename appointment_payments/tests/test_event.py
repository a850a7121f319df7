from datetime import date, datetime

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models.appointment_payment_occupancy import SlotTakenError
from .common import PracticeCase

NINE = datetime(2026, 11, 24, 9, 0)
TEN = datetime(2026, 11, 24, 10, 0)
ELEVEN = datetime(2026, 11, 24, 11, 0)
NEXT_WEEK = datetime(2026, 12, 1, 9, 0), datetime(2026, 12, 1, 10, 0)


class EventCase(PracticeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client_partner.phone = "+33 1 23 45 67 89"

    def _book_confirmed(self, **values):
        booking = self._book(**values)
        booking._set_confirmed()
        return booking

    def _when(self, booking):
        """The time of a booking everywhere that it is kept."""
        return [
            (record.start, record.stop)
            for record in (booking, booking.occupancy_ids, booking.event_id)
        ]

    def _move(self, event, start, stop):
        """Move an event as a person does, all of it rolled back when it is refused."""
        with self.env.cr.savepoint():
            event.write({"start": start, "stop": stop})


@tagged("post_install", "-at_install")
class TestEventOfABooking(EventCase):
    def test_it_is_in_the_practitioners_calendar_with_the_client(self):
        booking = self._book_confirmed()
        event = booking.event_id
        self.assertEqual(event.user_id, self.anna)
        self.assertEqual(event.partner_ids, self.client_partner | self.anna.partner_id)
        self.assertEqual(event.categ_ids, self.category)
        self.assertEqual(event.show_as, "busy")
        self.assertEqual(event.name, "Carla Client · First consultation")
        self.assertEqual(self._when(booking), [(NINE, TEN)] * 3)

    def test_its_description_holds_no_address_and_no_number(self):
        event = self._book_confirmed().event_id
        event.write({"location": "Room 2"})
        text = f"{event.description or ''} {event.name}"
        for detail in (self.client_partner.email, self.client_partner.phone, "45 67"):
            self.assertNotIn(detail, text)

    def test_a_booking_awaiting_payment_has_none(self):
        self.assertFalse(self._book().event_id)

    def test_confirming_twice_makes_one(self):
        booking = self._book_confirmed()
        event = booking.event_id
        booking._set_confirmed()
        booking._create_events()
        self.assertEqual(booking.event_id, event)
        events = self.env["calendar.event"].search([("partner_ids", "in", self.client_partner.ids)])
        self.assertEqual(events, event)

    def test_a_copied_event_has_no_booking(self):
        event = self._book_confirmed().event_id
        self.assertFalse(event.copy().appointment_booking_ids)

    def test_colleagues_see_the_link_and_the_status_of_a_private_event(self):
        names = {
            "appointment_booking_count",
            "appointment_booking_ids",
            "appointment_payment_color",
            "appointment_payment_status",
            "appointment_status",
        }
        public = self.env["calendar.event"]._get_public_fields()
        own = {
            name
            for name in self.env["calendar.event"]._fields
            if name.startswith("appointment_")
        }
        self.assertLessEqual(names, public)
        self.assertEqual(own & public, names)
        self.assertFalse({"description", "partner_ids", "attendee_ids", "notes"} & public)

    def test_a_colleague_sees_the_status_of_a_private_event_but_not_its_client(self):
        event = self._book_confirmed().event_id
        event.privacy = "private"
        event.invalidate_recordset()
        seen = event.with_user(self.ben)
        self.assertEqual(seen.appointment_status, "Confirmed · Nothing asked")
        self.assertNotIn("Carla", seen.name)
        self.assertFalse(seen.appointment_booking_count)


@tagged("post_install", "-at_install")
class TestMovingTheEvent(EventCase):
    def test_it_moves_the_booking_and_its_time(self):
        booking = self._book_confirmed()
        self._move(booking.event_id, TEN, ELEVEN)
        self.assertEqual(self._when(booking), [(TEN, ELEVEN)] * 3)
        self.assertEqual(self._book(start=NINE).state, "pending_payment")
        with self.assertRaises(SlotTakenError):
            self._book(start=TEN)

    def test_a_practitioner_moves_their_own(self):
        booking = self._book_confirmed()
        self._move(booking.event_id.with_user(self.anna), TEN, ELEVEN)
        self.assertEqual(self._when(booking), [(TEN, ELEVEN)] * 3)

    def test_it_moves_the_date_by_which_the_balance_is_due(self):
        booking = self._book()
        self._pay(booking)
        self.assertEqual(booking.invoice_ids.invoice_date_due, date(2026, 11, 24))
        self._move(booking.event_id.with_user(self.anna), *NEXT_WEEK)
        self.assertEqual(booking.invoice_ids.invoice_date_due, date(2026, 12, 1))
        self._assert_ledger(booking, 80.0, 13.33, 56.0, [24.0])

    def test_a_paid_invoice_keeps_its_date(self):
        self.category.payment_mode = "full"
        booking = self._book()
        self._pay(booking)
        due = booking.invoice_ids.invoice_date_due
        self._move(booking.event_id, *NEXT_WEEK)
        self.assertEqual(booking.invoice_ids.invoice_date_due, due)
        self.assertEqual(booking.start, NEXT_WEEK[0])

    def test_onto_another_bookings_time_it_is_refused_and_nothing_moves(self):
        booking, rival = self._book(), self._book(start=TEN)
        self._pay(booking)
        before = self._when(booking), booking.invoice_ids.invoice_date_due
        for start, stop in ((TEN, ELEVEN), (datetime(2026, 11, 24, 9, 30), ELEVEN)):
            with self.assertRaisesRegex(SlotTakenError, "That time is taken"):
                self._move(booking.event_id.with_user(self.anna), start, stop)
            self.env.invalidate_all()
            self.assertEqual((self._when(booking), booking.invoice_ids.invoice_date_due), before)
        self.assertEqual((rival.start, rival.occupancy_ids.start), (TEN, TEN))

    def test_to_a_whole_day_it_is_refused_and_nothing_moves(self):
        booking = self._book_confirmed()
        values = {"allday": True, "start_date": "2026-11-26", "stop_date": "2026-11-26"}
        with self.assertRaisesRegex(UserError, "needs a time of day"), self.env.cr.savepoint():
            booking.event_id.write(values)
        self.env.invalidate_all()
        self.assertFalse(booking.event_id.allday)
        self.assertEqual(self._when(booking), [(NINE, TEN)] * 3)

    def test_what_another_calendar_moves_onto_taken_time_stays_and_is_told(self):
        booking = self._book_confirmed()
        self._book(start=TEN)
        event = booking.event_id.with_user(self.anna).with_context(dont_notify=True)
        places = [
            {"start": TEN, "stop": ELEVEN},
            {"start": datetime(2026, 11, 20, 9), "stop": datetime(2026, 11, 20, 10)},
            {"allday": True, "start_date": "2026-11-26", "stop_date": "2026-11-26"},
        ]
        for number, place in enumerate(places, 1):
            event.write({**place, "location": f"Room {number}"})
            self.env.invalidate_all()
            self.assertEqual(self._when(booking), [(NINE, TEN)] * 3)
            self.assertFalse(event.allday)
            self.assertEqual(event.location, f"Room {number}")
            self.assertEqual(len(booking.activity_ids), number)
        self.assertEqual(booking.activity_ids.user_id, self.anna)
        self.assertIn("was moved in another calendar", booking.activity_ids[0].summary)
        self.assertIn("That time is taken", booking.activity_ids.sorted("id")[0].note)

    def test_what_another_calendar_moves_to_free_time_moves(self):
        booking = self._book_confirmed()
        event = booking.event_id.with_user(self.anna).with_context(dont_notify=True)
        self._move(event, TEN, ELEVEN)
        self.assertEqual(self._when(booking), [(TEN, ELEVEN)] * 3)
        self.assertFalse(booking.activity_ids)

    def test_a_colleague_whose_calendar_repeats_where_it_is_moves_nothing(self):
        booking = self._book_confirmed()
        event = booking.event_id.with_user(self.ben)
        told = {"start": NINE, "stop": TEN, "user_id": self.anna.id, "location": "Room 1"}
        event.write(told)
        self.assertEqual(event.location, "Room 1")
        event.with_context(dont_notify=True).write({**told, "start": TEN, "stop": ELEVEN})
        self.env.invalidate_all()
        self.assertEqual(self._when(booking), [(NINE, TEN)] * 3)
        self.assertIn("Only the practitioner", booking.activity_ids.note)

    def test_a_longer_appointment_takes_more_time_and_costs_the_same(self):
        booking = self._book_confirmed()
        booking.event_id.stop = ELEVEN
        self.assertEqual(booking.occupancy_ids.stop, ELEVEN)
        self.assertEqual(booking.amount_total, 80.0)

    def test_an_event_without_a_booking_moves_over_a_booking_as_ever(self):
        booking = self._book_confirmed()
        meeting = self.env["calendar.event"].create(
            {"name": "Team", "start": TEN, "stop": ELEVEN, "user_id": self.anna.id}
        )
        self._move(meeting.with_user(self.anna), NINE, TEN)
        self.assertEqual((meeting.start, meeting.stop), (NINE, TEN))
        meeting.write({"allday": True, "start_date": "2026-11-26", "stop_date": "2026-11-26"})
        meeting.unlink()
        self.assertFalse(meeting.exists() or booking.activity_ids)
        self.assertEqual(self._when(booking), [(NINE, TEN)] * 3)

    def test_moving_the_archived_event_of_a_cancelled_booking_takes_no_time(self):
        booking = self._book_confirmed()
        event = booking.event_id
        booking._set_cancelled()
        self._move(event, TEN, ELEVEN)
        self.assertEqual((booking.start, booking.stop), (NINE, TEN))
        self.assertFalse(booking.occupancy_ids)


@tagged("post_install", "-at_install")
class TestLosingTheEvent(EventCase):
    def _assert_left_behind(self, booking):
        self.assertEqual((booking.state, booking.start), ("confirmed", NINE))
        self.assertEqual(len(booking.occupancy_ids), 1)
        with self.assertRaises(SlotTakenError):
            self._book(start=NINE)
        activity = booking.activity_ids
        self.assertEqual(len(activity), 1)
        self.assertEqual(activity.user_id, self.anna)
        self.assertIn("removed from the calendar", activity.summary)
        self.assertIn(booking.name, activity.note)

    @mute_logger("odoo.models.unlink")
    def test_deleting_it_leaves_the_booking_and_raises_an_activity(self):
        booking = self._book_confirmed()
        booking.event_id.with_user(self.anna).unlink()
        self.assertFalse(booking.event_id)
        self._assert_left_behind(booking)

    def test_archiving_it_leaves_the_booking_and_raises_an_activity(self):
        booking = self._book_confirmed()
        booking.event_id.with_user(self.anna).action_archive()
        self._assert_left_behind(booking)

    def test_archiving_it_leaves_the_money_where_it_is(self):
        booking = self._book()
        self._pay(booking)
        booking.event_id.action_archive()
        self._assert_left_behind(booking)
        self._assert_ledger(booking, 80.0, 13.33, 56.0, [24.0])

    def test_cancelling_the_booking_archives_it_without_an_activity(self):
        booking = self._book_confirmed()
        event = booking.event_id
        booking.with_user(self.anna).action_cancel()
        self.assertFalse(event.active)
        self.assertFalse(booking.activity_ids)

    @mute_logger("odoo.models.unlink")
    def test_deleting_the_event_of_a_cancelled_booking_raises_no_activity(self):
        booking = self._book_confirmed()
        booking._set_cancelled()
        booking.event_id.unlink()
        self.assertEqual(booking.state, "cancelled")
        self.assertFalse(booking.activity_ids)

    def test_the_clients_answer_to_the_invitation_changes_no_booking(self):
        booking = self._book_confirmed()
        attendee = booking.event_id.attendee_ids.filtered(
            lambda a: a.partner_id == self.client_partner
        )
        for answer in ("do_decline", "do_tentative", "do_accept"):
            getattr(attendee, answer)()
            self.assertEqual(booking.state, "confirmed")
            self.assertTrue(booking.event_id.active)
            self.assertEqual(self._when(booking), [(NINE, TEN)] * 3)
