from datetime import datetime, timedelta

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from ..models.appointment_payment_occupancy import SlotTakenError
from .common import PracticeCase
from .test_staff_views import create_personas

NINE = datetime(2026, 11, 24, 9, 0)
TEN = datetime(2026, 11, 24, 10, 0)
ELEVEN = datetime(2026, 11, 24, 11, 0)
QUICK_CREATE = "calendar.view_calendar_event_form_quick_create"
FORM = "calendar.view_calendar_event_form"


class CalendarBookingCase(PracticeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        create_personas(cls)

    def _order(self, **values):
        """What the calendar's form sends for a booking of Anna's."""
        return {
            "name": "Carla",
            "start": NINE,
            "stop": TEN,
            "user_id": self.anna.id,
            "appointment_client_id": self.client_partner.id,
            "appointment_category_id": self.category.id,
            **values,
        }

    def _create(self, user, **values):
        events = self.env["calendar.event"].with_user(user)
        return events.with_context(allowed_company_ids=user.company_ids.ids).create(
            self._order(**values)
        )

    def _count_mails(self, partner):
        return self.env["mail.mail"].search_count([("recipient_ids", "in", partner.ids)])


@tagged("post_install", "-at_install")
class TestBookingInTheCalendar(CalendarBookingCase):
    def test_a_client_in_the_form_makes_a_confirmed_booking(self):
        event = self._create(self.anna)
        booking = event.appointment_booking_ids
        self.assertEqual((booking.state, booking.origin), ("confirmed", "staff"))
        self.assertEqual((booking.start, booking.stop), (NINE, TEN))
        self.assertEqual((booking.user_id, booking.partner_id), (self.anna, self.client_partner))
        self.assertEqual((booking.amount_due_now, booking.amount_total), (0.0, 80.0))
        self.assertEqual((booking.payment_mode, booking.collection_mode), ("none", "manual"))
        self.assertEqual(booking.sudo().occupancy_ids.mapped("start"), [NINE])
        self.assertEqual(booking.event_id, event)
        self.assertEqual(event.name, "Carla")
        with self.assertRaises(SlotTakenError):
            self._book(start=NINE)

    def test_an_attendee_or_a_tag_makes_none(self):
        event = self.env["calendar.event"].with_user(self.anna).create(
            {
                "name": "Lunch",
                "start": NINE,
                "stop": TEN,
                "partner_ids": [Command.set(self.client_partner.ids)],
                "categ_ids": [Command.set(self.category.ids)],
            }
        )
        self.assertFalse(event.appointment_booking_ids)
        self.assertFalse(event.appointment_state)

    def test_a_default_category_alone_stays_with_no_event(self):
        events = self.env["calendar.event"].with_user(self.anna)
        defaults = {"default_appointment_category_id": self.category.id}
        event = events.with_context(**defaults).create({"name": "Team", "start": NINE, "stop": TEN})
        self.assertFalse(event.appointment_category_id)

    def test_the_practitioner_reads_whom_they_meet_whoever_booked(self):
        self._create(self.frida)
        mail = self.env["mail.mail"].search([("recipient_ids", "in", self.anna.partner_id.ids)])
        self.assertIn("You have a new appointment with", mail.body_html)
        self.assertNotIn("has booked", mail.body_html)

    def test_the_client_attends_without_an_invitation_or_contact_details(self):
        self.client_partner.phone = "+33 1 23 45 67 89"
        event = self._create(self.anna)
        self.assertEqual(event.partner_ids, self.client_partner | self.anna.partner_id)
        self.assertEqual(set(event.attendee_ids.mapped("state")), {"accepted"})
        self.assertFalse(event.description)
        self.assertFalse(event.message_ids.notified_partner_ids)
        self.assertEqual(self._count_mails(self.client_partner), 1)

    def test_the_practitioner_reads_no_mail_of_what_they_book_themselves(self):
        self._create(self.anna)
        self.assertFalse(self._count_mails(self.anna.partner_id))
        self._create(self.frida, start=ELEVEN, stop=ELEVEN + timedelta(hours=1))
        self.assertEqual(self._count_mails(self.anna.partner_id), 1)
        self.assertEqual(self._count_mails(self.client_partner), 2)

    def test_what_has_begun_is_noted_without_a_mail(self):
        six = datetime(2026, 11, 23, 6)
        event = self._create(self.anna, start=six, stop=six + timedelta(hours=1))
        self.assertEqual(event.appointment_booking_ids.state, "confirmed")
        self.assertFalse(self._count_mails(self.client_partner))

    def test_the_payment_choice_is_kept_with_the_booking(self):
        for number, mode in enumerate(("now", "automatic", "manual", "none")):
            start = NINE + timedelta(hours=number)
            event = self._create(
                self.anna, appointment_collection_mode=mode, start=start,
                stop=start + timedelta(hours=1),
            )
            self.assertEqual(event.appointment_booking_ids.collection_mode, mode)

    def test_as_the_practice_does_is_shown_resolved_and_says_that_nothing_is_sent(self):
        self.company.appointment_collection_mode = "automatic"
        with Form(self.env["calendar.event"].with_user(self.anna), view=FORM) as form:
            form.name = "Carla"
            form.start = NINE
            form.appointment_client_id = self.client_partner
            form.appointment_category_id = self.category
            self.assertIn("ask automatically", form.appointment_collection_text)
            self.assertIn("nothing is asked for yet", form.appointment_collection_text)
            form.appointment_collection_mode = "none"
            self.assertNotIn("automatically", form.appointment_collection_text)
        event = form.record
        self.assertEqual(event.appointment_booking_ids.collection_mode, "none")

    def test_a_category_that_is_not_bookable_online_can_be_booked_by_staff(self):
        self.category.bookable = False
        self.assertTrue(self._create(self.anna).appointment_booking_ids)

    def test_two_events_at_once_keep_their_order(self):
        plain = {"name": "Team", "start": ELEVEN, "stop": ELEVEN + timedelta(hours=1)}
        events = self.env["calendar.event"].with_user(self.anna).create([plain, self._order()])
        self.assertEqual(events.mapped("name"), ["Team", "Carla"])
        self.assertEqual(events.mapped("appointment_state"), [False, "confirmed"])

    def test_a_plain_event_becomes_a_booking_when_it_gets_a_client(self):
        event = self.env["calendar.event"].with_user(self.anna).create(
            {"name": "Kept for somebody", "start": NINE, "stop": TEN}
        )
        event.write(
            {
                "appointment_client_id": self.client_partner.id,
                "appointment_category_id": self.category.id,
            }
        )
        self.assertEqual(event.appointment_booking_ids.partner_id, self.client_partner)
        self.assertIn(self.client_partner, event.partner_ids)
        self.assertIn(self.category, event.categ_ids)

    def test_a_colleague_s_private_event_is_not_made_a_booking(self):
        event = self.env["calendar.event"].with_user(self.anna).create(
            {"name": "My own", "start": NINE, "stop": TEN, "privacy": "private"}
        )
        order = {
            "appointment_client_id": self.client_partner.id,
            "appointment_category_id": self.category.id,
        }
        with self.assertRaises(AccessError):
            event.with_user(self.frida).write(order)
        self.assertFalse(event.appointment_booking_ids)

    def test_client_and_category_of_a_booked_event_stay(self):
        event = self._create(self.anna)
        other = self.env["res.partner"].create({"name": "Paul"})
        category = self._create_category("Follow-up")
        for values in (
            {"appointment_client_id": other.id},
            {"appointment_client_id": False},
            {"appointment_category_id": category.id},
            {"appointment_collection_mode": "now"},
        ):
            with self.subTest(values=values), self.assertRaisesRegex(UserError, "stay as they are"):
                event.write(values)
        event.write({"appointment_client_id": self.client_partner.id, "location": "Room 2"})
        self.assertEqual(len(event.appointment_booking_ids), 1)


@tagged("post_install", "-at_install")
class TestTakenTime(CalendarBookingCase):
    def test_a_taken_time_is_refused_with_what_takes_it(self):
        self._book(start=NINE)
        with (
            self.assertRaisesRegex(SlotTakenError, "Carla Client · First consultation.*anyway"),
            self.env.cr.savepoint(),
        ):
            self._create(self.anna, start=NINE + timedelta(minutes=30))
        domain = [("name", "=", "Carla"), ("user_id", "=", self.anna.id)]
        self.assertFalse(self.env["calendar.event"].search_count(domain))

    def test_a_reason_books_it_anyway_without_taking_the_time(self):
        first = self._book(start=NINE)
        event = self._create(self.anna, appointment_override_reason="A couple: both come")
        booking = event.appointment_booking_ids
        self.assertEqual(booking.state, "confirmed")
        self.assertFalse(booking.sudo().occupancy_ids)
        self.assertEqual(len(first.occupancy_ids), 1)
        self.assertIn("A couple: both come", booking.message_ids[0].body)

    def test_a_blank_reason_is_none(self):
        self._book(start=NINE)
        with self.assertRaises(SlotTakenError):
            self._create(self.anna, appointment_override_reason="  ")

    def test_a_reason_for_a_free_time_takes_it_all_the_same(self):
        event = self._create(self.anna, appointment_override_reason="To be sure")
        self.assertTrue(event.appointment_booking_ids.sudo().occupancy_ids)

    def test_a_flag_in_the_context_leaves_no_time_out(self):
        self._book(start=NINE)
        with self.assertRaises(SlotTakenError):
            self.env["calendar.event"].with_user(self.anna).with_context(
                appointment_shares_time=True
            ).create(self._order())


@tagged("post_install", "-at_install")
class TestWhoBooks(CalendarBookingCase):
    def test_the_front_desk_and_managers_book_for_practitioners(self):
        for number, user in enumerate((self.frida, self.mara)):
            start = NINE + timedelta(hours=number)
            event = self._create(user, start=start, stop=start + timedelta(hours=1))
            self.assertEqual(event.sudo().appointment_booking_ids.user_id, self.anna)
            self.assertNotIn(user.partner_id, event.partner_ids)
            self.assertTrue(event.user_can_edit)

    def test_a_practitioner_books_for_themselves_only(self):
        with self.assertRaisesRegex(UserError, "book for yourself"):
            self._create(self.ben)
        self.assertTrue(self._create(self.ben, user_id=self.ben.id).appointment_booking_ids)

    def test_whoever_does_not_practise_is_not_booked(self):
        with self.assertRaisesRegex(UserError, "Frida Desk takes no appointments"):
            self._create(self.frida, user_id=self.frida.id)
        with self.assertRaisesRegex(UserError, "takes no appointments"):
            self._create(self.frida, user_id=self.ivo.id)

    def test_without_a_group_nobody_writes_the_fields(self):
        with self.assertRaises(AccessError):
            self._create(self.ivo)
        event = self.env["calendar.event"].with_user(self.ivo).create(
            {"name": "Team", "start": NINE, "stop": TEN}
        )
        for name, value in (
            ("appointment_client_id", self.client_partner.id),
            ("appointment_category_id", self.category.id),
            ("appointment_collection_mode", "none"),
            ("appointment_override_reason", "Because"),
        ):
            with self.subTest(name=name):
                with self.assertRaises(AccessError):
                    event.write({name: value})
                with self.assertRaises(AccessError):
                    event.read([name])

    def test_without_a_group_one_copies_events_and_makes_series_all_the_same(self):
        booked = self._create(self.anna).with_user(self.ivo)
        copy = booked.copy()
        self.assertFalse(copy.sudo().appointment_booking_ids)
        series = self.env["calendar.event"].with_user(self.ivo).create(
            {
                "name": "Team",
                "start": NINE,
                "stop": TEN,
                "recurrency": True,
                "rrule_type": "weekly",
                "tue": True,
                "end_type": "count",
                "count": 3,
            }
        )
        self.assertEqual(len(series.recurrence_id.calendar_event_ids), 3)

    def test_without_a_group_the_forms_do_not_have_them(self):
        for view in (FORM, QUICK_CREATE):
            xml_id = self.env.ref(view).id
            for user, there in ((self.ivo, False), (self.anna, True), (self.frida, True)):
                events = self.env["calendar.event"].with_user(user)
                arch = events.get_view(xml_id, "form")["arch"]
                self.assertEqual("appointment_client_id" in arch, there, (user.name, view))

    def test_the_company_of_the_category_has_to_be_the_practitioners(self):
        elsewhere = self._create_company("Practice Oak", self.eur)
        category = self._create_category(
            "Oak", company_id=elsewhere.id, product_id=False, user_ids=[Command.clear()]
        )
        with self.assertRaises(UserError):
            self._create(self.frida, appointment_category_id=category.id)

    def test_a_colleague_reads_the_word_and_not_the_client(self):
        event = self._create(self.anna).with_user(self.ben)
        event.invalidate_recordset()
        self.assertFalse(event.appointment_client_id)
        self.assertEqual(event.appointment_payment_status, "not_required")
        self.assertEqual(event.get_appointment_details(), [])

    def test_a_contact_of_another_company_is_refused_since_it_could_not_be_invoiced(self):
        self.client_partner.company_id = self.company
        self.assertTrue(self._create(self.anna).appointment_booking_ids)
        elsewhere = self.env["res.company"].create({"name": "Oak"})
        self.client_partner.company_id = elsewhere
        self.frida.company_ids += elsewhere
        with self.assertRaisesRegex(UserError, "is a contact of another company"):
            self._create(self.frida, start=TEN, stop=ELEVEN)

    def test_a_series_has_no_client(self):
        weekly = {"recurrency": True, "rrule_type": "weekly", "count": 3, "tue": True}
        with self.assertRaisesRegex(UserError, "cannot repeat"):
            self._create(self.anna, **weekly)
        series = self.env["calendar.event"].with_user(self.anna).create(
            {"name": "Yoga", "start": NINE, "stop": TEN, **weekly}
        )
        with self.assertRaisesRegex(UserError, "cannot repeat"):
            series.write(
                {
                    "appointment_client_id": self.client_partner.id,
                    "appointment_category_id": self.category.id,
                }
            )

    def test_a_whole_day_or_no_category_is_refused(self):
        with self.assertRaisesRegex(UserError, "time of day"):
            self._create(self.anna, allday=True)
        with self.assertRaisesRegex(UserError, "Choose the category"):
            self._create(self.anna, appointment_category_id=False)


@tagged("post_install", "-at_install")
class TestForms(CalendarBookingCase):
    def _open(self, user, view=QUICK_CREATE, **context):
        defaults = {"default_start": NINE, "default_stop": TEN, **context}
        events = self.env["calendar.event"].with_user(user).with_context(**defaults)
        return Form(events, view=view)

    def test_the_category_gives_duration_and_title(self):
        self.category.duration = 1.5
        form = self._open(self.anna)
        form.appointment_client_id = self.client_partner
        form.appointment_category_id = self.category
        self.assertEqual(form.name, "Carla Client · First consultation")
        self.assertEqual(form.stop, NINE + timedelta(minutes=90))
        event = form.save()
        self.assertEqual(event.appointment_booking_ids.stop, NINE + timedelta(minutes=90))

    def test_a_title_that_was_typed_stays(self):
        form = self._open(self.anna)
        form.name = "Blood test first"
        form.appointment_client_id = self.client_partner
        form.appointment_category_id = self.category
        self.assertEqual(form.save().name, "Blood test first")

    def test_the_front_desk_chooses_who_practises(self):
        form = self._open(self.frida)
        form.appointment_client_id = self.client_partner
        form.appointment_category_id = self.category
        self.assertFalse(form.user_id)
        form.user_id = self.ben
        event = form.save()
        self.assertEqual(event.appointment_booking_ids.user_id, self.ben)
        self.assertEqual(event.partner_ids, self.ben.partner_id | self.client_partner)

    def test_the_whole_form_stays_open_to_the_front_desk(self):
        form = self._open(self.frida, view=FORM)
        form.appointment_client_id = self.client_partner
        self.assertTrue(form.user_can_edit)
        form.appointment_category_id = self.category
        form.user_id = self.ben
        self.assertTrue(form.user_can_edit)
        self.assertEqual(form.save().appointment_booking_ids.user_id, self.ben)

    def test_the_only_practitioner_of_a_category_is_filled_in(self):
        self.category.user_ids = self.ben
        form = self._open(self.frida)
        form.appointment_client_id = self.client_partner
        form.appointment_category_id = self.category
        self.assertEqual(form.user_id, self.ben)

    def test_a_day_of_the_month_view_gets_a_time(self):
        form = self._open(
            self.anna, default_allday=True, default_start="2026-11-24", default_stop="2026-11-24"
        )
        form.appointment_client_id = self.client_partner
        form.appointment_category_id = self.category
        event = form.save()
        self.assertEqual((event.start, event.stop), (datetime(2026, 11, 24, 8, 0), NINE))

    def test_a_taken_time_is_told_before_saving(self):
        self._book(start=NINE)
        form = self._open(self.anna, FORM)
        form.name = "Paul"
        form.appointment_client_id = self.env["res.partner"].create({"name": "Paul"})
        form.appointment_category_id = self.category
        self.assertIn("Carla Client", form.appointment_conflict_text)
        form.start = ELEVEN
        self.assertFalse(form.appointment_conflict_text)
