from odoo import api, fields, models

from ..rules import status
from .calendar_event import BOOKED_STATES

PRACTITIONER = "appointment_payments.group_practitioner"


class CalendarEvent(models.Model):
    """How an appointment stands: one word for its bookings, for calendar, list and filters."""

    _inherit = "calendar.event"

    appointment_state = fields.Selection(
        selection=lambda self: self._get_booking_selection("state"),
        string="Booking",
        compute="_compute_appointment_summary",
        store=True,
        groups="base.group_user",
    )
    appointment_payment_status = fields.Selection(
        selection=lambda self: self._get_booking_selection("payment_status"),
        string="Payment",
        compute="_compute_appointment_summary",
        store=True,
        index="btree_not_null",
        groups="base.group_user",
    )
    appointment_payment_color = fields.Integer(
        compute="_compute_appointment_payment_color", groups="base.group_user"
    )
    appointment_category_id = fields.Many2one(
        "calendar.event.type",
        string="Category",
        compute="_compute_appointment_summary",
        store=True,
        readonly=False,
        copy=False,  # who cannot read it copies and repeats events too
        index="btree_not_null",
        groups=PRACTITIONER,
    )
    appointment_invoice_count = fields.Integer(
        compute="_compute_appointment_invoice_count", groups="account.group_account_invoice"
    )

    @api.model
    def _get_booking_selection(self, field_name):
        """Return the words of a booking's selection field.

        :param str field_name: ``state`` or ``payment_status``
        :rtype: list[tuple[str, str]]
        """
        field = self.env["appointment.payment.booking"]._fields[field_name]
        return field._description_selection(self.env)

    @api.depends(
        "appointment_booking_ids.category_id",
        "appointment_booking_ids.payment_status",
        "appointment_booking_ids.state",
    )
    def _compute_appointment_summary(self):
        # as it is stored: a form may name any booking
        booked = self.filtered(lambda event: event._origin.appointment_booking_ids)
        unbooked = self - booked
        unbooked.appointment_state = unbooked.appointment_payment_status = False
        unbooked.appointment_category_id = False
        for event in booked:
            bookings = event._origin.appointment_booking_ids
            # who called it off says nothing about the others of a group
            bookings = bookings.filtered(lambda b: b.state in BOOKED_STATES) or bookings
            event.appointment_state = status.worst(bookings.mapped("state"), status.STATES)
            event.appointment_payment_status = status.worst(
                bookings.mapped("payment_status"), status.PAYMENT_STATUSES
            )
            event.appointment_category_id = bookings.category_id[:1]

    @api.depends("appointment_payment_status")
    def _compute_appointment_payment_color(self):
        bookings = self.env["appointment.payment.booking"]
        for event in self:
            colour = bookings._get_colour_of("payment_status", event.appointment_payment_status)
            event.appointment_payment_color = colour.index

    @api.depends("appointment_booking_ids.invoice_ids")
    def _compute_appointment_invoice_count(self):
        for event in self:
            event.appointment_invoice_count = len(event._get_appointment_invoices())

    def _get_appointment_invoices(self):
        # sudo: who keeps the books may have no right on bookings
        return self.sudo().appointment_booking_ids.invoice_ids.with_env(self.env)

    @api.model
    def get_appointment_colors(self):
        """Return the colour of each payment status, for the tiles of the calendar.

        :return: indexes of Odoo's palette, by status
        :rtype: dict[str, int]
        """
        bookings = self.env["appointment.payment.booking"]
        return {
            value: bookings._get_colour_of("payment_status", value).index
            for value, _label in self._get_booking_selection("payment_status")
        }

    def get_appointment_details(self):
        """Return what the calendar shows when an appointment is opened, for the user's bookings.

        :return: for each booking ``id``, ``client``, ``category``, ``state`` and ``payment``
            (words), ``color`` (index) and ``amounts`` (a sentence)
        :rtype: list[dict]
        """
        self.ensure_one()
        self.check_access("read")
        bookings = self.env["appointment.payment.booking"]
        if not bookings.has_access("read"):
            return []
        return [
            {
                "id": booking.id,
                "client": booking.partner_id.name or "",
                "category": booking.category_id.name,
                "state": booking._get_label("state"),
                "payment": booking._get_label("payment_status"),
                "color": booking.payment_color,
                "amounts": booking._get_amounts_text(),
            }
            for booking in bookings.search([("event_id", "=", self.id)], order="id")
        ]

    def action_open_appointment_bookings(self):
        """Smart button: the bookings of the event.

        :rtype: dict
        """
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "appointment_payments.action_appointment_payment_booking"
        )
        action["domain"] = [("event_id", "=", self.id)]
        action["context"] = {}
        bookings = self.env["appointment.payment.booking"].search(action["domain"], limit=2)
        if len(bookings) == 1:
            action.update(views=[(False, "form")], view_mode="form", res_id=bookings.id)
        return action

    def action_open_appointment_invoices(self):
        """Smart button: the invoices of the event's bookings.

        :rtype: dict
        """
        self.ensure_one()
        self.check_access("read")
        invoices = self._get_appointment_invoices()
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Invoices"),
            "res_model": "account.move",
            "context": {"create": False},
        }
        if len(invoices) == 1:
            return {**action, "res_id": invoices.id, "views": [(False, "form")]}
        views = [(False, "list"), (False, "form")]
        return {**action, "domain": [("id", "in", invoices.ids)], "views": views}

    def action_open_appointment_client(self):
        """Smart button: the contact of the client.

        :rtype: dict
        """
        self.ensure_one()
        clients = self.env["appointment.payment.booking"].search(
            [("event_id", "=", self.id)]
        ).partner_id
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Clients"),
            "res_model": "res.partner",
        }
        if len(clients) == 1:
            return {**action, "res_id": clients.id, "views": [(False, "form")]}
        views = [(False, "list"), (False, "form")]
        return {**action, "domain": [("id", "in", clients.ids)], "views": views}
