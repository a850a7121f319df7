from datetime import datetime, timedelta
from typing import NamedTuple

from odoo import api, fields, models

from ..rules import hours, offers, slots

# how far back working hours are read: the grid of starts begins where somebody begins to work,
# and that must not depend on the moment that is asked for
DAYS_BEFORE = timedelta(days=3)
DAYS_AFTER = timedelta(days=1)


class Window(NamedTuple):
    """Between when and when a practitioner can be booked, and in which company."""

    company_id: int
    not_before: datetime
    not_after: datetime


class AppointmentPaymentAvailability(models.AbstractModel):
    """When practitioners can be booked: working hours less what takes their time.

    ``_read`` fetches hours and taken time in one query each; the rules sweep them. Times are naive
    UTC, as the ORM keeps them.
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
        by_user, _booked = self._find_offers(category, users, date_from, date_to)
        return {user_id: [offer.start for offer in found] for user_id, found in by_user.items()}

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
        return offers.least_booked_first(*self._find_offers(category, users, date_from, date_to))

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

    @api.model
    def _get_free_at(self, category, company, users, start):
        """Return who works at a moment and has nothing else then, on offer or not.

        :param category: the `calendar.event.type` that they would take
        :param company: the selling `res.company`
        :param users: the practitioners asked for, as `res.users`
        :param datetime start: naive UTC
        :rtype: recordset of `res.users`
        """
        practitioners = self._read_practitioners(users) if users else {}
        windows = dict.fromkeys(users.ids, Window(company.id, start, start))
        diaries = self._get_diaries(category, practitioners, windows) if practitioners else []
        terms = category._get_slot_terms()
        free = {diary.user_id for diary in diaries if offers.is_free(diary, terms, start)}
        return users.filtered(lambda user: user.id in free)

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
    def _find_offers(self, category, users, date_from, date_to):
        """Find the offers of each practitioner.

        :return: the offers, and how much time is booked in the window, by user id
        :rtype: tuple[dict[int, list[slots.Offer]], dict[int, timedelta]]
        """
        by_user = {user.id: [] for user in users}
        practitioners = self._read_practitioners(users) if users else {}
        windows = self._get_windows(category, users, date_from, date_to)
        diaries = self._get_diaries(category, practitioners, windows) if windows else []
        terms, booked = category._get_slot_terms(), {}
        for diary in diaries:
            _company, not_before, not_after = windows[diary.user_id]
            by_user[diary.user_id] = offers.find(diary, terms, not_before, not_after)
            booked[diary.user_id] = sum((s.stop - s.start for s in diary.sold), timedelta())
        return by_user, booked

    @api.model
    def _get_windows(self, category, users, date_from, date_to):
        """Return when each practitioner can be booked; those who cannot then are left out.

        :rtype: dict[int, Window]
        """
        windows, now = {}, fields.Datetime.now()
        for company, of_company in users.grouped(category._get_selling_company).items():
            company.fetch(["appointment_min_notice_hours", "appointment_horizon_days"])
            notice, horizon = category._get_booking_window(company)
            not_before, not_after = max(date_from, now + notice), min(date_to, now + horizon)
            if not_before < not_after:
                window = Window(company.id, not_before, not_after)
                windows.update(dict.fromkeys(of_company.ids, window))
        return windows

    @api.model
    def _get_diaries(self, category, practitioners, windows):
        """Return when practitioners work in the company that sells, and what takes their time.

        :param dict practitioners: what `_read_practitioners` returns
        :param dict windows: what `_get_windows` returns
        :rtype: list[offers.Diary]
        """
        working = {
            user_id: [r for r in person.resources if r.company_id == windows[user_id].company_id]
            for user_id, person in practitioners.items()
            if user_id in windows
        }
        resource_ids = [resource.id for found in working.values() for resource in found]
        if not resource_ids:
            return []
        terms = category._get_slot_terms()
        first = min(window.not_before for window in windows.values())
        last = max(window.not_after for window in windows.values()) + terms.step
        taken = self._read_taken(practitioners, resource_ids, first - terms.step, last)
        days = (first - DAYS_BEFORE).date(), (last + DAYS_AFTER).date()
        weeks = {}  # those who work the same hours in the same zone share the reckoning
        return [
            offers.Diary(
                user_id,
                self._get_periods(found, taken[user_id].leaves, days, weeks),
                hours.midnights(*days, found[0].tz),
                taken[user_id].sold,
                taken[user_id].busy,
            )
            for user_id, found in working.items()
            if found
        ]

    @api.model
    def _get_periods(self, resources, leaves, days, weeks):
        """Return the working periods of one practitioner.

        :param list resources: the practitioner's, see `_read_practitioners`
        :param dict leaves: the (start, stop) of leaves, by resource id
        :param tuple days: the first and the last date
        :param dict weeks: the periods without leaves that are known already
        :rtype: list[tuple[datetime, datetime]]
        """
        periods = []
        for resource in resources:
            key = resource.calendar_id, resource.tz
            if key not in weeks:
                weeks[key] = slots.merge(self._get_weekly_periods(resource, days))
            periods += slots.subtract(weeks[key], leaves[resource.id])
        return slots.merge(periods)

    @api.model
    def _get_weekly_periods(self, resource, days):
        if resource.flexible:
            return hours.flexible(resource.flexible, *days, resource.tz)
        return hours.weekly(resource.attendances, *days, resource.tz)
