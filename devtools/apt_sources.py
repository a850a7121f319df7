"""The Debian mirror that this machine already uses, read from its own apt sources."""

import re
from pathlib import Path

from . import debian

SUITES = ("testing", "stable", "oldstable", "sid", "unstable")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
ONE_LINE = re.compile(r"^deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s")


def mirror(etc=Path("/etc/apt")):
    """Return the machine's Debian mirror and the keyring that signs it.

    :param Path etc: apt's configuration folder
    :return: URIs and the value of Signed-By (may be empty), or None without a mirror
    :rtype: tuple[str, str] | None
    """
    suites = {debian.release().get("VERSION_CODENAME"), *SUITES}
    for source in _sources(etc):
        if suites & set(source.get("suites", "").split()):
            return source["uris"], source.get("signed-by") or _default_keyring()
    return None


def _default_keyring():
    """Return Debian's own keyring if it is there.

    :rtype: str
    """
    return str(KEYRING) if KEYRING.exists() else ""


def _sources(etc):
    """Yield every enabled binary source as a dictionary with lower-case keys.

    :param Path etc: apt's configuration folder
    """
    for path in sorted(etc.glob("sources.list.d/*.sources")):
        yield from _deb822(path.read_text())
    for path in [etc / "sources.list", *sorted(etc.glob("sources.list.d/*.list"))]:
        if path.exists():
            yield from _one_line(path.read_text())


def _deb822(text):
    """Yield the sources of a file in the deb822 form.

    :param str text: the file
    """
    for stanza in re.split(r"\n\s*\n", text):
        source = _fields(stanza)
        enabled = source.get("enabled", "yes").lower() in ("yes", "true", "1")
        if enabled and "deb" in source.get("types", "").split() and source.get("uris"):
            source["uris"] = " ".join(source["uris"].split())
            yield source


def _fields(stanza):
    """Return the fields of a stanza; the lines of a folded value stay apart.

    A Signed-By may hold the key itself, which is passed on as it stands.

    :param str stanza: the stanza
    :return: values by lower-case name
    :rtype: dict[str, str]
    """
    fields, name = {}, None
    for line in stanza.splitlines():
        if line.startswith("#"):
            continue
        if line[:1] in (" ", "\t") and name:
            fields[name] += f"\n{line}"
        elif ":" in line:
            name, _colon, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields


def _one_line(text):
    """Yield the sources of a file in the one-line form.

    :param str text: the file
    """
    for line in text.splitlines():
        found = ONE_LINE.match(line.strip())
        if found:
            signed = re.search(r"signed-by=(\S+)", found["options"] or "")
            yield {
                "uris": found["uri"],
                "suites": found["suite"],
                "signed-by": signed[1] if signed else "",
            }
