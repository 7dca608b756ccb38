# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an inventory means for mail outside Odoo: servers, mailboxes, and the domains that mail is sent from. Pure: no I/O."""

from __future__ import annotations

from dataclasses import dataclass, fields
from email.utils import parseaddr

from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import normal
from ansible_collections.postroom.odoo.plugins.module_utils.resources import BY_MODULE
from ansible_collections.postroom.odoo.plugins.module_utils.resources.oauth_clients import BY_KEY, JWT_BEARER, REFRESH_TOKEN
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.options import OWN, is_true, needs_password

STRICT = "_strict"
SMTP, IMAP, POP = "smtp", "imap", "pop"
# A login with a token of one of the inventory's OAuth clients.
OAUTH = "oauth"


@dataclass(frozen=True)
class Endpoint:
    """A port of a server, and how it is spoken to.

    :param protocol: C(smtp), C(imap) or C(pop).
    :param encryption: C(none), C(starttls) or C(ssl).
    """

    protocol: str
    host: str
    port: int
    encryption: str

    def __str__(self):
        return "%s %s:%d" % (self.protocol.upper(), self.host, self.port)


@dataclass(frozen=True)
class OauthClient:
    """An OAuth client as the inventory declares it, with the defaults of the module oauth_clients."""

    name: str
    token_url: str
    grant: str
    subject: str
    client_id: str
    client_authentication: str
    client_secret: str
    private_key: str
    certificate: str
    key_id: str
    scopes: str

    @property
    def obstacle(self):
        """Why the controller cannot ask for its tokens; empty if it can."""
        if self.grant == REFRESH_TOKEN:
            return "only Odoo has the refresh tokens of the OAuth client %s" % self.name
        by_key = self.grant == JWT_BEARER or self.client_authentication == BY_KEY
        if not self.token_url or not (self.private_key if by_key else self.client_secret):
            return "the inventory does not have the secret of the OAuth client %s" % self.name
        return ""


@dataclass(frozen=True)
class Mailbox:
    """A mail server as the inventory declares it: an endpoint, and who logs in there.

    :param authentication: C(login), or what stands for another kind of login.
    :param address: the address that it sends as; empty for an incoming server, and where it is not known.
    :param from_filter: the addresses and domains that it sends as, C(None) where it is not declared.
    :param strict: whether Odoo verifies the server's certificate.
    :param max_email_size: in megabytes, or None.
    :param owner: login of the user whose server it is, or None.
    :param client: the OauthClient whose tokens it logs in by; None with another login, or if the inventory does not have it.
    """

    endpoint: Endpoint
    name: str
    login: str
    password: str | None
    authentication: str = "login"
    address: str = ""
    from_filter: tuple | None = None
    strict: bool = False
    max_email_size: float | None = None
    owner: str | None = None
    client: OauthClient | None = None

    @property
    def obstacle(self):
        """Why the controller cannot log in; empty if it can."""
        if self.authentication == OAUTH:
            return self.client.obstacle if self.client else "the inventory does not have its OAuth client"
        if self.authentication != "login":
            return "the inventory declares %s" % self.authentication
        return "" if self.login and self.password else "the inventory has no password for the login"


def mailboxes_of(lists):
    """The active mail servers of an inventory.

    :param lists: C([(variable, module, items)]), as lists_of() returns them.
    """
    made, clients = [], {}
    for _variable, module, items in sorted(lists, key=lambda each: each[1] != "oauth_clients"):
        for item in items:
            given = {option: value for option, value in item.items() if value is not None}
            if module == "oauth_clients":
                clients[given.get("name")] = _oauth_client(given)
            elif is_true(given.get("active", True)) and module in _READERS:
                made.extend(_READERS[module](given, clients.get(given.get("oauth_client"))))
    return made


def _oauth_client(item):
    return OauthClient(**{each.name: (_or_default("oauth_clients", item, each.name) or "") for each in fields(OauthClient)})


def _outgoing(item, client):
    host = _or_default("outgoing_mail_servers", item, "host")
    if not host:
        # Odoo knows it; the inventory only changes something else of the server.
        return
    encryption = _or_default("outgoing_mail_servers", item, "encryption") or "none"
    login = item.get("login") or ""
    filters = _from_filter(item, login)
    endpoint = Endpoint(
        SMTP, normal(host), int(_or_default("outgoing_mail_servers", item, "port")), encryption.replace(STRICT, "")
    )
    yield Mailbox(
        endpoint,
        item.get("name") or login or host,
        login,
        item.get("password"),
        authentication=OAUTH if item.get("oauth_client") else item.get("authentication", "login" if login else "none"),
        address=_sender(filters, login),
        from_filter=filters,
        strict=encryption.endswith(STRICT),
        max_email_size=float(item["max_email_size"]) if item.get("max_email_size") else None,
        owner=item.get("owner") or None,
        client=client,
    )


def _incoming(item, client):
    kind = item.get("type") or IMAP
    host = _or_default("incoming_mail_servers", item, "host")
    if not host or kind == "local":
        return
    ssl = is_true(_or_default("incoming_mail_servers", item, "ssl") or False)
    login = item.get("login") or ""
    endpoint = Endpoint(
        POP if kind == "pop" else IMAP,
        normal(host),
        int(_or_default("incoming_mail_servers", dict(item, ssl=ssl), "port")),
        "ssl" if ssl else "none",
    )
    yield Mailbox(
        endpoint,
        item.get("name") or login or host,
        login,
        item.get("password"),
        authentication=OAUTH if item.get("oauth_client") else "login" if needs_password(kind, item) else kind,
        client=client,
    )


_READERS = {"outgoing_mail_servers": _outgoing, "incoming_mail_servers": _incoming}


def _or_default(module, item, option):
    if item.get(option) is not None:
        return item[option]
    (field,) = [each for each in BY_MODULE[module].fields if each.option == option]
    return field.default(item) if callable(field.default) else field.default


def _from_filter(item, login):
    if "from_filter" not in item:
        return None
    given = login if item["from_filter"] == OWN else item["from_filter"]
    return tuple(normal(part) for part in given.split(",") if part.strip())


def _sender(filters, login):
    """An address that the server is for: the login, or the first address of the filter."""
    addresses = [each for each in filters or () if "@" in each]
    if "@" in login and (not addresses or normal(login) in addresses):
        return normal(login)
    return addresses[0] if addresses else ""


def users_of(lists):
    """The addresses of the users of an inventory."""
    return list(
        dict.fromkeys(normal(each) for module, item in _items(lists) if module == "users" for each in _addresses(module, item))
    )


# -- domains -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Domain:
    """A domain that mail is sent from or to.

    :param receives: whether answers arrive there: it is an alias domain, or one of its mailboxes is fetched.
    :param fetched_at: the hosts where its mailboxes are fetched.
    :param servers: the outgoing Mailboxes that send as it.
    :param bounces: the bounce addresses of the database's alias domains.
    """

    name: str
    receives: bool = False
    fetched_at: tuple = ()
    servers: tuple = ()
    bounces: tuple = ()

    @property
    def hosts(self):
        """The hosts of its SMTP servers."""
        return tuple(dict.fromkeys(each.endpoint.host for each in self.servers))

    def envelope_of(self, mailbox, routed):
        """The envelope sender of what a server sends, as core has it from Odoo 15 on.

        :param routed: whether the routing addon decides it, for a server that has one address.
        """
        filters = mailbox.from_filter or ()
        if routed and filters == (mailbox.address,):
            return mailbox.address
        for bounce in self.bounces:
            if not filters or bounce in filters or bounce.rpartition("@")[2] in filters:
                return bounce
        return mailbox.address


def domains_of(lists, mailboxes):
    """The domains of an inventory: those of aliases, of addresses that send, and of mailboxes that are fetched.

    :param mailboxes: as mailboxes_of() returns them.
    """
    aliases = [item for module, item in _items(lists) if module == "alias_domains" and item.get("name")]
    bounces = tuple("%s@%s" % (normal(item["bounce"]), normal(item["name"])) for item in aliases if item.get("bounce"))
    servers, fetched = {}, {}
    for mailbox in mailboxes:
        if mailbox.endpoint.protocol == SMTP:
            for name in {_domain(each) for each in (mailbox.address, *(mailbox.from_filter or ())) if each}:
                servers.setdefault(name, []).append(mailbox)
        elif "@" in mailbox.login:
            fetched.setdefault(_domain(mailbox.login), {})[mailbox.endpoint.host] = None
    names = [normal(item["name"]) for item in aliases]
    senders = [_domain(address) for module, item in _items(lists) for address in _addresses(module, item)]
    return [
        Domain(name, name in names or name in fetched, tuple(fetched.get(name, ())), tuple(servers.get(name, ())), bounces)
        for name in dict.fromkeys([*names, *servers, *fetched, *senders])
        if "." in name
    ]


def _items(lists):
    return [(module, item) for _variable, module, items in lists for item in items]


def _addresses(module, item):
    """The addresses as which a user or a template sends, where the inventory has them literally."""
    if module == "users" and is_true(item.get("active", True)):
        given = item.get("email") or item.get("login") or ""
    elif module == "mail_templates" and isinstance(item.get("email_from"), str):
        given = item["email_from"]
    else:
        given = ""
    address = parseaddr(given)[1]
    return [address] if "@" in address and not any(mark in given for mark in ("{{", "${")) else []


def _domain(address):
    return normal(address).rpartition("@")[2]
