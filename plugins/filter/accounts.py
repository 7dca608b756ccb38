# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From the accounts of the role mail_users to the lists that the modules take. Pure: no I/O.

In Python, as there may be thousands of accounts: every call of a filter in a loop of Jinja costs as much as a whole
account here. What Ansible hands over templates a value when it is looked at; so each is looked up by its key, and what
is not known is left out instead of omitted.
"""

from __future__ import annotations

import re

from ansible.errors import AnsibleFilterError
from ansible.module_utils.parsing.convert_bool import boolean

ADDRESS = re.compile(r"[^@\s]+@[^@\s]+$")
# Options of an account that mean the same to the module users.
USER_OPTIONS = (
    "name",
    "email",
    "update_password",
    "groups",
    "company",
    "companies",
    "language",
    "timezone",
    "notification_type",
    "active",
    "invite",
)


def user_items(accounts, defaults=None):
    return [_user(account) for account in _completed(accounts, defaults)]


def incoming_server_items(accounts, defaults=None, provider=None, passwords=None, protocol="imap", routed=False):
    return [
        _incoming_server(account, provider or {}, passwords or {}, protocol, routed)
        for account in _completed(accounts, defaults)
        if _says(account, "incoming")
    ]


def outgoing_server_items(accounts, defaults=None, provider=None, passwords=None, routed=False):
    return [
        _outgoing_server(account, provider or {}, passwords or {}, routed)
        for account in _completed(accounts, defaults)
        if _says(account, "outgoing")
    ]


def without_password(accounts, defaults=None, provider=None, passwords=None):
    return [
        account["email"]
        for account in _completed(accounts, defaults)
        if not _password(account, passwords or {})
        and _says(account, "active")
        and (_sends_by_password(account, provider or {}) or _fetches_by_password(account, provider or {}))
    ]


def unusable_addresses(accounts):
    found, seen = [], set()
    for account in _each(accounts):
        address = _folded(account["email"])
        if not ADDRESS.match(address) or address in seen:
            found.append(account["email"])
        seen.add(address)
    return found


def unusable_former_addresses(accounts):
    found, seen = [], set()
    for account in _each(accounts):
        if "previous_email" not in account:
            continue
        address = _folded(account["previous_email"])
        if not ADDRESS.match(address) or address in seen or address == _folded(account["email"]):
            found.append(account["previous_email"])
        seen.add(address)
    return found


def account_of(accounts, address):
    return next((account for account in _each(accounts) if _folded(account["email"]) == _folded(address)), {})


def _user(account):
    user = {"login": account.get("odoo_login", account["email"]), "active": True}
    if "odoo_password" in account:
        user["password"] = account["odoo_password"]
    user.update((option, account[option]) for option in USER_OPTIONS if option in account)
    if "previous_email" in account:
        user["previous_login"] = account["previous_email"]
    return user


# A user who is archived may have no mailbox any more: their servers are archived with them, and not tried. People read
# their mailboxes: with the routing addon, Odoo takes only what answers it, unless all new mail is to create records.
def _incoming_server(account, provider, passwords, protocol, routed):
    protocol = "pop" if "pop" in account else "imap" if "imap" in account else protocol
    mailbox = _joined(account, provider, protocol)
    server = _server(account, passwords)
    server.update(type=protocol, match_by_login=True)
    if routed:
        server["only_replies"] = not mailbox.get("model", "")
    if _says(account, "active"):
        server["confirmed"] = True
    server.update(mailbox)
    return server


# Priority 100, behind the shared server (role mail_domain: 1, the reason is there): nobody's personal server may become
# the one that Odoo takes for everybody's mail. The filter is exactly the user's own address: with an empty one, or a
# whole domain, Odoo puts the bounce address on the envelope, and a strict provider refuses that.
def _outgoing_server(account, provider, passwords, routed):
    smtp = _joined(account, provider, "smtp")
    email = account["email"]
    server = _server(account, passwords)
    server.update(from_filter="own" if smtp.get("login", email) == email else email, priority=100)
    if routed:
        server["owner"] = account.get("odoo_login", email)
    if _says(account, "active"):
        server["tested"] = True
    server.update(smtp)
    return server


def _server(account, passwords):
    """What both servers of an account have."""
    email = account["email"]
    server = {"name": email, "login": email, "active": account.get("active", True)}
    if "previous_email" in account:
        server["previous_login"] = account["previous_email"]
    server.update(_password(account, passwords))
    return server


def _password(account, passwords):
    """The option that gives the mailbox's, if anything does."""
    if "password" in account:
        return {"password": account["password"]}
    if account["email"] in passwords:
        return {"password": passwords[account["email"]]}
    return {}


# Gmail, Outlook and certificates need no password.
def _sends_by_password(account, provider):
    if not _says(account, "outgoing"):
        return False
    smtp = _joined(account, provider, "smtp")
    return smtp.get("authentication", "login") == "login" and "password" not in smtp


def _fetches_by_password(account, provider):
    if not _says(account, "incoming"):
        return False
    mailbox = dict(_options(provider, "imap"))
    mailbox.update(_options(account, "pop" if "pop" in account else "imap"))
    return mailbox.get("type", "imap") == "imap" and "password" not in mailbox


def _each(accounts):
    for number, account in enumerate(accounts, 1):
        if "email" not in account:
            raise AnsibleFilterError("mail_users_accounts: number %d of the list has no email. Give it one" % number)
        yield account


def _completed(accounts, defaults):
    """Every account, completed by the defaults."""
    for account in _each(accounts):
        yield _overlaid(defaults, account) if defaults else account


def _overlaid(below, above):
    """Dictionaries are joined key by key; of everything else, what lies above is taken."""
    joined = dict(below.items())
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(joined.get(key), dict)
        joined[key] = _overlaid(joined[key], value) if both else value
    return joined


def _joined(account, provider, part):
    """What the provider says of a server, and what the account says otherwise."""
    joined = dict(_options(provider, part))
    joined.update(_options(account, part))
    return joined


def _options(owner, part):
    """A server's options at an account or the provider; a bare `pop:` is none. They may be secret, so none is shown."""
    options = owner.get(part)
    if options is None:
        options = {}
    if not isinstance(options, dict):
        whose = "mail_users_accounts: %s" % owner["email"] if "email" in owner else "mail_provider"
        raise AnsibleFilterError("%s: %s must be a dictionary of options, such as {host: mail.mydomain.com}" % (whose, part))
    return options.items()


def _says(account, option):
    """Whether something holds that holds where nothing is said."""
    return boolean(account.get(option, True), strict=False)


def _folded(address):
    return str(address).lower()


class FilterModule:
    def filters(self):
        return {
            "account_of": account_of,
            "incoming_server_items": incoming_server_items,
            "outgoing_server_items": outgoing_server_items,
            "unusable_addresses": unusable_addresses,
            "unusable_former_addresses": unusable_former_addresses,
            "user_items": user_items,
            "without_password": without_password,
        }
