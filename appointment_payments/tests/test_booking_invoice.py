from datetime import date, datetime

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import tagged

from .common import NOW, PracticeCase


@tagged("post_install", "-at_install")
class TestPaymentInvoice(PracticeCase):
    def test_the_invoice_says_what_when_and_with_whom(self):
        today = NOW.date()
        booking = self._book(start=datetime(2026, 11, 24, 23, 30))  # 00:30 in Paris
        self._pay(booking)
        invoice = booking.invoice_ids
        self.assertEqual((invoice.move_type, invoice.state), ("out_invoice", "posted"))
        self.assertEqual((invoice.company_id, invoice.partner_id), (self.company, booking.payer_id))
        self.assertEqual((invoice.invoice_date, invoice.delivery_date), (today, date(2026, 11, 25)))
        self.assertEqual(invoice.invoice_date_due, date(2026, 11, 25))
        self.assertEqual(invoice.invoice_origin, booking.name)
        self.assertEqual(invoice.invoice_user_id, self.anna)
        line = invoice.invoice_line_ids
        self.assertEqual((line.appointment_booking_id, line.product_id), (booking, self.product))
        self.assertEqual((line.quantity, line.price_unit), (1.0, 80.0))
        self.assertEqual(line.tax_ids, self.product.taxes_id)
        for text in ("First consultation", "Anna Berg", "25", "2026"):
            self.assertIn(text, line.name)

    def _book_from_auckland(self):
        """Book the evening in Paris, which is the next morning for the visitor."""
        return self._book(start=datetime(2026, 11, 24, 17, 0), tz="Pacific/Auckland")

    def test_its_days_and_times_are_the_practices_wherever_the_client_is(self):
        with freeze_time(datetime(2026, 11, 23, 16, 0)):  # the 24th in Auckland
            booking = self._book_from_auckland()
            self._pay(booking.with_context(tz="Pacific/Auckland"))
        invoice = booking.invoice_ids
        self.assertEqual(invoice.invoice_date, date(2026, 11, 23))
        self.assertEqual(invoice.delivery_date, date(2026, 11, 24))
        self.assertEqual(invoice.invoice_date_due, date(2026, 11, 24))
        when = "Tue 24 Nov 2026, 6:00 PM – 7:00 PM (Europe/Paris), Anna Berg"
        self.assertIn(when, " ".join(invoice.invoice_line_ids.name.split()))

    def test_a_moved_appointment_is_due_on_the_practices_day(self):
        booking = self._book_from_auckland()
        self._pay(booking)
        booking._move_to(datetime(2026, 11, 25, 17, 0), datetime(2026, 11, 25, 18, 0))
        self.assertEqual(booking.invoice_ids.invoice_date_due, date(2026, 11, 25))

    def test_the_clients_zone_is_not_named_where_its_clock_shows_the_same(self):
        booking = self._book(tz="Europe/Madrid")
        self.assertNotIn("Europe", booking._prepare_invoice_line()["name"])

    def test_the_practices_zone_is_the_practitioners_else_the_companys(self):
        booking = self._book_from_auckland()
        resource = self.anna._get_practitioner_resources(self.company)
        resource.tz = "America/New_York"
        self.assertEqual(booking._get_practice_tz(), "America/New_York")
        resource.active = False
        self.assertEqual(booking._get_practice_tz(), "Europe/Paris")

    def test_staff_are_asked_whether_the_client_came_on_the_practices_day(self):
        booking = self._book_from_auckland()
        for now, has_come in (
            (datetime(2026, 11, 23, 22, 59), False),  # long the 24th in Auckland
            (datetime(2026, 11, 23, 23, 0), True),
        ):
            booking.invalidate_recordset(["day_has_come"])
            with freeze_time(now):
                self.assertEqual(booking.day_has_come, has_come)

    def test_a_deposit_makes_nobody_overdue(self):
        self.client_partner.property_payment_term_id = self.env.ref(
            "account.account_payment_term_immediate"
        )
        booking = self._book(start=datetime(2027, 1, 15, 9, 0))
        self._pay(booking)
        invoice = booking.invoice_ids
        self.assertFalse(invoice.invoice_payment_term_id)
        self.assertEqual(invoice.invoice_date_due, date(2027, 1, 15))
        receivable = invoice.line_ids.filtered(lambda line: line.display_type == "payment_term")
        self.assertEqual(receivable.mapped("date_maturity"), [date(2027, 1, 15)])

    def test_an_appointment_of_yesterday_is_due_today(self):
        booking = self._book()
        with freeze_time(datetime(2026, 11, 26, 9, 0)):
            invoice = self.env["account.move"].create(booking._prepare_invoice())
        self.assertEqual(invoice.invoice_date_due, date(2026, 11, 26))

    def test_somebody_else_pays_and_is_invoiced(self):
        mother = self.env["res.partner"].create({"name": "Mother", "email": "mo@example.com"})
        booking = self._book(payer_id=mother.id)
        transaction = self._pay(booking)
        self.assertEqual((booking.partner_id, booking.payer_id), (self.client_partner, mother))
        self.assertEqual(booking.invoice_ids.partner_id, mother)
        self.assertEqual(transaction.partner_id | transaction.payment_id.partner_id, mother)
        self.assertIn(self.client_partner, booking.event_id.partner_ids)
        self.assertNotIn(mother, booking.event_id.partner_ids)

    def test_it_is_written_in_the_payers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.client_partner.lang = "fr_FR"
        self.category.with_context(lang="fr_FR").name = "Première consultation"
        booking = self._book(lang="fr_FR")
        self._pay(booking)
        name = booking.invoice_ids.invoice_line_ids.name
        self.assertIn("Première consultation", name)
        self.assertIn("nov. 2026", name)

    def test_the_company_that_sells_invoices(self):
        second = self._create_company("Practice Oak", self.eur)
        self.anna.company_ids = [Command.link(second.id)]
        product = self._create_product(second, 10.0)
        provider = self._enable_demo_provider(second)
        category = self._create_category(
            "Elsewhere",
            company_id=second.id,
            product_id=product.id,
            user_ids=[Command.set(self.anna.ids)],
        )
        booking = self._book(category)
        transaction = self._create_transaction(booking, provider=provider)
        self._finish(transaction, "done")
        self.assertEqual(booking.invoice_ids.company_id, second)
        self.assertEqual(booking.invoice_ids.journal_id.company_id, second)
        self.assertEqual(transaction.payment_id.company_id, second)
        self._assert_ledger(booking, 80.0, 7.27, 56.0, [24.0])
