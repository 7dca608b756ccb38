import logging

from markupsafe import Markup
from odoo import SUPERUSER_ID, _, api, models

from .. import compat

_logger = logging.getLogger(__name__)

# System parameter: what was missing when the administrators were last notified.
REPORTED = "mail_server_oauth.missing_hooks"


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    def _register_hook(self):
        """When the addon is installed, and whenever Odoo starts: check that Odoo still has what the addon needs."""
        result = super()._register_hook()
        missing = compat.missing_hooks(self.env)
        for each in missing:
            _logger.error("mail_server_oauth: this version of Odoo has no %s", each)
        try:
            self._report_missing_oauth_hooks(missing)
        except Exception:
            # Several workers start at once, and nothing here may keep Odoo from starting.
            _logger.warning("mail_server_oauth: the administrators could not be notified", exc_info=True)
        return result

    def _report_missing_oauth_hooks(self, missing):
        """Notify the administrators, once for each set of missing hooks.

        In a transaction of its own: this one belongs to Odoo, which is starting.
        """
        report = "\n".join(missing)
        with self.env.registry.cursor() as cr:
            # No other worker notifies meanwhile.
            cr.execute("SELECT pg_try_advisory_xact_lock(hashtext(%s))", [REPORTED])
            if not cr.fetchone()[0]:
                return
            cr.execute("SELECT value FROM ir_config_parameter WHERE key = %s", [REPORTED])
            if (cr.fetchone() or [""])[0] == report:
                return
            env = api.Environment(cr, SUPERUSER_ID, {"mail_notify_force_send": False})
            env["ir.config_parameter"].search([("key", "=", REPORTED)]).unlink()
            if missing:
                env["ir.config_parameter"].create({"key": REPORTED, "value": report})
                env[self._name]._notify_of_missing_oauth_hooks(missing)

    def _notify_of_missing_oauth_hooks(self, missing):
        users = self.env["res.users"].search([("share", "=", False)])
        administrators = users.filtered(lambda user: user.has_group("base.group_system"))
        items = Markup().join(Markup("<li>%s</li>") % each for each in missing)
        self.env["mail.thread"].message_notify(
            partner_ids=administrators.mapped("partner_id").ids,
            subject=_("OAuth for mail servers is not compatible with this version of Odoo"),
            body=Markup("<p>%s</p><ul>%s</ul><p>%s</p>")
            % (
                _("The addon mail_server_oauth cannot find these parts of Odoo:"),
                items,
                _(
                    "Until the addon is updated, servers with an OAuth client may fail to log in. Odoo lists these parts in "
                    "its log at each start."
                ),
            ),
        )
