"""The pinned Python environment that runs Odoo, the tests and the linters."""

import os
import shutil
import subprocess
import sys
import tempfile

from . import locking, paths, say

REQUIREMENTS = [
    paths.REPOSITORY / "devtools" / f"requirements-{name}.txt" for name in ("odoo", "test", "lint")
]


def folder():
    """Return where the environment for the pinned requirements stands.

    :rtype: Path
    """
    contents = [path.read_text() for path in REQUIREMENTS]
    key = paths.digest(sys.version, sys.base_prefix, *contents)
    return paths.cache() / "venv" / f"{sys.version_info[0]}.{sys.version_info[1]}-{key}"


def python():
    """Return the environment's Python.

    :rtype: Path
    """
    return folder() / "bin" / "python"


def ensure():
    """Make the environment unless it is there."""
    if folder().exists():
        return
    with locking.locked("venv"):
        if not folder().exists():
            say.step(f"making the Python environment in {folder()}")
            _make()


def _make():
    """Make the environment; its folder is complete or absent.

    A virtual environment cannot be moved, so it is made in place and marked by a link.
    """
    paths.made(folder().parent)
    place = tempfile.mkdtemp(prefix=f"{folder().name}.", dir=folder().parent)
    log = paths.logs() / "pip.log"
    try:
        _run([sys.executable, "-m", "venv", place], log)
        install = [f"{place}/bin/python", "-m", "pip", "install", "--no-deps", "--no-input"]
        for path in REQUIREMENTS:
            install += ["-r", str(path)]
        _run(install, log)
    except BaseException:
        shutil.rmtree(place)
        raise
    os.symlink(os.path.basename(place), folder())


def _run(command, log):
    """Run a command, its output in a log.

    :param list[str] command: the command
    :param Path log: where its output goes
    """
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    environment.pop("PYTHONPATH", None)
    with log.open("a") as output:
        result = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if result.returncode:
        raise say.Failure(
            "The Python packages could not be installed. Check that pip reaches its "
            f"package index, then start again. The end of {log}:\n{say.tail(log, 15)}"
        )
