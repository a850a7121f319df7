"""Stripe's pages for a connected account: https://docs.stripe.com/connect/hosted-onboarding

/connect/al_…       where an account link leads: once, and for minutes
/connect/login/…    the Express dashboard, which says that it is one
"""

import html

from . import accounts
from .call import Call
from .challenge import PAGE

TITLE = "TEST onboarding (Stripe stand-in)"
QUESTION = """<p>Stripe asks <strong>{account}</strong> for its details and bank account.</p>
  <form method="post">
    <button name="outcome" value="complete">Complete</button>
    <button name="outcome" value="later">Later</button>
  </form>"""
DASHBOARD = "<p>Here is the Express dashboard of <strong>{account}</strong>.</p>"


class Onboarding:

    def __init__(self, hub):
        self.hub = hub

    def answer(self, request):
        """Return the status, the page and the address to go to, if any."""
        with self.hub.lock:
            if request.path.startswith("/connect/login/"):
                account = html.escape(request.path.removeprefix("/connect/login/"))
                content = DASHBOARD.format(account=account)
                return 200, PAGE.format(title=TITLE, content=content), None
            return self._answer(request)

    def _answer(self, request):
        links = self.hub.platform.objects["account_link"]
        link = links.get(request.path.removeprefix("/connect/"))
        if not link:
            return 404, PAGE.format(title=TITLE, content="<p>No such link.</p>"), None
        over = self.hub.now() >= link["expires_at"] or link["_account"] not in self.hub.connected
        if request.method == "POST" and link["_used"] and not over:
            return self._leave(request, link, "outcome=complete" in request.body)
        if over or link["_used"]:
            return 303, "", link["_refresh_url"]
        link["_used"] = True
        content = QUESTION.format(account=html.escape(link["_account"]))
        return 200, PAGE.format(title=TITLE, content=content), None

    def _leave(self, request, link, complete):
        if complete:
            call = Call(self.hub.platform, base_url=request.base_url, request_id=None)
            accounts.enable(call, accounts.retrieve(call, link["_account"]))
        return 303, "", link["_return_url"]
