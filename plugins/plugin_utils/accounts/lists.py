# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lists that the roles give to the modules, all at once, so that they can be checked before the first is written."""

from __future__ import annotations

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.postroom.odoo.plugins.module_utils.resources.shared import ADDONS_TO_FETCH, ADDONS_TO_SEND
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.forward import Accounts, MailDomain
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.options import CONSENTED

# What goes to which module as it is.
EXTRAS = {
    "mail_extras_parameters": "config_parameters",
    "mail_extras_alias_domains": "alias_domains",
    "mail_extras_users": "users",
    "mail_extras_oauth_clients": "oauth_clients",
    "mail_extras_incoming_servers": "incoming_mail_servers",
    "mail_extras_outgoing_servers": "outgoing_mail_servers",
}
# The roles to which it matters how mailboxes log in.
OF_PROVIDER = ("routing_addon", "mail_domain", "mail_users")


def domain_of(given, by_addon=True, routed=False):
    """The mail domain that the variables describe.

    :param given: C({variable: value}); those without a default that are not given are not there.
    :param by_addon: whether the database has the addon mail_server_oauth, where a provider has an OAuth client.
    """
    own = {name.replace("mail_domain_", ""): value for name, value in given.items() if name.startswith("mail_domain_")}
    return MailDomain({"pop": False, "imap": {}, "smtp": {}, **own, "provider": given.get("mail_provider")}, by_addon, routed)


def accounts_of(given, routed=False, by_addon=True):
    """The accounts that the variables describe."""
    return Accounts(
        given.get("mail_users_accounts") or [],
        given.get("mail_users_defaults"),
        given.get("mail_provider"),
        given.get("mail_users_passwords"),
        routed,
        by_addon,
    )


def is_enabled(given, task_vars):
    """Whether the run puts addons of the role routing_addon into the database; as in that role."""
    return boolean(given.get("routing_addon_enabled", bool(task_vars["groups"].get("odoo_servers"))), strict=False)


def uses_oauth(given):
    """Whether the variables need the addon mail_server_oauth. Nothing is looked at closely, as it is asked of every database.

    :param given: has a method C(get).
    """
    if boolean(given.get("routing_addon_oauth") or False, strict=False) or given.get("mail_extras_oauth_clients"):
        return True
    if any(_has_client(given.get(each)) for each in ("mail_provider", "mail_users_defaults")):
        return True
    accounts = given.get("mail_users_accounts")
    return isinstance(accounts, (list, tuple)) and any(_has_client(each) for each in accounts)


def _has_client(given):
    return isinstance(given, dict) and isinstance(given.get("oauth"), dict) and bool(given["oauth"])


def odoo_oauth_addons(given, by_addon):
    """Odoo's own addons by which the servers of the variables log in by OAuth, as items of the module addons."""
    senders = accounts_of(given, by_addon=by_addon).consents()
    fetchers = set(senders)
    accounts = given.get("mail_users_accounts") or ()
    mailboxes = [given.get(each) for each in ("mail_provider", "mail_users_defaults")]
    mailboxes += [{each: given.get("mail_domain_" + each) for each in ("smtp", "imap")}, *accounts]
    servers = [each.get(protocol) for each in mailboxes if isinstance(each, dict) for protocol in ("smtp", "imap")]
    servers += [*(given.get("mail_extras_outgoing_servers") or ()), *(given.get("mail_extras_incoming_servers") or ())]
    for each in servers:
        if isinstance(each, dict):
            senders.add(each.get("authentication"))
            fetchers.add(each.get("type"))
    items = []
    for kind in CONSENTED:
        if kind in senders | fetchers:
            items.append({"name": ADDONS_TO_SEND[kind]})
        if kind in fetchers:
            # The one that sends fetches, too, in later series.
            first, later = sorted(ADDONS_TO_FETCH[kind])
            items.append({"name": ADDONS_TO_FETCH[kind][first], "until": later - 1})
    return items


def warnings_of(role, given, by_addon=True):
    """What the variables of a role have and do not need, a line each."""
    if role == "mail_domain":
        return domain_of(given, by_addon).warnings()
    return accounts_of(given, by_addon=by_addon).warnings() if role == "mail_users" else []


def problems_of(role, given, by_addon=True):
    """What is wrong with the variables of a role beyond their argument specification, a line each."""
    if role == "mail_domain":
        return domain_of(given, by_addon).problems()
    return accounts_of(given, by_addon=by_addon).problems() if role == "mail_users" else []


def lists_of(role, given, routed, by_addon=True):
    """The lists of a role in the order in which it writes them: C([(variable, module, items)]), without empty ones."""
    # The role routing_addon writes them, wherever the other two are applied.
    accounts = accounts_of(given, routed, by_addon)
    of_provider = [
        ("mail_provider", "oauth_clients", accounts.oauth_clients() if role in OF_PROVIDER else []),
        ("mail_provider", "config_parameters", accounts.parameters() if role in OF_PROVIDER else []),
    ]
    if role == "routing_addon":
        made = of_provider
    elif role == "mail_domain":
        domain = domain_of(given, by_addon, routed)
        made = [
            *of_provider,
            ("mail_domain", "alias_domains", domain.alias_domains()),
            ("mail_domain", "incoming_mail_servers", domain.incoming_servers()),
            ("mail_domain", "outgoing_mail_servers", domain.outgoing_servers()),
        ]
    elif role == "mail_users":
        made = [
            *of_provider,
            ("mail_users_accounts", "users", accounts.users()),
            ("mail_users_accounts", "incoming_mail_servers", accounts.incoming_servers()),
            ("mail_users_accounts", "outgoing_mail_servers", accounts.outgoing_servers()),
        ]
    elif role == "mail_extras":
        made = [(variable, module, given.get(variable)) for variable, module in EXTRAS.items()]
    elif role == "mail_templates":
        made = [("mail_templates_settings", "mail_templates", given.get("mail_templates_settings"))]
    else:
        made = []
    return [each for each in made if each[2]]
