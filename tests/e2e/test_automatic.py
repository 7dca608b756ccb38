"""Out-of-office answers wake nobody, and what Odoo sends by itself is marked so that nobody's program answers it."""

import json
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from facts import wanted_series
from maildir import Mailbox
from office import BOB, ROOT, Office, address
from vacation import Vacation

PERSON, COLLEAGUE = "newuser", "seconduser"
VACATION = {"Auto_Submitted": "auto-replied", "Precedence": "bulk", "X_Auto_Response_Suppress": "All"}
MARKS = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "OOF, AutoReply"}


def follow(office, record, *people):
    users = office.read("res.users", [office.people[one] for one in people], "partner_id")
    partners = [user["partner_id"][0] for user in users]
    office.call("res.partner", "message_subscribe", [record], partners)


def received(office, message_id):
    """What an incoming message has become, with those who were notified of it."""
    found = office.search("mail.message", [("message_id", "=", message_id)], "res_id", "subtype_id", "author_id")
    for each in found:
        each["notified"] = len(office.search("mail.notification", [("mail_message_id", "=", each["id"])], "id"))
    return found


@pytest.fixture(scope="module")
def office(new_office, series):
    office = new_office(series)
    office.note, office.comment = (
        office.search("ir.model.data", [("module", "=", "mail"), ("name", "=", name)], "res_id")[0]["res_id"]
        for name in ("mt_note", "mt_comment")
    )
    return office


@pytest.mark.parametrize("kind", ["imap", "pop"])
@pytest.mark.parametrize("whole", [False, True], ids=["personal", "catchall"])
def test_out_of_office_wakes_nobody(office, series, kind, whole):
    """The customer's program answers, and then the customer: followers get the second only."""
    person = "catchall" if whole else PERSON
    box, colleague = office.mailbox(person), office.mailbox(COLLEAGUE)
    for each in (box, colleague):
        each.empty()
    server = office.make_incoming(person, kind, name=f"{person} {kind}", only_replies=not whole)
    trip = office.follow(office.send("chatter", PERSON))
    follow(office, trip.record, COLLEAGUE)
    trip.reply_to = address(person)
    automatic = office.answer(trip, "I am back on Monday.", Subject=f"Out of office {trip.subject}", **VACATION)
    written = office.answer(trip)
    assert box.wait_for(trip.subject, count=2)
    for _ in range(2):
        office.call("fetchmail.server", "fetch_mail", [server])
    office.send_queue()
    [note], [comment] = received(office, automatic), received(office, written)
    assert (comment["res_id"], comment["subtype_id"][0]) == (trip.record, office.comment)
    assert comment["notified"]
    assert colleague.wait_for(f"Re: {trip.subject}")
    assert (note["res_id"], note["subtype_id"][0], note["author_id"][0]) == (trip.record, office.note, office.bob)
    assert not note["notified"]
    assert not colleague.find(f"Out of office {trip.subject}")
    # The person, whom Odoo does not notify, finds it unread.
    left = [flags for flags, content in box.snapshot().values() if b"Subject: Out of office" in content]
    assert left == {"personal": [""], "imap": ["S"], "pop": []}[kind if whole else "personal"]
    office.call("fetchmail.server", "write", [server], {"active": False})


def marks_of(message):
    return {name: message[name] for name in MARKS if message[name]}


@pytest.mark.parametrize("way", ["chatter", "composer with template", "composer, mass mail"])
def test_what_a_person_writes_is_not_marked(office, way):
    trip = office.send(way, PERSON)
    [message] = Mailbox(office.lab, BOB).wait_for(trip.subject)
    assert marks_of(message) == {}


def test_what_odoo_sends_by_itself_is_marked(office):
    """A template's mail that nobody has looked at; a customer's answer that is passed on; an assignment."""
    trip = office.send("template.send_mail", PERSON)
    [message] = Mailbox(office.lab, BOB).wait_for(trip.subject)
    assert marks_of(message) == MARKS

    colleague = office.mailbox(COLLEAGUE)
    colleague.empty()
    trip = office.follow(office.send("chatter", PERSON))
    follow(office, trip.record, COLLEAGUE)
    office.answer(trip)
    assert office.mailbox(PERSON).wait_for(f"Re: {trip.subject}")
    office.fetch(PERSON)
    office.send_queue()
    [forwarded] = colleague.wait_for(f"Re: {trip.subject}")
    assert marks_of(forwarded) == MARKS

    subject = f"Assigned {uuid.uuid4().hex}"
    partner = office.read("res.users", office.people[COLLEAGUE], "partner_id")[0]["partner_id"]
    values = {"body": "It is yours", "subject": subject, "partner_ids": [partner[0]]}
    office.call("res.partner", "message_notify", [trip.record], client=office.as_person(PERSON), **values)
    office.send_queue()
    [assigned] = colleague.wait_for(subject)
    assert marks_of(assigned) == MARKS


# ----------------------------------------------------------------------
# Two databases whose users' programs answer each other
# ----------------------------------------------------------------------


class Company(Office):
    """An office with one more user, whose mailbox has an out-of-office program; all mail there is fetched."""

    def __init__(self, lab, series, template, person):
        super().__init__(lab, series, template)
        self.person, login = person, address(person)
        known = json.loads((Path(lab["lab_dir"]) / "mail" / "mailboxes.json").read_text())
        if login not in known:
            command = [sys.executable, ROOT / "tests" / "lab" / "mailbox.py", "add", login, f"{person}-pw"]
            subprocess.run(command, check=True, capture_output=True)
        self.people[person] = self.make_user(person, person.title())
        self.servers[person] = self.make_server(person, sequence=2)
        model = self.search("ir.model", [("model", "=", "res.partner")], "id")[0]["id"]
        self.fetching[person] = self.make_incoming(person, object_id=model)
        self.mailbox(person).empty()
        self.vacation = Vacation(lab, login)

    def messages(self):
        return len(self.search("mail.message", [("model", "=", "res.partner")], "id"))

    def write_to(self, other, subject):
        """Write to the other's user, who follows the record as a customer does, and so does a colleague."""
        partner = self.create("res.partner", name=other.person.title(), email=address(other.person))
        record = self.make_record(subject)
        self.call("res.partner", "message_subscribe", [record], [partner])
        follow(self, record, COLLEAGUE)
        values = {"message_type": "comment", "subtype_xmlid": "mail.mt_comment", "subject": subject}
        client = self.as_person(self.person)
        self.call("res.partner", "message_post", [record], client=client, body="Are you there?", **values)
        return record

    def everybody_follows(self, other):
        """What the other's mail has made here is followed by the user, and by the other."""
        made = self.search("res.partner", [("name", "like", "Hello")], "id")
        partner = self.search("res.partner", [("email", "=", address(other.person))], "id")[0]["id"]
        for each in made:
            self.call("res.partner", "message_subscribe", [each["id"]], [partner])
            follow(self, each["id"], self.person, COLLEAGUE)


@pytest.mark.parametrize("other_series", wanted_series())
def test_two_odoos_that_answer_each_other(lab, templates, series, other_series):
    """Both users are away. Every message is fetched, followers get what core passes on, and programs answer what they get."""
    ann = Company(lab, series, templates(series), "ann")
    ben = Company(lab, other_series, templates(other_series), "ben")
    both = (ann, ben)
    try:
        shared = ann.mailbox("catchall")
        shared.empty()
        for one, other in (both, both[::-1]):
            one.write_to(other, f"Hello from {one.person} {uuid.uuid4().hex}")
        counts = []
        for _ in range(8):
            for one, other in (both, both[::-1]):
                one.send_queue()
                one.vacation.box.wait_for("Hello", patience=1)
                one.vacation.run()
                one.fetch(one.person, "catchall", COLLEAGUE)
                one.everybody_follows(other)
            counts.append((ann.messages(), ben.messages(), len(ann.vacation.answered), len(ben.vacation.answered)))
        assert counts[-1] == counts[2], counts
        # Each program has answered what the other person wrote, and nothing else.
        assert counts[-1][2:] == (1, 1), counts
        assert len(ann.vacation.kept_quiet) == len(ben.vacation.kept_quiet) == 1, "the other program's answer"
    finally:
        for each in both:
            each.drop()
