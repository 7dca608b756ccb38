"""Which server a message leaves through, and what it then says."""

import subprocess
import sys
from email.utils import parseaddr

import pytest
from maildir import Mailbox
from office import BOB, ROOT, SHARED, address

OFFICE = "office@office.example"


@pytest.fixture(scope="module")
def everybodys(lab):
    """A login that may send as anybody of the domain, as a company's own mail server allows."""
    anybody = [address(each) for each in ("newuser", "seconduser", "nouser", "catchall", "bounce")]
    command = [sys.executable, ROOT / "tests" / "lab" / "mailbox.py", "add", OFFICE, "office-pw", *anybody]
    subprocess.run(command, check=True, capture_output=True)
    return {"smtp_user": OFFICE, "smtp_pass": "office-pw"}


def test_template_from_another_user_with_a_server(office):
    """New User sends it; From says Second User, who has a server."""
    trip = office.follow(office.send("template.send_mail", "newuser", email_from='"Second User" <SecondUser@Office.Example>'))
    office.answers_land([trip])
    assert trip.login == address("seconduser")
    assert trip.header_from == trip.reply_to == '"Second User" <seconduser@office.example>'
    assert trip.return_path == address("seconduser")
    assert trip.landed_on == ("res.partner", trip.record)


def test_name_is_the_authors_where_from_has_none(office):
    trip = office.follow(office.send("template.send_mail", "newuser", email_from="newuser@office.example"))
    assert trip.header_from == trip.reply_to == '"New User" <newuser@office.example>'


@pytest.mark.parametrize("way", ["chatter", "composer with template", "template.send_mail"])
def test_user_without_a_server(office, way):
    """The standard way: the shared server, which may send as itself only, so core and the addon on 14 encapsulate From."""
    trip = office.follow(office.send(way, "nouser"))
    assert trip.login == SHARED
    assert trip.header_from == f'"No Server" <{SHARED}>'
    assert trip.return_path == SHARED


def test_template_from_an_address_without_a_server(office):
    trip = office.follow(office.send("template.send_mail", "newuser", email_from='"Sales" <sales@office.example>'))
    assert trip.login == SHARED
    assert trip.header_from == f'"Sales" <{SHARED}>'


def test_answer_to_a_user_without_a_server(office):
    """By the catchall, as ever."""
    trip = office.follow(office.send("chatter", "nouser"))
    office.answers_land([trip])
    assert trip.answered_to == SHARED
    assert trip.landed_on == ("res.partner", trip.record)


def test_server_set_by_hand_wins(office, everybodys):
    by_hand = office.make_server("office", sequence=90, **everybodys)
    trip = office.send(
        "template.send_mail", "newuser", reply_to="answers@office.example", name="By hand", mail_server_id=by_hand
    )
    assert office.follow(trip).login == OFFICE
    # It is not the user's own server: the headers are core's.
    assert trip.reply_to == "answers@office.example"


def test_own_server_set_by_hand_is_the_own_server(office):
    server = office.servers["newuser"]
    trip = office.follow(office.send("template.send_mail", "newuser", name="Own, by hand", mail_server_id=server))
    assert (trip.login, trip.return_path) == (address("newuser"), address("newuser"))
    assert trip.reply_to == '"New User" <newuser@office.example>'


def test_archived_server_sends_nothing(office):
    office.call("ir.mail_server", "write", [office.servers["seconduser"]], {"active": False})
    try:
        trip = office.follow(office.send("chatter", "seconduser"))
    finally:
        office.call("ir.mail_server", "write", [office.servers["seconduser"]], {"active": True})
    assert trip.login == SHARED
    assert trip.header_from == f'"Second User" <{SHARED}>'


@pytest.mark.parametrize("found_by", ["owner", "login"])
def test_fallback_is_never_a_personal_server(new_office, series, everybodys, found_by):
    """No server has a from_filter, and the personal ones have priority. Others' mail leaves through the shared one."""
    office = new_office(series)
    values = {"from_filter": False} if found_by == "owner" else {"from_filter": False, "user_id": False}
    office.call("ir.mail_server", "write", [office.servers["newuser"], office.servers["seconduser"]], values)
    office.call("ir.mail_server", "write", [office.servers["shared"]], {"from_filter": False, **everybodys})
    other, own = office.send("chatter", "nouser"), office.send("chatter", "seconduser")
    assert (office.follow(other).login, other.refused) == (OFFICE, "")
    assert office.follow(own).login == address("seconduser")
    assert own.reply_to == '"Second User" <seconduser@office.example>'


def test_without_a_personal_server_nothing_differs(new_office, series, everybodys):
    """Headers, envelope and login are those of core, byte for byte but for what differs from message to message."""
    seen = []
    for addon in (True, False):
        office = new_office(series, addon=addon)
        office.call("ir.mail_server", "unlink", [office.servers["newuser"], office.servers["seconduser"]])
        values = {"from_filter": "office.example"} if series != "14" else {}
        office.call("ir.mail_server", "write", [office.servers["shared"]], {**values, **everybodys})
        if series == "14" and addon:
            office.call("ir.mail_server", "write", [office.servers["shared"]], {"from_filter": False})
        ways = ("chatter", "composer with template", "composer, mass mail", "template.send_mail")
        trips = [
            office.follow(office.send(way, "newuser", reply_to=reply_to))
            for way in ways
            for reply_to in (False, "a@office.example")
        ]
        # Only what differs from message to message is left out.
        for trip in trips:
            trip.reply_to, trip.return_path = trip.reply_to.replace(trip.subject, ""), trip.return_path.split("+")[0]
        seen.append([(trip.case, trip.login, trip.header_from, trip.reply_to, trip.return_path) for trip in trips])
    assert seen[0] == seen[1]
    assert {login for _, login, *_ in seen[0]} == {OFFICE}


def test_queue_of_many_users(new_office, series, lab):
    """50 queued mails by 10 users: 10 logins, none refused, and as many connections as logins."""
    # A port that no other test uses at the same time.
    office = new_office(series, port="submission_at_data")
    people = [f"colleague{number}" for number in range(10)]
    for person in people:
        command = [sys.executable, ROOT / "tests" / "lab" / "mailbox.py", "add", address(person), f"{person}-pw"]
        subprocess.run(command, check=True, capture_output=True)
        office.people[person] = office.make_user(person, person.title())
        office.make_server(person, sequence=5)
    # A record each: nobody follows another's, and nobody but bob is told.
    records = {person: office.make_record(f"A deal of {person}") for person in people}
    for number in range(5):
        for person in people:
            subject = f"queued {number} {office.name}"
            office.chatter(office.as_person(person), records[person], subject, None, queued=True)
    office.postfix.restart()
    office.send_queue()
    assert len(Mailbox(lab, BOB).wait_for(office.name, count=50)) == 50
    logins = office.postfix.logins()
    assert sorted(logins) == sorted(address(person) for person in people for _ in range(5))
    assert not office.postfix.refusals()
    assert len(office.postfix.connections("at-data")) == 10


def test_beside_cores_personal_servers(new_office, series):
    """From 19 on, a server can be a user's in core's way. Core looks after it; the addon neither sets nor needs that."""
    office = new_office(series)
    if not office.has("ir.mail_server", "owner_user_id"):
        assert int(series) < 19
        return
    assert not [each for each in office.search("ir.mail_server", [], "owner_user_id") if each["owner_user_id"]]
    values = {"user_id": False, "owner_user_id": office.people["newuser"]}
    office.call("ir.mail_server", "write", [office.servers["newuser"]], values)
    cores, ours, other = (office.follow(office.send("chatter", person)) for person in ("newuser", "seconduser", "nouser"))
    assert (cores.login, ours.login, other.login) == (address("newuser"), address("seconduser"), SHARED)
    # The headers of the one are core's, of the other ours.
    assert "catchall@office.example" in cores.reply_to
    assert ours.reply_to == '"Second User" <seconduser@office.example>'


FORMS = [
    '"N U" <NewUser@Office.EXAMPLE>',
    "NEWUSER@OFFICE.EXAMPLE",
    "newuser@office.example.",
    "\u00a0newuser@office.example\u00a0",
    "newuser@office.example\u200b",
    '"User, New" <newuser@office.example>',
    "User, New <newuser@office.example>",
    "newuser@office.example, second@elsewhere.example",
    '"newuser"@office.example',
    "=?utf-8?q?N=C3=BCw_User?= <newuser@office.example>",
    "newuser@office.example (at work)",
]


@pytest.mark.parametrize("way", ["chatter", "template.send_mail, queued"])
def test_address_in_any_form(new_office, series, way):
    """The server is chosen, and the headers are written, by one reading of the address."""
    office = new_office(series)
    for form in FORMS:
        office.call("res.users", "write", [office.people["newuser"]], {"email": form})
        trip = office.follow(office.send(way, "newuser"))
        assert (trip.refused, trip.login, trip.return_path) == ("", address("newuser"), address("newuser")), form
        assert trip.header_from == trip.reply_to, form
        assert parseaddr(trip.header_from)[1] == address("newuser"), form
    assert not office.postfix.refusals()


def test_odd_form_of_a_sender_without_a_server(office):
    """It leaves the standard way with the person's name, wherever that is in the text."""
    office.call("res.users", "write", [office.people["nouser"]], {"email": '"N S" <NoUser@Office.EXAMPLE>'})
    trip = office.follow(office.send("chatter", "nouser"))
    office.call("res.users", "write", [office.people["nouser"]], {"email": address("nouser")})
    assert (trip.login, trip.refused) == (SHARED, "")
    assert trip.header_from == f'"No Server" <{SHARED}>'
