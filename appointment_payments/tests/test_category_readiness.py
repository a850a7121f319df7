from datetime import datetime

from odoo.fields import Command
from odoo.tests import tagged

from .common import PracticeCase


@tagged("post_install", "-at_install")
class TestCategoryReadiness(PracticeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls._create_user("Mona Manager", "group_manager")
        # other providers that Odoo installs with itself
        cls.env["payment.provider"].search(
            [("company_id", "=", cls.company.id), ("id", "!=", cls.provider.id)]
        ).state = "disabled"

    def _assert_missing(self, *sentences, company=None):
        """Assert that this is missing, that the form says so, and nothing else."""
        company = company or self.company
        category = self.category.with_context(allowed_company_ids=company.ids)
        missing = [entry["text"] for entry in category._get_missing(company)]
        self.assertEqual(len(missing), len(sentences), missing)
        for text, sentence in zip(missing, sentences, strict=True):
            self.assertIn(sentence, text)
        category.invalidate_recordset(["is_ready", "missing_html"])
        self.assertEqual(category.is_ready, not sentences)
        for text in missing:
            self.assertIn(text, category.missing_html)

    def test_with_everything_there_nothing_is_missing(self):
        self._assert_missing()
        self.assertEqual(self.category.missing_html, "")

    def test_a_practitioner_is_missing(self):
        self.category.user_ids = False
        self._assert_missing("Choose at least one practitioner")

    def test_a_tax_with_which_odoo_posts_no_invoice_is_said(self):
        tax = self.category.product_id.taxes_id
        abroad = self.env["res.country"].search([("id", "!=", tax.country_id.id)], limit=1)
        group = self.env["account.tax.group"].create(
            {"name": "Abroad", "company_id": self.company.id, "country_id": abroad.id}
        )
        self.category.product_id.taxes_id = tax.copy(
            {"name": "15% abroad", "country_id": abroad.id, "tax_group_id": group.id}
        )
        self._assert_missing("15% abroad")

    def _assert_hint(self, text):
        """Assert that the form says so and that clients can book all the same."""
        self.category.invalidate_recordset(["is_ready", "missing_html"])
        self.assertIn(text, self.category.missing_html)
        self.assertEqual(self.category.missing_html.count("<li>"), 1)
        self.assertTrue(self.category.is_ready)
        self.assertFalse(self.category._get_missing(self.company))

    def test_one_practitioner_without_hours_closes_nothing(self):
        self.ben._get_practitioner_resources().calendar_id = False
        self._assert_hint("working hours of Ben Roy")
        self.assertEqual(self.category._get_bookable_practitioners(), self.anna)
        tomorrow = datetime(2026, 11, 24), datetime(2026, 11, 25)
        starts = self.env["appointment.payment.availability"]._get_starts(
            self.category, self.anna | self.ben, *tomorrow
        )
        self.assertEqual((len(starts[self.anna.id]), starts[self.ben.id]), (8, []))

    def test_who_does_not_work_in_the_company_is_not_booked_there(self):
        other = self.env["res.company"].create({"name": "Practice Oak"})
        self.ben.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        self.assertTrue(self.ben._get_practitioner_resources(self.company).calendar_id)
        self._assert_hint("Ben Roy does not work in Practice Linden")
        self.assertEqual(self.category._get_bookable_practitioners(), self.anna)
        self.anna.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        self._assert_missing("Anna Berg does not work in", "Ben Roy does not work in")
        self.assertFalse(self.category._get_bookable_practitioners())

    def test_working_hours_are_missing(self):
        (self.anna | self.ben)._get_practitioner_resources().calendar_id = False
        self._assert_missing("working hours of Anna Berg", "working hours of Ben Roy")
        self.assertFalse(self.category._get_bookable_practitioners())
        action = self.category._get_missing(self.company)[0]["action"]
        self.assertEqual(self.env.ref(action).res_model, "resource.resource")

    def _share_with_another_company(self, **values):
        """Share the category, which Ben then practises in a company of his own."""
        other = self.env["res.company"].create({"name": "Practice Oak", "currency_id": self.eur.id})
        self.category.write({"company_id": False, "product_id": False, "payment_mode": "none"})
        self.category.write({"price": 0.0, **values})
        self.env.user.company_ids = [Command.link(other.id)]
        self.ben.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        return other

    def test_a_practitioners_hours_in_another_company_do_not_count(self):
        other = self._share_with_another_company()
        self.assertFalse(self.category._get_missing(self.company))
        missing = [entry["text"] for entry in self.category._get_missing(other)]
        self.assertEqual(missing, ["Set the working hours of Ben Roy."])
        self._assert_hint("working hours of Ben Roy")
        self.assertEqual(self.category._get_bookable_practitioners(), self.anna)

    def test_practitioners_of_a_shared_category_sell_in_their_own_companies(self):
        other = self._share_with_another_company()
        resource = self.ben._ensure_practitioner_resource(other)
        resource.calendar_id.attendance_ids.filtered(lambda a: a.dayofweek != "1").unlink()
        both = self.anna | self.ben
        self.assertEqual(self.category._get_selling_companies(), self.company | other)
        self.assertEqual(self.category._get_bookable_practitioners(), both)
        starts = self.env["appointment.payment.availability"]._get_starts(
            self.category, both, datetime(2026, 11, 24), datetime(2026, 11, 26)
        )
        days = [{start.day for start in starts[user.id]} for user in both]
        self.assertEqual(days, [{24, 25}, {24}])

    def test_what_is_missing_in_one_company_closes_only_that_one(self):
        other = self._share_with_another_company(price=80.0)
        self.ben._ensure_practitioner_resource(other)
        self.category.product_id = self.env["product.product"].create(
            {"name": "Consultation of all", "type": "service", "taxes_id": False}
        )
        self.category.invalidate_recordset(["is_ready", "missing_html"])
        self.assertFalse(self.category._get_missing(self.company))
        self.assertEqual(self.category._get_bookable_practitioners(), self.anna)
        self.assertTrue(self.category.is_ready)
        self.assertIn("Practice Oak has no sales journal", self.category.missing_html)

    def test_the_service_is_missing(self):
        self.category.product_id = False
        self._assert_missing("Choose the service that is invoiced")

    def test_a_company_without_a_chart_misses_its_sales_journal(self):
        bare = self.env["res.company"].create({"name": "Practice Oak", "currency_id": self.eur.id})
        self.env.user.company_ids = [Command.link(bare.id)]
        category = self._create_category(
            "Visit",
            company_id=bare.id,
            product_id=False,
            payment_mode="none",
            user_ids=[Command.set(self.anna.ids)],
        )
        missing = category._get_missing(bare)
        self.assertEqual(missing[-1]["text"][:34], "Practice Oak has no sales journal.")
        self.assertEqual(missing[-1]["action"], "account.action_account_config")

    def test_the_receivable_account_is_missing(self):
        accounts = self.env["account.account"].search([("account_type", "=", "asset_receivable")])
        accounts.write({"account_type": "asset_current", "reconcile": True})
        self._assert_missing("Practice Linden has no receivable account")

    def test_a_provider_is_missing(self):
        for values in ({"state": "disabled"}, {"is_published": False}):
            with self.subTest(values=values):
                self.provider.write({"state": "test", "is_published": True})
                self._assert_missing()
                self.provider.write(values)
                self._assert_missing("Enable and publish a payment provider that takes EUR")

    def test_a_provider_of_another_company_does_not_count(self):
        other = self.env["res.company"].create({"name": "Practice Oak"})
        self.provider.state = "disabled"
        self.provider.copy({"company_id": other.id, "state": "test", "is_published": True})
        self._assert_missing("Enable and publish a payment provider")

    def test_a_provider_that_does_not_take_the_currency_does_not_count(self):
        dollar = self.env.ref("base.USD")
        self.provider.available_currency_ids = dollar
        self._assert_missing("a payment provider that takes EUR")
        self.provider.available_currency_ids |= self.eur
        self._assert_missing()

    def test_a_providers_journal_is_missing(self):
        self.provider.journal_id = False
        self._assert_missing("Give the payment provider a journal")

    def test_a_category_without_prepayment_needs_no_provider(self):
        self.provider.state = "disabled"
        self.category.payment_mode = "none"
        self._assert_missing()

    def test_a_price_under_the_threshold_needs_no_provider(self):
        self.provider.state = "disabled"
        self.category.price = 9.99
        self._assert_missing()

    def test_a_free_category_needs_neither_service_nor_provider(self):
        self.provider.state = "disabled"
        self.category.write({"payment_mode": "none", "price": 0.0, "product_id": False})
        self._assert_missing()
        self.assertEqual(self._book(start=datetime(2026, 11, 25, 9, 0)).state, "confirmed")

    def test_without_a_provider_a_prepaid_category_does_not_become_free(self):
        self.provider.state = "disabled"
        self.assertEqual(self.category._resolve_terms(self.company)["amount_due_now"], 24.0)
        self.assertFalse(self.category.is_ready)

    def test_everything_that_is_missing_is_listed_at_once(self):
        self.category.write({"user_ids": False, "product_id": False})
        self.provider.state = "disabled"
        self._assert_missing("practitioner", "service", "provider")

    def test_a_manager_sees_what_is_missing_without_accounting_rights(self):
        self.provider.journal_id = False
        category = self.category.with_user(self.manager)
        self.assertFalse(category.is_ready)
        self.assertIn("Give the payment provider a journal", category.missing_html)
        self.assertIn("An administrator can do that", category.missing_html)
        self.assertNotIn("href", category.missing_html)

    def test_who_may_set_it_up_gets_the_link(self):
        (self.anna | self.ben)._get_practitioner_resources().calendar_id = False
        category = self.category.with_user(self.manager)
        self.assertIn(
            'href="/odoo/action-appointment_payments.action_practitioner_resources"',
            category.missing_html,
        )

    def test_names_are_escaped(self):
        self.ben.name = "<b>Ben</b>"
        (self.anna | self.ben)._get_practitioner_resources().calendar_id = False
        self.assertIn("&lt;b&gt;Ben&lt;/b&gt;", self.category.missing_html)
        self.assertNotIn("<b>Ben</b>", self.category.missing_html)
