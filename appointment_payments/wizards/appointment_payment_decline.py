from odoo import api, fields, models


class AppointmentPaymentDecline(models.TransientModel):
    """The small dialogue in which requests are declined, with an optional message."""

    _name = "appointment.payment.decline"
    _description = "Decline requests"

    booking_ids = fields.Many2many(
        "appointment.payment.booking",
        string="Requests",
        required=True,
        default=lambda self: self._get_chosen_bookings(),
    )
    client_message = fields.Text(string="Message to the client")
    summary = fields.Char(compute="_compute_summary")
    left_out = fields.Char(compute="_compute_left_out")

    @api.model
    def _get_chosen_bookings(self):
        chosen = self.env["appointment.payment.booking"].browse(self._get_chosen_ids())
        # a colleague's request, which one may accept, is not one's to decline
        return chosen._filtered_access("write") or chosen

    @api.model
    def _get_chosen_ids(self):
        context = self.env.context
        is_list = context.get("active_model") == "appointment.payment.booking"
        return context.get("active_ids") or [] if is_list else []

    @api.depends("booking_ids")
    @api.depends_context("active_ids")
    def _compute_left_out(self):
        chosen = set(self._get_chosen_ids())
        for wizard in self:
            count = len(chosen - set(wizard.booking_ids.ids))
            wizard.left_out = False
            if count:
                wizard.left_out = self.env._(
                    "%(count)s of those you chose are not yours to decline, and stay as they are.",
                    count=count,
                )

    @api.depends("booking_ids")
    def _compute_summary(self):
        for wizard in self:
            wizard.summary = wizard._get_summary()

    def _get_summary(self):
        """Return what declining does, with the amounts that go back.

        :rtype: str
        """
        bookings = self.booking_ids
        amounts = [
            currency.format(sum(those.mapped("amount_held")) + sum(those.mapped("amount_paid")))
            for currency, those in bookings.grouped("currency_id").items()
            if any(those.mapped("amount_held")) or any(those.mapped("amount_paid"))
        ]
        values = {"count": len(bookings), "amounts": " + ".join(amounts)}
        if len(bookings) > 1 and amounts:
            return self.env._(
                "%(count)s times become free, and %(amounts)s go back to the clients in full.",
                **values,
            )
        if len(bookings) > 1:
            return self.env._("%(count)s times become free. Nothing was charged.", **values)
        if amounts:
            return self.env._(
                "The time becomes free, and %(amounts)s go back to the client in full.", **values
            )
        return self.env._("The time becomes free. Nothing was charged.")

    def action_decline(self):
        """Button: decline the requests.

        :return: what closes the dialogue; of several, with a report of how many were answered
        :rtype: dict
        :raise AccessError: when the user may not answer one of them
        :raise UserError: when a single one cannot be declined any more, with the reason
        """
        self.ensure_one()
        close = {"type": "ir.actions.act_window_close"}
        # the user of the screen decides, and what they may do is checked there
        report = self.booking_ids.sudo(False).action_decline(self.client_message)
        if report:
            report["params"]["next"] = close
        return report or close
