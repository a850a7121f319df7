"""Windows of two sizes, in which no page may complain or ask anybody else."""

from urllib.parse import urlsplit

import pytest

from devtools.stripe_double.process import StripeDouble
from tests.e2e.cards import SECRET
from tests.stripe.referee import assert_requests_are_stripes

SIZES = {"desktop": 1280, "phone": 360}
# Odoo's payment form loads Stripe.js whether or not Stripe is offered; nothing else is asked.
HOSTS = {"127.0.0.1", "js.stripe.com", None}  # none: pictures that are part of a page
# That is not to be had here; and a browser reports answers of 4xx, which the tests ask for.
EXPECTED = ("net::ERR_", "the server responded with a status of 4")


@pytest.fixture(params=SIZES, ids=str)
def size(request):
    """Return how large the window is."""
    return {"width": SIZES[request.param], "height": 800}


@pytest.fixture
def tab(browser, practice, size, tmp_path):
    """Return a window; its pictures go to `tab.pictures`."""
    yield from opened(browser, practice, tmp_path, viewport=size)


@pytest.fixture
def other_tab(browser, practice, size, tmp_path):
    """Return the window of somebody else; see `tab`."""
    yield from opened(browser, practice, tmp_path, viewport=size)


@pytest.fixture
def plain_tab(browser, practice, size, tmp_path):
    """Return a window that runs no scripts; see `tab`."""
    yield from opened(browser, practice, tmp_path, viewport=size, java_script_enabled=False)


def opened(browser, practice, pictures, **options):
    """Open a window, and see afterwards that nothing has complained.

    :param options: of the browser's context
    """
    practice.build_bundles()
    complaints, hosts = [], set()

    def hear(message):
        if message.type == "error":
            complaints.append(message.text)

    with browser.window(base_url=practice.url, **options) as tab:
        tab.set_default_timeout(60_000)
        tab.pictures = pictures
        tab.on("console", hear)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("request", lambda sent: hosts.add(urlsplit(sent.url).hostname))
        yield tab
    assert not [text for text in complaints if not any(words in text for words in EXPECTED)]
    assert hosts <= HOSTS


@pytest.fixture(scope="session")
def double():
    """Return the stand-in for Stripe, whose requests are judged in the end."""
    with StripeDouble() as running:
        yield running
        assert assert_requests_are_stripes(running)


@pytest.fixture(scope="session")
def stripe_practice(make_practice, double):
    """Return a practice that is paid by card."""
    return make_practice(
        "stripe", {**double.keys, "stripe_webhook_secret": SECRET},
        options=["--max-cron-threads=0"], environment=double.environment,
    )


@pytest.fixture
def webhooks(stripe_practice, double):
    """Have Stripe know nothing of former tests, and tell the practice what happens."""
    double.reset()
    double.webhook(f"{stripe_practice.url}/payment/stripe/webhook", SECRET)
