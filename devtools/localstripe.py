"""localstripe from PyPI, another stand-in for Stripe: what ours is compared with in the tests.

It is under the GPL: it runs as a process in an environment of its own, nothing of it is imported.
"""

import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from . import locking, odoo_run, paths, processes, say

REQUIREMENTS = paths.REPOSITORY / "devtools" / "requirements-localstripe.txt"
START_SECONDS = 30
# It listens on every address of the machine and keeps its state in a file of /tmp that all its
# processes share; this keeps it on the loopback interface, and its state to itself.
START = """
import builtins, os, runpy, socket, sys

bind, open_file = socket.socket.bind, open
socket.socket.bind = lambda self, address: bind(self, ("::ffff:127.0.0.1", *address[1:]))
builtins.open = lambda path, *more, **options: open_file(
    os.devnull if path == "/tmp/localstripe.pickle" else path, *more, **options
)
sys.argv = ["localstripe", "--from-scratch", "--port", sys.argv[1]]
runpy.run_module("localstripe", run_name="__main__")
"""


def folder():
    """Return where its environment stands, or would.

    :rtype: Path
    """
    key = paths.digest(REQUIREMENTS.read_text(), sys.version, sys.base_prefix)
    return paths.cache() / "localstripe" / key


def ensure():
    """Have its environment in the cache.

    :return: whether it is there; a notice says why not
    :rtype: bool
    """
    with locking.locked("localstripe"):
        return folder().exists() or _make()


def _make():
    """Make the environment; the link to it is there when it is complete.

    :rtype: bool
    """
    say.step("fetching localstripe (once)")
    place = Path(tempfile.mkdtemp(prefix="venv.", dir=paths.made(folder().parent)))
    python = place / "bin" / "python"
    install = [python, "-m", "pip", "install", "--no-deps", "--no-input", "--quiet"]
    for command in ([sys.executable, "-m", "venv", place], [*install, "-r", REQUIREMENTS]):
        result = subprocess.run(
            list(map(str, command)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            shutil.rmtree(place)
            say.warn(f"localstripe cannot be had: {result.stderr.strip()[-300:]}")
            return False
    folder().symlink_to(place.name)
    return True


class LocalStripe:
    """localstripe in a process of its own; a context manager that ends it."""

    def __init__(self):
        self.port = odoo_run.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen(
            [str(folder() / "bin" / "python"), "-c", START, str(self.port)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline or self.process.poll() is not None:
                processes.kill(self.process)
                raise say.Failure("localstripe did not start.")
            time.sleep(0.1)
        return self

    def __exit__(self, *_error):
        processes.end(self.process)

    def _answers(self):
        """Tell whether it listens.

        :rtype: bool
        """
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(self.url, timeout=5):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
