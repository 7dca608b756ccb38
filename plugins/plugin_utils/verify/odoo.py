# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The check `odoo`: what a database says of its mail, judged. Pure: no I/O; mail_info in module_utils/operations reads it."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import normal
from ansible_collections.postroom.odoo.plugins.module_utils.operations.mail_info import DATE
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.rules import ODOO

# A scheduled action may be late by its interval and this, as others run before it.
LATE = timedelta(minutes=15)
# Seconds by which the clocks may differ.
CLOCK = 60
# How many of the reasons, and of each how many characters, the report has.
MOST_REASONS, LONGEST_REASON = 10, 200
_UNITS = {"minutes": 1, "hours": 60, "days": 1440, "weeks": 10080, "months": 44640}
_ADDRESS = re.compile(r"[\w.+-]+@[\w.-]+\w")


def check(info, odoo_url, days, findings):
    """Judge what the module mail_info returned.

    :param odoo_url: the URL by which the inventory reaches Odoo.
    :param days: for how many days failed mails were read.
    """
    add = findings.add
    findings.look(ODOO, "database")
    if info["neutralized"]:
        add("odoo_neutralized", "database", "marks of a neutralized copy", info["neutralized_by"])
    if abs(info["clock_offset"]) > CLOCK:
        ahead = "ahead" if info["clock_offset"] > 0 else "behind"
        add("odoo_clock", "database", "Odoo's time", "%s UTC: %d seconds %s" % (info["now"], abs(info["clock_offset"]), ahead))
    _base_url(info["base_url"], odoo_url, add)
    if not info["mail"]:
        add("mail_missing", "database", "the models of the mail app", "missing")
        return
    now = datetime.strptime(info["now"], DATE)
    fetches = any(each["state"] == "done" and each["server_type"] != "local" for each in info["incoming_servers"])
    _actions(info["scheduled_actions"], fetches, now, findings)
    _queue(info["queue"], days, findings)
    _incoming(info["incoming_servers"], findings)
    if not info["outgoing_servers"]:
        add("outgoing_missing", "outgoing mail servers", "active outgoing mail servers", "none")
    _users(info["users"], info["outgoing_servers"], findings)
    special = {normal(address): kind for address, kind in info["aliases"]["special"].items()}
    for alias in info["aliases"]["addresses"]:
        kind = special.get(normal(alias["address"]))
        if kind:
            found = "an alias for %s has the address of the %s" % (alias["model"] or "records", kind)
            add("alias_is_special", "alias %s" % alias["address"], "aliases", found)


def _base_url(base_url, odoo_url, add):
    if base_url and _place(base_url) != _place(odoo_url):
        add("base_url", "database", "system parameter web.base.url", "%s; odoo_url is %s" % (base_url, odoo_url))


def _place(url):
    """Where a URL leads, however it is written."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return url
    return parts.scheme, parts.hostname, port, parts.path.rstrip("/")


def _actions(actions, fetches, now, findings):
    for action in actions:
        if action["purpose"] == "fetch" and not fetches:
            # There is nothing to fetch, and Odoo disables it.
            continue
        subject, asked = "scheduled action %s" % action["cron_name"], "scheduled action (%s mail)" % action["purpose"]
        findings.look(ODOO, subject)
        last = "last run %s" % (action["lastcall"] or "never")
        if not action["active"]:
            findings.add("action_inactive", subject, asked, "inactive, %s" % last)
            continue
        due = datetime.strptime(action["nextcall"], DATE)
        interval = timedelta(minutes=action["interval_number"] * _UNITS.get(action["interval_type"], 1))
        if now - due > interval + LATE:
            findings.add("action_overdue", subject, asked, "due since %s, %s" % (action["nextcall"], last))
        if action["failure_count"]:
            findings.add("action_failing", subject, asked, "failed %d times in a row, %s" % (action["failure_count"], last))
    if not any(action["purpose"] == "send" for action in actions):
        findings.add("action_inactive", "scheduled action that sends mail", "its external identifier", "it was removed")


def _queue(queue, days, findings):
    findings.look(ODOO, "queue of outgoing mail")
    if queue["waiting"]:
        found = "%d mails wait, the oldest since %s" % (queue["waiting"], queue["oldest"])
        findings.add("mails_waiting", "queue of outgoing mail", "mails in state outgoing", found)
    reasons = Counter(_reason(each["reason"]) for each in queue["failed"])
    for reason, count in reasons.most_common(MOST_REASONS):
        asked = "mails in state exception of the last %d days" % days
        findings.add("mails_failed", "queue of outgoing mail", asked, "%d mails: %s" % (count, reason))
    rest = sum(count for _reason_, count in reasons.most_common()[MOST_REASONS:])
    if rest:
        findings.add("mails_failed", "queue of outgoing mail", "the same, for other reasons", "%d mails" % rest)


def _reason(text):
    """A reason without what differs from mail to mail."""
    line = " ".join(text.split()) or "no reason is known"
    return _ADDRESS.sub("<address>", line)[:LONGEST_REASON]


def _incoming(servers, findings):
    for server in servers:
        if server["server_type"] == "local":
            continue
        subject = "incoming mail server %s" % server["name"]
        findings.look(ODOO, subject)
        last = "last fetched %s" % (server["date"] or "never")
        if server["state"] != "done":
            findings.add("incoming_unconfirmed", subject, "its state", "not confirmed, %s" % last)
        if server["error_message"]:
            words = " ".join(server["error_message"].split())[:LONGEST_REASON]
            findings.add("incoming_failing", subject, "its last error", "%s: %s" % (server["error_date"] or "", words))


def _users(users, servers, findings):
    by_address = {}
    for user in users:
        subject = "user %s" % user["login"]
        findings.look(ODOO, subject)
        address = normal(user["email"] or "")
        if "@" not in address:
            findings.add("user_without_address", subject, "the user's e-mail", user["email"] or "none")
            continue
        by_address.setdefault(address, []).append(user["login"])
        if servers and not any(_covers(server, address) for server in servers):
            findings.add("user_without_server", subject, "outgoing mail servers for %s" % address, "none")
    for address, logins in by_address.items():
        if len(logins) > 1:
            findings.add("users_with_one_address", "user %s" % logins[0], "users with %s" % address, ", ".join(logins))


def _covers(server, address):
    """Whether a server is for an address: by its filter, else by its login."""
    filters = [normal(part) for part in (server["from_filter"] or "").split(",") if part.strip()]
    if filters:
        return address in filters or address.rpartition("@")[2] in filters
    login = normal(server["smtp_user"] or "")
    return login == address or "@" not in login or server["from_filter"] is not None
