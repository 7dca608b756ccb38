# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one alias domain of Odoo 14 to 16, which is four system parameters and no record."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.postroom.odoo.plugins.module_utils.engine.executor import WriteRejected, apply_plan
from ansible_collections.postroom.odoo.plugins.module_utils.engine.planner import CREATE, DELETE, Plan, Wanted, make_plan
from ansible_collections.postroom.odoo.plugins.module_utils.engine.snapshot import NAMESPACE, owned, read
from ansible_collections.postroom.odoo.plugins.module_utils.resources import ALIAS_DOMAIN_PARAMETERS, CONFIG_PARAMETERS
from ansible_collections.postroom.odoo.plugins.module_utils.transport.errors import own_words

# Stands for the database id of a record that has none.
RECORD = 0


def read_alias_domain(session):
    """The alias domain as a list of at most one record; a database without mail.catchall.domain has none."""
    values = {record["key"]: record["value"] for record in read(session, CONFIG_PARAMETERS, ("key", "value"))}
    found = {option: values.get(key, "") for option, key in ALIAS_DOMAIN_PARAMETERS.items()}
    return [dict(found, id=RECORD)] if found["name"] else []


def owned_alias_domain(session):
    """Whether Postroom owns the alias domain, and which of its parameters lack the mark all the same.

    It owns the domain when it owns the parameter that names it. Others can lack the mark where a run was interrupted.

    :returns: C(({record: name in the namespace}, {record: options})).
    """
    names = owned(session, CONFIG_PARAMETERS.model)
    keys = list(ALIAS_DOMAIN_PARAMETERS.values())
    found = {record["key"]: record["id"] for record in read(session, CONFIG_PARAMETERS, ("key",), [("key", "in", keys)])}
    owner = names.get(found.get(ALIAS_DOMAIN_PARAMETERS["name"]))
    if not owner:
        return {}, {}
    unmarked = {option for option, key in ALIAS_DOMAIN_PARAMETERS.items() if key in found and found[key] not in names}
    return {RECORD: owner}, {RECORD: unmarked}


def write_alias_domain(session, plan):
    """Carry out a plan for the alias domain: parameters with a value are set, the others removed."""
    for change in plan.changes:
        values = dict.fromkeys(ALIAS_DOMAIN_PARAMETERS, "") if change.action == DELETE else dict(change.after)
        if change.adopt:
            for option in ALIAS_DOMAIN_PARAMETERS:
                if change.item.get(option) and change.current[option]:
                    values.setdefault(option, change.current[option])
        present = {record["key"]: record["value"] for record in read(session, CONFIG_PARAMETERS, ("key", "value"))}
        shared = _shared(values, {option: present.get(key) for option, key in ALIAS_DOMAIN_PARAMETERS.items()})
        plain = [option for option, value in values.items() if value and option not in shared]
        _write(session, change, {option: "" for option, value in values.items() if not value}, "deleted")
        _write(session, change, {option: values[option] for option in plain})
        _write(session, change, {option: values[option] for option in shared}, write=_set_past_the_check)


def _shared(values, present):
    """The aliases among the values that are, or just were, the other one's too."""
    catchall, bounce = values.get("catchall"), values.get("bounce")
    shared = []
    if catchall and catchall != present["catchall"] and catchall == present["bounce"]:
        shared.append("catchall")
    if bounce and bounce != present["bounce"] and bounce in (present["catchall"], catchall):
        shared.append("bounce")
    return shared


def _write(session, change, values, state="merged", write=None):
    options = {ALIAS_DOMAIN_PARAMETERS[option]: option for option in values}
    wanted = [
        Wanted(index, {"key": key}, {"key": key, "value": values[option]})
        for index, (key, option) in enumerate(options.items())
    ]
    actual = read(session, CONFIG_PARAMETERS, ("key", "value"))
    plan = make_plan(CONFIG_PARAMETERS, wanted, actual, owned(session, CONFIG_PARAMETERS.model), state)
    try:
        if write:
            write(session, plan)
        else:
            apply_plan(session, CONFIG_PARAMETERS, plan)
    except WriteRejected as exc:
        raise WriteRejected(
            [(change, options.get(part and part.label), reason) for part, dummy, reason in exc.problems]
        ) from exc


def _set_past_the_check(session, plan):
    """Set aliases that are catchall and bounce at once, or change places.

    Odoo up to 16 refuses a value that either parameter has, though it sends and routes well with one name for both. It
    looks only while the parameter has its own key: so the record, in one transaction, takes another key, and then its own
    key back together with the value. That other aliases do not have the name was checked when the first of the two got it.
    """
    apply_plan(session, CONFIG_PARAMETERS, Plan([replace(change, after={}) for change in plan.changes if change.adopt]))
    for change in plan.changes:
        if "value" not in change.after:
            continue
        creates = change.action == CREATE
        identifier = "%s.%s" % (NAMESPACE, change.name) if creates else str(change.record)
        value = change.after["value"]
        rows = [
            [identifier, change.label + ".postroom", change.before.get("value", value)],
            [identifier, change.label, value],
        ]
        answer = session.call(CONFIG_PARAMETERS.model, "load", ["id" if creates else ".id", "key", "value"], rows)
        if not answer["ids"]:
            raise WriteRejected([(change, None, own_words(message["message"])) for message in answer["messages"]])
