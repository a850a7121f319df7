"""What the accounts hold, derived from movements and balance transactions."""

import copy

INTENT = (
    "id", "amount", "currency", "status", "capture_method", "description", "customer", "created",
    "metadata",
)
COUNTED = ("held", "captured", "refunded", "disputed")


def ledger(store):
    """Return an account's intents, its totals by currency, its movements.

    A total has what is held, captured, refunded and disputed; `net` is what was captured and did
    not go back; `fees` are Stripe's, apart; `paid_out` went to the bank; `balance` is what Stripe
    owes: net less fees less what was paid out.
    """
    rows = [_row(store, intent) for intent in store.objects["payment_intent"].values()]
    return {
        "account": store.account_id, "intents": rows, "totals": _totals(store, rows),
        "movements": copy.deepcopy(store.movements), "customers": len(store.objects["customer"]),
        "refunds": len(store.objects["refund"]),
    }


def _totals(store, rows):
    totals = {}
    for row in rows:
        total = _total(totals, row["currency"])
        for name in COUNTED:
            total[name] += row[name]
        total["net"] += row["captured"] - row["refunded"] - row["disputed"]
    for entry in store.objects["balance_transaction"].values():
        total = _total(totals, entry["currency"])
        total["fees"] += entry["fee"]
        total["balance"] += entry["net"]
        if entry["type"].startswith("payout"):
            total["paid_out"] -= entry["amount"]
    return totals


def _total(totals, currency):
    names = (*COUNTED, "net", "fees", "paid_out", "balance")
    return totals.setdefault(currency, dict.fromkeys(names, 0))


def _row(store, intent):
    sums = store.moved(intent["id"])
    return {
        **{name: intent[name] for name in INTENT},
        "held": sums["authorized"] - sums["captured"] - sums["released"],
        "captured": sums["captured"],
        "refunded": sums["refunded"] - sums["returned"],
        "disputed": sums["disputed"] - sums["reinstated"],
    }
