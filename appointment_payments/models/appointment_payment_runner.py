import random
import time

from psycopg2.errors import UniqueViolation

from odoo import SUPERUSER_ID, api, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

TRIES = 5  # of a step that meets another process
# both change a row, or both make the one that there can be, as whoever follows a booking
MET_ANOTHER = (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, UniqueViolation)


class AppointmentPaymentRunner(models.AbstractModel):
    """What works in steps that are committed each by itself, around calls to a provider.

    Odoo's own ``retrying`` belongs to the request that is answered: it reloads the session of that
    request, and makes an error for people of a row that another process has made meanwhile.
    """

    _name = "appointment.payment.runner"
    _description = "Work in cursors of its own"

    def _in_own_cursor(self, step):
        """Run one step in a cursor of its own, committed; again when it meets another process.

        :param callable step: takes the record in that cursor, as the system
        :return: what the step returns
        """
        self.ensure_one()
        for tries_left in reversed(range(TRIES)):
            try:
                with self.env.registry.cursor() as cr:
                    return step(self._with_cursor(cr))
            except MET_ANOTHER:
                if not tries_left:
                    raise
                # two that met would meet again at once; nothing is locked here
                time.sleep(random.uniform(0, 0.1 * 2 ** (TRIES - tries_left)))
        return None

    def _with_cursor(self, cr):
        """Return the record in another cursor, as the system in the record's company.

        :param Cursor cr: the cursor
        """
        record = api.Environment(cr, SUPERUSER_ID, {})[self._name].browse(self.id)
        return record.with_company(record.company_id)
