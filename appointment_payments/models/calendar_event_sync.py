from odoo import models
from odoo.exceptions import UserError

from .calendar_event import MOVING_FIELDS

# how Odoo marks what a synchronised calendar tells, and what is to be told to it
SYNC_KEY = "dont_notify"
SYNC_FLAGS = ("need_sync", "need_sync_m")
REFUSED_FIELDS = MOVING_FIELDS | {"recurrency"}


class CalendarEvent(models.Model):
    """What a synchronised calendar tells of booked appointments: there nobody reads a refusal."""

    _inherit = "calendar.event"

    def write(self, vals):
        """Extended: an appointment that cannot be moved stays; an error would stop all syncing."""
        is_told = MOVING_FIELDS & vals.keys() and self.env.context.get(SYNC_KEY)
        if not is_told or not self._get_booked():
            return super().write(vals)
        try:
            with self.env.cr.savepoint():
                return super().write(vals)
        except UserError as refusal:
            # the other calendar is told where the appointment is
            kept = {name: value for name, value in vals.items() if name not in REFUSED_FIELDS}
            kept.update({name: True for name in SYNC_FLAGS if name in vals})
            result = super().write(kept)
            self._bookings_left_behind()._raise_moved_elsewhere(str(refusal))
            return result
