"""The linters: ruff for all Python, OCA's checks for the addon."""

import subprocess
import sys

from . import databases, paths, venv

# OCA's checks that contradict how Odoo's own XML is written.
COSMETIC = ("xml-field-numeric-without-eval", "xml-header-wrong", "xml-tag-position")


def linters():
    """Return the linters, each by name with its command.

    :rtype: dict[str, list[str]]
    """
    folder = venv.folder() / "bin"
    python = [name for name in (paths.ADDON_NAME, "devtools", "tests") if _has_python(name)]
    found = {"ruff": [folder / "ruff", "check", "--quiet", "--output-format=concise", *python]}
    if databases.has_addon():
        found["pylint-odoo"] = [folder / "pylint", "--rcfile=.pylintrc", paths.ADDON_NAME]
        checks = [folder / "oca-checks-odoo-module", f"--disable={','.join(COSMETIC)}"]
        found["oca-checks"] = [*checks, paths.ADDON_NAME]
        translations = sorted(paths.ADDON.glob("i18n/*.po*"))
        if translations:
            found["oca-checks-po"] = [folder / "oca-checks-po", *translations]
    return {name: list(map(str, command)) for name, command in found.items()}


def _has_python(folder):
    """Tell whether a folder of the repository holds Python.

    :param str folder: its name
    :rtype: bool
    """
    return any((paths.REPOSITORY / folder).rglob("*.py"))


def start(folder):
    """Start every linter, its output in a log.

    :param Path folder: the folder of the logs
    :return: by name: the running process and its log
    :rtype: dict[str, tuple[subprocess.Popen, pathlib.Path]]
    """
    return {
        name: _start(command, folder / f"lint-{name}.log") for name, command in linters().items()
    }


def _start(command, log):
    """Start one linter.

    :param list[str] command: its command
    :param Path log: where its output goes
    :return: the process and its log
    :rtype: tuple[subprocess.Popen, pathlib.Path]
    """
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=paths.REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return process, log


def finish(started):
    """Wait for the linters and print what they found.

    :param dict started: what `start` returned
    :return: by name, whether the linter is content
    :rtype: dict[str, bool]
    """
    content = {}
    for name, (process, log) in started.items():
        content[name] = process.wait() == 0
        if not content[name]:
            print(f"--- {name}\n{log.read_text().strip()}", flush=True)
    return content


def main(arguments):
    """Run the linters; `--fix` lets ruff mend what it can.

    :param list[str] arguments: what follows `./dev lint`
    :return: the exit code
    :rtype: int
    """
    if "--fix" in arguments:
        subprocess.run([*linters()["ruff"], "--fix"], cwd=paths.REPOSITORY, check=False)
    content = finish(start(paths.logs()))
    unhappy = [name for name, is_content in content.items() if not is_content]
    print(f"lint: {', '.join(content)}: {'findings of ' + ', '.join(unhappy) if unhappy else 'ok'}")
    sys.stdout.flush()
    return 1 if unhappy else 0
