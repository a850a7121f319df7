from odoo import api, models

from ..rules import capture
from .payment_transaction import ANSWERS_KEY, Answers


class PaymentProvider(models.Model):
    _inherit = "payment.provider"

    @api.model_create_multi
    def create(self, vals_list):
        providers = super().create(vals_list)
        providers._switch_appointment_prepayment_on()
        return providers

    def write(self, vals):
        result = super().write(vals)
        if "state" in vals:
            self._switch_appointment_prepayment_on()
        return result

    def _ensure_payment_method_line(self, allow_create=True):
        """Override of `account_payment`: first payments at once make one line, not one each.

        Whoever waits here looks at the lines as they were before, so this is an UPDATE: it fails to
        serialize, and Odoo repeats the request with a fresh look.
        """
        self.env.cr.execute(
            "UPDATE payment_provider SET write_date = write_date WHERE id = %s",
            [self._origin.id or None],
            log_exceptions=False,
        )
        return super()._ensure_payment_method_line(allow_create=allow_create)

    def _switch_appointment_prepayment_on(self):
        """Switch prepayment on in companies whose first provider has been enabled."""
        companies = self.filtered(lambda p: p.state in ("enabled", "test")).company_id
        # sudo: whoever may enable a provider need not be allowed to write the company
        companies.sudo()._switch_appointment_prepayment_on()

    @api.model
    def _get_appointment_providers(self, company, currency):
        """Return the providers that clients of a company can pay with in a currency.

        :param company: the selling `res.company`
        :param currency: the `res.currency` of the price
        :rtype: recordset of `payment.provider`
        """
        # sudo: whether a provider is there decides what staff see, not what they may do with it
        providers = self.sudo().search(
            [
                *self._check_company_domain(company),
                ("state", "in", ("enabled", "test")),
                ("is_published", "=", True),
            ]
        )
        return providers.filtered(
            lambda p: not p.available_currency_ids or currency in p.available_currency_ids
        )

    @api.model
    def _get_appointment_smallest_charge(self, company, currency):
        """Return the smallest amount that can be charged online.

        :param company: the selling `res.company`
        :param currency: the `res.currency` of the amount
        :return: the lowest of the providers' smallest charges, in major units
        :rtype: float
        """
        providers = self._get_appointment_providers(company, currency)
        return min(
            (provider._get_smallest_charge(currency) for provider in providers), default=0.0
        )

    def _keeps_idempotency_keys(self):
        """Return whether the same request sent twice under one key has one effect.

        Providers that do override this, with `_look_up_outcome` of their transactions.

        :rtype: bool
        """
        self.ensure_one()
        return False

    def _log_request(self, *args, **kwargs):
        """Override of `payment`: the last thing before a call; an operation's has nothing open."""
        result = super()._log_request(*args, **kwargs)
        if isinstance(self.env.context.get(ANSWERS_KEY), Answers):
            self.env.cr.commit()  # pylint: disable=invalid-commit  # a cursor of its own
        return result

    def _get_smallest_charge(self, currency):
        """Return the smallest amount that this provider charges.

        Providers that have one override this.

        :param currency: the `res.currency` of the amount
        :return: in major units
        :rtype: float
        """
        self.ensure_one()
        return 0.0

    def _check_chargeable(self, amount, currency):
        """Refuse an amount that this provider cannot take or give back exactly.

        Providers that have such amounts override this.

        :param float amount: in major units
        :param currency: its `res.currency`
        :raise UserError: with what it can
        """
        self.ensure_one()

    def _can_hold(self, method):
        """Return whether payments can be held: by the provider, and by the method.

        :param method: the `payment.method`, or one of its brands
        :rtype: tuple[bool, bool]
        """
        self.ensure_one()
        method = method.primary_payment_method_id or method
        return (
            (self.support_manual_capture or "none") != "none",
            (method.support_manual_capture or "none") != "none",
        )

    def _get_hold_window(self, method):
        """Return how long a payment is held, before the provider has said so of one.

        Providers that know better override this.

        :param method: the `payment.method`
        :rtype: timedelta
        """
        self.ensure_one()
        return capture.USUAL_WINDOW

    def _releases_rest_on_capture(self):
        """Return whether capturing less than is held lets go of the rest by itself.

        Providers that do so override this.

        :rtype: bool
        """
        self.ensure_one()
        return False
