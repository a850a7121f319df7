"""Odoo as a process of its own, for tests, measurements and the demo."""

import re
import subprocess
import time
import urllib.error
import urllib.request

from . import databases, odoo_log, odoo_run, postgres, processes, say
from .mailbox import Mailbox

START_SECONDS = 90
SHELL_TRIES = 5  # of a script that meets a scheduled action


class OdooServer:
    """An Odoo server on a port of 127.0.0.1, with one database and a mailbox.

    Its mails go nowhere: they are in `mailbox.messages`.

    :param str database: the database, which must exist
    :param Path log_path: where Odoo logs; further starts are appended
    :param list options: more options of Odoo's server, such as ["--workers=2"]
    :param dict environment: more environment variables
    :param int port: the port, by default a free one
    """

    def __init__(self, database, log_path, options=(), environment=None, port=None):
        self.db = database
        self.log_path = log_path
        self.options = list(options)
        self.environment = dict(environment or {})
        self.port = port or odoo_run.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.mailbox = Mailbox()
        self.process = None
        self._allowed = []
        self._is_asked = False

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_error):
        self.close()

    def close(self):
        """Stop the server for good, with its mailbox."""
        self.stop()
        self.mailbox.close()

    def start(self):
        """Start the server and wait until it answers."""
        self._is_asked = False
        self._set_base_url()
        ports = ["--http-port", self.port, "--gevent-port", odoo_run.free_port()]
        arguments = ["-d", self.db, *ports, *self.mailbox.options(), *self.options]
        with self.log_path.open("a") as log:
            self.process = subprocess.Popen(
                odoo_run.command(*arguments),
                env={**odoo_run.environment(), **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait()
        except BaseException:
            self.kill()
            raise

    def ask_to_stop(self):
        """Ask the server to end, and go on; `stop` waits for it."""
        if self.process and self.process.poll() is None and not self._is_asked:
            self.process.terminate()
            self._is_asked = True

    def stop(self):
        """Ask the server to end, and wait for it."""
        if self.process:
            processes.end(self.process, ask=not self._is_asked)

    def kill(self):
        """End the server and its workers at once, as a crash would."""
        if self.process:
            processes.kill(self.process)

    def restart(self):
        """Stop the server and start it on the same port."""
        self.stop()
        self.start()

    def shell(self, script):
        """Run Python code in an Odoo shell on the server's database.

        It is repeated, as Odoo repeats a request, when it meets a scheduled action of the server.

        :param str script: the code, with `env`; it ends with `env.cr.commit()` to keep its effects
        :return: what it printed
        :rtype: str
        """
        for tries_left in reversed(range(SHELL_TRIES)):
            try:
                return odoo_run.run_script(
                    self.db,
                    script,
                    options=self.mailbox.options(),
                    more_environment=self.environment,
                )
            except say.Failure as failure:
                if not tries_left or "could not serialize access" not in str(failure):
                    raise
        return ""

    def connect(self):
        """Return a connection of psycopg2 to the server's database.

        :rtype: psycopg2.extensions.connection
        """
        import psycopg2

        return psycopg2.connect(host=postgres.socket(), user=postgres.ROLE, dbname=self.db)

    def query(self, statement, parameters=None):
        """Run one SQL statement, committed.

        :param str statement: the statement
        :param parameters: the values of its placeholders
        :return: the rows, if it has any
        :rtype: list[tuple]
        """
        connection = self.connect()
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def log(self):
        """Return what the server has logged.

        :rtype: str
        """
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def allow_log(self, pattern):
        """Expect log entries that would make the run fail.

        :param str pattern: a regular expression found in "LEVEL logger: message"
        """
        self._allowed.append(re.compile(pattern))

    def unexpected_log(self):
        """Return errors of everybody and warnings of the addon that no test expected.

        :rtype: list[str]
        """
        serious = [
            f"{entry.level} {entry.logger}: {entry.message}"
            for entry in odoo_log.entries(self.log())
            if entry.is_serious and (entry.is_ours or entry.level != "WARNING")
        ]
        return [text for text in serious if not any(rule.search(text) for rule in self._allowed)]

    def _set_base_url(self):
        """Have links and PDFs point at this server."""
        for key, value in (("web.base.url", self.url), ("web.base.url.freeze", "True")):
            postgres.sql(
                f"INSERT INTO ir_config_parameter (key, value) VALUES ('{key}', '{value}') "
                "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                self.db,
            )

    def _wait(self):
        """Wait until the server answers with its registry loaded."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if self._answers():
                return
            time.sleep(0.2)
        raise say.Failure(
            f"Odoo did not start on {self.url}. The end of {self.log_path}:\n"
            f"{say.tail(self.log_path)}"
        )

    def _answers(self):
        """Tell whether the login page comes.

        :rtype: bool
        """
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{self.url}/web/login", timeout=START_SECONDS) as response:
                return response.status == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


def fresh_server(name, log_folder, script="", **options):
    """Return a server, not started, on a fresh database with the addon.

    :param str name: the database
    :param Path log_folder: where the log goes
    :param str script: see :func:`databases.fresh`
    :param options: see OdooServer
    :rtype: OdooServer
    """
    return OdooServer(databases.fresh(name, script=script), log_folder / f"{name}.log", **options)
