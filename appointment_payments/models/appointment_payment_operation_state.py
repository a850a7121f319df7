from odoo import fields, models

from .appointment_payment_operation import OPEN_STATES


class AppointmentPaymentOperation(models.Model):
    """The state of an operation and its doors; each names its sources and returns what moved."""

    _inherit = "appointment.payment.operation"

    def _update_state(self, allowed_states, target_state, **values):
        """Move operations to a state; the one door that writes it.

        :param tuple allowed_states: the states an operation may come from
        :param str target_state: the state it moves to
        :param dict values: what is written along
        :return: the operations that moved
        :rtype: recordset of `appointment.payment.operation`
        """
        moved = self.filtered(lambda o: o.state in allowed_states)
        moved.filtered(lambda o: o.state in ("unknown", "failed"))._withdraw_tasks()
        moved.write({"state": target_state, **values})
        return moved

    def _set_sent(self, lease_until):
        """Take an operation for one attempt, just before the call.

        :param datetime lease_until: when another process may take it, should this one die
        """
        self.ensure_one()
        return self._update_state(
            OPEN_STATES,
            "sent",
            attempts=self.attempts + 1,
            first_sent_at=self.first_sent_at or fields.Datetime.now(),
            next_attempt_at=lease_until,
        )

    def _set_accepted(self, provider_reference, look_up_at):
        """Note that the provider works on it; it is not done before the provider says so.

        :param str provider_reference: what it is called there, if that is known
        :param datetime look_up_at: when to look it up; False to wait for the provider's word
        """
        return self._update_state(
            OPEN_STATES,
            "sent",
            provider_reference=provider_reference,
            next_attempt_at=look_up_at,
            error=False,
        )

    def _set_done(self, provider_reference):
        """Note that the provider has done it.

        :param str provider_reference: what it is called there
        """
        return self._update_state(
            (*OPEN_STATES, "failed"),
            "done",
            provider_reference=provider_reference,
            next_attempt_at=False,
            error=False,
        )

    def _set_unknown(self, error, next_attempt_at):
        """Note that nobody knows whether the provider did it.

        :param str error: what happened
        :param datetime next_attempt_at: when to ask again; False when a person has to look
        """
        moved = self._update_state(
            OPEN_STATES, "unknown", error=error, next_attempt_at=next_attempt_at
        )
        if not next_attempt_at:
            moved._ask_people()
        return moved

    def _set_failed(self, error):
        """Note that the provider will not do it, and ask people to.

        :param str error: the reason, for staff
        """
        moved = self._update_state(
            (*OPEN_STATES, "done"), "failed", error=error, next_attempt_at=False
        )
        moved._ask_people()
        return moved

    def _set_intended_again(self):
        """Start over what is known not to have happened: with a new key and a new child."""
        for operation in self:
            operation._update_state(
                ("unknown", "failed", "sent"),
                "intended",
                idempotency_key=self._new_key(),
                first_sent_at=False,
                is_looked_up=False,
                child_transaction_id=operation._get_reusable_child().id,
                provider_reference=False,
                next_attempt_at=fields.Datetime.now(),
            )
        return self

    def _get_reusable_child(self):
        """Return the child transaction that another try goes on with: one that is not closed."""
        return self.child_transaction_id.filtered(lambda t: t.state == "draft")

    def _follow_provider(self):
        """Take over what became of the transactions, whoever brought the news.

        A refund may fail after it was done. What a charge has brought goes its own way then.
        """
        for operation in self:
            answered = operation._get_answered()
            if answered.state in operation._get_kind().done_states:
                operation._set_done(answered.provider_reference)
            elif answered.state == "pending":
                operation._set_accepted(
                    answered.provider_reference, operation._get_look_up_moment()
                )
            elif answered.state in ("done", "cancel", "error") and (
                operation.state in OPEN_STATES or operation.kind == "refund"
            ):
                operation._set_failed(answered.state_message or self.env._("It was cancelled."))
