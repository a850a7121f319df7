import time

from requests.exceptions import HTTPError

from odoo import api, models
from odoo.exceptions import ValidationError

from odoo.addons.payment_stripe import utils as stripe_utils

from ..rules import stripe_webhook
from .stripe_event import RefusedEventError


class PaymentProvider(models.Model):
    """Whose webhook it is, and what it is about, fetched."""

    _inherit = "payment.provider"

    @api.model
    def _stripe_find_signers(self, body, header):
        """Return the providers whose secret has signed a delivery.

        :param bytes body: as it came
        :param str header: `Stripe-Signature`
        :rtype: recordset of `payment.provider`
        """
        # sudo: the secrets are closed to everyone
        providers = self.sudo().search_fetch(
            [("code", "=", "stripe"), ("stripe_event_secret", "!=", False)],
            ["stripe_event_secret", "company_id"],
        )
        now = time.time()
        return providers.filtered(
            lambda p: stripe_webhook.is_signed(body, header, p.stripe_event_secret, now)
        )

    def _stripe_signed_on_stock_route(self, body, header):
        """Return whether a delivery to `payment_stripe`'s route was signed with its secret.

        :param bytes body: as it came
        :param str header: `Stripe-Signature`
        :rtype: bool
        """
        self.ensure_one()
        secret = stripe_utils.get_webhook_secret(self.sudo())  # sudo: closed to everyone
        return stripe_webhook.is_signed(body, header, secret or None, time.time())

    def _stripe_is_live(self):
        """Return whether the provider's keys move real money.

        :rtype: bool
        """
        self.ensure_one()
        key = stripe_utils.get_secret_key(self.sudo()) or ""  # sudo: closed to everyone
        kind = key.split("_")[1:2]  # sk_live_… or rk_test_…
        return kind == ["live"] or (kind != ["test"] and self.state == "enabled")

    def _stripe_get_foreign_reason(self, hint):
        """Return why an event is not for this provider, though it was signed with its secret.

        :param Hint hint: what it says
        :return: a sentence, or nothing
        :rtype: str
        """
        self.ensure_one()
        if hint.livemode != self._stripe_is_live():
            return self.env._("It is of the other kind of keys: live or test.")
        account = self._get_stripe_extra_request_headers().get("Stripe-Account") or ""
        if hint.account_ref != account:
            return self.env._("It is of another Stripe account.")
        return ""

    # === FETCH: with payment_stripe's own calls, whose shapes its `_process` reads === #

    def _stripe_fetch(self, endpoint, **data):
        """Fetch from Stripe.

        :param str endpoint: as ``refunds/re_1``
        :param data: the parameters
        :rtype: dict
        :raise RefusedEventError: when it is not there: asking again would not help
        :raise ValidationError: when Stripe does not answer
        """
        try:
            return self._send_api_request("GET", endpoint, data=data)
        except ValidationError as error:
            cause = error.__context__
            if isinstance(cause, HTTPError) and cause.response.status_code == 404:
                raise RefusedEventError(
                    self.env._("Stripe does not know it with the keys of this provider.")
                ) from error
            raise

    def _stripe_fetch_intent(self, intent_ref):
        """Fetch a payment intent with its charges and its payment method.

        :param str intent_ref: pi_…
        :rtype: dict
        """
        return self._stripe_fetch(
            f"payment_intents/{intent_ref}", **{"expand[]": "payment_method"}
        )

    def _stripe_fetch_refunds(self, intent_ref):
        """Fetch every refund of a payment intent.

        :param str intent_ref: pi_…
        :rtype: list[dict]
        """
        data = {"payment_intent": intent_ref, "limit": 100}
        refunds, has_more = [], True
        while has_more:
            page = self._stripe_fetch("refunds", **data)
            refunds += page["data"]
            has_more = page["has_more"] and bool(page["data"])
            data["starting_after"] = refunds[-1]["id"] if refunds else None
        return refunds

    def _stripe_fetch_dispute(self, dispute_ref):
        """Fetch a dispute, with Stripe's own package: `payment_stripe` knows none.

        :param str dispute_ref: du_…
        :return: ``id``, ``status``, ``amount`` (minor units), ``currency``, ``reason``,
            ``due_by`` (seconds since 1970, or None), ``refundable``
        :rtype: dict
        :raise stripe.StripeError: when Stripe does not answer
        """
        client = self._stripe_get_client()
        self._log_request("GET", f"disputes/{dispute_ref}", None)  # nothing is open during the call
        dispute = client.v1.disputes.retrieve(dispute_ref)
        evidence = dispute.evidence_details
        return {
            "id": dispute.id,
            "status": dispute.status,
            "amount": dispute.amount,
            "currency": dispute.currency,
            "reason": dispute.reason,
            "due_by": evidence and evidence.due_by,
            "refundable": dispute.is_charge_refundable,
        }
