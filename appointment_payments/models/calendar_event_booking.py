from datetime import datetime, time

import pytz

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..rules import slots
from .calendar_event_status import PRACTITIONER

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

    appointment_client_id = fields.Many2one(
        "res.partner",
        string="Client",
        compute="_compute_appointment_order",
        readonly=False,
        groups=PRACTITIONER,
    )
    appointment_collection_mode = fields.Selection(
        selection=lambda self: self.env["appointment.payment.booking"]
        ._fields["collection_mode"]
        ._description_selection(self.env),
        string="How it is paid",
        compute="_compute_appointment_order",
        readonly=False,
        groups=PRACTITIONER,
    )
    appointment_collection_text = fields.Char(
        compute="_compute_appointment_collection_text", groups=PRACTITIONER
    )
    appointment_override_reason = fields.Char(
        string="Book anyway because…", store=False, copy=False, groups=PRACTITIONER
    )
    appointment_title = fields.Char(store=False, copy=False, groups=PRACTITIONER)

    @api.depends("appointment_booking_ids")
    @api.depends_context("uid")
    def _compute_appointment_order(self):
        # under the user's rules: a colleague's client is the colleague's
        bookings = self.env["appointment.payment.booking"].search(
            [("event_id", "in", self._origin.ids)]
        )
        of_event = bookings.grouped("event_id")
        for event in self:
            found = of_event.get(event._origin, bookings.browse())
            alone = found if len(found) == 1 else bookings.browse()
            event.appointment_client_id = alone.partner_id
            event.appointment_collection_mode = alone.collection_mode or "default"

    def _get_ordering_client(self):
        """Return the client that the form has; none for those who book for nobody.

        :rtype: recordset of `res.partner`
        """
        may_book = self._has_field_access(self._fields["appointment_client_id"], "read")
        return self.appointment_client_id if may_book else self.env["res.partner"]

    @api.depends("appointment_category_id", "appointment_collection_mode", "user_id")
    def _compute_appointment_collection_text(self):
        labels = dict(self._fields["appointment_collection_mode"]._description_selection(self.env))
        for event in self:
            mode = event.appointment_collection_mode or "default"
            resolved = event._resolve_collection_mode(mode)
            kept = self.env._("Nothing is sent yet: the choice is kept with the booking.")
            if mode == "default":
                practice = self.env._("Here that is: %(choice)s.", choice=labels[resolved].lower())
                kept = f"{practice} {kept}"
            event.appointment_collection_text = kept

    def _resolve_collection_mode(self, mode):
        """Return what a payment choice means for this appointment now.

        :param str mode: a value of ``appointment_collection_mode``
        :rtype: str
        """
        if mode != "default":
            return mode
        # sudo: the company's choice is shown to whoever books
        category = self.appointment_category_id.sudo()
        company = category.company_id or self.user_id.company_id or self.env.company.sudo()
        if category.collection_mode not in (False, "default"):
            return category.collection_mode
        return company.sudo().appointment_collection_mode

    @api.onchange("appointment_client_id", "appointment_category_id", "user_id", "recurrency")
    def _onchange_appointment(self):
        """Fill in what a booking needs: who practises, how long, who comes, the title."""
        if not self.appointment_client_id or self._origin.appointment_state:
            return
        category = self.appointment_category_id
        if not (self.user_id and self.user_id._practises(category)):
            self.user_id = category.user_ids if len(category.user_ids) == 1 else False
        if self.allday:
            self._onchange_give_time_of_day()
        self.partner_ids = self._get_appointment_attendees(
            self.partner_ids._origin, self.user_id, self.appointment_client_id, category
        )
        self._onchange_fill_in(self._get_appointment_title(category, self.appointment_client_id))

    def _onchange_fill_in(self, title):
        # what was typed since the title was last made is not written over
        if title == self.appointment_title:
            return
        if self.appointment_category_id:
            self.duration = self.appointment_category_id.duration or 1.0
        if not self.name or self.name == self.appointment_title:
            self.name = title
        self.appointment_title = title

    def _onchange_give_time_of_day(self):
        # the month view proposes a whole day
        self.allday = False
        zone = pytz.timezone(self.env.user.tz or "UTC")
        nine = datetime.combine(self.start_date or self.start.date(), time(9))
        self.start = slots.to_utc(zone.localize(nine))

    @api.model
    def _get_appointment_attendees(self, partners, user, client, category):
        """Return who attends an appointment that staff make.

        Whoever books for a colleague does not attend; clients of a group do not either, since
        attendees see each other.

        :param partners: the attendees so far, as `res.partner`
        :param user: the practitioner
        :param client: the `res.partner`
        :param category: the `calendar.event.type`
        :rtype: recordset of `res.partner`
        """
        if user != self.env.user:
            partners -= self.env.user.partner_id
        partners |= user.partner_id
        return partners - client if category.capacity > 1 else partners | client

    @api.model
    def _get_appointment_title(self, category, client):
        return " · ".join(filter(None, (client.name, category.name)))

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

    def _add_missing_default_values(self, values):
        """Extended: a default without a client would stay with a plain event."""
        completed = super()._add_missing_default_values(values)
        for name in ORDER_FIELDS - values.keys():
            completed.pop(name, None)
        return completed

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
