from datetime import datetime, timedelta

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import PracticeCase
from .test_staff_views import create_personas

NINE = datetime(2026, 11, 24, 9, 0)
TEN = datetime(2026, 11, 24, 10, 0)


@tagged("post_install", "-at_install")
class TestGroupSession(PracticeCase):
    """The clients of a group meet in one event and do not see each other."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        create_personas(cls)
        cls.group = cls._create_category("Group class", capacity=8, payment_mode="none")
        cls.clients = cls.env["res.partner"].create(
            [{"name": name, "email": f"{name}@example.com"} for name in ("Ada", "Bo", "Cy")]
        )

    def _book_seats(self, count=3):
        bookings = self.env["appointment.payment.booking"]
        for client in self.clients[:count]:
            bookings |= self._book(self.group, partner=client)
        return bookings

    def test_its_bookings_share_one_event_whose_title_counts_them(self):
        bookings = self._book_seats()
        self.assertEqual(len(bookings.event_id), 1)
        self.assertEqual(bookings.event_id.name, "Group class · 3 of 8")
        self.assertEqual(bookings.event_id.appointment_booking_ids, bookings)

    def test_another_time_or_practitioner_is_another_event(self):
        first, *_rest = self._book_seats(1)
        later = self._book(self.group, start=TEN)
        of_ben = self._book(self.group, user=self.ben)
        self.assertEqual(len((first | later | of_ben).event_id), 3)

    def test_it_is_not_moved_while_a_seat_is_being_paid(self):
        paid = self._create_category("Paid class", capacity=8)
        confirmed, unpaid = (self._book(paid, partner=client) for client in self.clients[:2])
        self._pay(confirmed)
        event, before = confirmed.event_id, confirmed.start
        for values in ({"start": TEN, "stop": TEN + timedelta(hours=1)}, {"user_id": self.ben.id}):
            with self.assertRaisesRegex(UserError, "is paying for a seat"), self.cr.savepoint():
                event.write(values)
            self.env.invalidate_all()
        self.assertEqual((event.start, confirmed.start), (before, before))
        self._pay(unpaid)
        self.assertEqual(unpaid.event_id, event)
        event.with_user(self.anna).write({"start": TEN, "stop": TEN + timedelta(hours=1)})
        self.assertEqual((confirmed | unpaid).mapped("start"), [TEN, TEN])

    def test_its_clients_are_no_attendees_and_cannot_read_it(self):
        event = self._book_seats().event_id
        self.assertEqual(event.partner_ids, self.anna.partner_id)
        self.assertEqual(event.attendee_ids.partner_id, self.anna.partner_id)
        client = self._create_user(
            "Ada Portal",
            partner_id=self.clients[0].id,
            group_ids=[Command.set(self.env.ref("base.group_portal").ids)],
        )
        events = self.env["calendar.event"].with_user(client)
        self.assertFalse(events.search([("id", "=", event.id)]))
        for name in ("Ada", "Bo", "Cy"):
            self.assertNotIn(name, event.name)

    def test_cancelling_one_keeps_the_event_for_the_others(self):
        bookings = self._book_seats()
        event = bookings.event_id
        bookings[0].with_user(self.anna).action_cancel()
        self.assertTrue(event.active)
        self.assertEqual(event.name, "Group class · 2 of 8")
        bookings[1:].with_user(self.anna).action_cancel()
        self.assertFalse(event.active)
        self.assertFalse(bookings.activity_ids)

    def test_moving_it_moves_all_of_them(self):
        bookings = self._book_seats()
        bookings.event_id.with_user(self.anna).write(
            {"start": NINE + timedelta(days=1), "stop": TEN + timedelta(days=1)}
        )
        self.assertEqual(set(bookings.mapped("start")), {NINE + timedelta(days=1)})
        starts = bookings.occupancy_ids.mapped("start")
        self.assertEqual(starts, [NINE + timedelta(days=1)] * 3)

    def test_onto_another_booking_none_of_them_moves(self):
        bookings = self._book_seats()
        self._book(start=TEN)
        with self.assertRaises(UserError), self.env.cr.savepoint():
            bookings.event_id.with_user(self.anna).write(
                {"start": TEN, "stop": TEN + timedelta(hours=1)}
            )
        self.env.invalidate_all()
        self.assertEqual(set(bookings.mapped("start")), {NINE})

    def test_staff_who_book_a_group_join_its_event(self):
        event = self._book_seats(2).event_id
        joined = self.env["calendar.event"].with_user(self.frida).create(
            {
                "start": NINE,
                "stop": TEN,
                "user_id": self.anna.id,
                "appointment_client_id": self.clients[2].id,
                "appointment_category_id": self.group.id,
            }
        )
        self.assertEqual(joined, event)
        self.assertEqual(event.name, "Group class · 3 of 8")

    def test_a_practitioner_joins_no_client_to_a_colleague_s_group(self):
        event = self._book_seats(2).event_id
        with self.assertRaisesRegex(UserError, "book for yourself"):
            self.env["calendar.event"].with_user(self.ben).create(
                {
                    "start": NINE,
                    "stop": TEN,
                    "user_id": self.anna.id,
                    "appointment_client_id": self.clients[2].id,
                    "appointment_category_id": self.group.id,
                }
            )
        self.assertEqual(len(event.appointment_booking_ids), 2)

    def test_seats_of_one_group_are_no_conflict(self):
        self.group.payment_mode = "full"
        paid = self._book(self.group, partner=self.clients[0])
        self._pay(paid)
        self._book(self.group, partner=self.clients[1])
        self.assertFalse(paid.event_id.appointment_conflict)
        self.assertFalse(paid.event_id.appointment_conflict_text)

    def test_a_title_that_staff_wrote_stays(self):
        event = self._book_seats(2).event_id
        event.name = "Yoga in the park"
        self._book(self.group, partner=self.clients[2])
        self.assertEqual(event.name, "Yoga in the park")
