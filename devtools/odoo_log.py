"""Reading Odoo's log: which tests ran and failed, and what else went wrong."""

import re
from dataclasses import dataclass, field

from . import paths

ENTRY = re.compile(
    r"^\d{4}-\d\d-\d\d [\d:,]+ \d+ (?P<level>[A-Z]+) \S+ (?P<logger>[\w.]+): (?P<message>.*)"
)
STARTED = re.compile(r"^Starting (\S+) \.\.\.")
FAILED = re.compile(r"^(?:FAIL|ERROR): (?:Subtest )?(setUpClass .*|\S+)")
SKIPPED = re.compile(r"^skipped (\S+) :")
SERIOUS = ("WARNING", "ERROR", "CRITICAL")
TOTAL = "odoo.tests.result"  # counts the failures that were logged one by one
OURS = f"odoo.addons.{paths.ADDON_NAME}"


@dataclass
class Entry:
    """One entry of the log, with the lines that belong to it."""

    level: str
    logger: str
    message: str

    @property
    def is_serious(self):
        """Whether the entry is a warning or worse.

        :rtype: bool
        """
        return self.level in SERIOUS

    @property
    def is_ours(self):
        """Whether the addon logged it, or stands in it.

        :rtype: bool
        """
        return self.logger.startswith(OURS) or f"/{paths.ADDON_NAME}/" in self.message


@dataclass
class Outcome:
    """What a run of Odoo's tests came to."""

    started: set = field(default_factory=set)
    skipped: set = field(default_factory=set)
    failures: dict = field(default_factory=dict)
    alarms: dict = field(default_factory=dict)

    @property
    def passed(self):
        """How many tests passed.

        :rtype: int
        """
        return len(self.started - self.skipped - set(self.failures))

    @property
    def failed(self):
        """How many tests failed, and how many different warnings were logged.

        :rtype: int
        """
        return len(self.failures) + len(self.alarms)


def entries(text):
    """Return the entries of a log.

    :param str text: the log
    :rtype: list[Entry]
    """
    found = []
    for line in text.splitlines():
        match = ENTRY.match(line)
        if match:
            found.append(Entry(match["level"], match["logger"], match["message"]))
        elif found:
            found[-1].message += f"\n{line}"
    return found


def outcome(text):
    """Return what a log tells about the tests that ran.

    Every warning of such a run is unexpected: a test that provokes one says so with
    assertLogs or mute_logger.

    :param str text: the log
    :rtype: Outcome
    """
    result = Outcome()
    for entry in entries(text):
        if entry.logger.startswith("odoo.addons.") and ".tests." in entry.logger:
            _read_test_entry(entry, result)
        elif entry.is_serious and entry.logger != TOTAL:
            result.alarms.setdefault((entry.logger, entry.message.split("\n")[0]), entry)
    return result


def _read_test_entry(entry, result):
    """Note what an entry of a test module tells.

    :param Entry entry: the entry
    :param Outcome result: where it is noted
    """
    module = entry.logger.split(".browser")[0]
    if match := STARTED.match(entry.message):
        result.started.add((module, match[1]))
    elif match := SKIPPED.match(entry.message):
        result.skipped.add((module, match[1]))
    elif match := FAILED.match(entry.message):
        previous = result.failures.get((module, match[1]))
        text = entry.message if not previous else f"{previous}\n{entry.message}"
        result.failures[module, match[1]] = text
    elif entry.is_serious and "." not in entry.logger.partition(".tests.")[2]:
        result.alarms.setdefault((entry.logger, entry.message.split("\n")[0]), entry)


def report(result, limit=40):
    """Return the failures of a run for the terminal.

    :param Outcome result: the run
    :param int limit: how many last lines of each are shown
    :rtype: str
    """
    texts = [*result.failures.values()]
    texts += [f"{entry.level} {entry.logger}: {entry.message}" for entry in result.alarms.values()]
    parts = []
    for text in texts:
        lines = text.splitlines()
        shown = lines if len(lines) <= limit else [lines[0], "    …", *lines[-limit:]]
        parts.append("\n".join(shown))
    return "\n\n".join(parts)
