"""What something else writes at the same time: the list is planned again, and nobody reads PostgreSQL's words."""

import contextlib
import itertools
import json
import subprocess
import threading
import time

import pytest
import yaml
from company import Company
from playbook import COMMAND
from proxy import proxy
from support import ROOT, Database, finish, plain_ansible, start
from test_bulk import incoming, outgoing, parameter, user

from ansible_collections.postroom.odoo.plugins.module_utils import module as module_of_runs
from ansible_collections.postroom.odoo.plugins.module_utils.engine.executor import CLAIMS

LOGINS = [f"user{number}@mydomain.com" for number in range(10)]
SERVERS = [{"login": login, "host": "smtp.mydomain.com"} for login in LOGINS]
# As PostgreSQL names them.
WORDS = ("deadlock", "serialize", "transaction is aborted", "DETAIL")


@contextlib.contextmanager
def writing(database, seconds, times=1):
    """Another transaction that has written rows and takes its time until it commits; so many of them, one after the other."""
    script = f"""
        BEGIN;
        UPDATE ir_mail_server SET write_date = now() WHERE smtp_user IN ('{LOGINS[3]}', '{LOGINS[7]}');
        SELECT pg_sleep({seconds});
        COMMIT;
    """
    thread = threading.Thread(target=lambda: [database.sql(script) for _ in range(times)])
    thread.start()
    # Until it holds the rows.
    deadline = time.monotonic() + 20
    while not database.value(
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(%' AND pid <> pg_backend_pid()"
    ):
        assert time.monotonic() < deadline, "the other transaction did not begin"
        time.sleep(0.05)
    yield
    thread.join()


@pytest.mark.parametrize("state", ["merged", "overridden"])
def test_rows_that_another_transaction_writes(database, state):
    database.ok("outgoing_mail_servers", SERVERS)
    with writing(database, 2):
        done = database.ok("outgoing_mail_servers", [{**server, "port": 2525} for server in SERVERS], state=state)
    assert done["counts"]["updated"] == 10
    assert database.value("SELECT count(*) FROM ir_mail_server WHERE smtp_port = 2525") == 10
    assert not any(word in str(done) for word in WORDS)


def test_rows_that_are_always_being_written(database, monkeypatch):
    """When it does not end, the error says what it is, once, and nothing is written."""

    monkeypatch.setattr(module_of_runs, "ATTEMPTS", 1)
    database.ok("outgoing_mail_servers", SERVERS)
    with writing(database, 3, times=8):
        result = database.run("outgoing_mail_servers", [{**server, "port": 2525} for server in SERVERS])
    assert result["failed"]
    assert "writes the same outgoing mail servers" in result["msg"]
    assert not any(word in result["msg"] for word in WORDS)
    assert database.value("SELECT count(*) FROM ir_mail_server WHERE smtp_port = 2525") == 0


def address(number, **more):
    return {"email": f"user{number}@mydomain.com", **more}


def domain(number, **more):
    return {"name": "mydomain.com", "catchall": "catchall", "bounce": "bounce", **more}


# What makes an item, how many a database takes, and an option of which two runs may want two values.
CREATED = {
    "users": (user, 3, "name", ("Before", "After")),
    "outgoing_mail_servers": (outgoing, 3, "port", (25, 26)),
    "incoming_mail_servers": (incoming, 3, "port", (143, 144)),
    "config_parameters": (parameter, 3, "value", ("before", "after")),
    "mail_blacklist": (address, 3, "active", (True, False)),
    "alias_domains": (domain, 1, "catchall", ("catchall", "all")),
}
_numbers = itertools.count(100)


@pytest.fixture(scope="module")
def shared(lab, series):
    """A database of several tests, each of which creates records of its own."""
    made = Database(lab, series)
    yield made
    made.drop()


def new(database, module, size):
    """Items that the database does not have."""
    make, most, *_ = CREATED[module]
    if module == "alias_domains":
        database.ok(module, [make(0)], state="deleted")
    return [make(number) for number in itertools.islice(_numbers, 1 if most == 1 else size)]


def called(path, body):
    """Model and method of a request, by either API."""
    if path.startswith("/json/2/"):
        return tuple(path.split("/")[3:5])
    arguments = json.loads(body or b"{}").get("params", {}).get("args", ())
    return tuple(arguments[3:5])


@contextlib.contextmanager
def before(database, is_the_one, act):
    """A proxy before the database's server: before the first such request reaches Odoo, something else happens. Its URL."""
    waiting = [act]

    def answer(path, body):
        if waiting and is_the_one(*(called(path, body) or (None, None))):
            waiting.pop()()

    with proxy(database.server["port"], answer) as url:
        yield url
    assert not waiting, "no such request was made"


def writes(model, method):
    return method in ("create", "load", "write")


@pytest.mark.parametrize("module", CREATED)
def test_a_record_that_another_run_creates_in_the_meantime(shared, module):
    """Both runs read that there is none. The one that writes later says that it changed nothing."""
    config = new(shared, module, 1)
    with before(shared, writes, lambda: shared.ok(module, config)) as url:
        later = shared.ok(module, config, url=url)
    assert later["counts"] == {"created": 0, "updated": 0, "adopted": 0, "deleted": 0, "unchanged": 1}
    assert not later["changed"]


@pytest.mark.parametrize("module", CREATED)
def test_records_that_another_run_creates_otherwise(shared, module):
    """The one that writes later says that it updated them, and how."""
    option, values = CREATED[module][2:]
    config = new(shared, module, 3)
    first, second = ([{**item, option: value} for item in config] for value in values)
    with before(shared, writes, lambda: shared.ok(module, first)) as url:
        later = shared.ok(module, second, url=url)
    assert later["counts"] == {"created": 0, "updated": len(config), "adopted": 0, "deleted": 0, "unchanged": 0}
    assert later["changes"][0]["options"] == [option]
    assert not shared.ok(module, second)["changed"]


def test_more_records_than_a_run_claims(shared):
    config = new(shared, "outgoing_mail_servers", 3 * CLAIMS)
    with before(shared, writes, lambda: shared.ok("outgoing_mail_servers", config)) as url:
        later = shared.ok("outgoing_mail_servers", config[::-1], url=url)
    assert later["counts"]["unchanged"] == len(config)
    assert not later["changed"]


@pytest.mark.parametrize("module", ["users", "outgoing_mail_servers"])
def test_records_that_another_run_is_about_to_create(shared, module):
    """It is not overtaken: whoever comes when it has claimed the records waits for it."""
    config = new(shared, module, 3)
    refused, others = threading.Event(), []

    def note(path, body, content):
        if b"ir_model_data_module_name_uniq" in content:
            refused.set()

    with proxy(shared.server["port"], note=note) as others_url:

        def start_another():
            others.append(start(module, {**shared.connection, "url": others_url, "config": config}))
            assert refused.wait(60)

        with before(shared, lambda model, method: method == "load", start_another) as url:
            first = shared.ok(module, config, url=url)
        second = finish(others[0])
    assert first["counts"]["created"] == 3
    assert (second["counts"]["created"], second["counts"]["unchanged"]) == (0, 3)
    assert not second["changed"]


def claims(database):
    return database.value("SELECT count(*) FROM ir_model_data WHERE module = '__postroom__' AND res_id = 0")


@pytest.mark.parametrize("module", ["users", "outgoing_mail_servers", "alias_domains"])
def test_records_that_an_interrupted_run_was_about_to_create(shared, module, monkeypatch):
    """The next run creates them, and nothing of the claim is left."""
    monkeypatch.setattr(module_of_runs, "ATTEMPTS", 1)
    config = new(shared, module, 3)
    with proxy(shared.server["port"], lambda path, body: 0 if called(path, body)[1:] == ("load",) else None) as url:
        assert shared.run(module, config, url=url)["failed"]
    assert claims(shared)
    done = shared.ok(module, config)
    assert done["counts"]["created"] == len(config)
    assert not claims(shared)
    assert not shared.ok(module, config)["changed"]


@pytest.mark.parametrize("module", ["config_parameters", "outgoing_mail_servers"])
def test_records_that_somebody_created_after_an_interrupted_run(shared, module, monkeypatch):
    """The next run takes them over, although the claim has their names."""
    monkeypatch.setattr(module_of_runs, "ATTEMPTS", 1)
    config = new(shared, module, 2)
    with proxy(shared.server["port"], lambda path, body: 0 if called(path, body)[1:] == ("load",) else None) as url:
        assert shared.run(module, config, url=url)["failed"]
    assert claims(shared)
    odoo = shared.odoo()
    for item in config:
        if module == "config_parameters":
            odoo.env["ir.config_parameter"].create({"key": item["key"], "value": "by hand"})
        else:
            odoo.env["ir.mail_server"].create({"name": "By hand", "smtp_host": item["host"], "smtp_user": item["login"]})
    done = shared.ok(module, config)
    assert (done["counts"]["adopted"], done["counts"]["created"]) == (2, 0)
    assert not claims(shared)
    assert not shared.ok(module, config)["changed"]


def test_site_twice_at_once(database, tmp_path):
    """Both runs succeed, nobody reads PostgreSQL's words, and nothing is left to do."""
    company = Company(database, tmp_path)
    company.variables["mail_users_accounts"] = [company.account(name) for name in ("newcomer", "leaver", "successor")]
    inventory = {company.group: {"hosts": company.hosts, "vars": company.variables}}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(inventory))
    runs = [
        subprocess.Popen(
            [COMMAND, "-i", tmp_path / "hosts.yml", "site.yml"],
            cwd=ROOT,
            env=plain_ansible(**database.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    outputs = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], "".join(outputs)
    assert not any(word in output for word in WORDS for output in outputs), "".join(outputs)
    assert company.succeeds("site.yml").changed == 0
    assert all(set(found) == {"user", "incoming", "outgoing"} for login, found in company.people().items() if "er@" in login)
