import smtplib

from odoo import _, api, models
from odoo.exceptions import UserError

from .. import compat
from ..tools import sasl, token_request
from .mail_mail import Queue
from .mail_oauth_login import as_reply


class IrMailServer(models.Model):
    _name = "ir.mail_server"
    _inherit = ["ir.mail_server", "mail.oauth.login"]

    def _oauth_mailbox(self):
        return self.smtp_user

    def _oauth_obstacle(self):
        if not self.smtp_user:
            return _("OAuth needs the mailbox's address as the username.")
        if self.smtp_encryption == "none":
            return _("OAuth needs an encrypted connection: select TLS or SSL.")
        if "smtp_authentication" in self._fields and self.smtp_authentication != "login":
            return _("With an OAuth client, the authentication must be Username.")
        return None

    @api.constrains("oauth_client_id", "smtp_user", "smtp_encryption")
    def _check_oauth_client(self):
        self._check_oauth()

    def _log_in_by_oauth(self, connection, user):
        """Log in, and have mail wait where there may be a token later."""
        client = self.sudo().oauth_client_id
        connection = compat.unwrapped(connection)
        try:
            client._log_in(user, lambda token: sasl.log_in_smtp(connection, user, token))
        except (token_request.TokenError, sasl.Refused, sasl.Unable) as problem:
            words, code = as_reply(problem)
            connection.close()
            queue = self.env.context.get(Queue.KEY)
            if isinstance(queue, Queue) and 400 <= code < 500:
                queue.reason = words
            raise sasl.as_smtp_error(words, code) from None

    def _oauth_test_login(self):
        more = compat.for_archived(compat.IrMailServer, compat.SMTP_CONNECT)
        try:
            connection = getattr(self, compat.SMTP_CONNECT)(mail_server_id=self.id, **more)
        except smtplib.SMTPResponseException as error:
            raise UserError(error.smtp_error) from None
        except (OSError, smtplib.SMTPException) as error:
            raise UserError(str(error)) from None
        if connection:
            connection.close()

    if compat.SMTP_LOGIN == "_smtp_login__":

        def _smtp_login__(self, connection, smtp_user, smtp_password):
            if len(self) == 1 and self.sudo().oauth_client_id:
                return self._log_in_by_oauth(connection, smtp_user)
            return super()._smtp_login__(connection, smtp_user, smtp_password)

    elif compat.SMTP_LOGIN == "_smtp_login":

        def _smtp_login(self, connection, smtp_user, smtp_password):
            if len(self) == 1 and self.sudo().oauth_client_id:
                return self._log_in_by_oauth(connection, smtp_user)
            return super()._smtp_login(connection, smtp_user, smtp_password)


def _connect_and_log_in(core, self, *args, **kwargs):
    """14: have core connect without a login, and log in then."""
    server_id = kwargs.get("mail_server_id") or (args[6] if len(args) > 6 else None)
    host = kwargs.get("host") or (args[0] if args else None)
    servers = self.sudo()
    server = servers.browse(server_id) if server_id else servers.search([], order="sequence", limit=1)
    if (host and not server_id) or not server.oauth_client_id:
        return core(self, *args, **kwargs)
    # Core logs in if it reads a username. In the cache only: nothing is written.
    field, user = server._fields["smtp_user"], server.smtp_user
    self.env.cache.set(server, field, None)
    try:
        connection = core(self, *args, **kwargs)
    finally:
        self.env.cache.set(server, field, user)
    if connection is not None:
        server._log_in_by_oauth(connection, user)
    return connection


if not compat.LOGS_IN_APART:
    compat.put_below(compat.IrMailServer, "connect", _connect_and_log_in)
