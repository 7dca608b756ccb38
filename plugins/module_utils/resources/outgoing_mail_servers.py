# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Outgoing mail servers."""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.module_utils.engine import validators
from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import (
    Blank,
    Example,
    Field,
    Option,
    Rename,
    Resource,
    Verification,
    normal,
)
from ansible_collections.postroom.odoo.plugins.module_utils.resources.shared import (
    ADDONS_TO_SEND,
    FLAGS,
    GMAIL,
    GOOGLE_HOSTS,
    MICROSOFT_HOSTS,
    OAUTH_ADDON,
    OAUTH_CLIENT,
    OAUTH_REMEDY,
    OUTLOOK,
    ROUTING_ADDON,
    TOKEN_FIELDS,
    USER,
    connection_by,
    login_findings,
    needs_password,
    when_connected,
)

# The providers that Odoo itself logs in to by OAuth.
OAUTH = {GMAIL: GOOGLE_HOSTS["smtp"], OUTLOOK: MICROSOFT_HOSTS["smtp"]}
BY_LOGIN = "login"
SECOND_OUTGOING_SERVER = "second_outgoing_server"
EARLIER_OUTGOING_SERVER = "earlier_outgoing_server"

# Odoo's priority for a manually created server. A declared server with a lower number is meant to take precedence.
PRIORITY_BY_HAND = 10


def _outgoing_port(item):
    """The registered port (RFC 6409, RFC 8314): over RPC Odoo takes 25 whatever the encryption."""
    if item.get("authentication") in OAUTH:
        return 587
    return {"ssl": 465, "ssl_strict": 465, "starttls": 587, "starttls_strict": 587}.get(item.get("encryption"), 25)


def _logs_in_by_certificate(item):
    return item.get("authentication") == "certificate"


def _outgoing_has_a_host(item):
    if item.get("host") == "" and item.get("authentication") != "cli":
        yield "host", validators.EMPTY


def _outgoing_has_an_own_address(item):
    if item.get("from_filter") == "own" and validators.address(item.get("login") or ""):
        yield "from_filter", "own stands for the login, which must then be an e-mail address"


def _oauth_is_encrypted(item):
    """Google and Microsoft accept nothing else, and Odoo refuses to set it up."""
    kind = item.get("authentication")
    if kind in OAUTH:
        if item.get("encryption") not in (None, "starttls"):
            yield "encryption", "authentication %s requires starttls; remove encryption, or set it to starttls" % kind
        if item.get("password"):
            yield "password", "authentication %s does not use a password; remove it" % kind
        if item.get("login") == "":
            yield "login", "authentication %s requires the address of the mailbox" % kind
        if item.get("oauth_client"):
            yield "oauth_client", "authentication %s has tokens of its own; remove one of both" % kind


def _returns_to_login(item, record):
    """A server that Odoo logged in to by OAuth, and that has another login now, be it one with an empty password."""
    has_another = item.get("password") is not None or item.get("oauth_client")
    return BY_LOGIN if record.get("authentication") in OAUTH and has_another else None


def _client_replaces_password(item):
    if item.get("oauth_client"):
        if item.get("password"):
            yield "password", "is not used with oauth_client; remove it, or set it to an empty string"
        if item.get("login") == "":
            yield "login", "oauth_client requires the address of the mailbox"
        if item.get("encryption") == "none":
            yield "encryption", "oauth_client requires an encrypted connection; use starttls or ssl"


def _conflicts(view):
    """Servers by which mail leaves that ours are for, and logins of ours that end."""
    yield from login_findings(view)
    ours = {}
    for each in view.in_use():
        for address in _senders(each.values):
            ours.setdefault(address, each.index)
    first = _meant_first(view)
    for record in view.strangers():
        same = [address for address in _senders(record) if address in ours and "@" in address]
        if same:
            yield SECOND_OUTGOING_SERVER, ours[same[0]], record, "sends as %s" % same[0]
        elif first is not None:
            reason = _goes_before(record, first, view)
            if reason:
                yield EARLIER_OUTGOING_SERVER, first.index, record, reason


def _senders(values):
    """The addresses and domains from which a server sends mail: its filter, or its login if it has none."""
    named = values.get("from_filter") or values.get("login") or ""
    return [normal(part) for part in named.split(",") if part.strip()]


def _meant_first(view):
    before = [each for each in view.in_use() if each.values.get("priority", PRIORITY_BY_HAND) < PRIORITY_BY_HAND]
    return min(before, key=lambda each: each.values["priority"], default=None)


def _goes_before(record, first, view):
    """Why Odoo prefers a server to the first one of ours for mail whose sender has no server; None if it does not."""
    if record.get("from_filter"):
        domains = [address.rpartition("@")[2] for address in _senders(first.values)]
        taken = [part for part in _senders(record) if part in domains]
        # A filter that fits counts more than any priority.
        return "sends for all of %s" % taken[0] if taken else None
    ours, theirs = first.values["priority"], record.get("priority", PRIORITY_BY_HAND)
    if theirs < ours or (theirs == ours and record["id"] < (view.id_of(first.index) or record["id"])):
        return "has priority %d, ours %d" % (theirs, ours)
    return None


def _has_weak_login(item):
    """Some providers give all customers the same login, such as apikey, which does not identify a server."""
    return bool(item.get("login")) and "@" not in item["login"]


def _called(item):
    name = item.get("name")
    return "%s (%s)" % (name, item["login"]) if _has_weak_login(item) and name and name != item["login"] else None


OUTGOING_MAIL_SERVERS = Resource(
    name="outgoing_mail_servers",
    model="ir.mail_server",
    noun="outgoing mail server",
    brought_by={14: "base"},
    example=Example(
        "newuser@mydomain.com",
        {"option": "port", "declared": 587, "found": 25},
        ("port", "99999 is not a TCP port; give one from 1 to 65535"),
    ),
    identities=(("login",), ("name",)),
    told_apart_by=(("name",), ("host", "from_filter")),
    called=_called,
    is_weak=_has_weak_login,
    rename=Rename("previous_login", of="login"),
    # Somebody has begun to set the server up.
    blank=Blank(empty="login", same=("name", "host")),
    fields=(
        Field(
            "name",
            "name",
            check=validators.one_line,
            default=lambda item: item.get("login"),
            title=True,
            doc=(
                "Name of the server. Defaults to the login for a new server. Odoo's label is I(Name), up to 15 I(Description)."
            ),
        ),
        Field(
            "host",
            "smtp_host",
            required=True,
            check=validators.host,
            default=lambda item: OAUTH.get(item.get("authentication")),
            doc=(
                "Host name or IP address. This option is required to create a server, unless O(config[].authentication) is "
                "V(gmail) or V(outlook). Odoo's label is I(SMTP Server)."
            ),
        ),
        Field(
            "port",
            "smtp_port",
            type="integer",
            default=_outgoing_port,
            check=validators.port,
            doc="Port. Defaults to the registered port of the encryption for a new server.",
        ),
        Field(
            "encryption",
            "smtp_encryption",
            type="selection",
            choices=("none", "starttls", "ssl", "starttls_strict", "ssl_strict"),
            default=lambda item: "starttls" if item.get("authentication") in OAUTH else None,
            doc=(
                "V(ssl) uses TLS from the start, V(starttls) uses STARTTLS. V(ssl_strict) and V(starttls_strict) also "
                "verify the server's certificate (Odoo 19 and later). Odoo's label is I(Connection Encryption)."
            ),
        ),
        Field(
            "authentication",
            "smtp_authentication",
            type="selection",
            since=15,
            choices=(BY_LOGIN, "certificate", "cli", GMAIL, OUTLOOK),
            flags=FLAGS,
            unflagged=BY_LOGIN,
            brought_by={kind: {14: addon} for kind, addon in ADDONS_TO_SEND.items()},
            implied=_returns_to_login,
            doc=(
                (
                    "How Odoo logs in. V(certificate) requires Odoo 15 or later, V(cli) 17 or later. Odoo's label is "
                    "I(Authenticate with)."
                ),
                (
                    "V(gmail) and V(outlook) require Odoo's addon C(google_gmail) or C(microsoft_outlook), and a person who "
                    "connects the mailbox on the server's form; see O(config[].when_connected)."
                ),
            ),
        ),
        Field("login", "smtp_user", check=validators.mail_login, doc="Login. Odoo's label is I(Username)."),
        Field(
            "password",
            "smtp_pass",
            secret=True,
            required=needs_password("authentication", (BY_LOGIN,), "tested"),
            check=validators.mail_password,
            doc="Password. It is compared with the value in Odoo.",
        ),
        Field(
            "oauth_client",
            "oauth_client_id",
            type="many2one",
            relation=OAUTH_CLIENT,
            addon=OAUTH_ADDON,
            remedy=OAUTH_REMEDY,
            doc=(
                "Name of the OAuth client by whose tokens Odoo logs in, instead of the password. An empty string clears it. "
                "Requires the addon C(mail_server_oauth) in Odoo."
            ),
        ),
        Field(
            "ssl_certificate",
            "smtp_ssl_certificate",
            type="binary",
            since=15,
            required=_logs_in_by_certificate,
            check=validators.pem_certificate,
            doc=(
                "Client certificate in PEM format (Odoo 15 and later). Required to create a server with "
                "O(config[].authentication=certificate)."
            ),
        ),
        Field(
            "ssl_private_key",
            "smtp_ssl_private_key",
            type="binary",
            secret=True,
            since=15,
            required=_logs_in_by_certificate,
            check=validators.pem_key,
            doc="Private key of the client certificate in PEM format (Odoo 15 and later). Required with the certificate.",
        ),
        Field(
            "from_filter",
            "from_filter",
            since=15,
            addon=ROUTING_ADDON,
            check=validators.from_filter,
            own="login",
            doc=(
                (
                    "Addresses and domains from which the server may send mail, separated by commas. Available in Odoo 15 "
                    "and later, and in 14 with the addon C(smtp_server_per_user). Odoo's label is I(FROM Filtering)."
                ),
                (
                    "An empty filter matches everything. Odoo then uses the bounce address as envelope sender, which strict "
                    "providers reject. Use V(own) for a server that may only send as its login."
                ),
                (
                    "V(own) stands for the address of the login only. It is ignored in a database without this field, so "
                    "that the same list works for all series."
                ),
            ),
        ),
        Field(
            "priority",
            "sequence",
            type="integer",
            check=validators.integer,
            doc="Order of the servers. The lowest number comes first.",
        ),
        Field(
            "debug",
            "smtp_debug",
            type="boolean",
            doc="Whether Odoo logs the whole SMTP session. Odoo's label is I(Debugging).",
        ),
        Field(
            "max_email_size",
            "max_email_size",
            type="number",
            since=18,
            # A system parameter, base.default_max_email_size, after that.
            until=19,
            check=validators.size,
            doc="Maximum size of a message with its attachments, in MB (Odoo 18 and 19).",
        ),
        Field(
            "max_messages_per_minute",
            "max_messages_per_minute",
            type="integer",
            addon=ROUTING_ADDON,
            check=validators.not_negative,
            doc=(
                "Number of messages that the provider accepts in a minute. Further messages wait in Odoo's queue for their "
                "turn; V(0) sets no limit. Requires the addon C(smtp_server_per_user) in Odoo. Odoo's label is I(Messages per "
                "Minute)."
            ),
        ),
        Field(
            "max_connections",
            "max_connections",
            type="integer",
            addon=ROUTING_ADDON,
            # MOST_CONNECTIONS of the addon.
            check=validators.within(0, 100),
            doc=(
                "Number of connections that the provider accepts at the same time, at most 100. Further messages wait in "
                "Odoo's queue; V(0) sets no limit. Requires the addon C(smtp_server_per_user) in Odoo. Odoo's label is "
                "I(Connections at Once)."
            ),
        ),
        Field(
            "owner",
            "user_id",
            type="many2one",
            relation=USER,
            addon=ROUTING_ADDON,
            doc="Login of the user who owns the server. Requires the addon C(smtp_server_per_user) in Odoo.",
        ),
        Field("active", "active", type="boolean", in_use=True, doc="Whether the server is active. V(false) archives it."),
    ),
    extra=(
        Option(
            "previous_login",
            doc=(
                (
                    "The login that the server had before. If a server still has it, the module updates that server instead "
                    "of creating another."
                ),
                (
                    "You can leave it in the list afterwards. The module fails on circular renames, and if both the old and "
                    "the new record exist."
                ),
            ),
        ),
        Option(
            "tested",
            type="bool",
            default=False,
            doc=(
                (
                    "Whether to run Odoo's connection test for new servers, and for servers whose connection changes. If the "
                    "provider rejects the connection, the record is restored and the module fails with the provider's "
                    "message."
                ),
                (
                    "Up to Odoo 15, the test uses the address of the user who runs it. If a provider rejects this address, "
                    "it has already accepted the login, so the test counts as successful."
                ),
            ),
        ),
        when_connected("tested"),
    ),
    checks=(_outgoing_has_a_host, _outgoing_has_an_own_address, _oauth_is_encrypted, _client_replaces_password),
    verification=Verification(
        option="tested",
        method="test_smtp_connection",
        connection=(
            "host",
            "port",
            "encryption",
            "authentication",
            "login",
            "password",
            "oauth_client",
            "ssl_certificate",
            "ssl_private_key",
        ),
        # 14 and 15 speak as the address of whoever presses the button. A strict provider that refuses this address, at
        # any later step of the dialogue, has accepted the login before.
        tolerated=dict.fromkeys((14, 15), r"The server refused the (sender address|test recipient|test connection)"),
        **connection_by("authentication"),
    ),
    conflicts=_conflicts,
    observed=TOKEN_FIELDS,
    conflict_fields=("login", "from_filter", "priority"),
)
