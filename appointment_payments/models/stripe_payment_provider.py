import json
import os
from urllib.parse import urlsplit

from odoo import api, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import config
from odoo.tools.urls import urljoin

from odoo.addons.payment.const import CURRENCY_MINOR_UNITS
from odoo.addons.payment_stripe import const

from ..rules import money

# The smallest charge by currency, in major units; Stripe's own list:
# https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
SMALLEST_CHARGES = {
    "AED": 2.0, "AUD": 0.5, "BGN": 1.0, "BRL": 0.5, "CAD": 0.5, "CHF": 0.5, "CZK": 15.0,
    "DKK": 2.5, "EUR": 0.5, "GBP": 0.3, "HKD": 4.0, "HUF": 175.0, "INR": 0.5, "JPY": 50.0,
    "MXN": 10.0, "MYR": 2.0, "NOK": 3.0, "NZD": 0.5, "PLN": 2.0, "RON": 2.0, "SEK": 3.0,
    "SGD": 0.5, "THB": 10.0, "USD": 0.5,
}  # fmt: skip


class PaymentProvider(models.Model):
    """Where Stripe is: its own servers, unless a server option names a stand-in."""

    _inherit = "payment.provider"

    @api.model
    def _stripe_get_server_option(self, name):
        """Return a server option: the environment variable, or the one of odoo.conf.

        Never the database: who may write there must not move payments to another host.

        :param str name: ``STRIPE_API_BASE`` or ``STRIPE_JS_BASE``
        :return: the http(s) address without a trailing slash, or nothing when it is unset
        :rtype: str
        :raise ValidationError: when it is set and no http(s) address
        """
        address = os.environ.get(name) or config.get(name.lower()) or ""
        parts = urlsplit(address)
        if address and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValidationError(
                self.env._(
                    "The server option %(name)s is not an http(s) address. Correct it in the"
                    " server's configuration, or remove it to use Stripe.",
                    name=name,
                )
            )
        return address.rstrip("/")

    def _build_request_url(self, endpoint, *, is_proxy_request=False, **kwargs):
        """Override of `payment_stripe` to send API requests to the host of ``STRIPE_API_BASE``."""
        if self.code == "stripe" and not is_proxy_request:
            base = self._stripe_get_server_option("STRIPE_API_BASE")
            if base:
                return urljoin(f"{base}/v1/", endpoint)
        return super()._build_request_url(endpoint, is_proxy_request=is_proxy_request, **kwargs)

    @api.model
    def _stripe_get_js_url(self):
        """Return where Stripe.js is loaded from instead of the address in `payment_stripe`.

        :return: the address, or nothing when ``STRIPE_JS_BASE`` is unset
        :rtype: str
        """
        base = self._stripe_get_server_option("STRIPE_JS_BASE")
        return base and f"{base}/v3/"

    @api.model
    def _stripe_get_js_attributes(self):
        """Return what to change on the script tag of Stripe.js.

        Without the server option nothing is: the tag keeps what `payment_stripe`, or another
        module, has written there.

        :rtype: dict
        """
        url = self._stripe_get_js_url()
        return {"src": url} if url else {}

    def _stripe_get_inline_form_values(self, *args, payment_method_sudo=None, **kwargs):
        """Override of `payment_stripe`: the form's Payment Element agrees with the intent.

        The form gets no document, so the booking's page puts its booking in the context.

        :rtype: str
        """
        serialized = super()._stripe_get_inline_form_values(
            *args, payment_method_sudo=payment_method_sudo, **kwargs
        )
        booking_id = self.env.context.get("appointment_paid_booking_id")
        if not booking_id:
            return serialized
        # sudo: the page has checked who reads it; how it is captured is no secret
        booking = self.env["appointment.payment.booking"].sudo().browse(booking_id)
        method = payment_method_sudo or self.env["payment.method"]
        decision = booking._decide_capture(self.sudo(), method)
        return json.dumps({**json.loads(serialized), "capture_method": decision.method})

    def _keeps_idempotency_keys(self):
        """Override of `appointment_payments`."""
        return self.code == "stripe" or super()._keeps_idempotency_keys()

    def _get_smallest_charge(self, currency):
        """Override of `appointment_payments`: Stripe refuses smaller amounts."""
        if self.code != "stripe":
            return super()._get_smallest_charge(currency)
        return SMALLEST_CHARGES.get(currency.name, 0.0)

    def _releases_rest_on_capture(self):
        """Override of `appointment_payments`: one capture ends the hold."""
        return self.code == "stripe" or super()._releases_rest_on_capture()

    def _check_chargeable(self, amount, currency):
        """Override of `appointment_payments`: Stripe takes no more decimals than it knows.

        Of three it takes two, and of some currencies none though Odoo, or who has set them up, has
        some. See https://docs.stripe.com/currencies#special-cases. Rounding would charge another
        amount than the one that was agreed.
        """
        if self.code == "stripe":
            digits = self._stripe_get_digits(currency)
            if currency.compare_amounts(money.round_amount(amount, 10.0**-digits), amount):
                raise UserError(self._stripe_explain_digits(amount, currency, digits))
        return super()._check_chargeable(amount, currency)

    def _stripe_get_digits(self, currency):
        """Return how many decimals of a currency Stripe takes.

        :rtype: int
        """
        usual = CURRENCY_MINOR_UNITS.get(currency.name, currency.decimal_places)
        return min(usual, const.CURRENCY_DECIMALS.get(currency.name, usual), 2)

    def _stripe_explain_digits(self, amount, currency, digits):
        values = {"currency": currency.name, "amount": currency.format(amount)}
        if digits:
            return self.env._(
                "Stripe takes %(currency)s with two decimals only, not %(amount)s.", **values
            )
        return self.env._(
            "Stripe takes %(currency)s without decimals only, not %(amount)s.", **values
        )
