"""What bookings of 19.0.1.0.0 and its mails have to be given, once."""

from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Resolve how old bookings are collected, and renew the mails that nobody has edited.

    A booking keeps what its client agreed to: the column that is new here would say “as the
    practice does” for ever. Mail templates are not updated by Odoo, since practices edit them.

    :param cr: the cursor of the upgrade
    :param str version: the version that is upgraded from
    """
    cr.execute(
        "UPDATE appointment_payment_booking AS booking"
        " SET collection_mode = company.appointment_collection_mode"
        " FROM res_company AS company"
        " WHERE company.id = booking.company_id AND booking.collection_mode = 'default'"
    )
    env = api.Environment(cr, SUPERUSER_ID, {})
    templates = env["mail.template"].search(
        [
            ("model", "=", "appointment.payment.booking"),
            ("template_fs", "=like", "appointment_payments/%"),
            ("write_uid", "=", SUPERUSER_ID),
        ]
    )
    templates.reset_template()
