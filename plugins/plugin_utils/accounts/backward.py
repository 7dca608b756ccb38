# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From the records of a database to the variables of the roles that give them back. Pure: no I/O.

Each record goes where an inventory would be written to have it: to the mail domain, to the account of its user, else to
the lists of the role mail_extras, which take any record as it is. What no variable can say becomes a remark.
"""

from __future__ import annotations

import re
from collections import Counter

from ansible_collections.postroom.odoo.plugins.module_utils.resources import ALIAS_DOMAIN_PARAMETERS, is_confidential
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.forward import (
    ADDRESS,
    PERSONAL_PRIORITY,
    SHARED_PRIORITY,
)
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.options import (
    ABSENT,
    ACCOUNT,
    ANY_ACCOUNT,
    DEFAULTS,
    DOMAIN,
    ENTRY,
    MAILBOX,
    OWN,
    SERVERS,
    SMTP,
    USER,
    Owner,
    holding,
    names,
    needs_password,
)
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.providers import (
    CUSTOM,
    KINDS,
    MICROSOFT,
    Provider,
    given_for,
)

# What accounts can have in common, beside their servers' options.
DEFAULTS_OF_ACCOUNTS = [option.name for option in (*USER, *ENTRY) if DEFAULTS in option.places and option.kept]
# What a user's entry repeats of the user when it is not what a new user gets anyway.
OF_USERS = [option.name for option in USER if option.places == ANY_ACCOUNT and option.kept]

# Parameters that concern mail, and those of them that Odoo makes for itself, others in every database.
_MAIL = re.compile(r"mail\.|google_gmail_|microsoft_outlook[._]")
_MADE_BY_ODOO = re.compile(r"mail\.web_push_vapid_")


# The kinds of records, by the noun of their resource, for which there are variables.
EXPORTED = frozenset(
    (
        "alias domain",
        "incoming mail server",
        "mail template",
        "OAuth client",
        "outgoing mail server",
        "system parameter",
        "user",
    )
)

SECRETS_OF_CLIENTS = ("client_secret", "private_key")
# What a secret of a record without an account is called in the vault; a password by the kind of its server.
_SECRETS = {"password": "", "ssl_private_key": "key of", **{option: option + " of" for option in SECRETS_OF_CLIENTS}}


class Secret:
    """Stands for a password, which the inventory calls by the name of a variable of the vault."""

    def __init__(self, variable, key=None):
        self.variable = variable
        self.key = key


class Variables:
    """The variables of one database.

    :param found: C({kind: records}) as C(gathered) gives them when it is to be complete.
    :param routed: whether the database has the routing addon.
    :ivar groups: C([(heading, {variable: value})]), in the order in which people read them.
    :ivar vault: C({variable: {key: password}}).
    :ivar remarks: what the variables do not say, a line each.
    """

    def __init__(self, found, routed):
        self.routed = routed
        self.vault = {}
        self.said_of_clients = {}
        self.remarks = []
        self.records = {kind: [each for each in records if self._is_usable(kind, each)] for kind, records in found.items()}
        for kind in self.records.keys() - EXPORTED:
            # A kind that was added to the collection, and for which no role has a variable yet.
            self.remarks.extend(
                "%s %r: the export has no variable for it" % (kind, each["label"]) for each in self.records[kind]
            )
        self.claimed = []
        self.domain = self._claim(self._main_domain())
        shared, mailboxes = self._shared_server(), self._domain_mailboxes()
        accounts = self._accounts([each for each in (shared, *mailboxes) if each])
        self.provider = self._provider(accounts, shared, mailboxes)
        self.kind, self.client = self._kind_and_client(accounts, shared, mailboxes)
        self.limits = Provider({"kind": self.kind}).limits_of
        users = self._users(accounts) if accounts else {}
        self.groups = [
            ("The mail domain and its provider", {**self.provider_variable(), **self._mail_domain(shared, mailboxes)}),
            ("The users and their mailboxes", users),
            ("Changed mail templates", self._templates()),
            ("Further records", self._extras()),
        ]

    # -- records ------------------------------------------------------------------------------------------------------

    def _is_usable(self, kind, record):
        for left in record["left_out"]:
            self.remarks.append("%s %r, %s: %s" % (kind, record["label"], left["option"], left["reason"]))
        if record["reason"]:
            self.remarks.append("%s %r: %s" % (kind, record["label"], record["reason"]))
        return not record["reason"]

    def _claim(self, record):
        if record:
            self.claimed.append(id(record))
        return record

    def _unclaimed(self, kind):
        return [each for each in self.records.get(kind, ()) if id(each) not in self.claimed]

    # -- the mail domain ----------------------------------------------------------------------------------------------

    def _main_domain(self):
        """The first domain that the variables can express completely; an omitted address would be cleared."""
        spoken = {"name", "catchall", "bounce", "default_from"}
        domains = [each for each in self.records.get("alias domain", ()) if spoken <= each["item"].keys()]
        return min(domains, key=lambda each: each["item"].get("sequence", 0), default=None)

    def _addresses(self):
        """The addresses of catchall and bounce, and the one as which standard mail leaves."""
        item = self.domain["item"] if self.domain else {}
        mailboxes = ["%s@%s" % (item[alias], item["name"]) for alias in ("catchall", "bounce") if item.get(alias)]
        default_from = item.get("default_from", "")
        if default_from and "@" not in default_from:
            default_from = "%s@%s" % (default_from, item["name"])
        return list(dict.fromkeys(mailboxes)), default_from

    def _shared_server(self):
        address = self._addresses()[1]
        found = [each for each in self._unclaimed("outgoing mail server") if address and each["item"].get("login") == address]
        return found[0] if found and not found[0]["item"].get("owner") else None

    def _domain_mailboxes(self):
        """The incoming servers of catchall and bounce: all of them, or none."""
        found = []
        for address in self._addresses()[0]:
            of_address = [each for each in self._unclaimed("incoming mail server") if each["item"].get("login") == address]
            found.extend([each for each in of_address if each["item"]["name"] == address and _is_mailbox(each)][:1])
        return found if len(found) == len(self._addresses()[0]) else []

    def _mail_domain(self, shared, mailboxes):
        item = self.domain["item"] if self.domain else {"name": ""}
        variables = {
            "mail_domain_name": item["name"],
            "mail_domain_catchall": item.get("catchall", ""),
            "mail_domain_bounce": item.get("bounce", ""),
            "mail_domain_default_from": item.get("default_from", ""),
        }
        for option in ("sequence", "companies"):
            if option in item and option not in self.domain["defaults"]:
                variables["mail_domain_" + option] = item[option]
        boxes, smtp = self._domain_boxes(mailboxes), self._domain_smtp(shared)
        passwords = {} if boxes is None else {each["item"]["login"]: _password(each) for each in mailboxes if not _client(each)}
        if (
            smtp is not None
            and not _client(shared)
            and passwords.setdefault(shared["item"]["login"], _password(shared)) != _password(shared)
        ):
            smtp = None
        if passwords:
            variables["mail_domain_passwords"] = self._keep_all("vault_mail_domain_passwords", passwords)
        variables.update(self._said_of_mailboxes(mailboxes, boxes), **self._said_of_shared_server(shared, smtp))
        return variables

    def _said_of_mailboxes(self, mailboxes, boxes):
        if boxes is None:
            return {"mail_domain_incoming": False} if self._addresses()[0] else {}
        for each in mailboxes:
            self._claim(each)
        protocol = _protocol(mailboxes[0])
        # Even if empty, it selects one of the provider's two protocols.
        return {"mail_domain_" + protocol: boxes} if boxes or (protocol == "pop" and self.provider["imap"]) else {}

    def _said_of_shared_server(self, shared, smtp):
        if smtp is None:
            return {"mail_domain_outgoing": False}
        self._claim(shared)
        return {"mail_domain_smtp": smtp} if smtp else {}

    def _domain_smtp(self, shared):
        """The additional options of the shared server; None if the domain's variables cannot express them."""
        if not shared:
            return None
        return self._difference(shared, self._owner_of_domain(shared), "smtp", DOMAIN)

    def _domain_boxes(self, mailboxes):
        """The additional options of the mailboxes; None if the domain's variables cannot express them."""
        said = [self._difference(each, self._owner_of_domain(each), _protocol(each), DOMAIN) for each in mailboxes]
        if not said or any(each is None or each != said[0] for each in said):
            return None
        return said[0]

    def _owner_of_domain(self, record):
        return Owner(
            record["item"]["login"],
            _no_password,
            SHARED_PRIORITY,
            routed=self.routed,
            client=self.client,
            limits=self.limits,
        )

    # -- accounts -----------------------------------------------------------------------------------------------------

    def _accounts(self, taken):
        """C([{user, outgoing, incoming}]): the users with an address of their own, and the servers that are theirs."""
        taken = [id(each) for each in taken]
        addresses = Counter(each["item"].get("email", "").casefold() for each in self.records.get("user", ()))
        accounts = []
        for user in self.records.get("user", ()):
            email = user["item"].get("email", "")
            # One of several users with an address has the servers: the one who logs in with it.
            if not ADDRESS.match(email) or "name" not in user["item"]:
                continue
            if addresses[email.casefold()] > 1 and user["item"]["login"].casefold() != email.casefold():
                continue
            account = {"user": self._claim(user)}
            for kind, is_own in (("outgoing", _is_own_server), ("incoming", _is_own_mailbox)):
                candidates = self._unclaimed(kind + " mail server")
                candidates = [each for each in candidates if id(each) not in taken and is_own(each, user)]
                account[kind] = min(candidates, key=lambda each: _closeness(each, email), default=None)
                taken.append(id(account[kind]))
            accounts.append(account)
        return accounts

    def _users(self, accounts):
        entries = [self._account(account) for account in accounts]
        defaults = _factored(entries)
        passwords = {
            account["user"]["item"]["email"]: account["password"] for account in accounts if account.get("password") is not None
        }
        variables = {}
        if defaults:
            variables["mail_users_defaults"] = defaults
        if passwords:
            variables["mail_users_passwords"] = self._keep_all("vault_mail_passwords", passwords)
        variables["mail_users_accounts"] = entries
        return variables

    def _account(self, account):
        item, defaults, email = account["user"]["item"], account["user"]["defaults"], account["user"]["item"]["email"]
        entry = {"name": item["name"], "email": email}
        if item["login"] != email:
            entry["odoo_login"] = item["login"]
        entry.update((option, item[option]) for option in OF_USERS if option in item and option not in defaults)
        if not item.get("active", True):
            entry["active"] = False
        client = self._account_client(account)
        smtp, mailbox = self._account_server(account, "outgoing", client), self._account_server(account, "incoming", client)
        for kind, said in (("incoming", mailbox), ("outgoing", smtp)):
            if said is None:
                entry[kind] = False
                account[kind] = None
            else:
                self._claim(account[kind])
        if client != self.client and (smtp is not None or mailbox is not None):
            entry["oauth"] = self._said_of_client(client) if client else False
        self._account_passwords(account, smtp, mailbox)
        if smtp:
            entry["smtp"] = smtp
        if mailbox is not None:
            protocol = _protocol(account["incoming"])
            if mailbox or (protocol == "pop" and self.provider["imap"]):
                entry[protocol] = mailbox
        return entry

    def _account_client(self, account):
        """The OAuth client of an account: the one that its servers use, if an account can say so, else the provider's."""
        servers = [account[kind] for kind in ("outgoing", "incoming") if account[kind]]
        used = [_client(each) for each in servers]
        named = [each for each in used if each and (each == self.client or self._options_of_client(each))]
        if named:
            return named[0]
        return "" if any(_logs_in(each) for each in servers) else self.client

    def _account_server(self, account, kind, client):
        """The additional options of one of the user's servers; None if an account cannot express them."""
        record, item = account[kind], account["user"]["item"]
        if not record:
            return None
        owner = Owner(
            item["email"],
            _no_password,
            PERSONAL_PRIORITY,
            user=item["login"],
            active=item.get("active", True),
            routed=self.routed,
            client=client,
            limits=self.limits,
        )
        return self._difference(record, owner, "smtp" if kind == "outgoing" else _protocol(record), ACCOUNT)

    def _account_passwords(self, account, smtp, mailbox):
        """One for both servers under the user's address; where they differ, each its own."""
        wanted = {
            kind: (said, account[kind]["item"].get("password", ""))
            for kind, said in (("outgoing", smtp), ("incoming", mailbox))
            if said is not None and (_logs_in(account[kind]) or account[kind]["item"].get("password"))
        }
        passwords = {password for dummy, password in wanted.values()}
        if len(passwords) == 1:
            account["password"] = passwords.pop()
        elif passwords:
            for kind, (said, password) in wanted.items():
                said["password"] = self._keep("%s %s" % (kind, account["user"]["item"]["email"]), password)

    # -- what a server has beyond what it is given anyway -------------------------------------------------------------

    def _provider(self, accounts, shared, mailboxes):
        """The connection that most servers share, by protocol."""
        outgoing = [each["outgoing"] for each in accounts if each["outgoing"]] + ([shared] if shared else [])
        incoming = [each["incoming"] for each in accounts if each["incoming"]] + mailboxes
        by_protocol = {"smtp": [], "imap": [], "pop": []}
        for record in outgoing:
            by_protocol["smtp"].append(_connection(record, ("host", "port", "encryption", "authentication")))
        for record in incoming:
            by_protocol[_protocol(record)].append(_connection(record, ("host", "port", "ssl")))
        return {protocol: dict(Counter(found).most_common(1)[0][0]) if found else {} for protocol, found in by_protocol.items()}

    def provider_variable(self):
        provider = {"kind": self.kind} if self.kind != CUSTOM else {}
        if self.client:
            provider["oauth"] = self._said_of_client(self.client)
        if self.kind == CUSTOM:
            provider.update((protocol, options) for protocol, options in self.provider.items() if options)
        return {"mail_provider": provider} if provider else {}

    # -- OAuth --------------------------------------------------------------------------------------------------------

    def _kind_and_client(self, accounts, shared, mailboxes):
        """The provider's kind, and the name of the OAuth client that most of its mailboxes use."""
        records = [each[kind] for each in accounts for kind in ("outgoing", "incoming") if each[kind]]
        records += [each for each in (shared, *mailboxes) if each]
        used, servers = Counter(_client(each) for each in records if _client(each)), KINDS[MICROSOFT].servers
        is_microsoft = all(found in ({}, servers[protocol]) for protocol, found in self.provider.items())
        for name, _count in used.most_common():
            if is_microsoft and self._options_of_client(name, MICROSOFT):
                self.provider = dict(servers)
                return MICROSOFT, name
            if self._options_of_client(name, CUSTOM):
                return CUSTOM, name
        return CUSTOM, ""

    def _options_of_client(self, name, kind=None):
        """The options by which an inventory has this OAuth client, or None where there are none."""
        found = [each for each in self.records.get("OAuth client", ()) if each["item"]["name"] == name]
        return given_for(found[0]["item"], kind or self.kind) if found else None

    def _said_of_client(self, name):
        """The same with names of the vault in place of its secrets."""
        record = next(each for each in self.records["OAuth client"] if each["item"]["name"] == name)
        self._claim(record)
        if name not in self.said_of_clients:
            options = dict(self._options_of_client(name))
            for option in SECRETS_OF_CLIENTS:
                if option in options:
                    options[option] = self._keep("%s of %s" % (option, name), options[option])
            self.said_of_clients[name] = options
        return self.said_of_clients[name]

    def _difference(self, record, owner, protocol, place):
        """The options of a server that differ from the defaults; None if the options of that place cannot express them."""
        client = _client(record)
        by_password = needs_password(protocol, dict(record["item"], oauth_client=""))
        if client and (client != owner.client or not by_password or _password(record)):
            return None
        holds = holding(SERVERS[protocol], owner, protocol, record["item"])
        if holds.get("from_filter") == OWN:
            # Odoo, and the given options, contain the complete address.
            holds["from_filter"] = record["item"].get("login")
        # What is given for all of a provider's mailboxes counts more than what holds anyway.
        holds.update(self.provider[protocol])
        said = _besides(record, holds)
        if owner.client and not client and by_password:
            said["oauth"] = False
        elif client and "host" in said:
            # Another host gets the token only where this is said.
            said["oauth"] = True
        if not said.keys() <= names(SERVERS[protocol], place) or "password" not in record["item"]:
            return None
        said.update(dict.fromkeys(_without_place(record, holds, protocol)))
        if protocol == "smtp" and "tested" in holds and not record["item"].get("active", True):
            # What is archived is not tested.
            said["tested"] = False
        if said.get("ssl_private_key"):
            said["ssl_private_key"] = self._keep("key of " + record["item"]["login"], said["ssl_private_key"])
        return said

    # -- templates, and everything else -------------------------------------------------------------------------------

    def _templates(self):
        settings = []
        for record in self.records.get("mail template", ()):
            item = {option: value for option, value in record["item"].items() if option not in record["defaults"]}
            if not item.get("mail_server"):
                item.pop("mail_server", None)
            if record["customized"] and ("template" in item or any(item.get(each) for each in _SET_OF_TEMPLATES)):
                settings.append(item)
        return {"mail_templates_settings": settings} if settings else {}

    def _extras(self):
        variables = {}
        parameters = self._parameters()
        if parameters:
            variables["mail_extras_parameters"] = parameters
        for variable, kind in (
            ("mail_extras_alias_domains", "alias domain"),
            ("mail_extras_users", "user"),
            ("mail_extras_oauth_clients", "OAuth client"),
            ("mail_extras_incoming_servers", "incoming mail server"),
            ("mail_extras_outgoing_servers", "outgoing mail server"),
        ):
            items = [self._extra(kind, record) for record in self._unclaimed(kind)]
            if items:
                variables[variable] = items
        return variables

    def _extra(self, kind, record):
        item = {}
        for option, value in record["item"].items():
            if (option in ("name", "login", "email") and value) or option not in record["defaults"]:
                item[option] = value
        # Said even where a new server would have it: a list of servers is read for this.
        if "host" in item and "port" in record["item"]:
            item = _after(item, "host", "port", record["item"]["port"])
        for option in ("password", "ssl_private_key", *SECRETS_OF_CLIENTS):
            if item.get(option):
                named = [str(item[each]) for each in ("login", "host", "name") if item.get(each)]
                named = [_SECRETS[option] or kind.split()[0], *named[:2]]
                item[option] = self._keep(" ".join(named), item[option])
        return item

    def _parameters(self):
        of_domain = set(ALIAS_DOMAIN_PARAMETERS.values()) if self.records.get("alias domain") else set()
        parameters = []
        for record in self.records.get("system parameter", ()):
            key = record["item"]["key"]
            if not _MAIL.match(key) or key in of_domain or not record["customized"]:
                continue
            if _MADE_BY_ODOO.match(key):
                self.remarks.append("system parameter %r: Odoo creates its own value in every database" % key)
            elif is_confidential({"key": key}):
                self.remarks.append("system parameter %r: its name suggests a secret" % key)
            else:
                parameters.append(dict(record["item"]))
        return sorted(parameters, key=lambda each: each["key"])

    # -- the vault ----------------------------------------------------------------------------------------------------

    def _keep_all(self, variable, secrets):
        """Secrets that a role finds by their names."""
        self.vault[variable] = secrets
        return Secret(variable)

    def _keep(self, name, secret):
        """A secret of its own, under a name that needs no quoting in an expression, nor in YAML."""
        kept = self.vault.setdefault("vault_mail_secrets", {})
        name = key = re.sub(r"[^\w@.+-]+", "_", name)
        number = 1
        while key in kept:
            number += 1
            key = "%s_%d" % (name, number)
        kept[key] = secret
        return Secret("vault_mail_secrets", key)


_SET_OF_TEMPLATES = ("email_from", "reply_to", "mail_server")


def _is_mailbox(record):
    return record["item"].get("type") in ("imap", "pop", "gmail", "outlook")


def _protocol(record):
    return "pop" if record["item"].get("type") == "pop" else "imap"


def _logs_in(record):
    """Whether Odoo needs a password to log in there."""
    item = record["item"]
    return needs_password("smtp" if "encryption" in item else _protocol(record), item)


def _besides(record, holds):
    """The options of a record that hold neither anyway nor for every new record."""
    return {
        option: value
        for option, value in record["item"].items()
        if option not in ("password", "oauth_client")
        and (holds[option] != value if option in holds else option not in record["defaults"])
    }


def _without_place(record, holds, protocol):
    """The options that would be given, and for which the record's series has no field."""
    missing = [each.name for each in SERVERS[protocol] if each.kept and each.name in holds and each.name not in record["item"]]
    if "from_filter" in missing and holds["from_filter"] == record["item"].get("login"):
        # The login alone, as filter, is left out by itself.
        missing.remove("from_filter")
    return missing


def _no_password(login):
    """Passwords are not compared with what holds: they go to the vault."""
    return ABSENT


def _is_own_server(record, user):
    item, email = record["item"], user["item"]["email"].casefold()
    if item.get("owner") not in (None, "", user["item"]["login"]) or not item.get("login") or "host" not in item:
        return False
    named = (item["login"].casefold(), item.get("from_filter", "").casefold())
    return email in named or item.get("owner") == user["item"]["login"]


def _is_own_mailbox(record, user):
    item = record["item"]
    return _is_mailbox(record) and item.get("login", "").casefold() == user["item"]["email"].casefold() and "host" in item


def _closeness(record, email):
    """Of several servers, the one that logs in as the user, and is in use."""
    item = record["item"]
    return item.get("login", "").casefold() != email.casefold(), not item.get("active", True)


def _connection(record, options):
    """The options that distinguish providers, hashable, without the defaults of a new server."""
    item, defaults = record["item"], record["defaults"]
    spoken = [each for each in options if each in item and (each in ("host", "port") or each not in defaults)]
    return tuple((option, item[option]) for option in spoken)


def _factored(entries):
    """Move options that all accounts share to the defaults; returns the defaults."""
    defaults = {}
    if len(entries) < 2:
        return defaults
    for option in DEFAULTS_OF_ACCOUNTS:
        if all(option in entry and entry[option] == entries[0][option] for entry in entries):
            defaults[option] = entries[0][option]
            for entry in entries:
                del entry[option]
    protocols = [("smtp", "outgoing", names(SMTP, DEFAULTS))]
    # An account's imap or pop selects the protocol, so only one of them can be a default for all accounts.
    protocols += [("imap", "incoming", names(MAILBOX, DEFAULTS))] if not any("pop" in entry for entry in entries) else []
    for protocol, kind, may in protocols:
        having = [entry for entry in entries if entry.get(kind, defaults.get(kind, True))]
        said = [entry.get(protocol, {}) for entry in having]
        common = {
            option: value
            for option, value in (said[0] if len(said) > 1 else {}).items()
            if option in may
            and not isinstance(value, Secret)
            and all(option in each and each[option] == value for each in said)
        }
        if "host" not in common and common.get("oauth"):
            # It is said of the host beside it.
            del common["oauth"]
        if common:
            defaults[protocol] = common
            for entry in having:
                entry[protocol] = {option: value for option, value in entry[protocol].items() if option not in common}
                if not entry[protocol]:
                    del entry[protocol]
    return defaults


def _after(item, before, option, value):
    """The options with one more, or one moved, behind another."""
    ordered = {}
    for name, each in item.items():
        if name != option:
            ordered[name] = each
        if name == before:
            ordered[option] = value
    return ordered


def _client(record):
    """The OAuth client by which a server logs in."""
    return record["item"].get("oauth_client") or ""


def _password(record):
    return record["item"].get("password", "")
