"""Who reads and changes what, over HTTP: visitors, clients, practitioners."""

import pytest

from tests.visitor import Link, Page, RpcError

MODEL = "appointment.payment.booking"
REFUSED = ("odoo.exceptions.AccessError", "odoo.exceptions.UserError")


def call_kw(visitor, method, *arguments, model=MODEL, **options):
    return visitor.call(
        f"/web/dataset/call_kw/{model}/{method}",
        model=model, method=method, args=list(arguments), kwargs=options,
    )


def refused(visitor, method, *arguments, **options):
    with pytest.raises(RpcError) as refusal:
        call_kw(visitor, method, *arguments, **options)
    assert refusal.value.name in REFUSED


@pytest.fixture
def link(visitor):
    return visitor.book("with-anna")


@pytest.fixture
def anna(practice):
    return practice.user("anna")


def test_f43_counting_through_the_numbers_finds_nothing(practice, visitor, link):
    pages = set()
    for number in [*range(link.id - 5, link.id + 3), 0, 10**8, 10**12, 10**40, -1]:
        answer = practice.visitor().send("GET", f"/my/appointment-bookings/{number}")
        assert answer.status_code == 404
        pages.add(Page(answer).text)
    assert len(pages) == 1


def test_f43_the_list_of_bookings_asks_who_is_there(visitor, link):
    for path in ("/my/appointment-bookings", "/my/appointment-bookings/page/2"):
        answer = visitor.send("GET", path)
        assert answer.status_code == 303
        assert "/web/login" in answer.headers["Location"]
    with pytest.raises(RpcError) as refusal:
        call_kw(visitor, "search_read", [])
    assert refusal.value.code == 100  # log in first


def test_a_client_who_is_logged_in_books_in_their_own_name(practice):
    paula = practice.user("paula")
    form = paula.open(
        "/booking/with-cleo", start=paula.starts("with-cleo")[0]
    ).form()
    assert "email" not in form
    answer = paula.submit({**form, "name": "Somebody Else", "email": "x@example.com"}, "with-cleo")
    mine = Link.parse(answer.headers["Location"])
    [(email,)] = practice.query(
        "SELECT p.email FROM appointment_payment_booking b JOIN res_partner p"
        " ON p.id = b.partner_id WHERE b.id = %s", mine.id,
    )
    assert email == "paula@example.com"
    assert paula.send("GET", mine.path).status_code == 200
    foreign = practice.visitor().book("with-cleo")
    links = paula.open("/my/appointment-bookings").find("td[1]/a/@href")
    listed = {Link.parse(url).id for url in links}
    assert mine.id in listed
    assert foreign.id not in listed


def test_f43_a_client_changes_no_booking(practice, link):
    paula = practice.user("paula")
    for method, arguments in [
        ("write", [[link.id], {"state": "confirmed"}]),
        ("unlink", [[link.id]]),
        ("create", [{"partner_id": 1}]),
        ("action_cancel", [[link.id]]),
        ("action_mark_attended", [[link.id]]),
        ("_set_confirmed", [[link.id]]),
        ("message_post", [[link.id]]),
        ("get_portal_url", [[link.id]]),
    ]:
        refused(paula, method, *arguments)
    for model in ("appointment.payment.occupancy", "payment.transaction"):
        refused(paula, "search_read", [], model=model)
    assert practice.booking(link.id)["state"] == "pending_payment"


def test_f43_a_practitioner_has_their_own_bookings_and_no_money_fields(practice, anna, link):
    foreign = practice.visitor().book("with-cleo")
    read = call_kw(anna, "read", [link.id], ["name", "amount_total", "amount_residual"])
    assert read[0]["amount_total"] == 80
    found = call_kw(anna, "search_read", [], fields=["user_id"])
    assert {row["user_id"][0] for row in found} == {practice.ids["anna"]}
    refused(anna, "read", [foreign.id], ["name"])
    refused(anna, "action_cancel", [foreign.id])
    for values in ({"price": 1}, {"state": "confirmed"}, {"amount_due_now": 0},
                   {"partner_id": 1}, {"access_token": "mine"}):  # fmt: skip
        refused(anna, "write", [link.id], values)
    refused(anna, "search_read", [], model="payment.transaction")
    refused(anna, "search_read", [], model="account.move")
    assert float(practice.booking(link.id)["amount_total"]) == 80


def test_the_link_of_a_booking_opens_nothing_else(practice, visitor, link):
    visitor.pay(link)
    [(invoice, *_rest)] = practice.ledger(link.id).invoices
    stranger = practice.visitor()
    answer = stranger.send("GET", f"/my/invoices/{invoice}?access_token={link.token}")
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith("/my")
    [(event,)] = practice.query(
        "SELECT e.access_token FROM calendar_event e JOIN appointment_payment_booking b"
        " ON b.event_id = e.id WHERE b.id = %s", link.id,
    )
    assert event != link.token
