from odoo import api, fields, models

from ..rules import allocation, money


class AccountMove(models.Model):
    _inherit = "account.move"

    appointment_booking_ids = fields.Many2many(
        "appointment.payment.booking",
        string="Bookings",
        compute="_compute_appointment_booking_ids",
        compute_sudo=True,
    )
    appointment_booking_count = fields.Integer(
        compute="_compute_appointment_booking_count",
        help="The bookings that the user may open.",
    )

    @api.depends("line_ids.appointment_booking_id")
    def _compute_appointment_booking_ids(self):
        for move in self:
            move.appointment_booking_ids = move.line_ids.appointment_booking_id

    @api.depends("appointment_booking_ids")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_appointment_booking_count(self):
        bookings = self.env["appointment.payment.booking"]
        # whoever keeps the books need not see who comes to whom
        visible = self.appointment_booking_ids if bookings.has_access("read") else bookings
        visible = visible.sudo(False)._filtered_access("read")
        for move in self:
            move.appointment_booking_count = len(move.appointment_booking_ids & visible)

    def _spread_payments_over_bookings(self):
        """Spread what was paid on an invoice over its bookings (design rule 4).

        Money of a booking's own transactions is its own; the rest goes to the oldest appointment.
        Credit notes take back the lines that they repeat, and what is left of them the oldest.

        :return: what is paid and what is invoiced and not credited, in minor units, by booking
                 id; the key False holds the lines without a booking
        :rtype: tuple[dict[int, int], dict[int, int]]
        """
        self.ensure_one()
        partials = self._get_credit_note_partials()
        notes = self._get_credit_notes()
        credited = self._to_minor(sum(partials.mapped("debit_amount_currency")))
        credited += sum(notes._sum_paid_out())
        paid = self._to_minor(self.amount_total - self.amount_residual) - credited
        invoiced = allocation.fit(self._sum_by_booking(), self._to_minor(self.amount_total))
        taken_back = allocation.spread(
            invoiced, credited, (partials.credit_move_id.move_id | notes)._sum_by_booking()
        )
        shares = {key: amount - taken_back[key] for key, amount in invoiced.items()}
        return allocation.spread(shares, paid, self._sum_transactions_by_booking()), shares

    def _sum_paid_out(self):
        """Sum up what was paid out against credit notes.

        :return: minor units by the bookings' own transactions, and in another way
        :rtype: tuple[int, int]
        """
        partials = self._get_receivable_lines().matched_debit_ids.filtered(
            lambda partial: partial.debit_move_id.journal_id.type in ("bank", "cash", "credit")
        )
        online = partials.filtered(
            "debit_move_id.payment_id.payment_transaction_id.appointment_booking_id"
        )
        return tuple(
            sum(self[:1]._to_minor(partial.credit_amount_currency) for partial in part)
            for part in (online, partials - online)
        )

    def _get_paid_out_by_hand(self, booking):
        """Return what was given back for a booking by hand, as in cash, in minor units.

        :param booking: the `appointment.payment.booking`
        :rtype: int
        """
        return sum(
            allocation.spread(note._sum_by_booking(), note._sum_paid_out()[1]).get(booking.id, 0)
            for note in self._get_credit_notes()
        )

    def _to_minor(self, amount):
        return money.to_minor(amount, self.currency_id.decimal_places)

    def _get_credit_note_partials(self):
        """Return the reconciliations of an invoice with credit notes.

        :rtype: recordset of `account.partial.reconcile`
        """
        receivable = self.line_ids.filtered(lambda line: line.display_type == "payment_term")
        return receivable.matched_credit_ids.filtered(
            lambda partial: partial.credit_move_id.move_id.move_type == "out_refund"
        )

    def _sum_by_booking(self):
        """Sum up the lines of documents in one currency by booking, oldest appointment first.

        :return: minor units by booking id; the key False holds the lines without a booking
        :rtype: dict[int, int]
        """
        lines = self.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        of_bookings = sorted(
            lines.grouped("appointment_booking_id").items(),
            key=lambda item: (not item[0], item[0].start or fields.Datetime.now(), item[0].id),
        )
        return {
            booking.id: self._to_minor(sum(lines.mapped("price_total")))
            for booking, lines in of_bookings
        }

    def _sum_transactions_by_booking(self):
        """Sum up what the transactions of bookings have brought in for an invoice and kept.

        :return: minor units by booking id
        :rtype: dict[int, int]
        """
        own = self.transaction_ids.filtered("appointment_booking_id")
        children = own.child_transaction_ids
        own |= children | children.child_transaction_ids  # captures, and what went back of them
        return {
            booking.id: self._to_minor(booking._sum_done(transactions))
            for booking, transactions in own.grouped("appointment_booking_id").items()
        }

    def action_open_appointment_bookings(self):
        """Smart button: the bookings of the invoice."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "appointment_payments.action_appointment_payment_booking"
        )
        action["domain"] = [("id", "in", self.appointment_booking_ids.ids)]
        action["context"] = {}
        return action
