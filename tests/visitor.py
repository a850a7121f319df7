"""What somebody with a browser sends to the practice over HTTP, and the pages that come back."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import lxml.html
import requests

TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass
class Link:
    """The link of a booking: what its client has."""

    id: int
    token: str

    @classmethod
    def parse(cls, url):
        parts = urlsplit(url)
        return cls(int(parts.path.split("/")[-1]), parse_qs(parts.query)["access_token"][0])

    @property
    def path(self):
        return f"/my/appointment-bookings/{self.id}"

    @property
    def page(self):
        return f"{self.path}?access_token={self.token}"


class RpcError(Exception):
    """A jsonrpc route refused."""

    def __init__(self, error):
        super().__init__(error["data"]["message"])
        self.code = error["code"]
        self.name = error["data"]["name"]


class Page:
    """A page as its reader finds it."""

    def __init__(self, response):
        self.status = response.status_code
        self.source = response.text
        self.root = lxml.html.fromstring(response.text)

    @property
    def text(self):
        """The words on the page, without scripts and styles."""
        body = self.root.find("body")
        words = body.xpath(".//text()[not(ancestor::script or ancestor::style)]")
        return " ".join(" ".join(words).split())

    def alerts(self):
        return [" ".join(node.text_content().split()) for node in self.find("*[@role='alert']")]

    def find(self, step):
        """Return the elements that an XPath step selects anywhere on the page."""
        return self.root.xpath(f"//{step}")

    def starts(self):
        """The times on offer, in order."""
        links = [node.get("href") for node in self.find("a[contains(@class, 'o_appay_slot')]")]
        return [parse_qs(urlsplit(link).query)["start"][0] for link in links]

    def nearest(self):
        """The times on offer when the one asked for is gone."""
        return [node.get("value") for node in self.find("button[@name='other_start']")]

    def form(self):
        """What the form of the Details step would send, its submit buttons apart."""
        form = self.find("form[contains(@class, 'o_appay_details') or @class='o_appay_sold']")[0]
        return {name: value for name, value in form.form_values() if name != "other_start"}


class Visitor:
    """Somebody with a browser session of their own."""

    def __init__(self, practice):
        self.practice = practice
        self.patience = 60
        self.http = requests.Session()
        self.http.trust_env = False

    def send(self, method, path, **options):
        """Send a request; redirections are answers, not followed."""
        return self.http.request(
            method,
            self.practice.url + path,
            timeout=self.patience,
            **{"allow_redirects": False, **options},
        )

    def open(self, path, **params):
        return Page(self.send("GET", path, params=params, allow_redirects=True))

    def call(self, path, **params):
        """Call a jsonrpc route.

        :raise RpcError: when it refuses
        """
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": params})
        headers = {"Content-Type": "application/json"}
        answer = self.send("POST", path, data=body, headers=headers).json()
        if "error" in answer:
            raise RpcError(answer["error"])
        return answer.get("result")

    def log_in(self, login):
        page = self.open("/web/login")
        tokens = page.find("form[contains(@class, 'oe_login_form')]//input[@name='csrf_token']")
        data = {"csrf_token": tokens[0].get("value"), "login": login, "password": login}
        assert self.send("POST", "/web/login", data=data).status_code == 303

    def starts(self, slug, **params):
        """Return the times on offer in the first month with some and in the one after it."""
        page = self.open(f"/booking/{slug}", **params)
        later = page.find("a[contains(@class, 'o_appay_turn')][last()]/@data-month")
        if not later:
            return page.starts()
        return page.starts() + self.open(f"/booking/{slug}", **params, month=later[-1]).starts()

    def form(self, slug="first-consultation", start=None, **typed):
        """Return the details form for a time, filled in; the first free one by default.

        A time is held until its start at the latest: one that begins within the hour would be held
        for less than the practice's minutes.
        """
        soon = (datetime.now(UTC) + timedelta(hours=1)).strftime(TIME_FORMAT)
        start = start or next(free for free in self.starts(slug) if free > soon)
        return {
            **self.open(f"/booking/{slug}", start=start).form(),
            "name": "Carla Client",
            "email": "carla@example.com",
            "accept_terms": "1",
            **typed,
        }

    def submit(self, form, slug="first-consultation"):
        return self.send("POST", f"/booking/{slug}", data=form)

    def ask_for_nearest(self, answer, slug="first-consultation"):
        """Press the button of the small answer to a time that is sold, as browsers do at once."""
        page = Page(answer)
        [button] = page.find("button[@name='nearest']")
        return self.submit({**page.form(), "nearest": button.get("value")}, slug)

    def book(self, slug="first-consultation", **typed):
        """Book and return the booking's link."""
        answer = self.submit(self.form(slug, **typed), slug)
        assert answer.status_code == 303, Page(answer).text
        return Link.parse(answer.headers["Location"])

    def ask_to_pay(self, link, **changed):
        """Ask for a transaction as the payment form does."""
        values = {
            "access_token": link.token,
            "provider_id": self.practice.ids["provider"],
            "payment_method_id": self.practice.ids["method"],
            "token_id": None,
            "flow": "direct",
            "tokenization_requested": False,
            "landing_route": link.page,
            "is_validation": False,
            **changed,
        }
        return self.call(f"{link.path}/transaction", **values)

    def simulate(self, reference, state="done"):
        """Have the Demo provider answer."""
        self.call(
            "/payment/demo/simulate_payment",
            reference=reference, payment_details="1234", simulated_state=state,
        )

    def poll(self):
        """Ask what became of the payment, as the page after it does."""
        return self.call("/payment/status/poll")

    def pay(self, link, state="done"):
        """Pay what is due with the Demo provider and wait for what becomes of it."""
        reference = self.ask_to_pay(link)["reference"]
        self.simulate(reference, state)
        return self.poll()


def from_text(text):
    """Return a start as the database has it."""
    return datetime.fromisoformat(text).replace(tzinfo=None)


def shifted(text, **delta):
    """Return a start some time later."""
    return (from_text(text) + timedelta(**delta)).strftime(TIME_FORMAT)
