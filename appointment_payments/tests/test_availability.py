from datetime import date, datetime, timedelta

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import tagged

from ..rules import slots
from .common import NOW, TZ, PracticeCase

# Tuesday: the practice works 8 to 12 and 13 to 17 in Paris
DAY = datetime(2026, 11, 24)
MORNING = [7, 8, 9, 10]
AFTERNOON = [12, 13, 14, 15]
SUNDAY, MONDAY, TUESDAY = "6", "0", "1"


class AvailabilityCase(PracticeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.availability = cls.env["appointment.payment.availability"]
        cls.resource = cls.anna._get_practitioner_resources()

    def _at(self, hour, minute=0):
        return DAY + timedelta(hours=hour, minutes=minute)

    def _list(self, date_from, date_to, user=None, category=None):
        user = user or self.anna
        starts = self.availability._get_starts(
            category or self.category, user, date_from, date_to
        )
        return starts[user.id]

    def _hours(self, user=None, category=None):
        """The starts on Tuesday, in hours of UTC."""
        starts = self._list(DAY, DAY + timedelta(days=1), user, category)
        return [(start - DAY) / timedelta(hours=1) for start in starts]

    def _create_event(self, start, stop, **values):
        return self.env["calendar.event"].create(
            {
                "name": "Team",
                "start": start,
                "stop": stop,
                "user_id": self.ben.id,
                "partner_ids": [Command.set(self.anna.partner_id.ids)],
                **values,
            }
        )

    def _set_hours(self, tz, periods):
        """Give Anna weekly hours of her own: (weekday, from, to)."""
        self.resource.calendar_id = self.env["resource.calendar"].create(
            {
                "name": "Anna's",
                "tz": tz,
                "company_id": self.company.id,
                "attendance_ids": [
                    Command.clear(),
                    *(
                        Command.create(
                            {"name": "Work", "dayofweek": day, "hour_from": begin, "hour_to": end}
                        )
                        for day, begin, end in periods
                    ),
                ],
            }
        )
        self.resource.tz = tz


@tagged("post_install", "-at_install")
class TestWorkingHours(AvailabilityCase):
    def test_times_are_offered_in_working_hours(self):
        self.assertEqual(self._hours(), MORNING + AFTERNOON)
        self.assertEqual(self._list(datetime(2026, 11, 28), datetime(2026, 11, 30)), [])

    def test_an_appointment_ends_within_them(self):
        self.category.duration = 1.5
        self.assertEqual(self._hours(), [7, 8.5, 12, 13.5])
        self.category.duration = 4.0
        self.assertEqual(self._hours(), [7, 12])
        self.category.duration = 4.5
        self.assertEqual(self._hours(), [])

    def test_each_practitioner_has_their_own(self):
        self._set_hours(TZ, [(TUESDAY, 18, 20)])
        starts = self.availability._get_starts(
            self.category, self.anna | self.ben, DAY, DAY + timedelta(days=1)
        )
        self.assertEqual(starts[self.anna.id], [self._at(17), self._at(18)])
        self.assertEqual(len(starts[self.ben.id]), 8)

    def test_those_of_the_selling_company_count(self):
        second = self.env["res.company"].create({"name": "Practice Oak"})
        self.anna.with_context(active_test=False)._ensure_practitioner_resource(second)
        of_second = self.anna._get_practitioner_resources(second)
        of_second.calendar_id = self.resource.calendar_id.copy({"company_id": second.id})
        of_second.calendar_id.attendance_ids.filtered(lambda a: a.dayofweek != MONDAY).unlink()
        elsewhere = self._create_category_elsewhere(second)
        self.assertEqual(self._hours(category=elsewhere), [])
        self.assertEqual(len(self._hours()), 8)

    def test_an_evening_that_ends_at_midnight_is_whole(self):
        self._set_hours(TZ, [(TUESDAY, 22, 24)])
        self.assertEqual(self._hours(), [21, 22])

    def test_a_night_goes_on_over_midnight(self):
        self._set_hours("UTC", [(MONDAY, 22.5, 24), (TUESDAY, 0, 1.5)])
        self.assertEqual(
            self._list(datetime(2026, 11, 23, 20), self._at(4)),
            [datetime(2026, 11, 23, 22, 30), datetime(2026, 11, 23, 23, 30), self._at(0, 30)],
        )

    def test_leaves_of_a_practitioner_are_theirs_alone(self):
        self._create_leave(resource_id=self.resource.id)
        self.assertEqual(self._hours(), AFTERNOON)
        self.assertEqual(self._hours(self.ben), MORNING + AFTERNOON)

    def test_holidays_of_the_practice_are_everybodys(self):
        self._create_leave()
        self.assertEqual(self._hours(), AFTERNOON)
        self.assertEqual(self._hours(self.ben), AFTERNOON)

    def _create_leave(self, **values):
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Away",
                "calendar_id": self.resource.calendar_id.id,
                "date_from": self._at(6),
                "date_to": self._at(11),
                **values,
            }
        )

    def test_hours_in_odd_time_zones_are_local(self):
        for tz, first in (
            ("Asia/Kathmandu", 3.25),  # UTC+05:45
            ("America/St_Johns", 12.5),  # UTC-03:30
            ("Australia/Eucla", 0.25),  # UTC+08:45
            ("Pacific/Kiritimati", -5),  # UTC+14:00: Monday in UTC
        ):
            with self.subTest(tz=tz):
                self._set_hours(tz, [(TUESDAY, 9, 11)])
                starts = self._list(DAY - timedelta(days=1), DAY + timedelta(days=1))
                hours = [(start - DAY) / timedelta(hours=1) for start in starts]
                self.assertEqual(hours, [first, first + 1])


@tagged("post_install", "-at_install")
class TestClockChanges(AvailabilityCase):
    """A practitioner who works on Sundays from midnight to six, while the clocks change."""

    def setUp(self):
        super().setUp()
        self._set_hours(TZ, [(SUNDAY, 0, 6)])

    def _on(self, day, moment):
        with freeze_time(moment):
            starts = self._list(day - timedelta(hours=6), day + timedelta(days=1))
        return [(start - day) / timedelta(hours=1) for start in starts]

    def test_the_hour_that_comes_twice_is_offered_twice(self):
        day = datetime(2026, 10, 25)
        self.assertEqual(self._on(day, "2026-10-20 07:00"), [-2, -1, 0, 1, 2, 3, 4])

    def test_the_hour_that_never_comes_is_not_offered(self):
        day = datetime(2027, 3, 28)
        self.assertEqual(self._on(day, "2027-03-20 07:00"), [-1, 0, 1, 2, 3])

    def test_the_readers_day_shows_both_hours(self):
        with freeze_time("2026-10-20 07:00"):
            starts = self._list(datetime(2026, 10, 24, 20), datetime(2026, 10, 26))
        (shown,) = slots.by_local_day(starts, TZ).values()
        self.assertEqual([moment.hour for moment in shown], [0, 1, 2, 2, 3, 4, 5])

    def test_one_of_the_two_hours_can_be_taken(self):
        with freeze_time("2026-10-20 07:00"):
            self._book(start=datetime(2026, 10, 25, 0))  # 02:00 summer time
            starts = self._list(datetime(2026, 10, 24, 20), datetime(2026, 10, 26))
        self.assertNotIn(datetime(2026, 10, 25, 0), starts)
        self.assertIn(datetime(2026, 10, 25, 1), starts)  # 02:00 winter time


@tagged("post_install", "-at_install")
class TestFreeTimes(AvailabilityCase):
    def test_a_busy_event_takes_its_time(self):
        self._create_event(self._at(8), self._at(10))
        self.assertEqual(self._hours(), [7, 10, *AFTERNOON])
        self.assertEqual(self._hours(self.ben), MORNING + AFTERNOON)

    def test_an_event_that_touches_an_hour_takes_none_of_it(self):
        self._create_event(self._at(8, 30), self._at(9, 30))
        self.assertEqual(self._hours(), [7, 10, *AFTERNOON])

    def test_events_that_take_no_time_leave_it(self):
        event = self._create_event(self._at(7), self._at(11))
        self.assertEqual(self._hours(), AFTERNOON)
        event.show_as = "free"
        self.assertEqual(self._hours(), MORNING + AFTERNOON)
        event.show_as = "busy"
        event.attendee_ids.do_decline()
        self.assertEqual(self._hours(), MORNING + AFTERNOON)
        event.attendee_ids.do_accept()
        self.assertEqual(self._hours(), AFTERNOON)
        event.active = False
        self.assertEqual(self._hours(), MORNING + AFTERNOON)

    def test_an_event_of_a_colleague_whom_she_does_not_join_leaves_her_time(self):
        self._create_event(
            self._at(7), self._at(11), partner_ids=[Command.set(self.ben.partner_id.ids)]
        )
        self.assertEqual(self._hours(), MORNING + AFTERNOON)

    def test_an_event_over_days_takes_all_of_them(self):
        self._create_event(NOW, self._at(14))
        self.assertEqual(self._hours(), [14, 15])

    def test_an_all_day_event_takes_the_local_day(self):
        self.category.user_ids = self.anna
        self._set_hours(TZ, [(day, 0, 24) for day in (MONDAY, TUESDAY, "2")])
        tuesday = date(2026, 11, 24)
        values = {"allday": True, "start_date": tuesday, "stop_date": tuesday}
        self._create_event(datetime(2026, 11, 24, 8), datetime(2026, 11, 24, 18), **values)
        starts = self._list(NOW, datetime(2026, 11, 26))
        self.assertIn(datetime(2026, 11, 23, 22), starts)  # until midnight in Paris
        self.assertIn(datetime(2026, 11, 24, 23), starts)  # from midnight on
        self.assertFalse(
            [s for s in starts if datetime(2026, 11, 23, 22) < s < datetime(2026, 11, 24, 23)]
        )

    def test_a_private_event_takes_time_and_shows_nothing(self):
        self._create_event(self._at(7), self._at(11), privacy="private", name="Doctor")
        public = self.env.ref("base.public_user")
        availability = self.availability.with_user(public)
        # the page reads categories for its visitors, see the controller
        starts = availability.sudo()._get_starts(
            self.category, self.anna, DAY, DAY + timedelta(days=1)
        )
        self.assertEqual(starts[self.anna.id], [self._at(hour) for hour in AFTERNOON])

    def test_a_sold_hour_is_not_offered(self):
        booking = self._book(start=self._at(8))
        self.assertEqual(self._hours(), [7, 9, 10, *AFTERNOON])
        booking._set_cancelled()
        self.assertEqual(self._hours(), MORNING + AFTERNOON)

    def test_an_hour_sold_before_she_worked_for_another_company_is_not_offered_there(self):
        self._book(start=self._at(8))
        second = self.env["res.company"].create({"name": "Practice Oak"})
        self.anna._ensure_practitioner_resource(second).write(
            {"calendar_id": self.resource.calendar_id.copy({"company_id": second.id}).id}
        )
        elsewhere = self._create_category_elsewhere(second)
        self.assertEqual(self._hours(category=elsewhere), [7, 9, 10, *AFTERNOON])

    def test_an_hour_sold_by_another_company_is_not_offered(self):
        second = self.env["res.company"].create({"name": "Practice Oak"})
        category = self._create_category_elsewhere(second)
        self._book(category, start=self._at(8))
        self.assertEqual(self._hours(), [7, 9, 10, *AFTERNOON])

    def test_the_past_is_not_offered(self):
        monday = datetime(2026, 11, 23)
        for now, first in ((NOW, NOW), (monday.replace(hour=9, minute=1), monday.replace(hour=10))):
            with self.subTest(now=now), freeze_time(now):
                self.assertEqual(self._list(monday, DAY)[0], first)

    def test_the_hours_of_today_stay_where_they_are_while_the_day_passes(self):
        self._set_hours(TZ, [(MONDAY, 8, 18)])
        self.category.duration = 1.5
        whole = self._list(NOW, DAY)
        for minutes in (1, 90, 200, 400):
            now = NOW + timedelta(minutes=minutes)
            with self.subTest(now=now), freeze_time(now):
                self.assertEqual(self._list(now, DAY), [s for s in whole if s >= now])

    def test_nothing_is_offered_beyond_the_horizon(self):
        starts = self._list(NOW, NOW + timedelta(days=365))
        horizon = NOW + timedelta(days=60)
        self.assertEqual(starts[-1], datetime(2027, 1, 21, 15))
        self.assertTrue(all(start < horizon for start in starts))
        self.assertFalse(self._list(horizon, horizon + timedelta(days=7)))

    def test_no_practitioners_no_times(self):
        starts = self.availability._get_starts(
            self.category, self.env["res.users"], DAY, DAY + timedelta(days=1)
        )
        self.assertEqual(starts, {})

    def test_one_time_is_offered_if_it_is_on_the_list(self):
        self._create_event(self._at(8, 30), self._at(9, 30))
        self._book(start=self._at(12))
        offered = self._hours()
        self.assertEqual(offered, [7, 10, 13, 14, 15])
        for quarter in range(24 * 4):
            start = self._at(0, quarter * 15)
            with self.subTest(start=start):
                answer = self.availability._is_offered(
                    self.category, self.anna, start
                )
                self.assertEqual(answer, quarter / 4 in offered)

    def test_a_time_that_has_passed_is_not_offered(self):
        for start in (NOW - timedelta(hours=1), NOW - timedelta(days=1), datetime(2020, 1, 7, 9)):
            answer = self.availability._is_offered(self.category, self.anna, start)
            self.assertFalse(answer)
        self.assertTrue(
            self.availability._is_offered(self.category, self.anna, NOW)
        )
