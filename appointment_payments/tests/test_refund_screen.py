"""The screen on which a manager gives money back, and who may not."""

from datetime import datetime
from types import SimpleNamespace
from unittest.mock import patch

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import html2plaintext, mute_logger

from ..models.appointment_payment_booking_live import CHANGED
from .common import NOW
from .test_refund_books import RefundCase


@tagged("post_install", "-at_install")
class TestRefundScreen(RefundCase):
    def test_it_opens_with_all_that_is_left(self):
        booking, _payment = self._pay_in_full()
        self._give_back(booking, 30.0)
        action = booking.with_user(self.manager).action_refund()
        model = self.env[action["res_model"]].with_user(self.manager)
        form = Form(model.with_context(**action["context"]))
        self.assertEqual((form.amount, form.amount_left, form.price_effect), (50.0, 50.0, "falls"))
        self.assertTrue(form.can_cancel)
        form.amount = 20.0
        self.assertFalse(form.can_cancel or form.is_everything)
        form.refund_reason = "unhappy"
        form.note = "She called."
        form.client_message = "We are sorry."
        form.save().action_refund()
        operation = booking.operation_ids.sorted("id")[-1:]
        found = (operation.amount, operation.refund_reason, operation.note, operation.decided_by)
        self.assertEqual(found, (20.0, "unhappy", "She called.", self.manager))
        self.assertEqual((operation.client_message, operation.state), ("We are sorry.", "intended"))
        self.assertTrue(operation.credit_invoice)
        message = booking.message_ids.filtered(lambda m: "decided" in m.body)[:1]
        self.assertEqual(message.author_id, self.manager.partner_id)
        self.assertIn("20.00", message.body)
        self.assertIn("She called.", message.body)

    def test_who_came_to_cancel_and_gives_less_back_reads_that_it_stays(self):
        booking, _payment = self._pay_in_full()
        action = booking.with_user(self.manager).action_cancel()
        model = self.env[action["res_model"]].with_user(self.manager)
        form = Form(model.with_context(**action["context"]))
        self.assertTrue(form.cancel_booking and form.is_cancelling)
        form.amount = 20.0
        self.assertFalse(form.cancel_booking or form.can_cancel)
        form.refund_reason = "client"
        form.save().action_refund()
        self.assertEqual((booking.state, booking.operation_ids.amount), ("confirmed", 20.0))
        self.assertTrue(booking.operation_ids.credit_invoice)

    def test_f26_pressed_twice_it_goes_back_once(self):
        booking, payment = self._pay_in_full()
        screen = self._open_screen(booking, amount=30.0)
        screen.action_refund()
        screen.action_refund()
        self.env.invalidate_all()
        self.assertEqual(booking.operation_ids.mapped("amount"), [30.0])
        screen.action_refund()
        self._run(booking.operation_ids)
        screen.action_refund()
        self.assertEqual(len(payment.child_transaction_ids), 1)
        self.assertEqual(self._amounts(booking)[0], 50.0)

    def test_f26_postgresql_keeps_a_decision_from_being_carried_out_twice(self):
        booking, payment = self._pay_in_full()
        operation = self._decide(booking, 30.0)
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            operation._intend(payment, "refund", 5.0, decision=operation.decision)
            self.env.flush_all()

    def test_f28_more_than_is_left_is_refused(self):
        booking, payment = self._pay_in_full()
        for amount, words in (
            (80.01, "At most 80.00\xa0€"), (0.0, "above zero"), (-5.0, "above zero"),
        ):  # fmt: skip
            with self.assertRaisesRegex(UserError, words):
                self._open_screen(booking, amount=amount).action_refund()
        self.assertFalse(booking.operation_ids or payment.child_transaction_ids)
        other_window = self._open_screen(booking, amount=50.0)
        self._decide(booking, 50.0)
        with self.assertRaisesRegex(UserError, "At most 30.00\xa0€"):
            other_window.action_refund()
        self._run(booking.operation_ids)
        with self.assertRaisesRegex(UserError, "At most 30.00\xa0€"):
            other_window.action_refund()
        self._decide(booking, 30.0)
        with self.assertRaisesRegex(UserError, "nothing that can be paid back"):
            booking.with_user(self.manager).action_refund()

    def test_a_refund_that_failed_can_be_given_back_again(self):
        booking, payment = self._pay_in_full()
        operation = self._decide(booking)
        self.assertEqual(booking.amount_refundable, 0.0)
        with patch.object(type(payment), "_send_refund_request", side_effect=UserError("No.")):
            self._run(operation)
        self.assertEqual((operation.state, booking.amount_refundable), ("failed", 80.0))
        self.assertEqual(booking.refund_status, "Not paid back: 80.00\xa0€.")
        self._give_back(booking, 30.0)
        self.assertEqual(booking.refund_status, "Not paid back: 50.00\xa0€.")
        self.assertTrue(booking.activity_ids)
        self._give_back(booking)
        self.assertFalse(booking.refund_status or booking.activity_ids)

    def test_what_was_given_back_again_is_not_taken_for_missing(self):
        """Else a second payment of what is owed again would stay."""
        booking, payment = self._pay_in_full()
        operation = self._decide(booking)
        with patch.object(type(payment), "_send_refund_request", side_effect=UserError("No.")):
            self._run(operation)
        self._give_back(booking, price_effect="owed")
        first, second = (self._create_transaction(booking, 80.0) for _tab in range(2))
        self._finish(first, "done")
        self.assertEqual((booking.amount_paid, booking.amount_residual), (80.0, 0.0))
        self._finish(second, "done")
        last = booking.operation_ids.sorted("id")[-1]
        self.assertEqual((last.transaction_id, last.amount, last.reason), (second, 80.0, "surplus"))

    def test_cash_is_given_back_by_hand_and_it_says_so(self):
        booking = self._book()
        self._pay(booking)
        self._register(booking.invoice_ids, 56.0)
        screen = self._open_screen(booking)
        self.assertEqual((screen.amount_left, screen.amount_otherwise), (24.0, 56.0))
        self.assertFalse(screen.can_cancel)
        with self.assertRaisesRegex(UserError, "56.00\xa0€ were paid in another way"):
            self._open_screen(booking, amount=80.0).action_refund()
        with self.assertRaisesRegex(UserError, "only when everything"):
            self._open_screen(booking, cancel_booking=True).action_refund()
        self.assertEqual((booking.state, len(booking.operation_ids)), ("confirmed", 0))

    def test_a_provider_that_cannot_pay_back_is_no_way_to(self):
        booking, _payment = self._pay_in_full()
        self.provider.payment_method_ids.support_refund = "none"
        self.env.invalidate_all()
        self.assertFalse(booking.with_user(self.manager).can_refund)
        with self.assertRaisesRegex(UserError, "80.00\xa0€ were paid in another way"):
            booking.with_user(self.manager).action_refund()

    def test_what_goes_back_in_full_only_is_not_divided(self):
        booking, _payment = self._pay_in_full()
        self.provider.payment_method_ids.support_refund = "full_only"
        with self.assertRaisesRegex(UserError, "only be paid back in full: 80.00"):
            self._open_screen(booking, amount=30.0).action_refund()
        self.assertEqual(self._give_back(booking, 80.0).state, "done")

    def test_a_payment_on_its_way_into_the_books_is_left_alone(self):
        booking = self._book()
        self._create_transaction(booking)._set_done()
        self.assertEqual(booking.amount_refundable, 0.0)

    def test_the_appointment_is_cancelled_along(self):
        booking, _payment = self._pay_in_full()
        action = booking.with_user(self.manager).action_cancel()
        self.assertEqual(action["res_model"], "appointment.payment.refund")
        self.assertEqual((booking.state, len(booking.operation_ids)), ("confirmed", 0))
        form = Form(
            self.env[action["res_model"]].with_user(self.manager).with_context(**action["context"])
        )
        self.assertTrue(form.cancel_booking)
        form.refund_reason = "client"
        form.save().action_refund()
        self.assertEqual((booking.state, len(booking.occupancy_ids)), ("cancelled", 0))
        self.assertFalse(booking.event_id.active)
        self.env.invalidate_all()
        self.assertEqual(booking.payment_status, "processing")
        self._run(booking.operation_ids)
        self.assertEqual(self._amounts(booking), (0.0, 0.0, "refunded"))
        self._assert_credited(booking, (80.0, 13.33))
        self.assertEqual(self._open(booking), {})

    def test_money_on_its_way_back_is_waited_for(self):
        booking, _payment = self._pay_in_full()
        operation = self._decide(booking)
        with self.assertRaisesRegex(UserError, "on its way back"):
            booking.with_user(self.manager).action_cancel()
        self._run(operation)
        booking.with_user(self.manager).action_cancel()
        self.assertEqual(booking.state, "cancelled")

    def test_an_appointment_that_took_place_is_refunded_and_stays(self):
        booking, _payment = self._pay_in_full()
        booking._set_attended()
        self.assertFalse(self._open_screen(booking).can_cancel)
        with self.assertRaisesRegex(UserError, "only when everything"):
            self._open_screen(booking, cancel_booking=True).action_refund()
        self._give_back(booking)
        self.assertEqual((booking.state, booking.payment_status), ("attended", "refunded"))


@tagged("post_install", "-at_install")
class TestRefundMail(RefundCase):
    def _mails_of(self, act):
        before = self.env["mail.mail"].search([])
        act()
        return self.env["mail.mail"].search([]) - before

    def test_the_client_is_told_once_it_has_gone_back(self):
        booking, _payment = self._pay_in_full()
        words = "We are sorry.\n<b>Come again!</b>"
        operations = self.env["appointment.payment.operation"]

        def decide():
            nonlocal operations
            operations = self._decide(booking, 30.0, client_message=words, note="She called.")

        self.assertFalse(self._mails_of(decide).filtered("recipient_ids"))
        mail = self._mails_of(lambda: self._run(operations))
        self.assertEqual((mail.recipient_ids, len(mail)), (booking.partner_id, 1))
        text = html2plaintext(mail.body_html)
        self.assertEqual(mail.subject.split(":")[0], "30.00\xa0€ paid back")
        self.assertIn("We are sorry.", text)
        self.assertIn("<b>Come again!</b>", text)
        self.assertNotIn("She called.", text)
        self.assertIn(booking.access_token, mail.body_html)
        again = self._mails_of(operations.child_transaction_id._post_process)
        self.assertFalse(again)

    def test_one_decision_is_one_mail(self):
        booking = self._book()
        self._pay(booking)
        self._pay(booking)
        operations = self._decide(booking, 60.0)
        self.assertEqual(len(operations), 2)
        mail = self._mails_of(lambda: self._run(operations))
        self.assertEqual(len(mail), 1)
        self.assertIn("60.00", mail.subject)

    def test_of_a_decision_half_of_which_fails_the_client_hears_what_went_back(self):
        booking = self._book()
        self._pay(booking)
        self._pay(booking)
        last, first = self._decide(booking, 60.0).sorted("amount")
        mails = self._mails_of(lambda: self._run(first))
        self.assertFalse(mails, "the other half is still under way")
        with patch.object(type(first.transaction_id), "_send_refund_request",
                          side_effect=UserError("No.")):  # fmt: skip
            mails = self._mails_of(lambda: self._run(last))
            mails |= self._mails_of(last.child_transaction_id._post_process)
        told = mails.filtered(lambda m: m.recipient_ids == booking.partner_id)
        self.assertEqual(len(told), 1)
        self.assertIn("56.00", told.subject)

    def test_who_paid_too_late_hears_no_second_time(self):
        booking, _payment = self._pay_too_late()
        mails = self._mails_of(lambda: self._run(booking.operation_ids))
        self.assertFalse(mails)


@tagged("post_install", "-at_install")
class TestRefundAccess(RefundCase):
    def setUp(self):
        super().setUp()
        self.booking, _payment = self._pay_in_full()
        self.desk = self._create_user("Dora Dean", "group_front_desk")
        self.portal = self._create_user("Paula Portal")
        self.portal.write(
            {
                "group_ids": [Command.set(self.env.ref("base.group_portal").ids)],
                "partner_id": self.client_partner.id,
            }
        )
        elsewhere = self._create_company("Practice Elsewhere", self.eur)
        self.stranger = self._create_user("Mo Moss", "group_manager", company=elsewhere)
        self.stranger_env = {"allowed_company_ids": elsewhere.ids}

    def _as(self, record, user):
        context = self.stranger_env if user == self.stranger else {}
        return record.with_user(user).with_context(**context)

    def _denied(self):
        return (self.anna, self.ben, self.desk, self.portal, self._create_user("Otto Outside"),
                self.stranger)  # fmt: skip

    def test_only_managers_of_the_practice_open_the_screen(self):
        for user in self._denied():
            with self.subTest(user=user.name), self.assertRaises(AccessError):
                self._as(self.booking, user).action_refund()

    def test_only_managers_of_the_practice_make_one_over_rpc(self):
        model = self.env["appointment.payment.refund"]
        for user in self._denied():
            with self.subTest(user=user.name), self.assertRaises(AccessError):
                self._as(model, user).create(
                    {"booking_id": self.booking.id, "amount": 5.0, "refund_reason": "other"}
                )
            with self.subTest(user=user.name), self.assertRaises(AccessError):
                self._as(model, user).onchange(
                    {"booking_id": self.booking.id}, ["booking_id"],
                    {"booking_id": {}, "amount": {}, "amount_left": {}},
                )
        self.assertFalse(self.booking.operation_ids)

    def test_nobody_presses_the_button_of_somebody_elses_screen(self):
        screen = self._open_screen(self.booking, amount=5.0)
        for user in self._denied():
            with self.subTest(user=user.name), self.assertRaises(AccessError):
                self._as(screen, user).action_refund()
        self.assertFalse(self.booking.operation_ids)

    def test_a_screen_cannot_be_turned_to_a_booking_elsewhere(self):
        other = self._create_category_elsewhere(self.stranger.company_id)
        foreign = self._book(other, start=datetime(2026, 11, 27, 9, 0))
        screen = self._open_screen(self.booking, amount=5.0)
        with self.assertRaises(AccessError):
            screen.write({"booking_id": foreign.id})

    def test_others_read_who_can(self):
        for user in (self.anna, self.desk):
            self.assertFalse(self.booking.with_user(user).can_refund)
            with self.assertRaisesRegex(UserError, "ask .*Mia Moss"):
                self.booking.with_user(user).action_cancel()
            with self.assertRaisesRegex(AccessError, "ask .*Mia Moss"):
                self.booking.with_user(user).action_refund()
        self.assertTrue(self.booking.with_user(self.manager).can_refund)

    def test_a_manager_needs_no_accounting_right(self):
        self.assertFalse(self.manager.has_group("account.group_account_invoice"))
        with self.assertRaises(AccessError):
            self.booking.with_user(self.manager).transaction_ids.read(["amount"])
        self.assertEqual(self._give_back(self.booking).state, "done")


@tagged("post_install", "-at_install")
class TestLive(RefundCase):
    """Open screens hear that something has changed, and nothing else."""

    def _channels(self, user, *ids):
        names = [f"appointment.payment.booking_{i}" for i in ids]
        # a socket knows of no switched companies
        socket = self.env(user=user, context={})["ir.websocket"]
        channels = socket._prepare_subscribe_data(names, 0)
        return [c for c in channels["channels"] if getattr(c, "_name", "") == self.model]

    def test_only_those_who_may_read_a_booking_listen_to_it(self):
        booking, _payment = self._pay_in_full()
        self.model = booking._name
        elsewhere = self._create_company("Practice Elsewhere", self.eur)
        stranger = self._create_user("Mo Moss", "group_manager", company=elsewhere)
        session = patch(
            "odoo.addons.bus.models.ir_websocket.wsrequest",
            SimpleNamespace(session=SimpleNamespace(uid=None)),
        )
        with session:
            for user in (self.anna, self.manager):
                self.assertEqual(self._channels(user, booking.id, 999999999), [booking])
            for user in (self.ben, stranger, self._create_user("Otto Outside"),
                         self.env.ref("base.public_user")):  # fmt: skip
                self.assertEqual(self._channels(user, booking.id), [])

    def test_a_change_of_the_money_is_told_by_its_id_alone(self):
        booking, _payment = self._pay_in_full()
        sent = []
        bus = type(self.env["bus.bus"])
        told = patch.object(bus, "_sendone", lambda _bus, *values: sent.append(values))
        with told:
            operation = self._decide(booking, 30.0)
            self._run(operation)
            self.env.flush_all()
        ours = [each for each in sent if each[1] == CHANGED]
        self.assertGreaterEqual(len(ours), 2)
        for target, _kind, message in ours:
            self.assertEqual((target._name, target.id), (booking._name, booking.id))
            self.assertEqual(message, {"id": booking.id})

    def test_a_booking_without_money_tells_nobody(self):
        sent = []
        bus = type(self.env["bus.bus"])
        with freeze_time(NOW), patch.object(
            bus, "_sendone", lambda _bus, _target, kind, _message: sent.append(kind)
        ):
            self._book()
            self.env.flush_all()
        self.assertNotIn(CHANGED, sent)
