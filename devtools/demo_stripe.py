"""`./dev demo --stripe`: the practice takes cards, at the stand-in for Stripe."""

from . import say

SECRET = "whsec_of_the_demo"
CONNECT = """
provider = env["payment.provider"].search([
    ("code", "=", "stripe"), ("company_id", "=", env.ref("appointment_payments.demo_company").id),
])
provider.write({{
    "state": "test", "is_published": True, "stripe_publishable_key": "{publishable_key}",
    "stripe_secret_key": "{secret_key}", "stripe_webhook_secret": "{secret}",
}})
provider.with_context(active_test=False).payment_method_ids.filtered(
    lambda method: method.code == "card"
).active = True
env["payment.provider"].search([
    ("code", "=", "demo"), ("company_id", "=", provider.company_id.id),
]).is_published = False
provider.action_stripe_set_up_events()
env.cr.commit()
env.registry.signal_changes()
print("READY" if len(provider) == 1 else "")
"""
DIRECTORY = """
  Cards are charged at a stand-in for Stripe that runs here; no bank is asked. Cards to try, with
  any date to come and any security code:
    4242 4242 4242 4242  pays                   4000 0000 0000 0002  is declined
    4000 0027 6000 3184  asks its owner         4000 0000 0000 9995  has no money left
    4000 0000 0000 0259  is disputed            4000 0000 0000 7726  refunds are pending
  What Stripe holds and what it has told the practice:
    {double}/_double/ledger
    {double}/_double/events
  It forgets everything when it ends. More: docs/stripe.md
"""


def connect(server, double):
    """Let the practice's Stripe provider take payments at the stand-in, and hear from it.

    :param OdooServer server: the running server
    :param StripeDouble double: the running stand-in
    :return: what to say about it
    :rtype: str
    :raise Failure: when the practice has no Stripe provider
    """
    keys = {"publishable_key": double.publishable_key, "secret_key": double.secret_key}
    double.webhook(f"{server.url}/payment/stripe/webhook", SECRET)
    if "READY" not in server.shell(CONNECT.format(secret=SECRET, **keys)):
        raise say.Failure("The demo practice has no Stripe provider.")
    return DIRECTORY.format(double=double.url)
