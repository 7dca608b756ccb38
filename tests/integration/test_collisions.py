"""What something else writes at the same time: the list is planned again, and nobody reads PostgreSQL's words."""

import contextlib
import itertools
import json
import os
import signal
import subprocess
import threading
import time

import pytest
import yaml
from company import Company
from playbook import COMMAND
from proxy import called, proxy
from support import ROOT, Database, finish, plain_ansible, start
from test_bulk import incoming, outgoing, parameter, user

from ansible_collections.postroom.odoo.plugins.module_utils import module as module_of_runs
from ansible_collections.postroom.odoo.plugins.module_utils.engine import lock

LOGINS = [f"user{number}@mydomain.com" for number in range(10)]
SERVERS = [{"login": login, "host": "smtp.mydomain.com"} for login in LOGINS]
# As PostgreSQL names them.
WORDS = ("deadlock", "serialize", "transaction is aborted", "DETAIL")


def start_site(company, folder):
    """Start site.yml for a company, in a session of its own; returns the process, whose output is text."""
    inventory = {company.group: {"hosts": company.hosts, "vars": company.variables}}
    (folder / "hosts.yml").write_text(yaml.safe_dump(inventory))
    return subprocess.Popen(
        [COMMAND, "-i", folder / "hosts.yml", "site.yml"],
        cwd=ROOT,
        env=plain_ansible(**company.database.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


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


@contextlib.contextmanager
def before(database, is_the_one, act):
    """A proxy before the database's server: before the first such request reaches Odoo, something else happens. Its URL."""
    waiting = [act]

    def answer(path, body):
        if waiting and is_the_one(*called(path, body)):
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


def test_many_records_that_another_run_creates(shared):
    config = new(shared, "outgoing_mail_servers", 60)
    with before(shared, writes, lambda: shared.ok("outgoing_mail_servers", config)) as url:
        later = shared.ok("outgoing_mail_servers", config[::-1], url=url)
    assert later["counts"]["unchanged"] == len(config)
    assert not later["changed"]


WELCOME = "auth_signup.mail_template_user_signup_account_created"
# What both runs do to records that are there: the module, the list before, the list of both, and their state.
CHANGED = {
    "updated": ("outgoing_mail_servers", [outgoing(1)], [outgoing(1, port=2525)], "merged"),
    "deleted": ("config_parameters", [parameter(1)], [parameter(1)], "deleted"),
    "renamed": ("users", [user(1)], [user(2, previous_login="user1@mydomain.com")], "merged"),
    "reset": ("mail_templates", [], [{"template": WELCOME, "reply_to": "all@mydomain.com"}], "merged"),
    "alias domain": ("alias_domains", [domain(0)], [domain(0, bounce="back")], "merged"),
}


@pytest.mark.parametrize("kind", CHANGED)
def test_records_that_another_run_changes_alike(database, kind):
    """Both runs read what is to be changed. The one that writes later says that it changed nothing."""
    module, first, config, state = CHANGED[kind]
    if first:
        database.ok(module, first)
    with before(database, writes, lambda: told.append(database.ok(module, config, state=state))) as url:
        told = []
        later = database.ok(module, config, state=state, url=url)
    assert told[0]["changed"]
    assert not later["changed"]
    assert later["counts"]["unchanged"] == 1


def test_several_runs_that_another_one_does_not_see(database):
    """What it has read is older than the last run but one."""

    def others():
        for port in (26, 27, 28, 2525):
            assert database.ok("outgoing_mail_servers", [outgoing(1, port=port)])["changed"]

    database.ok("outgoing_mail_servers", [outgoing(1)])
    with before(database, writes, others) as url:
        assert not database.ok("outgoing_mail_servers", [outgoing(1, port=2525)], url=url)["changed"]


@contextlib.contextmanager
def at_work(database, module, config, methods=("load", "write"), late=False, **options):
    """A run in a process of its own that has taken its turn, and waits for the answer to its first call of such a method.

    :param late: whether the call reaches Odoo when the run has ended before it may (C(process.go_on)).
    """
    asked, go_on = threading.Event(), threading.Event()

    def answer(path, body):
        model, method = called(path, body)
        if method in methods and model != "ir.model.data":
            asked.set()
            assert go_on.wait(300)
            return None if late or process.poll() is None else 0
        return None

    with proxy(database.server["port"], answer) as url:
        process = start(module, {**database.connection, **options, "url": url, "config": config})
        process.go_on = go_on
        assert asked.wait(60)
        assert turns(database) == [True]
        yield process
        go_on.set()
        if process.poll() is None:
            process.wait(60)


def turns(database):
    """The numbers by which runs take turns: whether the run is still at work."""
    return database.values("SELECT noupdate FROM ir_model_data WHERE model = 'ir.model.data' ORDER BY id")


def at_the_third_look(act):
    """What a proxy does when a run has looked at the turns so often: that one waits."""
    looks = itertools.count()

    def note(path, body, content):
        if called(path, body) == ("ir.model.data", "search_read") and next(looks) == 2:
            act()

    return note


def test_a_run_that_waits_for_another(database):
    """It is not overtaken, and what the waiting one reports is what it did."""
    config = new(database, "outgoing_mail_servers", 3)
    looked, others = threading.Event(), []
    with proxy(database.server["port"], note=at_the_third_look(looked.set)) as url:
        with at_work(database, "outgoing_mail_servers", config) as first:
            others.append(start("outgoing_mail_servers", {**database.connection, "url": url, "config": config}))
            assert looked.wait(60)
        told = [finish(each) for each in (first, *others)]
    assert [each["counts"]["created"] for each in told] == [3, 0]
    assert [each["changed"] for each in told] == [True, False]
    assert turns(database) == [False]


def test_followers_of_a_user_that_another_run_moves(database):
    """What is not a list of records takes its turn, too, and counts what is left when it has it."""
    config = [{"user": "leaver@mydomain.com", "successor": "stays@mydomain.com"}]
    odoo = database.odoo()
    users = odoo.env["res.users"].with_context(no_reset_password=True)
    leaver, _ = [users.create({"login": each, "email": each, "name": each}) for each in config[0].values()]
    partner = users.read([leaver], ["partner_id"])[0]["partner_id"][0]
    follow = {"res_model": "res.partner", "res_id": partner, "partner_id": partner}
    following = odoo.env["mail.followers"].create(follow)
    with at_work(database, "followers", config) as first:
        with proxy(database.server["port"], note=at_the_third_look(first.go_on.set)) as url:
            second = database.ok("followers", config, url=url)
        told = [finish(first), second]
    assert [each["counts"] for each in told] == [{"handed_over": 1, "ended": 0}, {"handed_over": 0, "ended": 0}]
    assert [each["changed"] for each in told] == [True, False]
    assert database.value(f"SELECT partner_id FROM mail_followers WHERE id = {following}") != partner
    assert not any(turns(database))


def test_a_run_that_was_killed(database, monkeypatch):
    """The next one waits for as long as that one would for an answer, and then goes on."""
    monkeypatch.setattr(lock, "BEAT", 1)
    config = new(database, "outgoing_mail_servers", 3)
    with at_work(database, "outgoing_mail_servers", config, timeout=8) as run:
        run.kill()
        run.wait()
        # What has nothing to do waits for nobody.
        assert not database.ok("users", [], state="merged")["changed"]
        began = time.monotonic()
        done = database.ok("outgoing_mail_servers", config)
        waited = time.monotonic() - began
    assert done["counts"]["created"] == 3
    # Less the seconds for which its row had not moved before.
    assert 5 <= waited < 20
    assert not any(turns(database))


@pytest.mark.parametrize("status", [413, 502])
def test_the_end_of_a_turn_that_is_refused(database, status):
    """It is tried again: the next run, perhaps of the same playbook, would wait for this one to show that it is alive."""
    ends = []

    def answer(path, body):
        if called(path, body) != ("ir.model.data", "write"):
            return None
        ends.append(path)
        return status if len(ends) == 1 else None

    with proxy(database.server["port"], answer) as url:
        assert database.ok("outgoing_mail_servers", [outgoing(1)], url=url)["changed"]
    assert len(ends) == 2
    assert turns(database) == [False]


def test_a_run_that_is_interrupted_by_its_user(database):
    """Ctrl-C ends its turn, between two writes; here, while it reads the default of what one item leaves to Odoo."""
    config = [outgoing(1), outgoing(2, priority=5), outgoing(3)]
    with at_work(database, "outgoing_mail_servers", config, methods=["default_get"]) as run:
        run.send_signal(signal.SIGINT)
        run.wait(30)
        assert turns(database) == [False]
    assert not database.value("SELECT count(*) FROM ir_mail_server")
    assert database.ok("outgoing_mail_servers", config)["counts"]["created"] == 3


def test_a_run_that_is_interrupted_while_odoo_writes(database, monkeypatch):
    """Odoo knows nothing of Ctrl-C. The next run reads what it has written then."""
    monkeypatch.setattr(lock, "BEAT", 1)
    config = new(database, "outgoing_mail_servers", 3)
    with at_work(database, "outgoing_mail_servers", config, late=True, timeout=20) as run:
        run.send_signal(signal.SIGINT)
        run.wait(30)
        assert turns(database) == [True]
        with proxy(database.server["port"], note=at_the_third_look(run.go_on.set)) as url:
            later = database.ok("outgoing_mail_servers", config, url=url)
    assert (later["counts"]["created"], later["counts"]["unchanged"]) == (0, 3)
    assert not later["changed"]
    assert turns(database) == [False]


def test_a_list_without_changes_while_another_run_is_at_work(database):
    """What it needs no change for may be put back: it waits, and the check at the start does not remember it."""
    module = "outgoing_mail_servers"
    server = {"login": "user@mydomain.com", "password": "pw", "host": "127.0.0.1", "port": 9}

    def as_declared():
        return database.ok("check_records", lists=[{"module": module, "config": [server]}], compare=True)["as_declared"]

    looked = threading.Event()
    with proxy(database.server["port"], note=at_the_third_look(looked.set)) as url:
        with at_work(database, module, [{**server, "tested": True}], methods=["test_smtp_connection"]) as first:
            assert database.value("SELECT count(*) FROM ir_mail_server") == 1
            assert as_declared() == []
            later = start(module, {**database.connection, "url": url, "config": [server]})
            assert looked.wait(60)
        told = [finish(each) for each in (first, later)]
    assert told[0]["failed"]
    assert told[1]["counts"]["created"] == 1
    assert database.value("SELECT count(*) FROM ir_mail_server") == 1
    assert as_declared() == [1]


def test_a_name_that_another_run_gives_to_another_record(database):
    """Names are not older than the turns: the run that wrote in between is met, and they are read again."""
    server = {"login": "user@mydomain.com", "host": "smtp.mydomain.com"}

    def renew():
        database.ok("outgoing_mail_servers", [server], state="deleted")
        database.ok("outgoing_mail_servers", [server])

    database.ok("outgoing_mail_servers", [server])
    template = {"template": WELCOME, "mail_server": server["login"]}
    with before(database, lambda *call: call == ("ir.model.data", "search_read"), renew) as url:
        assert database.ok("mail_templates", [template], url=url)["counts"]["updated"] == 1
    (used,) = database.values("SELECT mail_server_id FROM mail_template WHERE mail_server_id IS NOT NULL")
    assert used == database.value("SELECT id FROM ir_mail_server")


@pytest.mark.any_series
def test_a_playbook_that_is_interrupted_by_its_user(database, tmp_path):
    """Ansible passes Ctrl-C on to the process in which our module runs."""
    seen, go_on = threading.Event(), threading.Event()

    def answer(path, body):
        if called(path, body) == ("ir.mail_server", "default_get"):
            seen.set()
            go_on.wait(60)

    company = Company(database, tmp_path, routing_addon_enabled=False)
    # Of one, the priority is Odoo's default, which is read between two writes.
    relay = {"host": "relay.mydomain.com", "active": False}
    company.variables["mail_extras_outgoing_servers"] = [
        {**relay, "name": "First", "login": "first"},
        {**relay, "name": "Second", "login": "second", "priority": 5},
    ]
    with proxy(database.server["port"], answer) as url:
        company.variables["odoo_url"] = url
        run = start_site(company, tmp_path)
        assert seen.wait(120)
        assert any(turns(database))
        os.killpg(run.pid, signal.SIGINT)
        run.communicate(timeout=60)
        # The process of the task ends after Ansible.
        deadline = time.monotonic() + 20
        while any(turns(database)):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        go_on.set()


def test_a_long_run_shows_that_it_is_alive(database, monkeypatch):
    """Its row moves, so that nobody takes it for one that was interrupted."""
    monkeypatch.setattr(lock, "BEAT", 0)
    states = []

    def note(path, body, content):
        if called(path, body)[1] == "load":
            states.extend(database.values("SELECT res_id FROM ir_model_data WHERE model = 'ir.model.data' AND noupdate"))

    with proxy(database.server["port"], note=note) as url:
        database.ok("outgoing_mail_servers", [outgoing(number) for number in range(1200)], url=url)
    assert len(states) >= 2
    assert states == sorted(set(states))


def test_a_run_that_was_given_up(database, monkeypatch):
    """A computer that slept: the run says so, and takes nothing back that may be another's by now."""
    monkeypatch.setattr(lock, "BEAT", 0)

    def note(path, body, content):
        if called(path, body) == ("ir.mail_server", "load"):
            database.sql("UPDATE ir_model_data SET noupdate = false WHERE model = 'ir.model.data'")

    with proxy(database.server["port"], note=note) as url:
        result = database.run("outgoing_mail_servers", [outgoing(number) for number in range(1200)], url=url)
    assert result["failed"]
    assert "Another run of Postroom writes to database" in result["msg"]
    assert "1000 have been written and are kept" in result["msg"]
    assert database.value("SELECT count(*) FROM ir_mail_server") == 1000


def test_what_a_turn_costs(database):
    """A run that changes something makes two requests for it, and one with nothing to do none."""
    made = []

    def note(path, body, content):
        made.append(called(path, body))

    def requests(config):
        made.clear()
        database.ok("outgoing_mail_servers", config, url=url)
        return [method for model, method in made if model == "ir.model.data"]

    with proxy(database.server["port"], note=note) as url:
        for config in ([outgoing(1)], [outgoing(1, port=2525)]):
            assert requests(config) == ["search_read", "create", "write"]
            assert requests(config) == ["search_read"]


def test_rows_of_turns_do_not_pile_up(database):
    """Those of an hour ago are removed, and nobody is shown any."""
    database.ok("outgoing_mail_servers", [outgoing(1)])
    database.sql("UPDATE ir_model_data SET create_date = now() - interval '2 hours' WHERE model = 'ir.model.data'")
    for port in (26, 27, 28):
        database.ok("outgoing_mail_servers", [outgoing(1, port=port)])
    assert turns(database) == [False] * 3
    for module in ("outgoing_mail_servers", "config_parameters", "users"):
        seen = database.ok(module, [], check=True, state="overridden", max_deletions=10)
        assert "run_" not in json.dumps([seen["drift"], seen["changes"]])
        assert "run_" not in json.dumps(database.ok(module, state="gathered")["gathered"])


def test_site_twice_at_once(database, tmp_path):
    """Both runs succeed, nobody reads PostgreSQL's words, and nothing is left to do."""
    company = Company(database, tmp_path)
    company.variables["mail_users_accounts"] = [company.account(name) for name in ("newcomer", "leaver", "successor")]
    runs = [start_site(company, tmp_path) for _ in range(2)]
    outputs = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], "".join(outputs)
    assert not any(word in output for word in WORDS for output in outputs), "".join(outputs)
    assert company.succeeds("site.yml").changed == 0
    assert all(set(found) == {"user", "incoming", "outgoing"} for login, found in company.people().items() if "er@" in login)
