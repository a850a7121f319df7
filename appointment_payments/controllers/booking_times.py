"""The free times of a category, as the Time step shows them: a month, a day, its times."""

from datetime import timedelta

from odoo import fields
from odoo.http import request

from ..rules import month as months
from ..rules import slots
from .booking_words import (
    show_date,
    show_month,
    show_short_date,
    show_time,
    show_weekday,
    show_when,
)

NEAREST = 4
AROUND = timedelta(days=16)  # a month, the time asked for in its middle


def say_taken():
    """Return what somebody reads whose time another has.

    :rtype: str
    """
    return request.env._(
        "This time has just been taken. Choose another one below: what you typed is kept."
    )


class BookingTimes:
    """When those asked for are free.

    :ivar visit: the `Visit`
    """

    def __init__(self, visit):
        """Look at the clock, and how far ahead can be booked.

        :param visit: the `Visit`, not closed
        """
        self.visit = visit
        self.now = fields.Datetime.now()
        # sudo: a visitor is told which times are free, never by what the others are taken
        self.availability = request.env["appointment.payment.availability"].sudo()
        self.horizon = self.availability._get_horizon(visit.category, visit.users)

    def find(self, date_from, date_to):
        """Return what is on offer in a period.

        :param datetime date_from: naive UTC
        :param datetime date_to: naive UTC, exclusive
        :return: the offers in order
        :rtype: list[slots.Offer]
        """
        date_from, date_to = max(date_from, self.now), min(date_to, self.horizon)
        if date_from >= date_to:
            return []
        visit = self.visit
        return self.availability._get_offers(visit.category, visit.users, date_from, date_to)

    def find_at(self, start):
        """Return the offer of a time.

        :param datetime start: naive UTC, or none
        :rtype: slots.Offer | None
        """
        offers = self.find(start, start + timedelta(minutes=1)) if start else []
        return next((offer for offer in offers if offer.start == start), None)

    def find_first(self, date_from):
        """Return the first offer from a moment on.

        :param datetime date_from: naive UTC
        :rtype: slots.Offer | None
        """
        for part in months.widening(max(date_from, self.now), self.horizon):
            offers = self.find(*part)
            if offers:
                return offers[0]
        return None

    def find_nearest(self, wanted):
        """Return the offers nearest to a time that cannot be had.

        :param datetime wanted: naive UTC, or none for now
        :return: in order
        :rtype: list[slots.Offer]
        """
        wanted = min(max(wanted or self.now, self.now), self.horizon)
        offers = self.find(wanted - AROUND, wanted + AROUND)
        if len(offers) < NEAREST:
            offers = self.find(self.now, self.horizon)
        return sorted(sorted(offers, key=lambda offer: abs(offer.start - wanted))[:NEAREST])

    def get_month_values(self, month=None, day=None):
        """Prepare a month: its days, and the times of each.

        :param str month: the month to show, 'YYYY-MM'; none for the first with free times
        :param str day: the day to show, 'YYYY-MM-DD'; none for the first free one
        :return: the rendering values of `booking_month`
        :rtype: dict
        """
        day = months.parse_day(day)
        asked = months.parse_month(month) or day
        shown = self._bounded(asked or self._local_day(self.now))
        days, following = self._find_days(shown)
        if not days and not asked and following:
            shown = self._local_day(following.start).replace(day=1)
            days, following = self._find_days(shown)
        chosen = day if day in days else next(iter(days), None)
        return {
            "visit": self.visit,
            "month": shown,
            "month_name": show_month(shown),
            "earlier": self._show_neighbour(shown, -1),
            "later": self._show_neighbour(shown, 1),
            "weekdays": self._show_weekdays(),
            "weeks": self._show_weeks(shown, days, chosen),
            "days": [self._show_day(date, offers, chosen) for date, offers in days.items()],
            "following": following and self._show_following(following),
        }

    def _find_days(self, shown):
        """Return the offers of a month by local day, and if there are none the first one after."""
        begin, end = months.bounds(shown, self.visit.tz)
        days = {}
        for offer in self.find(begin, end):
            days.setdefault(self._local_day(offer.start), []).append(offer)
        return days, None if days else self.find_first(end)

    def _local_day(self, moment):
        return slots.to_local(moment, self.visit.tz).date()

    def _bounded(self, day):
        """Return the first of a day's month, within the months that can be booked."""
        last = self._local_day(self.horizon - timedelta.resolution)
        return min(max(day, self._local_day(self.now)), last).replace(day=1)

    def _show_neighbour(self, shown, distance):
        month = months.neighbour(shown, distance)
        if self._bounded(month) != month:
            return None
        text = f"{month:%Y-%m}"
        return {"month": text, "name": show_month(month), "url": self._url(month=text)}

    def _url(self, **more):
        return self.visit.get_url(**more)

    def _first_weekday(self):
        # a language counts its days from 1, Monday
        return int(request.env["res.lang"]._get_data(code=request.env.lang).week_start or 1) - 1

    def _show_weekdays(self):
        """Return the short and the long names of the weekdays, as the language orders them."""
        first = self._first_weekday()
        monday = fields.Date.to_date("2024-01-01")
        return [show_weekday(monday + timedelta(days=first + count)) for count in range(7)]

    def _show_weeks(self, shown, days, chosen):
        today = self._local_day(self.now)
        return [
            [
                day
                and {
                    "day": day.isoformat(),
                    "number": day.day,
                    "free": day in days,
                    "chosen": day == chosen,
                    "today": day == today,
                    "label": self._label_day(day, days.get(day, [])),
                    "url": self._url(month=f"{day:%Y-%m}", day=day.isoformat()),
                }
                for day in week
            ]
            for week in months.weeks(shown, self._first_weekday(), today)
        ]

    def _label_day(self, day, offers):
        if len(offers) == 1:
            return request.env._("%(day)s: 1 free time", day=show_date(day))
        return request.env._(
            "%(day)s: %(number)s free times", day=show_date(day), number=len(offers)
        )

    def _show_day(self, date, offers, chosen):
        local = [slots.to_local(offer.start, self.visit.tz) for offer in offers]
        names = [show_time(moment) for moment in local]
        shown = []
        for offer, moment, name in zip(offers, local, names, strict=True):
            if names.count(name) > 1:  # the hour that the clock shows twice
                name = f"{name} {moment:%Z}"
            shown.append({
                "name": name,
                "note": self._note(offer),
                "url": self._url(start=slots.to_text(offer.start), embed=None),
            })
        return {
            "day": date.isoformat(),
            "name": show_date(date),
            "chosen": date == chosen,
            "times": shown,
        }

    def _note(self, offer):
        """Return what else to know about a time: its seats, its price where they differ."""
        visit, notes = self.visit, []
        if visit.category.capacity > 1:
            notes.append(
                request.env._("1 seat left")
                if offer.seats_left == 1
                else request.env._("%(number)s seats left", number=offer.seats_left)
            )
        if visit.has_several_prices:
            total = visit.terms[offer.user_id]["amount_total"]
            notes.append(visit.category.currency_id.format(total))
        return " · ".join(notes)

    def _show_following(self, offer):
        day = self._local_day(offer.start)
        return {
            "day": day.isoformat(),
            "month": f"{day:%Y-%m}",
            "name": show_date(day),
            "url": self._url(month=f"{day:%Y-%m}", day=day.isoformat()),
        }

    def get_problem(self, wanted):
        """Say why a time cannot be had.

        :param datetime wanted: naive UTC, or none when it could not be read
        :return: a sentence or two
        :rtype: str
        """
        if not wanted or wanted >= self.horizon:
            return request.env._(
                "This time is not offered. Choose another one below: what you typed is kept."
            )
        if wanted <= self.now:
            return request.env._(
                "This time is over. Choose another one below: what you typed is kept."
            )
        return say_taken()

    def get_nearest_values(self, wanted):
        """Prepare the times nearest to one that cannot be had, to choose with one click.

        :param datetime wanted: naive UTC, or none
        :return: the words and the start of each
        :rtype: list[tuple[str, str]]
        """
        shown = []
        for offer in self.find_nearest(wanted):
            words = [show_when(offer.start, self.visit.tz, show_short_date)]
            if len(self.visit.users) > 1:
                words.append(self.visit.users.browse(offer.user_id).name)
            note = self._note(offer)
            words += [note] if note else []
            shown.append((" · ".join(words), slots.to_text(offer.start)))
        return shown
