# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a module returns: result, diff, gathered configuration, errors. Secrets are always masked."""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.module_utils.engine import template_expressions
from ansible_collections.postroom.odoo.plugins.module_utils.engine.desired import listed
from ansible_collections.postroom.odoo.plugins.module_utils.engine.planner import CREATE, DELETE, UPDATE
from ansible_collections.postroom.odoo.plugins.module_utils.engine.snapshot import shown

HIDDEN = "(hidden)"
MOST_PROBLEMS = 50
# The kinds of differences between a list and a database.
DIFFERS, MISSING, UNWANTED, NOT_OWNED = "differs", "missing", "unwanted", "not_owned"


def describe(plan):
    """Counts, and the changes grouped so that 1,000 alike take a line: C({counts, changes: [{action, options, items}]})."""
    groups = {}
    for change in plan.changes:
        options = sorted(change.after) if change.action != DELETE else []
        groups.setdefault((_done(change), tuple(options)), []).append(change.label)
    return {
        "counts": {
            "created": len(plan.of(CREATE)),
            "updated": len([change for change in plan.of(UPDATE) if change.after]),
            "adopted": len([change for change in plan.changes if change.adopt]),
            "deleted": len(plan.of(DELETE)),
            "unchanged": plan.unchanged,
        },
        "adopted": ["%s (id %d)" % (change.label, change.record) for change in plan.changes if change.adopt],
        "changes": [
            {"action": action, "options": list(options), "items": labels} for (action, options), labels in groups.items()
        ],
    }


def _done(change):
    """What a change is called once it is made."""
    if change.action == UPDATE and not change.after:
        return "adopted"
    return {CREATE: "created", UPDATE: "updated", DELETE: "deleted"}[change.action]


def diff(resource, names, major, plan):
    """C({before, after}) with nothing but what changes."""
    before, after = {}, {}
    for change in plan.changes:
        if change.action != CREATE:
            before[change.label] = _side(resource, names, major, change, change.before, "old")
        if change.action != DELETE:
            after[change.label] = _side(resource, names, major, change, change.after, "new")
        if change.adopt:
            before[change.label]["managed by Postroom"] = False
            after[change.label]["managed by Postroom"] = True
    return {"before": before, "after": after}


def _side(resource, names, major, change, values, age):
    side = {}
    for option, value in values.items():
        field = resource.field(option)
        if _is_hidden(field, change):
            side[option] = "(hidden, %s)" % age if value else ""
        else:
            side[option] = _readable(field, names, major, value)
    return side


def _is_hidden(field, change):
    # For a removed record, no item specifies whether its value is a secret.
    return field.secret and (change.action == DELETE or field.is_secret(change.item))


def _readable(field, names, major, value):
    return field.cell(value, major) if field.type == "expression" else _plain(field, names, value)


def differences(resource, names, major, plan):
    """What a comparison found, a row for each option of a record that differs, and one for a record as a whole.

    :returns: C([{index, record, kind}]), with C(option, declared, found) where options differ, or C(option, secret).
    """
    rows = []
    for change in plan.changes:
        row = {"index": change.index, "record": change.label}
        if change.action != UPDATE:
            rows.append(dict(row, kind=MISSING if change.action == CREATE else UNWANTED))
            continue
        if change.adopt:
            rows.append(dict(row, kind=NOT_OWNED))
        for option, value in change.after.items():
            field = resource.field(option)
            row = dict(row, kind=DIFFERS, option=option)
            if _is_hidden(field, change):
                rows.append(dict(row, secret=True))
            else:
                declared, found = (_readable(field, names, major, each) for each in (value, change.before[option]))
                rows.append(dict(row, declared=declared, found=found))
    return rows


def drift(session, resource, items, differences, conflicts=(), unnamed=None):
    """What check mode returns as C(drift): all that a report of several lists needs, so that it reads no module's options.

    :returns: a dictionary with
        C(resource): the module's name; C(noun): what to call one record, in Odoo's words;
        C(url), C(database), C(series): where it was compared;
        C(records): the label of each item of the list, in its order;
        C(keys): the natural key of each item, a list of values in the form in which they are compared;
        C(differences): C([{index, record, kind, option, declared, found, secret}]) as C(differences) gives them;
        C(conflicts): C([{index, record, kind, id, name, keys, found}]), records made by hand that interfere with the record of
        an item; another list names the record after all if one of its C(keys) is among that list's;
        C(unnamed): C({database id: label}) of owned records that the list does not name.
    """
    return dict(
        described(session, resource.name, resource.noun),
        records=[resource.label(item) for item in items],
        keys=[list(resource.key(item)[1]) for item in items],
        differences=differences,
        conflicts=list(conflicts),
        unnamed=unnamed or {},
    )


def described(session, resource, noun):
    """Which kind of thing was compared, and where."""
    return {
        "resource": resource,
        "noun": noun,
        "url": session.url,
        "database": session.database,
        "series": session.series,
    }


def _plain(field, names, value):
    # Where the model is not there yet, relations were left as the names that were given.
    if field.type == "many2many" and any(isinstance(each, str) for each in value):
        return sorted(value)
    if isinstance(value, str):
        return value
    return shown(names, field, value)


def gathered(resource, names, major, records, items):
    """The records as C(config), ready for an inventory; of the named ones, or of all when C(items) is empty."""
    keys = {resource.key(item) for item in items}
    chosen = [record for record in records if not keys or not keys.isdisjoint(resource.keys(record))]
    return [_as_item(resource, names, major, record) for record in chosen]


def _as_item(resource, names, major, record):
    item = {}
    for field in resource.fields:
        if field.option not in record or field.secret is True:
            continue
        value = _as_option(field, names, record[field.option])
        if value not in ("", None, []):
            item[field.option] = value
    item = resource.without_other_identities(item)
    for field in resource.fields:
        if field.option in item and field.is_secret(item):
            del item[field.option]
            item.update(field.secret.given_as)
    return item


def _as_option(field, names, value):
    if field.type == "expression":
        said = template_expressions.as_option(value)
        # What the check would refuse cannot be given back.
        return None if said == value and value and field.check and field.check(value) else said
    if field.type == "binary":
        return None
    value = shown(names, field, value)
    if field.check:
        if isinstance(value, list):
            return [each for each in value if not field.check(each)]
        if value not in ("", None) and field.check(value):
            return None
    return value


def not_managed(resource, plan, why):
    """A line for each set of options that Odoo does not take, with the records, and the reason.

    :param why: function of a record's label and an option that returns what keeps Odoo from it.
    """
    options, records = {}, {}
    for label, option in plan.left_alone:
        options.setdefault((label, why(label, option)), set()).add(option)
    for (label, reason), found in options.items():
        records.setdefault((tuple(sorted(found)), reason), []).append(label)
    return [
        "%s of %s %s: not managed by Postroom; values are %s. Change the value where the addon has it, or remove the option"
        % (", ".join(found), resource.noun, listed(labels), reason)
        for (found, reason), labels in records.items()
    ]


# From this series on, a form has an address of its own.
FORMS_SINCE = 18


def to_connect(resource, session, plan):
    """The records that a person has to connect: C([{record, url, reason, client}]).

    C(url): address of the form with the button; empty for a record that check mode foretells. C(reason): the words in which the
    provider refused a record that was connected before, or empty. C(client): the OAuth client to which the person has to
    consent; empty where it is done in Odoo.
    """
    address = "%s/odoo/%s/%d" if session.major >= FORMS_SINCE else "%s/web#model=%s&id=%d&view_type=form"
    return [
        {
            "record": change.label,
            "url": address % (session.url, resource.model, change.record) if change.record else "",
            "reason": change.refusal,
            "client": resource.verification.connected_to(change.item),
        }
        for change in plan.to_connect
    ]


def problems_message(noun, labels, problems):
    """One error for all bad items, each by its place in the list, its label and option, with the reason and the cure."""
    lines, structured = [], []
    for index, option, reason in problems:
        place = "" if index is None else "config[%d] %s" % (index, labels[index])
        lines.append(": ".join(part for part in (place, option, reason) if part))
        structured.append({"index": index, "option": option, "reason": reason})
    if len(lines) > 1:
        head = "%d problems with the list of %ss:" % (len(lines), noun)
        more = ["… and %d more" % (len(lines) - MOST_PROBLEMS)] if len(lines) > MOST_PROBLEMS else []
        message = "\n".join([head] + ["- " + line for line in lines[:MOST_PROBLEMS]] + more)
    else:
        message = lines[0]
    return {"msg": message, "problems": structured[:MOST_PROBLEMS]}
