# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What several resources are declared with."""

from __future__ import annotations

import datetime

from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import (
    Field,
    Option,
    Relation,
    normal,
)

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

# The providers to which Odoo logs in by OAuth itself, once a person has connected the mailbox on the server's form. Each is an
# addon; up to 15, incoming servers have another one. Seen on 19; what is said of 15 was read. Debian's 14 has none of them.
GMAIL, OUTLOOK = "gmail", "outlook"
ADDONS_TO_SEND = {GMAIL: "google_gmail", OUTLOOK: "microsoft_outlook"}
ADDONS_TO_FETCH = {
    GMAIL: {14: "fetchmail_gmail", 16: ADDONS_TO_SEND[GMAIL]},
    OUTLOOK: {14: "fetchmail_outlook", 16: ADDONS_TO_SEND[OUTLOOK]},
}
# Up to 15, they are no types of a server, but a boolean field each.
FLAGS = {GMAIL: "use_google_gmail_service", OUTLOOK: "use_microsoft_outlook_service"}
# Where Odoo keeps the client of each; the endpoint from 16 on.
PARAMETERS = {
    GMAIL: {"client_id": "google_gmail_client_id", "client_secret": "google_gmail_client_secret"},
    OUTLOOK: {
        "client_id": "microsoft_outlook_client_id",
        "client_secret": "microsoft_outlook_client_secret",
        "endpoint": "microsoft_outlook.endpoint",
    },
}

# The hosts of the providers to whom nobody logs in with a password any more.
MICROSOFT_HOSTS = {"smtp": "smtp.office365.com", "imap": "outlook.office365.com", "pop": "outlook.office365.com"}
GOOGLE_HOSTS = {"smtp": "smtp.gmail.com", "imap": "imap.gmail.com", "pop": "pop.gmail.com"}

# -- logins by password ---------------------------------------------------------------------------------------------------


def needs_password(option, kinds, trial):
    """Function of an item that tells whether a new server can only fail without a password: at the login that tries it, or,
    with one that is left empty, in use.

    :param option: the one that says how a server logs in.
    :param kinds: its values with a password; so does a server without a value.
    :param trial: the option that asks for a trial.
    """

    def needs(item):
        logs_in = item.get("login") and item.get(option) in (None, *kinds) and not item.get("oauth_client")
        is_left_empty = item.get("password") == "" and item.get("active") is not False
        return bool(logs_in and (item.get(trial) or is_left_empty))

    return needs


# -- logins by OAuth ------------------------------------------------------------------------------------------------------

PASSWORD_AT_PROVIDER, NO_TOKEN, TOKEN_FAILS, TOKEN_UNUSED = "password_at_provider", "no_token", "token_fails", "token_unused"
# Days. Microsoft ends a refresh token that was not used for 90 days, Google for six months.
_UNUSED = 60
_MICROSOFT = "Microsoft 365 disabled passwords for IMAP and POP in 2022, and does so for SMTP at the end of December 2026"
_GOOGLE = "Google only accepts app passwords"
_PASSWORDS_END = {
    **dict.fromkeys(MICROSOFT_HOSTS.values(), _MICROSOFT),
    **dict.fromkeys(GOOGLE_HOSTS.values(), _GOOGLE),
}
# The option by which a server is kept until a person has connected it.
WHEN_CONNECTED = "when_connected"
# What the addon knows of a server's token, and what it says where the mailbox's owner has not consented.
OAUTH_STATE, CONSENT = "oauth_state", "consent"
# Whether somebody has connected a server by which Odoo itself logs in. What a token is, is of no interest.
_CONNECTED = {
    GMAIL: Field("is_connected_to_gmail", "google_gmail_refresh_token", type="boolean"),
    OUTLOOK: Field("is_connected_to_outlook", "microsoft_outlook_refresh_token", type="boolean"),
}
_LAST_USED = Field("oauth_last_used", "oauth_last_used")
# What the addon, or Odoo, knows of the token of a server. No item can give it.
TOKEN_FIELDS = (Field(OAUTH_STATE, OAUTH_STATE), Field("oauth_error", "oauth_error"), _LAST_USED, *_CONNECTED.values())


def connection_by(option):
    """What a Verification says of servers that a person has to connect.

    :param option: the one that says how a server logs in.
    """

    def connected(values, record):
        if values.get("oauth_client"):
            # Of another mailbox, or another client, it says nothing.
            is_of_it = all(values.get(each) == record.get(each) for each in ("oauth_client", "login"))
            return False if is_of_it and values.get(OAUTH_STATE) == CONSENT else None
        field = _CONNECTED.get(values.get(option))
        return bool(values.get(field.option)) if field else None

    by_client = ("oauth_client", "login", OAUTH_STATE)
    by_odoo = (option, *(field.option for field in _CONNECTED.values()))
    return {
        "connected": connected,
        "connected_by": lambda item: by_client if item.get("oauth_client") else by_odoo,
        "connected_to": lambda item: item.get("oauth_client") or "",
        "known_late": OAUTH_STATE,
        "patience": WHEN_CONNECTED,
        "is_patient": lambda item: not item.get("oauth_client"),
    }


def when_connected(option):
    """The option of a server by which a person has time to connect it.

    :param option: the one that asks for a trial.
    """
    return Option(
        WHEN_CONNECTED,
        type="bool",
        doc=(
            (
                "Whether O(config[].%s) waits until a person has connected the mailbox: in Odoo, if the server uses V(gmail) "
                "or V(outlook), or by consenting to O(config[].oauth_client), if its grant is V(refresh_token). Until then, "
                "the server is kept, RV(to_connect) lists it, and each run tests whether it is connected. With V(false), a "
                "server that is not connected is rejected like a wrong password." % option
            ),
            "Defaults to V(false) with O(config[].oauth_client), otherwise to V(true).",
        ),
    )


def login_findings(view):
    """What is wrong with the logins of declared servers, although they are as declared."""
    connected = view.resource.verification.connected
    long_ago = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(_UNUSED)).strftime("%Y-%m-%d %H:%M:%S")
    for wanted, record in view.existing():
        host, client = normal(wanted.values.get("host") or ""), wanted.values.get("oauth_client")
        if host in _PASSWORDS_END and wanted.values.get("password") and not client:
            yield PASSWORD_AT_PROVIDER, wanted.index, record, "logs in to %s with a password: %s" % (host, _PASSWORDS_END[host])
        elif not client and connected({**record, **wanted.values}, record) is False:
            yield NO_TOKEN, wanted.index, record, "is not connected: nobody has consented on its form in Odoo"
        elif client and record.get(OAUTH_STATE) == CONSENT:
            yield NO_TOKEN, wanted.index, record, "has no token: the mailbox's owner has not consented, or has to consent again"
        elif client and record.get(OAUTH_STATE) == "none":
            yield NO_TOKEN, wanted.index, record, "has no token yet"
        elif client and record.get(OAUTH_STATE) == "failing":
            yield TOKEN_FAILS, wanted.index, record, "gets no token, or its last login failed: %s" % record.get("oauth_error")
        elif client and "" < (record.get(_LAST_USED.option) or "") < long_ago:
            yield TOKEN_UNUSED, wanted.index, record, "last used its token on %s" % record[_LAST_USED.option][:10]
