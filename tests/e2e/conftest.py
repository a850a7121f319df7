"""Windows of two sizes, in which no page may complain or ask anybody else."""

from urllib.parse import urlsplit

import pytest

SIZES = {"desktop": 1280, "phone": 360}
# A browser reports every answer of 4xx; whether it is the right one is for the test to say.
EXPECTED = "the server responded with a status of 4"


@pytest.fixture(params=SIZES, ids=str)
def tab(request, browser, practice, tmp_path):
    """Return a window; its pictures go to `tab.pictures`."""
    practice.build_bundles()
    context = browser.new_context(
        base_url=practice.url, viewport={"width": SIZES[request.param], "height": 800}
    )
    tab = context.new_page()
    tab.set_default_timeout(20_000)
    tab.pictures = tmp_path
    complaints, hosts = [], set()
    tab.on("console", lambda message: message.type == "error" and complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("request", lambda sent: hosts.add(urlsplit(sent.url).hostname))
    yield tab
    context.close()
    assert not [text for text in complaints if EXPECTED not in text]
    assert hosts <= {"127.0.0.1", None}  # none: pictures that are part of a page
