from werkzeug.exceptions import NotFound

from odoo import SUPERUSER_ID, fields, http
from odoo.exceptions import AccessError, MissingError
from odoo.fields import Domain
from odoo.http import content_disposition, request
from odoo.tools import consteq

from odoo.addons.payment.controllers.portal import PaymentPortal
from odoo.addons.portal.controllers import portal


class BookingAccess:
    """Who may see a booking as its client does: the client, whoever looks after it, its link."""

    def _get_accessible_booking(self, booking_id, access_token):
        """Return a booking that the visitor may see and pay.

        :param int booking_id: the booking
        :param str access_token: what the visitor says is the token of its link
        :return: the booking in superuser mode; nothing, whether it or the token is wrong
        :rtype: recordset of `appointment.payment.booking`
        """
        model = "appointment.payment.booking"
        is_token = isinstance(access_token, str) and access_token.isascii()
        try:
            # the comparison in constant time that is made there takes nothing but ASCII
            booking_sudo = self._document_check_access(
                model, booking_id, access_token if is_token else None
            )
        except (AccessError, MissingError):
            return request.env[model]
        may_see = self._may_act_as_client(booking_sudo, access_token if is_token else "")
        return booking_sudo if may_see else request.env[model]

    def _may_act_as_client(self, booking_sudo, access_token):
        """Return whether somebody who may read a booking is more than a colleague.

        Who may only accept a request reads it, and neither pays nor cancels it on its page.

        :param booking_sudo: the booking
        :param str access_token: what they say is the token of its link; ASCII
        :rtype: bool
        """
        user, token = request.env.user, booking_sudo.access_token
        if not user._is_internal() or booking_sudo.with_user(user).has_access("write"):
            return True
        # a booking without a token has no link
        return bool(token and access_token) and consteq(token, access_token)


class CustomerPortal(BookingAccess, portal.CustomerPortal):
    """A client's bookings."""

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "appointment_booking_count" in counters:
            bookings = request.env["appointment.payment.booking"]
            values["appointment_booking_count"] = (
                bookings.search_count(self._get_bookings_domain())
                if bookings.has_access("read")
                else 0
            )
        return values

    def _get_bookings_domain(self):
        # staff see their own appointments as clients here, not those of their clients
        return Domain("partner_id", "=", request.env.user.partner_id.id)

    def _get_booking_filters(self):
        """Return the tabs of the list, in Odoo's way; the first one is shown.

        :rtype: dict[str, dict]
        """
        upcoming = Domain("stop", ">", fields.Datetime.now())
        upcoming &= Domain("state", "in", ["pending_payment", "requested", "confirmed"])
        return {
            "upcoming": {
                "label": request.env._("Upcoming"), "domain": upcoming, "order": "start, id",
            },
            "past": {
                "label": request.env._("Past"), "domain": ~upcoming, "order": "start desc, id desc",
            },
        }  # fmt: skip

    @http.route(
        ["/my/appointment-bookings", "/my/appointment-bookings/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
        methods=["GET"],
    )
    def portal_bookings(self, page=1, filterby=None, **kwargs):
        """List the logged-in client's bookings.

        :param int page: the page of the list, from 1
        :param str filterby: ``upcoming`` or ``past``
        :return: the page
        """
        filters = self._get_booking_filters()
        filterby = filterby if filterby in filters else next(iter(filters))
        bookings = request.env["appointment.payment.booking"]
        readable = bookings.has_access("read")
        domain = self._get_bookings_domain() & filters[filterby]["domain"]
        total = bookings.search_count(domain) if readable else 0
        pager = portal.pager(
            url="/my/appointment-bookings",
            url_args={"filterby": filterby},
            total=total,
            page=page,
            step=self._items_per_page,
        )
        if readable:
            bookings = bookings.search(
                domain,
                order=filters[filterby]["order"],
                limit=self._items_per_page,
                offset=pager["offset"],
            )
        values = {
            **self._prepare_portal_layout_values(),
            "bookings": bookings.sudo(),  # sudo: read by rule above, shown with their categories
            "page_name": "appointment_booking",
            "pager": pager,
            "default_url": "/my/appointment-bookings",
            "tabs": filters,
            "filterby": filterby,
        }
        return request.render("appointment_payments.portal_bookings", values)

    @http.route(
        "/my/appointment-bookings/<int:booking_id>",
        type="http",
        auth="public",
        website=True,
        methods=["GET"],
    )
    def portal_booking(
        self, booking_id, access_token=None, report_type=None, download=False, credit_note=None,
        proof=None, known=None, **kwargs
    ):  # fmt: skip
        """Show one booking: pay it, see that it is confirmed, download its documents.

        :param int booking_id: the booking
        :param str access_token: the token of its link, for those who are not logged in
        :param str report_type: ``pdf`` for the invoice or a credit note
        :param str download: whether that is saved rather than shown
        :param str credit_note: the id of the credit note; the invoice without
        :param str proof: what the link in the client's mail has, see `_get_mail_proof`
        :param str known: ``yes`` after the client has said that the booking is theirs
        :return: the page or the PDF; the same 404 whether the booking or the token is wrong
        """
        booking_sudo = self._get_accessible_booking(booking_id, access_token)
        if not booking_sudo:
            raise NotFound()
        if report_type == "pdf":
            return self._show_booking_document(booking_sudo, credit_note, download)
        if booking_sudo.state == "pending_payment":
            # the booking pages remind of it; kept on the server, after access was checked
            request.session["appointment_booking_id"] = booking_sudo.id
        response = request.render(
            "appointment_payments.portal_booking",
            {
                **self._prepare_booking_values(booking_sudo, access_token),
                "proof": self._can_be_known(booking_sudo, proof) and proof,
                "known": known,
            },
        )
        # what is due changes: a page that comes back from the history would show an old amount
        response.headers["Cache-Control"] = "no-store"
        # nobody pays or cancels with a click that they did not see in another site's frame
        response.headers["Content-Security-Policy"] = "frame-ancestors 'self'"
        return response

    @http.route(
        "/my/appointment-bookings/<int:booking_id>/contact",
        type="http",
        auth="public",
        website=True,
        methods=["POST"],
    )
    def portal_booking_contact(self, booking_id, access_token=None, proof=None, **kwargs):
        """Put a booking into the file of the client who has opened the mailed link.

        A form and not the link itself does it: mail scanners follow links.

        :param int booking_id: the booking
        :param str access_token: the token of its link
        :param str proof: what the link in the client's mail has
        :return: a redirection to the booking; the same 404 whatever is wrong
        """
        booking_sudo = self._get_accessible_booking(booking_id, access_token)
        if not booking_sudo or not booking_sudo._is_mail_proof(proof):
            raise NotFound()
        # OdooBot: effects of public pages are the practice's (design rule 15)
        booking = booking_sudo.with_user(SUPERUSER_ID).with_company(booking_sudo.company_id)
        known = booking._attach_to_known_contact()
        return request.redirect(
            booking_sudo.get_portal_url(query_string="&known=yes" if known else "")
        )

    def _can_be_known(self, booking_sudo, proof):
        """Return whether the client has proven their address and has a file here."""
        return bool(
            proof and booking_sudo._is_mail_proof(proof) and booking_sudo._find_known_contact()
        )

    @http.route(
        "/my/appointment-bookings/<int:booking_id>/calendar.ics",
        type="http",
        auth="public",
        website=True,
        methods=["GET"],
    )
    def portal_booking_calendar_file(self, booking_id, access_token=None, **kwargs):
        """Give the appointment as a file for the client's calendar.

        :param int booking_id: the booking
        :param str access_token: the token of its link
        :return: the file; the same 404 whatever is wrong
        """
        booking_sudo = self._get_accessible_booking(booking_id, access_token)
        if not booking_sudo or not booking_sudo._has_calendar_file():
            raise NotFound()
        return request.make_response(
            booking_sudo._get_calendar_file(),
            [
                ("Content-Type", "text/calendar; charset=utf-8"),
                ("Content-Disposition", content_disposition(f"{booking_sudo.name}.ics")),
                ("Cache-Control", "no-store"),
            ],
        )

    def _show_booking_document(self, booking_sudo, credit_note, download):
        document_sudo = booking_sudo._get_downloadable_invoice()
        if credit_note:
            notes_sudo = booking_sudo._get_downloadable_credit_notes()
            document_sudo = notes_sudo.filtered(lambda note: str(note.id) == credit_note)
        if not document_sudo:
            raise NotFound()
        return self._show_report(
            document_sudo, "pdf", "account.account_invoices", download=bool(download)
        )

    def _prepare_booking_values(self, booking_sudo, access_token):
        booking_sudo = booking_sudo.with_company(booking_sudo.company_id)
        values = self._get_page_view_values(
            booking_sudo,
            access_token,
            {
                "booking": booking_sudo,
                "page_name": "appointment_booking",
                "res_company": booking_sudo.company_id,
                "invoice": booking_sudo._get_downloadable_invoice(),
                "credit_notes": booking_sudo._get_downloadable_credit_notes(),
                "minutes_left": booking_sudo._get_minutes_left(),
                "seconds_left": booking_sudo._get_seconds_left(),
                "has_calendar_file": booking_sudo._has_calendar_file(),
                "book_again": booking_sudo._get_book_again_path(),
                "refund_terms": booking_sudo.category_id._get_refund_terms(
                    booking_sudo.company_id
                ),
                "payment_under_way": booking_sudo._has_payment_under_way(),
                "payment_failed": booking_sudo._has_failed_payment(),
                "now": fields.Datetime.now(),
            },
            "my_appointment_bookings_history",
            True,
        )
        values["amount_to_pay"] = amount = booking_sudo._get_amount_to_pay()
        if not booking_sudo.currency_id.is_zero(amount):
            values.update(self._get_booking_payment_values(booking_sudo, amount))
        return values

    def _get_booking_payment_values(self, booking_sudo, amount):
        """Prepare Odoo's payment form for a booking.

        :param booking_sudo: the booking, access checked
        :param float amount: what is paid, in major units; never from the browser
        :return: the rendering values of `payment.form`
        :rtype: dict
        """
        options = booking_sudo._get_payment_options(amount, request.env.user)
        may_save = PaymentPortal._compute_show_tokenize_input_mapping(options["providers_sudo"])
        return {
            **options,
            "amount": amount,
            "currency": booking_sudo.currency_id,
            "partner_id": booking_sudo.payer_id.id,
            "transaction_route": f"{booking_sudo.access_url}/transaction",
            "landing_route": booking_sudo.get_portal_url(),
            "access_token": booking_sudo._portal_ensure_token(),
            "show_tokenize_input_mapping": {
                provider_id: allowed and options["may_save_method"]
                for provider_id, allowed in may_save.items()
            },
            "submit_button_label": booking_sudo._get_pay_label(amount),
        }
