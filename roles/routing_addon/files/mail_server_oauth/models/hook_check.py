from odoo import _, models

from .. import compat


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    def _register_hook(self):
        """When the addon is installed, and whenever Odoo starts: check that Odoo still has what the addon needs."""
        result = super()._register_hook()
        compat.report_hooks(self, "mail_server_oauth", compat.missing_hooks(self.env), "_missing_oauth_hooks_texts")
        return result

    def _missing_oauth_hooks_texts(self):
        return (
            _("OAuth for mail servers is not compatible with this version of Odoo"),
            _("The addon mail_server_oauth cannot find these parts of Odoo:"),
            _(
                "Until the addon is updated, servers with an OAuth client may fail to log in. Odoo lists these parts in "
                "its log at each start."
            ),
        )
