# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one alias domain of Odoo 14 to 16, which is four system parameters and no record."""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.module_utils.actual import owned, read
from ansible_collections.postroom.odoo.plugins.module_utils.apply import Refused, apply_plan
from ansible_collections.postroom.odoo.plugins.module_utils.plan import DELETE, Wanted, make_plan
from ansible_collections.postroom.odoo.plugins.module_utils.resources import ALIAS_DOMAIN_PARAMETERS, CONFIG_PARAMETERS

# Stands for the database id of a record that has none.
RECORD = 0


def read_alias_domain(session):
    """The alias domain as a list of at most one record; a database without mail.catchall.domain has none."""
    values = {record["key"]: record["value"] for record in read(session, CONFIG_PARAMETERS, ("key", "value"))}
    found = {option: values.get(key, "") for option, key in ALIAS_DOMAIN_PARAMETERS.items()}
    return [dict(found, id=RECORD)] if found["name"] else []


def write_alias_domain(session, plan):
    """Carry out a plan for the alias domain: parameters with a value are set, the others removed."""
    for change in plan.changes:
        values = dict.fromkeys(ALIAS_DOMAIN_PARAMETERS, "") if change.action == DELETE else change.after
        for state, chosen in (("deleted", False), ("merged", True)):
            options = [option for option in values if bool(values[option]) is chosen]
            _write(session, change, {option: values[option] for option in options}, state)


def _write(session, change, values, state):
    keys = [ALIAS_DOMAIN_PARAMETERS[option] for option in values]
    wanted = [
        Wanted(index, {"key": key}, {"key": key, "value": value})
        for index, (key, value) in enumerate(zip(keys, values.values()))
    ]
    actual = read(session, CONFIG_PARAMETERS, ("key", "value"))
    plan = make_plan(CONFIG_PARAMETERS, wanted, actual, owned(session, CONFIG_PARAMETERS.model), state)
    try:
        apply_plan(session, CONFIG_PARAMETERS, plan)
    except Refused as exc:
        options = dict(zip(keys, values))
        raise Refused(
            [(change, options.get(part and part.label), reason) for part, dummy, reason in exc.problems]
        ) from exc
