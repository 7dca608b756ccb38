# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which mailboxes lack the consent of their owner, and storing it: refresh tokens of the addon mail_server_oauth."""

from __future__ import annotations

import time

from ansible_collections.postroom.odoo.plugins.module_utils.resources import OAUTH_ADDON
from ansible_collections.postroom.odoo.plugins.module_utils.resources.oauth_clients import OAUTH_CLIENTS, REFRESH_TOKEN
from ansible_collections.postroom.odoo.plugins.module_utils.resources.shared import CONSENT
from ansible_collections.postroom.odoo.plugins.module_utils.transport.errors import BrokenConnection, MissingModel, OdooError

_CLIENT, _TOKEN = OAUTH_CLIENTS.model, "mail.oauth.token"
_CURE = "Run site.yml first"


def clients_of(session, names):
    """The ids of these OAuth clients, C({name: id}).

    :raises OdooError: where one is not in the database as the inventory has it.
    """
    try:
        domain = [["name", "in", sorted(names)], ["active", "=", True]]
        rows = session.call(_CLIENT, "search_read", domain, fields=["name", "grant"])
    except MissingModel as exc:
        raise OdooError("Database %s does not have the addon %s. %s." % (session.database, OAUTH_ADDON, _CURE)) from exc
    found = {row["name"]: row for row in rows}
    for name in names:
        if name not in found:
            raise OdooError("Database %s has no OAuth client %s. %s." % (session.database, name, _CURE))
        if found[name]["grant"] != REFRESH_TOKEN:
            raise OdooError(
                "OAuth client %s of database %s has the grant %s, not %s. %s."
                % (name, session.database, found[name]["grant"], REFRESH_TOKEN, _CURE)
            )
    return {name: row["id"] for name, row in found.items()}


def consented(session, clients):
    """The mailboxes whose token Odoo has, and the provider still accepts: C({(id of the client, mailbox)})."""
    rows = session.call(
        _TOKEN,
        "search_read",
        [["client_id", "in", sorted(clients)]],
        fields=["client_id", "mailbox", "has_refresh_token", "state"],
    )
    return {(row["client_id"][0], row["mailbox"]) for row in rows if row["has_refresh_token"] and row["state"] != CONSENT}


# How often an answer is waited for, and for how many seconds: the person would have to consent once more.
TRIES, PAUSE = 4, 2


def store(session, client, mailbox, refresh_token):
    """Store what a person's consent gave; Odoo commits it at once.

    :param client: id of the OAuth client.
    """
    for left in reversed(range(TRIES)):
        try:
            session.call(_CLIENT, "store_refresh_token", [client], mailbox=mailbox, refresh_token=refresh_token)
            return
        except BrokenConnection:
            if not left:
                raise
            time.sleep(PAUSE)
