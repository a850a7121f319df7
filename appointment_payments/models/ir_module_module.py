from odoo import models


class IrModuleModule(models.Model):
    _inherit = "ir.module.module"

    def button_uninstall(self):
        """Override of `base`: refuse while bookings hold money, which would lose its trace."""
        going = self + self.downstream_dependencies()
        if "appointment_payments" in going.mapped("name"):
            # sudo: the question is whether any company holds money
            self.env["appointment.payment.booking"].sudo()._check_no_money_held()
        return super().button_uninstall()
