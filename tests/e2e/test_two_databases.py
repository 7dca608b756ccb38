"""Two databases that fetch one mailbox: each takes the answers to its own messages, whichever is first."""

import itertools

import pytest
from office import SHARED, Office, address, lab_database

KINDS = pytest.mark.parametrize("kind", ["imap", "pop"])
PERSON = "newuser"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def company(new_office, series):
    return new_office(series)


@pytest.fixture(scope="module")
def other(new_office, series):
    return new_office(series)


class Copy(Office):
    """A copy of an office's database, with an identity of its own, as Odoo's own way of copying gives it."""

    def __init__(self, office):
        vars(self).update(vars(office), name=f"{office.name}_copy{next(_numbers)}", clients={})
        lab_database.psql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{office.name}'")
        lab_database.copy(self.series, office.name, self.name)
        self.admin = self.client(self.server["login"], self.server["password"])


def server_of(office, person, kind, only_replies=False):
    return office.make_incoming(person, kind, name=f"{person} {kind}", only_replies=only_replies)


def fetch(office, server):
    office.call("fetchmail.server", "fetch_mail", [server])


def landed(office, message_id):
    return [each["res_id"] for each in office.search("mail.message", [("message_id", "=", message_id)], "res_id")]


def notes(office, server):
    return office.read("fetchmail.server", server, "reading_notes")[0]["reading_notes"] or ""


@KINDS
def test_one_catchall(company, other, kind):
    """The other database is first, and leaves it; twice, so that it is noted once."""
    box = company.mailbox("catchall")
    box.empty()
    trip = company.follow(company.send("chatter", PERSON))
    trip.reply_to = SHARED
    answer = company.answer(trip)
    assert box.wait_for(f"Re: {trip.subject}")
    before = box.snapshot()
    others = server_of(other, "catchall", kind)
    for _ in range(2):
        fetch(other, others)
    assert box.snapshot() == before
    assert landed(other, answer) == []
    assert notes(other, others).count("It is a reply to a message from another database.") == 1
    own = server_of(company, "catchall", kind)
    fetch(company, own)
    assert landed(company, answer) == [trip.record]
    assert box.snapshot() != before, "read, or deleted"
    assert notes(company, own) == ""


def test_answer_to_what_was_deleted(company, other):
    """Its own database deals with it as core does, and sends it back. The other one still leaves it."""
    box = company.mailbox("catchall")
    box.empty()
    trip = company.follow(company.send("chatter", PERSON))
    trip.reply_to = SHARED
    sent = company.search("mail.message", [("message_id", "=", trip.message_id)], "id")
    company.call("mail.message", "unlink", [each["id"] for each in sent])
    company.answer(trip)
    assert box.wait_for(f"Re: {trip.subject}")
    before = box.snapshot()
    fetch(other, server_of(other, "catchall", "imap"))
    assert box.snapshot() == before
    fetch(company, server_of(company, "catchall", "imap"))
    assert {flags for flags, _content in box.snapshot().values()} == {"S"}


@KINDS
def test_training_copy(new_office, series, kind):
    """It has all of production's messages. What production sends is production's, before it was copied and after."""
    office = new_office(series)
    trips = [office.follow(office.send("chatter", PERSON))]
    copy = Copy(office)
    try:
        trips.append(office.follow(office.send("chatter", PERSON)))
        for person, only_replies in ((PERSON, True), ("catchall", False)):
            box = office.mailbox(person)
            box.empty()
            for each in (office, copy):
                each.sql("DELETE FROM smtp_server_per_user_progress")
            answers = {}
            for trip in trips:
                trip.reply_to = address(person)
                answers[office.answer(trip)] = trip.record
            assert box.wait_for("Re: ", count=2)
            before = box.snapshot()
            assert len(before) == 2
            fetch(copy, server_of(copy, person, kind, only_replies))
            assert box.snapshot() == before
            assert [landed(copy, answer) for answer in answers] == [[], []]
            fetch(office, server_of(office, person, kind, only_replies))
            assert [landed(office, answer) for answer in answers] == [[record] for record in answers.values()]
    finally:
        copy.drop()
