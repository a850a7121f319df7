"""What goes wrong on the way: a wrong field, a time that is gone, Back after paying."""

from urllib.parse import parse_qs, urlsplit

from tests.e2e.pages import book, choose, fill_in, look, open_times, see, submit
from tests.e2e.test_demo_journey import pay
from tests.practice import Link, from_text


def test_a_wrong_field_is_told_and_found(tab):
    open_times(tab, "first-consultation", 4)
    choose(tab)
    fill_in(tab, email="carla@example")  # browsers take it for an address
    tab.get_by_label("Message to the practice").fill("I limp.")
    submit(tab)
    alert = tab.get_by_role("alert")
    link = alert.get_by_role("link", name="This does not look like an email address.")
    link.click()
    field = tab.get_by_label("Email")
    assert field.evaluate("node => node.matches(':target')")
    assert field.get_attribute("aria-invalid") == "true"
    described = field.get_attribute("aria-describedby")
    assert "name@example.com" in tab.locator(f"#{described}").inner_text()
    assert tab.get_by_label("Message to the practice").input_value() == "I limp."
    look(tab, "wrong")
    field.fill("carla@example.com")
    submit(tab)
    see(tab, "Pay to book")


def test_a_time_that_is_gone_costs_one_click(practice, tab):
    open_times(tab, "with-cleo", 5)
    choose(tab)
    start = parse_qs(urlsplit(tab.url).query)["start"][0]
    typist = f"Slow {tab.viewport_size['width']}"
    fill_in(tab, name=typist)
    practice.visitor().book("with-cleo", start=start)
    submit(tab)
    alert = tab.get_by_role("alert")
    alert.filter(has_text="has just been taken").wait_for()
    assert alert.evaluate("node => node === document.activeElement")
    look(tab, "taken")
    nearest = tab.locator("button.o_appay_slot")
    assert nearest.count() == 4
    tab.get_by_label("Name").press("Enter")  # chooses none of them
    assert not practice.query("SELECT 1 FROM res_partner WHERE name = %s", typist)
    wanted = nearest.nth(1).get_attribute("value")
    nearest.nth(1).click()
    see(tab, "Pay to book")
    booking = practice.booking(Link.parse(tab.url).id)
    [(name,)] = practice.query("SELECT name FROM res_partner WHERE id = %s", booking["partner_id"])
    assert (name, booking["start"]) == (typist, from_text(wanted))


def test_back_after_paying_shows_what_is_paid(practice, tab):
    link = book(tab, "follow-up", 4)
    pay(tab, "Pay 50.00 € and book")
    see(tab, "Your appointment is confirmed")
    for steps in (1, 2):  # to the page that waits for the provider; to the one with the button
        # later, since leaving a page ends what it is evaluating
        tab.evaluate(f"setTimeout(() => history.go(-{steps}), 0)")
        tab.wait_for_url(f"**{link.path}**")
        see(tab, "Your appointment is confirmed")
        assert not tab.get_by_role("button", name="Pay").count()
    practice.assert_ledger(link.id, total=50.0, tax=8.33, residual=0.0, payments=[50.0])


def test_a_payment_that_failed_says_so(tab):
    link = book(tab, "follow-up", 3)
    pay(tab, "Pay 50.00 € and book", "error")
    tab.goto(link.page)
    assert tab.get_by_role("alert").filter(has_text="did not go through").is_visible()
    look(tab, "failed")


def test_what_is_not_there_says_so(tab):
    tab.goto("/my/appointment-bookings/99999999?access_token=guessed")
    tab.get_by_text("We couldn't find the page").wait_for()
