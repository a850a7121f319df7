"""What becomes of a request and its money, by each way it can be paid."""

from datetime import datetime, timedelta

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import NOW
from .request_common import DUE, START, RequestCase


@tagged("post_install", "-at_install")
class TestRequestMade(RequestCase):
    def test_with_the_practices_default_a_request_is_paid_in_full(self):
        for mode in ("none", "deposit", "full"):
            self.company.appointment_payment_mode = mode
            terms = self.manual._resolve_terms(self.company)
            self.assertEqual((terms["payment_mode"], terms["amount_due_now"]), ("full", 80.0))
        self.assertIn("80.00", self.manual.payment_summary)

    def test_the_category_says_when_the_money_of_a_request_is_asked(self):
        for flow, words in (
            ("hold", "held with the request"),
            ("charge", "with the request"),
            ("approve_first", "when the request is accepted"),
        ):
            self.manual.request_flow = flow
            asked = f"{self.manual.currency_id.format(80.0)} {words}."
            self.assertEqual(self.manual.payment_summary, asked)

    def test_with_terms_of_its_own_it_asks_for_those(self):
        self.manual.payment_mode = "deposit"
        booking = self._ask()
        self.assertEqual((booking.state, booking.amount_held), ("requested", 24.0))

    def test_a_held_request_occupies_its_time_and_waits_for_an_answer(self):
        booking = self._ask()
        self.assertEqual((booking.state, booking.payment_status), ("requested", "held"))
        self.assertEqual((booking.requested_at, booking.confirm_deadline), (NOW, DUE))
        self.assertEqual((booking.amount_held, booking.amount_paid), (80.0, 0.0))
        self.assertEqual(len(booking.occupancy_ids), 1)
        self.assertFalse(booking.hold_until or booking.pending_until or booking.invoice_ids)
        self.assertEqual(booking.event_id.appointment_state, "requested")
        told = [("Request sent", "client"), ("To answer", "practitioner")]
        self.assertEqual(self._sent(booking), told)
        self.assertEqual(booking._get_answer_activities().user_id, self.anna)

    def test_a_charged_request_has_no_invoice_yet(self):
        booking = self._ask("charge")
        self.assertEqual((booking.state, booking.payment_status), ("requested", "paid"))
        self.assertEqual((booking.amount_held, booking.amount_paid), (0.0, 80.0))
        self.assertFalse(booking.invoice_ids)
        self.assertEqual(len(booking.transaction_ids.payment_id), 1)

    def test_where_a_hold_cannot_last_until_the_answer_it_is_charged(self):
        self.manual.confirm_hours = 24 * 10
        booking = self._ask(start=datetime(2026, 12, 23, 9, 0))
        self.assertEqual((booking.state, booking.payment_status), ("requested", "paid"))
        self.assertEqual(booking.transaction_ids.capture_method, "automatic")

    def test_where_the_provider_cannot_hold_it_is_charged(self):
        self.provider.support_manual_capture = False
        booking = self._ask()
        self.assertEqual((booking.state, booking.amount_paid), ("requested", 80.0))

    def test_what_is_paid_after_the_answer_is_requested_at_once(self):
        booking = self._ask("approve_first")
        self.assertEqual((booking.state, booking.payment_status), ("requested", "not_required"))
        self.assertEqual((booking.amount_due_now, booking._get_amount_to_pay()), (80.0, 0.0))
        self.assertFalse(booking.transaction_ids)
        self.assertIn("Nothing was charged", self._last_mail(booking))

    def test_under_the_threshold_it_is_a_request_without_payment(self):
        self.manual.price = 8.0
        booking = self._ask()
        self.assertEqual((booking.state, booking.payment_status), ("requested", "not_required"))
        self.assertTrue(booking.under_threshold)
        self.assertIn("Nothing was charged", self._last_mail(booking))
        booking.action_accept()
        self.assertEqual(booking.state, "confirmed")
        self.assertFalse(booking.invoice_ids)

    def test_with_prepayment_switched_off_it_is_a_request_without_payment(self):
        self.company.appointment_prepayment = False
        self.assertEqual(self._ask().state, "requested")

    def test_without_a_provider_it_closes_and_does_not_become_free(self):
        self.provider.state = "disabled"
        for flow in ("hold", "charge", "approve_first"):
            self.manual.request_flow = flow
            missing = [entry["text"] for entry in self.manual._get_missing(self.company)]
            self.assertTrue(any("payment provider" in text for text in missing), missing)

    def test_the_hours_are_the_categorys_then_the_practices(self):
        self.company.appointment_confirm_hours = 24
        self.assertEqual(self._ask().confirm_deadline, NOW + timedelta(hours=24))
        self.manual.confirm_hours = 12
        later = self._ask(start=START + timedelta(hours=2))
        self.assertEqual(later.confirm_deadline, NOW + timedelta(hours=12))

    def test_the_answer_is_due_two_hours_before_the_start_or_at_the_start(self):
        near = self._ask(start=NOW + timedelta(hours=8))
        self.assertEqual(near.confirm_deadline, NOW + timedelta(hours=6))
        nearer = self._ask(start=NOW + timedelta(hours=1))
        self.assertEqual(nearer.confirm_deadline, nearer.start)

    def test_staff_who_book_ask_nobody(self):
        event = self.env["calendar.event"].with_user(self.anna).create(
            {
                "start": START,
                "stop": START + timedelta(hours=1),
                "appointment_client_id": self.client_partner.id,
                "appointment_category_id": self.manual.id,
            }
        )
        booking = event.sudo().appointment_booking_ids
        self.assertEqual((booking.state, booking.confirmation_mode), ("confirmed", "automatic"))

    def test_a_later_change_of_the_category_changes_no_request(self):
        booking = self._ask()
        self.manual.write({"confirmation_mode": "automatic", "request_flow": "approve_first"})
        self.assertEqual((booking.confirmation_mode, booking.request_flow), ("manual", "hold"))
        self.assertTrue(booking._waits_for_answer())


@tagged("post_install", "-at_install")
class TestRequestAccepted(RequestCase):
    def test_a_hold_is_captured_then_confirmed_invoiced_and_reconciled(self):
        booking = self._ask()
        booking.with_user(self.anna).action_accept()
        self.assertEqual((booking.state, booking.payment_status), ("requested", "held"))
        self.assertEqual((booking.answered_at, booking.answered_by_id), (NOW, self.anna))
        self.assertEqual(self._money(booking), [("capture", 80.0, False, "intended")])
        self.assertFalse(booking.invoice_ids or booking._get_answer_activities())
        self._send_operations(booking)
        self.assertEqual((booking.state, booking.payment_status), ("confirmed", "paid"))
        self._assert_ledger(booking, 80.0, 13.33, 0.0, [80.0])
        self.assertEqual(booking.event_id.appointment_state, "confirmed")
        self.assertEqual(self._sent(booking)[2:], [("Confirmed", "client")])

    def test_a_charge_is_confirmed_at_once_invoiced_and_reconciled(self):
        booking = self._ask("charge")
        booking.with_user(self.anna).action_accept()
        self.assertEqual((booking.state, booking.payment_status), ("confirmed", "paid"))
        self.assertFalse(booking.operation_ids)
        self._assert_ledger(booking, 80.0, 13.33, 0.0, [80.0])
        self.assertEqual(booking.invoice_ids, booking.transaction_ids.invoice_ids)

    def test_of_a_deposit_the_rest_is_left_to_pay(self):
        self.manual.payment_mode = "deposit"
        for flow in ("hold", "charge"):
            booking = self._ask(flow, start=START + timedelta(hours=len(flow)))
            booking.action_accept()
            self._send_operations(booking)
            self.assertEqual((booking.state, booking.payment_status), ("confirmed", "partial"))
            self._assert_ledger(booking, 80.0, 13.33, 56.0, [24.0])

    def test_what_is_paid_afterwards_has_as_long_as_the_answer(self):
        booking = self._ask("approve_first")
        booking.with_user(self.anna).action_accept()
        self.assertEqual((booking.state, booking.hold_until), ("pending_payment", DUE))
        self.assertEqual(booking._get_amount_to_pay(), 80.0)
        self.assertEqual(self._sent(booking)[2:], [("Accepted, please pay", "client")])
        self.assertEqual(booking.event_id.appointment_state, "pending_payment")
        self._pay_as_decided(booking)
        self.assertEqual((booking.state, booking.payment_status), ("confirmed", "paid"))
        self._assert_ledger(booking, 80.0, 13.33, 0.0, [80.0])

    def test_what_is_accepted_and_not_paid_expires(self):
        booking = self._ask("approve_first")
        booking.action_accept()
        self._expire(DUE - timedelta(seconds=1))
        self.assertEqual(booking.state, "pending_payment")
        self._expire(DUE)
        self.assertEqual((booking.state, booking.expired_reason), ("expired", "unpaid_approved"))
        told = [("Not booked", "client"), ("Expired", "practitioner")]
        self.assertEqual(self._sent(booking)[3:], told)
        self._assert_free(booking)

    def test_paid_after_all_it_is_in_the_calendar_again(self):
        booking = self._ask("approve_first")
        booking.action_accept()
        late = self._create_transaction(booking)
        self._expire(DUE)
        event = booking.event_id
        self.assertEqual((booking.state, event.active), ("expired", False))
        self._finish(late, "done")
        self.assertEqual((booking.state, booking.payment_status), ("confirmed", "paid"))
        self.assertEqual((booking.event_id, event.active), (event, True))
        self.assertEqual(event.appointment_state, "confirmed")
        self.assertTrue(booking.occupancy_ids)

    def test_it_can_be_accepted_until_the_deadline_and_not_after(self):
        booking, other = self._ask(), self._ask(start=START + timedelta(hours=2))
        with freeze_time(DUE - timedelta(seconds=1)):
            booking.action_accept()
        self.assertTrue(booking.answered_at)
        with freeze_time(DUE), self.assertRaisesRegex(UserError, "could be accepted until"):
            other.action_accept()
        self.assertFalse(other.answered_at or other.operation_ids)

    def test_accepting_twice_is_refused_and_captures_once(self):
        booking = self._ask()
        booking.action_accept()
        with self.assertRaisesRegex(UserError, "the payment is being taken"):
            booking.action_accept()
        self._send_operations(booking)
        with self.assertRaisesRegex(UserError, "accepted this request on"):
            booking.action_accept()
        self.assertEqual(len(booking.operation_ids), 1)

    def test_what_is_being_taken_is_neither_declined_nor_cancelled_nor_expired(self):
        booking = self._ask()
        booking.action_accept()
        with self.assertRaisesRegex(UserError, "the payment is being taken"):
            booking.action_decline()
        with self.assertRaisesRegex(UserError, "has accepted your request"):
            booking._cancel_request()
        with self.assertRaises(UserError):
            booking.action_cancel()
        self._expire(DUE + timedelta(days=1))
        self.assertEqual(booking.state, "requested")
        self._send_operations(booking)
        self.assertEqual(booking.state, "confirmed")

    def test_several_are_accepted_at_once_and_one_that_cannot_stops_no_other(self):
        good = self._ask() | self._ask(start=START + timedelta(hours=2))
        gone = self._ask(start=START + timedelta(hours=4))
        gone.action_decline()
        report = (good | gone).action_accept()
        self.assertIn("2 of 3 requests are answered", report["params"]["message"])
        self.assertTrue(all(good.mapped("answered_at")))
        self.assertEqual(gone.state, "declined")


@tagged("post_install", "-at_install")
class TestRequestPaymentLost(RequestCase):
    def test_a_capture_that_fails_leaves_it_pending_and_the_client_pays_anew(self):
        booking = self._ask()
        booking.with_user(self.anna).action_accept()
        with self._provider_fails("capture"):
            self._send_operations(booking)
        self.assertEqual((booking.state, booking.answered_at), ("requested", False))
        self.assertFalse(booking.answered_by_id or booking.invoice_ids)
        self.assertEqual(
            self._money(booking),
            [("capture", 80.0, False, "failed"), ("void", 80.0, "uncaptured", "intended")],
        )
        self.assertEqual(self._sent(booking)[2:], [("Please pay again", "client")])
        notes = booking.activity_ids.filtered(lambda a: a.user_id == self.anna).mapped("note")
        self.assertTrue(any("Refused by the bank" in (note or "") for note in notes), notes)
        self.assertTrue(booking._get_answer_activities())
        with self.assertRaisesRegex(UserError, "being processed"):
            booking.action_accept()
        self._send_operations(booking)
        self.assertEqual((booking.payment_status, booking._get_amount_to_pay()), ("unpaid", 80.0))
        with self.assertRaisesRegex(UserError, "nothing is confirmed unpaid"):
            booking.action_accept()
        self.assertIn("Refused by the bank", booking.capture_problem)
        self._pay_as_decided(booking)
        self.assertEqual((booking.state, booking.payment_status), ("requested", "held"))
        self.assertFalse(booking.capture_problem)
        self.assertEqual(self._sent(booking)[3:], [("To answer", "practitioner")])
        booking.action_accept()
        self._send_operations(booking)
        self.assertEqual((booking.state, booking.payment_status), ("confirmed", "paid"))
        self._assert_ledger(booking, 80.0, 13.33, 0.0, [80.0])

    def test_a_hold_that_ended_at_the_provider_is_asked_for_again(self):
        booking = self._ask()
        hold = booking.transaction_ids
        hold._create_child_transaction(80.0)._set_canceled()
        hold._post_process()
        self.assertEqual((booking.state, booking.payment_status), ("requested", "unpaid"))
        self.assertEqual(self._sent(booking)[2:], [("Please pay again", "client")])
        self.assertEqual(booking._get_amount_to_pay(), 80.0)
        self._expire()
        self.assertEqual((booking.state, booking.expired_reason), ("expired", "lapsed"))
        self.assertFalse(booking.operation_ids)
        self._assert_free(booking)

    def test_a_hold_that_staff_have_let_go_is_asked_for_again(self):
        booking = self._ask()
        booking.transaction_ids._void()
        self._send_operations(booking)
        self.assertEqual((booking.state, booking.payment_status), ("requested", "unpaid"))
        self.assertEqual(self._sent(booking)[2:], [("Please pay again", "client")])
        self.assertEqual(booking._get_amount_to_pay(), 80.0)

    def test_a_capture_that_fails_after_the_deadline_asks_for_nothing(self):
        booking = self._ask()
        booking.action_accept()
        with freeze_time(DUE + timedelta(minutes=1)), self._provider_fails("capture"):
            self._send_operations(booking)
        self.assertEqual(len(self._sent(booking)), 2)
        self._expire(DUE + timedelta(minutes=2))
        self.assertEqual((booking.state, booking.expired_reason), ("expired", "lapsed"))
        self.assertIn("no other was made in time", self._last_mail(booking))

    def test_it_is_not_said_to_be_unanswered_when_its_payment_was_gone(self):
        booking = self._ask()
        booking.with_user(self.anna).action_accept()
        with self._provider_fails("capture"):
            self._send_operations(booking)
        self._send_operations(booking)
        self._expire()
        mails = self.env["mail.mail"].search(
            [("model", "=", booking._name), ("res_id", "=", booking.id)], order="id desc", limit=2
        )
        self.assertEqual([m[0] for m in self._sent(booking)[-2:]], ["Not booked", "Expired"])
        for mail in mails:
            self.assertIn("no other was made in time", mail.body_html)
            self.assertIn("Nothing was charged.", mail.body_html)
            self.assertNotIn("not answered", mail.body_html)

    def test_of_what_the_practice_took_a_part_only_the_request_can_be_accepted(self):
        """Somebody captured a part of the hold at the provider, before the answer."""
        booking = self._ask()
        hold = booking.transaction_ids
        part = hold._create_child_transaction(50.0)
        hold._create_child_transaction(30.0)._set_canceled()
        part._set_done()
        (part | hold)._post_process()
        self.assertEqual((booking.state, booking.payment_status), ("requested", "partial"))
        self.assertEqual(booking._get_amount_to_pay(), 0.0)
        self.assertEqual(self._sent(booking)[2:], [("To answer", "practitioner")])
        self.assertIn("Accept, 50.00 € paid", self._last_mail(booking))
        booking.with_user(self.anna).action_accept()
        self.assertEqual((booking.state, booking.payment_status), ("confirmed", "partial"))
        self._assert_ledger(booking, 80.0, 13.33, 30.0, [50.0])

    def test_of_what_the_practice_gave_back_a_part_the_request_can_be_accepted(self):
        booking = self._ask("charge")
        refund = booking.transaction_ids._create_child_transaction(30.0, is_refund=True)
        refund._set_done()
        refund._post_process()
        self.assertEqual((booking.state, booking.payment_status), ("requested", "partial"))
        booking.with_user(self.anna).action_accept()
        self.assertEqual((booking.state, booking.amount_residual), ("confirmed", 30.0))
        self.assertEqual((booking.amount_paid, booking.amount_refunded), (50.0, 30.0))
        self._assert_ledger(booking, 80.0, 13.33, 30.0, [80.0, 30.0], paid=50.0)

    def test_what_was_refunded_in_part_before_it_was_booked_is_paid_when_accepted(self):
        booking = self._ask("charge", pay=False)
        payment = self._create_transaction(booking)
        payment._set_done()
        refund = payment._create_child_transaction(20.0, is_refund=True)
        refund._set_done()
        payment._post_process()  # Odoo books no payment that has a refund
        self.assertEqual(booking.state, "requested")
        booking.action_accept()
        self.env.invalidate_all()
        self.assertEqual(booking.state, "confirmed")
        self.assertGreater(booking.amount_paid, 0)
        refund._post_process()
        self.env.invalidate_all()
        self.assertEqual((booking.amount_paid, booking.amount_residual), (60.0, 0.0))
