"""Who pays what is the server's to say: amounts, methods, bookings and tokens from a browser."""

import uuid

import pytest

from tests.visitor import Link, Page, RpcError


@pytest.fixture
def link(visitor):
    return visitor.book()


@pytest.mark.parametrize(
    "changed",
    [
        {"amount": 24},
        {"amount": None},
        {"landing_route": "https://evil.example/"},
        {"is_validation": True},
        {"tokenization_requested": True},
    ],
)
def test_f19_what_the_browser_says_of_the_payment_is_not_heard(practice, visitor, link, changed):
    values = visitor.ask_to_pay(link, **changed)
    assert (values["amount"], values["should_tokenize"]) == (24.0, False)
    [(landing, currency, partner, operation)] = practice.query(
        "SELECT landing_route, currency_id, partner_id, operation FROM payment_transaction"
        " WHERE appointment_booking_id = %s", link.id,
    )
    assert landing.startswith(link.path)
    assert operation == "online_direct"
    assert [(currency, partner)] == practice.query(
        "SELECT currency_id, payer_id FROM appointment_payment_booking WHERE id = %s", link.id
    )


@pytest.mark.parametrize(
    "amount", [0.01, 23.99, 80, -24, 0, "free", "24", [24], {}, 10**400, float("nan")], ids=str
)
def test_f19_an_amount_that_is_not_due_is_refused(practice, visitor, link, amount):
    with pytest.raises(RpcError, match="The amount to pay here is 24") as refusal:
        visitor.ask_to_pay(link, amount=amount)
    assert refusal.value.name == "odoo.exceptions.UserError"
    assert not practice.transactions(link.id)


@pytest.mark.parametrize(
    "extra", ["currency_id", "partner_id", "company_id", "invoice_ids", "reference_prefix",
              "custom_create_values", "appointment_booking_id", "state"],
)  # fmt: skip
def test_f19_values_that_no_payment_form_sends_are_refused(practice, visitor, link, extra):
    with pytest.raises(RpcError, match="not whitelisted"):
        visitor.ask_to_pay(link, **{extra: 1})
    assert not practice.transactions(link.id)


@pytest.mark.parametrize(
    "changed",
    [
        ("provider_id", "foreign_provider"),
        ("payment_method_id", "foreign_method"),
        ("provider_id", None),
        ("provider_id", "1 OR 1=1"),
        ("payment_method_id", -1),
        ("flow", "offline"),
        ("flow", "refund"),
        ("flow", None),
        ("flow", "token"),
    ],
)
def test_f19_ways_to_pay_that_are_not_offered_are_refused(practice, visitor, link, changed):
    name, value = changed
    with pytest.raises(RpcError, match="not offered here"):
        visitor.ask_to_pay(link, **{name: practice.ids.get(value, value)})
    assert not practice.transactions(link.id)


def test_f42_the_same_answer_whether_the_booking_or_the_token_is_wrong(visitor, link):
    other = visitor.book("follow-up")
    wrong = [
        Link(link.id, other.token),
        Link(link.id, str(uuid.uuid4())),
        Link(link.id, ""),
        Link(link.id, "\x00"),
        Link(link.id, "é" * 36),
        Link(link.id, link.token * 300),
        Link(link.id, link.token[:-1]),
        Link(link.id, link.token.upper() + " "),
        Link(10**8, link.token),
    ]
    for guess in wrong:
        for suffix in ("", "&report_type=pdf"):
            answer = visitor.send("GET", guess.page + suffix)
            assert answer.status_code == 404, guess
            assert "find the page" in Page(answer).text
        with pytest.raises(RpcError) as refusal:
            visitor.ask_to_pay(guess)
        assert refusal.value.code == 404


@pytest.mark.parametrize("token", [None, True, 5, [], {}, ["x"], {"a": 1}, "\ud800"], ids=repr)
def test_f42_a_token_that_is_no_text_is_wrong(practice, visitor, link, token):
    with pytest.raises(RpcError) as refusal:
        visitor.ask_to_pay(link, access_token=token)
    assert refusal.value.code == 404
    assert not practice.transactions(link.id)


def test_f43_a_logged_in_client_reads_nobody_elses_booking(visitor, link):
    visitor.log_in("paula")
    assert visitor.send("GET", link.path).status_code == 404
    assert visitor.send("GET", link.page).status_code == 200
    for method, arguments in (("read", [[link.id]]), ("search_read", [[]])):
        try:
            found = visitor.call(
                f"/web/dataset/call_kw/appointment.payment.booking/{method}",
                model="appointment.payment.booking", method=method, args=arguments, kwargs={},
            )
        except RpcError as refusal:
            assert refusal.name == "odoo.exceptions.AccessError"
        else:
            assert not found


@pytest.mark.parametrize("state", ["pending", "cancel", "error"])
def test_no_invoice_before_money_has_arrived(visitor, link, state):
    assert visitor.send("GET", f"{link.page}&report_type=pdf").status_code == 404
    visitor.pay(link, state)
    assert visitor.send("GET", f"{link.page}&report_type=pdf").status_code == 404
    assert "Invoice (PDF)" not in visitor.open(link.page).text


def test_a_payment_under_way_is_not_paid_again(practice, visitor, link):
    visitor.pay(link, "pending")
    page = visitor.open(link.page)
    assert "Your payment is processing" in page.text
    assert not page.find("form[@id='o_payment_form']")
    with pytest.raises(RpcError, match="nothing to pay here now"):
        visitor.ask_to_pay(link)
    assert practice.booking(link.id)["payment_status"] == "processing"
    assert len(practice.transactions(link.id)) == 1


@pytest.mark.parametrize("state", ["cancel", "error"])
def test_a_failed_payment_can_be_tried_again_on_the_same_booking(practice, visitor, link, state):
    visitor.pay(link, state)
    assert practice.booking(link.id)["state"] == "pending_payment"
    assert visitor.open(link.page).find("form[@id='o_payment_form']")
    visitor.pay(link)
    practice.assert_ledger(link.id, total=80.0, tax=13.33, residual=56.0, payments=[24.0])


def test_back_after_paying_pays_the_balance_only(practice, visitor):
    form = visitor.form()
    link = Link.parse(visitor.submit(form).headers["Location"])
    visitor.pay(link)
    again = Link.parse(visitor.submit(form).headers["Location"])
    assert again == link
    assert visitor.ask_to_pay(link)["amount"] == 56.0
    visitor.pay(link)
    with pytest.raises(RpcError, match="nothing to pay here now"):
        visitor.ask_to_pay(link)
    practice.assert_ledger(link.id, total=80.0, tax=13.33, residual=0.0, payments=[24.0, 56.0])


def test_a_page_left_open_does_not_pay_another_amount_than_it_shows(practice, visitor):
    """Two tabs show the deposit; it is paid in the one, and then in the other."""
    link = visitor.book()
    visitor.ask_to_pay(link, amount=24)
    visitor.pay(link)
    with pytest.raises(RpcError, match=r"is 56\.00.* now\. Reload the page"):
        visitor.ask_to_pay(link, amount=24)
    assert [row[1] for row in practice.transactions(link.id)] == [24.0]


def test_the_browser_keeps_no_copy_of_a_booking(visitor, link):
    assert "no-store" in visitor.send("GET", link.page).headers["Cache-Control"]


def test_an_expired_booking_is_not_paid(practice, visitor, link):
    practice.end_hold(link)
    practice.run_cron("cron_expire_bookings")
    page = visitor.open(link.page)
    assert "has expired" in page.text
    [again] = page.find("a[contains(@class, 'btn') and starts-with(@href, '/booking/')]/@href")
    assert again.startswith("/booking/first-consultation?practitioner=")
    assert visitor.open(again).status == 200
    with pytest.raises(RpcError, match="nothing to pay here now"):
        visitor.ask_to_pay(link)
