from contextlib import closing
from datetime import datetime, timedelta
from unittest.mock import patch
from urllib.parse import quote

import psycopg2
import psycopg2.errors

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.http import Request
from odoo.sql_db import Cursor
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..hooks import pre_init_hook
from ..models.appointment_payment_occupancy import (
    CONSTRAINT,
    SESSION_CONSTRAINT,
    SlotTakenError,
)
from ..rules import slots
from .common import PracticeCase, PracticeMixin

LOGGER = "odoo.addons.appointment_payments.models.appointment_payment_occupancy"
NINE = datetime(2026, 11, 24, 9, 0)
HALF_PAST_NINE = datetime(2026, 11, 24, 9, 30)
TEN = datetime(2026, 11, 24, 10, 0)
ELEVEN = datetime(2026, 11, 24, 11, 0)


class OccupancyCase(PracticeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.occupancies = cls.env["appointment.payment.occupancy"]

    def _taken(self, booking):
        return [(row.resource_id, row.start, row.stop) for row in booking.occupancy_ids]

    def _work_in_two_companies(self, user):
        """Let a practitioner work in a second company as well, with a category of that one."""
        second = self.env["res.company"].create({"name": "Second practice"})
        self.env.user.company_ids = [Command.link(second.id)]
        user.company_ids = [Command.link(second.id)]
        category = self._create_category(
            "Second consultation",
            company_id=second.id,
            product_id=False,
            price=0,
            payment_mode="none",
            user_ids=[Command.set(user.ids)],
        )
        return second, category


@tagged("post_install", "-at_install")
class TestOccupancy(OccupancyCase):
    def test_a_booking_takes_its_practitioners_time(self):
        booking = self._book()
        resource = self.anna._get_practitioner_resources()
        self.assertEqual(self._taken(booking), [(resource, NINE, TEN)])
        self.assertEqual(booking.occupancy_ids.seat, 1)

    def test_no_part_of_a_sold_hour_is_sold_again(self):
        self._book(start=NINE)
        for minutes in (-59, -30, 0, 30, 59):
            with self.subTest(minutes=minutes), self.assertRaises(SlotTakenError):
                self._book(start=NINE + timedelta(minutes=minutes))

    def test_hours_next_to_a_sold_one_can_be_sold(self):
        self._book(start=TEN)
        for start in (NINE, ELEVEN):
            self.assertEqual(len(self._book(start=start).occupancy_ids), 1)

    def test_the_same_hour_of_another_practitioner_can_be_sold(self):
        self._book(user=self.anna)
        self.assertEqual(len(self._book(user=self.ben).occupancy_ids), 1)

    def test_expiring_and_cancelling_free_the_time(self):
        for door, *arguments in (("_set_expired", "unpaid"), ("_set_cancelled",)):
            with self.subTest(door=door):
                getattr(self._book(), door)(*arguments)
                self.assertEqual(self._book()._set_cancelled().state, "cancelled")

    def test_attended_and_missed_appointments_keep_their_time(self):
        for start, door in ((NINE, "_set_attended"), (TEN, "_set_no_show")):
            booking = self._book(start=start)
            booking._set_confirmed()
            getattr(booking, door)()
            with self.assertRaises(SlotTakenError):
                self._book(start=start)

    def test_who_works_in_two_companies_is_sold_once(self):
        _second, elsewhere = self._work_in_two_companies(self.anna)
        booking = self._book(start=NINE)
        self.assertEqual(len(booking.occupancy_ids), 2)
        with self.assertRaises(SlotTakenError):
            self._book(elsewhere, start=HALF_PAST_NINE)
        self.assertEqual(self._book(elsewhere, start=TEN).state, "confirmed")
        with self.assertRaises(SlotTakenError):
            self._book(start=TEN)

    def test_time_sold_before_the_second_company_is_not_sold_there(self):
        self._book(start=NINE)
        _second, elsewhere = self._work_in_two_companies(self.anna)
        with self.assertRaises(SlotTakenError):
            self._book(elsewhere, start=NINE)

    def test_somebody_without_working_hours_is_sold_once_too(self):
        newcomer = self._create_user("Nora New")
        self.assertFalse(newcomer._get_practitioner_resources())
        self.assertEqual(len(self._book(user=newcomer).occupancy_ids), 1)
        with self.assertRaises(SlotTakenError):
            self._book(user=newcomer, start=HALF_PAST_NINE)

    def test_an_hour_sold_on_a_resource_that_is_archived_since_stays_sold(self):
        self._book(start=NINE)
        self.anna._get_practitioner_resources().active = False
        self.anna._ensure_practitioner_resource(self.company)
        self.assertNotIn(slots.to_text(NINE), self._starts(days=2))
        with self.assertRaises(SlotTakenError):
            self._book(start=NINE)

    def test_an_hour_stays_with_who_sold_it_when_the_resource_becomes_anothers(self):
        booking = self._book(start=NINE)
        resource = self.anna._get_practitioner_resources()
        for user in (self.ben, self.ben.browse()):
            resource.user_id = user
            self.assertEqual(booking.occupancy_ids.resource_id.user_id, self.anna)
            with self.assertRaises(SlotTakenError):
                self._book(start=NINE)
        resource.user_id = self.ben
        self._book(user=self.ben, start=NINE)

    def test_taken_time_moves(self):
        booking = self._book(start=NINE)
        booking.occupancy_ids._move(TEN, ELEVEN)
        self.assertEqual((booking.occupancy_ids.start, booking.occupancy_ids.stop), (TEN, ELEVEN))
        self._book(start=NINE)
        with self.assertRaises(SlotTakenError):
            self._book(start=TEN)

    def test_it_may_overlap_where_it_was(self):
        booking = self._book(start=NINE)
        booking.occupancy_ids._move(HALF_PAST_NINE, HALF_PAST_NINE + timedelta(hours=1))
        self.assertEqual(booking.occupancy_ids.start, HALF_PAST_NINE)

    def test_onto_taken_time_nothing_moves(self):
        _second, elsewhere = self._work_in_two_companies(self.anna)
        booking = self._book(start=NINE)
        self._book(elsewhere, start=TEN)
        before = self._taken(booking)
        with self.assertRaisesRegex(SlotTakenError, "taken by another booking"):
            booking.occupancy_ids._move(HALF_PAST_NINE, HALF_PAST_NINE + timedelta(hours=1))
        self.assertEqual(self._taken(booking), before)

    def test_a_rival_that_the_search_does_not_see_stops_a_move(self):
        """As under REPEATABLE READ: the constraint refuses what another transaction has sold."""
        booking, rival = self._book(start=NINE), self._book(start=TEN)
        before = self._taken(booking), self._taken(rival)
        with (
            patch.object(type(self.occupancies), "_read_rows", return_value=[]),
            self.assertRaisesRegex(SlotTakenError, "taken by another booking"),
        ):
            booking.occupancy_ids._move(TEN, ELEVEN)
        self.assertEqual((self._taken(booking), self._taken(rival)), before)

    def _insert(self, start, stop, seat=1, session="another"):
        """Insert a row behind the back of the search and the lock."""
        booking = self.env["appointment.payment.booking"].search([], limit=1)
        self.env.flush_all()
        self.cr.execute(
            "INSERT INTO appointment_payment_occupancy (booking_id, resource_id, seat, session,"
            " start, stop) VALUES (%s, %s, %s, %s, %s, %s)",
            [booking.id, self.anna._get_practitioner_resources().id, seat, session, start, stop],
        )

    def test_the_database_refuses_to_sell_an_hour_twice(self):
        booking = self._book(start=NINE)
        session = booking.occupancy_ids.session
        for start, stop, seat, same in (
            (NINE, TEN, 1, session),
            (HALF_PAST_NINE, ELEVEN, 1, session),
            (NINE, TEN, 2, "another"),
            (HALF_PAST_NINE, ELEVEN, 2, "another"),
        ):
            with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.ExclusionViolation):
                self._insert(start, stop, seat, same)
        self._insert(TEN, ELEVEN)
        self._insert(NINE, TEN, seat=2, session=session)

    def test_the_database_refuses_time_that_ends_before_it_starts(self):
        self._book(start=NINE)
        for start, stop in ((ELEVEN, ELEVEN), (ELEVEN, TEN)):
            with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.Error):
                self._insert(start, stop)

    def test_a_rival_that_the_search_does_not_see_stops_a_booking(self):
        self._book(start=NINE)
        with (
            patch.object(type(self.occupancies), "_read_rows", return_value=[]),
            self.assertNoLogs("odoo.sql_db", "ERROR"),
            self.assertRaises(SlotTakenError),
        ):
            self._book(start=HALF_PAST_NINE)
        self.assertEqual(self.occupancies.search_count([]), 1)

    def test_a_missing_constraint_is_said_loudly_and_closes_booking(self):
        self.assertTrue(self.occupancies._is_guarded())
        self.addCleanup(setattr, self.registry, "appointment_slots_guarded", True)
        for constraint in (CONSTRAINT, SESSION_CONSTRAINT):
            with self.subTest(constraint=constraint), closing(self.cr.savepoint()):
                self.cr.execute(
                    f"ALTER TABLE appointment_payment_occupancy DROP CONSTRAINT {constraint}"
                )
                with self.assertLogs(LOGGER, "ERROR") as log:
                    self.occupancies._register_hook()
                self.assertIn(f"Constraint {constraint} is missing", log.output[0])
                self.assertIn("CREATE EXTENSION", log.output[0])
                self.assertFalse(self.occupancies._is_guarded())
                missing = self.category._get_missing(self.company)
                self.assertIn("does not guard slots", missing[0]["text"])

    def test_what_was_sold_before_there_were_sessions_is_one_each(self):
        booking = self._book(start=NINE)
        self.env.flush_all()
        table = "appointment_payment_occupancy"
        self.cr.execute(f"ALTER TABLE {table} ALTER session DROP NOT NULL")
        self.cr.execute(f"UPDATE {table} SET session = NULL")
        self.occupancies._init_column("session")
        booking.invalidate_recordset()
        self.assertEqual(booking.occupancy_ids.session, f"booking-{booking.id}")

    def test_the_constraint_opens_booking(self):
        self.addCleanup(setattr, self.registry, "appointment_slots_guarded", True)
        self.registry.appointment_slots_guarded = False
        self.occupancies._register_hook()
        self.assertTrue(self.occupancies._is_guarded())
        self.assertFalse(self.category._get_missing(self.company))

    def test_the_addon_makes_the_extension_when_it_is_installed(self):
        pre_init_hook(self.env)
        self.cr.execute("SELECT count(*) FROM pg_extension WHERE extname = 'btree_gist'")
        self.assertEqual(self.cr.fetchone(), (1,))

    def test_the_addon_refuses_to_install_without_the_extension(self):
        execute = Cursor.execute

        def refuse(cursor, query, *args, **kwargs):
            if "CREATE EXTENSION" in str(query):
                raise psycopg2.errors.InsufficientPrivilege("permission denied")
            return execute(cursor, query, *args, **kwargs)

        with (
            patch.object(Cursor, "execute", refuse),
            self.assertRaisesRegex(UserError, 'run "CREATE EXTENSION btree_gist;"'),
        ):
            pre_init_hook(self.env)
        self.cr.execute("SELECT 1")  # the transaction goes on, to be rolled back by Odoo
        self.assertEqual(self.cr.fetchone(), (1,))


@tagged("post_install", "-at_install")
class TestOccupancyUnguardedPages(PracticeMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_practice()

    def _submit(self, start):
        self.authenticate(None, None)
        form = {
            "start": start,
            "practitioner": str(self.anna.id),
            "name": "Vera Visitor",
            "email": "vera@example.com",
            "checkout_token": "b" * 32,
            "csrf_token": Request.csrf_token(self),
        }
        return self.url_open(f"/booking/{self.category.slug}", data=form, allow_redirects=False)

    def test_without_the_guard_the_public_pages_are_closed(self):
        free = self._starts_from_now()
        self.addCleanup(setattr, self.registry, "appointment_slots_guarded", True)
        self.registry.appointment_slots_guarded = False
        page = self.url_open(f"/booking/{self.category.slug}")
        self.assertEqual(page.status_code, 200)
        self.assertNotIn(quote(free), page.text)
        self.assertNotIn(self.category.name, self.url_open("/booking").text)
        self._submit(free)
        self.assertFalse(self._bookings())

    def test_with_the_guard_they_are_open(self):
        free = self._starts_from_now()
        self.assertIn(self.category.name, self.url_open("/booking").text)
        self.assertIn(quote(free), self.url_open(f"/booking/{self.category.slug}").text)
        response = self._submit(free)
        self.assertEqual(response.status_code, 303)
        self.assertEqual(self._bookings().mapped("state"), ["pending_payment"])

    def _bookings(self):
        return self.env["appointment.payment.booking"].search(
            [("category_id", "=", self.category.id)]
        )

    def _starts_from_now(self):
        now = datetime.now().replace(microsecond=0)
        starts = self.env["appointment.payment.availability"]._get_starts(
            self.category, self.anna, now, now + timedelta(days=14)
        )
        return slots.to_text(starts[self.anna.id][0])
