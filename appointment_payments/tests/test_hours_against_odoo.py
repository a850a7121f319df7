"""Our reckoning of working hours against Odoo's own, on calendars drawn by lot."""

import random
from datetime import UTC, datetime, timedelta

import pytz

from odoo.fields import Command
from odoo.tests import tagged

from ..models.appointment_payment_availability import Window
from ..rules import slots
from .common import PracticeCase

CASES = 80
ZONES = (
    "Africa/Cairo",  # the clocks change at midnight
    "Africa/Casablanca",  # summer time is the usual one, Ramadan is not
    "America/Havana",
    "America/New_York",
    "America/Santiago",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # half an hour
    "Europe/Dublin",  # winter time is the odd one
    "Europe/Paris",
    "Pacific/Apia",
    "UTC",
)
# days on which clocks change somewhere, and some on which they do not
DAYS = (
    "2026-03-08 2026-03-29 2026-04-05 2026-04-24 2026-09-06 2026-10-04 2026-10-25 2026-10-30"
    " 2026-11-01 2026-12-28 2027-01-01 2027-02-07 2027-03-14 2027-03-28 2027-04-04 2027-04-30"
).split()


@tagged("post_install", "-at_install")
class TestHoursAgainstOdoo(PracticeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.availability = cls.env["appointment.payment.availability"]
        cls.resource = cls.anna._get_practitioner_resources()
        cls.other_resource = cls.ben._get_practitioner_resources()
        cls.elsewhere = cls.env["res.company"].create({"name": "Practice Oak"})

    def _draw_calendar(self, lot, **values):
        return self.env["resource.calendar"].create(
            {
                "name": "Drawn",
                "tz": lot.choice(ZONES),
                "company_id": self.company.id,
                "attendance_ids": [Command.clear(), *self._draw_lines(lot, **values)],
                **values,
            }
        )

    def _draw_lines(self, lot, two_weeks_calendar=False, **_values):
        """Draw a week of lines that do not overlap, lunch and titles among them."""
        lines = []
        for week in ("0", "1") if two_weeks_calendar else (False,):
            if two_weeks_calendar:
                lines.append({"name": "Week", "display_type": "line_section", "hour_to": 0})
            for weekday in lot.sample("0123456", lot.randint(1, 7)):
                marks = sorted(lot.sample(range(24 * 12 + 1), lot.choice((2, 4, 6))))
                for begin, end in zip(marks[::2], marks[1::2], strict=True):
                    period = lot.choice(("morning", "afternoon", "full_day", "lunch"))
                    lines.append(
                        {
                            "name": "Work",
                            "dayofweek": weekday,
                            "day_period": period,
                            "hour_from": begin / 12,
                            "hour_to": end / 12,
                        }
                    )
                    lines[-1]["week_type"] = week
            if two_weeks_calendar:
                lines[-1]["week_type"] = week
        return [Command.create(line) for line in lines]

    def _draw_leaves(self, lot, calendar, day):
        """Draw leaves of her, of her calendar, of the company, and some that are not hers."""
        for _number in range(lot.randint(0, 8)):
            begin = day + timedelta(minutes=lot.randint(-5 * 24 * 60, 5 * 24 * 60))
            values = {
                "name": "Away",
                "date_from": begin,
                "date_to": begin + timedelta(minutes=lot.randint(1, 2 * 24 * 60)),
                "time_type": lot.choice(("leave", "leave", "leave", "other")),
                "resource_id": lot.choice((self.resource.id, False, False, self.other_resource.id)),
                "calendar_id": lot.choice((calendar.id, calendar.id, False)),
            }
            leave = self.env["resource.calendar.leaves"].create(values)
            if not leave.calendar_id and lot.random() < 0.3:
                leave.company_id = self.elsewhere
        self.env.flush_all()

    def _ours(self, start, stop):
        windows = {self.anna.id: Window(self.company.id, start, stop)}
        practitioners = self.availability._read_practitioners(self.anna)
        diaries = self.availability._get_diaries(self.category, practitioners, windows)
        return diaries[0].periods

    def _odoos(self, start, stop):
        calendar = self.resource.calendar_id
        batch = calendar._work_intervals_batch(
            start.replace(tzinfo=UTC), stop.replace(tzinfo=UTC), self.resource
        )
        return slots.merge(
            (self._to_whole(begin), self._to_whole(end))
            for begin, end, _lines in batch[self.resource.id]
        )

    def _to_whole(self, moment):
        """Odoo ends a day at 23:59:59.999999, and we at midnight."""
        return slots.to_utc(moment + timedelta(microseconds=1)).replace(microsecond=0)

    def _clip(self, periods, start, stop):
        return [
            (max(begin, start), min(end, stop))
            for begin, end in periods
            if begin < stop and end > start
        ]

    def _compare(self, day):
        """Compare nine days around a day; what is cut at their ends is Odoo's own affair."""
        zone = pytz.timezone(self.resource.tz)
        monday = day - timedelta(days=day.weekday() + 7)  # flexible weeks are counted from there
        start = slots.to_utc(zone.localize(monday))
        first, last = day - timedelta(days=4), day + timedelta(days=5)
        odoos = self._clip(self._odoos(start, last + timedelta(days=2)), first, last)
        ours = self._clip(self._ours(first, last), first, last)
        self.assertEqual(ours, odoos)
        return ours

    def _draw(self, seed, **values):
        lot = random.Random(seed)
        day = datetime.fromisoformat(lot.choice(DAYS))
        calendar = self._draw_calendar(lot, **values)
        self.resource.write({"calendar_id": calendar.id, "tz": lot.choice(ZONES)})
        self._draw_leaves(lot, calendar, day)
        return day

    def test_f09_weekly_hours_are_odoos(self):
        found = 0
        for seed in range(CASES):
            with self.subTest(seed=seed):
                found += len(self._compare(self._draw(seed)))
        self.assertGreater(found, CASES)

    def test_f09_hours_of_two_weeks_are_odoos(self):
        found = 0
        for seed in range(CASES // 2):
            with self.subTest(seed=seed):
                found += len(self._compare(self._draw(seed, two_weeks_calendar=True)))
        self.assertGreater(found, CASES // 2)

    def test_f09_flexible_hours_are_odoos(self):
        found = 0
        for seed in range(CASES // 2):
            lot = random.Random(f"flexible {seed}")
            values = {
                "schedule_type": "flexible",
                "flexible_hours": True,
                "hours_per_day": lot.choice((1, 4.5, 7.6, 8, 13, 23)),
                "full_time_required_hours": lot.choice((3, 20, 38, 40, 70)),
            }
            with self.subTest(seed=seed):
                found += len(self._compare(self._draw(seed, **values)))
        self.assertGreater(found, CASES // 2)

    def test_several_practitioners_are_read_as_each_alone(self):
        lot = random.Random("several")
        day = datetime(2026, 10, 25)
        windows = {}
        for user in self.anna | self.ben:
            resource = user._get_practitioner_resources()
            resource.write({"calendar_id": self._draw_calendar(lot).id, "tz": lot.choice(ZONES)})
            self._draw_leaves(lot, resource.calendar_id, day)
            windows[user.id] = Window(self.company.id, day, day + timedelta(days=9))
        both = self.availability._read_practitioners(self.anna | self.ben)
        together = self.availability._get_diaries(self.category, both, windows)
        self.assertEqual(len(together), 2)
        for diary in together:
            user = self.env["res.users"].browse(diary.user_id)
            alone = self.availability._get_diaries(
                self.category,
                self.availability._read_practitioners(user),
                {user.id: windows[user.id]},
            )
            self.assertEqual([diary.periods], [single.periods for single in alone])
