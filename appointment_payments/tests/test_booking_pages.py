from lxml import html

from odoo.fields import Command
from odoo.tests import HttpCase, tagged

from .common import PracticeMixin


@tagged("post_install", "-at_install")
class TestBookingPages(PracticeMixin, HttpCase):
    """What visitors can choose from: companies apart, and as quickly however much there is."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_practice()
        cls.other = cls._create_company("Practice Oak", cls.eur)
        cls.olga = cls._create_user("Olga Oak", "group_practitioner", company=cls.other)
        service = cls.env["product.product"].create(
            {"name": "Consultation of all", "type": "service", "taxes_id": False}
        )
        cls.category.name = "Only Linden"
        cls.of_all = {
            "company_id": False,
            "product_id": service.id,
            "payment_mode": "none",
            "user_ids": [Command.set((cls.anna | cls.olga).ids)],
        }
        cls.shared = cls._create_category("Shared by both", **cls.of_all)

    def setUp(self):
        super().setUp()
        self.authenticate(None, None)

    def _open(self, path):
        answer = self.url_open(path)
        self.assertEqual(answer.status_code, 200, answer.text)
        return html.fromstring(answer.text)

    def _read_sections(self, path):
        """Return what is offered under each heading: names and links of categories."""
        sections = {}
        for section in self._open(path).xpath("//section[.//a[contains(@href, '/booking/')]]"):
            cards = section.xpath(".//a[contains(@class, 'o_appay_category')]")
            company = "".join(section.xpath("./h2/text()"))
            sections[company] = {
                card.xpath(".//h2 | .//h3")[0].text_content(): card.get("href") for card in cards
            }
        return sections

    def test_each_company_has_a_heading_and_links_of_its_own(self):
        sections = self._read_sections("/booking")
        self.assertEqual(list(sections), ["Practice Linden", "Practice Oak"])
        shared = f"/booking/{self.shared.slug}?company="
        self.assertEqual(
            sections["Practice Linden"],
            {
                "Only Linden": f"/booking/{self.category.slug}",
                "Shared by both": f"{shared}{self.company.id}",
            },
        )
        self.assertEqual(sections["Practice Oak"], {"Shared by both": f"{shared}{self.other.id}"})

    def test_the_card_of_a_request_says_so_and_when_its_money_is_due(self):
        self.category.write({"payment_mode": "full"})
        for mode, flow, words in (
            ("automatic", "hold", "Due at booking: 80.00"),
            ("manual", "hold", "Due with the request: 80.00"),
            ("manual", "charge", "Due with the request: 80.00"),
            ("manual", "approve_first", "Due when accepted: 80.00"),
        ):
            self.category.write({"confirmation_mode": mode, "request_flow": flow})
            link = f"//a[starts-with(@href, '/booking/{self.category.slug}')]"
            card = self._open("/booking").xpath(link)[0].text_content()
            text = " ".join(card.replace("\xa0", " ").split())
            self.assertIn(words, text)
            self.assertEqual("On request" in text, mode == "manual", text)

    def test_one_company_alone_needs_no_heading(self):
        for company, names in (
            (self.company, ["Only Linden", "Shared by both"]),
            (self.other, ["Shared by both"]),
        ):
            sections = self._read_sections(f"/booking?company={company.id}")
            self.assertEqual({key: list(found) for key, found in sections.items()}, {"": names})

    def test_a_company_that_sells_nothing_is_not_there(self):
        nobody = self.env["res.company"].create({"name": "Practice Elm"})
        for text in (nobody.id, 10**9, "x", "", f"{self.other.id}'"):
            answer = self.url_open(f"/booking?company={text}")
            self.assertEqual(answer.status_code, 404 if text else 200, text)
            self.assertNotIn("Practice Elm", answer.text)

    def test_a_shared_category_is_booked_with_the_practitioners_of_the_company_asked_for(self):
        for company, user in ((self.company, self.anna), (self.other, self.olga)):
            path = f"/booking/{self.shared.slug}?company={company.id}"
            page = self._open(path).text_content()
            self.assertIn(company.name, page)
            others = (self.anna | self.olga) - user
            self.assertNotIn(others.name, page)
            answer = self.url_open(f"{path}&practitioner={others.id}")
            self.assertEqual(answer.status_code, 404)

    def test_what_is_closed_in_one_company_stays_open_in_the_other(self):
        self.olga._get_practitioner_resources().calendar_id = False
        sections = self._read_sections("/booking")
        self.assertEqual(list(sections), [""])
        self.assertEqual(list(sections[""]), ["Only Linden", "Shared by both"])

    def _count_queries(self, path):
        """Return the queries of a page that was open before."""
        self._open(path)
        before = self.cr.sql_log_count
        self._open(path)
        return self.cr.sql_log_count - before

    def test_more_categories_take_no_more_queries(self):
        few = self._count_queries("/booking")
        for number in range(10):
            values = self.of_all if number % 2 else {"payment_mode": "full"}
            self._create_category(f"One more {number}", **values)
        self.assertEqual(len(self._read_sections("/booking")["Practice Linden"]), 12)
        self.assertEqual(self._count_queries("/booking"), few)
