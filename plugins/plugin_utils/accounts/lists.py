# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lists that the roles give to the modules, all at once, so that they can be checked before the first is written."""

from __future__ import annotations

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.forward import Accounts, MailDomain

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


def domain_of(given):
    """The mail domain that the variables describe.

    :param given: C({variable: value}); those without a default that are not given are not there.
    """
    own = {name.replace("mail_domain_", ""): value for name, value in given.items() if name.startswith("mail_domain_")}
    return MailDomain({"pop": False, "imap": {}, "smtp": {}, **own, "provider": given.get("mail_provider")})


def accounts_of(given, routed=False):
    """The accounts that the variables describe."""
    return Accounts(
        given.get("mail_users_accounts") or [],
        given.get("mail_users_defaults"),
        given.get("mail_provider"),
        given.get("mail_users_passwords"),
        routed,
    )


def is_enabled(given, task_vars):
    """Whether the run puts the routing addon into the database; as in the role routing_addon."""
    return boolean(given.get("routing_addon_enabled", bool(task_vars["groups"].get("odoo_servers"))), strict=False)


def oauth_clients_of(given):
    """The OAuth clients that the variables describe, but for those of mail_extras_oauth_clients."""
    return accounts_of(given).oauth_clients()


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


def warnings_of(role, given):
    """What the variables of a role have and do not need, a line each."""
    if role == "mail_domain":
        return domain_of(given).warnings()
    return accounts_of(given).warnings() if role == "mail_users" else []


def problems_of(role, given):
    """What is wrong with the variables of a role beyond their argument specification, a line each."""
    if role == "mail_domain":
        return domain_of(given).problems()
    return accounts_of(given).problems() if role == "mail_users" else []


def lists_of(role, given, routed):
    """The lists of a role in the order in which it writes them: C([(variable, module, items)]), without empty ones."""
    # The role routing_addon writes them, wherever the other two are applied.
    clients = ("mail_provider", "oauth_clients", oauth_clients_of(given) if role in OF_PROVIDER else [])
    if role == "routing_addon":
        made = [clients]
    elif role == "mail_domain":
        domain = domain_of(given)
        made = [
            clients,
            ("mail_domain", "alias_domains", domain.alias_domains()),
            ("mail_domain", "incoming_mail_servers", domain.incoming_servers()),
            ("mail_domain", "outgoing_mail_servers", domain.outgoing_servers()),
        ]
    elif role == "mail_users":
        accounts = accounts_of(given, routed)
        made = [
            clients,
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
