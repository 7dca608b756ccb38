"""A client of an OAuth 2.0 provider: how mail servers that use it get their tokens."""

from odoo import _, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from .. import compat
from ..tools import certificates, sasl, token_request

# Fields whose values are in columns that Odoo's ORM does not know, so that no search, group, order or report leads to them.
SECRETS = ("client_secret", "private_key")
# What a token depends on.
SETTINGS = ("token_url", "grant", "subject", "client_id", "client_authentication", "key_id", "certificate", "scopes")


class Secret:
    """A field that is not exported, whatever path leads to it."""

    exportable = False

    def convert_to_export(self, value, record):
        return ""


class SecretLine(Secret, fields.Char):
    """A form can hide it."""


class SecretText(Secret, fields.Text):
    pass


class MailOauthClient(models.Model):
    _name = "mail.oauth.client"
    _description = "OAuth Client"
    _order = "name, id"

    name = fields.Char(required=True, copy=False)
    active = fields.Boolean(default=True)
    token_url = fields.Char(
        string="Token URL",
        required=True,
        help="The provider's token endpoint, such as "
        "https://login.microsoftonline.com/<tenant>/oauth2/v2.0/token or https://oauth2.googleapis.com/token.",
    )
    grant = fields.Selection(
        [
            ("client_credentials", "Client Credentials"),
            ("jwt_bearer", "JWT Bearer (Service Account)"),
            ("refresh_token", "Refresh Token (Consent)"),
        ],
        required=True,
        default="client_credentials",
        help="Client Credentials: the application itself has access to the mailboxes (Microsoft 365). JWT Bearer: a service "
        "account acts for each mailbox (Google Workspace). Refresh Token: the owner of each mailbox has consented once.",
    )
    subject = fields.Selection(
        [("none", "One for All Mailboxes"), ("mailbox", "One for Each Mailbox")],
        string="Tokens",
        required=True,
        default="none",
        help="Whether one token is valid for all mailboxes, or each mailbox has its own.",
    )
    client_id = fields.Char(string="Client ID", required=True)
    client_authentication = fields.Selection(
        [
            ("client_secret_post", "Secret in the Request"),
            ("client_secret_basic", "Secret in the Header"),
            ("private_key_jwt", "Private Key"),
            ("none", "None (Public Client)"),
        ],
        required=True,
        default="client_secret_post",
        help="How the client proves its identity. JWT Bearer only uses the private key.",
    )
    client_secret = SecretLine(
        compute="_compute_secrets", inverse="_inverse_client_secret", groups="base.group_system", copy=False
    )
    private_key = SecretText(
        compute="_compute_secrets",
        inverse="_inverse_private_key",
        groups="base.group_system",
        copy=False,
        help="In PEM format.",
    )
    certificate = fields.Text(help="The certificate of the private key, in PEM format. Microsoft uses it to identify the key.")
    certificate_expires = fields.Datetime(string="Certificate Expires On", compute="_compute_certificate_expires")
    secret_expires = fields.Date(string="Secret Expires On", help="The expiry date that the provider shows.")
    key_id = fields.Char(string="Key ID", help="Google: private_key_id of the service account's key.")
    scopes = fields.Char(
        help="Separated by spaces, such as https://outlook.office365.com/.default or https://mail.google.com/."
    )
    token_ids = fields.One2many("mail.oauth.token", "client_id", string="Tokens by Mailbox", readonly=True)

    def init(self):
        result = super().init()
        # No fields: see SECRETS.
        self.env.cr.execute(
            """
            ALTER TABLE mail_oauth_client
            ADD COLUMN IF NOT EXISTS stored_client_secret text, ADD COLUMN IF NOT EXISTS stored_private_key text
            """
        )
        self.env.cr.execute("CREATE UNIQUE INDEX IF NOT EXISTS mail_oauth_client_one_name ON mail_oauth_client (name)")
        return result

    # ------------------------------------------------------------------
    # Secrets
    # ------------------------------------------------------------------

    def _compute_secrets(self):
        # Nobody else gets them by sudo() in a template.
        is_allowed = self.env.user.has_group("base.group_system")
        for client in self:
            stored = {}
            if is_allowed and isinstance(client.id, int):
                query = "SELECT stored_client_secret, stored_private_key FROM mail_oauth_client WHERE id = %s"
                stored = dict(zip(SECRETS, *compat.execute_silently(self.env.cr, query, [client.id])))
            for name in SECRETS:
                client[name] = stored.get(name) or False

    def _inverse_client_secret(self):
        self._store_secret("client_secret")

    def _inverse_private_key(self):
        self._store_secret("private_key")

    def _store_secret(self, name):
        for client in self:
            query = "UPDATE mail_oauth_client SET stored_%s = %%s WHERE id = %%s" % name
            compat.execute_silently(self.env.cr, query, [(client[name] or "").strip() or None, client.id])

    @api.depends("certificate")
    def _compute_certificate_expires(self):
        for client in self:
            client.certificate_expires = certificates.expiry(client.certificate) or False

    # ------------------------------------------------------------------
    # What makes a client whole
    # ------------------------------------------------------------------

    # Not constraints of Odoo's: those are checked before the secrets are stored.

    @api.model_create_multi
    def create(self, vals_list):
        clients = super().create(vals_list)
        clients._check_whole()
        return clients

    def write(self, vals):
        result = super().write(vals)
        self._check_whole()
        return result

    def _check_whole(self):
        for client in self:
            problem = client._what_is_missing()
            if problem:
                words = "%s: %s" % (client.name, problem)
                raise ValidationError(words)

    def _what_is_missing(self):
        """Why this client cannot get a token; None if it can."""
        url, grant = (self.token_url or "").strip(), self.grant
        by_key = grant == "jwt_bearer" or self.client_authentication == "private_key_jwt"
        stored = self._read_settings(self.env.cr)
        if not url.startswith("https://") or url != self.token_url:
            return _("The token URL must begin with https://.")
        if grant == "refresh_token" and self.subject != "mailbox":
            return _("With the grant Refresh Token, each mailbox has its own token: select One for Each Mailbox.")
        if grant == "client_credentials" and self.subject != "none":
            return _("With the grant Client Credentials, a token is for all mailboxes: select One for All Mailboxes.")
        if by_key and not stored["private_key"]:
            return _("The private key is missing. Enter it in PEM format.")
        if not by_key and self.client_authentication != "none" and not stored["client_secret"]:
            return _("The client secret is missing. Enter it, or select another client authentication.")
        if grant == "client_credentials" and self.client_authentication == "none":
            return _("The grant Client Credentials needs a client secret or a private key.")
        if self.certificate and not certificates.content_of(self.certificate):
            return _("The certificate is not in PEM format.")
        return None

    def copy(self, default=None):
        """The secrets are not copied, and without them a client is not whole."""
        raise UserError(_("An OAuth client cannot be duplicated, as its secrets are not copied. Create a new one."))

    # ------------------------------------------------------------------
    # Tokens
    # ------------------------------------------------------------------

    def _read_settings(self, cr):
        """The settings as they are stored, secrets included."""
        columns = [*SETTINGS, *("stored_%s" % name for name in SECRETS)]
        flush = getattr(self, "flush_recordset", None) or self.flush
        if cr is self.env.cr:
            flush()
        query = "SELECT %s FROM mail_oauth_client WHERE id = %%s" % ", ".join('"%s"' % each for each in columns)
        rows = compat.execute_silently(cr, query, [self.id])
        if not rows:
            raise token_request.TokenError("The OAuth client no longer exists.")
        settings = dict(zip([*SETTINGS, *SECRETS], rows[0]))
        settings["thumbprint"] = certificates.thumbprint(settings.pop("certificate"))
        return settings

    def _log_in(self, mailbox, attempt):
        """Log in to a server. A token that the server refuses is tried once more with a fresh one.

        :param mailbox: the login
        :param attempt: function that logs in with a token
        :raise TokenError: there is no token
        :raise Refused: the server refused the last one, too
        """
        self.ensure_one()
        tokens, mailbox = self.env["mail.oauth.token"].sudo(), mailbox.strip().lower()
        try:
            token = tokens._access_token(self, mailbox)
            try:
                attempt(token)
            except sasl.Refused as refusal:
                fresh = None if refusal.temporary else tokens._token_after_refusal(self, mailbox, token)
                if not fresh:
                    raise
                try:
                    attempt(fresh)
                except sasl.Refused as second:
                    second.with_fresh_token = True
                    raise
        except (token_request.TokenError, sasl.Refused, sasl.Unable) as problem:
            tokens._note_login(self, mailbox, problem)
            raise
        tokens._note_login(self, mailbox)

    def _may_be_managed(self):
        if not self.env.user.has_group("base.group_system"):
            raise AccessError(_("Only users who manage mail servers can use OAuth clients."))

    def store_refresh_token(self, mailbox, refresh_token):
        """Store what a person's consent gave.

        :param mailbox: the address of the mailbox
        """
        self._may_be_managed()
        for client in self:
            if client.grant != "refresh_token":
                raise UserError(_("%s does not use refresh tokens.", client.name))
            self.env["mail.oauth.token"].sudo()._store_consent(client, mailbox.strip().lower(), refresh_token.strip())
        return True

    def forget_tokens(self, mailbox=None):
        """Remove the tokens of a mailbox, or all of them.

        :param mailbox: the address of the mailbox
        """
        self._may_be_managed()
        self.env["mail.oauth.token"].sudo()._forget(self, mailbox and mailbox.strip().lower())
        return True

    def test(self, mailbox=None):
        """Get a new token, and use and renew a refresh token with it.

        :param mailbox: the address of a mailbox; by default one of a server that uses the client
        :return: dictionary with `valid_until`, and `error`, which is empty if it worked
        """
        self._may_be_managed()
        self.ensure_one()
        mailbox = mailbox or self._any_mailbox() or ""
        tokens = self.env["mail.oauth.token"].sudo()
        try:
            tokens._access_token(self, mailbox.strip().lower(), anew=True)
        except token_request.TokenError as problem:
            return {"valid_until": False, "error": problem.words}
        return {"valid_until": fields.Datetime.to_string(tokens._valid_until(self, mailbox.strip().lower())), "error": ""}

    def _any_mailbox(self):
        """A mailbox of a server that uses this client."""
        for model, login in (("ir.mail_server", "smtp_user"), ("fetchmail.server", "user")):
            if model in self.env and "oauth_client_id" in self.env[model]._fields:
                server = self.env[model].sudo().search([("oauth_client_id", "=", self.id)], limit=1)
                if server:
                    return server[login]
        return None

    def button_test(self):
        self.ensure_one()
        if self.subject == "mailbox" and not self._any_mailbox():
            raise UserError(_("No mail server uses this client yet, so it has no mailbox. Select it on a mail server first."))
        result = self.test()
        if result["error"]:
            raise UserError(result["error"])
        return notification(_("The provider returned a token that is valid until %s UTC.", result["valid_until"]))


def notification(words):
    """The action that shows a success, and reloads the form."""
    return {
        "type": "ir.actions.client",
        "tag": "display_notification",
        "params": {
            "message": words,
            "type": "success",
            "sticky": False,
            "next": {"type": "ir.actions.act_window_close"},
        },
    }
