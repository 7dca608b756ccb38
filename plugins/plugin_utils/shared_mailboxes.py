# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Mailboxes that several databases of an inventory would fetch. Whichever fetches first has the message."""

from __future__ import annotations

import contextlib

from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.forward import BadEntry
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.lists import lists_of
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.options import ENTRY, SERVERS

# What decides which mailboxes are fetched, by role. Secrets are not among it: to ask for them may take a vault far away.
VARIABLES = {
    "mail_domain": (
        "mail_provider",
        "mail_domain_name",
        "mail_domain_catchall",
        "mail_domain_bounce",
        "mail_domain_default_from",
        "mail_domain_incoming",
        "mail_domain_imap",
        "mail_domain_pop",
    ),
    "mail_users": ("mail_provider", "mail_users_accounts", "mail_users_defaults"),
    "mail_extras": ("mail_extras_incoming_servers",),
}
# How a mailbox logs in does not decide it, either.
_SECRET = {"oauth", *(option.name for options in (ENTRY, *SERVERS.values()) for option in options if option.secret)}


def without_secrets(value):
    """A variable without the passwords and OAuth clients in it, so that their lookups are not evaluated."""
    if isinstance(value, dict):
        return {name: without_secrets(each) for name, each in value.items() if name not in _SECRET}
    if isinstance(value, (list, tuple)):
        return [without_secrets(each) for each in value]
    return value


def mailboxes_of(given):
    """The mailboxes that a database fetches, each as C((login, host)) in lower case.

    :param given: C({variable: value}) of VARIABLES. A role whose variables are missing or wrong is left out: the database's
        own check reports that. An OAuth client that cannot be made changes nothing.
    """
    given = without_secrets(given)
    found = set()
    for role, names in VARIABLES.items():
        with contextlib.suppress(BadEntry, AttributeError, KeyError, TypeError, ValueError):
            lists = lists_of(role, {name: given[name] for name in names if name in given}, routed=True)
            items = [item for _variable, module, made in lists if module == "incoming_mail_servers" for item in made]
            found |= {
                (str(item["login"]).strip().lower(), str(item.get("host") or "").strip().lower())
                for item in items
                if item.get("active", True) and item.get("login") and item.get("confirmed", True)
            }
    return found


def shared(mailboxes, hosts):
    """The mailboxes that more than one database fetches, at least one of these hosts among them; a line each.

    :param mailboxes: C({host: mailboxes_of(…)})
    :param hosts: the hosts of the run
    """
    readers = {}
    for host in sorted(mailboxes):
        for mailbox in mailboxes[host]:
            readers.setdefault(mailbox, []).append(host)
    # As a rule it is the same hosts again and again, with all their mailboxes.
    groups = {}
    for (login, server), names in sorted(readers.items()):
        if len(names) > 1 and not set(names).isdisjoint(hosts):
            groups.setdefault(tuple(names), []).append("%s on %s" % (login, server))
    return [
        "%s fetch the same mailbox: %s. Each message goes to the database that fetches first; only answers are left to the "
        "database that they are for, if all of them have the routing addon. Give each database its own mailboxes, or set "
        "mail_domain_incoming: false and incoming: false of the accounts in all but one." % (_listed(names), _listed(found))
        for names, found in groups.items()
    ]


def _listed(names, most=5):
    """Names as a sentence has them; of many, the first ones."""
    left = len(names) - most
    return ", ".join(names[:most]) + (" and %d more" % left if left > 0 else "")
