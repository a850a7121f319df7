from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL

from ..rules import sessions
from .appointment_payment_occupancy import LOCK_SPACE

TURN_SPACE = LOCK_SPACE + 1
# how often somebody waits for others who do not book after all; the constraints decide anyway
MOST_WAITS = 5


class Seen(NamedTuple):
    """What has a moment of a practitioner.

    :ivar bool|None turn: whether the turn is ours; none where it was not asked for
    :ivar bool has_booked: whether the form has booked already
    :ivar int category_id: the category
    :ivar int capacity: its seats
    :ivar list sold: session and seat of each row that has the moment
    """

    turn: bool | None
    has_booked: bool
    category_id: int
    capacity: int
    sold: list


class AppointmentPaymentOccupancy(models.Model):
    """Visitors who want one time at once take turns, and most learn that it is gone from one look.

    This spares work. Not everybody takes turns (staff, moves, other categories of the
    practitioner, the seats of a group), so a slot is sold once by the constraints.
    """

    _inherit = "appointment.payment.occupancy"

    @api.model
    def _wait_for_turn(self, slug, user_id, start, token):
        """Wait for whoever is booking the same time, and see whether it is left.

        Begins a new transaction, so that what is seen is what there is now: call it before
        anything is written. The turn ends with the transaction.

        :param str slug: the category's link name
        :param int user_id: the practitioner's id
        :param datetime start: naive UTC
        :param str token: the form's; whoever has booked with it already is not sent away
        :return: whether the time is sold
        :rtype: bool
        """
        key = f"{slug}/{user_id}/{start.isoformat()}"
        for _wait in range(MOST_WAITS):
            self.env.cr.rollback()  # what this transaction sees is old by now
            seen = self._look_and_take_turn(key, slug, user_id, start, token)
            if not seen or seen.turn is not False:
                break
            wait = "SELECT pg_advisory_xact_lock_shared(%s, hashtext(%s))"
            self.env.execute_query(SQL(wait, TURN_SPACE, key))
        return bool(seen) and self._is_sold(seen, start)

    @api.model
    def _look_and_take_turn(self, key, slug, user_id, start, token):
        """See what has the wanted moment; where it is nobody's, try to take the turn.

        In one statement: no time passes between what it sees and what it locks.

        :return: nothing when the category is not booked with the practitioner
        :rtype: Seen | None
        """
        rows = self.env.execute_query(
            SQL(
                "WITH sold AS MATERIALIZED ("
                " SELECT o.session, o.seat"
                " FROM resource_resource r"
                " JOIN appointment_payment_occupancy o ON o.resource_id = r.id"
                " WHERE r.user_id = %(user)s AND r.resource_type = 'user'"
                " AND tsrange(o.start, o.stop) @> %(start)s::timestamp"
                "), form AS MATERIALIZED ("
                " SELECT EXISTS (SELECT FROM appointment_payment_booking"
                " WHERE checkout_token = %(token)s) AS has_booked"
                "), turn AS MATERIALIZED ("
                " SELECT CASE WHEN c.capacity = 1 AND NOT f.has_booked"
                " AND NOT EXISTS (SELECT FROM sold)"
                " THEN pg_try_advisory_xact_lock(%(space)s, hashtext(%(key)s)) END AS mine,"
                " f.has_booked, c.id, c.capacity"
                " FROM form f CROSS JOIN calendar_event_type c"
                " JOIN appointment_payment_category_practitioner_rel p"
                " ON p.calendar_event_type_id = c.id AND p.res_users_id = %(user)s"
                " WHERE c.slug = %(slug)s AND c.bookable AND c.active"
                ") SELECT t.mine, t.has_booked, t.id, t.capacity, s.session, s.seat"
                " FROM turn t LEFT JOIN sold s ON true",
                user=user_id,
                start=start,
                token=token,
                space=TURN_SPACE,
                key=key,
                slug=slug,
            )
        )
        return Seen(*rows[0][:4], [row[4:] for row in rows if row[4]]) if rows else None

    @api.model
    def _is_sold(self, seen, start):
        """Return whether what a look has found leaves no seat.

        :param Seen seen: what a look has found
        :param datetime start: naive UTC
        :rtype: bool
        """
        if seen.has_booked or not seen.sold:
            return False
        own = sessions.name(None, seen.category_id, start, seen.capacity)
        if any(session != own for session, _seat in seen.sold):
            return True
        return not sessions.free_seats([seat for _session, seat in seen.sold], seen.capacity)
