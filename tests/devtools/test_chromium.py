"""The tests' Chromium."""

from tests import chromium

PAGE = "data:text/html,<h1>Here</h1>"


def test_a_chromium_that_does_not_answer_is_replaced(browser, monkeypatch):
    monkeypatch.setattr(chromium, "CLOSE_SECONDS", 1)
    with browser.window() as page:
        page.goto(PAGE)
        stuck = chromium.processes()
        for process in stuck:
            process.suspend()
    with browser.window() as page:
        page.goto(PAGE)
        assert page.get_by_role("heading", name="Here").is_visible()
        assert stuck and not set(stuck) & set(chromium.processes())
