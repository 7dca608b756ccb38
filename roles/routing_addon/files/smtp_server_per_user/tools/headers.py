"""The headers of a message from a stranger, read from the raw bytes.

Python's own parser of headers (``email.policy.default``) raises on some of them and needs quadratic time for others, and the
text that it returns may contain NUL. Nothing here raises, whatever the bytes are, and everything takes linear time.
"""

import binascii
import hashlib
import re

# No sane header is longer. What is behind it is not read.
LONGEST_BLOCK = 64 * 1024
LONGEST_ID = 500
# Enough for the oldest and the newest messages of a long conversation.
OLDEST_IDS, NEWEST_IDS = 50, 150

HEADER = re.compile(rb"([!-9;-~]{1,80})[ \t]*:(.*)", re.DOTALL)
_BETWEEN_ANGLES = re.compile(rb"<([^<>]+)>")
_SPACE = re.compile(rb"\s+")
_CLEAN_ID = re.compile(rb"<[!-;=?-~]+>")
_ENCODED_WORD = re.compile(rb"=\?([^?\s]{1,40})\?([bBqQ])\?([^?\s]*)\?=(?:\s+(?==\?))?")
_ESCAPED = re.compile(rb"=([0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
# What Python's parser of Message-Id, which core uses, fails on.
_UNREADABLE = re.compile(rb"[\[\]()\"\\]|=\?")


class Headers:
    """The headers of a message, by their names in lower case.

    :param bytes content: a message, or its beginning
    :param int longest: how many bytes of the headers are read
    """

    def __init__(self, content, longest=LONGEST_BLOCK):
        self.lines, self.body = split(content, longest)
        self.values = {}
        for line in self.lines:
            found = HEADER.match(line)
            if found:
                self.values.setdefault(found.group(1).lower().decode("ascii"), []).append(found.group(2).strip())

    def raw(self, name):
        """Everything that the headers of a name contain, as bytes, still folded; empty if there is none."""
        return b" ".join(self.values.get(name, ()))

    def first(self, name):
        return self.values.get(name, (b"",))[0]

    def text(self, name, longest=300):
        """The first header of a name as one line of text that can be stored and shown."""
        return clean(decode(self.first(name)[: 4 * longest]))[:longest]

    def ids(self, *names):
        """The Message-Ids in some headers, in their order; of very many the oldest and the newest."""
        found = []
        for name in names:
            found += ids(self.raw(name))
        return bounded(found)


def split(content, longest=LONGEST_BLOCK):
    """The lines of a message's headers, each with its continuations, and its body, as bytes."""
    lines, start = [], 0
    while start < len(content):
        stop = content.find(b"\n", start) + 1 or len(content)
        line = content[start:stop]
        start = stop
        if line in (b"\r\n", b"\n"):
            break
        if start > longest:
            # The rest of a block that is too long is skipped, and what is behind it is the body.
            rest = re.compile(rb"\r?\n\r?\n").search(content, start - 1)
            start = rest.end() if rest else len(content)
            break
        if line[:1] in (b" ", b"\t"):
            if lines:
                lines[-1].append(line)
        else:
            lines.append([line])
    return [b"".join(parts) for parts in lines], content[start:]


def decode(value):
    """A raw header as text: what is encoded in it is decoded, and bytes that mean nothing are replaced."""

    def word(found):
        charset, kind, encoded = found.groups()
        try:
            if kind in b"bB":
                decoded = binascii.a2b_base64(encoded + b"=" * (-len(encoded) % 4))
            else:
                decoded = _ESCAPED.sub(lambda each: bytes((int(each.group(1), 16),)), encoded.replace(b"_", b" "))
            # To one charset, so that what is around it stays what it is.
            return decoded.decode(charset.partition(b"*")[0].decode("ascii"), "replace").encode("utf-8", "replace")
        except (ValueError, LookupError, AttributeError, TypeError):
            return found.group()

    raw = _ENCODED_WORD.sub(word, value)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def clean(text):
    """Text as one line, without anything that a database, a log or a page stumbles over."""
    return " ".join(_CONTROL.sub(" ", text).split())


def ids(value):
    """The Message-Ids in a raw header: broken by folds, among words, or in an encoded word, as they may be."""
    found = [_without_space(each) for each in _BETWEEN_ANGLES.findall(value)]
    if b"=?" in value:
        decoded = decode(value).encode("ascii", "replace")
        found += [_without_space(each) for each in _BETWEEN_ANGLES.findall(decoded)]
    return [each.decode("ascii") for each in found if len(each) <= LONGEST_ID and _CLEAN_ID.fullmatch(each)]


def _without_space(between_angles):
    return b"<%s>" % _SPACE.sub(b"", between_angles)


def bounded(found):
    """Some Message-Ids, each once, where it is last; of very many the oldest and the newest."""
    once = list(reversed(list(dict.fromkeys(reversed(found)))))
    if len(once) > OLDEST_IDS + NEWEST_IDS:
        return once[:OLDEST_IDS] + once[-NEWEST_IDS:]
    return once


def message_id(headers):
    """The Message-Id under which core is to store a message, as text; empty if it has none.

    It is the message's own, if core can read that.
    """
    value = headers.first("message-id")
    if len(value) <= LONGEST_ID and _CLEAN_ID.fullmatch(value) and not _UNREADABLE.search(value):
        return value.decode("ascii")
    found = ids(value)
    return _UNREADABLE.sub(b"_", found[0].encode("ascii")).decode("ascii") if found else ""


def made_up_message_id(content):
    """A Message-Id for a message that has none: by its content, so that it is recognised when it comes again."""
    return "<%s@no-message-id.invalid>" % hashlib.sha256(content).hexdigest()[:40]
