"""Locks between processes: two runs at once wait for each other."""

import contextlib
import fcntl

from . import paths, say


@contextlib.contextmanager
def locked(name):
    """Hold a lock that only one process of this user has at a time.

    :param str name: what is locked
    """
    path = paths.made(paths.state() / "locks") / f"{name}.lock"
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say.step(f"another run works on {name}: waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
