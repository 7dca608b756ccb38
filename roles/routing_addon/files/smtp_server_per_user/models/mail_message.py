from odoo import api, models

from .. import compat


class MailMessage(models.Model):
    _inherit = "mail.message"

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._answered_on_record(values) for values in vals_list])

    @api.model
    def _get_message_id(self, values):
        return super()._get_message_id(self._answered_on_record(values))

    @api.model
    def _answered_on_record(self, values):
        """An owner's mail is answered on its record. Core may have marked it so that an answer starts a new one."""
        starts_anew = compat.name_of(self, compat.STARTS_ANEW)
        if values.get(starts_anew) and self._has_own_server(values):
            return dict(values, **{starts_anew: False})
        return values

    @api.model
    def _has_own_server(self, values):
        email_from = values.get("email_from") or self.env.user.email
        servers = self.env["ir.mail_server"]
        server = servers.sudo().browse(values.get("mail_server_id") or []) or servers._own_server(email_from)
        return server._owns(email_from)

    def _keep_for_answers(self):
        """Empty messages that were to be deleted. Their Message-Id still leads to the record; the text is gone."""
        for message in self:
            attachments = message.attachment_ids.filtered(
                lambda each, owner=message: each.res_model == owner._name and each.res_id in (0, False, owner.id)
            )
            message.write({"body": "", "attachment_ids": [(5, 0, 0)]})
            attachments.unlink()
