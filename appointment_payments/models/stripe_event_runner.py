import logging
from datetime import timedelta
from functools import partial

from psycopg2 import OperationalError
from requests.exceptions import RequestException
from stripe import StripeError

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..rules import operations
from .payment_transaction import ANSWERS_KEY, Answers
from .stripe_event import IgnoredEventError, OutdatedError, RefusedEventError

_logger = logging.getLogger(__name__)

TRIES = 5  # of what was outdated when it had been fetched
# a process that died in the middle is waited for this long; an event asks Stripe a few times
LEASE = timedelta(minutes=2)
# what a provider, or another process, brings about; the rest is a mistake of ours
EXPECTED = (UserError, RequestException, StripeError, OperationalError)
GIVE_UP_AFTER = 12  # attempts: about a day


class AppointmentPaymentStripeEvent(models.Model):
    """Acts on stored events, in cursors of its own.

    Take it, fetch what it is about with nothing locked and no transaction open, take over what
    Stripe says. The last step is one transaction: the effect and the note that it was processed
    are committed together, or neither is.
    """

    _inherit = "appointment.payment.stripe.event"

    def _run_when_answered(self, work):
        """Act on an event once it is committed and Stripe has its answer; the cron is the net.

        :param list work: what is called when the answer is out; once committed, this is in it
        """
        cron = self.env.ref("appointment_payments.cron_reconcile_transactions")
        # sudo: the public route has no right on scheduled actions
        cron.sudo()._trigger(at=fields.Datetime.add(fields.Datetime.now(), minutes=1))
        # it needs nothing of this cursor, which is closed by then
        self.env.cr.postcommit.add(lambda: work.append(self._run))

    @api.model
    def _process_due(self, batch_size=100):
        """Go on with every event that no process finished; called by the scheduled action.

        :param int batch_size: how many are looked up at a time
        """
        tried = self.browse()
        while due := self.search(
            [("next_attempt_at", "<=", fields.Datetime.now()), ("id", "not in", tried.ids)],
            order="next_attempt_at, id",
            limit=batch_size,
        ):
            for event in due:
                event._run()
                tried |= event
                if not self.env["ir.cron"]._commit_progress(1):
                    return

    def _run(self):
        """Make one attempt at each event that is due. Errors stay with their event."""
        for event in self:
            try:
                attempt = event._in_own_cursor(type(event)._take)
                if attempt:
                    event._attempt(attempt)
            except Exception:
                _logger.exception("Event %s failed; it is tried again", event.id)

    def _attempt(self, attempt):
        """Fetch what the event is about, and take it over.

        :param int attempt: its number; a later one is not overruled
        """
        try:
            self._fetch_and_apply(attempt)
        except Exception as error:
            if isinstance(error, EXPECTED):
                _logger.info("Event %s was not processed: %s", self.id, error)
            else:
                _logger.exception("Event %s broke; it is tried again", self.id)
            outcome = error  # Python forgets the name
            self._in_own_cursor(lambda event: event._note(attempt, outcome))

    def _fetch_and_apply(self, attempt):
        """Fetch, and take over unless it is outdated by then: what was fetched first and comes last
        would undo what came between.

        :param int attempt: its number
        """
        for tries_left in reversed(range(TRIES)):
            fetched = self._fetch_in_own_cursor()
            try:
                self._in_own_cursor(partial(type(self)._apply, attempt=attempt, fetched=fetched))
                return
            except OutdatedError:
                if not tries_left:
                    raise

    def _take(self):
        """Take an event for one attempt, unless another process has it or it is not due.

        :return: the number of the attempt; None when there is none to make
        :rtype: int|None
        """
        now = fields.Datetime.now()
        if not self.try_lock_for_update() or not self._is_open():
            return None
        if not self.next_attempt_at or self.next_attempt_at > now:
            return None
        self.write({"attempts": self.attempts + 1, "next_attempt_at": now + LEASE})
        return self.attempts

    def _is_open(self):
        return bool(self.exists()) and self.state in ("received", "failed")

    def _fetch_in_own_cursor(self):
        """Ask Stripe; the cursor commits before each call, so nothing is open meanwhile."""
        with self.env.registry.cursor() as cr:
            event = self._with_cursor(cr).with_context(**{ANSWERS_KEY: Answers()})
            return event._fetch()

    def _apply(self, attempt, fetched):
        """Take over what Stripe says, and note it in the same transaction.

        :param int attempt: the number of the attempt; a later one is not overruled
        :param dict fetched: what :meth:`_fetch` returned
        """
        if self._wait_for_turn(attempt):
            self._take_over(fetched)
            self._set_processed()

    def _note(self, attempt, error):
        """Note what became of an attempt that had no effect.

        :param Exception error: what was raised
        """
        if not self._wait_for_turn(attempt):
            return
        self.transaction_id = self._get_payment_named()
        if isinstance(error, IgnoredEventError):
            self._set_ignored(str(error))
            return
        final = isinstance(error, RefusedEventError) or attempt >= GIVE_UP_AFTER
        now = fields.Datetime.now()
        self._set_failed(str(error), False if final else operations.retry_at(now, attempt))
        if final:
            self._ask_people()

    def _wait_for_turn(self, attempt):
        """Lock the event, and return whether it is still this attempt that has it.

        :rtype: bool
        """
        self.env.cr.execute(
            SQL(
                "SELECT attempts FROM appointment_payment_stripe_event WHERE id = %s FOR UPDATE",
                self.id,
            ),
            log_exceptions=False,
        )
        return self._is_open() and self.attempts == attempt


class AppointmentPaymentOperation(models.Model):
    _inherit = "appointment.payment.operation"

    @api.model
    def _cron_reconcile_transactions(self, batch_size=100):
        """Override of `appointment_payments` to process events that were left behind."""
        result = super()._cron_reconcile_transactions(batch_size=batch_size)
        self.env["appointment.payment.stripe.event"]._process_due(batch_size)
        return result
