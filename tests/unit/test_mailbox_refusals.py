"""What the addon makes of a mailbox whose server refuses, now and then or for good, what it is asked.

The lab's Dovecot refuses nothing, so that its answers are played here, in the form in which imaplib and poplib return them.
"""

import imaplib
import json
import poplib
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "hostile"))

from addon_tools import load

judgement, mailbox = load("judgement"), load("mailbox")

OURS = "<100200300.1766000000.123-openerp-7-crm.lead@own.example>"
ANSWER = b"Message-Id: <a%d@b.example>\r\nReferences: " + OURS.encode() + b"\r\n\r\n"
BUSY = b"[UNAVAILABLE] Try again later"


class Clerk:
    """Knows one message, and remembers what it is told."""

    is_passing = staticmethod(lambda problem: False)

    def __init__(self):
        self.saved, self.notes, self.had = {}, [], set()

    def known(self, message_ids):
        return {OURS: judgement.Known(7, True)} if OURS in message_ids else {}

    def reason_to_leave(self, message, verdict):
        return ""

    def load(self, folder):
        return self.saved.get(folder)

    def save(self, folder, text):
        self.saved[folder] = text

    def note(self, place, subject, reason, detail=""):
        self.notes.append((place[0], place[2], reason, detail))

    def offered(self):
        return self.had

    def take_turn(self, message_id):
        pass


class Imap:
    """A folder with these UIDs, all unread.

    :param refused: what is answered with NO: the command, and the UID of FETCH
    :param silent: UIDs of which nothing is said
    """

    def __init__(self, *uids, refused=(), silent=()):
        self.uids, self.refused, self.silent = uids, set(refused), set(silent)

    def select(self, folder, readonly=False):
        return "OK", [b"1"]

    def response(self, name):
        return name, [b"17"]

    def uid(self, command, *arguments):
        if command == "SEARCH":
            return self.search(*arguments)
        asked = [int(uid) for uid in arguments[0].split(",")]
        if self.refused.intersection(asked) or "FETCH" in self.refused:
            return "NO", [BUSY]
        answer = []
        for uid in asked:
            if uid in self.uids and uid not in self.silent:
                content = ANSWER % uid
                answer += [(b"%d (UID %d BODY[] {%d}" % (uid, uid, len(content)), content), b")"]
        return "OK", answer or [None]

    def search(self, *criteria):
        if " ".join(criteria[:1]) in self.refused:
            return "NO", [BUSY]
        if criteria[0] == "UNSEEN":
            # RFC 3501 does not keep a server from saying it in several lines.
            return "OK", [b"%d" % uid for uid in self.uids] or [None]
        first, colon, _last = criteria[1].partition(":")
        if first == "*":
            return "OK", [b"%d" % max(self.uids, default=0)]
        named = {int(uid) for uid in criteria[1].split(",")} if not colon else ()
        return "OK", [b" ".join(b"%d" % uid for uid in self.uids if uid in named or (colon and uid >= int(first)))]


def look(clerk, server):
    """The UIDs that core is shown."""
    box = mailbox.ImapMailbox(server, server, clerk, only_replies=True)
    box.search(None, "(UNSEEN)")
    return sorted(offered.name for offered in box._offered.values())


def todo(clerk):
    return mailbox.numbers(json.loads(clerk.saved["INBOX"])["todo"])


@pytest.mark.parametrize("refused", ["UNSEEN", "UID"])
def test_search_that_is_refused_loses_no_answer(refused):
    """Neither in a mailbox that is new to Odoo, nor later."""
    clerk = Clerk()
    assert look(clerk, Imap(1, 2, refused=[refused])) == []
    assert [(place, reason) for place, _uid, reason, _detail in clerk.notes] == [("INBOX", "folder")]
    assert BUSY.decode() in clerk.notes[0][3]
    assert look(clerk, Imap(1, 2)) == [1, 2]
    assert look(clerk, Imap(1, 2, 3, refused=["UID"])) == []
    assert look(clerk, Imap(1, 2, 3)) == [1, 2, 3]


def test_server_that_gives_nothing_for_now():
    clerk = Clerk()
    assert look(clerk, Imap(1, 2, 3, refused=["FETCH"])) == []
    assert [(place, uid, reason) for place, uid, reason, _detail in clerk.notes] == [("INBOX", "", "folder")]
    assert look(clerk, Imap(1, 2, 3)) == [1, 2, 3]


def test_many_messages_that_the_server_does_not_give():
    """However many they are, what is behind them is taken."""
    clerk = Clerk()
    assert look(clerk, Imap(*range(1, 502), refused=range(1, 501))) == [501]
    assert len(clerk.notes) == 500
    assert todo(clerk) == {501}
    clerk, names = Clerk(), [str(number) for number in range(101)]
    assert look_by_pop(clerk, Pop(*names, refused=names[:100])) == ["100"]
    assert json.loads(clerk.saved[""])["left"] == names[:100]
    # Those in front are taken, too, and the fetch does not fail, as Odoo 19 puts a server away that fails for days.
    clerk = Clerk()
    assert look_by_pop(clerk, Pop("a", *names, refused=names)) == ["a"]


@pytest.mark.parametrize("how", ["refused", "silent"])
def test_message_that_the_server_does_not_give(how):
    """The others are taken; whether it is the message or the server shows as soon as there is another one."""
    clerk = Clerk()
    assert look(clerk, Imap(2, **{how: [2]})) == []
    assert [(uid, reason) for _place, uid, reason, _detail in clerk.notes] == [("2", "unreadable")]
    assert todo(clerk) == {2}
    assert look(clerk, Imap(1, 2, 3, **{how: [2]})) == [3]
    assert todo(clerk) == {3}


def test_message_that_is_gone_meanwhile_is_not_noted():
    clerk, server = Clerk(), Imap(1, 2)
    server.silent = {2}
    ask = server.search
    server.search = lambda *criteria: ("OK", [b""]) if criteria == ("UID", "2") else ask(*criteria)
    assert (look(clerk, server), clerk.notes, todo(clerk)) == ([1], [], {1})


def test_content_that_the_server_does_not_give():
    """It is tried again. That it has vanished would be a reason to forget it."""
    clerk, server = Clerk(), Imap(1)
    box = mailbox.ImapMailbox(server, server, clerk, only_replies=True)
    box.search(None, "(UNSEEN)")
    server.refused = {1}
    with pytest.raises(imaplib.IMAP4.error, match="Try again later"):
        box.fetch(b"1", "(RFC822)")
    assert todo(clerk) == {1}


def test_lines_of_a_large_mailbox():
    """In imaplib's own limit there is no room for the UIDs of 150,000 unread messages."""
    look(Clerk(), Imap(1))
    assert len("1234567 ") * 150000 < imaplib._MAXLINE


class Pop:
    def __init__(self, *names, refused=()):
        self.names, self.refused = names, set(refused)

    def stat(self):
        return len(self.names), 1000

    def uidl(self):
        return b"+OK", [b"%d %s" % (number, name.encode()) for number, name in enumerate(self.names, 1)], 0

    def top(self, number, lines):
        if self.names[number - 1] in self.refused:
            raise poplib.error_proto("-ERR " + BUSY.decode())
        return b"+OK", (ANSWER % number).split(b"\r\n"), 0


def look_by_pop(clerk, server):
    box = mailbox.PopMailbox(server, server, clerk, only_replies=True)
    box.stat()
    return [offered.name for offered in box._offered.values()]


def test_pop_server_that_gives_nothing_for_now():
    clerk = Clerk()
    assert look_by_pop(clerk, Pop("a", "b", refused="ab")) == []
    assert [(place, uid, reason) for place, uid, reason, _detail in clerk.notes] == [("INBOX", "", "folder")]
    assert look_by_pop(clerk, Pop("a", "b")) == ["a", "b"]


def test_message_that_a_pop_server_does_not_give():
    clerk = Clerk()
    assert look_by_pop(clerk, Pop("b", refused="b")) == []
    assert [(uid, reason) for _place, uid, reason, _detail in clerk.notes] == [("b", "unreadable")]
    assert look_by_pop(clerk, Pop("b")) == ["b"]
    assert look_by_pop(clerk, Pop("a", "b", refused="b")) == ["a"]
    assert json.loads(clerk.saved[""])["left"] == ["b"]
