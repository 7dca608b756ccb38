from odoo import _, models

from .. import compat

# System parameter: what was missing when the administrators were last notified.
REPORTED = "smtp_server_per_user.missing_hooks"


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    def _register_hook(self):
        """When the addon is installed, and whenever Odoo starts: check that Odoo still has what the addon needs."""
        result = super()._register_hook()
        compat.report_hooks(self, "smtp_server_per_user", compat.missing_hooks(self.env), "_missing_hooks_texts")
        return result

    def _missing_hooks_texts(self):
        return (
            _("SMTP server per user is not compatible with this version of Odoo"),
            _("The addon smtp_server_per_user cannot find these parts of Odoo:"),
            _(
                "Until the addon is updated, mail may be sent through the wrong server. Odoo lists these parts in its "
                "log at each start."
            ),
        )
