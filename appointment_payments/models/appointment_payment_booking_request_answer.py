from odoo import SUPERUSER_ID, fields, models
from odoo.exceptions import UserError

from ..rules import requests
from .appointment_payment_occupancy import SlotTakenError

PRACTITIONER = "appointment_payments.group_practitioner"


class AppointmentPaymentBooking(models.Model):
    """Who answers requests, and what they are told when it is too late."""

    _inherit = "appointment.payment.booking"

    # === ACCEPT === #

    def action_accept(self):
        """Button: accept requests. Of several, those that can be accepted.

        :return: what :meth:`_report_bulk` returns
        :rtype: dict | None
        :raise AccessError: when the user may not answer one of them
        :raise UserError: when a single one cannot be accepted, with the reason
        """
        self._check_may_accept()
        return self._report_answers(self._answer_each(lambda booking: booking._accept()))

    def _accept(self):
        """Accept one request, as the user of the environment.

        Whoever answers it at the same time waits here, and reads what happened (fault 4).

        :raise UserError: when it cannot be accepted any more
        """
        self.ensure_one()
        booking = self.sudo()  # sudo: who accepts needs no right on payments; checked before
        booking._lock_for_payment()
        if problem := booking._get_accept_problem():
            raise UserError(problem)
        if self.env.user in booking._get_heirs():
            booking._take_over(self.env.user)
        booking._note_answer()
        booking._act_on_acceptance()

    def _act_on_acceptance(self):
        """Confirm an accepted request, once its money is there."""
        effect = requests.accept_effect(self._get_money_at_hand())
        if effect == "capture":
            self._capture_hold()
        elif effect == "ask":
            self._set_approved()
        else:
            self._set_confirmed()
            # OdooBot: who accepts has no right on invoices
            booking = self.with_user(SUPERUSER_ID).with_company(self.company_id)
            booking._invoice_received_payments()

    def _check_may_accept(self):
        """Refuse whoever has nothing to do with a request.

        :raise AccessError: when the user may not answer it
        """
        own = self._filtered_access("write")
        for booking in self - own:
            # sudo: whether the category lets colleagues accept
            may_inherit = self.env.user in booking.sudo()._get_acceptors()
            is_here = booking.sudo().company_id in self.env.companies
            if not (may_inherit and is_here and self.env.user.has_group(PRACTITIONER)):
                booking.check_access("write")

    def _get_acceptors(self):
        """Return the practitioners who may have the appointment.

        :rtype: recordset of `res.users`
        """
        self.ensure_one()
        category = self.category_id
        return category.user_ids if category.any_practitioner_accepts else self.user_id

    def _get_heirs(self):
        """Return the colleagues who get the appointment when they accept it.

        Who answers for others at the front desk does not.

        :rtype: recordset of `res.users`
        """
        front_desk = "appointment_payments.group_front_desk"
        heirs = self._get_acceptors() - self.user_id
        return heirs.filtered(lambda user: not user.has_group(front_desk))

    def _get_free_heirs(self):
        """Return the colleagues who could have the appointment: they work then, and are free.

        :rtype: recordset of `res.users`
        """
        self.ensure_one()
        colleagues = self._get_heirs().filtered(self._is_practitioner_here)
        return self.env["appointment.payment.availability"]._get_free_at(
            self.category_id, self.company_id, colleagues, self.start
        )

    def _take_over(self, user):
        """Give a request to the colleague who accepts it, with its time and its event.

        :param user: the `res.users`
        :raise SlotTakenError: when they have another appointment then
        """
        self.ensure_one()
        events = self.event_id
        user._ensure_practitioner_resource(self.company_id)
        try:
            with self.env.cr.savepoint():
                self._change_practitioner(user)
        except SlotTakenError as error:
            raise SlotTakenError(
                self.env._("You have another appointment at the time of this request.")
            ) from error
        self.event_id = False
        self._archive_events(events)
        self._create_events()
        self.message_post(
            body=self.env._("%(name)s takes the appointment over.", name=user.name)
        )

    # === DECLINE === #

    def action_decline(self, message=False):
        """Button: decline requests, with an optional message. Of several, those that still wait.

        :param str message: what the clients read about why
        :return: what :meth:`_report_bulk` returns
        :rtype: dict | None
        :raise AccessError: when the user may not answer one of them
        :raise UserError: when a single one cannot be declined any more, with the reason
        """
        self.check_access("write")
        message = (message or "").strip() or False
        return self._report_answers(self._answer_each(lambda booking: booking._decline(message)))

    def _decline(self, message):
        """Decline one request.

        :param str message: what the client reads about why, or nothing
        :raise UserError: when it cannot be declined any more
        """
        self.ensure_one()
        booking = self.sudo()  # sudo: who declines needs no right on payments; checked before
        booking._lock_for_payment()
        if problem := booking._get_decline_problem():
            raise UserError(problem)
        booking._set_declined(message)

    # === CANCEL === #

    def action_cancel(self):
        """Extended: a request is cancelled with its money, as its client can do it."""
        self.check_access("write")
        requested = self.filtered(lambda b: b.state == "requested")
        if not requested:
            return super().action_cancel()
        cancelled = requested._answer_each(lambda booking: booking._cancel_request())
        others = self - requested
        if others:
            return super(AppointmentPaymentBooking, others).action_cancel()
        return requested._report_answers(cancelled)

    def _cancel_request(self):
        """Cancel one request before it is answered: all of its money goes back.

        Whoever calls has checked who asks for it: the client, or staff.

        :raise UserError: when it is answered or over, in words for its client
        """
        self.ensure_one()
        booking = self.sudo()  # sudo: see above
        booking._lock_for_payment()
        if problem := booking._get_client_cancel_problem():
            raise UserError(problem)
        booking._set_cancelled()

    # === ONE OR SEVERAL === #

    def _answer_each(self, answer):
        """Answer requests; of several, one that cannot be answered stops no other.

        :param callable answer: answers one booking, and raises an error when it cannot
        :return: those that were answered
        :raise UserError: when the only one cannot be answered
        """
        if len(self) == 1:
            answer(self)
            return self
        answered = self.browse()
        for booking in self.sorted("id"):  # all lock in one order
            try:
                with self.env.cr.savepoint():
                    answer(booking)
            except UserError:
                continue
            answered |= booking
        return answered

    def _report_answers(self, answered):
        """Say how many of the requests that were chosen in a list are answered.

        :param answered: those that are
        :rtype: dict | None
        """
        if len(self) == 1 or answered == self:
            return self._report_bulk(answered)
        report = self._report_bulk(answered)
        report["params"]["message"] = self.env._(
            "%(answered)s of %(count)s requests are answered. The others cannot be answered any"
            " more, or their payment is not there: open one to see why.",
            answered=len(answered),
            count=len(self),
        )
        return report

    # === WHAT STANDS AGAINST IT === #

    def _get_standing(self):
        """Return how a request stands now.

        :rtype: requests.Standing
        """
        self.ensure_one()
        return requests.Standing(
            self.state == "requested",
            self._is_being_accepted(),
            self.confirm_deadline,
            self._get_money_at_hand(),
        )

    def _get_accept_problem(self):
        """Return why a request cannot be accepted, and what happens instead.

        :return: a sentence for staff, or nothing
        :rtype: str | None
        """
        problem = requests.accept_problem(self._get_standing(), fields.Datetime.now())
        if problem == "closed":
            return self._get_closed_sentence()
        return {
            "being_accepted": self._get_being_accepted_sentence,
            "too_late": lambda: self.env._(
                "This request could be accepted until %(moment)s. It expires now, and the client"
                " gets everything back.",
                moment=self._format_for_staff(self.confirm_deadline),
            ),
            "under_way": lambda: self.env._(
                "A payment of the client is being processed. Try again in a few minutes."
            ),
            "missing": lambda: self.env._(
                "The client's payment is gone: nothing is confirmed unpaid. The client has the link"
                " to pay again; you can accept as soon as that is done."
            ),
        }.get(problem, lambda: None)()

    def _get_decline_problem(self):
        """Return why a request cannot be declined.

        :return: a sentence for staff, or nothing
        :rtype: str | None
        """
        problem = requests.decline_problem(self._get_standing())
        if problem == "closed":
            return self._get_closed_sentence()
        return self._get_being_accepted_sentence() if problem else None

    def _get_being_accepted_sentence(self):
        return self.env._(
            "%(name)s has accepted this request: the payment is being taken.",
            name=self.answered_by_id.name,
        )

    def _get_closed_sentence(self):
        """Return what has become of a request that does not wait for an answer any more.

        :return: a sentence for staff
        :rtype: str
        """
        values = {
            "name": self.answered_by_id.name,
            "moment": self._format_for_staff(self.answered_at or self.write_date),
        }
        if self.state == "declined":
            return self.env._("%(name)s declined this request on %(moment)s.", **values)
        if self.state == "expired":
            return self.env._("This request has expired: its time is free again.")
        if self.state == "cancelled":
            return self.env._("This request was cancelled.")
        if self.answered_at:
            return self.env._("%(name)s accepted this request on %(moment)s.", **values)
        return self.env._("This is no request that waits for an answer.")

    def _get_client_cancel_problem(self):
        """Return why a client cannot cancel a request.

        :return: a sentence for the client, or nothing
        :rtype: str | None
        """
        problem = requests.decline_problem(self._get_standing())
        if problem == "being_accepted" or (problem and self.state == "confirmed"):
            return self.env._(
                "%(name)s has accepted your request in the meantime: the appointment is booked."
                " Please contact the practice to cancel it.",
                name=self.user_id.name,
            )
        if problem:
            return self.env._("This request does not wait for an answer any more.")
        return None

    def _can_be_cancelled_by_client(self):
        """Return whether the client can still cancel the request on its page.

        :rtype: bool
        """
        self.ensure_one()
        return self.state == "requested" and not self._get_client_cancel_problem()

    def _format_for_staff(self, moment):
        """Return a naive UTC moment as the practitioner of the appointment reads it.

        :param datetime moment: naive UTC
        :rtype: str
        """
        return self._format_moment(moment, self._get_practitioner_tz())
