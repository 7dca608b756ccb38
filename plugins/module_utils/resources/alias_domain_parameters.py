# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The storage of the alias domain of Odoo 14 to 16, which is four system parameters and no record."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.postroom.odoo.plugins.module_utils.engine import snapshot
from ansible_collections.postroom.odoo.plugins.module_utils.engine.desired import listed
from ansible_collections.postroom.odoo.plugins.module_utils.engine.executor import (
    FAILURES,
    WriteRejected,
    apply_plan,
    load,
    with_words,
)
from ansible_collections.postroom.odoo.plugins.module_utils.engine.planner import CREATE, DELETE, Plan, Wanted, make_plan
from ansible_collections.postroom.odoo.plugins.module_utils.engine.snapshot import NAMESPACE, Ownership, owned, read
from ansible_collections.postroom.odoo.plugins.module_utils.resources.config_parameters import CONFIG_PARAMETERS

# Stands for the database id of a record that has none.
RECORD = 0


class Parameters:
    """A database has at most one alias domain, whatever its name. It exists when mail.catchall.domain does.

    :param keys: C({option: key of the system parameter}).
    """

    def __init__(self, keys):
        self.keys = keys

    def available_fields(self, session, resource):
        """All of the series' fields, once the addon mail is installed.

        Parameters can be set without the addon that heeds them, and its installation then stumbles over them.
        """
        session.call("mail.alias", "fields_get", ["id"], attributes=["type"])
        return {each.column: {} for each in resource.fields if each.since <= session.major}

    def read(self, session, resource, options, domain=(), names=None):
        values = {record["key"]: record["value"] for record in read(session, CONFIG_PARAMETERS, ("key", "value"))}
        found = {option: values.get(key, "") for option, key in self.keys.items()}
        return [dict(found, id=RECORD)] if found["name"] else []

    def owned(self, session, resource):
        """Postroom owns the domain when it owns the parameter that names it. Others lack the mark after an interruption."""
        parameters = snapshot.ownership(session, CONFIG_PARAMETERS.model)
        names, turns = parameters.names, parameters.turns
        domain = [("key", "in", list(self.keys.values()))]
        found = {record["key"]: record["id"] for record in read(session, CONFIG_PARAMETERS, ("key",), domain)}
        owner = names.get(found.get(self.keys["name"]))
        if not owner:
            return Ownership(turns=turns)
        unmarked = {option for option, key in self.keys.items() if key in found and found[key] not in names}
        return Ownership({RECORD: owner}, unmarked={RECORD: unmarked}, turns=turns)

    def write(self, session, resource, plan, ownership, report_progress):
        """Parameters with a value are set, the others removed, in as many lists, of which each is put back by itself."""
        written = []
        try:
            self._write_all(session, plan, written)
        except FAILURES as exc:
            if not written:
                raise
            words = "Of the alias domain, %s have been written and are kept. Run again to write the rest." % listed(written)
            raise with_words(exc, words) from exc
        return []

    def _write_all(self, session, plan, written):
        for change in plan.changes:
            values = dict.fromkeys(self.keys, "") if change.action == DELETE else dict(change.after)
            if change.adopt:
                for option in self.keys:
                    if change.item.get(option) and change.current[option]:
                        values.setdefault(option, change.current[option])
            present = {record["key"]: record["value"] for record in read(session, CONFIG_PARAMETERS, ("key", "value"))}
            if change.action == CREATE and present.get(self.keys["name"]):
                reason = "was created by another run in the meantime; run again"
                raise WriteRejected([(change, None, reason)], left_nothing=True)
            shared = _shared(values, {option: present.get(key) for option, key in self.keys.items()})
            plain = [option for option, value in values.items() if value and option not in shared]
            lists = (
                ([option for option, value in values.items() if not value], {"state": "deleted"}),
                (plain, {}),
                (shared, {"write": _set_past_the_check}),
            )
            for options, how in lists:
                self._write(session, change, {option: values[option] for option in options}, **how)
                written.extend(options)

    def default_values(self, session, resource, offer):
        return {}

    def untouched(self, session, resource):
        return set()

    def _write(self, session, change, values, state="merged", write=None):
        options = {self.keys[option]: option for option in values}
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
            problems = [(change, options.get(part and part.label), reason) for part, dummy, reason in exc.problems]
            raise WriteRejected(problems, exc.left_nothing) from exc


def _shared(values, present):
    """The aliases among the values that are, or just were, the other one's too."""
    catchall, bounce = values.get("catchall"), values.get("bounce")
    shared = []
    if catchall and catchall != present["catchall"] and catchall == present["bounce"]:
        shared.append("catchall")
    if bounce and bounce != present["bounce"] and bounce in (present["catchall"], catchall):
        shared.append("bounce")
    return shared


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
        headers = ["id" if creates else ".id", "key", "value"]
        load(session, CONFIG_PARAMETERS.model, headers, rows, lambda dummy, change=change: (change, None))
