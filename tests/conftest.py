"""What the tests find ready: a server, a browser, a way to start more of them."""

import os
from pathlib import Path

import pytest

from devtools import databases, debian, paths, processes, testing
from devtools.server import fresh_server

from .practice import Practice


def pytest_addoption(parser):
    """Add --long."""
    parser.addoption("--long", action="store_true", help="also run tests that take minutes")


def pytest_configure():
    """Let SIGTERM end the servers, as Ctrl-C does."""
    processes.interruptible()


def pytest_collection_modifyitems(config, items):
    """Skip what takes minutes unless it is asked for."""
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

    `make_server(options=[...], environment={...})`; they end with the session, and errors
    in their logs that no test allowed (`server.allow_log(pattern)`) fail the run.
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
        server.close()
        databases.drop(server.db)
    unexpected = [text for server in servers for text in server.unexpected_log()]
    assert not unexpected, "\n".join(["Odoo logged:", *unexpected])


@pytest.fixture(scope="session")
def server(make_server):
    """Return the Odoo server that tests share when they need nothing special."""
    return make_server()


@pytest.fixture(scope="session")
def practice(server):
    """Return a practice on the shared server, paid with the Demo provider."""
    return Practice(server)


@pytest.fixture
def visitor(practice):
    """Return somebody who has never been at the practice's pages."""
    return practice.visitor()


@pytest.fixture(scope="session")
def browser():
    """Return Debian's Chromium, driven by Playwright."""
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-dev-shm-usage"] if paths.is_root() else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=debian.browser(), args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser, server):
    """Return a fresh browser page, logged in nowhere, with paths relative to the server."""
    context = browser.new_context(base_url=server.url, viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()
