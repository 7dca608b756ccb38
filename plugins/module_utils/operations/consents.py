# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which mailboxes lack the consent of their owner, and storing it: refresh tokens of the addon mail_server_oauth."""

from __future__ import annotations

import time

from ansible_collections.postroom.odoo.plugins.module_utils.resources import OAUTH_ADDON
from ansible_collections.postroom.odoo.plugins.module_utils.resources.oauth_clients import OAUTH_CLIENTS
from ansible_collections.postroom.odoo.plugins.module_utils.resources.shared import CONSENT
from ansible_collections.postroom.odoo.plugins.module_utils.transport.errors import BrokenConnection, MissingModel, OdooError

_CLIENT, _TOKEN = OAUTH_CLIENTS.model, "mail.oauth.token"
_CURE = "Run site.yml first"
# What a token depends on.
_COMPARED = ("grant", "client_id", "token_url", "scopes")


def clients_of(session, clients):
    """The ids of these OAuth clients, C({name: id}).

    :param clients: objects with a client's options.
    :raises OdooError: where one is not in the database as the inventory has it.
    """
    try:
        domain = [["name", "in", sorted(each.name for each in clients)], ["active", "=", True]]
        rows = session.call(_CLIENT, "search_read", domain, fields=["name", *_COMPARED])
    except MissingModel as exc:
        raise OdooError("Database %s does not have the addon %s. %s." % (session.database, OAUTH_ADDON, _CURE)) from exc
    found = {row["name"]: row for row in rows}
    for client in clients:
        row = found.get(client.name)
        if not row:
            raise OdooError("Database %s has no OAuth client %s. %s." % (session.database, client.name, _CURE))
        others = [each for each in _COMPARED if (row[each] or "") != getattr(client, each)]
        if others:
            raise OdooError(
                "OAuth client %s of database %s differs from the inventory (%s). %s."
                % (client.name, session.database, ", ".join(others), _CURE)
            )
    return {name: row["id"] for name, row in found.items()}


def consented(session, clients, mailbox=None):
    """The mailboxes whose token Odoo has, and the provider still accepts, with the time of the last access token:
    C({(id of the client, mailbox): text}).

    :param mailbox: the only one to look for.
    """
    domain = [["client_id", "in", sorted(clients)]]
    if mailbox is not None:
        domain.append(["mailbox", "=", mailbox])
    rows = session.call(
        _TOKEN, "search_read", domain, fields=["client_id", "mailbox", "has_refresh_token", "state", "refreshed"]
    )
    return {
        (row["client_id"][0], row["mailbox"]): row["refreshed"] or ""
        for row in rows
        if row["has_refresh_token"] and row["state"] != CONSENT
    }


# Seconds for which Odoo is waited for, which may restart, and between two requests: the person would have to consent once more.
PATIENCE, PAUSE = 300, 5


def store(session, client, mailbox, refresh_token, patience=PATIENCE):
    """Store what a person's consent gave; Odoo commits it at once.

    If the answer is lost, Odoo may have stored the token, and replaced it with the next one since: the first one is dead then.

    :param client: id of the OAuth client.
    :param patience: seconds for which Odoo is waited for.
    """
    until, is_asked, before = time.monotonic() + patience, False, None
    while True:
        try:
            now = consented(session, [client], mailbox).get((client, mailbox))
            if not is_asked:
                before = now
            elif before is None and now is not None:
                return
            elif now is not None and now != before:
                raise OdooError(
                    "Odoo did not answer, and has renewed a token of %s since: the new one or the former one. "
                    "Ask for this mailbox once more" % mailbox
                )
            is_asked = True
            session.call(_CLIENT, "store_refresh_token", [client], mailbox=mailbox, refresh_token=refresh_token)
            return
        except BrokenConnection:
            if time.monotonic() >= until:
                raise
            time.sleep(PAUSE)
