"""Answers from a practitioner's mail, a client's cancellation, the page on requests: over HTTP."""

import re
from contextlib import nullcontext
from datetime import timedelta

from lxml import html

from odoo.http import Request
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..models.appointment_payment_booking_mail import READER_KEY
from .common import NOW
from .request_common import DUE, START, RequestCase


@tagged("post_install", "-at_install")
class TestRequestLinks(RequestCase, HttpCase):
    def setUp(self):
        super().setUp()
        self.authenticate(None, None)

    def enter_registry_test_mode(self):
        return nullcontext()  # a server's test is in it already

    def _path(self, booking, answer):
        return "/booking/answer/" + booking._get_answer_url(answer).rsplit("/", 1)[1]

    def _open(self, path):
        return html.fromstring(self.url_open(path).text)

    def _post(self, path, **data):
        return self.url_open(path, data={"csrf_token": Request.csrf_token(self), **data})

    def _words(self, page):
        return " ".join(page.xpath("string(//div[@id='wrap'])").replace("\xa0", " ").split())

    def test_the_practitioners_mail_has_both_links(self):
        booking = self._ask()
        mail = self.env["mail.mail"].search(
            [("model", "=", booking._name), ("res_id", "=", booking.id),
             ("recipient_ids", "in", self.anna.partner_id.ids)], limit=1
        )  # fmt: skip
        tokens = set(re.findall(r"/booking/answer/([\w-]+)", mail.body_html))
        links = [self.bookings._read_answer_link(token) for token in tokens]
        self.assertEqual(sorted(link.answer for link in links), ["accept", "decline"])
        self.assertTrue(all(link.booking == booking for link in links))
        self.assertTrue(all(link.booking.env.user == self.anna for link in links))
        client = self.env["mail.mail"].search(
            [("model", "=", booking._name), ("res_id", "=", booking.id),
             ("recipient_ids", "in", booking.partner_id.ids)]
        )  # fmt: skip
        self.assertNotIn("/booking/answer/", "".join(client.mapped("body_html")))
        self.assertIn("/booking/about/requests", client[:1].body_html)

    def test_looking_changes_nothing_and_says_what_will_happen(self):
        booking = self._ask()
        for answer, said in (("accept", "are held. They are taken"), ("decline", "are let go")):
            for _time in range(3):
                page = self._open(self._path(booking, answer))
                self.assertIn(said, self._words(page))
                self.assertIn("80.00", self._words(page))
                self.assertIn(booking.partner_id.name, self._words(page))
                self.assertEqual(len(page.xpath("//form[@method='post']//button")), 1)
        self.assertEqual(booking.state, "requested")
        self.assertFalse(booking.answered_at or booking.operation_ids)

    def test_the_mail_and_its_page_say_that_there_is_a_message_and_not_what(self):
        booking = self._ask(client_note="I have a nut allergy.")
        page = self._words(self._open(self._path(booking, "accept")))
        for text in (page, self._last_mail(booking)):
            self.assertIn("has written a message", text)
            self.assertNotIn("nut allergy", text)
        silent = self._ask(start=START + timedelta(days=1))
        self.assertNotIn("has written", self._words(self._open(self._path(silent, "accept"))))

    def test_the_form_accepts_as_the_practitioner_once(self):
        booking = self._ask("charge")
        path = self._path(booking, "accept")
        self.assertIn("Accepted", self._words(html.fromstring(self._post(path).text)))
        self.assertEqual((booking.state, booking.answered_by_id), ("confirmed", self.anna))
        before = self._count_effects(booking)
        again = html.fromstring(self._post(path).text)
        self.assertIn("Anna Berg accepted this request", self._words(again))
        self.assertFalse(again.xpath("//form[@method='post']"))
        self.assertEqual(self._count_effects(booking), before)

    def test_the_form_declines_with_the_message(self):
        booking = self._ask()
        path = self._path(booking, "decline")
        page = html.fromstring(self._post(path, message="I am away that week.").text)
        self.assertIn("Declined", self._words(page))
        self.assertEqual((booking.state, booking.answered_by_id), ("declined", self.anna))
        self.assertEqual(booking.decline_message, "I am away that week.")
        self.assertIn("I am away that week.", self._last_mail(booking))
        self._send_operations(booking)
        self.assertEqual(self._money(booking), [("void", 80.0, "declined", "done")])

    def test_a_link_that_was_used_does_not_answer_a_request_that_waits_again(self):
        booking = self._ask()
        path = self._path(booking, "accept")
        self._post(path)
        self.assertTrue(booking.answered_at)
        with self._provider_fails("capture"):
            self._send_operations(booking)
        self.assertEqual((booking.state, booking.answered_at), ("requested", False))
        for again in (path, self._path(booking, "accept")):
            self._post(again)
            self.assertFalse(booking.answered_at)
        words = self._words(self._open(path))
        self.assertIn("The payment could not be taken", words)
        self.assertIn("Refused by the bank", words)
        self._send_operations(booking)
        self._pay_as_decided(booking)
        self.assertIn("waits for an answer again", self._words(self._open(path)))
        self._post(self._path(booking, "accept"))
        self.assertTrue(booking.answered_at)

    def test_too_late_to_accept_it_says_so_and_can_still_be_declined(self):
        booking = self._ask()
        booking.confirm_deadline = NOW
        page = html.fromstring(self._post(self._path(booking, "accept")).text)
        self.assertIn("could be accepted until", self._words(page))
        self.assertFalse(page.xpath("//form[@method='post']"))
        self.assertEqual(booking.state, "requested")
        self._post(self._path(booking, "decline"))
        self.assertEqual(booking.state, "declined")

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_rule")
    def test_f42_a_token_that_is_wrong_is_the_same_404(self):
        booking = self._ask()
        token = self._path(booking, "accept").rsplit("/", 1)[1]
        proof = booking._get_mail_proof()
        flipped = token[:20] + ("A" if token[20] != "A" else "B") + token[21:]
        tokens = ("x", token[:-3], flipped, token[::-1], proof, "é", "A" * 60)
        for wrong in tokens:
            with self.subTest(wrong=wrong):
                answers = [
                    self.url_open(f"/booking/answer/{wrong}"),
                    self._post(f"/booking/answer/{wrong}"),
                ]
                self.assertEqual([answer.status_code for answer in answers], [404, 404])
        self.assertEqual(self.url_open("/booking/answer/%00").status_code, 400)
        self.assertEqual(booking.state, "requested")

    @mute_logger("odoo.http")
    def test_a_form_of_another_site_is_refused(self):
        booking = self._ask()
        answer = self.url_open(self._path(booking, "accept"), data={"csrf_token": "x"})
        self.assertEqual(answer.status_code, 400)
        self.assertFalse(booking.answered_at)

    def test_whoever_may_not_answer_any_more_has_a_dead_link(self):
        booking = self._ask()
        path = self._path(booking, "accept")
        self.anna.active = False
        self.assertEqual(self.url_open(path).status_code, 404)
        self.anna.active = True
        self.assertEqual(self.url_open(path).status_code, 200)
        self.anna.group_ids = self.env.ref("base.group_user")
        self.assertEqual(self.url_open(path).status_code, 404)

    def test_a_colleague_accepts_from_the_mail_and_takes_over(self):
        self.manual.any_practitioner_accepts = True
        booking = self._ask("charge")
        path = self._path(booking.with_context(**{READER_KEY: self.ben.id}), "accept")
        page = self._open(path)
        self.assertIn("You take the appointment over from Anna Berg", self._words(page))
        self.assertIn("Accepted", self._words(html.fromstring(self._post(path).text)))
        self.assertEqual((booking.state, booking.user_id), ("confirmed", self.ben))

    def test_who_was_faster_is_named_and_no_more(self):
        self.manual.any_practitioner_accepts = True
        for hour, (winner, loser) in enumerate(((self.ben, self.anna), (self.anna, self.ben))):
            booking = self._ask("charge", start=START.replace(hour=9 + hour))
            of_loser = booking.with_context(**{READER_KEY: loser.id})
            paths = [self._path(of_loser, answer) for answer in ("accept", "decline")]
            booking.with_user(winner).action_accept()
            before = self._count_effects(booking)
            for path in paths:
                for answer in (self.url_open(path), self._post(path)):
                    words = self._words(html.fromstring(answer.text))
                    self.assertEqual(answer.status_code, 200)
                    self.assertIn(f"{winner.name} accepted this request on", words)
                    self.assertNotIn(booking.partner_id.name, words)
                    self.assertNotIn("<form", answer.text)
            self.assertEqual((booking.user_id, self._count_effects(booking)), (winner, before))

    def test_a_request_that_went_to_another_says_with_whom_it_is(self):
        booking = self._ask()
        paths = [self._path(booking, answer) for answer in ("accept", "decline")]
        booking._change_practitioner(self.ben)
        for path in paths:
            words = self._words(html.fromstring(self._post(path).text))
            self.assertIn("This request is with Ben Roy now", words)
            self.assertNotIn(booking.partner_id.name, words)
        self.assertEqual((booking.state, booking.answered_at), ("requested", False))

    @mute_logger("odoo.http")
    def test_the_client_cancels_by_a_form_with_the_links_token_only(self):
        booking = self._ask()
        path = f"/my/appointment-bookings/{booking.id}/cancel"
        for token in ("", "wrong", self._ask(start=START.replace(hour=13)).access_token):
            answer = self._post(path, access_token=token)
            self.assertEqual((answer.status_code, booking.state), (404, "requested"))
        self.assertIn(self.url_open(path).status_code, (404, 405))
        answer = self._post(path, access_token=booking._portal_ensure_token())
        self.assertIn("Your request is cancelled", self._words(html.fromstring(answer.text)))
        self.assertEqual(booking.state, "cancelled")
        self.assertEqual([row[:3] for row in self._money(booking)], [("void", 80.0, "cancelled")])

    @mute_logger("odoo.http")
    def test_a_colleague_who_may_accept_cancels_nothing(self):
        self.manual.any_practitioner_accepts = True
        booking = self._ask()
        path = f"/my/appointment-bookings/{booking.id}/cancel"
        self.authenticate(self.ben.login, self.ben.login)
        self.assertTrue(booking.with_user(self.ben).has_access("read"))
        for page in (booking.access_url, f"{booking.access_url}/calendar.ics"):
            self.assertEqual(self.url_open(page).status_code, 404)
        self.assertEqual(self._post(path).status_code, 404)
        for own_token in (booking._portal_ensure_token(), False):
            booking.access_token = own_token
            for typed in ("", "wrong", "ß"):
                self.assertEqual(self._post(path, access_token=typed).status_code, 404)
                self.assertEqual(booking.state, "requested")
        self.authenticate(self.anna.login, self.anna.login)
        self.assertEqual(self._post(path).status_code, 200)
        self.assertEqual(booking.state, "cancelled")

    def test_cancelling_after_the_answer_changes_nothing(self):
        booking = self._ask("charge")
        booking.with_user(self.anna).action_accept()
        path = f"/my/appointment-bookings/{booking.id}/cancel"
        answer = self._post(path, access_token=booking._portal_ensure_token())
        self.assertIn("answered in the meantime", self._words(html.fromstring(answer.text)))
        self.assertEqual(booking.state, "confirmed")

    def test_the_clients_page_says_held_paid_and_what_comes_next(self):
        cases = {
            "hold": ("Send request, 80.00", "are held, not taken"),
            "charge": ("Send request and pay 80.00", "are paid now"),
        }
        for hour, (flow, (label, words)) in enumerate(cases.items()):
            booking = self._ask(flow, pay=False, start=START.replace(hour=9 + hour))
            page = self._open(booking.get_portal_url())
            self.assertIn(label, page.text_content().replace("\xa0", " "))
            self.assertIn(words, self._words(page))
            self._pay_as_decided(booking)
            page = self._open(booking.get_portal_url())
            self.assertIn("Your request is sent", self._words(page))
            self.assertIn("Yes, cancel my request", self._words(page))
            booking.action_decline("Sorry")
            page = self._open(booking.get_portal_url())
            self.assertIn("Your request was declined", self._words(page))
            self.assertIn("Sorry", self._words(page))
            self.assertTrue(page.xpath("//a[starts-with(@href, '/booking/assessment')]"))

    def test_the_clients_page_of_what_is_paid_when_accepted(self):
        booking = self._ask("approve_first")
        self.assertIn("Nothing is charged now", self._words(self._open(booking.get_portal_url())))
        booking.action_accept()
        self.assertIn("Accepted: pay to book", self._words(self._open(booking.get_portal_url())))

    def test_an_expired_request_says_so(self):
        booking = self._ask()
        self._expire(DUE)
        self.assertIn("Your request has expired", self._words(self._open(booking.get_portal_url())))

    def test_the_times_and_the_details_say_that_it_is_a_request(self):
        for flow, said in (("hold", "The amount is held"), ("approve_first", "pay nothing now")):
            self.manual.request_flow = flow
            page = self._words(self._open("/booking/assessment"))
            self.assertIn("This is a request", page)
            self.assertIn(said, page)

    @mute_logger("odoo.http")
    def test_the_page_on_requests_is_in_the_practices_words_and_harmless(self):
        self.company.appointment_requests_text = (
            "<p>We answer <b>quickly</b></p><script>x()</script>"
        )
        page = self._open(self.company._get_requests_path())
        self.assertIn("We answer quickly", self._words(page))
        self.assertNotIn("x()", self.url_open(self.company._get_requests_path()).text)
        for company in ("0", "999999", "x", "-1", "9" * 30):
            answer = self.url_open(f"/booking/about/requests?company={company}")
            self.assertEqual(answer.status_code, 404, company)

    def test_the_page_on_requests_stays_for_those_who_have_its_link(self):
        path = self.company._get_requests_path()
        categories = self.env["calendar.event.type"].with_context(active_test=False).search([])
        categories.write({"bookable": False, "slug": False})
        with mute_logger("odoo.http"):
            self.assertEqual(self.url_open(path).status_code, 404)
        self._ask()
        self.assertEqual(self.url_open(path).status_code, 200)

    def test_accepted_and_paid_when_the_time_was_gone_it_says_that_it_goes_back(self):
        booking = self._ask("approve_first")
        booking.action_accept()
        payment = self._create_transaction(booking)
        booking._set_expired("unpaid")
        self.assertIn("Nothing was charged", self._words(self._open(booking.get_portal_url())))
        self._book(self.category, start=START)
        self._finish(payment, "done")
        words = self._words(self._open(booking.get_portal_url()))
        self.assertIn("You get the whole amount back", words)
        self.assertNotIn("Nothing was charged", words)
