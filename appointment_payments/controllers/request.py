"""Requests: practitioners answer them from a mail, clients cancel them, both read how they work."""

from werkzeug.exceptions import BadRequest, NotFound

from odoo import SUPERUSER_ID, http
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal

from .portal import BookingAccess

# what a link does is nobody else's: not other sites', not a cache's, not a search engine's
PRIVATE = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


class BookingRequest(BookingAccess, CustomerPortal):
    @http.route(
        "/booking/answer/<string:token>",
        type="http",
        auth="public",
        website=True,
        sitemap=False,
        methods=["GET"],
    )
    def request_answer(self, token, **kwargs):
        """Show what answering a request will do; nothing is changed by looking.

        :param str token: of the link in the practitioner's mail
        :return: the page
        :raise NotFound: the same, whatever is wrong with the token
        """
        return self._render_answer(self._read_link(token))

    @http.route(
        "/booking/answer/<string:token>",
        type="http",
        auth="public",
        website=True,
        sitemap=False,
        methods=["POST"],
    )
    def request_answer_confirm(self, token, message=None, **kwargs):
        """Answer a request as the practitioner whose mail had the link.

        :param str token: of the link in the practitioner's mail
        :param str message: what the client reads about why the request is declined
        :return: the page with what has become of it
        :raise NotFound: the same, whatever is wrong with the token
        """
        link = self._read_link(token)
        if link.is_used or not link.is_theirs:
            return self._render_answer(link)
        try:
            with request.env.cr.savepoint():
                link.booking._answer_by_link(link.answer, message)
        except UserError as refusal:
            return self._render_answer(link, str(refusal))
        return request.redirect(f"/booking/answer/{token}")

    def _read_link(self, token):
        if "\x00" in token:
            raise BadRequest()  # Odoo's own page for what is not found fails on it
        link = request.env["appointment.payment.booking"]._read_answer_link(token)
        if not link:
            raise NotFound()
        return link

    def _render_answer(self, link, problem=None):
        booking = link.booking.sudo()  # sudo: who may answer it was checked; a page shows it
        request.update_context(lang=booking.env.context.get("lang"))
        response = request.render(
            "appointment_payments.request_answer",
            {
                "booking": booking,
                "res_company": booking.company_id,
                "answer": link.answer,
                "reader": link.booking.env.user,
                "problem": problem or booking._get_link_problem(link),
                # what has gone to a colleague is nobody's to look at
                "may_see": link.booking.has_access("read"),
            },
        )
        response.headers.update(PRIVATE)
        return response

    @http.route(
        "/my/appointment-bookings/<int:booking_id>/cancel",
        type="http",
        auth="public",
        website=True,
        methods=["POST"],
    )
    def portal_request_cancel(self, booking_id, access_token=None, **kwargs):
        """Cancel a request before it is answered: its client gets everything back.

        :param int booking_id: the booking
        :param str access_token: the token of its link
        :return: a redirection to its page, which says what has become of it
        :raise NotFound: the same, whether the booking or the token is wrong
        """
        booking_sudo = self._get_accessible_booking(booking_id, access_token)
        if not booking_sudo:
            raise NotFound()
        # OdooBot: effects of public pages are the practice's (design rule 15)
        booking = booking_sudo.with_user(SUPERUSER_ID).with_company(booking_sudo.company_id)
        too_late = ""
        try:
            with request.env.cr.savepoint():
                booking._cancel_request()
        except UserError:
            too_late = "&cancel=late"  # answered meanwhile: the page says how
        return request.redirect(booking_sudo.get_portal_url(query_string=too_late))

    # a category's own addresses are /booking/<link name> and …/slots: no link name takes this one
    @http.route(
        "/booking/about/requests",
        type="http",
        auth="public",
        website=True,
        methods=["GET"],
    )
    def requests_explained(self, company=None, **kwargs):
        """Show how requests and refunds work, in the words of the practice.

        :param str company: the id of the company; the visitor's by default
        :return: the page
        :raise NotFound: when the company is unknown here
        """
        company = request.env["res.company"].sudo()._find_for_requests_page(company)
        if not company:
            raise NotFound()
        return request.render(
            "appointment_payments.requests_explained",
            {"company": company, "res_company": company},
        )
