"""A neutralized copy of a database stays as it is, unless the inventory says otherwise."""

import json
import subprocess

import pytest
from playbook import run_playbook
from support import Database, counted_requests
from test_drift import Company

NEUTRALIZED = "database.is_neutralized"
ITEMS = {
    "outgoing_mail_servers": {"name": "Out", "host": "smtp.mydomain.com", "login": "newuser@mydomain.com"},
    "incoming_mail_servers": {"name": "In", "host": "imap.mydomain.com", "login": "newuser@mydomain.com"},
    "users": {"name": "New User", "login": "newuser@mydomain.com", "email": "newuser@mydomain.com"},
    "config_parameters": {"key": "a.key", "value": "x"},
    "alias_domains": {"name": "mydomain.com", "catchall": "catchall"},
    "addons": {"name": "mail"},
}


def neutralize(database):
    """By Odoo's own command where it has one, from 16 on; else by the parameter that it sets."""
    if database.major < 16:
        database.odoo().env["ir.config_parameter"].set_param(NEUTRALIZED, "true")
        return
    command = [database.server["command"], "neutralize", f"--config={database.server['config']}", "-d", database.name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert database.value("SELECT name FROM ir_mail_server WHERE active") == "neutralization - disable emails"


@pytest.fixture(scope="module")
def neutralized(lab, series):
    """A neutralized copy; each test writes records of its own."""
    database = Database(lab, series)
    neutralize(database)
    yield database
    database.drop()


@pytest.mark.parametrize("module", ITEMS)
def test_no_module_writes(neutralized, module):
    refused = neutralized.refuses(module, [ITEMS[module]])["msg"]
    assert f"Database {neutralized.name} is neutralized" in refused
    assert "allow_neutralized" in refused
    assert "odoo_allow_neutralized: true" in refused
    # Whoever has a user's id from elsewhere is not let through.
    uid = neutralized.ok("config_parameters", state="gathered")["uid"]
    if module != "addons":  # nothing to be done
        assert "is neutralized" in neutralized.run(module, [ITEMS[module]], uid=uid)["msg"]
    assert neutralized.ok(module, [ITEMS[module]], allow_neutralized=True)["changed"] == (module != "addons")


def test_reading_goes_on(neutralized):
    assert neutralized.ok("users", state="gathered")["gathered"]
    assert "is neutralized" in neutralized.run("address_info", address="newuser@mydomain.com")["msg"]
    assert neutralized.ok("address_info", address="newuser@mydomain.com", allow_neutralized=True)


def test_parameter_that_says_no(database):
    database.sql(f"INSERT INTO ir_config_parameter (key, value) VALUES ('{NEUTRALIZED}', 'True')")
    for value in ("", "False", "0"):
        database.sql(f"UPDATE ir_config_parameter SET value = '{value}' WHERE key = '{NEUTRALIZED}'")
        assert database.ok("config_parameters", [{"key": "a.key", "value": f"with {value}"}])["changed"]


def test_mark_of_copies_of_older_series(database):
    """Scripts that neutralize copies of 14 and 15 add the server that Odoo 16 does. There it is no mark: Odoo has its own."""
    database.odoo().env["ir.mail_server"].create({"name": "sink", "smtp_host": "invalid"})
    item = [ITEMS["config_parameters"]]
    if database.major < 16:
        words = database.refuses("config_parameters", item)["msg"]
        assert f"Database {database.name} is neutralized (outgoing mail server sink with host invalid)" in words
        database.sql("UPDATE ir_mail_server SET active = false WHERE smtp_host = 'invalid'")
    assert database.ok("config_parameters", item)["changed"]


def test_one_reading_a_run(database):
    """The first task of a play asks; the later ones have its uid, and ask only before they write."""
    item = [ITEMS["config_parameters"]]
    first = database.ok("config_parameters", item)
    with counted_requests() as alone:
        database.ok("config_parameters", item)
    with counted_requests() as later:
        database.ok("config_parameters", item, uid=first["uid"])
    with counted_requests() as allowed:
        database.ok("config_parameters", item, allow_neutralized=True)
    assert len(alone) == len(allowed) + (2 if database.major < 16 else 1)
    assert len(later) <= len(allowed)


@pytest.fixture(scope="module")
def company(lab, series, tmp_path_factory):
    company = Company(lab, series, tmp_path_factory.mktemp("neutralized"))
    done = company.play("site.yml")
    assert done.code == 0, done.output
    neutralize(company.database)
    yield company
    company.database.drop()


def one_database(company, **changes):
    inventory = company.folder / "one.json"
    inventory.write_text(json.dumps({"odoo_databases": {"hosts": {"company": company.variables(**changes)}}}))
    return inventory


@pytest.mark.parametrize(
    "arguments",
    [
        ["site.yml"],
        ["site.yml", "--check"],
        ["site.yml", "--tags", "mail_users"],
        ["playbooks/onboard.yml", "-e", "person_email=third@mydomain.com", "-e", "person_name='Third User'"],
        ["playbooks/offboard.yml", "-e", "person_email=newuser@mydomain.com", "-e", "deliver_to=seconduser@mydomain.com"],
    ],
    ids=["site", "check", "users only", "onboard", "offboard"],
)
def test_no_playbook_writes(company, arguments):
    before = company.database.fingerprints()
    passwords = {**company.mailboxes, "third@mydomain.com": "x"}
    done = run_playbook("-i", one_database(company, mail_users_passwords=passwords), *arguments)
    company.database.assert_as(before, f"{arguments} wrote")
    assert done.returncode == 2, done.stdout
    assert "is neutralized" in done.stdout
    assert "odoo_allow_neutralized: true" in done.stdout


def test_drift_says_neutralized(company):
    done = company.drift()
    assert done.code == 4, done.output
    host = done.host()
    assert (host["status"], host["differences"], len(host["reasons"])) == ("not_checked", [], 1)
    assert "is neutralized" in host["reasons"][0]


def test_allowed(company):
    """Last of this company's tests: it has the servers back."""
    hosts = {"company": {"odoo_allow_neutralized": True}}
    done = company.play("site.yml", hosts=hosts)
    assert done.code == 0, done.output
    # What is left is the server that Odoo has added, made by hand as far as Postroom knows.
    found = {row[2:] for row in company.drift(hosts=hosts).found()}
    assert found == ({("earlier_outgoing_server", "neutralization - disable emails")} if company.major >= 16 else set())
    active = "SELECT count(*) FROM ir_mail_server WHERE active AND smtp_user = 'newuser@mydomain.com'"
    assert company.database.value(active) == 1
