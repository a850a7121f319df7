from datetime import datetime

import vobject

from odoo.tests import tagged

from .common import PracticeCase


@tagged("post_install", "-at_install")
class TestCalendarFile(PracticeCase):
    def _read(self, booking):
        return vobject.readOne(booking._get_calendar_file().decode()).vevent

    def _confirm(self):
        booking = self._book()
        booking._set_confirmed()
        return booking

    def test_it_says_what_when_where_and_with_whom(self):
        self.company.partner_id.write({"street": "1 Lime Street", "city": "Paris"})
        booking = self._confirm()
        event = self._read(booking)
        self.assertEqual(event.summary.value, "First consultation · Practice Linden")
        self.assertEqual(event.dtstart.value.replace(tzinfo=None), booking.start)
        self.assertEqual(event.dtend.value.replace(tzinfo=None), booking.stop)
        self.assertIn("1 Lime Street", event.location.value)
        self.assertIn("With Anna Berg", event.description.value)
        self.assertIn(booking.name, event.description.value)
        self.assertEqual(event.url.value, booking.get_base_url() + booking.get_portal_url())
        self.assertEqual(event.status.value, "CONFIRMED")

    def test_calendars_know_it_again_when_it_moves_or_is_called_off(self):
        booking = self._confirm()
        first = self._read(booking)
        booking.event_id.write(
            {"start": datetime(2026, 12, 1, 9, 0), "stop": datetime(2026, 12, 1, 10, 0)}
        )
        moved = self._read(booking)
        booking._set_cancelled()
        gone = self._read(booking)
        self.assertEqual({e.uid.value for e in (first, moved, gone)}, {first.uid.value})
        self.assertEqual([e.sequence.value for e in (first, moved, gone)], ["0", "1", "2"])
        self.assertEqual(moved.dtstart.value.replace(tzinfo=None), datetime(2026, 12, 1, 9, 0))
        self.assertEqual(gone.status.value, "CANCELLED")

    def test_two_bookings_are_two_appointments(self):
        booking, other = self._confirm(), self._book(user=self.ben)
        self.assertNotEqual(booking._get_calendar_uid(), other._get_calendar_uid())

    def test_there_is_none_for_what_is_not_booked(self):
        booking = self._book()
        self.assertFalse(booking._has_calendar_file())
        booking._set_cancelled()
        self.assertFalse(booking._has_calendar_file())
