from odoo import fields, models


class PaymentTransaction(models.Model):
    """What can still go back of a payment, and where it stands in the books."""

    _inherit = "payment.transaction"

    appointment_books_open = fields.Boolean(
        readonly=True, copy=False, help="What became of this refund is not in the books yet."
    )

    def _get_takings(self):
        """Return the transactions that have taken money and are in the books, newest first.

        :rtype: recordset of `payment.transaction`
        """
        return self.filtered(
            lambda t: t.state == "done"
            and t.operation != "refund"
            and t.is_post_processed
            and not t._is_in_parts()
        ).sorted("id", reverse=True)

    def _get_refunded_payments(self):
        """Return the payments in the books of what a refund gives back.

        :rtype: recordset of `account.payment`
        """
        source = self.source_transaction_id
        return source.payment_id | source._get_parts().payment_id

    def _get_failed_siblings(self):
        """Return the refunds of the same payment that have failed, maybe after they were done.

        :rtype: recordset of `payment.transaction`
        """
        return self.source_transaction_id.child_transaction_ids.filtered(
            lambda t: t.operation == "refund" and t.state in ("error", "cancel")
        )

    def _ensure_refunded_payments(self):
        """Return the payments that a refund gives back, entered in the books if they are not yet.

        Odoo takes a refund for the parts that a payment was captured in, and enters no payment that
        was refunded before it was post-processed.

        :return: nothing while the payment itself waits to be post-processed
        :rtype: recordset of `account.payment`
        """
        return self._get_refunded_payments() or self.source_transaction_id._enter_payments()

    def _enter_payments(self):
        """Enter payments in the books that Odoo has left out, since they have a refund.

        :return: those entered now
        :rtype: recordset of `account.payment`
        """
        entered = self.env["account.payment"]
        for transaction in self:
            is_due = transaction.state == "done" and transaction.is_post_processed
            if is_due and not transaction.payment_id:
                entered |= transaction.with_company(transaction.company_id)._create_payment()
        return entered

    def _get_refunds_to_enter(self):
        """Return the refunds whose books can be closed now that this is post-processed.

        :return: itself; of a payment, those that came before it and waited
        :rtype: recordset of `payment.transaction`
        """
        if self.operation == "refund":
            return self
        return self.child_transaction_ids.filtered(
            lambda t: t.operation == "refund" and t.payment_id and not t.is_post_processed
        )

    def _get_refund_operation(self):
        """Return the operation that a refund was sent for, if it was sent from here.

        :rtype: recordset of `appointment.payment.operation`
        """
        operations = self._get_operation_booking().operation_ids
        return operations.filtered(lambda o: o.child_transaction_id == self)[:1]
