# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The list as given: checked by itself, then against the database, and brought into the form in which values compare.

Every bad item is reported at once. A problem is C((index, option, reason)).
"""

from __future__ import annotations

import contextlib

from ansible_collections.postroom.odoo.plugins.module_utils.engine import validators
from ansible_collections.postroom.odoo.plugins.module_utils.engine.planner import Wanted
from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import normal
from ansible_collections.postroom.odoo.plugins.module_utils.engine.snapshot import NotThere, resolve


class BadItems(Exception):
    """Items that cannot be used, and why. C(problems): C([(index, option, reason)])."""

    def __init__(self, problems):
        super().__init__("; ".join(reason for dummy, dummy, reason in problems))
        self.problems = problems


def check_items(resource, items):
    """What can be said without the database.

    :param items: list of dicts with the options that were given, and no others.
    :raises BadItems: for values out of range, missing names and items that stand twice in the list.
    """
    problems, alike = [], {}
    for index, item in enumerate(items):
        for field in resource.fields:
            problems.extend((index, field.option, reason) for reason in _wrong(field, item.get(field.option)))
        problems.extend((index, option, reason) for check in resource.checks for option, reason in check(item))
        key = resource.key(item)
        if key is not None and not item.get(resource.title_option, "-").strip():
            problems.append((index, resource.title_option, validators.EMPTY))
        if key is None:
            ways = " or ".join(" and ".join(identity) for identity in resource.identities)
            problems.append((index, None, "does not identify the %s; set %s" % (resource.noun, ways)))
        else:
            alike.setdefault(key, []).append(index)
    problems.extend(_repeated(resource, items, [indexes for indexes in alike.values() if len(indexes) > 1]))
    problems.sort(key=lambda problem: problem[0])
    problems.extend(_wrong_renames(resource, items))
    if problems:
        raise BadItems(problems)


def _repeated(resource, items, groups):
    """Items by which no different records are meant."""
    ways = " or ".join(" and ".join(options) for options in resource.told_apart_by)
    reason = resource.repeated + (", or give each a different %s" % ways if ways else "")
    for first, *others in groups:
        if not resource.are_told_apart([items[index] for index in (first, *others)]):
            yield from ((index, None, reason % first if "%d" in reason else reason) for index in others)


def _wrong_renames(resource, items):
    """What no order of renaming could make true."""
    becomes = {}
    for index, item in enumerate(items):
        former = resource.former(item)
        if former is None:
            continue
        option, of = resource.rename.option, resource.rename.of
        if not item.get(of):
            yield index, option, "is the previous %s; also set %s, the current one" % (of, of)
        elif normal(item[option]) == normal(item[of]):
            yield index, option, "is the same as %s; set the previous one, or remove %s" % (of, option)
        elif resource.key(former) != resource.key(item) and becomes.setdefault(resource.key(former), index) != index:
            yield (
                index,
                option,
                "%s is already the previous %s of item %d; remove one"
                % (
                    item[option],
                    of,
                    becomes[resource.key(former)],
                ),
            )
    for index, item in enumerate(items):
        later, passed = becomes.get(resource.key(item)), set()
        while later not in (None, index) and later not in passed:
            passed.add(later)
            later = becomes.get(resource.key(items[later]))
        if later == index:
            # Afterwards everything looks as before, so a later run could not see that it has been done.
            yield (
                index,
                resource.rename.option,
                "circular rename; rename one of them to a temporary %s, then run again" % (resource.rename.of),
            )


def _wrong(field, value):
    if value is None:
        return
    if field.type == "expression":
        if isinstance(value, dict):
            if set(value) != {"expression"} or not isinstance(value["expression"], str) or not value["expression"].strip():
                yield "must be text, or {expression: …} without other keys"
            return
        if not isinstance(value, str):
            yield "must be text or {expression: …}, not %s" % type(value).__name__
            return
    if field.check and value != "" and not (field.own and value == validators.OWN):
        for each in value if isinstance(value, list) else [value]:
            reason = field.check(each)
            if reason:
                yield reason


class Unforeseen:
    """In check mode, what earlier tasks of the real run would have brought by now, and did not.

    :param addons: those that they would have installed.
    :cvar strict: whether an option is an error that comes with an addon which nothing installs.
    """

    strict = False

    def __init__(self, addons=()):
        self.addons = frozenset(addons)
        self._names = {}
        self._options = {}

    def name(self, field, name):
        """Record the name of a record that does not exist yet."""
        self._names.setdefault((field.option, field.relation.noun), {})[name] = True

    def option(self, field, addon, left_out=False):
        """Record an option that is not available yet: considered not set, or left out.

        :param addon: the one that brings it, or its value.
        """
        self._options.setdefault((addon, left_out), {})[field.option] = True

    def lines(self):
        """One line for each kind of thing, however many items it concerns."""
        for (addon, left_out), options in self._options.items():
            what = "left out" if left_out else "considered not set"
            yield "%s: %s, as the addon %s, which provides it, is not installed yet" % (", ".join(options), what, addon)
        for (option, noun), names in self._names.items():
            yield "%s: this database has no %s %s yet" % (option, noun, listed(list(names)))


def listed(names):
    """Names, the first ones of many."""
    return ", ".join(names) if len(names) <= 10 else "%s … (%d in total)" % (", ".join(names[:5]), len(names))


def want_items(resource, items, major, offer, names, unforeseen=None):
    """The items as Wanted.

    :param offer: what C(snapshot.available_fields) returns, or None where the model is not there yet (check mode): then nothing
        can be looked up, and relations stay names.
    :param unforeseen: in check mode, an Unforeseen.
    :raises BadItems: for options, values and names that this database does not have.
    """
    wanted, problems = [], []
    for index, item in enumerate(items):
        given = {each.option: item[each.option] for each in resource.fields if item.get(each.option) is not None}
        convert = _Conversion(resource, item, index, major, offer, names, problems, unforeseen)
        defaults = convert.defaults(given)
        # What is set on creation only is a default, not something that an existing record must have.
        for field in resource.fields:
            if field.option in given and field.on_creation and field.on_creation(item):
                defaults[field.option] = given.pop(field.option)
        values = convert.all(given)
        mistakes = {option: resource.field(option).mistake(value, major) for option, value in values.items()}
        mistakes = {option: reason for option, reason in mistakes.items() if reason}
        wanted.append(Wanted(index, item, values, defaults, mistakes))
    if problems:
        raise BadItems(problems)
    return wanted


class _Conversion:
    def __init__(self, resource, item, index, major, offer, names, problems, unforeseen):
        self.resource = resource
        self.item = item
        self.index = index
        self.major = major
        self.offer = offer
        self.names = names
        self.problems = problems
        self.unforeseen = unforeseen

    def defaults(self, given):
        values = {}
        for field in self.resource.fields:
            if field.option not in given and field.default is not None:
                default = field.default(self.item) if callable(field.default) else field.default
                if default is not None and self._is_offered(field, default):
                    values[field.option] = default
        return self.all(values)

    def all(self, given):
        values = {}
        for option, value in given.items():
            field = self.resource.field(option)
            if not self._is_offered(field, value):
                addon = field.addon_of(value, self.major) or field.addon
                if not self._is_pending(addon):
                    self._leave_out(field, value)
                    continue
                self.unforeseen.option(field, addon)
            means_another = field.own and value == validators.OWN
            values[option] = self._converted(field, self.item[field.own] if means_another else value)
        return values

    def _is_offered(self, field, value):
        if not field.column:
            return True
        if self.offer is None:
            return field.is_native_in(self.major)
        return field.takes(value, self.offer, self.major)

    def _is_pending(self, addon):
        return self.unforeseen is not None and addon in self.unforeseen.addons

    def _leave_out(self, field, value):
        if (field.own and value == validators.OWN) or (field.addon and not value) or value == field.unflagged:
            # Without the field, C(own) cannot be written; without its addon, an empty value is already correct.
            return
        if self.unforeseen is not None and not self.unforeseen.strict and field.addon and not field.since:
            self.unforeseen.option(field, field.addon, left_out=True)
        else:
            addon = field.addon_of(value, self.major)
            reason = _needs_addon(value, addon) if addon else self._absence(field)
            self.problems.append((self.index, field.option, reason))

    def _absence(self, field):
        return "Odoo %d.0 does not have this field: %s; remove the option for this database" % (
            self.major,
            field.unknown_in(self.major),
        )

    def _converted(self, field, value):
        if field.relation:
            if self.offer is None:
                return frozenset(value) if field.type == "many2many" else value
            try:
                return resolve(self.names, field, value)
            except LookupError as exc:
                if self.unforeseen is not None and field.relation.managed and isinstance(exc, NotThere):
                    return self._foreseen(field, value)
                self.problems.append((self.index, field.option, str(exc)))
                return None
        if field.type == "selection" and value and field.column_in(self.major) in (self.offer or ()):
            self._check_choice(field, value)
        if field.type == "external_id":
            return frozenset([value])
        return field.from_item(value, self.major)

    def _check_choice(self, field, value):
        known = [choice for choice, dummy in self.offer[field.column_in(self.major)].get("selection") or ()]
        addon = field.addon_of(value, self.major)
        if value in known or value in field.flags:
            return
        if addon and self._is_pending(addon):
            self.unforeseen.option(field, addon)
            return
        shown = ", ".join(known) if len(known) <= 20 else "%s … (%d in total)" % (", ".join(known[:5]), len(known))
        reason = "%r is not available in this database; use one of %s" % (value, shown)
        self.problems.append((self.index, field.option, _needs_addon(value, addon) if addon else reason))

    def _foreseen(self, field, name):
        """What an earlier task of the real run would have made: a new record of that name, or a renamed one."""
        former = self.resource.former(self.item)
        if former is not None:
            with contextlib.suppress(LookupError):
                return resolve(self.names, field, former[self.resource.rename.of])
        self.unforeseen.name(field, name)
        return name


def _needs_addon(value, addon):
    return "%s requires Odoo's addon %s, which this database does not have; install it, or remove the option" % (value, addon)
