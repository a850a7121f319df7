import logging

from psycopg2 import OperationalError

from odoo import SUPERUSER_ID, fields, models

from ..rules import money, refund, slots
from .appointment_payment_booking_state import OCCUPYING_STATES

_logger = logging.getLogger(__name__)


class AppointmentPaymentBooking(models.Model):
    """The books close when money has gone back, and open again when it did not (design rule 5).

    A refund payment is closed, in this order, by what its payment had left over, by credit notes
    that are still open, and by a new credit note. What is still left then is taken off the
    invoice's payment: the client owes it again.
    """

    _inherit = "appointment.payment.booking"

    def _settle_refund_in_books(self, refund_tx):
        """Have the books and the client know what became of a refund. May be called again.

        The provider's word is kept in any case: what cannot be entered now is left to staff.

        :param refund_tx: the post-processed refund `payment.transaction`
        """
        if not self:  # money of something else
            return
        booking = self.with_user(SUPERUSER_ID).with_company(self.company_id)
        refund_tx = refund_tx.with_env(booking.env)
        try:
            with self.env.cr.savepoint():
                booking._enter_outcome(refund_tx)
        except OperationalError:
            raise  # another process was there: the whole step is repeated
        except Exception as error:
            _logger.exception("Refund %s could not be entered in the books", refund_tx.reference)
            booking._leave_refund_to_staff(refund_tx, error)
        refund_tx._get_refund_operation()._tell_client()

    def _enter_outcome(self, refund_tx):
        """Enter in the books what became of a refund.

        :param refund_tx: the `payment.transaction`
        """
        operation = refund_tx._get_refund_operation()
        if refund_tx.state == "done":
            self._enter_refund(refund_tx, operation)
        elif refund_tx.state in ("error", "cancel"):
            self._undo_refund(refund_tx, operation)
        refund_tx.appointment_books_open = False

    def _leave_refund_to_staff(self, refund_tx, error):
        """Keep that a refund is not in the books yet, and tell managers once.

        :param Exception error: why it could not be entered
        """
        if refund_tx.appointment_books_open:
            return
        refund_tx.appointment_books_open = True
        self._ask_people_to(
            self._get_managers(),
            self.env._("Enter %s in the books", refund_tx.reference),
            self.env._(
                "%(amount)s went back to %(client)s, but could not be entered in the books:"
                " %(error)s Once that is put right, press “Enter in the books” on the booking.",
                amount=self._format(-refund_tx.amount),
                client=self.partner_id.name,
                error=error,
            ),
        )

    # === DONE === #

    def _enter_refund(self, refund_tx, operation):
        """Close the books of a refund that the provider has made.

        :param refund_tx: the refund `payment.transaction`
        :param operation: its `appointment.payment.operation`, if it was sent from here
        """
        payments = refund_tx._ensure_refunded_payments()
        if not payments:
            refund_tx.is_post_processed = False  # it comes after the payment itself
            return
        # what has failed before gives the money back to this one
        for failed in refund_tx._get_failed_siblings():
            self._undo_refund(failed, failed._get_refund_operation())
        line = self._get_open_lines(refund_tx.payment_id)
        if not line:
            return
        account = line.account_id
        taken_by = self._get_invoice_partials(payments)
        self._close(line, self._get_open_lines(payments, account))
        self._close(line, self._get_open_credit_lines(account))
        if operation._credits_invoice():
            self._credit_refund(line, refund_tx, operation, taken_by.debit_move_id.move_id)
        if not line.reconciled:
            self._reopen_invoices(line, taken_by)
        if not operation:
            self._send_refunded_mail(-refund_tx.amount)

    def _close(self, line, others):
        """Reconcile a line with others, as far as both are open."""
        others = others.filtered(lambda other: not other.reconciled)
        if others and not line.reconciled:
            (line | others).reconcile()

    def _get_open_lines(self, payments, account=None):
        """Return what is open of payments on a client's account.

        :param payments: recordset of `account.payment`
        :param account: the `account.account`; the payments' own by default
        :rtype: recordset of `account.move.line`
        """
        return payments.move_id.line_ids.filtered(
            lambda line: line.parent_state == "posted"
            and not line.reconciled
            and line.account_id in (account or payments.destination_account_id)
        )

    def _get_open_credit_lines(self, account):
        """Return what is open of the booking's posted credit notes.

        :rtype: recordset of `account.move.line`
        """
        return self._get_posted_credit_notes().line_ids.filtered(
            lambda line: line.account_id == account and not line.reconciled
        )

    def _get_invoice_partials(self, payments):
        """Return what invoices have taken of payments.

        :rtype: recordset of `account.partial.reconcile`
        """
        return payments.move_id.line_ids.matched_debit_ids.filtered(
            lambda partial: partial.debit_move_id.move_id.move_type == "out_invoice"
        )

    def _credit_refund(self, line, refund_tx, operation, invoices):
        """Credit what goes back, invoice by invoice, those that took the payment first.

        :param line: the open line of the refund's payment
        :param operation: the `appointment.payment.operation`, if any
        :param invoices: the `account.move` that took the payment
        """
        posted = self._get_posted_invoices()
        for invoice in (invoices & posted) | posted:
            if line.reconciled:
                return
            amount = self._get_amount_to_credit(line, invoice)
            if self.currency_id.is_zero(amount):
                continue
            credit_note = invoice._credit_booking(self, amount, self._get_credit_reason(operation))
            # before Odoo posts it and pays the rest of the invoice with it
            self._close(line, credit_note._get_receivable_lines())
            credit_note.action_post()
            refund_tx.invoice_ids |= credit_note

    def _get_amount_to_credit(self, line, invoice):
        """Return how much of an invoice is credited for a refund, in major units.

        :param line: the open line of the refund's payment
        :param invoice: a posted invoice of the booking
        :rtype: float
        """
        digits = self.currency_id.decimal_places
        paid, shares = invoice._spread_payments_over_bookings()
        amount = refund.credit(
            money.to_minor(line.amount_residual_currency, digits),
            paid.get(self.id, 0),
            shares.get(self.id, 0),
        )
        return money.from_minor(amount, digits)

    def _get_credit_reason(self, operation):
        """Return what stands on a credit note: its client reads it.

        :rtype: str
        """
        reasons = dict(operation._fields["refund_reason"]._description_selection(self.env))
        reason = reasons.get(operation.refund_reason)
        if reason and operation.refund_reason != "other":
            return self.env._(
                "Refund for %(booking)s: %(reason)s", booking=self.name, reason=reason
            )
        return self.env._("Refund for %s", self.name)

    def _reopen_invoices(self, line, partials):
        """Take what went back off the payment of invoices: the client owes it again.

        :param line: the open line of the refund's payment
        :param partials: the `account.partial.reconcile` of the payment with invoices
        """
        partials = partials.exists()
        paid, owed = partials.credit_move_id, partials.debit_move_id
        partials.unlink()
        self._close(line, paid)
        for paid_line in paid:
            self._close(paid_line, owed)
        self._ask_not_before_today(owed.move_id)

    def _ask_not_before_today(self, invoices):
        """Keep an invoice that is open again from being overdue since long ago."""
        today = slots.to_local(fields.Datetime.now(), self._get_practice_tz()).date()
        for invoice in invoices.filtered(lambda move: move.invoice_date_due < today):
            invoice.invoice_date_due = today

    # === NOT DONE AFTER ALL === #

    def _undo_refund(self, refund_tx, operation):
        """Take a refund that did not arrive out of the books again, its credit notes too.

        :param refund_tx: the refund `payment.transaction` that failed, maybe after it was done
        :param operation: its `appointment.payment.operation`, if it was sent from here
        """
        payment = refund_tx.payment_id.filtered(lambda p: p.state != "canceled")
        if not payment:
            return
        credit_notes = refund_tx.invoice_ids.filtered(
            lambda move: move.state == "posted" and move.move_type == "out_refund"
        )
        (payment.move_id | credit_notes).line_ids.remove_move_reconcile()
        payment.action_draft()
        payment.action_cancel()
        credit_notes.button_draft()
        credit_notes.button_cancel()
        self._pay_invoices_again(refund_tx)
        self._credit_what_nobody_owes()
        if not operation:
            self._raise_refund_needed(
                -refund_tx.amount,
                self.env._(
                    "%(amount)s were to go back to %(client)s, but did not arrive: %(error)s Please"
                    " give it back yourself.",
                    amount=self._format(-refund_tx.amount),
                    client=self.partner_id.name,
                    error=refund_tx.state_message or "",
                ),
            )

    def _pay_invoices_again(self, refund_tx):
        """Pay invoices that were opened for a refund with the money that is still here."""
        source = refund_tx.source_transaction_id
        invoices = source._get_payment_begun().invoice_ids
        open_lines = invoices.filtered(lambda m: m.state == "posted")._get_receivable_lines()
        for line in self._get_open_lines(refund_tx._get_refunded_payments()):
            self._close(line, open_lines.filtered(lambda o, a=line.account_id: o.account_id == a))

    def _credit_what_nobody_owes(self):
        """Credit what is open of an appointment that is off.

        It was credited along with the refund, whose credit note is cancelled now.
        """
        if self.state in OCCUPYING_STATES:
            return
        for invoice in self._get_posted_invoices():
            _paid, owed = self._get_ledger_amounts(invoice)
            if not self.currency_id.is_zero(owed):
                reason = self.env._("%s does not take place.", self.name)
                invoice._credit_booking(self, owed, reason).action_post()

    def action_enter_refunds(self):
        """Button: try again to enter refunds in the books.

        :raise AccessError: when one is not a manager
        :raise UserError: when it still cannot be done, with the reason
        """
        self._check_may_refund()
        for booking in self.with_user(SUPERUSER_ID):  # managers have no accounting right
            booking = booking.with_company(booking.company_id)
            booking._lock_for_payment()
            for refund_tx in booking._get_refunds_to_enter():
                booking._enter_outcome(refund_tx)
