"""`./dev test`: the linters, Odoo's tests of the addon, the pytest suite."""

import argparse
import os
import re
import shutil
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

from . import databases, lint, odoo_log, odoo_run, paths, processes, say, selection, venv

KEPT_LOGS = 10
NO_TESTS = 5  # pytest's exit code when it has selected none


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


def main(arguments):
    """Run the checks that the arguments select, and print one line with the result.

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
    if databases.has_addon() and (inside or not outside):
        _run_odoo(tally, folder, selection.test_tags(chosen.name, inside))
    happy = lint.finish(linters).values()
    tally.add(sum(happy), len(happy) - sum(happy))
    if outside or not inside:
        _run_pytest(tally, folder, chosen, outside)
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


def _run_odoo(tally, folder, tags):
    """Install the addon into a fresh database and run Odoo's tests of it.

    :param Tally tally: where the results are counted
    :param Path folder: the folder of the logs
    :param str tags: which tests, None for none of them
    """
    if not tags:
        say.step("Odoo's tests: none selected")
        return
    say.step("Odoo's tests: running")
    log = folder / "odoo-tests.log"
    database = databases.fresh(database_name(), with_addon=False)
    try:
        code = _install_and_test(database, log, tags)
    finally:
        databases.drop(database)
    result = odoo_log.outcome(log.read_text(errors="replace"))
    crashed = bool(code) and not result.failures
    tally.add(result.passed, result.failed + crashed)
    if result.failed or crashed:
        print(f"--- Odoo's tests\n{odoo_log.report(result) or say.tail(log)}", flush=True)
    say.step(f"Odoo's tests: {result.passed} passed, {result.failed + crashed} failed")


def _install_and_test(database, log, tags):
    """Run Odoo's tests.

    :param str database: a database without the addon
    :param Path log: where Odoo logs
    :param str tags: the value of --test-tags
    :return: Odoo's exit code
    :rtype: int
    """
    return odoo_run.run(
        log,
        *["-d", database, "-i", paths.ADDON_NAME, "--test-tags", tags],
        *["--http-port", odoo_run.free_port(), "--screenshots", log.parent / "screenshots"],
    )


def _run_pytest(tally, folder, chosen, targets):
    """Run the pytest suite.

    :param Tally tally: where the results are counted
    :param Path folder: the folder of the logs
    :param argparse.Namespace chosen: the parsed arguments
    :param list[str] targets: files, folders or tests; empty for the whole suite
    """
    if not targets and not any((paths.REPOSITORY / "tests").rglob("test_*.py")):
        return
    say.step("pytest: running")
    report = folder / "pytest.xml"
    options = [f"--junitxml={report}", *(["-k", chosen.name] if chosen.name else [])]
    options += ["--long"] if chosen.long else []
    code = _tee([str(venv.python()), "-m", "pytest", *options, *targets], folder)
    passed, failed = _read_junit(report) if report.exists() else (0, 0)
    unexplained = code not in (0, NO_TESTS) and not failed
    tally.add(passed, failed + unexplained)
    say.step(f"pytest: {passed} passed, {failed + unexplained} failed")


def _tee(command, folder):
    """Run a command, its output on the terminal and in a log.

    :param list[str] command: the command
    :param Path folder: the folder of the logs
    :return: its exit code
    :rtype: int
    """
    environment = {**odoo_run.environment(), "APPAY_LOGS": str(folder)}
    environment |= {"PYTHONPATH": str(paths.REPOSITORY)}
    process = subprocess.Popen(
        command,
        cwd=paths.REPOSITORY,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        with (folder / "pytest.log").open("w") as log:
            for line in process.stdout:
                print(line, end="", flush=True)
                log.write(line)
        return process.wait()
    finally:
        processes.end(process)


def _read_junit(report):
    """Count the tests of a JUnit report; skipped ones do not count.

    :param Path report: the report
    :return: how many passed, how many failed
    :rtype: tuple[int, int]
    """
    suites = ElementTree.parse(report).getroot().iter("testsuite")
    passed = failed = 0
    for suite in suites:
        number = {name: int(suite.get(name)) for name in ("tests", "failures", "errors", "skipped")}
        failed += number["failures"] + number["errors"]
        passed += number["tests"] - sum(number[n] for n in ("failures", "errors", "skipped"))
    return passed, failed
