# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The account model as filters for the roles. What they do is in plugin_utils/accounts."""

from __future__ import annotations

from functools import wraps

from ansible.errors import AnsibleFilterError

from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts import forward, lists
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.forward import Accounts, BadEntry, MailDomain


def _told(function):
    """The filter, with what it finds in an inventory as an error of Ansible's."""

    @wraps(function)
    def call(*args, **options):
        try:
            return function(*args, **options)
        except BadEntry as exc:
            raise AnsibleFilterError(str(exc)) from exc

    return call


@_told
def user_items(accounts, defaults=None):
    return Accounts(accounts, defaults).users()


@_told
def incoming_server_items(accounts, defaults=None, provider=None, passwords=None, routed=False, by_addon=True):
    return Accounts(accounts, defaults, provider, passwords, routed, by_addon).incoming_servers()


@_told
def outgoing_server_items(accounts, defaults=None, provider=None, passwords=None, routed=False, by_addon=True):
    return Accounts(accounts, defaults, provider, passwords, routed, by_addon).outgoing_servers()


@_told
def without_password(accounts, defaults=None, provider=None, passwords=None, by_addon=True):
    return Accounts(accounts, defaults, provider, passwords, by_addon=by_addon).without_password()


@_told
def oauth_client_items(accounts, defaults=None, provider=None, by_addon=True):
    return Accounts(accounts, defaults, provider, by_addon=by_addon).oauth_clients()


@_told
def odoo_oauth_parameters(accounts, defaults=None, provider=None, by_addon=True):
    return Accounts(accounts, defaults, provider, by_addon=by_addon).parameters()


@_told
def odoo_oauth_addons(given, by_addon=True):
    return lists.odoo_oauth_addons(given, by_addon)


@_told
def uses_oauth(accounts, defaults=None, provider=None, clients=None):
    given = {"mail_users_accounts": accounts, "mail_users_defaults": defaults, "mail_provider": provider}
    return lists.uses_oauth(dict(given, mail_extras_oauth_clients=clients))


@_told
def account_of(accounts, address):
    return forward.account_of(accounts, address)


@_told
def offboarded_account(account, provider=None, closed=False):
    return forward.offboarded(account, provider, closed)


@_told
def account_without_secrets(account):
    return forward.without_secrets(account)


@_told
def mail_domain_items(domain, kind, by_addon=True, routed=False):
    made = MailDomain(domain, by_addon, routed)
    return {
        "alias_domains": made.alias_domains,
        "incoming_mail_servers": made.incoming_servers,
        "outgoing_mail_servers": made.outgoing_servers,
    }[kind]()


class FilterModule:
    def filters(self):
        filters = (
            account_of,
            account_without_secrets,
            incoming_server_items,
            mail_domain_items,
            oauth_client_items,
            odoo_oauth_addons,
            odoo_oauth_parameters,
            offboarded_account,
            outgoing_server_items,
            user_items,
            uses_oauth,
            without_password,
        )
        return {each.__name__: each for each in filters}
