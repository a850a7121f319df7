from odoo import api, fields, models
from odoo.exceptions import AccessError


class AppointmentPaymentOperation(models.Model):
    """What people read of an operation, are asked to do about it, and can do."""

    _inherit = "appointment.payment.operation"

    @api.depends("kind", "amount", "currency_id", "booking_id")
    def _compute_display_name(self):
        for operation in self:
            operation.display_name = self.env._(
                "%(kind)s of %(amount)s · %(booking)s",
                kind=operation._get_kind_label(),
                amount=operation._format_amount(),
                booking=operation.sudo().booking_id.name,  # sudo: a name beside one's own record
            )

    def _get_kind_label(self):
        return dict(self._fields["kind"]._description_selection(self.env)).get(self.kind, "")

    def _format_amount(self):
        self.ensure_one()
        return self.currency_id.format(self.amount)

    def _ask_people(self):
        """Tell staff, by an activity, what only a person can settle now.

        Who pays with a saved card reads on the page that it was refused.
        """
        for operation in self:
            is_unknown = operation.state == "unknown"
            if operation._is_told_on_page() and not is_unknown:
                continue
            note = operation._get_unknown_note() if is_unknown else operation._get_failed_note()
            task = {"appointment_operation_id": operation.id}
            if operation.kind == "refund":
                operation.booking_id._raise_refund_needed(operation.amount, note, **task)
            else:
                operation.booking_id._raise_payment_activity(
                    self.env._(
                        "%(kind)s of %(amount)s",
                        kind=operation._get_kind_label(), amount=operation._format_amount(),
                    ),
                    note,
                    **task,
                )

    def _withdraw_tasks(self):
        """Take back what people were asked to do: whoever still reads it would do it twice."""
        if self:
            activities = self.env["mail.activity"].sudo()  # sudo: they are of several people
            activities.search([("appointment_operation_id", "in", self.ids)]).unlink()

    def _is_told_on_page(self):
        return self.kind == "charge" and self.transaction_id.operation == "online_token"

    def _get_note_values(self):
        return {
            "amount": self._format_amount(),
            "reference": self.transaction_id.reference,
            "error": self.error,
            "client": self.booking_id.partner_id.name,
        }

    def _get_unknown_note(self):
        """Return what staff have to look up when nobody knows what came of it.

        :rtype: str
        """
        values = self._get_note_values()
        return {
            "charge": lambda: self.env._(
                "Nobody knows whether %(amount)s of %(reference)s were charged: %(error)s Look it"
                " up at the payment provider. If they were not, press “Try again” on the charge.",
                **values,
            ),
            "capture": lambda: self.env._(
                "Nobody knows whether %(amount)s of %(reference)s were captured: %(error)s Look it"
                " up at the payment provider. If they were not, press “Try again” on the capture.",
                **values,
            ),
            "void": lambda: self.env._(
                "Nobody knows whether the hold of %(amount)s of %(reference)s has ended: %(error)s"
                " Look it up at the payment provider. If it has not, press “Try again” on the"
                " void.",
                **values,
            ),
            "refund": lambda: self.env._(
                "Nobody knows whether %(amount)s of %(reference)s were paid back: %(error)s Look"
                " it up at the payment provider. If it was not, press “Try again” on the refund.",
                **values,
            ),
        }[self.kind]()

    def _get_failed_note(self):
        """Return what staff have to do when the provider does not do it.

        :rtype: str
        """
        values = self._get_note_values()
        return {
            "charge": lambda: self.env._(
                "%(amount)s of %(reference)s could not be charged: %(error)s Please agree with"
                " %(client)s on another way to pay.",
                **values,
            ),
            "capture": lambda: self.env._(
                "%(amount)s of %(reference)s could not be captured: %(error)s Nothing was taken"
                " from %(client)s by it. Look at the payment, then try again or ask for another"
                " one.",
                **values,
            ),
            "void": lambda: self.env._(
                "The hold of %(amount)s of %(reference)s could not be let go: %(error)s Look at"
                " the payment: if money was taken, please give it back to %(client)s.",
                **values,
            ),
            "refund": lambda: self.env._(
                "%(amount)s of %(reference)s could not be paid back by itself: %(error)s Please"
                " give it back to %(client)s yourself.",
                **values,
            ),
        }[self.kind]()

    def _check_can_be_sent(self):
        """Refuse to send what the provider would not even answer: it would look as if on its way.

        :raise UserError: with what to do
        """
        self.booking_id._lock_for_payment()
        for operation in self:
            operation.transaction_id._lock_for_operation()
            operation.transaction_id._check_operation(operation.kind, operation.amount)

    def action_try_again(self):
        """Button: send what failed once more, and ask again about what is unknown, now.

        :raise AccessError: when one is not a manager
        :raise UserError: when it cannot be done any more
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
        # a person has looked, as the note asks, where it is not asked again by itself
        safe.filtered(lambda o: not o.next_attempt_at).is_looked_up = True
        safe.write({"next_attempt_at": fields.Datetime.now()})
        (unknown - safe)._set_intended_again()
        operations._run_after_commit()
