# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A mailbox in which the round trip looks for its own messages, and removes them. No other message is read or changed.

Messages are found by a word in their subject, which the server searches for. Of what it finds, only headers are read, without
marking anything as read.
"""

from __future__ import annotations

import email
import re
import time
from dataclasses import dataclass
from email.message import Message

from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.sessions import open_session

INBOX = "INBOX"
# Folders of unwanted mail, where the server does not mark them (RFC 6154), by the last part of their names.
_SPAM_NAMES = ("junk", "spam", "junk e-mail", "junk email", "junk mail", "bulk mail", "bulk", "junk-e-mail")
_LISTED = re.compile(rb'\((?P<flags>[^)]*)\) (?:"(?P<separator>[^"]*)"|NIL) (?P<name>.+)', re.DOTALL)
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

    :param mailbox: the Mailbox of targets.py, an IMAP one with a password.
    :raises sessions.Refused: when the login is rejected; and whatever a broken connection raises.
    """

    def __init__(self, mailbox, context, timeout):
        self._session = open_session(mailbox.endpoint, context, timeout)
        try:
            self._session.log_in(mailbox.login, mailbox.password)
            self._client = self._session.client
            # Once logged in, a server may offer more.
            self._uid_expunge = "UIDPLUS" in _capabilities(self._client)
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
        """The messages with a word in their subject, those of INBOX first."""
        found = []
        for folder, spam in self._folders():
            if self._open(folder, readonly=True):
                found += [Found(folder, uid, self._headers(uid), spam) for uid in self._search(word)]
        return [each for each in found if word in str(each.headers["Subject"] or "")]

    def bounces(self, word):
        """The reports on a message with this word: they have it in their text, in which only the server looks."""
        since = time.strftime("%d-%b-%Y", time.gmtime(time.time() - 86400))
        found = []
        for folder, spam in self._folders():
            if self._open(folder, readonly=True):
                uids = self._search(word, "SINCE", since, "TEXT")
                found += [Found(folder, uid, self._headers(uid), spam) for uid in uids]
        return [each for each in found if each.headers.get_content_type() == "multipart/report"]

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
        """Remove the messages with a word in their subject.

        :param spare: another word; messages that have it too are left.
        :returns: how many were removed, and how many could not be.
        """
        return self.remove_these(each for each in self.find(word) if not spare or spare not in str(each.headers["Subject"]))

    def remove_these(self, found):
        """Remove messages that were found; returns how many were removed, and how many could not be."""
        outcomes = [self._remove(each) for each in found]
        return outcomes.count(True), outcomes.count(False)

    # -- IMAP --------------------------------------------------------------------------------------------------------------

    def _folders(self):
        """Where to look, and whether for spam: listed each time, as the first spam may create its folder."""
        yield INBOX, False
        for folder in list(self._spam_folders()):
            yield folder, True

    def _spam_folders(self):
        kind, lines = self._client.list()
        for line in lines if kind == "OK" else ():
            # A name with odd characters comes apart from the rest.
            whole = b" ".join(line) if isinstance(line, tuple) else line or b""
            found = _LISTED.match(whole)
            if not found or b"\\noselect" in found["flags"].lower():
                continue
            name = found["name"].decode("ascii", "replace").strip()
            plain = name.strip('"')
            separator = (found["separator"] or b"").decode("ascii", "replace")
            last = plain.rpartition(separator)[2] if separator else plain
            if b"\\junk" in found["flags"].lower() or last.lower() in _SPAM_NAMES:
                yield name if name.startswith('"') else '"%s"' % name

    def _open(self, folder, readonly):
        return self._client.select(folder, readonly=readonly)[0] == "OK"

    def _search(self, word, *criteria):
        kind, data = self._client.uid("SEARCH", *(criteria or ("SUBJECT",)), '"%s"' % word)
        return data[0].decode().split() if kind == "OK" and data and data[0] else []

    def _headers(self, uid):
        _kind, data = self._client.uid("FETCH", uid, "(BODY.PEEK[HEADER])")
        raw = next((part[1] for part in data or () if isinstance(part, tuple)), b"")
        return email.message_from_bytes(raw)

    def _remove(self, found):
        """Delete one message for good. Others that a person has marked as deleted stay."""
        if not self._open(found.folder, readonly=False):
            return False
        self._client.uid("STORE", found.uid, "+FLAGS.SILENT", "(\\Deleted)")
        if self._uid_expunge:
            self._client.uid("EXPUNGE", found.uid)
        else:
            _kind, data = self._client.uid("SEARCH", "DELETED")
            if data and data[0] and data[0].decode().split() == [found.uid]:
                self._client.expunge()
            else:
                self._client.uid("STORE", found.uid, "-FLAGS.SILENT", "(\\Deleted)")
                return False
        _kind, data = self._client.uid("SEARCH", "UID", found.uid)
        return not (data and data[0])


def _capabilities(client):
    _kind, data = client.capability()
    return (data[0] or b"").decode("ascii", "replace").upper().split() if data else []
