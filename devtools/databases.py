"""Databases made in seconds: templates with Odoo installed, and copies of them."""

import os
import re
import shutil
from contextlib import closing

from . import locking, odoo_run, odoo_source, paths, postgres, say
from .mailbox import Mailbox

BASE_MODULES = (
    "account_payment",
    "calendar",
    "contacts",
    "payment_demo",
    "payment_stripe",
    "portal",
    "privacy_lookup",
    "resource",
    "sms",
)
# Raise it when the way templates are made changes.
RECIPE = 2
# Every copy has the bundles then; else its first pages and browser tests build them.
BUILD_BUNDLES = "env['ir.qweb']._pregenerate_assets_bundles(); env.cr.commit()"
# Folders of the addon that leave no trace in a database.
WITHOUT_TRACE = {"__pycache__", "demo", "readme", "static", "tests"}
NAME = re.compile(r"[a-z][a-z0-9_]{0,50}")


def default_name():
    """Return the database that commands use when none is named.

    :rtype: str
    """
    return f"appay_dev_{paths.checkout_key()}"


def has_addon():
    """Tell whether the addon can be installed.

    :rtype: bool
    """
    return (paths.ADDON / "__manifest__.py").exists()


def addon_key():
    """Return a hash of the addon's source, as far as a database shows it.

    :rtype: str
    """
    files = [
        path
        for path in paths.ADDON.rglob("*")
        if path.is_file() and not WITHOUT_TRACE & set(path.relative_to(paths.ADDON).parts)
    ]
    return paths.file_hash(files, paths.ADDON)


def base_name():
    """Return the name of the template with Odoo's own modules, which all clones share.

    :rtype: str
    """
    key = paths.digest(odoo_source.identity(), RECIPE, *BASE_MODULES)
    return f"appay_base_{key}"


def template_name():
    """Return the name of the template with the addon as it is now.

    :rtype: str
    """
    if not has_addon():
        return base_name()
    return f"{_template_prefix()}{paths.digest(base_name(), addon_key())}"


def ensure_base():
    """Make the template with Odoo's own modules unless it is there.

    :return: its name
    :rtype: str
    """
    name = base_name()
    with locking.locked(name):
        if not _is_ready(name):
            say.step("installing Odoo's modules into a template database (a minute, once)")
            _make_template(name, None, BASE_MODULES)
    return name


def ensure_template():
    """Make the template with the addon, and drop this checkout's older ones.

    :return: its name; without an addon the name of the template without it
    :rtype: str
    """
    base, name = ensure_base(), template_name()
    if name == base:
        say.warn(f"there is no {paths.ADDON_NAME} here yet: using Odoo's modules only")
    elif not _is_ready(name):
        say.step(f"installing {paths.ADDON_NAME} into a template database")
        _make_template(name, base, [paths.ADDON_NAME])
        for old in existing(_template_prefix()):
            if old != name:
                drop(old)
    return name


def fresh(name, with_addon=True, script=""):
    """Make a database anew from a template, with its files.

    :param str name: the database; an existing one is dropped
    :param bool with_addon: whether the addon is installed in it
    :param str script: code for Odoo's shell whose effects it has; it ran once, in a template
    :return: the name
    :rtype: str
    """
    if not NAME.fullmatch(name):
        raise say.Failure(f"{name}: a database name is made of a-z, 0-9 and _.")
    with locking.locked(f"template-{paths.checkout_key()}"):
        template = ensure_template() if with_addon else ensure_base()
        _copy(name, _ensure_prepared(template, script) if script else template)
    return name


def ensure_default():
    """Have the default database, and tell when the addon has changed since it was made.

    :return: its name
    :rtype: str
    """
    name = default_name()
    if not existing(name):
        return fresh(name)
    if made_from(name) != template_name():
        say.warn(
            f"the addon has changed since {name} was made: "
            f"`./dev db` makes it anew, `./dev odoo -u {paths.ADDON_NAME}` updates it"
        )
    return name


def existing(prefix):
    """Return the databases whose names start so.

    :param str prefix: how they start
    :rtype: list[str]
    """
    names = postgres.sql("SELECT datname FROM pg_database ORDER BY datname")
    return [name for name in names if name.startswith(prefix)]


def comment(name):
    """Return the comment on a database.

    :param str name: the database
    :rtype: str
    """
    rows = postgres.sql(
        "SELECT coalesce(shobj_description(oid, 'pg_database'), '') "
        f"FROM pg_database WHERE datname = '{name}'"
    )
    return rows[0] if rows else ""


def made_from(name):
    """Return the template that a database was copied from.

    :param str name: the database
    :rtype: str
    """
    return comment(name).removeprefix("from ")


def drop(name):
    """Drop a database with its files, whoever is connected.

    :param str name: the database
    """
    if name in existing(name):
        postgres.sql(f'ALTER DATABASE "{name}" WITH IS_TEMPLATE false')
        postgres.sql(f'DROP DATABASE "{name}" WITH (FORCE)')
    shutil.rmtree(odoo_run.filestore(name), ignore_errors=True)


def _ensure_prepared(template, script):
    """Make the template in which a script has run, and drop those of older templates.

    :param str template: what it starts from
    :param str script: code for Odoo's shell
    :return: its name
    :rtype: str
    """
    prefix = f"appay_set_{paths.checkout_key()}_"
    name = f"{prefix}{paths.digest(template, script)}"
    if not _is_ready(name):
        for old in existing(prefix):
            if made_from(old) != template:
                drop(old)
        _copy(name, template)
        with closing(Mailbox()) as mailbox:
            odoo_run.run_script(name, script, options=mailbox.options())
        if template == template_name():  # else the addon has changed meanwhile
            _protect(name)
    return name


def _template_prefix():
    """Return how the names of this checkout's templates start.

    :rtype: str
    """
    return f"appay_tpl_{paths.checkout_key()}_"


def _is_ready(name):
    """Tell whether a template is complete.

    :param str name: the template
    :rtype: bool
    """
    rows = postgres.sql(f"SELECT datistemplate FROM pg_database WHERE datname = '{name}'")
    return rows == ["t"] and odoo_run.filestore(name).is_dir()


def _make_template(name, source, modules):
    """Make a template; one that was left half-done is made anew.

    :param str name: the template
    :param str source: the template it starts from, None for an empty database
    :param modules: what is installed
    """
    if source:
        _copy(name, source)
    else:
        drop(name)
        postgres.sql(f'CREATE DATABASE "{name}" TEMPLATE template0')
    odoo_run.install(name, modules)
    if not source:
        say.step("building the bundles of scripts and styles")
        odoo_run.run_script(name, BUILD_BUNDLES)
    paths.made(odoo_run.filestore(name))
    if name in (base_name(), template_name()):  # else the addon has changed meanwhile
        _protect(name)


def _protect(name):
    """Have a database be a template that nobody changes.

    :param str name: the database
    """
    postgres.sql(f'ALTER DATABASE "{name}" WITH IS_TEMPLATE true ALLOW_CONNECTIONS false')


def _copy(name, template):
    """Copy a template and hard-link its files, which Odoo never changes in place.

    :param str name: the new database
    :param str template: what it is copied from
    """
    drop(name)
    postgres.sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
    postgres.sql(f"COMMENT ON DATABASE \"{name}\" IS 'from {template}'")
    shutil.copytree(
        odoo_run.filestore(template), odoo_run.filestore(name), copy_function=os.link
    )
