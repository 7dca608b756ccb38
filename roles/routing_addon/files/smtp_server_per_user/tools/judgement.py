"""Whether a message in a person's mailbox is for Odoo, and what core is to be given of it.

Pure functions of raw bytes and of what Odoo knows.
"""

import collections
import email.feedparser
import email.message
import email.policy
import functools
import re
import time

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
_CHUNK = 8192  # as Python reads a message
# For each line, Python looks whether it ends one of the parts that it is in.
_DEEPEST = 100
_OF_ADDRESSES = re.compile("(?:resent-)?(?:from|sender|reply-to|to|cc|bcc)")
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_ESCAPED_BYTE = re.compile("[\ud800-\udfff]")  # how Python's parser keeps a byte that is not ASCII
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
    given = b"".join(lines) + b"\r\n" + headers.body
    _check_parts(headers.body)
    _check_attached(given)
    if b"\r\r\n" in given:
        _check_attached(given.replace(b"\r\n", b"\n"))  # as core has it from POP3: there may be fewer ends of lines
    return given, message_id


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
    """Raise if what may be the headers of parts would take core too long to parse."""
    headers = {}
    for found in _IN_PARTS.finditer(body):
        name, length = found.group(1).lower().decode("ascii"), found.end() - found.start()
        if length > _LONGEST.get(name, raw.LONGEST_BLOCK) + 100:
            raise TooComplex("The header %s of a part has %d bytes." % (name, length))
        if name in _LONGEST:
            headers[found.group()] = name
    _check_seconds(_seconds(name, len(header), len(_NOT_ASCII.findall(header))) for header, name in headers.items())


class _Part(email.message.EmailMessage):
    """A message or part, which knows how deep it is in others.

    :ivar messages: how many of those are attached messages
    """

    depth = messages = 0

    def attach(self, payload):
        payload.depth = self.depth + 1
        if payload.depth > _DEEPEST:
            raise TooComplex("Its parts are nested too deeply.")
        payload.messages = self.messages + (self.get_content_maintype() == "message")
        return super().attach(payload)

    def seconds(self):
        """How long core needs for its headers, at most: an attached message is written once for each that it is in, too."""
        for name, value in self.raw_items():
            times = max(self.messages, 1) if name.lower().startswith("content-") else self.messages
            yield times * _seconds(name.lower(), len(name) + len(value), len(_ESCAPED_BYTE.findall(value)))


def _check_attached(content):
    """Raise if core would take too long to find the parts, or for their headers and those of attached messages.

    Where these are, only Python's own parser knows.
    """
    # The policy is core's, as another one reads content types in another way. Each of them is parsed once only.
    parse_header = functools.lru_cache(maxsize=None)(email.policy.SMTP.header_factory)
    policy = email.policy.SMTP.clone(message_factory=_Part, header_factory=parse_header)
    parser, start = email.feedparser.BytesFeedParser(policy=policy), time.process_time()
    try:
        for place in range(0, len(content), _CHUNK):
            parser.feed(content[place : place + _CHUNK])
            if time.process_time() - start > _MOST_SECONDS:
                raise TooComplex("Its parts take too long to find.")
        parts = list(parser.close().walk())
    except TooComplex:
        raise
    except Exception as problem:  # of the parser, which core would meet, too
        raise TooComplex("Python cannot parse it: %r" % problem) from problem
    _check_seconds(each for part in parts[1:] for each in part.seconds())


def _check_seconds(costs):
    if sum(costs) > _MOST_SECONDS:
        raise TooComplex("The headers of an attached message are too long to process.")


def _seconds(name, length, not_ascii):
    """How long Python needs for a header, at most.

    :param name: in lower case
    :param length: of the header in bytes
    :param not_ascii: how many of the bytes are not ASCII
    """
    if name.startswith("content-"):
        each, square = _SECONDS_OF_CONTENT
    else:
        each, square = _SECONDS_OF_ADDRESSES if _OF_ADDRESSES.fullmatch(name) else _SECONDS_OF_OTHERS
    return not_ascii * each + length**2 * square
