"""The public booking pages: Time · Details, then the booking's own page for Payment · Done."""

from datetime import timedelta

from werkzeug.exceptions import BadRequest, NotFound

from odoo import SUPERUSER_ID, fields, http
from odoo.http import request
from odoo.tools import email_normalize
from odoo.tools.misc import format_date, format_time

from ..models.appointment_payment_occupancy import SlotTakenError
from ..models.appointment_payment_rate import TooManyBookingsError
from ..rules import slots
from .booking_form import BookingForm

DAYS_ON_A_PAGE = 5
NEAREST = 4


def _show_day(day, date_format="EEEE d MMMM"):
    """Return a date as the visitor reads it."""
    return format_date(request.env, day, date_format=date_format)


def _show_time(moment):
    """Return the time of day of a local moment as the visitor reads it."""
    return format_time(request.env, moment.time(), time_format="short")


class AppointmentBooking(http.Controller):
    @http.route("/booking", type="http", auth="public", website=True, methods=["GET"])
    def booking_categories(self, **kwargs):
        """List what can be booked, companies apart.

        :return: the page
        """
        # sudo: visitors read categories through these pages only
        categories = (
            request.env["calendar.event.type"].sudo().search([("bookable", "=", True)]).filtered(
                lambda c: not c._get_missing(c._get_selling_company(c.user_ids[:1]))
            )
        )
        return request.render("appointment_payments.booking_categories", {"categories": categories})

    @http.route("/booking/<string:slug>", type="http", auth="public", website=True, methods=["GET"])
    def booking_category(self, slug, start=None, practitioner=None, day=None, **kwargs):
        """Show the free times of a category, or the details form for one of them.

        :param str slug: the category's link name
        :param str start: the chosen start, ISO 8601 in UTC
        :param str practitioner: the chosen practitioner's id; none for anyone
        :param str day: the first day to show, ISO 8601
        :return: the page
        :raise NotFound: when there is no such category
        """
        category, users = self._get_category(slug), None
        if category:
            users = self._get_practitioners(category, practitioner)
        values = self._prepare_page(category, users)
        if not values["closed"] and start:
            chosen = self._choose(category, users, slots.parse_instant(start))
            if chosen:
                return self._render_details(values, *chosen)
            values["problem"] = request.env._("This time is not free. Please choose another one.")
        values.update(self._prepare_times(category, users, day))
        return request.render("appointment_payments.booking_times", values)

    @http.route(
        "/booking/<string:slug>", type="http", auth="public", website=True, methods=["POST"]
    )
    def booking_submit(self, slug, practitioner=None, **post):
        """Make a booking from the details form and go on to its own page.

        :param str slug: the category's link name
        :param str practitioner: the chosen practitioner's id
        :param dict post: the rest of the form, see `BookingForm`
        :return: a redirection to the booking, or the form again with what is wrong (422), or with
            the nearest free times (409), or with why not now (429)
        :raise NotFound: when there is no such category
        """
        category = self._get_category(slug)
        users = self._get_practitioners(category, practitioner)
        values = self._prepare_page(category, users)
        form = BookingForm(post, values["logged_in"], values["terms_url"])
        if values["closed"]:
            return request.redirect(f"/booking/{category.slug}")
        if not form.start:
            return self._render_taken(values, category, users, form)
        if not form.token:
            values["problem"] = request.env._("Please send the form again: it was not complete.")
        if form.errors or not form.token:
            return self._render_details(values, users[:1], form.start, form, status=422)
        try:
            booking = self._book(category, users[:1], form, values["tz"])
        except TooManyBookingsError as refusal:
            request.env.cr.rollback()
            values["problem"] = str(refusal)
            return self._render_details(values, users[:1], form.start, form, status=429)
        except SlotTakenError:
            # a new snapshot shows what the other transaction did, a second submit of ours included
            request.env.cr.rollback()
            booking = self._bookings()._find_by_checkout_token(form.token)
            # an earlier booking of the same form, of another time, is not what was asked for
            booking = booking.filtered(lambda b: (b.user_id, b.start) == (users[:1], form.start))
        if not booking:
            return self._render_taken(values, category, users, form)
        return request.redirect(booking.get_portal_url())

    def _bookings(self):
        # OdooBot: effects of public pages are the practice's (design rule 15)
        return request.env["appointment.payment.booking"].with_user(SUPERUSER_ID)

    def _book(self, category, user, form, tz):
        details = {
            **form.values,
            "email": email_normalize(form.values["email"]),
            "checkout_token": form.token,
            "lang": request.env.lang or request.env.user.lang,
            "tz": tz,
            "address": request.httprequest.remote_addr,
        }
        partner = None if request.env.user._is_public() else request.env.user.partner_id
        request.env["appointment.payment.rate"]._take(
            category._get_selling_company(user), tz, details["address"],
            partner.email_normalized if partner else details["email"],
        )
        return self._bookings()._book_for_visitor(
            category.with_user(SUPERUSER_ID), user, form.start, details, partner
        )

    def _get_category(self, slug):
        if "\x00" in slug:
            raise BadRequest()  # Odoo's own page for what is not found fails on it
        if slug != request.env["ir.http"]._slugify(slug):
            raise NotFound()
        # sudo: visitors read categories through these pages only
        categories = request.env["calendar.event.type"].sudo()
        category = categories.search([("slug", "=", slug), ("bookable", "=", True)], limit=1)
        if not category:
            raise NotFound()
        return category

    def _get_practitioners(self, category, practitioner):
        """Return the practitioner asked for, or all of them; another's id is not found."""
        if not practitioner:
            return category.user_ids
        user = category.user_ids.filtered(lambda u: str(u.id) == practitioner)
        if not user:
            raise NotFound()
        return user

    def _prepare_page(self, category, users):
        """Prepare what every step shows: the summary of price, due now and due later."""
        company = category._get_selling_company(users[:1])
        terms = category._resolve_terms(company)
        missing = category._get_missing(company)
        return {
            "category": category,
            "company": company,
            "res_company": company,
            "currency": category.currency_id,
            "terms": terms,
            "amount_later": category.currency_id.round(
                terms["amount_total"] - terms["amount_due_now"]
            ),
            "closed": bool(missing),
            "terms_url": category._get_terms_url(company),
            "refund_terms": category._get_refund_terms(company),
            "tz": users._get_practitioner_resources(company)[:1].tz or "UTC",
            "practitioner": users if len(users) == 1 else None,
            "logged_in": not request.env.user._is_public(),
            "problem": False,
        }

    def _get_free(self, category, users, date_from):
        """Return the free starts from a moment on, each with who is free then.

        :param datetime date_from: naive UTC
        :rtype: dict[datetime, recordset of res.users]
        """
        availability = request.env["appointment.payment.availability"].sudo()
        offers = availability._get_offers(
            category, users, date_from, availability._get_horizon(category, users)
        )
        return {offer.start: users.browse(offer.user_id) for offer in offers}

    def _prepare_times(self, category, users, day):
        """Prepare the days with free times, from a day on."""
        tz = users._get_practitioner_resources()[:1].tz or "UTC"
        date_from = slots.day_start(day, tz) or fields.Datetime.now()
        free = self._get_free(category, users, date_from)
        days = slots.by_local_day(free, tz)
        shown = list(days)[:DAYS_ON_A_PAGE]
        return {
            "days": [
                (_show_day(date), [(_show_time(time), slots.to_text(time)) for time in days[date]])
                for date in shown
            ],
            "next_day": next((date.isoformat() for date in days if date not in shown), None),
            "first_page": not day,
        }

    def _choose(self, category, users, start):
        """Return (practitioner, start) when somebody asked for is free then, else nothing."""
        if not start:
            return None
        free = self._get_free(category, users, start - timedelta(minutes=1))
        return (free[start], start) if start in free else None

    def _show_when(self, start, tz, date_format):
        local = slots.to_local(start, tz)
        return f"{_show_day(local.date(), date_format)}, {_show_time(local)}"

    def _render_details(self, values, user, start, form=None, status=200):
        token = (form and form.token) or self._bookings()._new_checkout_token()
        values.update(
            practitioner=user,
            when=start and self._show_when(start, values["tz"], "EEEE d MMMM y"),
            start_text=start and slots.to_text(start),
            checkout_token=token,
            typed=form.values if form else {},
            errors=form.errors if form else {},
            nearest=values.get("nearest", []),
        )
        response = request.render("appointment_payments.booking_details", values)
        response.status_code = status
        return response

    def _render_taken(self, values, category, users, form):
        """Say that the time is gone, keep what was typed, offer the nearest free times."""
        now = fields.Datetime.now()
        wanted = form.start or now
        free = self._get_free(category, users, now)
        nearest = sorted(sorted(free, key=lambda start: abs(start - wanted))[:NEAREST])
        values["problem"] = request.env._(
            "This time has just been taken. Choose another one below: what you typed is kept."
        )
        values["nearest"] = [
            (self._show_when(start, values["tz"], "EEE d MMM"), slots.to_text(start))
            for start in nearest
        ]
        return self._render_details(values, users[:1], form.start, form, status=409)
