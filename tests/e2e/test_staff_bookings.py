"""A practitioner and the front desk work with the bookings in Chromium."""

import re

import pytest

SECRET = "I take medicine for my blood pressure."
DIALOG = ".modal:visible"
ROW = ".o_data_row"
CARD = ".o_kanban_record:not(.o_kanban_ghost)"
LIST = "/odoo/appointment-bookings"
desktop = pytest.mark.parametrize("size", ["desktop"], indirect=True)


def log_in(practice, tab, login):
    """Have a window be a user's. The screens' scripts are built first, one by one."""
    user = practice.user(login)
    for path in set(user.open("/odoo").find("*/@*[starts-with(., '/web/assets/')]")):
        assert user.send("GET", path).status_code == 200
    session = {"name": "session_id", "value": user.http.cookies["session_id"]}
    tab.context.add_cookies([{**session, "url": practice.url}])


def picture(tab, name):
    tab.screenshot(path=tab.pictures / f"{name}.png")
    wide, window = tab.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= window, f"{name} scrolls sideways: {wide} > {window}"


def search(tab, client):
    """Search for a client, whatever state their bookings are in."""
    field = tab.locator(".o_searchview_input")
    field.wait_for()
    facets = tab.locator(".o_searchview_facet")
    while count := facets.count():
        field.press("Backspace")  # takes the last one away
        tab.wait_for_function(
            "count => document.querySelectorAll('.o_searchview_facet').length < count", arg=count
        )
    field.fill(client)
    tab.locator(".o_searchview_autocomplete").get_by_text("Client").first.wait_for()
    field.press("Enter")
    tab.wait_for_function(
        "client => [...document.querySelectorAll('.o_data_row')]"
        ".every((row, _at, rows) => rows.length && row.innerText.includes(client))",
        arg=client,
    )


def book(practice, client, slug, pay=True, note="", number=0):
    """Have a client book a free time over HTTP, the first by default, and pay what is due."""
    visitor = practice.visitor()
    start = visitor.starts(slug)[number]
    link = visitor.book(slug, name=client, note=note, start=start)
    if pay:
        visitor.pay(link)
    return link


def begin_earlier(practice, *links):
    """Let appointments have been two hours ago, as the clock does."""
    practice.query(
        "UPDATE appointment_payment_booking SET start = now() AT TIME ZONE 'UTC'"
        " - interval '2 hours', stop = now() AT TIME ZONE 'UTC' - interval '1 hour'"
        " WHERE id = ANY(%s)", [link.id for link in links],
    )


def amounts(tab):
    """Return what the form says of the money, by its words."""
    lines = tab.locator("[name=amounts] > div:visible").all_inner_texts()
    return dict(re.sub(r"[\s?]+", " ", line).rsplit(" ", 2)[:2] for line in lines)


def test_a_practitioner_sees_what_is_paid_without_a_second_screen(practice, tab):
    client = f"Nina {tab.viewport_size['width']}"
    book(practice, client, "with-anna", note=SECRET)
    book(practice, f"Foreign {client}", "with-cleo")
    log_in(practice, tab, "anna")
    tab.goto(LIST)
    line = tab.locator(f"{ROW}, {CARD}").filter(has_text=client)
    line.first.wait_for()
    assert "Partly paid" in line.first.inner_text()
    assert not tab.get_by_text("Foreign").count(), "a colleague's client"
    picture(tab, "practitioner-bookings")
    line.first.get_by_text(client).click()
    tab.locator(".o_form_view").wait_for()
    seen = amounts(tab)
    assert (seen["Price"], seen["Paid"], seen["Left to pay"]) == ("80.00", "24.00", "56.00")
    assert tab.get_by_text(SECRET).is_visible()
    assert tab.get_by_text("1 hour", exact=True).is_visible()
    assert not tab.get_by_text("Invoices").count(), "no accounting right"
    picture(tab, "practitioner-booking")
    assert not tab.locator(DIALOG).count()


@desktop
def test_the_front_desk_says_who_came_and_reads_no_message(practice, tab):
    links = [
        book(practice, "Olga First", "with-anna", note=SECRET),
        book(practice, "Olga Second", "with-cleo", note=SECRET),
        book(practice, "Olga Later", "with-cleo", number=-1),
    ]
    begin_earlier(practice, *links[:2])
    log_in(practice, tab, "dora")
    tab.goto(LIST)
    first = tab.locator(ROW).first
    first.wait_for()
    assert "Olga" in first.inner_text(), "what needs an answer comes first"
    search(tab, "Olga")
    assert tab.locator(ROW).count() == 3
    picture(tab, "desk-list")
    tab.locator("thead .o_list_record_selector").click()
    tab.get_by_text("3 selected").wait_for()
    tab.get_by_role("button", name="Attended").click()
    tab.get_by_role("button", name="They came").click()
    tab.get_by_text("2 of 3 bookings are changed").wait_for()
    states = [practice.booking(link.id)["state"] for link in links]
    assert states == ["attended", "attended", "confirmed"]
    tab.locator(ROW).filter(has_text="Attended").first.wait_for()
    tab.locator(ROW).filter(has_text="Olga First").get_by_text("Olga First").click()
    tab.locator(".o_form_view").wait_for()
    assert not tab.get_by_text(SECRET).count()
    assert not tab.get_by_text("Message of the client").count()
    picture(tab, "desk-booking")


@desktop
def test_every_view_of_the_bookings_opens(practice, tab):
    book(practice, "Vera View", "with-anna")
    log_in(practice, tab, "dora")
    tab.goto(LIST)
    views = {
        "kanban": f"{CARD}:has-text('Vera View')",
        "calendar": ".fc-event",
        "pivot": ".o_pivot td.o_pivot_cell_value",
        "graph": ".o_graph_renderer canvas",
        "list": f"{ROW}:has-text('Vera View')",
    }
    for name, shown in views.items():
        tab.locator(f".o_switch_view.o_{name}").click()
        if name == "calendar":
            tab.locator(".o_calendar_button_next").wait_for()
            while not tab.locator(shown).count():
                tab.locator(".o_calendar_button_next").click()
                tab.wait_for_load_state("networkidle")
        tab.locator(shown).first.wait_for()
        assert not tab.locator(DIALOG).count(), name
        picture(tab, f"desk-{name}")


@desktop
def test_a_card_cannot_be_pulled_to_another_state(practice, tab):
    link = book(practice, "Dirk Drag", "with-cleo")
    log_in(practice, tab, "dora")
    tab.goto(LIST)
    tab.locator(".o_switch_view.o_kanban").click()
    card = tab.locator(CARD).filter(has_text="Dirk Drag")
    card.wait_for()
    card.drag_to(tab.locator(".o_kanban_group").filter(has_text="Awaiting payment"))
    assert practice.booking(link.id)["state"] == "confirmed"
    assert not tab.locator(".o_draggable").count()


@desktop
def test_what_has_money_is_not_cancelled_and_what_has_none_is(practice, tab):
    paid = book(practice, "Cora Paid", "with-anna")
    free = book(practice, "Cora Free", "phone-call", pay=False)
    log_in(practice, tab, "dora")
    tab.goto(LIST)
    for client, link, state in (("Cora Paid", paid, "confirmed"), ("Cora Free", free, "cancelled")):
        search(tab, client)
        tab.locator(ROW).filter(has_text=client).locator(".o_list_record_selector").click()
        tab.get_by_text("1 selected").wait_for()
        tab.get_by_role("button", name="Cancel appointments").click()
        tab.locator(DIALOG).get_by_role("button", name="Cancel the appointments").click()
        if state == "confirmed":
            tab.locator(DIALOG).get_by_text("has a payment").wait_for()
            tab.locator(DIALOG).get_by_role("button", name="Close").first.click()
            tab.locator(".o_list_unselect_all, .o_unselect_all").first.click()
        else:
            tab.locator(ROW).filter(has_text="Cancelled").wait_for()
        assert practice.booking(link.id)["state"] == state


@desktop
def test_a_new_booking_begins_in_the_calendar(practice, tab):
    log_in(practice, tab, "dora")
    tab.goto(LIST)
    tab.get_by_role("button", name="New booking").click()
    tab.locator(".o_calendar_view").wait_for()
    assert not tab.locator(DIALOG).count()
