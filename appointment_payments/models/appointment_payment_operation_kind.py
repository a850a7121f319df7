from typing import NamedTuple

from odoo import models


class Kind(NamedTuple):
    """What differs from one kind of operation to another.

    :param str request: the method of the transaction that asks the provider
    :param tuple done_states: the states of that transaction that mean that it is done
    :param tuple reached_states: the states of the source in which it is done already
    :param bool ends_hold: whether the provider itself does it once at most
    """

    request: str
    done_states: tuple
    reached_states: tuple
    ends_hold: bool = False


KINDS = {
    "charge": Kind("_send_payment_request", ("done", "authorized"), ("done", "authorized")),
    "capture": Kind("_send_capture_request", ("done",), ("done",), ends_hold=True),
    "void": Kind("_send_void_request", ("cancel",), ("cancel",), ends_hold=True),
    "refund": Kind("_send_refund_request", ("done",), ("done",)),
}


class AppointmentPaymentOperation(models.Model):
    """What an operation does: a charge to its payment, the others by a child transaction."""

    _inherit = "appointment.payment.operation"

    def _get_kind(self):
        """Return what is special about the kind.

        :rtype: Kind
        """
        return KINDS[self.kind]

    def _get_answered(self):
        """Return the transaction that the provider's answer is for.

        :return: nothing, when its child has not been made yet
        :rtype: recordset of `payment.transaction`
        """
        self.ensure_one()
        return self.transaction_id if self.kind == "charge" else self.child_transaction_id

    def _ensure_answered(self):
        """Return the transaction that the answer is for; made before the call, webhooks find it.

        :rtype: recordset of `payment.transaction`
        """
        if not self._get_answered():
            self.child_transaction_id = self._create_child()
        return self._get_answered()

    def _create_child(self):
        """Make the transaction of a capture, a void or a refund.

        :rtype: recordset of `payment.transaction`
        """
        child = self.transaction_id._create_child_transaction(
            self.amount, is_refund=self.kind == "refund"
        )
        child._log_sent_message()
        return child

    def _is_overtaken(self):
        """Return whether it has been done, or cannot be any more, before it was sent (rule 13).

        :rtype: bool
        """
        if self.kind == "refund":
            return self.currency_id.compare_amounts(self._get_left_to_refund(), self.amount) < 0
        return self.transaction_id.state != ("draft" if self.kind == "charge" else "authorized")

    def _get_left_to_refund(self):
        """Return what of the payment has not gone back yet, in major units.

        :rtype: float
        """
        payment = self.transaction_id
        return self.currency_id.round(payment.amount - payment._get_given_back())

    def _reduce_to_what_is_left(self):
        """Give back what is left, where a part went back in another way since it was decided.

        What a person has decided is for people to look at again.

        :return: whether something is left that the provider can pay back
        :rtype: bool
        """
        by_itself = self.kind == "refund" and self.reason
        left = self._get_left_to_refund() if by_itself else 0.0
        if self.currency_id.compare_amounts(left, 0.0) <= 0:
            return False
        if not self.transaction_id._can_be_refunded(left):
            return False
        child = self.child_transaction_id
        self.write({"amount": left, "child_transaction_id": False})
        child.filtered(lambda t: t.state == "draft")._set_error(
            self.env._("A part went back in another way.")
        )
        return True

    def _close_overtaken(self):
        """End what somebody else has done, or made impossible; nothing is sent for it."""
        child = self.child_transaction_id.filtered(lambda t: t.state == "draft")
        is_left = self.kind == "refund" and self._get_left_to_refund() > 0
        if self.transaction_id.state in self._get_kind().reached_states and not is_left:
            self.child_transaction_id = False
            self._set_done(False)
            child._set_error(self.env._("It was done in another way."))
            return
        error = self.env._("The payment has ended in another way.")
        if child:
            child._set_error(error)  # the operation follows
        else:
            self._set_failed(error)
