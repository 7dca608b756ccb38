"""Databases in which an addon computes fields of mail servers: what Odoo does not take is reported, and left alone.

The addons are OCA's mail_environment, from PyPI, and one of our own whose field nobody can set.
"""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from company import Company
from own_server import OwnServer
from support import Database, changed_tables, install, tables_only, told

WHEELS = {
    "14": ("odoo14-addon-mail-environment==14.0.1.0.1", "odoo14-addon-server-environment==14.0.2.3.0"),
    "19": ("odoo-addon-mail-environment==19.0.1.1.1.1", "odoo-addon-server-environment==19.0.1.0.4"),
}
OWN = Path(__file__).parent / "addons" / "fixed_mail_host"
# The addon looks for a section of the record's name.
SETTINGS = """\
[outgoing_mail.filed@mydomain.com]
smtp_host = smtp.mydomain.com
smtp_pass = from-the-file

[outgoing_mail.taken_over]
smtp_user = somebody.else@mydomain.com

[incoming_mail.filed@mydomain.com]
server = imap.mydomain.com
port = 143
password = from-the-file
"""
PARTS = {
    "__init__.py": "",
    "test/settings.conf": SETTINGS,
}


@pytest.fixture(scope="module")
def server(lab, series, tmp_path_factory):
    """A server with OCA's addons and a file of settings: in its process, they change the fields of all databases."""
    folder, own = tmp_path_factory.mktemp("wheels"), OwnServer(lab, series, "environment")
    try:
        download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, *WHEELS[series]]
        subprocess.run(download, check=True)
        for wheel in folder.glob("*.whl"):
            zipfile.ZipFile(wheel).extractall(folder)
        # Odoo looks there unasked.
        place = own.home / "data" / "addons" / f"{series}.0"
        shutil.copytree(folder / "odoo" / "addons", place)
        assert {each.name for each in place.iterdir()} == {"mail_environment", "server_environment"}
        for name, text in PARTS.items():
            file = place / "server_environment_files" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        subprocess.run(["chmod", "-R", "a+rX", own.home / "data"], check=True)
        own.start()
        yield own
    finally:
        own.remove()


@pytest.fixture
def environment(server, series):
    """A database with OCA's addon."""
    made = Database(server.lab, series)
    install(made, "mail_environment")
    yield made
    made.drop()


def read(database, model, *fields):
    """The only record, as Odoo gives it: what is computed is in no table."""
    (found,) = database.odoo().env[model].search_read([], list(fields))
    del found["id"]
    return found


def assert_left_alone(database, module, config, words):
    """A run reports the words once, and so do check mode before it and a second run, which change nothing."""
    predicted = database.ok(module, config, check=True)
    done = database.ok(module, config)
    again = database.ok(module, config)
    assert told(predicted) == told(done), (predicted, done)
    for result in (predicted, done, again):
        assert len(result["not_managed"]) == 1, result
        assert all(word in result["not_managed"][0] for word in words), result["not_managed"]
        assert "from-the-file" not in str(result)
    assert not again["changed"], again
    drift = database.ok(module, config, check=True)["drift"]
    assert drift["differences"] == []
    return done


def test_outgoing(environment):
    """A host and a password that the file sets stay as they are; the port, which it does not set, is managed."""
    item = {"login": "filed@mydomain.com", "host": "smtp.other.example", "port": 587, "password": "declared"}
    before = environment.fingerprints()
    predicted = environment.ok("outgoing_mail_servers", [item], check=True)
    environment.assert_as(before, "check mode wrote")
    assert predicted["counts"]["created"] == 1
    assert "host" in predicted["unpredicted"][0]
    made = environment.ok("outgoing_mail_servers", [item])
    assert made["counts"]["created"] == 1
    assert made["not_managed"] == [line for line in made["not_managed"] if line.startswith("host, password of")]
    assert read(environment, "ir.mail_server", "smtp_host", "smtp_port", "smtp_user") == {
        "smtp_host": "smtp.mydomain.com",
        "smtp_port": 587,
        "smtp_user": "filed@mydomain.com",
    }
    assert "host" not in made["changes"][0]["options"]
    words = ("host, password of", "filed@mydomain.com", "mail_environment")
    assert not assert_left_alone(environment, "outgoing_mail_servers", [item], words)["changed"]
    changed = {**item, "host": "smtp.third.example", "port": 2587, "priority": 3}
    done = assert_left_alone(environment, "outgoing_mail_servers", [changed], words)
    assert done["changes"] == [{"action": "updated", "options": ["port", "priority"], "items": ["filed@mydomain.com"]}]
    assert read(environment, "ir.mail_server", "smtp_port", "sequence") == {"smtp_port": 2587, "sequence": 3}


def test_what_the_file_leaves_is_managed(environment):
    """A server that the file does not name is managed as in any other database."""
    item = {"login": "free@mydomain.com", "host": "smtp.mydomain.com", "port": 587, "password": "declared"}
    environment.ok("outgoing_mail_servers", [item])
    done = environment.converge("outgoing_mail_servers", [{**item, "host": "smtp.other.example", "password": "next"}])
    assert done["changes"][0]["options"] == ["host", "password"]
    assert "not_managed" not in done
    assert read(environment, "ir.mail_server", "smtp_host", "smtp_pass") == {
        "smtp_host": "smtp.other.example",
        "smtp_pass": "next",
    }


def test_incoming(environment):
    item = {"login": "filed@mydomain.com", "host": "imap.mydomain.com", "port": 993, "password": "declared", "ssl": True}
    assert environment.ok("incoming_mail_servers", [item])["counts"]["created"] == 1
    words = ("password, port of", "mail_environment")
    assert not assert_left_alone(environment, "incoming_mail_servers", [item], words)["changed"]
    done = assert_left_alone(environment, "incoming_mail_servers", [{**item, "ssl": False, "priority": 9}], words)
    assert done["changes"][0]["options"] == ["priority", "ssl"]
    found = read(environment, "fetchmail.server", "server", "port", "is_ssl", "priority")
    assert found == {"server": "imap.mydomain.com", "port": 143, "is_ssl": False, "priority": 9}


def test_a_login_that_is_not_kept(environment):
    """The next run would not find such a record, and create another: it is refused."""
    item = {"login": "newuser@mydomain.com", "name": "taken_over", "host": "smtp.mydomain.com"}
    before = environment.fingerprints()
    result = environment.run("outgoing_mail_servers", [item])
    assert result["failed"], result
    assert result["problems"][0]["option"] == "login"
    assert "mail_environment" in result["msg"]
    assert not tables_only(changed_tables(before, environment.fingerprints()))


def test_a_field_that_nobody_can_set(lab, series, database):
    """An addon computes the host, and gives no way to set it."""
    place = Path(lab["odoo"][series]["addons"]) / OWN.name
    shutil.copytree(OWN, place, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    install(database, OWN.name)
    item = {"login": "newuser@mydomain.com", "host": "smtp.mydomain.com", "port": 587}
    assert database.ok("outgoing_mail_servers", [item])["counts"]["created"] == 1
    words = ("host of", "newuser@mydomain.com", OWN.name)
    assert not assert_left_alone(database, "outgoing_mail_servers", [item], words)["changed"]
    done = assert_left_alone(database, "outgoing_mail_servers", [{**item, "port": 465}], words)
    assert done["changes"][0]["options"] == ["port"]
    assert read(database, "ir.mail_server", "smtp_host", "smtp_port") == {"smtp_host": "relay.mydomain.com", "smtp_port": 465}


def test_site_and_drift(environment, tmp_path):
    """The whole of it: a second site.yml changes nothing, and drift.yml ends with 0 and a note."""
    filed = {"login": "filed@mydomain.com", "password": "declared"}
    company = Company(
        environment,
        tmp_path,
        routing_addon_enabled=False,
        mail_extras_outgoing_servers=[{**filed, "host": "smtp.other.example", "port": 587}],
        mail_extras_incoming_servers=[{**filed, "host": "imap.mydomain.com", "port": 993}],
    )
    done, again = company.succeeds("site.yml"), company.succeeds("site.yml")
    assert done.changed
    assert not again.changed, again.output
    words = ("host, password of outgoing mail server filed@", "password, port of incoming mail server filed@")
    # Once as a warning, and once in the report.
    for run, times in (
        (again, 1),
        (company.succeeds("site.yml", "--check"), 2),
        (company.succeeds("playbooks/drift.yml"), 2),
    ):
        assert [run.output.count(line) for line in words] == [times, times], run.output
        assert not run.changed
    assert "As declared" in run.output
