from collections import defaultdict
from datetime import timedelta
from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL

from ..rules import hours, offers


class Resource(NamedTuple):
    """What a practitioner works in one company.

    :ivar int id: the `resource.resource`
    :ivar int company_id: the company
    :ivar str tz: where the hours are local
    :ivar int calendar_id: the `resource.calendar`
    :ivar list[hours.Attendance] attendances: the weekly hours
    :ivar hours.Flexible | None flexible: instead of them
    """

    id: int
    company_id: int
    tz: str
    calendar_id: int
    attendances: list
    flexible: hours.Flexible | None


class Practitioner(NamedTuple):
    """A practitioner with the resources that have weekly hours."""

    tz: str
    resources: list


class Taken(NamedTuple):
    """What takes a practitioner's time; ``leaves`` are kept by resource."""

    leaves: dict
    sold: list
    busy: list


READ = {
    "appointment.payment.booking": ["event_id"],
    "appointment.payment.occupancy": ["booking_id", "resource_id", "seat", "session"],
    "calendar.attendee": ["event_id", "partner_id", "state"],
    "calendar.event": ["active", "allday", "show_as", "start", "start_date", "stop", "stop_date"],
    "res.partner": ["tz"],
    "res.users": ["company_id", "partner_id"],
    "resource.calendar": [
        "flexible_hours",
        "full_time_required_hours",
        "hours_per_day",
        "two_weeks_calendar",
    ],
    "resource.calendar.attendance": [
        "calendar_id",
        "day_period",
        "dayofweek",
        "display_type",
        "hour_from",
        "hour_to",
        "week_type",
    ],
    "resource.calendar.leaves": [
        "calendar_id",
        "company_id",
        "date_from",
        "date_to",
        "resource_id",
        "time_type",
    ],
    "resource.resource": ["active", "calendar_id", "company_id", "resource_type", "tz", "user_id"],
}
WEEKLY_HOURS = """(
    SELECT json_agg(json_build_array(
        CASE WHEN c.two_weeks_calendar THEN a.week_type END, a.dayofweek, a.hour_from, a.hour_to))
    FROM resource_calendar_attendance a
    WHERE a.calendar_id = c.id AND a.display_type IS NULL AND a.day_period != 'lunch'
)"""


class AppointmentPaymentAvailability(models.AbstractModel):
    """Reading what availability needs: two queries, however many practitioners and events.

    In SQL, since the ORM reads event by event what a rule compares in bulk. Record rules are passed
    over as with sudo: a visitor is told that a time is taken, never by what.
    """

    _inherit = "appointment.payment.availability"

    @api.model
    def _execute(self, query):
        """Run a query after writing what it reads and the ORM has not written yet.

        :rtype: list[tuple]
        """
        changed = [
            self.env[model]._fields[name] for model, names in READ.items() for name in names
        ]
        return self.env.execute_query(SQL("%s", query, to_flush=changed))

    @api.model
    def _read_practitioners(self, users):
        """Read the weekly hours of practitioners.

        :param users: the practitioners, as `res.users`
        :return: by user id; who has no weekly hours has no resources
        :rtype: dict[int, Practitioner]
        """
        rows = self._execute(
            SQL(
                "SELECT u.id, u.company_id, p.tz, r.id, r.company_id, r.tz, c.id, %s,"
                " c.flexible_hours, c.hours_per_day, c.full_time_required_hours"
                " FROM res_users u JOIN res_partner p ON p.id = u.partner_id"
                " LEFT JOIN (resource_resource r JOIN resource_calendar c ON c.id = r.calendar_id)"
                " ON r.user_id = u.id AND r.active AND r.resource_type = 'user'"
                " WHERE u.id IN %s ORDER BY r.id",
                SQL(WEEKLY_HOURS),
                tuple(users.ids),
            )
        )
        practitioners = {}
        for user_id, _company_id, tz, *resource in rows:
            person = practitioners.setdefault(user_id, Practitioner(tz, []))
            if resource[0]:
                person.resources.append(self._to_resource(*resource))
        # whoever asks goes on with the companies of these users: no need to read them again
        companies = {user_id: company_id for user_id, company_id, *_rest in rows}
        known = users.filtered(lambda user: user.id in companies)
        known._fields["company_id"]._insert_cache(known, [companies[user.id] for user in known])
        return practitioners

    @api.model
    def _to_resource(
        self, resource_id, company_id, tz, calendar_id, lines, is_flexible, per_day, per_week
    ):
        attendances = [
            hours.Attendance(None if week is None else int(week), int(weekday), begin, end)
            for week, weekday, begin, end in lines or ()
        ]
        flexible = hours.Flexible(per_day or 0, per_week or 0) if is_flexible else None
        return Resource(resource_id, company_id, tz, calendar_id, attendances, flexible)

    @api.model
    def _read_taken(self, practitioners, resource_ids, date_from, date_to):
        """Read what takes practitioners' time: leaves, bookings of all companies, busy events.

        :param dict practitioners: what `_read_practitioners` returns
        :param list resource_ids: whose leaves count
        :param datetime date_from: naive UTC
        :param datetime date_to: naive UTC
        :return: by user id
        :rtype: dict[int, Taken]
        """
        user_ids = tuple(practitioners)
        rows = self._execute(
            SQL(
                "%s UNION ALL %s UNION ALL %s",
                self._leaves_query(resource_ids, date_from - timedelta(days=5), date_to),
                self._sold_query(user_ids, date_from, date_to),
                self._events_query(user_ids, date_from, date_to),
            )
        )
        taken = {user_id: Taken(defaultdict(list), [], []) for user_id in user_ids}
        events, booked = [], set()
        for kind, user_id, key, start, stop, *rest in rows:
            if kind == "leave":
                taken[user_id].leaves[key].append((start, stop))
            elif kind == "event":
                events.append((user_id, key, start, stop, *rest[-2:]))
            else:
                session, seat, event_id = rest[:3]
                taken[user_id].sold.append(offers.Sold(key, start, stop, session, seat))
                booked.add((user_id, event_id))
        for user_id, event_id, start, stop, first_day, last_day in events:
            if (user_id, event_id) in booked:
                continue  # the booking itself takes that time, with what it keeps free
            if first_day:
                start, stop = hours.whole_days(first_day, last_day, practitioners[user_id].tz)
            taken[user_id].busy.append((start, stop))
        return taken

    @api.model
    def _leaves_query(self, resource_ids, date_from, date_to):
        return SQL(
            "SELECT 'leave', r.user_id, r.id, l.date_from, l.date_to, NULL, NULL::int, NULL::int,"
            " NULL::date, NULL::date"
            " FROM resource_resource r JOIN resource_calendar_leaves l"
            " ON (l.resource_id = r.id OR l.resource_id IS NULL AND l.company_id = r.company_id)"
            " AND (l.calendar_id = r.calendar_id OR l.calendar_id IS NULL)"
            " WHERE r.id IN %s AND l.time_type = 'leave'"
            " AND l.date_from <= %s AND l.date_to >= %s",
            tuple(resource_ids),
            date_to,
            date_from,
        )

    @api.model
    def _sold_query(self, user_ids, date_from, date_to):
        """Return what reads sold time: once, though it is sold on every resource of somebody."""
        return SQL(
            "SELECT DISTINCT 'sold', r.user_id, o.booking_id, o.start, o.stop, o.session, o.seat,"
            " b.event_id, NULL::date, NULL::date"
            " FROM resource_resource r"
            " JOIN appointment_payment_occupancy o ON o.resource_id = r.id"
            " JOIN appointment_payment_booking b ON b.id = o.booking_id"
            " WHERE r.user_id IN %s AND r.resource_type = 'user'"
            " AND tsrange(o.start, o.stop) && tsrange(%s, %s)",
            user_ids,
            date_from,
            date_to,
        )

    @api.model
    def _events_query(self, user_ids, date_from, date_to):
        """Return what reads busy events; an all-day one is kept as 8 to 18 o'clock UTC.

        PostgreSQL cannot guess how many events are under way at a time. It can for those which
        began within a month before, by Odoo's index of starts; the few that are longer than that
        have an index of their own.
        """
        first, last = date_from - timedelta(days=1), date_to + timedelta(days=1)
        usual = SQL(
            "e.start >= %s AND e.stop <= e.start + interval '31 days'", first - timedelta(days=31)
        )
        long = SQL(
            "e.id = ANY (ARRAY(SELECT id FROM calendar_event"
            " WHERE stop > start + interval '31 days' AND stop > %s AND start < %s))",
            first,
            last,
        )
        query = (
            "SELECT 'event', u.id, e.id, e.start, e.stop, NULL, NULL::int, NULL::int,"
            " CASE WHEN e.allday THEN e.start_date END, CASE WHEN e.allday THEN e.stop_date END"
            " FROM res_users u JOIN calendar_attendee a ON a.partner_id = u.partner_id"
            " JOIN calendar_event e ON e.id = a.event_id"
            " WHERE u.id IN %s AND a.state IS DISTINCT FROM 'declined'"
            " AND e.active AND e.show_as = 'busy' AND e.start < %s AND e.stop > %s AND %s"
        )
        return SQL(" UNION ALL ").join(
            SQL(query, user_ids, last, first, which) for which in (usual, long)
        )
