import logging
from datetime import timedelta

from psycopg2 import OperationalError

from odoo import SUPERUSER_ID, fields, models

_logger = logging.getLogger(__name__)

ANSWERS_KEY = "appointment_operation_answers"


class Answers(list):
    """What a provider said during a call of an operation; nobody can send one over RPC."""


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    appointment_booking_id = fields.Many2one(
        "appointment.payment.booking",
        string="Booking",
        index="btree_not_null",
        ondelete="restrict",
        readonly=True,
    )

    def _compute_reference_prefix(self, separator, **values):
        """Override of `payment`: the processor gets the booking's reference, no service (rule 16).

        See the parent method for the parameters.
        """
        booking_id = values.get("appointment_booking_id")
        if booking_id:
            return self.env["appointment.payment.booking"].browse(booking_id).name
        return super()._compute_reference_prefix(separator, **values)

    def _is_under_way(self):
        """Return whether a payment is taken, held, on its way or unknown, and not yet acted on.

        A payment with a saved card is charged by the server: while it is a draft, the provider
        may have it or not, and unknown is not failed (design rule 6).

        :rtype: bool
        """
        self.ensure_one()
        return (
            self.state in ("pending", "authorized")
            or (self.state == "done" and not self.is_post_processed)
            or (self.state == "draft" and self.operation == "online_token")
        )

    def _create_child_transaction(self, amount, is_refund=False, **custom_create_values):
        """Override of `payment`: captures in parts, voids and refunds stay with their booking."""
        if self.appointment_booking_id:
            custom_create_values.setdefault(
                "appointment_booking_id", self.appointment_booking_id.id
            )
        return super()._create_child_transaction(
            amount, is_refund=is_refund, **custom_create_values
        )

    def _apply_updates(self, payment_data):
        """Override of `payment`: a booking that needs no answer is captured at once (rule 9).

        The Demo provider reads a setting of the provider there; what it reads beside it says that
        this payment is captured.
        """
        if self.provider_code == "demo" and self.appointment_booking_id:
            payment_data = {**payment_data, "manual_capture": True}
        return super()._apply_updates(payment_data)

    def _update_state(self, allowed_states, target_state, state_message):
        """Override of `payment`: act soon on what happened to a booking's payment.

        A minute later, because the payment page itself usually does it at once.
        """
        moved = super()._update_state(allowed_states, target_state, state_message)
        moved._update_operations()
        if moved.appointment_booking_id:
            cron = self.env.ref("payment.cron_post_process_payment_tx")
            # sudo: the public page has no right on scheduled actions
            cron.sudo()._trigger(at=fields.Datetime.now() + timedelta(minutes=1))
        return moved

    def _update_operations(self):
        """Tell the operations of refunds what became of these."""
        refunds = self.filtered(lambda t: t.operation == "refund" and t.appointment_booking_id)
        if refunds:
            # sudo: the provider's word, brought by a webhook or a page
            operations = self.env["appointment.payment.operation"].sudo()
            refunds.flush_recordset()  # a webhook locks in the order in which the runner does
            operations.search([("refund_transaction_id", "in", refunds.ids)])._follow_refund()

    def _process(self, provider_code, payment_data):
        """Override of `payment`: what a provider says during a call of an operation is kept.

        It is processed when the call is over, in a transaction that saw what came meanwhile.
        """
        answers = self.env.context.get(ANSWERS_KEY)
        if isinstance(answers, Answers):
            answers.append(payment_data)
            return self
        return super()._process(provider_code, payment_data)

    def _can_be_refunded(self, amount):
        """Return whether the provider pays this back when it is asked to.

        :param float amount: in major units
        :rtype: bool
        """
        self.ensure_one()
        method = self.payment_method_id.primary_payment_method_id or self.payment_method_id
        support = {self.provider_id.support_refund or "none", method.support_refund}
        if "none" in support:
            return False
        is_full = not self.currency_id.compare_amounts(amount, self.amount)
        return is_full or "full_only" not in support

    def _look_up_refund(self):
        """Ask the provider what became of a refund. Providers that keep keys override this.

        :return: the payment data for `_process`; None when there is no such refund
        :rtype: dict|None
        """
        self.ensure_one()
        return None

    def _post_process_safely(self):
        """Post-process; when that fails it is left to Odoo's cron, and what was learned stays."""
        try:
            with self.env.cr.savepoint():
                self._post_process()
        except OperationalError:
            raise  # another process was there: the whole step is repeated
        except Exception:
            _logger.exception("Refund %s could not be posted; it is tried again", self.reference)

    def _post_process(self):
        """Override of `payment`: confirm and invoice the booking before the payment is posted.

        Runs as OdooBot in the booking's company (design rule 15). The page's poll and the cron
        may meet here: the second waits for the first, fails to serialize, and finds it done.
        """
        booked = self.filtered("appointment_booking_id")
        for transaction in booked:
            transaction = transaction.with_user(SUPERUSER_ID).with_company(transaction.company_id)
            booking = transaction.appointment_booking_id
            booking._lock_for_payment()
            if not transaction.is_post_processed:
                booking._receive_transaction(transaction)
            super(PaymentTransaction, transaction)._post_process()
            if transaction.operation == "refund":
                booking._settle_refund_in_books(transaction)
        return super(PaymentTransaction, self - booked)._post_process()

    def _log_message_on_linked_documents(self, message):
        """Override of `payment`: the booking's chatter tells what happened to its money."""
        if self.appointment_booking_id:
            self.appointment_booking_id.with_user(SUPERUSER_ID).message_post(body=message)
        return super()._log_message_on_linked_documents(message)
