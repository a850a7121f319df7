import logging
import random
import time
from typing import NamedTuple

from requests.exceptions import HTTPError

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..rules import operations
from .appointment_payment_operation import OPEN_STATES
from .payment_transaction import ANSWERS_KEY, Answers

_logger = logging.getLogger(__name__)

TRIES = 5  # of a step that meets another process


class Answer(NamedTuple):
    """What came of one call.

    :param str outcome: answered | absent (looked up, and not there) | unknown | failed
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
        """Send operations as soon as the decision is committed; the cron is the net."""
        self.env.cr.postcommit.add(self._run)
        cron = self.env.ref("appointment_payments.cron_reconcile_transactions")
        # sudo: whoever decides has no right on scheduled actions
        cron.sudo()._trigger(at=fields.Datetime.add(fields.Datetime.now(), minutes=1))

    @api.model
    def _cron_reconcile_transactions(self, batch_size=100):
        """Scheduled action: go on with every operation that no process finished.

        :param int batch_size: how many are looked up at a time
        """
        tried = self.browse()
        while due := self.search(
            [("next_attempt_at", "<=", fields.Datetime.now()), ("id", "not in", tried.ids)],
            order="next_attempt_at, id",
            limit=batch_size,
        ):
            for operation in due:
                operation._run()
                tried |= operation
                if not self.env["ir.cron"]._commit_progress(1):
                    return

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

    def _in_own_cursor(self, step):
        """Run one step in a cursor of its own, committed; again when it meets another process.

        :param callable step: takes the operation in that cursor, as the system
        :return: what the step returns
        """
        for tries_left in reversed(range(TRIES)):
            try:
                with self.env.registry.cursor() as cr:
                    return step(self._with_cursor(cr))
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                if not tries_left:
                    raise
                time.sleep(random.uniform(0, 0.1 * 2 ** (TRIES - tries_left)))
        return None

    def _with_cursor(self, cr):
        operation = api.Environment(cr, SUPERUSER_ID, {})[self._name].browse(self.id)
        return operation.with_company(operation.company_id)

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
        if not self.try_lock_for_update() or not self._is_due():
            return None
        if self.state != "intended" and not self._may_be_sent_again():
            self._set_unknown(
                self.error or self.env._("The connection was lost while it was sent."), False
            )
            return None
        if not self.refund_transaction_id and self._is_done_by_hand():
            self._set_done(False)
            return None
        lease_until = fields.Datetime.now() + operations.LEASE
        self._set_sent(self.refund_transaction_id or self._create_refund(), lease_until)
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

    def _is_done_by_hand(self):
        """Return whether somebody gave the money back before this was sent (design rule 13).

        :rtype: bool
        """
        refunds = self.transaction_id.child_transaction_ids.filtered(
            lambda t: t.operation == "refund" and t.state in ("pending", "done")
        )
        left = self.transaction_id.amount + sum(refunds.mapped("amount"))
        return self.currency_id.compare_amounts(left, self.amount) < 0

    def _create_refund(self):
        """Make the child transaction before the call, so that a webhook finds it.

        :rtype: recordset of `payment.transaction`
        """
        refund = self.transaction_id._create_child_transaction(self.amount, is_refund=True)
        refund._log_sent_message()
        return refund

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
        """Send the refund, or look it up when that is safer.

        :rtype: Answer
        """
        answers = Answers()
        refund = self.refund_transaction_id.with_context(
            **{ANSWERS_KEY: answers}, appointment_idempotency_key=self.idempotency_key
        )
        refund._ensure_provider_is_not_disabled()
        alive = operations.key_is_alive(self.first_sent_at, fields.Datetime.now())
        if self.provider_reference or not alive:
            found = refund._look_up_refund()
            return Answer("answered", [found]) if found else Answer("absent")
        try:
            refund._send_refund_request()
        except ValidationError as error:
            # a provider that repeats its error under the key may have done it all the same
            found = self._look_up_after(error)
            if not found:
                raise
            return Answer("answered", [found])
        return Answer("answered", list(answers))

    def _look_up_after(self, error):
        """Return the payment data of a refund whose request has ended in an error, if it is there.

        :rtype: dict|None
        """
        if self._classify(error) != "unknown":
            return None
        try:
            return self.refund_transaction_id._look_up_refund()
        except ValidationError:
            return None

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
        refund = self.refund_transaction_id
        # in the order in which a webhook locks: it comes to the same rows
        self._wait_for(refund)
        self._wait_for(self)
        if self.state != "sent" or self.attempts != attempt:
            return
        if answer.outcome == "answered":
            self._apply_answer(refund, answer)
        elif answer.outcome == "absent":
            self._set_intended_again()
        elif answer.outcome == "failed":
            refund._set_error(answer.error)
        else:
            moment = operations.retry_at(fields.Datetime.now(), self.attempts)
            self._set_unknown(answer.error, moment if self._may_be_sent_again() else False)

    def _wait_for(self, record):
        """Lock a record, or wait and fail to serialize when it has changed: the step is repeated.

        Odoo's own `lock_for_update` does not wait.
        """
        self.env.cr.execute(
            SQL(
                "SELECT FROM %s WHERE id = %s FOR UPDATE",
                SQL.identifier(record._table),
                record.id,
            ),
            log_exceptions=False,
        )

    def _apply_answer(self, refund, answer):
        """Apply what the provider said; a done refund closes the ledger in the same transaction."""
        for payment_data in answer.payment_data:
            refund._process(refund.provider_code, payment_data)
        if refund.state in ("draft", "pending"):
            self._set_accepted(refund.provider_reference, self._get_look_up_moment())
        elif refund.state == "done":
            refund._post_process_safely()

    def _get_look_up_moment(self):
        """Return when to look up a refund that the provider works on; False to wait for its word.

        :rtype: datetime|bool
        """
        if not self._may_be_sent_again():
            return False
        return fields.Datetime.now() + operations.LOOK_UP_EVERY
