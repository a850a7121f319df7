"""Stripe's own Python package talks to the stand-in as it would to Stripe."""

import pytest
import stripe

METHODS = {"enabled": True, "allow_redirects": "never"}


def package(double, **options):
    options = {"max_network_retries": 0, **options}
    return stripe.StripeClient(
        options.pop("key", double.secret_key), base_addresses={"api": double.url}, **options
    ).v1


@pytest.fixture
def sdk(double):
    return package(double)


def pay(sdk, amount=3000, method="pm_card_visa", options=None, **values):
    return sdk.payment_intents.create({
        "amount": amount, "currency": "eur", "confirm": True, "payment_method": method,
        "automatic_payment_methods": METHODS, **values,
    }, options or {})


def test_a_hold_is_captured_in_part_and_refunded(sdk):
    held = pay(sdk, capture_method="manual", expand=["latest_charge"])
    card = held.latest_charge.payment_method_details.card
    assert card.capture_before - held.created == 7 * 24 * 3600
    taken = sdk.payment_intents.capture(held.id, {"amount_to_capture": 1200})
    assert (taken.status, taken.amount_received) == ("succeeded", 1200)
    refund = sdk.refunds.create({"payment_intent": held.id, "metadata": {"reference": "R1"}})
    assert refund.amount == 1200
    found = [
        row.id for row in sdk.refunds.list({"payment_intent": held.id}).auto_paging_iter()
        if row.metadata.to_dict().get("reference") == "R1"
    ]
    assert found == [refund.id]


def test_pages_follow_each_other(sdk):
    ids = [pay(sdk).id for _number in range(5)]
    listed = [row.id for row in sdk.payment_intents.list({"limit": 2}).auto_paging_iter()]
    assert listed == ids[::-1]


@pytest.mark.parametrize(("call", "error", "code"), [
    (lambda sdk: pay(sdk, method="pm_card_chargeDeclined"), stripe.CardError, "card_declined"),
    (lambda sdk: pay(sdk, 49), stripe.InvalidRequestError, "amount_too_small"),
    (lambda sdk: sdk.refunds.retrieve("re_missing"), stripe.InvalidRequestError,
     "resource_missing"),
    (lambda sdk: sdk.balance.retrieve({}, {"stripe_account": "acct_nobody"}),
     stripe.PermissionError, "account_invalid"),
])
def test_errors_have_their_class(sdk, call, error, code):
    with pytest.raises(error) as caught:
        call(sdk)
    assert caught.value.json_body["error"]["code"] == code


def test_a_wrong_key_is_an_authentication_error(double):
    with pytest.raises(stripe.AuthenticationError):
        package(double, key="sk_test_somebody_else_00").balance.retrieve()


def test_a_key_with_other_parameters_is_an_idempotency_error(sdk):
    pay(sdk, options={"idempotency_key": "k1"})
    with pytest.raises(stripe.IdempotencyError):
        pay(sdk, 3100, options={"idempotency_key": "k1"})


@pytest.mark.parametrize(("kind", "error"), [
    ("cut", stripe.APIConnectionError), ("error_after", stripe.APIError),
    ("unavailable", stripe.APIError),
])
def test_what_stripe_does_not_answer(double, sdk, kind, error):
    double.fault(kind, "payment_intents")
    with pytest.raises(error):
        pay(sdk, options={"idempotency_key": "k1"})
    done = kind != "unavailable"
    assert len(double.ledger()["intents"]) == done


def test_the_package_asks_again_under_the_same_key(double):
    double.fault("cut", "payment_intents", times=2)
    intent = pay(package(double, max_network_retries=2))
    assert [row["id"] for row in double.ledger()["intents"]] == [intent.id]
    keys = {row["idempotency_key"] for row in double.requests()}
    assert (len(double.requests()), len(keys)) == (3, 1)


def test_a_fault_of_any_intent(double, sdk):
    held = pay(sdk, capture_method="manual")
    double.fault("error_after", "payment_intents/*/capture")
    with pytest.raises(stripe.APIError):
        sdk.payment_intents.capture(held.id)
    assert double.ledger()["totals"]["eur"]["captured"] == 3000


def test_a_connected_account_is_made_and_paid(double, sdk):
    account = sdk.accounts.create({
        "controller": {
            "stripe_dashboard": {"type": "express"}, "fees": {"payer": "application"},
            "losses": {"payments": "application"},
        },
        "country": "FR", "email": "anna@example.com",
        "capabilities": {"card_payments": {"requested": True}, "transfers": {"requested": True}},
    })
    assert account.capabilities.card_payments == "inactive"
    link = sdk.account_links.create({
        "account": account.id, "type": "account_onboarding",
        "refresh_url": "http://127.0.0.1:1/refresh", "return_url": "http://127.0.0.1:1/return",
    })
    assert link.url.startswith(double.url)
    double.account(account.id, onboard=True)
    account = sdk.accounts.retrieve(account.id)
    assert account.charges_enabled
    assert account.capabilities.card_payments == "active"
    assert sdk.accounts.login_links.create(account.id).url
    intent = pay(sdk, options={"stripe_account": account.id})
    with pytest.raises(stripe.InvalidRequestError):
        sdk.payment_intents.retrieve(intent.id)
    [event] = sdk.events.list(
        {"type": "payment_intent.succeeded"}, {"stripe_account": account.id}
    ).data
    assert event.account == account.id


def test_money_is_accounted_for(double, sdk):
    pay(sdk, 10_000)
    double.clock(advance=3 * 24 * 3600)
    assert sdk.balance.retrieve().available[0].amount == 9825
    payout = sdk.payouts.create({"amount": 9825, "currency": "eur"})
    kinds = [row.type for row in sdk.balance_transactions.list().data]
    assert kinds == ["payout", "charge"]
    assert sdk.balance_transactions.list({"source": payout.id}).data[0].net == -9825
