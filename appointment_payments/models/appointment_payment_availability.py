from datetime import UTC, datetime, time, timedelta

from odoo import api, fields, models

from ..rules import slots


class AppointmentPaymentAvailability(models.AbstractModel):
    """When practitioners can be booked: working hours less what takes their time.

    Times are naive UTC, as the ORM keeps them.
    """

    _name = "appointment.payment.availability"
    _description = "When practitioners can be booked"

    @api.model
    def _get_starts(self, category, users, date_from, date_to):
        """Return the start times at which a category can be booked.

        Each practitioner is booked in the company that sells the category with them, at its hours.

        :param category: the `calendar.event.type`
        :param users: the practitioners asked for, as `res.users`
        :param datetime date_from: first moment looked at (naive UTC)
        :param datetime date_to: last moment looked at, exclusive (naive UTC)
        :return: the sorted naive UTC starts of each practitioner, by user id
        :rtype: dict[int, list[datetime]]
        """
        found = {user.id: [] for user in users}
        for company, of_company in users.grouped(category._get_selling_company).items():
            found |= self._get_starts_of_company(category, company, of_company, date_from, date_to)
        return found

    @api.model
    def _get_starts_of_company(self, category, company, users, date_from, date_to):
        now = fields.Datetime.now()
        notice, horizon = category._get_booking_window(company)
        not_before, date_to = max(date_from, now + notice), min(date_to, now + horizon)
        duration = timedelta(hours=category.duration)
        if not_before >= date_to:
            return {}
        day_ends = date_to + duration
        working = self._get_working_periods(users, company, day_ends)
        busy = self._get_busy_periods(users, not_before, day_ends)
        return {
            user.id: slots.starts(
                working[user.id], busy[user.id], duration, duration, not_before, date_to
            )
            for user in users
        }

    @api.model
    def _get_offers(self, category, users, date_from, date_to):
        """Return the times on offer, each once, with who would be booked then.

        :param category: the `calendar.event.type`
        :param users: the practitioners asked for, as `res.users`
        :param datetime date_from: first moment looked at (naive UTC)
        :param datetime date_to: last moment looked at, exclusive (naive UTC)
        :return: the offers in order, one for each start; ``user_id`` is the practitioner with the
            least time booked among those free then
        :rtype: list[slots.Offer]
        """
        starts = self._get_starts(category, users, date_from, date_to)
        free = {}
        for user_id, of_user in starts.items():
            for start in of_user:
                free.setdefault(start, slots.Offer(start, user_id, 1))
        return [free[start] for start in sorted(free)]

    @api.model
    def _get_horizon(self, category, users):
        """Return the moment after which a category cannot be booked yet with any of these.

        :param category: the `calendar.event.type`
        :param users: the practitioners asked for, as `res.users`
        :return: naive UTC
        :rtype: datetime
        """
        companies = {category._get_selling_company(user) for user in users}
        ahead = [category._get_booking_window(company)[1] for company in companies]
        return fields.Datetime.now() + max(ahead, default=timedelta())

    @api.model
    def _get_working_periods(self, users, company, date_to):
        """Return the working hours less leaves, from yesterday on.

        The grid of starts is anchored where a working period begins, so the periods are read from
        one fixed moment of the day, whatever is asked.

        :return: the (start, stop) periods in naive UTC, by user id
        :rtype: dict[int, list[tuple[datetime, datetime]]]
        """
        periods = {user.id: [] for user in users}
        today = datetime.combine(fields.Date.today(), time.min, tzinfo=UTC)
        window = today - timedelta(days=1), date_to.replace(tzinfo=UTC)
        resources = users._get_practitioner_resources(company).filtered("calendar_id")
        for calendar, of_calendar in resources.grouped("calendar_id").items():
            batch = calendar._work_intervals_batch(*window, of_calendar)
            for resource in of_calendar:
                periods[resource.user_id.id] += [
                    (self._to_whole_utc(begin), self._to_whole_utc(end))
                    for begin, end, _meta in batch[resource.id]
                ]
        return periods

    @api.model
    def _to_whole_utc(self, moment):
        """Return a moment in naive UTC; Odoo ends a day at 23:59:59.999999, and we at midnight."""
        if moment.microsecond:
            moment = moment.replace(microsecond=0) + timedelta(seconds=1)
        return slots.to_utc(moment)

    @api.model
    def _get_busy_periods(self, users, date_from, date_to):
        """Return what takes the practitioners' time: sold slots and events that show as busy.

        :return: the (start, stop) periods in naive UTC, by user id
        :rtype: dict[int, list[tuple[datetime, datetime]]]
        """
        busy = {user.id: [] for user in users}
        resources = users._get_guarding_resources()
        # sudo: a visitor is told that a time is taken, never by what
        occupancies = (
            self.env["appointment.payment.occupancy"]
            .sudo()
            .search(
                [
                    ("resource_id", "in", resources.ids),
                    ("start", "<", date_to),
                    ("stop", ">", date_from),
                ]
            )
        )
        for occupancy in occupancies:
            busy[occupancy.resource_id.user_id.id].append((occupancy.start, occupancy.stop))
        for user, period in self._get_busy_events(users, date_from, date_to):
            busy[user.id].append(period)
        return busy

    @api.model
    def _get_busy_events(self, users, date_from, date_to):
        """Yield (user, (start, stop)) for the busy events that users attend and have not declined.

        An all-day event is stored as 8 to 18 o'clock UTC, so the search looks a day further.
        """
        by_partner = {user.partner_id: user for user in users}
        # sudo: a visitor is told that a time is taken, never by what
        attendees = (
            self.env["calendar.attendee"]
            .sudo()
            .search(
                [
                    ("partner_id", "in", users.partner_id.ids),
                    ("state", "!=", "declined"),
                    ("event_id.show_as", "=", "busy"),
                    ("event_id.active", "=", True),
                    ("event_id.start", "<", date_to + timedelta(days=1)),
                    ("event_id.stop", ">", date_from - timedelta(days=1)),
                ]
            )
        )
        for attendee in attendees:
            user = by_partner[attendee.partner_id]
            yield user, attendee.event_id._get_busy_period(user.tz)

    @api.model
    def _is_offered(self, category, user, start):
        """Return whether one start is on offer now.

        :param category: the `calendar.event.type`
        :param user: the practitioner
        :param datetime start: naive UTC
        :rtype: bool
        """
        starts = self._get_starts(category, user, start, start + timedelta(minutes=1))
        return start in starts[user.id]
