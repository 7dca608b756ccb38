from odoo import models

from ..tools.addresses import normalize


class ResPartner(models.Model):
    _inherit = "res.partner"

    def write(self, vals):
        """A user's new e-mail address: the user's server sends as it, or else someone is told that it does not."""
        if "email" not in vals:
            return super().write(vals)
        servers = self.env["ir.mail_server"].sudo().search([("user_id.partner_id", "in", self.ids)])
        # Not the user's e-mail: where that is what was written, it has its new value already.
        before = {server: normalize(server.user_id.partner_id.email) for server in servers}
        result = super().write(vals)
        for server, old in before.items():
            server._follow_owner(old, normalize(server.user_id.partner_id.email))
        return result
