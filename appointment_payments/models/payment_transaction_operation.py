from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .appointment_payment_operation import OPEN_STATES


class PaymentTransaction(models.Model):
    """Odoo's own buttons, wizards and code decide; an operation is sent (design rule 6).

    A hold is the source transaction; what is captured of it, or let go, are its parts: children of
    the same operation. A refund is a child of what was taken: of the payment or of a captured part.
    """

    _inherit = "payment.transaction"

    def _capture(self, amount_to_capture=None):
        """Override of `payment`: written down, sent after the commit; returns the draft part."""
        if not self._get_operation_booking():
            return super()._capture(amount_to_capture=amount_to_capture)
        return self._enqueue("capture", amount_to_capture or self._get_held_amount())

    def _void(self, amount_to_void=None):
        """Override of `payment`: written down, sent after the commit; returns the draft part.

        What Odoo's wizard does not capture is let go with the capture.
        """
        if not self._get_operation_booking():
            return super()._void(amount_to_void=amount_to_void)
        amount = amount_to_void or self._get_held_amount()
        capture = self._get_open_operations("capture")
        rest = self._get_held_amount() - sum(capture.mapped("amount"))
        if capture and not self.currency_id.compare_amounts(amount, rest):
            return capture._ensure_answered()
        return self._enqueue("void", amount)

    def _refund(self, amount_to_refund=None):
        """Override of `payment`: written down, sent after the commit; returns the draft refund."""
        if not self._get_operation_booking():
            return super()._refund(amount_to_refund=amount_to_refund)
        return self._enqueue("refund", amount_to_refund or self.amount)

    def _charge_with_token(self):
        """Override of `payment`: written down, sent after the commit; returns the payment."""
        if not self._get_operation_booking():
            return super()._charge_with_token()
        self._log_sent_message()
        return self._enqueue("charge", self.amount)

    def _enqueue(self, kind, amount):
        """Write down an operation and have it sent after the commit.

        :param str kind: a kind of operation
        :param float amount: in major units
        :return: the transaction that the provider's answer will be for
        :rtype: recordset of `payment.transaction`
        :raise UserError: with what stands against it
        """
        self.ensure_one()
        self._ensure_provider_is_not_disabled()
        # sudo: operations are the system's; who may press the button was checked before
        operation = self.env["appointment.payment.operation"].sudo()
        operation = operation._intend(self, kind, amount)
        answered = operation._ensure_answered()
        operation._run_after_commit()
        return answered

    def _get_operation_booking(self):
        """Return the booking whose money this is: its own, or that of the invoices it pays.

        :return: nothing, when the payment is for something else as well
        :rtype: recordset of `appointment.payment.booking`
        """
        root = self
        while root.source_transaction_id:
            root = root.source_transaction_id
        invoices = root.sudo().invoice_ids  # sudo: who pays needs no right on them
        if root.appointment_booking_id or not all(i.appointment_booking_ids for i in invoices):
            return root.appointment_booking_id
        return invoices.appointment_booking_ids[:1]

    def _get_operated(self, kind, amount):
        """Return the transaction that an operation is done to: a refund to what was captured.

        :param str kind: a kind of operation
        :param float amount: in major units
        :rtype: recordset of `payment.transaction`
        """
        self.ensure_one()
        captured = self._get_parts().filtered(lambda t: t.state == "done")
        if kind != "refund" or not captured:
            return self
        enough = captured.filtered(
            lambda t: t.currency_id.compare_amounts(t._get_refundable_amount(), amount) >= 0
        )
        return (enough or captured)[:1]

    def _get_parts(self):
        """Return what was captured of a hold, let go, or is to be.

        :rtype: recordset of `payment.transaction`
        """
        return self.child_transaction_ids.filtered(
            lambda t: t.operation == t.source_transaction_id.operation
        )

    def _is_part(self):
        """Return whether this is what was captured of a hold, or let go.

        :rtype: bool
        """
        source = self.source_transaction_id
        return bool(source) and source.operation == self.operation

    def _get_payment_begun(self):
        """Return the payment that the client has begun: of what was captured, the hold.

        :rtype: recordset of `payment.transaction`
        """
        return self.source_transaction_id if self._is_part() else self

    def _was_let_go(self):
        """Return whether we have let a hold go; otherwise it lapsed, or ended at the provider.

        :rtype: bool
        """
        # sudo: the question is only whether
        voids = self.env["appointment.payment.operation"].sudo().search(
            [("transaction_id", "=", self.id), ("kind", "=", "void")]
        )
        return "done" in voids.mapped("state")

    def _is_in_parts(self):
        """Return whether the parts of a hold tell what became of it: then they alone count.

        :rtype: bool
        """
        return any(t.state in ("done", "cancel") for t in self._get_parts())

    def _get_held_amount(self):
        """Return what is held and neither captured nor let go, in major units.

        :rtype: float
        """
        held = self.filtered(lambda t: t.state == "authorized")
        ended = held._get_parts().filtered(lambda t: t.state in ("done", "cancel"))
        amount = sum(held.mapped("amount")) - sum(ended.mapped("amount"))
        return held.currency_id[:1].round(amount) if held else 0.0

    def _is_any_held(self):
        """Return whether one of several payments is held.

        :rtype: bool
        """
        return any(t.state == "authorized" for t in self)

    def _get_given_back(self):
        """Return what of a payment was given back, or is on its way for the provider.

        :return: in major units, above zero
        :rtype: float
        """
        refunds = self.child_transaction_ids.filtered(
            lambda t: t.operation == "refund" and t.state in ("pending", "done")
        )
        return -sum(refunds.mapped("amount"))

    def _get_refundable_amount(self):
        """Return what can still be paid back of a payment, in major units (faults 26, 28).

        A refund counts as soon as it is decided; one that fails counts no more.

        :rtype: float
        """
        self.ensure_one()
        if self.state != "done" or self.operation == "refund":
            return 0.0
        operations = self._get_open_operations("refund")
        refunds = self.child_transaction_ids.filtered(
            lambda t: t.operation == "refund"
            and t.state in ("pending", "done")
            and t not in operations.child_transaction_id
        )
        left = self.amount - sum(operations.mapped("amount")) + sum(refunds.mapped("amount"))
        return max(self.currency_id.round(left), 0.0)

    def _get_open_operations(self, *kinds):
        """Return the operations of a payment that are under way.

        :param str kinds: kinds of operation
        :rtype: recordset of `appointment.payment.operation`
        """
        # sudo: they decide what may be done next, whoever asks
        return self.env["appointment.payment.operation"].sudo().search(
            Domain("transaction_id", "in", self.ids)
            & Domain("kind", "in", kinds)
            & Domain("state", "in", OPEN_STATES)
        )

    def _lock_for_operation(self):
        """Queue up with whoever decides on the same payment.

        An UPDATE and not only a lock: whoever waited for it looks at the payment as it was before,
        fails to serialize, and is repeated by Odoo with a fresh look.
        """
        self._lock_bookings()
        self.env.cr.execute(
            "UPDATE payment_transaction SET write_date = write_date WHERE id = %s",
            [self.id],
            log_exceptions=False,
        )

    def _lock_bookings(self):
        """Queue up with whoever works on the bookings of these payments.

        Before the payments themselves: who takes a booking first and who takes its payment first
        would wait for each other until PostgreSQL ends one of them.
        """
        begun = self
        while begun.source_transaction_id:
            firsts = begun.filtered(lambda t: not t.source_transaction_id)
            begun = firsts | begun.source_transaction_id
        invoices = begun.sudo().invoice_ids  # sudo: who pays needs no right on them
        lines = invoices.line_ids.browse()
        if invoices:
            of_bookings = Domain("appointment_booking_id", "!=", False)
            lines = lines.search(of_bookings & Domain("move_id", "in", invoices.ids))
        (begun.appointment_booking_id | lines.appointment_booking_id)._lock_for_payment()

    # === WHAT STANDS AGAINST AN OPERATION === #

    def _check_operation(self, kind, amount):
        """Refuse an operation that cannot be, or that is under way already.

        :param str kind: a kind of operation
        :param float amount: in major units
        :raise UserError: with what stands against it
        """
        self.provider_id._check_chargeable(amount, self.currency_id)
        {
            "charge": self._check_charge,
            "capture": self._check_capture,
            "void": self._check_void,
            "refund": self._check_refund,
        }[kind](amount)

    def _check_charge(self, _amount):
        if self._get_open_operations("charge"):
            raise UserError(
                self.env._("%(reference)s is already being charged.", reference=self.reference)
            )
        if self.state != "draft":
            raise UserError(
                self.env._(
                    "%(reference)s cannot be charged any more. Ask for another payment.",
                    reference=self.reference,
                )
            )

    def _check_hold(self):
        """Refuse to end a hold twice (fault 24)."""
        under_way = self._get_open_operations("capture", "void")
        if under_way.kind == "capture":
            raise UserError(
                self.env._("%(reference)s is already being captured.", reference=self.reference)
            )
        if under_way:
            raise UserError(
                self.env._("%(reference)s is already being let go.", reference=self.reference)
            )
        if self.state != "authorized":
            raise UserError(
                self.env._("Nothing is held of %(reference)s any more.", reference=self.reference)
            )

    def _check_capture(self, amount):
        self._check_hold()
        held = self._get_held_amount()
        if self.currency_id.compare_amounts(amount, held) > 0:
            raise UserError(
                self.env._(
                    "%(held)s of %(reference)s are held: no more can be captured.",
                    held=self.currency_id.format(held),
                    reference=self.reference,
                )
            )

    def _check_void(self, amount):
        self._check_hold()
        held = self._get_held_amount()
        if self.currency_id.compare_amounts(amount, held):
            raise UserError(
                self.env._(
                    "%(held)s of %(reference)s are held, and let go as a whole.",
                    held=self.currency_id.format(held),
                    reference=self.reference,
                )
            )

    def _check_refund(self, amount):
        left = self._get_refundable_amount()
        if self.currency_id.is_zero(left):
            raise UserError(
                self.env._(
                    "Nothing of %(reference)s is left to pay back: it was paid back, or is on its"
                    " way.",
                    reference=self.reference,
                )
            )
        if self.currency_id.compare_amounts(amount, left) > 0:
            raise UserError(
                self.env._(
                    "%(left)s of %(reference)s can still be paid back, not %(amount)s.",
                    left=self.currency_id.format(left),
                    amount=self.currency_id.format(amount),
                    reference=self.reference,
                )
            )
        if not self._can_be_refunded(amount):
            raise UserError(
                self.env._(
                    "%(provider)s cannot pay back %(amount)s of %(reference)s from here. Please"
                    " give it back yourself.",
                    provider=self.provider_id.name,
                    amount=self.currency_id.format(amount),
                    reference=self.reference,
                )
            )

    def _can_be_refunded(self, amount):
        """Return whether the provider pays this back when it is asked to.

        :param float amount: in major units
        :rtype: bool
        """
        self.ensure_one()
        method = self.payment_method_id.primary_payment_method_id or self.payment_method_id
        support = {self.provider_id.support_refund or "none", method.support_refund}
        if "none" in support:
            return False
        is_full = not self.currency_id.compare_amounts(amount, self.amount)
        return is_full or "full_only" not in support

    # === WHAT THE PROVIDER'S WORD DOES === #

    def _update_operations(self):
        """Tell the operations what became of their transactions."""
        if not self:
            return
        # sudo: the provider's word, brought by a webhook or a page
        operations = self.env["appointment.payment.operation"].sudo()
        self.flush_recordset()  # a webhook locks in the order in which the runner does
        concerned = Domain("child_transaction_id", "in", self.ids)
        concerned |= Domain("transaction_id", "in", self.ids) & Domain("kind", "=", "charge")
        operations.search(concerned)._follow_provider()

    def _update_source_transaction_state(self):
        """Override of `payment`: what was not captured of a hold is let go, so the hold is over."""
        for part in self.filtered(lambda t: t.state == "done" and t._is_part()):
            if part._get_operation_booking():
                part.source_transaction_id._let_rest_go()
        return super()._update_source_transaction_state()

    def _let_rest_go(self):
        """Let go of what was not captured: the provider has, or is asked to."""
        rest = self._get_held_amount()
        if self.currency_id.compare_amounts(rest, 0) <= 0:
            return
        if self.provider_id._releases_rest_on_capture():
            # by `_update_state`, since the capture is about to end the source
            self._create_child_transaction(rest)._update_state(("draft",), "cancel", "")
            return
        operation = self.env["appointment.payment.operation"].sudo()  # sudo: the system's
        operation._intend(self, "void", rest, "rest")._run_after_commit()

    def _replace_cancelled_payments(self):
        """Make a new payment where Odoo has cancelled the one whose charge was still under way.

        It does when an employee pays an invoice with a saved card: nothing is charged before the
        commit.
        """
        for transaction in self.filtered(lambda t: t.state == "done" and t.operation == "offline"):
            is_cancelled = transaction.payment_id.state == "canceled"
            if is_cancelled and transaction._get_operation_booking():
                transaction.payment_id = False
