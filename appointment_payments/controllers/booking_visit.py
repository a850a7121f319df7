"""What a visitor asks the booking pages for: which category, with whom, in which time zone."""

import re
from functools import cached_property

import pytz
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.urls import url_encode

from odoo.http import request

# a practitioner's public name ends with their id; an id alone will do
PRACTITIONER = re.compile(r"(?:[^\s/]*-)?([0-9]{1,9})", re.ASCII)


def check_link_name(slug):
    """Refuse what is no link name of a category.

    :param str slug: what stands in the address
    :raise BadRequest: when no database takes such a name
    :raise NotFound: when no category has such a name
    """
    if "\x00" in slug:
        raise BadRequest()  # Odoo's own page for what is not found fails on it
    if slug != request.env["ir.http"]._slugify(slug):
        raise NotFound()


def find_category(slug):
    """Return the category that a link means.

    :param str slug: its link name
    :rtype: recordset of `calendar.event.type`
    :raise BadRequest: when no database takes such a name
    :raise NotFound: when nothing bookable has this link name
    """
    check_link_name(slug)
    # sudo: visitors read categories through these pages only
    categories = request.env["calendar.event.type"].sudo()
    category = categories.search([("slug", "=", slug), ("bookable", "=", True)], limit=1)
    if not category:
        raise NotFound()
    return category


def read_practitioner_id(text):
    """Return the id in what a link or a form says of a practitioner, whoever that is.

    :param str text: the public name that ends with the id, or the id
    :rtype: int | None
    """
    found = isinstance(text, str) and PRACTITIONER.fullmatch(text)
    return int(found[1]) if found else None


def find_practitioner(users, text):
    """Return the practitioner that a link means.

    :param users: those who can be meant
    :param str text: the public name that ends with the id, or the id
    :rtype: recordset of `res.users`
    :raise NotFound: when none of them is meant
    """
    user_id = read_practitioner_id(text)
    user = users.filtered(lambda user: user.id == user_id)
    if not user:
        raise NotFound()
    return user


def find_company(companies, text):
    """Return the company that a link means.

    :param companies: those that can be meant
    :param str text: its id
    :rtype: recordset of `res.company`
    :raise NotFound: when none of them is meant
    """
    company = companies.filtered(lambda company: str(company.id) == text)
    if not company:
        raise NotFound()
    return company


def find_time_zone(text):
    """Return a time zone that a visitor's browser named.

    :param str text: its IANA name
    :return: the name, or nothing when there is no such zone
    :rtype: str | None
    """
    return text if isinstance(text, str) and text in pytz.all_timezones_set else None


class Visit:
    """One category, those of its practitioners who are asked for, and the reader's clock.

    :ivar category: the `calendar.event.type`, in superuser mode
    :ivar setup: what its companies and practitioners have set up
    :ivar practitioner: the one asked for; empty for anyone
    :ivar company: the seller asked for; empty for any
    """

    def __init__(self, slug, practitioner=None, company=None, tz=None, embed=None):
        """Find what is asked for.

        :param str slug: the category's link name
        :param str practitioner: see `find_practitioner`; none for anyone
        :param str company: the id of a selling company; none for any
        :param str tz: the IANA name of the visitor's time zone; none to guess
        :param str embed: ``1`` in another site's frame
        :raise NotFound: when the category, the practitioner or the company is unknown
        """
        self.category = find_category(slug)
        self.setup = self.category._get_setup()
        users = self.category.user_ids
        self.company = request.env["res.company"]
        if company:
            sellers = users.grouped(self.category._get_selling_company)
            self.company = find_company(self.company.sudo().union(*sellers), company)
            users = sellers[self.company]
        self.all_users = users
        self.practitioner = find_practitioner(users, practitioner) if practitioner else users[:0]
        self.chosen_tz = find_time_zone(tz)
        self.embedded = embed == "1"

    @cached_property
    def bookable(self):
        """The practitioners who can be booked now, whoever is asked for."""
        return self.all_users & self.category._get_bookable_practitioners(self.setup)

    @property
    def users(self):
        """The practitioners asked for who can be booked now."""
        return self.bookable & self.practitioner if self.practitioner else self.bookable

    @property
    def closed(self):
        """Whether nobody asked for can be booked now."""
        return not self.users

    @cached_property
    def tz(self):
        """The time zone in which times are shown: the visitor's, else the practitioner's."""
        return self.chosen_tz or find_time_zone(request.cookies.get("tz")) or self.practice_tz

    @property
    def practice_tz(self):
        """The time zone of the practitioner asked for, or of the first of them."""
        return self.get_practice_tz((self.practitioner or self.all_users)[:1])

    def get_practice_tz(self, user):
        """Return the time zone in which a practitioner works.

        :param user: the practitioner
        :rtype: str
        """
        company = self.category._get_selling_company(user)
        return self.setup.get_tz(user, company) or "UTC"

    def get_terms_url(self, user):
        """Return the link to the terms that clients of a practitioner accept.

        :param user: the practitioner
        :rtype: str | bool
        """
        return self.category._get_terms_url(self.category._get_selling_company(user))

    @cached_property
    def terms(self):
        """What clients agree to with each practitioner, by user id; see `_resolve_terms`."""
        resolved, found = {}, {}
        for user in self.users or self.all_users[:1]:
            company = self.category._get_selling_company(user)
            key = company, self.category._get_price(user)
            if key not in resolved:
                resolved[key] = self.category._resolve_terms(company, user)
            found[user.id] = resolved[key]
        return found

    def get_terms(self, user):
        """Return what clients agree to with a practitioner; see `_resolve_terms`.

        :param user: the practitioner, of the category
        :rtype: dict
        """
        company = self.category._get_selling_company(user)
        return self.terms.get(user.id) or self.category._resolve_terms(company, user)

    @property
    def cheapest(self):
        """The terms with the lowest price, of those asked for."""
        return min(self.terms.values(), key=lambda terms: terms["amount_total"], default=None)

    @property
    def has_several_prices(self):
        """Whether the price depends on the practitioner."""
        return len({terms["amount_total"] for terms in self.terms.values()}) > 1

    def get_query(self, **more):
        """Return the query that keeps what was asked for.

        :param more: further parameters; those without a value are left out
        :rtype: str
        """
        slug = self.category._get_practitioner_slug
        kept = {
            "company": self.company.id,
            "practitioner": self.practitioner and slug(self.practitioner),
            "tz": self.chosen_tz,
            "embed": self.embedded and "1",
            **more,
        }
        return url_encode({name: value for name, value in kept.items() if value})

    def get_url(self, **more):
        """Return the link to the category's page that keeps what was asked for.

        :param more: further parameters; those without a value are left out
        :rtype: str
        """
        query = self.get_query(**more)
        return f"/booking/{self.category.slug}{'?' if query else ''}{query}"
