"""One walk through the demo practice over HTTP, step by step: `./dev demo --once`.

It runs in the pinned Python environment, as `python -m devtools.walk URL DATABASE`.
"""

import contextlib
import re
import sys
import time

import requests

from . import odoo_run

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
        return answer["result"]

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


class Walk:
    """The walk: who takes part, and what happens.

    :param str url: the server
    :param str database: its database
    """

    def __init__(self, url, database):
        self.url = url
        self.database = database

    def shell(self, script):
        """Run Python code in an Odoo shell, for what only the clock or a bank can do.

        :param str script: the code, with `env`
        :return: what it printed
        :rtype: str
        """
        return odoo_run.run_script(self.database, script)

    @contextlib.contextmanager
    def step(self, text):
        """Print a step, whether it worked and how long it took.

        :param str text: what happens
        """
        started = time.monotonic()
        print(f"  {text} … ", end="", flush=True)
        try:
            yield
        except Exception as error:
            print(f"FAILED: {error}")
            raise
        print(f"ok ({time.monotonic() - started:.1f} s)")

    def run(self):
        """Take all steps."""
        with self.step("the login page opens"):
            Visitor(self.url).get("/web/login")
        with self.step("the administrator logs in"):
            Visitor(self.url).log_in("admin", "admin")


def main(url, database):
    """Walk once.

    :param str url: the server
    :param str database: its database
    :return: the exit code
    :rtype: int
    """
    try:
        Walk(url, database).run()
    except (Broken, requests.RequestException) as error:
        print(f"The walk ended early: {error}")
        return 1
    print("The walk is complete.")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
