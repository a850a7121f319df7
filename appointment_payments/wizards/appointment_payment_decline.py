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
        """Return what declining does, with the amounts that are let go and those that go back.

        :rtype: str
        """
        count = len(self.booking_ids)
        freed = self.env._("The time becomes free.")
        if count > 1:
            freed = self.env._("%(count)s times become free.", count=count)
        held, paid = (self._format_sum(name) for name in ("amount_held", "amount_paid"))
        money = []
        if held:
            money.append(self.env._("%(amounts)s are let go, not taken.", amounts=held))
        if paid:
            money.append(self.env._("%(amounts)s are paid back in full.", amounts=paid))
        return " ".join([freed, *(money or [self.env._("Nothing was charged.")])])

    def _format_sum(self, name):
        """Return what an amount of the requests comes to, for each currency; empty for nothing.

        :param str name: the field
        :rtype: str
        """
        sums = {
            currency: sum(bookings.mapped(name))
            for currency, bookings in self.booking_ids.grouped("currency_id").items()
        }
        return " + ".join(
            currency.format(total)
            for currency, total in sums.items()
            if not currency.is_zero(total)
        )

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
