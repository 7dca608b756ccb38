"""A run's turn to write: when it is shown, lost, ended and given up. Odoo is a table of turns, and calls that fail as told."""

import http.client
import io
import json
import urllib.error

import pytest

from ansible_collections.postroom.odoo.plugins.module_utils import resources
from ansible_collections.postroom.odoo.plugins.module_utils.engine import lock
from ansible_collections.postroom.odoo.plugins.module_utils.engine.executor import WriteRejected, apply_plan
from ansible_collections.postroom.odoo.plugins.module_utils.engine.lock import Lock, Taken, TurnLost, wait
from ansible_collections.postroom.odoo.plugins.module_utils.engine.planner import CREATE, DELETE, UPDATE, Change, Plan
from ansible_collections.postroom.odoo.plugins.module_utils.engine.snapshot import IDENTIFIERS
from ansible_collections.postroom.odoo.plugins.module_utils.operations import check_records
from ansible_collections.postroom.odoo.plugins.module_utils.transport.errors import BrokenConnection, Fault, OdooError
from ansible_collections.postroom.odoo.plugins.module_utils.transport.http import NotJson
from ansible_collections.postroom.odoo.plugins.module_utils.transport.session import Session

SERVERS = resources.OUTGOING_MAIL_SERVERS
COLLISION = Fault("psycopg2.errors.SerializationFailure", "could not serialize access due to concurrent update")
# By Odoo's clock.
NOW = "2026-11-29 12:00:00"


def http_error(code):
    return urllib.error.HTTPError("http://127.0.0.1", code, "", {}, io.BytesIO())


class Turns:
    """A transport that keeps turns, answers nothing else, and fails where it is told to."""

    def __init__(self):
        self.rows, self.called, self.failures = [], [], {}

    def fail(self, model, method, *failures):
        """The next calls of a method raise these; None is a call that succeeds."""
        self.failures[model, method] = list(failures)

    def call(self, model, method, args, kwargs):
        self.called.append((model, method))
        waiting = self.failures.get((model, method))
        failure = waiting.pop(0) if waiting else None
        if failure is not None:
            raise failure
        if model == IDENTIFIERS and not self._is_about_marks(args):
            return getattr(self, "_" + method)(*args)
        if method == "load":
            return {"ids": list(range(1, len(args[1]) + 1)), "messages": []}
        return {"default_get": {"nextcall": NOW}, "search_read": []}.get(method, True)

    def _is_about_marks(self, args):
        return ["noupdate", "=", True] in args[0]

    def _search_read(self, domain):
        return [dict(row) for row in reversed(self.rows)]

    def _create(self, rows):
        self.rows.extend(dict(row, id=len(self.rows) + 1, create_date=NOW, write_date=NOW) for row in rows)
        return [self.rows[-1]["id"]]

    def _write(self, ids, values):
        for row in self.rows:
            if row["id"] in ids:
                row.update(values)
        return True

    def _unlink(self, ids):
        self.rows = [row for row in self.rows if row["id"] not in ids]
        return True


class TurnSession(Session):
    """A session that is open."""

    def __init__(self, turns=None, timeout=120):
        self.url, self.database, self.login = "http://127.0.0.1", "mydomain", "admin"
        self.read_only = self.is_newer = False
        self.series, self.major, self.calls, self.context = "19.0", 19, 0, {}
        self.before_call, self.unanswered = None, 0
        self._may_write = self._may_write_newer = True
        self._transport = turns or Turns()
        self._server = type("Server", (), {"timeout": timeout})()


@pytest.fixture
def session():
    return TurnSession()


@pytest.fixture
def turns(session):
    return session._transport


@pytest.fixture
def always_shown(monkeypatch):
    """Each call is preceded by a sign of life."""
    monkeypatch.setattr(lock, "BEAT", 0)


def trial(number, **more):
    return Change(UPDATE, f"server {number}", f"server_{number}", number, {"tested": True}, record=number, verify=True, **more)


def new(number, **more):
    return Change(CREATE, f"server {number}", f"server_{number}", number, {}, after={"host": "smtp.mydomain.com"}, **more)


def overtake(turns):
    for row in turns.rows:
        row["noupdate"] = False


# -- showing life ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("always_shown")
def test_a_sign_of_life_that_fails_is_given_again(session, turns):
    with Lock(session, []):
        turns.fail(IDENTIFIERS, "write", http_error(502))
        session.call(SERVERS.model, "test_smtp_connection", [1])
        first = turns.rows[0]["res_id"]
        turns.fail(IDENTIFIERS, "write", http_error(502), http_error(502))
        with pytest.raises(TurnLost, match="still at work"):
            session.call(SERVERS.model, "test_smtp_connection", [1])
        assert turns.called.count((SERVERS.model, "test_smtp_connection")) == 1
        session.call(SERVERS.model, "test_smtp_connection", [1])
        assert turns.rows[0]["res_id"] > first
    assert not turns.rows[0]["noupdate"]


@pytest.mark.usefixtures("always_shown")
@pytest.mark.parametrize("count", [1, 2, 20, 50])
def test_a_run_that_is_overtaken_while_it_tests_connections(session, turns, count):
    """Whatever the number of servers in a request, it does not go on beside the other run."""
    plan = Plan(unproven=[trial(number) for number in range(1, count + 1)])
    with Lock(session, []):
        overtake(turns)
        with pytest.raises(TurnLost, match="Another run of Postroom writes"):
            apply_plan(session, SERVERS, plan)
    assert (SERVERS.model, "test_smtp_connection") not in turns.called


@pytest.mark.usefixtures("always_shown")
@pytest.mark.parametrize("failure", [COLLISION, http_error(502)], ids=["collision", "502"])
def test_a_sign_of_life_that_fails_is_no_refused_login(session, turns, failure):
    turns.fail(IDENTIFIERS, "write", failure, failure)
    with Lock(session, []), pytest.raises(TurnLost):
        apply_plan(session, SERVERS, Plan(unproven=[trial(1)]))
    # Once is not for good.
    turns.fail(IDENTIFIERS, "write", failure)
    with Lock(session, turns.rows):
        assert apply_plan(session, SERVERS, Plan(unproven=[trial(1)])) == []


# -- what is left ---------------------------------------------------------------------------------------------------------

REFUSED = Fault("odoo.exceptions.UserError", "No.")


def refused(session, plan, match=None):
    with pytest.raises((OdooError, WriteRejected), match=match) as caught, Lock(session, []):
        apply_plan(session, SERVERS, plan)
    return caught.value


def test_all_is_put_back(session, turns):
    turns.fail(SERVERS.model, "load", None, REFUSED)
    plan = Plan([new(1), Change(UPDATE, "server 2", "b", record=2, after={"port": 25}, current={"port": 26})])
    assert refused(session, plan, "No").left_nothing
    assert (SERVERS.model, "unlink") in turns.called
    assert turns.rows == []


def test_what_cannot_be_put_back_is_named(session, turns):
    turns.fail(SERVERS.model, "load", None, REFUSED)
    turns.fail(SERVERS.model, "unlink", Fault("odoo.exceptions.UserError", "In use."))
    plan = Plan([new(1), Change(UPDATE, "server 2", "b", record=2, after={"port": 25}, current={"port": 26})])
    exc = refused(session, plan, r"No.* could be put back \(In use\): server 1\. Run again")
    assert not exc.left_nothing
    assert [row["noupdate"] for row in turns.rows] == [False]


def test_what_was_removed_before_is_named(session, turns):
    turns.fail(SERVERS.model, "unlink", None, REFUSED)
    plan = Plan([Change(DELETE, f"server {number}", "x", record=number) for number in range(1001)])
    exc = refused(session, plan, "Odoo does not remove it: No.*Of 1001 outgoing mail servers to remove, 1000 have been removed")
    assert not exc.left_nothing
    assert [row["noupdate"] for row in turns.rows] == [False]


def test_an_error_after_all_is_written(session, turns):
    """A server that is refused cannot be put back either: the others stay, and the error says so."""
    turns.fail(SERVERS.model, "test_smtp_connection", REFUSED, None, REFUSED)
    turns.fail(SERVERS.model, "unlink", Fault("odoo.exceptions.UserError", "In use."))
    plan = Plan([new(1, verify=True), new(2, verify=True)])
    exc = refused(session, plan, "In use.* Of 2 outgoing mail servers, 2 have been written and are kept")
    assert not exc.left_nothing
    assert [row["noupdate"] for row in turns.rows] == [False]


def test_an_error_of_ours(session, turns):
    with pytest.raises(KeyError), Lock(session, []):
        raise KeyError
    assert [row["noupdate"] for row in turns.rows] == [False]


def test_a_repeated_request_of_which_the_first_may_still_commit(session, turns, monkeypatch):
    """What it wrote is in no plan, so nobody may say that nothing is left."""
    monkeypatch.setattr("ansible_collections.postroom.odoo.plugins.module_utils.engine.executor.PATIENCE", 0)
    turns.fail(SERVERS.model, "load", TimeoutError(), COLLISION)
    exc = refused(session, Plan([new(1), new(2)]))
    assert not exc.left_nothing
    assert [row["noupdate"] for row in turns.rows] == [True]


# -- ending a turn --------------------------------------------------------------------------------------------------------

# How a request breaks, and whether Odoo may still be working on it.
BREAKS = {
    "time out": (TimeoutError(), True),
    "reset": (ConnectionResetError(), True),
    "no answer": (http.client.RemoteDisconnected(), True),
    "504": (http_error(504), True),
    "Ctrl-C": (KeyboardInterrupt(), True),
    "502": (http_error(502), False),
    "429": (http_error(429), False),
    "redirection": (http_error(302), False),
    "refused": (urllib.error.URLError(ConnectionRefusedError()), False),
    "cut off": (http.client.IncompleteRead(b"{"), False),
    "no JSON": (json.JSONDecodeError("", "", 0), False),
    "page": (NotJson("a page"), False),
}


@pytest.mark.parametrize("kind", BREAKS)
def test_a_request_that_breaks(session, turns, kind):
    """While Odoo may still be working on a write, nobody else reads. A read leaves nothing to wait for."""
    failure, may_go_on = BREAKS[kind]
    for method, at_work in (("load", may_go_on), ("search_read", False)):
        turns.rows = []
        turns.fail(SERVERS.model, method, failure)
        with pytest.raises((BrokenConnection, KeyboardInterrupt)), Lock(session, []):
            session.call(SERVERS.model, method, [], [])
        assert [row["noupdate"] for row in turns.rows] == [at_work], method


def test_ctrl_c_between_two_requests(session, turns):
    def interrupted():
        session.call(SERVERS.model, "load", [], [])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Lock(session, []):
        interrupted()
    assert [row["noupdate"] for row in turns.rows] == [False]


# -- waiting --------------------------------------------------------------------------------------------------------------


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(lock, "time", clock)
    return clock


def abandoned(timeout, moved=NOW):
    """A session that meets the row of a run that had such a timeout and does not move any more since."""
    turns, other = Turns(), TurnSession(timeout=timeout)
    other._transport = turns
    Lock(other, []).__enter__()
    turns.rows[0]["write_date"] = moved
    other.before_call = None
    return TurnSession(turns, timeout=5)


@pytest.fixture
def plain_signals(monkeypatch):
    """A turn that never ends must not keep the tests' signals."""
    monkeypatch.setattr(lock.threading, "current_thread", lambda: None)


@pytest.mark.usefixtures("plain_signals")
@pytest.mark.parametrize(
    ("timeout", "moved", "expected"),
    [
        (120, NOW, 140),
        (900, NOW, 920),
        (10**6, NOW, 2**14 + 19),
        (120, "2026-11-29 11:59:00", 80),
        # It is watched nevertheless.
        (120, "2026-11-29 11:00:00", 20),
        # The clock of the database's machine is ahead.
        (120, "2026-11-29 12:30:00", 140),
    ],
)
def test_how_long_a_run_is_waited_for(clock, timeout, moved, expected):
    """As long as that run would wait for an answer, whatever the waiting one would."""
    session, told = abandoned(timeout, moved), []
    wait(session, told.append)
    assert expected < clock.now <= expected + 2 * lock.POLL
    (line,) = told
    assert f"if that was interrupted, for {expected} s, as Odoo may still be working on its last request" in line
    assert not session._transport.rows[0]["noupdate"]


@pytest.mark.usefixtures("plain_signals")
def test_a_run_that_moves_is_waited_for(clock):
    session = abandoned(120, "2026-11-29 11:00:00")
    row, sleep = session._transport.rows[0], clock.sleep

    def work(seconds):
        sleep(seconds)
        if clock.now < 1000 and not clock.now % 19:
            row["res_id"] += lock._STEP
        if clock.now >= 1000:
            row["noupdate"] = False

    clock.sleep = work
    wait(session, lambda line: None)
    assert clock.now == 1000
    assert row["res_id"] % lock._STEP == 120


def test_a_turn_that_is_another_runs(session):
    with pytest.raises(Taken), Lock(session, [{"id": 1, "name": "run_1", "noupdate": True}]):
        pass


# -- what the check at the start may remember -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ([], [3]),
        ([[], []], [3]),
        ([[{"id": 1, "noupdate": False}]], [3]),
        ([[{"id": 1, "noupdate": True}]], []),
        ([[], [{"id": 1, "noupdate": False}]], []),
        ([[{"id": 1, "noupdate": True}], [{"id": 1, "noupdate": False}]], []),
    ],
)
def test_what_was_read_while_another_run_wrote_is_not_remembered(session, turns, expected):
    check = check_records.Check(session, [], compare=True)
    check._as_declared.append(3)
    check._turns.extend(turns)
    assert check.as_declared == expected
