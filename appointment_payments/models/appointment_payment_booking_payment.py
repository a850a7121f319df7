from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain

from .appointment_payment_booking_money import BOOKED_STATES
from .appointment_payment_operation import OPEN_STATES


class AppointmentPaymentBooking(models.Model):
    """A booking and its payment transactions."""

    _inherit = "appointment.payment.booking"

    def _get_smallest_charge(self):
        """Override of `appointment.payment.terms`."""
        return self.env["payment.provider"]._get_appointment_smallest_charge(
            self.company_id, self.currency_id
        )

    def _get_payment_options(self, amount, user):
        """Return how a booking can be paid.

        Somebody who only holds the booking's link is never shown the payer's saved cards.

        :param float amount: what is paid, in major units
        :param user: who pays, as `res.users`
        :return: ``providers_sudo``, ``payment_methods_sudo``, ``tokens_sudo``,
            ``availability_report`` as Odoo's payment form takes them, and ``may_save_method``
        :rtype: dict
        """
        self.ensure_one()
        report = {}
        payer = self.payer_id
        # for the providers' inline forms, which get no document
        env = self.with_context(appointment_paid_booking_id=self.id).env
        providers = env["payment.provider"]._get_compatible_providers(
            self.company_id.id,
            payer.id,
            amount,
            currency_id=self.currency_id.id,
            report=report,
            appointment_booking_id=self.id,
        ).filtered("is_published")  # OdooBot would see the others too
        methods = env["payment.method"]._get_compatible_payment_methods(
            providers.ids,
            payer.id,
            currency_id=self.currency_id.id,
            report=report,
            appointment_booking_id=self.id,
        )
        is_payer = user.partner_id == payer and not user._is_public()
        tokens = env["payment.token"]
        if is_payer:
            tokens = tokens._get_available_tokens(providers.ids, payer.id)
        return {
            "providers_sudo": providers,
            "payment_methods_sudo": methods,
            "tokens_sudo": tokens,
            "availability_report": report,
            "may_save_method": is_payer,
        }

    def _prepare_transaction(self, request_values, user):
        """Turn what the payment form sent into the values of a transaction (design rule 3).

        :param dict request_values: the form's ``provider_id``, ``payment_method_id``,
            ``token_id``, ``flow`` and ``tokenization_requested``; its ``amount`` is compared;
            anything else is dropped
        :param user: who pays, as `res.users`
        :return: the parameters of Odoo's `_create_transaction`
        :rtype: dict
        :raise UserError: when there is nothing to pay, or not by this method
        """
        self.ensure_one()
        amount = self._get_amount_to_pay()
        if self.currency_id.is_zero(amount):
            raise UserError(
                self.env._("There is nothing to pay here now. Reload the page to see why.")
            )
        values = {
            key: request_values.get(key)
            for key in ("provider_id", "payment_method_id", "token_id", "flow")
        }
        options = self._get_payment_options(amount, user)
        self._check_payment_option(options, **values)
        is_charged_at_once = values["flow"] == "token"
        self._check_amount_shown(request_values.get("amount"), amount, is_charged_at_once)
        provider, method = self._get_provider_and_method(**values)
        provider._check_chargeable(amount, self.currency_id)
        return {
            **values,
            "amount": amount,
            "currency_id": self.currency_id.id,
            "partner_id": self.payer_id.id,
            "tokenization_requested": bool(
                request_values.get("tokenization_requested") and options["may_save_method"]
            ),
            "landing_route": self.get_portal_url(),
            "custom_create_values": {
                "appointment_booking_id": self.id,
                "capture_method": self._decide_capture(provider, method).method,
                "invoice_ids": [Command.set(self._get_posted_invoices().ids)],
            },
        }

    def _get_provider_and_method(self, provider_id, payment_method_id, token_id, flow):
        """Return what a payment is made with.

        :return: the `payment.provider` and the `payment.method`
        :rtype: tuple
        """
        # sudo: clients have no right on providers; these were offered to them
        env = self.sudo().env
        if flow == "token":
            token = env["payment.token"].browse(token_id)
            return token.provider_id, token.payment_method_id
        provider = env["payment.provider"].browse(provider_id)
        return provider, env["payment.method"].browse(payment_method_id)

    def _check_amount_shown(self, shown, amount, is_charged_at_once=False):
        """Refuse to charge another amount than the one that the payer's page shows.

        A page in another tab, or in the browser's history, shows what was due when it was opened.

        :param shown: what the form says that it shows, of any type; None when it says nothing
        :param float amount: what is charged, in major units
        :param bool is_charged_at_once: whether no form is shown after this, as with a saved card:
            the second of two clicks would charge what the first has left to pay
        :raise UserError: with the right amount
        """
        half = self.currency_id.rounding / 2
        is_number = isinstance(shown, (int, float))
        may_be_silent = shown is None and not is_charged_at_once
        if may_be_silent or (is_number and amount - half < shown < amount + half):
            return
        raise UserError(
            self.env._(
                "The amount to pay here is %(amount)s now. Reload the page, then pay.",
                amount=self._format(amount),
            )
        )

    def _check_payment_option(self, options, provider_id, payment_method_id, token_id, flow):
        """Refuse a provider, method or card that this booking cannot be paid with.

        :raise UserError: with what to do
        """
        if flow == "token":
            offered = token_id in options["tokens_sudo"].ids
        else:
            offered = (
                flow in ("direct", "redirect")
                and provider_id in options["providers_sudo"].ids
                and payment_method_id in options["payment_methods_sudo"].ids
            )
        if not offered:
            raise UserError(
                self.env._("This way to pay is not offered here. Reload the page and try again.")
            )

    def _get_pay_label(self, amount):
        """Return what the pay button says.

        :param float amount: in major units
        :rtype: str
        """
        self.ensure_one()
        if self.state == "pending_payment":
            return self.env._("Pay %(amount)s and book", amount=self._format(amount))
        return self.env._("Pay %(amount)s", amount=self._format(amount))

    def _get_downloadable_invoice(self):
        """Return the invoice that the client may download: after a payment, not during one.

        :rtype: recordset of `account.move`
        """
        self.ensure_one()
        if self._has_payment_under_way() or self.currency_id.is_zero(self.amount_received):
            return self.env["account.move"]
        return self._get_posted_invoices()[:1]

    def _get_downloadable_credit_notes(self):
        """Return the credit notes that the client may download, of an invoice they have.

        :rtype: recordset of `account.move`
        """
        has_invoice = self._get_downloadable_invoice()
        return self._get_posted_credit_notes() if has_invoice else self.env["account.move"]

    def _get_open_transaction(self, **kwargs):
        """Return the unfinished transaction that paying again should go on with (design rule 6).

        :param dict kwargs: what :meth:`_prepare_transaction` returns
        :return: a draft transaction for the same amount by the same method, or nothing
        :rtype: recordset of `payment.transaction`
        """
        self.ensure_one()
        return self.transaction_ids.filtered(
            lambda t: t.state == "draft"
            and t.operation == f"online_{kwargs['flow']}"
            and t.provider_id.id == kwargs["provider_id"]
            and t.payment_method_id.id == kwargs["payment_method_id"]
            and not t.currency_id.compare_amounts(t.amount, kwargs["amount"])
            and t.tokenize == kwargs["tokenization_requested"]
            and (t.capture_method or "automatic")
            == kwargs["custom_create_values"]["capture_method"]
        )[:1]

    def _lock_for_payment(self):
        """Queue up with whoever pays, confirms or expires the same booking.

        An UPDATE and not only a lock: whoever waited for it looks at the booking as it was before,
        fails to serialize, and is repeated by Odoo with a fresh look. It comes before any lock of
        the booking's payments and operations.
        """
        if not self:
            return
        if len(self) > 1:  # an UPDATE takes them in any order
            self.env.cr.execute(
                "SELECT FROM appointment_payment_booking WHERE id IN %s ORDER BY id"
                " FOR NO KEY UPDATE",
                [tuple(self.ids)],
                log_exceptions=False,
            )
        self.env.cr.execute(
            "UPDATE appointment_payment_booking SET write_date = write_date WHERE id IN %s",
            [tuple(self.ids)],
            log_exceptions=False,
        )

    def _receive_transaction(self, transaction):
        """Act on a transaction before Odoo post-processes it.

        :param transaction: the `payment.transaction` in its new state
        """
        self.ensure_one()
        if transaction.operation == "refund":
            return
        if transaction._is_part():
            if transaction.state == "done":
                self._receive_payment(transaction)
        elif transaction.state == "pending":
            self._hold_for_pending()
        elif transaction.state == "authorized":
            self._receive_hold(transaction)
        elif transaction.state in ("cancel", "error"):
            self._receive_failure(transaction)
        elif transaction.state == "done" and not transaction._is_in_parts():
            self._receive_payment(transaction)

    def _receive_payment(self, transaction):
        """Confirm the booking that a payment is for, and invoice it.

        What arrives for a time that is gone, or twice, goes back by itself (design rule 2) and
        stays out of the invoice. Odoo reconciles what was captured with the invoice of its hold.
        """
        self._set_confirmed()
        self._set_confirmed_again()
        if self.state not in BOOKED_STATES:
            self._refund_late_payment(transaction)
            return
        kept = self._refund_surplus(transaction)
        if self.currency_id.is_zero(kept):
            return
        self._tell_paid_beside(transaction, kept)
        payment = transaction._get_payment_begun()
        if not payment.invoice_ids:
            payment.invoice_ids = self._ensure_invoice()

    def _receive_failure(self, transaction):
        """Go on without a payment that has failed, or a hold that has ended."""
        if transaction._is_in_parts() and not transaction._was_let_go():
            self._tell_hold_lapsed(transaction)
        self._hold_for_another_try()

    def _has_payment_under_way(self):
        """Return whether a payment is taken, held or on its way but not yet acted on.

        Nobody is asked to pay meanwhile: that would charge twice.

        :rtype: bool
        """
        self.ensure_one()
        booking = self.sudo()  # sudo: a cron, staff and the page only ask whether
        payments = booking.transaction_ids
        if booking.state in BOOKED_STATES:
            payments |= booking._get_linked_transactions()
        payments = payments.filtered(lambda t: t.operation != "refund")
        return any(payment._is_under_way() for payment in payments)

    def _get_linked_transactions(self):
        """Return what Odoo's own payment link brings for the booking's invoices.

        As in Odoo, a wire that was only announced keeps nobody from paying in another way.

        :rtype: recordset of `payment.transaction`
        """
        return self._get_posted_invoices().transaction_ids.filtered(
            lambda t: t.provider_code not in ("none", "custom")
        )

    def _has_failed_payment(self):
        """Return whether the last try to pay did not go through.

        :rtype: bool
        """
        self.ensure_one()
        payments = self.transaction_ids.filtered(lambda t: t.operation != "refund")
        return payments.sorted("id")[-1:].state in ("cancel", "error")

    @api.model
    def _check_no_money_held(self):
        """Refuse what would lose the trace of clients' money.

        :raise UserError: when bookings that did not take place were paid, or have a payment under
            way
        """
        domain = Domain("amount_held", "!=", 0) | (
            Domain("amount_paid", "!=", 0) & Domain("state", "not in", ["attended", "no_show"])
        )
        domain |= Domain("transaction_ids.state", "in", ["pending", "authorized"])
        domain |= Domain("operation_ids.state", "in", OPEN_STATES)
        count = self.search_count(domain)
        if count:
            raise UserError(
                self.env._(
                    "Bookings that hold clients' money: %(count)s. Uninstalling would lose what"
                    " was paid for which appointment. Let them take place or refund them first.",
                    count=count,
                )
            )

    def _format(self, amount):
        """Return an amount as the reader of a page or a mail reads it, else the booking's client.

        :param float amount: in major units
        :rtype: str
        """
        lang = self.env.context.get("lang") or self.lang
        return self.with_context(lang=lang).currency_id.format(amount)
