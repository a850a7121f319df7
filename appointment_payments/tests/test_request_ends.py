"""Requests that come to nothing: declined, expired, cancelled; all of the money goes back."""

from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import NOW
from .request_common import DUE, START, RequestCase

LOGGER = "odoo.addons.appointment_payments.models.appointment_payment_booking_expiry"
MAIL_LOGGER = "odoo.addons.appointment_payments.models.appointment_payment_booking_mail"


class RequestEndCase(RequestCase):
    def _end(self, booking, how):
        """Let a request come to nothing."""
        if how == "declined":
            booking.with_user(self.anna).action_decline()
        elif how == "cancelled":
            booking._cancel_request()
        else:
            self._expire()
        booking.invalidate_recordset()

    def _assert_money_is_back(self, booking, flow):
        """Assert that nothing is left: neither held, nor paid, nor open in the books."""
        self.assertFalse(booking.invoice_ids)
        left = booking.amount_held, booking.amount_paid, booking.amount_residual
        self.assertEqual(left, (0, 0, 0))
        if flow == "charge":
            self.assertEqual((booking.payment_status, booking.amount_refunded), ("refunded", 80.0))
            payments = booking.transaction_ids.payment_id
            self.assertEqual(payments.mapped("amount"), [80.0, 80.0])
            lines = payments.move_id.line_ids.filtered(
                lambda line: line.account_id.account_type == "asset_receivable"
            )
            self.assertTrue(all(lines.mapped("reconciled")))
        else:
            self.assertEqual((booking.payment_status, booking.amount_refunded), ("not_required", 0))
            self.assertFalse(booking.transaction_ids.payment_id)


@tagged("post_install", "-at_install")
class TestRequestEnds(RequestEndCase):
    def test_each_end_gives_back_what_each_flow_has_taken(self):
        effects = {"hold": ["void"], "charge": ["refund"], "approve_first": []}
        for how in ("declined", "cancelled", "expired"):
            for flow, kinds in effects.items():
                moment = DUE if how == "expired" else NOW
                with self.subTest(how=how, flow=flow), freeze_time(moment):
                    with freeze_time(NOW):
                        booking = self._ask(flow)
                    self._end(booking, how)
                    self.assertEqual(booking.state, how)
                    self.assertEqual(
                        self._money(booking),
                        [(kind, 80.0, how, "intended") for kind in kinds],
                    )
                    self._assert_free(booking)
                    self._send_operations(booking)
                    self._assert_money_is_back(booking, flow)

    def test_it_reads_as_refunded_when_the_provider_has_said_so_and_not_before(self):
        held, charged = self._ask(), self._ask("charge", start=START + timedelta(hours=2))
        (held | charged).action_decline()
        self.assertEqual((held.state, charged.state), ("declined", "declined"))
        self.assertEqual((held.payment_status, charged.payment_status), ("held", "processing"))
        lost = TimeoutError()
        with self._provider_fails("refund", lost), self._provider_fails("void", lost):
            self._send_operations(held | charged)
        self.assertEqual((held.payment_status, charged.payment_status), ("held", "processing"))
        self.assertEqual(set((held | charged).operation_ids.mapped("state")), {"unknown"})

    def test_who_declines_and_what_they_say_is_kept_and_told(self):
        booking = self._ask()
        booking.with_user(self.anna).action_decline("  I am away that week.\nPlease call me. ")
        self.assertEqual((booking.answered_by_id, booking.answered_at), (self.anna, NOW))
        self.assertEqual(booking.decline_message, "I am away that week.\nPlease call me.")
        self.assertEqual(self._sent(booking)[2:], [("Declined", "client")])
        text = self._last_mail(booking)
        self.assertIn("I am away that week.", text)
        self.assertIn("80.00 € were held and are let go: nothing was charged.", text)
        self.assertIn("Choose another time", text)

    def test_on_expiry_both_are_told(self):
        booking = self._ask()
        self._expire(DUE - timedelta(seconds=1))
        self.assertEqual(booking.state, "requested")
        self._expire()
        self.assertEqual((booking.state, booking.expired_reason), ("expired", "unanswered"))
        told = [mail for mail in self._sent(booking) if mail[0] in ("Not booked", "Expired")]
        self.assertEqual(told, [("Not booked", "client"), ("Expired", "practitioner")])
        notes = booking.message_ids.filtered(lambda m: m.message_type == "notification")
        self.assertIn("Expired: Not answered in time.", notes[0].body)

    def test_on_a_clients_cancel_both_are_told(self):
        booking = self._ask()
        self.assertTrue(booking._can_be_cancelled_by_client())
        booking._cancel_request()
        self.assertFalse(booking._can_be_cancelled_by_client())
        told = [("Cancelled", "client"), ("Cancelled", "practitioner")]
        self.assertEqual(self._sent(booking)[2:], told)
        with self.assertRaisesRegex(UserError, "does not wait for an answer"):
            booking._cancel_request()

    def test_staff_cancel_a_request_with_its_money(self):
        booking = self._ask("charge")
        booking.with_user(self.anna).action_cancel()
        self.assertEqual(booking.state, "cancelled")
        self.assertEqual(self._money(booking), [("refund", 80.0, "cancelled", "intended")])

    def test_it_can_be_cancelled_in_the_calendar(self):
        booking = self._ask()
        event = booking.event_id.with_user(self.anna)
        self.assertTrue(event.get_appointment_removal()["can_cancel"])
        event.action_cancel_appointments()
        self.assertEqual(booking.state, "cancelled")

    def test_after_an_answer_no_other_one_counts(self):
        for how in ("declined", "cancelled", "expired"):
            booking = self._ask(start=START + timedelta(hours=len(how)))
            if how == "expired":
                booking._set_expired("unanswered")
            else:
                self._end(booking, how)
            before = self._money(booking), len(self._sent(booking))
            for answer in ("action_accept", "action_decline", "_cancel_request"):
                with self.assertRaises(UserError):
                    getattr(booking, answer)()
            self._expire()
            self.assertEqual((self._money(booking), len(self._sent(booking))), before)
            self.assertEqual(booking.state, how)

    def test_a_payment_that_comes_after_the_end_goes_back(self):
        booking = self._ask(pay=False)
        first, late = (self._create_transaction(booking, capture_method=method)
                       for method in ("manual", "automatic"))  # fmt: skip
        self._finish(first, "done")
        booking.action_decline()
        self._finish(late, "done")
        self.assertEqual(
            self._money(booking),
            [("void", 80.0, "declined", "intended"), ("refund", 80.0, "late", "intended")],
        )
        other = self._ask(pay=False, start=START + timedelta(hours=2))
        first, late = (
            self._create_transaction(other, capture_method="manual") for _tab in range(2)
        )
        self._finish(first, "done")
        other._cancel_request()
        self._finish(late, "done")
        self.assertEqual([o[:3] for o in self._money(other)],
                         [("void", 80.0, "cancelled"), ("void", 80.0, "late")])  # fmt: skip

    def test_paid_twice_before_the_answer_the_second_goes_back(self):
        booking = self._ask(pay=False)
        tabs = [self._create_transaction(booking, capture_method="manual") for _tab in range(2)]
        for tab in tabs:
            self._finish(tab, "done")
        self.assertEqual(self._money(booking), [("void", 80.0, "surplus", "intended")])
        other = self._ask("charge", pay=False, start=START + timedelta(hours=2))
        tabs = [self._create_transaction(other) for _tab in range(2)]
        for tab in tabs:
            self._finish(tab, "done")
        self.assertEqual(self._money(other), [("refund", 80.0, "surplus", "intended")])
        other.action_accept()
        self._send_operations(other)
        self.assertEqual((other.state, other.amount_paid), ("confirmed", 80.0))

    def test_a_request_whose_payment_came_late_is_made_if_its_time_is_free(self):
        for capture, money in (("manual", "held"), ("automatic", "paid")):
            booking = self._ask(pay=False)
            payment = self._create_transaction(booking, capture_method=capture)
            self._expire(NOW + timedelta(minutes=21))
            self.assertEqual((booking.state, booking.expired_reason), ("expired", "unpaid"))
            self._finish(payment, "done")
            self.assertEqual((booking.state, booking.payment_status), ("requested", money))
            self.assertEqual(len(booking.occupancy_ids), 1)
            booking.action_decline()

    def test_a_late_payment_of_a_time_that_is_gone_goes_back(self):
        for capture, kind in (("manual", "void"), ("automatic", "refund")):
            start = START + timedelta(hours=len(kind))
            booking = self._ask(pay=False, start=start)
            payment = self._create_transaction(booking, capture_method=capture)
            self._expire(NOW + timedelta(minutes=21))
            self._book(self.category, start=start)
            self._finish(payment, "done")
            self.assertEqual(booking.state, "expired")
            self.assertEqual(self._money(booking), [(kind, 80.0, "late", "intended")])

    def test_a_payment_that_goes_through_after_the_deadline_goes_back(self):
        booking = self._ask("charge")
        again = self._create_transaction(booking, 80.0)
        self._expire()
        self._finish(again, "done")
        self.assertEqual(
            [o[:3] for o in self._money(booking)],
            [("refund", 80.0, "expired"), ("refund", 80.0, "late")],
        )


@tagged("post_install", "-at_install")
class TestRequestDeadline(RequestEndCase):
    def _ask_many(self, count, flow="hold"):
        starts = (START + timedelta(hours=hour) for hour in range(count))
        return self.bookings.union(*(self._ask(flow, start=start) for start in starts))

    def test_one_that_fails_stops_nobody_else_and_is_tried_again(self):
        bookings = self._ask_many(7)
        bad = bookings[4]
        with self._break(bad), self.assertLogs(LOGGER, "ERROR") as log, mute_logger("odoo.sql_db"):
            self._expire()
        self.assertEqual(len(log.output), 1)
        self.assertIn(f"Booking {bad.id} could not expire", log.output[0])
        self.assertEqual(set((bookings - bad).mapped("state")), {"expired"})
        self.assertEqual((bad.state, bad.payment_status), ("requested", "held"))
        self.assertEqual(len(bad.occupancy_ids), 1)
        self.assertFalse(bad.operation_ids)
        for booking in bookings - bad:
            self.assertEqual([o[:3] for o in self._money(booking)], [("void", 80.0, "expired")])
            self.assertEqual([m[0] for m in self._sent(booking)].count("Not booked"), 1)
        self._expire()
        self.assertEqual(bad.state, "expired")

    def test_a_mail_that_cannot_be_written_keeps_nobodys_money(self):
        """Somebody has edited its template."""
        template = "appointment_payments.mail_template_request_expired_client"
        self.env.ref(template).body_html = '<p t-out="object.no_such_field" />'
        bookings = self._ask_many(2)
        with (
            self.assertLogs(MAIL_LOGGER, "ERROR") as log,
            mute_logger("odoo.addons.mail.models.mail_render_mixin"),
        ):
            self._expire()
        self.assertEqual(len(log.output), 2)
        for booking in bookings:
            self.assertEqual([o[:3] for o in self._money(booking)], [("void", 80.0, "expired")])
            self._assert_free(booking)
            self.assertIn("Tell the client: Expired", booking.activity_ids.mapped("summary"))
            self.assertEqual([m[0] for m in self._sent(booking)][2:], [])

    def _break(self, bad):
        """Let the database fail in the middle of one request's expiry, and of all beside it."""
        give_back = type(self.bookings)._give_money_back

        def fail(bookings, reason):
            give_back(bookings, reason)
            if bad.id in bookings.ids:
                bookings.env.cr.execute("SELECT 1 / 0")

        return patch.object(type(self.bookings), "_give_money_back", fail)

    def test_a_server_that_was_down_settles_all_at_the_next_run(self):
        bookings = self._ask_many(2) | self._ask("charge", start=START + timedelta(hours=5))
        bookings |= self._ask("approve_first", start=START + timedelta(hours=6))
        back = DUE + timedelta(days=3)
        self._expire(back)
        self.assertEqual(set(bookings.mapped("state")), {"expired"})
        with freeze_time(back):
            self._send_operations(bookings)
        self.assertEqual(
            bookings.mapped("payment_status"),
            ["not_required", "not_required", "refunded", "not_required"],
        )

    def test_a_provider_that_is_down_at_the_deadline_is_asked_again(self):
        booking = self._ask("charge")
        self._expire()
        with freeze_time(DUE), self._provider_fails("refund", ConnectionError()):
            self._send_operations(booking)
        self.assertEqual((booking.state, booking.payment_status), ("expired", "processing"))
        self.assertEqual(booking.operation_ids.state, "unknown")

    def test_practitioners_are_reminded_at_half_time_and_shortly_before(self):
        booking = self._ask()
        self.assertEqual(booking.next_warning_at, NOW + timedelta(hours=24))
        self._expire(NOW + timedelta(hours=24) - timedelta(seconds=1))
        self.assertFalse(booking.warned_at)
        self._expire(NOW + timedelta(hours=24))
        self.assertEqual(booking.warned_at, NOW + timedelta(hours=24))
        self.assertEqual(booking.next_warning_at, NOW + timedelta(hours=46))
        self._expire(NOW + timedelta(hours=25))
        self._expire(NOW + timedelta(hours=46))
        self.assertFalse(booking.next_warning_at)
        self._expire(NOW + timedelta(hours=47))
        self.assertEqual(self._sent(booking)[2:], [("Please answer", "practitioner")] * 2)

    def test_what_a_server_slept_through_is_reminded_of_once(self):
        booking = self._ask()
        self._expire(NOW + timedelta(hours=47))
        self.assertEqual(self._sent(booking)[2:], [("Please answer", "practitioner")])
        self.assertFalse(booking.next_warning_at)

    def test_nobody_is_reminded_of_what_is_answered(self):
        bookings = self._ask_many(3)
        bookings[0].action_accept()
        bookings[1].action_decline()
        bookings[2]._cancel_request()
        before = [self._sent(booking) for booking in bookings]
        self._expire(NOW + timedelta(hours=47))
        self.assertEqual([self._sent(booking) for booking in bookings], before)

    def test_the_last_reminder_is_as_the_practice_has_it(self):
        self.company.appointment_confirm_warning_hours = 6
        booking = self._ask()
        self._expire(NOW + timedelta(hours=24))
        self.assertEqual(booking.next_warning_at, NOW + timedelta(hours=42))

    def test_an_appointment_that_moves_is_answered_earlier_and_never_later(self):
        booking = self._ask()
        booking._move_to(START + timedelta(days=7), START + timedelta(days=7, hours=1))
        self.assertEqual(booking.confirm_deadline, DUE)
        soon = NOW + timedelta(hours=10)
        booking._move_to(soon, soon + timedelta(hours=1))
        self.assertEqual(booking.confirm_deadline, NOW + timedelta(hours=8))
        self.assertEqual(booking.next_warning_at, NOW + timedelta(hours=4))

    def test_a_hold_that_lapses_first_is_answered_before(self):
        booking = self._ask(pay=False)
        payment = self._create_transaction(booking, capture_method="manual")
        payment.capture_before = NOW + timedelta(hours=30)
        self._finish(payment, "done")
        self.assertEqual(booking.confirm_deadline, NOW + timedelta(hours=30))
        told = booking._format_for_staff(booking.confirm_deadline).replace("\xa0", " ")
        self.assertIn(told.replace("\u202f", " "), self._last_mail(booking).replace("\u202f", " "))
