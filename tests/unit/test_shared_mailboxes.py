"""Databases of one inventory that would fetch the same mailbox are named before anything is written."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))

from playbook import run_playbook

from ansible_collections.postroom.odoo.plugins.plugin_utils.shared_mailboxes import mailboxes_of, shared, without_secrets

PROVIDER = {"imap": {"host": "IMAP.mydomain.com", "port": 993, "ssl": True}}
DOMAIN = {
    "mail_provider": PROVIDER,
    "mail_domain_name": "mydomain.com",
    "mail_domain_catchall": "catchall",
    "mail_domain_bounce": "bounce",
    "mail_domain_default_from": "catchall",
}
ACCOUNTS = [{"name": "Ann", "email": "Ann@mydomain.com", "password": "{{ nowhere }}"}]
CATCHALL, BOUNCE, ANN = ((f"{name}@mydomain.com", "imap.mydomain.com") for name in ("catchall", "bounce", "ann"))


def test_mailboxes_of_all_roles():
    extra = {"name": "x", "login": "x@other.example", "host": "pop.other.example", "server_type": "pop"}
    given = {**DOMAIN, "mail_users_accounts": without_secrets(ACCOUNTS), "mail_extras_incoming_servers": [extra]}
    assert mailboxes_of(given) == {CATCHALL, BOUNCE, ANN, ("x@other.example", "pop.other.example")}


def test_what_is_not_fetched():
    assert mailboxes_of({**DOMAIN, "mail_domain_incoming": False}) == set()
    for account in ({"incoming": False}, {"active": False}):
        entry = {"name": "Ann", "email": "ann@mydomain.com", **account}
        assert mailboxes_of({"mail_provider": PROVIDER, "mail_users_accounts": [entry]}) == set(), account


def test_secrets_and_oauth_clients_are_left_out():
    """What is asked of a vault is asked by each database for itself, not by the first one for all."""
    secret = {"smtp": {"ssl_private_key": "{{ nowhere }}"}, "odoo_password": "{{ nowhere }}", "password": "{{ nowhere }}"}
    by_oauth = {"oauth": {"tenant": "{{ nowhere }}", "client_secret": "{{ nowhere }}", "private_key": "{{ nowhere }}"}}
    given = {
        "mail_provider": {"kind": "microsoft365", **by_oauth},
        "mail_users_accounts": [{**ACCOUNTS[0], **secret, **by_oauth}],
    }
    given = without_secrets(given)
    assert "nowhere" not in str(given)
    assert mailboxes_of(given) == {("ann@mydomain.com", "outlook.office365.com")}


def test_an_oauth_client_that_cannot_be_made_hides_no_mailbox():
    for oauth in ({"client_id": 5}, "yes", {"service_account": "{"}):
        assert mailboxes_of({**DOMAIN, "mail_provider": {**PROVIDER, "oauth": oauth}}) == {CATCHALL, BOUNCE}
        accounts = [{"name": "Ann", "email": "ann@mydomain.com", "oauth": oauth}]
        assert mailboxes_of({"mail_provider": PROVIDER, "mail_users_accounts": accounts}) == {ANN}


def test_wrong_variables_are_another_checks_business():
    for wrong in ({}, {"mail_users_accounts": 5}, {"mail_users_accounts": [{}]}, {"mail_domain_name": "x"}):
        assert mailboxes_of(wrong) == set()


def test_shared():
    mailboxes = {"a": {CATCHALL, ANN}, "b": {CATCHALL, ANN}, "c": {BOUNCE}, "d": {BOUNCE}}
    assert shared(mailboxes, ["c"])[0].startswith("c, d fetch the same mailbox: bounce@mydomain.com on imap.mydomain.com. ")
    assert [line.partition(" fetch")[0] for line in shared(mailboxes, ["a", "b", "c", "d"])] == ["a, b", "c, d"]
    assert shared({"a": {ANN}, "b": {BOUNCE}}, ["a", "b"]) == []


def test_site_says_it_before_the_first_task_that_writes(tmp_path):
    """No database is needed: the check is before the first of them is reached. Nobody's password is asked for."""
    common = {
        **DOMAIN,
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "odoo_url": "http://127.0.0.1:9",
        "odoo_database": "x",
        "odoo_login": "x",
        "odoo_password": "x",
        "mail_domain_passwords": {"catchall": "x", "bounce": "x"},
        "place": "imap.mydomain.com",
    }
    templated = {"mail_provider": {"imap": {"host": "{{ place }}", "port": 993}}, "mail_users_accounts": ACCOUNTS}
    hosts = {"one": common, "two": {**common, **templated}, "apart": {**common, "mail_domain_name": "other.example"}}
    inventory = tmp_path / "hosts.json"
    inventory.write_text(json.dumps({"odoo_databases": {"hosts": hosts}}))
    done = run_playbook("-i", inventory, "site.yml", "--check", "--limit", "one")
    said = " ".join((done.stdout + done.stderr).split())
    assert said.count("one, two fetch the same mailbox: bounce@mydomain.com on imap.mydomain.com, catchall@") == 1
    assert "apart" not in said.partition("fetch the same mailbox")[2].partition("Give each database")[0]
