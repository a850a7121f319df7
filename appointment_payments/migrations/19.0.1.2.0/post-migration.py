"""Payments that were begun before are looked at, should no news come of them."""


def migrate(cr, version):
    """Have open payments of bookings, and those that Odoo has given up, looked at soon.

    :param cr: the cursor of the upgrade
    :param str version: the version that is upgraded from
    """
    cr.execute(
        "UPDATE payment_transaction SET reconcile_at = now() AT TIME ZONE 'UTC'"
        " WHERE appointment_booking_id IS NOT NULL"
        " AND (state IN ('pending', 'authorized') OR (state = 'draft' AND"
        " provider_reference IS NOT NULL) OR is_post_processed IS NOT TRUE AND state != 'draft')"
    )
