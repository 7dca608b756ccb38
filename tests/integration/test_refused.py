"""site.yml with one mistake anywhere in the inventory: one clear error, and not a row written."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest
from company import Company
from playbook import run_playbook
from support import ROOT, Database, plain_ansible

EMAIL = "newcomer@mydomain.com"
WELCOME = "auth_signup.mail_template_user_signup_account_created"


def put(*path):
    """Function that puts a value at a place of an inventory's variables."""

    def change(variables, value):
        for step in path[:-1]:
            variables = variables[step] if isinstance(step, int) else variables.setdefault(step, {})
        variables[path[-1]] = value

    return change


ACCOUNT = ("mail_users_accounts", 0)
UNQUOTED = [
    (put(*ACCOUNT, "password"), True, "mail_users_accounts[0] (newcomer@mydomain.com).password: must be text"),
    (put(*ACCOUNT, "password"), 83, "put it in quotes"),
    (put(*ACCOUNT, "password"), 1.1, "put it in quotes"),
    (put(*ACCOUNT, "password"), ["a"], "must be text"),
    (put(*ACCOUNT, "odoo_password"), 750, "odoo_password: must be text"),
    (put(*ACCOUNT, "odoo_login"), 4711, "odoo_login: must be text"),
    (put(*ACCOUNT, "name"), False, "name: must be text"),
    (put(*ACCOUNT, "smtp"), {"password": 123}, "smtp.password: must be text"),
    (put("mail_domain_passwords", "catchall"), 123, "mail_domain_passwords[catchall]: must be text"),
    (put("mail_domain_default_from"), 100, "mail_domain_default_from: must be text"),
    (put("mail_extras_parameters"), [{"key": "mail.x", "value": 50}], "mail_extras_parameters[0] (mail.x).value: must be text"),
    (put("mail_extras_users"), [{"login": 5, "name": "x"}], "mail_extras_users[0] (x).login: must be text"),
]
KINDS = [
    (put(*ACCOUNT, "smtp"), True, "smtp: must be a dictionary of options"),
    (put("mail_provider", "imap"), 0.5, "mail_provider.imap: must be a dictionary of options"),
    (put(*ACCOUNT, "incoming"), "perhaps", "incoming"),
    (put(*ACCOUNT, "incoming"), None, "mail_users_accounts[0] (newcomer@mydomain.com).incoming: is empty"),
    (put("mail_domain_outgoing"), None, "mail_domain_outgoing: is empty; set a value, or remove it"),
    (put("mail_provider"), None, "mail_provider: is empty; indent its options below it, or write {} for none"),
    (put(*ACCOUNT), {"name": "Nobody", "password": "x"}, "email"),
    (put("routing_addon_enabled"), "{{ no_such_variable }}", "routing_addon_enabled: "),
    (put(*ACCOUNT, "smtp"), {"host": "x/" * 50_000}, "characters)"),
    (put(*ACCOUNT, "password"), "{{ vault_mail_passwords['newcomer@mydomain.com'] }}", "vault"),
    (put("mail_provider", "smtp", "port"), "five", "mail_provider.smtp.port: must be a whole number"),
    (put(*ACCOUNT), {"email": EMAIL, "password": "x"}, "name is missing"),
    (put(*ACCOUNT, "pasword"), "x", "): pasword is not an option; did you mean password?"),
    (put(*ACCOUNT), {"name": "New", "email": EMAIL}, f"No mailbox password for {EMAIL}"),
]
NAMES = [
    (put("mail_user_accounts"), [], "did you mean mail_users_accounts?"),
    (put("mail_domain_nmae"), "x", "did you mean mail_domain_name?"),
    (put("mail_users"), [{"name": "X"}], "mail_users: Postroom does not use a variable with this name; did you mean"),
    (put("Mail_Users_Accounts"), [], "did you mean mail_users_accounts?"),
    (put("mail_passwords"), {"x": "y"}, "did you mean mail_users_passwords?"),
]
# YAML takes the secret, or the rest of it, for a name.
RUN_TOGETHER = [
    (put(*ACCOUNT, "password:k3y-s3cret"), None, "(newcomer@mydomain.com): password must be followed by a colon and a blank"),
    (put(*ACCOUNT, "oauth"), {"client_secret=k3y-s3cret": None}, "oauth: client_secret must be followed by a colon"),
    (put(*ACCOUNT, "smtp"), {"password:k3y-s3cret": None}, ".smtp: password must be followed by a colon"),
    (put("mail_provider", "smtp", "password:k3y-s3cret"), None, "mail_provider.smtp: an entry without a value"),
    (put("mail_provider", "oauth"), {"client_secret:k3y-s3cret": None}, "client_secret must be followed by a colon"),
    (put("mail_extras_outgoing_servers"), [{"name": "x", "password:k3y-s3cret": None}], "password must be followed by a colon"),
    (put(*ACCOUNT, "k3y-s3cret"), None, "(newcomer@mydomain.com): an entry without a value is not an option"),
]
MAIL = [
    (put(*ACCOUNT, "password"), "P\u00e4ssw\u00f6rt", "password: has characters outside ASCII"),
    (put(*ACCOUNT, "password"), "secret\n", "password: ends with a line break"),
    (put(*ACCOUNT, "name"), "two\nlines", "lines' has a line break"),
    (put(*ACCOUNT, "smtp"), {"from_filter": "*@mydomain.com"}, "has a wildcard"),
    (put(*ACCOUNT, "imap"), {"type": "gmail", "ssl": False}, "requires TLS"),
]
# What only a later task refuses: each left records behind before.
LATE = [
    (put(*ACCOUNT, "smtp"), {"host": "smtp.mydomain.com:587"}, "is not a host name or IP address"),
    (put(*ACCOUNT, "smtp"), {"port": 99999}, "is not a TCP port"),
    (put(*ACCOUNT, "imap"), {"host": "imap://mydomain.com"}, "is not a host name or IP address"),
    (put(*ACCOUNT, "imap"), {"model": "no.such"}, "has no model 'no.such'"),
    (put(*ACCOUNT, "groups"), ["base.group_nobody"], "has no group 'base.group_nobody'"),
    (put(*ACCOUNT, "name"), "", "name: is empty"),
    (put(*ACCOUNT, "groups"), ["base.group_user", "base.group_portal"], "are different user types"),
    (put(*ACCOUNT, "company"), "", "company: is empty"),
    (put("mail_extras_outgoing_servers"), [{"name": "", "login": "x", "host": "h"}], "name: is empty"),
    (put("mail_templates_settings"), [{"template": WELCOME, "reply_to": "a@b.example\n"}], "has a line break"),
    (put(*ACCOUNT, "company"), "Nowhere", "has no company 'Nowhere'"),
    (put(*ACCOUNT, "language"), "xx_XX", "language: 'xx_XX' is not available"),
    (put(*ACCOUNT, "timezone"), "Mars/Phobos", "timezone: 'Mars/Phobos' is not available"),
    (put("mail_templates_settings"), [{"template": "no.such", "reply_to": "a@b.example"}], "has no such mail template"),
    (put("mail_templates_settings"), [{"template": WELCOME, "mail_server": "nowhere"}], "'nowhere'"),
    (put("mail_templates_settings"), [{"template": WELCOME, "email_from": "nobody"}], "is not an e-mail address"),
    (put("mail_extras_incoming_servers"), [{"name": "x", "host": "h", "login": "y", "model": "no.such"}], "'no.such'"),
    (put("mail_extras_outgoing_servers"), [{"name": "Relay"}], "host: is required to create"),
    (put("mail_extras_users"), [{"login": "x", "name": "X", "groups": ["base.nobody"]}], "has no group 'base.nobody'"),
]
EVERYTHING = [*UNQUOTED, *KINDS, *NAMES, *RUN_TOGETHER, *MAIL, *LATE]


@pytest.fixture(scope="module")
def company(lab, series, tmp_path_factory):
    """A company whose run would create everything, in a database that nothing may write to."""
    database = Database(lab, series)
    made = Company(database, tmp_path_factory.mktemp("refused"))
    made.variables["mail_users_accounts"] = [made.account("newcomer")]
    yield made
    database.drop()


@pytest.fixture(scope="module")
def rejected(company):
    """What one run says of databases whose inventories have a mistake each: the messages by host, and all of it."""
    hosts = {}
    for number, (change, value, _words) in enumerate(EVERYTHING):
        variables = copy.deepcopy(company.variables)
        change(variables, value)
        hosts[f"case{number}"] = dict(item for item in variables.items() if item not in company.variables.items())
    return company.rejections("site.yml", hosts)


@pytest.mark.parametrize("number", range(len(EVERYTHING)), ids=[each[2][:40] for each in EVERYTHING])
def test_nothing_is_written(rejected, number):
    messages, output = rejected
    message, words = messages[f"case{number}"], EVERYTHING[number][2]
    assert words in " ".join(message.split()), message
    assert len(message) < 5000, "a value is quoted whole"
    for secret in ("P\u00e4ssw\u00f6rt", "newcomer-pw", "x/" * 1000, "k3y-s3cret"):
        assert secret not in output


def test_not_even_mail_is_installed(company, new_database):
    """Nothing is written to a database that has no mail yet; and the mistakes in two roles' variables are told at once."""
    bare, before = new_database("base"), company.variables["mail_users_accounts"]
    untouched = bare.fingerprints()
    try:
        company.variables["mail_users_accounts"] = [{"name": "New", "email": EMAIL}]
        told = {"odoo_database": bare.name, "mail_domain_name": "nowhere"}
        output = " ".join(company.refused("site.yml", told=told).split())
    finally:
        company.variables["mail_users_accounts"] = before
    assert "mail_domain_name is not a domain" in output
    assert f"No mailbox password for {EMAIL}" in output
    bare.assert_as(untouched, "a run that was refused wrote")


GROUPS = [
    ("site.yml", "odoo_database", "If the group odoo_database is meant, rename it"),
    ("playbooks/export.yml", "odoo_databases2", "If the group odoo_databases2 is meant, rename it"),
    ("playbooks/onboard.yml", "databases", "no host in the group odoo_databases"),
]


@pytest.mark.any_series
@pytest.mark.parametrize(("playbook", "group", "words"), GROUPS)
def test_an_inventory_without_a_database(company, playbook, group, words, monkeypatch):
    told = {"person_email": EMAIL, "person_name": "X"}
    monkeypatch.setattr(company, "group", group)
    assert words in company.refused(playbook, told=told)
    assert words in company.refused(playbook, "--limit", "mydomain", told=told)


@pytest.mark.any_series
@pytest.mark.parametrize("playbook", ["site.yml", "playbooks/drift.yml"])
def test_a_misspelled_variable_of_a_machine(company, playbook, tmp_path):
    """It is found before anything is copied. What other roles use on the machine is theirs."""
    others = {"odoo_databases": ["a"], "mail_domain_names": ["b"], "routing_addon_fetchers": 2, "_routing_addon_x": 1}
    machine = {"ansible_connection": "local", **others, "routing_addon_restart_comand": "true"}
    (tmp_path / "hosts.json").write_text(json.dumps({"odoo_servers": {"hosts": {"machine": machine}}}))
    done = run_playbook("-i", tmp_path / "hosts.json", playbook)
    output = " ".join(done.stdout.split())
    assert done.returncode == (4 if "drift" in playbook else 2), output
    assert "machine: routing_addon_restart_comand: Postroom does not use a variable with this name" in output
    assert "did you mean routing_addon_restart_command?" in output
    assert not any(f"{name}: Postroom" in output for name in others)
    assert "Copy the addons" not in output


@pytest.mark.any_series
def test_what_two_roles_read_is_reported_once(company):
    hosts = {}
    for host, option, value in (("unknown", "hosst", "x"), ("chosen", "encryption", "five")):
        hosts[host] = {"mail_provider": copy.deepcopy(company.variables["mail_provider"])}
        hosts[host]["mail_provider"]["smtp"][option] = value
    messages, _output = company.rejections("site.yml", hosts)
    assert messages["unknown"].count("mail_provider.smtp: hosst is not an option") == 1
    assert messages["chosen"].count("(role mail_domain and mail_users)") == 1
    assert "(role mail_users)" not in messages["chosen"]


@pytest.mark.any_series
def test_a_connection_that_is_not_declared(company):
    kept = company.variables
    try:
        company.variables = {name: value for name, value in kept.items() if name != "odoo_database"}
        output = company.refused("site.yml")
    finally:
        company.variables = kept
    assert "odoo_database: is missing; set it for this host, or the environment variable ODOO_DATABASE" in output


@pytest.mark.any_series
@pytest.mark.parametrize("in_process", ["1", "0"])
def test_a_module_takes_text_as_text_only(in_process):
    """The modules by themselves, too, in Ansible's own process and in one of theirs; no server is asked."""
    options = {
        "url": "http://127.0.0.1:1",
        "database": "x",
        "login": "x",
        "password": "y",
        "config": [{"login": "a@b.example"}],
    }
    for place, change in (
        ("config[0] (a@b.example).password", {"config": [{"login": "a@b.example", "password": 83}]}),
        ("config[0] (a@b.example).name", {"config": [{"login": "a@b.example", "name": True}]}),
        ("password", {"password": 750}),
        ("password must be followed by a colon", {"password:k3y-83": None}),
    ):
        command = [Path(sys.executable).with_name("ansible"), "localhost", "-m", "postroom.odoo.outgoing_mail_servers"]
        command += ["-a", json.dumps({**options, **change})]
        environment = plain_ansible(POSTROOM_IN_PROCESS=in_process)
        done = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert place + ("" if " must " in place else ": must be text") in done.stdout + done.stderr
        assert "83" not in done.stdout + done.stderr


@pytest.mark.any_series
def test_braces_in_a_password(company):
    """Ansible evaluates them: a warning. What is marked !unsafe is the password."""
    account = {**company.variables["mail_users_accounts"][0], "password": "{{ 'newcomer' }}-pw"}
    done = company.play("site.yml", "--check", accounts=[account])
    assert "mail_users_accounts[0].password: is text with an expression in it" in " ".join(done.output.split())
    account["password"] = "{{ vault_passwords['newcomer'] }}"
    vault = {"vault_passwords": {"newcomer": "new{#of me#}comer-pw"}}
    done = company.play("site.yml", "--check", accounts=[account], told=vault)
    assert "mail_users_accounts[0].password: is text with an expression in it" in " ".join(done.output.split())
    assert "of me" not in done.output
    marked = company.folder / "marked.yml"
    marked.write_text(f"mail_users_accounts: [{{name: New, email: {EMAIL}, password: !unsafe 'my{{{{password'}}]\n")
    done = company.succeeds("site.yml", "--check", "-e", f"@{marked}")
    assert "with an expression" not in done.output
