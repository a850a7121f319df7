import logging

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..rules import schedule
from .appointment_payment_occupancy import SlotTakenError

_logger = logging.getLogger(__name__)

# only this object opens the door; nobody can send it over RPC
_STATE_DOOR = object()
_DOOR_KEY = "appointment_state_door"

OCCUPYING_STATES = ("pending_payment", "requested", "confirmed", "attended", "no_show")
CANCELLABLE_STATES = ("pending_payment", "confirmed")


class AppointmentPaymentBooking(models.Model):
    """The state of a booking and its doors."""

    _inherit = "appointment.payment.booking"

    state = fields.Selection(
        selection=[
            ("pending_payment", "Awaiting payment"),
            ("requested", "Pending"),
            ("confirmed", "Confirmed"),
            ("attended", "Attended"),
            ("no_show", "No-show"),
            ("declined", "Declined"),
            ("expired", "Expired"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="pending_payment",
        readonly=True,
        copy=False,
        index=True,
        tracking=True,
        group_expand="_expand_states",
    )
    expired_reason = fields.Selection(
        selection=[
            ("unpaid", "Not paid in time"),
            ("pending", "The payment did not arrive in time"),
            ("replaced", "Another time was chosen"),
            ("unanswered", "Not answered in time"),
            ("unpaid_approved", "Accepted, but not paid in time"),
            ("lapsed", "The payment was lost before the answer"),
        ],
        readonly=True,
        copy=False,
    )
    hold_until = fields.Datetime(
        readonly=True, copy=False, help="Until when an unpaid booking keeps its time."
    )
    pending_until = fields.Datetime(
        readonly=True, copy=False, help="Until when a payment under way keeps the time."
    )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("state", "pending_payment") != "pending_payment":
                raise UserError(self.env._("A booking begins as “Awaiting payment”."))
        return super().create(vals_list)

    def write(self, vals):
        opened = self.env.context.get(_DOOR_KEY) is _STATE_DOOR
        if {"state", "expired_reason"} & vals.keys() and not opened:
            raise UserError(
                self.env._("The state of a booking changes by its buttons, not by editing it.")
            )
        return super().write(vals)

    @api.model
    def _expand_states(self, states, _domain):
        """Return the columns of the board, in the order in which bookings go through them.

        :param list states: those of the bookings found
        :rtype: list[str]
        """
        shown = {"pending_payment", "confirmed", *states}
        return [state for state, _label in self._fields["state"].selection if state in shown]

    def _update_state(self, allowed_states, target_state, **values):
        """Move bookings to a state; the one door that writes it.

        :param tuple allowed_states: the states a booking may come from
        :param str target_state: the state it moves to
        :param dict values: what is written along
        :return: the bookings that moved; a repeated or illegal move changes nothing
        :rtype: recordset of `appointment.payment.booking`
        """
        moving = self.filtered(lambda b: b.state in allowed_states)
        for booking in self - moving:
            level = logging.DEBUG if booking.state == target_state else logging.INFO
            _logger.log(
                level, "Booking %s stays %s, not %s", booking.name, booking.state, target_state
            )
        if moving:
            opened = moving.with_context(**{_DOOR_KEY: _STATE_DOOR})
            # sudo: a door is opened by a decision that was checked before
            opened.sudo().write({"state": target_state, **values})
            _logger.info("Bookings %s → %s", ", ".join(moving.mapped("name")), target_state)
        return moving

    def _hold_for_checkout(self):
        """Keep the time while the client pays."""
        now = fields.Datetime.now()
        for booking in self:
            booking.sudo().hold_until = schedule.hold_until(  # sudo: a date that nobody chooses
                now, booking.company_id.appointment_checkout_minutes, booking.start
            )

    def _hold_for_pending(self):
        """Keep the time while a payment that takes days is under way (design rule 2)."""
        now = fields.Datetime.now()
        for booking in self.filtered(lambda b: b.state == "pending_payment"):
            if not booking.pending_until:
                booking.sudo().pending_until = schedule.pending_until(now, booking.start)

    def _hold_for_another_try(self):
        """Give the client the checkout time to pay again when a payment under way has failed."""
        for booking in self.filtered(lambda b: b.state == "pending_payment" and b.pending_until):
            if not booking._has_payment_under_way():
                booking.sudo().pending_until = False
                booking._hold_for_checkout()

    def _set_confirmed(self):
        """Confirm bookings: put them in the calendar and tell both sides.

        :return: the bookings that moved
        """
        moved = self._update_state(
            ("pending_payment",), "confirmed", hold_until=False, pending_until=False
        )
        moved._after_confirmed()
        return moved

    def _set_confirmed_again(self):
        """Confirm expired bookings whose payment arrived late, where the time is still free.

        :return: the bookings that moved; the others' time is gone, or has begun
        """
        moved, now = self.browse(), fields.Datetime.now()
        for booking in self.filtered(lambda b: b.state == "expired" and b.start > now):
            try:
                with self.env.cr.savepoint():
                    booking._occupy()
            except SlotTakenError:
                continue
            moved |= booking._update_state(("expired",), "confirmed", expired_reason=False)
        moved._after_confirmed()
        return moved

    def _after_confirmed(self):
        self._create_events()
        self._send_confirmed_mails()

    def _set_attended(self):
        """Note that the client came.

        :return: the bookings that moved
        """
        return self._update_state(("confirmed", "no_show"), "attended")

    def _set_no_show(self):
        """Note that the client did not come.

        :return: the bookings that moved
        """
        return self._update_state(("confirmed", "attended"), "no_show")

    def _set_expired(self, reason):
        """Give up bookings that were not paid, and free their time.

        :param str reason: a value of ``expired_reason``
        :return: the bookings that moved
        """
        moved = self._update_state(
            ("pending_payment",),
            "expired",
            expired_reason=reason,
            hold_until=False,
            pending_until=False,
            checkout_token=False,
        )
        moved._release()
        moved._tell_in_any_case(lambda bookings: bookings._send_expired_mails())
        return moved

    def _set_cancelled(self):
        """Call bookings off, and free their time.

        :return: the bookings that moved
        """
        moved = self._update_state(
            CANCELLABLE_STATES, "cancelled", hold_until=False, pending_until=False
        )
        moved._release()
        moved._remove_events()
        return moved

    def action_mark_attended(self):
        """Button: the client came. Of several, those whose day has come."""
        self.check_access("write")
        return self._report_bulk(self._whose_day_has_come()._set_attended())

    def action_mark_no_show(self):
        """Button: the client did not come. Of several, those whose day has come."""
        self.check_access("write")
        return self._report_bulk(self._whose_day_has_come()._set_no_show())

    def action_cancel(self):
        """Button: call the booking off. Money that was taken has to be given back first.

        :raise UserError: when a booking has money or a payment under way; none is cancelled then
        """
        self.check_access("write")
        # sudo: staff have no accounting right, and the question is only whether there is money
        for booking in self.sudo():
            if booking._has_money():
                raise UserError(
                    self.env._(
                        "%(booking)s has a payment. Refund it and credit its invoice in Invoicing"
                        " first, then cancel.",
                        booking=booking.display_name,
                    )
                )
        return self._report_bulk(self._set_cancelled())
