"""Somebody who walks through the demo practice with a browser session of their own."""

import io
import re
from urllib.parse import urljoin

import lxml.html
import pypdf
import requests

SHOWN = 300  # characters of a page in the message of a failure


class Broken(Exception):
    """Something on the way is not as it should be; the message says what was expected and seen."""


def expect(condition, expected, seen):
    """Refuse to go on unless a condition holds.

    :param condition: what should be true
    :param str expected: what should have been there
    :param seen: what was there
    """
    if not condition:
        raise Broken(f"expected {expected}; saw {seen}")


def squeeze(text):
    """Return text with every run of white space as one blank.

    :param str text: the text
    :rtype: str
    """
    return re.sub(r"[\s\u00a0\u202f]+", " ", text).strip()


class Page:
    """A page as its reader finds it.

    :param requests.Response response: the answer that holds it
    """

    def __init__(self, response):
        self.url = response.url
        self.root = lxml.html.fromstring(response.text)
        words = self.root.xpath("//body//text()[not(ancestor::script or ancestor::style)]")
        self.text = squeeze(" ".join(words))

    def find(self, xpath):
        """Return the first element that an XPath selects.

        :param str xpath: such as ``//h1``
        :return: the element
        :rtype: lxml.html.HtmlElement
        """
        found = self.root.xpath(xpath)
        expect(found, f"{xpath} on {self.url}", self.excerpt())
        return found[0]

    def words(self, xpath):
        """Return the words of each element that an XPath selects.

        :param str xpath: such as ``//h2``
        :rtype: list[str]
        """
        return [squeeze(element.text_content()) for element in self.root.xpath(xpath)]

    def expect(self, *texts):
        """Refuse to go on unless the page says something.

        :param str texts: what it should say
        """
        for text in texts:
            expect(text in self.text, f"“{text}” on {self.url}", self.excerpt())

    def amounts(self):
        """Return the lines of the summary: price, due now, paid, left.

        What is shown only once the client chooses to pay in full is left out.

        :return: the amounts by their label
        :rtype: dict[str, str]
        """
        shown = "[not(ancestor-or-self::*[contains(@class, 'o_appay_if_full')])]"
        labels = self.words(f"//*[contains(@class, 'o_appay_prices')]//dt{shown}")
        values = self.words(f"//*[contains(@class, 'o_appay_prices')]//dd{shown}")
        return dict(zip(labels, values, strict=True))

    def expect_amounts(self, **expected):
        """Refuse to go on unless the summary says what is expected.

        :param str expected: the amounts, by label with _ for a blank
        :return: the summary in words
        :rtype: str
        """
        seen = self.amounts()
        for name, amount in expected.items():
            label = name.replace("_", " ")
            expect(seen.get(label) == amount, f"“{label}: {amount}” on {self.url}", seen or "none")
        return ", ".join(f"{label.lower()} {amount}" for label, amount in seen.items())

    def fields(self, form):
        """Return what a form would send as it stands.

        :param str form: the XPath of the form
        :rtype: dict[str, str]
        """
        return dict(self.find(form).form_values())

    def excerpt(self):
        """Return the beginning of what the page says, for the message of a failure.

        :rtype: str
        """
        return f"“{self.text[:SHOWN]}…”"


class Visitor:
    """Somebody with a browser session of their own.

    :param str url: the server
    """

    def __init__(self, url):
        self.url = url
        self.http = requests.Session()
        self.http.trust_env = False

    def open(self, path):
        """Open a page.

        :param str path: its path, or its address
        :rtype: Page
        """
        return Page(self._send("GET", path))

    def send(self, path, values):
        """Send a form and follow where it leads.

        :param str path: where the form goes
        :param dict values: what it holds
        :return: the page that comes then
        :rtype: Page
        """
        return Page(self._send("POST", path, data=values))

    def status(self, path):
        """Return the status that a path is answered with.

        :param str path: the path, or the address
        :rtype: int
        """
        return self.http.get(urljoin(self.url, path), timeout=60).status_code

    def download_pdf(self, path):
        """Download a PDF.

        :param str path: its path
        :return: how many pages it has
        :rtype: int
        """
        response = self._send("GET", path)
        kind = response.headers.get("Content-Type")
        expect(kind == "application/pdf", f"a PDF at {path}", kind)
        return len(pypdf.PdfReader(io.BytesIO(response.content)).pages)

    def call(self, path, **params):
        """Call a jsonrpc route.

        :param str path: its path
        :param params: its parameters
        :return: its result
        """
        body = {"jsonrpc": "2.0", "method": "call", "params": params}
        answer = self._send("POST", path, json=body).json()
        expect("error" not in answer, f"an answer of {path}", _complaint(answer))
        return answer.get("result")

    def log_in(self, login):
        """Log in; in the demo everybody's password is their login.

        :param str login: the user
        :return: the page that follows
        :rtype: Page
        """
        form = "//form[contains(@class, 'oe_login_form')]"
        values = self.open("/web/login").fields(form)
        page = self.send("/web/login", {**values, "login": login, "password": login})
        expect(not page.root.xpath(form), f"{login} to be logged in", page.excerpt())
        return page

    def read(self, model, domain, fields):
        """Read records as the screens of the back office do.

        :param str model: the model
        :param list domain: which records
        :param list fields: which fields
        :return: the records
        :rtype: list[dict]
        """
        return self.call(
            f"/web/dataset/call_kw/{model}/search_read",
            model=model,
            method="search_read",
            args=[domain, fields],
            kwargs={},
        )

    def read_one(self, model, domain, fields):
        """Read the one record that there should be.

        :param str model: the model
        :param list domain: which record
        :param list fields: which fields
        :return: the record
        :rtype: dict
        """
        records = self.read(model, domain, fields)
        expect(len(records) == 1, f"one record of {model} with {domain}", records)
        return records[0]

    def _send(self, method, path, **options):
        """Send a request.

        :param str method: GET or POST
        :param str path: the path, or the address
        :param options: what `requests` takes
        :rtype: requests.Response
        """
        response = self.http.request(method, urljoin(self.url, path), timeout=60, **options)
        status = f"{response.status_code} {response.reason}"
        expect(response.ok, f"an answer to {method} {path}", status)
        return response


def _complaint(answer):
    """Return what a jsonrpc route says when it refuses.

    :param dict answer: the answer
    :rtype: str
    """
    error = answer.get("error") or {}
    return error.get("data", {}).get("message") or error.get("message")
