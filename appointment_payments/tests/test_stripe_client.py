import json
import logging
from unittest.mock import patch

import requests
import stripe

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models.stripe_client import API_VERSION, TIMEOUT, get_outcome
from .test_stripe_seams import StripeSeamsCase

SEND = "requests.Session.request"


@tagged("post_install", "-at_install")
class TestStripeClient(StripeSeamsCase):
    """The addon's own calls to Stripe."""

    def _answer(self, status=200, **body):
        """Have Stripe answer, or fail, and write down what it was asked."""
        self.sent = []

        def answer(_session, method, url, **kwargs):
            self.sent.append((method, url, kwargs))
            response = requests.Response()
            response.status_code = status
            response._content = json.dumps(body).encode()
            return response

        self.startPatcher(patch(SEND, answer))

    def _fetch(self):
        return self.stripe._stripe_get_client().v1.refunds.retrieve("re_1")

    def test_a_call_names_the_version_that_the_package_describes(self):
        self._answer(id="re_1", object="refund")
        self.assertEqual(self._fetch().id, "re_1")
        [(_method, url, sent)] = self.sent
        self.assertEqual(url, "https://api.stripe.com/v1/refunds/re_1")
        self.assertEqual(sent["headers"]["Stripe-Version"], API_VERSION)
        self.assertEqual(API_VERSION, stripe.api_version)
        self.assertEqual(sent["timeout"], TIMEOUT)

    def test_a_call_goes_where_the_server_option_says(self):
        self._answer(id="re_1", object="refund")
        with patch.dict("os.environ", STRIPE_API_BASE="http://127.0.0.1:9/"):
            self._fetch()
        self.assertEqual(self.sent[0][1], "http://127.0.0.1:9/v1/refunds/re_1")

    def test_stripe_is_told_nothing_about_the_machine(self):
        self._answer(id="re_1", object="refund")
        self._fetch()
        self._fetch()
        for _method, _url, sent in self.sent:
            self.assertNotIn("X-Stripe-Client-Telemetry", sent["headers"])
            agent = json.loads(sent["headers"]["X-Stripe-Client-User-Agent"])
            self.assertFalse({"platform", "telemetry_id", "uname"} & set(agent))

    def test_nothing_is_sent_twice_and_what_failed_is_told_apart(self):
        for status, outcome in ((500, "unknown"), (409, "unknown"), (429, "unknown"),
                                (402, "failed"), (404, "failed")):
            with self.subTest(status):
                self._answer(status, error={"message": "No."})
                with self.assertRaises(stripe.StripeError) as caught:
                    self._fetch()
                self.assertEqual(get_outcome(caught.exception), outcome)
                self.assertEqual(len(self.sent), 1)

    def test_no_answer_and_a_taken_key_are_unknown(self):
        self.startPatcher(patch(SEND, side_effect=requests.exceptions.ReadTimeout()))
        with self.assertRaises(stripe.APIConnectionError) as caught:
            self._fetch()
        self.assertEqual(get_outcome(caught.exception), "unknown")
        self._answer(400, error={"type": "idempotency_error", "message": "Used."})
        with self.assertRaises(stripe.IdempotencyError) as caught:
            self._fetch()
        self.assertEqual(get_outcome(caught.exception), "unknown")

    def test_the_log_has_no_key_and_no_answer(self):
        self._answer(id="re_1", object="refund", client_secret="pi_1_secret_2")
        with self.assertLogs("stripe") as logs:
            self._fetch()
            logging.getLogger("stripe").info("still heard")
        text = "\n".join(logs.output)
        self.assertIn("still heard", text)
        self.assertNotIn(self.stripe.sudo().stripe_secret_key, text)
        self.assertNotIn("secret_2", text)

    def test_without_a_key_there_is_no_client(self):
        self.stripe.write({"state": "disabled", "stripe_secret_key": False})
        with self.assertRaisesRegex(UserError, "no secret key"):
            self.stripe._stripe_get_client()
