"""Where things are: the checkout, the cache, the state of the development cluster."""

import hashlib
import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
ADDON_NAME = "appointment_payments"
ADDON = REPOSITORY / ADDON_NAME
ROOT_STATE = Path("/var/lib/appointment-payments-dev")


def digest(*parts, length=8):
    """Return a short hash that is the same for the same parts.

    :param parts: strings or bytes
    :param int length: how many hexadecimal digits
    :return: the hash
    :rtype: str
    """
    state = hashlib.sha256()
    for part in parts:
        state.update(part if isinstance(part, bytes) else str(part).encode())
        state.update(b"\0")
    return state.hexdigest()[:length]


def is_root():
    """Tell whether this process runs as root.

    :rtype: bool
    """
    return os.geteuid() == 0


def made(folder, mode=0o755):
    """Return a folder, made if it was missing.

    :param Path folder: the folder
    :param int mode: its permissions when it is made
    :rtype: Path
    """
    folder.mkdir(mode=mode, parents=True, exist_ok=True)
    return folder


def cache():
    """Return the folder for what can be fetched again: Odoo, the Python environment.

    :rtype: Path
    """
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return made(base / ADDON_NAME)


def state():
    """Return the folder for the database cluster and the files that belong to it.

    PostgreSQL refuses to run as root and its own user cannot read root's home, so
    root's cluster has a folder outside of it. APPAY_STATE_DIR names another one.

    :rtype: Path
    """
    chosen = os.environ.get("APPAY_STATE_DIR")
    if chosen:
        return made(Path(chosen).resolve())
    return made(ROOT_STATE) if is_root() else cache()


def logs():
    """Return the folder where full logs are kept.

    :rtype: Path
    """
    return made(cache() / "logs" / checkout_key())


def checkout_key():
    """Return a key for this checkout, so that clones keep apart.

    :rtype: str
    """
    return digest(REPOSITORY)


def file_hash(files, root):
    """Return a hash over the names and contents of files.

    :param files: paths below root
    :param Path root: what the names are relative to
    :rtype: str
    """
    parts = []
    for path in sorted(files):
        parts += [str(path.relative_to(root)), path.read_bytes()]
    return digest(*parts)
