import logging

import stripe

from odoo import models
from odoo.exceptions import UserError

from odoo.addons.payment_stripe import utils as stripe_utils

from ..rules import operations

# The version whose objects the pinned package describes: the account's own setting, which anybody
# may change in the dashboard, would change what is parsed here. It moves with the package.
API_VERSION = "2026-10-28.endive"
TIMEOUT = 10  # seconds, as for Odoo's own calls; an operation's lease counts on it

stripe.enable_telemetry = False  # it would tell Stripe about this machine and its calls
# at its debug level the package logs whole requests and answers, with client secrets
logging.getLogger("stripe").setLevel(logging.INFO)


def get_outcome(error):
    """Say what an error of Stripe's package means for the effect that was asked for.

    :param stripe.StripeError error: what was raised
    :return: 'unknown' (no answer, 5xx, 409, 429: it may have happened, or may yet) or 'failed'
    :rtype: str
    """
    if isinstance(error, stripe.IdempotencyError):
        return "unknown"  # the key is taken: an earlier request may have done it
    return operations.outcome(error.http_status)


class PaymentProvider(models.Model):
    """The addon's own calls to Stripe go through Stripe's package."""

    _inherit = "payment.provider"

    def _stripe_get_client(self):
        """Return a client for the provider's Stripe account.

        It repeats nothing by itself: who asked has a key and decides. Keys never reach the log.

        :rtype: stripe.StripeClient
        :raise UserError: when the provider has no secret key
        :raise ValidationError: when the server option of the address is wrong
        """
        self.ensure_one()
        # sudo: the key is closed to everyone, and its client is made for the system's calls
        key = stripe_utils.get_secret_key(self.sudo())
        if not key:
            raise UserError(
                self.env._("%(provider)s has no secret key of Stripe yet.", provider=self.name)
            )
        base = self._stripe_get_server_option("STRIPE_API_BASE")
        return stripe.StripeClient(
            key,
            stripe_account=self._get_stripe_extra_request_headers().get("Stripe-Account"),
            stripe_version=API_VERSION,
            base_addresses={"api": base} if base else None,
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=TIMEOUT),
        )
