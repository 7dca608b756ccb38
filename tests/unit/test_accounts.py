"""From the accounts of an inventory to the modules' items, as plain dictionaries and as Ansible hands them over."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from ansible.errors import AnsibleError

from ansible_collections.postroom.odoo.plugins.filter.accounts import (
    account_of,
    incoming_server_items,
    outgoing_server_items,
    user_items,
    without_password,
)
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.forward import (
    BadEntry,
    MailDomain,
    unusable_addresses,
    unusable_former_addresses,
)

ROOT = Path(__file__).parents[2]
EMAIL = "new@mydomain.com"


def account(**options):
    return {"name": "New User", "email": EMAIL, **options}


def incoming(options, **more):
    return incoming_server_items([account(**options)], **more)[0]


def outgoing(options, **more):
    return outgoing_server_items([account(**options)], **more)[0]


def test_an_account_is_a_user():
    given = account(
        password="mailbox", odoo_password="odoo", groups=["a.b"], previous_email="old@mydomain.com", smtp={"port": 25}
    )
    expected = {"login": EMAIL, "name": "New User", "email": EMAIL, "active": True, "password": "odoo", "groups": ["a.b"]}
    assert user_items([given]) == [{**expected, "previous_login": "old@mydomain.com"}]


def test_a_user_has_another_login_if_it_says_so():
    assert user_items([account(odoo_login="new", active=False)])[0] == {
        "login": "new",
        "name": "New User",
        "email": EMAIL,
        "active": False,
    }


def test_defaults_hold_where_an_account_says_nothing():
    defaults = {"groups": ["a.b"], "language": "fr_FR", "imap": {"port": 993, "priority": 3}}
    given = account(groups=["c.d"], imap={"port": 143})
    assert user_items([given], defaults)[0]["groups"] == ["c.d"]
    assert user_items([given], defaults)[0]["language"] == "fr_FR"
    mailbox = incoming_server_items([given], defaults)[0]
    assert (mailbox["port"], mailbox["priority"]) == (143, 3)
    assert defaults == {"groups": ["a.b"], "language": "fr_FR", "imap": {"port": 993, "priority": 3}}


def test_the_provider_holds_where_an_account_says_nothing():
    provider = {"smtp": {"host": "smtp.mydomain.com", "port": 587}, "imap": {"host": "imap.mydomain.com"}}
    assert incoming({"imap": {"port": 143}}, provider=provider) == {
        "name": EMAIL,
        "login": EMAIL,
        "type": "imap",
        "host": "imap.mydomain.com",
        "port": 143,
        "active": True,
        "match_by_login": True,
        "confirmed": True,
    }
    assert outgoing({"smtp": {"port": 25}}, provider=provider) == {
        "name": EMAIL,
        "login": EMAIL,
        "host": "smtp.mydomain.com",
        "port": 25,
        "from_filter": "own",
        "priority": 100,
        "active": True,
        "tested": True,
    }


@pytest.mark.parametrize("make", [incoming, outgoing])
def test_the_nearest_password_is_taken(make):
    passwords = {EMAIL: "from the list"}
    kind = "imap" if make is incoming else "smtp"
    assert "password" not in make({})
    assert make({}, passwords=passwords)["password"] == "from the list"
    assert make({"password": "own"}, passwords=passwords)["password"] == "own"
    assert make({"password": "own", kind: {"password": "server's"}}, passwords=passwords)["password"] == "server's"


@pytest.mark.parametrize(
    ("options", "protocol", "expected"),
    [
        ({}, "imap", "imap"),
        ({}, "pop", "pop"),
        ({"imap": {}}, "pop", "imap"),
        ({"pop": {}}, "imap", "pop"),
        ({"pop": None}, "imap", "pop"),
        ({"imap": {}, "pop": {}}, "imap", "pop"),
    ],
)
def test_how_a_mailbox_is_read(options, protocol, expected):
    """By what the account says, else by what the provider has."""
    provider = {each: {"host": each} for each in ({"imap", "pop"} if options else {protocol})}
    server = incoming(options, provider=provider)
    assert (server["type"], server["host"]) == (expected, expected)


@pytest.mark.parametrize("active", [False, "no", "False"])
def test_servers_of_somebody_archived_are_not_tried(active):
    assert incoming({"active": active})["active"] == active
    assert "confirmed" not in incoming({"active": active})
    assert "tested" not in outgoing({"active": active})


@pytest.mark.parametrize(("model", "only_replies"), [({}, True), ({"model": ""}, True), ({"model": "crm.lead"}, False)])
def test_with_the_addon_a_mailbox_gives_replies_only(model, only_replies):
    assert incoming({"imap": model}, routed=True)["only_replies"] is only_replies
    assert "only_replies" not in incoming({"imap": model})


def test_with_the_addon_a_server_has_an_owner():
    assert "owner" not in outgoing({})
    assert outgoing({}, routed=True)["owner"] == EMAIL
    assert outgoing({"odoo_login": "new"}, routed=True)["owner"] == "new"
    assert outgoing({"smtp": {"owner": ""}}, routed=True)["owner"] == ""


def test_the_filter_is_the_address_under_any_login():
    assert outgoing({"smtp": {"login": EMAIL}})["from_filter"] == "own"
    assert outgoing({"smtp": {"login": "relay"}})["from_filter"] == EMAIL


@pytest.mark.parametrize("no", [False, "no", "false", 0])
def test_servers_that_are_left_alone(no):
    assert incoming_server_items([account(incoming=no)]) == []
    assert outgoing_server_items([account(outgoing=no)]) == []


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [EMAIL]),
        ({"password": "own"}, []),
        ({"active": False}, []),
        ({"incoming": False, "outgoing": False}, []),
        ({"incoming": False, "smtp": {"password": "server's"}}, []),
        ({"incoming": False, "smtp": {"authentication": "certificate"}}, []),
        ({"outgoing": False, "imap": {"type": "gmail"}}, []),
        ({"smtp": {"password": "server's"}}, [EMAIL]),
        ({"smtp": {"password": "server's"}, "pop": {"password": "server's"}}, []),
        # Of the provider only what has the account's own protocol.
        ({"outgoing": False, "pop": {}, "provider": {"imap": {"type": "gmail"}, "pop": {}}}, [EMAIL]),
        ({"outgoing": False, "provider": {"imap": {"type": "gmail"}, "pop": {}}}, []),
        ({"outgoing": False, "provider": {"pop": {}}}, [EMAIL]),
        ({"incoming": False, "provider": {"smtp": {"authentication": "outlook"}}}, []),
    ],
)
def test_accounts_without_password(options, expected):
    options = dict(options)
    provider = options.pop("provider", None)
    assert without_password([account(**options)], provider=provider) == expected
    assert without_password([account(**options)], passwords={EMAIL: "from the list"}) == []


def test_addresses_that_cannot_be():
    given = ["first@mydomain.com", "second", "FIRST@mydomain.com", "a b@mydomain.com", "third@mydomain.com"]
    assert unusable_addresses([{"email": each} for each in given]) == ["second", "FIRST@mydomain.com", "a b@mydomain.com"]


def test_former_addresses_that_cannot_be():
    given = [
        account(),
        account(previous_email="old@mydomain.com"),
        account(previous_email="Old@mydomain.com"),
        account(previous_email="no"),
        account(previous_email=EMAIL),
    ]
    assert unusable_former_addresses(given) == ["Old@mydomain.com", "no", EMAIL]


# -- the mail domain --

DOMAIN = {"name": "mydomain.com", "catchall": "catchall", "bounce": "bounce", "default_from": "office", "pop": False}


def domain(**given):
    passwords = dict.fromkeys(("catchall", "bounce", "office"), "pw")
    return MailDomain({**DOMAIN, "passwords": passwords, **given})


def test_a_domain_has_a_mailbox_for_catchall_and_bounce():
    made = domain(provider={"imap": {"host": "imap.mydomain.com"}})
    assert made.incoming_servers() == [
        {
            "name": f"{alias}@mydomain.com",
            "login": f"{alias}@mydomain.com",
            "password": "pw",
            "type": "imap",
            "active": True,
            "match_by_login": True,
            "confirmed": True,
            "host": "imap.mydomain.com",
            "oauth_client": "",
        }
        for alias in ("catchall", "bounce")
    ]
    assert len(domain(bounce="catchall").incoming_servers()) == 1
    assert domain(catchall="", bounce="").incoming_servers() == []
    assert domain(incoming=False).incoming_servers() == []


def test_a_domain_has_a_shared_server():
    (server,) = domain(provider={"smtp": {"host": "smtp.mydomain.com"}}, smtp={"port": 25}).outgoing_servers()
    assert server == {
        "name": "office@mydomain.com",
        "login": "office@mydomain.com",
        "password": "pw",
        "from_filter": "own",
        "priority": 1,
        "active": True,
        "tested": True,
        "host": "smtp.mydomain.com",
        "port": 25,
        "oauth_client": "",
    }
    (server,) = domain(smtp={"login": "apikey"}, passwords={"apikey": "key"}).outgoing_servers()
    assert (server["from_filter"], server["password"], server["name"]) == (
        "office@mydomain.com",
        "key",
        "office@mydomain.com",
    )
    assert domain(default_from="office@other.example").outgoing_servers()[0]["login"] == "office@other.example"
    assert domain(outgoing=False).outgoing_servers() == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "imap"),
        ({"provider": {"pop": {}}}, "pop"),
        ({"provider": {"pop": {}}, "imap": {"host": "h"}}, "imap"),
        ({"provider": {"pop": {}, "imap": {}}}, "imap"),
        ({"provider": {"pop": {}, "imap": {}}, "pop": {}}, "pop"),
        ({"pop": None}, "pop"),
    ],
)
def test_how_a_domains_mailboxes_are_read(given, expected):
    assert {each["type"] for each in domain(**given).incoming_servers()} == {expected}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, None),
        ({"name": "my domain"}, "mail_domain_name is not a domain"),
        ({"name": "mydomain"}, "mail_domain_name is not a domain"),
        ({"passwords": {}}, "no password for catchall@mydomain.com, bounce@mydomain.com, office@mydomain.com"),
        ({"passwords": {"catchall@mydomain.com": "a", "bounce": "b"}}, "no password for office@mydomain.com"),
        ({"passwords": {}, "provider": {"imap": {"type": "gmail"}, "smtp": {"authentication": "gmail"}}}, None),
        ({"passwords": {}, "incoming": False, "outgoing": "no"}, None),
        ({"passwords": {}, "incoming": False, "pop": {}, "provider": {"imap": {"type": "gmail"}}}, "for office@"),
        ({"default_from": ""}, "mail_domain_default_from is empty"),
        ({"catchall": "catchall@mydomain.com"}, "mail_domain_catchall: 'catchall@mydomain.com' is not the local part"),
        ({"bounce": "b b"}, "mail_domain_bounce: 'b b' is not the local part"),
        ({"default_from": "", "outgoing": False}, None),
    ],
)
def test_what_is_wrong_with_a_domain(given, words):
    problems = domain(**given).problems()
    assert problems == [] if words is None else words in problems[0]


def test_a_domain_whose_options_are_no_dictionary():
    with pytest.raises(BadEntry, match=r"mail_provider.smtp must be a dictionary"):
        domain(provider={"smtp": True}).outgoing_servers()


def test_the_account_of_an_address():
    accounts = [account(email="other@mydomain.com"), account(groups=[])]
    assert account_of(accounts, "New@MyDomain.com") == accounts[1]
    assert account_of(accounts, "nobody@mydomain.com") == {}


@pytest.mark.parametrize("make", [user_items, incoming_server_items, outgoing_server_items, without_password])
def test_an_account_without_address_is_named(make):
    with pytest.raises(AnsibleError, match=r"entry 2 \(name: New User\) has no email"):
        make([account(password="own"), {"name": "New User"}])
    with pytest.raises(AnsibleError, match="entry 1 is not a dictionary"):
        make(["New User"])


@pytest.mark.parametrize("make", [outgoing_server_items, without_password])
def test_options_that_are_no_dictionary_are_named_and_not_shown(make):
    with pytest.raises(AnsibleError, match=EMAIL + ": smtp must be a dictionary") as refused:
        make([account(smtp="password=secret")])
    assert "secret" not in str(refused.value)
    with pytest.raises(AnsibleError, match=r"mail_provider\.smtp must be a dictionary"):
        make([account()], provider={"smtp": "password=secret"})


# -- as Ansible hands them over: expressions that are evaluated when they are looked at --


def evaluate(expression, **variables):
    """What Ansible makes of it, or says to it."""
    command = ["ansible", "localhost", "-m", "ansible.builtin.debug", "-a", "msg={{ " + expression + " }}"]
    settings = {"CONFIG": ROOT / "ansible.cfg", "CALLBACK_RESULT_FORMAT": "json", "NOCOLOR": "true", "FORCE_COLOR": "false"}
    environment = {**os.environ, **{"ANSIBLE_" + name: str(value) for name, value in settings.items()}}
    command += ["-e", json.dumps(variables)]
    ended = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True)
    if ended.returncode:
        return ended.stdout + ended.stderr
    return json.loads(ended.stdout.partition("=>")[2])["msg"]


def test_expressions_are_evaluated():
    given = account(password="{{ own }}", groups=["{{ 'a' }}.b"], smtp="{{ relay }}", active="{{ 'yes' }}")
    made = "{'users': [given] | postroom.odoo.user_items, 'servers': [given] | postroom.odoo.outgoing_server_items}"
    found = evaluate(made, given=given, own="mine", relay={"port": 25})
    assert (found["users"][0]["groups"], found["users"][0]["active"]) == (["a.b"], "yes")
    server = found["servers"][0]
    assert (server["password"], server["port"], server["tested"]) == ("mine", 25, True)


def test_what_is_omitted_stays_out():
    given = account(password="{{ nothing | default(omit) }}", odoo_password="{{ nothing | default(omit) }}")
    made = (
        "{'users': [given] | postroom.odoo.user_items, 'servers': [given] | postroom.odoo.incoming_server_items(passwords=own)}"
    )
    found = evaluate(made, given=given, own={EMAIL: "mine"})
    assert found["users"] == [{"login": EMAIL, "active": True, "name": "New User", "email": EMAIL}]
    assert "password" not in found["servers"][0]


def test_what_is_undefined_ends_the_run():
    """And is not left out, as an item or as an option."""
    given = [account(), account(email="other@mydomain.com", password="{{ nothing }}")]
    assert "'nothing' is undefined" in evaluate("given | postroom.odoo.incoming_server_items", given=given)
