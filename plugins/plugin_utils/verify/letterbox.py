# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A mailbox in which the round trip looks for its own messages, and removes them. No other message is read or changed.

Messages are found by a word in their subject, which the server searches for. Of what it finds, only headers are read, without
marking anything as read; of reports that mention the word, also the text. To be removed, messages are looked for wherever a
provider keeps a copy: what is sent by SMTP may be among the sent mail, too.
"""

from __future__ import annotations

import email
import re
import time
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message

from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.sessions import log_in, open_session

INBOX = "INBOX"
# Words that the subjects of all round trips have. Some servers, such as Gmail's, only find whole words.
WORDS = ("Postroom", "verification")
# The folders by their special use (RFC 6154); where the server does not mark them, by the last part of their names, as IMAP
# encodes it.
JUNK, SENT, ALL, TRASH = b"\\junk", b"\\sent", b"\\all", b"\\trash"
_NAMES = {
    JUNK: ("junk", "spam", "junk e-mail", "junk email", "junk mail", "bulk mail", "bulk", "junk-e-mail"),
    SENT: (
        *("sent", "sent items", "sent mail", "sent messages"),
        *("gesendet", "gesendete elemente", "gesendete objekte", "gesendete nachrichten"),
        *("envoy&aok-s", "&amk-l&aok-ments envoy&aok-s", "messages envoy&aok-s"),
    ),
    ALL: ("all mail",),
    TRASH: (),
}
_LISTED = re.compile(rb'\((?P<flags>[^)]*)\) (?:"(?P<separator>[^"]*)"|NIL) (?P<name>.+)', re.DOTALL)
# For how many days servers usually try to deliver a message before they report that they cannot.
DAYS = 5
# How much of a report is read, in bytes: what is said and the returned headers come before a large content.
_READ = 256 * 1024
# The parts of a report that return a message, or its headers (RFC 6522, RFC 6533), and what a read receipt says (RFC 8098).
_RETURNED = ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers")
_RECEIPT = ("message/disposition-notification", "message/global-disposition-notification")
# Seconds between two looks.
_PAUSE = 0.5


@dataclass(frozen=True)
class Found:
    """A message of the round trip.

    :param spam: whether it is in a folder of unwanted mail.
    """

    folder: str
    uid: str
    headers: Message
    spam: bool


class Letterbox:
    """An open mailbox.

    :param mailbox: the Mailbox of targets.py, an IMAP one without an obstacle.
    :param tokens: the Tokens of the run.
    :raises: what sessions.log_in() does, and whatever a broken connection raises.
    """

    def __init__(self, mailbox, context, timeout, tokens):
        self._session = open_session(mailbox.endpoint, context, timeout)
        try:
            log_in(self._session, mailbox, tokens)
            self._client = self._session.client
            # Once logged in, a server may offer more.
            offered = _capabilities(self._client)
            self._uid_expunge = "UIDPLUS" in offered
            self._marks_folders = {"SPECIAL-USE", "LIST-EXTENDED"} <= set(offered)
            # Gmail deletes for good only what is in its trash.
            self.deletes_from_trash = "X-GM-EXT-1" in offered
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *dummy):
        self.close()

    def close(self):
        self._session.__exit__()

    def find(self, word):
        """The messages with a word in their subject where mail arrives, those of INBOX first."""
        found = [each for folder in self._arrivals() for each in self._found(*folder, "SUBJECT", word)]
        return [each for each in found if word in _subject(each.headers)]

    def bounces(self, word):
        """The reports on a message of the round trip with this word, or the beginning of one, in its subject.

        Those of the last days only, as the server may have to read the text of all of them.
        """
        since = time.strftime("%d-%b-%Y", time.gmtime(time.time() - DAYS * 86400))
        criteria = ("SINCE", since, "HEADER", "Content-Type", "multipart/report", "TEXT", word)
        return [
            each
            for folder in self._arrivals()
            for each in self._found(*folder, *criteria)
            if is_report_on(self._beginning(each.uid), word)
        ]

    def wait_for(self, word, seconds, answers=lambda found: True):
        """The first message with a word in its subject that is the wanted one, or None after some seconds."""
        deadline = time.monotonic() + seconds
        while True:
            wanted = [each for each in self.find(word) if answers(each)]
            if wanted:
                return wanted[0]
            if time.monotonic() > deadline:
                return None
            time.sleep(_PAUSE)

    def remove(self, word, spare=None):
        """Remove the messages of round trips with a word, or the beginning of one, in their subject.

        :param spare: another word; messages that have it too are left.
        :returns: how many were removed, and how many are still there.
        """
        removed, left = self.remove_these(self._everywhere(word, spare))
        # A server may keep what it was told to delete, or keep it in another folder.
        return removed, len(list(self._everywhere(word, spare))) if removed or left else 0

    def remove_these(self, found):
        """Remove messages that were found; returns how many were removed, and how many could not be."""
        outcomes = [self._remove(each) for each in found]
        return outcomes.count(True), outcomes.count(False)

    def _everywhere(self, word, spare):
        """The messages with a word in their subject in any folder that may have them, looked for folder by folder."""
        criteria = [part for each in WORDS for part in ("SUBJECT", each)]
        for folder in [*self._arrivals(), *((each, False) for each in self._special(SENT, ALL, TRASH))]:
            for each in self._found(*folder, *criteria):
                if word in _subject(each.headers) and not (spare and spare in _subject(each.headers)):
                    yield each

    # -- IMAP --------------------------------------------------------------------------------------------------------------

    def _arrivals(self):
        """Where mail arrives, and whether as spam: listed each time, as the first spam may create its folder."""
        return [(INBOX, False), *((folder, True) for folder in self._special(JUNK))]

    def _special(self, *uses):
        """The folders of these uses, in their order."""
        found = list(self._listed())
        these = (folder for use in uses for folder, flags, last in found if use in flags or last in _NAMES[use])
        return list(dict.fromkeys(these))

    def _listed(self):
        """The folders that can be opened, each with its flags and the last part of its name in lower case."""
        kind, lines = self._client.list('""', '"*" RETURN (SPECIAL-USE)') if self._marks_folders else self._client.list()
        for line in lines if kind == "OK" else ():
            # A name with odd characters comes apart from the rest.
            whole = b" ".join(line) if isinstance(line, tuple) else line or b""
            found = _LISTED.match(whole)
            flags = found["flags"].lower().split() if found else ()
            if not found or b"\\noselect" in flags or b"\\nonexistent" in flags:
                continue
            name = found["name"].decode("ascii", "replace").strip()
            plain = name.strip('"')
            separator = (found["separator"] or b"").decode("ascii", "replace")
            last = plain.rpartition(separator)[2] if separator else plain
            yield name if name.startswith('"') else '"%s"' % name, flags, last.lower()

    def _open(self, folder, readonly):
        return self._client.select(folder, readonly=readonly)[0] == "OK"

    def _found(self, folder, spam, *criteria):
        """The messages of a folder that the server finds: all of them, before one is removed."""
        if not self._open(folder, readonly=True):
            return []
        kind, data = self._client.uid("SEARCH", *criteria)
        uids = data[0].decode().split() if kind == "OK" and data and data[0] else []
        return [Found(folder, uid, self._headers(uid), spam) for uid in uids]

    def _headers(self, uid):
        return email.message_from_bytes(self._fetched(uid, "BODY.PEEK[HEADER]"))

    def _beginning(self, uid):
        """The beginning of a message of the folder that is open, as bytes."""
        return self._fetched(uid, "BODY.PEEK[]<0.%d>" % _READ)

    def _fetched(self, uid, part):
        _kind, data = self._client.uid("FETCH", uid, "(%s)" % part)
        return next((each[1] for each in data or () if isinstance(each, tuple)), b"")

    def _remove(self, found):
        """Delete one message for good."""
        if not self._open(found.folder, readonly=False):
            return False
        copy = self._copied_to_trash(found) if self.deletes_from_trash else None
        is_gone = self._expunge(found.uid)
        return is_gone and (copy is None or (self._open(copy.folder, readonly=False) and self._expunge(copy.uid)))

    def _copied_to_trash(self, found):
        """The copy of a message in the trash, or None: there is no trash, or the message is there."""
        trash = next((each for each in self._special(TRASH) if each != found.folder), None)
        if trash is None or self._client.uid("COPY", found.uid, trash)[0] != "OK":
            return None
        _kind, data = self._client.response("COPYUID")
        place = data[0].decode().split() if data and data[0] else ()
        copies = self._found(trash, False, "UID", place[2]) if len(place) == 3 and place[2].isdigit() else ()
        self._open(found.folder, readonly=False)
        return next((each for each in copies if each.headers["Message-Id"] == found.headers["Message-Id"]), None)

    def _expunge(self, uid):
        """Delete one message of the folder that is open. Others that a person has marked as deleted stay."""
        self._client.uid("STORE", uid, "+FLAGS.SILENT", "(\\Deleted)")
        if self._uid_expunge:
            self._client.uid("EXPUNGE", uid)
        else:
            _kind, data = self._client.uid("SEARCH", "DELETED")
            if data and data[0] and data[0].decode().split() == [uid]:
                self._client.expunge()
            else:
                self._client.uid("STORE", uid, "-FLAGS.SILENT", "(\\Deleted)")
                return False
        _kind, data = self._client.uid("SEARCH", "UID", uid)
        return not (data and data[0])


def is_report_on(content, word):
    """Whether a message is a report on one of the round trip, and not on another one that mentions it.

    :param content: its beginning, as bytes.
    :param word: what the subject of the round trip's message has, or the beginning of it.
    """
    try:
        report = email.message_from_bytes(content)
    except RecursionError:
        # Parts in parts, made to break who reads them.
        return False
    if report.get_content_type() != "multipart/report" or not report.is_multipart():
        return False
    returned = next(_headers_in(report, _RETURNED), None)
    receipt = next(_headers_in(report, _RECEIPT), None)
    is_ours = returned is not None and all(each in _subject(returned) for each in (*WORDS, word))
    if receipt is None:
        return is_ours
    # The Message-Ids of answers begin with the word.
    original = _id(receipt, "Original-Message-Id")
    return original.startswith("<" + word) or bool(original and is_ours and original == _id(returned, "Message-Id"))


def _headers_in(report, kinds):
    """The headers that the parts of these kinds have in them."""
    for part in report.get_payload():
        if part.get_content_type() not in kinds:
            continue
        if part.is_multipart():
            yield part.get_payload(0)
        else:
            yield email.message_from_bytes(part.get_payload(decode=True) or b"")


def _id(headers, name):
    return "".join(str(headers[name] or "").split())


def _subject(headers):
    """The subject, decoded: a provider that adds a word of its own may encode all of it."""
    text = str(headers["Subject"] or "")
    try:
        return str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, ValueError):
        return text


def _capabilities(client):
    _kind, data = client.capability()
    return (data[0] or b"").decode("ascii", "replace").upper().split() if data else []
