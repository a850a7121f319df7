"""Balance, balance transactions and payouts: https://docs.stripe.com/api/balance

The fees are this stand-in's own: Stripe's depend on the country and the contract.
"""

from . import webhooks
from .errors import invalid_request
from .money import check_currency, decimals, text
from .render import page, render

RATES = {"card": (150, 25), "sepa_debit": (0, 35)}  # Of 10,000; and in hundredths of the currency.
AVAILABLE_AFTER = 2 * 24 * 3600  # Seconds; https://docs.stripe.com/payouts#payout-speed
DISPUTE_FEE = 2000  # Hundredths of the currency.
REPORTED = {"payment": "charge", "payment_refund": "refund", "payout_failure": "payout_reversal",
            "refund_failure": "refund_failure", "adjustment": "dispute"}


def hundredths(amount, currency):
    """Return an amount of hundredths in the currency's smallest unit."""
    places = decimals(currency)
    return amount * 10 ** (places - 2) if places >= 2 else amount // 100


def charge_fee(amount, currency, method_type):
    """Return what Stripe keeps of a charge."""
    share, fixed = RATES[method_type]
    return (amount * share + 5000) // 10_000 + hundredths(fixed, currency)


def book(store, kind, source, amount, currency, *, fee=0, description=None, delay=0):
    """Add a balance transaction.

    :param str kind: Its type: charge, refund, payout, adjustment...
    :param int amount: Positive when the account gets it, before the fee.
    :param int delay: Seconds until it is available.
    """
    details = [{
        "amount": fee, "application": None, "currency": currency,
        "description": "Stripe processing fees", "type": "stripe_fee",
    }] if fee else []
    available = store.now() + delay
    return store.create(
        "balance_transaction", amount=amount, available_on=available, currency=currency,
        description=description, exchange_rate=None, fee=fee, fee_details=details,
        net=amount - fee, reporting_category=REPORTED.get(kind, kind), source=source["id"],
        type=kind,
    )


def book_charge(store, charge):
    """Book the captured amount of a charge with its fee."""
    kind = charge["payment_method_details"]["type"]
    amount, currency = charge["amount_captured"], charge["currency"]
    entry = book(
        store, "charge" if kind == "card" else "payment", charge, amount, currency,
        fee=charge_fee(amount, currency, kind), description=charge["description"],
        delay=AVAILABLE_AFTER,
    )
    charge["balance_transaction"] = entry["id"]


def retrieve_transaction(call, object_id):
    return call.store.get("balance_transaction", object_id)


def list_transactions(call):
    names = ("currency", "source", "type")
    criteria = {name: call.params[name] for name in names if name in call.params}
    found = call.store.find("balance_transaction", **criteria)
    return page(found, call.params, "/v1/balance_transactions")


def retrieve_balance(call):
    """Return what is available and what is pending, for each currency."""
    sums = {}
    for entry in call.store.objects["balance_transaction"].values():
        status = render(call.store, entry)["status"]
        row = sums.setdefault(entry["currency"], {"available": 0, "pending": 0})
        row[status] += entry["net"]
    return {
        "object": "balance", "livemode": False, **{
            status: [
                {"amount": row[status], "currency": currency, "source_types": {"card": row[status]}}
                for currency, row in sums.items()
            ] for status in ("available", "pending")
        },
    }


# === PAYOUTS: https://docs.stripe.com/api/payouts === #

def create_payout(call):
    currency = check_currency(call.params["currency"])
    amount = call.params["amount"]
    available = {
        row["currency"]: row["amount"] for row in retrieve_balance(call)["available"]
    }.get(currency, 0)
    if amount > available:
        raise invalid_request(
            f"You have insufficient funds in your Stripe account for this transfer. Your card "
            f"balance is too low. You can use the /v1/balance endpoint to view your Stripe "
            f"balance (for more details, see stripe.com/docs/api#balance). Available: "
            f"{text(available, currency)}.", code="balance_insufficient",
        )
    payout = call.store.create(
        "payout", amount=amount, arrival_date=call.store.now() + AVAILABLE_AFTER, automatic=False,
        currency=currency, description=call.params.get("description"), destination=None,
        failure_balance_transaction=None, failure_code=None, failure_message=None,
        metadata=call.params.get("metadata") or {}, method="standard", original_payout=None,
        reconciliation_status="not_applicable", reversed_by=None, source_type="card",
        statement_descriptor=call.params.get("statement_descriptor"), status="pending",
        type="bank_account",
    )
    entry = book(call.store, "payout", payout, -amount, currency, description="STRIPE PAYOUT")
    payout["balance_transaction"] = entry["id"]
    webhooks.emit(call, "payout.created", payout)
    return payout


def retrieve_payout(call, object_id):
    return call.store.get("payout", object_id)


def list_payouts(call):
    criteria = {"status": call.params["status"]} if "status" in call.params else {}
    return page(call.store.find("payout", **criteria), call.params, "/v1/payouts")


def cancel_payout(call, object_id):
    payout = _pending(call.store.get("payout", object_id))
    return _end(call, payout, "canceled", "payout_cancel")


def settle_payout(call, payout, succeeded):
    """The bank's answer to a payout."""
    _pending(payout)
    if not succeeded:
        payout.update(failure_code="account_closed", failure_message=(
            "The bank account has been closed."
        ))
        return _end(call, payout, "failed", "payout_failure")
    payout["status"] = "paid"
    webhooks.emit(call, "payout.paid", payout)
    return payout


def _pending(payout):
    if payout["status"] != "pending":
        raise invalid_request(
            f"Payouts can only be canceled while they are pending. {payout['id']} is "
            f"{payout['status']}."
        )
    return payout


def _end(call, payout, status, kind):
    entry = book(call.store, kind, payout, payout["amount"], payout["currency"])
    payout.update(status=status, failure_balance_transaction=entry["id"])
    webhooks.emit(call, f"payout.{status}", payout)
    return payout
