from datetime import datetime, timedelta

from odoo.fields import Command
from odoo.tests import tagged

from .common import PracticeCase
from .test_staff_views import create_personas

NINE = datetime(2026, 11, 24, 9, 0)
TEN = datetime(2026, 11, 24, 10, 0)
ELEVEN = datetime(2026, 11, 24, 11, 0)


@tagged("post_install", "-at_install")
class TestConflict(PracticeCase):
    """Fault 6: staff put a busy event over a slot that is sold or being paid."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        create_personas(cls)

    def _plan(self, start=NINE, stop=TEN, user=None, **values):
        user = user or self.anna
        return (
            self.env["calendar.event"]
            .with_user(user)
            .create({"name": "Dentist", "start": start, "stop": stop, **values})
        )

    def _book_confirmed(self, **values):
        booking = self._book(**values)
        booking._set_confirmed()
        return booking

    def test_f06_an_event_over_a_booking_marks_both(self):
        booking = self._book_confirmed()
        event = self._plan(NINE + timedelta(minutes=30), ELEVEN)
        both = event.sudo() | booking.event_id
        self.assertEqual(both.mapped("appointment_conflict"), [True, True])
        self.assertEqual(both.search([("appointment_conflict", "=", True)]), both)
        self.assertFalse(both & both.search([("appointment_conflict", "=", False)]))

    def test_f06_an_event_over_a_checkout_is_marked_and_told(self):
        self._book()
        event = self._plan()
        self.assertTrue(event.appointment_conflict)
        self.assertIn("a client is paying", event.appointment_conflict_text)

    def test_f06_when_the_checkout_completes_the_practitioner_gets_an_activity(self):
        booking = self._book()
        self._plan()
        self._pay(booking)
        self.assertEqual(booking.state, "confirmed")
        activity = booking.activity_ids
        self.assertEqual((len(activity), activity.user_id), (1, self.anna))
        self.assertIn("at the time of an appointment", activity.summary)

    def test_without_a_conflict_nothing_is_raised(self):
        booking = self._book()
        self._plan(TEN, ELEVEN)
        self._pay(booking)
        self.assertFalse(booking.activity_ids)
        self.assertFalse(booking.event_id.appointment_conflict)

    def test_what_does_not_take_the_time_is_no_conflict(self):
        booking = self._book_confirmed()
        free = self._plan(show_as="free")
        of_ben = self._plan(user=self.ben)
        declined = self._plan()
        declined.attendee_ids.do_decline()
        archived = self._plan()
        archived.action_archive()
        events = booking.event_id | (free | of_ben | declined | archived).sudo()
        self.assertFalse(any(events.mapped("appointment_conflict")))

    def test_a_whole_day_off_is_one(self):
        booking = self._book_confirmed()
        event = self._plan(allday=True, start_date="2026-11-24", stop_date="2026-11-24")
        self.env.invalidate_all()
        self.assertTrue(event.appointment_conflict)
        self.assertTrue(booking.event_id.appointment_conflict)
        self.assertFalse(self._plan(
            allday=True, start_date="2026-11-25", stop_date="2026-11-25",
            start=NINE + timedelta(days=1), stop=NINE + timedelta(days=1),
        ).appointment_conflict)

    def test_a_whole_day_is_one_of_the_practitioners_zone(self):
        booking = self._book_confirmed()
        for tz, day, meets in (
            ("Pacific/Auckland", 24, True),  # 22:00 there
            ("Pacific/Auckland", 25, False),
            ("Pacific/Honolulu", 23, True),  # 23:00 the day before
            ("Pacific/Honolulu", 24, False),
            ("Asia/Kathmandu", 24, True),
            ("Asia/Kathmandu", 25, False),
        ):
            date = f"2026-11-{day}"
            event = self._plan(allday=True, start_date=date, stop_date=date).sudo()
            self.anna.tz = tz
            self.env.invalidate_all()
            with self.subTest(tz=tz, day=day):
                self.assertEqual(event.appointment_conflict, meets)
                self.assertEqual(booking.event_id.appointment_conflict, meets)
            event.unlink()

    def test_a_zone_that_postgresql_does_not_know_closes_no_calendar(self):
        event = self._plan(allday=True, start_date="2026-11-24", stop_date="2026-11-24").sudo()
        self._book_confirmed()
        self.env.flush_all()
        # as a PostgreSQL without the old names sees Asia/Calcutta
        self.env.cr.execute(
            "UPDATE res_partner SET tz = 'Asia/Nowhere' WHERE id = %s", [self.anna.partner_id.id]
        )
        self.env.invalidate_all()
        self.assertTrue(event.appointment_conflict)

    def test_who_attends_without_being_staff_finds_none(self):
        booking = self._book_confirmed()
        self._plan()
        portal = self.env.ref("base.group_portal")
        client = self._create_user(
            "Carla Portal", partner_id=self.client_partner.id, group_ids=[Command.set(portal.ids)]
        )
        events = self.env["calendar.event"].with_user(client)
        self.assertTrue(events.search([("id", "=", booking.event_id.id)]))
        self.assertFalse(events.search([("appointment_conflict", "=", True)]))

    def test_a_cancelled_booking_is_none(self):
        booking = self._book_confirmed()
        event = self._plan()
        booking._set_cancelled()
        event.invalidate_recordset()
        self.assertFalse(event.appointment_conflict)

    def test_the_words_tell_a_colleague_no_client(self):
        self._book_confirmed()
        with_anna = {"partner_ids": (self.anna | self.ben).partner_id.ids}
        event = self._plan(user=self.ben, **with_anna)
        self.assertIn("Anna Berg has an appointment", event.appointment_conflict_text)
        self.assertNotIn("Carla", event.appointment_conflict_text)
        seen = event.with_user(self.frida)
        self.assertIn("Carla Client", seen.appointment_conflict_text)

    def test_the_booked_event_tells_what_lies_over_it(self):
        booking = self._book_confirmed()
        self._plan()
        self.assertIn("Dentist", booking.event_id.with_user(self.anna).appointment_conflict_text)
        private = self._plan(privacy="private")
        self.assertTrue(private)
        booking.event_id.invalidate_recordset()
        text = booking.event_id.with_user(self.frida).appointment_conflict_text
        self.assertIn("Busy", text)

    def test_it_asks_one_question_for_many_events(self):
        events = self.env["calendar.event"].create(
            [
                {"name": "Team", "start": start, "stop": start + timedelta(hours=1)}
                for start in (NINE + timedelta(days=day) for day in range(20))
            ]
        )
        self.assertFalse(any(events.mapped("appointment_conflict")))
        self.env.flush_all()
        events.invalidate_recordset(["appointment_conflict"])
        with self.assertQueryCount(1):
            events.mapped("appointment_conflict")
