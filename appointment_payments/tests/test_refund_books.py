"""The books close when money has gone back, whatever was agreed about the price."""

from datetime import date

from freezegun import freeze_time

from odoo.tests import tagged
from odoo.tools import html2plaintext

from .test_late_payment import LatePaymentCase
from .test_ledger import LedgerCase

BOOKS = "odoo.addons.appointment_payments.models.appointment_payment_booking_refund_books"
TRANSACTION = "odoo.addons.payment.models.payment_transaction"


class RefundCase(LatePaymentCase, LedgerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls._create_user("Mia Moss", "group_manager")

    def _pay_in_full(self, **values):
        self.category.payment_mode = "full"
        booking = self._book(**values)
        return booking, self._pay(booking)

    def _open_screen(self, booking, **values):
        screen = self.env["appointment.payment.refund"].with_user(self.manager)
        return screen.create({"booking_id": booking.id, "refund_reason": "goodwill", **values})

    def _decide(self, booking, amount=None, **values):
        """Decide a refund as a manager; it is not sent yet."""
        if amount is not None:
            values["amount"] = amount
        before = booking.operation_ids
        self._open_screen(booking, **values).action_refund()
        self.env.invalidate_all()
        return booking.operation_ids - before

    def _give_back(self, booking, amount=None, **values):
        operations = self._decide(booking, amount, **values).sorted("id")
        self._run(operations)
        # another cursor has numbered documents
        self.env["account.move"]._get_sequence_cache().clear()
        return operations

    def _credit_notes(self, booking):
        notes = booking.invoice_ids.filtered(lambda move: move.move_type == "out_refund")
        return notes.sorted("id")

    def _invoice(self, booking):
        return booking.invoice_ids.filtered(lambda move: move.move_type == "out_invoice")

    def _open(self, booking):
        """What is open on the client's account, document by document."""
        lines = self.env["account.move.line"].search(
            [
                ("partner_id", "=", booking.payer_id.id),
                ("account_id.account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
                ("reconciled", "=", False),
            ]
        )
        return {line.move_id: line.amount_residual_currency for line in lines}

    def _assert_credited(self, booking, *expected):
        """Assert the posted credit notes: total and tax, oldest first."""
        notes = self._credit_notes(booking).filtered(lambda move: move.state == "posted")
        found = [(note.amount_total, note.amount_tax) for note in notes]
        self.assertEqual(found, list(expected))
        for line in notes.invoice_line_ids:
            self.assertEqual(line.appointment_booking_id, booking)
            self.assertEqual(line.tax_ids, booking.tax_ids)


@tagged("post_install", "-at_install")
class TestRefundBooks(RefundCase):
    def test_everything_goes_back_and_the_price_with_it(self):
        booking, payment = self._pay_in_full()
        operation = self._give_back(booking, 80.0, refund_reason="practice")
        self.assertEqual(operation.state, "done")
        self._assert_credited(booking, (80.0, 13.33))
        note, invoice = self._credit_notes(booking), self._invoice(booking)
        self.assertEqual(note.reversed_entry_id, invoice)
        self.assertIn("The practice cancels", html2plaintext(note.narration))
        self.assertEqual(self._open(booking), {})
        refund = payment.child_transaction_ids
        closed_by = note._get_receivable_lines().matched_debit_ids.debit_move_id.move_id
        self.assertEqual(closed_by, refund.payment_id.move_id)
        paid_by = invoice._get_receivable_lines().matched_credit_ids.credit_move_id.move_id
        self.assertEqual(paid_by, payment.payment_id.move_id)
        self.assertEqual(self._amounts(booking), (0.0, 0.0, "refunded"))
        self.assertEqual(booking.amount_refunded, 80.0)

    def test_a_deposit_goes_back_and_nothing_is_owed_any_more(self):
        booking = self._book()
        self._pay(booking)
        self._give_back(booking)
        self._assert_credited(booking, (80.0, 13.33))
        self.assertEqual(self._open(booking), {})
        self.assertEqual(self._amounts(booking), (0.0, 0.0, "refunded"))
        self.assertEqual(booking.amount_refunded, 24.0)

    def test_a_part_goes_back_and_the_price_falls_by_it(self):
        booking, _payment = self._pay_in_full()
        self._give_back(booking, 30.0)
        self._assert_credited(booking, (30.0, 5.0))
        self.assertEqual(self._open(booking), {})
        self.assertEqual(self._amounts(booking), (50.0, 0.0, "paid"))
        self.assertEqual(booking.amount_refunded, 30.0)

    def test_a_part_of_a_deposit_goes_back_and_the_rest_is_owed_as_before(self):
        booking = self._book()
        self._pay(booking)
        self._give_back(booking, 10.0)
        self._assert_credited(booking, (10.0, 1.67))
        self.assertEqual(self._open(booking), {self._invoice(booking): 56.0})
        self.assertEqual(self._amounts(booking), (14.0, 56.0, "partial"))

    def test_a_part_goes_back_and_is_owed_again(self):
        booking, _payment = self._pay_in_full()
        self._give_back(booking, 30.0, price_effect="owed")
        self._assert_credited(booking)
        self.assertEqual(self._open(booking), {self._invoice(booking): 30.0})
        self.assertEqual(self._amounts(booking), (50.0, 30.0, "partial"))
        self.assertEqual(booking._get_amount_to_pay(), 30.0)
        self._pay(booking)
        self.assertEqual(self._open(booking), {})
        self.assertEqual(self._amounts(booking), (80.0, 0.0, "paid"))

    def test_everything_goes_back_and_is_owed_again(self):
        booking, _payment = self._pay_in_full()
        self._give_back(booking, 80.0, price_effect="owed")
        self.assertEqual(self._open(booking), {self._invoice(booking): 80.0})
        self.assertEqual(self._amounts(booking), (0.0, 80.0, "unpaid"))

    def test_what_is_owed_again_is_not_overdue_at_once(self):
        booking, _payment = self._pay_in_full()
        with freeze_time("2026-12-20 12:00"):
            self._give_back(booking, 30.0, price_effect="owed")
        self.assertEqual(self._invoice(booking).invoice_date_due, date(2026, 12, 20))

    def test_several_refunds_one_after_the_other_close_to_the_cent(self):
        booking, _payment = self._pay_in_full()
        self._give_back(booking, 26.67)
        self._give_back(booking, 20.0, price_effect="owed")
        self.assertEqual(self._amounts(booking), (33.33, 20.0, "partial"))
        self._give_back(booking, 10.0)
        self.assertEqual(self._amounts(booking), (23.33, 20.0, "partial"))
        self._give_back(booking)
        self.assertEqual(self._amounts(booking), (0.0, 0.0, "refunded"))
        self.assertEqual((booking.amount_refunded, self._open(booking)), (80.0, {}))
        notes = self._credit_notes(booking)
        self.assertEqual(notes.mapped("amount_total"), [26.67, 10.0, 43.33])
        self.assertEqual(round(sum(notes.mapped("amount_tax")), 2), 13.33)

    def test_it_goes_back_from_the_newest_payment_first(self):
        booking = self._book()
        deposit = self._pay(booking)
        balance = self._pay(booking)
        operations = self._give_back(booking, 60.0)
        parts = [(o.transaction_id, o.amount) for o in operations.sorted("id")]
        self.assertEqual(parts, [(balance, 56.0), (deposit, 4.0)])
        self.assertEqual(self._open(booking), {})
        self._assert_credited(booking, (56.0, 9.33), (4.0, 0.67))
        self.assertEqual(self._amounts(booking), (20.0, 0.0, "paid"))

    def test_a_surplus_given_back_by_staff_credits_nothing(self):
        booking = self._book()
        self._pay(booking)
        late_tab = self._create_transaction(booking, 56.0)
        self._register(booking.invoice_ids, 50.0)
        self._finish(late_tab, "done")
        self._give_back(booking, 50.0)
        self._assert_credited(booking)
        self.assertEqual(self._open(booking), {})
        self.assertEqual(self._amounts(booking), (80.0, 0.0, "paid"))

    def test_a_credit_note_made_by_hand_is_used_not_repeated(self):
        booking = self._book()
        self._pay(booking)
        booking.invoice_ids._reverse_moves().action_post()
        self._give_back(booking)
        self._assert_credited(booking, (80.0, 13.33))
        self.assertEqual(self._open(booking), {})
        self.assertEqual(self._amounts(booking), (0.0, 0.0, "refunded"))

    def test_cash_beside_it_stays_with_the_practice(self):
        booking = self._book()
        self._pay(booking)
        self._register(booking.invoice_ids, 56.0)
        self._give_back(booking, 24.0)
        self._assert_credited(booking, (24.0, 4.0))
        self.assertEqual(self._amounts(booking), (56.0, 0.0, "paid"))
        self.assertEqual(self._open(booking), {})

    def test_f29_a_refund_from_elsewhere_is_entered_once(self):
        """Stripe's dashboard: no operation of ours, and its news comes twice."""
        booking, payment = self._pay_in_full()
        for amount, left in ((30.0, 50.0), (50.0, 0.0)):
            refund = payment._create_child_transaction(amount, is_refund=True)
            refund._set_done()
            before = self.env["mail.mail"].search([])
            refund._post_process()
            refund._post_process()
            self.assertEqual(self._amounts(booking)[:2], (left, 0.0))
            mail = self.env["mail.mail"].search([]) - before
            self.assertEqual(mail.recipient_ids, booking.partner_id)
            self.assertEqual(len(mail), 1)
        self._assert_credited(booking, (30.0, 5.0), (50.0, 8.33))
        self.assertEqual(self._open(booking), {})
        self.assertEqual(booking.payment_status, "refunded")

    def test_a_refund_before_its_payment_is_in_the_books_comes_after_it(self):
        self.category.payment_mode = "full"
        booking = self._book()
        payment = self._create_transaction(booking)
        payment._set_done()
        refund = payment._create_child_transaction(80.0, is_refund=True)
        refund._set_done()
        refund._post_process()
        self.assertFalse(refund.is_post_processed)
        payment._post_process()
        # at once: an invoice that looks unpaid meanwhile would be paid at the desk as well
        self.assertEqual(self._open(booking), {})
        self._assert_credited(booking, (80.0, 13.33))
        refund._post_process()
        self.assertTrue(refund.is_post_processed)
        self.assertEqual(self._open(booking), {})
        self._assert_credited(booking, (80.0, 13.33))

    def test_what_was_captured_of_a_hold_goes_back(self):
        booking = self._book()
        booking._set_confirmed()
        hold = self._create_transaction(booking, 80.0)
        hold.invoice_ids = booking._ensure_invoice()
        hold._set_authorized()
        capture = hold._create_child_transaction(60.0)
        hold._create_child_transaction(20.0)._set_canceled()
        self.assertEqual(booking.amount_held, 60.0)
        capture._set_done()
        capture._post_process()
        self.assertEqual((hold.state, booking.amount_held), ("done", 0.0))
        self.assertEqual(self._amounts(booking), (60.0, 20.0, "partial"))
        self.assertEqual(booking.amount_refundable, 60.0)
        [operation] = self._give_back(booking, 25.0)
        self.assertEqual(operation.transaction_id, capture)
        self._assert_credited(booking, (25.0, 4.17))
        self.assertEqual(self._amounts(booking), (35.0, 20.0, "partial"))
        self.assertEqual(self._open(booking), {self._invoice(booking): 20.0})

    def test_the_screen_of_odoo_goes_the_same_way(self):
        booking, payment = self._pay_in_full()
        self._refund(payment, 30.0)
        self._assert_credited(booking, (30.0, 5.0))
        self.assertEqual(self._open(booking), {})
        self.assertEqual(booking.amount_refundable, 50.0)

    def test_what_odoos_own_payment_link_brought_goes_back_too(self):
        booking = self._book()
        self._pay(booking)
        self._pay_link(booking.invoice_ids, 56.0)
        self.env.invalidate_all()
        self.assertEqual(booking.amount_refundable, 80.0)
        self._give_back(booking)
        self._assert_credited(booking, (56.0, 9.33), (24.0, 4.0))
        self.assertEqual(self._open(booking), {})
        self.assertEqual(self._amounts(booking), (0.0, 0.0, "refunded"))
        self.assertEqual(booking.amount_refunded, 80.0)
