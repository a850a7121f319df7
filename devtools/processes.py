"""Child processes that end cleanly when this one is told to."""

import os
import signal
import subprocess

END_SECONDS = 30


def interruptible():
    """Treat SIGTERM as Ctrl-C, so that `finally` blocks end what was started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def end(process, seconds=END_SECONDS, ask=True):
    """Ask a process to end, wait, and end it with its children if it does not.

    :param subprocess.Popen process: started with start_new_session=True
    :param int seconds: how long it may take
    :param bool ask: False when it was asked before; a second time Odoo ends in the middle
    """
    if process.poll() is None:
        if ask:
            process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            kill(process)


def kill(process):
    """End a process and its children at once.

    :param subprocess.Popen process: started with start_new_session=True
    """
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def finish(process):
    """Wait for a process; Ctrl-C here ends it first.

    :param subprocess.Popen process: started with start_new_session=True
    :return: its exit code
    :rtype: int
    """
    try:
        return process.wait()
    finally:
        end(process)
