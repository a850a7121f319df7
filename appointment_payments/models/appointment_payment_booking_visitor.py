from odoo import api, fields, models

from .appointment_payment_occupancy import SlotTakenError


class AppointmentPaymentBooking(models.Model):
    """Bookings that visitors make on the public page (design rule 15)."""

    _inherit = "appointment.payment.booking"

    client_note = fields.Text(string="Message of the client", readonly=True)

    @api.model
    def _book_for_visitor(self, category, user, start, details, partner=None):
        """Make a booking for a visitor; runs as OdooBot in the booking's company.

        A second submit of the same form returns the first booking, corrected while it is unpaid.
        The same form with another time gives up the first and books anew, unless its payment is
        under way.

        :param category: a bookable `calendar.event.type`
        :param user: the practitioner
        :param datetime start: naive UTC
        :param dict details: ``name``, ``email``, ``phone``, ``note``, ``checkout_token``, ``lang``,
            ``tz``, ``pay_in_full`` and ``address`` (of the network), checked before
        :param partner: the logged-in client, or none for a new contact
        :return: the booking
        :rtype: recordset of `appointment.payment.booking`
        :raise SlotTakenError: when the time is not on offer
        :raise TooManyBookingsError: when the visitor has too many unpaid bookings
        """
        earlier = self._find_by_checkout_token(details["checkout_token"])
        company = category._get_selling_company(user)
        if partner and not partner._is_contact_in(company):
            # the contact of another company could not be invoiced
            known = {name: partner[name] or details[name] for name in ("name", "email", "phone")}
            partner, details = None, {**details, **known}
        pay_in_full = bool(details.get("pay_in_full"))
        terms = category._resolve_terms(company, user, pay_in_full)
        if earlier and not earlier._give_way_to(user, start, terms["payment_mode"]):
            if not partner:
                earlier._correct_details(details)
            return earlier
        availability = self.env["appointment.payment.availability"]
        if not availability._is_offered(category, user, start):
            raise SlotTakenError(self.env._("This time is not free any more."))
        booking = self.with_company(company)._book(
            category,
            company,
            user,
            start,
            self._complete_contact(partner, details)
            if partner
            else self._create_visitor_contact(details),
            pay_in_full,
            tz=details["tz"],
            lang=details["lang"],
            client_note=details["note"],
            # the form does not come this far unless they are accepted, where there are any
            accepted_terms_at=category._get_terms_url(company) and fields.Datetime.now(),
            origin="portal",
        )
        booking._claim_for_visitor(
            details["checkout_token"], self._get_holders(company, partner, details)
        )
        return booking

    def _correct_details(self, details):
        """Take over what a visitor has corrected in a form that was sent before.

        Of an unpaid booking, and of the contact that the form made; nobody else's.

        :param dict details: see :meth:`_book_for_visitor`
        """
        self.ensure_one()
        contact = self.partner_id
        is_open = self.state == "pending_payment" and not self._has_payment_under_way()
        if not is_open or not contact.appointment_visitor:
            return
        typed = {name: details[name] or "" for name in ("name", "email", "phone")}
        # two clicks at once write nothing: they would meet
        corrected = {name: text for name, text in typed.items() if (contact[name] or "") != text}
        if corrected:
            contact.write(corrected)
        if (self.client_note or "") != (details["note"] or ""):
            self.client_note = details["note"]

    def _give_way_to(self, user, start, payment_mode):
        """Give an unpaid booking up when its own form now asks for another time or payment.

        :param user: the practitioner that the form asks for
        :param datetime start: the start that the form asks for, naive UTC
        :param str payment_mode: how the form asks to pay, resolved: none, deposit or full
        :return: whether the booking was given up
        :rtype: bool
        """
        self.ensure_one()
        same = (self.user_id, self.start, self.payment_mode) == (user, start, payment_mode)
        if same or self._has_payment_under_way():
            return False
        return bool(self._set_expired("replaced"))

    @api.model
    def _complete_contact(self, partner, details):
        """Note what a logged-in client was asked for because it was missing.

        :param partner: the client
        :param dict details: see :meth:`_book_for_visitor`
        :return: the client
        :rtype: recordset of `res.partner`
        """
        asked = {name: details.get(name) for name in ("email", "phone")}
        missing = {name: typed for name, typed in asked.items() if typed and not partner[name]}
        # sudo: the client's own contact; nothing that is known is written over
        partner = partner.with_env(self.env).sudo()
        if missing:
            partner.write(missing)
        return partner

    @api.model
    def _create_visitor_contact(self, details):
        """Make a contact for an anonymous visitor.

        Never an existing one: that would let strangers write into a client's file, and tell
        them that the client is known here.

        :param dict details: see :meth:`_book_for_visitor`
        :rtype: recordset of `res.partner`
        """
        return self.env["res.partner"].create(
            {
                "name": details["name"],
                "email": details["email"],
                "phone": details["phone"],
                "lang": details["lang"],
                "tz": details["tz"],
                "appointment_visitor": True,
            }
        )
