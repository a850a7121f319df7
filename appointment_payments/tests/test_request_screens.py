"""What staff read of requests on their screens, and what the buttons do."""

from lxml import etree

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .request_common import START, RequestCase
from .test_access import AccessCase


@tagged("post_install", "-at_install")
class TestRequestScreens(RequestCase, AccessCase):
    def _open_dialogue(self, booking, user):
        wizards = self.env["appointment.payment.decline"].with_user(user)
        wizards = wizards.with_context(
            active_model=booking._name, active_ids=booking.ids,
            allowed_company_ids=user.company_ids.ids,
        )  # fmt: skip
        return wizards.create({"client_message": "Sorry"})

    def _decline(self, booking, user):
        return self._open_dialogue(booking, user).action_decline()

    def test_the_dialogue_declines_for_whom_the_button_does(self):
        hour = 9
        for user in (self.anna, self.frida, self.mara):
            booking = self._ask(start=START.replace(hour=hour))
            hour += 1
            self._decline(booking, user)
            self.assertEqual((booking.state, booking.decline_message), ("declined", "Sorry"))
            self.assertEqual(booking.answered_by_id, user)

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_access")
    def test_the_dialogue_declines_for_nobody_else(self):
        booking = self._ask()
        for user in (self.ben, self.olga, self.odin, self.carla, self.cody, self.public):
            with self.subTest(user=user.name), self.assertRaises(AccessError):
                self._decline(booking, user)
        self.assertEqual(booking.state, "requested")

    def test_several_are_declined_at_once_and_counted(self):
        first, second = self._ask(), self._ask(start=START.replace(hour=12))
        second._set_declined()
        report = self._decline(first | second, self.anna)
        self.assertIn("1 of 2", report["params"]["message"])
        self.assertEqual(first.state, "declined")

    def test_of_those_chosen_only_ones_own_are_declined(self):
        self.manual.any_practitioner_accepts = True
        mine, other = self._ask(), self._ask(user=self.ben)
        mine |= self._ask(start=START.replace(hour=12))
        wizard = self._open_dialogue(mine | other, self.anna)
        self.assertEqual(wizard.booking_ids, mine)
        self.assertRegex(wizard.summary, "2 times become free. 160.00.* are let go, not taken.")
        self.assertIn("1 of those you chose", wizard.left_out)
        wizard.action_decline()
        self.assertEqual((*mine.mapped("state"), other.state), ("declined",) * 2 + ("requested",))
        wizard = self._open_dialogue(other, self.ben)
        self.assertRegex(wizard.summary, "The time becomes free. 80.00.* are let go, not taken.")
        self.assertFalse(wizard.left_out)

    def test_the_dialogue_says_what_becomes_of_money_that_was_taken(self):
        held, charged = self._ask(), self._ask("charge", start=START.replace(hour=12))
        wizard = self._open_dialogue(held | charged, self.anna)
        self.assertRegex(
            wizard.summary, "80.00.* are let go, not taken. 80.00.* are paid back in full."
        )
        wizard.booking_ids = charged
        self.assertRegex(wizard.summary, "The time becomes free. 80.00.* are paid back in full.")

    def test_money_in_and_out_are_kept_apart(self):
        booking = self._ask("charge")
        self.assertEqual((booking.amount_received, booking.amount_refunded), (80.0, 0.0))
        booking.action_decline()
        self._send_operations(booking)
        self.assertEqual((booking.amount_received, booking.amount_refunded), (80.0, 80.0))
        self.assertEqual(booking.amount_paid, 0.0)

    def test_the_status_bar_shows_pending_for_requests_only(self):
        arch = etree.fromstring(self.bookings.get_view(view_type="form")["arch"])
        bars = {
            bar.get("invisible"): bar.get("statusbar_visible").split(",")
            for bar in arch.findall(".//header/field[@widget='statusbar']")
        }
        request = bars.pop("confirmation_mode != 'manual'")
        booking = bars.pop("confirmation_mode == 'manual'")
        self.assertFalse(bars)
        self.assertEqual([state for state in request if state not in booking], ["requested"])

    def test_the_link_for_clients_is_there_to_copy(self):
        url = self.manual.requests_url
        self.assertEqual(url, self.company.appointment_requests_url)
        self.assertTrue(url.endswith(f"/booking/about/requests?company={self.company.id}"))

    def test_buttons_name_the_money_and_are_for_those_who_may(self):
        self.manual.any_practitioner_accepts = True
        booking = self._ask()
        self.assertIn("80.00", booking.accept_label)
        self.assertIn("Accept and take", booking.accept_label)
        self.assertEqual(booking.time_left, "2 d 0 h")
        seen = {
            user.name: (self._as(booking, user).may_accept, self._as(booking, user).may_decline)
            for user in (self.anna, self.ben, self.frida)
        }
        self.assertEqual(
            seen,
            {"Anna Berg": (True, True), "Ben Roy": (True, False), self.frida.name: (True, True)},
        )
        self.assertIn("paid", self._ask("charge", start=START.replace(hour=12)).accept_label)

    def test_the_badge_counts_what_one_can_answer(self):
        self._ask()
        self._ask(user=self.ben)
        counts = {
            user: self._as(self.bookings, user).get_to_answer_count()
            for user in (self.anna, self.ben, self.frida, self.olga, self.carla)
        }
        self.assertEqual(list(counts.values()), [1, 1, 2, 0, 0])

    def test_the_calendar_shows_pending_and_answers(self):
        booking = self._ask()
        event = self._as(booking.event_id, self.anna)
        self.assertEqual(event.appointment_state, "requested")
        self.assertIn("Accept and take", event.appointment_request_label)
        [details] = event.get_appointment_details()
        self.assertEqual((details["state"], details["decline"]), ("Pending", True))
        self.assertIn("80.00", details["accept"])
        context = event.action_decline_requests()["context"]
        self.assertEqual(context["default_booking_ids"], booking.ids)
        event.action_accept_requests()
        self._send_operations(booking)
        self.assertEqual(booking.state, "confirmed")
        self.assertFalse(event.appointment_request_label)
