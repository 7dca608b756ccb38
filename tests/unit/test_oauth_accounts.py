"""Mailboxes that log in by OAuth: the client that an inventory makes, the servers that use it, and what is refused."""

import json
from collections.abc import Sequence

import pytest

from ansible_collections.postroom.odoo.plugins.filter import accounts as filters
from ansible_collections.postroom.odoo.plugins.module_utils.engine.desired import BadItems, check_items
from ansible_collections.postroom.odoo.plugins.module_utils.resources import OAUTH_CLIENTS
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.forward import (
    Accounts,
    BadEntry,
    MailDomain,
    without_secrets,
)
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.lists import problems_of, uses_oauth, warnings_of

OUTLOOK = "https://outlook.office.com"
TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "66666666-7777-8888-9999-000000000000"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
SERVICE_ACCOUNT = {
    "type": "service_account",
    "project_id": "mail",
    "private_key_id": "0123abcd",
    "private_key": KEY,
    "client_email": "postroom@mail.iam.gserviceaccount.com",
    "client_id": "1234",
    "token_uri": "https://oauth2.googleapis.com/token",
}
MICROSOFT = {"kind": "microsoft365", "oauth": {"tenant": TENANT, "client_id": CLIENT, "client_secret": "s3cret"}}
GOOGLE = {"kind": "google_workspace", "oauth": {"service_account": json.dumps(SERVICE_ACCOUNT)}}
CUSTOM = {
    "smtp": {"host": "smtp.mydomain.com", "port": 587, "encryption": "starttls"},
    "imap": {"host": "imap.mydomain.com", "port": 993, "ssl": True},
    "oauth": {
        "token_url": "https://sso.mydomain.com/token",
        "grant": "client_credentials",
        "client_id": "odoo",
        "client_secret": "s3cret",
        "scopes": ["mail", "offline"],
    },
}
NAMES = {
    "microsoft365": f"login.microsoftonline.com ({CLIENT})",
    "google_workspace": "oauth2.googleapis.com (postroom@mail.iam.gserviceaccount.com)",
    "custom": "sso.mydomain.com (odoo)",
}


def account(**options):
    return {"name": "New User", "email": "new@mydomain.com", **options}


def accounts(provider, *entries, **more):
    return Accounts(entries or [account()], provider=provider, **more)


def oauth(base, **changes):
    options = {**base["oauth"], **changes}
    return {**base, "oauth": {name: value for name, value in options.items() if value is not None}}


def client(provider):
    (made,) = accounts(provider).oauth_clients()
    check_items(OAUTH_CLIENTS, [made])
    return made


def domain(provider, **more):
    names = {"name": "mydomain.com", "catchall": "catchall", "bounce": "bounce", "default_from": "catchall"}
    return MailDomain({"provider": provider, "imap": False, **names, **more})


def test_a_client_of_microsoft():
    assert client(MICROSOFT) == {
        "name": NAMES["microsoft365"],
        "token_url": f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token",
        "grant": "client_credentials",
        "subject": "none",
        "client_id": CLIENT,
        "client_authentication": "client_secret_post",
        "client_secret": "s3cret",
        "private_key": "",
        "certificate": "",
        "key_id": "",
        "scopes": "https://outlook.office365.com/.default",
        # One that was removed from the inventory is cleared.
        "secret_expires": "",
        "tested": True,
        "active": True,
    }
    oauth = {"tenant": "mydomain.com", "client_id": CLIENT, "private_key": KEY, "certificate": CERTIFICATE}
    made = client({"kind": "microsoft365", "oauth": oauth})
    assert (made["client_authentication"], made["client_secret"]) == ("private_key_jwt", "")
    assert (made["private_key"], made["certificate"]) == (KEY, CERTIFICATE)


@pytest.mark.parametrize("given", [json.dumps(SERVICE_ACCOUNT, indent=2), SERVICE_ACCOUNT])
def test_a_client_of_google(given):
    """Ansible may have read the JSON already."""
    made = client({"kind": "google_workspace", "oauth": {"service_account": given}})
    assert made == {
        "name": NAMES["google_workspace"],
        "token_url": "https://oauth2.googleapis.com/token",
        "grant": "jwt_bearer",
        "subject": "mailbox",
        "client_id": "postroom@mail.iam.gserviceaccount.com",
        "client_authentication": "client_secret_post",
        "client_secret": "",
        "private_key": KEY,
        "certificate": "",
        "key_id": "0123abcd",
        "scopes": "https://mail.google.com/",
        "secret_expires": "",
        # There is no token without a mailbox.
        "tested": False,
        "active": True,
    }


def test_a_client_of_another_provider():
    made = client(CUSTOM)
    assert (made["name"], made["scopes"], made["subject"]) == (NAMES["custom"], "mail offline", "none")
    named = {**CUSTOM["oauth"], "name": "Ours", "client_authentication": "client_secret_basic", "secret_expires": "2027-12-31"}
    made = client({**CUSTOM, "oauth": named})
    assert (made["name"], made["client_authentication"], made["secret_expires"]) == (
        "Ours",
        "client_secret_basic",
        "2027-12-31",
    )


@pytest.mark.parametrize(
    ("provider", "smtp", "imap"),
    [
        (MICROSOFT, ("smtp.office365.com", 587), ("outlook.office365.com", 993)),
        (GOOGLE, ("smtp.gmail.com", 587), ("imap.gmail.com", 993)),
        (CUSTOM, ("smtp.mydomain.com", 587), ("imap.mydomain.com", 993)),
    ],
)
def test_servers_log_in_by_the_client(provider, smtp, imap):
    """Without a password, and without what is left of one."""
    name = NAMES[provider.get("kind", "custom")]
    for passwords in ({}, {"new@mydomain.com": "old"}):
        made = accounts(provider, passwords=passwords)
        assert made.problems() == []
        (outgoing,), (incoming,) = made.outgoing_servers(), made.incoming_servers()
        assert (outgoing["host"], outgoing["port"], outgoing["encryption"]) == (*smtp, "starttls")
        assert (incoming["host"], incoming["port"], incoming["ssl"]) == (*imap, True)
        assert [(each["oauth_client"], each["password"]) for each in (outgoing, incoming)] == [(name, "")] * 2
    made = domain(provider)
    assert made.problems() == []
    servers = [*made.incoming_servers(), *made.outgoing_servers()]
    assert {(each["oauth_client"], each["password"]) for each in servers} == {(name, "")}


def test_options_beside_a_kind_take_precedence():
    (incoming,) = accounts({**MICROSOFT, "imap": {"host": "elsewhere.example"}}).incoming_servers()
    assert (incoming["host"], incoming["port"]) == ("elsewhere.example", 993)
    (incoming,) = accounts({**MICROSOFT, "pop": {}}).incoming_servers()
    assert (incoming["type"], incoming["port"]) == ("pop", 995)
    (incoming,) = accounts(MICROSOFT, account(pop={})).incoming_servers()
    assert (incoming["type"], incoming["port"]) == ("pop", 995)


def test_an_account_without_oauth_has_a_password():
    made = accounts(MICROSOFT, account(oauth=False))
    assert made.without_password() == ["new@mydomain.com"]
    made = accounts(MICROSOFT, account(oauth="no", password="pw"))
    assert made.problems() == []
    for (server,) in (made.outgoing_servers(), made.incoming_servers()):
        assert (server["oauth_client"], server["password"]) == ("", "pw")
    assert made.outgoing_servers()[0]["host"] == "smtp.office365.com"


def test_one_server_without_oauth():
    relay = {"host": "relay.internal", "oauth": False, "password": "pw"}
    made = accounts(MICROSOFT, account(smtp=relay))
    assert made.problems() == []
    (outgoing,), (incoming,) = made.outgoing_servers(), made.incoming_servers()
    assert (outgoing["oauth_client"], outgoing["password"], "oauth" in outgoing) == ("", "pw", False)
    assert incoming["oauth_client"] == NAMES["microsoft365"]
    assert made.warnings() == []
    made = domain(MICROSOFT, smtp={"oauth": False})
    (problem,) = made.problems()
    assert problem.startswith("mail_domain_passwords has no password for catchall@mydomain.com.")


def test_no_other_host_gets_a_token_by_accident():
    relay = {"host": "relay.internal"}
    (problem,) = accounts(MICROSOFT, account(smtp=relay)).problems()
    assert problem.startswith("mail_users_accounts: new@mydomain.com: smtp: host is another than the provider's")
    assert "oauth: false" in problem
    (problem,) = accounts(CUSTOM, defaults={"imap": {"host": "imap.internal"}}).problems()
    assert "new@mydomain.com: imap" in problem
    (problem,) = domain(MICROSOFT, imap=relay).problems()
    assert problem.startswith("mail_domain_imap: host is another")
    # On purpose, the provider's own, with a password, or of a provider of one's own.
    for good in (
        account(smtp={**relay, "oauth": True}),
        account(smtp={"host": "smtp.office365.com", "port": 25}),
        account(smtp={**relay, "oauth": False, "password": "pw"}),
        account(kind="custom", oauth=CUSTOM["oauth"], smtp=relay, imap={"host": "imap.internal"}),
    ):
        assert accounts(MICROSOFT, good).problems() == []
    (server,) = accounts(MICROSOFT, account(smtp={**relay, "oauth": True})).outgoing_servers()
    assert server["oauth_client"] == NAMES["microsoft365"]


RELAY = {"host": "smtp.sendgrid.net"}
LEFT_OUT = {"imap": CUSTOM["imap"], "oauth": CUSTOM["oauth"]}
OWN_CLIENT = {"kind": "custom", "oauth": {**CUSTOM["oauth"], "name": "Ours"}}


@pytest.mark.parametrize(
    ("provider", "defaults", "entry", "place"),
    [
        # Beside a kind.
        ({**MICROSOFT, "smtp": RELAY}, {}, {}, "mail_provider.smtp"),
        ({**GOOGLE, "imap": RELAY}, {}, {}, "mail_provider.imap"),
        ({**MICROSOFT, "smtp": RELAY}, {}, {"oauth": {**MICROSOFT["oauth"], "name": "Ours"}}, "mail_provider.smtp"),
        # For a protocol that the provider does not name.
        (LEFT_OUT, {}, {"smtp": RELAY}, "mail_users_accounts: new@mydomain.com: smtp"),
        (LEFT_OUT, {"smtp": RELAY}, {}, "mail_users_accounts: new@mydomain.com: smtp"),
        # What was said of another host, or of another provider's token.
        (MICROSOFT, {"smtp": {"host": "b.example", "oauth": True}}, {"smtp": RELAY}, "mail_users_accounts: new@"),
        ({**MICROSOFT, "smtp": {"host": "b.example", "oauth": True}}, {}, {"smtp": RELAY}, "mail_users_accounts: new@"),
        (MICROSOFT, {"smtp": {"oauth": True}}, {"smtp": RELAY}, "mail_users_accounts: new@"),
        (MICROSOFT, {"smtp": {**RELAY, "oauth": True}}, {"kind": "google_workspace", **GOOGLE}, "mail_users_accounts: new@"),
        ({}, {**OWN_CLIENT, "smtp": RELAY, "imap": RELAY}, {"smtp": {"host": "b.example"}}, "mail_users_accounts: new@"),
        ({**CUSTOM}, {**OWN_CLIENT, "smtp": RELAY}, {"oauth": True}, "mail_users_accounts: new@"),
    ],
)
def test_no_foreign_host_gets_a_token(provider, defaults, entry, place):
    (problem,) = accounts(provider, account(**entry), defaults=defaults).problems()
    assert problem.startswith(place)
    assert ": host is another than the provider's" in problem


def test_no_foreign_host_gets_a_token_of_the_mail_domain():
    (problem,) = domain({**MICROSOFT, "smtp": RELAY}).problems()
    assert problem.startswith("mail_provider.smtp: host is another")
    (problem,) = domain(LEFT_OUT, smtp=RELAY).problems()
    assert problem.startswith("mail_domain_smtp: host is another")


@pytest.mark.parametrize(
    ("provider", "defaults", "entry"),
    [
        ({**MICROSOFT, "smtp": {**RELAY, "oauth": True}}, {}, {}),
        ({**MICROSOFT, "smtp": {**RELAY, "oauth": False}}, {}, {"password": "pw"}),
        ({**MICROSOFT, "smtp": RELAY}, {}, {"smtp": {"oauth": True}}),
        ({**MICROSOFT, "smtp": {"host": "SMTP.Office365.com"}}, {}, {}),
        (CUSTOM, {}, {"smtp": {"host": "SMTP.mydomain.com"}}),
        (LEFT_OUT, {"smtp": {**RELAY, "oauth": True}}, {}),
        (LEFT_OUT, {"smtp": {**RELAY, "oauth": True}}, {"smtp": {"host": "SMTP.sendgrid.net", "port": 2525}}),
        ({}, {**OWN_CLIENT, "smtp": RELAY, "imap": RELAY}, {}),
        (CUSTOM, {}, {**OWN_CLIENT, "smtp": RELAY}),
        ({}, {**OWN_CLIENT, "smtp": RELAY, "imap": RELAY}, {"oauth": {"client_secret": "another"}}),
    ],
)
def test_a_host_that_is_meant_gets_its_token(provider, defaults, entry):
    made = accounts(provider, account(**entry), defaults=defaults)
    assert made.problems() == []
    (outgoing,), (incoming,) = made.outgoing_servers(), made.incoming_servers()
    by_password = "password" in entry
    assert (bool(outgoing["oauth_client"]), outgoing["password"]) == (not by_password, "pw" if by_password else "")
    assert bool(incoming["oauth_client"])
    assert "oauth" not in outgoing
    assert "oauth" not in incoming


class Encrypted(Sequence):
    """As a filter gets what is encrypted in the inventory, before ansible-core 2.19."""

    __ENCRYPTED__ = True

    def __init__(self, text):
        self.text = text

    def __getitem__(self, place):
        return self.text[place]

    def __len__(self):
        return len(self.text)

    def __str__(self):
        return self.text

    def __repr__(self):
        return repr(self.text)


@pytest.mark.parametrize(
    "provider",
    [
        oauth(MICROSOFT, tenant=Encrypted(TENANT), client_secret=Encrypted("s3cret")),
        oauth(GOOGLE, service_account=Encrypted(json.dumps(SERVICE_ACCOUNT))),
        oauth(GOOGLE, service_account={**SERVICE_ACCOUNT, "private_key": Encrypted(KEY)}),
        oauth(CUSTOM, client_secret=Encrypted("s3cret"), scopes=[Encrypted("mail"), "offline"]),
    ],
    ids=["microsoft365", "google_workspace", "google_workspace read", "custom"],
)
def test_secrets_that_are_encrypted_one_by_one(provider):
    """At the provider, and at an account; a mailbox's password is passed on as it is."""
    plain = {"microsoft365": MICROSOFT, "google_workspace": GOOGLE, "custom": CUSTOM}[provider.get("kind", "custom")]
    for entries, given in (([account()], provider), ([account(**provider)], {})):
        made = filters.oauth_client_items(entries, {}, given)
        assert made == [client(plain)]
        assert {type(value) for each in made for value in each.values()} <= {str, bool}
    servers = filters.incoming_server_items([account(password=Encrypted("pw"), oauth=False)], {}, provider)
    assert (str(servers[0]["password"]), servers[0]["oauth_client"]) == ("pw", "")
    assert filters.without_password([account(oauth=False)], {}, provider, {"new@mydomain.com": Encrypted("pw")}) == []


def test_other_ways_of_authentication_stay():
    """A server of core's own OAuth, or one that a certificate opens, has no token of ours."""
    made = accounts(CUSTOM, account(smtp={"authentication": "outlook"}, imap={"type": "gmail"}))
    assert [each["oauth_client"] for each in (*made.outgoing_servers(), *made.incoming_servers())] == ["", ""]


def test_an_account_of_another_provider():
    own = account(kind="google_workspace", oauth=GOOGLE["oauth"])
    made = accounts(MICROSOFT, own, account(email="second@mydomain.com"))
    assert made.problems() == []
    assert [each["name"] for each in made.oauth_clients()] == [NAMES["microsoft365"], NAMES["google_workspace"]]
    assert [(each["host"], each["oauth_client"]) for each in made.incoming_servers()] == [
        ("imap.gmail.com", NAMES["google_workspace"]),
        ("outlook.office365.com", NAMES["microsoft365"]),
    ]
    # The client is that of the other kind.
    assert accounts(MICROSOFT, account(kind="google_workspace")).without_password() == ["new@mydomain.com"]


def test_accounts_with_a_client_where_the_provider_has_none():
    made = accounts({"kind": "microsoft365"}, account(oauth=MICROSOFT["oauth"]))
    assert made.problems() == []
    assert [each["name"] for each in made.oauth_clients()] == [NAMES["microsoft365"]]
    made = Accounts([account()], {"oauth": MICROSOFT["oauth"]}, {"kind": "microsoft365"})
    assert made.outgoing_servers()[0]["oauth_client"] == NAMES["microsoft365"]


def test_no_client_is_left_of_the_time_with_oauth():
    """Without OAuth, servers have none, so that the way back is one run, too."""
    made = accounts({"smtp": {"host": "a"}, "imap": {"host": "a"}}, account(password="pw"))
    assert [each["oauth_client"] for each in (*made.outgoing_servers(), *made.incoming_servers())] == ["", ""]
    # Whoever has neither may have selected a client in Odoo.
    made = accounts({"smtp": {"host": "a"}, "imap": {"host": "a"}}, account(password=""))
    assert not [each for each in (*made.outgoing_servers(), *made.incoming_servers()) if "oauth_client" in each]


@pytest.mark.parametrize(
    ("provider", "page", "authentication", "scopes"),
    [
        (
            oauth(CUSTOM, grant="refresh_token", device_authorization_url="https://sso.mydomain.com/device"),
            "https://sso.mydomain.com/device",
            "client_secret_post",
            "mail offline",
        ),
        (
            oauth(CUSTOM, grant="refresh_token", device_authorization_url="https://d.e/f", client_secret=None),
            "https://d.e/f",
            "none",
            "mail offline",
        ),
        (
            oauth(MICROSOFT, grant="refresh_token", client_secret=None, tenant="consumers"),
            "https://login.microsoftonline.com/consumers/oauth2/v2.0/devicecode",
            "none",
            f"{OUTLOOK}/SMTP.Send {OUTLOOK}/IMAP.AccessAsUser.All offline_access openid email profile",
        ),
        (
            oauth(CUSTOM, grant="refresh_token", authorization_url="https://sso.mydomain.com/auth"),
            "https://sso.mydomain.com/auth",
            "client_secret_post",
            "mail offline",
        ),
        (
            oauth(GOOGLE, grant="refresh_token", service_account=None, client_id="c", client_secret="s3cret"),
            "https://accounts.google.com/o/oauth2/v2/auth",
            "client_secret_post",
            "https://mail.google.com/ openid email",
        ),
    ],
)
def test_mailboxes_whose_owners_consent(provider, page, authentication, scopes):
    made = client(provider)
    assert (made["grant"], made["subject"], made["client_authentication"]) == ("refresh_token", "mailbox", authentication)
    assert (made["scopes"], made["tested"]) == (scopes, False)
    ((name, found),) = accounts(provider).consent_pages().items()
    assert (name, found.url, found.by_code) == (made["name"], page, not page.endswith("/auth"))
    # What Google permits; others, as docs/oauth.md says.
    assert found.here == ("http://127.0.0.1" if provider.get("kind") == "google_workspace" else "http://localhost")
    # Odoo tries a server once its owner has consented; or at once, if the inventory says so.
    for server in (*accounts(provider).incoming_servers(), *accounts(provider).outgoing_servers()):
        assert server["when_connected"] is True
    for told, waits in (("when_connected", True), (True, None), (False, None)):
        (server,) = accounts(provider, account(imap={"confirmed": told})).incoming_servers()
        assert (server.get("when_connected"), server["confirmed"]) == (waits, told is not False)
    assert not accounts(MICROSOFT).consent_pages()
    assert "when_connected" not in accounts(MICROSOFT).incoming_servers()[0]


def test_consent_at_microsoft_is_for_imap_only():
    asking = oauth(MICROSOFT, grant="refresh_token", client_secret=None)
    words = (
        "mail_users_accounts: new@mydomain.com: pop: with grant refresh_token, kind microsoft365 asks for consent to IMAP only"
    )
    assert [each.startswith(words) for each in accounts(asking, account(pop={})).problems()] == [True]
    (problem,) = domain(asking, imap=None, pop={}).problems()
    assert problem.startswith("mail_domain_pop: with grant refresh_token, kind microsoft365 asks for consent to IMAP only")
    # With a password, or another grant or kind, POP3 is as good as IMAP.
    assert accounts(asking, account(pop={"oauth": False}, password="pw")).problems() == []
    assert accounts(MICROSOFT, account(pop={})).problems() == []
    google = oauth(GOOGLE, grant="refresh_token", service_account=None, client_id="c", client_secret="s3cret")
    assert accounts(google, account(pop={})).problems() == []


WRONG = [
    (oauth(MICROSOFT, tenant=None), "mail_provider.oauth: tenant is missing"),
    (oauth(MICROSOFT, tenant=None, client_id=None), "mail_provider.oauth: tenant and client_id are missing"),
    (oauth(MICROSOFT, tenant="https://x/y"), "tenant is the Directory (tenant) ID"),
    (oauth(MICROSOFT, tenant="Common"), "tenant must be your own Directory (tenant) ID: common stands for any"),
    (oauth(MICROSOFT, tenant="common", grant="refresh_token"), "tenant must be your own Directory (tenant) ID, or consumers"),
    (oauth(MICROSOFT, tenant="Organizations", grant="refresh_token"), "with organizations, somebody can consent with another"),
    (oauth(MICROSOFT, client_secret=None), "client_secret or private_key (with its certificate) is missing"),
    (oauth(MICROSOFT, private_key=KEY, certificate=CERTIFICATE), "both client_secret and private_key are given"),
    (oauth(MICROSOFT, client_secret=None, private_key=KEY), "certificate is missing"),
    (oauth(MICROSOFT, certificate=CERTIFICATE), "certificate is given without its private_key"),
    (oauth(MICROSOFT, client_secret=None, certificate=CERTIFICATE), "client_secret or private_key (with its certificate)"),
    (oauth(MICROSOFT, token_url="https://a/b"), "kind microsoft365 does not use token_url"),
    (oauth(MICROSOFT, colour="red"), "colour is not an option"),
    (oauth(MICROSOFT, **{"client_secret:s3cret": ""}), "client_secret must be followed by a colon and a blank"),
    (oauth(MICROSOFT, client_secret=1234), "client_secret must be text"),
    (oauth(GOOGLE, service_account=None, tenant="x"), "kind google_workspace does not use tenant"),
    (oauth(GOOGLE, service_account="s3cret"), "service_account is not JSON"),
    (oauth(GOOGLE, service_account='["s3cret"]'), "service_account is not JSON"),
    (oauth(GOOGLE, service_account="12"), "service_account is not JSON"),
    (oauth(GOOGLE, service_account='{"installed": {"client_secret": "s3cret"}}'), "something else than a service account"),
    (oauth(GOOGLE, service_account='{"type": "authorized_user"}'), "(its type is authorized_user)"),
    (oauth(GOOGLE, service_account='{"type": "service_account"}'), "service_account has no client_email and private_key"),
    (oauth(CUSTOM, token_url=None), "token_url is missing"),
    (oauth(CUSTOM, grant="password"), "grant must be client_credentials, jwt_bearer or refresh_token"),
    (oauth(GOOGLE, grant="client_credentials"), "grant must be jwt_bearer or refresh_token"),
    (oauth(GOOGLE, grant="refresh_token"), "client_id and client_secret are missing"),
    (oauth(CUSTOM, authorization_url="https://a/b"), "authorization_url is only used with grant refresh_token"),
    (oauth(MICROSOFT, grant="jwt_bearer"), "grant must be client_credentials or refresh_token"),
    (oauth(CUSTOM, grant="refresh_token"), "device_authorization_url or authorization_url is missing"),
    (oauth(CUSTOM, grant="refresh_token", device_authorization_url="http://a/b"), "device_authorization_url: "),
    (oauth(CUSTOM, device_authorization_url="https://a/b"), "device_authorization_url is only used with grant refresh_token"),
    (oauth(CUSTOM, grant="refresh_token", client_authentication="none"), "client_authentication none is for a client"),
    (oauth(CUSTOM, grant="jwt_bearer"), "grant jwt_bearer only uses private_key"),
    (oauth(CUSTOM, grant="jwt_bearer", client_secret=None), "private_key is missing, which grant jwt_bearer needs"),
    (oauth(CUSTOM, client_authentication="private_key_jwt", client_secret=None), "private_key is missing"),
    (oauth(CUSTOM, client_authentication="none"), "client_authentication none is for a client of grant refresh_token"),
    (oauth(CUSTOM, client_authentication="basic"), "client_authentication must be"),
    (
        oauth(CUSTOM, client_authentication="client_secret_basic", client_secret=None, private_key=KEY),
        "client_secret is missing, which client_authentication client_secret_basic needs",
    ),
    (oauth(CUSTOM, client_secret=None), "client_secret or private_key is missing"),
    (oauth(CUSTOM, tenant=TENANT), "kind custom does not use tenant"),
    (oauth(CUSTOM, scopes="mail"), "scopes must be a list"),
    ({**CUSTOM, "oauth": "yes"}, "mail_provider.oauth must be a dictionary of options"),
]


@pytest.mark.parametrize(("provider", "words"), WRONG, ids=[words for _provider, words in WRONG])
def test_what_makes_no_client(provider, words):
    """One error, with the place and without the secret; at the provider, and at an account."""
    problems = accounts(provider).problems()
    assert len(problems) == 1, problems
    assert words in problems[0]
    assert "s3cret" not in problems[0]
    assert domain(provider).problems() == problems
    assert accounts(provider, account(), account(email="b@mydomain.com", oauth=True)).problems() == problems
    if isinstance(provider["oauth"], dict):
        entry = account(kind=provider.get("kind", "custom"), oauth=provider["oauth"])
        (problem,) = accounts({}, entry).problems()
        assert problem == problems[0].replace("mail_provider.", "mail_users_accounts: new@mydomain.com.")
    with pytest.raises(BadEntry):
        accounts(provider).oauth_clients()


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"private_key": "s3cret"}, "private_key"),
        ({"private_key": KEY.replace("PRIVATE", "ENCRYPTED PRIVATE")}, "private_key"),
        ({"certificate": KEY}, "certificate"),
        ({"token_url": "http://sso.mydomain.com/token"}, "token_url"),
        ({"token_url": "https://user:s3cret@sso.mydomain.com/token"}, "token_url"),
        ({"secret_expires": "31.12.2027"}, "secret_expires"),
        ({"secret_expires": "2027-02-30"}, "secret_expires"),
        ({"grant": "client_credentials", "subject": "mailbox"}, "subject"),
        ({"grant": "jwt_bearer", "tested": True}, "tested"),
        ({"grant": "client_credentials", "client_authentication": "none"}, "client_authentication"),
    ],
)
def test_what_the_module_refuses_by_itself(options, option):
    with pytest.raises(BadItems) as refusal:
        check_items(OAUTH_CLIENTS, [{"name": "Ours", **options}])
    assert [each[1] for each in refusal.value.problems] == [option]
    if option != "token_url":
        assert "s3cret" not in str(refusal.value)


def test_true_stands_for_the_provider_s():
    (problem,) = accounts({}, account(oauth=True)).problems()
    assert problem.startswith("mail_users_accounts: new@mydomain.com.oauth is true, but mail_provider has no oauth.")
    assert accounts(MICROSOFT, account(oauth=True)).outgoing_servers()[0]["oauth_client"] == NAMES["microsoft365"]


def test_two_clients_of_one_name():
    other = account(oauth={**CUSTOM["oauth"], "client_secret": "another"})
    with pytest.raises(BadEntry, match=r"new@mydomain.com.oauth: another OAuth client .* Set oauth.name"):
        accounts(CUSTOM, other).oauth_clients()
    assert len(accounts(CUSTOM, account(oauth={**other["oauth"], "name": "Ours"})).oauth_clients()) == 2
    assert len(accounts(CUSTOM, account(oauth=CUSTOM["oauth"])).oauth_clients()) == 1


def test_passwords_that_are_not_used_are_told():
    given = {"mail_provider": MICROSOFT, "mail_users_accounts": [account(), account(email="b@mydomain.com", password="pw")]}
    given["mail_users_passwords"] = {"new@mydomain.com": "pw", "left@mydomain.com": "pw"}
    assert warnings_of("mail_users", given) == [
        "mail_users_accounts has a password that is not used, as the mailbox logs in by OAuth: b@mydomain.com. Remove it",
        "mail_users_passwords has a password that is not used, as the mailbox logs in by OAuth: new@mydomain.com. Remove it",
    ]
    assert problems_of("mail_users", given) == []
    names = {"mail_domain_name": "mydomain.com", "mail_domain_catchall": "catchall", "mail_domain_bounce": ""}
    given = {"mail_provider": MICROSOFT, **names, "mail_domain_default_from": "office"}
    given["mail_domain_passwords"] = {"catchall": "pw", "somebody": "pw"}
    (warning,) = warnings_of("mail_domain", given)
    assert warning.startswith("mail_domain_passwords has a password that is not used")
    assert "catchall@mydomain.com. " in warning
    assert "somebody" not in warning
    assert warnings_of("mail_domain", {**given, "mail_provider": {}}) == []
    assert warnings_of("mail_templates", given) == []


def test_who_needs_the_addon():
    assert uses_oauth({"mail_provider": MICROSOFT})
    assert uses_oauth({"mail_users_defaults": {"oauth": CUSTOM["oauth"]}})
    assert uses_oauth({"mail_users_accounts": [account(), account(oauth=CUSTOM["oauth"])]})
    assert uses_oauth({"mail_extras_oauth_clients": [{"name": "x"}]})
    assert uses_oauth({"routing_addon_oauth": "yes"})
    assert not uses_oauth({"mail_provider": {"kind": "microsoft365"}, "mail_users_accounts": [account(oauth=False)]})
    assert not uses_oauth({"mail_users_accounts": "{{ later }}", "routing_addon_oauth": False})


def test_an_entry_is_shown_without_its_secrets():
    shown = without_secrets(account(oauth=oauth(CUSTOM, private_key=KEY)["oauth"]))
    assert set(shown["oauth"]) == {"token_url", "grant", "client_id", "scopes"}
    assert without_secrets(account(oauth=False))["oauth"] is False
