from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.misc import format_time, hmac

from ..rules import slots, visitors

WINDOW = timedelta(hours=1)


class TooManyBookingsError(UserError):
    """A visitor books, or holds, more than one visitor may."""


class AppointmentPaymentRate(models.Model):
    """How often somebody booked on the public page in the last hour (design rule 15).

    Counted in a cursor of its own, so that what fails or is refused counts too.
    """

    _name = "appointment.payment.rate"
    _description = "Bookings of a visitor per hour"
    _log_access = False
    _rec_name = "key"

    key = fields.Char(required=True, help="A keyed hash: whose it is cannot be read here.")
    window_start = fields.Datetime(required=True)
    count = fields.Integer(required=True)

    _key_uniq = models.UniqueIndex("(key)")
    _window_start_idx = models.Index("(window_start)")

    @api.model
    def _make_key(self, kind, company, value):
        """Return what stands for a visitor, without saying who it is.

        :param str kind: what ``value`` is
        :param company: the `res.company` whose visitor it is
        :param value: an address
        :rtype: str
        """
        return hmac(self.env(su=True), "appointment-visitor", (kind, company.id, value))

    @api.model
    def _take(self, company, tz, address, client):
        """Count one more booking of a visitor.

        A client who is logged in counts by their contact, so that nobody who knows their address
        keeps them from booking.

        :param company: the selling `res.company`
        :param str tz: the visitor's time zone
        :param str address: the visitor's network address
        :param client: the visitor's email address, normalized; the `res.partner` who is logged in
        :raise TooManyBookingsError: when that was one too many within the hour
        """
        is_address = isinstance(client, str)
        kind, value = ("email", client) if is_address else ("client", client.id)
        limits = {
            self._make_key("address", company, visitors.network_of(address)):
                company.appointment_rate_per_address,
            self._make_key(kind, company, value): company.appointment_rate_per_email,
        }  # fmt: skip
        limits = {key: limit for key, limit in limits.items() if limit}
        if not limits:
            return
        now = fields.Datetime.now()
        over = [
            window_start
            for key, window_start, count in self._count(limits, now)
            if count > limits[key]
        ]
        if over:
            raise TooManyBookingsError(self._explain(company, tz, max(over) + WINDOW))

    def _explain(self, company, tz, until):
        moment = slots.to_local(until + timedelta(minutes=1), tz).time()
        return self.env._(
            "There were many bookings from here in the last hour. Please try again after"
            " %(time)s, or contact %(practice)s.",
            time=format_time(self.env, moment, time_format="short"),
            practice=" · ".join(filter(None, [company.name, company.email, company.phone])),
        )

    @api.model
    def _count(self, keys, now):
        """Count one more for each key, for good.

        :param keys: the keys
        :param datetime now: naive UTC
        :return: key, start of its window and count in it
        :rtype: list[tuple[str, datetime, int]]
        """
        values = SQL(", ").join(SQL("(%s, %s, 1)", key, now) for key in sorted(keys))
        with self.env.registry.cursor() as cr:
            # takes no snapshot, so that what others have counted until now is seen and nobody
            # fails to serialize; held for one statement
            cr.execute("LOCK TABLE appointment_payment_rate IN EXCLUSIVE MODE")
            cr.execute("SET LOCAL synchronous_commit TO off")  # a crash may forget a count
            cr.execute(
                SQL(
                    "INSERT INTO appointment_payment_rate AS rate (key, window_start, count)"
                    " VALUES %(values)s ON CONFLICT (key) DO UPDATE SET"
                    " count = CASE WHEN rate.window_start > %(since)s"
                    " THEN rate.count + 1 ELSE 1 END,"
                    " window_start = CASE WHEN rate.window_start > %(since)s"
                    " THEN rate.window_start ELSE excluded.window_start END"
                    " RETURNING key, window_start, count",
                    values=values,
                    since=now - WINDOW,
                )
            )
            return cr.fetchall()

    @api.autovacuum
    def _gc_rates(self):
        """Forget who booked more than an hour ago."""
        self.env.cr.execute(
            "DELETE FROM appointment_payment_rate WHERE window_start <= %s",
            [fields.Datetime.now() - WINDOW],
        )
