# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What of a database belongs to an address: user, servers, the templates that send as it. Reads, writes nothing."""

from __future__ import annotations

import re

from ansible_collections.postroom.odoo.plugins.module_utils import resources
from ansible_collections.postroom.odoo.plugins.module_utils.engine import template_expressions
from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import normal
from ansible_collections.postroom.odoo.plugins.module_utils.engine.snapshot import read
from ansible_collections.postroom.odoo.plugins.module_utils.engine.storage import storage_of
from ansible_collections.postroom.odoo.plugins.module_utils.module import CONNECTION, Module, connect
from ansible_collections.postroom.odoo.plugins.module_utils.transport.errors import OdooError

OPTIONS = {"address": {"type": "str", "required": True}, "replacement": {"type": "str"}}
_SENDING = ("email_from", "reply_to")


def users(session, address):
    """The user whose login the address is, else those whose address it is."""
    found = read(session, resources.USERS, ("login", "name", "email", "active"))
    named = [user for user in found if normal(user["login"]) == normal(address)]
    return named or [user for user in found if normal(user["email"]) == normal(address)]


def servers(session, resource, address, options):
    return [server for server in read(session, resource, options) if normal(server["login"]) == normal(address)]


def catchalls(session):
    """The catchall addresses of all alias domains."""
    resource = resources.ALIAS_DOMAINS.in_series(session.major)
    domains = storage_of(resource).read(session, resource, ("name", "catchall"))
    return ["%s@%s" % (domain["catchall"], domain["name"]) for domain in domains if domain["catchall"]]


def templates(session, address, outgoing, replacement=None):
    """The mail templates that send as the address, or through one of its servers, and how they would do without.

    :param outgoing: database ids of the address's outgoing servers.
    :param replacement: the address to use instead; without one, texts stay and the server is left to Odoo.
    """
    resource, found = resources.MAIL_TEMPLATES, []
    mentioned = re.compile(r"(?<![\w.+-])%s(?![\w-]|\.\w)" % re.escape(address), re.IGNORECASE)
    for record in read(session, resource, ("template", "name", "model", "mail_server", *_SENDING)):
        uses = [option for option in _SENDING if mentioned.search(record[option])]
        settings = {}
        for option in uses if replacement else ():
            settings[option] = template_expressions.as_option(mentioned.sub(replacement, record[option]))
        if record["mail_server"] in outgoing:
            uses.append("mail_server")
            settings["mail_server"] = replacement or ""
        if uses:
            name = _name(record)
            found.append({"label": resource.label(name), "uses": uses, "config": dict(name, **settings) if settings else {}})
    return found


def _name(record):
    if record["template"]:
        return {"template": sorted(record["template"])[0]}
    return {"name": record["name"], "model": record["model"]}


def run(new=Module):
    """The whole of the module C(address_info)."""
    module = new(dict(CONNECTION, **OPTIONS), required_one_of=[("password", "api_key")], supports_check_mode=True)
    session = connect(module)
    address = module.params["address"].strip()
    try:
        outgoing = servers(session, resources.OUTGOING_MAIL_SERVERS, address, ("name", "host", "login", "active"))
        incoming = servers(session, resources.INCOMING_MAIL_SERVERS, address, ("name", "host", "login", "active", "confirmed"))
        module.exit_json(
            **session.facts,
            users=_without_ids(users(session, address)),
            outgoing=_without_ids(outgoing),
            incoming=_without_ids(incoming),
            templates=templates(session, address, {server["id"] for server in outgoing}, module.params["replacement"]),
            catchalls=catchalls(session),
        )
    except OdooError as exc:
        module.fail_json(msg=str(exc))


def _without_ids(records):
    return [{option: value for option, value in record.items() if option != "id"} for record in records]
