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
        compute="_compute_appointment_booking_ids", compute_sudo=True
    )
    appointment_credited_amount = fields.Monetary(
        compute="_compute_appointment_credited_amount",
        compute_sudo=True,
        help="How much of the invoice was taken back by credit notes.",
    )

    @api.depends("line_ids.appointment_booking_id")
    def _compute_appointment_booking_ids(self):
        for move in self:
            move.appointment_booking_ids = move.line_ids.appointment_booking_id
            move.appointment_booking_count = len(move.appointment_booking_ids)

    @api.depends("amount_residual")
    def _compute_appointment_credited_amount(self):
        for move in self:
            receivable = move.line_ids.filtered(lambda line: line.display_type == "payment_term")
            by_credit_note = receivable.matched_credit_ids.filtered(
                lambda partial: partial.credit_move_id.move_id.move_type == "out_refund"
            )
            move.appointment_credited_amount = sum(by_credit_note.mapped("debit_amount_currency"))

    def _spread_payments_over_bookings(self):
        """Spread what was paid on an invoice over its bookings (design rule 4).

        Money of a booking's own transactions is its own; the rest goes to the oldest appointment.

        :return: what is paid and what is invoiced, in minor units, by booking id; the key False
                 holds the lines without a booking
        :rtype: tuple[dict[int, int], dict[int, int]]
        """
        self.ensure_one()
        digits = self.currency_id.decimal_places
        shares = {
            booking.id: money.to_minor(sum(lines.mapped("price_total")), digits)
            for booking, lines in self._get_lines_by_booking()
        }
        earmarked = {
            booking.id: money.to_minor(sum(transactions.mapped("amount")), digits)
            for booking, transactions in self.transaction_ids.filtered(
                lambda t: t.state == "done" and t.appointment_booking_id.id in shares
            )
            .grouped("appointment_booking_id")
            .items()
        }
        paid = self.amount_total - self.amount_residual - self.appointment_credited_amount
        return allocation.spread(shares, money.to_minor(paid, digits), earmarked), shares

    def _get_lines_by_booking(self):
        """Return the priced lines of each booking, oldest appointment first, the others last.

        :rtype: list[tuple[recordset, recordset]]
        """
        lines = self.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        return sorted(
            lines.grouped("appointment_booking_id").items(),
            key=lambda item: (not item[0], item[0].start or fields.Datetime.now(), item[0].id),
        )

    def action_open_appointment_bookings(self):
        """Smart button: the bookings of the invoice."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "appointment_payments.action_appointment_payment_booking"
        )
        action["domain"] = [("id", "in", self.appointment_booking_ids.ids)]
        action["context"] = {}
        return action
