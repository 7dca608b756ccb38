# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From what is wanted and what is there to what is to be done. Pure: no I/O, so that check mode and the run agree."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from ansible_collections.postroom.odoo.plugins.module_utils.engine.computed import Computed
from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import normal

CREATE, UPDATE, DELETE = "create", "update", "delete"
NOTHING_COMPUTED = Computed()


class PlanError(Exception):
    """The list and the database do not fit together. Carries every reason at once, as C((item, option, reason))."""

    def __init__(self, problems):
        super().__init__("; ".join(reason for dummy, dummy, reason in problems))
        self.problems = problems


@dataclass
class Wanted:
    """One item of the list.

    :param index: its place in the list, from 0.
    :param item: the options that were given.
    :param values: the same, as values are compared.
    :param defaults: what a new record gets besides.
    :param mistakes: C({option: reason}) for values that must not be written, though a record may have them.
    """

    index: int
    item: dict
    values: dict
    defaults: dict = field(default_factory=dict)
    mistakes: dict = field(default_factory=dict)


@dataclass
class Change:
    """What is to be done to one record.

    :param name: its external identifier in Postroom's namespace.
    :param current: the record as it is, before the change.
    :param adopt: the record is there, but not owned yet.
    :param verify: its connection is to be tried out afterwards.
    :param waits: its connection cannot be tried out before a person has connected it.
    :param refusal: why its connection was refused although a person has connected it.
    """

    action: str
    label: str
    name: str
    index: int | None = None
    item: dict = field(default_factory=dict)
    record: int | None = None
    before: dict = field(default_factory=dict)
    after: dict = field(default_factory=dict)
    current: dict = field(default_factory=dict)
    adopt: bool = False
    verify: bool = False
    waits: bool = False
    refusal: str = ""


@dataclass
class Plan:
    """All changes, in the list's order, and how many items need none.

    :param unproven: items that need no change and whose connection an earlier, interrupted run wrote and did not try. Each is a
        Change that changes nothing.
    :param to_connect: the items whose record a person has to connect, each a Change, which may change nothing.
    :param to_note: those of them that need no change, and of which no earlier run noted that their connection is to be tried.
    :param named: C({record id: place of its item in the list}) of the records that the list means.
    :param computed: options whose field is computed: what is written to them is to be read back.
    :param left_alone: C([(record's label, option)]) of what differs and is computed, so that Odoo does not take it.
    """

    changes: list = field(default_factory=list)
    unchanged: int = 0
    unproven: list = field(default_factory=list)
    to_connect: list = field(default_factory=list)
    to_note: list = field(default_factory=list)
    named: dict = field(default_factory=dict)
    computed: frozenset = frozenset()
    left_alone: list = field(default_factory=list)

    def of(self, action):
        return [change for change in self.changes if change.action == action]

    def leave_alone(self, change, options):
        """Take the part of a change back that Odoo did not make."""
        for option in options:
            change.before.pop(option, None)
            del change.after[option]
        # A default of ours is not asked for.
        self.left_alone.extend((change.label, option) for option in options if option in change.item)
        self._forget_if_empty(change)

    def leave_to_connect(self, change, option, refusal):
        """Note a record whose connection was refused, and which a person has to connect again."""
        change.refusal = refusal
        change.before.pop(option, None)
        change.after.pop(option, None)
        self.to_connect.append(change)
        self._forget_if_empty(change)

    def _forget_if_empty(self, change):
        if change.action == UPDATE and not (change.after or change.adopt) and any(each is change for each in self.changes):
            self.changes = [each for each in self.changes if each is not change]
            self.unchanged += 1


def make_plan(
    resource,
    wanted,
    actual,
    owned,
    state,
    max_deletions=0,
    protected=(),
    adopt=True,
    unmarked=None,
    unproven=(),
    computed=NOTHING_COMPUTED,
):
    """Compare and decide.

    :param wanted: list of Wanted.
    :param actual: records as C(snapshot.read) gives them.
    :param owned: C({record id: external name}) of the records that Postroom owns.
    :param protected: ids that must not be removed.
    :param adopt: whether records that are there and not owned are taken over.
    :param unproven: ids of records whose connection was written and not tried yet.
    :param unmarked: C({record id: options}) of owned records of which parts lack Postroom's mark.
    :param computed: a Computed: the options that an addon computes.
    :raises PlanError: items that match several records, or none where none can be created; too many deletions.
    """
    planner = _Planner(resource, wanted, actual, owned, protected, adopt, unmarked or {}, unproven, computed)
    planner.tell_apart(wanted)
    for each in wanted:
        planner.take(each, removing=state == "deleted")
    if state == "overridden":
        planner.remove_unnamed(max_deletions)
    if planner.problems:
        raise PlanError(planner.problems)
    return planner.plan


class _Planner:
    def __init__(self, resource, wanted, actual, owned, protected, adopt, unmarked, unproven, computed):
        self.resource = resource
        self.listed = {resource.key(each.item) for each in wanted}
        self.actual = actual
        self.owned = owned
        self.protected = protected
        self.unmarked = unmarked
        self.unproven = unproven
        self.adopts = adopt and resource.creates and resource.adopts
        self.names = set(owned.values())
        self.computed = computed
        self.plan = Plan(computed=computed.options)
        self.claimed = self.plan.named
        self.problems = []
        # By natural key; owned records by what a rename changes; manually created records that lack their identity.
        self.apart = {}
        self.index, self.owned_by_name, self.blank = {}, {}, {}
        for record in actual:
            for key in resource.keys(record):
                self.index.setdefault(key, []).append(record)
            name = record["id"] in owned and resource.rename and record.get(resource.rename.of)
            if name:
                self.owned_by_name.setdefault(normal(name), []).append(record)
            if resource.blank and not record[resource.blank.empty] and record["id"] not in owned:
                self.blank.setdefault(self._common(record), []).append(record)

    def tell_apart(self, wanted):
        """Give each item of several of the same key its own of the records."""
        alike = {}
        for each in wanted:
            alike.setdefault(self.resource.key(each.item), []).append(each)
        for key, items in alike.items():
            if len(items) > 1:
                records = self.index.get(key, [])
                self.apart.update((each.index, []) for each in items)
                for options in self.resource.told_apart_by:
                    for each in items:
                        found = self.apart[each.index] or _alike(each.values, options, records)
                        self.apart[each.index] = found
                        records = [record for record in records if record not in found]

    def take(self, wanted, removing):
        record, problem = self._match(wanted, removing)
        if problem is None and record is not None and self.claimed.setdefault(record["id"], wanted.index) != wanted.index:
            problem = "identifies the same %s as item %d; remove one" % (self.resource.noun, self.claimed[record["id"]])
        if problem is None and record is None and not (removing or self.resource.creates):
            problem = "this database has no such %s; check the name, and that the addon that provides it is installed" % (
                self.resource.noun
            )
        if problem:
            self.problems.append((wanted.index, None, problem))
        elif removing:
            self._remove(record, wanted)
        elif record is None:
            self._create(wanted)
        else:
            self._update(record, wanted)

    def _match(self, wanted, removing):
        """The record that an item means, or why that cannot be said."""
        record, problem = self._identified(wanted, removing)
        if problem or removing:
            return record, problem
        former, problem = self._former(wanted.item)
        if problem:
            return None, problem
        if record and former and self.resource.in_use(former):
            rename = self.resource.rename
            return None, "both %s and %s, its previous %s, exist; remove one of them in Odoo, or remove %s from the list" % (
                "%s (id %d)" % (self.resource.label(record), record["id"]),
                "%s (id %d)" % (self.resource.label(former), former["id"]),
                rename.of,
                rename.option,
            )
        if record or former:
            return record or former, None
        record, problem = self._renamed_with_the_rest(wanted.item)
        return (record, problem) if record or problem else self._filled_in(wanted)

    def _identified(self, wanted, removing):
        """The record of the item's key."""
        if wanted.index in self.apart:
            return self._only(self.apart[wanted.index])
        matches = self.index.get(self.resource.key(wanted.item), [])
        weak = self.resource.is_weak and self.resource.is_weak(wanted.item)
        record, problem = self._only(matches)
        # An archived double has the key of the record in use, and only its name tells it apart.
        double = len(matches) > 1 and not self.resource.in_use(wanted.values)
        if not (problem or weak or double):
            return record, problem
        for options in self.resource.told_apart_by:
            found = _alike(wanted.values, options, matches)
            if found:
                return self._only(found)
        if weak and any(all(wanted.values.get(each) for each in options) for options in self.resource.told_apart_by):
            matches = [] if removing else [each for each in matches if each["id"] not in self.owned]
        return self._only(matches)

    def _only(self, matches):
        # Odoo's own screens hide archived records: one of them does not make an active one ambiguous.
        matches = [record for record in matches if self.resource.in_use(record)] or matches
        if len(matches) > 1:
            # What somebody made beside ours does not make ours ambiguous.
            matches = [record for record in matches if record["id"] in self.owned] or matches
        if len(matches) > 1:
            return None, "matches several records, IDs %s; archive or rename all but one" % (
                " and ".join(
                    "%d (%s)" % (record["id"], record.get(self.resource.title_option) or "unnamed") for record in matches
                )
            )
        return (matches or [None])[0], None

    def _is_listed(self, record):
        return not self.listed.isdisjoint(self.resource.keys(record))

    def _former(self, item):
        """The record under the item's former login, unless that login is another item's by now."""
        former = self.resource.former(item)
        if former is None or self.resource.key(former) in self.listed:
            return None, None
        return self._only(self.index.get(self.resource.key(former), []))

    def _renamed_with_the_rest(self, item):
        """The owned record that has the item's name, or its former one, and otherwise another identity."""
        rename = self.resource.rename
        if rename and rename.match_by and item.get(rename.match_by):
            for name in (item.get(rename.of), item.get(rename.option)):
                matches = [record for record in self.owned_by_name.get(normal(name), []) if not self._is_listed(record)]
                if matches:
                    return self._only(matches)
        return None, None

    def _common(self, values):
        return tuple(normal(values.get(option)) for option in self.resource.blank.same)

    def _filled_in(self, wanted):
        """A manually created record in which the item's identity is still empty."""
        blank = self.resource.blank
        if not blank or not wanted.item.get(blank.empty):
            return None, None
        common = self._common({**wanted.defaults, **wanted.values})
        return self._only([each for each in self.blank.get(common, []) if not self._is_listed(each)] if all(common) else [])

    def _create(self, wanted):
        after = {**wanted.defaults, **wanted.values}
        required = [each.option for each in self.resource.fields if each.is_required(wanted.item)]
        missing = [option for option in required if after.get(option) in (None, "")]
        for option in missing:
            self.problems.append((wanted.index, option, "is required to create this %s" % self.resource.noun))
        self.problems += [(wanted.index, option, reason) for option, reason in wanted.mistakes.items()]
        if not missing and not self._is_managed_elsewhere(wanted.item, wanted):
            verification = self.resource.verification
            waits = bool(verification and verification.waits(wanted.item, after))
            if waits:
                after.pop(verification.option, None)
            change = Change(
                CREATE,
                self.resource.label(wanted.item),
                self._new_name(wanted.item),
                wanted.index,
                wanted.item,
                after=after,
                verify=bool(verification and wanted.item.get(verification.option)) and not waits,
                waits=waits,
            )
            self._add(change)
            if waits:
                self.plan.to_connect.append(change)

    def _update(self, record, wanted):
        before, after = {}, {}
        values = self._values_for(record, wanted)
        verification = self.resource.verification
        waits = bool(verification and verification.waits(wanted.item, values, record))
        if waits and verification.option in values:
            # What nobody has connected cannot be in use.
            values[verification.option] = False
        for option, value in values.items():
            declared = self.resource.field(option)
            # In check mode, a field may be wanted that comes with an addon later.
            current = record.get(option, declared.from_odoo(False))
            if declared.type == "external_id" or declared.same(value, current):
                continue
            if self.computed.is_fixed(record["id"], option):
                self.plan.left_alone.append((self.resource.label(wanted.item), option))
            else:
                before[option] = current
                after[option] = declared.merged_with(value, current)
        adopt = self.adopts and record["id"] not in self.owned
        adopt = adopt or not wanted.values.keys().isdisjoint(self.unmarked.get(record["id"], ()))
        if after and self._is_refused(record, wanted, after):
            return
        change = self._change_of(record, wanted, before, after, adopt, waits)
        if waits:
            self.plan.to_connect.append(change)
        if after or adopt:
            self._add(change)
            return
        self.plan.unchanged += 1
        if change.verify:
            self.plan.unproven.append(change)
        if waits and not verification.undo and record["id"] in self.owned and record["id"] not in self.unproven:
            # Without a state of Odoo's, it would look tried as soon as a person has connected it.
            self.plan.to_note.append(change)

    def _is_refused(self, record, wanted, after):
        # What was not read may be there already: a check mode's first look reads little.
        known = [option for option in after if option in record and option in wanted.mistakes]
        mistakes = [(wanted.index, option, wanted.mistakes[option]) for option in known]
        self.problems += mistakes
        return mistakes or self._is_managed_elsewhere(record, wanted) or self._archives_what_is_kept(record, wanted, after)

    def _values_for(self, record, wanted):
        """What the record is to have: what the item gives, and what it implies for this record."""
        values = dict(wanted.values)
        for declared in self.resource.fields:
            if declared.implied and declared.option not in values and declared.option in record:
                value = declared.implied(wanted.item, record)
                if value is not None:
                    values[declared.option] = value
        return values

    def _change_of(self, record, wanted, before, after, adopt, waits):
        return Change(
            UPDATE,
            self.resource.label(wanted.item),
            self.owned.get(record["id"]) or self._new_name(wanted.item),
            wanted.index,
            wanted.item,
            record["id"],
            before,
            after,
            record,
            adopt,
            not waits and self._needs_verification(wanted.item, after, record["id"]),
            waits,
        )

    def _is_managed_elsewhere(self, record, wanted):
        manager = self.resource.elsewhere and self.resource.elsewhere(record)
        if manager:
            self.problems.append((wanted.index, None, "is managed by the %s; set it there" % manager))
        return bool(manager)

    def _needs_verification(self, item, after, record):
        verification = self.resource.verification
        if not verification or not item.get(verification.option):
            return False
        changed = not after.keys().isdisjoint((verification.option, *verification.connection))
        return changed or record in self.unproven

    def _remove(self, record, wanted=None):
        label = self.resource.label(wanted.item if wanted else record)
        common = {"index": wanted.index if wanted else None, "item": wanted.item if wanted else {}}
        if record is None:
            self.plan.unchanged += 1
            return
        if self._is_kept(record, label, common["index"]):
            return
        if wanted and self._is_managed_elsewhere(record, wanted):
            return
        name = self.owned.get(record["id"], "")
        if self.resource.removal == "unlink":
            observed = ["id", *(each.option for each in self.resource.observed)]
            before = {option: value for option, value in record.items() if option not in observed and value not in ("", None)}
            self._add(Change(DELETE, label, name, record=record["id"], current=record, before=before, **common))
            return
        after = {self.resource.in_use_option: False} if self.resource.removal == "archive" else self._cleared(wanted)
        after = {option: value for option, value in after.items() if not self.computed.is_fixed(record["id"], option)}
        before = {option: record[option] for option in after}
        if before == after:
            self.plan.unchanged += 1
        else:
            self._add(Change(UPDATE, label, name, record=record["id"], current=record, before=before, after=after, **common))

    def _archives_what_is_kept(self, record, wanted, after):
        option = self.resource.in_use_option
        return after.get(option) is False and self._is_kept(record, self.resource.label(wanted.item), wanted.index, option)

    def _is_kept(self, record, label, index, option=None):
        """Whether a record must not be removed, nor archived."""
        is_kept = record["id"] in self.protected
        if is_kept:
            reason = "%s is the user of this run, or Odoo's own, and cannot be archived or removed; use another login" % label
            self.problems.append((index, option, reason))
        return is_kept

    def _cleared(self, wanted):
        """The named options, or all that can be set, without a value."""
        settable = [each for each in self.resource.fields if each.option not in self.resource.identifying]
        # Off is a value too: what is on is not cleared by leaving it out.
        named = [each for each in settable if each.option in wanted.values] or [
            each for each in settable if each.type != "boolean"
        ]
        return {each.option: each.from_odoo(False) for each in named}

    def remove_unnamed(self, max_deletions):
        unnamed = [record for record in self.actual if record["id"] in self.owned and record["id"] not in self.claimed]
        unnamed = [record for record in unnamed if self.resource.removal != "archive" or self.resource.in_use(record)]
        unnamed = [record for record in unnamed if not (self.resource.elsewhere and self.resource.elsewhere(record))]
        if len(unnamed) > max_deletions:
            self.problems.append(
                (
                    None,
                    "max_deletions",
                    "%d records that Postroom owns are not in the list, but max_deletions is %d; add them, or raise it: %s"
                    % (len(unnamed), max_deletions, ", ".join(self.resource.label(record) for record in unnamed)),
                )
            )
            return
        for record in unnamed:
            self._remove(record)

    def _new_name(self, item):
        """An external identifier that two runs at once choose alike, and that no other owned record has."""
        label = self.resource.label(item).casefold()
        slug = re.sub(r"[^a-z0-9]+", "_", label).strip("_")[:40]
        digest = hashlib.sha256(label.encode()).hexdigest()[:12]
        name = base = "%s_%s_%s" % (self.resource.model.replace(".", "_"), slug, digest)
        number = 1
        while name in self.names:
            number += 1
            name = "%s_%d" % (base, number)
        self.names.add(name)
        return name

    def _add(self, change):
        self.plan.changes.append(change)


def _alike(values, options, records):
    """The records that have the same values of these options; none where one has no value."""
    wanted = [normal(values.get(option)) for option in options]
    if not all(wanted):
        return []
    return [record for record in records if [normal(record.get(option)) for option in options] == wanted]
