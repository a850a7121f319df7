import logging
from functools import partial

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

_logger = logging.getLogger(__name__)


class AppointmentPaymentBooking(models.Model):
    """What is due by itself: in batches, of which one that fails stops nobody else.

    A batch that breaks is halved until the one is found that broke it; the others are done.
    """

    _inherit = "appointment.payment.booking"

    _due_index = models.Index("(hold_until, id) WHERE state = 'pending_payment'")

    @api.model
    def _cron_expire_bookings(self, batch_size=1000):
        """Free the time of bookings that were not paid, or requests not answered, in time.

        :param int batch_size: how many bookings are looked up at a time
        """
        now = fields.Datetime.now()
        for due, order, work in self._get_duties(now):
            if not self._work_off(due, order, work, batch_size):
                break

    @api.model
    def _get_duties(self, now):
        """Return what is done by itself when its time has come, in the order in which it is done.

        :param datetime now: naive UTC
        :return: for each: what makes a booking due, an order that an index has, and what is done
            with those that are due
        :rtype: list[tuple[Domain, str, callable]]
        """
        unpaid = Domain("state", "=", "pending_payment") & Domain("hold_until", "<=", now)
        expire = partial(type(self)._expire_if_due, now=now)
        return [(unpaid, "hold_until, id", expire)]

    @api.model
    def _work_off(self, due, order, work, batch_size):
        """Do something with all bookings that are due; what failed is left to the next run.

        :param Domain due: what makes a booking due
        :param str order: an order that an index has
        :param callable work: takes bookings that are due; afterwards they are not
        :param int batch_size: how many bookings are looked up at a time
        :return: whether there is time left
        :rtype: bool
        """
        left = self.browse()
        while found := self.search(
            due & Domain("id", "not in", left.ids), order=order, limit=batch_size
        ):
            left |= found._work_in_halves(due, work)
            if not self.env["ir.cron"]._commit_progress(len(found)):
                return False
        return True

    def _work_in_halves(self, due, work):
        """Do something with these bookings, with each half by itself when all together fail.

        :param Domain due: what makes a booking due; looked at again under the lock
        :param callable work: see :meth:`_work_off`
        :return: those that are still due: failed, or locked by somebody else
        :rtype: recordset of `appointment.payment.booking`
        """
        try:
            with self.env.cr.savepoint():
                locked = self.try_lock_for_update().filtered_domain(due)
                work(locked)
                self.env.flush_all()
                return (self - locked) | locked.filtered_domain(due)
        except Exception as error:
            if len(self) == 1:
                self._report_not_done(error)
                return self
        middle = len(self) // 2
        first, second = self[:middle], self[middle:]
        return first._work_in_halves(due, work) | second._work_in_halves(due, work)

    def _report_not_done(self, error):
        """Say which booking failed; one that somebody else has just changed has not.

        :param Exception error: what was raised
        """
        if isinstance(error, PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
            _logger.info("Booking %s is being changed; it is looked at again", self.id)
            return
        _logger.error("Booking %s could not expire; it is tried again", self.id, exc_info=error)

    def _expire_if_due(self, now):
        """Expire bookings, unless a payment of theirs is still under way.

        :param datetime now: naive UTC
        """
        under_way = self.filtered(lambda b: b._has_payment_under_way())
        under_way._hold_for_pending()
        waiting = under_way.filtered(lambda b: b.pending_until > now)
        for booking in waiting:
            booking.hold_until = booking.pending_until
        expiring = self - waiting
        too_late = expiring.filtered("pending_until")
        too_late._set_expired("pending")
        (expiring - too_late)._set_expired("unpaid")
