from datetime import date, datetime, timedelta

from odoo.fields import Command
from odoo.tests import tagged

from .common import NOW, TZ
from .test_availability import DAY, AvailabilityCase

HOUR = timedelta(hours=1)


@tagged("post_install", "-at_install")
class TestBookingWindow(AvailabilityCase):
    def test_the_practices_notice_counts(self):
        self.company.appointment_min_notice_hours = 3
        self.assertEqual(self._list(NOW, DAY)[0], datetime(2026, 11, 23, 10))
        self.company.appointment_min_notice_hours = 26
        self.assertEqual(self._hours(), [9, 10, 12, 13, 14, 15])

    def test_the_practices_horizon_counts(self):
        self.company.appointment_horizon_days = 1
        self.assertEqual(self._list(NOW, NOW + timedelta(days=9))[-1], datetime(2026, 11, 23, 15))
        horizon = self.availability._get_horizon(self.category, self.anna)
        self.assertEqual(horizon, NOW + timedelta(days=1))

    def test_a_category_may_have_its_own(self):
        self.company.write({"appointment_min_notice_hours": 48, "appointment_horizon_days": 3})
        self.category.write(
            {"own_booking_window": True, "min_notice_hours": 26, "horizon_days": 2}
        )
        starts = self._list(NOW, NOW + timedelta(days=9))
        self.assertEqual(
            (starts[0], starts[-1]), (datetime(2026, 11, 24, 9), datetime(2026, 11, 24, 15))
        )

    def test_what_is_too_soon_is_not_offered_to_who_knows_the_address(self):
        self.company.appointment_min_notice_hours = 26
        early, late = datetime(2026, 11, 24, 8), datetime(2026, 11, 24, 9)
        self.assertFalse(self.availability._is_offered(self.category, self.anna, early))
        self.assertTrue(self.availability._is_offered(self.category, self.anna, late))


@tagged("post_install", "-at_install")
class TestUnusualHours(AvailabilityCase):
    def test_round_the_clock_begins_at_local_midnight(self):
        self._set_hours(TZ, [(str(weekday), 0, 24) for weekday in range(7)])
        self.category.duration = 7
        midnight = datetime(2026, 11, 23, 23)  # in Paris
        expected = [midnight + count * 7 * HOUR for count in range(4)]
        starts = self._list(midnight, midnight + timedelta(days=1))
        self.assertEqual(starts, expected)
        later = self._list(midnight + HOUR, midnight + timedelta(days=1))
        self.assertEqual(later, expected[1:])

    def test_flexible_hours_lie_around_noon(self):
        self._set_hours(TZ, [])
        self.resource.calendar_id.write(
            {"schedule_type": "flexible", "hours_per_day": 4, "full_time_required_hours": 12}
        )
        starts = self._list(DAY, DAY + timedelta(days=7))
        self.assertEqual({start.day for start in starts}, {24, 25, 30})
        self.assertEqual(self._hours(), [9, 10, 11, 12])

    def test_what_is_asked_for_does_not_move_the_grid(self):
        self._set_hours("UTC", [("1", 22.5, 24), ("2", 0, 3)])
        self.category.duration = 1.5
        night = [datetime(2026, 11, 24, 22, 30) + count * 1.5 * HOUR for count in range(3)]
        for shift in range(0, 300, 20):
            begin = datetime(2026, 11, 24, 22) + timedelta(minutes=shift)
            with self.subTest(begin=begin):
                starts = self._list(begin, begin + timedelta(hours=12))
                self.assertEqual(starts, [start for start in night if start >= begin])

    def test_a_leave_that_is_over_keeps_moving_the_grid(self):
        self._set_hours("UTC", [("1", 8, 18)])
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Away",
                "resource_id": self.resource.id,
                "date_from": self._at(7),
                "date_to": self._at(9, 20),
            }
        )
        expected = [self._at(hour, 20) for hour in range(9, 17)]
        for hour in (8, 10, 12):
            starts = self._list(self._at(hour), self._at(20))
            self.assertEqual(starts, [start for start in expected if start >= self._at(hour)])

    def test_an_event_of_months_takes_all_of_them(self):
        begin, end = datetime(2026, 8, 1, 9), datetime(2026, 12, 3, 10, 30)
        self._create_event(begin, end)
        self.assertEqual(self._list(NOW, datetime(2026, 12, 3)), [])
        thursday = self._list(datetime(2026, 12, 3), datetime(2026, 12, 4))
        self.assertEqual([start.hour for start in thursday], [12, 13, 14, 15])
        for days in (31, 32):
            start = datetime(2026, 12, 10, 9)
            self._create_event(start - timedelta(days=days), start)
        self.assertEqual(self._list(datetime(2026, 12, 10), datetime(2026, 12, 11))[0], start)

    def test_all_day_events_take_the_days_of_the_attendees_zone(self):
        """Auckland's Tuesday is over when that of Paris has begun."""
        self._set_hours("UTC", [(str(weekday), 0, 24) for weekday in range(7)])
        self.anna.tz = "Pacific/Auckland"
        tuesday = date(2026, 11, 24)
        values = {"allday": True, "start_date": tuesday, "stop_date": tuesday}
        self._create_event(self._at(8), self._at(18), **values)
        starts = self._list(NOW, self._at(24))
        self.assertIn(datetime(2026, 11, 23, 10), starts)
        self.assertNotIn(datetime(2026, 11, 23, 11), starts)
        self.assertNotIn(datetime(2026, 11, 24, 10), starts)
        self.assertIn(datetime(2026, 11, 24, 11), starts)


@tagged("post_install", "-at_install")
class TestQueries(AvailabilityCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shared = cls._create_category(
            "Shared", company_id=False, product_id=False, price=0, payment_mode="none"
        )

    def _ask(self, category):
        users = self.anna | self.ben
        return self.availability._get_offers(category, users, DAY, DAY + timedelta(days=30))

    def test_four_queries_read_everything(self):
        """Category, company, hours, taken time; however much there is."""
        for index in range(20):
            self._create_event(self._at(index), self._at(index, 30))
            self._book(start=DAY + timedelta(days=2, hours=7 + index))
        for category in (self.category, self.shared):
            self.env.flush_all()
            self.env.invalidate_all()
            with self.subTest(category=category.id), self.assertQueryCount(4):
                self.assertTrue(self._ask(category))

    def test_what_is_not_written_yet_counts(self):
        self._ask(self.category)
        event = self._create_event(self._at(7), self._at(11))
        self.assertNotIn(7, self._hours())
        event.show_as = "free"
        self.assertIn(7, self._hours())
        self.resource.calendar_id.attendance_ids.filtered(
            lambda line: line.dayofweek == "1" and line.hour_from < 12
        ).hour_to = 10
        self.assertEqual(self._hours()[:3], [7, 8, 12])
        self.ben.company_id.appointment_horizon_days = 1
        self.assertFalse(self._list(DAY + timedelta(days=2), DAY + timedelta(days=9)))

    def test_practitioners_elsewhere_are_read_with_the_others(self):
        second = self.env["res.company"].create({"name": "Practice Oak"})
        self.ben.write({"company_ids": [Command.link(second.id)], "company_id": second.id})
        self.ben._ensure_practitioner_resource(second)
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(5):  # one more: the second company's notice and horizon
            offers = self._ask(self.shared)
        self.assertTrue(offers)
        self.assertEqual(self.shared._get_selling_company(self.ben), second)
