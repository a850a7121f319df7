"""`./dev demo`: a practice with data, to look at."""

import argparse
import contextlib
import subprocess

from . import databases, demo_stripe, odoo_run, paths, postgres, processes, say, venv
from .server import OdooServer
from .stripe_double.process import StripeDouble

# What `./dev demo` prints; the addon's demo data makes who and what is named here.
DIRECTORY = """
The Linden Practice is open. Its payments are tests: no money is taken, and no mail leaves.

  Clients book here, without a login:
    {url}/booking
  Practitioners have their appointments in the calendar, as anna or ben:
    {url}/odoo/calendar
  The front desk sees all bookings, as dora; the manager also invoices and settings, as mia:
    {url}/odoo/appointment-bookings
  A client finds hers here, as carla:
    {url}/my/appointment-bookings
  The mails that would have left, as admin:
    {url}/odoo/action-mail.action_view_mail_mail

Everybody's password is their login. The administrator is admin.
Log: {log}
Ctrl-C closes the practice.
"""
LOAD = """
from odoo.modules.module import Manifest
from odoo.tools.convert import convert_file

references = {{}}
for filename in Manifest.for_addon("{name}")["demo"]:
    convert_file(env(su=True), "{name}", filename, references, mode="init", noupdate=True)
env["ir.module.module"].search([("name", "=", "{name}")]).demo = True
env.cr.commit()
"""


def main(arguments):
    """Start the demo practice, or walk through it once.

    :param list[str] arguments: what follows `./dev demo`
    :return: the exit code
    :rtype: int
    """
    chosen = _parse(arguments)
    if not databases.has_addon():
        raise say.Failure(f"There is no {paths.ADDON_NAME} here yet, so there is no demo.")
    once = chosen.once or chosen.pictures
    kind = "_once" if once else "_stripe" if chosen.stripe else ""
    database = f"appay_demo_{paths.checkout_key()}{kind}"
    # the stand-in remembers nothing, so the practice that pays there begins anew as well
    _prepare(database, fresh=chosen.fresh or once or chosen.stripe)
    log = paths.logs() / f"{database}.log"
    log.unlink(missing_ok=True)
    port = chosen.port or odoo_run.free_port(0 if once else 8069)
    with contextlib.ExitStack() as stack:
        double = stack.enter_context(StripeDouble()) if chosen.stripe else None
        say.step("starting Odoo")
        environment = double.environment if double else None
        server = OdooServer(database, log, port=port, environment=environment)
        _lead_links_to(server.url, database)
        stack.enter_context(server)
        if once:
            return _run(server, "pictures" if chosen.pictures else "walk")
        return _serve(server, demo_stripe.connect(server, double) if double else "")


def _parse(arguments):
    """Parse what follows `./dev demo`.

    :param list[str] arguments: the arguments
    :rtype: argparse.Namespace
    """
    parser = argparse.ArgumentParser(prog="./dev demo")
    parser.add_argument("--once", action="store_true", help="walk through it over HTTP, and end")
    parser.add_argument("--pictures", action="store_true", help="take docs/pictures, and end")
    parser.add_argument("--fresh", action="store_true", help="make the practice anew")
    parser.add_argument("--stripe", action="store_true", help="pay with the stand-in for Stripe")
    parser.add_argument("--port", type=int, help="the port of 127.0.0.1; 8069 if it is free")
    chosen = parser.parse_args(arguments)
    if chosen.stripe and (chosen.once or chosen.pictures):
        parser.error("--stripe is for looking around: neither --once nor --pictures")
    return chosen


def _prepare(database, fresh):
    """Have the practice's database; one that shows the addon as it is now is kept.

    :param str database: its name
    :param bool fresh: make it anew in any case
    """
    demo_files = [path for path in paths.ADDON.glob("demo/**/*") if path.is_file()]
    data = paths.file_hash(demo_files, paths.ADDON)
    template = databases.template_name()
    if not fresh and databases.comment(database) == f"demo {data} from {template}":
        return
    say.step("making the practice")
    databases.fresh(database)
    odoo_run.run_script(database, LOAD.format(name=paths.ADDON_NAME))
    postgres.sql(f"COMMENT ON DATABASE \"{database}\" IS 'demo {data} from {template}'")


def _lead_links_to(url, database):
    """Have the links of the mails that the practice has sent open here: they know another port.

    :param str url: where the practice will be
    :param str database: its database
    """
    key = "SELECT value FROM ir_config_parameter WHERE key = 'web.base.url'"
    former = next(iter(postgres.sql(key, database)), "http://localhost:8069")
    for table, column in (("mail_mail", "body_html"), ("mail_message", "body")):
        postgres.sql(
            f"UPDATE {table} SET {column} = replace({column}, '{former}/', '{url}/')", database
        )


def _serve(server, more):
    """Say where the practice is, and serve it until Ctrl-C.

    :param OdooServer server: the running server
    :param str more: what else to say
    :return: the exit code
    :rtype: int
    """
    print(DIRECTORY.format(url=server.url, log=server.log_path) + more, flush=True)
    try:
        code = server.process.wait()
    except KeyboardInterrupt:
        say.step("closing")
        return 0
    raise say.Failure(f"Odoo ended by itself ({code}):\n{say.tail(server.log_path)}")


def _run(server, module):
    """Walk through the practice, with or without a camera.

    :param OdooServer server: the running server
    :param str module: ``walk`` or ``pictures``
    :return: the exit code
    :rtype: int
    """
    with subprocess.Popen(
        [venv.python(), "-m", f"devtools.{module}", server.url, server.db],
        env={**odoo_run.environment(), "PYTHONPATH": str(paths.REPOSITORY)},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        code = processes.finish(process)
    # Chromium leaves by the back door, which Odoo's websocket complains about
    unexpected = server.unexpected_log() if module == "walk" else []
    if unexpected:
        print("\n".join(["Odoo logged:", *unexpected]))
    return 1 if code or unexpected else 0
