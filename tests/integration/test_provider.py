"""`confirmed` and `tested`: Odoo tries the connection to the lab's strict mail system for real."""

from pathlib import Path

import pytest
from company import open_mailbox
from proxy import proxy

GOOD = ("catchall@mydomain.com", "newuser@mydomain.com", "seconduser@mydomain.com")
WRONG = "wr0ng-unusual-p4ss"


def password(database, login):
    return database.lab["mail"]["mailboxes"][login]["password"]


def incoming(database, login, kind="imap", **more):
    port = database.lab["ports"]["imaps" if kind == "imap" else "pop3s"]
    host = {"host": "127.0.0.1", "port": port, "ssl": True, "type": kind}
    return {**host, "login": login, "password": password(database, login), "confirmed": True, **more}


def outgoing(database, login, **more):
    host = {"host": "127.0.0.1", "port": database.lab["ports"]["submission"], "encryption": "starttls", "from_filter": "own"}
    return {**host, "login": login, "password": password(database, login), "tested": True, **more}


def states(database):
    return {row["user"]: row["state"] for row in database.rows('SELECT "user", state FROM fetchmail_server')}


def logins(database, login):
    """How often someone logged in to a mailbox, rightly or not, so far."""
    log = Path(database.lab["mail"]["logs"]["dovecot"]).read_text(errors="replace")
    return sum("-login:" in line and f"user=<{login}>" in line for line in log.splitlines())


@pytest.mark.parametrize("kind", ["imap", "pop"])
def test_confirmed(database, kind):
    items = [incoming(database, login, kind) for login in GOOD]
    done = database.converge("incoming_mail_servers", items)
    assert done["counts"]["created"] == 3
    assert states(database) == dict.fromkeys(GOOD, "done")

    # A new trial for a changed connection, and none for anything else.
    for change, outcome in (
        ({"priority": 1}, None),
        ({"port": 9}, "refused"),
        ({"password": WRONG}, "Authentication failed"),
    ):
        before = database.rows("SELECT * FROM fetchmail_server ORDER BY id")
        result = database.run("incoming_mail_servers", [{**items[0], **change}, *items[1:]])
        if outcome is None:
            assert not result.get("failed"), result["msg"]
            continue
        assert result["failed"], change
        assert result["problems"][0]["index"] == 0
        assert result["problems"][0]["option"] == "confirmed"
        assert len(result["problems"]) == 1
        if outcome != "refused":
            assert outcome.lower() in result["msg"].lower(), result["msg"]
        assert WRONG not in str({key: value for key, value in result.items() if key != "invocation"})
        after = database.rows("SELECT * FROM fetchmail_server ORDER BY id")
        unwritten = ("write_date",)
        assert [{k: v for k, v in row.items() if k not in unwritten} for row in after] == [
            {k: v for k, v in row.items() if k not in unwritten} for row in before
        ]
        assert states(database) == dict.fromkeys(GOOD, "done")


def test_only_the_wrong_one_is_put_back(database):
    items = [incoming(database, login) for login in GOOD]
    items[1]["password"] = WRONG
    result = database.run("incoming_mail_servers", items)
    assert result["failed"]
    assert [(each["index"], each["option"]) for each in result["problems"]] == [(1, "confirmed")]
    assert "authentication failed" in result["msg"].lower()
    assert result["changed"]
    assert result["counts"]["created"] == 2
    assert states(database) == {GOOD[0]: "done", GOOD[2]: "done"}

    result = database.run("outgoing_mail_servers", [outgoing(database, GOOD[0]), outgoing(database, GOOD[1], password=WRONG)])
    assert result["failed"]
    assert [(each["index"], each["option"]) for each in result["problems"]] == [(1, "tested")]
    assert "535" in result["msg"] or "authentication failed" in result["msg"].lower()
    assert database.values("SELECT smtp_user FROM ir_mail_server") == [GOOD[0]]
    assert result["counts"]["created"] == 1


def test_confirmation_is_tried_again_when_lost(database):
    """Odoo, or a person, set the server back: it is a change to confirm it, and only then."""
    # A mailbox that no other test logs in to.
    login = f"{database.name}@mydomain.com"
    item = {**incoming(database, GOOD[0]), "login": login, "password": open_mailbox(login)}
    database.ok("incoming_mail_servers", [{**item, "confirmed": False}])
    assert states(database) == {login: "draft"}
    done = database.converge("incoming_mail_servers", [item])
    assert done["changes"] == [{"action": "updated", "options": ["confirmed"], "items": [f"{login} on 127.0.0.1"]}]
    assert states(database) == {login: "done"}
    before = logins(database, login)
    assert before
    assert not database.ok("incoming_mail_servers", [item])["changed"]
    assert logins(database, login) == before
    # A trial of what is there and draft still, with a wrong password given along.
    database.ok("incoming_mail_servers", [{**item, "confirmed": False}])
    result = database.run("incoming_mail_servers", [{**item, "password": WRONG}])
    assert result["failed"]
    assert database.values("SELECT password FROM fetchmail_server") == [item["password"]]
    assert states(database) == {login: "draft"}


def test_tested(database):
    items = [outgoing(database, login) for login in GOOD]
    done = database.converge("outgoing_mail_servers", items)
    assert done["counts"]["created"] == 3
    before = database.rows("SELECT smtp_user, smtp_pass, smtp_port, name, active FROM ir_mail_server ORDER BY id")
    for change in ({"password": WRONG}, {"port": 9}):
        result = database.run("outgoing_mail_servers", [{**items[0], **change}, {**items[1], "password": items[1]["password"]}])
        assert result["failed"], change
        assert [(each["index"], each["option"]) for each in result["problems"]] == [(0, "tested")]
        assert database.rows("SELECT smtp_user, smtp_pass, smtp_port, name, active FROM ir_mail_server ORDER BY id") == before
    assert not database.ok("outgoing_mail_servers", items)["changed"]


TRIALS = {
    "outgoing_mail_servers": (outgoing, "test_smtp_connection"),
    "incoming_mail_servers": (incoming, "button_confirm_login"),
}
UNPROVEN = "SELECT count(*) FROM ir_model_data WHERE module = '__postroom__' AND noupdate"


def interrupted(database, module, items, method):
    """A run whose connection breaks when the connections are to be tried."""

    def break_off(path, body):
        answer = (200, "application/json", b"")
        return answer if path.endswith("/" + method) or f'"{method}"'.encode() in body else None

    with proxy(database.server["port"], break_off) as url:
        result = database.run(module, items, url=url)
    assert result["failed"]
    assert "broke during" in result["msg"]


@pytest.mark.parametrize("module", TRIALS)
def test_what_an_interrupted_run_did_not_try_is_tried_by_the_next(database, module):
    make, method = TRIALS[module]
    first, second = make(database, GOOD[0]), make(database, GOOD[1])
    wrong = {**first, "password": WRONG}
    # New ones.
    interrupted(database, module, [wrong, second], method)
    for _again in range(2):
        refused = database.run(module, [wrong, second])
        assert refused["failed"], "the wrong password was not tried"
        assert [each["index"] for each in refused["problems"]] == [0]
    database.ok(module, [first, second])
    assert database.value(UNPROVEN) == 0
    assert not database.converge(module, [first, second])["changed"]
    # Ones that were proven before.
    interrupted(database, module, [wrong, second], method)
    refused = database.run(module, [wrong, second])
    assert refused["failed"]
    assert [each["index"] for each in refused["problems"]] == [0]
    # Whoever asks for no trial is not bothered, and the next who does is.
    option = "tested" if module == "outgoing_mail_servers" else "confirmed"
    assert not database.ok(module, [{name: value for name, value in wrong.items() if name != option}])["changed"]
    assert database.run(module, [wrong])["failed"]
    database.ok(module, [first, second])
    assert database.value(UNPROVEN) == 0
    # What was right all along is proven, and that is no change.
    interrupted(database, module, [first, {**second, "port": 9}], method)
    database.ok(module, [first, second])
    assert database.value(UNPROVEN) == 0
