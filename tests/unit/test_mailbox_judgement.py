"""How the addon judges a message in a person's mailbox: pure functions of raw bytes."""

import email
import email.policy
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "hostile"))

import corpus
import mutations
from addon_tools import load

headers, reports, judgement, mailbox = (load(name) for name in ("headers", "reports", "judgement", "mailbox"))

OURS = "<100200300.1766000000.123-openerp-7-crm.lead@own.example>"
KNOWN = {OURS: judgement.Known(7, True)}


def judged(content, known=KNOWN):
    return judgement.judge(judgement.Message(content, lambda: content), known)


def given_to_core(content, known=KNOWN):
    """The headers of what core is given."""
    verdict = judged(content, known)
    given_content, message_id = judgement.for_core(content, verdict)
    given_headers = headers.Headers(given_content)
    assert given_headers.raw("message-id").decode() == message_id
    return given_headers


@pytest.mark.parametrize(("name", "content"), list(corpus.answers(OURS)))
def test_odd_answers_are_taken(name, content):
    found = given_to_core(content)
    assert found.ids("references")[-1] == OURS
    assert len(found.ids("references")) <= 32
    # Read by core of every series: no NUL, nothing but ASCII, and one header of each.
    assert found.raw("references").isascii()
    assert len(found.values["references"]) == len(found.values["message-id"]) == 1
    assert b"\0" not in b"".join(found.lines)


@pytest.mark.parametrize(("form", "content"), list(corpus.bounces(OURS, "gone@other.example")))
def test_reports_of_failure(form, content):
    bounce = judged(content)
    assert isinstance(bounce, judgement.Bounce)
    assert bounce.about == OURS
    assert bounce.report.failed_recipient(["gone@other.example"]) == "gone@other.example"
    if form == "no recipient":
        assert bounce.report.failed_recipient(["gone@other.example", "another@other.example"]) is None
    elif form != "forwarded":
        assert bounce.report.failed_recipient(["another@other.example", "gone@other.example"]) == "gone@other.example"
    assert "o such user" in bounce.report.reason or "no mailbox here" in bounce.report.reason


@pytest.mark.parametrize(("form", "content"), list(corpus.no_bounces(OURS)))
def test_reports_of_no_failure(form, content):
    assert judged(content) is None


def test_restated_report_is_one_of_the_same():
    content = reports.restate("<r@x>", OURS, "gone@other.example", "Kein Postfach für ihn\nStatus: 5.1.1")
    report = reports.read(content)
    assert (report.failed, report.about[0], report.recipients) == (True, [OURS], ["gone@other.example"])
    assert report.reason == "Kein Postfach für ihn\nStatus: 5.1.1"


@pytest.mark.parametrize(
    "content",
    [
        b"Subject: no headers that matter\r\n\r\nReferences: " + OURS.encode(),
        b"References: <another@own.example>\r\n\r\n",
        b"Message-Id: " + OURS.encode() + b"\r\nReferences: " + OURS.encode() + b"\r\n\r\n",
        b"From: MAILER-DAEMON@other.example\r\n\r\nMessage-Id: <another@own.example>",
        b"From: MAILER-DAEMON@other.example\r\nSubject: Warning: delayed 4 hours\r\n\r\nMessage-Id: " + OURS.encode(),
        b"From: postmaster@other.example\r\n\r\nText only, about nothing.",
    ],
)
def test_what_is_for_the_person(content):
    assert judged(content) is None


def test_the_newest_message_that_can_be_answered_is_the_last_reference():
    """Core takes the newest that it knows; one that leads nowhere would keep it from the others."""
    known = {
        "<old@own.example>": judgement.Known(1, True),
        "<new@own.example>": judgement.Known(5, True),
        "<nowhere@own.example>": judgement.Known(9, False),
    }
    content = b"References: <new@own.example> <x@y> <old@own.example> <nowhere@own.example>\r\n\r\n"
    assert given_to_core(content, known).ids("references") == ["<x@y>", "<old@own.example>", "<new@own.example>"]


def test_mark_of_cores_own_against_loops_is_kept():
    """19 drops what answers its own notice of a loop: that must not be hidden from it."""
    loop = "<1.2-loop-detection-bounce-email@own.example>"
    content = f"References: {loop} {OURS}\r\n\r\n".encode()
    assert loop in given_to_core(content).ids("references")


def test_message_without_an_id_is_recognised_again():
    first, second = (judgement.for_core(b"Subject: x\r\n\r\n" + text)[1] for text in (b"one", b"two"))
    assert first == judgement.for_core(b"Subject: x\r\n\r\none")[1] != second


@pytest.mark.parametrize("value", corpus.MESSAGE_IDS)
def test_id_that_core_can_read_and_store(value):
    content, message_id = judgement.for_core(b"Message-ID: " + value + b"\r\nSubject: x\r\n\r\n")
    assert message_id.isascii()
    assert len(message_id) <= headers.LONGEST_ID
    assert email.message_from_bytes(content, policy=email.policy.SMTP)["Message-Id"] == message_id


def test_headers_that_core_would_need_hours_for():
    content = b"Content-Type: text/plain; a=" + b'"' * 200000 + b"\r\n\r\n"
    with pytest.raises(judgement.TooComplex, match="content-type has 200"):
        judgement.for_core(content)
    part = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + content
    for hidden in (part, part.replace(b"--b\r\n", b"--b\r"), part.replace(b"\r\n", b"\r")):
        with pytest.raises(judgement.TooComplex):
            judgement.for_core(b"Subject: x\r\n" + hidden)
    # Of addresses the names are left out.
    to = b", ".join(b'"User %d" <user%d@other.example>' % (each, each) for each in range(1000))
    found = headers.Headers(judgement.for_core(b"To: " + to + b"\r\n\r\n")[0])
    assert found.raw("to").count(b"@") == 1000


def forwarded(*headers, kind=b"message/rfc822", times=1):
    """An answer with another message attached."""
    part = b"--b\r\nContent-Type: " + kind + b"\r\n\r\n" + b"\r\n".join(headers) + b"\r\n\r\nhi\r\n"
    return b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part * times + b"--b--\r\n"


@pytest.mark.parametrize(
    "content",
    [
        forwarded(b"From: " + b"\xe4 " * 2500),
        forwarded(b"Subject: x", b"to:" + b'"' * 60000),
        forwarded(b"X-Text: " + b"\xe4 " * 200000),
        forwarded(b"Resent-Cc: a", *[b"  " + b"a@b," * 30] * 600),
        forwarded(b"From: " + b"\xe4 " * 40, times=100),
        forwarded(b"From: " + b"\xe4 " * 2500).replace(b"\r\n", b"\r").replace(b"\r\r", b"\r\n\r\n", 1),
        forwarded(b"From: " + b"\xe4 " * 2500)
        .replace(b"Content-Type: message/rfc822\r\n", b"")
        .replace(b"multipart/mixed", b"multipart/digest"),
        forwarded(b"", kind=b'text/plain; a="' + b'a="' * 3000, times=20),
    ],
    ids=["bytes", "quotes", "text", "folded", "many", "carriage returns", "digest", "parts"],
)
def test_attached_message_that_core_would_need_minutes_for(content):
    """Core writes it anew, with all of its headers."""
    with pytest.raises(judgement.TooComplex):
        judgement.for_core(b"Subject: x\r\n" + content)


@pytest.mark.parametrize(
    "content",
    [
        forwarded(b"From: J\xf6rg M\xfcller <j@b.example>", b"Subject: " + b"\xe3\x81\x82" * 100, times=20),
        forwarded(b"To: " + b",\r\n ".join(b'"User %d" <user%d@other.example>' % (each, each) for each in range(400))),
        forwarded(*[b"Received: from x by y; Mon, 30 Nov 2026 10:00:00"] * 30, b"DKIM-Signature: " + b"a" * 2000, times=50),
        forwarded(b"Note: " + b"a sentence. " * 50000, kind=b"text/plain"),
        forwarded(b"From: a@b.example", b"", b"To: " + b"whom it may concern. " * 20),
    ],
    ids=["8 bits", "many people", "many messages", "text", "letter"],
)
def test_attached_message_as_people_send_it(content):
    assert judgement.for_core(b"Message-Id: <a@b>\r\n" + content)[0].endswith(content.partition(b"\r\n\r\n")[2])


COSTLY = b"From: " + b"\xe4 " * 2500


def nested(depth, part):
    """A part as deep in multiparts."""
    for each in range(depth):
        part = b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n%s\n--b%d--\n" % (each, each, part, each)
    return part


@pytest.mark.parametrize(
    "content",
    [
        forwarded(COSTLY, kind=b"mEsSaGe/RFC822; name=x"),
        forwarded(COSTLY, kind=b"\r\n\tmessage/rfc822"),
        forwarded(COSTLY, kind=b"message/rfc822 (a comment)"),
        forwarded(COSTLY, kind=b"=?utf-8?q?message?=/rfc822"),
        forwarded(COSTLY, kind=b"message/rfc822\r\nContent-Type: text/plain"),
        forwarded(COSTLY, kind=b"message/rfc822\r\nContent-Transfer-Encoding: base64"),
        forwarded(COSTLY, kind=b"message/rfc822\r\nContent-Transfer-Encoding: quoted-printable"),
        *(
            forwarded(COSTLY, kind=b"message/" + kind)
            for kind in (b"global", b"news", b"partial", b"external-body", b"made-up")
        ),
        forwarded(COSTLY, kind=b"message/delivery-status"),
        forwarded(b"X-Text: x", b"", COSTLY, kind=b"message/delivery-status"),
        forwarded(COSTLY).replace(b"=b\r\n", b'*0="b"\r\n', 1),
        forwarded(COSTLY).replace(b"=b\r\n", b"*=utf-8''%62\r\n", 1),
        forwarded(COSTLY).replace(b"=b\r\n", b'="=?utf-8?q?b?="\r\n', 1),
        forwarded(COSTLY).replace(b"=b\r\n", b"\r\n =\r\n b\r\n", 1),
        forwarded(COSTLY).replace(b"--b\r\n", b"--b \t\r\n"),
        forwarded(COSTLY).replace(b"--b--\r\n", b""),
        b"Content-Type: message/rfc822\n\n" + COSTLY,
        nested(2, b"Content-Type: multipart/digest; boundary=d\n\n--d\n\n" + COSTLY),
        nested(90, b"Content-Type: message/rfc822\n\n" + COSTLY),
        b"Content-Type: message/rfc822\n\n" * 20 + b"From: " + b"\xe4 " * 150,
        b"Content-Type: message/rfc822\n\n" * 2000 + COSTLY,
        nested(2000, b"Content-Type: message/rfc822\n\n" + COSTLY),
    ],
)
def test_attached_message_cannot_be_hidden(content):
    with pytest.raises(judgement.TooComplex):
        judgement.for_core(b"Subject: x\n" + content)


def test_headers_are_judged_as_core_has_them_from_pop3():
    """Core puts the lines together with \\n, which makes one end of a line of two."""
    content = forwarded(COSTLY).replace(b"--b\r\n", b"--b\r\r\n")
    with pytest.raises(judgement.TooComplex, match="headers of an attached message are too long to process"):
        judgement.for_core(content)


def test_parts_that_take_too_long_to_find(monkeypatch):
    """Python looks at each line once for each part that it is in."""
    monkeypatch.setattr(judgement, "_MOST_SECONDS", 0.2)
    with pytest.raises(judgement.TooComplex, match="too long to find"):
        judgement.for_core(nested(90, b"\n" + b"x\n" * 500000))


def test_type_that_python_cannot_parse():
    with pytest.raises(judgement.TooComplex, match="RecursionError"):
        judgement.for_core(b"Content-Type: text/plain " + b"(" * 4000 + b"\r\n\r\n")


CYRILLIC = [f"Иван Иванович Петров-Водкин <ivan{each}@b.example>".encode() for each in range(20)]
QUOTED_BY_OUTLOOK = b"\r\n".join(
    [
        b"-----Original Message-----",
        b"From: " + CYRILLIC[0],
        b"To: " + b"; ".join(CYRILLIC[1:9]),
        b"Cc: " + b"; ".join(CYRILLIC[9:17]),
        "Subject: Счёт на оплату".encode(),
        b"",
        "Добрый день!".encode() * 4,
        b"",
    ]
)
IN_8_BITS = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
LOG = b"log:\r\n" + b"    at portal.Message(Message.java:17)\r\n" * 6000
RETURNED = [b"From: " + CYRILLIC[0], b"To: " + CYRILLIC[1], b"Message-ID: <a@b.example>"]


@pytest.mark.parametrize(
    "content",
    [
        IN_8_BITS + b"https://portal.example/message/17\r\n\r\n" + QUOTED_BY_OUTLOOK * 3,
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        + IN_8_BITS
        + b"https://portal.example/message/17\r\n--b\r\nContent-Type: text/plain; name=a.log\r\n\r\n"
        + LOG
        + b"--b--\r\n",
        forwarded(b"From: a@b.example", IN_8_BITS + QUOTED_BY_OUTLOOK * 3 + LOG),
        forwarded(b"From: a@b.example", b"To: " + b",\r\n ".join(CYRILLIC), b"Subject: " + "Счёт ".encode() * 20),
        forwarded(b"From: a@b.example", b"To: " + b", ".join(CYRILLIC), b"Message-ID: <a@b.example>"),
        b"Content-Type: multipart/digest; boundary=b\r\n\r\n"
        + b"--b\r\n\r\nFrom: J\xf6rg <j@b.example>\r\nTo: list@b.example\r\n\r\nhi\r\n" * 100
        + b"--b--\r\n",
        mutations.report([b"Final-Recipient: rfc822; a@b.example"], b"Content-Type: message/rfc822", b"", *RETURNED),
        mutations.report([b"Final-Recipient: rfc822; a@b.example"], b"Content-Type: text/rfc822-headers", b"", *RETURNED * 50),
        nested(10, forwarded(b"From: a@b.example", b"To: " + CYRILLIC[0]) * 10),
    ],
    ids=["quoted", "log", "text", "recipients", "recipients in a line", "digest", "bounce", "headers", "nested"],
)
def test_text_that_looks_like_headers_and_usual_attached_messages(content):
    assert judgement.for_core(b"Message-Id: <a@b>\r\n" + content)[0].endswith(content.partition(b"\r\n\r\n")[2])


@pytest.mark.parametrize("content", list(corpus.malformed()))
def test_nothing_of_a_strangers_raises(content):
    mutations.judge(content)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.one_of(st.sampled_from([*corpus.PIECES, *corpus.NAMES, b": ", b"\r\n"]), st.binary(max_size=20)), max_size=80)
)
def test_nothing_made_up_raises(pieces):
    mutations.judge(b"".join(pieces))


@settings(max_examples=300, deadline=None)
@given(st.integers(min_value=0))
def test_nothing_mutated_raises(seed):
    mutations.judge(corpus.mutated(seed))


@pytest.mark.parametrize("name", sorted(mutations.GROWING))
def test_twice_the_size_takes_twice_the_time(name):
    assert mutations.ratio(name) <= mutations.MOST_RATIO


def test_what_takes_longer_than_its_size_is_found():
    """The test above can fail. Eight times as long for twice the size, so that a busy machine does not hide it."""

    def cubic(content):
        return sum(
            content[place:].count(b"=") for place in range(0, len(content), 100) for _again in range(0, len(content), 3000)
        )

    assert mutations.ratio("parameters", size=20000, work=cubic) > mutations.MOST_RATIO
