"""The round trip of verify.yml: what the headers of a received message say, and who may receive."""

import email
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.postroom.odoo.plugins.module_utils.operations.round_trip import LeftOver
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify import letterbox, received, round_trip
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.findings import Findings
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.people import BadRoundTrip, Person, echo_of, people_of
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.targets import mailboxes_of, users_of

GOOGLE = (
    "mx.google.com;\r\n       dkim=pass header.i=@mydomain.com header.s=s1 header.b=abc;\r\n       spf=pass (google.com: "
    "domain of a@mydomain.com designates 192.0.2.1 as permitted sender) smtp.mailfrom=a@mydomain.com;\r\n       dmarc=pass "
    "(p=NONE sp=NONE dis=NONE) header.from=mydomain.com"
)
MICROSOFT = (
    "spf=fail (sender IP is 192.0.2.1)\r\n smtp.mailfrom=mydomain.com; dkim=none (message not signed)\r\n header.d=none;"
    "dmarc=fail"
)


@pytest.mark.parametrize(
    ("values", "results"),
    [
        ([], {}),
        ([GOOGLE], {"spf": "pass", "dkim": "pass", "dmarc": "pass"}),
        ([MICROSOFT], {"spf": "fail", "dkim": "none", "dmarc": "fail"}),
        # The sender's own judgement, and a forged one, are below the receiver's.
        (["mx.a; spf=fail", "mx.evil; spf=pass; dkim=pass; dmarc=pass"], {"spf": "fail"}),
        # A receiver may use several.
        (["mx.a; spf=fail", "MX.A; dmarc=fail"], {"spf": "fail", "dmarc": "fail"}),
        (["mx.a; dkim=fail; dkim=pass; dkim=neutral"], {"dkim": "pass"}),
        (["mx.a 1; spf/1=softfail (x (y; dkim=pass))"], {"spf": "softfail"}),
        (["mx.a; none"], {}),
    ],
)
def test_the_receivers_judgement(values, results):
    assert received.results(values) == results


def test_what_the_headers_say():
    found = received.read(
        email.message_from_string(
            "Return-Path: <New.User@mydomain.com>\nReceived: from odoo (odoo [192.0.2.1])\n"
            "\t(Authenticated sender: NewUser@mydomain.com) by mx\nMessage-Id:\n <a@b>\n"
            'From: =?utf-8?q?N=C3=A9?= <newuser@mydomain.com>\nReply-To: "A, B" <c@d.example>\n\n'
        )
    )
    assert (found.sender, found.reply_to, found.return_path) == ("newuser@mydomain.com", "c@d.example", "new.user@mydomain.com")
    assert (found.message_id, found.login) == ("<a@b>", "newuser@mydomain.com")


@pytest.mark.parametrize(
    ("value", "sender"),
    [
        # Decoded: Müller, Anna <a@b.c>
        ("=?utf-8?b?TcO8bGxlciwgQW5uYQ==?= <a@b.c>", "a@b.c"),
        # Decoded: Ö <x@evil.example> <a@b.c>
        ("=?utf-8?b?w5YgPHhAZXZpbC5leGFtcGxlPg==?= <a@b.c>", "a@b.c"),
        ('"Ö <x@evil.example>" <a@b.c>', "a@b.c"),
        ("=?utf-8?b?x?= <a@b.c>", "a@b.c"),
        ("A <A@b.c>,\n d@e.f", "a@b.c"),
        # No address: nothing that could be answered.
        ("=?utf-8?q?a=40b.c?=", "=?utf-8?q?a=40b.c?="),
        ("undisclosed senders", "undisclosed senders"),
        ("Müller, Anna <a@b.c>", "a@b.c"),
        ("", ""),
    ],
)
def test_the_address_of_a_header(value, sender):
    found = received.read(email.message_from_string(f"From: {value}\nReply-To: {value}\n\n"))
    assert (found.sender, found.reply_to) == (sender, sender)


def test_a_bounces_envelope_sender_is_empty_and_a_missing_one_is_not_known():
    assert received.read(email.message_from_string("Return-Path: <>\n\n")).return_path == ""
    assert received.read(email.message_from_string("From: a@b.c\n\n")).return_path is None


BOX = {"host": "mx", "password": "x"}
LISTS = [
    ("a", "users", [{"login": "A@b.c"}, {"login": "gone@b.c", "active": False}, {"login": "d", "email": "d@b.c"}]),
    ("b", "outgoing_mail_servers", [{"login": "a@b.c", **BOX}, {"login": "d@b.c", **BOX}, {"login": "e@b.c", "host": "mx"}]),
    ("c", "incoming_mail_servers", [{"login": "A@B.C", **BOX}, {"login": "d@b.c", "type": "pop", **BOX}]),
]


def test_who_can_receive_and_answer():
    assert users_of(LISTS) == ["a@b.c", "d@b.c"]
    assert list(people_of(mailboxes_of(LISTS))) == ["a@b.c"]


def test_verify_echo():
    mailboxes = mailboxes_of(LISTS)
    assert echo_of(None, mailboxes) is None
    assert echo_of("A@b.c", mailboxes).inbox.login == "A@B.C"
    echo = echo_of({"email": "E@f.g", "password": "x", "imap": {"host": "i"}, "smtp": {"host": "s"}}, mailboxes)
    assert (str(echo.inbox.endpoint), str(echo.outbox.endpoint)) == ("IMAP i:993", "SMTP s:587")
    assert (echo.address, echo.inbox.login, echo.outbox.endpoint.encryption) == ("e@f.g", "E@f.g", "starttls")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("d@b.c", "the inventory has no mailbox d@b.c that the controller can use by SMTP and IMAP. Known: a@b.c"),
        (["a@b.c"], "must be an address of the inventory, or a dictionary"),
        ({"email": "a@b.c"}, "missing required arguments: imap, password, smtp"),
        ({"email": "a", "password": "x", "imap": {"host": "i"}, "smtp": {"host": "s"}}, "email is not an address: a"),
        ({"email": "a@b", "pasword": "x", "imap": {"host": "i"}, "smtp": {"host": "s"}}, "pasword"),
    ],
)
def test_a_verify_echo_that_is_wrong(given, words):
    with pytest.raises(BadRoundTrip) as refused:
        echo_of(given, mailboxes_of(LISTS))
    assert words in str(refused.value)
    assert str(refused.value).startswith("verify_echo")


# -- reports ---------------------------------------------------------------------------------------------------------------

WORD = "pv01234567"
OURS = f"Subject: Postroom verification {WORD}abcdef000000\nMessage-Id: <a@odoo>\n"
ANSWER = f"<{WORD}abcdef000000.answer@postroom.invalid>"
STATUS = "message/delivery-status", "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; a@b.c\nAction: failed\n"


def report_with(*parts, kind="multipart/report"):
    lines = [f"Subject: Undelivered\nContent-Type: {kind}; boundary=b\n"]
    lines += [f"--b\nContent-Type: {content_type}\n\n{content}" for content_type, content in parts]
    return "\n".join([*lines, "--b--\n"]).encode()


def receipt_for(message_id):
    return "message/disposition-notification", f"Final-Recipient: rfc822; a@b.c\nOriginal-Message-ID: {message_id}\n"


@pytest.mark.parametrize(
    ("is_ours", "content"),
    [
        (True, report_with(("text/plain", "Sorry."), STATUS, ("message/rfc822", f"{OURS}\nText"))),
        (True, report_with(("text/plain", "Sorry."), STATUS, ("text/rfc822-headers", OURS))),
        (True, report_with(STATUS, ("message/global-headers", OURS))),
        (
            True,
            report_with(("message/rfc822", f"Subject: =?utf-8?q?[=C3=96]_Re=3A_Postroom_verification_{WORD}00?=\n\nText")),
        ),
        # Cut off, where the limit is.
        (True, report_with(("text/plain", "Sorry."), STATUS, ("message/rfc822", f"{OURS}\n{'Text' * 99}"))[:-99]),
        # On another message, which mentions ours or has it in it.
        (False, report_with(("text/plain", OURS), STATUS, ("message/rfc822", f"Subject: What is it?\n\n{OURS}"))),
        (False, report_with(("text/plain", OURS), STATUS, ("text/rfc822-headers", f"Subject: Why {WORD}?\n\n{OURS}"))),
        (False, report_with(("message/rfc822", f"Subject: Fwd\nContent-Type: message/rfc822\n\n{OURS}\nText"))),
        (False, report_with(("text/plain", OURS), STATUS)),
        # Of another database.
        (False, report_with(STATUS, ("text/rfc822-headers", OURS.replace(WORD, "pv76543210")))),
        # No report.
        (False, report_with(("message/rfc822", f"{OURS}\nText"), kind="multipart/mixed")),
        (False, f"Content-Type: multipart/report\n\n{OURS}".encode()),
        (False, b""),
        (False, b"".join(b"Content-Type: multipart/report; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(5000))),
        # Read receipts.
        (True, report_with(receipt_for(ANSWER))),
        (True, report_with(receipt_for("<a@odoo>"), ("text/rfc822-headers", OURS))),
        (False, report_with(receipt_for("<other@odoo>"), ("text/rfc822-headers", OURS))),
        (False, report_with(receipt_for(""), ("text/rfc822-headers", "".join(OURS.splitlines(True)[:1])))),
        (False, report_with(receipt_for("<other@odoo>"), ("text/plain", OURS))),
    ],
)
def test_a_report_is_on_our_message(is_ours, content):
    assert letterbox.is_report_on(content, WORD) is is_ours


# -- what an interrupted run left ------------------------------------------------------------------------------------------


class Records:
    """What Odoo has of an interrupted run, as long as nobody removes it."""

    def __init__(self, **left):
        self.left, self.kept = left, []

    def left_over(self, _run):
        return dict(self.left)

    def keep(self, token):
        self.kept.append(token)

    def remove(self, token, _answer):
        del self.left[token]
        return 1, []


def left_over_of(records, *boxes, routed=True):
    """What is said of mailboxes that cannot be looked into, and how many records were removed."""
    findings = Findings()
    run = round_trip._Run(mailboxes_of([("c", "incoming_mail_servers", list(boxes))]), findings, round_trip.Way(None, []), None)
    run.identity, run.token = WORD, f"{WORD}ffffff"
    run.routed, run.own_logins, run.special = routed, {"a@b.c": ["a@b.c"]}, {"catchall": ["catchall@b.c"]}
    count = run._remove_left_over(records)
    return {each["looked_up"]: each["found"] for each in findings.result()["findings"]}, count


def days_ago(days):
    return (datetime.now(UTC) - timedelta(days=days)).date().isoformat()


# Nothing listens there.
BROKEN = {"host": "127.0.0.1", "port": 1, "password": "x"}


@pytest.mark.parametrize("box", [(), ({"login": "catchall@b.c", **BROKEN},)], ids=["no login", "no connection"])
def test_the_catchalls_mailbox_cannot_be_looked_into(box):
    """Without the addon, the answer may be there: each run says so as long as it keeps the records."""
    records = Records(t1=LeftOver(user="a@b.c", created=days_ago(0)), t2=LeftOver(receiver="d@e.f", created=days_ago(0)))
    for _run in range(2):
        said, count = left_over_of(records, *box, routed=False)
        assert set(said) == {"mailbox of a@b.c", "mailbox of catchall@b.c", "mailbox of d@e.f"}
        assert ("refused" if box else "the inventory has no login for it") in said["mailbox of catchall@b.c"]
        assert f"Each run until {days_ago(-5)} tries again" in said["mailbox of catchall@b.c"]
        assert f"Postroom verification {WORD}" in said["mailbox of catchall@b.c"]
        assert (count, sorted(records.left)) == (0, ["t1", "t2"])
    assert set(records.kept) == {"t1", "t2"}


def test_it_is_not_kept_forever():
    records = Records(t1=LeftOver(user="a@b.c", created=days_ago(6)), t2=LeftOver(user="a@b.c", created=days_ago(5)))
    said, count = left_over_of(records)
    assert set(said) == {"mailbox of a@b.c"}
    assert f"Each run until {days_ago(0)} tries again" in said["mailbox of a@b.c"]
    assert (count, list(records.left)) == (1, ["t2"])
    records = Records(t1=LeftOver(user="a@b.c", created=days_ago(6)))
    said, count = left_over_of(records)
    assert "This was the last try" in said["mailbox of a@b.c"]
    assert (count, records.left) == (1, {})


def test_addresses_with_one_mailbox():
    """It is tried once, and what failed for one failed for all."""
    records = Records(t1=LeftOver(user="a@b.c", created=days_ago(0)), t2=LeftOver(user="x@b.c", created=days_ago(0)))
    findings = Findings()
    box = mailboxes_of([("c", "incoming_mail_servers", [{"login": "a@b.c", **BROKEN}])])
    run = round_trip._Run(box, findings, round_trip.Way(None, [], echo=Person("x@b.c", box[0], None)), None)
    run.identity, run.token, run.routed = WORD, f"{WORD}ffffff", True
    run.own_logins, run.special = {"a@b.c": [], "x@b.c": []}, {"catchall": []}
    assert run._remove_left_over(records) == 0
    assert [each["looked_up"] for each in findings.result()["findings"]] == ["mailbox of a@b.c", "mailbox of x@b.c"]


def test_records_that_somebody_removed_by_hand():
    records = Records(t1=LeftOver())
    assert left_over_of(records) == ({}, 1)
