from imaplib import IMAP4
from poplib import error_proto

from odoo import _, api, models
from odoo.exceptions import UserError

from .. import compat
from ..tools import sasl, token_request
from .mail_oauth_login import as_reply

if compat.FetchmailServer:

    class FetchmailServer(models.Model):
        _name = "fetchmail.server"
        _inherit = ["fetchmail.server", "mail.oauth.login"]

        if hasattr(models.BaseModel, "_build_model"):

            @classmethod
            def _build_model(cls, pool, cr):
                """Up to 15, this class may have to wait for its columns."""
                # By the class statement, and for it only: the method is inherited by every model built from it.
                ours = cls.__module__ == __name__
                if ours and not compat.can_extend_fetchmail(pool, cr, "mail_server_oauth", "oauth_client_id"):
                    return pool["mail.oauth.login"]
                return super()._build_model(pool, cr)

        def _oauth_mailbox(self):
            return self.user

        def _oauth_obstacle(self):
            if self.server_type not in ("imap", "pop"):
                return _("With an OAuth client, the server type must be IMAP or POP.")
            if not self.user:
                return _("OAuth needs the mailbox's address as the username.")
            if not self.is_ssl:
                return _("OAuth needs an encrypted connection: activate SSL/TLS.")
            return None

        @api.constrains("oauth_client_id", "user", "is_ssl", "server_type")
        def _check_oauth_client(self):
            self._check_oauth()

        def _log_in_by_oauth(self, connection, kind):
            inner = compat.unwrapped(connection)
            log_in = sasl.log_in_imap if kind == "imap" else sasl.log_in_pop
            try:
                self.sudo().oauth_client_id._log_in(self.user, lambda token: log_in(inner, self.user, token))
            except (token_request.TokenError, sasl.Refused, sasl.Unable) as problem:
                (inner.shutdown if kind == "imap" else inner.close)()
                raise (IMAP4.error if kind == "imap" else error_proto)(as_reply(problem)[0]) from None
            if kind == "imap":
                sasl.read_unmarked(inner)

        def _oauth_test_login(self):
            more = compat.for_archived(compat.FetchmailServer, compat.CONNECT)
            try:
                connection = getattr(self, compat.CONNECT)(**more)
            except (IMAP4.error, error_proto, OSError) as error:
                raise UserError(str(error)) from None
            inner = compat.unwrapped(connection)
            (inner.shutdown if isinstance(inner, IMAP4) else inner.close)()

        if compat.IMAP_LOGIN == "_imap_login__":

            def _imap_login__(self, connection):
                if self.sudo().oauth_client_id:
                    return self._log_in_by_oauth(connection, "imap")
                return super()._imap_login__(connection)

        elif compat.IMAP_LOGIN == "_imap_login":

            def _imap_login(self, connection):
                if self.sudo().oauth_client_id:
                    return self._log_in_by_oauth(connection, "imap")
                return super()._imap_login(connection)

    def _connect_and_log_in(core, self, *args, **kwargs):
        """Where core has no method for the login alone: connect as core does, and log in by OAuth."""
        self.ensure_one()
        is_ours = self.sudo().oauth_client_id and self.server_type in ("imap", "pop")
        if not is_ours or (self.server_type == "imap" and compat.IMAP_LOGIN):
            return core(self, *args, **kwargs)
        if compat.takes(core, "allow_archived") and not self.active and not (args[0] if args else kwargs.get("allow_archived")):
            raise UserError(_("The server %s cannot be used because it is archived.", self.name))
        if not self.is_ssl:
            raise error_proto("Tokens are only sent over TLS connections.")
        connection = compat.open_incoming(self.server_type, self.server, self.port)
        self._log_in_by_oauth(connection, self.server_type)
        return connection

    compat.put_below(compat.FetchmailServer, compat.CONNECT, _connect_and_log_in)
