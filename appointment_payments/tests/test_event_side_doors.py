from datetime import datetime, timedelta

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..models.appointment_payment_occupancy import SlotTakenError
from .common import PracticeCase

NINE = datetime(2026, 11, 24, 9, 0)
TEN = datetime(2026, 11, 24, 10, 0)
ELEVEN = datetime(2026, 11, 24, 11, 0)


@tagged("post_install", "-at_install")
class TestEventSideDoors(PracticeCase):
    """What people, clients and other modules can do to a booked event besides moving it."""

    def setUp(self):
        super().setUp()
        self.booking = self._book(start=NINE)
        self.booking._set_confirmed()
        self.event = self.booking.event_id

    def _get_attendee(self, user_or_partner):
        return self.event.attendee_ids.filtered(lambda a: a.partner_id == user_or_partner)

    def test_a_practitioner_who_declines_is_told_that_it_is_still_booked(self):
        attendee = self._get_attendee(self.anna.partner_id)
        attendee.with_user(self.anna).do_decline()
        activity = self.booking.activity_ids
        self.assertIn("declined an appointment that is booked", activity.summary)
        self.assertEqual((len(activity), activity.user_id), (1, self.anna))
        self.assertEqual((self.booking.state, len(self.booking.occupancy_ids)), ("confirmed", 1))
        with self.assertRaises(SlotTakenError):
            self._book(start=NINE)

    def test_a_client_or_guest_who_declines_raises_nothing(self):
        guest = self.env["res.partner"].create({"name": "Guest"})
        self.event.partner_ids = [Command.link(guest.id)]
        for partner in (self.client_partner, guest):
            self._get_attendee(partner).do_decline()
        self.assertFalse(self.booking.activity_ids)
        self.assertEqual(self.booking.state, "confirmed")

    def test_declining_a_cancelled_appointment_raises_nothing(self):
        self.booking._set_cancelled()
        self._get_attendee(self.anna.partner_id).do_decline()
        self.assertFalse(self.booking.activity_ids)

    def test_a_client_does_not_read_the_notes_of_the_practice(self):
        self.event.with_user(self.anna).notes = "<p>Talks about the divorce</p>"
        client = self._create_user(
            "Carla Portal",
            partner_id=self.client_partner.id,
            group_ids=[Command.set(self.env.ref("base.group_portal").ids)],
        )
        event = self.event.with_user(client)
        self.assertEqual(event.read(["name"])[0]["name"], "Carla Client · First consultation")
        with self.assertRaises(AccessError):
            event.read(["notes"])
        with self.assertRaises(AccessError):
            event.search([("notes", "ilike", "divorce")])
        self.assertIn("divorce", self.event.with_user(self.ben).notes)

    def test_a_booked_appointment_cannot_repeat(self):
        weekly = {"recurrency": True, "rrule_type": "weekly", "count": 3, "tue": True}
        with self.assertRaisesRegex(UserError, "cannot repeat"):
            self.event.with_user(self.anna).write({**weekly, "recurrence_update": "all_events"})
        self.assertFalse(self.event.recurrence_id)
        self.assertEqual(self.booking.event_id, self.event)

    def test_a_longer_duration_takes_more_time(self):
        self.event.duration = 2.0
        self.assertEqual((self.event.stop, self.booking.stop), (ELEVEN, ELEVEN))
        self.assertEqual(self.booking.occupancy_ids.stop, ELEVEN)

    def test_a_longer_duration_over_another_booking_is_refused(self):
        self._book(start=TEN)
        with self.assertRaises(SlotTakenError):
            self.event.duration = 1.5
        self.assertEqual((self.booking.stop, self.event.stop), (TEN, TEN))

    def test_nobody_links_a_booking_to_another_event(self):
        other = self.booking.event_id.copy({"name": "Team"})
        desk = self._create_user("Fred Front", "group_front_desk")
        for command in (
            Command.link(self.booking.id),
            Command.set(self.booking.ids),
            Command.update(self.booking.id, {"amount_total": 0.0}),
        ):
            with self.subTest(command=command), self.assertRaises(UserError):
                other.with_user(desk).appointment_booking_ids = [command]
        for command in (Command.unlink(self.booking.id), Command.clear()):
            with self.subTest(command=command), self.assertRaises(UserError):
                self.event.with_user(desk).appointment_booking_ids = [command]
        self.assertEqual((self.booking.event_id, self.booking.amount_total), (self.event, 80.0))

    def test_without_a_right_on_bookings_nobody_makes_one_through_an_event(self):
        internal = self._create_user("Ina Internal")
        with self.assertRaises(AccessError):
            self.env["calendar.event"].with_user(internal).create(
                {
                    "name": "Forged",
                    "start": ELEVEN,
                    "stop": ELEVEN + timedelta(hours=1),
                    "appointment_booking_ids": [Command.create(self.booking.copy_data()[0])],
                }
            )

    def test_a_series_without_bookings_repeats_as_ever(self):
        event = self.env["calendar.event"].create(
            {"name": "Team", "start": ELEVEN, "stop": ELEVEN + timedelta(hours=1)}
        )
        event.write({"recurrency": True, "rrule_type": "weekly", "count": 3, "tue": True})
        self.assertEqual(len(event.recurrence_id.calendar_event_ids), 3)


@tagged("post_install", "-at_install")
class TestPlainEvents(PracticeCase):
    """Calendars without bookings are no slower for this addon."""

    def _create_events(self, count):
        return self.env["calendar.event"].create(
            [
                {"name": "Team", "start": TEN, "stop": ELEVEN, "user_id": self.anna.id}
                for _number in range(count)
            ]
        )

    def _count_queries(self, function):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        function()
        self.env.flush_all()
        return self.cr.sql_log_count - before

    def test_moving_many_asks_no_more_questions_about_bookings_than_moving_one(self):
        one, many = self._create_events(1), self._create_events(20)
        for events in (one, many):
            self.env.invalidate_all()
            with self.assertQueryCount(1):
                self.assertFalse(events._bookings_left_behind())
            self.env.invalidate_all()
            with self.assertQueryCount(1):
                events._move_bookings()

    def test_the_status_of_many_is_read_at_once(self):
        bookings = self.env["appointment.payment.booking"]
        self.category.payment_mode = "none"
        for day in range(10):
            bookings |= self._book(start=NINE + timedelta(days=day))
        names = ["appointment_booking_count", "appointment_status"]
        many = self.env["calendar.event"].browse(bookings.event_id.ids)
        few = many.browse(many.ids[:2])
        few.read(names)
        of_few = self._count_queries(lambda: few.read(names))
        self.assertEqual(self._count_queries(lambda: many.read(names)), of_few)
