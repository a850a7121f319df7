import json
import time
from datetime import datetime
from unittest.mock import patch

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import PracticeMixin
from .stripe_events import (
    OWN_ROUTE,
    OWN_SECRET,
    STOCK_ROUTE,
    STOCK_SECRET,
    StripeAccount,
    make_event,
    sign,
)
from .test_stripe_seams import REQUEST

LOGGER = "odoo.addons.appointment_payments.controllers.stripe_webhook"
STOCK_LOGGER = "odoo.addons.payment_stripe.controllers.main"
SECRETS = {OWN_ROUTE: OWN_SECRET, STOCK_ROUTE: STOCK_SECRET}


@tagged("post_install", "-at_install")
class TestStripeWebhook(PracticeMixin, HttpCase):
    """Both endpoints, over HTTP; what is stored is processed in other tests."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_practice()
        cls.stripe = cls._enable_stripe(cls.company, OWN_SECRET, STOCK_SECRET)

    @classmethod
    def _enable_stripe(cls, company, own_secret, stock_secret):
        provider = cls.env.ref("payment.payment_provider_stripe")
        if provider.company_id != company:
            provider = provider.copy({"company_id": company.id, "name": "Stripe"})
        provider.write(
            {
                "state": "test",
                "stripe_publishable_key": "pk_test_of_the_test",
                "stripe_secret_key": "sk_test_of_the_test",
                "stripe_webhook_secret": stock_secret,
                "stripe_event_secret": own_secret,
            }
        )
        return provider

    def setUp(self):
        super().setUp()
        self.payment = self._start(self.stripe)
        self.intent = StripeAccount().put_intent(self.payment)
        self.event = make_event("payment_intent.succeeded", self.intent)

    def _start(self, provider, start=datetime(2030, 1, 8, 9, 0)):
        card = self.env.ref("payment.payment_method_card").id
        return self._create_transaction(
            self._book(start=start), provider=provider, payment_method_id=card
        )

    def _send(self, route, body, *secrets, header=None, at=None):
        """Deliver a body signed with the secrets; the route's own by default."""
        header = header or sign(body, *(secrets or [SECRETS[route]]), at=at)
        headers = {"Content-Type": "application/json", "Stripe-Signature": header}
        return self.url_open(route, body, headers=headers, method="POST").status_code

    def _deliver(self, route, event=None, *secrets, **options):
        return self._send(route, json.dumps(event or self.event).encode(), *secrets, **options)

    def _stored(self, event=None):
        return self.env["appointment.payment.stripe.event"].search(
            [("event_ref", "=", (event or self.event)["id"])]
        )

    def _assert_refused(self, status, route, *args, **options):
        self.assertEqual(self._deliver(route, *args, **options), status)
        self.assertFalse(self._stored())
        self.assertEqual(self.payment.state, "draft")

    def _renew(self):
        """Another event about the same payment."""
        self.event = make_event("payment_intent.succeeded", self.intent)

    def test_what_stripe_says_is_stored_once_and_waits(self):
        for route in SECRETS:
            self._renew()
            for _time in range(2):
                self.assertEqual(self._deliver(route), 200)
            stored = self._stored()
            self.assertEqual((stored.state, stored.attempts), ("received", 0))
            self.assertEqual((stored.provider_id, stored.company_id), (self.stripe, self.company))
            self.assertTrue(stored.next_attempt_at)
            self.assertEqual(self.payment.state, "draft")

    def test_neither_secrets_nor_names_are_kept_or_logged(self):
        self.event["data"]["object"]["receipt_email"] = "carla@example.com"
        for route in SECRETS:
            self._renew()
            with self.assertLogs("", "DEBUG") as logs:
                self._deliver(route)
            text = "\n".join([*logs.output, self._stored().payload])
            for private in ("secret_never_kept", "carla@example.com", *SECRETS.values()):
                self.assertNotIn(private, text)

    def test_f33_without_a_secret_everything_is_refused(self):
        self.stripe.write({"stripe_webhook_secret": False, "stripe_event_secret": False})
        for route in SECRETS:
            self._renew()
            self._assert_refused(403, route)

    @mute_logger("odoo.addons.base.models.ir_rule", STOCK_LOGGER, "odoo.http")
    def test_f33_what_is_disguised_reaches_no_payment_either(self):
        """Where there is no secret, the stock endpoint believes everything that we let pass."""
        self.stripe.write({"stripe_webhook_secret": False})
        self.payment.provider_reference = self.intent["id"]
        for disguise in (
            {"id": "pi of nobody"},
            {"object": "x", "description": [self.payment.reference]},
        ):
            with self.subTest(disguise=disguise):
                forged = {**self.intent, **disguise}
                event = make_event("payment_intent.succeeded", forged)
                self._assert_refused(403, STOCK_ROUTE, event)

    @mute_logger("odoo.addons.appointment_payments.models.stripe_payment_transaction_hold")
    def test_what_has_paid_one_booking_pays_no_other(self):
        """The address to which payers come back names a booking's payment and an intent."""
        account = StripeAccount()
        account.put_intent(self.payment)
        other = self._start(self.stripe, start=datetime(2030, 1, 9, 9, 0))
        self.payment.provider_reference = f"pi_{self.payment.id}"
        route = f"/payment/stripe/return?reference={other.reference}&payment_intent="
        with patch(REQUEST, account):
            for known in (False, f"pi_{other.id}"):
                other.provider_reference = known
                self.url_open(route + f"pi_{self.payment.id}", allow_redirects=False)
                self.assertEqual((other.state, other.provider_reference), ("draft", known))
            account.put_intent(other)
            self.url_open(route + f"pi_{other.id}", allow_redirects=False)
        self.assertEqual((other.state, self.payment.state), ("done", "draft"))

    @mute_logger("odoo.addons.appointment_payments.models.stripe_payment_transaction_hold")
    def test_a_return_cannot_touch_a_refund(self):
        account = StripeAccount()
        account.put_intent(self.payment)
        refund = self.payment._create_child_transaction(10.0, is_refund=True)
        route = f"/payment/stripe/return?reference={refund.reference}&payment_intent="
        with patch(REQUEST, account):
            answer = self.url_open(route + f"pi_{self.payment.id}", allow_redirects=False)
        self.assertEqual((answer.status_code, refund.state), (303, "draft"))

    def test_f33_an_empty_secret_signs_nothing(self):
        self.stripe.write({"stripe_webhook_secret": False, "stripe_event_secret": False})
        for route in SECRETS:
            self._renew()
            self._assert_refused(403, route, None, "")

    def test_f33_the_other_endpoints_secret_does_not_fit(self):
        self._assert_refused(403, OWN_ROUTE, None, STOCK_SECRET)
        self._assert_refused(403, STOCK_ROUTE, None, OWN_SECRET)

    def test_f34_a_missing_or_broken_header_is_refused(self):
        body = json.dumps(self.event).encode()
        for route in SECRETS:
            self._renew()
            headers = {"Content-Type": "application/json"}
            self.assertEqual(self.url_open(route, body, headers=headers).status_code, 400)
            for header in ("nonsense", "t=1", "v1=x", "t=,v1=", "t=x,v1=y", "=,=,="):
                self._assert_refused(400, route, header=header)
            self._assert_refused(403, route, header=f"t={int(time.time())},v1=\xe9")

    def test_f34_a_body_that_is_no_event_is_refused(self):
        bodies = [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 50_000]
        for route in SECRETS:
            self._renew()
            for body in bodies:
                self.assertEqual(self._send(route, body), 400, body[:20])
        broken = [{**self.event, "livemode": "no"}, {**self.event, "id": "evt_\x00"},
                  {**self.event, "type": 7}, {"data": {}}]
        for event in broken:
            self.assertEqual(self._deliver(OWN_ROUTE, event), 400)
        for event in broken[:3]:
            self.assertEqual(self._deliver(STOCK_ROUTE, event), 400)
        self.assertFalse(self._stored())

    def test_f34_an_unsigned_body_cannot_break_the_look_up(self):
        for reference in ("\x00", "\ud800", "x" * 100_000, ["a"], {"a": 1}, 5):
            subject = {**self.intent, "description": reference}
            event = make_event("payment_intent.succeeded", subject)
            with mute_logger(STOCK_LOGGER, "odoo.http"):
                self.assertLess(self._deliver(OWN_ROUTE, event, "wrong"), 500)
            self.assertFalse(self._stored(event))

    def test_f34_a_body_that_is_too_large_is_refused(self):
        for route in SECRETS:
            self._renew()
            self.event["padding"] = "x" * 1_000_000
            self._assert_refused(413, route)

    def test_f35_an_old_delivery_and_one_from_the_future_are_refused(self):
        for route in SECRETS:
            self._renew()
            for seconds in (-301, -3600, 310, 3600):
                self._assert_refused(403, route, at=time.time() + seconds)
            self.assertEqual(self._deliver(route, at=time.time() - 290), 200)
            self.assertTrue(self._stored())

    def test_f36_during_a_rotation_either_signature_is_enough(self):
        for route, secret in SECRETS.items():
            self._renew()
            for secrets in (("old", secret), (secret, "old")):
                self._renew()
                self.assertEqual(self._deliver(route, None, *secrets), 200)
                self.assertTrue(self._stored())

    def test_f37_the_signature_of_another_provider_does_not_reach_this_payment(self):
        elsewhere = self._create_company("Practice Oak", self.eur)
        self._enable_stripe(elsewhere, "whsec_own_elsewhere", "whsec_stock_elsewhere")
        self._assert_refused(403, OWN_ROUTE, None, "whsec_own_elsewhere")
        self._assert_refused(403, STOCK_ROUTE, None, "whsec_stock_elsewhere")

    def test_f37_of_several_providers_the_one_that_signed_is_kept(self):
        elsewhere = self._create_company("Practice Oak", self.eur)
        other = self._enable_stripe(elsewhere, "whsec_own_elsewhere", "whsec_stock_elsewhere")
        self.intent["description"] = "SHOP/1"
        self.intent["id"] = "pi_shop"
        self.assertEqual(self._deliver(OWN_ROUTE, None, "whsec_own_elsewhere"), 200)
        self.assertEqual(self._stored().provider_id, other)
        self.assertEqual(self._stored().state, "ignored")

    def test_f38_the_wrong_mode_or_account_is_ignored_and_logged(self):
        for route in SECRETS:
            self._renew()
            for values in ({"livemode": True}, {"account": "acct_other"}):
                event = make_event("payment_intent.succeeded", self.intent, **values)
                with patch(f"{LOGGER}._logger.info") as logged:
                    self.assertEqual(self._deliver(route, event), 200)
                self.assertIn("ignored", logged.call_args[0][0])
                self.assertEqual(self._stored(event).state, "ignored")
                self.assertFalse(self._stored(event).next_attempt_at)

    def test_f38_the_kind_of_keys_decides_not_the_switch(self):
        self.assertFalse(self.stripe._stripe_is_live())
        self.stripe.stripe_secret_key = "rk_live_of_the_test"
        self.assertTrue(self.stripe._stripe_is_live())
        self.stripe.stripe_secret_key = "of_no_known_kind"
        self.assertFalse(self.stripe._stripe_is_live())
        self.stripe.state = "enabled"
        self.assertTrue(self.stripe._stripe_is_live())

    def test_f39_a_body_altered_by_a_byte_is_refused(self):
        body = json.dumps(self.event).encode()
        for route, secret in SECRETS.items():
            self._renew()
            header = sign(body, secret)
            altered = body.replace(b'"succeeded"', b'"Succeeded"', 1)
            self.assertEqual(self._send(route, altered, header=header), 403)
            self.assertEqual(self._send(route, body + b" ", header=header), 403)
            self.assertFalse(self._stored())

    def test_f40_a_payment_that_is_not_there_yet_is_waited_for(self):
        reference = f"{self.payment.appointment_booking_id.name}-7"
        for route in SECRETS:
            self._renew()
            subject = {**self.intent, "id": "pi_9", "description": reference}
            event = make_event("payment_intent.succeeded", subject)
            self.assertEqual(self._deliver(route, event), 200)
            self.assertEqual(self._stored(event).state, "received")
            self._assert_refused(403, route, {**event, "id": "evt_forged"}, "wrong")

    def test_a_duplicate_costs_few_queries(self):
        for route in SECRETS:
            self._renew()
            self._deliver(route)
            self._deliver(route)  # warm
            with self.assertQueryCount(8):
                self.assertEqual(self._deliver(route), 200)

    def test_what_is_not_of_a_booking_is_as_in_stock(self):
        shop = self._start(self.stripe, start=datetime(2030, 1, 7, 9, 0))
        shop.write({"appointment_booking_id": False, "reference": "SHOP-1"})
        intent = StripeAccount().put_intent(shop)
        event = make_event("payment_intent.succeeded", intent)
        with mute_logger(STOCK_LOGGER):
            self.assertEqual(self._deliver(STOCK_ROUTE, event), 200)
        self.assertEqual(shop.state, "done")
        self.assertFalse(self._stored(event))
        self.assertEqual(self._deliver(OWN_ROUTE, event), 200)
        self.assertEqual(self._stored(event).state, "ignored")

    def test_a_type_that_nothing_is_done_about_is_stored_and_ignored(self):
        event = make_event("payout.paid", {"id": "po_1", "object": "payout"})
        self.assertEqual(self._deliver(OWN_ROUTE, event), 200)
        self.assertEqual(self._stored(event).state, "ignored")

    def test_the_answer_comes_before_the_work(self):
        event = self.env["appointment.payment.stripe.event"]
        with patch.object(type(event), "_run") as run:
            self._deliver(OWN_ROUTE)
        run.assert_not_called()
        crons = self.env.ref("appointment_payments.cron_reconcile_transactions")
        self.assertTrue(self.env["ir.cron.trigger"].search([("cron_id", "=", crons.id)]))
