"""Which operation answers a request: method, path, handler, parameters."""

import re

from . import (
    accounts,
    balances,
    disputes,
    endpoints,
    errors,
    payment_intents,
    refunds,
    resources,
    setup_intents,
)
from . import schemas as takes
from . import schemas_account as account_takes
from . import schemas_client as client_takes

# A handler takes the call and the ids of the path.
ROUTES = [
    ("POST", "/v1/customers", resources.create_customer, takes.CUSTOMER_CREATE),
    ("GET", "/v1/customers", resources.list_customers, takes.CUSTOMER_LIST),
    ("GET", "/v1/customers/{id}", resources.retrieve_customer, takes.RETRIEVE),
    ("POST", "/v1/customers/{id}", resources.update_customer, takes.CUSTOMER_UPDATE),
    ("DELETE", "/v1/customers/{id}", resources.delete_customer, takes.DELETE),
    ("GET", "/v1/customers/{id}/payment_methods", resources.list_customer_methods,
     takes.CUSTOMER_METHODS),
    ("POST", "/v1/payment_intents", payment_intents.create, takes.INTENT_CREATE),
    ("GET", "/v1/payment_intents", payment_intents.list_intents, takes.INTENT_LIST),
    ("GET", "/v1/payment_intents/{id}", payment_intents.retrieve, takes.INTENT_RETRIEVE),
    ("POST", "/v1/payment_intents/{id}", payment_intents.update, takes.INTENT_UPDATE),
    ("POST", "/v1/payment_intents/{id}/confirm", payment_intents.confirm, takes.INTENT_CONFIRM),
    ("POST", "/v1/payment_intents/{id}/capture", payment_intents.capture, takes.INTENT_CAPTURE),
    ("POST", "/v1/payment_intents/{id}/cancel", payment_intents.cancel, takes.INTENT_CANCEL),
    ("POST", "/v1/setup_intents", setup_intents.create, account_takes.SETUP_CREATE),
    ("GET", "/v1/setup_intents", setup_intents.list_intents, account_takes.SETUP_LIST),
    ("GET", "/v1/setup_intents/{id}", setup_intents.retrieve, account_takes.SETUP_RETRIEVE),
    ("POST", "/v1/setup_intents/{id}", setup_intents.update, account_takes.SETUP_UPDATE),
    ("POST", "/v1/setup_intents/{id}/confirm", setup_intents.confirm, account_takes.SETUP_CONFIRM),
    ("POST", "/v1/setup_intents/{id}/cancel", setup_intents.cancel, account_takes.SETUP_CANCEL),
    ("POST", "/v1/payment_methods", resources.create_method, takes.METHOD_CREATE),
    ("GET", "/v1/payment_methods", resources.list_methods, takes.METHOD_LIST),
    ("GET", "/v1/payment_methods/{id}", resources.retrieve_method, takes.RETRIEVE),
    ("POST", "/v1/payment_methods/{id}/attach", resources.attach_method, takes.METHOD_ATTACH),
    ("POST", "/v1/payment_methods/{id}/detach", resources.detach_method, takes.RETRIEVE),
    ("GET", "/v1/charges", resources.list_charges, takes.CHARGE_LIST),
    ("GET", "/v1/charges/{id}", resources.retrieve_charge, takes.RETRIEVE),
    ("POST", "/v1/charges/{id}", resources.update_charge, takes.CHARGE_UPDATE),
    ("GET", "/v1/charges/{id}/refunds", refunds.list_of_charge, takes.CHARGE_REFUNDS),
    ("POST", "/v1/refunds", refunds.create, takes.REFUND_CREATE),
    ("GET", "/v1/refunds", refunds.list_refunds, takes.REFUND_LIST),
    ("GET", "/v1/refunds/{id}", refunds.retrieve, takes.RETRIEVE),
    ("POST", "/v1/refunds/{id}", refunds.update, takes.REFUND_UPDATE),
    ("GET", "/v1/balance", balances.retrieve_balance, takes.RETRIEVE),
    ("GET", "/v1/balance_transactions", balances.list_transactions,
     account_takes.TRANSACTION_LIST),
    ("GET", "/v1/balance_transactions/{id}", balances.retrieve_transaction, takes.RETRIEVE),
    ("POST", "/v1/payouts", balances.create_payout, account_takes.PAYOUT_CREATE),
    ("GET", "/v1/payouts", balances.list_payouts, account_takes.PAYOUT_LIST),
    ("GET", "/v1/payouts/{id}", balances.retrieve_payout, takes.RETRIEVE),
    ("POST", "/v1/payouts/{id}/cancel", balances.cancel_payout, takes.RETRIEVE),
    ("GET", "/v1/disputes", disputes.list_disputes, account_takes.DISPUTE_LIST),
    ("GET", "/v1/disputes/{id}", disputes.retrieve, takes.RETRIEVE),
    ("POST", "/v1/disputes/{id}", disputes.update, account_takes.DISPUTE_UPDATE),
    ("POST", "/v1/disputes/{id}/close", disputes.close, takes.RETRIEVE),
    ("GET", "/v1/events", endpoints.list_events, account_takes.EVENT_LIST),
    ("GET", "/v1/events/{id}", endpoints.retrieve_event, takes.RETRIEVE),
    ("POST", "/v1/webhook_endpoints", endpoints.create, account_takes.ENDPOINT_CREATE),
    ("GET", "/v1/webhook_endpoints", endpoints.list_endpoints, account_takes.LIST),
    ("GET", "/v1/webhook_endpoints/{id}", endpoints.retrieve, takes.RETRIEVE),
    ("POST", "/v1/webhook_endpoints/{id}", endpoints.update, account_takes.ENDPOINT_UPDATE),
    ("DELETE", "/v1/webhook_endpoints/{id}", endpoints.delete, takes.DELETE),
    ("GET", "/v1/account", accounts.own_account, takes.RETRIEVE),
    ("POST", "/v1/accounts", accounts.create, account_takes.ACCOUNT_CREATE),
    ("GET", "/v1/accounts", accounts.list_accounts, account_takes.ACCOUNT_LIST),
    ("GET", "/v1/accounts/{id}", accounts.retrieve, takes.RETRIEVE),
    ("POST", "/v1/accounts/{id}", accounts.update, account_takes.ACCOUNT_UPDATE),
    ("DELETE", "/v1/accounts/{id}", accounts.delete, takes.DELETE),
    ("POST", "/v1/account_links", accounts.create_link, account_takes.LINK_CREATE),
    ("POST", "/v1/accounts/{id}/login_links", accounts.create_login_link, takes.RETRIEVE),
]
# What Stripe.js may call with the publishable key.
CLIENT_ROUTES = [
    ("GET", "/v1/elements/sessions", payment_intents.check_session, client_takes.CLIENT_SESSION),
    ("GET", "/v1/payment_intents/{id}", payment_intents.retrieve, client_takes.CLIENT_RETRIEVE),
    ("POST", "/v1/payment_intents/{id}/confirm", payment_intents.confirm,
     client_takes.CLIENT_CONFIRM),
    ("GET", "/v1/setup_intents/{id}", setup_intents.retrieve, client_takes.CLIENT_RETRIEVE),
    ("POST", "/v1/setup_intents/{id}/confirm", setup_intents.confirm,
     client_takes.CLIENT_SETUP_CONFIRM),
    ("POST", "/v1/payment_methods", resources.create_method, client_takes.CLIENT_METHOD),
]
# Stripe has these and the stand-in does not: 501 instead of a 404 that would be a lie.
LATER = {
    "accounts", "apple_pay", "application_fees", "balance_transactions", "charges", "checkout",
    "confirmation_tokens", "customers", "disputes", "events", "invoices", "mandates",
    "payment_intents", "payment_links", "payment_methods", "payouts", "prices", "products",
    "refunds", "setup_attempts", "setup_intents", "sources", "subscriptions", "tokens", "topups",
    "transfers", "webhook_endpoints",
}


def find(method, path, *, publishable=False):
    """Return the handler, the operation and the ids of the path.

    :raise StripeError: 401 for what a publishable key may not do, 404 for what Stripe has not, 501
        for what the stand-in has not.
    """
    for known, template, handler, operation in CLIENT_ROUTES if publishable else ROUTES:
        pattern = re.escape(template).replace(r"\{id\}", "([^/]+)")
        match = re.fullmatch(pattern, path.rstrip("/"))
        if match and known == method:
            return handler, operation, match.groups()
    if publishable:
        raise errors.invalid_request(
            "This API call cannot be made with a publishable API key. Please use a secret API key. "
            "You can find a list of your API keys at https://dashboard.stripe.com/account/apikeys.",
            status=401, code="secret_key_required", saved=False,
        )
    if path.split("/")[2:3] and path.split("/")[2] in LATER:
        raise errors.not_here(f"{method} {path} is not known here yet.")
    raise errors.invalid_request(
        f"Unrecognized request URL ({method}: {path}). Please see "
        f"https://stripe.com/docs or we can help at https://support.stripe.com/.",
        status=404, saved=False,
    )
