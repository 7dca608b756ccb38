from odoo import api, models
from odoo.exceptions import UserError, ValidationError


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    def write(self, vals):
        if "smtp_host" in vals and any(each.name == "Locked" and each.smtp_host != vals["smtp_host"] for each in self):
            raise UserError("The host of this server is set by the operators.")
        return super().write(vals)

    def unlink(self):
        if any(each.name == "Locked" for each in self):
            raise UserError("This server must stay.")
        return super().unlink()

    @api.constrains("smtp_port")
    def _check_smtp_port(self):
        if any(each.smtp_port == 25 for each in self):
            raise ValidationError("Port 25 is not allowed here.")

    @api.constrains("sequence")
    def _check_sequence(self):
        if any(each.sequence > 1000 for each in self):
            raise ValidationError("The priority is at most 1000 here.")
