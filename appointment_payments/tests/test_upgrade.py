from odoo.modules.migration import load_script
from odoo.tests import tagged
from odoo.tools import sql
from odoo.tools.misc import file_path

from .common import PracticeCase


@tagged("post_install", "-at_install")
class TestUpgrade(PracticeCase):
    """What databases of 19.0.1.0.0 are given; their columns and mails are set back here."""

    def _upgrade(self):
        self.env.flush_all()
        path = file_path("appointment_payments/migrations/19.0.1.1.0/post-migration.py")
        load_script(path, "post-migration").migrate(self.env.cr, "19.0.1.0.0")
        self.env.invalidate_all()

    def test_old_bookings_keep_how_their_practice_asks_for_the_rest(self):
        self.company.appointment_collection_mode = "none"
        old, new = self._book(), self._book(user=self.ben)
        old.collection_mode, new.collection_mode = "default", "now"
        self._upgrade()
        self.assertEqual((old.collection_mode, new.collection_mode), ("none", "now"))

    def test_mails_are_renewed_unless_somebody_has_edited_them(self):
        untouched, edited = (
            self.env.ref(f"appointment_payments.mail_template_booking_confirmed_{who}")
            for who in ("practitioner", "client")
        )
        current = untouched.subject
        (untouched | edited).subject = "As it was"
        edited.with_user(self.anna).sudo().subject = "As we like it"
        self._upgrade()
        self.assertEqual((untouched.subject, edited.subject), (current, "As we like it"))

    def test_answers_of_operations_keep_their_place_where_there_were_any(self):
        path = file_path("appointment_payments/migrations/19.0.1.2.0/pre-migration.py")
        table, before = "appointment_payment_operation", "refund_transaction_id"
        script, cr = load_script(path, "pre-migration"), self.env.cr
        script.migrate(cr, "19.0.1.0.0")  # there was no such column yet
        sql.rename_column(cr, table, "child_transaction_id", before)
        script.migrate(cr, "19.0.1.1.0")
        self.assertFalse(sql.column_exists(cr, table, before))
        self.assertTrue(sql.column_exists(cr, table, "child_transaction_id"))
