import psycopg2.errors

from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import format_time

from ..rules import visitors
from .appointment_payment_occupancy import SlotTakenError
from .appointment_payment_rate import TooManyBookingsError

HOLDERS = ("client", "address")
UNIQUE_FORM = "appointment_payment_booking_checkout_token_uniq"


class AppointmentPaymentBooking(models.Model):
    """How many unpaid times one visitor keeps (design rule 15).

    Each unpaid booking of a visitor has a number, from 1 to the limit, once for the client and once
    for the network address; the database keeps one booking for a number, so that no burst of
    requests gets more.
    """

    _inherit = "appointment.payment.booking"

    holder_client = fields.Char(copy=False, readonly=True, groups="base.group_system")
    holder_client_number = fields.Integer(copy=False, readonly=True, groups="base.group_system")
    holder_address = fields.Char(copy=False, readonly=True, groups="base.group_system")
    holder_address_number = fields.Integer(copy=False, readonly=True, groups="base.group_system")

    _holder_client_uniq = models.UniqueIndex(
        "(holder_client, holder_client_number)"
        " WHERE state IN ('pending_payment', 'requested') AND holder_client IS NOT NULL"
    )
    _holder_address_uniq = models.UniqueIndex(
        "(holder_address, holder_address_number)"
        " WHERE state IN ('pending_payment', 'requested') AND holder_address IS NOT NULL"
    )

    @api.model
    def _get_on_hold(self, booking_id):
        """Return the unpaid booking that a visitor's session remembers, while its time is kept.

        :param booking_id: what the session remembers: an id that access was checked for, or none
        :return: the booking in superuser mode, or nothing
        :rtype: recordset of `appointment.payment.booking`
        """
        if not booking_id:
            return self.browse()
        # sudo: the visitor has seen it in this session
        booking = self.sudo().browse(booking_id).exists()
        is_open = booking and booking._get_minutes_left() and booking._get_amount_to_pay()
        return booking if is_open else self.browse()

    def _get_seconds_left(self):
        """Return how long an unpaid booking keeps its time, in seconds.

        :return: None when there is no such limit
        :rtype: int|None
        """
        self.ensure_one()
        if self.state != "pending_payment" or not self.hold_until:
            return None
        left = self.hold_until - fields.Datetime.now()
        return max(int(left.total_seconds()), 0)

    def _get_minutes_left(self):
        """Return how many full minutes an unpaid booking keeps its time.

        :return: None when there is no such limit
        :rtype: int|None
        """
        seconds = self._get_seconds_left()
        return None if seconds is None else seconds // 60

    def _format_hold_until(self):
        """Return until when an unpaid booking keeps its time, as its client reads it.

        :return: the time of day, with the date when that is not today
        :rtype: str
        """
        self.ensure_one()
        until = self._local(self.hold_until)
        if until.date() != self._local(fields.Datetime.now()).date():
            return self._format_moment(self.hold_until)
        return self._format_clock(until)

    def _update_state(self, allowed_states, target_state, **values):
        """Extended to forget from where an unpaid booking was made once it is none any more."""
        forgotten = dict.fromkeys(
            f"holder_{holder}{part}" for holder in HOLDERS for part in ("", "_number")
        )
        return super()._update_state(allowed_states, target_state, **{**forgotten, **values})

    def _claim_for_visitor(self, token, holders):
        """Note which form made the booking, and whose unpaid bookings it counts among.

        In SQL, since the ORM logs the violation of a constraint as an error before anybody can
        catch it; last, so that a double click meets the guard of the slot first.

        :param str token: the form's token
        :param dict holders: a key by kind of holder, see :meth:`_get_holders`
        :raise SlotTakenError: when another request has just booked with this form
        :raise TooManyBookingsError: when the visitor has as many unpaid bookings as one may
        """
        self.ensure_one()
        self.flush_recordset()
        holders = holders if self._is_kept_unpaid() else {}
        taken = self._get_taken_numbers(holders)
        while not self._try_claim(token, holders, taken):
            pass
        self.invalidate_recordset()

    def _is_kept_unpaid(self):
        """Return whether the booking keeps a time that nobody has paid or confirmed yet.

        :rtype: bool
        """
        self.ensure_one()
        return self.state in ("pending_payment", "requested")

    def _get_taken_numbers(self, holders):
        """Return the numbers that a visitor's unpaid bookings have.

        :param dict holders: see :meth:`_get_holders`
        :rtype: dict[str, set[int]]
        """
        taken = {holder: set() for holder in holders}
        if holders:
            self.env.cr.execute(
                "SELECT holder_client, holder_client_number, holder_address, holder_address_number"
                " FROM appointment_payment_booking"
                " WHERE state IN ('pending_payment', 'requested')"
                " AND (holder_client = %(client)s OR holder_address = %(address)s)",
                holders,
            )
            for row in self.env.cr.fetchall():
                for holder, key, number in zip(HOLDERS, row[::2], row[1::2], strict=True):
                    if key == holders[holder]:
                        taken[holder].add(number)
        return taken

    def _try_claim(self, token, holders, taken):
        """Try to have the first numbers that nobody is known to have.

        :param dict taken: the numbers that are known to be taken; the next one is added
        :return: whether it worked; otherwise another request was faster
        :rtype: bool
        """
        limit = self.company_id.appointment_holds_per_client
        columns = {"checkout_token": token}
        for holder, key in holders.items():
            number = visitors.free_number(taken[holder], limit)
            if not number:
                raise TooManyBookingsError(self._explain_holds(limit))
            columns.update({f"holder_{holder}": key, f"holder_{holder}_number": number})
        assignments = SQL(", ").join(
            SQL("%s = %s", SQL.identifier(name), value) for name, value in columns.items()
        )
        update = SQL(
            "UPDATE appointment_payment_booking SET %s WHERE id = %s", assignments, self.id
        )
        try:
            with self.env.cr.savepoint(flush=False):
                self.env.cr.execute(update, log_exceptions=False)
        except psycopg2.errors.UniqueViolation as error:
            if error.diag.constraint_name == UNIQUE_FORM:
                raise SlotTakenError(self.env._("This form has just been sent.")) from error
            holder = HOLDERS["address" in error.diag.constraint_name]
            taken[holder].add(columns[f"holder_{holder}_number"])
            return False
        return True

    def _explain_holds(self, limit):
        """Return what a visitor with too many unpaid bookings can do.

        :param int limit: how many they may have
        :rtype: str
        """
        if self.state == "requested":
            return self.env._(
                "You already have as many unpaid times on hold as one person can have: %(limit)s."
                " Wait until your requests are answered, or cancel one of them on its page.",
                limit=limit,
            )
        until = fields.Datetime.add(
            fields.Datetime.now(), minutes=self.company_id.appointment_checkout_minutes
        )
        return self.env._(
            "You already have as many unpaid times on hold as one person can have: %(limit)s."
            " Finish paying one of them, or wait until they are free again, at %(time)s at the"
            " latest.",
            limit=limit,
            time=format_time(self.env, self._local(until).time(), time_format="short"),
        )

    def _get_holders(self, company, partner, details):
        """Return among whose unpaid bookings a new one counts.

        A client who is logged in counts by their contact, so that nobody who knows their address
        keeps them from booking.

        :param company: the selling `res.company`
        :param partner: the logged-in client, or none
        :param dict details: see :meth:`_book_for_visitor`
        :return: keys by kind of holder; none where the practice sets no limit
        :rtype: dict[str, str]
        """
        if not company.appointment_holds_per_client:
            return {}
        rates = self.env["appointment.payment.rate"]
        client = partner.id if partner else details["email"]
        network = visitors.network_of(details.get("address"))
        return {
            "client": rates._make_key("client", company, client),
            "address": rates._make_key("address", company, network),
        }
