import json
import os
from datetime import datetime
from unittest.mock import patch

import requests
from lxml import html

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import config, mute_logger

from .common import PracticeCase

REQUEST = "odoo.addons.payment.models.payment_provider.requests.request"
LOGGERS = (
    "odoo.addons.payment.models.payment_provider",
    "odoo.addons.payment.models.payment_transaction",
    "odoo.addons.payment_stripe.models.payment_transaction",
)
STAND_IN = "http://127.0.0.1:12111"


class FakeStripe:
    """Answers the requests of Odoo and keeps them."""

    def __init__(self):
        self.calls = []
        self.intent = {"id": "pi_1", "client_secret": "pi_1_secret_x", "currency": "eur"}
        self.intent.update(status="requires_payment_method", payment_method=None)
        self.failure = None  # a status code or an exception, for GET
        self.cut = None  # an exception, for the intent that is asked for

    def __call__(self, method, url, data=None, headers=None, **_kwargs):
        self.calls.append((method, url, data or {}, headers))
        if method == "GET" and isinstance(self.failure, Exception):
            raise self.failure
        if self.cut and url.endswith("/payment_intents"):
            raise self.cut
        response = requests.Response()
        response.status_code = 200
        if method == "GET" and self.failure:
            response.status_code = self.failure
            response._content = b'{"error": {"message": "No."}}'
        elif url.endswith("/customers"):
            response._content = b'{"id": "cus_1"}'
        else:
            self.intent.setdefault("amount", (data or {}).get("amount"))
            response._content = json.dumps(self.intent).encode()
        return response

    def sent(self, method, ending):
        return [call for call in self.calls if call[0] == method and call[1].endswith(ending)]


class StripeSeamsCase(PracticeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        provider = cls.env.ref("payment.payment_provider_stripe")
        if provider.company_id != cls.company:
            provider = provider.copy({"company_id": cls.company.id, "name": "Stripe"})
        provider.write(
            {
                "state": "test",
                "stripe_publishable_key": "pk_test_of_the_test",
                "stripe_secret_key": "sk_test_of_the_test",
            }
        )
        cls.stripe = provider
        cls.card = cls.env.ref("payment.payment_method_card")

    def setUp(self):
        super().setUp()
        self.fake = FakeStripe()
        self.startPatcher(patch(REQUEST, self.fake))
        self._set_options()

    def _set_options(self, **options):
        """Start from an environment without the server options."""
        kept = {name: value for name, value in os.environ.items() if "STRIPE" not in name}
        self.startPatcher(patch.dict(os.environ, {**kept, **options}, clear=True))

    def _start(self, booking=None, **values):
        """A Stripe transaction, of a booking unless the values say otherwise."""
        return self._create_transaction(
            booking or self._book(),
            provider=self.stripe,
            payment_method_id=self.card.id,
            **values,
        )


@tagged("post_install", "-at_install")
class TestStripeServerOptions(StripeSeamsCase):
    def _script(self):
        public = self.env(user=self.env.ref("base.public_user"), context={})
        qweb = public["ir.qweb"]
        rendered = html.fromstring(str(qweb._render("payment_stripe.sdk_assets")))
        [address] = rendered.xpath("//script/@src")
        return address

    def test_without_options_stripe_is_stripe(self):
        url = self.stripe._build_request_url("payment_intents")
        self.assertEqual(url, "https://api.stripe.com/v1/payment_intents")
        self.assertEqual(self._script(), "https://js.stripe.com/v3/")

    def test_environment_moves_the_api_and_the_script(self):
        self._set_options(STRIPE_API_BASE=f"{STAND_IN}/", STRIPE_JS_BASE=STAND_IN)
        url = self.stripe._build_request_url("payment_intents/pi_1/capture")
        self.assertEqual(url, f"{STAND_IN}/v1/payment_intents/pi_1/capture")
        self.assertEqual(self._script(), f"{STAND_IN}/v3/")

    def test_odoo_conf_does_too(self):
        options = {"stripe_api_base": STAND_IN, "stripe_js_base": STAND_IN}
        self.startPatcher(patch.dict(config.options, options))
        self.assertEqual(self.stripe._build_request_url("refunds"), f"{STAND_IN}/v1/refunds")
        self.assertEqual(self._script(), f"{STAND_IN}/v3/")

    def test_database_does_not(self):
        for name in ("STRIPE_API_BASE", "stripe_api_base", "stripe_js_base"):
            self.env["ir.config_parameter"].set_param(name, STAND_IN)
        url = self.stripe._build_request_url("refunds")
        self.assertEqual(url, "https://api.stripe.com/v1/refunds")
        self.assertEqual(self._script(), "https://js.stripe.com/v3/")

    def test_other_providers_and_odoos_proxy_stay_where_they_are(self):
        unset = self.provider._build_request_url("refunds")
        proxy = self.stripe._build_request_url("accounts", is_proxy_request=True)
        self._set_options(STRIPE_API_BASE=STAND_IN)
        self.assertEqual(self.provider._build_request_url("refunds"), unset)
        self.assertEqual(
            self.stripe._build_request_url("accounts", is_proxy_request=True), proxy
        )

    def test_what_is_no_http_address_is_refused(self):
        for address in ("ftp://127.0.0.1", "javascript:alert(1)", "//127.0.0.1", "stripe", "http://"):
            with self.subTest(address=address):
                self._set_options(STRIPE_API_BASE=address, STRIPE_JS_BASE=address)
                with self.assertRaisesRegex(ValidationError, "STRIPE_API_BASE"):
                    self.stripe._build_request_url("refunds")
                with self.assertRaisesRegex(ValidationError, "STRIPE_JS_BASE"):
                    self.env["payment.provider"]._stripe_get_js_url()

    def test_another_module_may_change_the_script_as_well(self):
        self.env["ir.ui.view"].create(
            {
                "name": "other",
                "type": "qweb",
                "inherit_id": self.env.ref("payment_stripe.sdk_assets").id,
                "arch": """<script src="https://js.stripe.com/v3/" position="attributes">
                    <attribute name="src">https://js.stripe.com/other/stripe.js</attribute>
                </script>""",
            }
        )
        self.assertEqual(self._script(), "https://js.stripe.com/other/stripe.js")
        self._set_options(STRIPE_JS_BASE=STAND_IN)
        self.assertEqual(self._script(), f"{STAND_IN}/v3/")

    def test_smallest_charge_is_stripes(self):
        smallest = self.stripe._get_smallest_charge
        self.assertEqual(smallest(self.env.ref("base.EUR")), 0.5)
        self.assertEqual(smallest(self.env.ref("base.JPY")), 50.0)
        self.assertEqual(self.provider._get_smallest_charge(self.env.ref("base.EUR")), 0.0)


@tagged("post_install", "-at_install")
class TestStripeIntents(StripeSeamsCase):
    def test_customer_has_one_idempotency_key_per_transaction(self):
        first = self._start()
        second = self._start(self._book(start=datetime(2026, 11, 25, 9, 0)))
        for transaction in (first, first, second):
            transaction._stripe_create_customer()
        keys = [call[3].get("Idempotency-Key") for call in self.fake.sent("POST", "/customers")]
        self.assertTrue(keys[0])
        self.assertEqual(keys[0], keys[1])
        self.assertNotEqual(keys[0], keys[2])

    def test_customers_of_other_documents_have_a_key_too(self):
        transaction = self._start(appointment_booking_id=False, reference="OTHER-1")
        transaction._stripe_create_customer()
        self.assertTrue(self.fake.calls[0][3]["Idempotency-Key"])

    def test_form_opened_again_goes_on_with_its_intent(self):
        transaction = self._start()
        first = transaction._get_processing_values()
        self.assertEqual(transaction.provider_reference, "pi_1")
        for status in ("requires_payment_method", "requires_confirmation", "requires_action"):
            self.fake.intent["status"] = status
            again = transaction._get_processing_values()
            self.assertEqual(again["client_secret"], first["client_secret"])
            self.assertEqual((again["state"], transaction.state), ("draft", "draft"))
        self.assertEqual(len(self.fake.sent("POST", "/payment_intents")), 1)
        self.assertEqual(len(self.fake.sent("GET", "/payment_intents/pi_1")), 3)

    def test_transactions_of_other_documents_are_as_in_stock(self):
        transaction = self._start(appointment_booking_id=False, reference="OTHER-1")
        transaction._get_processing_values()
        transaction._get_processing_values()
        self.assertFalse(transaction.provider_reference)
        self.assertEqual(len(self.fake.sent("POST", "/payment_intents")), 2)
        self.assertFalse(self.fake.sent("GET", "pi_1"))

    def test_intent_that_was_paid_in_another_tab_is_taken_note_of(self):
        for status, state in (
            ("succeeded", "done"), ("processing", "pending"), ("requires_capture", "authorized"),
        ):
            with self.subTest(status=status), self.cr.savepoint() as savepoint:
                transaction = self._start()
                transaction._get_processing_values()
                self.fake.intent["status"] = status
                values = transaction._get_processing_values()
                self.assertEqual(transaction.state, state)
                self.assertEqual(values["state"], "error")
                self.assertIn("already been made", values["state_message"])
                self.assertEqual(len(self.fake.sent("POST", "/payment_intents")), 1)
                savepoint.rollback()
                self.env.invalidate_all()
                self.fake.__init__()

    def test_cancelled_intent_ends_its_transaction(self):
        transaction = self._start()
        transaction._get_processing_values()
        self.fake.intent["status"] = "canceled"
        with mute_logger(*LOGGERS):
            values = transaction._get_processing_values()
        self.assertEqual((values["state"], transaction.state), ("error", "error"))
        self.assertFalse(values["client_secret"])

    def test_intent_of_another_account_is_replaced(self):
        transaction = self._start()
        transaction._get_processing_values()
        self.fake.failure = 404
        self.fake.intent.update(id="pi_2", client_secret="pi_2_secret_x")
        with mute_logger(*LOGGERS):
            values = transaction._get_processing_values()
        self.assertEqual(values["client_secret"], "pi_2_secret_x")
        self.assertEqual((transaction.state, transaction.provider_reference), ("draft", "pi_2"))

    def test_unknown_intent_is_never_doubled(self):
        """Stripe down, or failing: neither a second intent nor a transaction in error."""
        transaction = self._start()
        transaction._get_processing_values()
        cut = requests.exceptions.ChunkedEncodingError()
        for failure in (500, 401, requests.Timeout(), requests.ConnectionError(), cut):
            with self.subTest(failure=failure):
                self.fake.failure = failure
                with mute_logger(*LOGGERS), self.assertRaises(ValidationError):
                    transaction._get_processing_values()
                self.assertEqual(transaction.state, "draft")
                self.assertEqual(transaction.provider_reference, "pi_1")
        self.assertEqual(len(self.fake.sent("POST", "/payment_intents")), 1)

    def test_an_answer_that_ends_in_the_middle_is_a_payment_that_failed(self):
        """The client reads so and tries again; Odoo would say that the server is broken."""
        transaction = self._start()
        self.fake.cut = requests.exceptions.ChunkedEncodingError()
        with mute_logger(*LOGGERS):
            values = transaction._get_processing_values()
        self.assertFalse(values["client_secret"])
        self.assertEqual(transaction.state, "error")
        self.assertIn("connection to the payment provider was lost", transaction.state_message)

    def test_stripe_learns_the_reference_and_no_service(self):
        transaction = self._start()
        secret = transaction.appointment_booking_id._portal_ensure_token()
        transaction._get_processing_values()
        payload = self.fake.sent("POST", "/payment_intents")[0][2]
        self.assertEqual(payload["description"], transaction.reference)
        booking = transaction.appointment_booking_id
        self.assertEqual([payload["metadata[booking]"]], booking._stripe_get_marks())
        everything = json.dumps([call[2] for call in self.fake.calls])
        for private in (self.category.name, self.anna.name, "Consultation", secret):
            self.assertNotIn(private, everything)

    def test_booking_is_captured_at_once_whatever_the_provider_does(self):
        self.stripe.payment_method_ids = self.card
        self.stripe.capture_manually = True
        booked = self._start()
        booking = booked.appointment_booking_id
        other = self._start(booking, appointment_booking_id=False, reference="OTHER-1")
        booked._get_processing_values()
        other._get_processing_values()
        methods = [
            call[2]["capture_method"] for call in self.fake.sent("POST", "/payment_intents")
        ]
        self.assertEqual(methods, ["automatic", "manual"])
