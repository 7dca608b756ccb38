from odoo import models

from ..tools.addresses import normalize


class ResPartner(models.Model):
    _inherit = "res.partner"

    def write(self, vals):
        """Update the user's server if the user's e-mail address changes, or post a note that it does not match."""
        if "email" not in vals:
            return super().write(vals)
        servers = self.env["ir.mail_server"].sudo().search([("user_id.partner_id", "in", self.ids)])
        # Not the user's e-mail, which already has the new value.
        before = {server: normalize(server.user_id.partner_id.email) for server in servers}
        result = super().write(vals)
        for server, old in before.items():
            server._follow_owner(old, normalize(server.user_id.partner_id.email))
        return result
