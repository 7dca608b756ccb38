# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records as complete items, including secrets, for an export.

Every item is put to the proof: the engine, given it, must find this record, and nothing to do. What does not pass is left
out, with the reason.
"""

from __future__ import annotations

import base64

from ansible_collections.postroom.odoo.plugins.module_utils.engine import template_expressions
from ansible_collections.postroom.odoo.plugins.module_utils.engine.desired import BadItems, check_items, want_items
from ansible_collections.postroom.odoo.plugins.module_utils.engine.planner import UPDATE, PlanError, make_plan
from ansible_collections.postroom.odoo.plugins.module_utils.engine.storage import storage_of


def export_items(resource, names, session, offer, records, items=()):
    """The records as C([{item, defaults, left_out, reason}]); of the items' records, or of all when there are none.

    C(item): every option, empty ones too. C(defaults): the options whose value a new record has unless told otherwise.
    C(left_out): C([{option, reason}]) for options that an item cannot say. C(reason): why there can be no item. C(customized):
    whether somebody has made or changed the record, or an addon brought it so.
    """
    keys = {resource.key(item) for item in items}
    chosen = [record for record in records if not keys or not keys.isdisjoint(resource.keys(record))]
    described = [_Described(resource, names, session.major, record) for record in chosen]
    proof = _Proof(resource, names, session.major, offer, records)
    while proof.finds_fault([each for each in described if not each.reason]):
        pass
    storage = storage_of(resource)
    standard = storage.default_values(session, resource, offer) if resource.creates else {}
    untouched = storage.untouched(session, resource)
    return [dict(each.told(standard), customized=each.record["id"] not in untouched) for each in described]


class _Described:
    def __init__(self, resource, names, major, record):
        self.resource = resource
        self.names = names
        self.major = major
        self.record = record
        self.left_out = []
        self.reason = None
        self.item = {}
        for field in resource.fields:
            if field.option in record and not field.write_only:
                self._say(field, record[field.option])
        self.item = resource.without_other_identities(self.item)

    def _say(self, field, value):
        said, unsaid = option_value(field, self.names, value, self.major)
        self.left_out.extend((field.option, reason) for reason in unsaid)
        if said is not None:
            self.item[field.option] = said

    def leave_out(self, option, reason):
        """Without the option, or without the item where no option is to blame."""
        if option in self.item:
            self.left_out.append((option, reason))
            del self.item[option]
        else:
            self.reason = reason

    def told(self, standard):
        defaults = []
        for field in self.resource.fields:
            default = field.default(self.item) if callable(field.default) else field.default
            value = standard.get(field.option) if default is None else self._as_compared(field, default)
            if field.option in self.record and self.record[field.option] == value:
                defaults.append(field.option)
        return {
            "item": self.item,
            "label": self.resource.title(self.record),
            "defaults": defaults,
            "left_out": [{"option": option, "reason": reason} for option, reason in self.left_out if option not in defaults],
            "reason": self.reason,
        }

    def _as_compared(self, field, default):
        if field.type == "many2many":
            return frozenset(self.names.find(field.relation, each) for each in default)
        return default


class _Proof:
    """What the engine makes of the items, given to it as a list."""

    def __init__(self, resource, names, major, offer, records):
        self.resource = resource
        self.names = names
        self.major = major
        self.offer = offer
        self.records = records
        self.index = {}
        for record in records:
            for key in resource.keys(record):
                self.index.setdefault(key, []).append(record)

    def finds_fault(self, described):
        """Leave out what the engine refuses, or would write; whether there was any."""
        for each in described:
            self._check_identity(each)
        described = [each for each in described if not each.reason]
        items = [each.item for each in described]
        try:
            check_items(self.resource, items)
            wanted = want_items(self.resource, items, self.major, self.offer, self.names)
            # As if all were owned: taking a record over is no difference between it and the item.
            plan = make_plan(self.resource, wanted, self.records, {each["id"]: "" for each in self.records}, "merged")
        except (BadItems, PlanError) as exc:
            for index, option, reason in exc.problems:
                described[index].leave_out(option, reason)
            return True
        for change in plan.changes:
            for option in list(change.after) if change.action == UPDATE else [None]:
                described[change.index].leave_out(option, "Postroom would write it in a different form")
        return bool(plan.changes)

    def _check_identity(self, described):
        found = self.index.get(self.resource.key(described.item), [])
        if described.record in found and len(found) > 1 and self.resource.are_told_apart(found):
            return
        found = [record for record in found if self.resource.in_use(record)] or found
        if found and (len(found) > 1 or found[0] is not described.record):
            ids = sorted({record["id"] for record in found} | {described.record["id"]})
            described.reason = "several records have this name or login, IDs %s; archive or rename all but one" % " and ".join(
                str(each) for each in ids
            )


def option_value(field, names, value, major):
    """A value in the form of an inventory, even if empty, and what cannot be expressed: C((value or None, reasons))."""
    if field.type == "many2many":
        said = {each: _name(field, names, each) for each in sorted(value)}
        reasons = ["the %s with ID %d has no identifying name" % (field.relation.noun, each) for each in said if not said[each]]
        named = [each for each, name in said.items() if name]
        implied = names.implied(field.relation, named) if field.relation.implies else ()
        return sorted(said[each] for each in named if each not in implied), reasons
    if field.type == "many2one":
        name = _name(field, names, value) if value else ""
        return name, [] if name is not None else ["the %s with ID %d has no identifying name" % (field.relation.noun, value)]
    if field.type == "external_id":
        return (sorted(value)[0] if value else ""), []
    if field.type == "expression":
        return template_expressions.as_option(value), []
    if field.type == "binary":
        try:
            text = base64.b64decode(value).decode()
        except ValueError:
            text = None
        same = text is not None and field.from_item(text, major) == value
        return (text, []) if same else (None, ["it is not in PEM format"])
    if field.choices and value and value not in field.choices:
        return None, ["Postroom does not support the value %r" % value]
    return value, []


def _name(field, names, record):
    """The name by which an item finds that record; None where it would find none, several or another."""
    name = names.name(field.relation, record)
    try:
        return name if names.find(field.relation, name) == record else None
    except LookupError:
        return None
