"""What meets a request on its way: a second payment, a late one, a move, a new practitioner."""

from datetime import timedelta

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import NOW
from .request_common import DUE, START, RequestCase


@tagged("post_install", "-at_install")
class TestRequestPaidTwice(RequestCase):
    """Two tabs of one client: both forms were opened before either was paid."""

    def _begin(self, booking, capture_method="manual"):
        return self._create_transaction(booking, 80.0, capture_method=capture_method)

    def _assert_paid_once(self, booking):
        self.assertEqual((booking.state, booking.payment_status), ("confirmed", "paid"))
        left = booking.amount_held, booking.amount_paid, booking.amount_residual
        self.assertEqual(left, (0, 80.0, 0))
        self.assertEqual(booking.invoice_ids.mapped("amount_residual"), [0])

    def test_a_second_hold_is_let_go_while_the_first_is_captured(self):
        booking = self._ask(pay=False)
        first, second = self._begin(booking), self._begin(booking)
        self._finish(first, "done")
        booking.with_user(self.anna).action_accept()
        self._finish(second, "done")
        self._send_operations(booking)
        self.assertEqual((first.state, second.state), ("done", "cancel"))
        self._assert_paid_once(booking)

    def test_a_hold_is_let_go_when_the_request_is_paid_in_another_way(self):
        booking = self._ask(pay=False)
        held, charged = self._begin(booking), self._begin(booking, "automatic")
        self._finish(held, "done")
        self._finish(charged, "done")
        self._send_operations(booking)
        self.assertEqual((booking.state, booking.amount_held), ("requested", 0))
        self.assertEqual((held.state, booking.amount_paid), ("cancel", 80.0))
        booking.with_user(self.anna).action_accept()
        self._assert_paid_once(booking)

    def test_declined_after_that_the_client_reads_that_the_charge_goes_back(self):
        booking = self._ask(pay=False)
        held, charged = self._begin(booking), self._begin(booking, "automatic")
        self._finish(held, "done")
        self._finish(charged, "done")
        booking.with_user(self.anna).action_decline()
        self._send_operations(booking)
        self.assertIn("were paid and go back in full", self._last_mail(booking))
        self.assertEqual((booking.amount_refunded, booking.amount_held), (80.0, 0))

    def test_a_capture_that_fails_beside_another_payment_ends_its_hold(self):
        booking = self._ask(pay=False)
        held, charged = self._begin(booking), self._begin(booking, "automatic")
        self._finish(held, "done")
        booking.with_user(self.anna).action_accept()
        self._finish(charged, "done")
        with self._provider_fails("capture"):
            self._send_operations(booking)
        self._send_operations(booking)
        self.assertEqual(held.state, "cancel")
        self._assert_paid_once(booking)

    def test_a_capture_of_staff_that_fails_after_the_end_ends_its_hold(self):
        """Declined while the hold was being captured in Invoicing, where nothing was accepted."""
        booking = self._ask()
        hold = booking.transaction_ids
        hold._capture()
        booking.with_user(self.anna).action_decline()
        with self._provider_fails("capture"):
            self._send_operations(booking)
        self._send_operations(booking)
        self.assertEqual((booking.state, booking.amount_held), ("declined", 0))
        self.assertEqual(hold.state, "cancel")

    def test_a_capture_that_works_beside_another_payment_goes_back(self):
        booking = self._ask(pay=False)
        held, charged = self._begin(booking), self._begin(booking, "automatic")
        self._finish(held, "done")
        booking.with_user(self.anna).action_accept()
        self._finish(charged, "done")
        self._send_operations(booking)
        self._send_operations(booking)
        self.assertEqual((held.state, booking.amount_refunded), ("done", 80.0))
        self._assert_paid_once(booking)

    def test_a_part_of_what_a_request_was_paid_with_does_not_go_back(self):
        """It could not be accepted any more, and its client would be asked for all of it again."""
        manager = self._create_user("Mara Manager", "group_manager")
        booking = self._ask("charge").with_user(manager)
        self.assertFalse(booking.can_refund)
        with self.assertRaisesRegex(UserError, "Decline or cancel it"):
            booking.action_refund()
        with self.assertRaisesRegex(UserError, "Decline or cancel it"):
            booking.sudo()._decide_refund(20.0, "one")
        with self.assertRaisesRegex(UserError, "Decline or cancel it"):  # a button of Odoo
            booking.sudo().transaction_ids._refund(20.0)
        booking.action_accept()
        self.assertTrue(booking.can_refund)
        booking.action_refund()


@tagged("post_install", "-at_install")
class TestRequestMoves(RequestCase):
    def test_what_was_accepted_and_is_paid_too_late_is_in_the_calendar_again(self):
        booking = self._ask("approve_first")
        booking.with_user(self.anna).action_accept()
        payment = self._create_transaction(booking)
        self._expire()
        self.assertEqual((booking.state, booking.event_id.active), ("expired", False))
        with freeze_time(DUE + timedelta(minutes=1)):
            self._finish(payment, "done")
        self.assertEqual(booking.state, "confirmed")
        # who has accepted it has read that its time is free again
        told = [mail for mail in self._sent(booking) if mail[1] == "practitioner"]
        self.assertEqual(told[-2][0], "Expired")
        self.assertEqual(len(told), 3)
        self.assertTrue(booking.event_id.active)
        self.assertEqual((booking.event_id.start, booking.event_id.user_id), (START, self.anna))

    def test_accepted_and_moved_closer_it_is_not_kept_unpaid_beyond_its_start(self):
        booking = self._ask("approve_first")
        booking.with_user(self.anna).action_accept()
        start = NOW + timedelta(hours=5)
        self.assertGreater(booking.hold_until, start)
        booking.event_id.with_user(self.anna).write(
            {"start": start, "stop": start + timedelta(hours=1)}
        )
        self.assertEqual((booking.start, booking.hold_until), (start, start))

    def test_moved_to_where_the_margin_has_passed_it_can_be_answered_until_the_start(self):
        booking = self._ask()
        start = NOW + timedelta(hours=3, minutes=30)
        with freeze_time(NOW + timedelta(hours=2)):
            booking.event_id.with_user(self.anna).write(
                {"start": start, "stop": start + timedelta(hours=1)}
            )
            self.assertEqual((booking.start, booking.confirm_deadline), (start, start))
            booking.with_user(self.anna).action_accept()
            self._send_operations(booking)
        self.assertEqual(booking.state, "confirmed")

    def test_handed_over_it_is_the_new_practitioners_to_answer(self):
        booking = self._ask()
        desk = self._create_user("Frida Desk", "group_front_desk")
        booking.event_id.with_user(desk).user_id = self.ben
        self.assertEqual((booking.state, booking.user_id), ("requested", self.ben))
        self.assertEqual(booking.occupancy_ids.resource_id.user_id, self.ben)
        self.assertEqual(booking._get_answer_activities().user_id, self.ben)
        # the last is for Anna, who had it
        told = [("To answer", "practitioner"), ("Changed", "client"), ("Changed", "?")]
        self.assertEqual(self._sent(booking)[2:], told)

    def test_handed_over_while_it_is_captured_nobody_is_asked_again(self):
        booking = self._ask()
        booking.with_user(self.anna).action_accept()
        desk = self._create_user("Frida Desk", "group_front_desk")
        booking.event_id.with_user(desk).user_id = self.ben
        self.assertFalse(booking._get_answer_activities())
        self._send_operations(booking)
        self.assertEqual((booking.state, booking.event_id.user_id), ("confirmed", self.ben))
        told = [("Confirmed", "client"), ("Booked", "practitioner")]
        self.assertEqual(self._sent(booking)[2:], told)

    def test_accepted_and_handed_over_nobody_reads_that_it_is_booked_before_it_is_paid(self):
        booking = self._ask("approve_first")
        booking.with_user(self.anna).action_accept()
        desk = self._create_user("Frida Desk", "group_front_desk")
        booking.event_id.with_user(desk).user_id = self.ben
        self.assertEqual((booking.state, booking.user_id), ("pending_payment", self.ben))
        # the last is for Anna, who had it
        told = [("Accepted, please pay", "client"), ("Changed", "client"), ("Changed", "?")]
        self.assertEqual(self._sent(booking)[2:], told)
        text = self._read_mail(self._get_mails(booking)[-2])
        self.assertIn("It is booked when it is paid.", text)
        self._pay(booking)
        self.assertEqual(booking.state, "confirmed")
        told = [("Confirmed", "client"), ("Booked", "practitioner")]
        self.assertEqual(self._sent(booking)[5:], told)


@tagged("post_install", "-at_install")
class TestRequestOutlives(RequestCase):
    """What staff change around a request does not keep it, or its money."""

    def setUp(self):
        super().setUp()
        self.desk = self._create_user("Frida Desk", "group_front_desk")

    def test_the_practitioner_leaves_while_it_is_captured(self):
        booking = self._ask()
        booking.with_user(self.anna).action_accept()
        self.anna.active = False
        with self._provider_fails("capture"):
            self._send_operations(booking)
        self._send_operations(booking)
        self.assertEqual((booking.state, booking.amount_held), ("requested", 0))
        self.assertFalse(booking.answered_at)
        self._pay_as_decided(booking)
        booking.with_user(self.desk).action_accept()
        self._send_operations(booking)
        self.assertEqual((booking.state, booking.payment_status), ("confirmed", "paid"))

    def test_the_provider_is_switched_off_before_the_answer(self):
        held, charged = self._ask(), self._ask("charge", start=START + timedelta(hours=2))
        self.provider.state = "disabled"
        (held | charged).with_user(self.anna).action_decline()
        self._send_operations(held | charged)
        self.assertEqual((held | charged).mapped("state"), ["declined", "declined"])
        self.assertEqual(set((held | charged).operation_ids.mapped("state")), {"failed"})
        self.assertEqual((held.payment_status, charged.payment_status), ("held", "paid"))
        self.assertTrue(all(booking.activity_ids for booking in held | charged))

    def test_its_event_is_deleted_or_removed_and_comes_back_with_the_answer(self):
        deleted = self._ask("charge")
        removed = self._ask("charge", start=START + timedelta(hours=2))
        deleted.event_id.with_user(self.anna).unlink()
        removed.event_id.with_user(self.anna).action_remove_from_calendar()
        for booking in deleted | removed:
            booking.invalidate_recordset()
            booking.with_user(self.anna).action_accept()
            self.assertEqual(booking.state, "confirmed")
            self.assertTrue(booking.event_id.active)

    def test_its_category_is_archived(self):
        ends = {"action_accept": "confirmed", "action_decline": "declined"}
        asked = [self._ask("charge", start=START + timedelta(hours=hour)) for hour in (0, 2, 4)]
        self.manual.active = False
        for booking, (answer, state) in zip(asked, ends.items(), strict=False):
            getattr(booking.with_user(self.anna), answer)()
            self.assertEqual(booking.state, state)
        self._expire()
        self.assertEqual(asked[2].state, "expired")

    def test_whoever_answers_works_in_another_company_just_now(self):
        other = self._create_company("Practice Oak", self.eur)
        self.anna.company_ids += other
        booking = self._ask("charge").with_user(self.anna)
        companies = (other | self.company).ids
        booking.with_context(allowed_company_ids=companies).action_accept()
        booking = booking.sudo()
        self.assertEqual((booking.state, booking.payment_status), ("confirmed", "paid"))
        self.assertEqual(booking.invoice_ids.company_id, self.company)

    def test_what_a_practitioner_writes_is_text_in_the_mail(self):
        booking = self._ask()
        booking.with_user(self.anna).action_decline("<img src=x onerror=alert(1)>")
        mail = self.env["mail.mail"].search([("subject", "like", "Declined")], limit=1)
        self.assertIn("&lt;img", mail.body_html)
        self.assertNotIn("<img src=x", mail.body_html)

    def test_of_many_accepted_at_once_the_scheduled_action_takes_most(self):
        hours = range(0, 14, 2)
        asked = [self._ask(start=START + timedelta(hours=hour)) for hour in hours]
        asked = self.bookings.concat(*asked)
        queue = self.env.cr.postcommit
        queue.clear()
        asked.with_user(self.anna).action_accept()
        sent = [call for call in queue._funcs if call.__name__ == "_run_committed"]
        self.assertEqual(len(sent), 5)
        self._send_operations(asked)
        self.assertEqual(set(asked.mapped("state")), {"confirmed"})
