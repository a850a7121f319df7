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
    capture_method = fields.Selection(
        selection=[("automatic", "At once"), ("manual", "Held until the answer")],
        string="Capture",
        readonly=True,
        copy=False,
        help="Decided when the payment of a booking is begun.",
    )
    capture_before = fields.Datetime(
        readonly=True, copy=False, help="When the hold of the money lapses."
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
        self._lock_bookings()  # providers make one for word of theirs, before they write it down
        if self.appointment_booking_id:
            custom_create_values.setdefault(
                "appointment_booking_id", self.appointment_booking_id.id
            )
        return super()._create_child_transaction(
            amount, is_refund=is_refund, **custom_create_values
        )

    def _apply_updates(self, payment_data):
        """Override of `payment`: Demo captures as the transaction says, not as it is set (rule 9).

        It reads a setting of the provider there; what it reads beside it says that this payment is
        captured. One that is to be held is authorised instead.
        """
        is_ours = self.appointment_booking_id or self.source_transaction_id
        if self.provider_code != "demo" or not (is_ours and self._get_operation_booking()):
            return super()._apply_updates(payment_data)
        is_held = self.capture_method == "manual" and payment_data["simulated_state"] == "done"
        if is_held and self.state in ("draft", "pending", "error"):
            return self._apply_demo_hold(payment_data)
        return super()._apply_updates({**payment_data, "manual_capture": True})

    def _apply_demo_hold(self, payment_data):
        """Hold a payment of the Demo provider, with what it does before it writes the state."""
        self.provider_reference = f"demo-{self.reference}"
        if self.tokenize:
            self._tokenize(payment_data)
        self._set_authorized()

    def _set_authorized(self, *, state_message=None, extra_allowed_states=()):
        """Override of `payment`: a card that was refused first may be held by the next try.

        Also when it was given up here in the meantime: the money is held, whatever stands here.
        """
        firsts = self.filtered("appointment_booking_id")
        held = super(PaymentTransaction, firsts)._set_authorized(
            state_message=state_message,
            extra_allowed_states=(*extra_allowed_states, "error", "cancel"),
        )
        for transaction in held.filtered(lambda t: not t.capture_before):
            transaction.capture_before = transaction._get_usual_capture_before()
        return held | super(PaymentTransaction, self - firsts)._set_authorized(
            state_message=state_message, extra_allowed_states=extra_allowed_states
        )

    def _get_usual_capture_before(self):
        """Return when a hold lapses where the provider does not say so.

        :rtype: datetime
        """
        method = self.payment_method_id
        return fields.Datetime.now() + self.provider_id._get_hold_window(method)

    def _set_done(self, *, state_message=None, extra_allowed_states=()):
        """Override of `payment`: money that arrives after all is not ignored (design rule 2)."""
        given_up = self.filtered(
            lambda t: t.appointment_booking_id
            and t.state == "cancel"
            and not (t.source_transaction_id or t._is_in_parts())
        )
        late = super(PaymentTransaction, given_up)._set_done(
            state_message=state_message, extra_allowed_states=(*extra_allowed_states, "cancel")
        )
        return late | super(PaymentTransaction, self - given_up)._set_done(
            state_message=state_message, extra_allowed_states=extra_allowed_states
        )

    def _set_canceled(self, state_message=None, extra_allowed_states=()):
        """Override of `payment`: a declined payment that can be paid no more has ended."""
        declined = self.filtered(lambda t: t.appointment_booking_id and t._may_still_be_paid())
        ended = super(PaymentTransaction, declined)._set_canceled(
            state_message=state_message, extra_allowed_states=(*extra_allowed_states, "error")
        )
        return ended | super(PaymentTransaction, self - declined)._set_canceled(
            state_message=state_message, extra_allowed_states=extra_allowed_states
        )

    def _update_state(self, allowed_states, target_state, state_message):
        """Override of `payment`: act soon on what happened to a booking's payment.

        A minute later, because the payment page itself usually does it at once.
        """
        if not isinstance(self.env.context.get(ANSWERS_KEY), Answers):
            # their amounts change with it
            self.filtered(lambda t: t.state in allowed_states)._lock_bookings()
        moved = super()._update_state(allowed_states, target_state, state_message)
        moved._update_operations()
        moved._plan_next_look()
        if moved.appointment_booking_id:
            cron = self.env.ref("payment.cron_post_process_payment_tx")
            # sudo: the public page has no right on scheduled actions
            cron.sudo()._trigger(at=fields.Datetime.now() + timedelta(minutes=1))
        return moved

    def _process(self, provider_code, payment_data):
        """Override of `payment`: what a provider says during a call of an operation is kept.

        It is processed when the call is over, in a transaction that saw what came meanwhile.
        """
        answers = self.env.context.get(ANSWERS_KEY)
        if isinstance(answers, Answers):
            answers.append(payment_data)
            return self
        return super()._process(provider_code, payment_data)

    def _look_up_outcome(self):
        """Ask the provider what became of what was asked with this transaction.

        Providers that keep idempotency keys override this.

        :return: the payment data for `_process`; None when it has not happened
        :rtype: dict|None
        :raise ValidationError: when the provider does not say
        """
        self.ensure_one()
        return None

    def _post_process_safely(self):
        """Post-process; when that fails it is left to Odoo's cron, and what was learned stays.

        :return: why it failed; nothing when it worked
        :rtype: str
        """
        try:
            with self.env.cr.savepoint():
                self._post_process()
        except OperationalError:
            raise  # another process was there: the whole step is repeated
        except Exception as error:
            _logger.exception("Payment %s could not be posted; it is tried again", self.reference)
            return str(error) or type(error).__name__
        return ""

    def _post_process(self):
        """Override of `payment`: confirm and invoice the booking before the payment is posted.

        Runs as OdooBot in the booking's company (design rule 15). The page's poll and the cron
        may meet here: the second waits for the first, fails to serialize, and finds it done.
        """
        booked = self.filtered("appointment_booking_id")
        for transaction in booked:
            transaction = transaction.with_user(SUPERUSER_ID).with_company(transaction.company_id)
            booking = transaction.appointment_booking_id
            transaction._lock_bookings()
            if not transaction.is_post_processed:
                booking._receive_transaction(transaction)
            super(PaymentTransaction, transaction)._post_process()
            transaction._plan_next_look()
            for refund in transaction._get_refunds_to_enter():
                booking._settle_refund_in_books(refund)
        others = self - booked
        others._lock_bookings()
        others._replace_cancelled_payments()
        arrived = others.filtered(
            lambda t: t.state == "done" and t.operation != "refund" and not t.is_post_processed
        )
        result = super(PaymentTransaction, others)._post_process()
        for transaction in arrived.with_user(SUPERUSER_ID):
            if booking := transaction._get_operation_booking():
                booking._tell_linked_paid_beside(transaction)
        for transaction in others:
            for refund in transaction._get_refunds_to_enter():
                refund._get_operation_booking()._settle_refund_in_books(refund)
        return result

    def _log_message_on_linked_documents(self, message):
        """Override of `payment`: the booking's chatter tells what happened to its money."""
        if self.appointment_booking_id:
            self.appointment_booking_id.with_user(SUPERUSER_ID).message_post(body=message)
        return super()._log_message_on_linked_documents(message)
