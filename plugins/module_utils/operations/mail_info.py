# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a database says of its mail: scheduled actions, queue, servers, users, aliases. Reads, writes nothing."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from ansible_collections.postroom.odoo.plugins.module_utils import resources
from ansible_collections.postroom.odoo.plugins.module_utils.engine.snapshot import IDENTIFIERS
from ansible_collections.postroom.odoo.plugins.module_utils.engine.storage import storage_of
from ansible_collections.postroom.odoo.plugins.module_utils.module import CONNECTION, Module, connect
from ansible_collections.postroom.odoo.plugins.module_utils.operations import in_use
from ansible_collections.postroom.odoo.plugins.module_utils.transport.errors import MissingModel, OdooError

OPTIONS = {"days": {"type": "int", "default": 7}, "waiting_minutes": {"type": "int", "default": 120}}
# How many failed mails are read for their reasons, the newest first.
MOST_FAILED = 2000
DATE = "%Y-%m-%d %H:%M:%S"

_SEND, _FETCH = "ir_cron_mail_scheduler_action", "ir_cron_mail_gateway_action"
_ACTIONS = {("mail", _SEND): "send", ("mail", _FETCH): "fetch", ("fetchmail", _FETCH): "fetch"}


def scheduled_actions(session):
    """The scheduled actions that send and fetch mail, each with its purpose."""
    names = session.call(
        IDENTIFIERS,
        "search_read",
        [["model", "=", "ir.cron"], "|", ["name", "in", [_SEND, _FETCH]], ["module", "=", resources.ROUTING_ADDON]],
        fields=["module", "name", "res_id"],
    )
    purposes = {
        row["res_id"]: _ACTIONS.get((row["module"], row["name"]), "fetch")
        for row in names
        if (row["module"], row["name"]) in _ACTIONS or row["module"] == resources.ROUTING_ADDON
    }
    wanted = ["cron_name", "active", "interval_number", "interval_type", "nextcall", "lastcall", "failure_count"]
    rows = in_use.read(session, "ir.cron", [["id", "in", sorted(purposes)]], wanted)
    return [dict(row, purpose=purposes[row["id"]]) for row in rows]


def queue(session, now, days, waiting_minutes):
    """Mails that wait for too long, and those that failed in the last days, with the reason of each."""
    before = (now - timedelta(minutes=waiting_minutes)).strftime(DATE)
    domain = [["state", "=", "outgoing"], ["create_date", "<", before]]
    # What somebody has scheduled for later does not wait.
    due = [*domain, "|", ["scheduled_date", "=", False], ["scheduled_date", "<", before]]
    oldest = session.call("mail.mail", "search_read", due, fields=["create_date"], order="create_date, id", limit=1)
    since = (now - timedelta(days=days)).strftime(DATE)
    failed = session.call(
        "mail.mail",
        "search_read",
        [["state", "=", "exception"], ["write_date", ">=", since]],
        fields=["failure_reason", "write_date"],
        order="id desc",
        limit=MOST_FAILED,
    )
    return {
        "waiting": session.call("mail.mail", "search_count", due),
        "oldest": oldest[0]["create_date"] if oldest else None,
        "failed": [{"reason": row["failure_reason"] or "", "date": row["write_date"]} for row in failed],
    }


def only(rows, *wanted):
    """The rows with these fields and their database IDs."""
    return [{name: row[name] for name in ("id", *wanted)} for row in rows]


def aliases(session):
    """The addresses of aliases, and those of catchall and bounce."""
    resource = resources.ALIAS_DOMAINS.in_series(session.major)
    domains = storage_of(resource).read(session, resource, ("name", "catchall", "bounce"))
    own = {domain["id"]: domain["name"] for domain in domains}
    rows = in_use.read(
        session, "mail.alias", [["alias_name", "!=", False]], ["alias_name", "alias_domain_id", "alias_model_id"]
    )
    found = []
    for row in rows:
        # Up to 16 there is one domain for all.
        names = [own.get(row["alias_domain_id"][0])] if row.get("alias_domain_id") else list(own.values())
        model = row["alias_model_id"][1] if row["alias_model_id"] else ""
        found.extend({"address": "%s@%s" % (row["alias_name"], name), "model": model} for name in names if name)
    special = {
        "%s@%s" % (domain[kind], domain["name"]): kind
        for domain in domains
        for kind in ("catchall", "bounce")
        if domain[kind] and domain["name"]
    }
    return {"addresses": found, "special": special}


def base_url(session):
    rows = session.call("ir.config_parameter", "search_read", [["key", "=", "web.base.url"]], fields=["value"])
    return rows[0]["value"] if rows else None


def run(new=Module):
    """The whole of the module C(mail_info)."""
    module = new(dict(CONNECTION, **OPTIONS), required_one_of=[("password", "api_key")], supports_check_mode=True)
    session = connect(module, only_reads=True)
    answer = dict(session.facts, url=session.url, database=session.database)
    try:
        # The default of a date is Odoo's own time.
        text = session.call("ir.cron", "default_get", ["nextcall"])["nextcall"]
        mark = session.neutralized_by()
        here, now = datetime.now(timezone.utc).replace(tzinfo=None), datetime.strptime(text, DATE)
        answer.update(
            now=text,
            clock_offset=(now - here).total_seconds(),
            base_url=base_url(session),
            neutralized=bool(mark),
            neutralized_by=mark,
        )
        try:
            answer.update(
                mail=True,
                scheduled_actions=scheduled_actions(session),
                queue=queue(session, now, module.params["days"], module.params["waiting_minutes"]),
                incoming_servers=in_use.incoming_servers(session),
                outgoing_servers=only(in_use.outgoing_servers(session), "name", "smtp_user", "from_filter"),
                users=only(in_use.internal_users(session), "login", "email"),
                aliases=aliases(session),
            )
        except MissingModel:
            answer.update(mail=False)
        module.exit_json(**answer)
    except OdooError as exc:
        module.fail_json(msg=str(exc))
