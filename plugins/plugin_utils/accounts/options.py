# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The account model: every option that the inventory has for a mailbox or a user, in one table. Pure: no I/O.

The table defines the name of each option, where it may be given, and its value if it is not given. It is read forward
(forward.py: from the inventory to the lists for the modules), backward (backward.py: from a database to the inventory), and
documented (`make docs`: the roles' argument_specs and the tables in their READMEs).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

from ansible.module_utils.parsing.convert_bool import boolean

# Where an option may be given: for all mailboxes of a provider, for the mailboxes of the mail domain, for all accounts, for
# one account. The most specific value takes precedence.
PROVIDER, DOMAIN, DEFAULTS, ACCOUNT = "provider", "domain", "defaults", "account"
EVERYWHERE = frozenset((PROVIDER, DOMAIN, DEFAULTS, ACCOUNT))
ANY_ACCOUNT = frozenset((DEFAULTS, ACCOUNT))
ONE_MAILBOX = frozenset((DOMAIN, ACCOUNT))
ONE_ACCOUNT = frozenset((ACCOUNT,))

# The option is not passed to the module: Odoo, or the module, decides.
ABSENT = object()
# Stands for the login in the option from_filter; see the module outgoing_mail_servers.
OWN = "own"

# Stands for a trial that waits until a person has connected the mailbox, and is the module's option by which it does.
WHEN_CONNECTED = "when_connected"
# The option of a server that asks for a trial of its connection.
TRIALS = {"smtp": "tested", "imap": "confirmed", "pop": "confirmed"}

# The kinds of providers that providers.py knows.
KINDS = ("custom", "google_workspace", "microsoft365")
# How Odoo itself logs in by OAuth.
CONSENTED = ("gmail", "outlook")
IMAP_TYPES = ("imap", *CONSENTED)


def _no_limits(given):
    return {}


@dataclass(frozen=True)
class Owner:
    """The owner of a mailbox.

    :param address: the mailbox's address.
    :param password: function that returns the password of a login, or ABSENT.
    :param priority: priority of the outgoing mail server.
    :param user: login of the Odoo user, or None for a mailbox of the mail domain.
    :param active: whether the mailbox is active; a boolean in any spelling.
    :param previous: the previous address, or ABSENT.
    :param routed: whether the database has the fields of the routing addon.
    :param client: name of the OAuth client by which the mailbox logs in; empty for a password.
    :param limits: function of a server's given options that returns what the provider accepts of it, C({option: value}).
    :param consent: how Odoo itself logs in by OAuth, C(gmail) or C(outlook), once a person has connected the mailbox; empty
        where it does not.
    :param waits: whether the client has tokens only once the mailbox's owner has consented.
    """

    address: str
    password: Callable
    priority: int
    user: Any = None
    active: Any = True
    previous: Any = ABSENT
    routed: bool = False
    client: str = ""
    consent: str = ""
    waits: bool = False
    limits: Callable = _no_limits


@dataclass(frozen=True)
class Option:
    """One option of the inventory.

    :param name: its name, which is also the name of the module's option.
    :param type: as in an argument spec.
    :param description: paragraphs, in the markup of Ansible's documentation.
    :param places: where it may be given.
    :param holds: function of an Owner, the protocol and the given options that returns the value if the option is not given.
    :param kept: whether Odoo stores the value; otherwise it is an instruction to the module.
    :param documented: the documented default, by place if it differs.
    :param notes: further paragraphs, by place.
    :param in_pop: whether it may be given for a mailbox that is fetched by POP3.
    """

    name: str
    type: str
    description: tuple
    places: frozenset = EVERYWHERE
    elements: str | None = None
    choices: tuple = ()
    secret: bool = False
    required: bool = False
    holds: Callable | None = None
    kept: bool = True
    documented: Any = None
    notes: Any = None
    in_pop: bool = True

    def default_at(self, place):
        return self.documented.get(place) if isinstance(self.documented, dict) else self.documented

    def described_at(self, place):
        return [*self.description, *(self.notes or {}).get(place, ())]


# For both kinds of servers. The role sets it; users cannot.
_RENAMED = Option(
    "previous_login",
    "str",
    ("The login that the server had before.",),
    frozenset(),
    kept=False,
    holds=lambda owner, protocol, given: owner.previous,
)

_OAUTH = Option(
    "oauth",
    "bool",
    (
        "Whether the server logs in by OAuth, if its mailbox does. Otherwise, it needs a password.",
        "Must be set beside a C(host) that is not the provider's own. V(true) gives that host the provider's token.",
    ),
    documented=True,
    kept=False,
)


# Of the options that ask for a trial.
_WAITS = (
    "Defaults to V(true), and to V(when_connected) if Odoo itself logs in by OAuth, or with the grant V(refresh_token): the "
    "server is then kept, and the run lists it, until a person has connected the mailbox in Odoo, or consented."
)


# -- outgoing mail servers ----------------------------------------------------------------------------------------------


def _filter(owner, protocol, given):
    """Exactly the mailbox's own address: with an empty filter, or a whole domain, Odoo puts the bounce address on the
    envelope, and a strict provider refuses that. From of mail whose sender has no server becomes the shared one's filter.
    """
    return OWN if given.get("login", owner.address) == owner.address else owner.address


def _limit(name, description):
    """An option whose default the kind of the provider decides."""
    return Option(
        name,
        "int",
        (
            description,
            "Further messages wait in the queue for their turn. V(0) sets no limit.",
            (
                "Requires the addon of P(postroom.odoo.routing_addon#role). If it is installed, the option defaults to what "
                "the kind of the provider accepts."
            ),
        ),
        holds=lambda owner, protocol, given: owner.limits(given).get(name, ABSENT) if owner.routed else ABSENT,
    )


_ACTIVE = Option(
    "active",
    "bool",
    ("Whether the server is active. V(false) archives it.",),
    ONE_MAILBOX,
    notes={ACCOUNT: ("Defaults to the same value as for the user.",)},
    holds=lambda owner, protocol, given: owner.active,
)

_SMTP_LOGIN = {
    DOMAIN: ("Its password is looked up in O(mail_domain_passwords) under this login.",),
}

SMTP = (
    _RENAMED,
    Option(
        "name",
        "str",
        ("The server's name in Odoo. Defaults to the address.",),
        ONE_MAILBOX,
        holds=lambda owner, protocol, given: owner.address,
    ),
    Option(
        "login",
        "str",
        ("The login. Defaults to the address.",),
        ONE_MAILBOX,
        notes=_SMTP_LOGIN,
        holds=lambda owner, protocol, given: owner.address,
    ),
    Option(
        "password",
        "str",
        ("The password. Defaults to the mailbox's password.",),
        ONE_ACCOUNT,
        secret=True,
        holds=lambda owner, protocol, given: owner.password(given.get("login", owner.address)),
    ),
    _OAUTH,
    Option("host", "str", ("Name or IP address of the SMTP server.",)),
    Option("port", "int", ("The port. Defaults to the registered port for O(mail_provider.smtp.encryption).",)),
    Option(
        "encryption",
        "str",
        (
            "How the connection is encrypted.",
            "V(starttls) and V(ssl) encrypt, and accept any certificate.",
            "The strict kinds also verify the server's certificate (Odoo 19 and later).",
        ),
        choices=("none", "starttls", "ssl", "starttls_strict", "ssl_strict"),
    ),
    Option(
        "authentication",
        "str",
        (
            "How Odoo logs in. V(certificate) requires Odoo 15 or later, V(cli) 17 or later.",
            "V(gmail) and V(outlook) use OAuth of these providers, by Odoo's own addon for the provider.",
        ),
        choices=("login", "certificate", "cli", "gmail", "outlook"),
    ),
    Option(
        "ssl_certificate",
        "str",
        ("The client certificate (PEM), for C(authentication=certificate).",),
        ONE_MAILBOX,
    ),
    Option("ssl_private_key", "str", ("The private key (PEM) of the client certificate.",), ONE_MAILBOX, secret=True),
    Option(
        "from_filter",
        "str",
        (
            "Addresses and domains whose mail the server sends, separated by commas (Odoo 15 and later, 14 with the addon).",
            "Defaults to the mailbox's address only, as strict providers require.",
        ),
        ONE_MAILBOX,
        holds=_filter,
    ),
    # Odoo 14 sends everything through the first server, whatever the From. From 15 on, the first one is the last resort
    # for mail whose sender has no server. So the shared one (1) comes before manually created servers, to which Odoo gives 10,
    # and before every personal one (100), which must not become everybody's.
    Option(
        "priority",
        "int",
        ("Priority among the outgoing mail servers. The lowest number comes first.",),
        EVERYWHERE - {PROVIDER},
        documented={DOMAIN: 1, DEFAULTS: 100, ACCOUNT: 100},
        notes={
            DOMAIN: ("Odoo 14 sends all mail through the first server.",),
            DEFAULTS: ("Use a higher number than that of the shared server.",),
            ACCOUNT: ("Use a higher number than that of the shared server.",),
        },
        holds=lambda owner, protocol, given: owner.priority,
    ),
    Option(
        "owner",
        "str",
        (
            "Login of the user who owns the server. An empty string clears it.",
            "Requires the addon of P(postroom.odoo.routing_addon#role).",
            "Defaults to the account's user if the addon is installed.",
        ),
        ANY_ACCOUNT,
        holds=lambda owner, protocol, given: owner.user if owner.routed and owner.user is not None else ABSENT,
    ),
    _ACTIVE,
    Option("debug", "bool", ("Whether Odoo logs the SMTP session.",)),
    Option("max_email_size", "float", ("Maximum size in megabytes of a message that the server accepts (Odoo 18 and later).",)),
    _limit("max_messages_per_minute", "Number of messages that the provider accepts in a minute. For V(microsoft365), 30."),
    _limit("max_connections", "Number of connections that the provider accepts at the same time. For V(microsoft365), 3."),
    # An archived account may no longer have a mailbox.
    Option(
        "tested",
        "raw",
        (
            "Whether Odoo tests the connection when the server is created or changed.",
            "If the provider rejects the connection, the run fails with the provider's message.",
            _WAITS,
        ),
        kept=False,
        holds=lambda owner, protocol, given: True if is_true(owner.active) else ABSENT,
    ),
)


# -- incoming mail servers ----------------------------------------------------------------------------------------------


def _only_replies(owner, protocol, given):
    """People read their mailboxes: with the addon, Odoo fetches only replies, unless new mail creates records."""
    return not given.get("model", "") if owner.routed and owner.user is not None else ABSENT


MAILBOX = (
    _RENAMED,
    Option(
        "match_by_login",
        "bool",
        ("Whether a server that Postroom owns follows its mailbox to another host.",),
        frozenset(),
        kept=False,
        holds=lambda owner, protocol, given: True,
    ),
    Option(
        "name",
        "str",
        ("The server's name in Odoo. Defaults to the address.",),
        ONE_ACCOUNT,
        holds=lambda owner, protocol, given: owner.address,
    ),
    Option(
        "login",
        "str",
        ("The login. Defaults to the address.",),
        ONE_ACCOUNT,
        holds=lambda owner, protocol, given: owner.address,
    ),
    Option(
        "password",
        "str",
        ("The password. Defaults to the mailbox's password.",),
        ONE_ACCOUNT,
        secret=True,
        holds=lambda owner, protocol, given: owner.password(owner.address),
    ),
    _OAUTH,
    Option("host", "str", ("Name or IP address of the server.",)),
    Option("port", "int", ("The port. Defaults to the registered port of the protocol.",)),
    Option("ssl", "bool", ("Whether the connection uses TLS from its first byte.",)),
    Option(
        "type",
        "str",
        ("V(gmail) and V(outlook) use IMAP with OAuth of these providers, by Odoo's own addon for the provider.",),
        choices=IMAP_TYPES,
        documented="imap",
        in_pop=False,
        holds=lambda owner, protocol, given: protocol,
    ),
    Option(
        "model",
        "str",
        ("Technical name of the model in which new mail creates a record, such as V(crm.lead).",),
        EVERYWHERE - {PROVIDER},
    ),
    Option(
        "priority",
        "int",
        ("Priority among the incoming mail servers. The lowest number is fetched first.",),
        EVERYWHERE - {PROVIDER},
    ),
    Option(
        "only_replies",
        "bool",
        (
            "Whether Odoo fetches only replies to its own messages and their bounces, and leaves all other mail as it is.",
            "Requires the addon of the role P(postroom.odoo.routing_addon#role).",
            "Defaults to V(true) for a mailbox that creates no records. Without the addon, Odoo fetches everything.",
        ),
        ANY_ACCOUNT,
        holds=_only_replies,
    ),
    Option(
        "folders",
        "str",
        (
            "IMAP folders that Odoo reads besides INBOX, separated by commas or on one line each, such as C(INBOX/Customers).",
            "Applies with C(only_replies).",
        ),
        ANY_ACCOUNT,
        in_pop=False,
    ),
    _ACTIVE,
    Option("keep_attachments", "bool", ("Whether attachments are kept.",)),
    Option("keep_original", "bool", ("Whether the original of each message is kept as an attachment.",)),
    Option(
        "confirmed",
        "raw",
        (
            "Whether Odoo tests the login. It only fetches mail from confirmed servers.",
            "If the provider rejects the connection, the run fails with the provider's message.",
            _WAITS,
        ),
        holds=lambda owner, protocol, given: True if is_true(owner.active) else ABSENT,
    ),
)


# -- users --------------------------------------------------------------------------------------------------------------

# Options of an account that are also options of the module users.
USER = (
    Option("name", "str", ("The user's name.",), ONE_ACCOUNT, required=True),
    Option(
        "email",
        "str",
        ("The user's address. It is the login in Odoo and at both mail servers, unless you specify another.",),
        ONE_ACCOUNT,
        required=True,
    ),
    Option(
        "update_password",
        "str",
        (
            "When the password with which the user logs in to Odoo is written.",
            "Odoo does not reveal the current password, so V(always) is a change in every run.",
        ),
        ANY_ACCOUNT,
        choices=("on_create", "always"),
        documented="on_create",
        kept=False,
    ),
    Option(
        "groups",
        "list",
        (
            "External identifiers of groups that the user is in, such as V(sales_team.group_sale_salesman).",
            "Other groups of the user are not changed.",
        ),
        ANY_ACCOUNT,
        elements="str",
    ),
    Option("company", "str", ("Name of the user's main company.",), ANY_ACCOUNT),
    Option("companies", "list", ("Names of all companies that the user can access.",), ANY_ACCOUNT, elements="str"),
    Option(
        "language",
        "str",
        ("Code of the user's language, such as V(fr_FR). It must be installed in Odoo.",),
        ANY_ACCOUNT,
    ),
    Option("timezone", "str", ("The user's time zone, such as V(Europe/Paris).",), ANY_ACCOUNT),
    Option(
        "notification_type",
        "str",
        ("Whether the user gets notifications by mail or inside Odoo.",),
        ANY_ACCOUNT,
        choices=("email", "inbox"),
    ),
    Option(
        "active",
        "bool",
        (
            "Whether the user and both servers are active. They are restored if they were archived manually.",
            "V(false) archives the user and both servers, whose connections are then not tested.",
        ),
        ONE_ACCOUNT,
        documented=True,
    ),
    Option("invite", "bool", ("Whether Odoo sends a new user an invitation.",), ANY_ACCOUNT, documented=False, kept=False),
)

# Options of an account that have another name in a module, or that decide which records exist.
ENTRY = (
    Option(
        "previous_email",
        "str",
        (
            "The address that the account had before. The user and both servers are renamed, and nothing is created.",
            "You can leave it in the entry. If records of both addresses exist, the run fails and nothing is written.",
        ),
        ONE_ACCOUNT,
    ),
    Option(
        "password",
        "str",
        (
            "The mailbox's password at both mail servers. This is not the user's password in Odoo.",
            "Defaults to the one in O(mail_users_passwords).",
        ),
        ONE_ACCOUNT,
        secret=True,
    ),
    Option(
        "kind",
        "str",
        (
            "The kind of the mailbox's provider, if it is not that of O(mail_provider.kind).",
            "The options of O(mail_provider) then do not apply to this mailbox.",
        ),
        ANY_ACCOUNT,
        choices=KINDS,
    ),
    Option(
        "oauth",
        "raw",
        (
            "Whether the mailbox logs in by OAuth, as O(mail_provider.oauth) describes. V(false) if it has a password instead.",
            "A dictionary with the options of O(mail_provider.oauth) is an OAuth client of its own.",
        ),
        ANY_ACCOUNT,
    ),
    Option("odoo_login", "str", ("The user's login in Odoo. Defaults to the address.",), ONE_ACCOUNT),
    Option(
        "odoo_password",
        "str",
        (
            "The password with which the user logs in to Odoo.",
            "If omitted, a new user has no password, and sets one with the link on Odoo's login page.",
        ),
        ONE_ACCOUNT,
        secret=True,
    ),
    Option(
        "incoming",
        "bool",
        ("Whether Odoo fetches the mailbox. V(false) does not change incoming mail servers.",),
        ANY_ACCOUNT,
        documented=True,
    ),
    Option(
        "outgoing",
        "bool",
        ("Whether the user has an outgoing mail server. V(false) does not change outgoing mail servers.",),
        ANY_ACCOUNT,
        documented=True,
    ),
)

# The OAuth client of a provider. Which options a kind of provider takes is in providers.py.
OAUTH = (
    Option(
        "tenant",
        "str",
        ("Microsoft 365: the Directory (tenant) ID, or a domain of the tenant.",),
    ),
    Option(
        "client_id",
        "str",
        (
            "ID of the client. Microsoft calls it Application (client) ID. It is required, with one exception.",
            "For Google, it is only required with the grant V(refresh_token), and without the addon C(mail_server_oauth).",
        ),
    ),
    Option(
        "client_secret",
        "str",
        ("The client's secret. Use it, or O(mail_provider.oauth.private_key).",),
        secret=True,
    ),
    Option(
        "private_key",
        "str",
        ("Private key of the client in PEM format, without a passphrase. For Microsoft 365, with its certificate.",),
        secret=True,
    ),
    Option("certificate", "str", ("Certificate of the private key, in PEM format.",)),
    Option(
        "service_account",
        "raw",
        ("Google Workspace: the key of the service account, in JSON, as Google gives it.",),
        secret=True,
    ),
    Option("token_url", "str", ("Other providers: the token endpoint. It begins with C(https://).",)),
    Option(
        "device_authorization_url",
        "str",
        (
            "Other providers: the device authorization endpoint (RFC 8628), whose codes C(playbooks/consent.yml) shows.",
            "Only with the grant V(refresh_token), which requires it or O(mail_provider.oauth.authorization_url).",
        ),
    ),
    Option(
        "authorization_url",
        "str",
        (
            "Other providers: the authorization endpoint, for links instead of codes.",
            "Ignored if O(mail_provider.oauth.device_authorization_url) is set.",
        ),
    ),
    Option(
        "grant",
        "str",
        (
            "V(client_credentials) has one token for all mailboxes, V(jwt_bearer) one for each.",
            "With V(refresh_token), the owner of each mailbox consents once; C(playbooks/consent.yml) asks for it.",
            "Microsoft 365 has V(client_credentials), its default, and V(refresh_token).",
            "Google has V(jwt_bearer), its default, and V(refresh_token). Other providers require the option.",
        ),
        choices=("client_credentials", "jwt_bearer", "refresh_token"),
    ),
    Option(
        "client_authentication",
        "str",
        (
            "Other providers: how the client proves its identity with the grants V(client_credentials) and V(refresh_token).",
            "Defaults to V(private_key_jwt) with a private key, to V(client_secret_post) with a secret, else to V(none).",
        ),
        choices=("client_secret_post", "client_secret_basic", "private_key_jwt", "none"),
    ),
    Option("key_id", "str", ("Other providers: ID of the private key.",)),
    Option("scopes", "list", ("Other providers: the scopes to ask for.",), elements="str"),
    Option(
        "secret_expires",
        "str",
        ("The day on which the client secret expires, such as V('2027-12-31'), as the provider shows it.",),
    ),
    Option(
        "name",
        "str",
        ("Name of the client in Odoo. Defaults to the host of the token endpoint and the client's ID.",),
    ),
    Option(
        "tested",
        "bool",
        ("Whether Odoo gets a token when the client is created or changed, if one token is valid for all mailboxes.",),
        documented=True,
        kept=False,
    ),
)

# The servers of a mailbox, by the key under which the inventory has their options.
SERVERS = {"smtp": SMTP, "imap": MAILBOX, "pop": MAILBOX}
INCOMING, OUTGOING = "incoming", "outgoing"


def names(options, place):
    """The names of the options that may be given at a place."""
    return {option.name for option in options if place in option.places}


def holding(options, owner, protocol, given):
    """The values of a server's options that the inventory does not give: C({option: value})."""
    found = {}
    for option in options:
        value = option.holds(owner, protocol, given) if option.holds else ABSENT
        if value is not ABSENT:
            found[option.name] = value
    return found


def protocol_of(provider, imap_given, pop_given):
    """The protocol of a mailbox: the one that its owner gives; otherwise C(pop) if the provider only has POP3, else C(imap).

    :param provider: the protocols that the provider has servers of.
    """
    if pop_given:
        return "pop"
    return "pop" if not imap_given and "pop" in provider and "imap" not in provider else "imap"


def needs_password(protocol, server):
    """Whether Odoo logs in to a server with a password. OAuth, Gmail's and Outlook's included, and certificates need none."""
    if server.get("oauth_client"):
        return False
    if protocol == "smtp":
        return server.get("authentication", "login") == "login"
    return server.get("type", protocol) in ("imap", "pop")


def is_by_token(server):
    """Whether Odoo logs in to a server by OAuth."""
    return bool(server.get("oauth_client")) or is_by_consent(server)


def is_by_consent(server):
    """Whether Odoo itself does, once a person has connected the server."""
    return server.get("authentication") in CONSENTED or server.get("type") in CONSENTED


def is_true(value):
    """A boolean in any of YAML's spellings; any other value is false."""
    return boolean(value, strict=False)
