from datetime import datetime, timedelta

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common import PracticeCase

NINE = datetime(2026, 11, 24, 9, 0)
NAMES = ["name", "appointment_conflict", "appointment_payment_status", "appointment_state"]


@tagged("post_install", "-at_install")
class TestManyEvents(PracticeCase):
    """What is asked once for a month full of events, and says the same as when asked for each."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ina = cls._create_user("Ina Internal")

    def _create_events(self, count, **values):
        return self.env["calendar.event"].with_user(self.ina).create(
            [
                {
                    "name": "Team",
                    "start": NINE + timedelta(days=day),
                    "stop": NINE + timedelta(days=day, hours=1),
                    **values,
                }
                for day in range(count)
            ]
        )

    def _count_queries(self, function):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        function()
        self.env.flush_all()
        return self.cr.sql_log_count - before

    def test_a_new_event_without_a_client_leaves_nothing_of_ours_to_compute(self):
        event = self._create_events(1)
        for name, field in event._fields.items():
            if name.startswith("appointment_") and field.compute and field.store:
                with self.subTest(name=name):
                    self.assertNotIn(event.id, self.env.records_to_compute(field).ids)
                    self.assertFalse(event.sudo()[name])

    def test_an_event_made_with_its_booking_says_how_it_stands(self):
        booking = self._book(start=NINE)
        booking._set_confirmed()
        event = self.env["calendar.event"].create(
            {
                "name": "Moved by hand",
                "start": NINE,
                "stop": NINE + timedelta(hours=1),
                "appointment_booking_ids": [Command.link(booking.id)],
            }
        )
        self.assertEqual(event.appointment_state, "confirmed")
        self.assertEqual(event.appointment_category_id, self.category)

    def test_attendees_of_many_events_cost_no_more_questions_than_those_of_one(self):
        self.category.payment_mode = "none"
        booked = self.env["calendar.event"]
        for day in range(4):
            booked |= self._book(start=NINE + timedelta(days=day)).event_id
        template = self.env.ref("calendar.calendar_template_meeting_invitation")
        for events in (self._create_events(8), booked):
            ids = events.sudo().attendee_ids.ids
            attendees = self.env["calendar.attendee"].with_context(no_mail_to_attendees=True)
            one, many = attendees.browse(ids[:1]), attendees.browse(ids)
            one._notify_attendees(template)
            of_one = self._count_queries(lambda one=one: one._notify_attendees(template))
            of_many = self._count_queries(lambda many=many: many._notify_attendees(template))
            self.assertEqual(of_many, of_one)

    def test_those_who_attend_a_booking_get_no_mail_of_odoos_and_others_do(self):
        booking = self._book(start=NINE)
        booking._set_confirmed()
        plain = self._create_events(1, partner_ids=[Command.set(self.client_partner.ids)])
        template = self.env.ref("calendar.calendar_template_meeting_changedate")
        booked = booking.event_id
        self.assertIn(self.client_partner, booked.partner_ids)
        (plain.sudo() | booked).attendee_ids._notify_attendees(template)
        told = self.env["mail.message"].search(
            [
                ("model", "=", "calendar.event"),
                ("res_id", "in", [plain.id, booked.id]),
                ("partner_ids", "in", self.client_partner.ids),
            ]
        )
        self.assertEqual(set(told.mapped("res_id")), {plain.id})

    def test_what_the_calendar_reads_is_what_each_event_says(self):
        bookings = self._book(start=NINE) | self._book(start=NINE + timedelta(days=1))
        bookings._set_confirmed()
        private = bookings[1].event_id
        private.privacy = "private"
        ids = [*bookings.event_id.ids, *self._create_events(2).ids]
        for user in (self.anna, self.ina):
            events = self.env["calendar.event"].with_user(user)
            self.env.invalidate_all()
            rows = events.search_read([("id", "in", ids)], NAMES)
            for row in rows:
                self.env.invalidate_all()
                alone = {name: events.browse(row["id"])[name] for name in NAMES}
                self.assertEqual({**alone, "id": row["id"]}, row)
        hidden = [row["appointment_state"] for row in rows if row["name"] == "Busy"]
        self.assertEqual(hidden, [False])

    def test_what_is_still_to_compute_is_not_read_from_before(self):
        booking = self._book(start=NINE)
        booking._set_confirmed()
        event = booking.event_id
        self.assertEqual(event.read(NAMES)[0]["appointment_state"], "confirmed")
        booking._update_state(("confirmed",), "attended")
        self.assertEqual(event.read(NAMES)[0]["appointment_state"], "attended")

    def test_clients_read_nothing_of_how_appointments_stand(self):
        booking = self._book(start=NINE)
        booking._set_confirmed()
        portal = new_test_user(self.env, "carla_portal", "base.group_portal")
        booking.event_id.partner_ids |= portal.partner_id
        events = self.env["calendar.event"].with_user(portal).browse(booking.event_id.ids)
        self.assertTrue(events.read(["name"]))
        with self.assertRaises(AccessError):
            events.read(["name", "appointment_state"])

    def test_many_events_are_read_without_a_question_for_each(self):
        few, many = self._create_events(2), self._create_events(12)

        def read(found):
            return found.search_read([("id", "in", found.ids)], NAMES)

        spent = [
            self._count_queries(lambda found=found: read(found)) for found in (few, few, many)
        ]
        self.assertEqual(spent[2], spent[1])

    def test_a_field_that_a_practice_adds_is_read_of_private_events_at_once(self):
        events = self.env["calendar.event"].with_user(self.ina)
        self.assertNotIn("x_room", events._get_public_fields())
        self.env["ir.model.fields"].create(
            {
                "model_id": self.env["ir.model"]._get_id("calendar.event"),
                "name": "x_room",
                "ttype": "char",
                "state": "manual",
            }
        )
        self.assertIn("x_room", events.env["calendar.event"]._get_public_fields())
