"""Start the stand-in from Python and read it back, for tests, the demo and measurements."""

import json
import os
import pathlib
import subprocess
import sys
import urllib.request

from .__main__ import PUBLISHABLE_KEY, SECRET_KEY

REPOSITORY = pathlib.Path(__file__).parents[2]
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # Never through a proxy.


class StripeDouble:
    """A stand-in in a process of its own; a context manager that ends it.

    `environment` is what Odoo has to be started with to use it.
    """

    def __init__(self, *options):
        self.options = options
        self.secret_key = SECRET_KEY
        self.publishable_key = PUBLISHABLE_KEY
        self.process = None
        self.url = None

    def __enter__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "devtools.stripe_double", *self.options],
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, stdout=subprocess.PIPE, text=True,
        )
        line = self.process.stdout.readline()  # It says so once it listens.
        if " on http" not in line:
            raise RuntimeError(f"The Stripe stand-in did not start: {line!r}")
        self.url = line.split(" on ")[1].split()[0]
        return self

    def __exit__(self, *_error):
        self.process.terminate()
        self.process.wait(timeout=10)
        self.process.stdout.close()

    @property
    def keys(self):
        """Return the values of Odoo's provider that let it in."""
        return {
            "stripe_publishable_key": self.publishable_key, "stripe_secret_key": self.secret_key,
        }

    @property
    def environment(self):
        return {"STRIPE_API_BASE": self.url, "STRIPE_JS_BASE": self.url}

    # === CONTROLS: see controls.py === #

    def ledger(self, account=None):
        return self._control(f"ledger?account={account}" if account else "ledger")

    def requests(self, *, all=False):
        """Return the API requests since the last reset, or all of them."""
        return self._control("requests?all=1" if all else "requests")["requests"]

    def is_busy(self):
        """Return whether a request with a key is not answered yet, whoever has asked."""
        return bool(self._control("requests")["in_flight"])

    def events(self):
        return self._control("events")

    def reset(self):
        return self._control("reset", {})

    def webhook(self, url=None, secret=None, **values):
        return self._control("webhook", {"url": url, "secret": secret, **values})

    def settle(self, **values):
        return self._control("settle", values)

    def fault(self, kind, path, **values):
        return self._control("fault", {"kind": kind, "path": path, **values})

    def deliveries(self, kind, **values):
        """Let something go wrong with the next webhooks: see deliveries.py."""
        return self._control("deliveries", {"kind": kind, **values})

    def release(self):
        return self._control("release", {})["released"]

    def resend(self, event_id):
        return self._control("resend", {"event": event_id})["sent"]

    def retry(self):
        """Send again what did not arrive."""
        return self._control("retry", {})["sent"]

    def roll(self, secret, valid="first", **values):
        return self._control("roll", {"secret": secret, "valid": valid, **values})

    def lapse(self, intent_id):
        return self._control("lapse", {"payment_intent": intent_id})

    def clock(self, **values):
        """Move the clock: `advance` by seconds, or to `at`."""
        return self._control("clock", values)

    def now(self):
        return self._control("settings")["now"]

    def dispute(self, **values):
        return self._control("dispute", values)

    def dashboard(self, action, **values):
        """Do what somebody at the practice does in Stripe's dashboard."""
        return self._control("dashboard", {"action": action, **values})

    def account(self, account_id, **values):
        """Do what the owner of a connected account, or Stripe, does with it."""
        return self._control("account", {"account": account_id, **values})

    def _control(self, name, values=None):
        data = None if values is None else json.dumps(values).encode()
        request = urllib.request.Request(
            f"{self.url}/_double/{name}", data=data, headers={"Content-Type": "application/json"}
        )
        with _opener.open(request, timeout=10) as response:
            return json.load(response)
