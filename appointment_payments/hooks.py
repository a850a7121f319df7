"""Installation hooks."""

import psycopg2

from odoo.exceptions import UserError


def pre_init_hook(env):
    """Make the PostgreSQL extension that the occupancy constraint needs, or refuse to install.

    Odoo installs a module whose exclusion constraint cannot be created and only logs an error;
    without the constraint a slot could be sold twice, so the installation stops here instead.

    :param odoo.api.Environment env: the installing environment
    :raise UserError: when the extension is absent and may not be created
    """
    try:
        with env.cr.savepoint():
            env.cr.execute("CREATE EXTENSION IF NOT EXISTS btree_gist", log_exceptions=False)
    except psycopg2.Error as error:
        raise UserError(
            env._(
                "Appointment Payments needs the PostgreSQL extension btree_gist to sell each slot"
                " only once. Ask your database administrator to run"
                ' "CREATE EXTENSION btree_gist;" in this database, then install again.'
            )
        ) from error
