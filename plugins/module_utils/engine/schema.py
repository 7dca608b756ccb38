# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The words in which a resource is declared: Field, Relation, Resource.

A declaration is the only place that knows an option's Odoo field, its type and the series that have it. From it come the
argument spec, the columns to read, the cells to write and the diff.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any, Callable

from ansible_collections.postroom.odoo.plugins.module_utils.engine import template_expressions
from ansible_collections.postroom.odoo.plugins.module_utils.engine.batches import MOST

# Stands for another option's value; Field.own says which.
OWN = "own"

_ARGUMENT_TYPES = {
    "text": "str",
    "binary": "str",
    "expression": "raw",
    "selection": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "many2one": "str",
    "many2many": "list",
    "external_id": "str",
}


@dataclass(frozen=True)
class Relation:
    """How people name the record that a relational field points to.

    :param model: the Odoo model of the record.
    :param keys: its fields by which an option may name it, the first that matches counts; none: external identifiers.
    :param noun: what to call such a record in an error.
    :param managed: whether this collection creates such records, so that an earlier task of a check may have promised one.
    :param implies: its field with the records that come with one, so that they need not be named besides.
    """

    model: str
    noun: str
    keys: tuple = ()
    managed: bool = False
    implies: str | None = None


@dataclass(frozen=True)
class Field:
    """One option of a resource and the Odoo field behind it.

    :param option: the option's name in an inventory.
    :param column: the Odoo field's name, or C({first major: name}) where series call it differently; None: no field.
    :param type: text, binary (PEM text, which Odoo keeps in base64), expression, selection, integer, number, boolean,
        many2one, many2many or external_id.
    :param since, until: first and last major that have the field, for the error that explains its absence.
    :param addon: the addon that brings the field, or, with C(since), brings it to the series before.
    :param required: needed to create a record, or a function of the item that tells.
    :param default: value for a new record where the option is omitted, or a function of the item that gives it.
    :param check: function of validators.py.
    :param choices: values that some series knows; what this server knows is asked of the server.
    :param additive: (many2many) values that the record has beyond those given are left.
    :param starts_empty: (additive) whether a new record of that item has nothing of Odoo's default.
    :param after_creation: what a new record cannot have from the start; it is written to it in a second request.
    :param fold: Odoo keeps the value in lower case.
    :param secret: masked wherever it would show.
    :param write_only: Odoo does not tell the value, so it is never compared.
    :param notify_on_write: Odoo notifies the user whenever the field is written, even with the same value, so it is
        written only where it differs.
    :param inverse: (many2many) the many2one of the other model that is written in place of this field.
    :param rows: how many rows with this field the first request has at most.
    :param state: the value of the Odoo field that means true; the verification's method sets it, not a write.
    :param own: what the keyword C(own) stands for, as the name of another option; on a series without the field the
        option is then left out, as there is nothing to set.
    """

    option: str
    column: Any = None
    type: str = "text"
    since: int = 0
    until: int = 99
    addon: str | None = None
    required: Any = False
    default: Any = None
    check: Callable | None = None
    choices: tuple = ()
    relation: Relation | None = None
    additive: bool = False
    starts_empty: Callable | None = None
    after_creation: bool = False
    fold: bool = False
    secret: bool = False
    write_only: bool = False
    notify_on_write: bool = False
    inverse: str | None = None
    own: str | None = None
    rows: int = MOST
    state: str | None = None

    def column_in(self, major):
        """The Odoo field's name in a series."""
        if not isinstance(self.column, dict):
            return self.column
        return self.column[max(first for first in self.column if first <= major)]

    def argument(self):
        """The option in an Ansible argument spec."""
        spec = {"type": _ARGUMENT_TYPES[self.type]}
        if spec["type"] == "list":
            spec["elements"] = "str"
        if self.choices:
            spec["choices"] = list(self.choices)
        spec["no_log"] = self.secret  # Said of every option, or Ansible guesses by names such as "key".
        return spec

    def is_required(self, item):
        """Whether a new record of that item needs a value."""
        return self.required(item) if callable(self.required) else self.required

    def is_native_in(self, major):
        """Whether that series has the field without the addon."""
        return self.since <= major <= self.until and not (self.addon and not self.since)

    def unknown_in(self, major):
        """Why a server of that series has no such field."""
        if self.addon and not self.since:
            return "it comes with the addon %s, which is not installed" % self.addon
        if major < self.since:
            before = ", before that with the addon %s, which is not installed" % self.addon if self.addon else ""
            return "Odoo has it from %d.0 on%s" % (self.since, before)
        if major > self.until:
            return "Odoo had it up to %d.0" % self.until
        return "an addon that brings it is not installed"

    # -- one value: as given, as Odoo tells it, as Odoo takes it -------------------------------------------------------------

    def from_item(self, value, major):
        """An option's value (no relation: Names resolves those) in the form in which values are compared."""
        if self.type == "expression":
            if isinstance(value, dict):
                value = template_expressions.spell(value["expression"], major)
            return template_expressions.canonical(value)
        if self.type == "binary":
            return base64.b64encode(value.encode()).decode() if value else ""
        return value.lower() if self.fold else value

    def from_odoo(self, raw):
        """Odoo's value in the form in which values are compared."""
        if self.state:
            return raw == self.state
        if self.type == "boolean":
            return bool(raw)
        if self.type == "integer":
            return int(raw or 0)
        if self.type == "number":
            return float(raw or 0)
        if self.type == "expression":
            return template_expressions.canonical(raw or "")
        if self.type == "binary":
            return "".join((raw or "").split())
        if self.type == "many2one":
            return (raw[0] if isinstance(raw, (list, tuple)) else raw) or None
        if self.type in ("many2many", "external_id"):
            return frozenset(raw or ())
        return raw or ""

    def from_default(self, raw):
        """A value of C(default_get) in the same form; relations come as commands there."""
        if self.type != "many2many":
            return self.from_odoo(raw)
        ids = set()
        for command in raw or ():
            if isinstance(command, int):
                ids.add(command)
            else:
                ids.update(command[2] if command[0] == 6 else [command[1]])
        return frozenset(ids)

    def same(self, desired, actual):
        """Whether Odoo already has what is asked for."""
        if self.write_only:
            return False
        if self.fold:
            return desired == actual.lower()
        return desired <= actual if self.additive else desired == actual

    def merged_with(self, desired, actual):
        """What to write so that Odoo has what is asked for."""
        return desired | actual if self.additive and actual else desired

    def cell(self, value, major):
        """The value as C(Model.load) reads it: always a string, for it takes true and 1 for nothing else."""
        if self.type == "expression":
            expression = template_expressions.parse(value)
            return value if expression is None else template_expressions.spell(expression, major)
        if self.type == "boolean":
            return "1" if value else "0"
        if self.type == "many2many":
            return ",".join(str(each) for each in sorted(value))
        if self.type == "many2one":
            return str(value or "")
        return str(value)

    def header(self, major):
        """The column's name for C(Model.load): relations are given by database id."""
        column = self.column_in(major)
        return column + "/.id" if self.type in ("many2one", "many2many") else column


@dataclass(frozen=True)
class Verification:
    """A method by which Odoo tries a record's connection for real.

    :param option: the boolean option that asks for it.
    :param method: the method; it raises with the other side's words when the connection is refused.
    :param connection: the options on which the outcome depends: a change of one asks for a new trial.
    :param tolerated: C({major: pattern}) of refusals that say nothing against the record in that series.
    :param undo: the method that takes the outcome back, where the option is a state that Odoo keeps.
    """

    option: str
    method: str
    connection: tuple
    tolerated: dict = field(default_factory=dict)
    undo: str | None = None


@dataclass(frozen=True)
class Invitation:
    """A method by which Odoo writes to the people behind new records.

    :param option: the boolean option that asks for it.
    :param method: the method; it raises when the mail cannot be sent.
    """

    option: str
    method: str
    context: dict = field(default_factory=dict)


@dataclass(frozen=True)
class BulkSideEffect:
    """What Odoo does over all records after each one that it writes, be it one of thousands.

    :param options: a record that was there may change its outcome by one of these only, and a new one not at all.
    :param context: the context in which Odoo leaves it out.
    """

    options: frozenset
    context: dict


@dataclass(frozen=True)
class Resource:
    """A kind of record, as an inventory names and describes it.

    :param name: the name of the module that manages such records.
    :param noun: what to call one such record, in Odoo's words.
    :param identities: tuples of options; the first whose options an item gives is the item's natural key.
    :param creates: whether a missing record is created.
    :param removal: C(unlink), C(archive) (Odoo keeps the history), or C(reset) (clear the named options).
    :param brought_by: C({first major: addon}) that has the model.
    :param extra: further options of an item that stand for no Odoo field, as argument specs.
    :param checks: functions of an item that yield C((option, reason)).
    :param everything: the search domain of C(gathered) without a config, and of the server's records otherwise.
    :param single: the database has at most one such record, whatever its name.
    :param verification: how Odoo tries out a record's connection.
    :param conflicts: function of a View (conflicts.py) that finds records made by hand which interfere with declared ones.
    :param conflict_fields: the options by which it tells.
    :param companion: the many2one to a record that Odoo creates with each, and leaves behind when that is removed.
    :param invitation: how Odoo writes to the people behind new records.
    :param bulk_side_effect: what Odoo does over all records after each one.
    :param rows: how many rows the first request of a list has at most; batches.py sizes the further ones.
    :param elsewhere: function of a record that returns which option of which module manages it, if another one does. A list
        may name such a record with the value it has, but neither changes nor removes it.
    """

    name: str
    model: str
    noun: str
    fields: tuple
    identities: tuple
    brought_by: dict
    creates: bool = True
    removal: str = "unlink"
    extra: dict = field(default_factory=dict)
    checks: tuple = ()
    everything: tuple = ()
    single: bool = False
    verification: Verification | None = None
    invitation: Invitation | None = None
    companion: Field | None = None
    conflicts: Callable | None = None
    conflict_fields: tuple = ()
    bulk_side_effect: BulkSideEffect | None = None
    rows: int = MOST
    elsewhere: Callable | None = None

    def field(self, option):
        return next(each for each in self.fields if each.option == option)

    def addon(self, major):
        return self.brought_by[max(first for first in self.brought_by if first <= major)]

    def argument_spec(self):
        """The options of one item of C(config)."""
        spec = {each.option: each.argument() for each in self.fields}
        spec.update(self.extra)
        if len(self.identities) == 1:
            for option in self.identities[0]:
                spec[option]["required"] = True
        return spec

    def key(self, item):
        """The item's natural key: C(((option, …), (value, …))), or None when it has none."""
        for identity in self.identities:
            if all(item.get(option) for option in identity):
                return identity, tuple(normal(item[option]) for option in identity)
        return None

    def keys(self, record):
        """Every natural key under which an item could name this record."""
        for identity in self.identities:
            values = [record.get(option) for option in identity]
            if not all(values):
                continue
            if identity == ("template",):
                for value in values[0]:
                    yield identity, (normal(value),)
            else:
                yield identity, tuple(normal(value) for value in values)

    def former(self, item):
        """The item under its C(previous_login); None for an item that has none."""
        return dict(item, login=item["previous_login"]) if item.get("previous_login") else None

    def label(self, item):
        """What to call an item in messages: its natural key, readable."""
        key = self.key(item)
        if key is None:
            return "(unnamed)"
        return " on ".join(str(item[option]) for option in reversed(key[0]))


def normal(value):
    """Values of a natural key compare without regard to case: hosts and domains by RFC, logins by every provider."""
    return value.strip().casefold() if isinstance(value, str) else value
