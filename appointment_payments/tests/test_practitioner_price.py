from unittest.mock import patch

import psycopg2.errors

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .test_category_terms import TermsCase

FORM = "appointment_payments.calendar_event_type_view_form"


class PriceCase(TermsCase):
    def _set_price(self, user, price, category=None):
        category = category or self.category
        return self.env["appointment.payment.practitioner.price"].create(
            {"category_id": category.id, "user_id": user.id, "price": price}
        )

    def _terms(self, user, category=None):
        return (category or self.category)._resolve_terms(self.company, user)


@tagged("post_install", "-at_install")
class TestPractitionerPrice(PriceCase):
    """A practitioner's own price is the price everywhere."""

    def test_who_has_no_price_of_their_own_costs_the_categorys(self):
        self._set_price(self.ben, 60.0)
        self.assertEqual(self._terms(self.anna)["amount_total"], 80.0)
        self.assertEqual(self._terms(None)["amount_total"], 80.0)
        self.assertEqual(self._terms(self.ben)["amount_total"], 60.0)

    def test_a_price_of_zero_is_a_price(self):
        self._set_price(self.ben, 0.0)
        booking = self._book(user=self.ben)
        self.assertEqual((booking.amount_total, booking.amount_due_now), (0.0, 0.0))
        self.assertEqual(booking.state, "confirmed")

    def test_percent_taxes_and_rest_follow_the_price(self):
        self._set_price(self.ben, 60.0)
        terms = self._terms(self.ben)
        self.assertEqual((terms["price"], terms["amount_due_now"]), (60.0, 18.0))
        self.assertEqual(terms["amount_tax"], 10.0)
        self.product.taxes_id.price_include_override = "tax_excluded"
        terms = self._terms(self.ben)
        self.assertEqual((terms["amount_total"], terms["amount_due_now"]), (72.0, 21.6))

    def test_the_threshold_looks_at_the_practitioners_price(self):
        self.company.appointment_min_prepayment = 70.0
        self._set_price(self.ben, 60.0)
        terms = self._terms(self.ben)
        self.assertEqual((terms["amount_due_now"], terms["under_threshold"]), (0.0, True))
        self.assertFalse(self._terms(self.anna)["under_threshold"])
        self._set_price(self.anna, 70.0)
        self.assertEqual(self._terms(self.anna)["amount_due_now"], 21.0)

    def test_paying_in_full_pays_the_practitioners_price(self):
        self._set_price(self.ben, 60.0)
        terms = self.category._resolve_terms(self.company, self.ben, pay_in_full=True)
        self.assertEqual((terms["payment_mode"], terms["amount_due_now"]), ("full", 60.0))

    def test_the_invoice_keeps_the_price_of_the_day_of_booking(self):
        line = self._set_price(self.ben, 60.0)
        booking = self._book(user=self.ben)
        line.price = 95.0
        self._pay(booking)
        self._assert_ledger(booking, 60.0, 10.0, 42.0, [18.0])
        self.assertEqual(booking.invoice_ids.invoice_line_ids.price_unit, 60.0)
        self._pay(booking)
        self._assert_ledger(booking, 60.0, 10.0, 0.0, [18.0, 42.0])

    def test_each_pays_their_own_price_in_yen_and_in_dinar(self):
        expected = {"JPY": (4995.0, 1499.0, 832.0), "KWD": (12.345, 3.704, 2.057)}
        for name, (price, due, tax) in expected.items():
            with self.subTest(currency=name):
                currency = self._activate_currency(name, 1.0)
                category = self._create_category(f"In {name}", currency_id=currency.id, price=20.0)
                self.company.appointment_min_prepayment = 0.0
                self._set_price(self.ben, price, category)
                terms = self._terms(self.ben, category)
                self.assertEqual(terms["amount_total"], price)
                self.assertEqual(terms["amount_due_now"], due)
                self.assertFalse(currency.compare_amounts(terms["amount_tax"], tax))
                booking = self._book(category, user=self.ben)
                self._pay(booking)
                left = currency.round(price - due)
                self.assertFalse(currency.compare_amounts(booking.amount_residual, left))
                self.assertEqual(booking.invoice_ids.amount_total, price)
                booking._set_expired("unpaid")
                booking.occupancy_ids.unlink()

    def test_a_fixed_deposit_never_exceeds_what_is_owed(self):
        """The price may fall later in other ways than the form: a tax, a currency's rounding."""
        self.category.write({"deposit_type": "fixed", "deposit_fixed": 50.0})
        line = self._set_price(self.ben, 60.0)
        self.env.cr.execute(
            "UPDATE appointment_payment_practitioner_price SET price = 40 WHERE id = %s", [line.id]
        )
        line.invalidate_recordset()
        booking = self._book(user=self.ben)
        self.assertEqual((booking.amount_total, booking.amount_due_now), (40.0, 40.0))

    def test_a_link_of_ones_own_leads_to_the_category_with_the_practitioner(self):
        line = self._set_price(self.ben, 60.0)
        self.assertIn(f"/booking/{self.category.slug}?practitioner=ben-roy-", line.public_url)


@tagged("post_install", "-at_install")
class TestPractitionerPriceRefused(PriceCase):
    """What cannot be asked for is refused when it is set, with a sentence."""

    def test_a_price_under_the_fixed_deposit(self):
        self.category.write({"deposit_type": "fixed", "deposit_fixed": 30.0})
        self._set_price(self.anna, 30.0)
        with self.assertRaisesRegex(ValidationError, r"above Ben Roy's price of .*29\.99"):
            self._set_price(self.ben, 29.99)

    def test_a_fixed_deposit_above_somebodys_price(self):
        self._set_price(self.ben, 25.0)
        with self.assertRaisesRegex(ValidationError, "above Ben Roy's price"):
            self.category.write({"deposit_type": "fixed", "deposit_fixed": 30.0})
        self.category.write({"deposit_type": "fixed", "deposit_fixed": 25.0})

    def test_a_deposit_that_is_off_disturbs_nobody(self):
        self.category.write(
            {"payment_mode": "none", "deposit_type": "fixed", "deposit_fixed": 30.0}
        )
        self._set_price(self.ben, 5.0)
        with self.assertRaisesRegex(ValidationError, "above Ben Roy's price"):
            self.category.payment_mode = "deposit"

    def test_a_price_of_which_the_deposit_cannot_be_charged(self):
        smallest = patch.object(
            type(self.env["payment.provider"]),
            "_get_appointment_smallest_charge",
            lambda self, company, currency: 0.5,
        )
        with smallest:
            self._set_price(self.anna, 1.67)
            with self.assertRaisesRegex(ValidationError, r"With Ben Roy the deposit is under"):
                self._set_price(self.ben, 1.6)

    def test_who_does_not_take_these_appointments(self):
        self.category.user_ids = self.anna
        with self.assertRaisesRegex(ValidationError, "Ben Roy does not take these appointments"):
            self._set_price(self.ben, 60.0)

    def test_two_prices_for_one_and_a_negative_one(self):
        self._set_price(self.ben, 60.0)
        for values, message in (
            ((self.ben, 70.0), "has a price in this category already"),
            ((self.anna, -1.0), "cannot be negative"),
        ):
            with (
                self.subTest(message),
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.IntegrityError) as refusal,
            ):
                self._set_price(*values)
            prices = self.category.practitioner_price_ids
            self.assertIn(message, prices._sql_error_to_message(refusal.exception))


@tagged("post_install", "-at_install")
class TestCategoryForm(PriceCase):
    """The form keeps what belongs together in step."""

    def test_who_leaves_the_category_leaves_with_their_price(self):
        self._set_price(self.ben, 60.0)
        kept = self._set_price(self.anna, 90.0)
        self.category.user_ids = [Command.unlink(self.ben.id)]
        self.assertEqual(self.category.practitioner_price_ids, kept)

    def test_the_form_shows_it_at_once(self):
        self._set_price(self.ben, 60.0)
        with Form(self.category, FORM) as form:
            form.user_ids.remove(id=self.ben.id)
            self.assertFalse(form.practitioner_price_ids._records)
        self.assertFalse(self.category.practitioner_price_ids)

    def test_a_new_category_with_prices_is_saved_in_one_go(self):
        form = Form(self.env["calendar.event.type"], FORM)
        form.name = "Follow-up"
        form.product_id = self.product
        form.price = 40.0
        form.user_ids.add(self.anna)
        with form.practitioner_price_ids.new() as line:
            line.user_id = self.anna
            line.price = 55.0
        category = form.save()
        self.assertEqual(category._get_price(self.anna), 55.0)
        self.assertEqual(category.practitioner_price_ids.price_total, 55.0)

    def test_its_own_window_begins_with_the_practices(self):
        self.company.write({"appointment_min_notice_hours": 3, "appointment_horizon_days": 30})
        self.assertIn("3 hours before", self.category.practice_window)
        with Form(self.category, FORM) as form:
            form.own_booking_window = True
            self.assertEqual((form.min_notice_hours, form.horizon_days), (3, 30))
            form.horizon_days = 10
        self.assertEqual(self.category._get_booking_window(self.company)[1].days, 10)

    def test_limits_are_said_in_sentences(self):
        own = {"own_booking_window": True}
        cases = [
            ({**own, "min_notice_hours": 48, "horizon_days": 2}, "no time could be booked"),
            ({**own, "min_notice_hours": -1}, "The notice is between"),
            ({**own, "horizon_days": 0}, "The notice is"),
            ({"buffer_before": -0.5}, "between 0 and 12 hours"),
            ({"buffer_after": 13.0}, "between 0 and 12 hours"),
            ({"capacity": 0}, "between 1 and 500 seats"),
            ({"duration": 0.0}, "more than 0 and at most 24 hours"),
            ({"price": -1.0}, "cannot be negative"),
        ]
        for values, message in cases:
            with (
                self.subTest(values),
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.CheckViolation) as refusal,
                self.env.cr.savepoint(),
            ):
                self.category.write(values)
                self.env.flush_all()
            self.assertIn(message, self.category._sql_error_to_message(refusal.exception))
            self.category.invalidate_recordset(flush=False)

    def test_a_practice_nobody_could_book_is_refused(self):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.CheckViolation) as refusal,
        ):
            self.company.write({"appointment_min_notice_hours": 72, "appointment_horizon_days": 3})
            self.env.flush_all()
        message = self.company._sql_error_to_message(refusal.exception)
        self.assertIn("no time could be booked", message)

    def test_durations_are_said_in_words(self):
        words = {0.25: "15 minutes", 1.0: "1 hour", 1.5: "1 hour 30 minutes", 2.0: "2 hours"}
        for hours, text in words.items():
            self.category.duration = hours
            self.assertEqual(self.category.duration_text, text)
        self.category.duration = 1.5
        self.assertEqual(self._book().duration_text, "1 hour 30 minutes")
