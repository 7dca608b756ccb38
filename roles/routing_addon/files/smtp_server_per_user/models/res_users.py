from odoo import api, fields, models


class ResUsers(models.Model):
    _inherit = "res.users"

    mail_server_ids = fields.One2many(
        "ir.mail_server", "user_id", string="Outgoing Mail Servers", groups="base.group_system", copy=False
    )
    # As in ThinkOpen's tko_mail_smtp_per_user: a column, for code that reads it, on no form.
    smtp_server_id = fields.Many2one(
        "ir.mail_server",
        string="SMTP Server",
        compute="_compute_smtp_server_id",
        inverse="_inverse_smtp_server_id",
        store=True,
        copy=False,
        ondelete="set null",
        groups="base.group_system",
        help="The user's own outgoing mail server with the highest priority.",
    )

    @api.depends("mail_server_ids.user_id", "mail_server_ids.active", "mail_server_ids.sequence")
    def _compute_smtp_server_id(self):
        for user in self:
            servers = user.mail_server_ids.filtered("active")
            user.smtp_server_id = servers.sorted(lambda server: (server.sequence, server.id))[:1]

    def _inverse_smtp_server_id(self):
        for user in self:
            server = user.smtp_server_id
            (user.mail_server_ids - server).user_id = False
            if server and server.user_id != user:
                server.user_id = user
