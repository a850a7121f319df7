"""Connected accounts of the stand-in: what each sees, how it is onboarded, who is told."""

import json

import pytest

SECRET, CONNECT_SECRET = "whsec_platform", "whsec_connect"
LINK = {
    "type": "account_onboarding", "refresh_url": "http://127.0.0.1:8069/refresh",
    "return_url": "http://127.0.0.1:8069/return",
}


@pytest.fixture
def account(client):
    return client.ok("POST", "accounts", {"type": "express", "country": "FR"})["id"]


def test_objects_of_an_account_are_invisible_to_others(client, account):
    other = client.ok("POST", "accounts", {"type": "express"})["id"]
    intent = client.intent(Stripe_Account=account)
    path = f"payment_intents/{intent['id']}"
    assert client.ok("GET", path, Stripe_Account=account)["id"] == intent["id"]
    for elsewhere in ({}, {"Stripe_Account": other}):
        error = client.refused("GET", path, status=404, **elsewhere)
        assert error["message"] == f"No such payment_intent: '{intent['id']}'"
        error = client.refused("POST", "refunds", {"payment_intent": intent["id"]}, **elsewhere)
        assert error["code"] == "resource_missing"
        assert client.ok("GET", "payment_intents", **elsewhere)["data"] == []


def test_an_account_that_is_not_connected_is_refused(client, account):
    for name in ("acct_nobody", f"{account}x"):
        error = client.refused("GET", "charges", status=403, Stripe_Account=name)
        assert error["code"] == "account_invalid"
        assert client.double.secret_key not in error["message"]
        error = client.refused("GET", f"accounts/{name}", status=403)
        assert error["code"] == "account_invalid"


def test_an_idempotency_key_belongs_to_its_account(client, account):
    data = {"amount": 3000, "currency": "eur"}
    here = client.post("payment_intents", data, idempotency_key="k1").json()
    there = client.post("payment_intents", data, idempotency_key="k1", Stripe_Account=account)
    assert there.status_code == 200
    assert there.json()["id"] != here["id"]


def test_each_account_has_a_ledger_of_its_own(client, account):
    client.paid(5000)
    client.paid(3000, Stripe_Account=account)
    assert client.double.ledger()["totals"]["eur"]["captured"] == 5000
    own = client.double.ledger(account)
    assert own["account"] == account
    assert own["totals"]["eur"]["captured"] == 3000


def test_a_payer_pays_a_connected_account(client, account):
    intent = client.intent(Stripe_Account=account)
    assert client.browser_confirm(intent, "4242424242424242").status_code == 404
    paid = client.browser_confirm(intent, "4242424242424242", _stripe_account=account)
    assert paid.json()["status"] == "succeeded"


def test_events_carry_their_account_to_the_endpoint_for_connect(client, account, inbox):
    client.double.webhook(inbox.url, SECRET)
    client.double.webhook(f"{inbox.url}/connect", CONNECT_SECRET, connect=True, add=True)
    client.paid(Stripe_Account=account)
    events = [json.loads(inbox.next()[1]) for _ in range(3)]
    assert {event["account"] for event in events} == {account}
    client.paid()
    events = [json.loads(inbox.next()[1]) for _ in range(3)]
    assert not any("account" in event for event in events)
    urls = [row["url"] for row in client.double.events()["deliveries"][:3]]
    assert urls == [f"{inbox.url}/connect"] * 3


def test_onboarding_by_its_page(client, account, inbox):
    client.double.webhook(inbox.url, SECRET, connect=True)
    link = client.ok("POST", "account_links", {"account": account, **LINK})
    assert (link["object"], link["expires_at"] - link["created"]) == ("account_link", 300)
    before = client.ok("GET", f"accounts/{account}")
    assert (before["charges_enabled"], before["details_submitted"]) == (False, False)
    assert "external_account" in before["requirements"]["currently_due"]
    page = client.session.get(link["url"], timeout=10)
    assert account in page.text
    done = client.session.post(
        link["url"], data={"outcome": "complete"}, timeout=10, allow_redirects=False
    )
    assert (done.status_code, done.headers["Location"]) == (303, LINK["return_url"])
    after = client.ok("GET", f"accounts/{account}")
    assert after["charges_enabled"] and after["payouts_enabled"] and after["details_submitted"]
    assert after["requirements"]["currently_due"] == []
    event = json.loads(inbox.next()[1])
    assert (event["type"], event["account"]) == ("account.updated", account)


def test_an_account_link_is_good_for_one_visit_and_some_minutes(client, account):
    def visit(link):
        return client.session.get(link["url"], timeout=10, allow_redirects=False)

    link = client.ok("POST", "account_links", {"account": account, **LINK})
    assert visit(link).status_code == 200
    assert visit(link).headers["Location"] == LINK["refresh_url"]
    late = client.ok("POST", "account_links", {"account": account, **LINK})
    client.double.clock(advance=301)
    assert visit(late).headers["Location"] == LINK["refresh_url"]


def test_login_links_are_for_express_accounts_that_are_onboarded(client, account):
    path = f"accounts/{account}/login_links"
    assert "onboarding" in client.refused("POST", path)["message"]
    client.double.account(account, onboard=True)
    assert "/connect/login/" in client.ok("POST", path)["url"]
    standard = client.ok("POST", "accounts", {"type": "standard"})["id"]
    assert "Express" in client.refused("POST", f"accounts/{standard}/login_links")["message"]


def test_an_account_is_restricted_and_goes(client, account, inbox):
    client.double.webhook(inbox.url, SECRET, connect=True)
    client.double.account(account, charges_enabled=False, requirements_due=["company.tax_id"])
    shown = client.ok("GET", f"accounts/{account}")
    assert shown["requirements"]["past_due"] == ["company.tax_id"]
    client.double.account(account, revoke=True)
    assert inbox.types(2) == ["account.updated", "account.application.deauthorized"]
    client.refused("GET", f"accounts/{account}", status=403)
    client.refused("GET", "charges", status=403, Stripe_Account=account)


def test_accounts_are_listed_changed_and_deleted(client, account):
    client.ok("POST", f"accounts/{account}", {"metadata[practice]": "7"})
    [listed] = client.ok("GET", "accounts")["data"]
    assert (listed["id"], listed["metadata"]) == (account, {"practice": "7"})
    assert client.ok("GET", "account", Stripe_Account=account)["id"] == account
    assert client.ok("DELETE", f"accounts/{account}")["deleted"] is True
    assert client.ok("GET", "accounts")["data"] == []


def test_a_controller_says_what_a_type_said(client):
    account = client.ok("POST", "accounts", {
        "controller[stripe_dashboard][type]": "express", "controller[fees][payer]": "application",
        "controller[losses][payments]": "application", "country": "DE",
    })
    assert (account["type"], account["default_currency"]) == ("express", "eur")
    error = client.refused("POST", "accounts", {
        "type": "standard", "controller[stripe_dashboard][type]": "full",
    })
    assert error["param"] == "type"
