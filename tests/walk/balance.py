"""Whether Stripe, the journals and the bookings say the same, and what else must always hold.

Amounts are whole minor units of their currency.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass

from .request_truths import REQUEST_SETTLED, REQUEST_STEADY


@dataclass
class Line:
    """What a company holds in a currency, told by three."""

    stripe: int = 0
    journals: int = 0
    bookings: int = 0

    @property
    def difference(self):
        return max(self.stripe, self.journals, self.bookings) - min(
            self.stripe, self.journals, self.bookings
        )


# what the transactions of a booking brought in: parts count, not what was captured in parts
MONEY = """
    SELECT t.id, t.appointment_booking_id AS booking, t.company_id AS company, c.name AS currency,
        t.reference, t.state, t.operation, t.amount, t.is_post_processed, t.source_transaction_id,
        EXISTS (SELECT FROM payment_transaction k WHERE k.source_transaction_id = t.id
            AND k.operation = t.operation AND k.state IN ('done', 'cancel')) AS in_parts
    FROM payment_transaction t JOIN res_currency c ON c.id = t.currency_id
    WHERE t.appointment_booking_id IS NOT NULL
"""
# everything that was ever posted where Stripe's money is (cash is for the desk), except what
# clients owe
JOURNALS = """
    SELECT l.company_id, c.name, sum(l.amount_currency)
    FROM account_move_line l
    JOIN account_move m ON m.id = l.move_id AND m.state = 'posted'
    JOIN account_account a ON a.id = l.account_id AND a.account_type <> 'asset_receivable'
    JOIN res_currency c ON c.id = l.currency_id
    JOIN account_journal j ON j.id = m.journal_id AND j.type = 'bank'
    {scope} GROUP BY 1, 2
"""
IN_SCOPE = """
    JOIN account_payment y ON y.move_id = m.id
    JOIN payment_transaction t ON t.payment_id = y.id AND t.appointment_booking_id = ANY(%s)
"""
# what people read, less what was paid at the desk, with what nobody's invoice has taken
BOOKINGS = """
    SELECT b.company_id, c.name, sum(b.amount_paid) - coalesce(sum(d.amount), 0)
        + coalesce(sum(o.amount), 0)
    FROM appointment_payment_booking b JOIN res_currency c ON c.id = b.currency_id
    LEFT JOIN LATERAL (
        SELECT sum(CASE y.payment_type WHEN 'inbound' THEN y.amount ELSE -y.amount END) AS amount
        FROM account_payment y JOIN account_journal j ON j.id = y.journal_id AND j.type = 'cash'
        JOIN account_move m ON m.id = y.move_id AND m.state = 'posted'
        WHERE y.partner_id = b.payer_id
    ) d ON true
    LEFT JOIN LATERAL (
        SELECT -sum(l.amount_residual_currency) AS amount
        FROM account_move_line l JOIN account_move m ON m.id = l.move_id AND m.state = 'posted'
        JOIN account_account a ON a.id = l.account_id AND a.account_type = 'asset_receivable'
        JOIN account_payment y ON y.move_id = m.id
        WHERE l.partner_id = b.payer_id AND NOT l.reconciled AND EXISTS (
            SELECT FROM account_move i JOIN account_move_line v ON v.move_id = i.id
            WHERE v.appointment_booking_id = b.id AND i.state = 'posted')
    ) o ON true
    {scope} GROUP BY 1, 2
"""


class Balance:
    """The three ledgers, of all bookings or of some.

    :param Clinic clinic: where they are
    :param list scope: ids of bookings; None for everything
    """

    def __init__(self, clinic, scope=None):
        self.clinic, self.scope = clinic, scope
        self.digits = {place.currency: place.decimals for place in clinic.places}
        self.money = self._read_money()
        self.intents = clinic.double.ledger()["intents"]
        self.lines = defaultdict(Line)
        self.problems = []
        self._add_stripe()
        self._add("journals", JOURNALS, IN_SCOPE)
        self._add("bookings", BOOKINGS, "WHERE b.id = ANY(%s)")

    def _read_money(self):
        where = "" if self.scope is None else "AND t.appointment_booking_id = ANY(%s)"
        names = (
            "id booking company currency reference state operation amount is_post_processed source"
            " in_parts"
        ).split()
        rows = self.clinic.query(MONEY + where, *([] if self.scope is None else [self.scope]))
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _minor(self, amount, currency):
        return round(amount * 10 ** self.digits[currency])

    def _add(self, name, statement, scope):
        parameters = [] if self.scope is None else [self.scope]
        scope = "" if self.scope is None else scope
        for company, currency, amount in self.clinic.query(
            statement.format(scope=scope), *parameters
        ):
            line = self.lines[company, currency]
            setattr(line, name, self._minor(amount, currency))

    def _add_stripe(self):
        """Add what the stand-in holds, and compare it payment by payment."""
        known = {row["reference"]: row for row in self.money}
        told = defaultdict(Counter)
        for intent in self.intents:
            row = known.get(intent["description"])
            if row:
                self.lines[row["company"], row["currency"]].stripe += (
                    intent["captured"] - intent["refunded"]
                )
                told[row["booking"]].update(
                    {name: intent[name] for name in ("captured", "refunded", "held")}
                )
            elif self.scope is None and (intent["captured"] or intent["held"]):
                self.problems.append(f"Stripe holds money that nobody knows: {intent}")
        self._compare_bookings(told)

    def _compare_bookings(self, told):
        for booking in {row["booking"] for row in self.money}:
            rows = [row for row in self.money if row["booking"] == booking]
            here = Counter()
            for row in rows:
                amount = self._minor(row["amount"], row["currency"])
                if row["state"] == "done" and row["operation"] == "refund":
                    here["refunded"] -= amount
                elif row["state"] == "done" and not row["in_parts"]:
                    here["captured"] += amount
                elif row["state"] == "authorized":
                    here["held"] += amount
            there = told[booking]
            for name in ("captured", "refunded", "held"):
                if here[name] != there[name]:
                    self.problems.append(
                        f"booking {booking}: {name} {here[name]} here, {there[name]} at Stripe"
                    )

    def check(self):
        """Return what is wrong: an empty list when everything agrees."""
        wrong = [
            f"company {company}, {currency}: {line}"
            for (company, currency), line in self.lines.items() if line.difference
        ]
        return wrong + self.problems + self._check_ends()

    def report(self):
        """Return the table that is printed."""
        names = " ".join(f"{name:>14}" for name in ("Stripe", "journals", "bookings"))
        rows = [f"{'company':>8} {'':3} {names} difference"]
        for (company, currency), line in sorted(self.lines.items()):
            digits = self.digits[currency]
            shown = [
                f"{value / 10**digits:.{digits}f}"
                for value in (line.stripe, line.journals, line.bookings, line.difference)
            ]
            columns = " ".join(f"{text:>14}" for text in shown[:3])
            rows.append(f"{company:>8} {currency} {columns} {shown[3]}")
        return "\n".join(rows)

    # === WHAT MUST HOLD ONCE EVERYTHING IS SETTLED === #

    def _check_ends(self):
        return [
            f"{name}: {rows}" for name, statement in {**STEADY, **SETTLED}.items()
            if (rows := self.clinic.query(*self._scoped(statement)))
        ]

    def _scoped(self, statement):
        return statement, self.scope is None, self.scope or [0]


def check_steady(clinic, scope):
    """Return what is wrong that is wrong at any moment, whatever is under way."""
    return [
        f"{name}: {rows}" for name, statement in STEADY.items()
        if (rows := clinic.query(statement, scope is None, scope or [0]))
    ]


STEADY = {
    "a time is taken by a booking that is not live": """
        SELECT b.id, b.state FROM appointment_payment_occupancy o
        JOIN appointment_payment_booking b ON b.id = o.booking_id
        WHERE b.state NOT IN ('pending_payment', 'requested', 'confirmed', 'attended', 'no_show')
            AND (%s OR b.id = ANY(%s))""",
    "a live booking has no time": """
        SELECT b.id, b.state FROM appointment_payment_booking b
        WHERE b.state IN ('pending_payment', 'requested', 'confirmed')
            AND (%s OR b.id = ANY(%s)) AND NOT EXISTS (
                SELECT FROM appointment_payment_occupancy o WHERE o.booking_id = b.id)""",
    "one refund at Stripe is two here": """
        SELECT provider_reference, count(*) FROM payment_transaction
        WHERE operation = 'refund' AND provider_reference LIKE 're!_%%' ESCAPE '!'
            AND (%s OR appointment_booking_id = ANY(%s)) GROUP BY 1 HAVING count(*) > 1""",
    "more was paid back than came in": """
        SELECT s.id, s.amount, sum(r.amount) FROM payment_transaction s
        JOIN payment_transaction r ON r.source_transaction_id = s.id
            AND r.operation = 'refund' AND r.state IN ('done', 'pending')
        WHERE (%s OR s.appointment_booking_id = ANY(%s))
        GROUP BY 1, 2 HAVING s.amount + sum(r.amount) < -0.0001""",
    "an operation waits for nobody": """
        SELECT o.id, o.kind, o.state, o.error FROM appointment_payment_operation o
        WHERE o.state IN ('intended', 'sent', 'unknown') AND o.next_attempt_at IS NULL
            AND o.provider_reference IS NULL AND (%s OR o.booking_id = ANY(%s)) AND NOT EXISTS (
                SELECT FROM mail_activity a WHERE a.appointment_operation_id = o.id)""",
    **REQUEST_STEADY,
}
SETTLED = {
    "an operation is not final": """
        SELECT id, kind, state, attempts, error FROM appointment_payment_operation
        WHERE state NOT IN ('done', 'failed') AND (%s OR booking_id = ANY(%s))""",
    "an operation failed and nobody is asked": """
        SELECT o.id, o.kind, o.error FROM appointment_payment_operation o
        WHERE o.state = 'failed' AND (%s OR o.booking_id = ANY(%s)) AND NOT EXISTS (
            SELECT FROM mail_activity a WHERE a.res_model = 'appointment.payment.booking'
                AND a.res_id = o.booking_id) AND NOT EXISTS (
            SELECT FROM appointment_payment_operation later WHERE o.kind = 'refund'
                AND later.kind = 'refund' AND later.transaction_id = o.transaction_id
                AND later.id > o.id AND later.state = 'done')""",
    "a payment was not acted on": """
        SELECT id, reference, state FROM payment_transaction
        WHERE state = 'done' AND NOT is_post_processed
            AND (%s OR appointment_booking_id = ANY(%s))""",
    "a payment is posted twice or not at all": """
        SELECT t.id, t.reference, count(p.id) FROM payment_transaction t
        LEFT JOIN account_payment p ON p.payment_transaction_id = t.id AND p.state <> 'canceled'
        WHERE t.state = 'done' AND (%s OR t.appointment_booking_id = ANY(%s)) AND NOT EXISTS (
            SELECT FROM payment_transaction k WHERE k.source_transaction_id = t.id
                AND k.operation = t.operation AND k.state IN ('done', 'cancel'))
        GROUP BY 1, 2 HAVING count(p.id) <> 1""",
    "a booking that is off keeps money, and nobody is asked": """
        SELECT b.id, b.state, b.amount_paid FROM appointment_payment_booking b
        WHERE b.state IN ('expired', 'cancelled', 'declined') AND b.amount_paid <> 0
            AND (%s OR b.id = ANY(%s)) AND NOT EXISTS (
                SELECT FROM mail_activity a WHERE a.res_model = 'appointment.payment.booking'
                    AND a.res_id = b.id)""",
    "more than the price is kept, and nobody is asked": """
        SELECT b.id, b.state, b.amount_total, sum(t.amount)
        FROM appointment_payment_booking b
        JOIN payment_transaction t ON t.appointment_booking_id = b.id AND t.state = 'done'
            AND NOT EXISTS (SELECT FROM payment_transaction k WHERE k.source_transaction_id = t.id
                AND k.operation = t.operation AND k.state IN ('done', 'cancel'))
        WHERE (%s OR b.id = ANY(%s)) AND NOT EXISTS (
            SELECT FROM mail_activity a WHERE a.res_model = 'appointment.payment.booking'
                AND a.res_id = b.id)
        GROUP BY 1 HAVING sum(t.amount) > b.amount_total + 0.0001""",
    "a line of a client is open that should not be": """
        SELECT b.id, b.state, l.id, l.amount_residual_currency
        FROM appointment_payment_booking b JOIN account_move_line l ON l.partner_id = b.payer_id
        JOIN account_move m ON m.id = l.move_id AND m.state = 'posted'
        JOIN account_account a ON a.id = l.account_id AND a.account_type = 'asset_receivable'
        WHERE l.amount_residual_currency < 0 AND (%s OR b.id = ANY(%s)) AND NOT EXISTS (
            SELECT FROM mail_activity y WHERE y.res_model = 'appointment.payment.booking'
                AND y.res_id = b.id)""",
    "a booking that is off has an open invoice": """
        SELECT b.id, b.state, m.name, m.amount_residual FROM appointment_payment_booking b
        JOIN account_move_line l ON l.appointment_booking_id = b.id
        JOIN account_move m ON m.id = l.move_id AND m.state = 'posted' AND m.amount_residual > 0
        WHERE b.state IN ('expired', 'cancelled', 'declined') AND (%s OR b.id = ANY(%s))
            AND NOT EXISTS (SELECT FROM mail_activity y
                WHERE y.res_model = 'appointment.payment.booking' AND y.res_id = b.id)""",
    **REQUEST_SETTLED,
}
