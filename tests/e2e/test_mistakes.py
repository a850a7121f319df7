"""What goes wrong on the way: a wrong field, a time that is gone, Back after paying."""

from urllib.parse import parse_qs, urlsplit

from tests.e2e.pages import book, choose, fill_in, look, open_times, see, submit
from tests.e2e.test_demo_journey import pay
from tests.visitor import Link, from_text


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


def lose(practice, tab, number, *answers):
    """Have somebody else book the time while its form is filled in, then send the form.

    :return: what was typed, by label
    """
    open_times(tab, "with-cleo", number)
    choose(tab)
    start = parse_qs(urlsplit(tab.url).query)["start"][0]
    typed = {
        "Name": f"Slow {tab.viewport_size['width']} {number}",
        "Email": "slow@example.com",
        "Phone": "+33 6 12 34 56 78",
        "Message to the practice": "I limp.\nSince Monday.",
    }
    for label, text in typed.items():
        tab.get_by_label(label).fill(text)
    tab.get_by_label("Full price").check()
    practice.visitor().book("with-cleo", start=start)
    submit(tab)
    return typed


def assert_kept(tab, typed):
    """Assert that the form has what was typed and chosen."""
    assert {label: tab.get_by_label(label).input_value() for label in typed} == typed
    assert tab.get_by_label("Full price").is_checked()


def assert_booked(practice, tab, typed, wanted):
    """Assert that the open booking is of the wanted time, and says what was typed and chosen."""
    see(tab, "Pay to book")
    assert tab.get_by_role("button", name="Pay 80.00 € and book").is_visible()
    booking = practice.booking(Link.parse(tab.url).id)
    assert booking["start"] == from_text(wanted)
    assert booking["client_note"].replace("\r\n", "\n") == typed["Message to the practice"]
    contact = practice.query(
        "SELECT name, email, phone FROM res_partner WHERE id = %s", booking["partner_id"]
    )[0]
    assert contact == (typed["Name"], typed["Email"], typed["Phone"])


def test_a_time_that_is_gone_costs_one_click(practice, tab):
    typed = lose(practice, tab, 5)
    nearest = tab.locator("button.o_appay_slot")
    nearest.first.wait_for()
    assert nearest.count() == 4
    alert = tab.get_by_role("alert")
    assert "has just been taken" in alert.inner_text()
    assert alert.evaluate("node => node === document.activeElement")
    assert_kept(tab, typed)
    look(tab, "taken")
    tab.get_by_label("Name").press("Enter")  # chooses none of them
    assert not practice.query("SELECT 1 FROM res_partner WHERE name = %s", typed["Name"])
    wanted = nearest.nth(1).get_attribute("value")
    nearest.nth(1).click()
    assert_booked(practice, tab, typed, wanted)


def test_back_from_a_time_that_is_gone_leads_to_the_form(practice, tab):
    typed = lose(practice, tab, 8)
    tab.locator("button.o_appay_slot").first.wait_for()
    tab.evaluate("setTimeout(() => history.back(), 0)")
    tab.wait_for_url("**start=**")
    assert {label: tab.get_by_label(label).input_value() for label in typed} == typed


def test_without_a_script_a_time_that_is_gone_costs_two_clicks(practice, plain_tab):
    typed = lose(practice, plain_tab, 6)
    alert = plain_tab.get_by_role("alert").filter(has_text="has just been taken")
    alert.wait_for()
    look(plain_tab, "sold")
    plain_tab.get_by_role("button", name="Show the nearest free times").click()
    nearest = plain_tab.locator("button.o_appay_slot")
    nearest.first.wait_for()
    assert nearest.count() == 4
    assert_kept(plain_tab, typed)
    wanted = nearest.last.get_attribute("value")
    nearest.last.click()
    assert_booked(practice, plain_tab, typed, wanted)


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
