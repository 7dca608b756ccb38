from odoo import api, models

from .ir_cron import FETCHERS


class IrConfigParameter(models.Model):
    _inherit = "ir.config_parameter"

    @api.model_create_multi
    def create(self, vals_list):
        parameters = super().create(vals_list)
        parameters._follow_fetchers(parameters.mapped("key"))
        return parameters

    def write(self, vals):
        before = self.mapped("key")
        result = super().write(vals)
        self._follow_fetchers(before + self.mapped("key"))
        return result

    def unlink(self):
        before = self.mapped("key")
        result = super().unlink()
        self._follow_fetchers(before)
        return result

    def _follow_fetchers(self, keys):
        if FETCHERS in keys:
            self.env["ir.cron"].sudo()._make_fetchers()
