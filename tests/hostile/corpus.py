"""Messages that strangers' programs, and strangers, write. Bytes only, for any Python.

Each is made for one Message-Id of Odoo's, or for none.
"""

import random
import zlib

HEAD = b"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nTo: newuser@mydomain.com\r\nMIME-Version: 1.0\r\n"


def message(*headers, body=b"Hello\r\n"):
    """A message of some header lines, to a person."""
    return b"".join(line + b"\r\n" for line in headers) + HEAD + b"\r\n" + body


# ----------------------------------------------------------------------
# Headers on which Python's own parser fails, or takes quadratic time
# ----------------------------------------------------------------------

MESSAGE_IDS = [
    b"<>",
    b"<",
    b"<abc@",
    b"<[0123456789abcdef@provider.example]>",
    b"<[anu10].1c69@[anu13].PROVIDER.EXAMPLE>",
    b"",
    b"no angles",
    b"<two@one.example> <one@two.example>",
    b"<" + b"a" * 5000 + b"@b>",
    b"=?utf-8?q?<a=00b@c>?=",
    b"(" * 800,
    b'<a\\@"b>',
    b"\xff\xfe<\xe4@\xf6>",
]
FROMS = [
    b"=?utf-8?q?Winner=0D=0AX-A=3A_1?= <spam@other.example>",
    b"a@",
    b'"',
    b"(" * 800,
    b'"' * 8000,
    b"<" * 500,
    b"a:;" * 500,
    b"=?nonsense?q?x?= <a@b.example>",
    b"=?utf-8?b?!!!?=",
    b"MAILER-DAEMON@",
    b"",
    b"\x00",
]
CONTENT_TYPES = [
    b'multipart/report; a="' + b'a="' * 4000,
    b"multipart/report; boundary=" + b"b" * 5000,
    b"multipart/report; boundary=",
    b'multipart/mixed; boundary="\x00"',
    b"text/plain; charset=no-such-charset",
    b'text/plain; charset="',
    b";" * 3000,
    b"/",
    b"a/b/c; =; =x",
]
REFERENCES = [
    b"=?utf-8?q?=00?=",
    b"=?utf-8?q?<a=00@b>?=",
    b"<" * 5000,
    b">" * 5000,
    b"<a " * 3000,
    b"=?" * 5000,
    b"=?utf-8?q?" * 1000,
    b"<" + b" \r\n " * 500 + b">",
    b"\xff" * 500,
]
SUBJECTS = [b"=?utf-8?q?=00=0D=0A?=", b"\x00\x1b[31m", b"=?x?b?" * 500, b"s" * 20000]


def malformed():
    """One message for each header value."""
    for number, value in enumerate(MESSAGE_IDS):
        yield message(b"From: <m%d@other.example>" % number, b"Message-ID: " + value, b"Subject: id %d" % number)
    lists = ((b"From", FROMS), (b"Content-Type", CONTENT_TYPES), (b"References", REFERENCES), (b"Subject", SUBJECTS))
    for name, values in lists:
        for number, value in enumerate(values):
            kept = [b"From: a@other.example"] if name != b"From" else []
            own = b"Message-ID: <%s.%d@other.example>" % (name.lower(), number)
            yield message(own, name + b": " + value, *kept)
    yield nested_report(1000)
    yield b""
    yield b"\r\n\r\n"
    yield b"no header at all\r\n\r\ntext"
    yield b" begins with a fold\r\nFrom: a@other.example\r\n\r\ntext"
    yield b"From a@other.example Mon Nov 23 10:00:00 2026\r\nSubject: mbox\r\n\r\ntext"
    yield message(b"Subject: long", *[b"X-Header-%d: x" % number for number in range(3000)])
    yield b"From: MAILER-DAEMON@other.example\r\nContent-Type: multipart/report; boundary=b\r\n\r\n" + b"--b\r\n" * 3000
    yield b"From: MAILER-DAEMON@other.example\r\n\r\n" + b"Message-Id: <\r\n" * 3000


def nested_report(depth):
    top = [b"From: MAILER-DAEMON@other.example", b"Message-ID: <nested@other.example>"]
    content = b"".join(b"Content-Type: multipart/report; boundary=b%d\r\n\r\n--b%d\r\n" % (each, each) for each in range(depth))
    return b"\r\n".join(top) + b"\r\n" + content


PIECES = [
    b"<", b">", b"(", b")", b"[", b"]", b'"', b"\\", b",", b";", b":", b"@", b"=", b"?", b"=?utf-8?q?", b"=?utf-8?b?", b"?=",
    b" ", b"\t", b"\r\n ", b"\n\t", b"\r", b"\x00", b"\xff", b"a", b"<a@b.example>", b"multipart/report", b"boundary=b",
    b"--b", b"=00", b"=0D=0A", b"mailer-daemon@x", b"message/rfc822", b"charset=", b"\xe2\x82",
]  # fmt: skip
NAMES = [
    b"Message-ID", b"From", b"To", b"Subject", b"References", b"In-Reply-To", b"Content-Type", b"Content-Transfer-Encoding",
    b"Date", b"Cc", b"X-Failed-Recipients", b"Return-Path", b"Auto-Submitted", b"Final-Recipient", b"Action",
]  # fmt: skip


def mutated(seed):
    """A message of random pieces; the same for the same seed."""
    chance = random.Random(seed)
    if chance.random() < 0.3:
        content = bytearray(chance.choice(list(malformed())))
        for _ in range(chance.randint(1, 20)):
            place = chance.randrange(len(content) + 1)
            content[place : place + chance.randint(0, 4)] = chance.choice(PIECES)
        return bytes(content)
    lines = []
    for _ in range(chance.randint(1, 12)):
        value = b"".join(chance.choice(PIECES) for _ in range(chance.choice((1, 5, 30, 300))))
        lines.append(chance.choice(NAMES) + chance.choice((b": ", b":", b" : ", b"")) + value)
    body = b"\r\n".join(
        chance.choice(PIECES) if chance.random() < 0.5 else chance.choice(NAMES) + b": " + chance.choice(PIECES)
        for _ in range(chance.randint(0, 60))
    )
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


# ----------------------------------------------------------------------
# Answers, and reports of failed delivery, as they come
# ----------------------------------------------------------------------


def answers(about):
    """Odd, but good answers to a message, by what is odd; each has a Message-Id of its own."""
    about = about.encode("ascii")
    broken = about[:12] + b"\r\n " + about[12:]
    word = b"".join(b"=%02X" % each if each in b"<>.@?=_" else bytes((each,)) for each in about)
    forms = {
        "800 references": [b"References: " + b"\r\n ".join(b"<r%d@other.example>" % n for n in range(800)), b" " + about],
        "oldest of 800 references": [b"References: " + about, *[b" <r%d@other.example>" % n for n in range(800)]],
        "words around the id": [b"In-Reply-To: Your message of Monday " + about],
        "encoded word": [b"References: =?us-ascii?Q?" + word[:40] + b"?=", b" =?us-ascii?Q?" + word[40:] + b"?="],
        "broken by a fold": [b"References: " + broken],
        "latin-1": [b"References: <j\xf6rg@b\xfcro.example> " + about],
        "calendar": [b"In-Reply-To: " + about, b"Content-Type: text/calendar; method=REPLY; charset=utf-8"],
        "other references": [b"References: <a@other.example> <b@other.example>", b"In-Reply-To: " + about],
        "bracketed id": [b"References: " + about],
        "no id": [b"References: " + about],
        "NUL": [b"References: <a\x00@b> " + about],
        "NUL in the text": [b"References: " + about],
        "many senders' tricks": [b"References: " + about, b"X-Text", b"Subject : Re: offer", b"To: " + b'"' * 20000],
    }
    for name, lines in forms.items():
        key = b"-".join(name.encode().replace(b"'", b"").split()) + b".%d" % zlib.crc32(about)
        ids = {"bracketed id": b"<[" + key + b"]@[x].example>", "no id": None}
        own = ids.get(name, b"<" + key + b"@other.example>")
        head = [b"From: Bob <bob@customer.example>", b"Subject: Re: " + name.encode()]
        head += [b"Message-ID: " + own] if own else []
        yield name, message(*head, *lines, body=b"Yes, \x00please\r\n" if name == "NUL in the text" else b"Yes, please\r\n")


def report(status, returned, sender=b"MAILER-DAEMON@mx.other.example", *headers):
    return (
        b"\r\n".join([
            b"From: " + sender,
            b"Subject: Undeliverable: offer",
            *headers,
            HEAD + b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
            b"",
            b"--b",
            b"Content-Type: text/plain",
            b"",
            b"No such user.",
            b"",
            b"--b",
            b"Content-Type: message/delivery-status",
            b"",
            b"Reporting-MTA: dns; mx.other.example",
            b"",
            *status,
            b"",
            b"--b",
            *returned,
            b"--b--",
            b"",
        ])
    )  # fmt: skip


def bounces(about, gone):
    """Reports that a message did not reach somebody, by the kind of the program that wrote them."""
    about, gone = about.encode("ascii"), gone.encode("ascii")
    failed = [b"Final-Recipient: rfc822; " + gone, b"Action: failed", b"Status: 5.1.1"]
    whole = [b"Content-Type: message/rfc822", b"", b"From: newuser@mydomain.com"]
    headers = [b"Content-Type: text/rfc822-headers", b"Content-Transfer-Encoding: quoted-printable", b""]
    quoted = about.replace(b"@", b"=40")
    text = b"\r\n".join([
        b"Hi. This is the program at other.example.",
        b"I could not deliver your message.",
        b"",
        b"<" + gone + b">:",
        b"Sorry, no mailbox here by that name.",
        b"",
        b"--- Below this line is a copy of the message.",
        b"",
        b"Return-Path: <newuser@mydomain.com>",
        b"Message-Id: " + about,
        b"Subject: offer",
        b"",
        b"hi",
        b"",
    ])  # fmt: skip
    forms = {
        "postfix": report(failed, [*whole, b"Message-Id: " + about, b"", b"hi", b""]),
        "exchange": report(
            failed,
            [*whole, b"Message-ID: " + about, b"", b"hi", b""],
            b"postmaster@other.example",
            b"In-Reply-To: " + about,
            b"References: " + about,
            b"Auto-Submitted: auto-replied",
        ),
        "google": report(failed, [*whole, b"Message-ID: " + about, b"", b"hi"], b"Mail <mailer-daemon@googlemail.example>"),
        "quoted-printable headers": report(
            failed, [*headers, b"Message-ID: " + quoted[:30] + b"=\r\n" + quoted[30:], b""], b"postmaster@other.example"
        ),
        "no recipient": report(
            [b"Action: failed", b"Status: 5.1.1"],
            [b"Content-Type: text/rfc822-headers", b"", b"Message-Id: " + about, b""],
            b"M <bounce-noreply@m.example>",
        ),
        "id in X-Odoo-Message-Id": report(
            failed, [*whole, b"Message-ID: <0102@provider.example>", b"X-Odoo-Message-Id: " + about, b"", b"hi"]
        ),
        "id in References": report(
            failed, [*whole, b"Message-ID: <0102@provider.example>", b"References: " + about, b"", b"hi"]
        ),
        "text only": message(b"From: MAILER-DAEMON@other.example", b"Subject: failure notice", body=text),
        "forwarded": report(
            [b"Final-Recipient: rfc822; somebody@else.example", b"Action: failed", b"Status: 5.1.1"],
            [*whole, b"Message-Id: " + about, b"", b"hi"],
        ),
    }
    for name, content in forms.items():
        own = b"<" + b"-".join(name.encode().split()) + b".%d@mx.other.example>" % zlib.crc32(about)
        yield name, b"Message-ID: " + own + b"\r\n" + content


def no_bounces(about):
    """Reports that are none of a failure."""
    about = about.encode("ascii")
    returned = [b"Content-Type: text/rfc822-headers", b"", b"Message-Id: " + about, b""]
    delayed = [b"Final-Recipient: rfc822; bob@customer.example", b"Action: delayed", b"Status: 4.4.1"]
    yield "delayed", report(delayed, returned)
    receipt = report([b"Original-Message-ID: " + about], returned).replace(
        b"report-type=delivery-status", b"report-type=disposition-notification"
    )
    yield "receipt", receipt.replace(b"message/delivery-status", b"message/disposition-notification")
