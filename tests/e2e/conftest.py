"""Windows of two sizes, in which no page may complain or ask anybody else."""

from urllib.parse import urlsplit

import pytest

SIZES = {"desktop": 1280, "phone": 360}
# Odoo's payment form loads Stripe.js whether or not Stripe is offered; nothing else is asked.
HOSTS = {"127.0.0.1", "js.stripe.com", None}  # none: pictures that are part of a page
# That is not to be had here; and a browser reports answers of 4xx, which the tests ask for.
EXPECTED = ("net::ERR_", "the server responded with a status of 4")


@pytest.fixture(params=SIZES, ids=str)
def tab(request, browser, practice, tmp_path):
    """Return a window; its pictures go to `tab.pictures`."""
    practice.build_bundles()
    context = browser.new_context(
        base_url=practice.url, viewport={"width": SIZES[request.param], "height": 800}
    )
    tab = context.new_page()
    tab.set_default_timeout(60_000)
    tab.pictures = tmp_path
    complaints, hosts = [], set()
    tab.on("console", lambda message: message.type == "error" and complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("request", lambda sent: hosts.add(urlsplit(sent.url).hostname))
    yield tab
    context.close()
    assert not [text for text in complaints if not any(words in text for words in EXPECTED)]
    assert hosts <= HOSTS
