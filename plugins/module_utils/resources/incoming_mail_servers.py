# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Incoming mail servers."""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.module_utils.engine import validators
from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import (
    Blank,
    BulkSideEffect,
    Example,
    Field,
    Option,
    Rename,
    Resource,
    Verification,
    normal,
)
from ansible_collections.postroom.odoo.plugins.module_utils.resources.shared import (
    ADDONS_TO_FETCH,
    FLAGS,
    GMAIL,
    GOOGLE_HOSTS,
    MICROSOFT_HOSTS,
    MODEL,
    OAUTH_ADDON,
    OAUTH_CLIENT,
    OAUTH_REMEDY,
    OUTLOOK,
    ROUTING_ADDON,
    TOKEN_FIELDS,
    connection_by,
    login_findings,
    needs_password,
    when_connected,
)

# The providers that Odoo itself logs in to by OAuth.
OAUTH_HOSTS = {GMAIL: GOOGLE_HOSTS["imap"], OUTLOOK: MICROSOFT_HOSTS["imap"]}
SECOND_INCOMING_SERVER = "second_incoming_server"


def _incoming_port(item):
    """The registered port of the protocol (RFC 8314): Odoo's own default over RPC is 0."""
    if item.get("type") == "local":
        return 0
    ssl = item.get("ssl") or item.get("type") in OAUTH_HOSTS
    return {True: {"pop": 995}, False: {"pop": 110}}[bool(ssl)].get(item.get("type"), 993 if ssl else 143)


def _has_a_host(item):
    return item.get("type") != "local"


def _incoming_is_complete(item):
    if item.get("type") in (None, "imap", "pop"):
        for option in ("host", "login"):
            if item.get(option) == "":
                yield option, "is required for an IMAP or POP server"


def _oauth_is_encrypted(item):
    """Google and Microsoft accept nothing else, and Odoo refuses to set it up."""
    kind = item.get("type")
    if kind in OAUTH_HOSTS:
        if item.get("ssl") is False:
            yield "ssl", "type %s requires TLS; remove ssl, or set it to true" % kind
        if item.get("host") == "":
            yield "host", "is required for type %s; use %s" % (kind, OAUTH_HOSTS[kind])
        if item.get("oauth_client"):
            yield "oauth_client", "type %s has tokens of its own; remove one of both" % kind


def _client_replaces_password(item):
    if item.get("oauth_client"):
        if item.get("password"):
            yield "password", "is not used with oauth_client; remove it, or set it to an empty string"
        if item.get("ssl") is False:
            yield "ssl", "oauth_client requires TLS; set ssl to true"
        if item.get("type") == "local":
            yield "oauth_client", "type local does not log in; remove it"


def _conflicts(view):
    """Servers that fetch a mailbox of ours too: each message goes to whichever comes first; and logins of ours that end."""
    yield from login_findings(view)
    ours = {}
    for each in view.in_use():
        ours.setdefault(_mailbox(each.values), each.index)
    for record in view.strangers():
        index = ours.get(_mailbox(record))
        if index is not None and record.get("login"):
            yield SECOND_INCOMING_SERVER, index, record, "fetches %s from %s" % (record["login"], record.get("host"))


def _mailbox(values):
    """An address is the same mailbox by whatever name its host is called; another login is one of that host."""
    login = normal(values.get("login") or "")
    return login if "@" in login else (login, normal(values.get("host") or ""))


INCOMING_MAIL_SERVERS = Resource(
    name="incoming_mail_servers",
    model="fetchmail.server",
    noun="incoming mail server",
    brought_by={14: "fetchmail", 16: "mail"},
    example=Example(
        "office@mydomain.com on mydomain.com",
        {"option": "port", "declared": 993, "found": 143},
        ("port", "99999 is not a TCP port; give one from 1 to 65535"),
    ),
    identities=(("host", "login"), ("name",)),
    rename=Rename("previous_login", of="login", match_by="match_by_login"),
    # Somebody has begun to set the server up.
    blank=Blank(empty="login", same=("name", "host")),
    fields=(
        Field(
            "name",
            "name",
            check=validators.one_line,
            default=lambda item: item.get("login") or item.get("host"),
            title=True,
            doc="Name of the server. Defaults to the login for a new server.",
        ),
        Field(
            "type",
            "server_type",
            type="selection",
            default="imap",
            choices=("imap", "pop", "local", GMAIL, OUTLOOK),
            flags=FLAGS,
            unflagged="imap",
            brought_by=ADDONS_TO_FETCH,
            doc=(
                "Protocol. Odoo's label is I(Server Type). Defaults to V(imap) for a new server.",
                (
                    "V(gmail) and V(outlook) use IMAP. They require Odoo's addon C(google_gmail) or C(microsoft_outlook) (up "
                    "to Odoo 15 C(fetchmail_gmail) or C(fetchmail_outlook)), and a person who connects the mailbox on the "
                    "server's form; see O(config[].when_connected)."
                ),
            ),
        ),
        Field(
            "host",
            "server",
            check=validators.host,
            default=lambda item: OAUTH_HOSTS.get(item.get("type")),
            required=_has_a_host,
            doc="Host name or IP address. Odoo's label is I(Server Name).",
        ),
        Field(
            "port",
            "port",
            type="integer",
            default=_incoming_port,
            check=validators.port,
            doc="Port. Defaults to the registered port of the protocol for a new server.",
        ),
        Field(
            "ssl",
            "is_ssl",
            type="boolean",
            default=lambda item: True if item.get("type") in OAUTH_HOSTS else None,
            doc="Whether the connection uses TLS from the start. Odoo's label is I(SSL/TLS).",
        ),
        Field("login", "user", check=validators.mail_login, doc="Login of the mailbox. Odoo's label is I(Username)."),
        Field(
            "password",
            "password",
            secret=True,
            required=needs_password("type", ("imap", "pop"), "confirmed"),
            check=validators.mail_password,
            doc="Password of the mailbox. It is compared with the value in Odoo.",
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
            "model",
            "object_id",
            type="many2one",
            relation=MODEL,
            check=validators.technical_name,
            doc=(
                "Technical name of the model in which new mail creates a record, such as C(crm.lead). With an empty "
                "string, it creates none. Odoo's label is I(Create a New Record)."
            ),
        ),
        Field(
            "keep_attachments",
            "attach",
            type="boolean",
            doc="Whether attachments are stored. Odoo's label is I(Keep Attachments).",
        ),
        Field(
            "keep_original",
            "original",
            type="boolean",
            doc="Whether the whole original message is also stored. Odoo's label is I(Keep Original).",
        ),
        Field(
            "priority",
            "priority",
            type="integer",
            check=validators.integer,
            doc=("Order in which Odoo fetches the servers. The lowest number comes first. Odoo's label is I(Server Priority)."),
        ),
        Field(
            "only_replies",
            "only_replies",
            type="boolean",
            addon=ROUTING_ADDON,
            doc=(
                "Whether Odoo only fetches replies to its own messages and their bounces, and leaves all other messages "
                "in the mailbox as they are, unread and undeleted. Requires the addon C(smtp_server_per_user) in Odoo."
            ),
        ),
        Field(
            "folders",
            "folders",
            addon=ROUTING_ADDON,
            doc=(
                "IMAP folders that Odoo reads besides INBOX, separated by commas or on one line each, such as "
                "C(INBOX/Customers). Applies with C(only_replies). Requires the addon C(smtp_server_per_user) "
                "in Odoo. Odoo's label is I(Further Folders)."
            ),
        ),
        Field("active", "active", type="boolean", in_use=True, doc="Whether the server is active. V(false) archives it."),
        Field(
            "confirmed",
            "state",
            type="boolean",
            state="done",
            doc=(
                (
                    "With V(true), Odoo logs in to the mailbox if the server is not confirmed yet or its connection changes. "
                    "If the provider rejects the login, the record is restored and the module fails with the provider's "
                    "message."
                ),
                "Odoo only fetches mail from confirmed servers. V(false) resets the confirmation.",
            ),
        ),
    ),
    extra=(
        Option(
            "previous_login",
            doc=(
                (
                    "The login that the server had before. If a server of this host still has it, the module updates that "
                    "server instead of creating another."
                ),
                (
                    "You can leave it in the list afterwards. The module fails on circular renames, and if both the old and "
                    "the new record exist."
                ),
            ),
        ),
        Option(
            "match_by_login",
            type="bool",
            default=False,
            doc=(
                "With V(true), the login alone identifies the server if no server has both O(config[].host) and "
                "O(config[].login). The module then moves the server with this login to the new host, if Postroom owns "
                "it and no other item of O(config) identifies it. Otherwise, the same login on another host is another "
                "server."
            ),
        ),
        when_connected("confirmed"),
    ),
    checks=(_incoming_is_complete, _oauth_is_encrypted, _client_replaces_password),
    verification=Verification(
        option="confirmed",
        method="button_confirm_login",
        undo="set_draft",
        connection=("type", "host", "port", "ssl", "login", "password", "oauth_client"),
        **connection_by("type"),
    ),
    conflicts=_conflicts,
    observed=TOKEN_FIELDS,
    conflict_fields=("host", "login"),
    # Whether anything is to be fetched, to switch its scheduled action: a millisecond for each changed server (14 and 19) and
    # each new one (14), several times what the rest takes (tests/bench/writing.py). A new server is not confirmed yet.
    bulk_side_effect=BulkSideEffect(options=frozenset(("active", "type")), context={"fetchmail_cron_running": True}),
)
