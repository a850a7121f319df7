"""The public booking pages: Time · Details, then the booking's own page for Payment · Done."""

from werkzeug.exceptions import NotFound

from odoo import SUPERUSER_ID, fields, http
from odoo.http import request
from odoo.tools import email_normalize

from ..models.appointment_payment_occupancy import SlotTakenError
from ..models.appointment_payment_rate import TooManyBookingsError
from ..rules import slots
from .booking_catalogue import Catalogue
from .booking_details import get_details_values, get_known, get_page_values, get_shown
from .booking_form import BookingForm, asks_for_nearest, get_kept, read_start, read_token
from .booking_times import BookingTimes, say_taken
from .booking_visit import Visit, check_link_name, find_practitioner, read_practitioner_id


class AppointmentBooking(http.Controller):
    @http.route("/booking", type="http", auth="public", website=True, methods=["GET"])
    def booking_categories(self, company=None, practitioner=None, by=None, **kwargs):
        """List what can be booked, companies apart.

        :param str company: the id of a selling company; none for all
        :param str practitioner: the public name of a practitioner; none for all
        :param str by: ``service`` or ``practitioner``
        :return: the page
        :raise NotFound: when the company or the practitioner is unknown here
        """
        values = Catalogue(company, practitioner, by).get_values()
        return request.render("appointment_payments.booking_categories", values)

    @http.route("/booking/<string:slug>", type="http", auth="public", website=True, methods=["GET"])
    def booking_category(
        self, slug, start=None, practitioner=None, company=None, month=None, day=None, tz=None,
        embed=None, **kwargs,
    ):  # fmt: skip
        """Show the free times of a category, or the details form for one of them.

        :param str slug: the category's link name
        :param str start: the chosen start, ISO 8601 in UTC
        :param str practitioner: the public name of a practitioner; none for anyone
        :param str company: the id of a selling company; none for any
        :param str month: the month to show, 'YYYY-MM'
        :param str day: the day to show, 'YYYY-MM-DD'
        :param str tz: the visitor's time zone
        :param str embed: ``1`` in another site's frame
        :return: the page
        :raise NotFound: when there is no such category, practitioner or company
        """
        visit = Visit(slug, practitioner, company, tz, embed)
        values = get_page_values(visit)
        if not visit.closed:
            times = BookingTimes(visit)
            chosen = times.find_at(slots.parse_instant(start))
            if chosen:
                return self._render_details(visit, chosen.user_id, chosen.start)
            if start:
                values["problem"] = request.env._(
                    "This time is not free. Please choose another one."
                )
            values.update(times.get_month_values(month, day))
        response = request.render("appointment_payments.booking_times", values)
        # only what asks for no detail and no money may stand in the frame of another site
        ancestors = "*" if visit.embedded else "'self'"
        response.headers["Content-Security-Policy"] = f"frame-ancestors {ancestors}"
        return response

    @http.route(
        "/booking/<string:slug>/slots",
        type="jsonrpc",
        auth="public",
        website=True,
        methods=["POST"],
        readonly=True,
    )
    def booking_slots(
        self, slug, practitioner=None, company=None, month=None, day=None, tz=None, embed=None,
        **kwargs,
    ):  # fmt: skip
        """Return the free times of one month.

        :param str slug: the category's link name
        :param str practitioner: the public name of a practitioner; none for anyone
        :param str company: the id of a selling company; none for any
        :param str month: 'YYYY-MM'; none, or one that cannot be booked: the nearest that can
        :param str day: the day to choose, 'YYYY-MM-DD'; none for the first free one
        :param str tz: the visitor's time zone
        :param str embed: ``1`` in another site's frame
        :return: ``month`` and ``tz`` as they are shown, ``html``: the month and its times
        :rtype: dict[str, str]
        :raise NotFound: when there is no such category, practitioner or company, or it is closed
        """
        visit = Visit(slug, practitioner, company and str(company), tz, embed)
        if visit.closed:
            raise NotFound()
        values = BookingTimes(visit).get_month_values(month, day)
        html = request.env["ir.qweb"]._render("appointment_payments.booking_month", values)
        return {"month": f"{values['month']:%Y-%m}", "tz": visit.tz, "html": html}

    @http.route(
        "/booking/<string:slug>", type="http", auth="public", website=True, methods=["POST"]
    )
    def booking_submit(
        self, slug, practitioner=None, anyone=None, company=None, tz=None, **post
    ):
        """Make a booking from the details form and go on to its own page.

        :param str slug: the category's link name
        :param str practitioner: who is booked
        :param str anyone: ``1`` when the visitor asked for anyone
        :param str company: the id of the selling company asked for; none for any
        :param str tz: the visitor's time zone
        :param dict post: the rest of the form, see `BookingForm`
        :return: a redirection to the booking, or the form again with what is wrong (422), or with
            the nearest free times or another price (409), or with why not now (429)
        :raise NotFound: when there is no such category, practitioner or company
        """
        if self._is_sold(slug, practitioner, anyone, post):
            sent = {"practitioner": practitioner, "anyone": anyone, "company": company, "tz": tz}
            return self._render_sold({**post, **sent})
        visit = Visit(slug, None if anyone == "1" else practitioner, company, tz)
        user = find_practitioner(visit.all_users, practitioner) if practitioner else visit.users[:1]
        if user not in visit.users:
            return request.redirect(visit.get_url())
        form = BookingForm(post, get_known(), visit.get_terms_url(user))
        if form.asks_for_nearest or not form.start or form.start <= fields.Datetime.now():
            return self._render_taken(visit, user, form)
        if form.errors or not form.token:
            return self._render_details(visit, user.id, form.start, form)
        if self._is_priced_anew(visit, user, form):
            problem = request.env._(
                "The price or the way to pay has changed since you opened this page. Look at it"
                " again, then go on."
            )
            return self._render_details(
                visit, user.id, form.start, form, status=409, problem=problem
            )
        if form.is_other_time and anyone == "1":
            offer = BookingTimes(visit).find_at(form.start)
            user = user.browse(offer.user_id) if offer else user
        try:
            booking = self._find_or_book(visit, user, form)
        except TooManyBookingsError as refusal:
            request.env.cr.rollback()
            return self._render_details(
                visit, user.id, form.start, form, status=429, problem=str(refusal)
            )
        if not booking:
            return self._render_taken(visit, user, form)
        return request.redirect(booking.get_portal_url())

    def _is_sold(self, slug, practitioner, anyone, post):
        """Wait for whoever is booking the same time; return whether it is sold.

        First of all, so that most who lose a race for a time are told at once.
        """
        check_link_name(slug)
        start, user_id = read_start(post), read_practitioner_id(practitioner)
        if not start or start <= fields.Datetime.now() or not user_id:
            return False
        if asks_for_nearest(post) or (post.get("other_start") and anyone == "1"):
            return False  # asks for no time, or for one with whoever has it
        occupancies = request.env["appointment.payment.occupancy"]
        return occupancies._wait_for_turn(slug, user_id, start, read_token(post))

    def _is_priced_anew(self, visit, user, form):
        """Return whether a form comes from a page that said another price than is true now.

        What is booked already has the price that it was booked at.
        """
        if form.is_other_time or not form.shown or form.shown == get_shown(visit.get_terms(user)):
            return False
        return not self._bookings()._find_by_checkout_token(form.token)

    def _find_or_book(self, visit, user, form):
        """Book; return the booking of a form that was sent before, nothing when the time is gone.

        Most who lose a race for a time are told at once, before anything is tried.
        """
        earlier = self._bookings()._find_by_checkout_token(form.token)
        # sudo: a visitor is told that a time is taken, never by what
        availability = request.env["appointment.payment.availability"].sudo()
        if not earlier and not availability._is_offered(visit.category, user, form.start):
            return earlier
        try:
            return self._book(visit, user, form)
        except SlotTakenError:
            # a new snapshot shows what the other transaction did, a second submit of ours included
            request.env.cr.rollback()
            booking = self._bookings()._find_by_checkout_token(form.token)
            # an earlier booking of the same form, of another time, is not what was asked for
            return booking.filtered(lambda b: (b.user_id, b.start) == (user, form.start))

    def _bookings(self):
        # OdooBot: effects of public pages are the practice's (design rule 15)
        return request.env["appointment.payment.booking"].with_user(SUPERUSER_ID)

    def _book(self, visit, user, form):
        details = {
            **form.values,
            "email": email_normalize(form.values["email"]),
            "checkout_token": form.token,
            "lang": request.env.lang or request.env.user.lang,
            "tz": visit.tz,
            "address": request.httprequest.remote_addr,
        }
        partner = None if request.env.user._is_public() else request.env.user.partner_id
        request.env["appointment.payment.rate"]._take(
            visit.category._get_selling_company(user), visit.tz, details["address"],
            partner or details["email"],
        )
        return self._bookings()._book_for_visitor(
            visit.category.with_user(SUPERUSER_ID), user, form.start, details, partner
        )

    def _render_details(self, visit, user_id, start, form=None, status=422, **more):
        """Show the details form: at first, or again with what is wrong.

        :param int status: the answer's status when a form was sent
        :param more: rendering values
        """
        user = visit.all_users.browse(user_id)
        token = (form and form.token) or self._bookings()._new_checkout_token()
        values = {
            **get_page_values(visit, user),
            **get_details_values(visit, user, start, form),
            "checkout_token": token,
        }
        if form and not form.token:
            values["problem"] = request.env._("Please send the form again: it was not complete.")
        response = request.render("appointment_payments.booking_details", {**values, **more})
        response.status_code = status if form else 200
        response.headers["Content-Security-Policy"] = "frame-ancestors 'self'"
        return response

    def _render_sold(self, post):
        """Say that the time has just been taken, and keep what was typed.

        Small, since many may be told at once. The nearest free times are a question of their own:
        the browser asks it at once, and without a script a button does.
        """
        values = {"problem": say_taken(), "kept": get_kept(post)}
        response = request.render("appointment_payments.booking_sold", values)
        response.status_code = 409
        response.headers["Content-Security-Policy"] = "frame-ancestors 'self'"
        return response

    def _render_taken(self, visit, user, form):
        """Say that the time cannot be had, keep what was typed, offer the nearest free times."""
        times = BookingTimes(visit)
        problem = times.get_problem(form.start)
        nearest = times.get_nearest_values(form.start)
        return self._render_details(
            visit, user.id, form.start, form, status=409, problem=problem, nearest=nearest
        )
