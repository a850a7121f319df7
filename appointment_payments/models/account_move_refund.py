from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Command


class AccountMove(models.Model):
    """What of an invoice's bookings is credited when their money goes back (design rule 5)."""

    _inherit = "account.move"

    def _credit_booking(self, booking, amount, narration):
        """Prepare the credit note for a part of what an invoice bills for a booking.

        :param booking: the `appointment.payment.booking` whose price falls
        :param float amount: by how much, taxes included, in major units
        :param str narration: why, for whoever reads the document
        :return: a draft that reverses the invoice
        :rtype: recordset of `account.move`
        :raise UserError: when the taxes cannot be split so that the amount comes out exactly
        """
        self.ensure_one()
        today = fields.Date.context_today(self.with_context(tz=booking._get_practice_tz()))
        whole = self._is_billed_for(booking, amount)
        credit_note = self._reverse_moves(
            [
                {
                    "date": today,
                    "invoice_date": today,
                    "invoice_date_due": today,
                    "ref": self.env._("Refund, %s", self.name),
                    "narration": narration,
                }
            ]
        )
        if not whole:
            lines = [Command.create(vals) for vals in self._prepare_credit_lines(booking, amount)]
            removed = [Command.delete(line.id) for line in credit_note.invoice_line_ids]
            credit_note.write({"invoice_line_ids": removed + lines})
        if self.currency_id.compare_amounts(credit_note.amount_total, amount):
            raise UserError(
                self.env._(
                    "A credit note over %(amount)s for %(invoice)s would come to %(total)s. Please"
                    " credit it by hand.",
                    amount=self.currency_id.format(amount),
                    invoice=self.name,
                    total=self.currency_id.format(credit_note.amount_total),
                )
            )
        return credit_note

    def _is_billed_for(self, booking, amount):
        """Return whether an amount is all that an invoice bills, for one booking alone.

        :rtype: bool
        """
        lines = self.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        return (
            lines.appointment_booking_id == booking
            and all(lines.mapped("appointment_booking_id"))
            and not self._get_credit_notes()
            and not self.currency_id.compare_amounts(amount, self.amount_total)
        )

    def _prepare_credit_lines(self, booking, amount):
        """Prepare lines over an amount with taxes, with the taxes in proportion to what is left.

        What earlier credit notes took of each tax is taken off first, so that the last one closes
        every tax to the minor unit. One line per account and taxes, as Odoo's down payments.

        :param booking: the `appointment.payment.booking`
        :param float amount: taxes included, in major units
        :return: the values of `account.move.line`
        :rtype: list[dict]
        """
        tax_model, company = self.env["account.tax"], self.company_id
        base_lines = self._get_base_lines_of(booking) + [
            self._turn_base_line_round(line, base_line)
            for credit_note in self._get_credit_notes()
            for line, base_line in zip(
                credit_note._get_lines_of(booking),
                credit_note._get_base_lines_of(booking),
                strict=True,
            )
        ]
        tax_model._add_tax_details_in_base_lines(base_lines, company)
        tax_model._round_base_lines_tax_details(base_lines, company)
        reduced = tax_model._reduce_base_lines_to_target_amount(
            base_lines,
            company,
            "fixed",
            amount,
            # rounded apart from whatever else the document has
            computation_key=f"appointment_refund,{booking.id},{len(base_lines)}",
            grouping_function=lambda line: {"account_id": line["account_id"]},
        )
        tax_model._fix_base_lines_tax_details_on_manual_tax_amounts(reduced, company)
        first = self._get_lines_of(booking)[:1]
        return [self._prepare_credit_line(booking, first, line) for line in reduced]

    def _prepare_credit_line(self, booking, first, base_line):
        tax_model = self.env["account.tax"]
        return {
            "product_id": first.product_id.id,
            "name": first.name,
            "quantity": 1.0,
            "price_unit": base_line["price_unit"],
            "tax_ids": [Command.set(base_line["tax_ids"].ids)],
            "account_id": base_line["account_id"].id,
            "analytic_distribution": base_line["analytic_distribution"],
            "extra_tax_data": tax_model._export_base_line_extra_tax_data(base_line),
            "appointment_booking_id": booking.id,
        }

    def _get_lines_of(self, booking):
        return self.invoice_line_ids.filtered(
            lambda line: line.display_type == "product" and line.appointment_booking_id == booking
        )

    def _get_base_lines_of(self, booking):
        """Return what Odoo computes taxes with, of the lines of one booking.

        :rtype: list[dict]
        """
        return [
            self._prepare_product_base_line_for_taxes_computation(line)
            for line in self._get_lines_of(booking)
        ]

    def _turn_base_line_round(self, line, base_line):
        """Return a credited line as one that lessens the invoice.

        :param line: the `account.move.line` of the credit note
        :param dict base_line: what Odoo computes its taxes with
        :rtype: dict
        """
        tax_model = self.env["account.tax"]
        return tax_model._prepare_base_line_for_taxes_computation(
            line,
            price_unit=base_line["price_unit"],
            quantity=-base_line["quantity"],
            discount=base_line["discount"],
            rate=self.invoice_currency_rate,
            sign=self.direction_sign,
            extra_tax_data=tax_model._reverse_quantity_base_line_extra_tax_data(
                line.extra_tax_data
            ),
        )

    def _get_credit_notes(self):
        """Return the posted credit notes of an invoice: those that reverse it or pay it off.

        One that reverses another invoice belongs there.

        :rtype: recordset of `account.move`
        """
        self.ensure_one()
        reversing = self.reversal_move_ids | self._get_credit_note_partials().credit_move_id.move_id
        return reversing.filtered(
            lambda move: move.state == "posted"
            and move.move_type == "out_refund"
            and move.reversed_entry_id in (self, self.browse())
        )

    def _get_receivable_lines(self):
        return self.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
