"""The pytest suite in tests/."""

import subprocess
import xml.etree.ElementTree as ElementTree

from . import odoo_run, paths, processes, say, venv

NO_TESTS = 5  # pytest's exit code when it has selected none
# a file stays together: its tests share servers
WORKERS = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]


def abreast(folder, long):
    """Run what does not measure time, in two processes.

    :param Path folder: the folder of the logs
    :param bool long: also the tests that take minutes
    :return: how many passed, how many failed
    :rtype: tuple[int, int]
    """
    return _run(folder, "pytest", long, ["-m", "not timed", *WORKERS])


def alone(folder, long):
    """Run what measures time, and show the figures; nothing else should run.

    :param Path folder: the folder of the logs
    :param bool long: also the tests that take minutes
    :return: how many passed, how many failed
    :rtype: tuple[int, int]
    """
    return _run(folder, "pytest-timed", long, ["-m", "timed", "--capture=no"])


def chosen(folder, name, targets, long):
    """Run some tests, in one process.

    :param Path folder: the folder of the logs
    :param str name: part of their names, or None
    :param list[str] targets: files, folders or tests; empty for all
    :param bool long: also the tests that take minutes
    :return: how many passed, how many failed
    :rtype: tuple[int, int]
    """
    return _run(folder, "pytest", long, [*(["-k", name] if name else []), *targets])


def _run(folder, name, long, options):
    """Run pytest, its output on the terminal and in a log.

    :param Path folder: the folder of the logs
    :param str name: the name of the log and of the report
    :param bool long: also the tests that take minutes
    :param list[str] options: what else pytest is told
    :return: how many passed, how many failed
    :rtype: tuple[int, int]
    """
    say.step(f"{name}: running")
    report = folder / f"{name}.xml"
    options = [f"--junitxml={report}", *(["--long"] if long else []), *options]
    code = _tee([str(venv.python()), "-m", "pytest", *options], folder / f"{name}.log")
    passed, failed = _read_junit(report) if report.exists() else (0, 0)
    failed += code not in (0, NO_TESTS) and not failed
    say.step(f"{name}: {passed} passed, {failed} failed")
    return passed, failed


def _tee(command, log_path):
    """Run a command, its output on the terminal and in a log.

    :param list[str] command: the command
    :param Path log_path: the log
    :return: its exit code
    :rtype: int
    """
    environment = {**odoo_run.environment(), "APPAY_LOGS": str(log_path.parent)}
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
        with log_path.open("w") as log:
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
