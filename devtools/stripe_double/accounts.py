"""Connected accounts: https://docs.stripe.com/api/accounts, account links and login links."""

from . import webhooks
from .call import Call
from .errors import invalid_parameter, invalid_request
from .render import page
from .resources import merge_metadata
from .store import PLATFORM, PREFIXES, token

LINK_LIFETIME = 5 * 60  # Seconds.
DUE = [
    "business_profile.mcc", "business_profile.url", "business_type", "external_account",
    "tos_acceptance.date", "tos_acceptance.ip",
]
EURO = set("AT BE CY DE EE ES FI FR GR HR IE IT LT LU LV MT NL PT SI SK".split())
CURRENCIES = {"US": "usd", "GB": "gbp", "CH": "chf", "CA": "cad", "AU": "aud", "JP": "jpy"}
DASHBOARDS = {"standard": "full", "express": "express", "custom": "none"}
KEPT = ("business_profile", "business_type", "company", "email", "individual", "settings")


def own_account(call):
    """Return the account of the key, or the one that the header names."""
    store = call.store
    return platform_account(store) if store.is_platform else account_of(store)


def platform_account(store):
    return {
        "id": PLATFORM, "object": "account", "charges_enabled": True, "country": "FR",
        "default_currency": "eur", "details_submitted": True, "email": "platform@example.com",
        "payouts_enabled": True, "type": "standard", "metadata": {}, "capabilities": {},
        "business_profile": {"name": "Stand-in"}, "business_type": "company", "settings": {},
    }


def account_of(store):
    """Return the account object that belongs to a connected account's state."""
    return store.hub.platform.objects["account"][store.account_id]


def create(call):
    params = call.params
    controller = params.get("controller") or {}
    if "type" in params and controller:
        raise invalid_parameter(
            "You may not provide the `type` parameter and `controller` parameters simultaneously. "
            "They are mutually exclusive.", "type",
        )
    dashboard = controller.get("stripe_dashboard") or {}
    kinds = {value: name for name, value in DASHBOARDS.items()}
    kind = params.get("type") or kinds[dashboard.get("type", "full")]
    country = params.get("country") or "FR"
    account_id = f"{PREFIXES['account']}_{token(16)}"
    call.store.hub.connect(account_id)
    account = {
        "id": account_id, "object": "account", "created": call.store.now(), "type": kind,
        "country": country, "capabilities": _capabilities(params),
        "charges_enabled": False, "payouts_enabled": False, "details_submitted": False,
        "default_currency": params.get("default_currency") or _currency(country),
        "metadata": merge_metadata({}, params.get("metadata", {})),
        "controller": {"type": "application", "is_controller": True, "stripe_dashboard": {
            "type": DASHBOARDS[kind]
        }},
        "requirements": requirements(DUE), "future_requirements": requirements([]),
        "external_accounts": {
            "object": "list", "data": [], "has_more": False, "total_count": 0,
            "url": f"/v1/accounts/{account_id}/external_accounts",
        },
        "tos_acceptance": {"date": None, "ip": None, "user_agent": None},
        **{name: params.get(name) for name in KEPT},
    }
    call.store.hub.platform.objects["account"][account_id] = account
    return account


def _capabilities(params):
    return dict.fromkeys(params.get("capabilities") or {}, "inactive")


def _currency(country):
    found = "eur" if country in EURO else CURRENCIES.get(country)
    if not found:
        raise invalid_parameter(f"{country} is not currently supported by Stripe.", "country")
    return found


def requirements(due):
    return {
        "alternatives": [], "current_deadline": None, "currently_due": list(due),
        "disabled_reason": "requirements.past_due" if due else None, "errors": [],
        "eventually_due": list(due), "past_due": list(due), "pending_verification": [],
    }


def retrieve(call, object_id):
    if object_id == PLATFORM:
        return platform_account(call.store)
    return _get(call, object_id)


def _get(call, object_id):
    """Return a connected account, or refuse as Stripe does: it never says whether it exists."""
    if object_id not in call.store.hub.connected:
        raise no_access(call.store.hub.secret_key, object_id)
    return call.store.hub.platform.objects["account"][object_id]


def no_access(key, account_id):
    return invalid_request(
        f"The provided key '{key[:7]}{'*' * 8}{key[-4:]}' does not have access to account "
        f"'{account_id}' (or that account does not exist). Application access may have been "
        f"revoked.", status=403, code="account_invalid", saved=False,
    )


def list_accounts(call):
    return page(call.store.find("account"), call.params, "/v1/accounts")


def update(call, object_id):
    account = _get(call, object_id)
    params = call.params
    if "metadata" in params:
        account["metadata"] = merge_metadata(account["metadata"], params["metadata"])
    for name in KEPT:
        if name in params:
            account[name] = params[name]
    account["capabilities"] = {**_capabilities(params), **account["capabilities"]}
    changed(call, account)
    return account


def delete(call, object_id):
    account = _get(call, object_id)
    revoke(call, account)
    return {"id": account["id"], "object": "account", "deleted": True}


def revoke(call, account, *, tell=False):
    """End the connection: the platform sees nothing of the account any more."""
    hub = call.store.hub
    if tell:
        application = {"id": "ca_standin", "object": "application", "name": "Stand-in"}
        webhooks.emit(_as(call, account), "account.application.deauthorized", application)
    del hub.connected[account["id"]]
    del hub.platform.objects["account"][account["id"]]


def changed(call, account, **values):
    """Write values to an account and tell its event."""
    account.update(values)
    webhooks.emit(_as(call, account), "account.updated", account)
    return account


def _as(call, account):
    """Return the call as one of the connected account."""
    return Call(
        call.store.hub.connected[account["id"]], request_id=call.request_id,
        idempotency_key=call.idempotency_key, base_url=call.base_url,
    )


def enable(call, account):
    """The account's owner has told Stripe everything."""
    names = account["capabilities"] or ["card_payments", "transfers"]
    capabilities = dict.fromkeys(names, "active")
    return changed(
        call, account, charges_enabled=True, payouts_enabled=True, details_submitted=True,
        requirements=requirements([]), capabilities=capabilities,
    )


# === LINKS: https://docs.stripe.com/api/account_links and .../accounts/login_link === #

def create_link(call):
    """An onboarding link lives for minutes and is good for one visit."""
    params = call.params
    account = _get(call, params["account"])
    if params["type"] == "account_update" and account["type"] != "custom":
        raise invalid_request(
            "You cannot create `account_update` type Account Links for accounts whose Stripe "
            "Dashboard access is not `none`.", param="type",
        )
    for name in ("refresh_url", "return_url"):
        if not params.get(name):
            raise invalid_parameter(f"Missing required param: {name}.", name, "parameter_missing")
    created = call.store.now()
    link = call.store.hub.platform.create(
        "account_link", expires_at=created + LINK_LIFETIME, _account=account["id"], _used=False,
        _refresh_url=params["refresh_url"], _return_url=params["return_url"],
    )
    url = f"{call.base_url}/connect/{link['id']}"
    link["url"] = url
    return {"object": "account_link", "created": created, "expires_at": link["expires_at"],
            "url": url}


def create_login_link(call, object_id):
    account = _get(call, object_id)
    if account["type"] != "express":
        raise invalid_request(
            "Cannot create a login link for an account that does not have access to the Express "
            "Dashboard.", saved=False,
        )
    if not account["details_submitted"]:
        raise invalid_request(
            "Cannot create a login link for an account that has not completed onboarding."
        )
    return {"object": "login_link", "created": call.store.now(),
            "url": f"{call.base_url}/connect/login/{account['id']}"}

