"""Who may answer a request: each persona, allowed and denied."""

from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import NOW
from .request_common import START, RequestCase
from .test_access import AccessCase

ANSWERS = ("action_accept", "action_decline", "action_cancel")


@tagged("post_install", "-at_install")
class TestRequestAccess(RequestCase, AccessCase):
    def _personas(self):
        """Who may answer Anna's request, and who may not."""
        allowed = [self.anna, self.frida, self.mara]
        denied = [self.ben, self.olga, self.odin, self.carla, self.cody, self.public]
        return allowed, denied

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_access")
    def test_the_practitioner_the_front_desk_and_managers_answer_and_nobody_else(self):
        allowed, denied = self._personas()
        ends = {"action_accept": "confirmed", "action_decline": "declined",
                "action_cancel": "cancelled"}  # fmt: skip
        hour = START
        for answer in ANSWERS:
            for user in denied:
                hour += timedelta(hours=1)
                booking = self._ask("charge", start=hour)
                with self.subTest(answer=answer, user=user.name), self.assertRaises(AccessError):
                    getattr(self._as(booking, user), answer)()
                self.assertEqual(booking.state, "requested")
                self.assertFalse(booking.answered_at or booking.operation_ids)
            for user in allowed:
                hour += timedelta(hours=1)
                booking = self._ask("charge", start=hour)
                with self.subTest(answer=answer, user=user.name):
                    getattr(self._as(booking, user), answer)()
                    self.assertEqual(booking.state, ends[answer])
                    self.assertEqual(booking.user_id, self.anna)

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_what_only_the_system_calls_is_out_of_reach(self):
        from odoo.service.model import get_public_method

        for name in ("_accept", "_decline", "_cancel_request", "_set_confirmed", "_set_declined"):
            with self.assertRaises(AccessError):
                get_public_method(self.bookings, name)

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_a_client_reads_neither_the_practitioners_mail_nor_notes(self):
        booking = self._ask()
        booking.message_post(body="Between us.")
        domain = [("model", "=", booking._name), ("res_id", "=", booking.id)]
        written = self.env["mail.message"].search(domain)
        self.assertIn("asks for an appointment", "".join(written.mapped("body")))
        for message in written:
            with self.assertRaises(AccessError):
                self._as(message, self.carla).read(["body"])
        self.assertFalse(self._as(written.browse(), self.carla).search(domain))
        told = booking.message_post(body="See you then.", subtype_xmlid="mail.mt_comment")
        self.assertIn("See you then.", self._as(told, self.carla).read(["body"])[0]["body"])

    def test_who_reads_a_requests_history_finds_no_link_to_answer_it_in_anothers_name(self):
        for happening in ("received", "warning"):
            with self.subTest(happening=happening):
                booking = self._ask()
                if happening == "warning":
                    booking._send_request_mails("warning")
                domain = [("model", "=", booking._name), ("res_id", "=", booking.id)]
                mail = self.env["mail.mail"].search(
                    [*domain, ("recipient_ids", "in", self.anna.partner_id.ids)], limit=1
                )
                self.assertEqual(mail.body_html.count("/booking/answer/"), 2)
                written = self._as(self.env["mail.message"], self.frida).search(domain)
                self.assertIn(mail.mail_message_id, written.sudo())
                bodies = "".join(written.mapped("body"))
                self.assertIn("Accept and take", bodies)
                self.assertNotIn("/booking/answer/", bodies)
                booking.sudo().action_decline()

    def test_a_client_does_not_read_why_a_payment_could_not_be_taken(self):
        with self.assertRaises(AccessError):
            self._as(self._ask(), self.carla).read(["capture_problem"])

    def test_the_answer_and_the_deadline_are_nobodys_to_write(self):
        booking = self._ask()
        for values in ({"answered_at": NOW}, {"confirm_deadline": NOW}, {"decline_message": "x"},
                       {"state": "confirmed"}):  # fmt: skip
            for user in (self.anna, self.frida, self.mara):
                with self.assertRaises(UserError):
                    self._as(booking, user).write(values)


@tagged("post_install", "-at_install")
class TestSeveralPractitioners(RequestCase, AccessCase):
    def setUp(self):
        super().setUp()
        self.manual.any_practitioner_accepts = True

    def test_a_colleague_of_the_category_sees_the_request_until_it_is_answered(self):
        booking = self._ask()
        of_ben = self._as(self.bookings, self.ben)
        self.assertIn(booking.id, of_ben.search([]).ids)
        booking.action_decline()
        self.assertNotIn(booking.id, of_ben.search([]).ids)
        other = self._ask(start=START + timedelta(hours=2))
        self.manual.any_practitioner_accepts = False
        self.assertNotIn(other.id, of_ben.search([]).ids)
        self.manual.any_practitioner_accepts = True
        self.manual.user_ids = [Command.unlink(self.ben.id)]
        self.assertNotIn(other.id, of_ben.search([]).ids)

    def test_the_colleague_who_accepts_first_gets_it_with_its_time_and_event(self):
        booking = self._ask()
        event = booking.event_id
        self._as(booking, self.ben).action_accept()
        self._send_operations(booking)
        self.assertEqual((booking.state, booking.user_id), ("confirmed", self.ben))
        self.assertEqual(booking.answered_by_id, self.ben)
        self.assertEqual(booking.occupancy_ids.resource_id.user_id, self.ben)
        self.assertEqual(booking.event_id.user_id, self.ben)
        self.assertFalse(event.active)
        self.assertIn(self.ben.partner_id, booking.event_id.partner_ids)
        self.assertNotIn(self.anna.partner_id, booking.event_id.partner_ids)
        freed = self._book(self.category, user=self.anna, start=START)
        self.assertEqual(freed.state, "pending_payment")
        with self.assertRaisesRegex(UserError, "Ben Roy accepted this request"):
            self._as(booking, self.frida).action_accept()

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_the_others_see_that_it_is_gone(self):
        booking = self._ask()
        self._as(booking, self.anna).action_accept()
        with self.assertRaisesRegex(UserError, "Anna Berg has accepted this request"):
            self._as(booking, self.ben).action_accept()
        self._send_operations(booking)
        with self.assertRaisesRegex(UserError, "Anna Berg accepted this request"):
            self._as(booking, self.ben).action_accept()
        self.assertEqual(booking.user_id, self.anna)

    def test_a_colleague_without_the_time_does_not_get_it(self):
        booking = self._ask()
        self._book(self.category, user=self.ben, start=START)
        with self.assertRaisesRegex(UserError, "another appointment at the time"):
            self._as(booking, self.ben).action_accept()
        self.assertEqual((booking.state, booking.user_id), ("requested", self.anna))
        self.assertEqual(booking.occupancy_ids.resource_id.user_id, self.anna)
        self.assertFalse(booking.answered_at or booking.operation_ids)

    def test_f04_of_two_requests_for_one_time_a_colleague_accepts_one(self):
        cora = self._create_user("Cora Third", "group_practitioner")
        self.manual.user_ids = [Command.link(cora.id)]
        first, second = self._ask(), self._ask(user=self.ben)
        self._as(first, cora).action_accept()
        with self.assertRaisesRegex(UserError, "another appointment at the time"):
            self._as(second, cora).action_accept()
        self.assertEqual((first.user_id, second.user_id), (cora, self.ben))

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_a_colleague_accepts_and_does_nothing_else(self):
        booking = self._as(self._ask(), self.ben)
        for answer in ("action_decline", "action_cancel"):
            with self.assertRaises(AccessError):
                getattr(booking, answer)()
        with self.assertRaises(AccessError):
            booking.write({"message_follower_ids": []})

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_who_may_only_accept_gets_no_link_of_the_client(self):
        """It would cancel the request, and open its page after a colleague has answered."""
        booking = self._ask()
        link = booking.access_url
        for user, subject in ((self.ben, "ben"), (self.anna, "anna")):
            seen = self._as(booking, user)
            with self.subTest(reader=subject), self.assertRaises(AccessError):
                seen.read(["access_token"])
        for give in ("get_portal_url", "action_preview", "_get_share_url"):
            with self.subTest(give=give), self.assertRaises(AccessError):
                getattr(self._as(booking, self.ben), give)()
        self.assertIn(booking.access_token, self._as(booking, self.anna).get_portal_url())
        opened = self._as(booking, self.carla)._get_access_action()
        self.assertIn(booking.access_token, opened["url"])
        domain = [("model", "=", booking._name), ("res_id", "=", booking.id)]
        mails = self.env["mail.mail"].search(domain)
        self.assertIn(f"{link}?access_token", "".join(mails.mapped("body_html")))
        bodies = "".join(self._as(self.env["mail.message"], self.ben).search(domain).mapped("body"))
        self.assertIn("See the request", bodies)
        self.assertNotIn(link, bodies)
        told = self._as(booking, self.anna).message_post(
            body="See you then.", partner_ids=booking.partner_id.ids
        )
        self.assertIn(booking.partner_id, told.notified_partner_ids)

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_who_works_elsewhere_gets_nothing(self):
        self.manual.user_ids = [Command.link(self.olga.id)]
        booking = self._ask()
        for user in (self.olga, self.odin, self.carla, self.public):
            with self.assertRaises(AccessError):
                self._as(booking, user).action_accept()

    def test_the_front_desk_accepts_for_whom_the_client_chose(self):
        booking = self._ask("charge")
        self.manual.user_ids = [Command.link(self.frida.id)]
        self._as(booking, self.frida).action_accept()
        self.assertEqual((booking.user_id, booking.answered_by_id), (self.anna, self.frida))

    def test_a_group_meets_with_whoever_accepted(self):
        self.manual.capacity = 3
        first, second = self._ask(), self._ask()
        self.assertEqual(first.event_id, second.event_id)
        self._as(second, self.ben).action_accept()
        self.assertEqual((first.event_id.user_id, second.event_id.user_id), (self.anna, self.ben))
        self.assertTrue(first.event_id.active)
