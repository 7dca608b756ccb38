"""The round trip of verify.yml through real mail: what it says when all is well, and when a step of it is broken.

Whatever breaks, the report names the step, and nothing is left behind: neither in Odoo nor in a mailbox.
"""

import email
import multiprocessing
import os
import shutil
import signal
import time
from dataclasses import fields, replace
from pathlib import Path

import pytest
from maildir import Mailbox as Maildir
from office import BOB, address
from provider import Provider

from ansible_collections.postroom.odoo.plugins.module_utils.operations.round_trip import NAMESPACE, OdooSide
from ansible_collections.postroom.odoo.plugins.module_utils.transport.session import Session
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify import round_trip, sessions
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.findings import Findings
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.letterbox import Letterbox
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.people import Person
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.targets import OAUTH, Endpoint, Mailbox, OauthClient
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.tokens import Tokens

USER = address("newuser")
PRIVATE = b"From: a@elsewhere.example\r\nTo: newuser@office.example\r\nSubject: Dinner?\r\nMessage-Id: <%d@e>\r\n\r\nYes?\r\n"
OUR_WORDS = b"Postroom verification"
QUESTION = (
    b"From: newuser@office.example\r\nTo: bob@customer.example\r\nSubject: Postroom verification?\r\nMessage-Id: <q@e>\r\n\r\n"
    b"What is this Postroom verification?\r\n"
)


class Verifier:
    """Round trips of an office's users."""

    def __init__(self, office):
        self.office, self.lab = office, office.lab
        self.mailboxes = [each for person in ("newuser", "seconduser") for each in self.boxes(address(person), f"{person}-pw")]
        self.bob = Person(BOB, *self.boxes(BOB, self.lab["mail"]["mailboxes"][BOB]["password"]))
        for each in (USER, address("seconduser"), BOB):
            Maildir(self.lab, each).empty()
        Maildir(self.lab, USER).put(PRIVATE % 1)
        Maildir(self.lab, BOB).put(PRIVATE % 2)

    def boxes(self, login, password):
        ports = self.lab["ports"]
        inbox = Mailbox(Endpoint("imap", "127.0.0.1", ports["imaps"], "ssl"), login, login, password)
        return inbox, Mailbox(
            Endpoint("smtp", "127.0.0.1", ports["submission"], "starttls"), login, login, password, address=login
        )

    def through(self, provider):
        """Bob, who sends through a provider of the test."""
        outbox = Mailbox(Endpoint("smtp", "127.0.0.1", provider.port, "none"), BOB, BOB, "x", address=BOB)
        return Person(BOB, self.bob.inbox, outbox)

    def connect(self):
        return Session(self.office.server["url"], self.office.name, self.office.server["login"], self.office.server["password"])

    def check(self, *users, wait=4, **settings):
        """Rules and results of the round trips of these users."""
        findings = Findings()
        way = round_trip.Way(self.connect, list(users or [USER]), wait=wait, **{"echo": self.bob, **settings})
        round_trip.check(self.mailboxes, findings, way)
        return findings.result()

    def rules(self, *users, **settings):
        found = self.check(*users, **settings)
        assert found["not_checked"] == [], found
        return {each["rule"]: each["found"] for each in found["findings"]}

    # -- what is left --

    def others(self):
        """What is not of the round trip, in every mailbox."""
        boxes = {each: Maildir(self.lab, each).snapshot() for each in (USER, address("seconduser"), BOB)}
        return {
            (box, name): kept for box, messages in boxes.items() for name, kept in messages.items() if OUR_WORDS not in kept[1]
        }

    def left(self):
        odoo = self.office.sql(
            f"SELECT 'name', name FROM ir_model_data WHERE module = '{NAMESPACE}' UNION ALL "
            "SELECT 'contact', name FROM res_partner WHERE name LIKE '%Postroom verification%' UNION ALL "
            "SELECT 'message', subject FROM mail_message WHERE subject LIKE '%Postroom verification%' UNION ALL "
            "SELECT 'mail', m.state FROM mail_mail m WHERE NOT EXISTS (SELECT FROM mail_message WHERE id = m.mail_message_id)"
        ).split("\n")
        return [each for each in odoo if each.strip()] + self.mails_left()

    def mails_left(self):
        return [
            str(file)
            for each in (USER, address("seconduser"), address("catchall"), BOB)
            for file in Maildir(self.lab, each).folder.rglob("*")
            if file.is_file() and file.parent.name in ("new", "cur") and OUR_WORDS in file.read_bytes()
        ]


@pytest.fixture(scope="module")
def provider():
    made = Provider()
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def routed(new_office, series):
    return Verifier(new_office(series))


@pytest.fixture(scope="module")
def plain(new_office, series):
    return Verifier(new_office(series, addon=False))


@pytest.fixture(scope="module")
def second(new_office, series):
    return Verifier(new_office(series))


@pytest.fixture
def verifier(routed, provider):
    provider.behave()
    before = routed.others()
    assert len(before) == 2
    yield routed
    assert routed.left() == []
    assert routed.others() == before, "mail of a person was changed"


@pytest.fixture
def changed(routed):
    """Function that changes a record of Odoo, and puts it back after the test."""
    undo = []

    def change(model, record, **values):
        (before,) = routed.office.read(model, record, *values)
        undo.append((model, record, {name: before[name] for name in values}))
        routed.office.call(model, "write", [record], values)

    yield change
    for model, record, values in reversed(undo):
        routed.office.call(model, "write", [record], values)


@pytest.fixture
def by_provider(routed, changed, provider):
    """The user's server is the test's own."""
    changed("ir.mail_server", routed.office.servers["newuser"], smtp_port=provider.port, smtp_encryption="none")
    return provider


def deliver(verifier, owner, folder=None, head=b"", change=lambda content: content):
    """What a provider does with a message: deliver it to somebody's folder."""

    def on_data(message, _session):
        content = change(message.as_bytes().replace(b"\r\n", b"\n"))
        Maildir(verifier.lab, owner).put(b"Return-Path: <%s>\n" % USER.encode() + head + content, folder)

    return on_data


# -- all is well ---------------------------------------------------------------------------------------------------------


def test_all_is_well(verifier):
    found = verifier.rules(USER, address("seconduser"))
    assert set(found) == {"trip_done", "trip_not_judged"}
    assert f"{BOB} received it after" in found["trip_done"]
    assert "by Bob Customer" in found["trip_done"]


def test_each_user_answers_the_next(verifier):
    """Without verify_echo, a mailbox of the inventory receives."""
    found = verifier.check(USER, address("seconduser"), echo=None)
    assert {(each["rule"], each["subject"]) for each in found["findings"]} == {
        (rule, f"round trip of {user}") for rule in ("trip_done", "trip_not_judged") for user in (USER, address("seconduser"))
    }, found


def test_mailboxes_that_log_in_by_oauth(verifier, tokens):
    """Of the receiver, and of the user: the controller reads and removes there, too."""
    settings = {**tokens.client("client_credentials"), "client_authentication": "client_secret_post"}
    client = OauthClient(**{each.name: settings.get(each.name, "") for each in fields(OauthClient)})

    def by_token(mailbox):
        return replace(mailbox, authentication=OAUTH, password=None, client=client)

    verifier.mailboxes, passwords = [by_token(each) for each in verifier.mailboxes], verifier.mailboxes
    echo = Person(BOB, by_token(verifier.bob.inbox), by_token(verifier.bob.outbox))
    try:
        found = verifier.rules(echo=echo, tokens=Tokens(verifier.lab["ca_file"]))
    finally:
        verifier.mailboxes = passwords
    assert set(found) == {"trip_done", "trip_not_judged"}
    assert len(tokens.requests()) == 1


def test_without_the_addon(plain, series):
    assert plain.left() == []
    if series == "14":
        # Odoo 14 sends all mail through the first server, and the provider rejects another's From.
        assert set(plain.rules(address("seconduser"))) == {"trip_refused"}
        assert "553" in plain.rules(address("seconduser"))["trip_refused"]
    else:
        assert set(plain.rules()) == {"trip_done", "trip_not_judged", "trip_reply_to_catchall", "trip_not_removed"}
        plain.mailboxes += plain.boxes(address("catchall"), "catchall-pw")
        found = plain.rules()
        assert set(found) == {"trip_done", "trip_not_judged", "trip_reply_to_catchall", "trip_left_over"}
        assert found["trip_left_over"] == "removed: 0 records, 1 mails"
    assert plain.left() == []


# -- on the way there ----------------------------------------------------------------------------------------------------


def test_nobody_in_odoo_has_the_address(verifier):
    assert set(verifier.rules("ghost@office.example")) == {"trip_user_missing"}


def test_a_message_that_odoo_rejects(verifier):
    verifier.office.sql("ALTER TABLE res_partner ADD CONSTRAINT no_scratch CHECK (name NOT LIKE 'Postroom verification%')")
    try:
        assert set(verifier.rules()) == {"trip_not_posted"}
    finally:
        verifier.office.sql("ALTER TABLE res_partner DROP CONSTRAINT no_scratch")


def test_a_login_that_is_refused(verifier, by_provider):
    by_provider.behave(on_mail=lambda _address, _session: "550 no such sender here")
    found = verifier.rules()
    assert set(found) == {"trip_refused"}
    assert "550 no such sender here" in found["trip_refused"]


def test_a_provider_that_wants_to_wait(verifier, by_provider):
    by_provider.behave(on_mail=lambda _address, _session: "450 too many messages")
    found = verifier.rules()
    assert set(found) == {"trip_waiting"}
    assert "450 too many messages" in found["trip_waiting"]


def test_a_message_that_is_lost(verifier, by_provider):
    assert set(verifier.rules(wait=1)) == {"trip_lost"}
    assert [sender for sender, _to, _message in by_provider.taken] == [USER]


def test_a_message_that_arrives_late(verifier, by_provider):
    """After its run has ended: the next one removes it, and says so."""
    assert set(verifier.rules(wait=1)) == {"trip_lost"}
    (message,) = [message for _sender, _to, message in by_provider.taken]
    Maildir(verifier.lab, BOB).put(message.as_bytes())
    by_provider.behave()
    found = verifier.rules(wait=1)
    assert set(found) == {"trip_lost", "trip_left_over"}
    assert found["trip_left_over"] == "removed: 0 records, 1 mails"


def test_a_message_that_bounces(verifier):
    ghost = Person("ghost@customer.example", verifier.bob.inbox, verifier.bob.outbox)
    found = verifier.rules(echo=ghost)
    assert set(found) == {"trip_bounced"}
    assert USER in found["trip_bounced"]


def test_a_message_in_the_spam_folder(verifier, by_provider):
    by_provider.behave(on_data=deliver(verifier, BOB, "Junk"))
    found = verifier.rules()
    assert set(found) == {"trip_in_spam", "trip_done", "trip_not_judged"}
    assert found["trip_in_spam"] == "in the folder Junk"


# -- what a provider keeps -----------------------------------------------------------------------------------------------


@pytest.fixture(params=["Sent", "Outbound", "All Mail", "Everything", "Bin"])
def folder(verifier, request):
    """A folder of the user, by its name or by its mark, in which a person has a message with our words in its subject."""
    owner = Maildir(verifier.lab, USER)
    owner.put(QUESTION, request.param)
    place = owner.folder / f".{request.param}"
    yield request.param
    (kept,) = [file for kind in ("new", "cur") for file in (place / kind).iterdir()]
    assert kept.read_bytes() == QUESTION
    assert kept.name.partition(":2,")[2] == "", "mail of a person was marked"
    shutil.rmtree(place)


def test_copies_that_a_provider_keeps(verifier, by_provider, folder):
    """Of the message in the user's folder, as of what is sent by SMTP; the fixture sees that nothing is left."""
    deliver_to_bob = deliver(verifier, BOB)

    def on_data(message, session):
        deliver_to_bob(message, session)
        Maildir(verifier.lab, USER).put(message.as_bytes(), folder)

    by_provider.behave(on_data=on_data)
    assert set(verifier.rules()) == {"trip_done", "trip_not_judged"}


def test_a_copy_of_an_earlier_run(verifier, by_provider, folder):
    """Found by the beginning of its word."""
    assert set(verifier.rules(wait=1)) == {"trip_lost"}
    (message,) = [message for _sender, _to, message in by_provider.taken]
    Maildir(verifier.lab, USER).put(message.as_bytes(), folder)
    by_provider.behave()
    assert verifier.rules(wait=1)["trip_left_over"] == "removed: 0 records, 1 mails"


@pytest.mark.parametrize("folder", ["Bin"], indirect=True)
def test_a_server_that_deletes_from_its_trash_only(verifier, folder):
    """Gmail does. This server has the commands, and needs none of it."""
    for place in (None, "Sent", folder):
        content = b"From: a@b.example\r\nSubject: =?utf-8?q?[=C3=96]_Postroom_verification_pv0123?=\r\n\r\nx\r\n"
        Maildir(verifier.lab, USER).put(b"Message-Id: <%s@e>\r\n" % str(place).encode() + content, place)
    way = round_trip.Way(verifier.connect, [USER])
    with way.open_letterbox(verifier.mailboxes[0]) as letterbox:
        letterbox.deletes_from_trash = True
        assert letterbox.remove("pv01", spare="pv0124") == (3, 0)


# -- what arrives --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("judged", "rule"),
    [
        (b"spf=pass smtp.mailfrom=office.example; dkim=pass header.d=office.example; dmarc=pass", None),
        (b"spf=pass; dkim=none; dmarc=fail (p=reject)", "trip_dmarc"),
        (b"spf=softfail; dkim=pass; dmarc=pass", "trip_spf"),
        (b"spf=pass; dkim=fail (bad signature); dmarc=pass", "trip_dkim"),
    ],
)
def test_what_the_receiver_judged(verifier, by_provider, judged, rule):
    by_provider.behave(on_data=deliver(verifier, BOB, head=b"Authentication-Results: mx.customer.example; %s\n" % judged))
    assert set(verifier.rules()) == {"trip_done", rule} - {None}


@pytest.mark.parametrize(
    ("header", "instead", "rule"),
    [
        (b"From", b"notifications@office.example", "trip_from"),
        (b"Reply-To", b"seconduser@office.example", "trip_reply_to"),
        (b"Received", b"from odoo (Authenticated sender: seconduser@office.example) by mx", "trip_login"),
    ],
)
def test_headers_that_are_wrong(verifier, by_provider, header, instead, rule):
    def change(content):
        lines = [line for line in content.split(b"\n", 40) if not line.startswith(header + b":")]
        return b"\n".join([header + b": " + instead, *lines])

    by_provider.behave(on_data=deliver(verifier, BOB, change=change))
    assert rule in verifier.rules()


@pytest.mark.parametrize(
    "name",
    # Decoded, the names have a comma, and another address; the last one cannot be decoded.
    [b"=?utf-8?b?TcO8bGxlciwgQW5uYQ==?=", b"=?utf-8?b?w5YgPGV2ZUBjdXN0b21lci5leGFtcGxlPg==?=", b"=?utf-8?b?x?="],
)
def test_names_that_are_encoded(verifier, by_provider, name):
    def change(content):
        lines = [line for line in content.split(b"\n", 40) if not line.startswith((b"From:", b"Reply-To:"))]
        return b"\n".join([b"From: %s <%s>" % (name, USER.encode()), b"Reply-To: %s <%s>" % (name, USER.encode()), *lines])

    by_provider.behave(on_data=deliver(verifier, BOB, change=change))
    assert set(verifier.rules()) == {"trip_done", "trip_not_judged"}


def test_a_reply_to_that_is_no_address(verifier, by_provider):
    """Nobody gets the answer: not the From instead, nor the domain's own user of that name."""

    def change(content):
        lines = [line for line in content.split(b"\n", 40) if not line.startswith(b"Reply-To:")]
        return b"\n".join([b"Reply-To: =?utf-8?q?newuser?=", *lines])

    by_provider.behave(on_data=deliver(verifier, BOB, change=change))
    found = verifier.rules()
    assert set(found) == {"trip_reply_to", "trip_not_judged"}
    assert found["trip_reply_to"] == "Reply-To: =?utf-8?q?newuser?="


def test_an_envelope_sender_that_is_wrong(verifier, by_provider):
    def on_data(message, _session):
        Maildir(verifier.lab, BOB).put(b"Return-Path: <bounce@office.example>\n" + message.as_bytes())

    by_provider.behave(on_data=on_data)
    assert "trip_return_path" in verifier.rules()


def test_a_message_id_that_is_replaced(verifier, by_provider):
    def change(content):
        head, _empty, body = content.partition(b"\n\n")
        lines = [line for line in head.split(b"\n") if not line.lower().startswith((b"message-id:", b" <"))]
        return b"\n".join([b"Message-Id: <replaced@provider.example>", *lines]) + b"\n\n" + body

    by_provider.behave(on_data=deliver(verifier, BOB, change=change))
    assert set(verifier.rules(wait=2)) == {"trip_message_id", "trip_not_judged", "trip_not_landed"}


# -- on the way back -----------------------------------------------------------------------------------------------------


def test_an_answer_that_is_refused(verifier, provider):
    provider.behave(on_rcpt=lambda _address, _session: "550 no such user")
    found = verifier.rules(echo=verifier.through(provider))
    assert set(found) == {"trip_not_judged", "trip_answer_refused"}
    assert found["trip_answer_refused"] == "550 no such user"


def test_an_answer_that_is_lost(verifier, provider):
    assert set(verifier.rules(echo=verifier.through(provider), wait=2)) == {"trip_not_judged", "trip_answer_lost"}


def test_an_answer_in_the_spam_folder(verifier, provider):
    provider.behave(on_data=deliver(verifier, USER, "Junk"))
    assert set(verifier.rules(echo=verifier.through(provider))) == {"trip_not_judged", "trip_answer_in_spam"}


def test_a_mailbox_that_odoo_does_not_fetch(verifier, changed):
    changed("fetchmail.server", verifier.office.fetching["newuser"], state="draft")
    found = verifier.rules()
    assert set(found) == {"trip_not_judged", "trip_not_fetched_by_odoo"}
    changed("fetchmail.server", verifier.office.fetching["newuser"], active=False)
    assert verifier.rules()["trip_not_fetched_by_odoo"] == "no active incoming mail server"


def test_a_mailbox_that_odoo_cannot_open(verifier, changed):
    changed("fetchmail.server", verifier.office.fetching["newuser"], password="wrong", state="done")
    assert set(verifier.rules(wait=2)) == {"trip_not_judged", "trip_fetch_failed"}


def test_an_answer_that_lands_elsewhere(verifier, changed, provider):
    """On a new record, which is removed, too."""
    model = verifier.office.search("ir.model", [("model", "=", "res.partner")], "id")[0]["id"]
    changed("fetchmail.server", verifier.office.fetching["newuser"], object_id=model, state="done")

    def change(content):
        message = email.message_from_bytes(content)
        del message["References"], message["In-Reply-To"]
        return message.as_bytes()

    provider.behave(on_data=deliver(verifier, USER, change=change))
    found = verifier.rules(echo=verifier.through(provider))
    assert set(found) == {"trip_not_judged", "trip_elsewhere"}


def test_an_answer_by_somebody_else(verifier, provider):
    def change(content):
        return content.replace(b"From: bob@customer.example", b"From: eve@customer.example")

    provider.behave(on_data=deliver(verifier, USER, change=change))
    found = verifier.rules(echo=verifier.through(provider))
    assert set(found) == {"trip_not_judged", "trip_author", "trip_done"}


# -- interrupted ---------------------------------------------------------------------------------------------------------


def started(verifier, *users, dies_after=None, **settings):
    """A run in a process of its own, which may be ended, or is killed as soon as a step is done."""

    def run():
        if dies_after:
            owner, step = dies_after
            done = getattr(owner, step)

            def last(*args, **named):
                done(*args, **named)
                os.kill(os.getpid(), signal.SIGKILL)

            setattr(owner, step, last)
        verifier.check(*users, **settings)

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    return process


def killed(verifier, *users, mails, **settings):
    """A run that was killed after a step, when the mails that had left by then have arrived."""
    process = started(verifier, *users, **settings)
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    deadline = time.monotonic() + 10
    while len(verifier.mails_left()) < mails and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(verifier.mails_left()) == mails


# Each step after which a run is killed, and what it has left by then: how many records, and how many mails.
STEPS = {
    "the receiver's contact": (OdooSide, "create_contact", 1, 0),
    "the record": (OdooSide, "create_record", 2, 0),
    "the message waits in Odoo": (OdooSide, "post", 2, 0),
    "the message is sent": (OdooSide, "send", 2, 1),
    "the message is found": (Letterbox, "wait_for", 2, 1),
    "the answer is sent": (sessions._Smtp, "hand_in", 2, 2),
    "the answer is fetched": (OdooSide, "fetch", 2, 2),
    "one mailbox is tidied up": (round_trip._Trip, "_note_left", 2, 1),
    "the record is removed": (OdooSide, "remove", 1, 0),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_after_each_step(verifier, step):
    """The next run removes what was left, says so, and goes round."""
    *step, records, mails = STEPS[step]
    killed(verifier, dies_after=step, mails=mails)
    assert verifier.left() != []
    found = verifier.rules()
    assert set(found) == {"trip_done", "trip_not_judged", "trip_left_over"}
    assert found["trip_left_over"] == f"removed: {records} records, {mails} mails"


def test_a_crash_without_the_addon(plain, series):
    """The answer is in the mailbox of the catchall; Odoo 14 sends nothing that would be answered."""
    steps, expected = {"the answer is sent": 2, "the answer is fetched": 2}, {"trip_done", "trip_not_judged"}
    if series == "14":
        steps, expected = {"the message is sent": 0}, {"trip_refused"}
    else:
        expected.add("trip_reply_to_catchall")
    plain.mailboxes = [*plain.mailboxes, *plain.boxes(address("catchall"), "catchall-pw")]
    for step, mails in steps.items():
        # Of another test, which had no login for the catchall's mailbox.
        plain.rules(address("seconduser"))
        killed(plain, address("seconduser"), dies_after=STEPS[step][:2], mails=mails)
        found = plain.rules(address("seconduser"))
        assert set(found) == expected | {"trip_left_over"}
        assert found["trip_left_over"] == f"removed: 2 records, {mails} mails"
        assert plain.left() == []


def test_a_crash_without_a_login_for_the_catchall(plain, series):
    """Each run says so, for some days: an answer may be there."""
    user, catchall = address("seconduser"), address("catchall")
    plain.mailboxes = [each for each in plain.mailboxes if each.login != catchall]

    def said():
        found = [each["found"] for each in plain.check(user)["findings"] if each["looked_up"] == f"mailbox of {catchall}"]
        (words,) = [each for each in found if each.startswith("mail of an earlier round trip may be left there: ")]
        return words

    killed(plain, user, dies_after=STEPS["the message is sent"][:2], mails=0 if series == "14" else 1)
    for _run in range(2):
        assert "the inventory has no login for it. Each run until " in said()
    boxes = [replace(each, password="wrong") for each in plain.boxes(catchall, "catchall-pw")]
    plain.mailboxes += boxes
    assert "AUTHENTICATIONFAILED" in said()
    names = "name LIKE 'Postroom verification%'"
    plain.office.sql(f"UPDATE res_partner SET create_date = create_date - INTERVAL '6 days' WHERE {names}")
    assert "This was the last try" in said()
    assert plain.office.sql(f"SELECT count(*) FROM res_partner WHERE {names}").strip() == "0"
    plain.mailboxes = [*(each for each in plain.mailboxes if each not in boxes), *plain.boxes(catchall, "catchall-pw")]
    assert "trip_not_removed" not in plain.rules(user)
    assert plain.left() == []


def test_a_crash_while_a_bounce_is_waited_for(verifier):
    ghost = Person("ghost@customer.example", verifier.bob.inbox, verifier.bob.outbox)
    killed(verifier, echo=ghost, dies_after=(Letterbox, "wait_for"), mails=1)
    assert verifier.rules(echo=ghost)["trip_left_over"] == "removed: 2 records, 1 mails"


def test_a_persons_report_that_mentions_the_round_trip(verifier):
    """It stays, as it is on another message; reports on ours are removed."""
    ghost = Person("ghost@customer.example", verifier.bob.inbox, verifier.bob.outbox)
    owner = Maildir(verifier.lab, USER)
    before = set(owner.snapshot())
    killed(verifier, echo=ghost, dies_after=(Letterbox, "wait_for"), mails=1)
    (bounce,) = [content for name, (_flags, content) in owner.snapshot().items() if name not in before]
    # All of it, with the returned headers, as the text of another report.
    owner.put(
        b"From: MAILER-DAEMON@elsewhere.example\r\nTo: newuser@office.example\r\nSubject: Undelivered\r\nMessage-Id: <r@e>\r\n"
        b"Content-Type: multipart/report; boundary=other\r\n\r\n--other\r\nContent-Type: text/plain\r\n\r\n"
        + bounce
        + b"\r\n--other\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: Look what came back\r\n\r\n--other--\r\n"
    )
    assert len(verifier.mails_left()) == 2
    # Odoo does not fetch there in this run.
    assert verifier.rules(address("seconduser"), echo=ghost)["trip_left_over"] == "removed: 2 records, 1 mails"
    (kept,) = verifier.mails_left()
    assert b"Look what came back" in Path(kept).read_bytes()
    assert Path(kept).name.partition(":2,")[2] == "", "mail of a person was marked"
    Path(kept).unlink()


def test_a_crash_before_a_run_that_reaches_other_mailboxes_only(verifier):
    """What it cannot see, it names; the run that can removes it."""
    killed(verifier, dies_after=STEPS["the message is sent"][:2], mails=1)
    words = "mail of an earlier round trip may be left there: "
    found = verifier.rules(address("seconduser"), echo=None)
    assert found["trip_left_over"] == "removed: 1 records, 0 mails"
    assert found["trip_not_removed"].startswith(words + "the inventory has no login for it. Each run until ")
    # The mail, and the receiver's contact with its external identifier, which is nobody's address any more.
    assert len(verifier.left()) == 3
    addresses = "SELECT count(email) FROM res_partner WHERE name LIKE 'Postroom verification%' AND email != ''"
    assert verifier.office.sql(addresses).strip() == "0"
    found = verifier.rules(address("seconduser"), echo=None)
    assert found["trip_not_removed"].startswith(words + "the inventory has no login for it. Each run until ")
    assert "trip_left_over" not in found
    killed(verifier, dies_after=STEPS["the answer is sent"][:2], mails=2)
    inbox, verifier.mailboxes[0] = verifier.mailboxes[0], replace(verifier.mailboxes[0], password="wrong")
    try:
        found = verifier.rules(address("seconduser"))
    finally:
        verifier.mailboxes[0] = inbox
    assert found["trip_left_over"] == "removed: 1 records, 1 mails"
    assert found["trip_not_removed"].startswith(words)
    assert "AUTHENTICATIONFAILED" in found["trip_not_removed"]
    assert verifier.rules()["trip_left_over"] == "removed: 1 records, 1 mails"


def test_a_crash_in_the_middle(verifier, provider):
    """It ends as the answer is handed in: records are in Odoo, and a mail is in a mailbox."""
    running = []

    def on_data(_message, _session):
        os.kill(running[0].pid, signal.SIGKILL)

    provider.behave(on_data=on_data)
    running.append(started(verifier, echo=verifier.through(provider)))
    running[0].join(60)
    assert running[0].exitcode == -signal.SIGKILL
    assert len(verifier.left()) > 3
    found = verifier.rules()
    assert set(found) == {"trip_done", "trip_not_judged", "trip_left_over"}
    assert found["trip_left_over"] == "removed: 2 records, 1 mails"


def test_two_runs_at_a_time_of_two_databases(second, verifier):
    """They share mailboxes, and none removes the other's mail."""
    other = started(second)
    deadline = time.monotonic() + 30
    while other.is_alive() and time.monotonic() < deadline:
        assert "trip_done" in verifier.rules()
    other.join(30)
    assert other.exitcode == 0
    assert second.left() == []


def test_a_mailbox_that_cannot_be_used(verifier):
    """Nothing is written, and it counts as not checked."""
    before = verifier.office.sql("SELECT count(*) FROM res_partner")
    wrong = Person(BOB, Mailbox(verifier.bob.inbox.endpoint, BOB, BOB, "wrong"), verifier.bob.outbox)
    found = verifier.check(echo=wrong)
    assert found["findings"] == []
    ((reason, subject),) = [(each["reason"], each["subject"]) for each in found["not_checked"]]
    assert subject == f"round trip of {USER}"
    assert reason.startswith(f"the mailbox of {BOB} cannot be used")
    assert verifier.office.sql("SELECT count(*) FROM res_partner") == before
