"""What a walk does at each step: people, Stripe's side, accidents; and how everything settles."""

import contextlib
import time
import urllib.error
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass

import requests

from tests.visitor import RpcError

from .balance import Balance, check_steady
from .clinic import CRONS

CARDS = {
    "pays": "4242424242424242", "is declined": "4000000000000002",
    "has no money": "4000000000009995", "is asked by the bank": "4000002760003184",
    "waits": "4000000000007775",
}
# what Odoo says to people, as opposed to what went wrong
REFUSALS = ("odoo.exceptions.UserError", "odoo.exceptions.ValidationError")
FAULTS = ("error", "error_after", "unavailable", "cut", "half")


@dataclass
class Ticket:
    """One client with their booking, and the payment form that they have open."""

    number: int
    place: object
    mode: str
    who: str
    start: str
    visitor: object
    link: object
    reference: str = None
    intent: str = None
    secret: str = None
    # as `Walker.look` has found them
    state: str = None
    paid: float = 0
    held: float = 0
    residual: float = 0
    refundable: float = 0
    invoice: int = None
    status: str = None
    refunds: tuple = ()
    is_answered: bool = False
    due: float = 0

    @property
    def can_pay(self):
        return self.state == "pending_payment" or self.owes or self.lost

    @property
    def is_to_answer(self):
        return self.state == "requested" and not self.is_answered

    @property
    def is_approved(self):
        """Whether it was accepted and waits for its payment."""
        return self.state == "pending_payment" and self.is_answered

    @property
    def lost(self):
        """Whether what the request was made with is gone."""
        kept = self.held + self.paid
        return self.is_to_answer and self.mode in ("hold", "charge") and self.due > 0 >= kept

    @property
    def waits(self):
        """Whether Stripe has a payment that nobody has heard of yet, or holds one."""
        return bool(self.intent) and self.status in ("processing", "requires_capture")

    @property
    def owes(self):
        return bool(self.invoice) and self.residual > 0


class Walker:
    """One walk: its bookings, what it did, and how it ends.

    :param Clinic clinic: where it takes place
    :param Post post: what comes between Stripe and the practice
    """

    done = Counter()  # over all walks: what was done, and what was refused
    bookings = []  # of all walks

    def __init__(self, clinic, post):
        self.clinic, self.post = clinic, post
        self.tickets, self.story = [], []
        self.crash_after = None
        self.failed = False
        self.faults = []
        self.later = []  # letters that Stripe will try again
        post.collect()  # what earlier walks were sent is lost
        clinic.double.clock(at=int(time.time()))

    # === TELL === #

    def tell(self, what, **details):
        shown = ", ".join(f"{name}={value}" for name, value in details.items())
        self.story.append(f"{len(self.story) + 1}. {what} {shown}")
        self.done[what] += 1

    def attempt(self, work):
        """Do something that may be refused, and during which the server may be killed.

        :return: what came of it; nothing when it was refused or the connection was lost
        """
        try:
            return self._with_crash(work) if self.crash_after is not None else work()
        except RpcError as error:
            if error.name not in REFUSALS:
                raise
            self.story.append(f"   refused: {error}")
            self.done["(refused)"] += 1
        except requests.RequestException:
            self.story.append("   the connection was lost")
        return None

    def _with_crash(self, work):
        seconds, self.crash_after = self.crash_after, None
        with ThreadPoolExecutor(1) as pool:
            job = pool.submit(work)
            wait([job], timeout=seconds)
            self.done["(killed in the middle)"] += not job.done()
            self.clinic.kill_workers()
            return job.result()

    def at_stripe(self, action, **values):
        """Do something in Stripe's dashboard, or what a bank does; Stripe may refuse."""
        double = self.clinic.double
        try:
            if action in ("dispute", "settle"):
                getattr(double, action)(**values)
            else:
                double.dashboard(action, **values)
        except urllib.error.HTTPError as error:
            self.story.append(f"   Stripe refused: {error.read().decode()[:200]}")

    # === READ === #

    @property
    def ids(self):
        return [ticket.link.id for ticket in self.tickets]

    def look(self):
        """Return the tickets, each with what the database and Stripe say now."""
        rows = self.clinic.query(
            "SELECT b.id, b.state, b.amount_paid, b.amount_held, b.amount_residual,"
            " (SELECT coalesce(sum(t.amount), 0) FROM payment_transaction t WHERE"
            " t.appointment_booking_id = b.id AND t.state = 'done'),"
            " (SELECT max(m.id) FROM account_move m JOIN account_move_line l ON"
            " l.move_id = m.id WHERE l.appointment_booking_id = b.id AND m.state = 'posted'"
            " AND m.move_type = 'out_invoice'), b.answered_at IS NOT NULL, b.amount_due_now"
            " FROM appointment_payment_booking b"
            " WHERE b.id = ANY(%s)", self.ids,
        )
        by_id = {row[0]: row[1:] for row in rows}
        for ticket in self.tickets:
            (
                ticket.state, ticket.paid, ticket.held, ticket.residual, ticket.refundable,
                ticket.invoice, ticket.is_answered, ticket.due,
            ) = by_id[ticket.link.id]
            if ticket.intent:
                there = self.clinic.ask_stripe(f"payment_intents/{ticket.intent}")
                ticket.status = there["status"]
            # what was let go of a hold looks like a refund at Stripe, and cannot fail
            ticket.refunds = [row[0] for row in self.clinic.query(
                "SELECT provider_reference FROM payment_transaction WHERE operation = 'refund'"
                " AND state = 'done' AND appointment_booking_id = %s ORDER BY id", ticket.link.id,
            )]
        return self.tickets

    def payments(self, ticket, *states):
        """Return id and amount of a booking's own payments in these states."""
        return self.clinic.query(
            "SELECT id, amount FROM payment_transaction WHERE appointment_booking_id = %s"
            " AND source_transaction_id IS NULL AND state IN %s ORDER BY id",
            ticket.link.id, states,
        )

    def part_of(self, ticket, amount, percent):
        """Return a part of an amount that the currency, and Stripe, can express."""
        digits = min(ticket.place.decimals, 2)  # Stripe: the third decimal is always 0
        return max(round(float(amount) * percent / 100, digits), 10**-digits)

    # === TIME === #

    def let_pass(self, hours):
        """Have hours go by: for what the walk's bookings wait for, and at Stripe."""
        clinic, ids = self.clinic, self.ids
        clinic.double.clock(advance=hours * 3600)
        moved = "{0} = {0} - %s * interval '1 hour'"
        for table, columns, key in (
            (
                "appointment_payment_booking", (
                    "hold_until", "pending_until", "requested_at", "confirm_deadline",
                    "next_warning_at", "answered_at",
                ), "id",
            ),
            ("appointment_payment_operation", ("first_sent_at", "next_attempt_at"), "booking_id"),
            (
                "payment_transaction", ("last_state_change", "reconcile_at", "capture_before"),
                "appointment_booking_id",
            ),
        ):
            assignments = ", ".join(moved.format(column) for column in columns)
            clinic.query(
                f"UPDATE {table} SET {assignments} WHERE {key} = ANY(%s)",
                *[hours] * len(columns), ids,
            )

    def let_end(self, ticket, column):
        """Have the time come until which one booking is kept.

        :param str column: hold_until (to pay) or confirm_deadline (to answer)
        """
        self.clinic.query(
            f"UPDATE appointment_payment_booking SET {column} = now() AT TIME ZONE 'UTC'"
            " - interval '1 second' WHERE id = %s", ticket.link.id,
        )

    def make_due(self):
        """Have the moments come at which the scheduled action looks again."""
        self.clinic.query(
            "UPDATE appointment_payment_stripe_event SET next_attempt_at = now() AT TIME ZONE 'UTC'"
            " - interval '1 second' WHERE next_attempt_at IS NOT NULL"
        )
        for table, column, key in (
            ("appointment_payment_operation", "next_attempt_at", "booking_id"),
            ("payment_transaction", "reconcile_at", "appointment_booking_id"),
        ):
            self.clinic.query(
                f"UPDATE {table} SET {column} = now() AT TIME ZONE 'UTC' - interval '1 second'"
                f" WHERE {column} IS NOT NULL AND {key} = ANY(%s)", self.ids,
            )

    # === POST === #

    def deliver(self, how):
        """Deliver what is in the post.

        :param str how: in order, backwards, twice, or at once
        """
        letters = self.post.collect()
        if how == "backwards":
            letters.reverse()
        if how in ("twice", "at once"):
            letters = [letter for letter in letters for _time in range(2)]
        with ThreadPoolExecutor(4 if how == "at once" else 1) as pool:
            for letter, statuses in zip(letters, pool.map(self.post.deliver, letters), strict=True):
                # None: the server was killed meanwhile
                assert set(statuses) <= {200, None}, (letter.type, statuses)

    def lose_post(self):
        """Lose what is on its way: news of what the practice asked for, for good.

        What somebody did at Stripe nobody else brings news of. Stripe tries that again for three
        days: it comes at the end.

        :return: how many letters were lost
        """
        letters = self.post.collect()
        self.later += [letter for letter in letters if not letter.was_asked]
        return len(letters)

    # === HOW IT ENDS === #

    def settle(self):
        """Let everything come to its end: only what Odoo itself would do, some days later."""
        self.crash_after = None
        self.burn_faults()
        for ticket in self.look():
            if ticket.status == "processing":
                self.clinic.double.settle(payment_intent=ticket.intent, outcome="succeeded")
        self.post.put_back(self.later)
        for number in range(7):
            if number == 3:
                self.let_pass(25)  # an error that Stripe repeats lasts as long as its key
            self.deliver("in order")
            self.make_due()
            for cron in CRONS:
                self.clinic.run_cron(cron)
            if not self._is_open() and not self.post.letters:
                break

    def _is_open(self):
        return self.clinic.query(
            "SELECT 1 FROM appointment_payment_operation WHERE booking_id = ANY(%s) AND state IN"
            " ('intended', 'sent', 'unknown') LIMIT 1", self.ids,
        ) or self.clinic.query(
            "SELECT 1 FROM payment_transaction WHERE appointment_booking_id = ANY(%s)"
            " AND (state = 'done' AND NOT is_post_processed OR reconcile_at < now() AT TIME ZONE"
            " 'UTC') LIMIT 1", self.ids,
        ) or self.clinic.query(
            "SELECT 1 FROM appointment_payment_stripe_event e JOIN payment_transaction t"
            " ON t.id = e.transaction_id WHERE t.appointment_booking_id = ANY(%s)"
            " AND e.next_attempt_at IS NOT NULL LIMIT 1", self.ids,
        )

    def burn_faults(self):
        """Use up the faults that nobody met, so that no later walk does."""
        for path in self.faults:
            with contextlib.suppress(requests.RequestException):
                requests.post(
                    f"{self.clinic.double.url}/v1/{path.replace('*', 'pi_none')}", timeout=30,
                    headers={"AUTHORIZATION": f"Bearer {self.clinic.double.secret_key}"},
                )
        self.faults = []

    def come_back(self, ticket, poll=True):
        """The client returns from Stripe to the practice's page, as far as they paid."""
        if not ticket.intent:
            return
        self.attempt(lambda: ticket.visitor.send(
            "GET", "/payment/stripe/return",
            params={"reference": ticket.reference, "payment_intent": ticket.intent},
        ))
        if poll:
            try:
                self.attempt(ticket.visitor.poll)
            except RpcError as error:
                if "retry" not in str(error):
                    raise

    def check_now(self):
        """Return what is wrong at this moment."""
        return check_steady(self.clinic, self.ids)

    def check_end(self):
        """Return what is wrong once everything has settled."""
        return Balance(self.clinic, self.ids).check()
