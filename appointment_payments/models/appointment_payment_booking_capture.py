from odoo import fields, models

from ..rules import capture, operations, schedule


class AppointmentPaymentBooking(models.Model):
    """Money that is held until the practitioner has answered (design rule 9)."""

    _inherit = "appointment.payment.booking"

    def _needs_answer(self):
        """Return whether the practitioner has to accept the booking before it counts.

        :rtype: bool
        """
        self.ensure_one()
        return False

    def _get_answer_due(self):
        """Return when the practitioner has to have answered.

        :return: naive UTC; None when there is no such date
        :rtype: datetime|None
        """
        self.ensure_one()
        return None

    def _decide_capture(self, provider, method):
        """Decide whether a payment is held until the answer, or taken at once.

        :param provider: the `payment.provider`
        :param method: the `payment.method`
        :rtype: rules.capture.Decision
        """
        self.ensure_one()
        return capture.decide(
            self._needs_answer(),
            *provider._can_hold(method),
            provider._get_hold_window(method),
            fields.Datetime.now(),
            self._get_answer_due(),
        )

    # === A HOLD === #

    def _receive_hold(self, transaction):
        """Keep the time until the answer; nothing is confirmed by a hold.

        What is held for a time that is gone, or twice, is let go by itself (design rule 2).
        """
        others = self.transaction_ids - transaction
        is_paid = self._get_received_before(transaction) > 0
        if self.state in ("expired", "cancelled"):
            self._let_hold_go(transaction, "late")
            self._tell_hold_ended(transaction)
        elif self.state == "pending_payment" and not is_paid and not others._is_any_held():
            self._hold_for_answer(transaction)
        else:
            self._let_hold_go(transaction, "surplus")

    def _hold_for_answer(self, transaction):
        """Keep the time until the answer is due, and the hold lasts."""
        now = fields.Datetime.now()
        until = self._get_answer_due() or schedule.pending_until(now, self.start)
        until = min(until, transaction.capture_before or until, self.start)
        # sudo: a date that nobody chooses
        self.sudo().write({"pending_until": until, "hold_until": until})

    def _let_hold_go(self, transaction, reason):
        """Let go of a hold without a person; at most once for each reason.

        :param transaction: the authorised `payment.transaction`
        :param str reason: 'late' or 'surplus'
        """
        if transaction._get_open_operations("capture", "void"):
            return
        # sudo: operations are the system's
        operation = self.env["appointment.payment.operation"].sudo()
        operation = operation._intend(
            transaction, "void", transaction._get_held_amount(), reason
        )
        if operation.state == "intended":
            operation._run_after_commit()

    def _set_expired(self, reason):
        """Extended: what is still held for a booking that is given up is let go."""
        moved = super()._set_expired(reason)
        # sudo: a cron or a page expires them, without any right on payments
        for transaction in moved.sudo().transaction_ids:
            if transaction.state == "authorized":
                transaction.appointment_booking_id._let_hold_go(transaction, "late")
        moved._plan_to_close_payments()
        return moved

    def _set_cancelled(self):
        """Extended: a payment that was begun is not to be finished any more."""
        moved = super()._set_cancelled()
        moved._plan_to_close_payments()
        return moved

    def _plan_to_close_payments(self):
        """Have what clients have begun to pay closed at the provider, a little later.

        Who is at their bank's page meanwhile may still come back (fault 11).
        """
        begun = self.sudo().transaction_ids.filtered(  # sudo: see `_set_expired`
            lambda t: t.state == "draft" and t.provider_reference
        )
        begun.reconcile_at = fields.Datetime.now() + operations.GRACE

    # === WHAT PEOPLE ARE TOLD === #

    def _tell_hold_ends(self, transaction):
        """Remind people of a hold that lapses soon (fault 22)."""
        self._raise_payment_activity(
            self.env._(
                "Hold of %(amount)s ends", amount=self._format(transaction._get_held_amount())
            ),
            self.env._(
                "%(amount)s of %(client)s are held until %(moment)s. Capture them before, or they"
                " are lost to the practice.",
                amount=self._format(transaction._get_held_amount()),
                client=self.partner_id.name,
                moment=self._format_moment(transaction.capture_before),
            ),
        )

    def _tell_hold_lapsed(self, transaction):
        """Tell both sides that a hold has ended without us: the booking is not paid (fault 23).

        :param transaction: the `payment.transaction` that was held
        """
        self.ensure_one()
        amount = self._format(transaction.amount)
        self.message_post(
            body=self.env._(
                "The hold of %(amount)s has ended, and nothing was charged.", amount=amount
            )
        )
        self._raise_payment_activity(
            self.env._("Hold of %(amount)s has ended", amount=amount),
            self.env._(
                "The hold of %(amount)s of %(client)s has ended at the payment provider. Nothing"
                " was charged: the appointment is not paid.",
                amount=amount,
                client=self.partner_id.name,
            ),
        )
        self._tell_hold_ended(transaction)

    def _tell_hold_ended(self, transaction):
        """Tell the client that what was held is free again."""
        self._send_hold_ended_mail(transaction.amount)

    def _tell_recovered(self, transaction, is_late):
        """Say that a payment which Odoo had given up is booked now (fault 21).

        :param bool is_late: whether Odoo had given it up
        """
        if is_late:
            self.message_post(
                body=self.env._(
                    "The payment %(reference)s could not be booked for days. It is now.",
                    reference=transaction.reference,
                )
            )

    def _tell_not_posted(self, transaction, problem):
        """Ask people, once, about a payment that cannot be booked (fault 21).

        :param str problem: why, for people
        """
        summary = self.env._("Payment %(reference)s", reference=transaction.reference)
        if summary not in self.activity_ids.mapped("summary"):
            self._raise_payment_activity(summary, self._get_not_posted_note(transaction, problem))

    def _get_not_posted_note(self, transaction, problem):
        values = {
            "amount": self._format(abs(transaction.amount)),
            "client": self.partner_id.name,
            "problem": problem,
        }
        if transaction.operation == "refund":
            return self.env._(
                "What became of the refund of %(amount)s to %(client)s cannot be booked:"
                " %(problem)s It is tried again by itself.",
                **values,
            )
        return self.env._(
            "%(amount)s of %(client)s arrived and cannot be booked: %(problem)s It is tried again"
            " by itself; the appointment is confirmed when it has worked.",
            **values,
        )

    def _raise_payment_activity(self, summary, note, **values):
        """Ask the practitioner and the managers to look at a payment.

        :param str summary: what it is about
        :param str note: what happened and what to do
        :param dict values: more of the activities
        """
        self._ask_people_to(self.user_id | self._get_managers(), summary, note, **values)
