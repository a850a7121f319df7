"""Names that changed before the models are loaded."""


def migrate(cr, version):
    """Keep the answers of operations: their child is not only a refund any more.

    :param cr: the cursor of the upgrade
    :param str version: the version that is upgraded from
    """
    cr.execute(
        "ALTER TABLE appointment_payment_operation"
        " RENAME COLUMN refund_transaction_id TO child_transaction_id"
    )
