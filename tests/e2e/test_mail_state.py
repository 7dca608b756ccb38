"""What an administrator sees of mail servers and of users, and the users of their own: by what really happened."""

import re
import time
import uuid

import pytest
from office import BOB, address, lab_database, shell

OUTGOING = ("sending_state", "last_sent", "last_failed", "last_error", "mails_waiting")
SENDING = ("sending_server_id", "sending_state", "last_sent", "sending_failed", "sending_error")
FETCHING = ("fetching_server", "fetching_state", "last_fetched", "fetching_failed", "fetching_error")
TABLE = "smtp_server_per_user_outcome"


@pytest.fixture
def desk(office_with_provider, provider):
    """newuser has the provider, seconduser and the shared server the lab's Postfix. As if nothing had happened yet."""
    provider.behave()
    office_with_provider.sql(f"DELETE FROM {TABLE}; DELETE FROM mail_mail WHERE state = 'outgoing'")
    return Desk(office_with_provider)


@pytest.fixture(scope="module")
def office_with_provider(new_office, series, provider):
    office = new_office(series)
    values = {"smtp_host": "127.0.0.1", "smtp_port": provider.port, "smtp_encryption": "none"}
    office.call("ir.mail_server", "write", [office.servers["newuser"]], values)
    return office


class Desk:
    def __init__(self, office):
        self.office = office

    def queue(self, person="newuser", to="bob@elsewhere.example"):
        values = {"subject": f"Queued {uuid.uuid4().hex}", "body_html": "Hello", "email_from": address(person), "email_to": to}
        return self.office.create("mail.mail", **values, auto_delete=False)

    def send(self, *people):
        for person in people or ["newuser"]:
            self.queue(person, to=BOB)
        self.office.send_queue()

    def server(self, person="newuser"):
        return self.office.read("ir.mail_server", self.office.servers[person], *OUTGOING)[0]

    def user(self, person="newuser", *fields):
        return self.office.read("res.users", self.office.people[person], *(fields or SENDING + FETCHING))[0]

    def users(self, field, state):
        """Who is found by a state."""
        found = self.office.search("res.users", [(field, "=", state)], "login", context={"active_test": True})
        return {each["login"].partition("@")[0] for each in found}

    def own(self, person="newuser"):
        (found,) = self.office.read("res.users", self.office.people[person], "own_mail", client=self.office.as_person(person))
        return found["own_mail"]

    def rows(self):
        return int(self.office.sql(f"SELECT count(*) FROM {TABLE}"))

    def rows_ever(self):
        return int(self.office.sql(f"SELECT last_value FROM {TABLE}_id_seq"))


def test_unused_works_fails_and_recovers(desk, provider):
    assert desk.server() == {
        "id": desk.office.servers["newuser"],
        "sending_state": "unused",
        "last_sent": False,
        "last_failed": False,
        "last_error": False,
        "mails_waiting": 0,
    }
    assert "No message has been sent" in desk.own()
    desk.send()
    works = desk.server()
    assert (works["sending_state"], works["last_error"], works["last_failed"]) == ("working", False, False)
    assert works["last_sent"]
    assert desk.users("sending_state", "failing") == set()
    assert "This works" in desk.own()

    provider.behave(on_mail=lambda _address, _session: "553 5.7.1 Sender address rejected: not owned by user")
    desk.send("newuser", "seconduser")
    fails = desk.server()
    assert (fails["sending_state"], fails["last_sent"]) == ("failing", works["last_sent"])
    assert "553 5.7.1 Sender address rejected: not owned by user" in fails["last_error"]
    assert fails["last_failed"] >= works["last_sent"]
    user = desk.user()
    assert (user["sending_server_id"], user["sending_state"]) == ([desk.office.servers["newuser"], "newuser out"], "failing")
    assert [user[each] for each in SENDING[2:]] == [fails[each] for each in OUTGOING[1:4]]
    assert desk.users("sending_state", "failing") == {"newuser"}
    assert "553 5.7.1 Sender address rejected" in desk.own()
    found = desk.office.search("ir.mail_server", [("sending_state", "=", "failing")], "id")
    assert [each["id"] for each in found] == [desk.office.servers["newuser"]]

    provider.behave()
    desk.send()
    recovered = desk.server()
    assert (recovered["sending_state"], recovered["last_error"]) == ("working", fails["last_error"])
    assert desk.users("sending_state", "failing") == set()
    assert desk.users("sending_state", "working") == {"newuser", "seconduser"}


def test_provider_that_cannot_be_reached(desk, provider):
    """Also where the caller gets the error, and all is rolled back."""
    provider.behave(on_connect=lambda _number: "421 4.3.2 Closed for the night")
    desk.send()
    assert "421 4.3.2 Closed for the night" in desk.server()["last_error"]
    desk.office.sql(f"DELETE FROM {TABLE}")
    assert "Closed for the night" in desk.office.refused("mail.mail", "send", [desk.queue()], raise_exception=True)
    assert "421 4.3.2 Closed for the night" in desk.server()["last_error"]


def test_refused_for_one_recipient(desk, provider):
    """The server works; what was refused is shown all the same."""
    provider.behave(on_rcpt=lambda to, _session: "550 5.1.1 No such user" if to.startswith("gone") else None)
    desk.queue(to="gone@elsewhere.example, bob@elsewhere.example")
    desk.office.send_queue()
    found = desk.server()
    assert (found["sending_state"], "550 5.1.1 No such user" in found["last_error"]) == ("working", True)


def test_no_password_in_what_the_provider_said(desk, provider):
    provider.behave(on_mail=lambda _address, _session: "535 5.7.8 newuser-pw is wrong")
    desk.send()
    assert desk.server()["last_error"].strip() == "535 5.7.8 *** is wrong"


def test_one_row_a_session_whatever_it_sends(desk, provider):
    before = desk.rows_ever()
    for count in (2, 20):
        for _ in range(count):
            desk.queue()
        desk.office.send_queue()
    assert len(provider.taken) == 22
    assert (desk.rows_ever() - before, desk.rows()) == (2, 1)


@pytest.mark.parametrize(
    "hold",
    [f"SELECT id FROM {TABLE} FOR UPDATE", f"UPDATE {TABLE} SET words = words", f"LOCK TABLE {TABLE} IN ACCESS EXCLUSIVE MODE"],
    ids=["rows", "rows that are changed", "the table"],
)
def test_nobody_waits(desk, provider, hold):
    """Another worker has just noted what happened at the same server, and has not committed it."""
    desk.send()
    before = desk.server()["last_sent"]
    other = Transaction(desk.office.name, hold)
    try:
        began = time.monotonic()
        desk.send()
        assert time.monotonic() - began < 10
        assert len(provider.taken) == 2
    finally:
        other.end()
    assert desk.server()["last_sent"] >= before


def test_no_row_of_a_server_is_written(desk, provider):
    """Somebody else has just changed every server, and has not committed it."""
    other = Transaction(desk.office.name, "SELECT id FROM ir_mail_server FOR NO KEY UPDATE")
    try:
        desk.send()
    finally:
        other.end()
    assert (len(provider.taken), desk.rows()) == (1, 1)


QUERIES = """
import odoo.sql_db

def asked():
    # In all transactions. 14 has counted those of a transaction there when it has ended.
    return odoo.sql_db.sql_counter + env.cr.sql_log_count

def queries(count):
    values = {{"subject": "Counted", "body_html": "Hello", "email_from": "{sender}", "email_to": "{receiver}"}}
    mails = env["mail.mail"].create([dict(values, auto_delete=False) for _ in range(count)])
    env.cr.commit()
    before = asked()
    mails.send()
    env.cr.commit()
    assert set(mails.mapped("state")) == {{"sent"}}
    assert all(mails.mail_message_id.mapped("route_server")) is keeps
    return asked() - before

for keeps in (True, False):
    type(env["ir.mail_server"])._keeps_outcomes = type(env["mail.mail"])._keeps_routes = keeps
    queries(1)
    few, many = queries(3), queries(23)
    print("QUERIES", (many - few) / 20)
"""


def test_no_look_up_by_mail(desk, provider):
    """To keep what happened, and the route, takes no further query for each mail, in any transaction."""
    office = desk.office
    output = shell(office.lab, office.series, office.name, QUERIES.format(sender=address("newuser"), receiver=BOB))
    kept, not_kept = re.findall(r"QUERIES (\S+)", output)
    assert float(kept) == float(not_kept) > 1
    assert len(provider.taken) == 2 * 27


class Transaction:
    """A transaction of somebody else's that holds what it has locked."""

    def __init__(self, database, statement):
        self.process = lab_database.session(database)
        self.process.stdin.write(f"BEGIN;\n{statement};\nSELECT 'held';\n")
        self.process.stdin.flush()
        while (line := self.process.stdout.readline()).strip() != "held":
            assert line, "psql ended"

    def end(self):
        self.process.communicate("ROLLBACK;\n", timeout=10)


def test_without_the_table(desk):
    """Files that are newer than the database: nothing is shown, and mail is sent."""
    desk.office.sql(f"ALTER TABLE {TABLE} RENAME TO renamed")
    try:
        desk.send("newuser", "seconduser")
        assert desk.office.sql("SELECT count(*) FROM mail_mail WHERE state = 'outgoing'").strip() == "0"
    finally:
        desk.office.sql(f"ALTER TABLE renamed RENAME TO {TABLE}")
    assert desk.rows() == 0


def test_waiting(desk, provider):
    """In the queue: tried in vain, or not yet; for the own server, one that was selected, or the shared one."""
    provider.behave(on_connect=lambda _number: "421 4.3.2 Closed for the night")
    desk.queue()
    desk.office.send_queue()
    desk.queue()
    desk.queue("seconduser")
    desk.queue("nouser")
    selected = desk.queue("nouser")
    desk.office.call("mail.mail", "write", [selected], {"mail_server_id": desk.office.servers["seconduser"]})
    # Who may not send as newuser does not wait for newuser's server.
    nouser, foreign = desk.office.people["nouser"], desk.queue()
    message = f"(SELECT mail_message_id FROM mail_mail WHERE id = {foreign})"
    desk.office.sql(f"UPDATE mail_message SET create_uid = {nouser} WHERE id = {message}")
    assert [desk.server(person)["mails_waiting"] for person in ("newuser", "seconduser", "shared")] == [2, 2, 2]


def test_fetching(desk):
    """Odoo's own scheduled action and the button note the same."""
    office = desk.office
    fresh = desk.user()
    assert [fresh[each] for each in FETCHING] == [f"fetchmail.server,{office.fetching['newuser']}", "unused", *[False] * 3]
    trip = office.follow(office.send("chatter", "seconduser"))
    office.answers_land([trip])
    assert trip.landed_on == ("res.partner", trip.record)
    found = desk.user("seconduser")
    assert (found["fetching_state"], found["fetching_error"]) == ("working", False)
    assert found["last_fetched"]
    # Nothing was in newuser's mailbox.
    found = desk.user()
    assert (found["fetching_state"], found["last_fetched"]) == ("working", False)
    assert "Odoo fetches mail from your mailbox. The last message" in desk.own("seconduser")


def test_mailbox_that_cannot_be_read(desk):
    office, server = desk.office, desk.office.fetching["newuser"]
    office.call("fetchmail.server", "write", [server], {"password": "changed"})
    try:
        assert refused(desk, "action_fetch_now").endswith("[AUTHENTICATIONFAILED] Authentication failed.")
        found = desk.user()
        assert found["fetching_state"] == "failing"
        assert found["fetching_error"] == "[AUTHENTICATIONFAILED] Authentication failed."
        assert desk.users("fetching_state", "failing") == {"newuser"}
        assert "AUTHENTICATIONFAILED" in desk.own()
        assert "changed" not in desk.own() + found["fetching_error"]
    finally:
        office.call("fetchmail.server", "write", [server], {"password": "newuser-pw"})
    office.call("res.users", "action_fetch_now", [office.people["newuser"]])
    assert desk.user()["fetching_state"] == "working"
    office.call("fetchmail.server", "set_draft", [server])
    try:
        assert "is not confirmed" in refused(desk, "action_fetch_now")
        assert desk.user()["fetching_state"] == "not_confirmed"
        assert "not confirmed" in desk.own()
    finally:
        office.call("fetchmail.server", "write", [server], {"state": "done"})


def refused(desk, method, person="newuser", by=None):
    """Why a button does nothing."""
    return desk.office.refused("res.users", method, [desk.office.people[person]], person=by)


@pytest.mark.parametrize("method", ["action_send_test_message", "action_fetch_now"])
def test_buttons_are_for_who_manages_mail_servers(desk, provider, method):
    assert "Only users who manage mail servers" in refused(desk, method, by="newuser")
    assert (provider.taken, desk.rows()) == ([], 0)


def test_own_preferences_show_nobody_elses(desk):
    """By no way: what others see of it is empty, an administrator, too, and it cannot be searched for."""
    office = desk.office
    desk.send()
    assert address("newuser") in desk.own()
    everybody = list(office.people.values())
    for client in (office.as_person("seconduser"), office.admin):
        found = {each["id"]: each["own_mail"] for each in office.read("res.users", everybody, "own_mail", client=client)}
        assert found[office.people["newuser"]] is False
        assert found[office.people["nouser"]] is False
    # Nor is it the user's to change.
    office.call("res.users", "write", [office.people["newuser"]], {"own_mail": "Forged"})
    assert "Forged" not in desk.own()


def test_test_message(desk, provider):
    """It leaves as one of the user's, and none is left behind."""
    office = desk.office
    mails = "SELECT count(*) FROM mail_mail"
    before = office.sql(mails)
    told = office.call("res.users", "action_send_test_message", [office.people["newuser"]])
    ((sender, _recipients, message),) = provider.taken
    assert (sender, message["Auto-Submitted"]) == (address("newuser"), "auto-generated")
    # The administrator has no address on 19, and the user's is taken.
    assert re.search(r"was sent to \S+@\S+ as newuser@office.example. Sent through: newuser out", told["params"]["message"])
    assert office.sql(mails) == before
    assert desk.user()["sending_state"] == "working"
    for answer in ("553 5.7.1 Not yours", "451 4.3.0 Later"):
        provider.behave(on_mail=lambda _address, _session, answer=answer: answer)
        assert answer in refused(desk, "action_send_test_message")
        assert office.sql(mails) == before
        assert answer in desk.user()["sending_error"]


def test_who_has_no_server(desk):
    assert "nouser" in desk.users("sending_state", "no_server")
    assert not {"newuser", "seconduser"} & desk.users("sending_state", "no_server")
    found = desk.user("nouser")
    assert (found["sending_server_id"], found["sending_state"], found["fetching_state"]) == (False, "no_server", "no_server")
    assert "sent through a shared one" in desk.own("nouser")
    assert "has the login nouser@office.example" in refused(desk, "action_fetch_now", "nouser")
