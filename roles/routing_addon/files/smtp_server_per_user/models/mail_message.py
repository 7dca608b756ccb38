from odoo import api, fields, models

from .. import compat
from ..tools import origin
from ..tools.addresses import normalize
from ..tools.senders import Voucher
from .field_access import RESTRICTED

# System parameter: other databases whose messages are this one's, too. Their database.uuid, separated by commas; * for all.
FORMER_DATABASES = "smtp_server_per_user.former_databases"


class MailMessage(models.Model):
    _inherit = "mail.message"

    # Set when the message is created; cannot be set over RPC (see create).
    sender_by_template = fields.Boolean(
        string="Sender Set by a Template",
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="Whether a template written by an administrator sets this sender for this record.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [self._without_ours(values) for values in vals_list]
        named = [self._is_named_by_template(values) for values in vals_list]
        messages = super().create(
            [self._answered_on_record(values, by_template=each) for values, each in zip(vals_list, named)]
        )
        for message, by_template in zip(messages, named):
            if by_template:
                message.sudo().sender_by_template = True
        return messages

    @api.model
    def _add_missing_default_values(self, values):
        """Defaults come from the context, too, and from users' settings."""
        return self._without_ours(super()._add_missing_default_values(values))

    @api.model
    def _without_ours(self, values):
        """Values for a new message, without those that only the addon sets. Up to 18, users may set any field of theirs."""
        return {field: values[field] for field in values if field not in RESTRICTED["mail.message"]}

    @api.model
    def _is_named_by_template(self, values):
        """Whether the template in use has the sender of a message as its From."""
        voucher = self.env.context.get("smtp_voucher")
        address = normalize(values.get("email_from")) if isinstance(voucher, Voucher) else ""
        if not self.env["ir.mail_server"]._servers_of([address]):
            return False
        return voucher.names(address, values.get("model"), values.get("res_id"))

    @api.model
    def _get_message_id(self, values):
        message_id = super()._get_message_id(self._answered_on_record(values))
        return origin.tagged(message_id, self.env["ir.config_parameter"].sudo().get_param("database.uuid"))

    @api.model
    def _own_tags(self):
        """What Message-Ids of this database have, and those of the ones that it was before; None if all are its own."""
        get_param = self.env["ir.config_parameter"].sudo().get_param
        former = [each.strip() for each in (get_param(FORMER_DATABASES) or "").split(",")]
        if "*" in former:
            return None
        return {origin.tag(each) for each in [get_param("database.uuid"), *former] if each}

    @api.model
    def _answered_on_record(self, values, by_template=False):
        """Replies to an owner's mail belong to its record, even if core marked it so that a reply starts a new thread."""
        starts_anew = compat.name_of(self, compat.STARTS_ANEW)
        if values.get(starts_anew) and self._has_own_server(values, by_template):
            return dict(values, **{starts_anew: False})
        return values

    @api.model
    def _has_own_server(self, values, by_template):
        return bool(
            self.env["ir.mail_server"]._sender(
                values.get("email_from") or self.env.user.email,
                self.env.user,
                by_template=by_template,
                by_hand=values.get("mail_server_id"),
            )
        )

    def _keep_for_answers(self):
        """Remove the content of messages instead of deleting them, so that their Message-Id still leads to the record."""
        for message in self:
            attachments = message.attachment_ids.filtered(
                lambda each, owner=message: each.res_model == owner._name and each.res_id in (0, False, owner.id)
            )
            message.write({"body": "", "attachment_ids": [(5, 0, 0)]})
            attachments.unlink()
