"""What can be booked, as the first page lists it: by company, service or practitioner."""

from collections import defaultdict

from werkzeug.urls import url_encode

from odoo.http import request

from .booking_visit import find_company, find_practitioner

GROUPINGS = ("service", "practitioner")


class Catalogue:
    """The categories that visitors can book now.

    :ivar company: the seller asked for; empty for all
    :ivar practitioner: the one asked for; empty for all
    :ivar str grouping: ``service`` or ``practitioner``
    """

    def __init__(self, company=None, practitioner=None, by=None):
        """Find what can be booked.

        :param str company: the id of a selling company; none for all
        :param str practitioner: see `find_practitioner`; none for all
        :param str by: how the page is grouped
        :raise NotFound: when nobody sells, or nobody is, what is asked for
        """
        self.grouping = by if by in GROUPINGS else GROUPINGS[0]
        # sudo: visitors read categories through these pages only
        categories = request.env["calendar.event.type"].sudo()
        self.categories = categories.search([("bookable", "=", True)])
        sellers = self._get_sellers()
        companies = self.categories.company_id.union(*(key[1] for key in sellers))
        self.company = find_company(companies, company) if company else companies[:0]
        users = self.categories.user_ids
        self.practitioner = find_practitioner(users, practitioner) if practitioner else users[:0]
        self.sellers = {key: users for key, users in sellers.items() if self._is_asked_for(*key)}
        setup = self.categories._get_setup()
        self.bookable = {
            category: category._get_bookable_practitioners(setup)
            for category, _company in self.sellers
        }

    def _get_sellers(self):
        """Return the practitioners of each category and selling company, bookable now or not."""
        return {
            (category, company): users
            for category in self.categories
            for company, users in category.user_ids.grouped(category._get_selling_company).items()
        }

    def _is_asked_for(self, category, company):
        return (not self.company or company == self.company) and (
            not self.practitioner or self.practitioner in category.user_ids
        )

    def get_values(self):
        """Prepare the page.

        :return: the rendering values of `booking_categories`
        :rtype: dict
        """
        companies = defaultdict(list)
        for (category, company), users in self.sellers.items():
            users &= self.bookable[category]
            users = users & self.practitioner if self.practitioner else users
            if users:
                companies[company].append((category, users))
        return {
            "sections": [
                {"company": company, "groups": self._get_groups(company, offered)}
                for company, offered in companies.items()
            ],
            "practitioner": self.practitioner,
            "grouping": self.grouping,
            "can_group": not self.practitioner
            and any(len(users) > 1 for users in self.sellers.values()),
            "switch": {name: self._get_url(by=name) for name in GROUPINGS},
            **({"res_company": self.company} if self.company else {}),
        }

    def _get_groups(self, company, offered):
        """Return what a company offers: as one group, or as one for each practitioner."""
        if self.grouping == "service" or self.practitioner:
            offers = [self._get_offer(company, category, users) for category, users in offered]
            return [{"name": False, "offers": offers}]
        by_user = defaultdict(list)
        for category, users in offered:
            for user in users:
                by_user[user].append(self._get_offer(company, category, user, own=True))
        users = sorted(by_user, key=lambda user: user.name)
        return [{"name": user.name, "offers": by_user[user]} for user in users]

    def _get_offer(self, company, category, users, own=False):
        """Return one category as it is offered: who, how much, what is due at booking."""
        prices = {category._get_price(user): user for user in users}
        terms = [category._resolve_terms(company, user) for user in prices.values()]
        cheapest = min(terms, key=lambda found: found["amount_total"])
        asked = self.practitioner or (users if own else users[:0])
        query = {
            # a shared category is sold by the company under whose heading it stands
            "company": not category.company_id and not asked and company.id,
            "practitioner": asked and category._get_practitioner_slug(asked),
        }
        query = url_encode({name: value for name, value in query.items() if value})
        return {
            "category": category,
            "terms": cheapest,
            "from_price": len({found["amount_total"] for found in terms}) > 1,
            "names": ", ".join(users.mapped("name")),
            "url": f"/booking/{category.slug}{'?' if query else ''}{query}",
        }

    def _get_url(self, **more):
        query = {"company": self.company.id, **more}
        return f"/booking?{url_encode({key: value for key, value in query.items() if value})}"
