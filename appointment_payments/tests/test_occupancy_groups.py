from datetime import datetime, timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..models.appointment_payment_occupancy import SlotTakenError
from ..rules import slots
from .test_occupancy import ELEVEN, HALF_PAST_NINE, NINE, TEN, OccupancyCase

QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
NOON = datetime(2026, 11, 24, 12, 0)


@tagged("post_install", "-at_install")
class TestOccupancyMargins(OccupancyCase):
    def _with_margins(self, **values):
        return self._create_category(
            "With margins", **{"buffer_before": 0.25, "buffer_after": 0.5, **values}
        )

    def test_a_booking_takes_its_margins_too(self):
        booking = self._book(self._with_margins(), start=NINE)
        row = booking.occupancy_ids
        self.assertEqual((row.start, row.stop), (NINE - QUARTER, TEN + 2 * QUARTER))
        self.assertEqual((booking.start, booking.stop), (NINE, TEN))

    def test_nobody_else_gets_the_margins(self):
        self._book(self._with_margins(), start=NINE)
        for start in (TEN, TEN + QUARTER, NINE - HOUR):
            with self.subTest(start=start), self.assertRaises(SlotTakenError):
                self._book(start=start)
        self.assertTrue(self._book(start=TEN + 2 * QUARTER))
        self.assertTrue(self._book(start=NINE - HOUR - QUARTER))

    def test_a_changed_category_leaves_what_was_booked(self):
        category = self._with_margins()
        booking = self._book(category, start=NINE)
        category.write({"buffer_before": 0, "buffer_after": 0})
        self.assertEqual(booking._get_occupied_period(), (NINE - QUARTER, TEN + 2 * QUARTER))
        booking._move_to(ELEVEN, NOON)
        row = booking.occupancy_ids
        self.assertEqual((row.start, row.stop), (ELEVEN - QUARTER, NOON + 2 * QUARTER))

    def test_what_is_offered_can_be_sold_to_the_last_minute(self):
        category = self._with_margins()
        starts = self._starts(category, days=2)
        self.assertGreater(len(starts), 4)
        for start in starts:
            self._book(category, start=slots.parse_instant(start))
        self.assertFalse(self._starts(category, days=2))

    def test_twenty_minutes_are_twenty_minutes(self):
        category = self._create_category("Short", duration=0.33, price=0, payment_mode="none")
        booking = self._book(category, start=NINE)
        self.assertEqual(booking.stop - booking.start, timedelta(minutes=20))


@tagged("post_install", "-at_install")
class TestOccupancyGroups(OccupancyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.group = cls._create_category("Breathing group", capacity=3)

    def _seats(self, *bookings):
        return [booking.occupancy_ids.seat for booking in bookings]

    def _offers(self, category=None):
        offers = self.env["appointment.payment.availability"]._get_offers(
            category or self.group, self.anna, NINE - HOUR, NOON
        )
        return {offer.start: offer.seats_left for offer in offers}

    def test_a_group_sells_its_seats_in_order(self):
        bookings = [self._book(self.group, start=NINE) for _seat in range(3)]
        self.assertEqual(self._seats(*bookings), [1, 2, 3])
        self.assertEqual(len({booking.occupancy_ids.session for booking in bookings}), 1)
        with self.assertRaises(SlotTakenError):
            self._book(self.group, start=NINE)

    def test_the_seat_of_who_leaves_is_sold_again(self):
        bookings = [self._book(self.group, start=NINE) for _seat in range(3)]
        bookings[1]._set_cancelled()
        self.assertEqual(self._offers()[NINE], 1)
        self.assertEqual(self._seats(self._book(self.group, start=NINE)), [2])

    def test_whatever_else_overlaps_a_group_is_refused(self):
        self._book(self.group, start=NINE)
        other_group = self._create_category("Other group", capacity=3)
        for category, start in (
            (self.category, NINE),
            (other_group, NINE),
            (self.group, HALF_PAST_NINE),
        ):
            with self.subTest(category=category.name), self.assertRaises(SlotTakenError):
                self._book(category, start=start)

    def test_a_group_does_not_join_a_single_appointment(self):
        self._book(start=NINE)
        with self.assertRaises(SlotTakenError):
            self._book(self.group, start=HALF_PAST_NINE)

    def test_a_group_is_offered_until_it_is_full(self):
        for left in (3, 2, 1):
            self.assertEqual(self._offers()[NINE], left)
            booking = self._book(self.group, start=NINE)
            booking._set_confirmed()  # its event shows as busy
            self.assertTrue(booking.event_id)
        self.assertNotIn(NINE, self._offers())
        self.assertIn(TEN, self._offers())
        self.assertNotIn(NINE, self._offers(self.category))

    def test_another_busy_event_closes_a_group(self):
        self._book(self.group, start=NINE)
        self.assertEqual(self._offers()[NINE], 2)
        self.env["calendar.event"].create(
            {
                "name": "Team",
                "start": NINE + QUARTER,
                "stop": TEN,
                "partner_ids": [(6, 0, self.anna.partner_id.ids)],
            }
        )
        self.assertNotIn(NINE, self._offers())

    def test_seats_sold_since_the_search_lead_to_the_next(self):
        """As under REPEATABLE READ: the search sees nothing of what others have sold."""
        with patch.object(type(self.occupancies), "_read_rows", return_value=[]):
            bookings = [self._book(self.group, start=NINE) for _seat in range(3)]
            self.assertEqual(self._seats(*bookings), [1, 2, 3])
            for category in (self.group, self.category):
                with self.assertRaises(SlotTakenError):
                    self._book(category, start=NINE)

    def test_a_whole_group_moves_by_less_than_its_length(self):
        bookings = self.env["appointment.payment.booking"].union(
            *(self._book(self.group, start=NINE) for _seat in range(3))
        )
        bookings._move_to(HALF_PAST_NINE, HALF_PAST_NINE + HOUR)
        rows = bookings.occupancy_ids
        self.assertEqual(set(rows.mapped("start")), {HALF_PAST_NINE})
        self.assertEqual(sorted(rows.mapped("seat")), [1, 2, 3])
        self.assertEqual(set(rows.mapped("session")), {bookings[0]._get_session(HALF_PAST_NINE)})
        with self.assertRaises(SlotTakenError):
            self._book(self.group, start=HALF_PAST_NINE)

    def test_one_who_moves_joins_the_group_there(self):
        first, second = (self._book(self.group, start=NINE) for _seat in range(2))
        there = self._book(self.group, start=TEN)
        first._move_to(TEN, ELEVEN)
        self.assertEqual(self._seats(first, second, there), [2, 2, 1])
        self.assertEqual(first.occupancy_ids.session, there.occupancy_ids.session)
        self.assertEqual(self._offers(), {NINE - HOUR: 3, NINE: 2, TEN: 1})

    def test_nobody_moves_into_a_full_group(self):
        booking = self._book(self.group, start=NINE)
        for _seat in range(3):
            self._book(self.group, start=TEN)
        with self.assertRaisesRegex(SlotTakenError, "taken by another booking"):
            booking._move_to(TEN, ELEVEN)
        self.assertEqual((booking.start, booking.occupancy_ids.start), (NINE, NINE))

    def test_of_several_who_move_all_or_none_do(self):
        bookings = self._book(self.group, start=NINE) | self._book(self.group, start=NINE)
        self._book(start=TEN)
        with self.assertRaises(SlotTakenError):
            bookings._move_to(HALF_PAST_NINE, HALF_PAST_NINE + HOUR)
        self.assertEqual(set(bookings.occupancy_ids.mapped("start")), {NINE})
        self.assertEqual(set(bookings.mapped("start")), {NINE})

    def test_fewer_seats_close_a_group_that_has_more(self):
        for _seat in range(2):
            self._book(self.group, start=NINE)
        self.group.capacity = 2
        self.assertNotIn(NINE, self._offers())
        self.group.capacity = 5
        self.assertEqual(self._offers()[NINE], 3)

    def test_a_group_of_somebody_in_two_companies_counts_each_client_once(self):
        self._work_in_two_companies(self.anna)
        self._book(self.group, start=NINE)
        self.assertEqual(self._offers()[NINE], 2)


@tagged("post_install", "-at_install")
class TestOccupancyOverride(OccupancyCase):
    def test_staff_may_share_a_time_and_say_why(self):
        booking = self._book(start=NINE)
        booking._override_occupancy("Her sister comes along")
        self.assertFalse(booking.occupancy_ids)
        self.assertIn("Her sister comes along", booking.message_ids[0].body)
        self.assertEqual(booking.state, "pending_payment")
        self.assertTrue(self._book(start=NINE).occupancy_ids)

    def test_who_may_not_change_a_booking_may_not_share_its_time(self):
        booking = self._book(start=NINE)
        with self.assertRaises(AccessError):
            booking.with_user(self.ben)._override_occupancy("I need the room")
        self.assertTrue(booking.occupancy_ids)

    def test_a_shared_time_is_not_offered_while_its_event_is_busy(self):
        booking = self._book(start=NINE)
        booking._set_confirmed()
        booking._override_occupancy("Training")
        self.assertNotIn(slots.to_text(NINE), self._starts(days=2))
        booking.event_id.show_as = "free"
        self.assertIn(slots.to_text(NINE), self._starts(days=2))


@tagged("post_install", "-at_install")
class TestAnyPractitioner(OccupancyCase):
    def _named(self):
        offers = self.env["appointment.payment.availability"]._get_offers(
            self.category, self.anna | self.ben, NINE, NINE + timedelta(days=2)
        )
        self.assertEqual([offer.start for offer in offers], sorted({o.start for o in offers}))
        return {offer.start: offer.user_id for offer in offers}

    def test_who_has_the_least_booked_is_named(self):
        self.assertEqual(self._named()[TEN], self.anna.id)
        self._book(user=self.anna, start=NINE)
        self.assertEqual(set(self._named().values()), {self.ben.id})
        self._book(user=self.ben, start=TEN)
        self._book(user=self.ben, start=NOON)
        named = self._named()
        self.assertEqual((named[NINE], named[TEN]), (self.ben.id, self.anna.id))

    def test_a_time_that_nobody_has_is_not_offered(self):
        self._book(user=self.anna, start=NINE)
        self._book(user=self.ben, start=NINE)
        self.assertNotIn(NINE, self._named())
