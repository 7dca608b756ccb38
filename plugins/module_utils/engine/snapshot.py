# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a database holds: its fields, its records, the names of what they point to. Reads in bulk, writes nothing."""

from __future__ import annotations

import dataclasses

from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import normal
from ansible_collections.postroom.odoo.plugins.module_utils.transport.errors import MissingModel, OdooError

# The namespace of the external identifiers by which Postroom owns records.
NAMESPACE = "__postroom__"
EXPORTS = "__export__"
# The model of external identifiers.
IDENTIFIERS = "ir.model.data"
# What is asked of a field. The last five say whether it is computed (computed.py).
ATTRIBUTES = ["type", "selection", "store", "related", "company_dependent", "readonly", "states"]


class NotThere(LookupError):
    """No record has that name."""


class Names:
    """Names of the records that relations point to, each relation read once."""

    def __init__(self, session):
        self._session = session
        self._tables = {}
        self._implied = {}

    def _pairs(self, relation):
        """The names of all records, C([(id, names)])."""
        if not relation.keys:
            return list(external_ids(self._session, relation.model).items())
        rows = self._session.call(relation.model, "search_read", [], fields=list(relation.keys), order="id")
        return [(row["id"], [row[key] for key in relation.keys if row[key]]) for row in rows]

    def _table(self, relation):
        if relation not in self._tables:
            try:
                pairs = self._pairs(relation)
            except MissingModel:
                # It comes with an addon that is not there yet (check mode): nor is any record.
                pairs = []
            ids = {}
            # Names of the first key win over those of the second: a server's login over another's name.
            for position in range(max((len(names) for dummy, names in pairs), default=0)):
                taken = set(ids)
                for record, names in pairs:
                    if position < len(names) and normal(names[position]) not in taken:
                        ids.setdefault(normal(names[position]), []).append(record)
            # A record is called by a name that no other has, if it has one.
            own = {record: [each for each in names if ids[normal(each)] == [record]] or names for record, names in pairs}
            self._tables[relation] = ids, {record: names[0] for record, names in own.items() if names}
        return self._tables[relation]

    def find(self, relation, name):
        """The database id of the record of that name.

        :raises LookupError: with the reason, when none (NotThere) or several have it.
        """
        found = self._table(relation)[0].get(normal(name), [])
        if len(found) > 1:
            raise LookupError(
                "several records are the %s %r: IDs %s; rename all but one in Odoo"
                % (relation.noun, name, ", ".join(str(each) for each in found))
            )
        if not found:
            raise NotThere("this database has no %s %r; check the spelling" % (relation.noun, name))
        return found[0]

    def implied(self, relation, records):
        """Those of the records that come with another of them."""
        if relation not in self._implied:
            rows = self._session.call(relation.model, "search_read", [], fields=[relation.implies], order="id")
            self._implied[relation] = {row["id"]: row[relation.implies] for row in rows}
        direct, found = self._implied[relation], set()
        for record in records:
            waiting, seen = list(direct.get(record, ())), {record}
            while waiting:
                each = waiting.pop()
                if each not in seen:
                    seen.add(each)
                    waiting.extend(direct.get(each, ()))
            found |= seen - {record}
        return found & set(records)

    def name(self, relation, record):
        return self._table(relation)[1].get(record, "id %d" % record)


def external_ids(session, model):
    """The external identifiers of a model's records that modules or people gave: C({id: [names]})."""
    rows = session.call(
        IDENTIFIERS,
        "search_read",
        [["model", "=", model], ["module", "not in", [NAMESPACE, EXPORTS]]],
        fields=["module", "name", "res_id"],
        order="id",
    )
    return _by_record(rows)


def _by_record(rows):
    names = {}
    for row in rows:
        names.setdefault(row["res_id"], []).append("%s.%s" % (row["module"], row["name"]))
    return names


@dataclasses.dataclass
class Ownership:
    """The records that Postroom owns, and what else is known about them.

    :param names: C({record id: name in the namespace}).
    :param unproven: C({record id: id of the external identifier}) of records whose connection was written and not tried yet.
    :param unmarked: C({record id: options}) of owned records of which parts lack Postroom's mark.
    :param marks: C({record id: id of the external identifier}).
    :param turns: the rows by which runs take turns (lock.py), the last one last.
    :param external_ids: C({record id: names}) that modules or people gave, where they were asked for.
    """

    names: dict = dataclasses.field(default_factory=dict)
    unproven: dict = dataclasses.field(default_factory=dict)
    unmarked: dict = dataclasses.field(default_factory=dict)
    marks: dict = dataclasses.field(default_factory=dict)
    turns: list = dataclasses.field(default_factory=list)
    external_ids: dict | None = None


# What is read of an external identifier.
_IDENTIFIER = ["module", "name", "model", "res_id", "noupdate", "create_date"]


def ownership(session, model, with_external_ids=False):
    """What Postroom owns of a model's records, and whose turn it is to write, in one request.

    An external identifier that Odoo's modules must not update (noupdate) means a record whose connection is not proven. Odoo
    itself looks at that only when a module of the namespace's name is updated, and there is none.
    """
    modules = ["module", "!=", EXPORTS] if with_external_ids else ["module", "=", NAMESPACE]
    domain = [["model", "in", [model, IDENTIFIERS]], modules]
    rows = session.call(IDENTIFIERS, "search_read", domain, fields=_IDENTIFIER, order="id desc")
    marks = [row for row in rows if row["model"] == model and row["module"] == NAMESPACE]
    others = [row for row in reversed(rows) if row["model"] == model and row["module"] != NAMESPACE]
    return Ownership(
        {row["res_id"]: row["name"] for row in marks},
        {row["res_id"]: row["id"] for row in marks if row["noupdate"]},
        {},
        {row["res_id"]: row["id"] for row in marks},
        _turns(rows),
        _by_record(others) if with_external_ids else None,
    )


def read_turns(session):
    """The rows by which runs take turns to write, the last one last."""
    domain = [["model", "=", IDENTIFIERS], ["module", "=", NAMESPACE]]
    fields = [*_IDENTIFIER, "write_date"]
    return _turns(session.call(IDENTIFIERS, "search_read", domain, fields=fields, order="id desc"))


def _turns(rows):
    return [row for row in reversed(rows) if row["model"] == IDENTIFIERS and row["module"] == NAMESPACE]


def owned(session, model):
    """The records of a model that Postroom owns: C({id: name in the namespace})."""
    return ownership(session, model).names


def available_fields(session, resource):
    """The resource's Odoo fields that this server has: C({column: {type, selection}}), and whether they are computed.

    :raises MissingModel: when the addon that has the model is not installed.
    """
    declared = [each for each in (*resource.fields, *resource.observed) if each.column]
    columns = [column for each in declared for column in (each.column_in(session.major), *each.flags.values())]
    found = session.call(resource.model, "fields_get", columns, attributes=ATTRIBUTES)
    if session.is_newer:
        # It may have dropped fields, so a missing one says nothing of the user's rights.
        return found
    # The series has these fields, but this user may not see them; Odoo itself does not report this.
    hidden = [
        each.option
        for each in resource.fields
        if each.column and each.is_native_in(session.major)
        if each.column_in(session.major) not in found
    ]
    if hidden:
        raise OdooError(
            "User %s lacks the rights for %s of %s in database %s. Use a login with the access right Administration / Settings."
            % (session.login, ", ".join(hidden), resource.model, session.database)
        )
    return found


def read(session, resource, options, domain=(), names=None):
    """The records, each as C({"id": …, option: value}), values in the form in which they are compared.

    :param names: what C(external_ids) returns, if it is known.
    """
    fields = [each for each in (*resource.fields, *resource.observed) if each.option in options and not each.write_only]
    columns = [column for each in fields if each.column for column in each.columns_in(session.major)]
    rows = session.call(resource.model, "search_read", [list(term) for term in domain], fields=columns, order="id")
    if names is None and any(each.type == "external_id" for each in fields):
        names = external_ids(session, resource.model)
    return [
        dict(
            {
                each.option: each.from_row(row, session.major) if each.column else each.from_odoo(names.get(row["id"]))
                for each in fields
            },
            id=row["id"],
        )
        for row in rows
    ]


def defaults(session, resource, fields):
    """The values that Odoo gives a new record, by option, in the form in which values are compared."""
    columns = sorted({column for each in fields for column in each.columns_in(session.major)})
    found = session.call(resource.model, "default_get", columns)
    row = {column: found.get(column) for column in columns}
    return {
        each.option: each.from_row(row, session.major) if each.flags else each.from_default(row[each.column_in(session.major)])
        for each in fields
    }


def resolve(names, field, value):
    """A relational option's value as database ids.

    :raises LookupError: with the reason, when a name leads to none or to several records.
    """
    if field.type == "many2one":
        return names.find(field.relation, value) if value else None
    return frozenset(names.find(field.relation, each) for each in value)


def shown(names, field, value):
    """A value in the form of an inventory, for C(gathered) and diffs."""
    if field.type == "many2one":
        return names.name(field.relation, value) if value else ""
    if field.type == "many2many":
        return sorted(names.name(field.relation, each) for each in value)
    if field.type == "external_id":
        return sorted(value)[0] if value else ""
    return value
