from datetime import datetime

from lxml import etree

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..models.appointment_payment_occupancy import SlotTakenError
from .common import PracticeCase
from .test_staff_views import create_personas

NINE = datetime(2026, 11, 24, 9, 0)
TEN = datetime(2026, 11, 24, 10, 0)
ELEVEN = datetime(2026, 11, 24, 11, 0)


class BookedEventCase(PracticeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        create_personas(cls)

    def setUp(self):
        super().setUp()
        self.booking = self._book(start=NINE)
        self.booking._set_confirmed()
        self.event = self.booking.event_id


@tagged("post_install", "-at_install")
class TestRemovalDialogue(BookedEventCase):
    """What the dialogue asks, and what becomes of the answers."""

    def test_it_offers_to_cancel_what_has_no_money(self):
        removal = self.event.with_user(self.anna).get_appointment_removal()
        self.assertEqual((removal["count"], removal["can_cancel"]), (1, True))
        self.assertFalse(removal["problem"])

    def test_cancelling_frees_the_time_and_removes_the_event(self):
        self.event.with_user(self.frida).action_cancel_appointments()
        self.assertEqual(self.booking.state, "cancelled")
        self.assertFalse(self.event.active or self.booking.activity_ids)
        self.assertEqual(self._book(start=NINE).state, "pending_payment")

    def test_with_money_it_says_to_refund_first(self):
        booking = self._book(start=TEN)
        self._pay(booking)
        event = booking.event_id.with_user(self.anna)
        removal = event.get_appointment_removal()
        self.assertFalse(removal["can_cancel"])
        self.assertIn("refund", removal["problem"])
        with self.assertRaisesRegex(UserError, "refund"):
            event.action_cancel_appointments()
        self.assertEqual(booking.state, "confirmed")

    def test_only_removing_it_keeps_booking_and_time_and_raises_an_activity(self):
        self.event.with_user(self.anna).action_remove_from_calendar()
        self.assertFalse(self.event.active)
        self.assertEqual((self.booking.state, self.booking.event_id), ("confirmed", self.event))
        self.assertEqual(len(self.booking.activity_ids), 1)
        with self.assertRaises(SlotTakenError):
            self._book(start=NINE)

    def test_a_flag_in_the_context_removes_nothing_in_silence(self):
        event = self.event.with_user(self.ivo).with_context(appointment_booking_leaves=True)
        event.unlink()
        self.assertEqual((self.booking.state, len(self.booking.activity_ids)), ("confirmed", 1))

    def test_f44_what_a_visitor_typed_is_text_in_what_staff_have_to_do(self):
        name = '<a href="https://evil.example">Vera</a>'
        visitor = self.env["res.partner"].create({"name": name, "email": "vera@example.com"})
        booking = self._book(start=TEN, partner=visitor)
        booking._set_confirmed()
        booking.event_id.with_user(self.anna).action_remove_from_calendar()
        booking._raise_refund_needed(24.0, f"Pay {visitor.name} back")
        booking._raise_merge_needed(visitor, self.client_partner)
        notes = booking.activity_ids.mapped("note")
        self.assertGreaterEqual(len(notes), 3)
        for note in notes:
            self.assertNotIn("<a", note)
            self.assertIn("&lt;a href=", note)

    def test_a_colleague_cannot_cancel(self):
        for user in (self.ben, self.ivo):
            event = self.event.with_user(user)
            self.assertFalse(event.get_appointment_removal()["can_cancel"])
            with self.assertRaisesRegex(UserError, "Only the practitioner"):
                event.action_cancel_appointments()
        self.assertEqual(self.booking.state, "confirmed")

    def test_what_has_taken_place_is_not_cancelled(self):
        self.booking._set_attended()
        self.assertIn("taken place", self.event.get_appointment_removal()["problem"])


@tagged("post_install", "-at_install")
class TestWhoMoves(BookedEventCase):
    def test_a_colleague_does_not_move_it(self):
        for user in (self.ben, self.ivo):
            refused = self.assertRaisesRegex(UserError, "Only the practitioner")
            with refused, self.env.cr.savepoint():
                self.event.with_user(user).write({"start": TEN, "stop": ELEVEN})
            self.env.invalidate_all()
        self.assertEqual(self.booking.start, NINE)

    def test_the_front_desk_does(self):
        self.assertTrue(self.event.with_user(self.frida).user_can_edit)
        self.assertFalse(self.event.with_user(self.ben).user_can_edit)
        self.event.with_user(self.frida).write({"start": TEN, "stop": ELEVEN})
        self.assertEqual(self.booking.start, TEN)

    def test_it_does_not_move_to_the_past(self):
        past = {"start": datetime(2026, 11, 22, 9), "stop": datetime(2026, 11, 22, 10)}
        with self.assertRaisesRegex(UserError, "has passed"), self.env.cr.savepoint():
            self.event.with_user(self.anna).write(past)
        self.env.invalidate_all()
        self.assertEqual((self.booking.start, self.event.start), (NINE, NINE))

    def test_the_front_desk_gives_it_to_a_colleague_who_is_free(self):
        self.event.with_user(self.frida).user_id = self.ben
        self.assertEqual(self.booking.user_id, self.ben)
        self.assertEqual(self.booking.occupancy_ids.resource_id.user_id, self.ben)
        self.assertEqual(self.event.partner_ids, self.ben.partner_id | self.client_partner)
        self.assertEqual(self.booking.amount_total, 80.0)
        self.assertEqual(self._book(start=NINE).user_id, self.anna)

    def test_not_to_one_who_has_no_time(self):
        self._book(start=NINE, user=self.ben)
        with self.assertRaisesRegex(SlotTakenError, "Ben Roy"), self.env.cr.savepoint():
            self.event.with_user(self.frida).user_id = self.ben
        self.env.invalidate_all()
        self.assertEqual(self.booking.user_id, self.anna)
        self.assertEqual(self.booking.occupancy_ids.resource_id.user_id, self.anna)

    def test_nor_to_one_who_takes_no_appointments(self):
        for user in (self.frida, self.ivo):
            with self.assertRaisesRegex(UserError, "takes appointments"):
                self.event.with_user(self.frida).user_id = user

    def test_a_practitioner_gives_none_away(self):
        with self.assertRaisesRegex(UserError, "Only the front desk"):
            self.event.with_user(self.anna).user_id = self.ben


@tagged("post_install", "-at_install")
class TestWhoOpens(BookedEventCase):
    def test_accountants_and_plain_staff_open_events_with_and_without_a_booking(self):
        groups = self.env.ref("base.group_user") | self.env.ref("account.group_account_invoice")
        accountant = self._create_user("Ada Books", group_ids=[Command.set(groups.ids)])
        plain = self.env["calendar.event"].create({"name": "Team", "start": TEN, "stop": ELEVEN})
        for user in (accountant, self.ivo, self.anna):
            for event in (self.event, plain):
                event = event.with_user(user)
                arch = etree.fromstring(event.get_view(view_type="form")["arch"])
                names = arch.xpath("//field[not(ancestor::field)]/@name")
                event.invalidate_recordset()
                with self.subTest(user=user.name, event=event.id):
                    event.web_read({name: {} for name in names})
