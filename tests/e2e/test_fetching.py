"""Many mailboxes, fetched by several of Odoo's cron workers at a time: no message twice, and none lost."""

import contextlib
import itertools
import socket
import threading

import pytest
from fleet import CronServer, Fleet

BOXES = 24
FETCHERS = "smtp_server_per_user.fetchers"


@pytest.fixture(scope="module")
def office(new_office, series):
    office = new_office(series)
    # From 16 on, Odoo drops mail of a sender who writes more than this in two hours.
    office.call("ir.config_parameter", "set_param", "mail.gateway.loop.threshold", "1000")
    office.call("fetchmail.server", "write", list(office.fetching.values()), {"active": False})
    return office


@pytest.fixture(scope="module")
def fleet(lab, office):
    fleet = Fleet(lab, BOXES)
    fleet.add_servers(office)
    return fleet


@pytest.fixture
def crons(lab, series, office, fleet):
    """An Odoo whose crons fetch with four at a time."""
    fleet.empty()
    office.call("ir.config_parameter", "set_param", FETCHERS, "4")
    with CronServer(lab, series, office.name, crons=5) as server:
        yield server


def test_each_message_once(office, fleet, crons):
    """Every message came by two mailboxes, which are fetched side by side."""
    fleet.deliver(3, shared=True)
    crons.call_actions()
    crons.wait(lambda: crons.actions_are_done() and not fleet.unread())
    assert fleet.taken(office.name) == [(1, 1)] * 3 * BOXES
    workers = crons.workers_that_fetched()
    assert len(workers) >= 3, workers
    # Each server once in a round.
    assert sum(workers.values()) == BOXES, workers


def test_one_action_does_it_all(office, fleet, crons):
    """As where Odoo has one cron worker only: the others find nothing left to do."""
    office.call("ir.config_parameter", "set_param", FETCHERS, "1")
    fleet.deliver(2)
    crons.call_actions()
    crons.wait(lambda: crons.actions_are_done() and not fleet.unread())
    assert fleet.taken(office.name) == [(1, 1)] * 2 * BOXES
    assert list(crons.workers_that_fetched().values()) == [BOXES]


def test_fetch_now_at_the_same_time(office, fleet, crons):
    """Two people press the button on every server while the actions run."""
    fleet.deliver(3)
    servers = [each["id"] for each in office.search("fetchmail.server", [("name", "like", "fleet")], "id")]
    stop = threading.Event()

    def press(order):
        for server in itertools.cycle(order):
            if stop.is_set():
                return
            # What is being fetched may answer with an error: the person sees it, and the message is taken by the other.
            with contextlib.suppress(Exception):
                office.call("fetchmail.server", "fetch_mail", [server])

    people = [threading.Thread(target=press, args=(order,)) for order in (servers, servers[::-1])]
    for person in people:
        person.start()
    try:
        crons.call_actions()
        crons.wait(lambda: crons.actions_are_done() and not fleet.unread())
    finally:
        stop.set()
        for person in people:
            person.join()
    assert fleet.taken(office.name) == [(1, 1)] * 3 * BOXES


@pytest.mark.parametrize("fetchers", ["", "1", "4"], ids=["core's action", "one action", "four actions"])
def test_server_that_is_saved_while_many_are_fetched(office, fleet, crons, fetchers):
    """By site.yml, or by a person on the form: all others are fetched in that run, and it in the next one at the latest."""
    office.call("ir.config_parameter", "set_param", FETCHERS, fetchers)
    fleet.deliver(3)
    number = BOXES // 2
    server = office.search("fetchmail.server", [("name", "=", fleet.logins[number])], "id")[0]["id"]
    others = [box for each, box in enumerate(fleet.boxes) if each != number]
    stop, saved = threading.Event(), []

    def save():
        for priority in itertools.cycle((5, 6)):
            if stop.is_set():
                return
            # Odoo may refuse it while it fetches the server: the person sees that.
            with contextlib.suppress(Exception):
                office.call("fetchmail.server", "write", [server], {"priority": priority})
                saved.append(priority)

    person = threading.Thread(target=save)
    person.start()
    try:
        crons.call_actions()
        crons.wait(crons.actions_are_done)
    finally:
        stop.set()
        person.join()
    assert len(saved) >= 3
    assert not fleet.unread(others), crons.log.read_text()[-4000:]
    assert "current transaction is aborted" not in crons.log.read_text()
    crons.call_actions()
    crons.wait(lambda: crons.actions_are_done() and not fleet.unread())
    assert fleet.taken(office.name) == [(1, 1)] * 3 * BOXES


def test_worker_that_dies(office, fleet, crons):
    """What it was at stays unread, and is taken in the next round; the others' turn is not even late."""
    fleet.deliver(6)
    crons.call_actions()
    for killed in range(1, 4):
        crons.wait(lambda few=killed: len(crons.workers_that_fetched()) >= few)
        pid = list(crons.workers_that_fetched())[-1]
        crons.kill(pid)
    crons.wait(crons.actions_are_done)
    crons.call_actions()
    crons.wait(lambda: crons.actions_are_done() and not fleet.unread())
    assert fleet.taken(office.name) == [(1, 1)] * 6 * BOXES


def test_server_that_hangs(office, fleet, crons):
    """It takes connections and says nothing. One worker waits for it, the others fetch everything else."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        values = {"server": "127.0.0.1", "port": silent.getsockname()[1], "is_ssl": False}
        server = office.make_incoming("catchall", priority=1, **values)
        fleet.deliver(2)
        crons.call_actions()
        crons.wait(lambda: not fleet.unread())
    office.call("fetchmail.server", "write", [server], {"active": False})
    assert fleet.taken(office.name) == [(1, 1)] * 2 * BOXES


def test_uninstalled(new_office, series):
    """Core's own action is left, as it was."""
    office = new_office(series)
    office.call("ir.config_parameter", "set_param", FETCHERS, "3")
    codes = "SELECT code FROM ir_cron c JOIN ir_act_server a ON a.id = c.ir_actions_server_id WHERE code LIKE 'model.\\_fetch%'"
    assert sorted(office.sql(codes).split()) == ["model._fetch_mails()", "model._fetch_waiting(2)", "model._fetch_waiting(3)"]
    addon = office.search("ir.module.module", [("name", "=", "smtp_server_per_user")], "id")[0]["id"]
    office.call("ir.module.module", "button_immediate_uninstall", [addon])
    assert office.sql("SELECT count(*) FROM ir_act_server WHERE code LIKE 'model.\\_fetch%'").strip() == "1"
    assert office.sql(codes).split() == ["model._fetch_mails()"]
    assert office.sql("SELECT count(*) FROM ir_model_data WHERE name LIKE 'fetcher\\_%'").strip() == "0"
