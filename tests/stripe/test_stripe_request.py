"""Requests that are held or charged at Stripe: taken when accepted, given back when not.

Stripe is out of reach when it matters most: at the deadline, and at the answer.
"""

import pytest

from tests import booking_requests as asked
from tests.holds import EVENTS, source
from tests.refunds import make_due, wait_until

WEBHOOK_SECRET = "whsec_of_the_request_test"
FLOWS = ["hold", "charge"]


@pytest.fixture(scope="module")
def practice(open_practice):
    return open_practice(WEBHOOK_SECRET)


@pytest.fixture(scope="module")
def slugs(practice):
    return {
        flow: asked.open_category(practice, f"Stripe {flow}", ["anna"], request_flow=flow)
        for flow in FLOWS
    }


def ask(practice, double, client, slug):
    """Make a request and pay it in the browser; from then on webhooks do not come."""
    double.webhook(f"{practice.url}/payment/stripe/webhook", WEBHOOK_SECRET, enabled_events=EVENTS)
    visitor = practice.visitor()
    link = visitor.book(slug)
    secret = visitor.ask_to_pay(link)["client_secret"]
    link.intent = secret.split("_secret_")[0]
    client.browser_confirm({"id": link.intent, "client_secret": secret}, "4242424242424242")
    wait_until(lambda: source(practice, link)["state"] in ("authorized", "done"))
    visitor.poll()
    assert asked.facts(practice, link)["state"] == "requested"
    double.webhook()
    return link


def ledger(client, link):
    """Return what Stripe holds, has taken and has given back, in cents."""
    row = client.ledger_row({"id": link.intent})
    return row["held"], row["captured"], row["refunded"]


def out_of_reach(double, link):
    """Stripe does not answer the next request for this payment, nor the look-up after it."""
    for path in ("refunds", f"payment_intents/{link.intent}/cancel",
                 f"payment_intents/{link.intent}/capture"):  # fmt: skip
        double.fault("unavailable", path)
    for path in ("refunds", f"payment_intents/{link.intent}"):
        double.fault("unavailable", path, method="GET")


@pytest.mark.parametrize("flow", FLOWS)
def test_an_accepted_request_is_taken_once(practice, slugs, double, client, flow):
    link = ask(practice, double, client, slugs[flow])
    assert ledger(client, link) == ((8000, 0, 0) if flow == "hold" else (0, 8000, 0))
    assert asked.answer(practice.user("anna"), "accept", link) is True
    asked.settle(practice)
    assert asked.assert_one_end(practice, link, flow) == "confirmed"
    assert ledger(client, link) == (0, 8000, 0)


@pytest.mark.parametrize("flow", FLOWS)
def test_a_declined_request_is_given_back_once(practice, slugs, double, client, flow):
    link = ask(practice, double, client, slugs[flow])
    assert asked.answer(practice.user("anna"), "decline", link) is True
    asked.settle(practice)
    assert asked.assert_one_end(practice, link, flow) == "declined"
    assert ledger(client, link) == ((0, 0, 0) if flow == "hold" else (0, 8000, 8000))


@pytest.mark.parametrize("flow", FLOWS)
def test_stripe_down_at_the_deadline_is_asked_again_and_nothing_reads_as_refunded_before(
    practice, slugs, double, client, flow
):
    link = ask(practice, double, client, slugs[flow])
    before = ledger(client, link)
    out_of_reach(double, link)
    asked.let_deadline_pass(practice, link)
    practice.run_cron("cron_expire_bookings")
    practice.run_cron("cron_reconcile_transactions")
    now = asked.facts(practice, link)
    assert now["state"] == "expired"
    assert now["payment_status"] == ("held" if flow == "hold" else "processing")
    assert now["amount_refunded"] == 0
    assert ledger(client, link) == before
    assert [state for _kind, _reason, state in asked.operations(practice, link)] == ["unknown"]
    assert "Refunded" not in practice.visitor().open(link.page).text
    make_due(practice, link)
    asked.settle(practice)
    assert asked.assert_one_end(practice, link, flow) == "expired"
    assert ledger(client, link) == ((0, 0, 0) if flow == "hold" else (0, 8000, 8000))


def test_stripe_down_at_the_answer_confirms_nothing_until_it_has_taken_the_money(
    practice, slugs, double, client
):
    link = ask(practice, double, client, slugs["hold"])
    out_of_reach(double, link)
    anna = practice.user("anna")
    assert asked.answer(anna, "accept", link) is True
    now = asked.facts(practice, link)
    assert (now["state"], now["payment_status"]) == ("requested", "held")
    asked.let_deadline_pass(practice, link)
    practice.run_cron("cron_expire_bookings")  # it was accepted in time
    assert "payment is being taken" in asked.answer(anna, "decline", link)
    make_due(practice, link)
    asked.settle(practice)
    assert asked.assert_one_end(practice, link, "hold") == "confirmed"
    assert ledger(client, link) == (0, 8000, 0)


def test_a_hold_that_stripe_has_ended_is_asked_for_again(practice, slugs, double, client):
    link = ask(practice, double, client, slugs["hold"])
    client.ok("POST", f"payment_intents/{link.intent}/cancel")
    anna = practice.user("anna")
    asked.answer(anna, "accept", link)
    asked.settle(practice)
    now = asked.facts(practice, link)
    assert (now["state"], now["payment_status"]) == ("requested", "unpaid")
    assert asked.mails(practice, link, "Please pay again") == 1
    assert "nothing is confirmed unpaid" in asked.answer(anna, "accept", link)
    first = link.intent
    visitor = practice.visitor()
    secret = visitor.ask_to_pay(link)["client_secret"]
    link.intent = secret.split("_secret_")[0]
    assert link.intent != first
    client.browser_confirm({"id": link.intent, "client_secret": secret}, "4242424242424242")
    asked.look(practice, link)
    assert asked.facts(practice, link)["payment_status"] == "held"
    assert asked.answer(anna, "accept", link) is True
    asked.settle(practice)
    assert asked.facts(practice, link)["state"] == "confirmed"
    assert ledger(client, link) == (0, 8000, 0)
    practice.assert_ledger(link.id, total=80.0, tax=13.33, residual=0.0, payments=[80.0])
