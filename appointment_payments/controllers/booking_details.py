"""What the Time and the Details step show beside their question: the summary, the choices."""

import pytz

from odoo.http import request

from ..rules import slots
from .booking_words import show_when

CONTACT = ("name", "email", "phone")


def get_known():
    """Return what a logged-in client is not asked again.

    :return: name, email and phone, where they are known; nothing for anonymous visitors
    :rtype: dict[str, str]
    """
    user = request.env.user
    if user._is_public():
        return {}
    return {name: user.partner_id[name] for name in CONTACT if user.partner_id[name]}


def get_page_values(visit, user=None):
    """Prepare what every step shows: the summary of price, due now and due later.

    :param visit: the `Visit`
    :param user: the practitioner who would be booked; none before the time is chosen
    :return: the rendering values of `booking_layout`
    :rtype: dict
    """
    category = visit.category
    shown = user or visit.practitioner or (visit.users or visit.all_users)[:1]
    company = category._get_selling_company(shown)
    is_open = user or visit.practitioner
    terms = category._resolve_terms(company, user) if user else visit.cheapest
    return {
        "visit": visit,
        "category": category,
        "company": company,
        "res_company": company,
        "currency": category.currency_id,
        "terms": terms,
        "amount_later": _get_later(category, terms),
        "from_price": not user and visit.has_several_prices,
        "full_terms": False,
        "closed": visit.closed,
        "terms_url": visit.get_terms_url(shown),
        "refund_terms": category._get_refund_terms(company),
        "tz": visit.tz,
        "zones": pytz.common_timezones,
        "practitioner": is_open and shown,
        "logged_in": not request.env.user._is_public(),
        "problem": False,
    }


def _get_later(category, terms):
    return category.currency_id.round(terms["amount_total"] - terms["amount_due_now"])


def get_shown(terms):
    """Return what a page says of a price, to be compared when its form comes back.

    :param dict terms: what a client who books now agrees to, see `_resolve_terms`
    :rtype: str
    """
    said = ("amount_total", "amount_due_now", "confirmation_mode", "request_flow")
    return " ".join(str(terms[name]) for name in said)


def get_details_values(visit, user, start, form=None):
    """Prepare the details form.

    :param visit: the `Visit`
    :param user: the practitioner who would be booked
    :param datetime start: the chosen start, naive UTC; none when it could not be read
    :param form: the `BookingForm` that was sent; none at first
    :return: the rendering values of `booking_details`, beyond those of every page
    :rtype: dict
    """
    practice_tz = visit.get_practice_tz(user)
    elsewhere = start and slots.to_local(start, practice_tz).utcoffset() != slots.to_local(
        start, visit.tz
    ).utcoffset()
    return {
        "when": start and show_when(start, visit.tz),
        "when_there": elsewhere and show_when(start, practice_tz),
        "practice_tz": practice_tz,
        "start_text": start and slots.to_text(start),
        # back to the day of the chosen time
        "back": {"day": start and slots.to_local(start, visit.tz).date().isoformat()},
        "full_terms": _get_full_terms(visit.category, user),
        "shown": get_shown(visit.get_terms(user)),
        "known": get_known(),
        "typed": form.values if form else {},
        "errors": form.errors if form else {},
        "nearest": [],
    }


def _get_full_terms(category, user):
    """Return the terms of a client who pays all at once, where a deposit leaves the choice."""
    company = category._get_selling_company(user)
    terms = category._resolve_terms(company, user)
    is_zero = category.currency_id.is_zero
    if terms["payment_mode"] != "deposit" or is_zero(terms["amount_due_now"]):
        return False
    if is_zero(_get_later(category, terms)):
        return False
    return category._resolve_terms(company, user, pay_in_full=True)
