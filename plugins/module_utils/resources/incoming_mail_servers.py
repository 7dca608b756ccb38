# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Incoming mail servers."""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.module_utils.engine import validators
from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import (
    BulkSideEffect,
    Field,
    Resource,
    Verification,
    normal,
)
from ansible_collections.postroom.odoo.plugins.module_utils.resources.shared import MODEL, PREVIOUS_LOGIN, ROUTING_ADDON

# The providers that Odoo logs in to by OAuth, each by an addon of its own.
OAUTH_HOSTS = {"gmail": "imap.gmail.com", "outlook": "outlook.office365.com"}
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
                yield option, "an IMAP or POP server needs one"


def _oauth_is_encrypted(item):
    """Google and Microsoft accept nothing else, and Odoo refuses to set it up."""
    kind = item.get("type")
    if kind in OAUTH_HOSTS:
        if item.get("ssl") is False:
            yield "ssl", "a server of type %s is reached by TLS only; remove ssl, or set it to true" % kind
        if item.get("host") == "":
            yield "host", "a server of type %s needs one, such as %s" % (kind, OAUTH_HOSTS[kind])


def _conflicts(view):
    """Servers that fetch a mailbox of ours too: each message goes to whichever comes first."""
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
    identities=(("host", "login"), ("name",)),
    fields=(
        Field("name", "name", check=validators.one_line, default=lambda item: item.get("login") or item.get("host")),
        Field("type", "server_type", type="selection", default="imap", choices=("imap", "pop", "local", "gmail", "outlook")),
        Field(
            "host",
            "server",
            check=validators.host,
            default=lambda item: OAUTH_HOSTS.get(item.get("type")),
            required=_has_a_host,
        ),
        Field("port", "port", type="integer", default=_incoming_port, check=validators.port),
        Field("ssl", "is_ssl", type="boolean", default=lambda item: True if item.get("type") in OAUTH_HOSTS else None),
        Field("login", "user", check=validators.mail_login),
        Field("password", "password", secret=True, check=validators.mail_password),
        Field("model", "object_id", type="many2one", relation=MODEL, check=validators.technical_name),
        Field("keep_attachments", "attach", type="boolean"),
        Field("keep_original", "original", type="boolean"),
        Field("priority", "priority", type="integer"),
        Field("only_replies", "only_replies", type="boolean", addon=ROUTING_ADDON),
        Field("active", "active", type="boolean"),
        Field("confirmed", "state", type="boolean", state="done"),
    ),
    extra=dict(PREVIOUS_LOGIN, match_by_login={"type": "bool", "default": False}),
    checks=(_incoming_is_complete, _oauth_is_encrypted),
    verification=Verification(
        option="confirmed",
        method="button_confirm_login",
        undo="set_draft",
        connection=("type", "host", "port", "ssl", "login", "password"),
    ),
    conflicts=_conflicts,
    conflict_fields=("host", "login"),
    # Whether anything is to be fetched, to switch its scheduled action: a millisecond for each changed server (14 and 19) and
    # each new one (14), several times what the rest takes (tests/bench/writing.py). A new server is not confirmed yet.
    bulk_side_effect=BulkSideEffect(options=frozenset(("active", "type")), context={"fetchmail_cron_running": True}),
)
