from odoo import api, fields, models

from ..rules import requests, schedule
from .appointment_payment_occupancy import SlotTakenError

# what is forgotten when a request is answered or over
ANSWERED = {"next_warning_at": False}
# a request that ends so has waited for its answer; the other reasons are of unpaid bookings
REQUEST_REASONS = ("unanswered", "lapsed")


class AppointmentPaymentBooking(models.Model):
    """Booking requests: bookings that the practitioner accepts or declines, and their doors.

    pending_payment → requested → confirmed | declined | expired | cancelled. Where the client pays
    only what was accepted: requested → pending_payment → confirmed | expired. The other rooms of
    requests: ``_request_answer`` (who decides, and what stands against it), ``_request_money``,
    ``_request_mail``, and the deadline in ``_request_deadline``.
    """

    _inherit = "appointment.payment.booking"

    requested_at = fields.Datetime(string="Requested on", readonly=True, copy=False)
    confirm_deadline = fields.Datetime(
        string="Answer due",
        readonly=True,
        copy=False,
        help="Until when the request can be accepted. It expires then, and all of its money goes"
        " back.",
    )
    answered_at = fields.Datetime(
        string="Answered on",
        readonly=True,
        copy=False,
        help="When the request was accepted or declined. A request that is pending all the same is"
        " being paid.",
    )
    answered_by_id = fields.Many2one(
        "res.users", string="Answered by", readonly=True, copy=False, ondelete="restrict"
    )
    decline_message = fields.Text(
        string="Message to the client", readonly=True, copy=False,
        help="What the client reads about why the request was declined.",
    )
    next_warning_at = fields.Datetime(
        readonly=True, copy=False, help="When the practitioner is reminded of the request next."
    )
    warned_at = fields.Datetime(
        readonly=True, copy=False, help="When the practitioner was last reminded of the request."
    )

    def _waits_for_answer(self):
        """Return whether the practitioner has to accept the booking, and has not answered yet.

        :rtype: bool
        """
        self.ensure_one()
        return self.confirmation_mode == "manual" and not self.answered_at

    def _is_being_accepted(self):
        """Return whether a request was accepted and its payment is being captured.

        :rtype: bool
        """
        self.ensure_one()
        return self.state == "requested" and bool(self.answered_at)

    def _get_confirm_deadline(self, requested_at, now=None):
        """Return until when the practitioner can accept a request that is made at some moment.

        :param datetime requested_at: naive UTC
        :param datetime now: naive UTC; when the request is made by default
        :return: naive UTC
        :rtype: datetime
        """
        self.ensure_one()
        company = self.company_id
        return requests.confirm_deadline(
            requested_at,
            self.start,
            self.category_id._get_confirm_hours(company),
            company.appointment_confirm_margin_hours,
            now,
        )

    def _begin(self):
        """Extended: what is not paid before the answer is requested at once."""
        self.ensure_one()
        is_paid_first = self.amount_due_now and self.request_flow != "approve_first"
        if self._waits_for_answer() and not is_paid_first:
            return self._set_requested()
        return super()._begin()

    def _hold_for_checkout(self):
        """Extended: what was accepted can be paid as long as a request can be answered."""
        approved = self.filtered("answered_at")
        result = super(AppointmentPaymentBooking, self - approved)._hold_for_checkout()
        now = fields.Datetime.now()
        for booking in approved:
            minutes = booking.company_id.appointment_checkout_minutes
            booking.sudo().hold_until = max(  # sudo: a date that nobody chooses
                booking._get_confirm_deadline(booking.answered_at),
                schedule.hold_until(now, minutes, booking.start),
            )
        return result

    # === DOORS === #

    def _set_requested(self):
        """Have practitioners decide on bookings that are paid or held as far as they are asked.

        :return: the bookings that moved
        """
        moved = self._move_to_requested("pending_payment")
        moved._after_requested()
        return moved

    def _set_requested_again(self):
        """Request bookings whose payment came late, where the time is still free.

        :return: the bookings that moved; the others' time is gone, or has begun
        """
        moved, now = self.browse(), fields.Datetime.now()
        unpaid = self.filtered(
            lambda b: b.state == "expired" and b.expired_reason not in REQUEST_REASONS
        )
        for booking in unpaid.filtered(lambda b: b._waits_for_answer() and b.start > now):
            try:
                with self.env.cr.savepoint():
                    booking._occupy()
            except SlotTakenError:
                continue
            moved |= booking._move_to_requested("expired")
        moved._after_requested()
        return moved

    def _move_to_requested(self, source):
        """Move bookings that wait for an answer to ``requested``, with the date it is due.

        :param str source: the state that they come from
        :return: the bookings that moved
        """
        moved, now = self.browse(), fields.Datetime.now()
        for booking in self.filtered(lambda b: b._waits_for_answer()):
            # a hold that lapses before was chosen for a deadline that its bank does not keep
            holds = booking.sudo()._get_holds()  # sudo: when they lapse
            lapses = holds.filtered("capture_before").mapped("capture_before")
            deadline = min([booking._get_confirm_deadline(now), *lapses])
            moved |= booking._update_state(
                (source,),
                "requested",
                requested_at=now,
                confirm_deadline=deadline,
                next_warning_at=booking._get_next_warning(now, deadline),
                expired_reason=False,
                hold_until=False,
                pending_until=False,
            )
        return moved

    def _after_requested(self):
        self._create_events()
        self._raise_conflicts()
        self._ask_for_answer()
        self._send_request_mails("received")

    def _set_confirmed(self):
        """Extended: a booking that needs an answer is confirmed by it, and by nothing else."""
        answered = self.filtered(lambda b: not b._waits_for_answer())
        requested = answered.filtered(lambda b: b.state == "requested")
        moved = requested._update_state(("requested",), "confirmed", **ANSWERED)
        moved._after_confirmed()
        return moved | super(AppointmentPaymentBooking, answered - requested)._set_confirmed()

    def _set_confirmed_again(self):
        """Extended: what was never accepted is not confirmed by a payment that comes late."""
        answered = self.filtered(lambda b: not b._waits_for_answer())
        moved = super(AppointmentPaymentBooking, answered)._set_confirmed_again()
        # who has accepted it has read since that it has expired
        moved._filter_accepted_by_practitioner()._send_mails(
            "appointment_payments.mail_template_booking_confirmed_practitioner"
        )
        return moved

    def _set_approved(self):
        """Ask for the payment of requests that were accepted before they are paid.

        :return: the bookings that moved, each with the time to pay
        """
        approved = self.filtered(lambda b: b._is_being_accepted())
        moved = approved._update_state(("requested",), "pending_payment", **ANSWERED)
        moved._hold_for_checkout()
        moved._send_request_mails("approved")
        return moved

    def _set_declined(self, message=False):
        """Decline requests: their time is free and all of their money goes back.

        :param str message: what the clients read about why
        :return: the bookings that moved
        """
        return self._end_requests("declined", **self._prepare_answer(), decline_message=message)

    def _set_expired(self, reason):
        """Extended for requests: those without an answer, and those accepted and never paid.

        :param str reason: a value of ``expired_reason``; see the parent method
        :return: the bookings that moved
        """
        if reason in REQUEST_REASONS:
            return self._set_request_expired(reason)
        approved = self.filtered("answered_at")
        moved = super(AppointmentPaymentBooking, self - approved)._set_expired(reason)
        reason = "unpaid_approved" if reason == "unpaid" else reason
        expired = super(AppointmentPaymentBooking, approved)._set_expired(reason)
        expired._remove_events()
        return moved | expired

    def _set_request_expired(self, reason):
        # tracking would post a message for each by itself
        quiet = self.with_context(mail_notrack=True)
        values = {"expired_reason": reason, "checkout_token": False}
        moved = quiet._end_requests("expired", **values).with_env(self.env)
        moved._log_expired()
        return moved

    def _set_cancelled(self):
        """Extended: a request is cancelled until it is answered, and all of its money goes back."""
        requested = self.filtered(lambda b: b.state == "requested")
        moved = requested._end_requests("cancelled")
        return moved | super(AppointmentPaymentBooking, self - requested)._set_cancelled()

    def _end_requests(self, state, **values):
        """End requests that are not accepted: free their time, give back all, tell both sides.

        For one, or for any number at once.

        :param str state: declined, expired or cancelled
        :param dict values: what is written along
        :return: the bookings that moved
        """
        not_accepted = self.filtered(lambda b: not b._is_being_accepted())
        not_accepted.filtered(lambda b: b.state == "requested")._give_money_back(state)
        moved = not_accepted._update_state(("requested",), state, **ANSWERED, **values)
        # before _release, which writes all: what events show is written with their archival
        moved.sudo().event_id.mapped("appointment_state")
        moved._remove_events()
        moved._release()
        moved._close_answer_activities()
        moved._tell_in_any_case(lambda bookings: bookings._send_request_mails(state))
        return moved

    # === AN ANSWER === #

    @api.model
    def _prepare_answer(self):
        return {"answered_at": fields.Datetime.now(), "answered_by_id": self.env.uid}

    def _note_answer(self):
        """Note who accepts a request; it is confirmed when its payment allows it."""
        self.sudo().write(self._prepare_answer())  # sudo: frozen for people, checked before
        self._close_answer_activities()

    def _forget_answer(self):
        """Have a request wait for an answer again: its payment could not be captured."""
        self.sudo().write({"answered_at": False, "answered_by_id": False})  # sudo: see there
        self._ask_for_answer()

    def _move_to(self, start, stop):
        """Extended: the answer is due earlier where the appointment is; never later than promised.

        What was accepted and is to be paid is kept until it begins at most (design rule 2).
        See the parent method for the parameters.
        """
        result = super()._move_to(start, stop)
        now = fields.Datetime.now()
        for booking in self.filtered(lambda b: b.state == "requested"):
            booking._limit_deadline(booking._get_confirm_deadline(booking.requested_at, now))
        for booking in self.filtered(lambda b: b.state == "pending_payment" and b.hold_until):
            # sudo: a date that nobody chooses
            booking.sudo().hold_until = min(booking.hold_until, booking.start)
        return result

    def _hand_over_to(self, user):
        """Extended: a request is the new practitioner's to answer, and nothing is booked yet.

        What was accepted is told when it is paid. See the parent method for the parameters.
        """
        waiting = self.filtered(lambda b: b.state in ("requested", "pending_payment"))
        result = super(AppointmentPaymentBooking, self - waiting)._hand_over_to(user)
        waiting._change_practitioner(user)
        requested = waiting.filtered(lambda b: b.state == "requested")
        requested.filtered(lambda b: b._waits_for_answer())._ask_another_practitioner()
        return result

    def _limit_deadline(self, moment):
        """Have a request answered by a moment, where that is before its deadline.

        :param datetime moment: naive UTC; none for no other limit
        """
        self.ensure_one()
        if not moment or moment >= self.confirm_deadline:
            return
        # sudo: a date that nobody chooses
        self.sudo().write(
            {
                "confirm_deadline": moment,
                "next_warning_at": self._get_next_warning(self.requested_at, moment),
            }
        )
