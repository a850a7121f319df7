from werkzeug.exceptions import NotFound

from odoo import http
from odoo.http import request

from odoo.addons.payment.controllers import portal as payment_portal
from odoo.addons.payment.controllers.post_processing import PaymentPostProcessing

from .portal import BookingAccess


class PaymentPortal(BookingAccess, payment_portal.PaymentPortal):
    @http.route(
        "/my/appointment-bookings/<int:booking_id>/transaction",
        type="jsonrpc",
        auth="public",
        methods=["POST"],
    )
    def booking_transaction(self, booking_id, access_token=None, **kwargs):
        """Create the transaction that pays a booking, or go on with its open one.

        The amount, currency and payer are the booking's, whatever the browser sends (rule 3).

        :param int booking_id: the booking
        :param str access_token: the token of its link
        :param dict kwargs: what Odoo's payment form sends, see `_validate_transaction_kwargs`
        :return: the processing values of the transaction
        :rtype: dict
        :raise NotFound: when the booking or the token is wrong
        :raise UserError: when there is nothing to pay, or not by this method
        """
        booking_sudo = self._get_accessible_booking(booking_id, access_token)
        if not booking_sudo:
            raise NotFound()
        self._validate_transaction_kwargs(kwargs)
        tx_sudo = self._begin_transaction(booking_sudo, kwargs)
        if tx_sudo.state in ("cancel", "error") and tx_sudo.operation != "online_token":
            # word of its end came in between: who pays again begins another one
            tx_sudo = self._begin_transaction(booking_sudo, kwargs)
        return tx_sudo._get_processing_values()

    def _begin_transaction(self, booking_sudo, kwargs):
        """Create the transaction that pays a booking, or go on with its open one; commit it.

        :param booking_sudo: the booking
        :param dict kwargs: what Odoo's payment form sends
        :return: the `payment.transaction`, as it stands after the commit
        :raise UserError: when there is nothing to pay, or not by this method
        """
        booking_sudo._lock_for_payment()
        create_values = booking_sudo._prepare_transaction(kwargs, request.env.user)
        open_tx_sudo = booking_sudo._get_open_transaction(**create_values)
        request.update_context(delay_token_charge=True)
        tx_sudo = open_tx_sudo or self._create_transaction(**create_values)
        PaymentPostProcessing.monitor_transaction(tx_sudo)
        if tx_sudo.operation == "online_token":
            tx_sudo._charge_with_token()
        # rule 6: the provider is asked with nothing locked, of a transaction that outlives a crash;
        # a saved card is charged right after this commit, and its result is read by what follows
        request.env.cr.commit()  # pylint: disable=invalid-commit
        return tx_sudo
