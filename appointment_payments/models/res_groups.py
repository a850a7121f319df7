from odoo import models


class ResGroups(models.Model):
    _inherit = "res.groups"

    def write(self, vals):
        result = super().write(vals)
        if "user_ids" in vals:
            self.user_ids._ensure_resource_of_new_practitioners()
        return result
