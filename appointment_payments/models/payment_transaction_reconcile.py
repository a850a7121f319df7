import logging

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..rules import capture, operations
from .appointment_payment_runner import MET_ANOTHER, TRIES
from .payment_transaction import ANSWERS_KEY, Answers

_logger = logging.getLogger(__name__)

FINAL_STATES = ("done", "cancel", "error")


class PaymentTransaction(models.Model):
    """Payments that nobody brings news of are looked at in time; the provider is asked first."""

    _inherit = "payment.transaction"

    reconcile_at = fields.Datetime(
        readonly=True, copy=False, help="When it is looked at next, should no news come."
    )

    _reconcile_index = models.Index("(reconcile_at, id) WHERE reconcile_at IS NOT NULL")

    def _plan_next_look(self):
        """Note when bookings' payments are looked at next."""
        for transaction in self.filtered("appointment_booking_id"):
            moment = transaction._get_next_look()
            if transaction.reconcile_at != moment:
                transaction.reconcile_at = moment

    def _get_next_look(self):
        """Return when a payment is looked at next.

        :return: False when there is nothing more to come
        :rtype: datetime|bool
        """
        now = fields.Datetime.now()
        if self.state == "authorized":
            ends = self.capture_before or self._get_usual_capture_before()
            return max(ends - capture.MARGIN, now)
        if self.state in FINAL_STATES and not self.is_post_processed:
            # Odoo's own action tries it meanwhile; people are told when it has not worked by then
            return operations.next_look(self.last_state_change, now)
        if self._may_still_be_paid():
            return operations.next_look(self.last_state_change, now)
        if self.state in FINAL_STATES:
            return False
        if self.state == "pending":
            return now + operations.LOOK_UP_EVERY
        if not self.provider_reference:
            return False
        return operations.next_look(self.last_state_change, now)

    @api.model
    def _reconcile_due(self, batch_size):
        """Look at the payments that are due; one that breaks stops no other.

        :param int batch_size: how many are looked up at a time
        :return: whether there is time left
        :rtype: bool
        """
        tried = self.browse()
        while due := self.search(
            [("reconcile_at", "<=", fields.Datetime.now()), ("id", "not in", tried.ids)],
            order="reconcile_at, id",
            limit=batch_size,
        ):
            for transaction in due:
                transaction._reconcile_safely()
                tried |= transaction
                if not self.env["ir.cron"]._commit_progress(1):
                    return False
        return True

    def _reconcile_safely(self):
        """Look at one payment; its failure stays its own.

        Who meets another process looks afresh, and asks the provider again: the next look may be
        days away.
        """
        for _try in range(TRIES):
            try:
                self._reconcile_in_steps()
                return
            except MET_ANOTHER:
                self.env.cr.rollback()
            except Exception:
                _logger.exception("Payment %s could not be looked at; it is later", self.reference)
                self.env.cr.rollback()
                return
        _logger.info("Payment %s is being changed; it is looked at later", self.reference)

    def _reconcile_in_steps(self):
        """Look at one payment, in steps of which each is committed."""
        now = fields.Datetime.now()
        # should this process die, or somebody else be at it
        self.reconcile_at = operations.next_look(self.last_state_change, now)
        self.env["ir.cron"]._commit_progress()
        payment_data = self._ask_provider()
        with self.env.cr.savepoint():
            self._reconcile(payment_data)

    def _ask_provider(self):
        """Ask the provider what became of a payment, with nothing locked.

        :return: the payment data for `_process`; None when there is no news
        :rtype: dict|None
        """
        if self.state in FINAL_STATES and not self._may_still_be_paid():
            return None
        # what is asked for a booking that is over must not be paid later (rule 2)
        asked = self.with_context(**{ANSWERS_KEY: Answers()})
        try:
            found = asked._look_up_outcome()
            if not found and self.state in ("draft", "error") and self._is_abandoned():
                found = asked._cancel_at_provider()
        except ValidationError as error:
            _logger.info("No word on %s: %s", self.reference, error)
            return None
        return found

    def _is_abandoned(self):
        """Return whether nobody may pay this any more.

        :rtype: bool
        """
        if self.state == "error" and operations.is_given_up(
            self.last_state_change, fields.Datetime.now()
        ):
            return True
        return self.appointment_booking_id.state in ("expired", "cancelled")

    def _may_still_be_paid(self):
        """Return whether the client can go on with a payment that was declined, in its open form.

        Providers whose forms allow that override this.

        :rtype: bool
        """
        self.ensure_one()
        return False

    def _cancel_at_provider(self):
        """Have the provider refuse a payment that its client has begun and not finished.

        Providers that can override this.

        :return: the payment data for `_process`; None when nothing was cancelled
        :rtype: dict|None
        """
        self.ensure_one()
        return None

    def _reconcile(self, payment_data):
        """Act on what was learned, or on what nobody has acted on.

        :param dict payment_data: what the provider said; None when there is no news
        """
        booking = self.appointment_booking_id
        if payment_data:
            self._process(self.provider_code, payment_data)
        if self.state in FINAL_STATES and not self.is_post_processed:
            is_late = self.last_state_change <= fields.Datetime.now() - operations.ODOO_GIVES_UP
            if problem := self._post_process_safely():
                booking._tell_not_posted(self, problem)
            else:
                booking._tell_recovered(self, is_late)
        elif self.state == "authorized":
            self._reconcile_hold()

    def _reconcile_hold(self):
        """Remind people of a hold that is about to lapse; look at it again when it should have."""
        now = fields.Datetime.now()
        if not self.capture_before or self.capture_before > now:
            self.appointment_booking_id._tell_hold_ends(self)
            self.reconcile_at = (self.capture_before or now) + operations.AFTER_LAPSE
        elif not self.provider_id._keeps_idempotency_keys():
            self.reconcile_at = False  # nobody to ask
