"""A private PostgreSQL cluster: reached through a socket only, never the system's own."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from . import debian, locking, paths, say

ROLE = "odoo"
ORDINARY_USER = "postgres"
SOCKET_LENGTH = 80
# What is here can be made again, so nothing waits for the disk.
SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{socket}'
unix_socket_permissions = 0700
max_connections = 200
max_locks_per_transaction = 256
shared_buffers = 256MB
work_mem = 16MB
maintenance_work_mem = 128MB
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 2GB
checkpoint_timeout = 30min
"""


def folder():
    """Return the cluster's folder; another major version has another one.

    :rtype: Path
    """
    return paths.state() / f"postgres-{debian.postgres_bin().parent.name}"


def socket():
    """Return the folder of the cluster's socket, short enough for PostgreSQL.

    :rtype: Path
    """
    place = folder() / "socket"
    if len(str(place)) <= SOCKET_LENGTH:
        return place
    return Path("/tmp") / f"appay-{os.geteuid()}-{paths.digest(place)}"


def environment():
    """Return the libpq variables that lead every program to this cluster.

    :rtype: dict[str, str]
    """
    others = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**others, "PGHOST": str(socket()), "PGPORT": "5432", "PGUSER": ROLE}


def ensure():
    """Make the cluster unless it is there, and start it unless it answers."""
    if answers():
        return
    with locking.locked("postgres"):
        if not (folder() / "data" / "PG_VERSION").exists():
            _make()
        if not answers():
            _start()


def answers():
    """Tell whether the cluster takes connections.

    :rtype: bool
    """
    command = [debian.postgres_bin() / "pg_isready", "-q", "-d", "postgres"]
    result = subprocess.run(command, env=environment(), check=False)
    return result.returncode == 0


def stop():
    """Stop the cluster if it runs.

    :return: whether it ran
    :rtype: bool
    """
    if not debian.postgres_bin() or not answers():
        return False
    _server_program("pg_ctl", "stop", "-D", folder() / "data", "-m", "fast", "-w", "-s")
    return True


def sql(statement, database="postgres"):
    """Run one SQL statement as superuser.

    :param str statement: the statement
    :param str database: where
    :return: the values of the first column
    :rtype: list[str]
    """
    command = [debian.postgres_bin() / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1"]
    result = subprocess.run(
        [*command, "-d", database, "-c", statement],
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise say.Failure(f"PostgreSQL refused: {result.stderr.strip()}")
    return result.stdout.splitlines()


def _owner():
    """Return the operating system's user that PostgreSQL runs as.

    :return: None for the user who runs this
    :rtype: pwd.struct_passwd | None
    """
    return pwd.getpwnam(ORDINARY_USER) if paths.is_root() else None


def _make():
    """Make the cluster; its data folder is complete or absent."""
    say.step(f"making a PostgreSQL cluster in {folder()}")
    _private(folder())
    for place in folder().glob("data.new"):
        shutil.rmtree(place)
    place = folder() / "data.new"
    _server_program(
        *["initdb", "-D", place, "-U", ROLE, "--auth=trust", "--encoding=UTF8"],
        *["--locale=C.UTF-8", "--no-sync", "--no-instructions"],
    )
    with (place / "postgresql.conf").open("a") as settings:
        settings.write(SETTINGS.format(socket=socket()))
    place.rename(folder() / "data")


def _private(place):
    """Make a folder that only PostgreSQL's user can enter.

    :param Path place: the folder
    """
    place.mkdir(mode=0o700, exist_ok=True)
    owner = _owner()
    if owner:
        os.chown(place, owner.pw_uid, owner.pw_gid)
    if place.is_symlink() or place.stat().st_uid != (owner.pw_uid if owner else os.geteuid()):
        raise say.Failure(f"{place} belongs to somebody else; remove it.")


def _start():
    """Start the cluster; it goes on running when this program ends."""
    say.step("starting PostgreSQL")
    _private(socket())
    log = folder() / "server.log"
    _server_program("pg_ctl", "start", "-D", folder() / "data", "-l", log, "-w", "-s", log=log)


def _server_program(name, *arguments, log=None):
    """Run one of PostgreSQL's programs as the cluster's owner.

    :param str name: the program
    :param arguments: its arguments
    :param Path log: a log whose end explains a failure
    """
    owner = _owner()
    identity = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
    output = paths.logs() / "postgres.log"
    with output.open("w") as handle:
        result = subprocess.run(
            [debian.postgres_bin() / name, *arguments],
            cwd=folder(),
            env={**environment(), "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=handle,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            check=False,
            **identity,
        )
    if result.returncode:
        raise say.Failure(
            f"{name} failed:\n{say.tail(output)}\n{say.tail(log, 15) if log else ''}\n"
            f"Only development databases live there: removing {folder()} starts afresh."
        )
