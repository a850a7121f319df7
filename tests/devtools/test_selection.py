"""`./dev test -k NAME PATHS` selects Odoo's tests by their source."""

import pytest

from devtools import paths, selection

SOURCE = """
class TestDeposit(Case):
    def test_percent(self): ...
    def test_fixed(self): ...
    def helper_percent(self): ...

class TestRefund(Case):
    def test_whole_percent(self): ...
"""


@pytest.fixture
def addon(tmp_path, monkeypatch):
    tests = tmp_path / "appointment_payments" / "tests"
    tests.mkdir(parents=True)
    (tests / "test_money.py").write_text(SOURCE)
    (tests / "test_other.py").write_text("class TestOther(Case):\n    def test_x(self): ...\n")
    monkeypatch.setattr(paths, "ADDON", tests.parent)
    return tests.parent


@pytest.mark.parametrize(
    ("name", "files", "tags"),
    [
        (None, [], ["/appointment_payments"]),
        ("deposit", [], ["/appointment_payments:TestDeposit"]),
        (
            "percent",
            [],
            [
                "/appointment_payments:TestDeposit.test_percent",
                "/appointment_payments:TestRefund.test_whole_percent",
            ],
        ),
        (None, ["tests/test_other.py"], ["/appointment_payments:TestOther"]),
        ("percent", ["tests/test_other.py"], None),
        ("nothing", [], None),
    ],
)
def test_tags(addon, name, files, tags):
    found = selection.test_tags(name, [addon / file for file in files])
    assert (found.split(",") if found else None) == tags


def test_paths_of_the_addon_and_of_pytest_are_told_apart(addon):
    inside, outside = selection.split([str(addon / "tests"), "tests/rules"])
    assert inside == [addon / "tests"]
    assert [text.endswith("/tests/rules") for text in outside] == [True]
