import psycopg2.errors

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .hold_common import HoldCase


@tagged("post_install", "-at_install")
class TestOperationGuards(HoldCase):
    """What cannot be is refused before anybody is asked (faults 24 to 28)."""

    def _assert_refused(self, sentence, method, *args):
        before = self.env["appointment.payment.operation"].search([])
        with self.assertRaisesRegex(UserError, sentence), self.cr.savepoint():
            method(*args)
        self.env.invalidate_all()
        self.assertEqual(self.env["appointment.payment.operation"].search([]), before)

    def test_f24_a_decided_capture_beats_a_void_and_the_other_way_round(self):
        _booking, held = self._hold()
        held._capture(10.0)
        self._assert_refused("already being captured", held._void)
        self._assert_refused("already being captured", held._capture)
        _booking, other = self._hold(user=self.ben)
        other._void()
        self._assert_refused("already being let go", other._capture)
        self._assert_refused("already being let go", other._void)

    def test_f24_the_database_keeps_one_open_capture_or_void(self):
        _booking, held = self._hold()
        held._capture()
        operation = held._get_open_operations("capture")
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.UniqueViolation),
            self.cr.savepoint(),
        ):
            operation.copy({"kind": "void"})

    def test_what_has_ended_is_not_ended_again(self):
        booking, held = self._hold()
        held._capture()
        self._run(booking.operation_ids)
        self._assert_refused("Nothing is held", held._void)
        self._assert_refused("Nothing is held", held._capture)

    def test_f25_more_than_is_held_is_not_captured(self):
        booking, held = self._hold()
        self._assert_refused("24.00.* are held", held._capture, 24.01)
        held._capture(10.0)
        self._run(booking.operation_ids)
        self.assertEqual(held._get_held_amount(), 14.0)
        held._get_open_operations("void").unlink()
        self._assert_refused("14.00.* are held", held._capture, 14.01)

    def test_a_hold_is_let_go_as_a_whole(self):
        _booking, held = self._hold()
        self._assert_refused("let go as a whole", held._void, 10.0)

    def test_f26_f28_refunds_under_way_count(self):
        booking = self._book()
        payment = self._create_transaction(booking)
        self._finish(payment, "done")
        payment._refund(20.0)
        self._assert_refused("4.00.* can still be paid back, not 4.01", payment._refund, 4.01)
        payment._refund(4.0)
        self._assert_refused("Nothing .* is left to pay back", payment._refund, 4.0)
        self._run(booking.operation_ids)
        self._assert_refused("Nothing .* is left to pay back", payment._refund, 0.01)
        self.assertEqual(booking.amount_refunded, 24.0)

    def test_what_was_not_taken_is_not_paid_back(self):
        _booking, held = self._hold()
        self._assert_refused("Nothing .* is left to pay back", held._refund, 1.0)

    def test_a_refund_that_failed_counts_no_more(self):
        payment = self._create_transaction(self._book())
        self._finish(payment, "done")
        refund = payment._refund(24.0)
        refund._set_error("Declined")
        self.assertEqual(payment._get_refundable_amount(), 24.0)
        payment._refund(24.0)

    def test_a_charge_under_way_is_not_made_twice(self):
        payment = self._create_transaction(self._book(), operation="online_token")
        payment._charge_with_token()
        self._assert_refused("already being charged", payment._charge_with_token)
        self._finish(payment, "error")
        self._assert_refused("cannot be charged any more", payment._charge_with_token)

    def test_a_disabled_provider_is_not_asked(self):
        _booking, held = self._hold()
        self.provider.state = "disabled"
        for method in (held._capture, held._void):
            self._assert_refused("provider is disabled", method)

    def test_the_open_operations_of_a_payment_are_found_by_an_index(self):
        held = self._hold()[1]
        held._capture()
        self.env.flush_all()
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        for query, index in (
            ("SELECT id FROM appointment_payment_operation WHERE transaction_id = 1"
             " AND kind IN ('capture', 'void') AND state IN ('intended', 'sent', 'unknown')",
             "appointment_payment_operation_"),
            ("SELECT id FROM appointment_payment_operation WHERE next_attempt_at <= now()"
             " ORDER BY next_attempt_at, id LIMIT 100", "appointment_payment_operation_due_index"),
            ("SELECT id FROM payment_transaction WHERE reconcile_at <= now()"
             " ORDER BY reconcile_at, id LIMIT 100", "payment_transaction_reconcile_index"),
        ):
            self.env.cr.execute(f"EXPLAIN {query}")
            plan = "\n".join(row[0] for row in self.env.cr.fetchall())
            self.assertIn(index, plan)


@tagged("post_install", "-at_install")
class TestOdooButtons(HoldCase):
    """Odoo's buttons and wizards write down; nobody is asked before the commit."""

    def _keep_books(self, *groups):
        user = self._create_user("Bea Books", "group_manager")
        user.group_ids = [
            Command.link(self.env.ref(xmlid).id)
            for xmlid in ("account.group_account_manager", *groups)
        ]
        return user

    def test_capture_by_the_wizard_lets_the_rest_go(self):
        for void_rest in (False, True):
            with self.subTest(void_rest=void_rest), self.cr.savepoint() as savepoint:
                booking, held = self._hold()
                action = held.action_capture()
                wizard = self.env["payment.capture.wizard"].with_context(**action["context"])
                wizard = wizard.create(
                    {"amount_to_capture": 10.0, "void_remaining_amount": void_rest}
                )
                wizard.action_capture()
                self.assertEqual(booking.operation_ids.mapped("kind"), ["capture"])
                self._assert_states(held, "authorized", (10.0, "draft"))
                self._run(booking.operation_ids)
                self._run(booking.operation_ids)
                self._assert_states(held, "done", (10.0, "done"), (14.0, "cancel"))
                savepoint.rollback()
                self.env.invalidate_all()

    def test_void_button(self):
        booking, held = self._hold()
        held.action_void()
        self.assertEqual(booking.operation_ids.mapped("kind"), ["void"])
        self._assert_states(held, "authorized", (24.0, "draft"))

    def test_refund_wizard(self):
        booking = self._book()
        payment = self._create_transaction(booking)
        self._finish(payment, "done")
        wizard = self.env["payment.refund.wizard"].with_context(active_id=payment.payment_id.id)
        wizard.create({"amount_to_refund": 9.0}).action_refund()
        operation = booking.operation_ids
        self.assertEqual((operation.kind, operation.amount, operation.state),
                         ("refund", 9.0, "intended"))
        self._run(operation)
        self.assertEqual(booking.amount_refunded, 9.0)

    def test_a_payment_of_the_invoice_alone_goes_the_same_way(self):
        booking = self._book()
        self._pay(booking)
        payment = self._create_transaction(
            booking, 56.0, appointment_booking_id=False, reference="INVOICE-1"
        )
        self._finish_elsewhere(payment, booking.invoice_ids)
        refund = payment._refund(6.0)
        self.assertEqual((refund.state, refund.amount), ("draft", -6.0))
        self.assertEqual(booking.operation_ids.transaction_id, payment)
        self._run(booking.operation_ids)
        self.assertEqual((refund.state, refund.payment_id.amount), ("done", 6.0))

    def _finish_elsewhere(self, transaction, invoices):
        transaction.invoice_ids = invoices
        transaction._process(
            "demo", {"reference": transaction.reference, "simulated_state": "done"}
        )
        transaction._post_process()

    def test_other_documents_are_as_in_odoo(self):
        booking = self._book()
        payment = self._create_transaction(
            booking, 10.0, appointment_booking_id=False, reference="OTHER-1"
        )
        self._finish_elsewhere(payment, self.env["account.move"])
        refund = payment._refund(10.0)
        self.assertEqual(refund.state, "done")
        self.assertFalse(booking.operation_ids)

    def test_who_keeps_the_books_may_press_and_others_may_not(self):
        booking, held = self._hold()
        desk = self._create_user("Dora Dean", "group_front_desk")
        portal = self._create_user("Paula Port")
        portal.group_ids = [Command.set(self.env.ref("base.group_portal").ids)]
        manager = self._create_user("Mia Moss", "group_manager")
        for user in (self.anna, desk, portal, manager):
            for press in ("action_capture", "action_void", "action_refund"):
                with self.assertRaises(AccessError):
                    getattr(held.with_user(user), press)()
        self.assertFalse(booking.operation_ids)
        held.with_user(self._keep_books()).action_void()
        self.assertEqual(booking.operation_ids.kind, "void")

    def test_nobody_writes_operations(self):
        booking, held = self._hold()
        held._capture()
        operation = booking.operation_ids
        values = {"transaction_id": held.id, "kind": "void", "amount": 1.0,
                  "booking_id": booking.id, "currency_id": booking.currency_id.id}
        users = (self.anna, self._create_user("Dora Dean", "group_front_desk"), self._keep_books())
        for user in users:
            operations = operation.with_user(user)
            with self.assertRaises(AccessError):
                operations.create(values)
            with self.assertRaises(AccessError):
                operations.write({"amount": 1.0})
            with self.assertRaises(AccessError):
                operations.unlink()
