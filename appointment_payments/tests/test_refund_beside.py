from odoo.tests import tagged

from .test_refund_books import RefundCase


@tagged("post_install", "-at_install")
class TestRefundBeside(RefundCase):
    """Paid here and by Odoo's own payment link: the price stays what it is."""

    def test_what_an_invoice_did_not_need_goes_back_first(self):
        booking = self._book()
        self._pay(booking)
        linked = self._begin_link(booking.invoice_ids, 56.0)
        self._pay(booking)
        linked._set_done()
        linked._post_process()
        [operation] = self._give_back(booking, 56.0)
        self.assertEqual(operation.transaction_id, linked)
        self._assert_credited(booking)
        self.assertEqual(self._amounts(booking), (80.0, 0.0, "paid"))
        self.assertEqual(self._open(booking), {})

    def test_cash_stays_cash_beside_what_was_paid_too_much(self):
        booking = self._book()
        self._pay(booking)
        linked = self._begin_link(booking.invoice_ids, 56.0)
        self._register(booking.invoice_ids, 56.0)
        linked._set_done()
        linked._post_process()
        screen = self._open_screen(booking)
        self.assertEqual((screen.amount_left, screen.amount_otherwise), (80.0, 56.0))
        self.assertFalse(screen.is_everything or screen.can_cancel)
        self._decide(booking, 56.0)
        self.env.invalidate_all()
        screen = self._open_screen(booking)
        self.assertEqual((screen.amount_left, screen.amount_otherwise), (24.0, 56.0))
        self.assertFalse(screen.is_everything)
