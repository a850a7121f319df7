from odoo.fields import Command
from odoo.tests import tagged

from .common import TZ, PracticeCase


@tagged("post_install", "-at_install")
class TestPractitionerResource(PracticeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.group = cls.env.ref("appointment_payments.group_practitioner")
        cls.nora = cls._create_user("Nora New")

    def _work_in_second_company(self, user):
        second = self.env["res.company"].create({"name": "Practice Oak"})
        self.env.user.company_ids = [Command.link(second.id)]
        user.company_ids = [Command.link(second.id)]
        return second

    def test_a_user_made_as_practitioner_has_working_hours(self):
        resource = self.anna._get_practitioner_resources()
        self.assertEqual(len(resource), 1)
        self.assertEqual((resource.name, resource.user_id), ("Anna Berg", self.anna))
        self.assertEqual((resource.company_id, resource.tz), (self.company, TZ))
        self.assertEqual(resource.calendar_id, self.company.resource_calendar_id)
        self.assertEqual(resource.resource_type, "user")

    def test_a_user_who_becomes_practitioner_gets_them(self):
        self.assertFalse(self.nora._get_practitioner_resources())
        self.nora.group_ids = [Command.link(self.group.id)]
        self.assertEqual(self.nora._get_practitioner_resources().company_id, self.company)

    def test_other_users_get_none(self):
        self.nora.group_ids = [Command.link(self.env.ref("base.group_partner_manager").id)]
        desk = self._create_user("Fred Front", "group_front_desk")
        self.assertFalse((self.nora | desk)._get_practitioner_resources())

    def test_the_practitioners_of_a_bookable_category_get_them(self):
        self.category.user_ids = [Command.link(self.nora.id)]
        self.assertEqual(len(self.nora._get_practitioner_resources()), 1)

    def test_those_of_a_category_that_is_not_bookable_get_them_once_it_is(self):
        category = self._create_category(
            "Internal", bookable=False, user_ids=[Command.set(self.nora.ids)]
        )
        self.assertFalse(self.nora._get_practitioner_resources())
        category.bookable = True
        self.assertEqual(len(self.nora._get_practitioner_resources()), 1)

    def test_nobody_gets_them_twice(self):
        for _again in range(2):
            self.anna.group_ids = [Command.unlink(self.group.id)]
            self.anna.group_ids = [Command.link(self.group.id)]
            self.category.user_ids = [Command.clear()]
            self.category.user_ids = [Command.set((self.anna | self.ben).ids)]
        self.assertFalse(self.anna._ensure_practitioner_resource(self.company))
        self.assertEqual(len(self.anna._get_practitioner_resources()), 1)

    def test_each_company_has_its_own(self):
        second = self._work_in_second_company(self.anna)
        self._create_category(
            "Elsewhere",
            company_id=second.id,
            product_id=False,
            payment_mode="none",
            user_ids=[Command.set(self.anna.ids)],
        )
        resources = self.anna._get_practitioner_resources()
        self.assertEqual(resources.company_id, self.company | second)
        of_second = self.anna._get_practitioner_resources(second)
        self.assertEqual(of_second.calendar_id, second.resource_calendar_id)

    def test_a_shared_category_makes_those_of_each_practitioners_company(self):
        second = self._work_in_second_company(self.nora)
        self.nora.company_id = second
        self.category.write({"company_id": False, "product_id": False})
        self.category.user_ids = [Command.link(self.nora.id)]
        self.assertEqual(self.nora._get_practitioner_resources().company_id, second)
        self.assertEqual(self.anna._get_practitioner_resources().company_id, self.company)

    def test_a_category_that_moves_to_another_company_makes_them_there(self):
        second = self._work_in_second_company(self.anna)
        category = self._create_category(
            "Moving", product_id=False, user_ids=[Command.set(self.anna.ids)]
        )
        category.company_id = second
        self.assertEqual(len(self.anna._get_practitioner_resources(second)), 1)

    def test_a_manager_without_rights_on_users_can_appoint_practitioners(self):
        manager = self._create_user("Mona Manager", "group_manager")
        self.category.with_user(manager).user_ids = [Command.link(self.nora.id)]
        self.assertEqual(len(self.nora._get_practitioner_resources()), 1)

    def test_a_resource_without_weekly_hours_offers_no_times(self):
        self.assertTrue(self._starts())
        self.anna._get_practitioner_resources().calendar_id = False
        self.assertEqual(self._starts(), [])
        self.assertTrue(self._starts(user=self.ben))
        setup = self.category._get_setup()
        (missing,) = self.category._get_without_hours(self.company, setup)
        self.assertEqual(missing["text"], "Set the working hours of Anna Berg.")

    def test_without_any_resource_no_times_are_offered(self):
        self.assertEqual(self._starts(user=self.nora), [])
