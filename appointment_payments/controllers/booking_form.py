"""What visitors type into the booking form, checked before anything is made of it."""

import re
import unicodedata

from odoo.http import request
from odoo.tools import email_normalize

from ..rules import slots

MAX_LENGTH = {"name": 100, "email": 254, "phone": 32, "note": 2000}
KEPT = (
    *MAX_LENGTH, "accept_terms", "pay_in_full", "checkout_token", "practitioner", "anyone",
    "company", "tz", "start", "shown",
)  # fmt: skip
TOKEN = re.compile(r"[0-9a-f]{32}")
# no display names, no lists: the one address that mails go to
ADDRESS = re.compile(r"[^@\s<>()\[\],;:\"\\]+@[^@\s<>()\[\],;:\"\\]+\.[^@\s<>()\[\],;:\"\\.]+")
# PostgreSQL refuses the first of them, no reader wants the others; the last turn words around
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069]")

# marks without width, spaces and separators: of a name these alone are none
INVISIBLE = ("Cc", "Cf", "Mn", "Zl", "Zp", "Zs")


def read_token(post):
    """Return the mark of a form.

    :param dict post: the form, as the browser sent it
    :return: none when it was altered
    :rtype: str | None
    """
    token = str(post.get("checkout_token") or "")
    return token if TOKEN.fullmatch(token) else None


def read_start(post):
    """Return the time that a form asks for.

    :param dict post: the form, as the browser sent it
    :return: naive UTC, or none when it cannot be read
    :rtype: datetime | None
    """
    return slots.parse_instant(post.get("other_start") or post.get("start") or "")


def asks_for_nearest(post):
    """Return whether a form asks for the nearest free times, in place of the one it has.

    :param dict post: the form, as the browser sent it
    :rtype: bool
    """
    return post.get("nearest") == "1"


def get_kept(post):
    """Return what a form sent, to be sent again with another time.

    :param dict post: the form, as the browser sent it
    :return: the values by name
    :rtype: dict[str, str]
    """
    sent = {**post, "start": post.get("other_start") or post.get("start")}
    return {name: sent[name] for name in KEPT if isinstance(sent.get(name), str)}


class BookingForm:
    """The details that a visitor sent.

    :ivar dict values: what was typed, trimmed, to show again as it was
    :ivar datetime start: the time asked for, naive UTC; none when it could not be read
    :ivar bool is_other_time: whether it is one of the nearest, offered in place of a taken one
    :ivar bool asks_for_nearest: whether it asks for the nearest free times and books nothing
    :ivar str shown: what the page that has the form said of the price, see `get_shown`; none when
        it said nothing
    :ivar str token: the form's mark, by which a second submit is known; none when it was altered
    :ivar dict errors: a sentence that says what to do, by field name
    """

    def __init__(self, post, known, terms_url):
        """Check what was sent.

        :param dict post: the form, as the browser sent it
        :param dict known: what a logged-in client is not asked again: name, email, phone
        :param str|bool terms_url: the terms to accept, if there are any
        """
        self.known = known
        self.values = {name: self._clean(post.get(name)) for name in MAX_LENGTH}
        self.values["email"] = self._without_marks(self.values["email"])
        self.values["accept_terms"] = bool(post.get("accept_terms"))
        self.values["pay_in_full"] = post.get("pay_in_full") == "1"
        self.token = read_token(post)
        self.shown = post.get("shown")
        self.asks_for_nearest = asks_for_nearest(post)
        self.is_other_time = bool(post.get("other_start"))
        self.start = read_start(post)
        self.errors = {}
        self._check_contact()
        self._check_lengths()
        if terms_url and not self.values["accept_terms"]:
            self.errors["accept_terms"] = request.env._("Please accept the terms to go on.")

    @staticmethod
    def _clean(value):
        return CONTROL.sub("", value if isinstance(value, str) else "").strip()

    def _check_contact(self):
        if not self.known.get("name") and not self._is_visible(self.values["name"]):
            self.errors["name"] = request.env._("Please enter your name.")
        if self.known.get("email"):
            return
        if not self.values["email"]:
            self.errors["email"] = request.env._("Please enter your email address.")
        elif not self._is_address(self.values["email"]):
            self.errors["email"] = request.env._(
                "This does not look like an email address. Example: name@example.com"
            )

    @staticmethod
    def _without_marks(address):
        # what is pasted brings marks without width along, and mails to such an address come back
        address = re.sub(r"[\r\n]", "", address)
        return "".join(char for char in address if unicodedata.category(char) != "Cf")

    @staticmethod
    def _is_visible(text):
        # some marks without width are part of names, but none of them is one
        return any(unicodedata.category(char) not in INVISIBLE for char in text)

    @staticmethod
    def _is_address(text):
        return bool(ADDRESS.fullmatch(text) and email_normalize(text))

    def _check_lengths(self):
        for name, limit in MAX_LENGTH.items():
            if len(self.values[name]) > limit:
                self.errors[name] = request.env._(
                    "Please use at most %(limit)s characters.", limit=limit
                )
        if len(self.values["name"].splitlines()) > 1:
            self.errors["name"] = request.env._("Please enter your name on one line.")
