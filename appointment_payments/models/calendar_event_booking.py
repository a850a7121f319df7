from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Command

# what the calendar's forms hand over to make a booking
ORDER_FIELDS = {
    "appointment_category_id",
    "appointment_client_id",
    "appointment_collection_mode",
    "appointment_override_reason",
}
WITHOUT_INVITATIONS = {
    "no_mail_to_attendees": True,
    "skip_attendee_notification": True,
    "skip_contact_description": True,
}


class CalendarEvent(models.Model):
    """Staff book for a client in the calendar: a client makes a booking, attendees never do."""

    _inherit = "calendar.event"

    @api.model_create_multi
    def create(self, vals_list):
        if all(ORDER_FIELDS.isdisjoint(vals) for vals in vals_list):
            return super().create(vals_list)
        events = self.browse()
        for vals in vals_list:
            plain, order = self._split_order(vals)
            if order.get("appointment_client_id"):
                events += self._create_booked(plain, order)
            else:
                events += super().create([plain])
        return events

    def _prepare_create_values(self, vals_list):
        """Extended: a default without a client would stay with a plain event.

        An event is made without a booking, and says so: there is nothing to compute.
        """
        prepared = super()._prepare_create_values(vals_list)
        for vals in prepared:
            for name in ORDER_FIELDS & vals.keys():
                del vals[name]
            if not vals.get("appointment_booking_ids"):
                vals["appointment_category_id"] = False
        return prepared

    def write(self, vals):
        if ORDER_FIELDS.isdisjoint(vals):
            return super().write(vals)
        plain, order = self._split_order(vals)
        # sudo: whether an event is booked is no secret to whoever may write it
        booked = self.filtered(lambda event: event.sudo().appointment_booking_ids)
        booked._check_order_unchanged(order)
        result = super().write(plain)  # also without values: it checks who may write the event
        if order.get("appointment_client_id"):
            for event in self - booked:
                event._book_on_event(order)
        return result

    @api.model
    def _split_order(self, vals):
        """Split what makes a booking from the event's own values.

        :param dict vals: as given to ``create`` or ``write``
        :return: the event's values, and the order
        :rtype: tuple[dict, dict]
        :raise AccessError: when the user books for nobody
        """
        order = {name: vals[name] for name in ORDER_FIELDS & vals.keys()}
        for name in order:
            self._check_field_access(self._fields[name], "write")
        return {name: value for name, value in vals.items() if name not in order}, order

    def _check_order_unchanged(self, order):
        """Refuse another client, category or payment choice for a booked appointment (rule 10).

        :param dict order: see :meth:`_split_order`
        :raise UserError: when something would change
        """
        for event in self:
            changed = [
                name
                for name in ORDER_FIELDS & order.keys()
                if (event._fields[name].convert_to_write(event[name], event) or False)
                != (order[name] or False)
            ]
            if set(changed) - {"appointment_override_reason"}:
                raise UserError(
                    self.env._(
                        "The client, the category and the payment of a booked appointment stay as"
                        " they are. Cancel it and book anew."
                    )
                )

    @api.model
    def _create_booked(self, vals, order):
        """Make an event with its booking; a group that is in the calendar already is joined.

        :param dict vals: the event's own values
        :param dict order: see :meth:`_split_order`
        :return: the event
        :raise UserError: with a sentence for whoever books
        """
        client, category = self._browse_order(order)
        user = self.env["res.users"].browse(vals.get("user_id", self.env.uid))
        self._check_can_be_booked(category, user, vals)
        # found as superuser, booked on with the user's rights
        session = self._find_session_event(category, user, vals.get("start")).with_env(self.env)
        if session:
            session._book_on_event(order)
            return session
        self._claim_session(category, user)
        partners = self._get_appointment_attendees(
            self._read_partner_commands(vals.get("partner_ids")), user, client, category
        )
        event = self.with_context(**WITHOUT_INVITATIONS).create(
            {
                **vals,
                "name": vals.get("name") or self._get_appointment_title(category, client),
                "partner_ids": [Command.set(partners.ids)],
                "attendee_ids": self._get_attendee_commands(partners, user, client),
                "categ_ids": [*(vals.get("categ_ids") or []), Command.link(category.id)],
            }
        )
        event._book_on_event(order)
        return event.with_env(self.env)

    @api.model
    def _get_attendee_commands(self, partners, user, client):
        """Return the attendees; the two who agreed on the time have accepted.

        :rtype: list
        """
        agreed = user.partner_id | client
        return [
            Command.create(
                {
                    "partner_id": partner.id,
                    "state": "accepted" if partner in agreed else "needsAction",
                }
            )
            for partner in partners
        ]

    @api.model
    def _read_partner_commands(self, commands):
        """Return the partners that commands add to an event that does not exist yet.

        :param commands: of a many2many field, or nothing
        :rtype: recordset of `res.partner`
        """
        draft = self.new({"partner_ids": commands or [Command.link(self.env.user.partner_id.id)]})
        return draft.partner_ids._origin

    @api.model
    def _browse_order(self, order):
        client = self.env["res.partner"].browse(order["appointment_client_id"])
        category = self.env["calendar.event.type"].browse(order.get("appointment_category_id"))
        client.check_access("read")
        category.check_access("read")
        return client, category

    @api.model
    def _check_can_be_booked(self, category, user, vals):
        """Refuse what cannot be a booking, with a sentence.

        :param category: the `calendar.event.type`
        :param user: the practitioner, as `res.users`
        :param dict vals: values of the event
        :raise UserError: with what to do
        """
        problem = None
        if not category:
            problem = self.env._("Choose the category of the appointment: it gives the price.")
        elif not user:
            problem = self.env._("Choose the practitioner of the appointment.")
        elif not user._practises(category):
            problem = self.env._(
                "%(name)s takes no appointments. Choose a practitioner.", name=user.name
            )
        elif category._get_selling_company(user) not in user.sudo().company_ids:
            problem = self.env._(
                "%(name)s does not work in the company of “%(category)s”.",
                name=user.name,
                category=category.name,
            )
        elif vals.get("recurrency"):
            problem = self.env._(
                "An appointment with a client cannot repeat. Book each time by itself."
            )
        elif vals.get("allday"):
            problem = self.env._("A booked appointment needs a time of day.")
        if problem:
            raise UserError(problem)

    @api.model
    def _check_can_be_invoiced(self, client, company):
        """Refuse a client whose payment could not be booked.

        :param client: the `res.partner`
        :param company: the selling `res.company`
        :raise UserError: when the contact is another company's
        """
        if not client._is_contact_in(company):
            raise UserError(
                self.env._(
                    "%(client)s is a contact of another company, and %(company)s cannot invoice"
                    " them. Choose another contact, or clear the company of this one.",
                    client=client.name,
                    company=company.sudo().name,
                )
            )

    def _book_on_event(self, order):
        """Make the booking of an event.

        :param dict order: see :meth:`_split_order`
        :return: the booking
        :raise AccessError: when the user books for somebody else without the right
        """
        self.ensure_one()
        client, category = self._browse_order(order)
        vals = {"allday": self.allday, "recurrency": self.recurrency}
        self._check_can_be_booked(category, self.user_id, vals)
        self._check_can_be_invoiced(client, category._get_selling_company(self.user_id))
        self._check_may_book_for(self.user_id)
        # sudo: only the system writes what is frozen; the user's right is checked above and below
        booking = (
            self.env["appointment.payment.booking"]
            .sudo()
            .with_company(category._get_selling_company(self.user_id))
            ._book_by_staff(
                self,
                category,
                client,
                order.get("appointment_collection_mode") or "default",
                order.get("appointment_override_reason"),
            )
        )
        booking.with_env(self.env).check_access("write")
        self.sudo()._follow_booking(booking)
        return booking

    @api.model
    def _check_may_book_for(self, user):
        is_front_desk = self.env.user.has_group("appointment_payments.group_front_desk")
        if user != self.env.user and not is_front_desk and not self.env.su:
            raise UserError(
                self.env._(
                    "You book for yourself. Ask the front desk to book for %(name)s.",
                    name=user.name,
                )
            )

    def _follow_booking(self, booking):
        """Have the event of a new booking show it: its client, its category, who agreed.

        :param booking: the `appointment.payment.booking`
        """
        category, user, client = booking.category_id, booking.user_id, booking.partner_id
        partners = self._get_appointment_attendees(self.partner_ids, user, client, category)
        values = {}
        if partners != self.partner_ids:
            values["partner_ids"] = [Command.set(partners.ids)]
        if category not in self.categ_ids:
            values["categ_ids"] = [Command.link(category.id)]
        if values:
            self.with_context(**WITHOUT_INVITATIONS).write(values)
        self._update_session_title()
