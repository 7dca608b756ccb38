"""What the addon makes of a mailbox whose server refuses, now and then or for good, what it is asked.

The lab's Dovecot refuses nothing, so that its answers are played here, in the form in which imaplib and poplib return them.
"""

import imaplib
import json
import poplib
import sys
import types
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
        self.saved, self.notes, self.had, self.problem = {}, [], set(), None
        self.kept, self.refused, self.failing = [], None, None

    def known(self, message_ids):
        return {OURS: judgement.Known(7, True)} if OURS in message_ids else {}

    def reason_to_leave(self, message, verdict):
        return ""

    def load(self, folder):
        return self.saved.get(folder)

    def save(self, folder, text):
        self.saved[folder] = text

    def note(self, place, subject, reason, detail=""):
        if (place[0], place[2], reason) not in [each[:3] for each in self.notes]:
            self.notes.append((place[0], place[2], reason, detail))

    def offered(self):
        return self.had

    def take_turn(self, message_id):
        pass

    def refuse(self, problem):
        self.refused = problem

    def result(self, offered):
        problem, self.refused = self.refused, None
        if not problem:
            self.kept.append(offered.name)
        return types.SimpleNamespace(kept=not problem, problem=problem, again=False, wakes_nobody=False)

    def finish(self):
        """A fetch has ended."""
        self.failing, self.problem, self.had = self.problem, None, set()


class Imap:
    """A folder with these UIDs, all unread.

    :param refused: what is answered with NO: the command, and the UID of FETCH
    :param silent: UIDs of which nothing is said
    :param withheld: UIDs of which the headers are given only
    """

    def __init__(self, *uids, refused=(), silent=(), withheld=()):
        self.uids, self.refused, self.silent, self.withheld = uids, set(refused), set(silent), set(withheld)
        self.read_only, self.contents = False, {}

    def select(self, folder, readonly=False):
        if self.read_only and not readonly:
            raise imaplib.IMAP4.readonly("INBOX is not writable")
        return "OK", [b"1"]

    def close(self):
        return "OK", [b""]

    def response(self, name):
        return name, [b"17"]

    def uid(self, command, *arguments):
        if command == "SEARCH":
            return self.search(*arguments)
        asked = [int(uid) for uid in arguments[0].split(",")]
        if command == "STORE":
            self.uids = [uid for uid in self.uids if uid not in asked]
            return "OK", [None]
        if "BODY.PEEK[]" in arguments[1] and self.withheld.intersection(asked):
            return "NO", [BUSY]
        if self.refused.intersection(asked) or "FETCH" in self.refused:
            return "NO", [BUSY]
        answer = []
        for uid in asked:
            if uid in self.uids and uid not in self.silent:
                content = self.contents.get(uid, ANSWER % uid)
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


def test_lines_of_a_large_mailbox():
    """In imaplib's own limit there is no room for the UIDs of 150,000 unread messages."""
    look(Clerk(), Imap(1))
    assert len("1234567 ") * 150000 < imaplib._MAXLINE


class Pop:
    def __init__(self, *names, refused=(), withheld=()):
        self.names, self.refused, self.withheld, self.deleted = names, set(refused), set(withheld), set()

    def stat(self):
        return len(self.names), 1000

    def uidl(self):
        return b"+OK", [b"%d %s" % (number, name.encode()) for number, name in enumerate(self.names, 1)], 0

    def top(self, number, lines):
        name = self.names[number - 1]
        if name in self.refused or (lines and name in self.withheld):
            raise poplib.error_proto(b"-ERR " + BUSY)
        return b"+OK", (ANSWER % number).split(b"\r\n"), 0

    def retr(self, number):
        return self.top(number, 1)

    def dele(self, number):
        self.deleted.add(self.names[number - 1])

    def quit(self):
        self.names = [name for name in self.names if name not in self.deleted]
        return b"+OK"


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
    assert clerk.notes[0][3] == "-ERR " + BUSY.decode()
    assert look_by_pop(clerk, Pop("b")) == ["b"]
    assert look_by_pop(clerk, Pop("a", "b", "c", refused="b")) == ["a", "c"]
    assert json.loads(clerk.saved[""])["left"] == ["b"]


NAMES = "abcdefgh"
# The form of the mailbox, the messages of it, and what this module's server and look call a message.
FORMS = pytest.mark.parametrize(
    ("make", "look", "names"), [(Imap, look, list(range(1, 9))), (Pop, look_by_pop, list(NAMES))], ids=["imap", "pop"]
)


@FORMS
def test_server_that_refuses_from_some_message_on(make, look, names):
    """As with a limit to what it gives within some time: what is behind the last one that it gave is asked for again."""
    clerk = Clerk()
    look(clerk, make())
    assert look(clerk, make(*names, refused=[names[0], *names[2:]])) == [names[1]]
    assert [note[1:3] for note in clerk.notes] == [(str(names[0]), "unreadable"), ("", "folder")]
    assert BUSY.decode() in str(clerk.problem)
    assert look(clerk, make(*names)) == names[1:]


def fetch(clerk, server, most=None):
    """As core does: returns the names of the messages that Odoo has now of those that it did not have."""
    before = len(clerk.kept)
    if isinstance(server, Imap):
        box = mailbox.ImapMailbox(server, server, clerk, only_replies=True)
        for number in box.search(None, "(UNSEEN)")[1][0].split()[:most]:
            box.fetch(number, "(RFC822)")
            box.store(number, "-FLAGS", "\\Seen")
            box.store(number, "+FLAGS", "\\Seen")
        box.close()
    else:
        box = mailbox.PopMailbox(server, server, clerk, only_replies=True)
        for number in range(1, box.stat()[0] + 1)[:most]:
            box.retr(number)
            box.dele(number)
        box.quit()
    return clerk.kept[before:]


@FORMS
def test_content_that_is_refused_for_a_while(make, look, names):
    """It is tried again, however often it was refused, and those behind it are taken at once."""
    clerk = Clerk()
    look(clerk, make())
    server = make(*names[:3], withheld=names[:1])
    assert fetch(clerk, server) == names[1:3]
    assert [fetch(clerk, server), fetch(clerk, server)] == [[], []]
    assert [note[1:3] for note in clerk.notes] == [(str(names[0]), "unreadable")]
    assert (BUSY.decode() in clerk.notes[0][3], clerk.failing) == (True, None)
    server.withheld = set()
    assert fetch(clerk, server) == names[:1]
    assert "withheld" not in clerk.saved[next(iter(clerk.saved))]


@FORMS
def test_contents_of_which_the_server_gives_none(make, look, names):
    """That is noted of the mailbox, which is failing, and of no message."""
    clerk = Clerk()
    look(clerk, make())
    server = make(*names, withheld=names)
    for _ in range(3):
        assert fetch(clerk, server) == []
        assert BUSY.decode() in str(clerk.failing)
    assert [note[:3] for note in clerk.notes] == [("INBOX", "", "folder")]
    server.withheld = set()
    assert fetch(clerk, server) == names
    assert clerk.failing is None


@FORMS
def test_contents_that_are_refused_for_good(make, look, names):
    """From 19 on, core takes so many messages in a session: those that are never given come last, and are noted once."""
    clerk = Clerk()
    look(clerk, make())
    server = make(*names, withheld=names[:4])
    assert fetch(clerk, server, most=4) == []
    assert fetch(clerk, server, most=4) == names[4:]
    assert [note[:3] for note in clerk.notes] == [("INBOX", "", "folder")]
    server = make(*names[:4], names[4] * 9, withheld=names[:4])
    assert [fetch(clerk, server), fetch(clerk, server), fetch(clerk, server)] == [[names[4] * 9], [], []]
    assert [note[1:3] for note in clerk.notes[1:]] == [(str(name), "unreadable") for name in names[:4]]


def test_beginning_of_a_report_that_is_refused():
    """Whether it is a bounce is not known yet."""
    clerk, server = Clerk(), Imap(1, 2, withheld=[1])
    clerk.addressees = lambda about: ["bob@b.example"]
    server.contents[1] = (
        b"Message-Id: <b@b.example>\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n"
        b"--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; b.example\r\n\r\n"
        b"Final-Recipient: rfc822; bob@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        b"--x\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-Id: " + OURS.encode() + b"\r\n\r\n--x--\r\n"
    )
    assert (fetch(clerk, server), todo(clerk)) == ([2], {1})
    server.withheld = set()
    assert fetch(clerk, server) == [1]


def test_folder_that_can_only_be_read():
    clerk, server = Clerk(), Imap(1, 2)
    server.read_only = True
    assert [fetch(clerk, server) for _ in range(3)] == [[], [], []]
    server.read_only = False
    assert fetch(clerk, server) == [1, 2]


def test_pop_session_that_is_lost():
    """poplib says so itself. It is no refusal."""
    clerk, server = Clerk(), Pop("a")

    def lost(number, lines):
        raise poplib.error_proto("-ERR EOF")

    server.top = lost
    with pytest.raises(poplib.error_proto, match="EOF"):
        look_by_pop(clerk, server)
    assert (clerk.notes, clerk.saved) == ([], {})
