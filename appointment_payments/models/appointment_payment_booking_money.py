from odoo import api, fields, models

from ..rules import money

BOOKED_STATES = ("confirmed", "attended", "no_show")


class AppointmentPaymentBooking(models.Model):
    """What is paid, held and owed: derived, never incremented (design rule 4).

    Before an invoice is posted the transactions tell; after it the ledger alone, so that cash at
    the desk and Odoo's own payment link count too.
    """

    _inherit = "appointment.payment.booking"

    transaction_ids = fields.One2many(
        "payment.transaction",
        "appointment_booking_id",
        readonly=True,
        groups="account.group_account_invoice",
    )
    invoice_line_ids = fields.One2many(
        "account.move.line",
        "appointment_booking_id",
        readonly=True,
        groups="account.group_account_invoice",
    )
    invoice_ids = fields.Many2many(
        "account.move",
        string="Invoices",
        compute="_compute_invoice_ids",
        compute_sudo=True,
        groups="account.group_account_invoice",
    )
    invoice_count = fields.Integer(compute="_compute_invoice_ids", compute_sudo=True)
    amount_paid = fields.Monetary(string="Paid", compute="_compute_amounts", store=True)
    amount_held = fields.Monetary(string="Held", compute="_compute_amounts", store=True)
    amount_refunded = fields.Monetary(string="Refunded", compute="_compute_amounts", store=True)
    amount_received = fields.Monetary(
        string="Money in", compute="_compute_amounts", store=True,
        help="What was paid, also what has gone back since.",
    )
    amount_residual = fields.Monetary(string="Left to pay", compute="_compute_amounts", store=True)
    payment_status = fields.Selection(
        selection=[
            ("not_required", "Nothing asked"),
            ("unpaid", "Not paid"),
            ("processing", "Processing"),
            ("held", "Held"),
            ("partial", "Partly paid"),
            ("paid", "Paid"),
            ("refunded", "Refunded"),
        ],
        string="Payment status",
        compute="_compute_amounts",
        store=True,
        index=True,
    )

    @api.depends("invoice_line_ids.move_id")
    def _compute_invoice_ids(self):
        for booking in self:
            booking.invoice_ids = booking.invoice_line_ids.move_id
            booking.invoice_count = len(booking.invoice_ids)

    @api.depends(
        "state",
        "amount_total",
        "amount_due_now",
        "transaction_ids.state",
        "transaction_ids.amount",
        "transaction_ids.child_transaction_ids.state",
        "operation_ids.state",
        "invoice_line_ids.price_total",
        "invoice_line_ids.move_id.state",
        "invoice_line_ids.move_id.amount_residual",
        "invoice_line_ids.move_id.reversal_move_ids.amount_residual",
    )
    def _compute_amounts(self):
        for booking in self.sudo():  # sudo: staff see amounts without any accounting right
            transactions = booking.transaction_ids
            booking.amount_held = sum(t._get_held_amount() for t in transactions)
            invoices = booking._get_posted_invoices()
            booking.amount_refunded = booking._get_refunded_amount(invoices)
            if invoices:
                booking.amount_paid, booking.amount_residual = booking._get_ledger_amounts(invoices)
            else:
                booking.amount_paid = booking._get_transaction_amount()
                booking.amount_residual = booking._get_unpaid_amount()
            booking.amount_received = booking.amount_paid + booking.amount_refunded
            booking.payment_status = booking._get_payment_status()

    def _get_posted_invoices(self):
        """Return the posted customer invoices of a booking.

        :rtype: recordset of `account.move`
        """
        return self.invoice_line_ids.move_id.filtered(
            lambda m: m.state == "posted" and m.move_type == "out_invoice"
        )

    def _get_posted_credit_notes(self):
        """Return the posted credit notes of a booking.

        :rtype: recordset of `account.move`
        """
        return self.invoice_line_ids.move_id.filtered(
            lambda m: m.state == "posted" and m.move_type == "out_refund"
        )

    def _get_refunded_amount(self, invoices):
        """Return what has gone back, online and by hand, in major units.

        :param invoices: the booking's posted invoices
        :rtype: float
        """
        self.ensure_one()
        refunds = self.transaction_ids.filtered(
            lambda t: t.state == "done" and t.operation == "refund"
        )
        return self.currency_id.round(
            self._get_amount_by_hand(invoices) - sum(refunds.mapped("amount"))
        )

    def _get_amount_by_hand(self, invoices):
        """Return what was given back by hand against credit notes, in major units.

        :param invoices: the booking's posted invoices
        :rtype: float
        """
        self.ensure_one()
        by_hand = sum(invoice._get_paid_out_by_hand(self) for invoice in invoices)
        return money.from_minor(by_hand, self.currency_id.decimal_places)

    def _get_transaction_amount(self):
        """Return what the transactions have brought in, less refunds, in major units.

        :rtype: float
        """
        self.ensure_one()
        return self._sum_done(self.transaction_ids)

    def _sum_done(self, transactions):
        """Sum up transactions that are done; one that was captured in parts counts by its parts.

        :param transactions: recordset of `payment.transaction`
        :return: what they brought in, less refunds, in major units
        :rtype: float
        """
        done = transactions.filtered(lambda t: t.state == "done")
        in_parts = done.filtered(lambda t: t._is_in_parts())
        return self.currency_id.round(sum((done - in_parts).mapped("amount")))

    def _get_unpaid_amount(self):
        self.ensure_one()
        if self.state not in ("pending_payment", "requested", *BOOKED_STATES):
            return 0.0
        return max(self.currency_id.round(self.amount_total - self.amount_paid), 0.0)

    def _get_ledger_amounts(self, invoices):
        """Return what the ledger says of a booking (design rule 4).

        :param invoices: its posted invoices
        :return: what is paid and what is left, in major units
        :rtype: tuple[float, float]
        """
        self.ensure_one()
        digits = self.currency_id.decimal_places
        paid = owed = 0
        for invoice in invoices:
            spread, shares = invoice._spread_payments_over_bookings()
            paid += spread.get(self.id, 0)
            owed += shares.get(self.id, 0)
        return money.from_minor(paid, digits), money.from_minor(max(owed - paid, 0), digits)

    def _get_payment_status(self):
        """Return the status that people read.

        :rtype: str
        """
        self.ensure_one()
        is_zero = self.currency_id.is_zero
        if not is_zero(self.amount_refunded) and not self._has_money():
            return "refunded"
        if self.state not in BOOKED_STATES and self._has_refund_under_way():
            return "processing"
        if not is_zero(self.amount_paid):
            return "paid" if is_zero(self.amount_residual) else "partial"
        if not is_zero(self.amount_held):
            return "held"
        if any(t.state == "pending" for t in self.transaction_ids):
            return "processing"
        if self._get_posted_invoices() and not is_zero(self.amount_residual):
            return "unpaid"
        waiting = self.state == "pending_payment" and not is_zero(self.amount_due_now)
        return "unpaid" if waiting else "not_required"

    def _has_money(self):
        """Return whether a booking has a payment, taken, held or on its way, or an open invoice.

        What was given back and credited in full is none, nor what people have taken off the books
        again, as when a bank took it back.

        :rtype: bool
        """
        self.ensure_one()
        invoices = self._get_posted_invoices()
        booked = self.transaction_ids.filtered(lambda t: t.payment_id.state != "canceled")
        kept = self._sum_done(booked) - self._get_amount_by_hand(invoices)
        amounts = [self.amount_held, self.amount_paid, max(kept, 0.0)]
        if invoices:
            amounts.append(self.amount_residual)
        return self._has_payment_under_way() or not all(map(self.currency_id.is_zero, amounts))

    def _get_amount_to_pay(self):
        """Return what the client can pay online now, in major units (design rule 3).

        :rtype: float
        """
        self.ensure_one()
        if self._has_payment_under_way():
            return 0.0
        if self.state == "pending_payment":
            return self.amount_due_now if fields.Datetime.now() < self.start else 0.0
        is_owed = self.state in BOOKED_STATES and self._get_posted_invoices()
        return self.amount_residual if is_owed else 0.0

    def _get_amount_later(self):
        """Return what is left to pay once what is due at booking is paid, in major units.

        :rtype: float
        """
        self.ensure_one()
        return self.currency_id.round(self.amount_total - self.amount_due_now)
