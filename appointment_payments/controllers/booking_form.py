"""What visitors type into the booking form, checked before anything is made of it."""

import re

from odoo.http import request
from odoo.tools import email_normalize

from ..rules import slots

MAX_LENGTH = {"name": 100, "email": 254, "phone": 32, "note": 2000}
TOKEN = re.compile(r"[0-9a-f]{32}")
# no display names, no lists: the one address that mails go to
ADDRESS = re.compile(r"[^@\s<>()\[\],;:\"\\]+@[^@\s<>()\[\],;:\"\\]+\.[^@\s<>()\[\],;:\"\\.]+")
# PostgreSQL refuses the first of them, and no reader wants the others
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class BookingForm:
    """The details that a visitor sent.

    :ivar dict values: what was typed, trimmed, to show again as it was
    :ivar datetime start: the time asked for, naive UTC; none when it could not be read
    :ivar bool is_other_time: whether it is one of the nearest, offered in place of a taken one
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
        self.values["email"] = re.sub(r"[\r\n]", "", self.values["email"])
        self.values["accept_terms"] = bool(post.get("accept_terms"))
        self.values["pay_in_full"] = post.get("pay_in_full") == "1"
        token = str(post.get("checkout_token") or "")
        self.token = token if TOKEN.fullmatch(token) else None
        self.is_other_time = bool(post.get("other_start"))
        self.start = slots.parse_instant(post.get("other_start") or post.get("start") or "")
        self.errors = {}
        self._check_contact()
        self._check_lengths()
        if terms_url and not self.values["accept_terms"]:
            self.errors["accept_terms"] = request.env._("Please accept the terms to go on.")

    @staticmethod
    def _clean(value):
        return CONTROL.sub("", value if isinstance(value, str) else "").strip()

    def _check_contact(self):
        if not self.known.get("name") and not self.values["name"]:
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
    def _is_address(text):
        return bool(ADDRESS.fullmatch(text) and email_normalize(text))

    def _check_lengths(self):
        for name, limit in MAX_LENGTH.items():
            if len(self.values[name]) > limit:
                self.errors[name] = request.env._(
                    "Please use at most %(limit)s characters.", limit=limit
                )
        if "\n" in self.values["name"] or "\r" in self.values["name"]:
            self.errors["name"] = request.env._("Please enter your name on one line.")
