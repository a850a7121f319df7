"""Names that changed before the models are loaded."""

from odoo.tools import sql

TABLE = "appointment_payment_operation"


def migrate(cr, version):
    """Keep the answers of operations: their child is not only a refund any more.

    Databases of 19.0.1.0.0 have no operations yet.

    :param cr: the cursor of the upgrade
    :param str version: the version that is upgraded from
    """
    if sql.column_exists(cr, TABLE, "refund_transaction_id"):
        sql.rename_column(cr, TABLE, "refund_transaction_id", "child_transaction_id")
