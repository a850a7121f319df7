from odoo import SUPERUSER_ID, api, fields, models

from ..rules import money
from .appointment_payment_operation import OPEN_STATES


class AppointmentPaymentBooking(models.Model):
    """Money that came for a time that is gone, or twice, goes back by itself (design rule 2)."""

    _inherit = "appointment.payment.booking"

    operation_ids = fields.One2many("appointment.payment.operation", "booking_id", readonly=True)
    refund_status = fields.Char(
        string="Money back", compute="_compute_refund_status", compute_sudo=True
    )

    @api.depends("operation_ids.state", "operation_ids.amount")
    def _compute_refund_status(self):
        for booking in self:
            # a form could name operations of others
            refunds = booking._origin.operation_ids.filtered(lambda o: o.kind == "refund")
            under_way = refunds.filtered(lambda o: o.state in OPEN_STATES)
            failed = refunds.filtered(lambda o: o.state == "failed")
            missing = sum(operation._get_amount_going_back() for operation in failed)
            sentences = []
            if under_way:
                sentences.append(
                    self.env._(
                        "Money on its way back: %(amount)s.",
                        amount=booking.currency_id.format(sum(under_way.mapped("amount"))),
                    )
                )
            if missing:
                sentences.append(
                    self.env._(
                        "Not paid back: %(amount)s.", amount=booking.currency_id.format(missing)
                    )
                )
            booking.refund_status = " ".join(sentences)

    def _has_refund_under_way(self):
        """Return whether money is on its way back, and the provider has not said that it arrived.

        :rtype: bool
        """
        self.ensure_one()
        return any(o.kind == "refund" and o.state in OPEN_STATES for o in self.operation_ids)

    def _refund_automatically(self, transaction, amount, reason):
        """Give money back without a person, in the transaction that decides it (design rule 6).

        It is sent after the commit. Where the provider cannot, staff are told to.

        :param transaction: the `payment.transaction` it came with
        :param float amount: how much of it, in major units
        :param str reason: 'late' or 'surplus'; at most one refund of a payment for each
        :return: the operation
        :rtype: recordset of `appointment.payment.operation`
        """
        self.ensure_one()
        # sudo: operations are the system's
        operation = self.env["appointment.payment.operation"].sudo()
        operation = operation._intend(transaction, "refund", amount, reason)
        if operation.state != "intended":
            return operation
        if transaction._can_be_refunded(amount):
            operation._run_after_commit()
        else:
            operation._set_failed(
                self.env._(
                    "%(provider)s cannot pay back from here.", provider=transaction.provider_id.name
                )
            )
        return operation

    def _refund_late_payment(self, transaction):
        """Give back what arrived for a time that is gone, and tell both sides."""
        self._refund_automatically(transaction, transaction.amount, "late")
        self._send_late_payment_mails(transaction.amount)

    def _refund_surplus(self, transaction):
        """Give back what is too much of a payment of a booked appointment.

        :return: how much of the payment the booking keeps, in major units
        :rtype: float
        """
        received = self._get_received_before(transaction)
        # begun while the first one was, which has made the invoice that a later one is for
        is_repeated = received > 0 and not transaction._get_payment_begun().invoice_ids
        surplus = money.surplus(
            self._get_total_asked(received),
            received,
            transaction.amount,
            is_repeated,
            self.currency_id.rounding,
        )
        if surplus:
            self._refund_automatically(transaction, surplus, "surplus")
            self._send_paid_twice_mail(surplus)
        return self.currency_id.round(transaction.amount - surplus)

    def _get_total_asked(self, received):
        """Return what payments may bring in for the booking in all, in major units.

        The price; or more, where its invoices ask for more: people have raised one, or have taken
        a payment off again that a bank took back. That an invoice is open because a payment is not
        in the books yet asks for nothing more.

        :param float received: what the payments acted on before keep, in major units
        :rtype: float
        """
        if not self._get_posted_invoices():
            return self.amount_total
        not_booked = self.transaction_ids.filtered(
            lambda t: t.state == "done" and t.is_post_processed and not t.payment_id
        )
        booked = received - self._sum_done(not_booked)
        return max(self.amount_total, self.currency_id.round(booked + self.amount_residual))

    def _get_received_before(self, transaction):
        """Return what the payments acted on before brought in and keep, in major units.

        What is on its way back, or should be, is not kept.

        :rtype: float
        """
        refunds = self.operation_ids.filtered(lambda o: o.kind == "refund")
        done = (self.transaction_ids - transaction).filtered(
            lambda t: t.state == "done" and not t._is_in_parts()
        )
        # a refund counts by its operation, which was there first; those made by hand have none
        counted = done.filtered(
            lambda t: t.is_post_processed
            if t.operation != "refund"
            else t not in refunds.child_transaction_id
        )
        gone = sum(refund._get_amount_going_back() for refund in refunds)
        return self.currency_id.round(sum(counted.mapped("amount")) - gone)

    def _tell_paid_beside(self, transaction, kept):
        """Tell staff when the client has paid in another way too, as cash at the desk.

        What was paid by hand is given back by hand: which of the two is for people to say.

        :param float kept: what the booking keeps of the transaction, in major units
        """
        if not self._get_posted_invoices():
            return
        over = self.currency_id.round(kept - self.amount_residual)
        if self.currency_id.compare_amounts(over, 0) > 0:
            self._raise_paid_beside(over)

    def _tell_linked_paid_beside(self, transaction):
        """Tell staff of what Odoo's own payment link brought and the invoice did not need.

        :param transaction: the `payment.transaction`, just entered in the books
        """
        open_lines = self._get_open_lines(transaction.payment_id)
        over = -sum(open_lines.mapped("amount_residual_currency"))
        if self.currency_id.compare_amounts(over, 0) > 0:
            self._raise_paid_beside(over)

    def _raise_paid_beside(self, over):
        self._raise_refund_needed(
            over,
            self.env._(
                "%(booking)s was paid %(amount)s too much: online and in another way. Please"
                " give that back.",
                booking=self.display_name,
                amount=self._format(over),
            ),
        )

    def _raise_refund_needed(self, amount, note, **values):
        """Ask the practitioner and the managers to give money back.

        :param float amount: in major units
        :param str note: what happened and what to do
        :param dict values: more of the activities
        """
        self.ensure_one()
        summary = self.env._("Refund %(amount)s", amount=self._format(amount))
        self._ask_people_to(self.user_id | self._get_managers(), summary, note, **values)

    def _ask_people_to(self, users, summary, note, **values):
        """Ask people to do something about a booking today.

        :param users: recordset of `res.users`
        :param str summary: what, in a few words
        :param str note: what happened and what to do
        :param dict values: more of the activities
        """
        self.ensure_one()
        for user in users:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=summary,
                note=note,
                user_id=user.id,
                date_deadline=fields.Date.context_today(self),
                **values,
            )

    def _get_managers(self):
        """Return who looks after the company's refunds, the system apart.

        :rtype: recordset of `res.users`
        """
        managers = self.env.ref("appointment_payments.group_manager").sudo().all_user_ids
        return managers.filtered(
            lambda u: u.id != SUPERUSER_ID and u.active and self.company_id in u.company_ids
        )
