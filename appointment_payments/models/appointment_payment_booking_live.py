from odoo import models

CHANGED = "appointment_payments/booking_changed"


class AppointmentPaymentBooking(models.Model):
    """Whoever has a booking open sees what becomes of its money without reloading."""

    _name = "appointment.payment.booking"
    _inherit = ["appointment.payment.booking", "bus.listener.mixin"]

    def _compute_field_value(self, field):
        """Override of `mail`: tell open screens when amounts are derived anew.

        See the parent method for the parameters.
        """
        result = super()._compute_field_value(field)
        if field.compute == "_compute_amounts":
            # sudo: only whether there is money to tell of
            self.sudo().filtered("transaction_ids")._notify_changed()
        return result

    def _notify_changed(self):
        """Tell screens that show these bookings to read them again; only ids are sent."""
        for booking in self:
            booking._bus_send(CHANGED, {"id": booking.id})
