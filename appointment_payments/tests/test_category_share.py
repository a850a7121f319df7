import base64
import io

import lxml.html
from PIL import Image

from odoo.tests import tagged

from .common import PracticeCase


@tagged("post_install", "-at_install")
class TestCategoryShare(PracticeCase):
    """What a practice puts on its own site: it works on any site, without our styles or scripts."""

    def test_button_is_a_plain_link_to_the_category(self):
        link = lxml.html.fromstring(self.category.share_button)
        self.assertEqual(link.tag, "a")
        self.assertEqual(link.get("href"), self.category.public_url)
        self.assertEqual(link.text, "Book an appointment")
        self.assertLessEqual(set(link.keys()), {"href", "style"})
        self.assertFalse(len(link))

    def test_frame_shows_the_times_to_be_embedded(self):
        frame = lxml.html.fromstring(self.category.share_frame)
        self.assertEqual(frame.tag, "iframe")
        self.assertEqual(frame.get("src"), f"{self.category.public_url}?embed=1")
        self.assertIn("First consultation", frame.get("title"))

    def test_name_cannot_break_out_of_the_frame(self):
        self.category.name = '"><script>alert(1)</script>'
        frame = lxml.html.fromstring(self.category.share_frame)
        self.assertEqual(frame.tag, "iframe")
        self.assertIn("<script>alert(1)</script>", frame.get("title"))
        self.assertNotIn("<script", self.category.share_frame)

    def test_qr_code_is_a_picture_that_can_be_printed(self):
        picture = Image.open(io.BytesIO(base64.b64decode(self.category.share_qr)))
        self.assertEqual(picture.format, "PNG")
        self.assertGreaterEqual(min(picture.size), 290)
        action = self.category.action_download_qr()
        self.assertIn(f"/{self.category.id}/share_qr", action["url"])
        self.assertIn("filename=first-consultation.png", action["url"])

    def test_qr_codes_of_two_categories_differ(self):
        other = self._create_category("Follow-up")
        self.assertNotEqual(self.category.share_qr, other.share_qr)

    def test_what_has_no_page_has_nothing_to_share(self):
        tag = self.env["calendar.event.type"].create({"name": "Only a tag"})
        self.assertFalse(tag.share_button or tag.share_frame or tag.share_qr)
