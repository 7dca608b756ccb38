# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What several resources are declared with."""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import Field, Relation, normal

COMPANY = Relation("res.company", "company", ("name",))
GROUP = Relation("res.groups", "group", implies="implied_ids")
MAIL_SERVER = Relation("ir.mail_server", "outgoing mail server", ("smtp_user", "name"), managed=True)
MODEL = Relation("ir.model", "model", ("model",))
OAUTH_CLIENT = Relation("mail.oauth.client", "OAuth client", ("name",), managed=True)
USER = Relation("res.users", "user", ("login",), managed=True)

# The addon of the role routing_addon that it always installs.
ROUTING_ADDON = "smtp_server_per_user"
# Its other addon, and how the role comes to install it.
OAUTH_ADDON = "mail_server_oauth"
OAUTH_REMEDY = (
    "site.yml installs it on machines of the group odoo_servers, with routing_addon_oauth: true, or where the inventory "
    "has an OAuth client"
)

# Up to 16 the one alias domain of a database is these system parameters; it is the model mail.alias.domain from 17 on.
ALIAS_DOMAIN_PARAMETERS = {
    "name": "mail.catchall.domain",
    "catchall": "mail.catchall.alias",
    "bounce": "mail.bounce.alias",
    "default_from": "mail.default.from",
}

# The hosts of the providers to whom nobody logs in with a password any more.
MICROSOFT_HOSTS = {"smtp": "smtp.office365.com", "imap": "outlook.office365.com", "pop": "outlook.office365.com"}
GOOGLE_HOSTS = {"smtp": "smtp.gmail.com", "imap": "imap.gmail.com", "pop": "pop.gmail.com"}

# -- logins by OAuth ------------------------------------------------------------------------------------------------------

PASSWORD_AT_PROVIDER, NO_TOKEN, TOKEN_FAILS = "password_at_provider", "no_token", "token_fails"
_MICROSOFT = "Microsoft 365 disabled passwords for IMAP and POP in 2022, and does so for SMTP at the end of December 2026"
_GOOGLE = "Google only accepts app passwords"
_PASSWORDS_END = {
    **dict.fromkeys(MICROSOFT_HOSTS.values(), _MICROSOFT),
    **dict.fromkeys(GOOGLE_HOSTS.values(), _GOOGLE),
}
# What the addon knows of the token of a server. No item can give it.
TOKEN_FIELDS = (Field("oauth_state", "oauth_state"), Field("oauth_error", "oauth_error"))


def login_findings(view):
    """What is wrong with the logins of declared servers, although they are as declared."""
    for wanted, record in view.existing():
        host, client = normal(wanted.values.get("host") or ""), wanted.values.get("oauth_client")
        if host in _PASSWORDS_END and wanted.values.get("password") and not client:
            yield PASSWORD_AT_PROVIDER, wanted.index, record, "logs in to %s with a password: %s" % (host, _PASSWORDS_END[host])
        elif client and record.get("oauth_state") in ("none", "consent"):
            yield NO_TOKEN, wanted.index, record, "has no token yet"
        elif client and record.get("oauth_state") == "failing":
            yield TOKEN_FAILS, wanted.index, record, "gets no token, or its last login failed: %s" % record.get("oauth_error")
