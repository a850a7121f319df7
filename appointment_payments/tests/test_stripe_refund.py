import json
from unittest.mock import patch

import requests

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..controllers.stripe_payment import StripeController
from .test_stripe_seams import LOGGERS, REQUEST, StripeSeamsCase


@tagged("post_install", "-at_install")
class TestStripeRefundSeams(StripeSeamsCase):
    """What is sent for a refund, and how one is found again."""

    def setUp(self):
        super().setUp()
        payment = self._start(amount=24.0, provider_reference="pi_1", state="done")
        self.refund = payment._create_child_transaction(24.0, is_refund=True)

    def _answer(self, pages):
        """Have Stripe list these refunds, page by page; a POST is refused."""
        queue = list(pages)

        def answer(method, url, data=None, headers=None, **_kwargs):
            self.fake.calls.append((method, url, dict(data or {}), headers))
            response = requests.Response()
            response.status_code = 200 if method == "GET" else 400
            body = queue.pop(0) if method == "GET" else {"error": {"message": "No."}}
            response._content = json.dumps(body).encode()
            return response

        self.startPatcher(patch(REQUEST, answer))

    def _refund_object(self, reference, **values):
        metadata = {"reference": reference} if reference else {}
        return {"id": f"re_{reference}", "amount": 2400, "currency": "eur", "metadata": metadata,
                "status": "succeeded", **values}

    def test_a_refund_tells_its_reference_under_the_key_of_its_operation(self):
        self._answer([])
        with mute_logger(*LOGGERS), self.assertRaises(ValidationError):
            self.refund.with_context(appointment_idempotency_key="k1")._send_refund_request()
        [(_method, _url, data, headers)] = self.fake.sent("POST", "/refunds")
        self.assertEqual(data["metadata[reference]"], self.refund.reference)
        self.assertEqual((data["payment_intent"], data["amount"]), ("pi_1", 2400))
        self.assertEqual(headers["Idempotency-Key"], "k1")

    def test_a_refund_by_hand_keeps_its_key_when_it_is_repeated(self):
        self._answer([])
        for _attempt in range(2):
            with mute_logger(*LOGGERS), self.assertRaises(ValidationError):
                self.refund._send_refund_request()
        keys = {call[3]["Idempotency-Key"] for call in self.fake.sent("POST", "/refunds")}
        self.assertEqual(len(keys), 1)

    def test_a_refund_is_found_by_its_reference_on_a_later_page(self):
        first = {"has_more": True, "data": [self._refund_object(""), self._refund_object("X")]}
        found = self._refund_object(self.refund.reference)
        self._answer([first, {"has_more": False, "data": [found]}])
        self.assertEqual(self.refund._look_up_refund(), {"refund": found})
        self.assertEqual(self.fake.calls[-1][2]["starting_after"], "re_X")

    def test_a_refund_that_is_not_there_is_not_found(self):
        self._answer([{"has_more": False, "data": [self._refund_object("X")]}])
        self.assertIsNone(self.refund._look_up_refund())

    def test_a_refund_that_stripe_has_named_is_looked_up_by_its_name(self):
        self.refund.provider_reference = "re_1"
        self._answer([self._refund_object("", id="re_1", status="pending")])
        self.assertEqual(self.refund._look_up_refund()["refund"]["status"], "pending")
        self.assertTrue(self.fake.calls[-1][1].endswith("/refunds/re_1"))

    def test_a_webhook_finds_the_refund_that_was_sent_from_here(self):
        source = self.refund.source_transaction_id
        find = StripeController._create_refund_tx_from_refund
        self.assertEqual(find(source, self._refund_object(self.refund.reference)), self.refund)
        made = find(source, self._refund_object("made in the dashboard"))
        self.assertEqual((made.source_transaction_id, made.amount), (source, -24.0))
        self.assertNotEqual(made, self.refund)
