import json

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..rules import stripe_webhook

# what became of refunds and disputes is asked for months later; Stripe repeats for three days
KEEP_DAYS = {"processed": 180, "ignored": 30}


class RefusedEventError(UserError):
    """What Stripe says cannot be applied, and will not be by asking again: a person has to look."""


class IgnoredEventError(UserError):
    """What Stripe says does not concern the bookings of this database."""


class OutdatedError(UserError):
    """Something else happened to the payment while Stripe was asked: it is asked again."""


class MissingPaymentError(UserError):
    """The payment is not here yet: its transaction may not have been committed."""


class AppointmentPaymentStripeEvent(models.Model):
    """What Stripe told us, stored before it is acted on (design rule 7).

    It is acted on after the answer, see ``stripe_event_runner``: the object is fetched again, and
    the event is processed in the same transaction as its effect.
    """

    _name = "appointment.payment.stripe.event"
    _description = "Stripe Event"
    _inherit = "appointment.payment.runner"
    _order = "id desc"
    _rec_name = "event_ref"
    _log_access = False

    event_ref = fields.Char(string="Event", required=True, readonly=True)
    type = fields.Char(required=True, readonly=True)
    account_ref = fields.Char(
        string="Connected account",
        readonly=True,
        help="Empty when it came from the provider's own account.",
    )
    livemode = fields.Boolean(string="Live", readonly=True)
    payload = fields.Text(
        string="What it is about",
        readonly=True,
        help="What finds the object again. Names, cards and secrets are not kept.",
    )
    received_at = fields.Datetime(string="Received", required=True, readonly=True)
    processed_at = fields.Datetime(string="Processed", readonly=True)
    state = fields.Selection(
        selection=[
            ("received", "Received"),
            ("processed", "Processed"),
            ("ignored", "Ignored"),
            ("failed", "Failed"),
        ],
        required=True,
        readonly=True,
        index=True,
    )
    error = fields.Text(string="What went wrong", readonly=True)
    attempts = fields.Integer(readonly=True)
    next_attempt_at = fields.Datetime(string="Next attempt", readonly=True)
    provider_id = fields.Many2one(
        "payment.provider",
        required=True,
        readonly=True,
        ondelete="cascade",
        groups="base.group_system",
    )
    provider_name = fields.Char(related="provider_id.name", string="Payment provider")
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade")
    transaction_id = fields.Many2one(
        "payment.transaction",
        string="Payment",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        groups="base.group_system",
    )
    payment_reference = fields.Char(related="transaction_id.reference", string="Payment reference")
    booking_id = fields.Many2one(related="transaction_id.appointment_booking_id", string="Booking")

    _event_ref_uniq = models.UniqueIndex("(event_ref)")
    _due_index = models.Index("(next_attempt_at, id) WHERE next_attempt_at IS NOT NULL")
    _provider_index = models.Index("(provider_id)")

    # === RECEIVE === #

    @api.model
    def _is_known(self, event_ref):
        """Return whether an event has been stored: what is delivered again costs no more.

        :param str event_ref: evt_…
        :rtype: bool
        """
        self.env.cr.execute(
            "SELECT 1 FROM appointment_payment_stripe_event WHERE event_ref = %s", [event_ref]
        )
        return bool(self.env.cr.fetchone())

    @api.model
    def _receive(self, provider, hint, payment):
        """Store an event, once however often it is delivered.

        :param provider: the `payment.provider` whose secret has signed it
        :param Hint hint: what it says
        :param payment: the `payment.transaction` that it names, if that is known
        :return: the event; empty when it is known
        :rtype: recordset of `appointment.payment.stripe.event`
        """
        try:
            return self._store(self._prepare_values(provider, hint, payment))
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            # the other delivery has been committed since this transaction began
            self.env.cr.rollback()
            if not self._is_known(hint.event_ref):
                raise
            return self.browse()

    def _get_reason_to_ignore(self, provider, hint, payment):
        """Return why nothing is done about an event; where that is unclear, Stripe is asked.

        :return: a sentence, or nothing
        :rtype: str
        """
        foreign = provider._stripe_get_foreign_reason(hint)
        if foreign:
            return foreign
        if not hint.kind:
            return self.env._("Nothing is done about this type.")
        if payment:
            of_bookings = payment._stripe_is_ours()
        else:  # a refund or a dispute does not name its payment
            of_bookings = hint.kind != stripe_webhook.PAYMENT or (
                payment._stripe_find_bookings_by_name(hint.references)
            )
        return "" if of_bookings else self.env._("The payment is not of a booking.")

    def _prepare_values(self, provider, hint, payment):
        """Return what is stored of an event. What concerns nothing here is not acted on.

        :rtype: dict
        """
        now = fields.Datetime.now()
        reason = self._get_reason_to_ignore(provider, hint, payment)
        return {
            "event_ref": hint.event_ref,
            "type": hint.type,
            "account_ref": hint.account_ref or None,
            "livemode": hint.livemode,
            "payload": json.dumps(hint.kept, indent=2, sort_keys=True),
            "received_at": now,
            "processed_at": now if reason else None,
            "state": "ignored" if reason else "received",
            "error": reason or None,
            "attempts": 0,
            "next_attempt_at": None if reason else now,
            "provider_id": provider.id,
            "company_id": provider.company_id.id,
        }

    def _store(self, values):
        """In SQL, since the ORM logs a second one as an error before anybody can catch it."""
        self.env.cr.execute(
            SQL(
                "INSERT INTO appointment_payment_stripe_event (%s) VALUES (%s)"
                " ON CONFLICT (event_ref) DO NOTHING RETURNING id",
                SQL(", ").join(map(SQL.identifier, values)),
                SQL(", ").join(values.values()),
            ),
            log_exceptions=False,
        )
        return self.browse(row[0] for row in self.env.cr.fetchall())

    # === DOORS: they name their sources, and return the events that moved === #

    def _update_state(self, target_state, **values):
        """Move events that are not settled; the one door that writes their state.

        :param str target_state: the state they move to
        :param dict values: what is written along
        :return: the events that moved
        :rtype: recordset of `appointment.payment.stripe.event`
        """
        moved = self.filtered(lambda e: e.state in ("received", "failed"))
        moved.write({"state": target_state, **values})
        return moved

    def _set_processed(self):
        """Note that what it says has been taken over, in the transaction that does so."""
        return self._settle("processed", False)

    def _set_ignored(self, reason):
        """Note that it concerns nothing here.

        :param str reason: why, for the operator
        """
        return self._settle("ignored", reason)

    def _settle(self, state, reason):
        now = fields.Datetime.now()
        return self._update_state(state, processed_at=now, next_attempt_at=False, error=reason)

    def _set_failed(self, error, next_attempt_at):
        """Note what went wrong.

        :param str error: for the operator
        :param datetime next_attempt_at: when to try again; False when a person has to look
        """
        return self._update_state("failed", error=error, next_attempt_at=next_attempt_at)

    def action_try_again(self):
        """Button: process what failed once more, now.

        :raise AccessError: when one is not a manager
        """
        self.check_access("read")
        if not self.env.user.has_group("appointment_payments.group_manager"):
            raise AccessError(self.env._("Only managers can process an event again."))
        events = self.sudo()  # sudo: nobody writes events but their doors
        events._update_state("received", next_attempt_at=fields.Datetime.now(), attempts=0)
        self.env.cr.postcommit.add(events._run)

    def _get_content(self):
        """Return what is kept of the object.

        :rtype: dict
        """
        self.ensure_one()
        return json.loads(self.payload)

    @api.autovacuum
    def _gc_events(self):
        """Forget what was settled long ago. What failed stays until somebody has looked."""
        now = fields.Datetime.now()
        for state, days in KEEP_DAYS.items():
            self.search(
                [
                    ("state", "=", state),
                    ("received_at", "<", fields.Datetime.subtract(now, days=days)),
                ],
                limit=10_000,
            ).unlink()
