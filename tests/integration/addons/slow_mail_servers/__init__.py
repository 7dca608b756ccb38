import time

from odoo import api, models
from odoo.service import server

# Nobody's browser waits for news.
server.PreforkServer.long_polling_spawn = lambda master: None


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    @api.model_create_multi
    def create(self, vals_list):
        seconds = self.env["ir.config_parameter"].sudo().get_param("test.seconds", "0.1")
        time.sleep(float(seconds) * len(vals_list))
        return super().create(vals_list)
