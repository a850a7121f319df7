from datetime import timedelta
from unittest.mock import patch

import requests
from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..rules import stripe_webhook
from .common import NOW
from .stripe_events import StripeEventsCase
from .test_staff_views import create_personas
from .test_stripe_seams import LOGGERS

LOGGER = "odoo.addons.appointment_payments.models.stripe_event_runner"


@tagged("post_install", "-at_install")
class TestStripeEvents(StripeEventsCase):
    """What an event does, once however often and in whatever order it comes."""

    def test_a_payment_is_taken_over_as_stripe_has_it_now(self):
        for status, state in (
            ("succeeded", "done"), ("processing", "pending"), ("requires_capture", "authorized"),
            ("canceled", "cancel"), ("requires_payment_method", "error"),
        ):
            with self.subTest(status), self.cr.savepoint() as savepoint:
                intent = self.account.put_intent(self.payment, status)
                # what the event itself says is not believed
                event = self._hear("payment_intent.succeeded", {**intent, "status": "succeeded"})
                self.assertEqual((event.state, event.error), ("processed", False))
                self.assertEqual(event.transaction_id, self.payment)
                self.assertEqual(event.booking_id, self.booking)
                self.assertEqual(self.payment.state, state)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_every_event_twice_and_in_any_order_has_each_effect_once(self):
        intent = self.account.put_intent(self.payment)
        refund = self.account.put_refund(intent, 1000)
        charge = {**intent["charges"]["data"][0], "refunded": False}
        said = [
            ("charge.refunded", charge),
            ("refund.created", refund),
            ("payment_intent.processing", intent),
            ("payment_intent.succeeded", intent),
            ("charge.refund.updated", refund),
        ]
        for order in (said, said[::-1]):
            with self.subTest(order[0][0]), self.cr.savepoint() as savepoint:
                for kind, subject in order:
                    for event in (self._receive(kind, subject), self._receive(kind, subject)):
                        self._run(event)
                        self._run(event)
                        self.assertEqual(event.state, "processed")
                self.assertEqual(self.payment.state, "done")
                self.payment._post_process()
                child = self.payment.child_transaction_ids
                self.assertEqual((len(child), child.amount, child.state), (1, -10.0, "done"))
                child._post_process()
                self.assertEqual(self.booking.amount_refunded, 10.0)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_delivery_is_stored_once(self):
        intent = self.account.put_intent(self.payment)
        first = self._receive("payment_intent.succeeded", intent, id="evt_same")
        again = self._receive("payment_intent.succeeded", intent, id="evt_same")
        self.assertTrue(first)
        self.assertFalse(again)

    def test_another_amount_or_currency_is_not_applied(self):
        for values in ({"amount": 2399}, {"currency": "usd"}, {"livemode": True}):
            with self.subTest(values), self.cr.savepoint() as savepoint:
                intent = self.account.put_intent(self.payment, **values)
                event = self._hear("payment_intent.succeeded", {**intent, "livemode": False})
                self.assertEqual((event.state, event.next_attempt_at), ("failed", False))
                self.assertEqual(self.payment.state, "draft")
                self.assertIn("Look at a payment at Stripe", self._summaries())
                savepoint.rollback()
                self.env.invalidate_all()

    def test_another_intent_with_the_same_name_is_not_applied(self):
        intent = self.account.put_intent(self.payment)
        self.payment.provider_reference = "pi_before"
        event = self._hear("payment_intent.succeeded", intent)
        self.assertEqual((event.state, self.payment.state), ("failed", "draft"))
        self.assertIn("pi_before", event.error)

    def test_what_another_database_has_called_alike_is_ignored(self):
        elsewhere = {"metadata": {"booking": stripe_webhook.mark_of("of-another-practice")}}
        for known in ("pi_before", False):
            self.payment.provider_reference = known
            intent = self.account.put_intent(self.payment, **elsewhere)
            event = self._hear("payment_intent.succeeded", intent)
            self.assertEqual((event.state, self.payment.state), ("ignored", "draft"))
        # nor is a payment of theirs waited for that is called as the next one here
        unknown = {**intent, "id": "pi_theirs", "description": f"{self.booking.name}-9"}
        self.account.intents["pi_theirs"] = unknown
        self.assertEqual(self._hear("payment_intent.succeeded", unknown).state, "ignored")
        self.assertNotIn("Look at a payment at Stripe", self._summaries())

    def test_money_for_a_booking_of_ours_is_waited_for_also_in_a_restored_database(self):
        self.booking._portal_ensure_token()
        [mark] = self.booking._stripe_get_marks()
        intent = self.account.put_intent(self.payment, metadata={"booking": mark})
        self.env["ir.config_parameter"].set_param("database.uuid", "restored-as-a-copy")
        lost = {**intent, "id": "pi_lost", "description": f"{self.booking.name}-9"}
        self.account.intents["pi_lost"] = lost
        event = self._hear("payment_intent.succeeded", lost)
        self.assertEqual(event.state, "failed")
        self.assertTrue(event.next_attempt_at)
        self.payment.provider_reference = False
        event = self._hear("payment_intent.succeeded", intent)
        self.assertEqual((event.state, self.payment.state), ("processed", "done"))

    def test_what_is_known_here_counts_whatever_it_carries(self):
        intent = self.account.put_intent(self.payment, metadata={"booking": "of-somebody-else"})
        self.payment.provider_reference = intent["id"]
        event = self._hear("payment_intent.succeeded", intent)
        self.assertEqual((event.state, self.payment.state), ("processed", "done"))

    def test_f37_an_intent_of_another_providers_payment_is_not_applied(self):
        intent = self.account.put_intent(self.payment)
        event = self._receive("payment_intent.succeeded", intent)
        self.payment.provider_id = self.stripe.copy(
            {"company_id": self.company.id, "stripe_secret_key": "sk_test_of_another_account"}
        )
        self._run(event)
        self.assertEqual((event.state, event.next_attempt_at), ("failed", False))
        self.assertEqual(self.payment.state, "draft")

    def test_f40_an_event_before_its_payment_goes_to_the_company_that_shares_the_account(self):
        intent = self.account.put_intent(self.payment)
        event = self._receive("payment_intent.succeeded", intent)
        twin = self.stripe.copy({"stripe_secret_key": self.stripe.stripe_secret_key})
        self.payment.provider_id = twin
        self._run(event)
        self.assertEqual((event.state, event.error), ("processed", False))
        self.assertEqual((event.provider_id, self.payment.state), (twin, "done"))

    def test_f40_a_payment_that_comes_later_is_found_then(self):
        intent = self.account.put_intent(self.payment)
        name = self.payment.reference
        self.payment.reference = "not committed yet"
        event = self._hear("payment_intent.succeeded", intent)
        self.assertEqual((event.state, event.attempts), ("failed", 1))
        self.assertEqual(event.next_attempt_at, NOW + timedelta(minutes=1))
        self.payment.reference = name
        with freeze_time(NOW + timedelta(minutes=1)):
            self._run(event)
        self.assertEqual((event.state, self.payment.state), ("processed", "done"))

    def test_f40_money_that_nobody_here_asked_for_is_told_in_the_end(self):
        intent = self.account.put_intent(self.payment)
        self.payment.reference = "never made"
        event = self._receive("payment_intent.succeeded", intent)
        moment = NOW
        for attempt in range(1, 13):
            self.assertTrue(event.next_attempt_at)
            with freeze_time(moment := max(moment, event.next_attempt_at)):
                self._run(event)
            self.assertEqual(event.attempts, attempt)
        self.assertEqual((event.state, event.next_attempt_at), ("failed", False))
        self.assertLess(moment - NOW, timedelta(days=3))
        self.assertIn("Look at a payment at Stripe", self._summaries())

    def test_f40_where_no_money_moved_nothing_is_waited_for(self):
        intent = self.account.put_intent(self.payment, "canceled")
        self.payment.reference = "never made"
        self.assertEqual(self._hear("payment_intent.canceled", intent).state, "ignored")

    def test_f41_the_note_and_the_effect_are_committed_together(self):
        intent = self.account.put_intent(self.payment)
        event = self._receive("payment_intent.succeeded", intent)
        process = type(self.payment)._process

        def breaks(transaction, *args):
            process(transaction, *args)
            raise RuntimeError("The process died.")

        with patch.object(type(self.payment), "_process", breaks), mute_logger(LOGGER):
            self._run(event)
        self.assertEqual((event.state, self.payment.state), ("failed", "draft"))
        self.assertIn("died", event.error)
        with freeze_time(NOW + timedelta(minutes=1)):
            self._run(event)
        self.assertEqual((event.state, self.payment.state), ("processed", "done"))

    def test_what_was_fetched_before_something_else_happened_is_fetched_again(self):
        intent = self.account.put_intent(self.payment, "processing")
        event = self._receive("payment_intent.succeeded", intent)
        fetch = type(event)._fetch

        def overtaken(event):
            fetched = fetch(event)
            if intent["status"] == "processing":
                intent["status"] = "succeeded"
                self.env.cr.execute(  # as another event does
                    "UPDATE payment_transaction SET write_date = write_date WHERE id = %s",
                    [self.payment.id],
                )
                return {**fetched, "version": "1:0"}  # one transaction of PostgreSQL for all here
            return fetched

        with patch.object(type(event), "_fetch", overtaken):
            self._run(event)
        self.assertEqual((event.state, event.attempts), ("processed", 1))
        self.assertEqual(self.payment.state, "done")
        self.assertEqual(len(self.account.calls), 2)

    def test_a_process_that_died_is_waited_for(self):
        event = self._receive("payment_intent.succeeded", self.account.put_intent(self.payment))
        with self.enter_registry_test_mode():
            event._take()
        self._run(event)
        self.assertEqual((event.state, event.attempts), ("received", 1))
        with freeze_time(NOW + timedelta(minutes=2)):
            self._run(event)
        self.assertEqual((event.state, event.attempts), ("processed", 2))

    def test_no_answer_of_stripe_is_asked_for_again(self):
        event = self._receive("payment_intent.succeeded", self.account.put_intent(self.payment))
        for minutes, failure in ((0, 500), (1, requests.ConnectionError()), (3, 401)):
            self.account.failure = failure
            with freeze_time(NOW + timedelta(minutes=minutes)), mute_logger(LOGGER, *LOGGERS):
                self._run(event)
            self.assertEqual(event.state, "failed")
            self.assertTrue(event.next_attempt_at)
        self.account.failure = None
        with freeze_time(NOW + timedelta(minutes=7)):
            self._run(event)
        self.assertEqual((event.state, self.payment.state), ("processed", "done"))

    def test_what_stripe_does_not_know_needs_a_person(self):
        intent = self.account.put_intent(self.payment)
        event = self._receive("payment_intent.succeeded", {**intent, "id": "pi_unknown"})
        with mute_logger(*LOGGERS):
            self._run(event)
        self.assertEqual((event.state, event.next_attempt_at), ("failed", False))

    def test_an_invoices_payment_cancelled_here_and_taken_there_is_told(self):
        self._pay(self.booking)
        self.payment.write(
            {"appointment_booking_id": False, "invoice_ids": self.booking.invoice_ids.ids}
        )
        intent = self.account.put_intent(self.payment)
        self.payment._set_canceled()
        with mute_logger("odoo.addons.payment.models.payment_transaction"):
            event = self._hear("payment_intent.succeeded", intent)
        self.assertEqual(event.state, "failed")
        self.assertIn("Look at a payment at Stripe", self._summaries())

    def test_an_invoice_paid_by_odoos_own_link_counts_too(self):
        self._pay(self.booking)
        invoice = self.booking.invoice_ids
        paid = self._start(
            self.booking, amount=56.0, appointment_booking_id=False, reference="INV-1",
            invoice_ids=invoice.ids,
        )
        intent = self.account.put_intent(paid)
        event = self._hear("payment_intent.succeeded", intent)
        self.assertEqual((event.state, paid.state), ("processed", "done"))

    def test_one_event_that_breaks_stops_no_other_f47(self):
        events = self.env["appointment.payment.stripe.event"]
        for day in range(3):
            payment = self._start(self._book(start=self.booking.start + timedelta(days=day + 1)))
            events |= self._receive("payment_intent.succeeded", self.account.put_intent(payment))
        broken = events[1]
        take = type(events)._take

        def breaks(event):
            if event.id == broken.id:
                raise RuntimeError("Broken.")
            return take(event)

        self.env.flush_all()
        with patch.object(type(events), "_take", breaks), mute_logger(LOGGER):
            with self.enter_registry_test_mode():
                cron = self.env.ref("appointment_payments.cron_reconcile_transactions")
                cron.method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(events.mapped("state"), ["processed", "received", "processed"])


@tagged("post_install", "-at_install")
class TestStripeEventAccess(StripeEventsCase):
    def setUp(self):
        super().setUp()
        create_personas(self)
        intent = self.account.put_intent(self.payment)
        self.event = self._receive("payment_intent.succeeded", intent)

    def test_managers_and_the_system_read_the_events_of_their_companies(self):
        elsewhere = self._create_company("Practice Oak", self.eur)
        owner = self._create_user("Oona Oak", "group_manager", company=elsewhere)
        for user, may in (
            (self.mara, True), (self.sara, True), (owner, False), (self.frida, False),
            (self.anna, False), (self.ivo, False), (self.env.ref("base.public_user"), False),
        ):
            with self.subTest(user.name):
                event = self.event.with_user(user)
                event = event.with_context(allowed_company_ids=user.company_ids.ids)
                self.assertEqual(event.has_access("read"), may)
                for operation in ("write", "create", "unlink"):
                    self.assertFalse(event.has_access(operation))

    def test_managers_read_the_list_without_any_right_on_payments(self):
        names = ["type", "state", "payment_reference", "provider_name", "booking_id", "payload"]
        [read] = self.event.with_user(self.mara).read(names)
        self.assertEqual(read["provider_name"], "Stripe")

    def test_the_secret_is_the_systems(self):
        self.stripe.stripe_event_secret = "whsec_x"
        with self.assertRaises(AccessError):
            self.stripe.with_user(self.mara).read(["stripe_event_secret"])

    def test_managers_process_again_what_failed(self):
        intent = self.account.intents.pop(f"pi_{self.payment.id}")
        with mute_logger(*LOGGERS):
            self._run(self.event)
        self.assertEqual(self.event.state, "failed")
        for user in (self.frida, self.anna):
            with self.assertRaises(AccessError):
                self.event.with_user(user).action_try_again()
        self.account.intents[intent["id"]] = intent
        self.event.with_user(self.mara).action_try_again()
        self._run(self.event)
        self.assertEqual((self.event.state, self.payment.state), ("processed", "done"))
        self.event.with_user(self.mara).action_try_again()
        self.assertEqual(self.event.state, "processed")

    def test_a_copied_database_believes_nothing(self):
        self.stripe.stripe_event_secret = "whsec_x"
        self.env.flush_all()
        for query in get_neutralization_queries(["appointment_payments"]):
            self.cr.execute(query)
        self.env.invalidate_all()
        self.assertFalse(self.stripe.stripe_event_secret)
        self.assertEqual((self.event.state, self.event.next_attempt_at), ("ignored", False))

    def test_settled_events_are_forgotten_after_months_failed_ones_are_not(self):
        self._run(self.event)
        ignored = self._receive("payout.paid", {"id": "po_1", "object": "payout"})
        failed = self._receive("payment_intent.succeeded", self.account.put_intent(self.payment))
        failed._set_failed("No.", False)
        for days, left in ((29, self.event | ignored | failed), (31, self.event | failed),
                           (181, failed)):
            with freeze_time(NOW + timedelta(days=days)):
                self.env["appointment.payment.stripe.event"]._gc_events()
            self.assertEqual(self.event.search([]).sorted("id"), left.sorted("id"))
