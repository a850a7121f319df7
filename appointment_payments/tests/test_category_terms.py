from datetime import date
from unittest.mock import patch

import psycopg2.errors

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import PracticeCase


class TermsCase(PracticeCase):
    @classmethod
    def _activate_currency(cls, name, rate):
        """Activate a currency and say how many of it one euro buys."""
        currency = cls.env["res.currency"].with_context(active_test=False).search(
            [("name", "=", name)]
        )
        currency.active = True
        cls.env["res.currency.rate"].create(
            {
                "name": date(2026, 1, 1),
                "currency_id": currency.id,
                "rate": rate,
                "company_id": cls.company.id,
            }
        )
        return currency

    def _due(self, category=None):
        """What a client who books now pays at once, and whether the price is too small for it."""
        terms = (category or self.category)._resolve_terms(self.company)
        return terms["amount_due_now"], terms["under_threshold"]


@tagged("post_install", "-at_install")
class TestCategoryTerms(TermsCase):
    def test_what_is_asked_follows_category_switch_and_practice(self):
        due = {"none": 0.0, "deposit": 24.0, "full": 80.0}
        for switch in (True, False):
            for practice_mode in due:
                for mode in ("default", *due):
                    with self.subTest(switch=switch, practice=practice_mode, category=mode):
                        self.company.appointment_prepayment = switch
                        self.company.appointment_payment_mode = practice_mode
                        self.category.payment_mode = mode
                        resolved = practice_mode if mode == "default" else mode
                        resolved = resolved if switch else "none"
                        terms = self.category._resolve_terms(self.company)
                        self.assertEqual(terms["payment_mode"], resolved)
                        self.assertEqual(terms["amount_due_now"], due[resolved])

    def test_switching_off_keeps_every_term(self):
        self.company.appointment_prepayment = False
        self.assertEqual(self._book().state, "confirmed")
        self.assertEqual(self.category.payment_mode, "deposit")
        self.company.appointment_prepayment = True
        self.assertEqual(self._due(), (24.0, False))

    def test_a_shared_category_follows_the_practitioners_company(self):
        other = self.env["res.company"].create(
            {"name": "Practice Oak", "currency_id": self.eur.id, "appointment_prepayment": True}
        )
        other.appointment_payment_mode = "full"
        self.category.write({"company_id": False, "payment_mode": "default", "product_id": False})
        self.assertEqual(self.category._get_selling_company(self.anna), self.company)
        self.assertEqual(self.category._resolve_terms(self.company)["amount_due_now"], 0.0)
        self.assertEqual(self.category._resolve_terms(other)["amount_due_now"], 80.0)

    def test_strictly_under_the_threshold_nothing_is_asked(self):
        self.company.appointment_min_prepayment = 50.0
        for price, due in ((49.99, (0.0, True)), (50.0, (15.0, False)), (50.01, (15.0, False))):
            with self.subTest(price=price):
                self.category.price = price
                self.assertEqual(self._due(), due)

    def test_the_threshold_means_the_price_with_taxes(self):
        self.company.appointment_min_prepayment = 50.0
        self.product.taxes_id.price_include_override = "tax_excluded"
        for price, due in ((41.66, (0.0, True)), (41.67, (15.0, False))):
            with self.subTest(price=price):
                self.category.price = price
                self.assertEqual(self._due(), due)

    def test_the_threshold_is_converted_to_the_currency_of_the_price(self):
        self.category.currency_id = self._activate_currency("USD", 1.25)
        for price, due in ((12.49, (0.0, True)), (12.5, (3.75, False))):
            with self.subTest(price=price):
                self.category.price = price
                self.assertEqual(self._due(), due)

    def test_a_threshold_of_zero_asks_always(self):
        self.company.appointment_min_prepayment = 0.0
        self.category.price = 0.10
        self.assertEqual(self._due(), (0.03, False))

    def test_a_negative_threshold_is_refused(self):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.CheckViolation) as refusal,
        ):
            self.company.appointment_min_prepayment = -0.01
            self.env.flush_all()
        message = self.env["res.company"]._sql_error_to_message(refusal.exception)
        self.assertIn("cannot be negative. Enter 0 to ask always", message)
        self.assertEqual(self.company.appointment_min_prepayment, 10.0)

    def test_minutes_to_pay_out_of_range_are_refused(self):
        for minutes in (-1, 0, 4, 1441):
            with (
                self.subTest(minutes=minutes),
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.CheckViolation) as refusal,
            ):
                self.company.appointment_checkout_minutes = minutes
                self.env.flush_all()
            message = self.env["res.company"]._sql_error_to_message(refusal.exception)
            self.assertIn("between 5 minutes and one day", message)
        for minutes in (5, 1440):
            self.company.appointment_checkout_minutes = minutes
            self.env.flush_all()

    def test_nothing_is_under_the_threshold_where_nothing_would_be_asked(self):
        self.category.write({"price": 5.0, "payment_mode": "none"})
        self.assertEqual(self._due(), (0.0, False))
        self.category.write({"price": 0.0, "payment_mode": "full"})
        self.assertEqual(self._due(), (0.0, False))

    def test_taxes_included_are_part_of_the_price(self):
        terms = self.category._resolve_terms(self.company)
        self.assertEqual((terms["amount_total"], terms["amount_tax"]), (80.0, 13.33))
        self.assertEqual(self.category.price_total, 80.0)

    def test_taxes_excluded_are_added_to_it(self):
        self.product.taxes_id.price_include_override = "tax_excluded"
        terms = self.category._resolve_terms(self.company)
        self.assertEqual((terms["amount_total"], terms["amount_tax"]), (96.0, 16.0))
        self.assertEqual((terms["price"], terms["amount_due_now"]), (80.0, 28.8))
        self.assertEqual(self.category.price_total, 96.0)

    def test_taxes_of_another_company_are_not_applied(self):
        other = self._create_company("Practice Oak", self.eur)
        self.product.company_id = False
        tax = self.product.taxes_id.copy({"company_id": other.id, "amount": 5.0, "name": "5 %"})
        self.product.taxes_id |= tax
        self.assertEqual(self.category._get_taxes(self.company), self.product.taxes_id - tax)
        self.assertEqual(self.category._resolve_terms(self.company)["amount_tax"], 13.33)

    def test_deposits_are_rounded_as_the_currency_is(self):
        for name, price, percent, due in (
            ("EUR", 33.33, 33.0, 11.0),  # 10.9989
            ("EUR", 10.01, 50.0, 5.01),  # 5.005
            ("JPY", 4995.0, 30.0, 1499.0),  # 1498.5
            ("KWD", 12.345, 30.0, 3.704),  # 3.7035
        ):
            with self.subTest(currency=name, price=price):
                currency = self.eur if name == "EUR" else self._activate_currency(name, 1.0)
                self.category.currency_id = currency
                self.category.write({"price": price, "deposit_percent": percent})
                self.assertEqual(self._due(), (due, False))

    def test_a_fixed_deposit_is_asked_as_it_is(self):
        self.category.write({"deposit_type": "fixed", "deposit_fixed": 12.5})
        self.assertEqual(self._due(), (12.5, False))
        self.category.deposit_fixed = 80.0
        self.assertEqual(self._due(), (80.0, False))

    def test_a_negative_price_is_refused(self):
        for mode in ("deposit", "full"):
            self.category.payment_mode = mode
            with (
                self.subTest(mode=mode),
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.CheckViolation),
            ):
                self.category.price = -1.0
                self.env.flush_all()

    def _assert_refused(self, sentence, **values):
        with self.subTest(values=values):
            with self.assertRaises(ValidationError) as refusal:  # which rolls back
                self.category.write(values)
            self.assertRegex(str(refusal.exception), sentence)

    def test_a_deposit_that_nobody_can_be_asked_for_is_refused(self):
        fixed = {"deposit_type": "fixed"}
        self._assert_refused("above the price of 80.00", **fixed, deposit_fixed=80.01)
        self._assert_refused("cannot be negative", **fixed, deposit_fixed=-1.0)
        self._assert_refused("A deposit of zero asks for nothing", **fixed, deposit_fixed=0.0)
        for percent in (0.0, -1.0, 100.01):
            self._assert_refused("more than 0 % and at most 100 %", deposit_percent=percent)
        self.assertEqual((self.category.deposit_percent, self._due()), (30.0, (24.0, False)))

    def test_a_price_that_falls_under_the_deposit_is_refused(self):
        self.category.write({"deposit_type": "fixed", "deposit_fixed": 50.0})
        self._assert_refused("above the price of 49.99", price=49.99)
        self.category.price = 50.0
        self.assertEqual(self._due(), (50.0, False))

    def test_a_deposit_that_is_not_asked_may_be_anything(self):
        self.category.write({"payment_mode": "full", "deposit_type": "fixed", "deposit_fixed": 99})
        self.assertEqual(self._due(), (80.0, False))
        self._assert_refused("above the price", payment_mode="deposit")

    def test_a_deposit_under_the_smallest_charge_is_refused(self):
        providers = type(self.env["payment.provider"])
        with patch.object(providers, "_get_smallest_charge", return_value=0.5):
            self._assert_refused("under 0.50.* smallest amount", price=10.0, deposit_percent=4.9)
            self.category.write({"price": 10.0, "deposit_percent": 5.0})
        self.assertEqual(self._due(), (0.5, False))

    def test_the_form_refuses_it_when_it_is_saved(self):
        form = Form(self.env["calendar.event.type"])
        form.name, form.price = "Check-up", 20.0
        form.payment_mode, form.deposit_type, form.deposit_fixed = "deposit", "fixed", 25.0
        with self.assertRaisesRegex(ValidationError, "above the price of 20.00"):
            form.save()


@tagged("post_install", "-at_install")
class TestCategoryNames(TermsCase):
    def test_a_bookable_category_gets_a_link_name_of_its_own(self):
        self.assertEqual(self.category.slug, "first-consultation")
        other = self.env["res.company"].create({"name": "Practice Oak"})
        twin = self._create_category(
            "First consultation", company_id=other.id, product_id=False, payment_mode="none"
        )
        third = self._create_category("First Consultation!")
        self.assertEqual(twin.slug, "first-consultation-2")
        self.assertEqual(third.slug, "first-consultation-3")

    def test_a_category_of_letters_that_links_cannot_hold_gets_a_link_name_too(self):
        self.assertEqual(self._create_category("???").slug, "appointment")
        self.assertEqual(self._create_category("初診 Über").slug, "初診-uber")

    def test_a_category_that_is_not_bookable_gets_it_once_it_is(self):
        category = self._create_category("Internal", bookable=False)
        self.assertFalse(category.slug)
        category.bookable = True
        self.assertEqual(category.slug, "internal")

    def test_a_link_name_of_another_category_or_form_is_refused(self):
        other = self._create_category("Follow-up")
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.UniqueViolation):
            other.slug = self.category.slug
            self.env.flush_all()
        for slug in ("Follow up", "../admin", "a/b", "é"):
            with (
                self.subTest(slug=slug),
                self.assertRaisesRegex(ValidationError, "small letters, digits and dashes"),
            ):
                other.slug = slug

    def test_a_link_name_that_the_pages_use_themselves_is_refused(self):
        for slug in ("answer", "about"):
            with self.subTest(slug=slug), self.assertRaisesRegex(ValidationError, f"“{slug}”"):
                self.category.slug = slug
            named = self._create_category(slug.capitalize())
            self.assertEqual(named.slug, f"{slug}-2")

    def test_a_name_is_unique_in_its_company_only(self):
        other = self.env["res.company"].create({"name": "Practice Oak"})
        values = {"product_id": False, "payment_mode": "none", "bookable": False}
        self._create_category("First consultation", company_id=other.id, **values)
        self._create_category("First consultation", company_id=False, **values)
        for company in (self.company, self.env["res.company"]):
            with (
                self.subTest(company=company.name),
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.UniqueViolation),
            ):
                self._create_category("First consultation", company_id=company.id, **values)

    def test_a_name_is_translated(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.category.with_context(lang="fr_FR").name = "Première consultation"
        self.assertEqual(self.category.with_context(lang="en_US").name, "First consultation")
        self.assertEqual(self.category.with_context(lang="fr_FR").name, "Première consultation")

    def test_a_duration_out_of_range_is_refused_for_bookable_categories(self):
        for hours in (0.0, -1.0, 24.5):
            with (
                self.subTest(hours=hours),
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.CheckViolation),
            ):
                self.category.duration = hours
                self.env.flush_all()

    def test_a_link_to_the_terms_is_a_link(self):
        with self.assertRaisesRegex(ValidationError, "start with https:// or /"):
            self.category.terms_url = "javascript:alert(1)"
        self.category.terms_url = "https://linden.example/terms"

    def test_a_later_change_of_the_category_leaves_the_booking_alone(self):
        booking = self._book()
        agreed = self._agreed(booking)
        self.product.taxes_id = [Command.clear()]
        self.category.write(
            {
                "price": 200.0,
                "payment_mode": "full",
                "duration": 2.0,
                "deposit_percent": 90.0,
                "user_ids": [Command.set(self.ben.ids)],
            }
        )
        self.company.write({"appointment_prepayment": False, "appointment_min_prepayment": 500.0})
        self.env.invalidate_all()
        self.assertEqual(self._agreed(booking), agreed)
        self._pay(booking)
        self._assert_ledger(booking, 80.0, 13.33, 56.0, [24.0])

    def _agreed(self, booking):
        names = ("price", "amount_total", "amount_tax", "amount_due_now", "payment_mode", "stop")
        return [booking[name] for name in (*names, "deposit_percent", "tax_ids", "user_id")]

    def test_the_booking_keeps_what_its_category_said(self):
        booking = self._book()
        self.assertEqual((booking.payment_mode, booking.deposit_type), ("deposit", "percent"))
        self.assertEqual((booking.price, booking.amount_total), (80.0, 80.0))
        self.assertEqual((booking.amount_tax, booking.amount_due_now), (13.33, 24.0))
        self.assertEqual(booking.tax_ids, self.product.taxes_id)
        self.assertEqual((booking.stop - booking.start).total_seconds(), 3600)
