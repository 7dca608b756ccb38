# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fields that an addon of this database computes, so that Odoo may drop what is written to them without a word.

Odoo does not tell whether it would. What Odoo tells is when people can edit such a field on the form: never, or under a
condition. That is believed where the condition is about computed fields only; otherwise the field is written and read back.
"""

from __future__ import annotations

import ast
import json
import operator
from dataclasses import dataclass, field, replace
from xml.etree import ElementTree

# From this series on, the form has expressions of Python instead of domains.
EXPRESSIONS_SINCE = 17
VIEWS_SINCE = 16

_COMPARISONS = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
    "in": lambda value, choices: value in choices,
    "not in": lambda value, choices: value not in choices,
}
_OPERATORS = {ast.Eq: "=", ast.NotEq: "!=", ast.In: "in", ast.NotIn: "not in"}


class _Unclear(Exception):
    """A condition that says more than is understood here."""


@dataclass(frozen=True)
class Computed:
    """The options whose field is computed.

    :param options: all of them: what is written to them is to be read back.
    :param always: those that no record lets be changed.
    :param by_record: C({record id: options}) of those that this record does not let be changed.
    """

    options: frozenset = frozenset()
    always: frozenset = frozenset()
    by_record: dict = field(default_factory=dict)

    def is_fixed(self, record, option):
        """Whether Odoo would not take a value of this record."""
        return option in self.always or option in self.by_record.get(record, ())

    def with_fixed(self, fixed):
        """The same, and more that records do not let be changed: C({record id: options})."""
        by_record = {record: {*self.by_record.get(record, ()), *options} for record, options in fixed.items()}
        return replace(self, by_record={**self.by_record, **by_record})


def read_computed(session, resource, offer):
    """Which options are computed, and may not be changed. A database without such fields is asked nothing.

    :param offer: what C(snapshot.available_fields) returns.
    """
    columns = {}
    for each in resource.fields:
        column = each.column_in(session.major)
        if (
            column
            and not (each.write_only or each.inverse or each.state or each.computed)
            and _is_computed(offer.get(column, {}))
        ):
            columns[column] = each.option
    if not columns:
        return Computed()
    method = "get_view" if session.major >= VIEWS_SINCE else "fields_view_get"
    form = session.call(resource.model, method, view_type="form")["arch"]
    conditions = _about_computed_fields(session, resource.model, read_only_when(form, columns, session.major))
    always = {
        option
        for column, option in columns.items()
        if column not in conditions and offer[column].get("readonly") and not offer[column].get("states")
    }
    names = sorted({name for each in conditions.values() for condition in each for name in condition.names})
    rows = session.call(resource.model, "search_read", [], fields=names, order="id") if names else []
    by_record = {
        row["id"]: {
            columns[column]
            for column, found in conditions.items()
            # A form may have the field several times.
            if all(_holds(condition, row) for condition in found)
        }
        for row in rows
    }
    return Computed(frozenset(columns.values()), frozenset(always), by_record)


def _holds(condition, row):
    try:
        return condition.holds(row)
    except TypeError:
        # Such as "kind in ('x')", in which the brackets make no tuple. What is written is read back anyway.
        return False


def reason(session, model):
    """Why values of a model's records do not change: what computes them, as far as Odoo tells."""
    addons = addons_of(session, model)
    return "computed by an addon of this database%s, which does not let them be changed here" % (
        " (addons that extend %s: %s)" % (model, ", ".join(addons)) if addons else ""
    )


def refusal(session, model, words):
    """The same of values that an addon refuses, with its own words."""
    return 'refused by an addon of this database (addons that extend %s: %s), which says "%s"' % (
        model,
        ", ".join(addons_of(session, model)),
        words.rstrip("."),
    )


def addons_of(session, model):
    """The addons that extend a model and are not Odoo's, by name."""
    found = session.call("ir.model", "search_read", [["model", "=", model]], fields=["modules"])
    names = [name for row in found for name in (row["modules"] or "").split(", ") if name]
    domain = [["name", "in", names], ["author", "!=", "Odoo S.A."]]
    return sorted(row["name"] for row in session.call("ir.module.module", "search_read", domain, fields=["name"]))


def _is_computed(attributes):
    """Whether a field is neither in the table, nor that of another record, nor kept by company."""
    return attributes.get("store") is False and not (attributes.get("related") or attributes.get("company_dependent"))


@dataclass(frozen=True)
class Condition:
    """When a field is read-only on the form.

    :param names: the fields that the condition is about.
    :param holds: function of a row with their values.
    """

    names: frozenset
    holds: object


def read_only_when(form, columns, major):
    """When a form makes fields read-only.

    :param form: its XML.
    :returns: C({column: [conditions]}), one for each time that the form has the field; None for what is not understood.
    """
    read = _expression if major >= EXPRESSIONS_SINCE else _modifier
    found = {}
    for node in _fields(ElementTree.fromstring(form)):  # noqa: S314 - Odoo's own
        if node.get("name") in columns:
            try:
                condition = read(node)
            except (_Unclear, ValueError, SyntaxError, TypeError):
                condition = None
            found.setdefault(node.get("name"), []).append(condition)
    return found


def _about_computed_fields(session, model, found):
    """Those of the columns all of whose conditions are about computed fields alone."""
    named = sorted({name for conditions in found.values() for each in conditions if each for name in each.names})
    if not named:
        return {}
    attributes = session.call(model, "fields_get", named, attributes=["store", "related", "company_dependent"])
    told = {name for name in named if _is_computed(attributes.get(name, {}))}
    return {
        column: conditions
        for column, conditions in found.items()
        if all(each is not None and each.names <= told for each in conditions)
    }


def _fields(node):
    """The fields of a form, without those of the lists that stand in it."""
    for child in node:
        if child.tag == "field":
            yield child
        else:
            yield from _fields(child)


def _modifier(node):
    domain = json.loads(node.get("modifiers") or "{}").get("readonly")
    if not isinstance(domain, list):
        return None
    names = frozenset(term[0] for term in domain if isinstance(term, list))
    if not all(isinstance(term, str) or (len(term) == 3 and term[1] in _COMPARISONS) for term in domain):
        raise _Unclear(domain)
    return Condition(names, lambda row: _meets(row, domain))


def _meets(row, domain):
    """Whether a row meets a domain, which is in Polish notation."""
    stack = []
    for term in reversed(domain):
        if term == "!":
            stack.append(not stack.pop())
        elif term in ("&", "|"):
            first, second = stack.pop(), stack.pop()
            stack.append(first and second if term == "&" else first or second)
        else:
            stack.append(_COMPARISONS[term[1]](row[term[0]], term[2]))
    return all(stack)


def _expression(node):
    if not node.get("readonly"):
        return None
    tree = ast.parse(node.get("readonly"), mode="eval").body
    names = frozenset(each.id for each in ast.walk(tree) if isinstance(each, ast.Name))
    if not names:
        return None
    _evaluate(tree, dict.fromkeys(names, False))
    return Condition(names, lambda row: bool(_evaluate(tree, row)))


def _evaluate(node, row):
    """The value of an expression for a row.

    :raises _Unclear: when it has more than comparisons of fields with constants.
    """
    if isinstance(node, ast.Name):
        return row[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return not _evaluate(node.operand, row)
    if isinstance(node, ast.BoolOp):
        values = [_evaluate(each, row) for each in node.values]
        return all(values) if isinstance(node.op, ast.And) else any(values)
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _OPERATORS:
        try:
            other = ast.literal_eval(node.comparators[0])
        except ValueError as exc:
            raise _Unclear(ast.dump(node)) from exc
        return _COMPARISONS[_OPERATORS[type(node.ops[0])]](_evaluate(node.left, row), other)
    raise _Unclear(ast.dump(node))
