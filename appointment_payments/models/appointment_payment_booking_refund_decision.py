from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..rules import money, refund
from .appointment_payment_booking_state import CANCELLABLE_STATES
from .appointment_payment_operation import OPEN_STATES


class AppointmentPaymentBooking(models.Model):
    """What can go back to the client, and who decides it."""

    _inherit = "appointment.payment.booking"

    amount_refundable = fields.Monetary(
        string="Can be paid back online",
        compute="_compute_amount_refundable",
        compute_sudo=True,
        help="What was paid online, has not gone back and is not on its way back.",
    )
    amount_credited = fields.Monetary(
        string="Credited",
        compute="_compute_amount_credited",
        compute_sudo=True,
        help="What of the price is owed no more, by credit notes.",
    )
    can_refund = fields.Boolean(compute="_compute_can_refund")
    has_refunds_to_enter = fields.Boolean(
        compute="_compute_has_refunds_to_enter", compute_sudo=True
    )

    @api.depends(
        "transaction_ids.state", "transaction_ids.is_post_processed", "operation_ids.state"
    )
    def _compute_amount_refundable(self):
        for booking in self:
            sources = booking._get_refund_sources()
            booking.amount_refundable = booking._from_minor(sum(s.left for s in sources))

    @api.depends("amount_total", "amount_paid", "amount_residual")
    def _compute_amount_credited(self):
        for booking in self:
            rest = booking.amount_total - booking.amount_paid - booking.amount_residual
            is_billed = booking._get_posted_invoices()
            booking.amount_credited = max(booking.currency_id.round(rest), 0.0) * bool(is_billed)

    @api.depends("amount_refundable")
    @api.depends_context("uid")
    def _compute_can_refund(self):
        is_manager = self.env.user.has_group("appointment_payments.group_manager")
        for booking in self:
            booking.can_refund = is_manager and booking.amount_refundable > 0

    @api.depends("transaction_ids.appointment_books_open")
    def _compute_has_refunds_to_enter(self):
        for booking in self:
            booking.has_refunds_to_enter = bool(booking._get_refunds_to_enter())

    def _get_refunds_to_enter(self):
        """Return the refunds that are done at the provider and not in the books.

        :rtype: recordset of `payment.transaction`
        """
        payments = self._get_payments()
        refunds = payments | payments.child_transaction_ids
        return refunds.filtered("appointment_books_open")

    def _to_minor(self, amount):
        return money.to_minor(amount, self.currency_id.decimal_places)

    def _from_minor(self, amount):
        return money.from_minor(amount, self.currency_id.decimal_places)

    def _get_payments(self):
        """Return the booking's transactions, and those of Odoo's payment link for its invoices.

        :rtype: recordset of `payment.transaction`
        """
        self.ensure_one()
        linked = self._get_posted_invoices().transaction_ids
        return self.transaction_ids | linked.filtered(
            lambda t: t._get_operation_booking() == self
        )

    def _get_refund_sources(self):
        """Return the payments that a provider can pay back from, the newest first.

        Before them those of which an invoice did not need all: paid twice, the price stays.

        :rtype: list[refund.Source]
        """
        self.ensure_one()
        sources = []
        takings = self._get_payments()._get_takings()
        for payment in takings.sorted(lambda t: not self._get_open_lines(t.payment_id)):
            left = payment._get_refundable_amount()
            if left > 0 and payment._can_be_refunded(left):
                in_parts = payment._can_be_refunded(left / 2)
                sources.append(refund.Source(payment, self._to_minor(left), not in_parts))
        return sources

    def _get_amount_paid_otherwise(self):
        """Return what was paid and cannot be sent back from here, as cash, in major units.

        :rtype: float
        """
        self.ensure_one()
        online = self.amount_refundable + sum(self._get_refunds_under_way().mapped("amount"))
        if self._get_posted_invoices():
            # what no invoice needed is not among what is paid
            payments = self._get_payments()._get_takings().payment_id
            open_lines = self._get_open_lines(payments)
            online += sum(open_lines.mapped("amount_residual_currency"))
        return max(self.currency_id.round(self.amount_paid - online), 0.0)

    def _get_refunds_under_way(self):
        """Return the refunds that were decided and have not arrived.

        :rtype: recordset of `appointment.payment.operation`
        """
        return self.operation_ids.filtered(lambda o: o.kind == "refund" and o.state in OPEN_STATES)

    def _get_refund_words(self):
        """Return what the client reads about money that went back, or is on its way.

        :return: sentences
        :rtype: list[str]
        """
        self.ensure_one()
        on_its_way = sum(self._get_refunds_under_way().mapped("amount"))
        words = []
        if on_its_way:
            words.append(
                self.env._("%s are on their way back to you.", self._format_for_reader(on_its_way))
            )
        if self.amount_refunded:
            words.append(
                self.env._(
                    "%s were paid back to you. Your bank may take up to ten days to show it.",
                    self._format_for_reader(self.amount_refunded),
                )
            )
        return words

    def _spread_refund(self, amount):
        """Spread a refund over the booking's payments.

        :param float amount: in major units
        :return: what goes back of each payment, in major units
        :rtype: dict
        :raise UserError: when it is nothing, more than is left, or cannot be put together
        """
        self.ensure_one()
        if self.currency_id.compare_amounts(amount, 0) <= 0:
            raise UserError(self.env._("Say how much goes back: an amount above zero."))
        if self.currency_id.compare_amounts(amount, self.amount_refundable) > 0:
            raise UserError(self._get_too_much_sentence())
        sources = self._get_refund_sources()
        parts = refund.spread(self._to_minor(amount), sources)
        if not parts:
            raise UserError(
                self.env._(
                    "This way of paying can only be paid back in full: %(amounts)s.",
                    amounts=" / ".join(
                        self._format_for_reader(self._from_minor(source.left))
                        for source in sources
                        if source.whole_only
                    ),
                )
            )
        return {payment: self._from_minor(part) for payment, part in parts.items()}

    def _get_too_much_sentence(self):
        """Return why an amount is too much: what is left, and what to do about the rest.

        :rtype: str
        """
        left = self._format_for_reader(self.amount_refundable)
        if not self.amount_refundable:
            sentence = self.env._("There is nothing that can be paid back online.")
        else:
            sentence = self.env._("At most %s can be paid back online.", left)
        otherwise = self._get_amount_paid_otherwise()
        if otherwise:
            sentence += " " + self.env._(
                "%s were paid in another way, as in cash. Give them back yourself and have the"
                " invoice credited in Invoicing.",
                self._format_for_reader(otherwise),
            )
        return sentence

    def _format_for_reader(self, amount):
        """Return an amount as whoever works here reads it.

        :param float amount: in major units
        :rtype: str
        """
        return self.currency_id.format(amount)

    def _decide_refund(self, amount, decision, **values):
        """Give money back as a person has decided, once for each decision.

        :param float amount: in major units
        :param str decision: what tells this decision from others; a repeated one does nothing
        :param dict values: what else is kept with the operations
        :return: the operations
        :rtype: recordset of `appointment.payment.operation`
        :raise UserError: when it cannot go back
        """
        self.ensure_one()
        self._lock_for_payment()
        self.invalidate_recordset()
        operations = self.operation_ids
        if self._is_decided(decision):
            return operations.filtered(lambda o: o.decision == decision)
        for payment, part in self._spread_refund(amount).items():
            operation = operations._intend(payment, "refund", part, decision=decision, **values)
            # under the lock: two processes would give two refunds of a payment one reference
            operation._ensure_answered()
            operations |= operation
        decided = operations.filtered(lambda o: o.decision == decision).sorted("id")
        decided._run_after_commit()
        self._notify_changed()
        return decided

    def _is_decided(self, decision):
        """Return whether a decision was carried out already.

        :param str decision: what tells it from others
        :rtype: bool
        """
        self.ensure_one()
        return decision in self.operation_ids.mapped("decision")

    def action_refund(self):
        """Button: the screen on which a manager gives money back.

        :rtype: dict
        :raise UserError: when nothing can go back
        """
        self.ensure_one()
        self._check_may_refund()
        if not self.amount_refundable:
            raise UserError(self.sudo()._get_too_much_sentence())
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Refund"),
            "res_model": "appointment.payment.refund",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_booking_id": self.id},
        }

    def _check_may_refund(self):
        """Refuse whoever is no manager, and say whom to ask.

        :raise AccessError: with who can
        """
        self.check_access("read")
        if not self.env.user.has_group("appointment_payments.group_manager"):
            raise AccessError(
                self.env._("Only managers give money back. Please ask %s.", self._name_managers())
            )

    def _name_managers(self):
        """Return the company's managers by name.

        :rtype: str
        """
        names = self.sudo()._get_managers().mapped("name")  # sudo: whom to ask is no secret
        return ", ".join(names[:5]) or self.env._("the administrator")

    def action_cancel(self):
        """Override of ``_state``: a manager decides about the money first.

        :raise UserError: for others, with who can
        """
        self.check_access("write")
        booking = self.sudo()  # sudo: the question is only whether there is money
        if len(self) == 1 and self.state in CANCELLABLE_STATES and booking._has_money():
            if self.can_refund:
                action = self.action_refund()
                return {**action, "context": {**action["context"], "default_cancel_booking": True}}
            if reason := booking._get_refund_first_sentence():
                raise UserError(reason)
        return super().action_cancel()

    def _get_refund_first_sentence(self):
        """Return why somebody who may not refund cannot cancel, and who can.

        :return: nothing when it is no question of an online refund
        :rtype: str | None
        """
        if self.amount_refundable:
            return self.env._(
                "%(booking)s has a payment. Please ask %(managers)s to refund it and cancel.",
                booking=self.display_name,
                managers=self._name_managers(),
            )
        if self._get_refunds_under_way():
            return self.env._(
                "Money of %s is on its way back. Cancel the appointment when it has arrived.",
                self.display_name,
            )
        return None
