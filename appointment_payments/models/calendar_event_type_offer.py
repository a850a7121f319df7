from datetime import timedelta

from odoo import api, fields, models

from ..rules import offers, slots


class CalendarEventType(models.Model):
    """How a category is offered: buffers, seats, how early and how late it can be booked."""

    _inherit = "calendar.event.type"

    buffer_before = fields.Float(
        string="Before (hours)", help="Kept free before each appointment."
    )
    buffer_after = fields.Float(string="After (hours)", help="Kept free after each appointment.")
    capacity = fields.Integer(
        string="Seats",
        required=True,
        default=1,
        help="How many clients can book the same time: 1 for single appointments, more for groups.",
    )
    own_booking_window = fields.Boolean(
        string="Its own notice and days ahead",
        help="Off: as the practice has it in the settings.",
    )
    min_notice_hours = fields.Integer(
        string="Notice (hours)", help="How long before its start a time can still be booked."
    )
    horizon_days = fields.Integer(
        string="Days ahead", default=60, help="How many days ahead a time can be booked."
    )
    confirm_hours = fields.Integer(
        string="Hours to answer", help="How long a request can be answered. 0: as the practice."
    )
    any_practitioner_accepts = fields.Boolean(
        string="Any practitioner may accept",
        help="A request goes to the practitioner whom the client chose; whoever of the category"
        " accepts it first gets the appointment.",
    )
    practitioner_price_ids = fields.One2many(
        "appointment.payment.practitioner.price", "category_id", string="Practitioners' prices"
    )

    _buffers_range = models.Constraint(
        "CHECK (COALESCE(buffer_before, 0) BETWEEN 0 AND 12"
        " AND COALESCE(buffer_after, 0) BETWEEN 0 AND 12)",
        "The time kept free before and after is between 0 and 12 hours.",
    )
    _capacity_range = models.Constraint(
        "CHECK (capacity BETWEEN 1 AND 500)", "A time has between 1 and 500 seats."
    )
    _confirm_hours_range = models.Constraint(
        "CHECK (COALESCE(confirm_hours, 0) BETWEEN 0 AND 8760)",
        "Practitioners have between 1 and 8760 hours to answer; 0 is as the practice has it.",
    )
    _booking_window_range = models.Constraint(
        "CHECK (NOT own_booking_window OR (COALESCE(min_notice_hours, 0) BETWEEN 0 AND 8760"
        " AND COALESCE(horizon_days, 0) BETWEEN 1 AND 730))",
        "The notice is between 0 and 8760 hours, and the days ahead between 1 and 730.",
    )
    _notice_within_horizon = models.Constraint(
        "CHECK (NOT own_booking_window"
        " OR COALESCE(min_notice_hours, 0) < COALESCE(horizon_days, 0) * 24)",
        "The notice is as long as the days ahead: no time could be booked. Shorten the notice.",
    )

    @api.model
    def _format_duration(self, hours):
        """Return a duration in words, for example “1 hour 30 minutes”.

        :param float hours: how long
        :rtype: str
        """
        words = self.env["ir.qweb.field.duration"].value_to_html(
            hours, {"unit": "hour", "round": "minute"}
        )
        return words.strip()

    @api.onchange("own_booking_window")
    def _onchange_own_booking_window(self):
        """Begin with what the practice has, so that nobody starts from nothing."""
        if self.own_booking_window and not self._origin.own_booking_window:
            company = self.company_id or self.env.company
            self.min_notice_hours = company.appointment_min_notice_hours
            self.horizon_days = company.appointment_horizon_days

    @api.onchange("user_ids")
    def _onchange_user_ids(self):
        self.practitioner_price_ids -= self._get_leftover_prices()

    def write(self, vals):
        result = super().write(vals)
        if "user_ids" in vals:
            for category in self:
                category._get_leftover_prices().unlink()
        return result

    def _get_leftover_prices(self):
        """Return the prices of practitioners who do not take these appointments any more.

        :rtype: recordset of `appointment.payment.practitioner.price`
        """
        return self.practitioner_price_ids.filtered(
            lambda line: line.user_id and line.user_id._origin not in self.user_ids._origin
        )

    @api.constrains(
        "payment_mode", "deposit_type", "deposit_percent", "deposit_fixed", "product_id"
    )
    def _check_deposit_with_each_practitioner(self):
        self.practitioner_price_ids._check_deposit()

    def _get_booking_window(self, company):
        """Return between when and when clients can book, counted from now.

        :param company: the selling `res.company`
        :return: the shortest notice, and how far ahead
        :rtype: tuple[timedelta, timedelta]
        """
        self.ensure_one()
        if self.own_booking_window:
            notice, horizon = self.min_notice_hours, self.horizon_days
        else:
            notice, horizon = (
                company.appointment_min_notice_hours,
                company.appointment_horizon_days,
            )
        return timedelta(hours=notice), timedelta(days=horizon)

    def _get_confirm_hours(self, company):
        """Return how long a request can be answered, in hours.

        :param company: the selling `res.company`
        :rtype: int
        """
        self.ensure_one()
        return self.confirm_hours or company.appointment_confirm_hours

    def _get_slot_terms(self):
        """Return how much of a practitioner's time an appointment takes.

        :rtype: offers.Terms
        """
        self.ensure_one()
        return offers.Terms(
            self.id,
            slots.to_length(self.duration),
            slots.to_length(self.buffer_before),
            slots.to_length(self.buffer_after),
            self.capacity,
        )

    def _get_price(self, user):
        """Return the unit price of an appointment with a practitioner.

        :param user: the practitioner; empty for the category's own price
        :return: in major units of ``currency_id``, under the service's taxes
        :rtype: float
        """
        self.ensure_one()
        own = self.practitioner_price_ids.filtered(lambda line: line.user_id == user)
        return own[:1].price if user and own else self.price

    @api.model
    def _get_practitioner_slug(self, user):
        """Return how a practitioner is called in public links.

        :param user: the practitioner
        :rtype: str
        """
        return self.env["ir.http"]._slug((user.id, user.sudo().name))

    def _get_practitioner_url(self, user):
        """Return the public link of a category with one practitioner.

        :param user: the practitioner
        :rtype: str|bool
        """
        self.ensure_one()
        if not self.public_url:
            return False
        return f"{self.public_url}?practitioner={self._get_practitioner_slug(user)}"
