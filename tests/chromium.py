"""Chromium for the tests: windows that close, also when Chromium does not answer."""

import contextlib
import threading

import psutil

from devtools import debian, paths

CLOSE_SECONDS = 20


class Chromium:
    """Debian's Chromium, driven by Playwright; started again when it had to be killed.

    :param playwright: Playwright's synchronous API
    """

    def __init__(self, playwright):
        self._playwright = playwright
        self._browser = None

    @contextlib.contextmanager
    def window(self, **options):
        """Open a window of somebody new, and close it in the end.

        :param options: of Playwright's browser context
        :return: its page
        """
        if not (self._browser and self._browser.is_connected()):
            self._browser = self._launch()
        context = self._browser.new_context(**options)
        try:
            yield context.new_page()
        finally:
            with impatience():
                context.close()

    def close(self):
        """End Chromium."""
        if self._browser:
            with impatience():
                self._browser.close()

    def _launch(self):
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"] if paths.is_root() else []
        return self._playwright.chromium.launch(executable_path=debian.browser(), args=arguments)


@contextlib.contextmanager
def impatience():
    """Kill Chromium if what is done here takes too long.

    Playwright waits without end for a Chromium that does not answer; this happens once in thousands
    of windows, and what the test has asserted by then stands.
    """
    from playwright.sync_api import Error

    killed = threading.Event()
    watchdog = threading.Timer(CLOSE_SECONDS, kill, [killed])
    watchdog.start()
    try:
        yield
    except Error:
        if not killed.is_set():
            raise
    finally:
        watchdog.cancel()


def kill(killed):
    """Kill this process's Chromium, which ends every wait for it.

    :param threading.Event killed: is set before
    """
    killed.set()
    for process in processes():
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def processes():
    """Return what runs of this process's Chromium.

    :rtype: list[psutil.Process]
    """
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if "chrom" in child.name():
                found.append(child)
    return found
