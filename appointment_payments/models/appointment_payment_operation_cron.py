from odoo import api, fields, models


class AppointmentPaymentOperation(models.Model):
    """The net: whatever no process finished and nobody brought news of."""

    _inherit = "appointment.payment.operation"

    @api.model
    def _cron_reconcile_transactions(self, batch_size=100):
        """Scheduled action: go on with every operation and payment that needs it.

        :param int batch_size: how many are looked up at a time
        """
        if self._reconcile_operations(batch_size):
            self.env["payment.transaction"]._reconcile_due(batch_size)

    @api.model
    def _reconcile_operations(self, batch_size):
        """Go on with the operations that are due; one that breaks stops no other.

        :param int batch_size: how many are looked up at a time
        :return: whether there is time left
        :rtype: bool
        """
        tried = self.browse()
        while due := self.search(
            [("next_attempt_at", "<=", fields.Datetime.now()), ("id", "not in", tried.ids)],
            order="next_attempt_at, id",
            limit=batch_size,
        ):
            for operation in due:
                operation._run()
                tried |= operation
                if not self.env["ir.cron"]._commit_progress(1):
                    return False
        return True
