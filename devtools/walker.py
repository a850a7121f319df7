"""Who walks through the demo practice: a browser session over HTTP."""

import html
import io
import re

import requests

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Broken(Exception):
    """Something on the way is not as it should be."""


def expect(condition, message):
    """Refuse to go on unless a condition holds.

    :param condition: what should be true
    :param str message: what is wrong otherwise
    """
    if not condition:
        raise Broken(message)


class Visitor:
    """Somebody with a browser session of their own.

    :param str url: the server
    """

    def __init__(self, url):
        self.url = url
        self.http = requests.Session()

    def get(self, path, status=200):
        """Open a page.

        :param str path: its path
        :param int status: the expected status
        :return: the page
        :rtype: str
        """
        response = self.http.get(self.url + path, timeout=60)
        expect(response.status_code == status, f"GET {path} answers {response.status_code}")
        return response.text

    def post(self, path, page, **values):
        """Send the form of a page.

        :param str path: where the form goes
        :param str page: the page, for its token
        :param values: what is filled in
        :return: the page that follows
        :rtype: str
        """
        token = TOKEN.search(page)
        expect(token, f"the page before POST {path} has no form")
        data = {**values, "csrf_token": token[1]}
        response = self.http.post(self.url + path, data=data, timeout=60)
        expect(response.ok, f"POST {path} answers {response.status_code}")
        return response.text

    def call(self, path, **params):
        """Call a jsonrpc route.

        :param str path: its path
        :param params: its parameters
        :return: its result
        """
        body = {"jsonrpc": "2.0", "method": "call", "params": params}
        answer = self.http.post(self.url + path, json=body, timeout=60).json()
        expect("error" not in answer, f"{path} answers {answer.get('error')}")
        return answer.get("result")

    def log_in(self, login, password):
        """Log in.

        :param str login: the user
        :param str password: the password
        :return: the page that follows
        :rtype: str
        """
        page = self.get("/web/login")
        page = self.post("/web/login", page, login=login, password=password)
        expect("oe_login_form" not in page, f"{login} cannot log in")
        return page

    def post_to_booking(self, path, **values):
        """Send the details form, whose page leads on to the booking's own page.

        :param str path: the category's page
        :param values: what is filled in
        :return: the address of the booking's page, and the page
        :rtype: tuple[str, str]
        """
        response = self.http.post(self.url + path, data=values, timeout=60)
        expect(response.ok, f"POST {path} answers {response.status_code}")
        where = response.url.removeprefix(self.url)
        expect(
            where.startswith("/my/appointment-bookings/"), f"the booking's page, not {response.url}"
        )
        return where, response.text

    def download_pdf(self, path):
        """Download a PDF.

        Odoo's web fonts become outlines in it, so its words cannot be read back.

        :param str path: its path
        :return: how many pages it has
        :rtype: int
        """
        import pypdf

        response = self.http.get(self.url + path, timeout=120)
        expect(response.ok, f"GET {path} answers {response.status_code}")
        expect(response.content.startswith(b"%PDF"), f"GET {path} is no PDF")
        return len(pypdf.PdfReader(io.BytesIO(response.content)).pages)

    def call_model(self, model, method, *arguments, **keywords):
        """Call a method of a model, as Odoo's web client does.

        :param str model: the model
        :param str method: the method
        :param arguments: its positional arguments
        :param keywords: its keyword arguments
        :return: its result
        """
        return self.call(
            f"/web/dataset/call_kw/{model}/{method}",
            model=model, method=method, args=list(arguments), kwargs=keywords,
        )


def words(page):
    """Return the words of a page as its reader sees them.

    :param str page: the page's source
    :rtype: str
    """
    text = re.sub(r"<(script|style).*?</\1>", " ", page, flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def attribute(page, name):
    """Return the value of an attribute or of a hidden field, by its name.

    :param str page: the page's source
    :param str name: such as ``data-provider-id``, or the name of the field
    :rtype: str
    """
    found = re.search(rf'{name}="([^"]*)"', page) or re.search(
        rf'name="{name}" value="([^"]*)"', page
    )
    expect(found, f"the page has no {name}")
    return html.unescape(found[1])
