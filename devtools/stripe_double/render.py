"""How an object looks in an answer: by API version, for whom, and expanded."""

import copy
import operator

from .errors import invalid_parameter, invalid_request

DEFAULT_VERSION = "2019-05-16"
# https://docs.stripe.com/upgrades#2022-11-15: intents lost `charges`; charges show `refunds` to
# whoever asks for them.
_NO_SUBLISTS = "2022-11-15"
# https://docs.stripe.com/changelog/basil: payments have lost what belonged to invoices.
_NO_INVOICE = "2025-03-31"
_HAD_INVOICE = {"charge", "payment_intent"}
_PUBLIC_INTENT = {
    "id", "object", "amount", "canceled_at", "cancellation_reason", "capture_method",
    "client_secret", "confirmation_method", "created", "currency", "description",
    "last_payment_error", "last_setup_error", "livemode", "next_action", "payment_method",
    "payment_method_types",
    "processing", "receipt_email", "setup_future_usage", "shipping", "status",
    "usage",
}
_EXPANDABLE = {
    "balance_transaction": "balance_transaction", "charge": "charge", "customer": "customer",
    "failure_balance_transaction": "balance_transaction", "latest_charge": "charge",
    "payment_intent": "payment_intent", "payment_method": "payment_method",
}
_EMBEDDED = 10  # Objects in an embedded list.


def render(store, record, version=DEFAULT_VERSION, *, publishable=False):
    """Return the object as the caller may see it under the API version."""
    if record.get("object") == "list":
        data = [render(store, entry, version, publishable=publishable) for entry in record["data"]]
        return {**record, "data": data}
    shown = {
        name: copy.deepcopy(value) for name, value in record.items() if not name.startswith("_")
    }
    if record.get("object") == "balance_transaction":
        shown["status"] = "available" if shown["available_on"] <= store.now() else "pending"
    if publishable and record.get("object") in ("payment_intent", "setup_intent"):
        return {name: value for name, value in shown.items() if name in _PUBLIC_INTENT}
    if version < _NO_SUBLISTS:
        shown |= _sublists(store, record, version)
    if version >= _NO_INVOICE and record.get("object") in _HAD_INVOICE:
        shown.pop("invoice", None)
    return shown


def _sublists(store, record, version):
    if record.get("object") == "payment_intent":
        charges = store.find("charge", payment_intent=record["id"])
        url = f"/v1/charges?payment_intent={record['id']}"
        return {"charges": _embedded(store, charges, url, version)}
    if record.get("object") == "charge":
        refunds = store.find("refund", charge=record["id"])
        url = f"/v1/charges/{record['id']}/refunds"
        return {"refunds": _embedded(store, refunds, url, version)}
    return {}


def _embedded(store, records, url, version):
    return {
        "object": "list", "has_more": len(records) > _EMBEDDED, "total_count": len(records),
        "url": url, "data": [render(store, entry, version) for entry in records[:_EMBEDDED]],
    }


def page(records, params, url):
    """Return one page of a list: https://docs.stripe.com/api/pagination"""
    ids = [record["id"] for record in records]
    for name in ("starting_after", "ending_before"):
        if params.get(name) and params[name] not in ids:
            raise invalid_parameter(f"No such object: '{params[name]}'", name, "resource_missing")
    if after := params.get("starting_after"):
        records = records[ids.index(after) + 1:]
    elif before := params.get("ending_before"):
        records = records[:ids.index(before)]
    if params.get("created"):
        records = [record for record in records if _within(record["created"], params["created"])]
    limit = min(params.get("limit", 10), 100)
    kept = records[-limit:] if params.get("ending_before") else records[:limit]
    return {"object": "list", "url": url, "has_more": len(records) > limit, "data": kept}


def _within(moment, limits):
    compare = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
    return all(compare[name](moment, limit) for name, limit in limits.items())


def expand(store, shown, paths, version=DEFAULT_VERSION):
    """Replace ids by their objects: https://docs.stripe.com/api/expanding_objects"""
    for path in paths:
        _expand(store, shown, path.split("."), path, version)
    return shown


def _expand(store, node, names, path, version):
    name, *rest = names
    if isinstance(node, list):
        for entry in node:
            _expand(store, entry, names, path, version)
        return
    if name == "refunds" and isinstance(node, dict) and node.get("object") == "charge":
        node.setdefault("refunds", _sublists(store, node, version)["refunds"])
        return
    if not isinstance(node, dict) or name not in node or not (rest or name in _EXPANDABLE):
        # By then the endpoint has executed, so its key is used up.
        raise invalid_request(f"This property cannot be expanded ({path}).", param="expand")
    if isinstance(node[name], str) and name in _EXPANDABLE:
        node[name] = render(store, store.get(_EXPANDABLE[name], node[name]), version)
    if rest and node[name] is not None:
        _expand(store, node[name], rest, path, version)
