from odoo import fields, models


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    user_id = fields.Many2one("res.users", string="Server of")


class ResUsers(models.Model):
    _inherit = "res.users"

    smtp_server_id = fields.Many2one("ir.mail_server", string="SMTP Server")
