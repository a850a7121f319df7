from datetime import datetime

from odoo.tests import tagged

from .common import PracticeCase


@tagged("post_install", "-at_install")
class TestBookingPayment(PracticeCase):
    def test_deposit_confirms_invoices_the_whole_price_and_leaves_the_balance(self):
        booking = self._book()
        self.assertEqual((booking.state, booking.amount_due_now), ("pending_payment", 24.0))
        self._pay(booking)
        self.assertEqual((booking.state, booking.payment_status), ("confirmed", "partial"))
        self._assert_ledger(booking, 80.0, 13.33, 56.0, [24.0])
        self.assertEqual(
            booking.invoice_ids.invoice_date_due, datetime(2026, 11, 24).date()
        )
        self._pay(booking)
        self.assertEqual(booking.payment_status, "paid")
        self._assert_ledger(booking, 80.0, 13.33, 0.0, [24.0, 56.0])
