import ast

from odoo import api, models
from odoo.tools import split_every

from .. import compat
from ..tools import automatic

# Set where a person sends what the composer holds to several records.
WRITTEN_BY_HAND = "smtp_server_per_user_written_by_hand"


class MailMail(models.Model):
    _inherit = "mail.mail"

    # ------------------------------------------------------------------
    # Marked as automatic, unless a person wrote it
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Mark what nobody wrote, so that out-of-office programs do not answer it."""
        return super().create([self._marked(values) for values in vals_list])

    @api.model
    def _marked(self, values):
        if self._is_written_by_hand(values):
            return values
        try:
            headers = ast.literal_eval(str(values.get("headers") or {}))
        except (SyntaxError, ValueError):
            return values  # core ignores such headers, too
        if not isinstance(headers, dict):
            return values
        # What core or another addon says of a message is more exact.
        return dict(values, headers=repr(dict(automatic.marks(), **headers)))

    @api.model
    def _is_written_by_hand(self, values):
        """Whether a mail carries what a person wrote in the chatter or the composer.

        A customer's answer that is passed on to followers is not: who gets it did not get it from the customer.
        """
        by_composer = bool(self.env.context.get(WRITTEN_BY_HAND))
        if not values.get("mail_message_id"):
            return by_composer
        kind = self.env["mail.message"].sudo().browse(values["mail_message_id"]).message_type
        # The composer has no comments where a record has no messages.
        return kind == "comment" or (by_composer and kind == "user_notification")

    # ------------------------------------------------------------------
    # By the sender's own server
    # ------------------------------------------------------------------

    def _carrier(self):
        """The server that sends this mail as its own sender's, or none: set by hand, or found by From."""
        servers = self.env["ir.mail_server"]
        server = self.mail_server_id or servers._own_server(self.email_from)
        return server if server._owns(self.email_from) else servers

    if compat.HAS_PERSONAL_SERVERS:

        def _filter_mail_mail_servers(self, mail_servers):
            """Core asks every server about its owner, for every mail: a minute and more, with thousands of both."""
            if len(mail_servers) < 2:
                return super()._filter_mail_mail_servers(mail_servers)
            servers = mail_servers.sudo().with_context(active_test=False)
            owned = servers.search([("owner_user_id", "!=", False)]) & mail_servers
            return mail_servers - (owned - super()._filter_mail_mail_servers(owned))

    def _session_batches(self, ids):
        size = self.env["ir.config_parameter"].sudo().get_param("mail.session.batch.size")
        return split_every(int(size or 0) or 1000, ids)

    # Core opens a session for each batch before it looks at a mail: the choice is made here.
    if compat.offers(compat.MailMail, "_split_by_mail_configuration"):

        def _split_by_mail_configuration(self):
            """One batch an owner's server, however different the names and companies of its mails are."""
            owned = {}
            for *configuration, ids in super()._split_by_mail_configuration():
                server = self.env["ir.mail_server"].browse(configuration[0] or [])
                # All mails of a batch have one From.
                if server._owns(self.browse(ids[0]).email_from):
                    owned.setdefault(server.id, (configuration, []))[1].extend(ids)
                else:
                    yield (*configuration, ids)
            for configuration, ids in owned.values():
                for batch in self._session_batches(ids):
                    yield (*configuration, batch)

    else:

        def _split_by_server(self):
            found, groups = {}, {}
            for mail in self.with_context(prefetch_fields=False):
                server = mail.mail_server_id
                if not server:
                    if mail.email_from not in found:
                        found[mail.email_from] = self.env["ir.mail_server"]._find_mail_server(mail.email_from)[0]
                    server = found[mail.email_from]
                groups.setdefault(server.id if server else False, []).append(mail.id)
            for server_id, ids in groups.items():
                for batch in self._session_batches(ids):
                    yield server_id, batch

    def _postprocess_sent_message(self, *args, **kwargs):
        """Keep of a mail that core is about to delete what its answer needs to find the record."""
        notification = compat.name_of(self, compat.IS_NOTIFICATION)
        for mail in self.filtered(lambda each: each.auto_delete and not each[notification] and each.state == "sent"):
            if mail._is_answered_on_record() and mail._carrier():
                mail.mail_message_id.sudo()._keep_for_answers()
                # Of a notification, core deletes the mail and leaves the message.
                mail.sudo()[notification] = True
        return super()._postprocess_sent_message(*args, **kwargs)

    def _is_answered_on_record(self):
        model = self.env.get(self.model or "")
        return bool(model is not None and self.res_id and hasattr(model, "message_update"))
