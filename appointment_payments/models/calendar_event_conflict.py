from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import format_time

from ..rules import hours, slots

# what the search for conflicts reads
CONFLICT_FIELDS = {
    "appointment.payment.booking": ("capacity", "category_id", "event_id", "start", "stop"),
    "appointment.payment.occupancy": ("booking_id", "resource_id", "start", "stop"),
    "calendar.attendee": ("event_id", "partner_id", "state"),
    "calendar.event": ("active", "allday", "partner_ids", "show_as", "start", "stop"),
}


class CalendarEvent(models.Model):
    """A practitioner's busy event over a booking or a checkout is a conflict; staff see it.

    The guard of the slots compares bookings only. What somebody writes into a calendar is not
    refused, but never overlooked.
    """

    _inherit = "calendar.event"

    appointment_conflict = fields.Boolean(
        string="Conflict",
        compute="_compute_appointment_conflict",
        search="_search_appointment_conflict",
        help="A booking and something else take the same time of the practitioner.",
    )
    appointment_conflict_text = fields.Char(compute="_compute_appointment_conflict_text")

    @api.depends("active", "allday", "attendee_ids.state", "show_as", "start", "stop")
    @api.depends_context("uid")
    def _compute_appointment_conflict(self):
        # what else is in a practitioner's calendar is nothing for clients
        conflicting = self._find_conflicts() if self.env.user._is_internal() else set()
        # of months full of events nothing more is read than of those few
        found = self.browse(id_ for id_ in self._ids if (id_ or id_.origin) in conflicting)
        marked = found.filtered(lambda e: not e._check_private_event_conditions())
        marked.appointment_conflict = True
        (self - marked).appointment_conflict = False

    def _find_conflicts(self):
        """Return the ids of these events that are in conflict, and of others that may be.

        :rtype: set[int]
        """
        events = self._origin
        begin = min(filter(None, events.mapped("start")), default=None)
        end = max(filter(None, events.mapped("stop")), default=None)
        if not begin or not end:
            return set()
        return self._read_conflicts(begin, end)

    @api.model
    def _search_appointment_conflict(self, operator, value):
        if operator != "in":
            return NotImplemented
        # what else is in a practitioner's calendar is nothing for clients
        found = self._read_conflicts() if self.env.user._is_internal() else set()
        domain = Domain("id", "in", list(found))
        return domain if True in value else ~domain

    @api.model
    def _read_conflicts(self, begin=None, end=None):
        """Return the ids of busy events and of the events of bookings that they lie over.

        Only what is still to come counts. The seats of a group do not conflict with each other.

        :param datetime begin: from when on, naive UTC; from now on by default
        :param datetime end: until when, naive UTC
        :rtype: set[int]
        """
        found = set()
        for row in self.env.execute_query(self._prepare_conflict_query(begin, end)):
            event_id, booked_event_id, start, stop, tz, first_day, last_day = row
            if first_day:
                # not every name of a zone that Odoo has is known to each PostgreSQL
                day_start, day_stop = hours.whole_days(first_day, last_day, tz)
                if day_start >= stop or start >= day_stop:
                    continue
            found |= {event_id, booked_event_id} - {None}
        return found

    @api.model
    def _prepare_conflict_query(self, begin=None, end=None):
        """Return the query for pairs of a busy event and the event of a booking below it.

        An all-day event takes the day of its practitioner's zone: those of any zone are found.

        :param datetime begin: see :meth:`_read_conflicts`
        :param datetime end: see there
        :return: a query for the id of the busy event; id of its event, start, stop and time zone of
            what is taken; the first and the last day of an all-day event
        :rtype: SQL
        """
        now = fields.Datetime.now()
        taken = SQL("o.stop > %s", now)
        busy = SQL("e.stop > %s::timestamp - interval '1 day'", now)
        if begin and end:
            # an all-day event is kept as 8 to 18 o'clock UTC, wherever its day is
            taken = SQL(
                "%s AND o.start < %s::timestamp + interval '1 day'"
                " AND o.stop > %s::timestamp - interval '1 day'", taken, end, begin,
            )
            busy = SQL(
                "%s AND e.start < %s::timestamp + interval '1 day'"
                " AND e.stop > %s::timestamp - interval '1 day'", busy, end, begin,
            )
        # both sides first: a planner that knows little of today's rows would go through all pairs
        return SQL(
            """
            WITH taken AS MATERIALIZED (
                SELECT b.event_id, b.start, b.stop, b.user_id, b.category_id, b.capacity,
                       p.id AS partner_id, p.tz
                  FROM appointment_payment_occupancy o
                  JOIN appointment_payment_booking b ON b.id = o.booking_id
                  JOIN resource_resource r ON r.id = o.resource_id
                  JOIN res_users u ON u.id = r.user_id
                  JOIN res_partner p ON p.id = u.partner_id
                 WHERE %s
            ), busy AS MATERIALIZED (
                SELECT e.id, e.start, e.stop, e.allday, e.start_date, e.stop_date,
                       rel.res_partner_id AS partner_id
                  FROM calendar_event e
                  JOIN calendar_event_res_partner_rel rel ON rel.calendar_event_id = e.id
                 WHERE %s AND e.active AND e.show_as = 'busy'
                   AND rel.res_partner_id IN (SELECT partner_id FROM taken)
            )
            SELECT e.id, t.event_id, t.start, t.stop, t.tz,
                   CASE WHEN e.allday THEN e.start_date END,
                   CASE WHEN e.allday THEN e.stop_date END
              FROM taken t
              JOIN busy e ON e.partner_id = t.partner_id AND e.id IS DISTINCT FROM t.event_id
               AND tsrange(t.start, t.stop) && CASE WHEN e.allday THEN tsrange(
                    e.start_date::timestamp - interval '1 day',
                    (e.stop_date + 1)::timestamp + interval '1 day')
                ELSE tsrange(e.start, GREATEST(e.stop, e.start)) END
             WHERE NOT EXISTS (
                    SELECT 1 FROM calendar_attendee a
                     WHERE a.event_id = e.id AND a.partner_id = t.partner_id
                       AND a.state = 'declined')
               AND NOT EXISTS (
                    SELECT 1 FROM appointment_payment_booking s
                     WHERE s.event_id = e.id AND s.user_id = t.user_id AND s.start = t.start
                       AND s.category_id = t.category_id AND t.capacity > 1)
            """,
            taken,
            busy,
            to_flush=[
                self.env[model]._fields[name]
                for model, names in CONFLICT_FIELDS.items()
                for name in names
            ],
        )

    @api.depends(
        "allday", "appointment_client_id", "partner_ids", "show_as", "start", "stop", "user_id"
    )
    @api.depends_context("uid")
    def _compute_appointment_conflict_text(self):
        for event in self:
            event.appointment_conflict_text = False
            if not event._shows_conflicts():
                continue
            users = event.user_id | event.partner_ids._origin.user_ids
            period = event._get_busy_period(event.user_id.tz)
            event.appointment_conflict_text = event._get_conflict_text(users, *period)

    def _shows_conflicts(self):
        # what else is in a practitioner's calendar is nothing for clients
        is_internal = self.env.user._is_internal()
        return is_internal and self.start and self.stop and self.show_as == "busy"

    def _get_taken_text(self, users, start, stop):
        """Return the sentence for a time that is taken, naming only what the user may read.

        :param users: whose time, as `res.users`
        :param datetime start: naive UTC
        :param datetime stop: naive UTC
        :rtype: str
        """
        taken = self.env._("That time is taken.")
        return " ".join(filter(None, (taken, self._get_conflict_text(users, start, stop))))

    def _get_conflict_text(self, users, start, stop):
        """Return in words what else takes the time of practitioners.

        :param users: whose time, as `res.users`
        :param datetime start: naive UTC
        :param datetime stop: naive UTC
        :return: sentences; False when nothing does
        :rtype: str | bool
        """
        bookings = self._get_bookings_at(users, start, stop)
        sentences = [self._describe_booking(booking) for booking in bookings]
        # sudo: what client and category are is told to those who may read the booking
        if self.sudo()._origin.appointment_booking_ids or self._get_ordering_client():
            sentences += [
                self.env._("%(name)s has “%(event)s” in the calendar then.", name=u.name, event=e)
                for u, e in self._get_busy_events_at(users, start, stop)
            ]
        return " ".join(sentences) or False

    def _get_bookings_at(self, users, start, stop):
        """Return the bookings that take the time of users, this event's own apart.

        :rtype: recordset of `appointment.payment.booking`, as superuser
        """
        # sudo: that the time is taken is told to whoever wants it; by what, to those who may know
        occupancies = self.env["appointment.payment.occupancy"].sudo().search(
            [
                ("resource_id", "in", users._get_guarding_resources().ids),
                ("start", "<", stop),
                ("stop", ">", start),
                ("stop", ">", fields.Datetime.now()),
            ]
        )
        own = self.sudo()._origin.appointment_booking_ids
        sessions = {b._get_session_key() for b in own} - {None}
        category = self.appointment_category_id if self._get_ordering_client() else None
        if category and category.capacity > 1:
            sessions.add((category.id, self.user_id.id, start))
        return (occupancies.booking_id - own).filtered(
            lambda b: b._get_session_key() not in sessions or not b._get_session_key()
        )

    def _describe_booking(self, booking):
        """Return a sentence about a booking in the way; details only to those who may read it.

        :param booking: the `appointment.payment.booking`
        :rtype: str
        """
        seen = booking.with_env(self.env)
        what = self.env._("an appointment")
        if seen.has_access("read"):
            what = f"“{seen.partner_id.name} · {seen.category_id.name}”"
        values = {"name": booking.user_id.name, "what": what, "time": self._tell_time(booking)}
        if booking.state == "pending_payment":
            return self.env._(
                "%(name)s: a client is paying for %(what)s, %(time)s.", **values
            )
        return self.env._("%(name)s has %(what)s, %(time)s.", **values)

    def _tell_time(self, booking):
        zone = self.env.user.tz or booking.tz
        return " – ".join(
            format_time(self.env, slots.to_local(moment, zone).time(), time_format="short")
            for moment in (booking.start, booking.stop)
        )

    def _get_busy_events_at(self, users, start, stop):
        """Yield (user, name) of the other busy events of users; private ones are “Busy”."""
        domain = [
            ("id", "not in", self._origin.ids),
            ("show_as", "=", "busy"),
            ("start", "<", stop),
            ("stop", ">", start),
            ("partner_ids", "in", users.partner_id.ids),
            # other bookings are told of by themselves
            ("appointment_state", "=", False),
        ]
        for event in self.env["calendar.event"].search(domain, limit=3):
            for user in users.filtered(lambda u, e=event: u.partner_id in e.partner_ids):
                yield user, event.display_name
