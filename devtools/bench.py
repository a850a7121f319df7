"""`./dev bench`: measurements, each a script for Odoo's shell on a fresh database."""

from . import databases, odoo_run, paths, say

SCRIPTS = paths.REPOSITORY / "tests" / "bench"


def main(arguments):
    """Run the scripts of tests/bench/, or the named ones.

    :param list[str] arguments: names of scripts without `.py`
    :return: the exit code
    :rtype: int
    """
    there = {path.stem: path for path in sorted(SCRIPTS.glob("*.py")) if path.stem != "__init__"}
    unknown = [name for name in arguments if name not in there]
    if unknown or not there:
        raise say.Failure(f"tests/bench/ has {', '.join(there) or 'no scripts'}.")
    for name in arguments or there:
        _run(name, there[name])
    return 0


def _run(name, path):
    """Run one script and print what it prints.

    :param str name: its name
    :param Path path: the script; it gets `env`
    """
    database = databases.fresh(f"appay_bench_{paths.checkout_key()}")
    say.step(f"measuring: {name}")
    try:
        print(f"# {name}\n{odoo_run.run_script(database, path.read_text())}", flush=True)
    finally:
        databases.drop(database)
