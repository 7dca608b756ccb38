# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From the inventory to the lists that the modules take, and to what is missing in it. Pure: no I/O.

In Python, as there may be thousands of accounts: every call of a filter in a loop of Jinja costs as much as a whole
account here. Ansible hands over containers that template a value when it is looked at; so each is looked up by its key, and
what is not known is left out instead of omitted.
"""

from __future__ import annotations

import re

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.postroom.odoo.plugins.module_utils.engine import validators
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.options import (
    ABSENT,
    ENTRY,
    OAUTH,
    SERVERS,
    SMTP,
    TRIALS,
    USER,
    WHEN_CONNECTED,
    Owner,
    holding,
    is_by_consent,
    is_by_token,
    is_true,
    needs_password,
    protocol_of,
)
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.providers import (
    CUSTOM,
    MICROSOFT,
    BadEntry,
    Provider,
    is_same_host,
    options_of,
)

ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\Z")
DOMAIN = re.compile(r"([^@\s]+\.[^@\s.]+)?\Z")
# Places of a mailbox's outgoing mail server among all: the shared one first; see options.py.
SHARED_PRIORITY, PERSONAL_PRIORITY = 1, 100
# The options by which an account has another provider, or another login there.
OF_PROVIDERS = ("kind", "oauth")

NO_DEFAULT_FROM = (
    "mail_domain_default_from is empty, but the shared outgoing mail server requires an address. "
    "Set it, or set mail_domain_outgoing: false"
)


def server_item(options, owner, protocol, *layers):
    """One server as its module takes it.

    :param layers: what the inventory gives, from the farthest (the provider) to the nearest.
    """
    given = _joined(layers)
    item = holding(options, owner, protocol, given)
    item.update(given)
    is_wanted = is_true(item.pop("oauth", True))
    by_password = needs_password(protocol, item)
    is_waiting = False
    if owner.client and is_wanted and by_password:
        # A password that is left of the time before is not to be used any more.
        item.update(oauth_client=owner.client, password="")
        is_waiting = owner.waits
    elif owner.consent and is_wanted and by_password:
        how = "authentication" if protocol == "smtp" else "type"
        item.update({how: owner.consent, "password": "", "oauth_client": ""})
    elif item.get("password") or not by_password:
        # Nor is a client. Without a password, somebody may have selected one in Odoo.
        item["oauth_client"] = ""
    _say_when_to_try(item, TRIALS[protocol], given, is_waiting)
    return item


def _say_when_to_try(item, option, given, is_waiting):
    """Whether the trial waits until a person has connected the mailbox. It does unless the inventory says C(true).

    :param is_waiting: whether the server's client has a token only once a person has consented.
    """
    if is_waiting and (option not in given or given[option] == WHEN_CONNECTED):
        item[WHEN_CONNECTED] = True
    if item.get(option) == WHEN_CONNECTED:
        item[option] = True
    elif option in given:
        try:
            is_at_once = boolean(given[option])
        except TypeError:
            reason = "%s of %s must be true, false or %s" % (option, item.get("login"), WHEN_CONNECTED)
            raise BadEntry(reason) from None
        if is_at_once and is_by_consent(item):
            item[WHEN_CONNECTED] = False


# -- the mail domain ----------------------------------------------------------------------------------------------------


class MailDomain:
    """The mailboxes of a mail domain, by the variables of the role mail_domain.

    :param given: C({variable without mail_domain_: value}), and C(provider). C(imap) and C(pop) are false where not given.
    :param by_addon: whether the database has the addon mail_server_oauth, where the provider has a client.
    :param routed: whether it has the fields of the routing addon.
    """

    def __init__(self, given, by_addon=True, routed=False):
        self.given, self.routed = given, routed
        self.name = given["name"]
        self.provider = Provider(given.get("provider") or {}, by_addon=by_addon)
        self.default_from = self._address(given["default_from"]) if given["default_from"] else ""
        imap, pop = given.get("imap"), given.get("pop", False)
        self.protocol = protocol_of(self.provider.protocols, bool(imap), pop is not False)

    def _address(self, alias):
        return alias if "@" in alias else "%s@%s" % (alias, self.name)

    def mailboxes(self):
        """The addresses of catchall and bounce: one when they are the same, none for an alias that is cleared."""
        aliases = [self.given[each] for each in ("catchall", "bounce") if self.given[each]]
        return list(dict.fromkeys("%s@%s" % (alias, self.name) for alias in aliases))

    def alias_domains(self):
        """The alias domain as a list of the module's items; empty where the database has none."""
        if not self.name:
            return []
        item = {option: self.given[option] for option in ("name", "catchall", "bounce", "default_from")}
        for option in ("sequence", "companies"):
            if self.given.get(option) not in (None, ""):
                item[option] = self.given[option]
        return [item]

    def incoming_servers(self):
        if not is_true(self.given.get("incoming", True)):
            return []
        layers = self.provider.part(self.protocol), self._part(self.protocol)
        options = SERVERS[self.protocol]
        return [server_item(options, self._owner(address), self.protocol, *layers) for address in self.mailboxes()]

    def outgoing_servers(self):
        if not is_true(self.given.get("outgoing", True)):
            return []
        layers = self.provider.part("smtp"), self._part("smtp")
        return [server_item(SMTP, self._owner(self.default_from), "smtp", *layers)]

    def _part(self, protocol):
        return options_of(self.given.get(protocol) or None, "mail_domain_" + protocol)

    def _owner(self, address):
        provider = self.provider
        return Owner(
            address,
            self._password,
            SHARED_PRIORITY,
            routed=self.routed,
            client=provider.client_name,
            consent=provider.consent,
            waits=bool(provider.consent_page),
            limits=provider.limits_of,
        )

    def _password(self, login):
        """By login: a key without @ may be the local part of an address of the domain, or the login itself."""
        passwords = self.given.get("passwords") or {}
        if login in passwords:
            return passwords[login]
        alias, _at, domain = login.partition("@")
        if domain == self.name and alias in passwords:
            return passwords[alias]
        return ABSENT

    def _servers(self):
        servers = [(self.protocol, each) for each in self.incoming_servers()]
        return servers + [("smtp", each) for each in self.outgoing_servers()]

    def warnings(self):
        """What the inventory has and does not need."""
        by_oauth = dict.fromkeys(each["login"] for _protocol, each in self._servers() if is_by_token(each))
        by_password = {each["login"] for _protocol, each in self._servers() if not is_by_token(each)}
        unused = [login for login in by_oauth if login not in by_password and self._password(login) is not ABSENT]
        return _unused_passwords(unused, "mail_domain_passwords")

    def problems(self):
        wrong = self.provider.problems()
        if wrong:
            return wrong
        if not DOMAIN.match(self.name):
            return ["mail_domain_name is not a domain: %s. Use a name such as mydomain.com" % self.name]
        aliases = {each: validators.alias(self.given[each]) for each in ("catchall", "bounce") if self.given[each]}
        wrong = ["mail_domain_%s: %s" % each for each in aliases.items() if each[1]]
        if wrong:
            return wrong
        if not self.default_from and is_true(self.given.get("outgoing", True)):
            return [NO_DEFAULT_FROM]
        servers = self._servers()
        elsewhere = [
            _ELSEWHERE % _place_of_host(protocol, self._part(protocol), "mail_domain_" + protocol)
            for protocol, each in servers
            if _logs_in_elsewhere(each, self.provider, protocol, self._part(protocol))
        ]
        if elsewhere:
            return list(dict.fromkeys(elsewhere))
        without_pop = _without_pop(self.provider, servers)
        if without_pop:
            return [without_pop % "mail_domain_pop"]
        missing = [each["login"] for protocol, each in servers if needs_password(protocol, each) and "password" not in each]
        if not missing:
            return []
        return [
            "mail_domain_passwords has no password for %s. Add it under the complete address, or under the local part"
            % ", ".join(dict.fromkeys(missing))
        ]


# -- users' accounts ----------------------------------------------------------------------------------------------------


class Accounts:
    """The accounts of the role mail_users.

    :param accounts: the entries of mail_users_accounts.
    :param defaults, provider, passwords: mail_users_defaults, mail_provider and mail_users_passwords.
    :param routed: whether the database has the fields of the routing addon.
    :param by_addon: whether it has the addon mail_server_oauth, where somebody has an OAuth client.
    """

    def __init__(self, accounts, defaults=None, provider=None, passwords=None, routed=False, by_addon=True):
        self.accounts = accounts
        self.defaults = defaults or {}
        self.provider = Provider(provider or {}, by_addon=by_addon)
        self.passwords = passwords or {}
        self.routed = routed

    def users(self):
        return [_user(account) for account in self._completed()]

    def incoming_servers(self):
        return [self._incoming(account) for account in self._completed() if _holds(account, "incoming")]

    def outgoing_servers(self):
        return [self._outgoing(account) for account in self._completed() if _holds(account, "outgoing")]

    def without_password(self):
        """The addresses of accounts in use one of whose servers needs a password that the inventory does not give."""
        return [
            account["email"] for account in self._completed() if _holds(account, "active") and self._lacks_password(account)
        ]

    def _lacks_password(self, account):
        if self._password(account) is not ABSENT:
            return False
        return any(needs_password(protocol, server) and "password" not in server for protocol, server in self._servers(account))

    def protocol(self, account):
        return protocol_of(self.provider.of_account(account).protocols, "imap" in account, "pop" in account)

    def _incoming(self, account):
        protocol = self.protocol(account)
        layers = self.provider.of_account(account).part(protocol), _part(account, protocol)
        return server_item(SERVERS[protocol], self._owner(account), protocol, *layers)

    def _outgoing(self, account):
        layers = self.provider.of_account(account).part("smtp"), _part(account, "smtp")
        return server_item(SMTP, self._owner(account), "smtp", *layers)

    def _owner(self, account):
        password, provider = self._password(account), self.provider.of_account(account)
        return Owner(
            account["email"],
            lambda login: password,
            PERSONAL_PRIORITY,
            user=account.get("odoo_login", account["email"]),
            active=account.get("active", True),
            previous=account.get("previous_email", ABSENT),
            routed=self.routed,
            client=provider.client_name,
            consent=provider.consent,
            waits=bool(provider.consent_page),
            limits=provider.limits_of,
        )

    def _password(self, account):
        if "password" in account:
            return account["password"]
        return self.passwords.get(account["email"], ABSENT)

    def oauth_clients(self):
        """The OAuth clients of the provider and of accounts that have their own."""
        made = {}
        for provider in self._providers():
            client = provider.client()
            if client and made.setdefault(client["name"], client) != client:
                raise BadEntry(
                    "%s.oauth: another OAuth client of the inventory has the name %s. Set oauth.name for one of them"
                    % (provider.place, client["name"])
                )
        return list(made.values())

    def parameters(self):
        """The system parameters by which Odoo itself logs in by OAuth, as items of the module config_parameters."""
        made = {}
        for provider in self._providers():
            for key, value in provider.parameters().items():
                if made.setdefault(key, value) != value:
                    raise BadEntry(
                        "%s.oauth: without the addon mail_server_oauth, Odoo has one OAuth client for all mailboxes at this "
                        "kind of provider, and the inventory has two. Remove one" % provider.place
                    )
        return [{"key": key, "value": value} for key, value in made.items()]

    def consents(self):
        """How Odoo itself logs in by OAuth to mailboxes of these providers, C(gmail) or C(outlook)."""
        return {provider.consent for provider in self._providers()} - {""}

    def consent_pages(self):
        """The Page where people consent to each OAuth client that needs it, by the client's name."""
        return {each.client_name: each.consent_page for each in self._providers() if each.consent_page}

    def _providers(self):
        """The provider, and those of accounts that have their own. Nothing else of an account is looked at."""
        yield self.provider
        defaults = {option: self.defaults[option] for option in OF_PROVIDERS if option in self.defaults}
        for account in each_account(self.accounts):
            own = {option: account[option] for option in OF_PROVIDERS if option in account}
            if own or defaults:
                yield self.provider.of_account({"email": account["email"], **_overlaid(defaults, own)})

    def warnings(self):
        """What the inventory has and does not need."""
        if not any(each.oauth for each in self._providers()):
            return []
        in_entries, in_passwords = [], []
        for account in self._completed():
            servers = self._servers(account)
            if not servers or not all(is_by_token(each) for _protocol, each in servers):
                continue
            given = [account.get(protocol) for protocol in SERVERS]
            if "password" in account or any(isinstance(each, dict) and "password" in each for each in given):
                in_entries.append(account["email"])
            elif account["email"] in self.passwords:
                in_passwords.append(account["email"])
        return _unused_passwords(in_entries, "mail_users_accounts") + _unused_passwords(in_passwords, "mail_users_passwords")

    def _servers(self, account):
        servers = []
        if _holds(account, "outgoing"):
            servers.append(("smtp", self._outgoing(account)))
        if _holds(account, "incoming"):
            servers.append((self.protocol(account), self._incoming(account)))
        return servers

    def _completed(self):
        """Every account, completed by the defaults."""
        kind = self.defaults.get("kind") or self.provider.kind
        of_their_client = _with_hosts_of_its_client(self.defaults, kind)
        for account in each_account(self.accounts):
            own_kind, defaults = account.get("kind") or kind, self.defaults
            if own_kind != kind:
                # What they say of hosts, they say of the tokens of their own provider.
                defaults = _without_tokens(defaults)
            elif isinstance(account.get("oauth") or {}, dict):
                defaults = of_their_client
            own = _with_hosts_of_its_client(account, own_kind)
            yield _overlaid(defaults, own) if defaults else own

    def problems(self):
        """What is wrong with the entries beyond their argument specification, a line each."""
        found = []
        addresses = unusable_addresses(self.accounts)
        if addresses:
            found.append(
                "In mail_users_accounts, email is not an address, or is used twice: %s. "
                "Set one address such as name@mydomain.com for each account" % ", ".join(addresses)
            )
        addresses = unusable_former_addresses(self.accounts)
        if addresses:
            found.append(
                "In mail_users_accounts, previous_email must be a valid, unique address other than email: %s. "
                "Set the address that the account had before, or remove previous_email" % ", ".join(addresses)
            )
        wrong = [each for provider in self._providers() for each in provider.problems()]
        if wrong:
            # Without it, no password would be missing.
            return found + list(dict.fromkeys(wrong))
        elsewhere = [
            _ELSEWHERE % _place_of_host(protocol, _part(account, protocol), _place_of_part(account, protocol))
            for account in self._completed()
            for protocol, each in self._servers(account)
            if _logs_in_elsewhere(each, self.provider.of_account(account), protocol, _part(account, protocol))
        ]
        found += list(dict.fromkeys(elsewhere))
        for account in self._completed():
            without_pop = _without_pop(self.provider.of_account(account), self._servers(account))
            if without_pop:
                found.append(without_pop % _place_of_part(account, "pop"))
        addresses = self.without_password()
        if addresses:
            found.append(
                "No mailbox password for %s. Give password in the entry of mail_users_accounts, or add the address to "
                "mail_users_passwords" % ", ".join(addresses)
            )
        return found


_ELSEWHERE = (
    "%s: host is another than the provider's, and would receive the provider's OAuth token. Set oauth: false beside host and "
    "give a password, or oauth: true if the host belongs to the provider"
)


_NO_POP = "%s: without the addon mail_server_oauth, Odoo logs in by OAuth to IMAP only. Use imap instead of pop"
_NO_POP_BY_CONSENT = "%s: with grant refresh_token, kind microsoft365 asks for consent to IMAP only. Use imap instead of pop"


def _without_pop(provider, servers):
    """What is wrong with a POP3 server that logs in by OAuth, with a place for where it is given; empty for nothing."""
    servers = [each for protocol, each in servers if protocol == "pop"]
    if any(is_by_consent(each) for each in servers):
        return _NO_POP
    asks_for_imap = provider.kind == MICROSOFT and provider.consent_page
    return _NO_POP_BY_CONSENT if asks_for_imap and any(each.get("oauth_client") for each in servers) else ""


def _logs_in_elsewhere(server, provider, protocol, own):
    """Whether a server of a mailbox gets the token of a provider that it may not belong to."""
    has_token = server.get("oauth_client") or (provider.consent and is_by_consent(server))
    if not has_token or "host" not in server:
        return False
    return not provider.has_host(protocol, server["host"]) and "oauth" not in _joined((provider.part(protocol), own))


def _place_of_host(protocol, own, place):
    """Where the host of a mailbox's server is given."""
    return place if "host" in own else "mail_provider.%s" % protocol


def _with_hosts_of_its_client(given, kind):
    """An account, or the defaults, with the hosts beside a client of their own marked as this client's: no other place names
    the hosts of a custom provider.
    """
    if kind != CUSTOM or not (isinstance(given.get("oauth"), dict) and given["oauth"]):
        return given
    parts = {each: part for each, part in _parts(given) if "host" in part}
    return {**given, **{each: {"oauth": True, **part} for each, part in parts.items()}}


def _without_tokens(given):
    """The defaults without their C(oauth: true)."""
    parts = {each: dict(part) for each, part in _parts(given) if is_true(part.get("oauth"))}
    for part in parts.values():
        del part["oauth"]
    return {**given, **parts}


def _parts(given):
    return [(each, given[each]) for each in SERVERS if isinstance(given.get(each), dict)]


def _unused_passwords(logins, variable):
    if not logins:
        return []
    shown = ", ".join(logins[:5]) + (" and %d more" % (len(logins) - 5) if len(logins) > 5 else "")
    return ["%s has a password that is not used, as the mailbox logs in by OAuth: %s. Remove it" % (variable, shown)]


def unusable_addresses(accounts):
    """The addresses that are not addresses, or that another account has already, in small or capital letters."""
    found, seen = [], set()
    for account in each_account(accounts):
        address = _folded(account["email"])
        if not ADDRESS.match(address) or address in seen:
            found.append(str(account["email"]))
        seen.add(address)
    return found


def unusable_former_addresses(accounts):
    found, seen = [], set()
    for account in each_account(accounts):
        if "previous_email" not in account:
            continue
        address = _folded(account["previous_email"])
        if not ADDRESS.match(address) or address in seen or address == _folded(account["email"]):
            found.append(str(account["previous_email"]))
        seen.add(address)
    return found


def account_of(accounts, address):
    """The account of an address, or an empty dictionary."""
    return next((account for account in each_account(accounts) if _folded(account["email"]) == _folded(address)), {})


def offboarded(account, provider, closed):
    """The entry of somebody who has left, with which the roles have nothing to do.

    :param closed: whether the mailbox is closed; otherwise Odoo goes on reading it.
    """
    entry = dict(account, active=False)
    protocol = protocol_of(Provider(provider or {}).of_account(account).protocols, "imap" in account, "pop" in account)
    if protocol in account or not closed:
        entry[protocol] = dict(account.get(protocol) or {}, active=not closed)
    return entry


def without_secrets(account):
    """An entry as it can be shown: its secrets belong in the vault. Name and address come first."""
    shown = {option: account[option] for option in ("name", "email") if option in account}
    for option, value in account.items():
        if option in SERVERS and isinstance(value, dict):
            secrets = {each.name for each in SERVERS[option] if each.secret}
            shown[option] = {name: each for name, each in value.items() if name not in secrets}
        elif option == "oauth" and isinstance(value, dict):
            secrets = {each.name for each in OAUTH if each.secret}
            shown[option] = {name: each for name, each in value.items() if name not in secrets}
        elif option not in _SECRETS:
            shown[option] = value
    return shown


_SECRETS = {option.name for option in ENTRY if option.secret}


def each_account(accounts):
    """The accounts; each has an address.

    :raises BadEntry: names the one that has none.
    """
    for number, account in enumerate(accounts, 1):
        if not isinstance(account, dict):
            raise BadEntry("mail_users_accounts: entry %d is not a dictionary. Write it like {name: …, email: …}" % number)
        if "email" not in account:
            named = " (name: %s)" % account["name"] if isinstance(account.get("name"), str) else ""
            raise BadEntry("mail_users_accounts: entry %d%s has no email. Add it, such as name@mydomain.com" % (number, named))
        yield account


def _user(account):
    user = {"login": account.get("odoo_login", account["email"]), "active": True}
    if "odoo_password" in account:
        user["password"] = account["odoo_password"]
    if "previous_email" in account:
        user["previous_login"] = account["previous_email"]
    user.update((option.name, account[option.name]) for option in USER if option.name in account)
    return user


def _overlaid(below, above):
    """Dictionaries are joined key by key; of everything else, what lies above is taken."""
    joined = dict(below.items())
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(joined.get(key), dict)
        joined[key] = _overlaid(joined[key], value) if both else value
    is_of_another_host = "host" in above and not is_same_host(below.get("host"), above["host"])
    if is_of_another_host and "oauth" not in above and is_true(below.get("oauth")):
        # It was said of the host beside it.
        del joined["oauth"]
    return joined


def _joined(layers):
    """A server's options, from the farthest layer to the nearest."""
    given, *nearer = layers
    for layer in nearer:
        # Most accounts give none of their own.
        given = _overlaid(given, layer) if layer else given
    return given


def _part(account, part):
    return options_of(account.get(part), _place_of_part(account, part))


def _place_of_part(account, part):
    return "mail_users_accounts: %s: %s" % (account["email"], part)


def _holds(account, option):
    """Whether something holds that holds where it is not given."""
    return is_true(account.get(option, True))


def _folded(address):
    return str(address).lower()
