"""What the tools tell the person who runs them."""

import sys
import time

STARTED = time.monotonic()


class Failure(Exception):
    """A step that cannot go on; its message says what to do about it."""


def step(text):
    """Print one progress line with the seconds since the start.

    Progress goes to stderr, so that stdout belongs to what was asked for.

    :param str text: what happens now, or what is there
    """
    print(f"[{time.monotonic() - STARTED:6.1f} s] {text}", file=sys.stderr, flush=True)


def warn(text):
    """Print a warning that does not end the run.

    :param str text: what is wrong and what helps
    """
    print(f"warning: {text}", file=sys.stderr, flush=True)


def tail(path, lines=30):
    """Return the end of a log file for an error message.

    :param pathlib.Path path: the log
    :param int lines: how many lines
    :return: the last lines, indented
    :rtype: str
    """
    if not path.exists():
        return "    (no log)"
    last = path.read_text(errors="replace").splitlines()[-lines:]
    return "\n".join(f"    {line}" for line in last)
