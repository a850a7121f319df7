from functools import partial

from odoo import api, fields, models
from odoo.fields import Domain

from ..rules import requests


class AppointmentPaymentBooking(models.Model):
    """The deadline of requests: practitioners are reminded, and what nobody answers expires."""

    _inherit = "appointment.payment.booking"

    _answer_due_index = models.Index(
        "(confirm_deadline, id) WHERE state = 'requested' AND answered_at IS NULL"
    )
    _warning_due_index = models.Index(
        "(next_warning_at, id) WHERE state = 'requested' AND answered_at IS NULL"
        " AND next_warning_at IS NOT NULL"
    )

    @api.model
    def _get_duties(self, now):
        """Extended by requests: first those that expire, then those that are reminded of."""
        unanswered = Domain("state", "=", "requested") & Domain("answered_at", "=", False)
        return [
            *super()._get_duties(now),
            (
                unanswered & Domain("confirm_deadline", "<=", now),
                "confirm_deadline, id",
                type(self)._expire_requests,
            ),
            (
                unanswered & Domain("next_warning_at", "<=", now),
                "next_warning_at, id",
                partial(type(self)._warn_of_deadline, now=now),
            ),
        ]

    def _expire_requests(self):
        """Expire requests that were not answered in time.

        A payment that is under way at the deadline is given back when it arrives.
        """
        reasons = self.grouped(
            lambda b: requests.expired_reason(b._get_money_at_hand(), bool(b.capture_problem))
        )
        for reason, bookings in reasons.items():
            bookings._set_expired(reason)

    def _warn_of_deadline(self, now):
        """Remind practitioners of requests; what a server slept through is told once.

        :param datetime now: naive UTC
        """
        for booking in self:
            booking.write(
                {
                    "warned_at": now,
                    "next_warning_at": booking._get_next_warning(
                        booking.requested_at, booking.confirm_deadline
                    ),
                }
            )
        self._send_request_mails("warning")

    def _get_next_warning(self, requested_at, deadline):
        """Return when the practitioner is reminded of a request next.

        :param datetime requested_at: naive UTC
        :param datetime deadline: naive UTC
        :return: naive UTC; False when there is no more to come
        :rtype: datetime | bool
        """
        self.ensure_one()
        hours = self.company_id.appointment_confirm_warning_hours
        now = fields.Datetime.now()
        return requests.next_warning(requested_at, deadline, hours, now) or False
