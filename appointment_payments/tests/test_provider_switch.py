from datetime import timedelta

from freezegun import freeze_time

from odoo.tests import tagged

from .common import NOW, PracticeCase


@tagged("post_install", "-at_install")
class TestProviderSwitch(PracticeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.oak = cls._create_company("Practice Oak", cls.eur)
        cls.first = cls.provider.copy({"company_id": cls.oak.id})
        cls.second = cls.provider.copy({"company_id": cls.oak.id})

    def _assert_switch(self, company, is_on, since):
        company.invalidate_recordset()
        self.assertEqual(
            (company.appointment_prepayment, company.appointment_payments_since), (is_on, since)
        )

    def test_before_a_provider_is_enabled_nobody_is_asked(self):
        self.assertEqual((self.first | self.second).mapped("state"), ["disabled", "disabled"])
        self._assert_switch(self.oak, False, False)

    def test_the_first_enabled_provider_switches_prepayment_on(self):
        self.first.state = "test"
        self._assert_switch(self.oak, True, NOW)

    def test_one_that_is_enabled_for_real_money_does_too(self):
        real = self.env["payment.provider"].create({"name": "Real", "company_id": self.oak.id})
        self._assert_switch(self.oak, False, False)
        real.state = "enabled"
        self._assert_switch(self.oak, True, NOW)

    def test_a_provider_that_is_made_enabled_switches_it_on_too(self):
        self.env["payment.provider"].create(
            {"name": "Third", "code": "demo", "company_id": self.oak.id, "state": "test"}
        )
        self._assert_switch(self.oak, True, NOW)

    def test_other_changes_of_a_provider_switch_nothing(self):
        self.first.write({"name": "Cards", "is_published": True})
        self.first.state = "disabled"
        self._assert_switch(self.oak, False, False)

    def test_other_companies_keep_what_they_have(self):
        elm = self.env["res.company"].create({"name": "Practice Elm"})
        with freeze_time(NOW + timedelta(days=1)):
            self.first.state = "test"
        self._assert_switch(elm, False, False)
        self._assert_switch(self.company, True, NOW)

    def test_who_switched_it_off_keeps_it_off(self):
        self.first.state = "test"
        self.oak.appointment_prepayment = False
        with freeze_time(NOW + timedelta(days=1)):
            self.second.state = "test"
            self.first.state = "disabled"
            self.first.state = "test"
        self._assert_switch(self.oak, False, NOW)

    def test_the_first_moment_stays_whatever_is_switched_later(self):
        self.first.state = "test"
        for days in (1, 2):
            with freeze_time(NOW + timedelta(days=days)):
                self.oak.appointment_prepayment = False
                self.oak.appointment_prepayment = True
                self.second.state = "test"
        self._assert_switch(self.oak, True, NOW)

    def test_a_practice_that_switches_it_on_by_hand_stamps_the_moment(self):
        self.oak.appointment_prepayment = True
        self._assert_switch(self.oak, True, NOW)

    def test_a_company_that_is_made_with_it_on_stamps_the_moment(self):
        elm = self.env["res.company"].create(
            {"name": "Practice Elm", "appointment_prepayment": True}
        )
        self._assert_switch(elm, True, NOW)

    def test_disabling_the_last_provider_does_not_make_appointments_free(self):
        self.provider.state = "disabled"
        self._assert_switch(self.company, True, NOW)
        self.assertEqual(self.category._resolve_terms(self.company)["amount_due_now"], 24.0)
        self.assertIn(
            "Enable and publish a payment provider",
            self.category._get_missing(self.company)[0]["text"],
        )

    def test_who_enables_a_provider_needs_no_right_on_the_company(self):
        user = self._create_user("Sara Stone", company=self.oak)
        self.assertFalse(self.oak.with_user(user).has_access("write"))
        self.env["ir.model.access"].create(
            {
                "name": "staff may set up providers",
                "model_id": self.env["ir.model"]._get_id("payment.provider"),
                "group_id": self.env.ref("base.group_user").id,
                "perm_read": True,
                "perm_write": True,
            }
        )
        provider = self.first.with_user(user).with_context(allowed_company_ids=self.oak.ids)
        provider._switch_appointment_prepayment_on()
        self._assert_switch(self.oak, False, False)  # it is not enabled
        self.first.state = "test"
        self.oak.write({"appointment_prepayment": False, "appointment_payments_since": False})
        provider._switch_appointment_prepayment_on()
        self._assert_switch(self.oak, True, NOW)
