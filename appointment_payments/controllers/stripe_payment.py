from odoo.addons.payment_stripe.controllers.main import StripeController as StripeBase


class StripeController(StripeBase):
    """Stripe's word on refunds."""

    @staticmethod
    def _create_refund_tx_from_refund(source_tx_sudo, refund_object):
        """Override of `payment_stripe`: a refund that was sent from here has its transaction.

        The webhook may come before the answer to the request has been written down.
        """
        reference = (refund_object.get("metadata") or {}).get("reference")
        known = source_tx_sudo.child_transaction_ids.filtered(
            lambda t: reference and t.operation == "refund" and t.reference == reference
        )
        return known or StripeBase._create_refund_tx_from_refund(source_tx_sudo, refund_object)
