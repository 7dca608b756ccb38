# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes a successor follow what a user follows, so that Odoo notifies the successor of new messages."""

from __future__ import annotations

from ansible_collections.postroom.odoo.plugins.module_utils.engine.lock import Lock, Taken, is_at_work, wait
from ansible_collections.postroom.odoo.plugins.module_utils.engine.result import problems_message
from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import normal
from ansible_collections.postroom.odoo.plugins.module_utils.engine.snapshot import read_turns
from ansible_collections.postroom.odoo.plugins.module_utils.module import Module, connect, new_module
from ansible_collections.postroom.odoo.plugins.module_utils.transport.errors import OdooError

MODEL = "mail.followers"
ITEM_OPTIONS = {"user": {"type": "str", "required": True}, "successor": {"type": "str", "required": True}}


def find_partners(session, items):
    """The contacts behind the items: C([(user's, successor's)]), and the problems as C([(index, option, reason)])."""
    rows = session.call("res.users", "search_read", [], fields=["login", "partner_id", "active"])
    users = {normal(row["login"]): row for row in rows}
    pairs, problems, seen = [], [], {}
    for index, item in enumerate(items):
        user, successor = users.get(normal(item["user"])), users.get(normal(item["successor"]))
        for option, found in (("user", user), ("successor", successor)):
            if found is None:
                problems.append((index, option, "this database has no user %r; check the login" % item[option]))
        if successor and not successor["active"]:
            problems.append((index, "successor", "%s is archived; choose an active user" % item["successor"]))
        if normal(item["user"]) == normal(item["successor"]):
            problems.append((index, "successor", "is the same user; choose another"))
        if seen.setdefault(normal(item["user"]), index) != index:
            problems.append((index, "user", "is already in the list, as item %d; remove one" % seen[normal(item["user"])]))
        if user and successor:
            pairs.append((user["partner_id"][0], successor["partner_id"][0]))
    return pairs, problems


def read_following(session, partners):
    """What contacts follow: C({contact: {(model, record): database id of the following}})."""
    following = {partner: {} for partner in partners}
    domain = [["partner_id", "in", sorted(following)]]
    for row in session.call(MODEL, "search_read", domain, fields=["res_model", "res_id", "partner_id"], order="id"):
        following[row["partner_id"][0]][row["res_model"], row["res_id"]] = row["id"]
    return following


def decide(pairs, following):
    """What goes over and what ends, as the successor follows it already: C([(successor, moved, ended)]). Pure."""
    decided = []
    for user, successor in pairs:
        followed = following[user]
        moved = {record: number for record, number in followed.items() if record not in following[successor]}
        ended = {record: number for record, number in followed.items() if record not in moved}
        following[successor].update(moved)
        following[user] = {}
        decided.append((successor, moved, ended))
    return decided


def carry_out(session, decided):
    for successor, moved, ended in decided:
        if moved:
            session.call(MODEL, "write", sorted(moved.values()), {"partner_id": successor})
        if ended:
            session.call(MODEL, "unlink", sorted(ended.values()))


def run(new=Module):
    """The whole of the module C(followers)."""
    module = new_module(ITEM_OPTIONS, ("merged",), new)
    try:
        _hand_over(module, connect(module))
    except OdooError as exc:
        module.fail_json(msg=str(exc))


def _decide(module, session):
    items = module.params["config"]
    pairs, problems = find_partners(session, items)
    if problems:
        module.fail_json(**problems_message("user", [item["user"] for item in items], problems))
    return decide(pairs, read_following(session, {partner for pair in pairs for partner in pair}))


def _write(module, session):
    """Carry it out in a turn of this run, or what is left when it has that; what was decided."""
    while True:
        # Before all else: what is read after it is what another run has left.
        turns = read_turns(session)
        decided = _decide(module, session)
        if not (any(moved or ended for dummy, moved, ended in decided) or is_at_work(turns)):
            return decided
        try:
            with Lock(session, turns):
                carry_out(session, decided)
                return decided
        except Taken:
            wait(session, module.report_progress)


def _hand_over(module, session):
    items = module.params["config"]
    decided = _decide(module, session) if module.check_mode else _write(module, session)
    counts = {
        "handed_over": sum(len(moved) for dummy, moved, dummy in decided),
        "ended": sum(len(ended) for dummy, dummy, ended in decided),
    }
    result = dict(session.facts, changed=any(counts.values()), counts=counts, rpc_calls=session.calls)
    if module._diff:
        before, after = {}, {}
        for item, decision in zip(items, decided):
            moved, ended = decision[1:]
            if moved or ended:
                before[item["user"]] = _by_model({**moved, **ended})
                after[item["user"]] = {}
            if moved:
                after[item["successor"]] = _by_model(moved)
                before.setdefault(item["successor"], {})
        result["diff"] = {"before": before, "after": after}
    module.exit_json(**result)


def _by_model(records):
    """The database ids of records by model."""
    found = {}
    for model, record in sorted(records):
        found.setdefault(model, []).append(record)
    return found
