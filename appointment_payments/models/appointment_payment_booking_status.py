from typing import NamedTuple

from odoo import api, fields, models


class Colour(NamedTuple):
    """One meaning's colour, wherever it is shown; the pairs have the contrast of WCAG AA.

    :param int index: in Odoo's palette, for badges and calendars of the web client
    :param str name: Bootstrap's, for pages
    :param str background: hexadecimal, for mails, which have no style sheet
    :param str text: hexadecimal, on that background
    """

    index: int
    name: str
    background: str
    text: str


GOOD = Colour(10, "success", "#d4edda", "#10431c")
COMING = Colour(2, "warning", "#fff3cd", "#664d03")
OWED = Colour(1, "danger", "#f8d7da", "#58151c")
HELD = Colour(4, "info", "#d1ecf1", "#09414a")
QUIET = Colour(0, "dark", "#ced4da", "#343a40")

# what is not named here is quiet
COLOURS = {
    "state": {
        "pending_payment": COMING,
        "requested": HELD,
        "confirmed": GOOD,
        "attended": GOOD,
    },
    "payment_status": {
        "unpaid": OWED,
        "processing": COMING,
        "held": HELD,
        "partial": COMING,
        "paid": GOOD,
    },
}


class AppointmentPaymentBooking(models.Model):
    """The words and colours of a booking's state and payment, the same on every screen."""

    _inherit = "appointment.payment.booking"

    state_color = fields.Integer(compute="_compute_status_colors")
    payment_color = fields.Integer(compute="_compute_status_colors")

    @api.depends("state", "payment_status")
    def _compute_status_colors(self):
        for booking in self:
            booking.state_color = booking._get_colour("state").index
            booking.payment_color = booking._get_colour("payment_status").index

    def _get_label(self, field_name):
        """Return the word on screens for a selection value.

        :param str field_name: a selection field
        :rtype: str
        """
        self.ensure_one()
        return dict(self._fields[field_name]._description_selection(self.env)).get(
            self[field_name], ""
        )

    def _get_colour(self, field_name):
        """Return the colour of a booking's state or payment.

        :param str field_name: ``state`` or ``payment_status``
        :rtype: Colour
        """
        return self._get_colour_of(field_name, self[field_name])

    @api.model
    def _get_colour_of(self, field_name, value):
        """Return the colour of a state or payment status, without a booking at hand.

        :param str field_name: ``state`` or ``payment_status``
        :param value: one of the field's, or False
        :rtype: Colour
        """
        return COLOURS[field_name].get(value, QUIET)

    def _get_badge_class(self, field_name):
        """Return the classes of a badge on a page.

        :param str field_name: ``state`` or ``payment_status``
        :rtype: str
        """
        name = self._get_colour(field_name).name
        return f"badge bg-{name}-subtle text-{name}-emphasis"

    def _get_badge_style(self, field_name):
        """Return the inline style of a badge in a mail.

        :param str field_name: ``state`` or ``payment_status``
        :rtype: str
        """
        colour = self._get_colour(field_name)
        return (
            f"background-color: {colour.background}; color: {colour.text};"
            " border-radius: 4px; padding: 2px 8px;"
        )
