from datetime import datetime, time

import pytz

from odoo import api, fields, models

from ..rules import slots
from .calendar_event_status import PRACTITIONER


class CalendarEvent(models.Model):
    """What staff fill in on an event to book for a client, and what is filled in for them."""

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
            kept = self.env._(
                "The client is told of the appointment; nothing is asked for yet: the choice is"
                " kept."
            )
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
