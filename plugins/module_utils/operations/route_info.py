# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a message would leave Odoo, and where its answer would go: Odoo answers, by the routing addon. Nothing is written."""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.module_utils import resources
from ansible_collections.postroom.odoo.plugins.module_utils.engine.snapshot import IDENTIFIERS
from ansible_collections.postroom.odoo.plugins.module_utils.module import CONNECTION, Module, connect
from ansible_collections.postroom.odoo.plugins.module_utils.operations import in_use
from ansible_collections.postroom.odoo.plugins.module_utils.transport.errors import MissingModel, OdooError

OPTIONS = {"email_from": {"type": "str"}, "template": {"type": "str"}, "record": {"type": "str"}}
# Since this version, the addon explains routes.
_FIELD = "route_explanation"
_UNKNOWN = (
    "The server, the sender and where an answer goes cannot be known: database %s does not have the routing addon %s in a "
    "version that explains routes, and Odoo itself offers no way to ask. Known:"
)


def record_of(text):
    """The model and the database ID in C(model,id).

    :raises OdooError: when the text is not in this form.
    """
    model, _comma, number = (text or "").partition(",")
    if not model.strip() or not number.strip().isdigit():
        raise OdooError("record must be a model and a database ID, such as crm.lead,5, not %s." % text)
    return [model.strip(), int(number)]


def template_of(session, given):
    """The database ID of a template, by its external identifier or its name."""
    module, _dot, name = given.partition(".")
    domain = [["model", "=", "mail.template"], ["module", "=", module], ["name", "=", name]]
    found = [row["res_id"] for row in session.call(IDENTIFIERS, "search_read", domain, fields=["res_id"])]
    found = found or [row["id"] for row in session.call("mail.template", "search_read", [["name", "=", given]], fields=["id"])]
    if len(found) != 1:
        problem = "several mail templates named" if found else "no mail template"
        raise OdooError(
            "Database %s has %s %s. Use its external identifier, such as sale.email_template_edi_sale."
            % (session.database, problem, given)
        )
    return found[0]


def known_servers(session):
    """What can be read without the addon."""
    for row in in_use.outgoing_servers(session):
        filters = "not in Odoo %d" % session.major if row["from_filter"] is None else row["from_filter"] or "none"
        yield "outgoing mail server %s, login %s, From Filter: %s" % (row["name"], row["smtp_user"] or "none", filters)


def explain(session, email_from, template, record):
    """What the module returns of a route."""
    arguments = {
        "email_from": email_from or False,
        "template": template_of(session, template) if template else False,
        "record": record_of(record) if record else False,
    }
    if _FIELD not in session.call("ir.mail_server", "fields_get", [_FIELD], attributes=["type"]):
        lines = [_UNKNOWN % (session.database, resources.ROUTING_ADDON), *known_servers(session)]
        return {"known": False, "lines": lines}
    return dict(session.call("ir.mail_server", "explain_route", **arguments), known=True)


def run(new=Module):
    """The whole of the module C(route_info)."""
    module = new(
        dict(CONNECTION, **OPTIONS),
        required_one_of=[("password", "api_key"), ("email_from", "template")],
        supports_check_mode=True,
    )
    options = module.params
    session = connect(module, only_reads=True)
    try:
        found = explain(session, options["email_from"], options["template"], options["record"])
        module.exit_json(**session.facts, **found)
    except MissingModel as exc:
        module.fail_json(msg="%s; it has no mail app. Run site.yml, which installs it." % exc)
    except OdooError as exc:
        module.fail_json(msg=str(exc))
