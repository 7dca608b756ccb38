"""What both kinds of mail servers have in common: an OAuth client in place of a password."""

from odoo import _, fields, models
from odoo.exceptions import ValidationError

from ..tools import token_request
from .mail_oauth_client import notification


class MailOauthLogin(models.AbstractModel):
    _name = "mail.oauth.login"
    _description = "Login by OAuth"

    oauth_client_id = fields.Many2one(
        "mail.oauth.client",
        string="OAuth Client",
        index=True,
        ondelete="restrict",
        groups="base.group_system",
        help="Log in by OAuth 2.0, with a token from this client instead of the password.",
    )
    oauth_state = fields.Selection(
        [
            ("none", "No Token Yet"),
            ("consent", "Consent Needed"),
            ("valid", "Valid"),
            ("renewable", "To Be Renewed"),
            ("failing", "Failing"),
        ],
        string="OAuth Token",
        compute="_compute_oauth_state",
        groups="base.group_system",
    )
    oauth_valid_until = fields.Datetime(string="Token Valid Until", compute="_compute_oauth_state", groups="base.group_system")
    oauth_last_used = fields.Datetime(
        string="Token Last Used On",
        compute="_compute_oauth_state",
        groups="base.group_system",
        help="When the mailbox owner's consent was used last. A consent that is not used expires.",
    )
    oauth_error = fields.Text(string="Last OAuth Error", compute="_compute_oauth_state", groups="base.group_system")

    def _oauth_mailbox(self):
        """The login."""
        raise NotImplementedError

    def _oauth_obstacle(self):
        """Why this server cannot use a token, by its own settings; None if it can."""
        raise NotImplementedError

    def _compute_oauth_state(self):
        tokens = self.env["mail.oauth.token"]
        for server in self:
            client = server.oauth_client_id
            mailbox = (server._oauth_mailbox() or "").strip().lower()
            own = tokens._row_of(client, mailbox) if client and mailbox else tokens
            shared = tokens._row_of(client, "") if client.subject == "none" else own
            missing = "consent" if client.grant == "refresh_token" else "none"
            server.oauth_state = client and ((own or shared).state or missing)
            server.oauth_valid_until = shared.valid_until
            # The row is written by a consent, and a new one is a use.
            uses = [own.last_used, own.refreshed, own.write_date] if client.grant == "refresh_token" else []
            server.oauth_last_used = max(filter(None, uses), default=False)
            server.oauth_error = own.last_error or shared.last_error

    def _check_oauth(self):
        for server in self.sudo().filtered("oauth_client_id"):
            obstacle = server._oauth_obstacle()
            if obstacle:
                words = "%s: %s" % (server.name, obstacle)
                raise ValidationError(words)

    def button_test_oauth(self):
        """Get a token, and log in with it."""
        self.ensure_one()
        self._check_oauth()
        self._oauth_test_login()
        until = self.env["mail.oauth.token"].sudo()._valid_until(self.oauth_client_id, self._oauth_mailbox().strip().lower())
        return notification(_("The login succeeded. The token is valid until %s UTC.", fields.Datetime.to_string(until)))


def as_reply(problem):
    """The words of a login that failed, and SMTP's code for it.

    :param problem: what mail.oauth.client raised
    """
    if isinstance(problem, token_request.TokenError):
        return problem.words, 454 if problem.temporary else 535
    return problem.words, problem.code
