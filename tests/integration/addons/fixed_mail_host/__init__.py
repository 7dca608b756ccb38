from odoo import fields, models


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    smtp_host = fields.Char(compute="_compute_smtp_host", required=False)

    def _compute_smtp_host(self):
        self.smtp_host = "relay.mydomain.com"
