# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Install, upgrade and uninstall addons, and wait until Odoo answers again with the new set."""

from __future__ import annotations

import time

from ansible_collections.postroom.odoo.plugins.module_utils.engine.result import (
    DIFFERS,
    MISSING,
    UNWANTED,
    described,
    problems_message,
)
from ansible_collections.postroom.odoo.plugins.module_utils.module import Module, connect, new_module
from ansible_collections.postroom.odoo.plugins.module_utils.transport.errors import BrokenConnection, OdooError

MODEL = "ir.module.module"
INSTALL, UPGRADE, UNINSTALL = "install", "upgrade", "uninstall"
# Odoo rebuilds its registry meanwhile and answers such calls late, or not at all.
POLL = 2.0
# An addon that is not in the database's list, in the form of find().
NOT_LISTED = {"id": None, "state": "uninstalled", "version": "", "available": ""}
# Odoo refuses a module operation while a scheduled action, or another operation, is under way; later it goes through.
_BUSY = ("is currently processing a scheduled action", "is currently processing another module operation")


def find(session, names):
    """The addons of these names: C({name: {id, state, version, available}}).

    C(version) is the one that the database was last set up with, C(available) the one on the server's disk. (Odoo's field
    names say the opposite: C(latest_version) is the former, C(installed_version) the latter.)
    """
    rows = session.call(
        MODEL, "search_read", [["name", "in", sorted(names)]], fields=["name", "state", "latest_version", "installed_version"]
    )
    return {
        row["name"]: {
            "id": row["id"],
            "state": row["state"],
            "version": row["latest_version"] or "",
            "available": row["installed_version"] or "",
        }
        for row in rows
    }


def dependants(session, names):
    """Installed addons, other than these, that need one of these, directly or through others."""
    rows = session.call(
        "ir.module.module.dependency",
        "search_read",
        [["module_id.state", "in", ["installed", "to upgrade", "to remove"]]],
        fields=["name", "module_id"],
    )
    installed = session.call(MODEL, "search_read", [["state", "in", ["installed", "to upgrade", "to remove"]]], fields=["name"])
    name_of = {row["id"]: row["name"] for row in installed}
    needed, found = set(names), True
    while found:
        found = {name_of[row["module_id"][0]] for row in rows if row["name"] in needed} - needed
        needed |= found
    return sorted(needed - set(names))


def decide(items, found, state):
    """What is to be done: C([(operation, name)]), and the problems as C([(index, option, reason)]). Pure."""
    todo, problems = [], []
    counted = [each for each in enumerate(items) if not _is_left(each[1], found.get(each[1]["name"]), state)]
    for index, item in counted:
        addon = found.get(item["name"])
        if addon is None:
            if state != "deleted":
                problems.append((index, None, "is not among the addons of this server; check the name and its addons path"))
            continue
        if addon["state"].startswith("to "):
            problems.append(
                (index, None, "is in the state %r: another operation is in progress or was interrupted" % addon["state"])
            )
        elif state == "deleted":
            if addon["state"] == "installed":
                todo.append((UNINSTALL, item["name"]))
        elif addon["state"] == "uninstallable":
            problems.append(
                (index, None, "cannot be installed on this server (uninstallable): use a version of the addon for this series")
            )
        elif addon["state"] == "uninstalled":
            todo.append((INSTALL, item["name"]))
        elif item.get("upgrade") and addon["version"] != addon["available"]:
            todo.append((UPGRADE, item["name"]))
    return todo, problems


def _is_left(item, addon, state):
    """Whether the item does not require its addon, and the database does not have it."""
    return state == "merged" and not item["required"] and (addon is None or addon["state"] in ("uninstalled", "uninstallable"))


def full_version(version, series):
    """A version as Odoo counts it: with the series before it, where an addon's own has none."""
    return version if version.startswith(series + ".") else "%s.%s" % (series, version)


def foresee(items, found, session):
    """Check mode: assume that the given versions of addons have been copied to the server, and report them."""
    lines = []
    for item in items:
        version = item.get("version") and full_version(item["version"], session.series)
        addon = found.setdefault(item["name"], dict(NOT_LISTED)) if version else None
        if addon and addon["available"] != version:
            if addon["id"]:
                lines.append(
                    "The server of database %s has version %s of %s on its disk; check mode assumes that %s is copied there."
                    % (session.database, addon["available"], item["name"], version)
                )
            addon["available"] = version
            if addon["state"] == "uninstallable":
                addon["state"] = "uninstalled"
    return lines


def other_versions(items, found, series):
    """The problem of each addon of which the server's disk has another version than the given one."""
    return [
        (
            index,
            "version",
            "the server has %s on its disk, not %s: copy that version to its addons path and restart Odoo"
            % (found[item["name"]]["available"], full_version(item["version"], series)),
        )
        for index, item in enumerate(items)
        if item.get("version")
        and item["name"] in found
        and found[item["name"]]["available"] != full_version(item["version"], series)
    ]


def carry_out(session, todo, timeout):
    """Do it, one request an operation, and wait for the outcome.

    :param timeout: seconds for each operation.
    :raises OdooError: when Odoo refuses, or is not done in time.
    """
    for operation in (UNINSTALL, INSTALL, UPGRADE):
        names = [name for each, name in todo if each == operation]
        if names:
            _operate(session, operation, names, timeout)


def _operate(session, operation, names, timeout):
    deadline = time.monotonic() + timeout
    ids = [addon["id"] for addon in find(session, names).values()]
    lost = None
    with session.patience(timeout):
        while True:
            try:
                session.call(MODEL, "button_immediate_%s" % operation, ids)
                break
            except OdooError as exc:
                if not any(words in str(exc) for words in _BUSY) or time.monotonic() > deadline:
                    lost = exc
                    break
                time.sleep(POLL)
    # A broken connection proves nothing: a proxy may have timed out while the operation continues.
    if lost is not None and not isinstance(lost, BrokenConnection):
        raise lost
    wanted = "uninstalled" if operation == UNINSTALL else "installed"
    while True:
        try:
            states = {name: addon["state"] for name, addon in find(session, names).items()}
            if all(state == wanted for state in states.values()):
                return
            problem = "the result is %s" % ", ".join("%s %s" % pair for pair in sorted(states.items()))
            if lost is None and not any(state.startswith("to ") for state in states.values()):
                break
        except OdooError as exc:
            problem = str(exc)
        if time.monotonic() > deadline:
            break
        time.sleep(POLL)
    raise OdooError(
        "Odoo did not %s %s within %d s: %s. See the server's log." % (operation, ", ".join(names), timeout, problem)
    )


# -- the module --------------------------------------------------------------------------------------------------------

ITEM_OPTIONS = {
    "name": {"type": "str", "required": True},
    "version": {"type": "str"},
    "upgrade": {"type": "bool", "default": False},
    "required": {"type": "bool", "default": True},
    "since": {"type": "int"},
    "until": {"type": "int"},
}
DONE = {INSTALL: "installed", UPGRADE: "upgraded", UNINSTALL: "uninstalled"}


def run(new=Module):
    """The whole of the module C(addons)."""
    module = new_module(
        ITEM_OPTIONS,
        ("merged", "deleted", "gathered"),
        new,
        update_list={"type": "bool", "default": False},
        operation_timeout={"type": "int", "default": 600},
    )
    try:
        _manage(module, connect(module))
    except OdooError as exc:
        module.fail_json(msg=str(exc))


def _manage(module, session):
    state = module.params["state"]
    items = [
        item
        for item in module.params["config"] or ()
        if (item["since"] or 0) <= session.major <= (item["until"] or session.major)
    ]
    result = dict(session.facts, changed=False, url=module.params["url"], database=session.database)
    if state == "gathered":
        module.exit_json(gathered=_installed(session, items), **result)
    found, unpredicted = _look_up(module, session, items)
    if state == "merged" and module.check_mode:
        unpredicted += foresee(items, found, session)
    todo, problems = decide(items, found, state)
    if state == "merged":
        problems += other_versions(items, found, session.series)
    problems += _needed(session, items, todo)
    if unpredicted:
        # The list cannot be refreshed in check mode: an addon that it lacks may be on the disk all the same.
        problems = [problem for problem in problems if items[problem[0]]["name"] in found]
        result["unpredicted"] = unpredicted
        for line in unpredicted:
            module.warn(line)
    if problems:
        module.fail_json(**problems_message("addon", [item["name"] for item in items], problems))
    if todo and not module.check_mode:
        carry_out(session, todo, module.params["operation_timeout"])
    counts = {done: len([name for operation, name in todo if DONE[operation] == done]) for done in DONE.values()}
    if module.check_mode:
        named = [item["name"] for item in items if item["required"]]
        result["drift"] = dict(
            described(session, "addons", "addon"),
            records=named,
            keys=[[name] for name in named],
            differences=_differences(items, todo, found, state),
            conflicts=[],
            unnamed={},
        )
    result.update(
        changed=bool(todo),
        installed=_installed_then(found, todo),
        counts=dict(counts, unchanged=len(items) - len(todo)),
        changes=[
            {"action": done, "items": [name for operation, name in todo if DONE[operation] == done]}
            for done in DONE.values()
            if counts[done]
        ],
    )
    if module._diff:
        result["diff"] = {
            "before": {name: _state_before(operation, found[name]) for operation, name in todo},
            "after": {name: _state_after(operation, found[name]) for operation, name in todo},
        }
    module.exit_json(**result)


def _differences(items, todo, found, state):
    """What a comparison found, as C(differences) of engine/result.py gives it of records."""
    rows = []
    for index, item in enumerate(items):
        addon, row = found.get(item["name"]), {"index": index, "record": item["name"]}
        operation = next((operation for operation, name in todo if name == item["name"]), None)
        if operation == UPGRADE:
            declared, present = addon["available"], addon["version"]
            rows.append(dict(row, kind=DIFFERS, option="version", declared=declared, found=present))
        elif operation or (addon is None and state == "merged" and item["required"]):
            rows.append(dict(row, kind=UNWANTED if operation == UNINSTALL else MISSING))
    return rows


def _look_up(module, session, items):
    names = {item["name"] for item in items}
    found = find(session, names)
    missing = sorted({item["name"] for item in items if item["required"]} - set(found))
    if (missing or module.params["update_list"]) and not module.check_mode:
        session.call(MODEL, "update_list")
        found = find(session, names)
    elif missing and module.params["state"] == "merged":
        return found, [
            "Not in the list of addons of database %s, which check mode does not refresh: %s."
            % (session.database, ", ".join(missing))
        ]
    return found, []


def _installed_then(found, todo):
    """The addons that are installed once all is done."""
    then = {name: addon["state"] == "installed" for name, addon in found.items()}
    then.update((name, operation != UNINSTALL) for operation, name in todo)
    return sorted(name for name, installed in then.items() if installed)


def _needed(session, items, todo):
    removed = [name for operation, name in todo if operation == UNINSTALL]
    others = dependants(session, removed) if removed else []
    if not others:
        return []
    index = next(index for index, item in enumerate(items) if item["name"] == removed[0])
    return [
        (
            index,
            None,
            "is required by installed addons that would also be uninstalled; add them to the list: %s" % ", ".join(others),
        )
    ]


def _installed(session, items):
    domain = [["state", "=", "installed"]]
    if items:
        domain.append(["name", "in", [item["name"] for item in items]])
    return [{"name": row["name"]} for row in session.call(MODEL, "search_read", domain, fields=["name"], order="name")]


def _state_before(operation, addon):
    return {"version": addon["version"]} if operation == UPGRADE else {"state": addon["state"]}


def _state_after(operation, addon):
    return {"version": addon["available"]} if operation == UPGRADE else {"state": DONE[operation]}
