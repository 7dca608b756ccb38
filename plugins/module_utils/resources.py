# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The declarations: which Odoo field stands behind which option, and what differs between the series 14 to 19.

Seen on real 14.0 and 19.0 servers; what stands for 15 to 18 was read in their source. No other file knows a series.
"""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.postroom.odoo.plugins.module_utils import checks, shadows
from ansible_collections.postroom.odoo.plugins.module_utils.fields import (
    Field,
    Invitation,
    Relation,
    Resource,
    Sweep,
    Verification,
)

COMPANY = Relation("res.company", "company", ("name",))
GROUP = Relation("res.groups", "group", implies="implied_ids")
MAIL_SERVER = Relation("ir.mail_server", "outgoing mail server", ("smtp_user", "name"), managed=True)
MODEL = Relation("ir.model", "model", ("model",))
USER = Relation("res.users", "user", ("login",), managed=True)

# The login that a record had before: it is renamed, not joined by a second.
WAS = {"was": {"type": "str"}}

# The addon of the role routing_addon.
ROUTING_ADDON = "smtp_server_per_user"


# -- system parameters -------------------------------------------------------------------------------------------------


CONFIG_PARAMETERS = Resource(
    model="ir.config_parameter",
    noun="system parameter",
    brought_by={14: "base"},
    identities=(("key",),),
    fields=(
        Field("key", "key"),
        Field("value", "value", required=True),
    ),
    extra={"secret": {"type": "bool", "default": False}},
)


# -- alias domain ------------------------------------------------------------------------------------------------------

# Up to 16 the one alias domain of a database is these system parameters; it is the model mail.alias.domain from 17 on.
ALIAS_DOMAIN_PARAMETERS = {
    "name": "mail.catchall.domain",
    "catchall": "mail.catchall.alias",
    "bounce": "mail.bounce.alias",
    "default_from": "mail.default.from",
}

_ALIAS_DOMAIN_FIELDS = (
    Field("name", "name", check=checks.domain),
    Field("catchall", "catchall_alias", fold=True, check=checks.alias),
    Field("bounce", "bounce_alias", fold=True, check=checks.alias),
    Field("default_from", "default_from", fold=True, check=checks.address_or_alias),
    Field("sequence", "sequence", type="integer", since=17),
    Field("companies", "company_ids", type="many2many", since=17, relation=COMPANY, inverse="alias_domain_id"),
)

ALIAS_DOMAINS = Resource(
    model="mail.alias.domain",
    noun="alias domain",
    brought_by={14: "mail"},
    identities=(("name",),),
    fields=_ALIAS_DOMAIN_FIELDS,
    shadows=shadows.alias_domains,
    telling=("companies",),
)

ALIAS_DOMAIN = Resource(
    model="ir.config_parameter",
    noun="alias domain",
    brought_by={14: "mail"},
    identities=(("name",),),
    fields=_ALIAS_DOMAIN_FIELDS,
    single=True,
)


def alias_domains(major):
    """The alias domains as that series keeps them."""
    return ALIAS_DOMAINS if major >= 17 else ALIAS_DOMAIN


def _part_of_alias_domain(parameter):
    option = next((option for option, key in ALIAS_DOMAIN_PARAMETERS.items() if key == parameter.get("key")), None)
    return option and "option %s of the module alias_domains" % option


def config_parameters(major):
    """The system parameters; up to 16 some of them are the alias domain's."""
    return CONFIG_PARAMETERS if major >= 17 else replace(CONFIG_PARAMETERS, elsewhere=_part_of_alias_domain)


# -- incoming mail servers ---------------------------------------------------------------------------------------------


def _incoming_port(item):
    """The registered port of the protocol (RFC 8314): Odoo's own default over RPC is 0."""
    if item.get("type") == "local":
        return 0
    ssl = item.get("ssl") or item.get("type") in ("gmail", "outlook")
    return {True: {"pop": 995}, False: {"pop": 110}}[bool(ssl)].get(item.get("type"), 993 if ssl else 143)


def _incoming_is_complete(item):
    if item.get("type") in (None, "imap", "pop"):
        for option in ("host", "login"):
            if item.get(option) == "":
                yield option, "an IMAP or POP server needs one"


INCOMING_MAIL_SERVERS = Resource(
    model="fetchmail.server",
    noun="incoming mail server",
    brought_by={14: "fetchmail", 16: "mail"},
    identities=(("host", "login"), ("name",)),
    fields=(
        Field("name", "name", default=lambda item: item.get("login") or item.get("host")),
        Field("type", "server_type", type="selection", default="imap", choices=("imap", "pop", "local", "gmail", "outlook")),
        Field("host", "server", check=checks.host),
        Field("port", "port", type="integer", default=_incoming_port, check=checks.port),
        Field("ssl", "is_ssl", type="boolean"),
        Field("login", "user"),
        Field("password", "password", secret=True),
        Field("model", "object_id", type="many2one", relation=MODEL, check=checks.technical_name),
        Field("keep_attachments", "attach", type="boolean"),
        Field("keep_original", "original", type="boolean"),
        Field("priority", "priority", type="integer"),
        Field("only_replies", "only_replies", type="boolean", addon=ROUTING_ADDON),
        Field("active", "active", type="boolean"),
        Field("confirmed", "state", type="boolean", state="done"),
    ),
    extra=dict(WAS, moves={"type": "bool", "default": False}),
    checks=(_incoming_is_complete,),
    verification=Verification(
        option="confirmed",
        method="button_confirm_login",
        undo="set_draft",
        connection=("type", "host", "port", "ssl", "login", "password"),
    ),
    shadows=shadows.incoming_servers,
    telling=("host", "login"),
    # Whether anything is to be fetched, to switch its scheduled action: a millisecond for each changed server (14 and 19) and
    # each new one (14), several times what the rest takes (tests/bench/writing.py). A new server is not confirmed yet.
    sweep=Sweep(options=frozenset(("active", "type")), context={"fetchmail_cron_running": True}),
)


# -- outgoing mail servers ---------------------------------------------------------------------------------------------


def _outgoing_port(item):
    """The registered port (RFC 6409, RFC 8314): over RPC Odoo takes 25 whatever the encryption."""
    return {"ssl": 465, "ssl_strict": 465, "starttls": 587, "starttls_strict": 587}.get(item.get("encryption"), 25)


def _outgoing_has_an_own_address(item):
    if item.get("from_filter") == "own" and checks.address(item.get("login") or ""):
        yield "from_filter", "own stands for the login, which must then be an e-mail address"


OUTGOING_MAIL_SERVERS = Resource(
    model="ir.mail_server",
    noun="outgoing mail server",
    brought_by={14: "base"},
    identities=(("login",), ("name",)),
    fields=(
        Field("name", "name", default=lambda item: item.get("login")),
        Field("host", "smtp_host", required=True, check=checks.host),
        Field("port", "smtp_port", type="integer", default=_outgoing_port, check=checks.port),
        Field(
            "encryption",
            "smtp_encryption",
            type="selection",
            choices=("none", "starttls", "ssl", "starttls_strict", "ssl_strict"),
        ),
        Field(
            "authentication",
            "smtp_authentication",
            type="selection",
            since=15,
            choices=("login", "certificate", "cli", "gmail", "outlook"),
        ),
        Field("login", "smtp_user"),
        Field("password", "smtp_pass", secret=True),
        Field("ssl_certificate", "smtp_ssl_certificate", type="binary", since=15),
        Field("ssl_private_key", "smtp_ssl_private_key", type="binary", secret=True, since=15),
        Field("from_filter", "from_filter", since=15, addon=ROUTING_ADDON, check=checks.from_filter, own="login"),
        Field("priority", "sequence", type="integer"),
        Field("debug", "smtp_debug", type="boolean"),
        Field("max_email_size", "max_email_size", type="number", since=18),
        Field("owner", "user_id", type="many2one", relation=USER, addon=ROUTING_ADDON),
        Field("active", "active", type="boolean"),
    ),
    extra=dict(WAS, tested={"type": "bool", "default": False}),
    checks=(_outgoing_has_an_own_address,),
    verification=Verification(
        option="tested",
        method="test_smtp_connection",
        connection=("host", "port", "encryption", "authentication", "login", "password", "ssl_certificate", "ssl_private_key"),
        # 14 and 15 speak as the address of whoever presses the button. A strict provider that refuses this address, at
        # any later step of the dialogue, has accepted the login before.
        tolerated=dict.fromkeys((14, 15), r"The server refused the (sender address|test recipient|test connection)"),
    ),
    shadows=shadows.outgoing_servers,
    telling=("login", "from_filter", "priority"),
)


# -- users -------------------------------------------------------------------------------------------------------------


def _user_company_is_allowed(item):
    if item.get("company") and item.get("companies") and item["company"] not in item["companies"]:
        yield "companies", "must contain company (%s)" % item["company"]


def _is_no_internal_user(item):
    """Portal and public users must not get the groups that Odoo gives a new, internal, user."""
    return not {"base.group_portal", "base.group_public"}.isdisjoint(item["groups"])


USERS = Resource(
    model="res.users",
    noun="user",
    brought_by={14: "base"},
    identities=(("login",),),
    removal="archive",
    fields=(
        Field("login", "login", announced=True),
        Field("name", "name", required=True),
        Field("email", "email", check=checks.address),
        # 0.3 s each on 19, which hashes a password in 600,000 rounds.
        Field("password", "password", secret=True, write_only=True, rows=20),
        Field(
            "groups",
            {14: "groups_id", 19: "group_ids"},
            type="many2many",
            relation=GROUP,
            additive=True,
            starts_empty=_is_no_internal_user,
            check=checks.external_id,
        ),
        Field("company", "company_id", type="many2one", relation=COMPANY),
        Field(
            "companies",
            "company_ids",
            type="many2many",
            relation=COMPANY,
            default=lambda item: [item["company"]] if item.get("company") else None,
        ),
        Field("language", "lang", type="selection"),
        Field("timezone", "tz", type="selection"),
        Field("notification_type", "notification_type", type="selection", choices=("email", "inbox"), addon="mail"),
        # Odoo does not create an archived user: their contact would be archived first.
        Field("active", "active", type="boolean", after_creation=True),
    ),
    extra={
        **WAS,
        "update_password": {"type": "str", "choices": ["on_create", "always"], "default": "on_create", "no_log": False},
        "invite": {"type": "bool", "default": False},
    },
    checks=(_user_company_is_allowed,),
    companion=Field("partner", "partner_id", type="many2one", relation=Relation("res.partner", "contact")),
    invitation=Invitation(option="invite", method="action_reset_password", context={"create_user": True}),
    everything=(("active", "=", True), ("share", "=", False)),
    shadows=shadows.users,
    telling=("email",),
    # 14 ms each.
    rows=200,
)


# -- mail templates ----------------------------------------------------------------------------------------------------


def _template_is_named_one_way(item):
    if item.get("template") and (item.get("name") or item.get("model")):
        yield "template", "names the template already; leave out name and model"


MAIL_TEMPLATES = Resource(
    model="mail.template",
    noun="mail template",
    brought_by={14: "mail"},
    identities=(("template",), ("model", "name")),
    creates=False,
    removal="reset",
    checks=(_template_is_named_one_way,),
    fields=(
        Field("template", type="external_id", check=checks.external_id),
        Field("name", "name"),
        Field("model", "model", check=checks.technical_name),
        Field("email_from", "email_from", type="expression", check=checks.header_addresses),
        Field("reply_to", "reply_to", type="expression", check=checks.header_addresses),
        Field("mail_server", "mail_server_id", type="many2one", relation=MAIL_SERVER),
    ),
)


# -- by module ---------------------------------------------------------------------------------------------------------

# Each resource under the name of the module that manages it.
BY_MODULE = {
    "alias_domains": ALIAS_DOMAINS,
    "config_parameters": CONFIG_PARAMETERS,
    "incoming_mail_servers": INCOMING_MAIL_SERVERS,
    "outgoing_mail_servers": OUTGOING_MAIL_SERVERS,
    "mail_templates": MAIL_TEMPLATES,
    "users": USERS,
}
