import re

from odoo import models

CHANNEL = re.compile(r"appointment\.payment\.booking_(\d{1,9})")
# a screen shows one booking; more is somebody trying
MOST_CHANNELS = 20


class IrWebsocket(models.AbstractModel):
    """Screens listen to the bookings that their user may read."""

    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        """Override of `bus`: names of bookings become channels for whoever may read them.

        See the parent method for the parameters.
        """
        names = [name for name in channels if isinstance(name, str) and CHANNEL.fullmatch(name)]
        channels = [name for name in channels if name not in names]
        if names and self.env.user._is_internal():
            ids = {int(CHANNEL.fullmatch(name)[1]) for name in names[-MOST_CHANNELS:]}
            bookings = self.env["appointment.payment.booking"].browse(sorted(ids)).exists()
            channels.extend(bookings._filtered_access("read"))
        return super()._build_bus_channel_list(channels)
