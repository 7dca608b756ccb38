# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The words in which a resource is declared.

A declaration is the only place that knows an option's name, its Odoo field, its type and the series that have it. From it come
the argument spec, the documentation, the columns to read, the cells to write and the diff.
"""

from __future__ import annotations

import base64
import itertools
from dataclasses import dataclass, field, replace
from typing import Any, Callable

from ansible_collections.postroom.odoo.plugins.module_utils.engine import template_expressions
from ansible_collections.postroom.odoo.plugins.module_utils.engine.batches import MOST

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
class Secrecy:
    """For a field whose value is secret in some records only.

    :param applies: function of an item that returns whether its value is secret.
    :param given_as: the options that stand in an item for a secret value that is left out.
    """

    applies: Callable
    given_as: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Option:
    """An option of an item without an Odoo field.

    :param type: bool or str, as in an Ansible argument spec.
    :param doc: its description, one paragraph or a tuple of them, in the markup of Ansible's documentation.
    """

    option: str
    type: str = "str"
    default: Any = None
    choices: tuple = ()
    doc: str | tuple = ()

    def argument(self):
        spec = {"type": self.type, "no_log": False}
        if self.choices:
            spec["choices"] = list(self.choices)
        if self.default is not None:
            spec["default"] = self.default
        return spec


@dataclass(frozen=True)
class Field:
    """One option of a resource and the Odoo field behind it.

    :param option: the option's name in an inventory.
    :param column: the Odoo field's name, or C({first major: name}) where series call it differently; None: no field.
    :param type: text, binary (PEM text, which Odoo keeps in base64), expression, selection, integer, number, boolean,
        many2one, many2many or external_id.
    :param since, until: first and last major that have the field, for the error that explains its absence.
    :param addon: the addon that brings the field, or, with C(since), brings it to the series before.
    :param remedy: how to have that addon installed.
    :param required: needed to create a record, or a function of the item that tells.
    :param default: value for a new record where the option is omitted, or a function of the item that gives it.
    :param check: function of validators.py.
    :param check_new: the same for what must not be written, though a record may have it.
    :param choices: values that some series knows; what this server knows is asked of the server.
    :param flags: C({value: column}) of values that some series have as a boolean field each, beside the field itself or without
        it; after C(Resource.as_offered), those of this server.
    :param unflagged: (flags) the value of the field itself beside a flag, and of a record without flags where the series does
        not have the field.
    :param brought_by: C({value: {first major: addon}}) of values that an addon brings.
    :param implied: function of an item that does not give the option, and of its record, that returns the value which the item
        implies, or None.
    :param additive: (many2many) values that the record has beyond those given are left.
    :param starts_empty: (additive) whether a new record of that item has nothing of Odoo's default.
    :param after_creation: what a new record cannot have from the start; it is written to it in a second request.
    :param fold: Odoo keeps the value in lower case.
    :param trimmed: Odoo keeps the value without white space around it.
    :param computed: the model itself computes the field, and takes every value that is written to it.
    :param secret: masked wherever it would show; True, or a Secrecy.
    :param write_only: Odoo does not tell the value, so it is never compared.
    :param notify_on_write: Odoo notifies the user whenever the field is written, even with the same value, so it is
        written only where it differs.
    :param inverse: (many2many) the many2one of the other model that is written in place of this field.
    :param rows: how many rows with this field the first request has at most.
    :param state: the value of the Odoo field that means true; the verification's method sets it, not a write.
    :param own: what the keyword C(own) stands for, as the name of another option; on a series without the field the
        option is then left out, as there is nothing to set.
    :param spelling: (expression) C({first major: spelling}), spellings of template_expressions.py.
    :param on_creation: function of an item that returns whether the option is set for a new record only.
    :param title: the record's name as people read it.
    :param in_use: the value says whether the record is in use, or archived.
    :param doc: the option's description, one paragraph or a tuple of them, in the markup of Ansible's documentation.
    """

    option: str
    column: Any = None
    type: str = "text"
    since: int = 0
    until: int = 99
    addon: str | None = None
    remedy: str = ""
    required: Any = False
    default: Any = None
    check: Callable | None = None
    check_new: Callable | None = None
    choices: tuple = ()
    flags: dict = field(default_factory=dict)
    unflagged: Any = None
    brought_by: dict = field(default_factory=dict)
    implied: Callable | None = None
    relation: Relation | None = None
    additive: bool = False
    starts_empty: Callable | None = None
    after_creation: bool = False
    fold: bool = False
    trimmed: bool = False
    computed: bool = False
    secret: bool | Secrecy = False
    write_only: bool = False
    notify_on_write: bool = False
    inverse: str | None = None
    own: str | None = None
    rows: int = MOST
    state: str | None = None
    spelling: dict = field(default_factory=dict)
    on_creation: Callable | None = None
    title: bool = False
    in_use: bool = False
    doc: str | tuple = ()

    def column_in(self, major):
        """The Odoo field's name in a series."""
        return _in_series(self.column, major) if isinstance(self.column, dict) else self.column

    def columns_in(self, major):
        """The names of all Odoo fields behind the option."""
        own = () if self.flags and not self.is_native_in(major) else (self.column_in(major),)
        return [*own, *self.flags.values()]

    def is_among(self, offer, major):
        """Whether a server has the field, or flags in its place."""
        return bool(self.flags) or self.column_in(major) in offer

    def takes(self, value, offer, major):
        """Whether a server has the field or, without it, what stands for the value: its flag, or no flag."""
        return self.column_in(major) in offer or bool(self.flags and (value in self.flags or value == self.unflagged))

    def addon_of(self, value, major):
        """The addon that brings a value; None for one that Odoo has anyway."""
        brought_by = self.brought_by.get(value) if isinstance(value, str) else None
        return _in_series(brought_by, major) if brought_by else None

    def argument(self):
        """The option in an Ansible argument spec."""
        spec = {"type": _ARGUMENT_TYPES[self.type]}
        if spec["type"] == "list":
            spec["elements"] = "str"
        if self.choices:
            spec["choices"] = list(self.choices)
        spec["no_log"] = self.secret is True  # Said of every option, or Ansible guesses by names such as "key".
        return spec

    def is_required(self, item):
        """Whether a new record of that item needs a value."""
        return self.required(item) if callable(self.required) else self.required

    def is_secret(self, item):
        """Whether the value of that item must not be shown."""
        return self.secret.applies(item) if isinstance(self.secret, Secrecy) else self.secret

    def is_native_in(self, major):
        """Whether that series has the field without the addon."""
        return self.since <= major <= self.until and not (self.addon and not self.since)

    def unknown_in(self, major):
        """Why a server of that series has no such field."""
        if self.addon and not self.since:
            remedy = " (%s)" % self.remedy if self.remedy else ""
            return "the addon %s provides it, and is not installed%s" % (self.addon, remedy)
        if major < self.since:
            before = ", and in earlier series with the addon %s, which is not installed" % self.addon if self.addon else ""
            return "Odoo has it from %d.0 on%s" % (self.since, before)
        if major > self.until:
            return "Odoo had it up to %d.0" % self.until
        return "the addon that provides it is not installed" if self.addon else "this series no longer has it"

    # -- one value: as given, as read from Odoo, as written to Odoo -----------------------------------------------------------

    def from_item(self, value, major):
        """An option's value (no relation: Names resolves those) in the form in which values are compared."""
        if self.type == "expression":
            if isinstance(value, dict):
                value = template_expressions.spell(value["expression"], _in_series(self.spelling, major))
            return template_expressions.canonical(value)
        if self.type == "binary":
            return base64.b64encode(value.encode()).decode() if value else ""
        if self.trimmed:
            value = value.strip()
        return value.lower() if self.fold else value

    def mistake(self, value, major):
        """Why Odoo takes a value, in the form in which values are compared, and cannot use it; None if it can."""
        if self.type == "expression":
            return template_expressions.mistake(value, _in_series(self.spelling, major))
        return self.check_new(value) if self.check_new else None

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
            # Series after 19 read a file, with its size and name.
            content = raw.get("content") if isinstance(raw, dict) else raw
            return "".join((content or "").split())
        if self.type == "many2one":
            return (raw[0] if isinstance(raw, (list, tuple)) else raw) or None
        if self.type in ("many2many", "external_id"):
            return frozenset(raw or ())
        return (raw or "").strip() if self.trimmed else raw or ""

    def from_row(self, row, major):
        """The same of a record's row, C({column: value})."""
        for value, column in self.flags.items():
            if row[column]:
                return value
        if self.flags and not self.is_native_in(major):
            return self.unflagged
        return self.from_odoo(row[self.column_in(major)])

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
            return value if expression is None else template_expressions.spell(expression, _in_series(self.spelling, major))
        if self.type == "boolean":
            return "1" if value else "0"
        if self.type == "many2many":
            return ",".join(str(each) for each in sorted(value))
        if self.type == "many2one":
            return str(value or "")
        return str(value)

    def cells(self, value, major):
        """The cells of all columns."""
        flags = ["1" if value == each else "0" for each in self.flags]
        own = self.unflagged if value in self.flags else value
        return [self.cell(own, major)][: len(self.columns_in(major)) - len(flags)] + flags

    def headers(self, major):
        """The columns' names for C(Model.load): relations are given by database id."""
        is_relation = self.type in ("many2one", "many2many")
        return [column + "/.id" if is_relation else column for column in self.columns_in(major)]


@dataclass(frozen=True)
class Verification:
    """A method by which Odoo tries a record's connection for real.

    :param option: the boolean option that asks for it.
    :param method: the method; it raises with the other side's words when the connection is refused.
    :param connection: the options on which the outcome depends: a change of one asks for a new trial.
    :param tolerated: C({major: pattern}) of refusals that say nothing against the record in that series.
    :param undo: the method that takes the outcome back, where the option is a state that Odoo keeps.
    :param connected: function of the values that a record is to have, and of those that it has, that returns whether a person
        has connected it, which only a person can do; None for a record that logs in in another way, and if it cannot tell.
    :param connected_by: function of an item that returns the options by which it tells.
    :param connected_to: function of an item that returns what that person consents to; empty where it is Odoo itself.
    :param known_late: the one of them that only Odoo knows, once the record is written.
    :param patience: the boolean option by which a record is kept until then.
    :param is_patient: function of an item that returns what holds where that is not given.
    """

    option: str
    method: str
    connection: tuple
    tolerated: dict = field(default_factory=dict)
    undo: str | None = None
    connected: Callable | None = None
    connected_by: Callable | None = None
    connected_to: Callable | None = None
    known_late: str | None = None
    patience: str | None = None
    is_patient: Callable | None = None

    def may_wait(self, item):
        """Whether an item's record is kept where only a person can have its connection accepted."""
        if not (self.connected and item.get(self.option)):
            return False
        given = item.get(self.patience)
        return self.is_patient(item) if given is None else given

    def waits(self, item, values, record=None):
        """Whether that person has not connected it yet.

        :param values: what the item has the record have.
        :param record: what it has; None for a new one.
        """
        record = record or {}
        return self.may_wait(item) and self.connected({**record, **values}, record) is False


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
class Rename:
    """How an item specifies the previous name of its record.

    :param option: the option with the former value.
    :param of: the identifying option that it is the former value of.
    :param match_by: the boolean option by which an owned record is the item's when its value of C(of) is, or was, the same,
        whatever the other identifying options are.
    """

    option: str
    of: str
    match_by: str | None = None


@dataclass(frozen=True)
class Blank:
    """A manually created record that belongs to an item although its identifying option is still empty.

    :param empty: the option that the record has no value of.
    :param same: the options that it has in common with the item.
    """

    empty: str
    same: tuple


@dataclass(frozen=True)
class Example:
    """A record as the documentation of a resource shows it.

    :param label: what it is called.
    :param difference: an option that differs, as C(differences) of result.py gives it.
    :param problem: a bad item, C((option, reason)).
    """

    label: str
    difference: dict
    problem: tuple


@dataclass(frozen=True)
class Resource:
    """A kind of record, as an inventory names and describes it.

    :param name: the name of the module that manages such records.
    :param noun: what to call one such record, in Odoo's words.
    :param identities: tuples of options; the first whose options an item gives is the item's natural key. By the empty tuple,
        every item means the same record.
    :param called: tuples of options by which records are called in messages, or a function of an item that returns what it is
        called, or None; the identities, unless given.
    :param told_apart_by: tuples of options that tell items, and records, of the same key apart.
    :param is_weak: function of an item that returns whether its key says little, as many records may have it: then an owned
        record is the item's only if C(told_apart_by) agrees as well.
    :param exclusive: an item identifies its record by one identity only, and leaves out the options of the others.
    :param repeated: what is wrong with a second item of the same key; C(%d) is the place of the first.
    :param rename: how an item gives a former name of its record, a Rename.
    :param blank: which records made by hand are an item's though they lack what identifies it, a Blank.
    :param creates: whether a missing record is created.
    :param adopts: whether existing records become owned by a mark alone; otherwise only what is written does.
    :param removal: C(unlink), C(archive) (Odoo keeps the history), or C(reset) (clear the named options).
    :param brought_by: C({first major: addon}) that has the model.
    :param remedy: how to have that addon installed.
    :param extra: further options of an item, each an Option.
    :param checks: functions of an item that yield C((option, reason)).
    :param everything: the search domain of C(gathered) without a config, and of the server's records otherwise.
    :param storage: where such records are kept, if not in a model of their own: an object like storage.Records.
    :param variants: C({first major: {attribute: value}}): what is declared otherwise up to the next of them.
    :param verification: how Odoo tries out a record's connection.
    :param conflicts: function of a View (conflicts.py) that finds records made by hand which interfere with declared ones.
    :param conflict_fields: the options by which it tells.
    :param observed: Fields that no item can give, by which it tells, too.
    :param companion: the many2one to a record that Odoo creates with each, and leaves behind when that is removed.
    :param invitation: how Odoo writes to the people behind new records.
    :param bulk_side_effect: what Odoo does over all records after each one.
    :param rows: how many rows the first request of a list has at most; batches.py sizes the further ones.
    :param protected: function of a session that returns the ids of records that must not be removed.
    :param exported: whether an export writes such records down.
    :param example: an Example, for the documentation.
    :param elsewhere: function of a record that returns which option of which module manages it, if another one does. A list
        may name such a record with the value it has, but neither changes nor removes it.
    """

    name: str
    model: str
    noun: str
    fields: tuple
    identities: tuple
    brought_by: dict
    remedy: str = ""
    called: Callable | tuple = ()
    told_apart_by: tuple = ()
    is_weak: Callable | None = None
    exclusive: bool = False
    repeated: str = "is already in the list, as item %d; remove one"
    rename: Rename | None = None
    blank: Blank | None = None
    creates: bool = True
    adopts: bool = True
    removal: str = "unlink"
    extra: tuple = ()
    checks: tuple = ()
    everything: tuple = ()
    storage: Any = None
    variants: dict = field(default_factory=dict)
    verification: Verification | None = None
    invitation: Invitation | None = None
    companion: Field | None = None
    conflicts: Callable | None = None
    conflict_fields: tuple = ()
    observed: tuple = ()
    bulk_side_effect: BulkSideEffect | None = None
    rows: int = MOST
    protected: Callable | None = None
    exported: bool = True
    example: Example | None = None
    elsewhere: Callable | None = None

    def __post_init__(self):
        # Looked up for every record.
        derived = {
            "_by_option": {each.option: each for each in (*self.fields, *self.observed)},
            # The options of all identities.
            "identifying": frozenset(option for identity in self.identities for option in identity),
            "title_option": next((each.option for each in self.fields if each.title), None),
            "in_use_option": next((each.option for each in self.fields if each.in_use), None),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    def field(self, option):
        return self._by_option[option]

    def protected_in(self, session):
        """The ids of records that must not be removed."""
        return self.protected(session) if self.protected else ()

    def in_series(self, major):
        """The resource as that series has it."""
        otherwise = _in_series(self.variants, major) if self.variants else None
        return replace(self, **otherwise) if otherwise else self

    def as_offered(self, offer):
        """The resource with those flags only that a server has.

        :param offer: what C(snapshot.available_fields) returns; None where the model is not there yet.
        """
        if not any(each.flags for each in self.fields):
            return self
        fields = [
            replace(each, flags={value: column for value, column in each.flags.items() if column in (offer or ())})
            if each.flags
            else each
            for each in self.fields
        ]
        return replace(self, fields=tuple(fields))

    def also_read(self, items):
        """The options that a comparison looks at, whether an item gives them or not."""
        options = {each.option for each in self.fields if each.implied}
        if self.verification:
            waiting = (item for item in items if self.verification.may_wait(item))
            options.update(option for item in waiting for option in self.verification.connected_by(item))
        return options

    def options_among(self, offer, major):
        """The options whose field a server has, those that no item can give included.

        :param offer: what C(snapshot.available_fields) returns.
        """
        declared = (*self.fields, *self.observed)
        return {each.option for each in declared if not each.column or each.is_among(offer, major)}

    def in_use(self, values):
        """Whether a record, or an item, is in use and not archived."""
        return values.get(self.in_use_option, True)

    def title(self, record):
        """The name of a record as people read it; what identifies it where it has none."""
        return str(record.get(self.title_option) or self.label(record))

    def addon(self, major):
        return _in_series(self.brought_by, major)

    def how_to_install(self, major):
        """What to do where the model is missing."""
        return "install the addon %s first%s" % (self.addon(major), " (%s)" % self.remedy if self.remedy else "")

    def argument_spec(self):
        """The options of one item of C(config)."""
        spec = {each.option: each.argument() for each in self.fields}
        spec.update((each.option, each.argument()) for each in self.extra)
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

    def are_told_apart(self, items):
        """Whether items of the same key mean different records."""
        for options in self.told_apart_by:
            values = {tuple(normal(item.get(option)) for option in options) for item in items}
            if len(values) == len(items) and all(all(each) for each in values):
                return True
        return False

    def keys(self, record):
        """Every natural key under which an item could name this record."""
        for identity in self.identities:
            values = [record.get(option) for option in identity]
            if not all(values):
                continue
            # A record may have several external identifiers.
            for each in itertools.product(*(value if isinstance(value, frozenset) else [value] for value in values)):
                yield identity, tuple(normal(value) for value in each)

    def former(self, item):
        """The item under its former name; None for an item that has none."""
        former = item.get(self.rename.option) if self.rename else None
        return dict(item, **{self.rename.of: former}) if former else None

    def without_other_identities(self, item):
        """The item identified one way only, where that is asked for."""
        key = self.key(item) if self.exclusive else None
        left_out = self.identifying.difference(key[0]) if key else ()
        return {option: value for option, value in item.items() if option not in left_out}

    def label(self, item):
        """What to call an item in messages: its natural key, readable."""
        special = self.called(item) if callable(self.called) else None
        if special:
            return special
        for options in self.identities if callable(self.called) else self.called or self.identities:
            if all(item.get(option) for option in options):
                return " on ".join(str(item[option]) for option in reversed(options))
        return "(unnamed)"


def _in_series(by_first, major):
    """The value of C({first major: value}) for a series."""
    return by_first[max(first for first in by_first if first <= major)]


def normal(value):
    """Values of a natural key compare without regard to case: hosts and domains by RFC, logins by every provider."""
    return value.strip().casefold() if isinstance(value, str) else value
