"""`./dev test`: the linters, Odoo's tests of the addon, the pytest suite."""

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from . import databases, lint, odoo_log, odoo_run, paths, processes, pytest_run, say, selection

KEPT_LOGS = 10


@dataclass
class Tally:
    """How many checks passed and failed."""

    passed: int = 0
    failed: int = 0

    def add(self, passed, failed):
        """Count more checks.

        :param int passed: how many passed
        :param int failed: how many failed
        """
        self.passed += passed
        self.failed += failed


@dataclass
class OdooTests:
    """Odoo's tests while they run.

    :param subprocess.Popen process: Odoo
    :param Path log: where it logs
    """

    process: subprocess.Popen
    log: Path


def main(arguments):
    """Run the checks that the arguments select, and print one line with the result.

    Odoo's tests run beside the pytest suite, apart from what measures time.

    :param list[str] arguments: what follows `./dev test`
    :return: the exit code
    :rtype: int
    """
    chosen = _parse(arguments)
    inside, outside = selection.split(chosen.paths)
    folder = _log_folder()
    tally = Tally()
    narrowed = bool(chosen.name or chosen.paths)
    linters = {} if narrowed else lint.start(folder)
    with contextlib.ExitStack() as beside:
        odoo = None
        if databases.has_addon() and (inside or not outside):
            tags = selection.test_tags(chosen.name, inside)
            odoo = beside.enter_context(_odoo_tests(folder, tags))
        happy = lint.finish(linters).values()
        tally.add(sum(happy), len(happy) - sum(happy))
        if narrowed:
            if outside or not inside:
                tally.add(*pytest_run.chosen(folder, chosen.name, outside, chosen.long))
            _finish_odoo(tally, odoo)
        else:
            tally.add(*pytest_run.abreast(folder, chosen.long))
            _finish_odoo(tally, odoo)
            tally.add(*pytest_run.alone(folder, chosen.long))
    say.step(f"full logs: {folder}")
    print(f"{tally.passed} passed, {tally.failed} failed", flush=True)
    return 1 if tally.failed else 0


def _parse(arguments):
    """Parse what follows `./dev test`.

    :param list[str] arguments: the arguments
    :rtype: argparse.Namespace
    """
    parser = argparse.ArgumentParser(prog="./dev test")
    parser.add_argument("-k", dest="name", metavar="NAME", help="only tests whose name has NAME")
    parser.add_argument("--long", action="store_true", help="also the tests that take minutes")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="only tests of these files")
    return parser.parse_args(arguments)


def _log_folder():
    """Return a new folder for this run's logs, and forget the oldest runs.

    :rtype: Path
    """
    runs = sorted(paths.logs().glob("test-*"))
    for old in runs[: -KEPT_LOGS + 1]:
        shutil.rmtree(old, ignore_errors=True)
    return paths.made(paths.logs() / f"test-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}")


def database_name():
    """Return the name of this process's test database; those of dead processes go.

    :rtype: str
    """
    prefix = f"appay_test_{paths.checkout_key()}_"
    for name in databases.existing(prefix):
        owner = re.fullmatch(r"(\d+).*", name.removeprefix(prefix))
        if owner and not os.path.exists(f"/proc/{owner[1]}"):
            databases.drop(name)
    return f"{prefix}{os.getpid()}"


@contextlib.contextmanager
def _odoo_tests(folder, tags):
    """Have Odoo's tests of the addon run in a fresh database, beside what the caller does.

    :param Path folder: the folder of the logs
    :param str tags: which tests, None for none of them
    :return: the running tests, None for none
    :rtype: OdooTests
    """
    if not tags:
        say.step("Odoo's tests: none selected")
        yield None
        return
    say.step("Odoo's tests: running")
    database = databases.fresh(f"{database_name()}_odoo", with_addon=False)
    log = folder / "odoo-tests.log"
    process = odoo_run.start(
        log,
        *["-d", database, "-i", paths.ADDON_NAME, "--test-tags", tags],
        *["--http-port", odoo_run.free_port(), "--screenshots", folder / "screenshots"],
    )
    try:
        yield OdooTests(process, log)
    finally:
        processes.end(process)
        databases.drop(database)


def _finish_odoo(tally, tests):
    """Wait for Odoo's tests and print what failed.

    :param Tally tally: where the results are counted
    :param OdooTests tests: the running tests, None for none
    """
    if not tests:
        return
    code = tests.process.wait()
    result = odoo_log.outcome(tests.log.read_text(errors="replace"))
    crashed = bool(code) and not result.failures
    tally.add(result.passed, result.failed + crashed)
    if result.failed or crashed:
        print(f"--- Odoo's tests\n{odoo_log.report(result) or say.tail(tests.log)}", flush=True)
    say.step(f"Odoo's tests: {result.passed} passed, {result.failed + crashed} failed")
