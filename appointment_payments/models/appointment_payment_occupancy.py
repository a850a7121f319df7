import logging

import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

CONSTRAINT = "appointment_payment_occupancy_sold_once"
# first key of the advisory locks, so that they meet no other module's
LOCK_SPACE = 0x61707079


class SlotTakenError(UserError):
    """The time is not free any more."""


class AppointmentPaymentOccupancy(models.Model):
    """The time of a practitioner that a booking takes: a slot is sold once (design rule 1).

    A booking takes one row for each resource of its practitioner, so that somebody who works in
    two companies is not sold twice either.
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
    start = fields.Datetime(required=True)
    stop = fields.Datetime(required=True)

    _sold_once = models.Constraint(
        "EXCLUDE USING gist (resource_id WITH =, seat WITH =, tsrange(start, stop) WITH &&)"
        " DEFERRABLE INITIALLY IMMEDIATE",
        "This time has just been taken.",
    )
    _stop_after_start = models.Constraint(
        "CHECK (stop > start)", "An appointment ends after it starts."
    )

    def _register_hook(self):
        """Say loudly when the database does not guard the slots; public booking then closes."""
        super()._register_hook()
        self.env.registry.appointment_slots_guarded = self._constraint_exists()
        if not self.env.registry.appointment_slots_guarded:
            _logger.error(
                "Constraint %s is missing: public booking is closed. Run 'CREATE EXTENSION"
                " btree_gist;' in the database and upgrade appointment_payments.",
                CONSTRAINT,
            )

    @api.model
    def _constraint_exists(self):
        return bool(
            self.env.execute_query(
                SQL("SELECT 1 FROM pg_constraint WHERE conname = %s AND contype = 'x'", CONSTRAINT)
            )
        )

    @api.model
    def _is_guarded(self):
        """Return whether the exclusion constraint was there when the registry was loaded.

        :rtype: bool
        """
        return getattr(self.env.registry, "appointment_slots_guarded", False)

    @api.model
    def _take(self, booking, resources, start, stop):
        """Take the time of resources for a booking, or take nothing.

        Search, then advisory lock, then INSERT under the constraint: under REPEATABLE READ
        nothing less holds, and without the lock the constraint alone deadlocks under load.

        :param booking: the `appointment.payment.booking`
        :param resources: the practitioner's `resource.resource`, of every company
        :param datetime start: naive UTC
        :param datetime stop: naive UTC
        :raise SlotTakenError: when any of it is taken already
        """
        if self._is_taken(booking, resources, start, stop):
            raise SlotTakenError(self.env._("This time has just been taken."))
        self._lock_resources(resources)
        self.flush_model()
        try:
            with self.env.cr.savepoint():
                self.env.cr.execute(
                    self._prepare_insert(booking, resources, start, stop), log_exceptions=False
                )
        except psycopg2.errors.ExclusionViolation as error:
            raise SlotTakenError(self.env._("This time has just been taken.")) from error
        self.invalidate_model()
        booking.invalidate_recordset(["occupancy_ids"])

    @api.model
    def _is_taken(self, booking, resources, start, stop):
        return bool(
            self.search_count(
                Domain("resource_id", "in", resources.ids)
                & Domain("booking_id", "!=", booking.id)
                & Domain("start", "<", stop)
                & Domain("stop", ">", start),
                limit=1,
            )
        )

    @api.model
    def _lock_resources(self, resources):
        """Queue up with whoever takes the same resources, in id order so that none deadlocks."""
        for resource_id in sorted(resources.ids):
            lock = SQL("SELECT pg_advisory_xact_lock(%s, %s)", LOCK_SPACE, resource_id)
            self.env.cr.execute(lock)

    @api.model
    def _prepare_insert(self, booking, resources, start, stop):
        return SQL(
            "INSERT INTO appointment_payment_occupancy (booking_id, resource_id, seat, start,"
            " stop, create_uid, create_date, write_uid, write_date)"
            " SELECT %s, id, 1, %s, %s, %s, now() AT TIME ZONE 'UTC', %s,"
            " now() AT TIME ZONE 'UTC' FROM unnest(%s::int[]) AS id",
            booking.id,
            start,
            stop,
            self.env.uid,
            self.env.uid,
            list(resources.ids),
        )

    def _move(self, start, stop):
        """Move taken time; all of it moves or none.

        :param datetime start: naive UTC
        :param datetime stop: naive UTC
        :raise SlotTakenError: when the new time is taken
        """
        booking = self.booking_id.ensure_one()
        resources = self.resource_id
        if self._is_taken(booking, resources, start, stop):
            raise SlotTakenError(self.env._("That time is taken by another booking."))
        self._lock_resources(resources)
        self.flush_model()
        update = SQL(
            "UPDATE appointment_payment_occupancy SET start = %s, stop = %s WHERE id IN %s",
            start,
            stop,
            tuple(self.ids),
        )
        try:
            with self.env.cr.savepoint():
                self.env.cr.execute(update, log_exceptions=False)
        except psycopg2.errors.ExclusionViolation as error:
            raise SlotTakenError(
                self.env._("That time is taken by another booking.")
            ) from error
        self.invalidate_recordset(["start", "stop"])
