import uuid

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

OPEN_STATES = ("intended", "sent", "unknown")


class AppointmentPaymentOperation(models.Model):
    """One intended effect at a payment provider, written down before it is sent (design rule 6).

    It is inserted in the transaction that decides it, so a decision that is repeated or rolled
    back sends nothing; it is sent after the commit, see ``_runner``.
    """

    _name = "appointment.payment.operation"
    _description = "Payment Operation"
    _order = "id desc"

    transaction_id = fields.Many2one(
        "payment.transaction",
        string="Payment",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
        help="The payment that is charged, captured, voided or refunded.",
    )
    refund_transaction_id = fields.Many2one(
        "payment.transaction", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    payment_reference = fields.Char(related="transaction_id.reference", string="Payment reference")
    booking_id = fields.Many2one(
        "appointment.payment.booking", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="booking_id.company_id")
    kind = fields.Selection(
        selection=[
            ("charge", "Charge"),
            ("capture", "Capture"),
            ("void", "Void"),
            ("refund", "Refund"),
        ],
        required=True,
        readonly=True,
    )
    reason = fields.Selection(
        selection=[("late", "Paid too late"), ("surplus", "Paid too much")],
        readonly=True,
        help="Why it was decided without a person.",
    )
    amount = fields.Monetary(required=True, readonly=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    idempotency_key = fields.Char(
        required=True,
        readonly=True,
        copy=False,
        groups="base.group_system",
        default=lambda self: self._new_key(),
    )
    state = fields.Selection(
        selection=[
            ("intended", "To be sent"),
            ("sent", "Sent"),
            ("done", "Done"),
            ("unknown", "Unknown"),
            ("failed", "Failed"),
        ],
        required=True,
        readonly=True,
        default="intended",
        index=True,
    )
    attempts = fields.Integer(readonly=True)
    first_sent_at = fields.Datetime(readonly=True, help="When its key was sent the first time.")
    next_attempt_at = fields.Datetime(
        string="Next attempt", readonly=True, default=fields.Datetime.now
    )
    provider_reference = fields.Char(readonly=True)
    error = fields.Text(string="What went wrong", readonly=True)

    _idempotency_key_uniq = models.UniqueIndex("(idempotency_key)")
    _automatic_uniq = models.UniqueIndex(
        "(transaction_id, kind, reason) WHERE reason IS NOT NULL",
        "This payment is refunded already.",
    )
    _due_index = models.Index("(next_attempt_at, id) WHERE next_attempt_at IS NOT NULL")
    _amount_positive = models.Constraint(
        "CHECK (amount > 0)", "The amount of an operation is above zero."
    )

    @api.depends("kind", "amount", "currency_id", "booking_id")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for operation in self:
            operation.display_name = self.env._(
                "%(kind)s of %(amount)s · %(booking)s",
                kind=kinds.get(operation.kind, ""),
                amount=operation._format_amount(),
                booking=operation.sudo().booking_id.name,  # sudo: a name beside one's own record
            )

    @api.model
    def _new_key(self):
        """Return a fresh idempotency key.

        :rtype: str
        """
        return f"appointment-operation-{uuid.uuid4()}"

    def _format_amount(self):
        self.ensure_one()
        return self.currency_id.format(self.amount)

    @api.model
    def _intend_refund(self, transaction, amount, reason):
        """Write down a refund that nobody has to ask for, once.

        :param transaction: the `payment.transaction` of a booking that goes back
        :param float amount: how much of it, in major units
        :param str reason: a value of ``reason``
        :return: the operation, new or not
        :rtype: recordset of `appointment.payment.operation`
        """
        values = {"transaction_id": transaction.id, "kind": "refund", "reason": reason}
        existing = self.search([(name, "=", value) for name, value in values.items()])
        return existing or self.create(
            {
                **values,
                "booking_id": transaction.appointment_booking_id.id,
                "amount": amount,
                "currency_id": transaction.currency_id.id,
            }
        )

    # === DOORS: they name their sources, and return the operations that moved === #

    def _update_state(self, allowed_states, target_state, **values):
        """Move operations to a state; the one door that writes it.

        :param tuple allowed_states: the states an operation may come from
        :param str target_state: the state it moves to
        :param dict values: what is written along
        :return: the operations that moved
        :rtype: recordset of `appointment.payment.operation`
        """
        moved = self.filtered(lambda o: o.state in allowed_states)
        moved.write({"state": target_state, **values})
        return moved

    def _set_sent(self, refund, lease_until):
        """Take an operation for one attempt, just before the call.

        :param refund: the child `payment.transaction` that the provider's answer is for
        :param datetime lease_until: when another process may take it, should this one die
        """
        self.ensure_one()
        return self._update_state(
            OPEN_STATES,
            "sent",
            attempts=self.attempts + 1,
            first_sent_at=self.first_sent_at or fields.Datetime.now(),
            next_attempt_at=lease_until,
            refund_transaction_id=refund.id,
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
                refund_transaction_id=operation._get_reusable_refund().id,
                provider_reference=False,
                next_attempt_at=fields.Datetime.now(),
            )
        return self

    def _get_reusable_refund(self):
        """Return the child transaction that another try goes on with: one that is not closed."""
        return self.refund_transaction_id.filtered(lambda t: t.state == "draft")

    def _follow_refund(self):
        """Take over what became of the refund transactions, whoever brought the news."""
        for operation in self:
            refund = operation.refund_transaction_id
            if refund.state == "done":
                operation._set_done(refund.provider_reference)
            elif refund.state == "pending":
                operation._set_accepted(refund.provider_reference, operation._get_look_up_moment())
            elif refund.state in ("cancel", "error"):
                operation._set_failed(refund.state_message or self.env._("It was cancelled."))

    def _ask_people(self):
        """Tell staff, by an activity, what only a person can settle now."""
        for operation in self:
            booking = operation.booking_id
            amount = operation._format_amount()
            if operation.state == "unknown":
                note = self.env._(
                    "Nobody knows whether %(amount)s of %(reference)s were paid back: %(error)s"
                    " Look it up at the payment provider. If it was not, press “Try again” on the"
                    " refund.",
                    amount=amount, reference=operation.transaction_id.reference,
                    error=operation.error,
                )
            else:
                note = self.env._(
                    "%(amount)s of %(reference)s could not be paid back by itself: %(error)s"
                    " Please give it back to %(client)s yourself.",
                    amount=amount, reference=operation.transaction_id.reference,
                    error=operation.error, client=booking.partner_id.name,
                )
            booking._raise_refund_needed(operation.amount, note)

    def _check_can_be_sent(self):
        """Refuse to send what the provider would not even answer: it would look as if on its way.

        :raise UserError: with what to do
        """
        for operation in self:
            payment = operation.transaction_id
            if not payment._can_be_refunded(operation.amount):
                raise UserError(
                    self.env._(
                        "%(provider)s cannot pay back %(amount)s of %(reference)s from here. Please"
                        " give it back yourself.",
                        provider=payment.provider_id.name,
                        amount=operation._format_amount(),
                        reference=payment.reference,
                    )
                )

    def action_try_again(self):
        """Button: send what failed once more, and ask again about what is unknown, now.

        :raise AccessError: when one is not a manager
        :raise UserError: when the provider cannot pay it back
        """
        self.check_access("read")
        if not self.env.user.has_group("appointment_payments.group_manager"):
            raise AccessError(self.env._("Only managers can try a payment operation again."))
        operations = self.sudo()  # sudo: nobody writes operations but their doors
        failed = operations.filtered(lambda o: o.state == "failed")
        failed._check_can_be_sent()
        failed._set_intended_again()
        unknown = operations.filtered(lambda o: o.state == "unknown")
        safe = unknown.filtered(lambda o: o.transaction_id.provider_id._keeps_idempotency_keys())
        safe.write({"next_attempt_at": fields.Datetime.now()})
        # a person has looked, as the button asks
        (unknown - safe)._set_intended_again()
        operations._run_after_commit()
