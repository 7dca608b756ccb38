"""playbooks/onboard.yml: three records for one person, and nothing else."""

import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from company import Company
from support import ROOT, changed_tables, plain_ansible, tables_only

PLAYBOOK = "playbooks/onboard.yml"
NEW = "newcomer@mydomain.com"


@pytest.fixture
def company(database, tmp_path):
    made = Company(database, tmp_path)
    made.account("newcomer")
    made.variables["mail_users_accounts"] = [made.account("staying")]
    return made


def told(**more):
    return {"person_email": NEW, "person_name": "New Comer", "person_password": "newcomer-pw", **more}


def printed_entry(output):
    """The entry that a run printed for the inventory, read as YAML."""
    text = re.search(r"^(\s*)mail_users_accounts:\n(?:\1 .*\n)+", output, re.MULTILINE)
    (entry,) = yaml.safe_load(text[0])["mail_users_accounts"]
    return entry


def test_one_person_and_nothing_else(company):
    database = company.database
    company.succeeds("site.yml")
    before, records = company.people(), database.fingerprints()
    foretold, done, _ = company.settles(PLAYBOOK, told=told(person_account={"timezone": "Europe/Vienna"}))
    assert "Run onboard.yml to create it" in foretold.output
    assert "newcomer-pw" not in done.output
    people = company.people()
    newcomer = people.pop(NEW)
    assert people == before
    assert newcomer["user"].items() >= {"active": True, "email": NEW, "name": "New Comer"}.items()
    assert newcomer["incoming"].items() >= {"active": True, "state": "done", "name": NEW}.items()
    assert newcomer["outgoing"].items() >= {"active": True, "name": NEW}.items()
    # Of the servers' tables and the users', only these rows are new: every table with other rows got one.
    tables = set(tables_only(changed_tables(records, database.fingerprints())))
    assert {"res_users", "res_partner", "fetchmail_server", "ir_mail_server", "ir_model_data"} <= tables
    assert not {"mail_mail", "mail_template", "ir_config_parameter", "mail_alias_domain", "res_company"} & tables
    # What the run prints is what it did: with it in the inventory, site.yml has nothing to do.
    entry = printed_entry(done.output)
    assert entry == {
        "name": "New Comer",
        "email": NEW,
        "timezone": "Europe/Vienna",
        "password": "{{ vault_mail_passwords['newcomer@mydomain.com'] }}",
    }
    company.variables["vault_mail_passwords"] = {NEW: "newcomer-pw"}
    listed = [*company.variables["mail_users_accounts"], entry]
    assert company.succeeds("site.yml", accounts=listed).changed == 0
    # Once it stands there, nothing but the address and the name is needed, and no second entry is printed.
    again = company.succeeds(PLAYBOOK, accounts=listed, told={"person_email": NEW.upper(), "person_name": "New Comer"})
    assert again.changed == 0
    assert "is in the inventory already" in again.output


def test_a_database_without_mail_gets_it(new_database, tmp_path):
    company = Company(new_database("base"), tmp_path)
    company.account("newcomer")
    # By the name that it has where the collection is installed.
    company.succeeds("postroom.odoo.onboard", "--check", told=told())
    company.succeeds("postroom.odoo.onboard", told=told())
    assert company.people()[NEW].keys() == {"user", "incoming", "outgoing"}
    assert company.succeeds("postroom.odoo.onboard", told=told()).changed == 0


def test_one_of_several_databases(company, new_database):
    other = new_database()
    company.hosts["other"] = {"odoo_database": other.name, "odoo_url": other.server["url"]}
    # What a person has in the vault by address needs no password here.
    company.variables["mail_users_passwords"] = {NEW: "newcomer-pw"}
    words = company.refused(PLAYBOOK, told=told())
    assert "2 databases: mydomain, other" in words
    untouched = other.fingerprints()
    done = company.succeeds(PLAYBOOK, "--limit", "mydomain", told={"person_email": NEW, "person_name": "New Comer"})
    assert other.fingerprints() == untouched
    assert NEW in company.people()
    assert "password" not in printed_entry(done.output)


BAD = (
    ({"person_email": None}, "person_email"),
    ({"person_name": None}, "person_name"),
    ({"person_email": "nobody"}, "email=name@mydomain.com"),
    ({"person_name": " "}, "person_name="),
    ({"person_password": None}, "No mailbox password for newcomer@mydomain.com"),
    ({"person_account": {"timezon": "Europe/Vienna"}}, "timezon"),
    ({"person_account": {"timezone": "Europe/Nowhere"}}, "Europe/Nowhere"),
    ({"person_account": {"groups": ["base.nobody"]}}, "base.nobody"),
)


def test_bad_input(company):
    for change, words in BAD:
        given = {option: value for option, value in told(**change).items() if value is not None}
        assert words in company.refused(PLAYBOOK, told=given), change


@pytest.mark.any_series
def test_a_name_that_the_shell_divided(company):
    """-e person_name='New Comer' reaches Ansible without the quotes."""
    words = company.refused(PLAYBOOK, "-e", f"person_email={NEW} person_name=New Comer")
    assert """-e "person_name='First Last'\"""" in words
    assert "is not used: Comer" in words


def test_a_refused_password_leaves_no_server(company):
    run = company.play(PLAYBOOK, told=told(person_password="wr0ng-p4ss"))
    assert run.status != 0
    assert "wr0ng-p4ss" not in run.output
    assert company.people().get(NEW, {}).keys() <= {"user"}


@pytest.mark.any_series
def test_a_password_can_be_typed(company):
    """On a terminal, where nobody sees it."""
    company.play(PLAYBOOK, "--syntax-check")
    command = ["setsid", "--ctty", "--wait", Path(sys.executable).with_name("ansible-playbook")]
    command += ["-i", company.folder / "hosts.yml", PLAYBOOK]
    command += ["-e", f"person_email={NEW}", "-e", "person_name='New Comer'"]
    master, terminal = pty.openpty()
    environment = plain_ansible(**company.database.environment)
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    output, typed = "", False
    while True:
        try:
            part = os.read(master, 4096).decode(errors="replace")
        except OSError:  # the terminal closed with the process
            break
        if not part:
            break
        output += part
        if not typed and f"Password of the mailbox {NEW}" in output:
            time.sleep(0.5)
            os.write(master, b"newcomer-pw\r")
            typed = True
    assert process.wait() == 0, output
    assert typed, output
    assert "newcomer-pw" not in output
    assert company.people()[NEW]["incoming"]["state"] == "done"
