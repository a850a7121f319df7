from odoo import models

from .appointment_payment_booking_request import REQUEST_REASONS


class AppointmentPaymentBooking(models.Model):
    """What clients, and practitioners on the page of a mail's link, read of requests."""

    _inherit = "appointment.payment.booking"

    # === CLIENTS === #

    def _get_pay_label(self, amount):
        """Extended: before the answer a request is sent, and the button says held or paid."""
        if self._waits_for_answer() and self.state == "pending_payment":
            capture = self._get_capture_methods(amount)
            if capture == {"manual"}:
                return self.env._("Send request, %(amount)s held", amount=self._format(amount))
            if capture == {"automatic"}:
                return self.env._("Send request and pay %(amount)s", amount=self._format(amount))
            return self.env._("Send request with %(amount)s", amount=self._format(amount))
        if self.state == "requested" and self._get_capture_methods(amount) == {"manual"}:
            return self.env._("Pay again, %(amount)s held", amount=self._format(amount))
        return super()._get_pay_label(amount)

    def _get_capture_methods(self, amount):
        """Return whether the ways to pay that are offered hold the amount, or take it at once.

        :param float amount: in major units
        :return: of ``manual`` (held) and ``automatic`` (taken)
        :rtype: set[str]
        """
        return set(self._get_capture_by_method(amount).values())

    def _get_capture_by_method(self, amount):
        """Return for each way to pay that is offered whether it holds the amount.

        :param float amount: in major units
        :return: ``manual`` or ``automatic``, by name
        :rtype: dict[str, str]
        """
        self.ensure_one()
        options = self._get_payment_options(amount, self.env.user)
        return {
            method.name: self._decide_capture(provider, method).method
            for provider in options["providers_sudo"]
            for method in options["payment_methods_sudo"] & provider.payment_method_ids
        }

    def _get_capture_words(self, amount):
        """Return what paying with the request does, for its client.

        :param float amount: in major units
        :return: sentences
        :rtype: list[str]
        """
        self.ensure_one()
        by_method = self._get_capture_by_method(amount)
        held = [name for name, capture in by_method.items() if capture == "manual"]
        taken = [name for name, capture in by_method.items() if capture == "automatic"]
        hold = self.env._(
            "%(amount)s are held, not taken. They are taken only if the request is accepted; if"
            " not, the hold ends by itself.",
            amount=self._format(amount),
        )
        charge = self.env._(
            "%(amount)s are paid now. You get all of it back by itself if the request is not"
            " accepted.",
            amount=self._format(amount),
        )
        if held and taken:
            return [f"{' / '.join(held)}: {hold}", f"{' / '.join(taken)}: {charge}"]
        return [hold if held else charge] if by_method else []

    def _get_request_money_words(self):
        """Return what has become of the money of a request, for its client.

        :rtype: str
        """
        self.ensure_one()
        if self.amount_held:
            return self.env._(
                "%(amount)s are held, and taken only if the request is accepted. Otherwise the"
                " hold ends by itself.",
                amount=self._format(self.amount_held),
            )
        if self.amount_paid:
            return self.env._(
                "%(amount)s are paid. You get all of it back by itself if the request is not"
                " accepted.",
                amount=self._format(self.amount_paid),
            )
        if self.amount_due_now and self.request_flow == "approve_first":
            return self.env._(
                "Nothing is charged now. You pay %(amount)s when the request is accepted.",
                amount=self._format(self.amount_due_now),
            )
        return self.env._("Nothing was charged.")

    def _get_ended_money_words(self):
        """Return what happens with the money of a request that is over, for both sides.

        :rtype: str
        """
        self.ensure_one()
        held, paid = self._get_amounts_going_back()
        is_zero, sentences = self.currency_id.is_zero, []
        if not is_zero(held):
            sentences.append(
                self.env._(
                    "%(amount)s were held and are let go: nothing was charged. A bank may take a"
                    " few days to show it.",
                    amount=self._format(held),
                )
            )
        if not is_zero(paid):
            sentences.append(self._get_paid_back_words(paid, self._has_gone_back(paid)))
        return " ".join(sentences) or self.env._("Nothing was charged.")

    def _get_paid_back_words(self, amount, is_back):
        """Return what happens with what was paid for a request that is over.

        :param float amount: in major units
        :param bool is_back: whether the provider has said that it went back
        :rtype: str
        """
        amount = self._format(amount)
        if is_back:
            return self.env._(
                "%(amount)s were paid and have gone back in full. A bank may take up to ten days to"
                " show it.",
                amount=amount,
            )
        return self.env._(
            "%(amount)s were paid and go back in full, in the way they were paid. A bank may take a"
            " few days to show it.",
            amount=amount,
        )

    def _get_amounts_going_back(self):
        """Return what is let go and what is refunded since a request is over, in major units.

        What was decided counts; where a provider cannot do it, people do what there is to do.

        :return: held, paid
        :rtype: tuple[float, float]
        """
        booking = self.sudo()  # sudo: only the sums
        decided = booking.operation_ids.filtered(lambda o: o.reason == booking.state)
        voids = decided.filtered(lambda o: o.kind == "void")
        refunds = decided.filtered(lambda o: o.kind == "refund")
        return (
            sum(voids.mapped("amount")) or booking.amount_held,
            sum(refunds.mapped("amount")) or booking.amount_paid + booking.amount_refunded,
        )

    def _has_gone_back(self, paid):
        """Return whether the provider has said that what was paid has gone back.

        :param float paid: see :meth:`_get_amounts_going_back`
        :rtype: bool
        """
        booking = self.sudo()  # sudo: only the sums
        refunds = booking.operation_ids.filtered(lambda o: o.kind == "refund")
        decided = refunds.filtered(lambda o: o.reason == booking.state)
        # what was paid twice went back before
        others = (refunds - decided).filtered(lambda o: decided and o.state == "done")
        back = booking.amount_refunded - sum(others.mapped("amount"))
        return self.currency_id.compare_amounts(back, paid) >= 0

    def _is_ended_request(self):
        """Return whether this was a request that ended without being accepted.

        :rtype: bool
        """
        self.ensure_one()
        return self.state == "declined" or bool(
            self.requested_at
            and (
                (self.state == "expired" and self.expired_reason in REQUEST_REASONS)
                or (self.state == "cancelled" and not self.answered_at)
            )
        )

    def _get_requests_url(self):
        """Return the page of the practice on how requests and refunds work.

        :rtype: str
        """
        self.ensure_one()
        return self.get_base_url() + self.company_id._get_requests_path()

    # === PRACTITIONERS WITH A LINK === #

    def _get_link_problem(self, link):
        """Return why a link does not answer the request any more, or how it was answered.

        :param link: an `AnswerLink`
        :return: a sentence, or nothing
        :rtype: str | None
        """
        self.ensure_one()
        if self.state != "requested" or self.answered_at:
            return self._get_link_closed_sentence(link)
        if not link.is_theirs:
            return self.env._("This request is with %(name)s now.", name=self.user_id.name)
        if link.is_used and self.capture_problem:
            return self.env._(
                "%(error)s Nothing was charged, and nothing is confirmed. The client is asked to"
                " pay again; you get a mail when that is done.",
                error=self.capture_problem,
            )
        if link.is_used:
            return self.env._(
                "The request was answered by a link once, and waits for an answer again. Open it to"
                " answer."
            )
        return self._get_accept_problem() if link.answer == "accept" else None

    def _get_link_closed_sentence(self, link):
        """Return what has become of a request that does not wait for an answer any more.

        :param link: an `AnswerLink`
        :return: a sentence for its reader
        :rtype: str
        """
        if self.state == "requested":
            return self._get_being_accepted_sentence()
        return self._get_closed_sentence()
