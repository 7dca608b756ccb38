# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Misspelled variables in an inventory, which nothing uses. Pure: no I/O.

A variable that starts with the name of a role is one of that role, or a mistake. Any other, such as `mail_host`, may be
somebody's own; but if it is nearly the name of a variable of a role, or of another one that is not set, that was meant. A name
that starts with an underscore, or with `vault_`, is never looked at.

Less sure are the bare name of a role, a name without one of its words, and one in capitals. They may be of another role, or a
helper, so they are mistakes only if no expression of the inventory reads them; most only if what they would set is not set.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher, get_close_matches

from ansible_collections.postroom.odoo.plugins.plugin_utils.given import RUN_TOGETHER, name_in

DATABASES, SERVERS = "odoo_databases", "odoo_servers"
# How much alike two names are when one of them is a misspelling: mail_user_accounts is, mail_accounts is not.
ALIKE = 0.85
# What tasks of this collection set, and no inventory.
_FACTS = ("routing_addon_failure", "routing_addon_state")


def unread_variables(given, known, roles):
    """Variables that nothing uses.

    :param given: C({name: value}) that the inventory sets for a host, as it is written.
    :param known: all names that this collection reads.
    :param roles: the names of its roles.
    :returns: a line for each, with the nearest right name.
    """
    known, given = set(known).union(_FACTS), {name: value for name, value in given.items() if isinstance(name, str)}
    prefixes = tuple(role + "_" for role in roles)
    # Nobody has a helper that is called nearly like a variable of a role; beside a password, there may be passwords.
    meant = sorted(name for name in known if name not in given or name.startswith(prefixes))
    for name in sorted(given.keys() - known):
        # Capitals are the environment's, from which the connection may come.
        if name.startswith(("_", "vault_", "ansible_", "ODOO_")):
            continue
        right, folded = name_in(name), name.casefold()
        of_role = folded.startswith(prefixes)
        if right != name:
            if of_role or get_close_matches(right, known, 1, ALIKE):
                yield RUN_TOGETHER % (right, right)
            continue
        nearest = get_close_matches(folded, sorted(known) if of_role else meant, 1, 0.6 if of_role else ALIKE)
        is_sure = name == folded and (of_role or nearest)
        nearest = nearest or _of_bare_role(name, given, known, roles) or _without_a_word(name, given, known, prefixes)
        if is_sure or ((of_role or nearest) and not _is_read(name, given)):
            yield "%s: Postroom does not use a variable with this name; %s" % (name, _cure(name, nearest))


def _of_bare_role(name, given, known, roles):
    """The variables that are meant by the name of a role alone.

    A playbook's, such as verify, is a word that anybody may use. mail_domain may be plain text for another role, such as one
    that sets up Postfix, beside our own variables.
    """
    role = name.casefold()
    if role not in roles or "_" not in role:
        return []
    own = sorted(each for each in known if each.startswith(role + "_"))
    if not _has_items(given[name]) and not given.keys().isdisjoint(own):
        return []
    return get_close_matches(role, own, 3, 0)


def _without_a_word(name, given, known, prefixes):
    """The variables that are not set and meant by a list or dictionary whose name lacks one of their words: mail_passwords."""
    if not _has_items(given[name]) or "_" not in name:
        return []
    meant = []
    for each in sorted(each for each in known if each.startswith(prefixes) and each not in given):
        words = each.split("_")
        if name.casefold() in ("_".join(words[:place] + words[place + 1 :]) for place in range(len(words))):
            meant.append(each)
    return meant


def _has_items(value):
    """Whether a value is a list or dictionary, or an expression, which may be one."""
    return isinstance(value, (list, dict)) or (isinstance(value, str) and value.lstrip().startswith("{{"))


def _is_read(name, given):
    """Whether an expression of the inventory has the name in it."""
    word = re.compile(r"\b%s\b" % re.escape(name))
    return any(word.search(text) for other, value in given.items() if other != name for text in _expressions(value))


def _expressions(value):
    if isinstance(value, str):
        if "{{" in value or "{%" in value:
            yield value
    elif isinstance(value, (list, dict)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _expressions(each)


def _cure(name, nearest):
    right = "did you mean %s? " % " or ".join(nearest) if nearest else ""
    return "%sIf it is your own variable, start its name with an underscore: _%s" % (right, name)


def _is_slip(name, right):
    """Whether a name is another one with a single slip: one letter wrong, or two exchanged, or another separator."""
    name, right = (re.sub("[-_]", "", each.lower()) for each in (name, right))
    changes = [each[1:] for each in SequenceMatcher(None, name, right).get_opcodes() if each[0] != "equal"]
    letters = sum(max(i2 - i1, j2 - j1) for i1, i2, j1, j2 in changes)
    return letters <= 1 or (letters == 2 and sorted(name) == sorted(right))


def no_database(groups, hosts):
    """Why a run has nothing to do, or would leave out a half: the inventory misspells a group, names no database, or not those
    that are asked for; None if it has what it needs.

    :param groups: C({group: [hosts]}) of the inventory.
    :param hosts: the hosts that the run is limited to.
    """
    named = {group: set(groups.get(group) or ()) for group in (DATABASES, SERVERS)}
    others = [group for group in groups if groups[group] and group not in (*named, "all", "ungrouped")]
    nothing = not any(named.values())
    for right in (group for group in named if not named[group]):
        # Beside one that has hosts, the other may be left out, and a group of such a name may be there for something else.
        if nothing:
            nearest = get_close_matches(right, others, 1, ALIKE)
        else:
            nearest = [group for group in others if right not in groups and _is_slip(group, right)]
        if nearest:
            problem = "The inventory has no host in the group %s. If the group %s is meant, rename it" % (right, nearest[0])
            return problem if nothing else "%s; if not, add an empty group %s" % (problem, right)
    if not named[DATABASES] | named[SERVERS]:
        return "The inventory has no host in the group %s. Add each database to this group as a host, and check -i" % DATABASES
    if (named[DATABASES] | named[SERVERS]) & set(hosts):
        return None
    return "No host of this run is in the group %s or %s. Check --limit: the groups have %s" % (
        DATABASES,
        SERVERS,
        ", ".join(sorted(named[DATABASES] | named[SERVERS])),
    )
