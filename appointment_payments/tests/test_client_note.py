from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .test_access import AccessCase

SECRET = "My knee is swollen."


@tagged("post_install", "-at_install")
class TestClientNote(AccessCase):
    """What a client writes often tells of their health: it is for the practitioner."""

    def setUp(self):
        super().setUp()
        self.of_anna.client_note = SECRET
        self.of_ben.client_note = SECRET
        export = self.env.ref("base.group_allow_export")
        for user in self.anna | self.frida | self.mara | self.sara:
            user.group_ids += export

    def _bookings(self, user):
        return self._as(self.env["appointment.payment.booking"], user)

    def test_the_practitioner_and_managers_read_it_the_front_desk_does_not(self):
        for user, seen in ((self.anna, SECRET), (self.mara, SECRET), (self.frida, False)):
            with self.subTest(user=user.name):
                values = self._as(self.of_anna, user).read(["visible_client_note"])
                self.assertEqual(values[0]["visible_client_note"], seen)

    def test_a_front_desk_that_practises_reads_their_own_only(self):
        self.of_anna.sudo().user_id = self.frida
        both = self._as(self.of_anna | self.of_ben, self.frida)
        self.assertEqual(both.mapped("visible_client_note"), [SECRET, False])

    def test_one_persons_view_is_not_kept_for_the_next(self):
        for user, seen in ((self.mara, SECRET), (self.frida, False), (self.mara, SECRET)):
            booking = self.of_anna.with_user(user)
            self.assertEqual(booking.visible_client_note, seen, user.name)

    def test_nobody_reads_searches_groups_or_exports_what_is_stored(self):
        for user in (self.anna, self.frida, self.mara, self.sara, self.carla):
            booking = self._as(self.of_anna, user)
            attempts = {
                "read": lambda b=booking: b.read(["client_note"]),
                "search": lambda b=booking: b.search([("client_note", "ilike", "knee")]),
                "sort": lambda b=booking: b.search([], order="client_note"),
                "group": lambda b=booking: b._read_group([], ["client_note"], ["__count"]),
                "export": lambda b=booking: b.export_data(["client_note"]),
                "write": lambda b=booking: b.write({"client_note": "Nothing"}),
            }
            for name, attempt in attempts.items():
                refusal = UserError if name in ("export", "write") else AccessError
                with self.subTest(user=user.name, how=name), self.assertRaises(refusal):
                    attempt()
            self.assertNotIn("client_note", booking.fields_get())

    def test_what_is_shown_is_no_way_to_search_or_group_either(self):
        bookings = self._bookings(self.frida)
        with self.assertRaises(ValueError), self.assertLogs("odoo.domains", "WARNING"):
            bookings.search([("visible_client_note", "ilike", "knee")])
        with self.assertRaises(ValueError):
            bookings._read_group([], ["visible_client_note"], ["__count"])
        rows = self._as(self.of_anna, self.frida).export_data(["name", "visible_client_note"])
        self.assertNotIn(SECRET, str(rows))

    def test_a_form_that_names_its_reader_as_the_practitioner_shows_nothing(self):
        booking = self._as(self.of_anna, self.frida)
        changed = {"user_id": self.frida.id}
        shown = booking.onchange(changed, ["user_id"], {"visible_client_note": {}, "user_id": {}})
        self.assertNotIn(SECRET, str(shown))

    def test_no_message_of_the_booking_repeats_it(self):
        self._pay(self.of_anna)
        messages = self._as(self.of_anna, self.frida).message_ids
        self.assertTrue(messages)
        self.assertNotIn("knee", " ".join(messages.mapped("body")))

    def test_a_colleague_reads_no_message_activity_or_follower_of_a_booking(self):
        self._pay(self.of_anna)
        self.of_anna.activity_schedule(summary="Call back", user_id=self.anna.id)
        domain = [("res_id", "=", self.of_anna.id)]
        of_booking = [("model", "=", self.of_anna._name), *domain]
        for user, can in ((self.ben, False), (self.anna, True)):
            messages = self._as(self.env["mail.message"], user)
            self.assertEqual(bool(messages.search_count(of_booking)), can, user.name)
        with self.assertRaises(AccessError):
            self._as(self.of_anna.message_ids[:1], self.ben).read(["body"])
        activities = self._as(self.env["mail.activity"], self.ben)
        self.assertFalse(
            activities.search([("res_model", "=", self.of_anna._name), *domain])
        )
        with self.assertRaises(AccessError):
            self._as(self.of_anna, self.ben).read(["message_ids"])
