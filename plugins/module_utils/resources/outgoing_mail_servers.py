# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Outgoing mail servers."""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.module_utils.engine import validators
from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import Field, Resource, Verification, normal
from ansible_collections.postroom.odoo.plugins.module_utils.resources.shared import PREVIOUS_LOGIN, ROUTING_ADDON, USER

# The providers that Odoo logs in to by OAuth, each by an addon of its own.
OAUTH = ("gmail", "outlook")
SECOND_OUTGOING_SERVER = "second_outgoing_server"
EARLIER_OUTGOING_SERVER = "earlier_outgoing_server"

# Odoo's priority for a server made by hand. One that is declared with less is meant to come before them.
PRIORITY_BY_HAND = 10


def _outgoing_port(item):
    """The registered port (RFC 6409, RFC 8314): over RPC Odoo takes 25 whatever the encryption."""
    if item.get("authentication") in OAUTH:
        return 587
    return {"ssl": 465, "ssl_strict": 465, "starttls": 587, "starttls_strict": 587}.get(item.get("encryption"), 25)


def _outgoing_has_an_own_address(item):
    if item.get("from_filter") == "own" and validators.address(item.get("login") or ""):
        yield "from_filter", "own stands for the login, which must then be an e-mail address"


def _oauth_is_encrypted(item):
    """Google and Microsoft accept nothing else, and Odoo refuses to set it up."""
    kind = item.get("authentication")
    if kind in OAUTH:
        if item.get("encryption") not in (None, "starttls"):
            yield "encryption", "authentication %s needs starttls; remove encryption, or set it to that" % kind
        if item.get("password"):
            yield "password", "authentication %s needs none; remove it" % kind
        if item.get("login") == "":
            yield "login", "authentication %s needs the address of the mailbox" % kind


def _conflicts(view):
    """Servers by which mail leaves that ours are for."""
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
    """The addresses and domains as which mail leaves through a server; by its login where no filter says so."""
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


OUTGOING_MAIL_SERVERS = Resource(
    name="outgoing_mail_servers",
    model="ir.mail_server",
    noun="outgoing mail server",
    brought_by={14: "base"},
    identities=(("login",), ("name",)),
    fields=(
        Field("name", "name", check=validators.one_line, default=lambda item: item.get("login")),
        Field("host", "smtp_host", required=True, check=validators.host),
        Field("port", "smtp_port", type="integer", default=_outgoing_port, check=validators.port),
        Field(
            "encryption",
            "smtp_encryption",
            type="selection",
            choices=("none", "starttls", "ssl", "starttls_strict", "ssl_strict"),
            default=lambda item: "starttls" if item.get("authentication") in OAUTH else None,
        ),
        Field(
            "authentication",
            "smtp_authentication",
            type="selection",
            since=15,
            choices=("login", "certificate", "cli", "gmail", "outlook"),
        ),
        Field("login", "smtp_user", check=validators.mail_login),
        Field("password", "smtp_pass", secret=True, check=validators.mail_password),
        Field("ssl_certificate", "smtp_ssl_certificate", type="binary", since=15),
        Field("ssl_private_key", "smtp_ssl_private_key", type="binary", secret=True, since=15),
        Field("from_filter", "from_filter", since=15, addon=ROUTING_ADDON, check=validators.from_filter, own="login"),
        Field("priority", "sequence", type="integer"),
        Field("debug", "smtp_debug", type="boolean"),
        Field("max_email_size", "max_email_size", type="number", since=18),
        Field("owner", "user_id", type="many2one", relation=USER, addon=ROUTING_ADDON),
        Field("active", "active", type="boolean"),
    ),
    extra=dict(PREVIOUS_LOGIN, tested={"type": "bool", "default": False}),
    checks=(_outgoing_has_an_own_address, _oauth_is_encrypted),
    verification=Verification(
        option="tested",
        method="test_smtp_connection",
        connection=("host", "port", "encryption", "authentication", "login", "password", "ssl_certificate", "ssl_private_key"),
        # 14 and 15 speak as the address of whoever presses the button. A strict provider that refuses this address, at
        # any later step of the dialogue, has accepted the login before.
        tolerated=dict.fromkeys((14, 15), r"The server refused the (sender address|test recipient|test connection)"),
    ),
    conflicts=_conflicts,
    conflict_fields=("login", "from_filter", "priority"),
)
