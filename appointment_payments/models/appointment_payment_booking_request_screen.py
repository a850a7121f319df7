from odoo import api, fields, models
from odoo.fields import Domain

from ..rules import requests

COUNT_CHANGED = "appointment_payments/requests_changed"


class AppointmentPaymentBooking(models.Model):
    """What staff read of requests, and what the buttons on them say."""

    _inherit = "appointment.payment.booking"

    may_accept = fields.Boolean(compute="_compute_may_answer")
    may_decline = fields.Boolean(compute="_compute_may_answer")
    accept_label = fields.Char(compute="_compute_accept_label")
    time_left = fields.Char(string="Time left", compute="_compute_time_left")
    answer_text = fields.Char(string="Answer", compute="_compute_answer_text")
    capture_problem = fields.Char(
        compute="_compute_capture_problem",
        compute_sudo=True,
        groups="base.group_user",
        help="Why the payment of the request could not be taken.",
    )

    @api.depends("state", "answered_at", "user_id")
    @api.depends_context("uid")
    def _compute_may_answer(self):
        for booking in self:
            waits = booking._is_to_answer()
            booking.may_accept = waits and booking._may_answer("accept")
            booking.may_decline = waits and booking._may_answer("decline")

    def _is_to_answer(self):
        self.ensure_one()
        return self.state == "requested" and not self.answered_at

    @api.depends("state", "amount_held", "amount_paid", "amount_due_now", "request_flow")
    @api.depends_context("lang")
    def _compute_accept_label(self):
        for booking in self:
            booking.accept_label = booking._get_accept_label()

    def _get_accept_label(self):
        """Return what the button says: accepting names the money that it moves.

        :rtype: str
        """
        self.ensure_one()
        if self.amount_held:
            amount = self._format_for_reader(self.amount_held)
            return self.env._("Accept and take %(amount)s", amount=amount)
        if self.amount_paid:
            amount = self._format_for_reader(self.amount_paid)
            return self.env._("Accept, %(amount)s paid", amount=amount)
        if self.amount_due_now and self.request_flow == "approve_first":
            amount = self._format_for_reader(self.amount_due_now)
            return self.env._("Accept and ask for %(amount)s", amount=amount)
        return self.env._("Accept")

    @api.depends("state", "answered_at", "confirm_deadline")
    @api.depends_context("lang")
    def _compute_time_left(self):
        now = fields.Datetime.now()
        for booking in self:
            if not booking._is_to_answer() or not booking.confirm_deadline:
                booking.time_left = False
                continue
            booking.time_left = booking._say_time_left(
                requests.time_left(booking.confirm_deadline, now)
            )

    def _say_time_left(self, left):
        """Return how long a request can be answered, in words.

        :param tuple left: see `rules.requests.time_left`
        :rtype: str
        """
        unit, count, rest = left
        return {
            "over": lambda: self.env._("too late"),
            "minutes": lambda: self.env._("%(count)s min", count=count),
            "hours": lambda: self.env._("%(count)s h %(rest)s min", count=count, rest=rest),
            "days": lambda: self.env._("%(count)s d %(rest)s h", count=count, rest=rest),
        }[unit]()

    @api.depends("state", "answered_at", "answered_by_id")
    @api.depends_context("lang")
    def _compute_answer_text(self):
        for booking in self:
            booking.answer_text = booking.answered_at and self.env._(
                "%(name)s, %(moment)s",
                name=booking.answered_by_id.name,
                moment=booking._format_for_staff(booking.answered_at),
            )

    @api.depends(
        "state", "answered_at", "operation_ids.state", "operation_ids.error",
        "transaction_ids.state",
    )  # fmt: skip
    def _compute_capture_problem(self):
        for booking in self:
            failed = booking.operation_ids.filtered(
                lambda o: o.kind == "capture" and o.state == "failed"
            ).sorted("id")
            is_told = failed and booking._is_to_answer() and not booking._is_paid_anew(failed)
            booking.capture_problem = failed[-1].error if is_told else False

    def _is_paid_anew(self, failed):
        """Return whether the client has paid again since a payment could not be taken.

        :param failed: the failed `appointment.payment.operation`
        :rtype: bool
        """
        self.ensure_one()
        return bool(self._get_holds() - failed.transaction_id) or self._get_received_amount() > 0

    # === HOW MANY WAIT === #

    @api.model
    def _get_to_answer_domain(self):
        return Domain("state", "=", "requested") & Domain("answered_at", "=", False)

    @api.model
    def get_to_answer_count(self):
        """Return how many requests the user can answer, for the badge in the menu.

        :rtype: int
        """
        if not self.has_access("read") or not self.env.user._is_internal():
            return 0
        return self.search_count(self._get_to_answer_domain())

    def _ask_for_answer(self):
        """Extended: the badge in the menu counts them."""
        result = super()._ask_for_answer()
        self._tell_count_changed()
        return result

    def _close_answer_activities(self):
        """Extended: the badge in the menu counts them no more."""
        result = super()._close_answer_activities()
        self._tell_count_changed()
        return result

    def _tell_count_changed(self):
        bookings = self.sudo()  # sudo: whoever books or answers
        told = bookings.user_id
        if len(bookings) == 1:  # of many at once, colleagues read it with their next screen
            told |= bookings._get_acceptors()
        told._bus_send(COUNT_CHANGED, {})
