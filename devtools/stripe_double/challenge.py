"""The bank's page of 3-D Secure: https://docs.stripe.com/payments/3d-secure"""

import html
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from . import attempts, forms, resources, setup_intents
from .call import Call
from .errors import StripeError
from .money import text

REDIRECT_STATUS = {
    "succeeded": "succeeded", "requires_capture": "succeeded", "processing": "pending",
}
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
  <title>{title}</title>
  <style>
    body {{ font: 16px/1.5 system-ui, sans-serif; color: #1f2430; background: #f4f5f7; margin: 0 }}
    main {{ max-width: 26rem; margin: 3rem auto; padding: 1.5rem; background: #fff;
            border: 2px dashed #b45309; border-radius: .5rem }}
    h1 {{ font-size: 1.25rem; margin-top: 0 }}
    button {{ font: inherit; min-height: 44px; padding: .5rem 1rem; border-radius: .375rem;
              border: 1px solid #1f2430; background: #fff; cursor: pointer }}
    button[value=complete] {{ background: #1f2430; color: #fff }}
  </style>
</head>
<body><main>
  <h1>{title}</h1>
  {content}
</main></body>
</html>
"""
TITLE = "TEST 3-D Secure (Stripe stand-in)"
QUESTION = """<p>Your bank asks whether you {what}. No money moves.</p>
  <form method="post">
    <button name="outcome" value="complete">Complete</button>
    <button name="outcome" value="fail">Fail</button>
  </form>"""
DONE = "<p>There is nothing to answer: this payment is <strong>{status}</strong>.</p>"


class Challenge:

    def __init__(self, hub):
        self.hub = hub

    def answer(self, request):
        """Return the status, the page and the address to go to, if any."""
        try:
            with self.hub.lock:
                return self._answer(request)
        except StripeError as error:
            return error.status, _page(f"<p>{html.escape(str(error))}</p>"), None

    def _answer(self, request):
        params = forms.decode(request.query, request.body)
        intent_id = request.path.removeprefix("/3ds/")
        kind = "setup_intent" if intent_id.startswith("seti_") else "payment_intent"
        store = self.hub.store_with(kind, intent_id)
        intent = store.get(kind, intent_id)
        resources.check_client_secret(intent, params.get("client_secret"))
        if intent["status"] != "requires_action":
            return 200, _page(DONE.format(status=intent["status"])), None
        if request.method != "POST":
            return 200, _page(QUESTION.format(what=_asked(intent))), None
        action = intent["next_action"].get("redirect_to_url") or {}
        call = Call(store, base_url=request.base_url, request_id=None)
        steps = setup_intents if kind == "setup_intent" else attempts
        steps.authenticate(call, intent, params.get("outcome") == "complete")
        if not action:
            return 200, _page(DONE.format(status=intent["status"])), None
        return 303, "", return_address(action["return_url"], intent)


def _page(content):
    return PAGE.format(title=TITLE, content=content)


def _asked(intent):
    if intent["object"] == "setup_intent":
        return "save this card"
    return f"pay <strong>{html.escape(text(intent['amount'], intent['currency']))}</strong>"


def return_address(return_url, intent):
    """Add what Stripe adds when the payer comes back:
    https://docs.stripe.com/payments/accept-a-payment?ui=elements#web-submit-payment
    """
    parts = urlsplit(return_url)
    query = urlencode([
        *parse_qsl(parts.query, keep_blank_values=True),
        (intent["object"], intent["id"]),
        (f"{intent['object']}_client_secret", intent["client_secret"]),
        ("redirect_status", REDIRECT_STATUS.get(intent["status"], "failed")),
    ])
    return urlunsplit(parts._replace(query=query))
