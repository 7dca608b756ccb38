"""A mailbox that a person reads too: Odoo takes the answers, and leaves everything else as it was."""

import imaplib
import json
import poplib
import re
import shutil
import smtplib
import ssl
import sys
import threading
import time
import uuid
from email.message import EmailMessage
from pathlib import Path

import pytest
from office import BOB, ROOT, address
from relay import Relay

sys.path.insert(0, str(ROOT / "tests" / "hostile"))

import corpus
import flood

KINDS = pytest.mark.parametrize("kind", ["imap", "pop"])
PERSON, COLLEAGUE = "newuser", "seconduser"


@pytest.fixture(scope="module")
def office(new_office, series):
    office = new_office(series)
    office.incoming = {
        (person, kind, only): office.make_incoming(person, kind, name=f"{person} {kind} {only}", only_replies=only)
        for person in (PERSON, COLLEAGUE)
        for kind in ("imap", "pop")
        for only in (True, False)
    }
    return office


@pytest.fixture
def mailbox(office):
    box = office.mailbox(PERSON)
    box.empty()
    # A mailbox that was made anew is another one: forget what was seen in the one before.
    office.sql("TRUNCATE smtp_server_per_user_progress, smtp_server_per_user_note")
    return box


def private_mail(office, **headers):
    message = EmailMessage()
    settings = {
        "From": '"A Friend" <friend@customer.example>',
        "To": address(PERSON),
        "Subject": f"Lunch? {uuid.uuid4().hex[:12]}",
        "Message-Id": f"<{uuid.uuid4().hex}@customer.example>",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    for name, value in settings.items():
        message[name] = value
    message.set_content("At noon, as ever?\n.\nA line of one dot was before this.\n")
    office.deliver(message, address(PERSON))
    assert office.mailbox(PERSON).wait_for(settings["Subject"])
    return settings["Subject"], settings["Message-Id"]


def fetch(office, kind, only, times=1, person=PERSON):
    for _ in range(times):
        office.call("fetchmail.server", "fetch_mail", [office.incoming[person, kind, only]])


def notes(office, kind, only=True):
    """What an administrator reads on the form about messages that were left."""
    text = office.read("fetchmail.server", office.incoming[PERSON, kind, only], "reading_notes")[0]["reading_notes"]
    return (text or "").splitlines()


def imap(lab):
    client = imaplib.IMAP4_SSL("127.0.0.1", lab["ports"]["imaps"], ssl_context=ssl._create_unverified_context())
    client.login(address(PERSON), f"{PERSON}-pw")
    return client


def flags(lab):
    client = imap(lab)
    client.select(readonly=True)
    answer = client.fetch("1:*", "(UID FLAGS)")[1]
    client.logout()
    return answer


@KINDS
def test_private_mail_stays_as_it_was(office, mailbox, lab, kind):
    for _ in range(3):
        private_mail(office)
    # One that looks like a bounce, and is of another program's message; one that answers somebody else.
    private_mail(office, From="MAILER-DAEMON@customer.example")
    private_mail(office, In_Reply_To="<unknown@elsewhere.example>", References="<a@b.example> <unknown@elsewhere.example>")
    files, before, unseen = mailbox.snapshot(), flags(lab), mailbox.unseen_by_any()
    fetch(office, kind, True, times=10)
    assert mailbox.snapshot() == files
    # Over IMAP not even the mark of a message that nobody has listed is gone; POP3 has no such way to look.
    assert kind == "pop" or mailbox.unseen_by_any() == unseen
    # \\Recent tells whether another program has looked, and POP3 is one.
    assert [each.replace(b"\\Recent", b"") for each in flags(lab)] == [each.replace(b"\\Recent", b"") for each in before]
    assert kind == "pop" or flags(lab) == before
    assert b"Seen" not in repr(before).encode()


@KINDS
def test_without_the_option_everything_is_taken(office, mailbox, kind):
    """Why the option is needed: IMAP marks what was private as read, POP3 removes it."""
    model = office.search("ir.model", [("model", "=", "res.partner")], "id")[0]["id"]
    office.call("fetchmail.server", "write", [office.incoming[PERSON, kind, False]], {"object_id": model})
    try:
        _subject, message_id = private_mail(office)
        fetch(office, kind, False)
    finally:
        office.call("fetchmail.server", "write", [office.incoming[PERSON, kind, False]], {"object_id": False})
    assert len(office.search("mail.message", [("message_id", "=", message_id)], "id")) == 1
    assert [flags for flags, _content in mailbox.snapshot().values()] == (["S"] if kind == "imap" else [])


@KINDS
def test_without_the_option_nothing_is_lost_either(office, mailbox, kind):
    """There is no record for it: core marks it as read over IMAP, and 19 removes it over POP3."""
    subject, _message_id = private_mail(office)
    fetch(office, kind, False, times=3)
    assert mailbox.find(subject)
    assert kind == "pop" or [flags for flags, _content in mailbox.snapshot().values()] == [""]
    assert len(notes(office, kind, only=False)) == 1
    assert subject in notes(office, kind, only=False)[0]
    assert "No possible route" in notes(office, kind, only=False)[0]


@KINDS
def test_answer_is_taken_among_private_mail(office, mailbox, lab, kind):
    trip = office.follow(office.send("chatter", PERSON))
    subjects = [private_mail(office)[0] for _ in range(2)]
    answer = office.answer(trip)
    assert mailbox.wait_for(f"Re: {trip.subject}")
    subjects += [private_mail(office)[0] for _ in range(2)]
    private = {name: message for name, message in mailbox.snapshot().items() if b"Lunch?" in message[1]}
    assert len(private) == len(subjects)
    fetch(office, kind, True)
    found = office.search("mail.message", [("message_id", "=", answer)], "res_id", "author_id")
    assert [(each["res_id"], each["author_id"][0]) for each in found] == [(trip.record, office.bob)]
    fetch(office, kind, True, times=3)
    assert {name: message for name, message in mailbox.snapshot().items() if b"Lunch?" in message[1]} == private
    assert len(office.search("mail.message", [("message_id", "=", answer)], "id")) == 1


def test_answer_that_was_read_by_the_person_first(office, mailbox, lab):
    """The telephone was quicker. Core, which asks for unread mail, would never see it."""
    fetch(office, "imap", True)
    trip = office.follow(office.send("chatter", PERSON))
    answer = office.answer(trip)
    assert mailbox.wait_for(f"Re: {trip.subject}")
    client = imap(lab)
    client.select()
    client.store("1:*", "+FLAGS", "\\Seen")
    client.logout()
    fetch(office, "imap", True)
    assert [each["res_id"] for each in office.search("mail.message", [("message_id", "=", answer)], "res_id")] == [trip.record]


@KINDS
def test_answer_is_taken_on_the_second_fetch(office, mailbox, kind):
    """What was looked at before does not hide what comes after."""
    private_mail(office)
    fetch(office, kind, True, times=2)
    trip = office.follow(office.send("template.send_mail", PERSON))
    answer = office.answer(trip)
    assert mailbox.wait_for(f"Re: {trip.subject}")
    fetch(office, kind, True)
    assert [each["res_id"] for each in office.search("mail.message", [("message_id", "=", answer)], "res_id")] == [trip.record]


def ended_sessions(log, start, count, patience=10):
    """What Dovecot noted of the person's sessions, from a place of its log on, once so many have ended."""
    deadline = time.monotonic() + patience
    while True:
        with log.open("rb") as noted:
            noted.seek(start)
            lines = noted.read().decode().splitlines()
        found = [line for line in lines if "Disconnected" in line and address(PERSON) in line]
        if len(found) >= count or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


@KINDS
def test_is_not_downloaded_again_and_again(office, mailbox, lab, kind):
    """After the first fetch nothing of a message is asked for: Dovecot counts what it hands out."""
    for _ in range(5):
        private_mail(office)
    log = Path(lab["mail"]["logs"]["dovecot"])
    start = log.stat().st_size
    fetch(office, kind, True)
    assert len(ended_sessions(log, start, 1)) == 1
    fetch(office, kind, True, times=3)
    sessions = ended_sessions(log, start, 4)[1:]
    assert len(sessions) == 3
    for line in sessions:
        assert "hdr_count=0" in line or "top=0/0" in line, line
        assert "body_count=0" in line or "retr=0/0" in line, line


def test_mail_marked_as_deleted_is_not_removed(office, mailbox, lab):
    """The person's program has marked it and may still unmark it. Core's way to close a mailbox would remove it."""
    subject, _ = private_mail(office)
    client = imap(lab)
    client.select()
    client.store("1:*", "+FLAGS", "\\Deleted")
    client.logout()
    trip = office.follow(office.send("chatter", PERSON))
    office.answer(trip)
    assert mailbox.wait_for(f"Re: {trip.subject}")
    fetch(office, "imap", True)
    assert mailbox.find(subject)


@KINDS
def test_notification_of_odoos_own_stays_unread(office, mailbox, kind):
    """Bob's answer is forwarded to Second User, who follows the record. That is for the person to read.

    No server may send as bob: it comes from the default-from address, with bob's name and Reply-To as ever.
    """
    colleague = office.mailbox(COLLEAGUE)
    colleague.empty()
    trip = office.send("chatter", PERSON)
    partner = office.read("res.users", office.people[COLLEAGUE], "partner_id")[0]["partner_id"][0]
    office.call("res.partner", "message_subscribe", [trip.record], [partner])
    answer = office.answer(office.follow(trip))
    assert mailbox.wait_for(f"Re: {trip.subject}")
    fetch(office, kind, True)
    office.send_queue()
    forwarded = colleague.wait_for(f"Re: {trip.subject}")
    assert [message["Message-Id"].strip() for message in forwarded] == [answer]
    assert forwarded[0]["From"] == '"Bob Customer" <catchall@office.example>'
    assert forwarded[0]["Return-Path"] == "<catchall@office.example>"
    assert "catchall@office.example" in forwarded[0]["Reply-To"]
    before = colleague.snapshot()
    fetch(office, kind, True, times=2, person=COLLEAGUE)
    assert colleague.snapshot() == before


@KINDS
def test_bounce_marks_the_message(office, mailbox, lab, kind):
    """Mail to an address that does not exist: the report comes to the sender's mailbox, and Odoo reads it there."""
    gone = office.create("res.partner", name="Gone", email=f"gone-{uuid.uuid4().hex[:8]}@customer.example")
    record, subject = office.make_record("A lost deal"), f"To nobody {uuid.uuid4().hex[:12]}"
    office.call(
        "res.partner",
        "message_post",
        [record],
        client=office.as_person(PERSON),
        body="Hello?",
        subject=subject,
        message_type="comment",
        subtype_xmlid="mail.mt_comment",
        partner_ids=[gone],
    )
    private_mail(office)
    assert mailbox.wait_for("Undelivered Mail")
    fetch(office, kind, True)
    message = office.search("mail.message", [("subject", "=", subject)], "id")[0]["id"]
    domain = [("mail_message_id", "=", message), ("res_partner_id", "=", gone)]
    assert [each["notification_status"] for each in office.search("mail.notification", domain, "notification_status")] == [
        "bounce"
    ]


def test_bounce_of_a_mailing(new_office, series):
    """Nobody was notified of it: its trace shows the bounce."""
    office = new_office(series)
    modules = office.search("ir.module.module", [("name", "=", "mass_mailing")], "id")
    office.call("ir.module.module", "button_immediate_install", [modules[0]["id"]])
    box = office.mailbox(PERSON)
    box.empty()
    server = office.make_incoming(PERSON, "imap", name="Mailings", only_replies=True)
    address_of_nobody = f"gone-{uuid.uuid4().hex[:8]}@customer.example"
    gone = office.create("res.partner", name="Gone", email=address_of_nobody)
    mailing = office.create(
        "mailing.mailing",
        subject=f"News {uuid.uuid4().hex[:12]}",
        email_from=address(PERSON),
        body_html="<p>News</p>",
        mailing_model_id=office.search("ir.model", [("model", "=", "res.partner")], "id")[0]["id"],
        mailing_domain=f"[('id', '=', {gone})]",
    )
    office.call("mailing.mailing", "action_send_mail", [mailing])
    office.send_queue()
    assert box.wait_for("Undelivered Mail")
    for _ in range(2):
        office.call("fetchmail.server", "fetch_mail", [server])
    column, bounced = ("state", "bounced") if int(series) == 14 else ("trace_status", "bounce")
    traces = office.search("mailing.trace", [("mass_mailing_id", "=", mailing)], column)
    assert [each[column] for each in traces] == [bounced]
    assert not office.read("fetchmail.server", server, "reading_notes")[0]["reading_notes"]
    # As any bounce that Odoo took.
    assert ["S" in file.name.rpartition(",")[2] for file in box.files()] == [True]


def test_bounce_of_another_programs_message_stays(office, mailbox, lab):
    """New User wrote to nobody with another program. The report is for the person."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = address(PERSON), "nobody@customer.example", "By my own program"
    message["Message-Id"] = f"<{uuid.uuid4().hex}@my-own-program.example>"
    message.set_content("Hello")
    with smtplib.SMTP("127.0.0.1", lab["ports"]["submission"]) as client:
        client.starttls(context=ssl._create_unverified_context())
        client.login(address(PERSON), f"{PERSON}-pw")
        client.send_message(message)
    assert mailbox.wait_for("Undelivered Mail")
    before = mailbox.snapshot()
    fetch(office, "imap", True, times=2)
    fetch(office, "pop", True, times=2)
    assert mailbox.snapshot() == before


def test_made_up_message_id_writes_nowhere(office, mailbox):
    """An answer to a Message-Id of Odoo's form that Odoo never gave out, naming a real record."""
    record = office.make_record("A secret deal")
    for made_up in (f"<1234.5678-openerp-{record}-res.partner@vm>", f"<1234.5678-openerp-reply_to-{record}@vm>"):
        private_mail(office, In_Reply_To=made_up, References=made_up)
    before = len(office.search("mail.message", [("model", "=", "res.partner"), ("res_id", "=", record)], "id"))
    fetch(office, "imap", True)
    fetch(office, "imap", False)
    assert len(office.search("mail.message", [("model", "=", "res.partner"), ("res_id", "=", record)], "id")) == before


def test_pop_server_of_the_lab_keeps_names(lab):
    """What the tests above rest on: names of messages that last."""
    client = poplib.POP3_SSL("127.0.0.1", lab["ports"]["pop3s"], context=ssl._create_unverified_context())
    client.user(BOB)
    client.pass_("bob-pw")
    names = client.uidl()[1]
    client.quit()
    assert len(set(names)) == len(names)


# ----------------------------------------------------------------------
# What strangers write
# ----------------------------------------------------------------------


def landed(office, record, text="Yes, "):
    domain = [("model", "=", "res.partner"), ("res_id", "=", record), ("body", "like", text)]
    return len(office.search("mail.message", domain, "id"))


@KINDS
def test_messages_that_cannot_be_read_keep_nothing_from_being_taken(office, mailbox, kind):
    wrong = flood.flood(office, kind, count=len(list(corpus.malformed())) + 60, seed=0)[0]
    assert wrong == []


@KINDS
def test_odd_answers_land_on_the_record(office, mailbox, kind):
    for name, trip in [(name, office.follow(office.send("chatter", PERSON))) for name, _ in corpus.answers("<a@b>")]:
        mailbox.put(dict(corpus.answers(trip.message_id))[name])
        fetch(office, kind, True)
        assert landed(office, trip.record) == 1, (name, notes(office, kind))
    assert not notes(office, kind)
    # 14 notifies the person of each by mail, which came by a mail server.
    assert {flags for flags, content in mailbox.snapshot().values() if b"Return-Path" not in content} <= {"S"}


@KINDS
@pytest.mark.parametrize("form", [name for name, _content in corpus.bounces("<a@b>", "c@d")])
def test_bounce_of_any_form(office, mailbox, kind, form):
    gone = f"gone-{uuid.uuid4().hex[:8]}@other.example"
    message, message_id = message_to(office, gone)
    mailbox.put(dict(corpus.bounces(message_id, gone))[form])
    fetch(office, kind, True)
    assert not notes(office, kind)
    assert statuses(office, message) == ["bounce"]
    assert [flags for flags, _content in mailbox.snapshot().values()] == (["S"] if kind == "imap" else [])
    if office.series != "14" and form != "no recipient":
        reason = office.search("mail.notification", [("mail_message_id", "=", message)], "failure_reason")
        assert "no mailbox here" in reason[0]["failure_reason"] or "No such user." in reason[0]["failure_reason"]


def message_to(office, email):
    """A message to a contact, as if it had been sent: its id and Message-Id."""
    partner = office.create("res.partner", name="Gone", email=email)
    record, subject = office.make_record("A lost deal"), f"To nobody {uuid.uuid4().hex[:12]}"
    values = {"subject": subject, "message_type": "comment", "subtype_xmlid": "mail.mt_comment", "partner_ids": [partner]}
    context = {"mail_notify_force_send": False}
    office.call("res.partner", "message_post", [record], client=office.as_person(PERSON), body="?", context=context, **values)
    found = office.search("mail.message", [("subject", "=", subject)], "message_id")[0]
    office.sql(f"UPDATE mail_mail SET state = 'sent' WHERE mail_message_id = {found['id']}")
    table = "mail_message_res_partner_needaction_rel" if office.series == "14" else "mail_notification"
    office.sql(f"UPDATE {table} SET notification_status = 'sent' WHERE mail_message_id = {found['id']}")
    return found["id"], found["message_id"].strip()


def statuses(office, message):
    domain = [("mail_message_id", "=", message), ("notification_type", "=", "email")]
    return [each["notification_status"] for each in office.search("mail.notification", domain, "notification_status")]


@KINDS
def test_report_of_no_failure_is_for_the_person(office, mailbox, kind):
    message, message_id = message_to(office, f"late-{uuid.uuid4().hex[:8]}@other.example")
    for _form, content in corpus.no_bounces(message_id):
        mailbox.put(content)
    before = mailbox.snapshot()
    fetch(office, kind, True, times=2)
    assert (mailbox.snapshot(), statuses(office, message), notes(office, kind)) == (before, ["sent"], [])


@KINDS
def test_answer_that_core_fails_on_stays_unread_and_is_noted_once(office, mailbox, kind):
    """Its character set is none: core raises an error, and then marks it as read, or deletes it."""
    trip = office.follow(office.send("chatter", PERSON))
    subject = f"Re: {trip.subject}"
    mailbox.put(
        corpus.message(
            b"From: " + BOB.encode(),
            b"Subject: " + subject.encode(),
            b"Message-ID: <charset.%s@other.example>" % uuid.uuid4().hex.encode(),
            b"References: " + trip.message_id.encode(),
            b"Content-Type: text/plain; charset=no-such-charset",
        )
    )
    before = mailbox.snapshot()
    answer = office.answer(trip)
    assert mailbox.wait_for(subject, count=2)
    fetch(office, kind, True, times=3)
    assert [each["res_id"] for each in office.search("mail.message", [("message_id", "=", answer)], "res_id")] == [trip.record]
    after = mailbox.snapshot()
    assert {name: after.get(name) for name in before} == before
    assert len(notes(office, kind)) == 1
    assert subject in notes(office, kind)[0]
    assert "LookupError" in notes(office, kind)[0]


@KINDS
def test_attached_message_that_python_needs_long_for(office, mailbox, kind):
    """Core would write it anew, which takes Python seconds for some hundred bytes. It stays; the one behind it lands."""
    trips = [office.follow(office.send("chatter", PERSON)) for _ in range(2)]
    own = f"<attached.{uuid.uuid4().hex}@other.example>"
    attached = b"--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: " + b"\xe4 " * 2500 + b"\r\n\r\nhi\r\n--b--\r\n"
    mailbox.put(
        corpus.message(
            b"From: " + BOB.encode(),
            b"Subject: Attached",
            b"Message-ID: " + own.encode(),
            b"References: " + trips[0].message_id.encode(),
            b"Content-Type: multipart/mixed; boundary=b",
            body=attached,
        )
    )
    mailbox.put(dict(corpus.answers(trips[1].message_id))["calendar"])
    fetch(office, kind, True)
    assert not office.search("mail.message", [("message_id", "=", own)], "id")
    assert landed(office, trips[1].record, "VCALENDAR") + landed(office, trips[1].record) == 1
    assert [flags for flags, content in mailbox.snapshot().values() if b"Subject: Attached" in content] == [""]
    (note,) = notes(office, kind)
    assert "Attached" in note
    assert "too long" in note


def test_many_unread_messages_of_a_mailbox_that_was_made_anew(office, mailbox, lab):
    """A new UIDVALIDITY: of what is unread then, nothing is passed over, however much there is."""
    fetch(office, "imap", True)
    trip = office.follow(office.send("chatter", PERSON))
    mailbox.empty()
    for number in range(1100):
        mailbox.put(corpus.message(b"From: a@other.example", b"Subject: %d" % number, b"Message-ID: <%d@new.example>" % number))
    flags(lab)  # Now they have their identifiers, and the answer comes behind them.
    answer = office.answer(trip)
    assert mailbox.wait_for(f"Re: {trip.subject}")
    fetch(office, "imap", True, times=2)
    assert [each["res_id"] for each in office.search("mail.message", [("message_id", "=", answer)], "res_id")] == [trip.record]


@KINDS
def test_server_that_is_saved_while_it_is_fetched(office, mailbox, kind):
    """By site.yml, or by a person on the form."""
    trips = [office.follow(office.send("chatter", PERSON)) for _ in range(6)]
    answers = {}
    for trip in trips:
        private_mail(office)
        answers[office.answer(trip)] = trip.record
        assert mailbox.wait_for(f"Re: {trip.subject}")
    server, stop, saved = office.incoming[PERSON, kind, True], threading.Event(), []

    def save():
        # As another program would, which waits for nobody.
        while not stop.is_set():
            office.sql(f"SET lock_timeout = '2s'; UPDATE fetchmail_server SET priority = priority + 1 WHERE id = {server}")
            saved.append(1)

    log = Path(office.server["log"])
    start = log.stat().st_size
    person = threading.Thread(target=save)
    person.start()
    try:
        fetch(office, kind, True, times=3)
    finally:
        stop.set()
        person.join()
    assert saved
    found = office.search("mail.message", [("message_id", "in", list(answers))], "message_id", "res_id")
    assert {each["message_id"].strip(): each["res_id"] for each in found} == answers
    logged = log.read_bytes()[start:].decode()
    assert "current transaction is aborted" not in logged
    assert "General failure" not in logged


def test_answers_in_further_folders(office, mailbox):
    """A rule of the mailbox has filed them. Each folder has identifiers of its own."""
    server = office.incoming[PERSON, "imap", True]
    office.call("fetchmail.server", "write", [server], {"folders": "Customers, Kunden & Gäste\nNo Such Folder"})
    trips = [office.follow(office.send("chatter", PERSON)) for _ in range(4)]
    folders = ["Customers", "Kunden &- G&AOQ-ste", "Customers", None]
    for trip, folder in zip(trips, folders, strict=True):
        mailbox.put(corpus.message(b"From: a@other.example", b"Subject: private"), folder)
        mailbox.put(dict(corpus.answers(trip.message_id))["calendar"], folder)
        if trip is trips[2]:
            fetch(office, "imap", True, times=2)
    fetch(office, "imap", True, times=2)
    office.call("fetchmail.server", "write", [server], {"folders": False})
    assert [landed(office, trip.record, "VCALENDAR") + landed(office, trip.record) for trip in trips] == [1, 1, 1, 1]
    assert [line for line in notes(office, "imap") if "No Such Folder" not in line] == []
    assert len(notes(office, "imap")) == 1
    flags = [file.name.rpartition(",")[2] for file in mailbox.folder.glob(".Customers/cur/*")]
    assert sorted(flags) == ["", "", "S", "S"]


def test_a_further_folder_that_was_made_anew(office, mailbox):
    """Its identifiers begin anew, below those that were judged before."""
    server = office.incoming[PERSON, "imap", True]
    office.call("fetchmail.server", "write", [server], {"folders": "Customers"})
    trip = office.follow(office.send("chatter", PERSON))
    for _ in range(3):
        mailbox.put(corpus.message(b"From: a@other.example", b"Subject: private"), "Customers")
    fetch(office, "imap", True)
    shutil.rmtree(mailbox.folder / ".Customers")
    mailbox.put(dict(corpus.answers(trip.message_id))["calendar"], "Customers")
    fetch(office, "imap", True, times=2)
    office.call("fetchmail.server", "write", [server], {"folders": False})
    assert landed(office, trip.record, "VCALENDAR") + landed(office, trip.record) == 1


@KINDS
def test_answer_that_the_mail_server_refuses_for_a_while(office, mailbox, lab, kind):
    """However often: it lands when the server gives it. The one behind it lands at once."""
    server = office.incoming[PERSON, kind, True]
    own = office.read("fetchmail.server", server, "server", "port", "is_ssl")[0]
    with Relay(own["port"]) as relay:
        office.call("fetchmail.server", "write", [server], {"server": "127.0.0.1", "port": relay.port, "is_ssl": False})
        try:
            fetch(office, kind, True)
            trips = [office.follow(office.send("chatter", PERSON)) for _ in range(2)]
            for trip in trips:
                mailbox.put(dict(corpus.answers(trip.message_id))["calendar"])
            uids = [int(uid) for line in flags(lab) for uid in re.findall(rb"UID (\d+)", line)]
            first = len(uids) - 1
            relay.refused = rf"UID FETCH {uids[-2]} \(UID BODY\.PEEK\[\]\)|RETR {first}|TOP {first} [1-9]\d+"
            for _ in range(3):
                fetch(office, kind, True)
                assert [landed(office, trip.record, "VCALENDAR") + landed(office, trip.record) for trip in trips] == [0, 1]
            assert len(notes(office, kind)) == 1
            assert "Try again later" in notes(office, kind)[0]
            relay.refused = None
            fetch(office, kind, True)
            assert [landed(office, trip.record, "VCALENDAR") + landed(office, trip.record) for trip in trips] == [1, 1]
        finally:
            office.call("fetchmail.server", "write", [server], {name: own[name] for name in ("server", "port", "is_ssl")})


def test_message_that_killed_odoo_twice_is_not_tried_again(office, mailbox, lab):
    """The tries are saved before Odoo gets the message. Here they are written as two deaths would leave them."""
    fetch(office, "imap", True)
    trips = [office.follow(office.send("chatter", PERSON)) for _ in range(2)]
    for trip in trips:
        mailbox.put(dict(corpus.answers(trip.message_id))["calendar"])
    uids = [int(uid) for line in flags(lab) for uid in re.findall(rb"UID (\d+)", line)]
    tries = json.dumps({"tries": {str(uids[-2]): 2}})
    office.sql(f"UPDATE smtp_server_per_user_progress SET progress = progress::jsonb || '{tries}'::jsonb")
    fetch(office, "imap", True, times=2)
    assert [landed(office, trip.record, "VCALENDAR") + landed(office, trip.record) for trip in trips] == [0, 1]
    assert len(notes(office, "imap")) == 1
    assert "interrupted twice" in notes(office, "imap")[0]
