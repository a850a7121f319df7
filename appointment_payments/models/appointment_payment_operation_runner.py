import logging
from typing import NamedTuple

from requests.exceptions import HTTPError

from odoo import fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ..rules import operations
from .appointment_payment_operation import OPEN_STATES
from .payment_transaction import ANSWERS_KEY, Answers

_logger = logging.getLogger(__name__)

# more are left to the scheduled action, so that nobody waits for a provider that often
MOST_SENT_AT_ONCE = 5
QUEUED = "appointment_payments.queued_operations"


class Answer(NamedTuple):
    """What came of one call.

    :param str outcome: answered | absent (looked up, and not there) | unknown | failed | refused
        (but it may have happened at an attempt before)
    :param list payment_data: what the provider said, as Odoo's `_process` takes it
    :param str error: what went wrong, for staff
    """

    outcome: str
    payment_data: list = []
    error: str = ""


class AppointmentPaymentOperation(models.Model):
    """Sends operations, in cursors of its own (design rule 6).

    Three steps, each committed: take it, call the provider with nothing locked and no transaction
    open, settle the result and its effects together. A process may die between any two.
    """

    _inherit = "appointment.payment.operation"

    def _run_after_commit(self):
        """Send operations as soon as the decision is committed; the cron is the net.

        Of many that are decided in one transaction the cron sends the rest, at once.
        """
        # sudo: whoever decides has no right on scheduled actions
        cron = self.env.ref("appointment_payments.cron_reconcile_transactions").sudo()
        queue = self.env.cr.postcommit
        queue.data[QUEUED] = queue.data.get(QUEUED, 0) + len(self)
        if queue.data[QUEUED] > MOST_SENT_AT_ONCE:
            cron._trigger()
            return
        queue.add(self._run_committed)
        cron._trigger(at=fields.Datetime.add(fields.Datetime.now(), minutes=1))

    def _run_committed(self):
        """Send what was committed: not what was rolled back to a savepoint after it was decided."""
        with self.env.registry.cursor() as cr:
            committed = self.with_env(self.env(cr=cr)).exists().ids
        self.browse(committed)._run()

    def _run(self):
        """Make one attempt at each operation that is due. Errors stay with their operation."""
        for operation in self:
            try:
                # what was looked up and is not there is sent at once, under a new key
                if operation._attempt() == "absent":
                    operation._attempt()
            except Exception as error:
                _logger.exception("Operation %s failed; it is tried again", operation.id)
                operation._postpone(str(error))

    def _attempt(self):
        """Take an operation, call the provider, settle what it said.

        :return: the outcome of the call; None when there was none
        :rtype: str|None
        """
        attempt = self._in_own_cursor(lambda operation: operation._take())
        if not attempt:
            return None
        answer = self._call()
        self._in_own_cursor(lambda operation: operation._settle(attempt, answer))
        return answer.outcome

    def _postpone(self, error):
        """Keep an operation that broke before it was sent from being tried all the time."""
        try:
            self._in_own_cursor(
                lambda operation: operation.filtered("next_attempt_at").write(
                    {
                        "error": error,
                        "next_attempt_at": fields.Datetime.add(fields.Datetime.now(), hours=1),
                    }
                )
            )
        except Exception:
            _logger.exception("Operation %s could not be postponed", self.id)

    # === TAKE === #

    def _take(self):
        """Take an operation for one attempt, unless another process has it or it is not due.

        :return: the number of the attempt; None when there is none to make
        :rtype: int|None
        """
        self.booking_id._lock_for_payment()
        if not self.try_lock_for_update() or not self._is_due():
            return None
        if self.state != "intended" and not self._may_be_sent_again():
            self._set_unknown(
                self.error or self.env._("The connection was lost while it was sent."), False
            )
            return None
        if not self.first_sent_at and self._is_overtaken() and not self._reduce_to_what_is_left():
            self._close_overtaken()
            return None
        self._ensure_answered()
        self._set_sent(fields.Datetime.now() + operations.LEASE)
        return self.attempts

    def _is_due(self):
        return bool(
            self.state in OPEN_STATES
            and self.next_attempt_at
            and self.next_attempt_at <= fields.Datetime.now()
        )

    def _may_be_sent_again(self):
        """Return whether sending twice has one effect: the provider keeps idempotency keys."""
        return self.transaction_id.provider_id._keeps_idempotency_keys()

    # === CALL === #

    def _call(self):
        """Ask the provider; whatever goes wrong is an answer too.

        :rtype: Answer
        """
        try:
            with self.env.registry.cursor() as cr:
                return self._with_cursor(cr)._ask_provider()
        except Exception as error:
            return Answer(self._classify(error), error=str(error))

    def _ask_provider(self):
        """Ask the provider; a refusal is not a word on what was sent before.

        The keys may have been changed since, or the provider disabled.

        :rtype: Answer
        """
        may_have_happened = self._is_repeated() and not self.is_looked_up
        try:
            return self._send_or_look_up()
        except Exception as error:
            if may_have_happened and self._classify(error) == "failed":
                return Answer("refused", error=str(error))
            raise

    def _is_repeated(self):
        if not self.next_attempt_at:
            return True  # its provider has said something meanwhile
        return operations.is_repeated(self.first_sent_at, self.next_attempt_at)

    def _send_or_look_up(self):
        """Send the request, or look up what came of it when that is safer.

        :rtype: Answer
        """
        answers = Answers()
        answered = self._get_answered().with_context(
            **{ANSWERS_KEY: answers}, appointment_idempotency_key=self.idempotency_key
        )
        answered._ensure_provider_is_not_disabled()
        alive = operations.key_is_alive(self.first_sent_at, fields.Datetime.now())
        if self.provider_reference or not alive:
            found = answered._look_up_outcome()
            return Answer("answered", [found]) if found else Answer("absent")
        try:
            getattr(answered, self._get_kind().request)()
        except ValidationError as error:
            # a provider that repeats its error under the key may have done it all the same
            if found := self._look_up_after(answered, error):
                return found
            raise
        return Answer("answered", list(answers))

    def _look_up_after(self, answered, error):
        """Look up what came of a request that has ended in an error.

        A hold can end in one way only: where it is still there, the request may be made anew, since
        an error that the provider repeats would last as long as its key. A refusal is final where
        nothing came of an attempt before it either.

        :param answered: the `payment.transaction` that the answer is for
        :param Exception error: what was raised
        :return: nothing when that says no more than the error
        :rtype: Answer|None
        """
        ends_hold, is_unknown = self._get_kind().ends_hold, self._classify(error) == "unknown"
        if not (is_unknown or ends_hold or self._is_repeated()):
            return None
        try:
            found = answered._look_up_outcome()
        except ValidationError:
            return None
        if found:
            return Answer("answered", [found])
        if not is_unknown:
            return Answer("failed", error=str(error))
        is_final = isinstance(error.__context__, HTTPError) and self._may_be_sent_again()
        return Answer("absent") if ends_hold and is_final else None

    def _classify(self, error):
        """Say what an error during a call means: Odoo turns most into one `ValidationError`.

        :param Exception error: what was raised
        :return: 'unknown' or 'failed'
        :rtype: str
        """
        cause = error.__context__ if isinstance(error, ValidationError) else error
        if isinstance(cause, HTTPError):
            return operations.outcome(cause.response.status_code)
        refused = isinstance(error, UserError) and cause in (None, error)
        return "failed" if refused else "unknown"

    # === SETTLE === #

    def _settle(self, attempt, answer):
        """Write down what the provider said, with its effects.

        :param int attempt: the number of the attempt; a later one, or a webhook, is not overruled
        :param Answer answer: what came of the call
        """
        answered = self._get_answered()
        # in the order in which a webhook locks: the booking, what was begun, what came of it
        self.booking_id._lock_for_payment()
        for transaction in (self.transaction_id._get_payment_begun() | answered).sorted("id"):
            self._wait_for(transaction)
        self._wait_for(self)
        if self.state != "sent" or self.attempts != attempt:
            return
        if answer.outcome == "answered":
            self._apply_answer(answered, answer)
        elif answer.outcome == "absent":
            self._set_intended_again()
        elif answer.outcome == "failed":
            answered._set_error(answer.error)
        elif answer.outcome == "refused":
            self._set_unknown(answer.error, False)  # people look
        else:
            moment = operations.retry_at(fields.Datetime.now(), self.attempts)
            self._set_unknown(answer.error, moment if self._may_be_sent_again() else False)

    def _wait_for(self, record):
        """Lock a record, or wait and fail to serialize when it has changed: the step is repeated.

        Odoo's own `lock_for_update` does not wait. A payment that is given a child is not kept
        waiting.
        """
        self.env.cr.execute(
            SQL(
                "SELECT FROM %s WHERE id = %s FOR NO KEY UPDATE",
                SQL.identifier(record._table),
                record.id,
            ),
            log_exceptions=False,
        )

    def _apply_answer(self, answered, answer):
        """Apply what the provider said; its effects on the books are in the same transaction."""
        for payment_data in answer.payment_data:
            answered._process(answered.provider_code, payment_data)
        if answered.state in ("draft", "pending"):
            if self._get_kind().ends_hold and self._is_overtaken():
                self._close_overtaken()
                return
            self._set_accepted(answered.provider_reference, self._get_look_up_moment())
        # a hold that has ended in full ends its source transaction too
        for moved in answered | answered.source_transaction_id:
            if moved.state not in ("draft", "pending") and not moved.is_post_processed:
                moved._post_process_safely()

    def _get_look_up_moment(self):
        """Return when to look up what the provider works on; False to wait for its word.

        :rtype: datetime|bool
        """
        if not self._may_be_sent_again():
            return False
        return fields.Datetime.now() + operations.LOOK_UP_EVERY
