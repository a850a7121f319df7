from odoo import fields, models

from ..rules import stripe_webhook
from .stripe_event import (
    IgnoredEventError,
    MissingPaymentError,
    OutdatedError,
    RefusedEventError,
)

MONEY_MOVED = ("succeeded", "requires_capture", "processing")


class AppointmentPaymentStripeEvent(models.Model):
    """What is fetched for an event, and whose payment it is."""

    _inherit = "appointment.payment.stripe.event"

    # === FETCH: nothing is locked === #

    def _fetch(self):
        """Fetch what the event is about: a webhook is a hint (design rule 7).

        :return: ``version`` of the payment before, ``intent``, and for the kind of event
            ``refunds`` or ``dispute``
        :rtype: dict
        :raise ValidationError: when Stripe does not answer
        """
        self.ensure_one()
        hint = self._get_hint()
        if not hint.intent_ref:
            raise IgnoredEventError(self.env._("It is not about a payment intent."))
        provider = self.provider_id
        fetched = {"version": self._get_payment_named()._stripe_get_version()}
        fetched["intent"] = provider._stripe_fetch_intent(hint.intent_ref)
        if hint.kind == stripe_webhook.REFUND:
            fetched["refunds"] = provider._stripe_fetch_refunds(hint.intent_ref)
        elif hint.kind == stripe_webhook.DISPUTE:
            fetched["dispute"] = provider._stripe_fetch_dispute(hint.kept["id"])
        return fetched

    def _get_hint(self):
        return stripe_webhook.Hint(
            self.event_ref, self.type, self.account_ref or "", self.livemode, self._get_content()
        )

    # === TAKE OVER: one transaction === #

    def _take_over(self, fetched):
        """Apply what Stripe says to the payment that it is about.

        :param dict fetched: what :meth:`_fetch` returned
        :raise RefusedEventError: when it does not fit the payment
        :raise IgnoredEventError: when it is not about a booking
        :raise OutdatedError: when something else happened to the payment since
        """
        intent = fetched["intent"]
        transaction = self._find_payment(intent)
        if fetched["version"] and fetched["version"] != transaction._stripe_get_version():
            raise OutdatedError(self.env._("Something else happened to the payment meanwhile."))
        transaction._lock_for_operation()  # events about one payment come one after the other
        self.transaction_id = transaction
        transaction._stripe_check_intent(intent)
        if "dispute" in fetched:
            transaction._stripe_note_dispute(fetched["dispute"])
        elif "refunds" in fetched:
            # first what was paid: nothing is paid back before
            transaction._stripe_process_intent(intent)
            transaction._stripe_mirror_refunds(intent, fetched["refunds"])
        else:
            transaction._stripe_process_intent(intent)

    def _find_payment(self, intent):
        """Return the transaction of a payment intent.

        :param dict intent: the payment intent
        :rtype: recordset of `payment.transaction`
        :raise RefusedEventError: when it is another provider's
        :raise IgnoredEventError: when it is not a booking's
        :raise MissingPaymentError: when it is not there yet
        """
        model = self.env["payment.transaction"]
        reference = intent.get("description")
        transaction = model._stripe_find([reference], intent["id"])
        if transaction._stripe_is_for_others(intent):
            raise IgnoredEventError(self.env._("It is for a booking of another database."))
        if not transaction and model._stripe_find_bookings_by_name([reference]):
            if intent["status"] in MONEY_MOVED:
                raise MissingPaymentError(
                    self.env._("There is no payment %(name)s here yet.", name=reference)
                )
            raise IgnoredEventError(self.env._("Nothing was paid, and nothing is known of it."))
        if not transaction._stripe_is_ours():
            raise IgnoredEventError(self.env._("The payment is not of a booking."))
        if transaction.provider_id != self.provider_id:
            self._hand_over_to(transaction.provider_id)
        return transaction

    def _hand_over_to(self, provider):
        """Note whose event it is, where companies share a Stripe account and so its signature.

        :param provider: the `payment.provider` of the payment that it is about
        :raise RefusedEventError: when that one has another account
        """
        key = self.provider_id.stripe_secret_key
        if not key or provider.stripe_secret_key != key:
            raise RefusedEventError(self.env._("The payment is of another provider."))
        self.write({"provider_id": provider.id, "company_id": provider.company_id.id})

    def _get_payment_named(self):
        """Return the payment that the event names, if it is of a booking and of this provider.

        :rtype: recordset of `payment.transaction`
        """
        hint = self._get_hint()
        found = self.env["payment.transaction"]._stripe_find(hint.references, hint.intent_ref)
        payment = found._stripe_get_begun()
        return payment.filtered(lambda t: t.provider_id == self.provider_id and t._stripe_is_ours())

    def _ask_people(self):
        """Tell managers, by an activity, what only a person can settle now."""
        self.ensure_one()
        payment = self.transaction_id
        named = payment._stripe_find_bookings_by_name(self._get_hint().references)
        for booking in payment._stripe_get_bookings() or named:
            booking._ask_managers(
                self.env._("Look at a payment at Stripe"),
                self.env._(
                    "Stripe says something about a payment that could not be taken over (%(type)s,"
                    " %(event)s): %(error)s Compare the payment at Stripe with this booking.",
                    type=self.type,
                    event=self.event_ref,
                    error=self.error,
                ),
                fields.Date.context_today(booking),
            )
