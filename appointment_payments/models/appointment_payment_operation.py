import uuid

from odoo import api, fields, models

OPEN_STATES = ("intended", "sent", "unknown")


class AppointmentPaymentOperation(models.Model):
    """One intended effect at a payment provider, written down before it is sent (design rule 6).

    It is inserted in the transaction that decides it, so a decision that is repeated or rolled
    back sends nothing; it is sent after the commit, see ``_runner``. What differs from kind to kind
    stands in ``_kind``, its state in ``_state``, what people read of it in ``_people``.
    """

    _name = "appointment.payment.operation"
    _description = "Payment Operation"
    _inherit = "appointment.payment.runner"
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
    child_transaction_id = fields.Many2one(
        "payment.transaction",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The transaction that the provider's answer is for: a capture, a void or a refund. A"
        " charge has none: the answer is for the payment itself.",
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
        selection=[
            ("late", "Paid too late"),
            ("surplus", "Paid too much"),
            ("rest", "Not captured"),
        ],
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
    is_looked_up = fields.Boolean(
        readonly=True,
        copy=False,
        help="A person has looked at the payment provider, as the note of an unknown one asks.",
    )
    provider_reference = fields.Char(readonly=True)
    error = fields.Text(string="What went wrong", readonly=True)

    _idempotency_key_uniq = models.UniqueIndex("(idempotency_key)")
    _automatic_uniq = models.UniqueIndex(
        "(transaction_id, kind, reason) WHERE reason IS NOT NULL",
        "This was decided already.",
    )
    # a hold is captured or let go, whoever decided first (fault 24)
    _hold_uniq = models.UniqueIndex(
        "(transaction_id) WHERE kind IN ('capture', 'void')"
        " AND state IN ('intended', 'sent', 'unknown')",
        "This payment is already being captured or let go.",
    )
    _charge_uniq = models.UniqueIndex(
        "(transaction_id) WHERE kind = 'charge' AND state IN ('intended', 'sent', 'unknown')",
        "This payment is already being charged.",
    )
    _due_index = models.Index("(next_attempt_at, id) WHERE next_attempt_at IS NOT NULL")
    _amount_positive = models.Constraint(
        "CHECK (amount > 0)", "The amount of an operation is above zero."
    )

    @api.model
    def _new_key(self):
        """Return a fresh idempotency key.

        :rtype: str
        """
        return f"appointment-operation-{uuid.uuid4()}"

    @api.model
    def _intend(self, transaction, kind, amount, reason=False, **values):
        """Write down an effect, in the transaction that decides it; the caller has it sent.

        What a person decided is refused when it cannot be, or is under way already; who else
        decides on the same payment waits. What nobody asked for has a reason and is written down
        once; whether it is still wanted is looked at when it is sent (design rule 13).

        :param transaction: the `payment.transaction` of a booking that it is done to
        :param str kind: a value of ``kind``
        :param float amount: how much of the payment, in major units
        :param str reason: a value of ``reason``; False for what a person decided
        :param dict values: what else is kept with it
        :return: the operation, new or not
        :rtype: recordset of `appointment.payment.operation`
        :raise UserError: with what stands against it
        """
        transaction = transaction._get_operated(kind, amount)
        transaction._lock_for_operation()
        identity = {"transaction_id": transaction.id, "kind": kind, "reason": reason}
        if not reason:
            transaction._check_operation(kind, amount)
        elif existing := self.search([(name, "=", value) for name, value in identity.items()]):
            return existing
        self.flush_model(["state"])  # what has ended does not stand in the way of a unique index
        return self.create(
            {
                **identity,
                "booking_id": transaction._get_operation_booking().id,
                "amount": amount,
                "currency_id": transaction.currency_id.id,
                **values,
            }
        )
