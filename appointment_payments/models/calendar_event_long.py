from odoo import models


class CalendarEvent(models.Model):
    """Events that take more than a month: few, and found without looking at all the others."""

    _inherit = "calendar.event"

    # as availability asks for them
    _appointment_long_idx = models.Index("(stop) WHERE stop > start + interval '31 days'")
