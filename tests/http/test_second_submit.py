"""The same form more than once: double clicks, reloads, two tabs."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.visitor import Link, RpcError

SLUG = "with-cleo"  # one practitioner: a time is free or it is not


def link_of(answer):
    assert answer.status_code == 303
    return Link.parse(answer.headers["Location"])


def test_a_second_submit_finds_the_first_booking(practice, visitor):
    form = visitor.form(SLUG)
    before = practice.count("appointment_payment_booking")
    links = {link_of(visitor.submit(form, SLUG)).id for _attempt in range(3)}
    assert len(links) == 1
    assert practice.count("appointment_payment_booking") == before + 1


def test_f07_a_double_click_makes_one_booking_and_one_transaction(practice, visitor):
    form = visitor.form(SLUG)
    before = practice.count("appointment_payment_booking")
    with ThreadPoolExecutor(4) as pool:
        links = list(pool.map(lambda _n: link_of(visitor.submit(form, SLUG)), range(4)))
        assert len({link.id for link in links}) == 1
        list(pool.map(lambda _n: visitor.ask_to_pay(links[0]), range(4)))
    assert practice.count("appointment_payment_booking") == before + 1
    assert len(practice.transactions(links[0].id)) == 1


def test_another_time_in_the_same_form_gives_the_first_up(practice, visitor):
    first, second = visitor.starts(SLUG)[10:12]
    form = visitor.form(SLUG, start=first)
    given_up = link_of(visitor.submit(form, SLUG))
    link = link_of(visitor.submit({**form, "start": second}, SLUG))
    assert link.id != given_up.id
    assert practice.booking(given_up.id)["expired_reason"] == "replaced"
    assert [practice.occupied(start, "cleo") for start in (first, second)] == [0, 1]


def test_a_booking_whose_payment_is_under_way_is_not_given_up(practice, visitor):
    first, second = visitor.starts(SLUG)[10:12]
    form = visitor.form(SLUG, start=first)
    link = link_of(visitor.submit(form, SLUG))
    visitor.pay(link, "pending")
    assert link_of(visitor.submit({**form, "start": second}, SLUG)).id == link.id
    assert [practice.occupied(start, "cleo") for start in (first, second)] == [1, 0]


def test_two_forms_of_one_visitor_are_two_bookings(visitor):
    first, second = visitor.starts(SLUG)[14:16]
    tabs = visitor.form(SLUG, start=first), visitor.form(SLUG, start=second)
    assert len({link_of(visitor.submit(form, SLUG)).id for form in tabs}) == 2


def test_a_page_opened_between_the_payment_and_its_processing_asks_for_nothing(practice, visitor):
    link = visitor.book(SLUG)
    visitor.simulate(visitor.ask_to_pay(link)["reference"])
    other = practice.visitor()
    page = other.open(link.page)
    assert "Your payment is processing" in page.text
    assert not page.find("form[@id='o_payment_form']")
    with pytest.raises(RpcError, match="nothing to pay here now"):
        other.ask_to_pay(link)
    visitor.poll()
    practice.assert_ledger(link.id, total=80.0, tax=13.33, residual=56.0, payments=[24.0])


def test_a_saved_card_that_is_sent_many_times_is_charged_once(practice):
    payer = practice.visitor()
    payer.log_in("paula")
    link = Link.parse(payer.submit(payer.form(SLUG), SLUG).headers["Location"])
    token = int(practice.server.shell(
        f"booking = env['appointment.payment.booking'].browse({link.id})\n"
        f"token = env['payment.token'].create({{'provider_id': {practice.ids['provider']},"
        f" 'payment_method_id': {practice.ids['method']}, 'partner_id': booking.payer_id.id,"
        " 'provider_ref': 'card', 'payment_details': '1234', 'demo_simulated_state': 'done'})\n"
        "env.cr.commit()\nprint('TOKEN', token.id)"
    ).split("TOKEN")[1])

    def charge(_number):
        try:
            return payer.ask_to_pay(link, flow="token", token_id=token, amount=24.0)["state"]
        except RpcError as refusal:
            # the first may be over by then: what it has left is not what was clicked
            assert re.search("nothing to pay here now|amount to pay here is 56.00", str(refusal))
            return "refused"

    with ThreadPoolExecutor(4) as pool:
        said = sorted(pool.map(charge, range(4)))
    assert said == ["done", *["refused"] * 3], practice.transactions(link.id)
    assert [row[1:] for row in practice.transactions(link.id)] == [(24.0, "done")]
    payer.poll()
    practice.assert_ledger(link.id, total=80.0, tax=13.33, residual=56.0, payments=[24.0])
