from datetime import datetime, timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .common import PracticeCase
from .test_staff_views import create_personas

NINE = datetime(2026, 11, 24, 9, 0)
TEN = datetime(2026, 11, 24, 10, 0)


@tagged("post_install", "-at_install")
class TestCalendarStatus(PracticeCase):
    """How an appointment is paid, seen in the calendar without opening anything."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        create_personas(cls)

    def _status(self, event):
        return event.appointment_state, event.appointment_payment_status

    def test_it_follows_the_booking(self):
        booking = self._book()
        self._pay(booking)
        event = booking.event_id
        self.assertEqual(self._status(event), ("confirmed", "partial"))
        self._pay(booking)
        self.assertEqual(self._status(event), ("confirmed", "paid"))
        booking._set_attended()
        self.assertEqual(self._status(event), ("attended", "paid"))
        self.assertEqual(event.appointment_category_id, self.category)

    def test_a_form_that_names_a_foreign_booking_tells_nothing_of_it(self):
        booking = self._book()
        self._pay(booking)
        asked = ("appointment_status", "appointment_state", "appointment_payment_status")
        for command in ([6, 0, booking.ids], [4, booking.id, 0]):
            shown = self.env["calendar.event"].with_user(self.ivo).onchange(
                {"appointment_booking_ids": [command]},
                ["appointment_booking_ids"],
                {"appointment_booking_ids": {}, **{name: {} for name in asked}},
            )
            self.assertFalse(any(shown["value"].get(name) for name in asked), shown)

    def test_it_is_searched_and_grouped(self):
        booking = self._book()
        self._pay(booking)
        events = self.env["calendar.event"].with_user(self.anna)
        for name in ("partial", "paid"):
            found = events.search([("appointment_payment_status", "=", name)])
            self.assertEqual(booking.event_id in found, name == "partial")
        groups = events._read_group([("id", "=", booking.event_id.id)], ["appointment_category_id"])
        self.assertEqual(groups, [(self.category,)])

    def test_a_plain_event_has_none(self):
        event = self.env["calendar.event"].create({"name": "Team", "start": NINE, "stop": TEN})
        self.assertEqual(self._status(event), (False, False))

    def test_of_several_the_one_that_needs_somebody_is_shown(self):
        self.category.capacity = 3
        bookings = self._book() | self._book()
        bookings._set_confirmed()
        event = bookings.event_id
        self._create_transaction(bookings[0], 80.0, state="done")
        self.assertEqual(bookings.mapped("payment_status"), ["paid", "not_required"])
        self.assertEqual(event.appointment_payment_status, "not_required")
        bookings[1]._set_cancelled()
        self.assertEqual(event.appointment_payment_status, "paid")

    def test_its_practitioner_reads_the_amounts(self):
        booking = self._book()
        self._pay(booking)
        [details] = booking.event_id.with_user(self.anna).get_appointment_details()
        self.assertEqual(details["client"], "Carla Client")
        self.assertEqual((details["state"], details["payment"]), ("Confirmed", "Partly paid"))
        self.assertIn("24.00", details["amounts"])
        self.assertIn("56.00", details["amounts"])
        for user in (self.ben, self.ivo):
            self.assertEqual(booking.event_id.with_user(user).get_appointment_details(), [])

    def test_a_private_event_tells_a_colleague_the_status_alone(self):
        booking = self._book()
        self._pay(booking)
        event = booking.event_id
        event.privacy = "private"
        event.invalidate_recordset()
        seen = event.with_user(self.ben)
        self.assertEqual(seen.appointment_payment_status, "partial")
        self.assertEqual((seen.name, seen.appointment_state), ("Busy", False))
        self.assertFalse(seen.appointment_category_id or seen.appointment_client_id)
        self.assertFalse(seen.appointment_conflict)

    def test_a_client_with_a_login_reads_no_field_of_the_practice(self):
        event = self._book()
        self._pay(event)
        event = event.event_id
        client = self._create_user(
            "Carla Portal",
            partner_id=self.client_partner.id,
            group_ids=[Command.set(self.env.ref("base.group_portal").ids)],
        )
        seen = event.with_user(client)
        self.assertTrue(seen.read(["name"]))
        for name in (
            "appointment_category_id", "appointment_client_id", "appointment_state",
            "appointment_status",
        ):
            with self.subTest(name=name), self.assertRaises(AccessError):
                seen.read([name])
        self.assertFalse(seen.appointment_conflict_text)

    def test_the_smart_buttons_lead_to_booking_client_and_invoice(self):
        booking = self._book()
        self._pay(booking)
        event = booking.event_id.with_user(self.sara)
        self.assertEqual(event.action_open_appointment_bookings()["res_id"], booking.id)
        self.assertEqual(event.action_open_appointment_client()["res_id"], self.client_partner.id)
        self.assertEqual(event.appointment_invoice_count, 1)
        action = event.action_open_appointment_invoices()
        self.assertEqual(action["res_id"], booking.invoice_ids.id)

    def test_the_calendars_list_costs_no_query_per_event(self):
        self.category.payment_mode = "none"
        names = ["appointment_state", "appointment_payment_status", "appointment_conflict"]
        events = self.env["calendar.event"]
        for day in range(6):
            events |= self._book(start=NINE + timedelta(days=day)).event_id
        few = events.browse(events.ids[:2])
        for records in (few, events):
            records.read(["name"])
            self.env.flush_all()
            self.env.invalidate_all()
            records.fetch(["name", "privacy", "user_id"])
            with self.assertQueryCount(2):  # the events, and all their conflicts
                records.read(names)

    def test_a_long_month_costs_the_front_desk_two_queries_more(self):
        """Odoo computes what is not stored in slices, here of two events."""
        for day in range(6):
            self._book(start=NINE + timedelta(days=day))._set_confirmed()
        spent = {}
        for user in (self.ivo, self.frida):
            events = self.env["calendar.event"].with_user(user)
            domain = [("appointment_state", "!=", False)]
            for name in ("start", "appointment_conflict", "user_can_edit"):
                names = ["name", "appointment_state", name]
                events.search_read(domain, names)
                self.env.invalidate_all()
                before = self.env.cr.sql_log_count
                with patch("odoo.orm.fields.PREFETCH_MAX", 2):
                    rows = events.search_read(domain, names)
                spent[user, name] = self.env.cr.sql_log_count - before
                self.assertEqual(len(rows), 6)
        self.assertTrue(all(row["user_can_edit"] for row in rows))
        self.assertEqual(
            spent[self.frida, "appointment_conflict"], spent[self.frida, "start"] + 1, spent
        )
        self.assertLessEqual(
            spent[self.frida, "user_can_edit"], spent[self.ivo, "user_can_edit"] + 1, spent
        )


@tagged("post_install", "-at_install")
class TestCalendarsOfTheFrontDesk(PracticeCase):
    def _partners(self, user):
        choices = self.env["calendar.filters"].search([("user_id", "=", user.id)])
        return choices.filtered("partner_checked").partner_id

    def test_who_begins_at_the_front_desk_sees_the_practitioners(self):
        frida = self._create_user("Frida Desk", "group_front_desk")
        self.assertLessEqual((self.anna | self.ben).partner_id, self._partners(frida))

    def test_who_begins_to_practise_is_seen_by_the_front_desk(self):
        frida = self._create_user("Frida Desk", "group_front_desk")
        cleo = self._create_user("Cleo Vale", "group_practitioner")
        self.assertIn(cleo.partner_id, self._partners(frida))
        self.assertNotIn(cleo.partner_id, self._partners(self.anna))

    def test_a_practitioner_who_is_taken_off_stays_off(self):
        frida = self._create_user("Frida Desk", "group_front_desk")
        choice = self.env["calendar.filters"].search(
            [("user_id", "=", frida.id), ("partner_id", "=", self.anna.partner_id.id)]
        )
        choice.partner_checked = False
        frida.group_ids = [Command.link(self.env.ref("appointment_payments.group_manager").id)]
        self.assertNotIn(self.anna.partner_id, self._partners(frida))
