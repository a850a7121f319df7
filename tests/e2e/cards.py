"""Cards at Stripe's form, and what Stripe has of a booking in the end."""

from tests.e2e.pages import look

SECRET = "whsec_of_the_journey"
VISA = "4242424242424242"
DECLINED = "4000000000000002"
ASKS_ITS_OWNER = "4000002760003184"
BUTTON = "button[name=o_payment_submit_button]:visible"


def pay(tab, number, label=None):
    """Fill in a card and press the button.

    :param str label: what the button says
    """
    card = tab.get_by_role("radio", name="Card", exact=True)
    if not card.is_checked():
        tab.locator("label.o_payment_option_label", has_text="Card").click()
    tab.get_by_label("Card number").fill(number)
    tab.get_by_label("Expiry date").fill("12 / 40")
    tab.get_by_label("CVC").fill("123")
    look(tab, "card")
    button = tab.locator(BUTTON)
    said = " ".join(button.inner_text().split())
    assert label in (None, said), said
    button.click()


def intents(practice, double, link):
    """Return what Stripe holds, has taken and has given back of a booking, each in cents.

    One row for each payment that the client has begun, oldest first; Stripe has no others.
    """
    rows = {row["description"]: row for row in double.ledger()["intents"]}
    begun = [row[0] for row in practice.query(
        "SELECT reference FROM payment_transaction WHERE appointment_booking_id = %s"
        " AND source_transaction_id IS NULL ORDER BY id", link.id,
    )]  # fmt: skip
    assert list(rows) == begun, (list(rows), begun)
    assert {row["currency"] for row in rows.values()} <= {"eur"}
    return [tuple(rows[name][sum_] for sum_ in ("held", "captured", "refunded")) for name in begun]


def refunds_asked(double):
    """Return how many refunds Stripe was asked for: what is let go shows as one of its own."""
    return sum(
        (sent["method"], sent["path"]) == ("POST", "/v1/refunds") for sent in double.requests()
    )
