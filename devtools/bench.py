"""`./dev bench`: measurements, each a script for Odoo's shell on a fresh database.

A script that prints a line which starts with `FAILED:` has found a figure beyond its bound.
"""

from . import databases, odoo_run, paths, rival, say

SCRIPTS = paths.REPOSITORY / "tests" / "bench"
AGAINST_THE_RIVAL = {"slots"}
# these compare with a database that has Odoo's own modules only
AGAINST_ODOO_ALONE = {"calendar"}


def main(arguments):
    """Run the scripts of tests/bench/, or the named ones.

    :param list[str] arguments: names of scripts without `.py`
    :return: the exit code: 1 when a figure is beyond its bound
    :rtype: int
    """
    there = {path.stem: path for path in sorted(SCRIPTS.glob("*.py")) if path.stem != "__init__"}
    unknown = [name for name in arguments if name not in there]
    if unknown or not there:
        raise say.Failure(f"tests/bench/ has {', '.join(there) or 'no scripts'}.")
    results = [_run(name, there[name]) for name in arguments or there]
    return 0 if all(results) else 1


def _run(name, path):
    """Run one script and print what it prints.

    :param str name: its name
    :param Path path: the script; it gets `env`
    :return: whether every figure keeps to its bound
    :rtype: bool
    """
    database = databases.fresh(f"appay_bench_{paths.checkout_key()}")
    alone = f"{database}_bare" if name in AGAINST_ODOO_ALONE else None
    options, environment = [], {}
    try:
        if alone:
            databases.fresh(alone, with_addon=False)
            environment = {"APPAY_BENCH_BARE": alone}
        if name in AGAINST_THE_RIVAL and rival.ensure():
            say.step("installing the rival")
            rival.install(database)
            options, environment = rival.options(), rival.environment()
        say.step(f"measuring: {name}")
        printed = odoo_run.run_script(database, path.read_text(), options, environment)
    finally:
        databases.drop(database)
        if alone:
            databases.drop(alone)
    print(f"# {name}\n{printed}", flush=True)
    return not any(line.startswith("FAILED:") for line in printed.splitlines())
