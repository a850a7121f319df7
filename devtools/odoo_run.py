"""How Odoo is started: its configuration, its environment, its command."""

import os
import socket
import subprocess
from contextlib import closing
from pathlib import Path

from . import odoo_source, paths, postgres, processes, say, venv

LAUNCHER = Path(__file__).with_name("launch_odoo.py")
CONFIG = """[options]
addons_path = {addons_path}
data_dir = {data_dir}
http_interface = 127.0.0.1
list_db = False
max_cron_threads = 1
db_maxconn = 90
limit_time_cpu = 600
limit_time_real = 1200
"""


def data_dir():
    """Return the folder of the files that belong to the databases.

    :rtype: Path
    """
    return paths.made(paths.state() / "odoo-data")


def filestore(database):
    """Return the folder of one database's files.

    :param str database: its name
    :rtype: Path
    """
    return data_dir() / "filestore" / database


def config_file():
    """Write Odoo's configuration and return its path.

    :rtype: Path
    """
    addons = [*odoo_source.addons_paths(), paths.REPOSITORY]
    text = CONFIG.format(addons_path=",".join(map(str, addons)), data_dir=data_dir())
    path = paths.made(paths.cache() / "config") / f"odoo-{paths.digest(text)}.conf"
    if not path.exists():
        new = path.with_suffix(f".{os.getpid()}")
        new.write_text(text)
        new.replace(path)
    return path


def environment():
    """Return the environment for Odoo and everything beside it.

    :rtype: dict[str, str]
    """
    local = "127.0.0.1,localhost"
    return {
        **postgres.environment(),
        "APPAY_ODOO_ROOT": str(odoo_source.root()),
        "ODOO_RC": str(config_file()),
        "PYTHONSAFEPATH": "1",
        "PYTHONPATH": "",
        "PYTHONUNBUFFERED": "1",
        "QT_QPA_PLATFORM": "offscreen",
        "no_proxy": local,
        "NO_PROXY": local,
    }


def command(*arguments):
    """Return the command that runs Odoo.

    :param arguments: what follows `odoo`
    :rtype: list[str]
    """
    return [str(venv.python()), str(LAUNCHER), *map(str, arguments)]


def replace_process(*arguments):
    """Become Odoo: it gets the terminal, the signals and the exit code.

    :param arguments: what follows `odoo`
    """
    line = command(*arguments)
    os.execve(line[0], line, environment())


def start(log, *arguments):
    """Start Odoo, its output in a log.

    :param Path log: the log, written anew
    :param arguments: what follows `odoo`
    :rtype: subprocess.Popen
    """
    with log.open("w") as output:
        return subprocess.Popen(
            command(*arguments),
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def run(log, *arguments):
    """Run Odoo until it ends, its output in a log.

    :param Path log: the log, written anew
    :param arguments: what follows `odoo`
    :return: the exit code
    :rtype: int
    """
    return processes.finish(start(log, *arguments))


def run_script(database, script, options=(), more_environment=None):
    """Run a script in Odoo's shell.

    :param str database: where
    :param str script: Python code, with `env`; it commits by itself
    :param options: more options of Odoo
    :param dict more_environment: more environment variables
    :return: what it printed
    :rtype: str
    """
    result = subprocess.run(
        command("shell", "-d", database, "--no-http", "--log-level=warn", *options),
        env={**environment(), **(more_environment or {})},
        input=script,
        text=True,
        capture_output=True,
        check=False,
    )
    if result.returncode:
        raise say.Failure(f"A script failed in Odoo's shell:\n{result.stderr.strip()}")
    return result.stdout


def install(database, modules):
    """Install modules, or say what went wrong.

    :param str database: where
    :param modules: names of modules
    """
    log = paths.logs() / f"install-{database}.log"
    names = ",".join(modules)
    code = run(log, "-d", database, "-i", names, "--stop-after-init", "--no-http")
    wanted = ", ".join(f"'{name}'" for name in modules)
    states = postgres.sql(
        "SELECT count(*) FROM ir_module_module "
        f"WHERE state = 'installed' AND name IN ({wanted})",
        database,
    )
    if code or states != [str(len(modules))]:
        raise say.Failure(f"Odoo could not install {names}. The end of {log}:\n{say.tail(log)}")


def free_port(preferred=0):
    """Return a port of the loopback interface that nobody listens on.

    :param int preferred: tried first
    :rtype: int
    """
    for port in (preferred, 0):
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return probe.getsockname()[1]
    raise say.Failure("No port of 127.0.0.1 is free.")
