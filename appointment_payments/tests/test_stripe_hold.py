import json
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import requests
from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import NOW
from .hold_common import HoldMixin
from .test_stripe_seams import LOGGERS, REQUEST, StripeSeamsCase

SEVEN_DAYS = int((NOW + timedelta(days=7, hours=-1)).replace(tzinfo=UTC).timestamp())


@tagged("post_install", "-at_install")
class TestStripeHold(HoldMixin, StripeSeamsCase):
    """What Stripe is asked about a hold, and where its word goes."""

    def setUp(self):
        super().setUp()
        self._ask_for_answers()
        self.stripe.is_published = True
        self.stripe.payment_method_ids = self.card
        self.card.active = True
        self.booking = self._book()
        self.hold = self._start(self.booking, capture_method="manual")
        self.hold.provider_reference = "pi_1"
        self._say("requires_capture", received=0)
        self.hold._post_process()

    def _intent(self, status, amount=2400, received=None, currency="eur"):
        charge = {"payment_method_details": {"card": {"capture_before": SEVEN_DAYS}}}
        return {
            "id": "pi_1", "status": status, "amount": amount, "currency": currency,
            "amount_received": amount if received is None else received,
            "payment_method": "pm_1", "charges": {"data": [charge]},
        }

    def _say(self, status, transaction=None, **values):
        """Have a webhook bring Stripe's word on the intent of the hold."""
        transaction = transaction or self.hold
        intent = self._intent(status, **values)
        transaction._process(
            "stripe", {"reference": transaction.reference, "payment_intent": intent}
        )

    def _answer(self, *answers):
        """Have Stripe answer requests one after the other: (status code, body)."""
        queue = list(answers)

        def answer(method, url, data=None, headers=None, **_kwargs):
            self.fake.calls.append((method, url, dict(data or {}), headers))
            response = requests.Response()
            response.status_code, body = queue.pop(0)
            response._content = json.dumps(body).encode()
            return response

        self.startPatcher(patch(REQUEST, answer))

    def _run_quietly(self):
        with mute_logger(*LOGGERS):
            self._run(self.booking.operation_ids)

    def test_form_intent_and_transaction_agree(self):
        env = self.booking.with_context(appointment_paid_booking_id=self.booking.id).env
        values = self.stripe.with_env(env)._stripe_get_inline_form_values(
            24.0, self.eur, self.booking.payer_id.id, False, payment_method_sudo=self.card
        )
        self.assertEqual(json.loads(values)["capture_method"], "manual")
        prepared = self._book(user=self.ben)._prepare_transaction(
            self._form_values(provider_id=self.stripe.id, payment_method_id=self.card.id),
            self.env.user,
        )
        self.assertEqual(prepared["custom_create_values"]["capture_method"], "manual")
        payload = self.hold._stripe_prepare_payment_intent_payload()
        self.assertEqual(payload["capture_method"], "manual")
        iban = self.env.ref("payment.payment_method_sepa_direct_debit")
        self.assertEqual(self.booking._decide_capture(self.stripe, iban).method, "automatic")

    def test_the_end_of_the_hold_is_stripes_own(self):
        until = datetime.fromtimestamp(SEVEN_DAYS, UTC).replace(tzinfo=None)
        self.assertEqual((self.hold.state, self.hold.capture_before), ("authorized", until))
        self.assertEqual(self.hold.reconcile_at, until - timedelta(days=1))

    def test_a_capture_says_how_much_under_the_key_of_its_operation(self):
        self.hold._capture(10.0)
        key = self.booking.operation_ids.idempotency_key
        self._answer((200, self._intent("succeeded", received=1000)))
        self._run_quietly()
        [(_method, _url, data, headers)] = self.fake.sent("POST", "/pi_1/capture")
        self.assertEqual((data, headers["Idempotency-Key"]), ({"amount_to_capture": 1000}, key))
        self._assert_states(self.hold, "done", (10.0, "done"), (14.0, "cancel"))
        self.assertEqual(self.booking.operation_ids.mapped("kind"), ["capture"])
        self._assert_ledger(self.booking, 80.0, 13.33, 70.0, [10.0])

    def test_a_void_has_the_key_of_its_operation(self):
        self.hold._void()
        key = self.booking.operation_ids.idempotency_key
        self._answer((200, self._intent("canceled", received=0)))
        self._run_quietly()
        [(_method, _url, _data, headers)] = self.fake.sent("POST", "/pi_1/cancel")
        self.assertEqual(headers["Idempotency-Key"], key)
        self._assert_states(self.hold, "cancel", (24.0, "cancel"))
        self.assertFalse(self.booking.activity_ids)

    def test_every_post_has_a_key(self):
        for endpoint in ("setup_intents", "customers", "payment_methods/pm_1/attach", "refunds",
                         "payment_intents/pi_1/confirm"):
            self.hold._send_api_request("POST", endpoint)
            self.hold._send_api_request("POST", endpoint)
        keys = [call[3]["Idempotency-Key"] for call in self.fake.calls if call[0] == "POST"]
        self.assertTrue(all(keys))
        self.assertEqual(len(set(keys)), 5)

    def test_word_on_the_hold_reaches_the_part_of_the_operation(self):
        for kind, status, received, ended in (
            ("capture", "succeeded", 2400, "done"), ("void", "canceled", 0, "cancel"),
        ):
            with self.subTest(kind=kind), self.cr.savepoint() as savepoint:
                part = self.hold._capture() if kind == "capture" else self.hold._void()
                for _delivery in range(3):
                    self._say(status, received=received)
                self.assertEqual((part.state, self.hold.state), (ended, ended))
                self.assertEqual(self.hold._get_parts(), part)
                self.assertEqual(self.booking.operation_ids.state, "done")
                savepoint.rollback()
                self.env.invalidate_all()

    def test_what_was_done_in_the_dashboard_makes_its_parts_once(self):
        for _delivery in range(2):
            self._say("succeeded", received=1500)
        self._assert_states(self.hold, "done", (9.0, "cancel"), (15.0, "done"))
        for transaction in self.hold._get_parts() | self.hold:
            transaction._post_process()
        self._assert_ledger(self.booking, 80.0, 13.33, 65.0, [15.0])

    def test_a_capture_that_lost_against_the_dashboard_is_told(self):
        for status, received, parts in (
            ("succeeded", 1500, ["done", (9.0, "cancel"), (15.0, "done"), (24.0, "error")]),
            ("canceled", 0, ["cancel", (24.0, "error"), (24.0, "cancel")]),
        ):
            with self.subTest(status=status), self.cr.savepoint() as savepoint:
                self.hold._capture()
                self._say(status, received=received)
                self._assert_states(self.hold, *parts)
                self.assertEqual(self.booking.operation_ids.state, "failed")
                self.assertTrue(self.booking.activity_ids)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_refusal_because_it_was_done_is_looked_up(self):
        self.hold._capture()
        refusal = {"error": {"message": "It has already been captured."}}
        self._answer((400, refusal), (200, self._intent("succeeded")))
        self._run_quietly()
        self.assertEqual(self.booking.operation_ids.state, "done")
        self._assert_states(self.hold, "done", (24.0, "done"))

    def test_a_refusal_of_what_is_still_held_is_final(self):
        self.hold._capture()
        refusal = {"error": {"message": "No."}}
        self._answer((400, refusal), (200, self._intent("requires_capture", received=0)))
        self._run_quietly()
        self.assertEqual((self.booking.operation_ids.state, self.hold.state),
                         ("failed", "authorized"))

    def test_a_capture_before_its_hold_was_known_is_taken(self):
        other = self._start(
            self._book(user=self.ben), capture_method="manual", provider_reference="pi_1"
        )
        self._say("succeeded", other, received=1500)
        self._assert_states(other, "done", (9.0, "cancel"), (15.0, "done"))

    def test_minor_units(self):
        for name, amount, minor in (
            ("JPY", 2400.0, 2400), ("EUR", 24.0, 2400),
            ("KWD", 24.12, 24120), ("ISK", 2400.0, 240000),
        ):
            currency = self.env["res.currency"].with_context(active_test=False).search(
                [("name", "=", name)]
            )
            currency.active = True
            hold = self._start(
                self.booking, currency_id=currency.id, amount=amount, provider_reference="pi_1",
                capture_method="manual",
            )
            hold._set_authorized()
            part = hold._create_child_transaction(amount / 2)
            extra = part._stripe_get_extra_data("payment_intents/pi_1/capture")
            self.assertEqual(extra, {"amount_to_capture": minor // 2})
            self._say(
                "succeeded", hold, amount=minor, received=minor // 2, currency=name.lower()
            )
            captured = hold._get_parts().filtered(lambda t: t.state == "done")
            self.assertFalse(currency.compare_amounts(captured.amount, amount / 2))
            self.assertEqual(hold.state, "done")

    def test_three_decimals_that_stripe_does_not_take_are_refused(self):
        kwd = self.env.ref("base.KWD")
        kwd.active = True
        self.stripe._check_chargeable(1.23, kwd)
        with self.assertRaisesRegex(UserError, "two decimals only"):
            self.stripe._check_chargeable(1.234, kwd)
        self.provider._check_chargeable(1.234, kwd)

    def test_decimals_that_stripe_does_not_know_are_refused(self):
        """Odoo has two for MGA, and people may give some to others."""
        currencies = self.env["res.currency"].with_context(active_test=False)
        for name in ("MGA", "JPY", "ISK", "UGX"):
            with self.subTest(name=name):
                currency = currencies.search([("name", "=", name)])
                currency.rounding = 0.01
                self.stripe._check_chargeable(1200.0, currency)
                with self.assertRaisesRegex(UserError, "without decimals only"):
                    self.stripe._check_chargeable(1200.5, currency)
        self.stripe._check_chargeable(1200.55, currencies.search([("name", "=", "HUF")]))

    def test_an_abandoned_intent_is_cancelled_with_a_key(self):
        begun = self._start(self._book(user=self.ben))
        begun.provider_reference = "pi_1"
        self._answer((200, self._intent("canceled", received=0)))
        found = begun._cancel_at_provider()
        begun._process("stripe", found)
        self.assertEqual(begun.state, "cancel")
        self.assertTrue(self.fake.sent("POST", "/pi_1/cancel")[0][3]["Idempotency-Key"])

    def _decline(self):
        """A card that was declined in a form that is still open, and acted on."""
        booking = self._book(user=self.ben)
        declined = self._start(booking)
        declined.provider_reference = "pi_1"
        declined._set_error("Declined.")
        declined._post_process()
        return booking, declined

    def _look_again(self, declined, after, *answers):
        self._answer(*answers)
        self.assertLessEqual(declined.reconcile_at, NOW + after)
        cron = self.env.ref("appointment_payments.cron_reconcile_transactions")
        with freeze_time(NOW + after), self.enter_registry_test_mode(), mute_logger(*LOGGERS):
            cron.method_direct_trigger()
        self.env.invalidate_all()

    def test_another_card_in_the_open_form_of_a_declined_payment_is_noticed(self):
        booking, declined = self._decline()
        paid = (200, self._intent("succeeded"))
        self._look_again(declined, timedelta(minutes=30), paid)
        self.assertEqual((declined.state, booking.state), ("done", "confirmed"))
        self.assertFalse(declined.reconcile_at)

    def test_the_open_form_of_a_declined_payment_is_closed_a_day_later(self):
        _booking, declined = self._decline()
        waiting = (200, self._intent("requires_payment_method", received=0))
        self._look_again(declined, timedelta(minutes=30), waiting)
        self.assertEqual((declined.state, len(self.fake.sent("POST", "/cancel"))), ("error", 0))
        closed = (200, self._intent("canceled", received=0))
        self._look_again(declined, timedelta(days=1), waiting, closed)
        self.assertEqual((declined.state, declined.reconcile_at), ("cancel", False))
        self.assertEqual(len(self.fake.sent("POST", "/pi_1/cancel")), 1)

    def test_a_charge_without_an_answer_is_found_by_its_reference(self):
        token = self.env["payment.token"].create(
            {"provider_id": self.stripe.id, "payment_method_id": self.card.id,
             "partner_id": self.booking.payer_id.id, "provider_ref": "cus_1",
             "stripe_payment_method": "pm_1"}
        )
        payment = self._start(self._book(user=self.ben), token_id=token.id,
                              operation="online_token")
        other = {**self._intent("succeeded"), "id": "pi_2", "description": "OTHER"}
        found = {**self._intent("succeeded"), "description": payment.reference}
        self._answer((200, {"has_more": False, "data": [other, found]}))
        self.assertEqual(payment._look_up_outcome()["payment_intent"], found)
        self.assertEqual(self.fake.calls[-1][2]["customer"], "cus_1")
        # a copy of this database has charged the same customer for a booking of the same name
        theirs = {**found, "metadata": {"booking": "of-somebody-else"}}
        self._answer((200, {"has_more": False, "data": [other, theirs]}))
        self.assertIsNone(payment._look_up_outcome())
