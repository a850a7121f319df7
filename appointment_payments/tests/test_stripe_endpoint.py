import itertools
import json
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import requests

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..models.stripe_client import API_VERSION
from ..rules.stripe_webhook import KINDS
from .stripe_events import OWN_ROUTE
from .test_stripe_seams import StripeSeamsCase

NUMBERS = itertools.count(1)


class Endpoints:
    """The webhook endpoints of a Stripe account."""

    def __init__(self):
        self.known = {}
        self.calls = []
        self.failure = None

    def __call__(self, method, url, data=None, **_kwargs):
        _slash, _version, _name, *rest = urlsplit(url).path.split("/")
        self.calls.append(method.upper())
        values = {name: value for name, [value] in parse_qs(data or "").items()}
        answer = {
            "GET": self.find_all, "POST": self.put, "DELETE": self.remove,
        }[method.upper()](rest, values)
        response = requests.Response()
        response.status_code = self.failure or 200
        body = {"error": {"message": "Not here."}} if self.failure else answer
        response._content = json.dumps(body).encode()
        return response

    def find_all(self, _rest, _values):
        data = [{**found, "secret": None} for found in self.known.values()]
        return {"object": "list", "data": data, "has_more": False, "url": "/v1/webhook_endpoints"}

    def put(self, rest, values):
        number = next(NUMBERS)
        endpoint = {"id": f"we_{number}", "object": "webhook_endpoint", "status": "enabled",
                    "secret": f"whsec_{number}"}
        endpoint = self.known[rest[0]] if rest else endpoint
        events = [value for name, value in values.items() if name.startswith("enabled_events")]
        endpoint.update(values, enabled_events=events)
        self.known[endpoint["id"]] = endpoint
        return endpoint

    def remove(self, rest, _values):
        del self.known[rest[0]]
        return {"id": rest[0], "object": "webhook_endpoint", "deleted": True}


@tagged("post_install", "-at_install")
class TestStripeEndpoint(StripeSeamsCase):
    """The button that has Stripe tell about appointments."""

    def setUp(self):
        super().setUp()
        self.at_stripe = Endpoints()
        self.startPatcher(patch("requests.Session.request", self.at_stripe))

    def _press(self):
        return self.stripe.action_stripe_set_up_events()["params"]

    def _check(self):
        return self.stripe.action_stripe_check_events()["params"]

    def test_it_is_made_once_with_the_events_that_are_needed(self):
        for _time in range(2):
            self.assertEqual(self._press()["type"], "success")
        [endpoint] = self.at_stripe.known.values()
        self.assertTrue(endpoint["url"].endswith(OWN_ROUTE))
        self.assertEqual(set(endpoint["enabled_events"]), set(KINDS))
        self.assertEqual(endpoint["api_version"], API_VERSION)
        self.assertEqual(self.stripe.stripe_event_secret, endpoint["secret"])
        self.assertEqual(self._check()["message"], "Nothing is missing.")

    def test_an_old_one_gets_the_events_that_it_lacks(self):
        self._press()
        [endpoint] = self.at_stripe.known.values()
        secret = endpoint["secret"]
        endpoint.update(enabled_events=["charge.refunded"], status="disabled")
        self.assertIn("refund.failed", self._check()["message"])
        self.assertIn("switched off", self._check()["message"])
        self._press()
        self.assertEqual(set(endpoint["enabled_events"]), set(KINDS))
        self.assertEqual(endpoint["disabled"], "false")
        self.assertEqual(self.stripe.stripe_event_secret, secret)

    def test_one_whose_secret_is_lost_is_replaced(self):
        self._press()
        [old] = self.at_stripe.known
        self.stripe.stripe_event_secret = False
        self.assertIn("no secret", self._check()["message"])
        self._press()
        [endpoint] = self.at_stripe.known.values()
        self.assertNotEqual(endpoint["id"], old)
        self.assertEqual(self.stripe.stripe_event_secret, endpoint["secret"])

    def test_two_companies_with_one_account_share_it(self):
        self._press()
        other = self.stripe.copy({"name": "Stripe too"})
        other.write({"stripe_publishable_key": "pk", "stripe_secret_key": "sk_test_of_the_test"})
        other.action_stripe_set_up_events()
        self.assertEqual(len(self.at_stripe.known), 1)
        self.assertEqual(other.stripe_event_secret, self.stripe.stripe_event_secret)

    def test_the_check_tells_what_is_missing(self):
        self.assertIn("does not send anything", self._check()["message"])
        self.assertEqual(self._check()["type"], "warning")

    def test_stripes_words_are_shown(self):
        self.at_stripe.failure = 401
        for press in (self._press, self._check):
            with self.assertRaisesRegex(UserError, "Not here"):
                press()

    def test_only_who_may_change_providers_may_press(self):
        for user in (self.anna, self._create_user("Mara Manager", "group_manager")):
            for press in ("action_stripe_set_up_events", "action_stripe_check_events"):
                with self.assertRaises(AccessError):
                    getattr(self.stripe.with_user(user), press)()
        self.assertFalse(self.at_stripe.calls)
