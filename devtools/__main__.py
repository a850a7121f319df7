"""The commands of `./dev`."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

from . import databases, debian, odoo_run, odoo_source, paths, postgres, processes, say, venv

HELP = """Usage: ./dev COMMAND [ARGUMENTS]

  demo [--once] [--fresh] [--port N] [--pictures] [--stripe]
                       a practice with data, on a port of 127.0.0.1
                       (--stripe: its clients pay by test card)
  test [-k NAME] [--long] [PATHS...]
                       linters, Odoo's tests of the addon, the suite in tests/
  lint                 ruff, pylint-odoo
  bench [NAME...]      measurements in tests/bench/
  stripe [--port N]    the stand-in for Stripe alone
  stripe-check         ask a real test account whether Stripe does what the addon
                       relies on; the key is in STRIPE_SECRET_KEY
  db [--bare] [NAME]   a fresh database with the addon, in seconds
                       (--bare: with Odoo's own modules only)
  odoo [ARGUMENTS...]  Odoo's command line (the server by default)
  shell [DATABASE] [ARGUMENTS...]
                       Odoo's shell; a script on stdin is run
  psql [DATABASE] [ARGUMENTS...]
                       PostgreSQL's shell
  setup                everything the others need
  stop                 stop the private PostgreSQL
  help                 this page

The first run fetches what is needed. ODOO_HOME names an Odoo 19 checkout to use
instead of Debian's package; APPAY_STATE_DIR another folder for the databases."""


def setup():
    """Have everything that Odoo needs."""
    debian.ensure_packages()
    with ThreadPoolExecutor() as pool:
        steps = [pool.submit(part.ensure) for part in (odoo_source, venv, postgres)]
    for step in steps:
        step.result()


def command_setup(_arguments):
    """Set up and say where things are."""
    setup()
    databases.ensure_base()
    say.step(f"Odoo {odoo_source.identity()} in {odoo_source.root()}")
    say.step(f"Python in {venv.folder()}")
    say.step(f"PostgreSQL behind {postgres.socket()}")
    return 0


def command_db(arguments):
    """Make a fresh database and print its name."""
    setup()
    names = [word for word in arguments if word != "--bare"]
    name = names[0] if names else databases.default_name()
    print(databases.fresh(name, with_addon="--bare" not in arguments))
    say.step("the database is ready")
    return 0


def command_odoo(arguments):
    """Become Odoo's command line."""
    setup()
    is_server = not arguments or arguments[0].startswith("-")
    says_enough = any(word.startswith(("-d", "--database", "-h", "--help")) for word in arguments)
    if is_server and not says_enough:
        arguments = ["-d", databases.ensure_default(), *arguments]
    odoo_run.replace_process(*arguments)


def command_shell(arguments):
    """Become Odoo's shell."""
    setup()
    database, options = _database(arguments)
    quiet = [] if sys.stdin.isatty() else ["--log-level=warn"]
    odoo_run.replace_process("shell", "-d", database, "--no-http", *quiet, *options)


def command_psql(arguments):
    """Become PostgreSQL's shell."""
    setup()
    database, options = _database(arguments)
    program = str(debian.postgres_bin() / "psql")
    os.execve(program, [program, "-d", database, *options], postgres.environment())


def _database(arguments):
    """Split a database's name from what follows it.

    :param list[str] arguments: what the person wrote
    :return: the database, the default one if none is named; the other arguments
    :rtype: tuple[str, list[str]]
    """
    if arguments and not arguments[0].startswith("-"):
        return arguments[0], arguments[1:]
    return databases.ensure_default(), arguments


def command_stop(_arguments):
    """Stop the private PostgreSQL."""
    say.step("PostgreSQL is stopped" if postgres.stop() else "PostgreSQL did not run")
    return 0


def command_help(_arguments):
    """Print the commands."""
    print(HELP)
    return 0


def command_lint(arguments):
    """Run the linters."""
    from . import lint

    venv.ensure()
    return lint.main(arguments)


def command_test(arguments):
    """Run everything that checks the addon."""
    from . import testing

    setup()
    return testing.main(arguments)


def command_bench(arguments):
    """Run measurements."""
    from . import bench

    setup()
    return bench.main(arguments)


def command_demo(arguments):
    """Start the demo practice."""
    from . import demo

    setup()
    return demo.main(arguments)


def command_stripe(arguments):
    """Start the stand-in for Stripe alone, until Ctrl-C."""
    from .stripe_double import __main__ as stripe_double

    return stripe_double.main(arguments)


def command_stripe_check(arguments):
    """Ask a real Stripe test account whether it does what the addon relies on."""
    venv.ensure()
    line = [str(venv.python()), "-m", "devtools.stripe_check", *arguments]
    os.execve(line[0], line, {**os.environ, "PYTHONPATH": str(paths.REPOSITORY)})


COMMANDS = {
    name.removeprefix("command_").replace("_", "-"): function
    for name, function in list(globals().items())
    if name.startswith("command_")
}


def main(arguments):
    """Run one command.

    :param list[str] arguments: the command and its arguments
    :return: the exit code
    :rtype: int
    """
    name = arguments[0] if arguments else "help"
    name = "help" if name in ("-h", "--help") else name
    if name not in COMMANDS:
        print(f"unknown command: {name}\n\n{HELP}", file=sys.stderr)
        return 2
    processes.interruptible()
    try:
        return COMMANDS[name](arguments[1:])
    except say.Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
