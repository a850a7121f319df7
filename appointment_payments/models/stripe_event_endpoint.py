import stripe

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools.urls import urljoin

from ..rules import stripe_webhook
from .stripe_client import API_VERSION

EVENTS_ROUTE = "/appointment_payments/stripe/webhook"


class PaymentProvider(models.Model):
    """The addon's endpoint at Stripe: made by a button, with a secret of its own."""

    _inherit = "payment.provider"

    stripe_event_secret = fields.Char(
        string="Appointment Webhook Secret",
        copy=False,
        groups="base.group_system",
        help="Signs what Stripe tells about refunds, holds and disputes of appointments. Where it"
        " is empty, nothing is believed.",
    )

    def _stripe_get_events_url(self):
        """Return where Stripe sends events of appointments.

        :rtype: str
        """
        self.ensure_one()
        return urljoin(self.get_base_url(), EVENTS_ROUTE)

    def action_stripe_set_up_events(self):
        """Button: have Stripe send the events that appointments need. May be pressed again.

        :return: what was done, as a notification
        :rtype: dict
        :raise UserError: when Stripe refuses, with its words
        """
        self.ensure_one()
        self.check_access("write")
        try:
            self._stripe_set_up_endpoint()
        except stripe.StripeError as error:
            raise UserError(
                self.env._("Stripe did not accept that: %(error)s", error=error.user_message)
            ) from error
        return self._stripe_notify(
            "success", self.env._("Stripe now tells about payments of appointments.")
        )

    def _stripe_set_up_endpoint(self):
        """Create the endpoint, or renew the list of its events.

        Its secret is told once, when it is created: an endpoint whose secret nobody here knows is
        replaced.
        """
        endpoint = self._stripe_find_endpoint()
        events = sorted(stripe_webhook.KINDS)
        endpoints = self._stripe_get_client().v1.webhook_endpoints
        if endpoint and (self.stripe_event_secret or self._stripe_share_secret()):
            endpoints.update(endpoint.id, {"enabled_events": events, "disabled": False})
            return
        created = endpoints.create(
            {
                "url": self._stripe_get_events_url(),
                "enabled_events": events,
                "api_version": API_VERSION,
                "description": self.env._("Odoo: payments of appointments"),
            }
        )
        self.stripe_event_secret = created.secret
        if endpoint:
            endpoints.delete(endpoint.id)

    def _stripe_find_endpoint(self):
        """Return the endpoint of this address at Stripe, if there is one.

        :rtype: stripe.WebhookEndpoint|None
        """
        url = self._stripe_get_events_url()
        pages = self._stripe_get_client().v1.webhook_endpoints.list({"limit": 100})
        return next((found for found in pages.auto_paging_iter() if found.url == url), None)

    def _stripe_share_secret(self):
        """Take over the secret of another company's provider with the same Stripe account.

        :return: the secret, if there is one
        :rtype: str
        """
        # sudo: another company's provider; whoever may see the key of an account may see this
        twin = self.sudo().search(
            [
                ("stripe_secret_key", "=", self.stripe_secret_key),
                ("stripe_event_secret", "!=", False),
            ],
            limit=1,
        )
        self.stripe_event_secret = twin.stripe_event_secret
        return self.stripe_event_secret

    def action_stripe_check_events(self):
        """Button: say what is missing for Stripe's events to arrive.

        :return: a notification
        :rtype: dict
        :raise UserError: when Stripe does not answer, with its words
        """
        self.ensure_one()
        self.check_access("write")
        try:
            problems = self._stripe_get_event_problems(self._stripe_find_endpoint())
        except stripe.StripeError as error:
            raise UserError(
                self.env._("Stripe does not answer: %(error)s", error=error.user_message)
            ) from error
        if problems:
            return self._stripe_notify("warning", " ".join(problems))
        return self._stripe_notify("success", self.env._("Nothing is missing."))

    def _stripe_get_event_problems(self, endpoint):
        """Return what is wrong, in sentences.

        :param endpoint: `stripe.WebhookEndpoint`, or nothing
        :rtype: list[str]
        """
        problems = []
        if not self.stripe_event_secret:
            problems.append(self.env._("There is no secret here, so nothing is believed."))
        if not endpoint:
            return [*problems, self.env._("Stripe does not send anything to this address.")]
        if endpoint.status != "enabled":
            problems.append(self.env._("The endpoint is switched off at Stripe."))
        missing = set(stripe_webhook.KINDS) - set(endpoint.enabled_events)
        if missing and "*" not in endpoint.enabled_events:
            types = ", ".join(sorted(missing))
            problems.append(self.env._("These events are not sent: %(types)s.", types=types))
        return problems

    def _stripe_notify(self, kind, message):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": kind,
                "message": message,
                "sticky": kind != "success",
                "next": {"type": "ir.actions.act_window_close"},  # the form shows the secret
            },
        }
