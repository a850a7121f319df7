from datetime import datetime

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_access import AccessCase

FROZEN = {
    "state": "attended",
    "amount_total": 1.0,
    "amount_due_now": 0.0,
    "amount_paid": 80.0,
    "amount_residual": 0.0,
    "payment_status": "paid",
    "price": 1.0,
    "start": datetime(2026, 12, 1, 9, 0),
    "hold_until": datetime(2027, 1, 1),
    "collection_mode": "none",
    "capacity": 9,
    "origin": "staff",
    "accepted_terms_at": False,
}
LINKS = ("user_id", "partner_id", "payer_id", "company_id", "event_id", "category_id")


@tagged("post_install", "-at_install")
class TestMassAssignment(AccessCase):
    """Fault 43: nothing that is sent along in a call changes what is not the caller's."""

    def setUp(self):
        super().setUp()
        self.bookings = self.env["appointment.payment.booking"]
        self.everyone = (
            self.anna, self.frida, self.mara, self.sara, self.ivo, self.carla, self.public
        )
        self.staff = (self.anna, self.frida, self.mara, self.sara)

    def test_f43_staff_write_nothing_that_a_client_agreed_to_or_paid(self):
        links = {name: self.of_ben[name].id or 1 for name in LINKS}
        for user in self.staff:
            for name, value in {**FROZEN, **links}.items():
                with self.subTest(user=user.name, field=name), self.assertRaises(UserError):
                    self._as(self.of_anna, user).write({name: value})
        self.of_anna.invalidate_recordset()
        self.assertEqual((self.of_anna.state, self.of_anna.amount_total), ("pending_payment", 80))

    def test_f43_nobody_creates_or_copies_a_booking(self):
        values = {**self.of_anna.copy_data()[0], **FROZEN}
        for user in self.everyone:
            with self.subTest(user=user.name):
                with self.assertRaises(UserError):
                    self._as(self.bookings, user).create(values)
                with self.assertRaises(UserError):
                    self._as(self.of_anna, user).copy()

    def test_f43_a_form_that_names_payments_of_others_shows_nothing_of_them(self):
        paid = self._pay(self.of_ben)
        self.of_ben._refund_automatically(paid, 24.0, "surplus")
        self.assertIn("24.00", self.of_ben.refund_status)
        mine = self._as(self.of_anna, self.anna)
        for name in ("transaction_ids", "invoice_line_ids"):
            with self.subTest(field=name), self.assertRaises(AccessError):
                mine.onchange({name: [[6, 0, self.of_ben.sudo()[name].ids]]}, [name], {name: {}})
        asked = {"operation_ids": {}, "refund_status": {}}
        named = {"operation_ids": [[6, 0, self.of_ben.operation_ids.ids]]}
        shown = mine.onchange(named, ["operation_ids"], asked)["value"]
        self.assertFalse(shown.get("refund_status"))

    def test_f43_nobody_imports_a_booking(self):
        rows = [[f"{self.of_anna.id}", "attended", "0"]]
        for user in self.staff:
            with self.subTest(user=user.name), mute_logger("odoo.models"):
                bookings = self._as(self.bookings, user)
                result = bookings.load([".id", "state", "amount_total"], rows)
                self.assertFalse(result["ids"])
                self.assertTrue(result["messages"])
        with self.assertRaises(AccessError):
            self._as(self.bookings, self.ivo).load([".id", "state", "amount_total"], rows)
        self.of_anna.invalidate_recordset()
        self.assertEqual((self.of_anna.state, self.of_anna.amount_total), ("pending_payment", 80))

    def test_f43_defaults_sent_along_with_a_call_make_nothing_of_a_booking(self):
        paid = self._pay(self.of_ben)
        refund = {
            "kind": "refund",
            "transaction_id": paid.id,
            "amount": 24.0,
            "currency_id": self.eur.id,
        }
        sent_along = {
            "default_amount_paid": 80.0,
            "default_operation_ids": [(0, 0, refund)],
            "default_payment_status": "paid",
            "default_state": "attended",
            "default_transaction_ids": [(6, 0, paid.ids)],
        }
        events = self._as(self.env["calendar.event"], self.anna).with_context(**sent_along)
        event = events.create(
            {
                "name": "Carla",
                "start": datetime(2026, 11, 25, 9, 0),
                "stop": datetime(2026, 11, 25, 10, 0),
                "appointment_client_id": self.client_partner.id,
                "appointment_category_id": self.category.id,
            }
        )
        booking = event.appointment_booking_ids.sudo()
        self.assertEqual(booking.state, "confirmed")
        self.assertEqual((booking.amount_paid, booking.payment_status), (0.0, "not_required"))
        self.assertFalse(booking.transaction_ids or booking.operation_ids)
        self.assertEqual(paid.appointment_booking_id, self.of_ben)

    def test_f43_commands_on_taken_time_are_no_side_door(self):
        commands = [(1, self.of_ben.occupancy_ids.id, {"start": datetime(2026, 12, 1)})]
        for user in self.staff:
            with self.subTest(user=user.name), self.assertRaises(UserError):
                self._as(self.of_ben, user).write({"occupancy_ids": commands})

    def test_f43_taken_time_is_made_and_freed_by_the_system_alone(self):
        row = self.of_anna.occupancy_ids
        values = {
            "booking_id": self.of_anna.id,
            "resource_id": row.resource_id.id,
            "start": datetime(2026, 12, 1, 9, 0),
            "stop": datetime(2026, 12, 1, 10, 0),
        }
        for user in self.everyone:
            rows = self._as(row, user)
            with self.subTest(user=user.name):
                for attempt in (
                    lambda r=rows: r.create(values),
                    lambda r=rows: r.write({"seat": 2}),
                    lambda r=rows: r.copy(),
                    lambda r=rows: r.unlink(),
                ):
                    with self.assertRaises(AccessError):
                        attempt()

    def test_f43_only_managers_set_a_practitioner_s_price(self):
        line = self.category.practitioner_price_ids.create(
            {"category_id": self.category.id, "user_id": self.ben.id, "price": 60.0}
        )
        values = {"category_id": self.category.id, "user_id": self.anna.id, "price": 1.0}
        for user in (self.anna, self.ben, self.frida, self.ivo, self.carla, self.public):
            lines = self._as(line, user)
            with self.subTest(user=user.name):
                for attempt in (
                    lambda r=lines: r.create(values),
                    lambda r=lines: r.write({"price": 1.0}),
                    lambda r=lines: r.unlink(),
                    lambda u=user: self._as(self.category, u).write(
                        {"practitioner_price_ids": [(1, line.id, {"price": 1.0})]}
                    ),
                ):
                    with self.assertRaises(AccessError):
                        attempt()
        self._as(line, self.mara).price = 65.0
        self.assertEqual(line.price, 65.0)

    def test_f43_a_manager_changes_no_price_of_another_company(self):
        elsewhere = self.of_olga.category_id
        line = elsewhere.practitioner_price_ids.create(
            {"category_id": elsewhere.id, "user_id": self.olga.id, "price": 60.0}
        )
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_rule"):
            self._as(line, self.mara).price = 1.0
        self.assertFalse(self._as(line.browse(), self.mara).search([("id", "=", line.id)]))
        line.unlink()
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_rule"):
            self._as(line.browse(), self.mara).create(
                {"category_id": elsewhere.id, "user_id": self.olga.id, "price": 1.0}
            )
