from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import PracticeCase


@tagged("post_install", "-at_install")
class TestPreparePayment(PracticeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.payer_user = cls._create_user(
            "Carla Portal",
            partner_id=cls.client_partner.id,
            group_ids=[Command.set(cls.env.ref("base.group_portal").ids)],
        )
        cls.public = cls.env.ref("base.public_user")

    def _form(self, **values):
        """What Odoo's payment form sends."""
        return {
            "provider_id": self.provider.id,
            "payment_method_id": self.method.id,
            "token_id": None,
            "flow": "direct",
            "tokenization_requested": False,
            **values,
        }

    def _create_token(self, partner):
        return self.env["payment.token"].create(
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.method.id,
                "partner_id": partner.id,
                "provider_ref": "ref",
                "payment_details": "1234",
                "demo_simulated_state": "done",
            }
        )

    def test_amount_currency_and_payer_are_the_bookings(self):
        booking = self._book()
        forged = {"currency_id": 1, "partner_id": 1, "invoice_id": 1, "reference": "X"}
        values = booking._prepare_transaction(self._form(**forged), self.public)
        self.assertEqual((values["amount"], values["currency_id"]), (24.0, self.eur.id))
        self.assertEqual(values["partner_id"], self.client_partner.id)
        created = values["custom_create_values"]
        self.assertEqual(created["appointment_booking_id"], booking.id)
        self.assertFalse({"invoice_id", "reference"} & values.keys())

    def test_another_amount_than_the_page_shows_is_not_charged(self):
        booking = self._book()
        self.assertEqual(
            booking._prepare_transaction(self._form(amount=24.0), self.public)["amount"], 24.0
        )
        for shown in (0.01, 23.99, 24.01, 80, "24", [], float("nan")):
            with self.subTest(shown=shown), self.assertRaisesRegex(UserError, "is 24.00"):
                booking._prepare_transaction(self._form(amount=shown), self.public)

    def test_the_balance_is_paid_on_the_invoice(self):
        booking = self._book()
        self._pay(booking)
        values = booking._prepare_transaction(self._form(), self.public)
        self.assertEqual(values["amount"], 56.0)
        self.assertEqual(
            values["custom_create_values"]["invoice_ids"], [Command.set(booking.invoice_ids.ids)]
        )

    def test_nothing_to_pay_is_refused(self):
        booking = self._book()
        self._pay(booking)
        self._pay(booking)
        expired = self._book(user=self.ben)
        expired._set_expired("unpaid")
        for paid_or_gone in (booking, expired):
            with self.assertRaisesRegex(UserError, "There is nothing to pay here now"):
                paid_or_gone._prepare_transaction(self._form(), self.public)

    def _assert_not_asked_again(self, booking):
        self.assertEqual(booking._get_amount_to_pay(), 0.0)
        with self.assertRaisesRegex(UserError, "There is nothing to pay here now"):
            booking._prepare_transaction(self._form(), self.public)

    def test_money_that_arrived_is_not_asked_for_again_before_it_is_acted_on(self):
        booking = self._book()
        transaction = self._create_transaction(booking)
        for state in ("authorized", "done"):
            transaction._update_state(("draft", "authorized"), state, "")
            self._assert_not_asked_again(booking)
        transaction._post_process()
        self.assertEqual(booking._get_amount_to_pay(), 56.0)

    def test_a_balance_on_its_way_is_not_asked_for_again(self):
        booking = self._book()
        self._pay(booking)
        balance = self._create_transaction(booking)
        self.assertEqual(booking._get_amount_to_pay(), 56.0)
        for state in ("pending", "done"):
            balance._update_state(("draft", "pending"), state, "")
            self._assert_not_asked_again(booking)
            self.assertFalse(booking._get_downloadable_invoice())
        balance._post_process()
        self.assertEqual((booking.payment_status, booking._get_amount_to_pay()), ("paid", 0.0))

    def test_a_saved_card_that_may_have_been_charged_is_not_charged_again(self):
        booking, token = self._book(), self._create_token(self.client_partner)
        transaction = self._create_transaction(
            booking, operation="online_token", token_id=token.id
        )
        self._assert_not_asked_again(booking)
        self._finish(transaction, "error")
        self.assertEqual(booking._get_amount_to_pay(), 24.0)

    def test_a_refund_on_its_way_does_not_keep_the_balance_from_being_paid(self):
        booking = self._book()
        deposit = self._pay(booking)
        deposit._create_child_transaction(4.0, is_refund=True)._set_pending()
        self.assertEqual(booking._get_amount_to_pay(), 56.0)

    def test_another_provider_or_method_is_refused(self):
        booking = self._book()
        disabled = self.provider.copy({"name": "Off", "state": "disabled"})
        hidden = self.provider.copy({"name": "Hidden", "state": "test", "is_published": False})
        other_method = self.env.ref("payment.payment_method_paypal")
        for wrong in (
            {"provider_id": disabled.id},
            {"provider_id": hidden.id},
            {"provider_id": None},
            {"payment_method_id": other_method.id},
            {"flow": "validation"},
            {"flow": None},
        ):
            with self.subTest(wrong=wrong), self.assertRaisesRegex(UserError, "not offered here"):
                booking._prepare_transaction(self._form(**wrong), self.public)

    def test_only_the_payer_pays_with_their_saved_card(self):
        booking, token = self._book(), self._create_token(self.client_partner)
        form = self._form(flow="token", token_id=token.id, amount=24.0)
        values = booking._prepare_transaction(form, self.payer_user)
        self.assertEqual(values["token_id"], token.id)
        foreign = self._create_token(self.anna.partner_id)
        for user, card in ((self.public, token), (self.anna, token), (self.payer_user, foreign)):
            with self.subTest(user=user.name), self.assertRaisesRegex(UserError, "not offered"):
                booking._prepare_transaction({**form, "token_id": card.id}, user)

    def test_a_saved_card_is_charged_what_the_page_shows_or_nothing(self):
        booking, token = self._book(), self._create_token(self.client_partner)
        for shown in ({}, {"amount": None}, {"amount": 56.0}):
            form = self._form(flow="token", token_id=token.id, **shown)
            with self.subTest(shown=shown), self.assertRaisesRegex(UserError, "amount to pay here"):
                booking._prepare_transaction(form, self.payer_user)

    def test_only_the_payer_may_save_a_card(self):
        booking = self._book()
        form = self._form(tokenization_requested=True)
        for user, saved in ((self.payer_user, True), (self.public, False), (self.anna, False)):
            values = booking._prepare_transaction(form, user)
            self.assertEqual(values["tokenization_requested"], saved)

    def test_paying_again_goes_on_with_the_open_transaction(self):
        booking = self._book()
        values = booking._prepare_transaction(self._form(), self.public)
        self.assertFalse(booking._get_open_transaction(**values))
        opened = self._create_transaction(booking)
        self.assertEqual(booking._get_open_transaction(**values), opened)
        for other in (
            {"amount": 23.0},
            {"flow": "redirect"},
            {"payment_method_id": -1},
            {"provider_id": -1},
            {"tokenization_requested": True},
        ):
            with self.subTest(other=other):
                self.assertFalse(booking._get_open_transaction(**{**values, **other}))

    def test_a_transaction_that_went_on_is_not_used_again(self):
        booking = self._book()
        values = booking._prepare_transaction(self._form(), self.public)
        for state in ("pending", "error", "cancel"):
            self._pay(booking, 24.0, state=state)
            self.assertFalse(booking._get_open_transaction(**values))

    def test_the_processor_learns_the_reference_and_no_service(self):
        booking = self._book()
        transaction = self._create_transaction(booking)
        self.assertEqual(transaction.reference, booking.name)
        self._finish(transaction, "error")
        self.assertEqual(self._create_transaction(booking).reference, f"{booking.name}-1")
