from ast import literal_eval
from datetime import datetime, timedelta

from freezegun import freeze_time
from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import Form, HttpCase, JsonRpcException, tagged
from odoo.tools import mute_logger

from .common import NOW, PracticeCase, PracticeMixin

MODULE = "appointment_payments"
BOOKINGS = "menu_appointment_payment_booking"
REQUESTS = {"menu_booking_requests", "menu_requests_to_answer", "menu_requests_history"}
CATEGORIES = "menu_calendar_event_type"
HOURS = "menu_practitioner_resources"
SETTINGS = "menu_calendar_payment_settings"
INVOICING = "menu_account_payment_settings"
OPERATIONS = "menu_calendar_payment_operation"
INVOICING_OPERATIONS = "menu_account_payment_operation"
EVENTS = "menu_calendar_stripe_event"
INVOICING_EVENTS = "menu_account_stripe_event"

MENUS = {
    "ivo_test": set(),
    "anna_test": REQUESTS | {BOOKINGS},
    "frida_test": REQUESTS | {BOOKINGS},
    "mara_test": REQUESTS | {BOOKINGS, CATEGORIES, HOURS, OPERATIONS, EVENTS},
    "sara_test": {
        *REQUESTS,
        *(BOOKINGS, CATEGORIES, HOURS, OPERATIONS, EVENTS),
        *(SETTINGS, INVOICING, INVOICING_OPERATIONS, INVOICING_EVENTS),
    },
}


def read_filter(env, name):
    """Return the domain of a filter of the bookings' search view."""
    view = env.ref(f"{MODULE}.appointment_payment_booking_view_search")
    node = etree.fromstring(view.arch).find(f".//filter[@name='{name}']")
    return literal_eval(node.get("domain"))


def create_personas(case):
    """Make one user of each kind beside the practice's practitioners."""
    case.ivo = case._create_user("Ivo Internal")
    case.frida = case._create_user("Frida Desk", "group_front_desk")
    case.mara = case._create_user("Mara Manager", "group_manager")
    case.sara = case._create_user("Sara System", "group_manager")
    case.sara.group_ids = [
        Command.link(case.env.ref("base.group_system").id),
        Command.link(case.env.ref("account.group_account_manager").id),
    ]


@tagged("post_install", "-at_install")
class TestStaffMenus(PracticeMixin, HttpCase):
    """Every menu opens for whom it is there, over HTTP as the web client does it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_practice()
        create_personas(cls)
        cls.category.payment_mode = "none"
        start = fields.Datetime.now().replace(minute=0, second=0) + timedelta(days=2)
        cls.of_anna = cls._book(cls, user=cls.anna, start=start)
        cls.of_ben = cls._book(cls, user=cls.ben, start=start)
        cls._make_requests(start)
        payment = cls._create_transaction(cls, cls.of_anna, 24.0)
        cls.of_anna._refund_automatically(payment, 24.0, "late")
        cls.env["appointment.payment.stripe.event"].create(
            {
                "event_ref": "evt_of_the_menu",
                "type": "charge.refunded",
                "received_at": fields.Datetime.now(),
                "state": "processed",
                "provider_id": cls.provider.id,
                "company_id": cls.company.id,
                "transaction_id": payment.id,
            }
        )
        cls.env.flush_all()

    @classmethod
    def _make_requests(cls, start):
        """Make a request that waits for an answer, and one that was declined."""
        manual = cls._create_category(
            "Assessment", confirmation_mode="manual", payment_mode="none"
        )
        for hours in (2, 4):
            request = cls._book(cls, manual, cls.anna, start + timedelta(hours=hours))
        request._set_declined()

    def _call(self, model, method, *args, **kwargs):
        return self.make_jsonrpc_request(
            f"/web/dataset/call_kw/{model}/{method}",
            {"model": model, "method": method, "args": args, "kwargs": kwargs},
        )

    def _assert_denied(self, model, method, *args, **kwargs):
        with (
            self.assertRaisesRegex(JsonRpcException, "AccessError"),
            mute_logger("odoo.http", "odoo.addons.base.models.ir_access"),
        ):
            self._call(model, method, *args, **kwargs)

    def _get_menus(self):
        """The menus of the addon that the user sees, by their name in the data files."""
        menus = self.url_open("/web/webclient/load_menus").json()
        return {
            menu["xmlid"].removeprefix(f"{MODULE}."): menu
            for menu in menus.values()
            if (menu.get("xmlid") or "").startswith(f"{MODULE}.")
        }

    def _open_menu(self, menu):
        """Open a menu with every view of its action, and the first record in the form."""
        action = self.make_jsonrpc_request("/web/action/load", {"action_id": menu["actionID"]})
        model = action["res_model"]
        views = self._call(model, "get_views", views=action["views"], options={})["views"]
        if "list" not in views:
            values = self._call(model, "onchange", [], {}, [], self._get_fields(views["form"]))
            return [values["value"]]
        domain = literal_eval(action["domain"] or "[]")
        for kind in {"pivot", "graph"} & views.keys():
            node = etree.fromstring(views[kind]["arch"])[0]
            grouped = ":".join(filter(None, (node.get("name"), node.get("interval"))))
            self._call(
                model, "formatted_read_group", domain=domain, groupby=[grouped],
                aggregates=["__count"],
            )
        for kind in {"kanban", "calendar"} & views.keys():
            self._call(
                model, "web_search_read", domain=domain,
                specification=self._get_fields(views[kind]),
            )
        records = self._call(
            model, "web_search_read", domain=domain, specification=self._get_fields(views["list"])
        )["records"]
        if records:
            ids = [records[0]["id"]]
            self._call(model, "web_read", ids, specification=self._get_fields(views["form"]))
        return records

    def _get_fields(self, view):
        arch = etree.fromstring(view["arch"])
        return {
            node.get("name"): {}
            for node in arch.iter("field")
            if not any(parent.tag == "field" for parent in node.iterancestors())
        }

    def test_each_persona_opens_its_menus_and_no_others(self):
        for login, expected in MENUS.items():
            with self.subTest(login=login):
                self.authenticate(login, login)
                menus = self._get_menus()
                self.assertEqual(set(menus), expected)
                for menu in filter(lambda m: m["actionID"], menus.values()):
                    self.assertTrue(self._open_menu(menu), menu["name"])

    def test_a_practitioner_sees_own_bookings_only_and_front_desk_all(self):
        both = self.of_anna | self.of_ben
        for login, seen in (("anna_test", self.of_anna), ("frida_test", both)):
            with self.subTest(login=login):
                self.authenticate(login, login)
                found = self._open_menu(self._get_menus()[BOOKINGS])
                ids = {record["id"] for record in found}
                self.assertEqual(ids & set(both.ids), set(seen.ids))
        self.authenticate("anna_test", "anna_test")
        self._assert_denied(
            self.of_ben._name, "web_read", self.of_ben.ids, specification={"state": {}}
        )

    def test_the_booking_opens_by_the_path_that_mails_use(self):
        self.authenticate("anna_test", "anna_test")
        action = self.make_jsonrpc_request(
            "/web/action/load", {"action_id": "appointment-bookings"}
        )
        self.assertEqual(action["res_model"], self.of_anna._name)

    def test_what_is_denied(self):
        bookings = self.of_anna._name
        self.authenticate("ivo_test", "ivo_test")
        self._assert_denied(bookings, "web_search_read", domain=[], specification={"state": {}})
        self.authenticate("frida_test", "frida_test")
        self._assert_denied(bookings, "web_save", [], {"partner_id": 1}, specification={})
        self._assert_denied(
            "calendar.event.type", "web_save", self.category.ids, {"price": 1.0}, specification={}
        )
        self._assert_denied("res.config.settings", "web_save", [], {}, specification={})
        resource = self.anna._get_practitioner_resources(self.company)
        self._assert_denied(
            "resource.resource", "web_save", resource.ids, {"tz": "UTC"}, specification={}
        )
        self.authenticate("mara_test", "mara_test")
        self._assert_denied("res.config.settings", "web_save", [], {}, specification={})

    def test_accounting_stays_with_those_who_have_its_rights(self):
        self.authenticate("anna_test", "anna_test")
        views = self._call(self.of_anna._name, "get_views", views=[(False, "form")])["views"]
        self.assertNotIn("action_open_invoices", views["form"]["arch"])
        self.authenticate("sara_test", "sara_test")
        views = self._call(self.of_anna._name, "get_views", views=[(False, "form")])["views"]
        self.assertIn("action_open_invoices", views["form"]["arch"])


@tagged("post_install", "-at_install")
class TestStaffScreens(PracticeCase):
    """What the screens say and what their buttons do."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        create_personas(cls)

    def _summary(self, **values):
        self.category.write(values)
        self.category.invalidate_recordset()
        return self.category.payment_summary

    def test_the_category_says_what_clients_are_asked(self):
        later = self._summary(payment_mode="deposit")
        self.assertIn("24.00", later)
        self.assertIn("56.00", later)
        self.assertIn("80.00", self._summary(payment_mode="full"))
        self.assertEqual(self._summary(payment_mode="none"), "Nothing at booking.")
        self.company.appointment_min_prepayment = 100.0
        self.assertIn("less than", self._summary(payment_mode="full"))
        self.company.appointment_prepayment = False
        self.assertIn("switched off", self._summary())

    def test_the_default_shows_what_the_practice_does(self):
        self.company.appointment_payment_mode = "deposit"
        self._summary(payment_mode="default")
        self.assertEqual(self.category.practice_payment, "A deposit at booking")
        self.assertTrue(self.category.asks_deposit)
        self.company.appointment_payment_mode = "full"
        self._summary()
        self.assertEqual(self.category.practice_payment, "In full at booking")
        self.assertFalse(self.category.asks_deposit)

    def test_a_manager_makes_a_category_that_clients_can_book(self):
        view = f"{MODULE}.calendar_event_type_view_form"
        form = Form(self.env["calendar.event.type"].with_user(self.mara), view)
        form.name = "Follow-up"
        form.bookable = True
        form.price = 40.0
        form.product_id = self.product
        form.user_ids.add(self.anna)
        self.assertFalse(form.missing_html, "what is not saved yet is no problem yet")
        category = form.save()
        self.assertTrue(category.is_ready, category.missing_html)
        self.assertEqual(category.slug, "follow-up")
        page = category.action_open_public_page()["url"]
        self.assertEqual(page, f"{category.get_base_url()}/booking/follow-up")

    def test_what_is_missing_is_listed_with_a_link_for_who_can_set_it_up(self):
        self.provider.is_published = False
        self.anna._get_practitioner_resources(self.company).calendar_id = False
        link = 'href="/odoo/action-payment.action_payment_provider"'
        for user, has_link in ((self.mara, False), (self.sara, True)):
            with self.subTest(user=user.name):
                self.category.invalidate_recordset()
                missing = self.category.with_user(user).missing_html
                self.assertIn("Enable and publish a payment provider", missing)
                self.assertIn("action-appointment_payments.action_practitioner_resources", missing)
                self.assertEqual(link in missing, has_link)
                self.assertEqual("An administrator can do that." in missing, not has_link)
        self.assertFalse(self.category.is_ready)

    def test_names_in_what_is_missing_are_escaped(self):
        self.anna._get_practitioner_resources(self.company).calendar_id = False
        self.anna.name = "<b>Anna</b>"
        self.category.invalidate_recordset()
        self.assertIn("&lt;b&gt;Anna&lt;/b&gt;", self.category.missing_html)
        self.assertNotIn("<b>Anna", self.category.missing_html)

    def test_tags_are_still_edited_in_the_stock_list(self):
        tags = self.env["calendar.event.type"].with_user(self.sara)
        form = Form(tags, "calendar.view_calendar_event_type_tree")
        form.name = "Private"
        self.assertFalse(form.save().bookable)
        action = self.env.ref("calendar.action_calendar_event_type")
        self.assertEqual(action.view_id, self.env.ref("calendar.view_calendar_event_type_tree"))

    def test_the_event_leads_to_the_booking_for_who_may_open_it(self):
        booking = self._book(self._create_category("Free", payment_mode="none"))
        event = booking.event_id
        own = event.with_user(self.anna)
        self.assertEqual(own.appointment_booking_count, 1)
        self.assertEqual(own.action_open_appointment_bookings()["res_id"], booking.id)
        self.assertEqual(own.appointment_status, "Confirmed · Nothing asked")
        for user in (self.ben, self.ivo):
            self.assertFalse(event.with_user(user).appointment_booking_count)
        self.assertEqual(booking.with_user(self.anna).action_open_event()["res_id"], event.id)

    def test_invoice_and_client_lead_to_the_booking_and_back(self):
        booking = self._book()
        self._pay(booking)
        invoice = booking.invoice_ids
        self.assertEqual(booking.action_open_invoices()["res_id"], invoice.id)
        self.assertEqual(
            invoice.action_open_appointment_bookings()["domain"], [("id", "in", booking.ids)]
        )
        for user, count in ((self.anna, 1), (self.ben, 0), (self.frida, 1)):
            client = self.client_partner.with_user(user)
            self.assertEqual(client.appointment_booking_count, count, user.name)
        action = client.action_open_appointment_bookings()
        self.assertEqual(self.env[booking._name].search(action["domain"]), booking)
        with self.assertRaises(AccessError):
            self.client_partner.with_user(self.ivo).read(["appointment_booking_count"])

    def test_the_preview_opens_the_clients_page(self):
        booking = self._book().with_user(self.anna)
        url = booking.action_preview()["url"]
        self.assertTrue(url.startswith(f"/my/appointment-bookings/{booking.id}?access_token="), url)

    def test_staff_are_asked_who_came_from_the_day_on(self):
        booking = self._book(start=datetime(2026, 11, 24, 22, 30), tz="Europe/Paris")
        with freeze_time(NOW + timedelta(days=1, hours=15)):  # 24 November, 23:00 in Paris
            booking.invalidate_recordset()
            self.assertTrue(booking.day_has_come)
        booking = self._book(start=datetime(2026, 11, 25, 23, 30), tz="Europe/Paris")
        with freeze_time(NOW + timedelta(days=2, hours=15)):  # 25 November, it starts on the 26th
            booking.invalidate_recordset()
            self.assertFalse(booking.day_has_come)

    def test_upcoming_is_what_has_not_ended(self):
        booking = self._book(self._create_category("Free", payment_mode="none"))
        bookings = self.env[booking._name]
        domain = read_filter(self.env, "upcoming")
        with freeze_time(booking.stop - timedelta(minutes=1)):
            self.assertIn(booking, bookings.search(domain))
        with freeze_time(booking.stop + timedelta(minutes=1)):
            self.assertNotIn(booking, bookings.search(domain))
        for name in ("to_pay", "pending_payment", "confirmed", "to_do"):
            bookings.search(read_filter(self.env, name))

    def test_the_weekly_hours_are_said_in_words(self):
        resource = self.anna._get_practitioner_resources(self.company)
        monday = resource.with_user(self.mara).appointment_hours.splitlines()[0]
        self.assertTrue(monday.startswith("Monday: "), monday)
        self.assertEqual(monday.count("–"), 2, "the lunch break is no working time")

    def test_own_hours_leave_the_colleagues_hours_alone(self):
        resource = self.anna._get_practitioner_resources(self.company).with_user(self.mara)
        shared = resource.calendar_id
        self.assertGreaterEqual(resource.appointment_colleague_count, 1)
        action = resource.action_make_own_hours()
        self.assertNotEqual(resource.calendar_id, shared)
        self.assertEqual(action["res_id"], resource.calendar_id.id)
        self.assertIn("Anna Berg", resource.calendar_id.name)
        self.assertEqual(len(resource.calendar_id.attendance_ids), len(shared.attendance_ids))
        resource.calendar_id.attendance_ids.unlink()
        self.assertFalse(self._starts(user=self.anna))
        self.assertTrue(self._starts(user=self.ben))

    def test_time_off_that_a_manager_enters_cannot_be_booked(self):
        self.assertTrue(self._starts(user=self.anna))
        resource = self.anna._get_practitioner_resources(self.company).with_user(self.mara)
        action = resource.action_open_appointment_time_off()
        leaves = self.env["resource.calendar.leaves"].with_user(self.mara)
        with Form(
            leaves.with_context(**action["context"]), f"{MODULE}.resource_calendar_leaves_view_list"
        ) as form:
            form.date_from = NOW - timedelta(hours=7)
            form.date_to = NOW + timedelta(hours=15)
        self.assertEqual(form.record.resource_id, resource)
        self.assertFalse(self._starts(user=self.anna))
        self.assertTrue(self._starts(user=self.ben))

    def test_settings_are_saved_on_the_company(self):
        settings = Form(self.env["res.config.settings"].with_user(self.sara))
        settings.appointment_prepayment = True
        settings.appointment_payment_mode = "full"
        settings.appointment_min_prepayment = 15.0
        settings.appointment_checkout_minutes = 30
        settings.appointment_collection_mode = "automatic"
        settings.appointment_min_notice_hours = 4
        settings.appointment_horizon_days = 90
        settings.save().execute()
        self.assertEqual(self.company.appointment_collection_mode, "automatic")
        self.assertEqual(self.company.appointment_min_notice_hours, 4)
        self.assertEqual(self.company.appointment_horizon_days, 90)
        self.assertEqual(self.company.appointment_payment_mode, "full")
        self.assertEqual(self.company.appointment_min_prepayment, 15.0)
        self.assertEqual(self.company.appointment_checkout_minutes, 30)
