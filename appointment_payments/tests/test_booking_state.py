import logging
from datetime import datetime, timedelta

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import HttpCase, JsonRpcException, tagged
from odoo.tools import mute_logger

from .common import PracticeCase, PracticeMixin

LOGGER = "odoo.addons.appointment_payments.models.appointment_payment_booking_state"
STATES = (
    "pending_payment", "requested", "confirmed", "attended", "no_show", "declined", "expired",
    "cancelled",
)  # fmt: skip
# door, its arguments, where it may be opened, where it leads
DOORS = [
    ("_set_confirmed", (), ("pending_payment",), "confirmed"),
    ("_set_confirmed_again", (), ("expired",), "confirmed"),
    ("_set_attended", (), ("confirmed", "no_show"), "attended"),
    ("_set_no_show", (), ("confirmed", "attended"), "no_show"),
    ("_set_expired", ("unpaid",), ("pending_payment",), "expired"),
    ("_set_cancelled", (), ("pending_payment", "requested", "confirmed"), "cancelled"),
    ("_set_declined", (), ("requested",), "declined"),
    ("_set_expired", ("unanswered",), ("requested",), "expired"),
]
# what only bookings that need an answer go through
REQUEST_DOORS = [
    ("_set_requested", (), ("pending_payment",), "requested"),
    ("_set_requested_again", (), ("expired",), "requested"),
    ("_set_confirmed", (), (), None),
    ("_set_confirmed_again", (), (), None),
    ("_set_approved", (), (), None),
]
ROADS = {
    "pending_payment": [],
    "requested": [("_set_requested",)],
    "declined": [("_set_requested",), ("_set_declined",)],
    "confirmed": [("_set_confirmed",)],
    "attended": [("_set_confirmed",), ("_set_attended",)],
    "no_show": [("_set_confirmed",), ("_set_no_show",)],
    "expired": [("_set_expired", "unpaid")],
    "cancelled": [("_set_cancelled",)],
}
# what a client agreed to or the system derives, and a value that a person might try
FORGED = {
    "accepted_terms_at": "2026-01-01 00:00:00",
    "access_token": "guessed",
    "amount_due_now": 0.01,
    "amount_held": 1.0,
    "amount_paid": 80.0,
    "amount_refunded": 1.0,
    "amount_residual": 0.0,
    "amount_tax": 0.0,
    "amount_total": 0.01,
    "answered_at": "2026-11-23 07:00:00",
    "answered_by_id": 1,
    "checkout_token": "guessed",
    "confirm_deadline": "2027-01-01 00:00:00",
    "confirmation_mode": "automatic",
    "currency_id": 1,
    "decline_message": "Never come back.",
    "deposit_fixed": 1.0,
    "deposit_percent": 1.0,
    "deposit_type": "fixed",
    "event_id": False,
    "hold_until": "2027-01-01 00:00:00",
    "name": "APT1",
    "origin": "staff",
    "partner_id": 1,
    "payer_id": 1,
    "payment_mode": "none",
    "payment_status": "paid",
    "pending_until": "2027-01-01 00:00:00",
    "price": 0.01,
    "request_flow": "approve_first",
    "requested_at": "2026-11-23 07:00:00",
    "start": "2026-12-24 09:00:00",
    "stop": "2026-12-24 10:00:00",
    "under_threshold": True,
    "user_id": 1,
}


class StateCase(PracticeCase):
    def setUp(self):
        super().setUp()
        self.hour = datetime(2026, 11, 24, 0, 0)

    def _book_in_state(self, state, **values):
        """A booking of its own hour that came to a state by its doors."""
        self.hour += timedelta(hours=1)
        booking = self._book(start=self.hour, **values)
        if state in ("requested", "declined"):
            booking.confirmation_mode = "manual"
        for door, *arguments in ROADS[state]:
            getattr(booking, door)(*arguments)
        self.assertEqual(booking.state, state)
        return booking

    def _facts(self, booking):
        """Everything that a move could have changed."""
        values = booking.read(
            ["state", "expired_reason", "hold_until", "pending_until", "start", "write_date"]
        )
        mails = self.env["mail.mail"].search_count(
            [("model", "=", booking._name), ("res_id", "=", booking.id)]
        )
        events = [(event.id, event.active) for event in booking.event_id]
        return values, booking.occupancy_ids.ids, events, mails


@tagged("post_install", "-at_install")
class TestBookingState(StateCase):
    def test_each_door_moves_from_its_own_states_and_says_so_in_the_log(self):
        for door, arguments, sources, target in DOORS:
            for state in sources:
                with self.subTest(door=door, state=state):
                    booking = self._book_in_state(state)
                    with self.assertLogs(LOGGER, logging.INFO) as log:
                        moved = getattr(booking, door)(*arguments)
                    self.assertEqual((moved, booking.state), (booking, target))
                    self.assertIn(f"{booking.name} → {target}", log.output[-1])

    def test_an_illegal_or_repeated_move_changes_nothing(self):
        for door, arguments, sources, _target in DOORS:
            for state in sorted(set(STATES) - set(sources)):
                with self.subTest(door=door, state=state):
                    booking = self._book_in_state(state)
                    before = self._facts(booking)
                    self.assertFalse(getattr(booking, door)(*arguments))
                    self.assertEqual(self._facts(booking), before)

    def test_a_booking_that_needs_an_answer_is_confirmed_by_nothing_else(self):
        states = ("pending_payment", "requested", "declined", "expired", "cancelled")
        for door, arguments, sources, target in REQUEST_DOORS:
            for state in states:
                with self.subTest(door=door, state=state):
                    booking = self._book_in_state(state, confirmation_mode="manual")
                    before = self._facts(booking)
                    moved = getattr(booking, door)(*arguments)
                    if state in sources:
                        self.assertEqual((moved, booking.state), (booking, target))
                    else:
                        self.assertFalse(moved)
                        self.assertEqual(self._facts(booking), before)

    def test_one_that_needs_none_is_never_requested(self):
        for state in ("pending_payment", "expired"):
            booking = self._book_in_state(state)
            self.assertFalse(booking._set_requested() | booking._set_requested_again())
            self.assertEqual(booking.state, state)

    def test_an_illegal_move_is_logged_and_a_repeated_one_only_for_debugging(self):
        cancelled = self._book_in_state("cancelled")
        with self.assertLogs(LOGGER, logging.INFO) as log:
            cancelled._set_confirmed()
        self.assertIn(f"{cancelled.name} stays cancelled, not confirmed", log.output[0])
        with self.assertNoLogs(LOGGER, logging.INFO):
            cancelled._set_cancelled()

    def test_of_many_bookings_those_that_can_move_do(self):
        waiting, cancelled = map(self._book_in_state, ("pending_payment", "cancelled"))
        self.assertEqual((waiting | cancelled)._set_confirmed(), waiting)
        self.assertEqual((waiting.state, cancelled.state), ("confirmed", "cancelled"))

    def test_a_move_is_told_in_the_chatter(self):
        booking = self._book_in_state("pending_payment").with_context(tracking_disable=False)
        self.env.flush_all()
        self.cr.precommit.run()
        booking._set_confirmed()
        self.env.flush_all()
        self.cr.precommit.run()
        tracked = booking.message_ids.sudo().tracking_value_ids
        self.assertEqual(
            tracked.filtered(lambda t: t.field_id.name == "state").mapped("new_value_char"),
            ["Confirmed"],
        )

    def test_confirming_ends_the_hold_and_puts_the_appointment_in_the_calendar(self):
        booking = self._book_in_state("pending_payment")
        self.assertEqual(booking.hold_until, datetime(2026, 11, 23, 7, 20))
        self.assertFalse(booking.event_id)
        booking._set_confirmed()
        self.assertFalse(booking.hold_until)
        self.assertEqual(booking.event_id.start, booking.start)
        self.assertEqual(len(booking.occupancy_ids), 1)

    def test_expiring_frees_the_time_and_the_form(self):
        booking = self._book(checkout_token="a" * 32)
        booking._set_expired("unpaid")
        self.assertEqual(booking.expired_reason, "unpaid")
        self.assertFalse(booking.occupancy_ids or booking.hold_until or booking.checkout_token)

    def test_a_late_confirmation_takes_the_time_again_or_leaves_the_booking(self):
        late, later = self._book(), self._book(user=self.ben)
        (late | later)._set_expired("unpaid")
        taker = self._book(user=self.ben)
        self.assertEqual((late | later)._set_confirmed_again(), late)
        self.assertEqual(len(late.occupancy_ids), 1)
        self.assertFalse(late.expired_reason)
        self.assertEqual((later.state, later.expired_reason), ("expired", "unpaid"))
        self.assertFalse(later.occupancy_ids or later.event_id)
        self.assertEqual(taker.state, "pending_payment")

    def test_an_appointment_that_has_begun_is_not_confirmed_again(self):
        booking = self._book(start=datetime(2026, 11, 23, 6, 0))
        booking._set_expired("pending")
        self.assertFalse(booking._set_confirmed_again())
        self.assertEqual(booking.state, "expired")

    def test_a_booking_begins_as_awaiting_payment(self):
        booking = self._book()
        values = booking.copy_data()[0]
        for state in STATES[1:]:
            with self.subTest(state=state), self.assertRaisesRegex(UserError, "Awaiting payment"):
                booking.create({**values, "state": state})
        self.assertEqual(booking.create({**values, "state": "pending_payment"}).state, STATES[0])


@tagged("post_install", "-at_install")
class TestBookingButtons(StateCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.desk = cls._create_user("Fred Front", "group_front_desk")
        cls.colleague = cls._create_user("Ina Internal")

    def test_nobody_writes_the_state(self):
        booking = self._book_in_state("pending_payment")
        for record in (booking, booking.with_user(self.desk), booking.with_user(self.anna)):
            for values in ({"state": "confirmed"}, {"expired_reason": "unpaid"}):
                with (
                    self.subTest(user=record.env.user.name, values=values),
                    self.assertRaisesRegex(UserError, "by its buttons"),
                ):
                    record.write(values)
        self.assertEqual(booking.state, "pending_payment")

    def test_a_forged_context_opens_no_door(self):
        booking = self._book_in_state("pending_payment").with_user(self.desk)
        for key in (True, "object", 1, object()):
            with self.subTest(key=key), self.assertRaisesRegex(UserError, "by its buttons"):
                booking.with_context(appointment_state_door=key).write({"state": "confirmed"})

    def test_the_door_closes_behind_a_move(self):
        booking = self._book_in_state("pending_payment")
        for moved in (booking._set_confirmed(), booking._set_attended(), booking):
            with self.assertRaisesRegex(UserError, "by its buttons"):
                moved.write({"state": "cancelled"})

    def test_what_a_client_agreed_to_is_frozen_for_people(self):
        booking = self._book_in_state("confirmed").with_user(self.desk)
        for name, value in FORGED.items():
            with self.subTest(field=name), self.assertRaises(UserError):
                booking.write({name: value})
        self.assertEqual((booking.amount_total, booking.amount_paid), (80.0, 0.0))

    def test_a_frozen_field_is_named_in_the_refusal(self):
        booking = self._book_in_state("confirmed").with_user(self.desk)
        with self.assertRaisesRegex(UserError, "cannot be edited: Price"):
            booking.write({"amount_total": 1.0})

    def test_the_buttons_of_attendance_work_for_those_who_may_write(self):
        booking = self._book_in_state("confirmed")
        for user in (self.anna, self.desk):
            booking.with_user(user).action_mark_no_show()
            self.assertEqual(booking.state, "no_show")
            booking.with_user(user).action_mark_attended()
            self.assertEqual(booking.state, "attended")

    def test_the_buttons_check_access(self):
        booking = self._book_in_state("confirmed")
        for user in (self.ben, self.colleague, self.env.ref("base.public_user")):
            for button in ("action_mark_attended", "action_mark_no_show", "action_cancel"):
                with self.subTest(user=user.name, button=button), self.assertRaises(AccessError):
                    getattr(booking.with_user(user), button)()
        self.assertEqual(booking.state, "confirmed")

    def test_cancelling_frees_the_time_and_archives_the_event(self):
        booking = self._book_in_state("confirmed")
        event = booking.event_id
        booking.with_user(self.anna).action_cancel()
        self.assertEqual(booking.state, "cancelled")
        self.assertFalse(booking.occupancy_ids or event.active)
        self.assertFalse(booking.activity_ids)

    def test_a_booking_with_money_is_not_cancelled(self):
        booking = self._book_in_state("pending_payment")
        self._pay(booking)
        with self.assertRaisesRegex(UserError, "has a payment. Please ask"):
            booking.with_user(self.desk).action_cancel()
        self.assertEqual((booking.state, len(booking.occupancy_ids)), ("confirmed", 1))

    def test_a_booking_with_a_payment_under_way_is_not_cancelled(self):
        booking = self._book_in_state("pending_payment")
        self._pay(booking, state="pending")
        with self.assertRaisesRegex(UserError, "has a payment"):
            booking.with_user(self.desk).action_cancel()
        self.assertEqual(booking.state, "pending_payment")


@tagged("post_install", "-at_install")
class TestBookingStateOverRpc(PracticeMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_practice()
        cls.desk = cls._create_user("Fred Front", "group_front_desk")

    def _write(self, booking, values, context):
        return self.make_jsonrpc_request(
            "/web/dataset/call_kw/appointment.payment.booking/write",
            {
                "model": "appointment.payment.booking",
                "method": "write",
                "args": [booking.ids, values],
                "kwargs": {"context": {"allowed_company_ids": self.company.ids, **context}},
            },
        )

    def test_no_context_sent_over_rpc_opens_a_door(self):
        booking = self._book()
        self.authenticate(self.desk.login, self.desk.login)
        for door in (True, {}, "_STATE_DOOR"):
            for values in ({"state": "confirmed"}, {"amount_due_now": 0.0}, {"amount_paid": 80.0}):
                with (
                    self.subTest(door=door, values=values),
                    mute_logger("odoo.http"),
                    self.assertRaises(JsonRpcException),
                ):
                    self._write(booking, values, {"appointment_state_door": door})
        booking.invalidate_recordset()
        self.assertEqual((booking.state, booking.amount_due_now), ("pending_payment", 24.0))
        self.assertEqual(booking.amount_paid, 0.0)

    def test_what_is_not_frozen_can_be_written_over_rpc(self):
        booking = self._book()
        self.authenticate(self.desk.login, self.desk.login)
        activity = {
            "res_model_id": self.env["ir.model"]._get_id(booking._name),
            "res_id": booking.id,
            "summary": "Call back",
        }
        self.assertTrue(self._write(booking, {"activity_ids": [Command.create(activity)]}, {}))
        booking.invalidate_recordset()
        self.assertEqual(booking.activity_ids.mapped("summary"), ["Call back"])
