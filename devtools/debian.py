"""Debian packages: which are missing, and how they are installed."""

import contextlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from . import paths, say

POSTGRES_MINIMUM = 15
CREATECLUSTER = Path("/etc/postgresql-common/createcluster.d/appointment-payments-dev.conf")
FONTS = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
# the first does without windows and takes a third less of the processors
BROWSERS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
)


def postgres_bin():
    """Return the folder of the newest PostgreSQL server on this machine.

    :return: the folder, or None without a server that is new enough
    :rtype: Path | None
    """
    found = {}
    for initdb in Path("/usr/lib/postgresql").glob("*/bin/initdb"):
        version = initdb.parent.parent.name
        if version.isdigit() and int(version) >= POSTGRES_MINIMUM:
            found[int(version)] = initdb.parent
    return found[max(found)] if found else None


def browser():
    """Return the path of a Chromium.

    :return: the path, or None
    :rtype: str | None
    """
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def missing_packages():
    """Return the Debian packages that this machine still needs.

    :rtype: list[str]
    """
    there = {
        "postgresql": postgres_bin(),
        "wkhtmltopdf": shutil.which("wkhtmltopdf"),
        "chromium-headless-shell": browser(),
        "fonts-dejavu-core": FONTS.exists(),
        "libmagic1": _installed("libmagic1") or _installed("libmagic1t64"),
        "libatomic1": _installed("libatomic1"),  # for the program inside Playwright
        "ca-certificates": Path("/etc/ssl/certs/ca-certificates.crt").exists(),
    }
    return [package for package, found in there.items() if not found]


def ensure_packages():
    """Install the Debian packages that are missing, or say which ones to install."""
    missing = missing_packages()
    if not missing:
        return
    line = "apt-get install -y --no-install-recommends " + " ".join(missing)
    if not shutil.which("apt-get"):
        raise say.Failure(
            "These tools need Debian 12 or newer. What is missing here, by its Debian "
            f"names: {' '.join(missing)}"
        )
    if not paths.is_root():
        raise say.Failure(f"Debian packages are missing. Install them with:\n  sudo {line}")
    say.step(f"installing Debian packages: {' '.join(missing)}")
    with _no_system_cluster("postgresql" in missing):
        _apt(["update", "-qq"])
        _apt(["install", "-y", "-qq", "--no-install-recommends", *missing])


def _installed(package):
    """Tell whether a Debian package is installed.

    :param str package: its name
    :rtype: bool
    """
    if not shutil.which("dpkg-query"):
        return True
    result = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status}", package],
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout == "installed"


def _apt(arguments):
    """Run apt-get on the system, without questions.

    :param list[str] arguments: what follows `apt-get`
    """
    log = paths.logs() / "apt.log"
    with log.open("a") as output:
        result = subprocess.run(
            ["apt-get", *arguments],
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if result.returncode:
        raise say.Failure(
            f"apt-get {' '.join(arguments)} failed. Run it by hand, mend what it says, "
            f"and start again. The end of {log}:\n{say.tail(log, 15)}"
        )


@contextlib.contextmanager
def _no_system_cluster(installing):
    """Keep Debian's PostgreSQL package from making a cluster of its own.

    :param bool installing: whether a PostgreSQL server is about to be installed
    """
    if not installing or CREATECLUSTER.exists():
        yield
        return
    CREATECLUSTER.parent.mkdir(parents=True, exist_ok=True)
    CREATECLUSTER.write_text("create_main_cluster = false\n")
    try:
        yield
    finally:
        CREATECLUSTER.unlink()


def release():
    """Return what /etc/os-release says.

    :rtype: dict[str, str]
    """
    text = Path("/etc/os-release").read_text()
    return dict(re.findall(r'^(\w+)="?(.*?)"?$', text, re.MULTILINE))
