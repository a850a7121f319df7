"""The same form more than once: double clicks, reloads, two tabs."""

from concurrent.futures import ThreadPoolExecutor

from tests.practice import Link

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
