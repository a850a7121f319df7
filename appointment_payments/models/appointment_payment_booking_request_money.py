from odoo import api, fields, models
from odoo.exceptions import UserError

from ..rules import requests
from .appointment_payment_booking_money import BOOKED_STATES
from .appointment_payment_operation import OPEN_STATES


class AppointmentPaymentBooking(models.Model):
    """The money of requests: held or charged before the answer, taken or given back by it."""

    _inherit = "appointment.payment.booking"

    def _needs_answer(self):
        """Override of ``_capture``: what is charged before the answer is not held."""
        return self._waits_for_answer() and self.request_flow != "charge"

    def _get_answer_due(self):
        """Override of ``_capture``: the deadline, or the one of a request that is made now."""
        if not self._waits_for_answer():
            return super()._get_answer_due()
        return self.confirm_deadline or self._get_confirm_deadline(fields.Datetime.now())

    def _get_money_at_hand(self):
        """Return what there is of what the request asks for.

        :return: see `rules.requests.money_at_hand`
        :rtype: str
        """
        self.ensure_one()
        booking = self.sudo()  # sudo: staff and clients only ask whether
        return requests.money_at_hand(
            booking.request_flow,
            booking.currency_id.round(booking.amount_due_now),
            sum(hold._get_held_amount() for hold in booking._get_holds()),
            booking._get_received_amount(),
            booking._has_payment_under_way(),
        )

    def _get_holds(self):
        """Return the payments that are held, and are not being captured or let go.

        :rtype: recordset of `payment.transaction`
        """
        ending = self.operation_ids.filtered(
            lambda o: o.kind in ("capture", "void") and o.state in OPEN_STATES
        )
        held = self.transaction_ids.filtered(lambda t: t.state == "authorized")
        return held - ending.transaction_id

    def _get_received_amount(self):
        """Return what was taken, is in the books and stays, in major units.

        :rtype: float
        """
        self.ensure_one()
        left = self._get_amounts_to_refund()
        return self.currency_id.round(sum(left.values()))

    def _get_amounts_to_refund(self):
        """Return what was taken and neither went back nor is on its way, of several bookings too.

        What has just arrived and is not in the books yet is acted on when it is.

        :return: amounts in major units, by payment
        :rtype: dict
        """
        refunds = self.operation_ids.filtered(
            lambda o: o.kind == "refund" and o.state in OPEN_STATES
        ).grouped("transaction_id")
        amounts = {}
        for payment in self.transaction_ids.filtered(lambda t: t._is_taking()):
            open_refunds = refunds.get(payment, self.operation_ids.browse())
            gone = sum(open_refunds.mapped("amount")) + sum(
                -refund.amount
                for refund in payment.child_transaction_ids
                if refund.operation == "refund"
                and refund.state in ("pending", "done")
                and refund not in open_refunds.child_transaction_id
            )
            left = payment.currency_id.round(payment.amount - gone)
            if payment.currency_id.compare_amounts(left, 0) > 0:
                amounts[payment] = left
        return amounts

    def _get_amount_to_pay(self):
        """Extended: whose payment was lost before the answer pays again, until it is due."""
        if self.state != "requested":
            return super()._get_amount_to_pay()
        is_open = not self.answered_at and fields.Datetime.now() < self.confirm_deadline
        return self.amount_due_now if is_open and self._get_money_at_hand() == "missing" else 0.0

    def _get_payment_status(self):
        """Extended: a request whose payment was lost is not paid."""
        status = super()._get_payment_status()
        if status == "not_required" and self.state == "requested":
            return "unpaid" if self._get_money_at_hand() == "missing" else status
        return status

    # === WHAT ARRIVES === #

    def _receive_payment(self, transaction):
        """Extended: what is paid before the answer makes a request, and no invoice yet."""
        if not self._waits_for_answer():
            result = super()._receive_payment(transaction)
            self._let_other_holds_go(transaction)
            return result
        moved = self._set_requested() | self._set_requested_again()
        if self.state != "requested":
            return self._refund_late_payment(transaction)
        if self.currency_id.is_zero(self._refund_surplus(transaction)):
            return None
        self._let_other_holds_go(transaction)
        if not moved:
            self._ask_for_answer_again()
        return None

    def _let_other_holds_go(self, transaction):
        """Let go of what is held beside a payment that the booking keeps (design rule 2).

        :param transaction: the `payment.transaction` that has arrived
        """
        if self.state in ("requested", *BOOKED_STATES):
            for hold in self._get_holds() - transaction._get_payment_begun():
                self._let_hold_go(hold, "surplus")

    def _receive_hold(self, transaction):
        """Extended: a hold makes a request; another one is taken instead of one that was lost."""
        moved = self._set_requested_again()
        is_first = self.state == "requested" and self._get_holds() == transaction
        is_taken = self._get_received_amount() or self._is_being_accepted()
        if is_first and not is_taken:
            self._limit_deadline(transaction.capture_before)
            if not moved:
                self._ask_for_answer_again()
            return None
        if self.state == "declined" or (self.state == "cancelled" and self.requested_at):
            return self._let_hold_go(transaction, "late")
        return super()._receive_hold(transaction)

    def _hold_for_answer(self, transaction):
        """Extended: a hold makes a request; the practitioner decides before it lapses."""
        if not self._waits_for_answer():
            return super()._hold_for_answer(transaction)
        self._set_requested()
        return None

    def _receive_failure(self, transaction):
        """Extended: nobody waits for an answer unpaid in silence, also when staff let a hold go.

        See the parent method for the parameters.
        """
        result = super()._receive_failure(transaction)
        waits = self.state == "requested" and self._waits_for_answer()
        if waits and transaction._is_in_parts() and self._get_money_at_hand() == "missing":
            self._ask_to_pay_again(transaction)
        return result

    def _tell_hold_ended(self, transaction):
        """Extended: whoever still waits for an answer is asked to pay again."""
        if self.state != "requested":
            return super()._tell_hold_ended(transaction)
        return self._ask_to_pay_again(transaction)

    def _ask_to_pay_again(self, lost):
        """Mail the link to pay again to the client of a request, while there is time.

        Once for each payment: that a hold could not be captured and that it has ended are told
        one after the other, in any order.

        :param lost: the `payment.transaction` that was to be captured
        """
        now = fields.Datetime.now()
        if now < self.confirm_deadline and not lost.pay_again_asked_at:
            lost.sudo().pay_again_asked_at = now  # sudo: a date that nobody chooses
            self._send_request_mails("pay_again")

    # === REFUNDS === #

    @api.depends("state")
    def _compute_can_refund(self):
        """Extended: of a request its answer gives back all; see `_check_refund_of_request`."""
        result = super()._compute_can_refund()
        self.filtered(lambda b: b.state == "requested").can_refund = False
        return result

    def action_refund(self):
        """Extended: not of a request. See the parent method."""
        self._check_refund_of_request()
        return super().action_refund()

    def _decide_refund(self, amount, decision, **values):
        """Extended: not of a request. See the parent method."""
        self._check_refund_of_request()
        return super()._decide_refund(amount, decision, **values)

    def _check_refund_of_request(self):
        """Refuse to give back a part of what a request was paid with: it could not be accepted.

        :raise UserError: with what gives it back
        """
        for booking in self.filtered(lambda b: b.state == "requested"):
            raise UserError(
                self.env._(
                    "%(booking)s waits for an answer. Decline or cancel it, and all of its money"
                    " goes back; or accept it first.",
                    booking=booking.display_name,
                )
            )

    # === WHAT AN ANSWER DOES === #

    def _capture_hold(self):
        """Take what is held for an accepted request; it is confirmed when that is done."""
        hold = self._get_holds()[:1]
        operation = self.operation_ids._intend(hold, "capture", hold._get_held_amount())
        operation._run_after_commit()

    def _receive_capture_failure(self, operation):
        """Go on with an accepted request whose payment could not be taken: it waits again.

        The practitioner is told why by the operation itself. A hold that cannot be captured is let
        go, so that the client can pay anew and is never charged twice.

        :param operation: the failed `appointment.payment.operation`
        """
        self.ensure_one()
        self._lock_for_payment()
        hold, is_accepted = operation.transaction_id, self._is_being_accepted()
        if is_accepted:
            self._forget_answer()
        # or it was paid in another way in the meantime, or is over: nobody else lets go of it
        waits = self.state in ("pending_payment", "requested") and not is_accepted
        if hold.state == "authorized" and not waits:
            self._let_hold_go(hold, "uncaptured")
        if is_accepted:
            self._ask_to_pay_again(hold)

    def _invoice_received_payments(self):
        """Invoice what was charged before the answer, and reconcile it (design rule 5).

        Runs for the system.
        """
        # what goes back, as paid twice, is not for the invoice
        payments = self.transaction_ids.browse(p.id for p in self._get_amounts_to_refund())
        invoice = self._ensure_invoice() if payments else None
        if not invoice:
            return
        payments._enter_payments()
        begun = payments.source_transaction_id | payments.filtered(lambda t: not t._is_part())
        begun.invoice_ids = invoice
        invoice.filtered(lambda m: m.state == "draft").action_post()
        lines = payments.payment_id.move_id.line_ids | invoice.line_ids
        account = payments.payment_id.destination_account_id
        lines.filtered(
            lambda line: line.account_id in account and not line.reconciled
        ).reconcile()

    def _give_money_back(self, reason):
        """Let go of what is held and refund what was taken, in full, for requests that are over.

        It is written down with the decision, for any number of requests at once, and sent after
        the commit; nothing reads as refunded before the provider has said so.

        :param str reason: declined, expired or cancelled
        """
        bookings = self.sudo()  # sudo: a decision that was checked before; nobody owns operations
        holds = {hold: hold._get_held_amount() for hold in bookings._get_holds()}
        operations = bookings.operation_ids
        operations = operations._intend_all("void", holds, reason) | operations._intend_all(
            "refund", bookings._get_amounts_to_refund(), reason
        )
        operations._run_after_commit()
        bookings._plan_to_close_payments()
