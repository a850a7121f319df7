"""The Debian mirror is found in every form that apt knows."""

import pytest

from devtools import apt_sources, debian

DEFAULT = "/default.gpg"
DEB822 = "sources.list.d/debian.sources"
MAIN = "Types: deb\nURIs: http://a/debian\nSuites: bookworm bookworm-updates\nComponents: main\n"
KEY = "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc"


@pytest.fixture(autouse=True)
def bookworm(monkeypatch):
    monkeypatch.setattr(debian, "release", lambda: {"VERSION_CODENAME": "bookworm"})
    monkeypatch.setattr(apt_sources, "_default_keyring", lambda: DEFAULT)


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        (DEB822, MAIN, ("http://a/debian", DEFAULT)),
        (DEB822, f"# a comment\n{MAIN}Signed-By: /k.gpg\n", ("http://a/debian", "/k.gpg")),
        (DEB822, f"{MAIN}Signed-By:{KEY}\n", ("http://a/debian", KEY)),
        (DEB822, MAIN.replace("/debian\n", "\n http://b\n"), ("http://a http://b", DEFAULT)),
        (DEB822, f"Enabled: no\n{MAIN}", None),
        (DEB822, MAIN.replace("bookworm bookworm-updates", "bookworm-security"), None),
        (DEB822, MAIN.replace("Types: deb\n", "Types: deb-src\n"), None),
        ("sources.list", "deb http://m/debian bookworm main\n", ("http://m/debian", DEFAULT)),
        (
            "sources.list.d/x.list",
            "# old\ndeb [arch=amd64 signed-by=/k.gpg] https://m/debian bookworm main contrib\n",
            ("https://m/debian", "/k.gpg"),
        ),
        ("sources.list", "deb-src http://m/debian bookworm main\n", None),
        ("sources.list", "deb http://m/security bookworm-security main\n", None),
    ],
)
def test_mirror(tmp_path, name, text, found):
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / name).write_text(text)
    assert apt_sources.mirror(tmp_path) == found
