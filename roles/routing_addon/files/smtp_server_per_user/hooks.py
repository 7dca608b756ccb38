"""Installation and uninstallation."""

from odoo import SUPERUSER_ID, api

from .models.hook_check import REPORTED
from .models.ir_cron import FETCHERS
from .models.ir_mail_server import SEND_AS
from .models.mail_delivery import RETRY_HOURS

# Kept after uninstallation: the columns of ThinkOpen's tko_mail_smtp_per_user, so that a database can return to it, and
# the column that later series have themselves, so that it can be upgraded.
KEPT = [
    ("ir.mail_server", "user_id"),
    ("ir.mail_server", "from_filter"),
    ("res.users", "smtp_server_id"),
]


def post_init_hook(env_or_cr, registry=None):
    """Migrate a database whose users have servers, while the servers have no owner."""
    env = env_or_cr if registry is None else api.Environment(env_or_cr, SUPERUSER_ID, {})
    env.cr.execute(
        """
        SELECT u.id, s.id FROM res_users u JOIN ir_mail_server s ON s.id = u.smtp_server_id
        WHERE s.user_id IS NULL ORDER BY u.active DESC, u.id
        """
    )
    for user_id, server_id in env.cr.fetchall():
        server = env["ir.mail_server"].browse(server_id)
        if not server.user_id:
            server.user_id = user_id


def uninstall_hook(env_or_cr, registry=None):
    """Restore core: remove what the addon created, except the columns that are kept."""
    env = env_or_cr if registry is None else api.Environment(env_or_cr, SUPERUSER_ID, {})
    # This also removes the scheduled actions.
    env["ir.config_parameter"].search([("key", "in", [FETCHERS, REPORTED, RETRY_HOURS, SEND_AS])]).unlink()
    env.cr.execute(
        """
        DROP TABLE IF EXISTS smtp_server_per_user_progress, smtp_server_per_user_note, smtp_server_per_user_outcome,
            smtp_server_per_user_sent;
        DROP INDEX IF EXISTS smtp_server_per_user_waiting
        """
    )
    forget_kept(env.cr)


def forget_kept(cr):
    """Make Odoo forget that the kept columns are ours, so that it drops none of them."""
    for model, field in KEPT:
        cr.execute(
            """
            SELECT f.id FROM ir_model_fields f JOIN ir_model_data d ON d.model = 'ir.model.fields' AND d.res_id = f.id
            WHERE f.model = %s AND f.name = %s
            GROUP BY f.id HAVING array_agg(DISTINCT d.module::text) = ARRAY['smtp_server_per_user']
            """,
            [model, field],
        )
        for (field_id,) in cr.fetchall():
            cr.execute("DELETE FROM ir_model_data WHERE model = 'ir.model.fields' AND res_id = %s", [field_id])
            cr.execute("DELETE FROM ir_model_fields WHERE id = %s", [field_id])
