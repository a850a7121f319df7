import logging

import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..rules import sessions

_logger = logging.getLogger(__name__)

CONSTRAINT = "appointment_payment_occupancy_sold_once"
SESSION_CONSTRAINT = "appointment_payment_occupancy_one_session"
# first key of the advisory locks, so that they meet no other module's
LOCK_SPACE = 0x61707079


class SlotTakenError(UserError):
    """The time is not free any more."""


class AppointmentPaymentOccupancy(models.Model):
    """The time of a practitioner that a booking takes: a slot is sold once (design rule 1).

    A booking takes one row for each resource of its practitioner, so that somebody who works in
    two companies is not sold twice either. Its time includes what is kept free before and after.
    The seats of a group share a session; no two sessions of a resource overlap.
    """

    _name = "appointment.payment.occupancy"
    _description = "Time taken by a booking"
    _order = "start, id"
    _rec_name = "booking_id"

    booking_id = fields.Many2one(
        "appointment.payment.booking", required=True, ondelete="cascade", index=True
    )
    resource_id = fields.Many2one("resource.resource", required=True, ondelete="restrict")
    seat = fields.Integer(required=True, default=1)
    session = fields.Char(required=True, help="What takes the time together: see rules.sessions.")
    start = fields.Datetime(required=True)
    stop = fields.Datetime(required=True)

    _sold_once = models.Constraint(
        "EXCLUDE USING gist (resource_id WITH =, seat WITH =, tsrange(start, stop) WITH &&)"
        " DEFERRABLE INITIALLY IMMEDIATE",
        "This time has just been taken.",
    )
    # the time before the session: the index is kept in the order of its columns
    _one_session = models.Constraint(
        "EXCLUDE USING gist (resource_id WITH =, tsrange(start, stop) WITH &&, session WITH <>)"
        " DEFERRABLE INITIALLY IMMEDIATE",
        "This time has just been taken.",
    )
    _stop_after_start = models.Constraint(
        "CHECK (stop > start)", "An appointment ends after it starts."
    )

    def _register_hook(self):
        """Say loudly when the database does not guard the slots; public booking then closes."""
        super()._register_hook()
        missing = self._get_missing_constraints()
        self.env.registry.appointment_slots_guarded = not missing
        if missing:
            _logger.error(
                "Constraint %s is missing: public booking is closed. Run 'CREATE EXTENSION"
                " btree_gist;' in the database and upgrade appointment_payments.",
                ", ".join(missing),
            )

    def _init_column(self, column_name):
        """Override of `base`: what was sold before there were sessions is a session each."""
        if column_name != "session":
            return super()._init_column(column_name)
        return self.env.cr.execute(
            "UPDATE appointment_payment_occupancy SET session = 'booking-' || booking_id"
            " WHERE session IS NULL"
        )

    @api.model
    def _get_missing_constraints(self):
        """Return the names of the constraints that should guard the slots and do not.

        :rtype: list[str]
        """
        wanted = (CONSTRAINT, SESSION_CONSTRAINT)
        rows = self.env.execute_query(
            SQL("SELECT conname FROM pg_constraint WHERE conname IN %s AND contype = 'x'", wanted)
        )
        return sorted(set(wanted) - {name for (name,) in rows})

    @api.model
    def _is_guarded(self):
        """Return whether the exclusion constraints were there when the registry was loaded.

        :rtype: bool
        """
        return getattr(self.env.registry, "appointment_slots_guarded", False)

    @api.model
    def _take(self, booking, resources):
        """Take the time of resources for a booking, or take nothing.

        Search, then advisory lock, then INSERT under the constraints: under REPEATABLE READ
        nothing less holds, and without the lock the constraints alone deadlock under load. The
        search may see an old snapshot, so a seat that is sold meanwhile leads to the next one.

        :param booking: the `appointment.payment.booking`
        :param resources: the practitioner's `resource.resource`, of every company
        :raise SlotTakenError: when any of the time is taken already
        """
        period, session = booking._get_occupied_period(), booking._get_session()
        others = self._read_rows(resources, *period, booking)
        seats = self._get_free_seats(others, session, booking.capacity)
        self._lock_resources(resources)
        for seat in seats:
            insert = self._prepare_insert(booking, resources, *period, session, seat)
            violated = self._execute_guarded(insert)
            if not violated:
                booking.invalidate_recordset(["occupancy_ids"])
                return
            if violated != CONSTRAINT:
                break  # another session has the time: no seat will help
        raise SlotTakenError(self.env._("This time has just been taken."))

    @api.model
    def _read_rows(self, resources, start, stop, bookings):
        """Read what others have taken of a period; one index finds it.

        :param resources: of which `resource.resource`
        :param datetime start: naive UTC
        :param datetime stop: naive UTC
        :param bookings: whose own time does not count
        :return: (start, stop, session, seat) of each row
        :rtype: list[tuple]
        """
        return self.env.execute_query(
            SQL(
                "SELECT start, stop, session, seat FROM appointment_payment_occupancy"
                " WHERE resource_id IN %s AND tsrange(start, stop) && tsrange(%s, %s)"
                " AND booking_id NOT IN %s",
                tuple(resources.ids),
                start,
                stop,
                tuple(bookings.ids),
                to_flush=[self._fields[name] for name in ("start", "stop", "session", "seat")],
            )
        )

    @api.model
    def _get_free_seats(self, others, session, capacity):
        """Return the seats that a booking can have beside those who have the time already.

        :param list others: what `_read_rows` returns
        :param str session: the booking's session
        :param int capacity: how many seats it has
        :return: the numbers of the seats, the lowest first; none when another session is there
        :rtype: list[int]
        """
        if any(row[2] != session for row in others):
            return []
        return sessions.free_seats([row[3] for row in others], capacity)

    @api.model
    def _lock_resources(self, resources):
        """Queue up with whoever takes the same resources, in id order so that none deadlocks."""
        self.env.execute_query(
            SQL(
                "SELECT pg_advisory_xact_lock(%s, id) FROM unnest(%s::int[]) AS id",
                LOCK_SPACE,
                sorted(resources.ids),
            )
        )

    @api.model
    def _execute_guarded(self, statement):
        """Run a statement that the constraints may refuse, in a savepoint.

        :param SQL statement: writes occupancies
        :return: the name of the constraint that refused it, or nothing
        :rtype: str|None
        """
        self.flush_model()
        try:
            with self.env.cr.savepoint():
                self.env.cr.execute(statement, log_exceptions=False)
        except psycopg2.errors.ExclusionViolation as error:
            return error.diag.constraint_name
        self.invalidate_model()
        return None

    @api.model
    def _prepare_insert(self, booking, resources, start, stop, session, seat):
        return SQL(
            "INSERT INTO appointment_payment_occupancy (booking_id, resource_id, seat, session,"
            " start, stop, create_uid, create_date, write_uid, write_date)"
            " SELECT %(booking)s, id, %(seat)s, %(session)s, %(start)s, %(stop)s, %(uid)s,"
            " now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'"
            " FROM unnest(%(resources)s::int[]) AS id",
            booking=booking.id,
            seat=seat,
            session=session,
            start=start,
            stop=stop,
            uid=self.env.uid,
            resources=list(resources.ids),
        )

    def _move(self, start, stop):
        """Move the taken time of one booking, or of several that move together; all or none.

        One statement moves all rows: the constraints are checked when it ends, so that a group may
        move by less than its length.

        :param datetime start: of the appointment, naive UTC
        :param datetime stop: of the appointment, naive UTC
        :raise SlotTakenError: when the new time is taken
        """
        if not self:
            return
        bookings, resources = self.booking_id, self.resource_id
        periods = {b: b._get_occupied_period(start, stop) for b in bookings}
        hull = min(p[0] for p in periods.values()), max(p[1] for p in periods.values())
        others = self._read_rows(resources, *hull, bookings)
        seats = self._find_seats_to_move_to(periods, start, others)
        self._lock_resources(resources)
        rows = [
            SQL(
                "(%s, %s::timestamp, %s::timestamp, %s, %s)",
                row.id,
                *periods[row.booking_id],
                row.booking_id._get_session(start),
                seats[row.booking_id],
            )
            for row in self
        ]
        update = SQL(
            "UPDATE appointment_payment_occupancy AS o SET start = v.start, stop = v.stop,"
            " session = v.session, seat = v.seat"
            " FROM (VALUES %s) AS v (id, start, stop, session, seat) WHERE o.id = v.id",
            SQL(", ").join(rows),
        )
        if self._execute_guarded(update):
            self._raise_moved_onto_another()

    def _find_seats_to_move_to(self, periods, start, others):
        """Return the seat of each booking at its new time: its own where that is free.

        :param dict periods: what each booking is to take
        :param datetime start: of the appointments, naive UTC
        :param list others: what `_read_rows` returns
        :rtype: dict
        :raise SlotTakenError: when there is no seat
        """
        seats, given = {}, set()
        for booking, (begin, end) in periods.items():
            session = booking._get_session(start)
            near = [row for row in others if row[0] < end and begin < row[1]]
            own = booking.occupancy_ids[:1].seat
            free = self._get_free_seats(near, session, max(booking.capacity, own))
            free = [seat for seat in free if seat not in given]
            if not free:
                self._raise_moved_onto_another()
            seats[booking] = own if own in free else free[0]
            given.add(seats[booking])
        return seats

    @api.model
    def _raise_moved_onto_another(self):
        raise SlotTakenError(self.env._("That time is taken by another booking."))
