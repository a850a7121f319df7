"""Odoo 19 Community: a checkout that ODOO_HOME names, or Debian's package in the cache."""

import hashlib
import os
import re
import subprocess
import tempfile
from pathlib import Path

from . import apt_sources, locking, paths, say

PACKAGE = "odoo-19"
VERSION = "19.0.0+dfsg-1"
SHA256 = "9d2f598b0555db17e291d48ed24df184c70823c053c4c5ed53c467ca7f629bbf"
PYTHON_PATH = "usr/lib/python3/dist-packages"
# Static files of Odoo's package are relative links into these packages' /usr/share.
STATIC_PACKAGES = (
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
    "fonts-font-awesome",
    "fonts-roboto-unhinted",
    "fonts-montserrat",
    "fonts-inconsolata",
    "fonts-dejavu-core",
    "fonts-ocr-b",
)
# Debian removed this file as non-free; the backend's bundle names it.
STUB = f"{PYTHON_PATH}/odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"
HINT = "With a checkout of Odoo 19 Community, set ODOO_HOME to its folder instead."


def root():
    """Return the folder that holds the `odoo` Python package.

    :rtype: Path
    """
    chosen = os.environ.get("ODOO_HOME")
    return Path(chosen).resolve() if chosen else _package_root() / PYTHON_PATH


def addons_paths():
    """Return the addon folders besides odoo/addons.

    :rtype: list[Path]
    """
    addons = root() / "addons"
    return [addons] if os.environ.get("ODOO_HOME") and addons.is_dir() else []


def identity():
    """Return what tells this Odoo from others, for keys of databases.

    :rtype: str
    """
    if not os.environ.get("ODOO_HOME"):
        return _package_root().name
    head = subprocess.run(
        ["git", "-C", str(root()), "rev-parse", "HEAD"], capture_output=True, check=False
    )
    release = (root() / "odoo" / "release.py").read_bytes()
    return paths.digest(root(), release, head.stdout)


def ensure():
    """Fetch Odoo unless it is there."""
    if os.environ.get("ODOO_HOME"):
        _check_home()
        return
    if _package_root().exists():
        return
    with locking.locked("odoo"):
        if not _package_root().exists():
            _fetch()


def _package_root():
    """Return the root that the Debian packages are unpacked into.

    The link `odoo/current` names another version than the pinned one, if that was gone.

    :rtype: Path
    """
    folder = paths.cache() / "odoo"
    pinned, other = folder / VERSION, folder / "current"
    return other.resolve() if other.exists() and not pinned.exists() else pinned


def _check_home():
    """Refuse an ODOO_HOME that holds no Odoo 19."""
    release = root() / "odoo" / "release.py"
    if not release.exists():
        raise say.Failure(f"ODOO_HOME is {root()}, and {release} does not exist.")
    if not re.search(r"version_info = \(19,", release.read_text()):
        raise say.Failure(f"ODOO_HOME is {root()}, which is not Odoo 19.")


def _fetch():
    """Download the packages and unpack them; the result is complete or absent."""
    folder = paths.made(paths.cache() / "odoo")
    with tempfile.TemporaryDirectory(dir=folder, prefix="fetch.") as work:
        apt = PrivateApt(Path(work))
        say.step("reading the list of Debian's packages (a private copy)")
        apt.run(["apt-get", "update", "-qq"])
        version = _choose(apt)
        say.step(f"downloading Odoo {version} (120 MB)")
        apt.run(["apt-get", "download", "-qq", f"{PACKAGE}={version}", *STATIC_PACKAGES])
        _verify(apt.downloads, version)
        say.step("unpacking Odoo")
        unpacked = Path(work) / "root"
        _unpack(apt.downloads, unpacked)
        unpacked.rename(folder / version)
    if version != VERSION:
        _replace_link(folder / "current", version)


def _choose(apt):
    """Return the pinned version if the mirror has it, else the newest 19.0.

    :param PrivateApt apt: the private apt
    :rtype: str
    """
    rows = apt.run(["apt-cache", "madison", PACKAGE]).splitlines()
    versions = [row.split("|")[1].strip() for row in rows if row.count("|") > 1]
    if VERSION in versions:
        return VERSION
    usable = [version for version in versions if version.startswith("19.0")]
    if not usable:
        raise say.Failure(f"The Debian mirror has no {PACKAGE} 19.0 any more. {HINT}")
    say.warn(f"Odoo {VERSION}, which this is tested with, is gone; using {usable[0]}. {HINT}")
    return usable[0]


def _verify(downloads, version):
    """Compare the package with the pinned hash.

    :param Path downloads: where the packages are
    :param str version: which version was fetched
    """
    if version != VERSION:
        return
    package = next(downloads.glob(f"{PACKAGE}_*.deb"))
    found = hashlib.sha256(package.read_bytes()).hexdigest()
    if found != SHA256:
        raise say.Failure(f"{package.name} has the hash {found}, not {SHA256}. {HINT}")


def _unpack(downloads, target):
    """Unpack the packages into one root, of Odoo's only the Python package.

    :param Path downloads: where the packages are
    :param Path target: the root
    """
    target.mkdir()
    for package in sorted(downloads.glob("*.deb")):
        is_odoo = package.name.startswith(f"{PACKAGE}_")
        wanted = f"./{PYTHON_PATH}/odoo" if is_odoo else "./usr/share"
        contents = ["dpkg-deb", "--fsys-tarfile", package]
        extract = ["tar", "-x", "--no-same-owner", "-C", target, wanted]
        with subprocess.Popen(contents, stdout=subprocess.PIPE) as deb:
            subprocess.run(extract, stdin=deb.stdout, check=True)
        if deb.returncode:
            raise say.Failure(f"{package.name} cannot be unpacked; start again.")
    stub = target / STUB
    stub.parent.mkdir(parents=True, exist_ok=True)
    stub.touch()


def _replace_link(link, target):
    """Point a link at another folder.

    :param Path link: the link
    :param str target: what it names
    """
    link.unlink(missing_ok=True)
    link.symlink_to(target)


class PrivateApt:
    """apt with sources, lists and downloads of its own; the system's stay as they are.

    :param Path work: a folder for all of it
    """

    def __init__(self, work):
        self.downloads = paths.made(work / "downloads")
        self.config = work / "apt.conf"
        found = apt_sources.mirror()
        if not found:
            raise say.Failure(f"This machine has no Debian mirror among its apt sources. {HINT}")
        sources = paths.made(work / "sources")
        (sources / "sid.sources").write_text(self._source(*found))
        self.config.write_text(self._settings(work, sources))

    def run(self, command):
        """Run an apt program in the private state.

        :param list[str] command: the program and its arguments
        :return: what it printed
        :rtype: str
        """
        result = subprocess.run(
            [command[0], "-c", str(self.config), *command[1:]],
            cwd=self.downloads,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise say.Failure(
                f"{' '.join(command)} failed: {result.stderr.strip()}\n"
                f"Check that this machine reaches its Debian mirror. {HINT}"
            )
        return result.stdout

    @staticmethod
    def _source(uris, signed_by):
        """Return the machine's Debian source with the suite that has Odoo 19.

        :param str uris: the mirror
        :param str signed_by: its keyring, may be empty
        :rtype: str
        """
        lines = ["Types: deb", f"URIs: {uris}", "Suites: sid", "Components: main"]
        if signed_by:
            lines.append(f"Signed-By: {signed_by}")
        return "\n".join(lines) + "\n"

    @staticmethod
    def _settings(work, sources):
        """Return the settings that come after the machine's own (which name its proxy).

        :param Path work: the private folder
        :param Path sources: the folder with the private sources
        :rtype: str
        """
        lists = paths.made(work / "lists" / "partial").parent
        archives = paths.made(work / "cache" / "archives" / "partial").parent
        return "\n".join(
            [
                'Dir::Etc::SourceList "/dev/null";',
                f'Dir::Etc::SourceParts "{sources}";',
                'Dir::Etc::Preferences "/dev/null";',
                'Dir::Etc::PreferencesParts "/dev/null";',
                f'Dir::State::Lists "{lists}";',
                f'Dir::Cache "{archives.parent}";',
                f'Dir::Cache::Archives "{archives}";',
                'Acquire::Languages "none";',
                'APT::Sandbox::User "root";',
                "#clear APT::Update::Post-Invoke;",
                "#clear APT::Update::Post-Invoke-Success;",
                "#clear DPkg::Post-Invoke;",
                "",
            ]
        )
