"""Whether a message in a person's mailbox is for Odoo, and what core is to be given of it.

Pure functions of raw bytes and of what Odoo knows.
"""

import collections
import re

from . import headers as raw
from . import reports

# What is asked of the mail server to judge a message.
WANTED = (
    "message-id",
    "from",
    "subject",
    "content-type",
    "references",
    "in-reply-to",
    "x-failed-recipients",
    "return-path",
    "auto-submitted",
    "precedence",
    "x-autoreply",
    "x-autorespond",
    "x-auto-response-suppress",
    "list-id",
    "to",
    "cc",
    "delivered-to",
)

# A message of Odoo's: the record's id, and whether its answers belong to a record.
Known = collections.namedtuple("Known", "id answerable")
# A message that answers one of Odoo's: the id that it answers, and all ids that core is to see, that one last.
Answer = collections.namedtuple("Answer", "about references")
# A report that one of Odoo's messages was not delivered, and to whom.
Bounce = collections.namedtuple("Bounce", "about report recipient")

# 19 looks at so many.
MOST_REFERENCES = 32


class Message:
    """A message as it is judged: by its headers, and by the beginning of it where it may be a report.

    :param bytes content: its headers, at least those that are WANTED
    :param fetch_beginning: function that returns the beginning of it, at least reports.LONGEST bytes if it has them
    """

    def __init__(self, content, fetch_beginning):
        self.headers = raw.Headers(content)
        self.message_id = raw.message_id(self.headers)
        self.answers = self.headers.ids("references", "in-reply-to")
        self.report = None
        if reports.may_be_one(self.headers):
            self.report = reports.read(fetch_beginning())

    def ids(self):
        """All the Message-Ids on which the judgement depends."""
        return [self.message_id, *self.answered_or_reported()]

    def answered_or_reported(self):
        """The Message-Ids that it answers, and those that it reports on."""
        reported = self.report.about if self.report else ()
        return [*self.answers, *(each for group in reported for each in group)]

    def recipient_names(self):
        """What is before the @ of its recipients' addresses, in lower case."""
        found = _ADDRESS.findall(b",".join(map(self.headers.raw, ("to", "cc", "delivered-to")))[: raw.LONGEST_BLOCK])
        return sorted({each.partition(b"@")[0].decode("utf-8", "replace").lower() for each in found[:_MOST_ADDRESSES]})


def judge(message, known):
    """An Answer or a Bounce, or None for a message that is not for Odoo.

    What is known itself is Odoo's own, sent to the person as a notification, or came by another mailbox before.

    :param known: a Known for each Message-Id that Odoo has
    """
    if message.message_id in known:
        return None
    if message.report:
        return _bounce(message.report, known)
    answerable = [each for each in message.answers if each in known and known[each].answerable]
    if not answerable:
        return None
    # The newest, as core chooses. It must not see a newer one that leads nowhere.
    about = max(answerable, key=lambda each: known[each].id)
    others = [each for each in message.answers if each != about and (each not in known or known[each].answerable)]
    return Answer(about, [*others[1 - MOST_REFERENCES :], about])


def _bounce(report, known):
    if not report.failed:
        return None
    for group in report.about:
        found = [each for each in group if each in known]
        if found:
            return Bounce(max(found, key=lambda each: known[each].id), report, None)
    return None


# Core parses these, in quadratic time or worse; no sane one is longer.
_LONGEST = {
    "from": 2000,
    "sender": 2000,
    "reply-to": 4000,
    "return-path": 2000,
    "to": 8000,
    "cc": 8000,
    "bcc": 8000,
    "resent-to": 4000,
    "resent-cc": 4000,
    "delivered-to": 2000,
    "date": 500,
    "subject": 8000,
    "mime-version": 200,
    "content-type": 10000,
    "content-disposition": 10000,
    "content-transfer-encoding": 200,
    "content-id": 1000,
}
_MOST_HEADERS = 1024 * 1024
_ADDRESSES = ("from", "sender", "reply-to", "to", "cc", "bcc", "resent-to", "resent-cc", "delivered-to")
_ADDRESS = re.compile(rb"[^\s<>,;:\"()@]{1,64}@[^\s<>,;:\"()@]{1,255}")
_MOST_ADDRESSES = 1000
# As Python's parser takes lines: also by a carriage return alone.
_IN_PARTS = re.compile(rb"(?:\A|(?<=[\r\n]))(content-[a-z-]{1,40})[ \t]*:[^\r\n]*(?:(?:\r\n|\r|\n)[ \t][^\r\n]*)*", re.I)
_LONE_RETURN = re.compile(rb"\r(?!\n)")
# Core writes a message that is attached anew, and Python parses all its headers for that. So many seconds may be needed for it.
_MOST_SECONDS = 20
_HEADER_LINE = re.compile(rb"From |([!-9;-~]*):")
_OF_ADDRESSES = re.compile(rb"(?:resent-)?(?:from|sender|reply-to|to|cc|bcc)", re.I)
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
# Seconds for each byte that is not ASCII, and for the square of the length, as measured.
_SECONDS_OF_ADDRESSES, _SECONDS_OF_CONTENT, _SECONDS_OF_OTHERS = (1e-2, 3e-8), (1e-4, 6e-8), (2e-4, 4e-10)


class TooComplex(ValueError):
    """A message that core would need hours to parse."""


def for_core(content, answer=None):
    """A message as core is given it: what it says, with headers that core can read and, if it answers, thread.

    What is replaced of them stays, by the name of X-Original-….

    :param bytes content: the message
    :param answer: the Answer that it is, if it is known to be one
    :return: the message, and its Message-Id
    :raises TooComplex: if it has headers that no mail program writes
    """
    content = content.replace(b"\0", b"")  # which PostgreSQL does not store
    headers = raw.Headers(content, _MOST_HEADERS)
    message_id = raw.message_id(headers) or raw.made_up_message_id(content)
    ours = {"message-id": message_id}
    if answer:
        ours["references"] = "\r\n ".join(answer.references)
        mine = headers.ids("in-reply-to")
        ours["in-reply-to"] = mine[-1] if mine else answer.about
    lines = [_line(name.title().encode("ascii"), value.encode("ascii")) for name, value in ours.items()]
    for line in headers.lines:
        found = raw.HEADER.match(line)
        if not found or line.startswith(b"From "):
            continue  # Python's parser would take it, and all behind it, for the text.
        name, value = found.group(1), _LONE_RETURN.sub(b" ", found.group(2).strip())
        key = name.lower().decode("ascii")
        if key in ours:
            if value != ours[key].encode("ascii"):
                lines.append(_line(b"X-Original-" + name, value))
        else:
            lines.append(_line(name, _bounded(key, value)))
    _check_parts(headers.body)
    _check_attached(content, headers.body)
    return b"".join(lines) + b"\r\n" + headers.body, message_id


def _line(name, value):
    return name + b": " + value + b"\r\n"


def _bounded(key, value):
    longest = _LONGEST.get(key, raw.LONGEST_BLOCK)
    if len(value) <= longest:
        return value
    if key in _ADDRESSES:
        return b",\r\n ".join(_ADDRESS.findall(value[: raw.LONGEST_BLOCK])[:_MOST_ADDRESSES])
    if key.startswith("content-"):
        raise TooComplex("The header %s has %d bytes." % (key, len(value)))
    return raw.clean(raw.decode(value[: longest // 4])).encode("utf-8")


def _check_parts(body):
    for found in _IN_PARTS.finditer(body):
        name, length = found.group(1).lower().decode("ascii"), found.end() - found.start()
        if length > _LONGEST.get(name, raw.LONGEST_BLOCK) + 100:
            raise TooComplex("The header %s of a part has %d bytes." % (name, length))


def _check_attached(content, body):
    """Raise if the headers in a message's body would take core too long.

    Whether they are headers depends on where Python sees the parts begin, so that all that may be some count.
    """
    lower = content.lower()
    has_messages = b"message/" in lower or b"/digest" in lower
    seconds, header = 0.0, []
    for line in [b"", *body.splitlines(), b""]:
        # None where there are no headers: up to the next blank line, or the next part.
        if header is not None and (line[:1] not in (b" ", b"\t") or not header):
            seconds += _seconds(b"\n".join(header), has_messages)
            if seconds > _MOST_SECONDS:
                raise TooComplex("The headers of what is attached are too long.")
            header = [line] if _HEADER_LINE.match(line) else None
        elif header is not None:
            header.append(line)
        if not line or line.startswith(b"--"):
            header = []


def _seconds(header, has_messages):
    """How long core needs for a header that is not the message's own, at most."""
    found = _HEADER_LINE.match(header)
    name = (found and found.group(1)) or b""
    if name.lower().startswith(b"content-"):
        each, square = _SECONDS_OF_CONTENT
    elif not has_messages:
        return 0.0
    else:
        each, square = _SECONDS_OF_ADDRESSES if _OF_ADDRESSES.fullmatch(name) else _SECONDS_OF_OTHERS
    return len(_NOT_ASCII.findall(header)) * each + len(header) ** 2 * square
