# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fields that an addon of this database does not let be changed.

Odoo does not tell whether it is the value that is refused, which is an error of the list, or the field, which is left alone
as a computed one is (computed.py). So other values are tried, in a request that Odoo takes back: one of its rows has no record.
A field whose values are all refused in the same words counts as one that cannot be changed.
"""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.module_utils.engine import computed
from ansible_collections.postroom.odoo.plugins.module_utils.engine.executor import WriteRejected, load
from ansible_collections.postroom.odoo.plugins.module_utils.engine.planner import UPDATE
from ansible_collections.postroom.odoo.plugins.module_utils.transport.errors import is_collision

_NO_RECORD = "0"


def fixed_fields(session, resource, changes):
    """The options of changes that Odoo has refused whose fields cannot be changed.

    :param changes: updates, or others, of which none is found out.
    :returns: C({record id: {option: Odoo's reason}}), or None if this explains not all of the refusals.
    """
    # Odoo writes to users about changes of their login and e-mail address, and could of one that it takes back.
    if any(field.notify_on_write for field in resource.fields):
        return None
    if not all(change and change.action == UPDATE for change in changes) or not computed.addons_of(session, resource.model):
        return None
    found = {}
    for change in changes:
        refused = {option: _refusals(session, resource, change, option) for option in change.after}
        if any(word and is_collision(word) for words in refused.values() for word in words):
            # That says nothing of the field.
            return None
        fixed = {option: words[0] for option, words in refused.items() if _are_about_the_field(words)}
        if any(words[0] for option, words in refused.items() if option not in fixed) or not fixed:
            return None
        found[change.record] = fixed
    return found


def _refusals(session, resource, change, option):
    """What Odoo says to the value that is wanted, and to others, each by itself; None where it takes one."""
    field = resource.field(option)
    if not field.column or field.inverse or field.state:
        return [None]
    headers = field.headers(session.major)
    rows = [
        [str(change.record), *field.cells(value, session.major)] for value in (change.after[option], *_others(field, change))
    ]
    no_record = [_NO_RECORD, *("" for _header in headers)]
    try:
        load(session, resource.model, [".id", *headers], [*rows, no_record], lambda message: (message.get("record"), None))
    except WriteRejected as exc:
        words = {row: reason for row, dummy, reason in reversed(exc.problems)}
        return [words.get(number) for number in range(len(rows))]
    raise AssertionError("Odoo took a row without a record")


def _others(field, change):
    """Other values that the field could have; none where one cannot tell.

    Those near the present one tell a field from a limit, or a form, that the wanted value does not keep to.
    """
    wanted, current = change.after[field.option], change.current.get(field.option)
    others = ()
    if field.write_only or field.is_secret(change.item):
        return others
    if field.type == "text" and isinstance(wanted, str):
        others = wanted + "x", (current or "") + "y", "y" + (current or "")
    if field.type == "integer" and isinstance(wanted, int):
        others = wanted + 1, (current or 0) + 1, (current or 0) - 1
    return [value for value in others if value not in (wanted, current)]


def _are_about_the_field(words):
    return len(words) > 1 and all(words) and len(set(words)) == 1
