"""What the tests find ready: a server, a browser, a way to start more of them."""

import os
from pathlib import Path

import pytest

from devtools import databases, paths, processes, testing
from devtools.server import fresh_server

from . import practice_setup
from .chromium import Chromium
from .practice import Practice

# what takes longest comes first, so that two processes end together
LONGEST = ("tests/walk/", "tests/races/", "tests/stripe/", "tests/e2e/")


def pytest_addoption(parser):
    """Add --long."""
    parser.addoption("--long", action="store_true", help="also run tests that take minutes")


def pytest_configure():
    """Let SIGTERM end the servers, as Ctrl-C does."""
    processes.interruptible()


def pytest_collection_modifyitems(config, items):
    """Put the items in order; skip what takes minutes unless it is asked for."""
    items.sort(key=lambda item: [not item.nodeid.startswith(folder) for folder in LONGEST])
    if config.getoption("--long"):
        return
    for item in items:
        if "long" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="takes minutes: --long"))


@pytest.fixture(scope="session")
def log_folder():
    """Return the folder of this run's logs."""
    return paths.made(Path(os.environ.get("APPAY_LOGS") or paths.logs() / "pytest"))


@pytest.fixture(scope="session")
def make_server(log_folder):
    """Return a function that starts Odoo servers, each on a fresh database of its own.

    `make_server(options=[...], environment={...}, script="...")`; they end with the session, and
    errors in their logs that no test allowed (`server.allow_log(pattern)`) fail the run.
    """
    servers = []

    def make(**options):
        name = f"{testing.database_name()}_{len(servers)}"
        server = fresh_server(name, log_folder, **options)
        servers.append(server)
        server.start()
        return server

    yield make
    for server in servers:
        server.ask_to_stop()  # all of them at once
    for server in servers:
        server.close()
        databases.drop(server.db)
    unexpected = [text for server in servers for text in server.unexpected_log()]
    assert not unexpected, "\n".join(["Odoo logged:", *unexpected])


@pytest.fixture(scope="session")
def make_practice(make_server):
    """Return a function that opens practices, each on a server of its own.

    `make_practice("demo", keys={...}, options=[...])`: the provider, values of it, what
    `make_server` takes.
    """

    def make(provider="demo", keys=None, **options):
        method = "card" if provider == "stripe" else provider
        server = make_server(script=practice_setup.script(provider, method), **options)
        # requests and scheduled actions that meet are repeated by Odoo; it logs each as an error
        server.allow_log("could not serialize access|retry")
        return Practice(server, **(keys or {}))

    return make


@pytest.fixture(scope="session")
def practice(make_practice):
    """Return the practice that tests share when they need nothing special, paid with Demo."""
    return make_practice()


@pytest.fixture(scope="session")
def server(practice):
    """Return the server of the shared practice."""
    return practice.server


@pytest.fixture
def visitor(practice):
    """Return somebody who has never been at the practice's pages."""
    return practice.visitor()


@pytest.fixture(scope="session")
def browser():
    """Return Chromium: `with browser.window(...) as page`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = Chromium(playwright)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser, server):
    """Return a fresh browser page, logged in nowhere, with paths relative to the server."""
    with browser.window(base_url=server.url, viewport={"width": 1280, "height": 900}) as page:
        yield page
