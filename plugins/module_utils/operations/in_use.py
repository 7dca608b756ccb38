# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a database uses for mail: its active mail servers and internal users, for all operations that look at them."""

from __future__ import annotations


def read(session, model, domain, wanted, order="id"):
    """The records of a model with these fields; C(None) for those that need another series, or an addon that is missing."""
    offered = session.call(model, "fields_get", wanted, attributes=["type"])
    rows = session.call(model, "search_read", domain, fields=[name for name in wanted if name in offered], order=order)
    return [dict(dict.fromkeys(wanted), **row) for row in rows]


def outgoing_servers(session):
    """The active outgoing mail servers, in the order in which Odoo looks at them.

    C(from_filter) is None up to Odoo 14. C(sender_addresses), the addresses that a server has for itself, is None without the
    routing addon.
    """
    wanted = ["name", "smtp_user", "from_filter", "sender_addresses", "sequence"]
    return read(session, "ir.mail_server", [["active", "=", True]], wanted, order="sequence, id")


def incoming_servers(session):
    """The active incoming mail servers, in the order in which Odoo fetches from them."""
    wanted = ["name", "server", "user", "server_type", "state", "date", "error_date", "error_message"]
    return read(session, "fetchmail.server", [["active", "=", True]], wanted, order="priority, id")


def internal_users(session):
    """The active internal users."""
    wanted = ["name", "login", "email", "partner_id"]
    return read(session, "res.users", [["active", "=", True], ["share", "=", False]], wanted)
