"""Property: what the roles make of an inventory, read back as an export reads it, is the inventory that made it."""

import copy
import string

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.postroom.odoo.plugins.module_utils import resources
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.backward import Secret, Variables
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.forward import Accounts, MailDomain
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.providers import NO_TENANT

DOMAIN = "mydomain.com"
# What a new record has in Odoo where nobody gives the option.
STANDARD = {
    "incoming mail server": {
        "host": "",
        "password": "",
        "ssl": False,
        "model": "",
        "keep_attachments": True,
        "keep_original": False,
        "priority": 5,
        "only_replies": False,
        "active": True,
        "confirmed": False,
        "type": "imap",
        "oauth_client": "",
    },
    "OAuth client": {
        "client_secret": "",
        "private_key": "",
        "certificate": "",
        "secret_expires": "",
        "key_id": "",
        "scopes": "",
        "active": True,
    },
    "outgoing mail server": {
        "password": "",
        "encryption": "none",
        "authentication": "login",
        "ssl_certificate": "",
        "ssl_private_key": "",
        "from_filter": "",
        "priority": 10,
        "debug": False,
        "max_email_size": 0.0,
        "owner": "",
        "active": True,
        "oauth_client": "",
    },
    "user": {
        "email": "",
        "groups": [],
        "company": "My Company",
        "companies": ["My Company"],
        "language": "en_US",
        "timezone": "",
        "notification_type": "email",
        "active": True,
    },
    "alias domain": {"catchall": "", "bounce": "", "default_from": "", "sequence": 10, "companies": []},
}
RESOURCES = {
    "incoming mail server": resources.INCOMING_MAIL_SERVERS,
    "outgoing mail server": resources.OUTGOING_MAIL_SERVERS,
    "user": resources.USERS,
    "OAuth client": resources.OAUTH_CLIENTS,
    "alias domain": resources.ALIAS_DOMAINS,
}
# Instructions to a module, which Odoo does not keep.
NOT_KEPT = {"tested", "match_by_login", "previous_login", "invite", "update_password"}


def record(kind, item):
    """The record that an item makes, as the state gathered with include_secrets returns it."""
    kept = {option: value for option, value in item.items() if option not in NOT_KEPT and value is not None}
    if kind == "user":
        kept.pop("password", None)
    if kept.get("from_filter") == "own":
        kept["from_filter"] = kept["login"]
    standard = dict(STANDARD[kind])
    for field in RESOURCES[kind].fields:
        default = field.default(item) if callable(field.default) else field.default
        if default is not None:
            standard[field.option] = default
    whole = {**standard, **kept}
    return {
        "item": whole,
        "label": whole.get("name"),
        "defaults": [option for option, value in standard.items() if whole[option] == value],
        "left_out": [],
        "reason": None,
        "customized": True,
    }


def lists(inventory, routed):
    """The items by kind that the roles mail_domain, mail_users and mail_extras make of an inventory."""
    provider = inventory.get("mail_provider", {})
    given = {name.removeprefix("mail_domain_"): value for name, value in inventory.items() if name.startswith("mail_domain_")}
    domain = MailDomain({"pop": False, "imap": False, **given, "provider": provider})
    accounts = Accounts(
        inventory.get("mail_users_accounts", []),
        inventory.get("mail_users_defaults"),
        provider,
        inventory.get("mail_users_passwords"),
        routed,
    )
    assert domain.problems() == []
    assert accounts.problems() == []
    return {
        "alias domain": domain.alias_domains(),
        "OAuth client": accounts.oauth_clients() + inventory.get("mail_extras_oauth_clients", []),
        "user": accounts.users() + inventory.get("mail_extras_users", []),
        "incoming mail server": [
            *domain.incoming_servers(),
            *accounts.incoming_servers(),
            *inventory.get("mail_extras_incoming_servers", []),
        ],
        "outgoing mail server": [
            *domain.outgoing_servers(),
            *accounts.outgoing_servers(),
            *inventory.get("mail_extras_outgoing_servers", []),
        ],
    }


def records(inventory, routed):
    return {kind: [record(kind, item) for item in items] for kind, items in lists(inventory, routed).items()}


def exported(found, routed):
    """The export as an inventory whose vault is filled in."""
    made = Variables(copy.deepcopy(found), routed)
    assert made.remarks == []

    def opened(value):
        if isinstance(value, Secret):
            return made.vault[value.variable] if value.key is None else made.vault[value.variable][value.key]
        if isinstance(value, dict):
            return {name: opened(each) for name, each in value.items()}
        return [opened(each) for each in value] if isinstance(value, list) else value

    return {name: opened(value) for _heading, group in made.groups for name, value in group.items()}


def options(**strategies):
    """A dictionary that has any of these options."""
    return st.fixed_dictionaries({}, optional=strategies)


WORD = st.text(string.ascii_lowercase, min_size=1, max_size=8)
HOST = st.sampled_from(["a.example", "b.example", "192.0.2.1"])
PORT = st.sampled_from([25, 143, 465, 587, 993, 995, 2525])
CONNECTION = {"host": HOST, "port": PORT}
# Whether a server logs in as its mailbox does.
LIKE_ITS_MAILBOX = {"oauth": st.booleans()}
SMTP = {**CONNECTION, "encryption": st.sampled_from(["none", "starttls", "ssl"]), "debug": st.booleans()}
SMTP["authentication"] = st.sampled_from(["login", "certificate", "gmail"])
BOX = {**CONNECTION, "ssl": st.booleans(), "keep_original": st.booleans(), "confirmed": st.booleans()}
PERSONAL = {"active": st.booleans(), "priority": st.integers(1, 300), "name": WORD}
ACCOUNT_SMTP = options(
    **SMTP,
    **PERSONAL,
    **LIKE_ITS_MAILBOX,
    password=WORD,
    owner=st.just(""),
    from_filter=st.sampled_from(["", "a.example", "a@b.example"]),
)
ACCOUNT_BOX = {
    **BOX,
    **PERSONAL,
    **LIKE_ITS_MAILBOX,
    "password": WORD,
    "model": st.sampled_from(["", "crm.lead"]),
    "only_replies": st.booleans(),
}
OF_USER = {
    "language": st.sampled_from(["fr_FR", "en_US"]),
    "timezone": st.sampled_from(["Europe/Paris", ""]),
    "groups": st.lists(st.sampled_from(["a.b", "c.d"]), unique=True),
    "notification_type": st.sampled_from(["email", "inbox"]),
    "incoming": st.booleans(),
    "outgoing": st.booleans(),
}
KEY = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"


@st.composite
def custom_clients(draw):
    """The OAuth client of any provider. A name that two accounts would have is given to one client only."""
    url, number = draw(st.sampled_from(["https://a.example/token", "https://b.example"])), draw(st.integers(0, 2))
    ways = (
        {"grant": "jwt_bearer", "private_key": KEY, "key_id": "k"},
        {"grant": "client_credentials", "client_secret": f"s{number}", "scopes": ["x", "y"], "secret_expires": "2027-12-31"},
        {"grant": "client_credentials", "private_key": KEY, "client_authentication": "private_key_jwt"},
    )
    named = {"name": f"Client {number}"} if url == "https://b.example" else {}
    return {"token_url": url, "client_id": f"c{number}", **named, **ways[number]}


@st.composite
def microsoft_clients(draw):
    proof = draw(st.sampled_from([{"client_secret": "pw"}, {"private_key": KEY, "certificate": CERTIFICATE}]))
    return {"tenant": draw(WORD.filter(lambda word: word not in NO_TENANT)), "client_id": draw(WORD), **proof}


ACCOUNT = st.fixed_dictionaries(
    {"name": WORD, "password": WORD},
    optional={
        **OF_USER,
        "oauth": st.one_of(st.just(False), custom_clients()),
        "active": st.booleans(),
        "odoo_login": WORD,
        "smtp": ACCOUNT_SMTP,
        "imap": options(**ACCOUNT_BOX, type=st.sampled_from(["imap", "gmail", "outlook"])),
        "pop": options(**ACCOUNT_BOX),
    },
)


def at_host(of):
    return st.fixed_dictionaries({"host": HOST}, optional={name: each for name, each in of.items() if name != "host"})


SERVERS = {"smtp": at_host(SMTP), "imap": at_host(BOX), "pop": at_host(BOX)}
BY_OAUTH = {each: at_host({**of, **LIKE_ITS_MAILBOX}) for each, of in (("smtp", SMTP), ("imap", BOX), ("pop", BOX))}
BESIDE_A_KIND = {each: options(**SMTP) if each == "smtp" else options(**BOX) for each in ("smtp", "imap")}
PROVIDER = st.one_of(
    st.fixed_dictionaries(SERVERS),
    st.fixed_dictionaries({**BY_OAUTH, "oauth": custom_clients()}),
    st.fixed_dictionaries({"imap": BY_OAUTH["imap"], "pop": BY_OAUTH["pop"], "oauth": custom_clients()}),
    st.fixed_dictionaries({"kind": st.just("microsoft365"), "oauth": microsoft_clients()}, optional=BESIDE_A_KIND),
)


@st.composite
def inventories(draw):
    """Inventories that may say anything at any place, in any order."""
    provider, addresses = draw(PROVIDER), draw(st.lists(WORD, unique=True, max_size=4))
    accounts = []
    for address in addresses:
        account = draw(ACCOUNT)
        account = {"name": account.pop("name"), "email": f"{address}@people.example", **account}
        if isinstance(account.get("oauth"), dict) and provider.get("kind"):
            # Of the provider's kind, or of a custom one, which has no servers then.
            account["kind"] = "custom"
            account["smtp"] = {"host": "c.example", **account.get("smtp", {})}
            protocol = "pop" if "pop" in account else "imap"
            account[protocol] = {"host": "c.example", **account.get(protocol, {})}
        account.pop("odoo_login", None) if account.get("odoo_login") in addresses else None
        accounts.append(account)
    logins = [each.get("odoo_login", each["email"]) for each in accounts]
    if len(set(logins)) < len(logins):
        for account in accounts:
            account.pop("odoo_login", None)
    catchall, bounce, default_from = draw(WORD), draw(WORD), draw(WORD)
    return {
        "mail_provider": provider,
        "mail_domain_name": DOMAIN,
        "mail_domain_catchall": catchall,
        "mail_domain_bounce": draw(st.sampled_from([catchall, bounce, ""])),
        "mail_domain_default_from": default_from,
        "mail_domain_passwords": dict.fromkeys((catchall, bounce, default_from), draw(WORD)),
        "mail_domain_incoming": draw(st.booleans()),
        "mail_domain_outgoing": draw(st.booleans()),
        "mail_domain_smtp": draw(options(**SMTP, **LIKE_ITS_MAILBOX, priority=st.integers(1, 300), active=st.booleans())),
        **draw(
            st.fixed_dictionaries(
                {}, optional={f"mail_domain_{each}": options(**BOX, **LIKE_ITS_MAILBOX) for each in ("imap", "pop")}
            )
        ),
        "mail_users_defaults": draw(options(**OF_USER, smtp=options(**SMTP, **LIKE_ITS_MAILBOX), imap=options(**BOX))),
        "mail_users_accounts": accounts,
    }


def with_oauth_beside_hosts(inventory):
    """The same where a host of one's own comes with word on whether it gets the provider's token, as it must. Every server has
    a host.
    """
    if not {"kind", "smtp"} & set(inventory["mail_provider"]):
        for part in (inventory["mail_domain_smtp"], inventory["mail_users_defaults"].setdefault("smtp", {})):
            part.setdefault("host", "a.example")
    places = [inventory, inventory["mail_users_defaults"], *inventory["mail_users_accounts"]]
    places += [inventory["mail_provider"]] if "kind" in inventory["mail_provider"] else []
    for part in (each for place in places for each in place.values()):
        if isinstance(part, dict) and "host" in part:
            part.setdefault("oauth", True)
    return inventory


PROPERTY = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def sorted_records(found):
    return {kind: sorted((each["item"] for each in records), key=str) for kind, records in found.items()}


@PROPERTY
@given(inventories().map(with_oauth_beside_hosts), st.booleans())
def test_an_export_makes_the_records_that_it_was_made_of(inventory, routed):
    found = records(inventory, routed)
    again = records(exported(found, routed), routed)
    assert sorted_records(again) == sorted_records(found)


@PROPERTY
@given(inventories().map(with_oauth_beside_hosts), st.booleans())
def test_an_inventory_that_an_export_wrote_comes_back_as_it_was(inventory, routed):
    first = exported(records(inventory, routed), routed)
    assert exported(records(first, routed), routed) == first


def test_what_is_said_of_the_token_stays_beside_its_host():
    """Each account's own host gets it; no default for all accounts says so of any."""
    server = {"host": "a.example"}
    oauth = {"token_url": "https://a.example", "grant": "client_credentials", "client_id": "c", "client_secret": "s"}
    inventory = {
        "mail_provider": {"smtp": server, "imap": server, "oauth": oauth},
        "mail_domain_name": DOMAIN,
        "mail_domain_catchall": "catchall",
        "mail_domain_bounce": "bounce",
        "mail_domain_default_from": "catchall",
        "mail_users_accounts": [
            {"name": each, "email": f"{each}@{DOMAIN}", "imap": {"host": f"{each}.example", "oauth": True}}
            for each in ("b", "c")
        ],
    }
    found = records(inventory, True)
    again = exported(found, True)
    assert [each["imap"] for each in again["mail_users_accounts"]] == [
        {"host": f"{each}.example", "oauth": True} for each in ("b", "c")
    ]
    assert sorted_records(records(again, True)) == sorted_records(found)
