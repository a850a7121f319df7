from datetime import datetime, timedelta

from freezegun import freeze_time
from lxml import etree

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import NOW, PracticeCase
from .test_staff_views import create_personas, read_filter

MEASURES = ["amount_total:sum", "amount_paid:sum", "amount_residual:sum"]


class StaffCase(PracticeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        create_personas(cls)
        cls.free = cls._create_category("Free", payment_mode="none")

    def _free(self, day, hour=9, **values):
        """A confirmed booking on a day of November 2026, at an hour in UTC."""
        return self._book(self.free, start=datetime(2026, 11, day, hour), **values)

    def _found(self, name, bookings, user=None):
        """Those of the bookings that a filter of the list lets through."""
        domain = [("id", "in", bookings.ids), *read_filter(self.env, name)]
        user = user or self.frida
        return self.env[bookings._name].with_user(user).with_context(tz=user.tz).search(domain)

    def _arch(self, kind):
        view = self.env.ref(f"appointment_payments.appointment_payment_booking_view_{kind}")
        return etree.fromstring(view.arch)


@tagged("post_install", "-at_install")
class TestBookingFilters(StaffCase):
    def test_the_periods_are_those_of_the_reader(self):
        # Monday 23 November, 08:00 in Paris; the day began at 23:00 UTC
        late_yesterday = self._free(22, 22)
        first_today = self._free(22, 23)
        last_today = self._free(23, 22)
        tomorrow = self._free(23, 23)
        next_week = self._free(30, 9)
        everything = late_yesterday | first_today | last_today | tomorrow | next_week
        self.frida.lang = "fr_FR" if self.env["res.lang"]._get_data(code="fr_FR") else "en_US"
        self.assertEqual(self._found("today", everything).sorted("id"), first_today | last_today)
        self.assertEqual(self._found("this_month", everything), everything.sorted("start")[::-1])
        self.assertEqual(self._found("past", everything), first_today | late_yesterday)
        self.assertIn(tomorrow, self._found("this_week", everything))
        self.assertNotIn(next_week, self._found("this_week", everything))

    def test_the_week_begins_as_in_the_readers_language(self):
        sunday, monday = self._free(22, 9), self._free(23, 9)
        lang = self.env["res.lang"]._lang_get(self.frida.lang)
        for week_start, seen in (("7", monday | sunday), ("1", monday)):
            lang.week_start = week_start
            self.assertEqual(self._found("this_week", sunday | monday), seen, week_start)

    def test_what_needs_an_answer_is_what_was_and_what_is_due(self):
        was = self._free(23, 6)
        self.assertIn(was, self._found("needs_answer", was))
        was._set_attended()
        self.assertFalse(self._found("needs_answer", was))
        was.activity_schedule(summary="Call", user_id=self.frida.id, date_deadline=NOW.date())
        self.assertIn(was, self._found("needs_answer", was))
        later = self._free(25)
        later.activity_schedule(summary="Call", user_id=self.frida.id, date_deadline="2026-11-25")
        self.assertFalse(self._found("needs_answer", later))

    def test_who_was_never_marked_does_not_stand_on_top_for_ever(self):
        long_ago = self._free(23, 6)
        with freeze_time(NOW + timedelta(days=9)):
            self.assertFalse(self._found("needs_answer", long_ago))

    def test_payment_filters(self):
        unpaid = self._book()
        partial = self._book(start=datetime(2026, 11, 25, 9))
        self._pay(partial)
        paid = self._book(start=datetime(2026, 11, 26, 9))
        self._pay(paid)
        self._pay(paid)
        expired = self._book(start=datetime(2026, 11, 27, 9))
        expired._set_expired("unpaid")
        everything = unpaid | partial | paid | expired
        for name, found in (
            ("unpaid", unpaid), ("partial", partial), ("paid", paid),
            ("to_pay", unpaid | partial), ("not_called_off", unpaid | partial | paid),
        ):
            self.assertEqual(set(self._found(name, everything)), set(found), name)


@tagged("post_install", "-at_install")
class TestBookingScreens(StaffCase):
    def test_nothing_is_made_moved_or_edited_in_the_views(self):
        for kind in ("list", "kanban", "calendar", "form"):
            arch = self._arch(kind)
            self.assertEqual((arch.get("create"), arch.get("edit")), ("0", "0"), kind)
        kanban = self._arch("kanban")
        self.assertEqual(kanban.get("records_draggable"), "0")
        self.assertEqual(kanban.get("default_group_by"), "state")

    def test_the_board_shows_the_states_in_the_order_of_their_life(self):
        self._free(24)._set_no_show()
        bookings = self.env["appointment.payment.booking"].with_user(self.frida)
        groups = bookings.with_context(read_group_expand=True).web_read_group(
            [("category_id", "=", self.free.id)], ["state"], ["__count"]
        )["groups"]
        seen = [(group["state"], group["__count"]) for group in groups]
        self.assertEqual(seen, [("pending_payment", 0), ("confirmed", 0), ("no_show", 1)])

    def test_sums_of_two_currencies_are_not_added_up_as_one(self):
        self._free(24)
        usd = self.env.ref("base.USD")
        usd.active = True
        self._book(
            self._create_category("In dollars", currency_id=usd.id, payment_mode="none"),
            start=datetime(2026, 11, 25, 9),
        )
        rows = self.env["appointment.payment.booking"]._read_group(
            [("company_id", "=", self.company.id)], ["currency_id"], MEASURES
        )
        self.assertEqual({row[0].name: row[1] for row in rows}, {"EUR": 80.0, "USD": 80.0})

    def test_a_practitioner_analyses_their_own_bookings(self):
        self._free(24)
        self._free(24, user=self.ben)
        for user, count in ((self.anna, 1), (self.frida, 2)):
            rows = self.env["appointment.payment.booking"].with_user(user).formatted_read_group(
                [("category_id", "=", self.free.id)], ["user_id", "start:month"],
                ["__count", *MEASURES],
            )
            self.assertEqual(sum(row["__count"] for row in rows), count, user.name)

    def test_of_several_only_those_whose_day_has_come_are_marked(self):
        today, later, cancelled = self._free(23, 6), self._free(25), self._free(23, 15)
        cancelled._set_cancelled()
        several = (today | later | cancelled).with_user(self.frida)
        answer = several.action_mark_no_show()
        self.assertIn("1 of 3 bookings", answer["params"]["message"])
        self.assertEqual(several.mapped("state"), ["no_show", "confirmed", "cancelled"])
        answer = (today | self._free(23, 8)).action_mark_attended()
        self.assertIn("All 2 bookings", answer["params"]["message"])

    def test_one_with_money_keeps_all_from_being_cancelled(self):
        free, paid = self._free(24), self._book(start=datetime(2026, 11, 25, 9))
        self._pay(paid)
        both = (free | paid).with_user(self.frida)
        with self.assertRaisesRegex(UserError, "has a payment"):
            both.action_cancel()
        self.assertEqual(both.mapped("state"), ["confirmed", "confirmed"])
        answer = (free | self._free(26)).with_user(self.frida).action_cancel()
        self.assertEqual(answer["params"]["type"], "success")

    def test_a_new_booking_begins_in_the_calendar(self):
        bookings = self.env["appointment.payment.booking"].with_user(self.anna)
        action = bookings.action_new_booking()
        self.assertEqual(action["res_model"], "calendar.event")
        self.assertIn("choose a time", action["display_name"])

    def test_a_deleted_booking_leaves_the_calendar_and_frees_its_time(self):
        booking = self._free(24)
        event, taken = booking.event_id, booking.occupancy_ids
        booking.with_user(self.mara).unlink()
        self.assertFalse(event.active)
        self.assertFalse(taken.exists())
        self.assertTrue(self._free(24))

    def test_the_event_of_a_group_stays_for_the_others(self):
        self.free.capacity = 3
        first, second = self._free(24), self._free(24)
        event = first.event_id
        self.assertEqual(second.event_id, event)
        first.with_user(self.mara).unlink()
        self.assertTrue(event.active)
        second.with_user(self.mara).unlink()
        self.assertFalse(event.active)

    def test_who_may_not_delete_leaves_the_event_alone(self):
        booking = self._free(24)
        with self.assertRaises(AccessError):
            booking.with_user(self.frida).unlink()
        self.assertTrue(booking.event_id.active)


@tagged("post_install", "-at_install")
class TestSmartButtons(StaffCase):
    def test_event_client_page_and_invoice_are_one_click_away(self):
        booking = self._book()
        self._pay(booking)
        own = booking.with_user(self.anna)
        self.assertEqual(own.action_open_event()["res_id"], booking.event_id.id)
        self.assertEqual(own.action_open_client()["res_id"], self.client_partner.id)
        self.assertIn("access_token", own.action_preview()["url"])
        books = booking.with_user(self.sara).action_open_invoices()
        self.assertEqual(books["res_id"], booking.invoice_ids.id)

    def test_whoever_only_keeps_the_books_opens_the_invoice_without_bookings(self):
        keeper = self._create_user("Kim Books")
        keeper.group_ids = [Command.link(self.env.ref("account.group_account_invoice").id)]
        booking = self._book()
        self._pay(booking)
        invoice = booking.invoice_ids.with_user(keeper)
        invoice.invalidate_recordset()
        self.assertEqual(invoice.appointment_booking_count, 0)
        arch = invoice.get_view(view_type="form")["arch"]
        self.assertNotIn("action_open_appointment_bookings", arch)
        lines = {"fields": {"name": {}}}
        self.assertTrue(invoice.web_read({"name": {}, "invoice_line_ids": lines}))

    def test_a_practitioner_with_the_books_counts_their_own_bookings(self):
        self.anna.group_ids = [Command.link(self.env.ref("account.group_account_invoice").id)]
        for user, count in ((self.anna, 1), (self.ben, 0)):
            booking = self._book(user=user)
            self._pay(booking)
            invoice = booking.invoice_ids.with_user(self.anna)
            self.assertEqual(invoice.appointment_booking_count, count, user.name)

    def test_no_button_of_the_form_meets_a_missing_accounting_right(self):
        booking = self._book()
        self._pay(booking)
        for user in (self.anna, self.frida, self.mara):
            own = booking.with_user(user)
            own.invalidate_recordset()
            arch = etree.fromstring(own.get_view(view_type="form")["arch"])
            names = {node.get("name") for node in arch.iter("field")}
            own.web_read({name: {} for name in names if name in own._fields})
            self.assertNotIn("invoice_ids", names)


@tagged("post_install", "-at_install")
class TestPractitionerByGroup(StaffCase):
    def test_who_is_added_in_the_group_has_working_hours(self):
        group = self.env.ref("appointment_payments.group_practitioner")
        self.assertFalse(self.ivo._get_practitioner_resources(self.company))
        group.user_ids = [Command.link(self.ivo.id)]
        self.assertTrue(self.ivo._get_practitioner_resources(self.company).calendar_id)

    def test_other_groups_make_no_practitioner(self):
        self.env.ref("base.group_partner_manager").user_ids = [Command.link(self.ivo.id)]
        self.assertFalse(self.ivo._get_practitioner_resources(self.company))
