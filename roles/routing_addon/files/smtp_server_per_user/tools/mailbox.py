"""What core is given in place of a connection to a mailbox.

Core's loops over IMAP and POP3 stay what they are: they mark a message as read, or delete it, whatever became of it. The
object here stands between them and the connection. It shows core the messages to take, each in a form that core can
process; it marks a message as read, or deletes it, once Odoo has it; and it leaves every other message as it was, so that
none is lost, whatever is in it, whoever else fetches and whenever a worker dies.

Of a person's mailbox (`only_replies`) core is shown the answers to Odoo's messages and the bounces of them. Other messages
are looked at without being touched (BODY.PEEK, TOP), and once: IMAP's identifiers ascend, POP3's are remembered.

Who knows Odoo is the clerk (models/mailbox_clerk.py).
"""

import base64
import functools
import hashlib
import imaplib
import json
import poplib
import re
import time
import types
from imaplib import IMAP4
from poplib import POP3, error_proto

from . import headers as raw
from . import judgement, reports

AT_ONCE = 200
REPORT_LINES, ALL_LINES = 4000, 2**31 - 1
# Then core has its turn, and the rest is looked at with the next fetch.
LOOKING_SECONDS = 20
# Core processes so many of a POP3 mailbox in a session.
MOST_POP = 50
# How often core may die over a message.
MOST_TRIES = 2
# One longer line, and the session is lost. Mail servers limit the size of messages, and not all that of lines; and IMAP has the
# numbers of all unread messages in one.
LONGEST_LINE = 64 * 1024 * 1024


def open_for_core(connection, inner, clerk, only_replies, folders=()):
    """The object for core to work with in place of a connection.

    :param connection: connection of core's
    :param inner: Python's, which is the same, or in it
    :param clerk: who knows Odoo
    :param only_replies: whether to take only the answers to Odoo's messages, and bounces of them
    :param folders: names of IMAP folders to look into besides INBOX
    """
    if isinstance(inner, IMAP4):
        return ImapMailbox(connection, inner, clerk, only_replies, folders)
    if isinstance(inner, POP3):
        return PopMailbox(connection, inner, clerk, only_replies)
    return connection


class Offered:
    """A message that core is shown.

    :ivar folder: the IMAP folder that it is in
    :ivar name: what the mailbox calls it: IMAP's UID, POP3's UIDL
    :ivar verdict: an Answer or a Bounce, or None where all messages are taken
    :ivar message_id: the Message-Id under which Odoo keeps it, once that is known
    :ivar open: whether core has it, and it is not known yet what became of it
    """

    def __init__(self, folder, name, message, verdict):
        self.folder, self.name, self.subject = folder, name, message.headers.text("subject")
        self.verdict, self.message_id, self.open = verdict, message.message_id, False

    def for_core(self, content):
        if isinstance(self.verdict, judgement.Bounce):
            bounce, self.message_id = self.verdict, self.message_id or raw.made_up_message_id(content)
            return reports.restate(self.message_id, bounce.about, bounce.recipient, bounce.report.reason)
        content, self.message_id = judgement.for_core(content, self.verdict)
        return content


def noting_problems(method):
    """A method that core calls, of which the clerk is told what it raises: core only logs it."""

    @functools.wraps(method)
    def noting(self, *args, **kwargs):
        try:
            return method(self, *args, **kwargs)
        except Exception as problem:
            self._clerk.problem = problem
            raise

    return noting


class Mailbox:
    """What IMAP and POP3 have in common."""

    def __init__(self, connection, inner, clerk, only_replies):
        self._connection, self._inner, self._clerk, self._only_replies = connection, inner, clerk, only_replies
        self._offered = {}
        # The folder that is looked into, or that the present message is in.
        # What the server says of messages of which it gave the headers only, by folder and name; and whether it gave others.
        self._folder, self._withheld, self._gives = "INBOX", {}, False

    def __getattr__(self, name):
        """All the rest is the connection's. Core's own methods, from 19 on, are to work with this object, too."""
        value = getattr(self._connection, name)
        function = getattr(value, "__func__", None)
        if function is None or function.__module__ in ("imaplib", "poplib"):
            return value
        return types.MethodType(function, self)

    def _judge(self, contents, fetch_beginning):
        """What is to be taken of some messages: the name, the message and the verdict of each.

        Each is judged by itself. One that cannot be judged is noted, and left.

        :param contents: headers of each, by its name
        :param fetch_beginning: function of a name that returns the beginning of a message
        """
        messages = {}
        for name, content in contents.items():
            with self._by_itself(name, content):
                messages[name] = judgement.Message(content, lambda name=name: fetch_beginning(name))
        wanted = {each for message in messages.values() for each in message.ids()} if self._only_replies else ()
        known = self._clerk.known(wanted)
        for name, message in messages.items():
            with self._by_itself(name, contents[name]):
                verdict = judgement.judge(message, known) if self._only_replies else None
                if self._only_replies and not verdict:
                    continue
                if isinstance(verdict, judgement.Bounce):
                    recipient = verdict.report.failed_recipient(self._clerk.addressees(verdict.about))
                    verdict = verdict._replace(recipient=recipient)
                    if not recipient:
                        self._note(name, message.headers.text("subject"), "no_recipient")
                        continue
                reason = self._clerk.reason_to_leave(message, verdict)
                if reason:
                    self._note(name, message.headers.text("subject"), reason)
                    continue
                yield name, message, verdict

    def _doubt(self, folder, doubtful):
        """Note that the server gives nothing, which is no message's fault. They are asked for again with the next fetch.

        :param doubtful: what it says, by the messages' names
        """
        if len(doubtful) > 1:
            words = next(iter(doubtful.values()))
            self._clerk.note((folder, "", ""), "", "folder", words)
            self._clerk.problem = self._clerk.problem or Withheld(words)
        else:
            self._unreadable(doubtful, list(doubtful))

    def _unreadable(self, doubtful, names):
        """Note messages whose own fault it is that the server does not give them; returns their names."""
        for name in names:
            self._note(name, "", "unreadable", doubtful.pop(name))
        return names

    def _passed(self, doubtful, asked, given):
        """Note messages that the server does not give, though it gives one behind them; returns their names.

        It may refuse everything from some message on: those behind the last one that it gives stay in doubt.

        :param doubtful: what it says, by the messages' names
        :param asked: the names of the messages that it was asked for last, in this order
        :param given: the names of those that it gives
        """
        if not given:
            return []
        last = max(place for place, name in enumerate(asked) if name in given)
        behind = set(asked[last + 1 :])
        return self._unreadable(doubtful, [name for name in doubtful if name not in behind])

    def _withhold(self, name, problem):
        """Remember that the server gave the headers of a message, and does not give the message."""
        self._withheld.setdefault(self._folder, {})[name] = str(problem)

    def _finish(self):
        """Note which messages the server did not give. They are tried again with each fetch, behind all others."""
        for folder, doubtful in self._withheld.items():
            self._folder = folder
            before, withheld = self._withheld_before(), list(doubtful)
            if self._gives:
                self._unreadable(doubtful, [name for name in withheld if name in before])
            before.update(withheld)
            self._save()
            self._doubt(folder, doubtful)
        self._withheld = {}
        self._clerk.finish()

    def _by_itself(self, name, content):
        return _ByItself(self, name, content)

    def _note(self, name, subject, reason, detail=""):
        self._clerk.note(self._place(name), subject, reason, detail)

    def _begin(self, offered):
        """Have core process a message: returns its content as core is given it."""
        offered.open = True
        try:
            content = self._content(offered)
            if content is None:
                raise Vanished("It is no longer in the mailbox.")
            self._gives = True
            content = offered.for_core(content)
        except (judgement.TooComplex, Vanished, Withheld) as problem:
            self._clerk.refuse(problem)
            return b"Subject: refused\r\n\r\n"
        self._clerk.take_turn(offered.message_id)
        return content

    def _end(self, offered):
        """What became of a message that core has processed: whether to mark it as read, or delete it."""
        offered.open = False
        result = self._clerk.result(offered)
        withheld = isinstance(result.problem, Withheld)
        if withheld:
            self._withhold(offered.name, result.problem)
        if result.again or withheld:
            self._put_off(offered)
            return False
        if not result.kept and not isinstance(result.problem, Vanished):
            reason, detail = ("refused", repr(result.problem)) if result.problem else ("not_kept", "")
            self._note(offered.name, offered.subject, reason, detail)
        self._done_with(offered, result.kept)
        # Of an automatic answer nobody is notified. The person is to see it, then.
        return result.kept and not (self._only_replies and result.wakes_nobody)


class Vanished(Exception):
    """The person, or another program, has moved or deleted the message meanwhile."""


class Withheld(Exception):
    """The mail server refuses to give a message that is there: for now, or for good."""


class _ByItself:
    """Notes what an exception keeps from being judged, unless it is the mail server or the database that failed."""

    def __init__(self, mailbox, name, content):
        self.mailbox, self.name, self.content = mailbox, name, content

    def __enter__(self):
        return self

    def __exit__(self, kind, problem, trace):
        if not isinstance(problem, Exception) or isinstance(problem, (OSError, IMAP4.abort, error_proto)):
            return False
        if isinstance(problem, Withheld):
            self.mailbox._withhold(self.name, problem)
            return True
        if self.mailbox._clerk.is_passing(problem):
            return False
        self.mailbox._note(self.name, "", "unreadable", repr(problem))
        return True


# ----------------------------------------------------------------------
# IMAP
# ----------------------------------------------------------------------


class FolderRefused(Withheld):
    """A folder that the server does not open, or of which it does not tell what is in it."""


class Progress:
    """How far the reading of an IMAP folder has come.

    Of a person's mailbox: everything up to `uid` is done with, except what is in `todo`. Of others, which are read by the
    mark of what is unread: what is in `left` stays unread. What is in `withheld`, the server did not give the last time.

    :param text: what was saved the last time
    :param str validity: under which the server gives identifiers now; without one, nothing can be remembered
    """

    def __init__(self, text, validity):
        state, self.saved = read_state(text), text
        self.is_new = not validity or state.get("validity") != validity
        state = {} if self.is_new else state
        self.validity, self.uid = validity, _number(state.get("uid"))
        self.todo, self.left = numbers(state.get("todo")), numbers(state.get("left"))
        self.withheld = numbers(state.get("withheld"))
        tries = state.get("tries")
        self.tries = {each: _number(tries[each]) for each in tries} if isinstance(tries, dict) else {}

    def text(self):
        state = {"validity": self.validity, "uid": self.uid, "todo": spans(self.todo), "left": spans(self.left)}
        if self.withheld:
            state["withheld"] = spans(self.withheld)
        return json.dumps(dict(state, tries=self.tries) if self.tries else state)


class ImapMailbox(Mailbox):
    """An IMAP mailbox. Core's numbers of messages are the places of a list here; the mailbox is asked by identifiers."""

    def __init__(self, connection, inner, clerk, only_replies, folders=()):
        super().__init__(connection, inner, clerk, only_replies)
        further = [folder for folder in dict.fromkeys(folders) if folder.upper() != "INBOX"]
        self._folders = ["INBOX", *(further if only_replies else ())]
        self._open, self._progress = None, {}
        imaplib._MAXLINE = max(imaplib._MAXLINE, LONGEST_LINE)

    def select(self, mailbox="INBOX", readonly=False):
        """Which folder to look into is decided here."""
        if mailbox != "INBOX":
            self._folders = [mailbox]
        return "OK", [b""]

    @noting_problems
    def search(self, charset, *criteria):
        """The numbers of the messages to take."""
        self._offered, began = {}, time.monotonic()
        for folder in self._folders:
            self._folder = folder
            try:
                self._look(folder, began)
            except FolderRefused as problem:
                self._clerk.note((folder, "", ""), "", "folder", str(problem))
                if folder == self._folders[0]:
                    self._clerk.problem = problem
        # From 19 on, core takes so many in a session: the others first.
        taken = sorted(self._offered.values(), key=lambda each: each.name in self._progress[each.folder].withheld)
        self._offered = {b"%d" % number: each for number, each in enumerate(taken, 1)}
        return "OK", [b" ".join(self._offered)]

    def _look(self, folder, began):
        # For reading only, which not even takes the mark of a new message from any.
        progress = self._enter(folder, readonly=True)
        if self._only_replies:
            if progress.is_new:
                # What was read before this server was set up stays the person's.
                progress.uid, progress.todo = max(self._uids("UID", "*"), default=0), set(self._uids("UNSEEN"))
            else:
                new = {uid for uid in self._uids("UID", "%d:*" % (progress.uid + 1)) if uid > progress.uid}
                progress.uid, progress.todo = max(new, default=progress.uid), progress.todo | new
            waiting = sorted(progress.todo)
        else:
            unread = set(self._uids("UNSEEN"))
            progress.left &= unread
            waiting = sorted(unread - progress.left)
        waiting = self._without_deadly(progress, waiting)
        progress.withheld.intersection_update(waiting)
        self._save()
        doubtful = {}
        for start in range(0, len(waiting), AT_ONCE):
            batch = waiting[start : start + AT_ONCE]
            contents, unread = self._headers(batch)
            doubtful.update(unread)
            self._leave(progress, self._passed(doubtful, batch, contents))
            taken = {}
            for uid, message, verdict in self._judge(contents, self._beginning):
                taken[uid] = Offered(folder, uid, message, verdict)
            for offered in taken.values():
                self._offered[b"%d" % (len(self._offered) + 1)] = offered
            self._leave(progress, set(batch) - set(taken) - set(doubtful) - set(self._withheld.get(folder, ())))
            self._save()
            if time.monotonic() - began > LOOKING_SECONDS:
                break
        self._doubt(folder, doubtful)

    def _without_deadly(self, progress, uids):
        """Those of some messages over which core has not died."""
        deadly = [uid for uid in uids if progress.tries.get(str(uid), 0) >= MOST_TRIES]
        for uid in deadly:
            del progress.tries[str(uid)]
            self._note(uid, "", "deadly")
        self._leave(progress, deadly)
        return [uid for uid in uids if uid not in set(deadly)]

    def _leave(self, progress, uids):
        progress.todo.difference_update(uids)
        if not self._only_replies:
            progress.left.update(uids)

    def _enter(self, folder, readonly):
        """Open a folder, unless it is the one that is open."""
        if self._open != (folder, readonly):
            self._open = None
            try:
                kind, answer = self._inner.select(quoted(folder), readonly=readonly)
            except IMAP4.readonly as problem:
                raise FolderRefused(str(problem)) from problem
            if kind != "OK":
                raise FolderRefused(_words(answer))
            validity = _text((self._inner.response("UIDVALIDITY")[1] or [None])[0] or b"")
            if folder not in self._progress or self._progress[folder].validity != validity:
                self._progress[folder] = Progress(self._clerk.load(folder), validity)
            self._open = (folder, readonly)
        return self._progress[folder]

    def _place(self, uid):
        return self._folder, self._progress[self._folder].validity, str(uid)

    def _withheld_before(self):
        """The UIDs of messages that the server did not give the last time."""
        return self._progress[self._folder].withheld

    def _save(self):
        progress = self._progress[self._folder]
        if progress.text() != progress.saved:
            progress.saved = progress.text()
            self._clerk.save(self._folder, progress.saved)

    def _uids(self, *criteria):
        kind, answer = self._inner.uid("SEARCH", *criteria)
        if kind != "OK":
            raise FolderRefused(_words(answer))
        return [int(uid) for line in answer for uid in (line or b"").split()]

    def _headers(self, uids):
        """The headers of some messages, by their identifiers, and what the server says of those that it does not give."""
        wanted = "BODY.PEEK[HEADER.FIELDS (%s)]<0.%d>" % (" ".join(judgement.WANTED).upper(), raw.LONGEST_BLOCK)
        found, words = self._fetch(uids, wanted)
        unread = {}
        for uid in self._present([uid for uid in uids if uid not in found]):
            # Over one message, some servers refuse all of them.
            one, words = self._fetch([uid], wanted) if len(uids) > 1 else ({}, words)
            found.update(one)
            if not one:
                unread[uid] = words
        return found, unread

    def _present(self, uids):
        """Those of some messages that are still there."""
        return sorted(set(uids).intersection(self._uids("UID", ",".join(map(str, uids))))) if uids else []

    def _fetch(self, uids, part):
        """A part of some messages, by their identifiers, and what the server says besides."""
        try:
            kind, answer = self._inner.uid("FETCH", ",".join(map(str, uids)), "(UID %s)" % part)
        except IMAP4.abort:
            raise
        except IMAP4.error as problem:
            return {}, str(problem)
        return (dict(contents(answer)), "") if kind == "OK" else ({}, _words(answer))

    def _beginning(self, uid):
        return self._body(uid, "<0.%d>" % reports.LONGEST) or b""

    def _body(self, uid, part=""):
        """The whole of a message, or a part of it; None if it is gone."""
        found, words = self._fetch([uid], "BODY.PEEK[]" + part)
        if not found and self._present([uid]):
            raise Withheld("The mail server does not give message %d: %s" % (uid, words))
        return found.get(uid)

    def _content(self, offered):
        progress = self._progress[offered.folder]
        if self._enter(offered.folder, readonly=False) is not progress:
            return None
        progress.tries[str(offered.name)] = progress.tries.get(str(offered.name), 0) + 1
        self._save()
        return self._body(offered.name)

    @noting_problems
    def fetch(self, message_set, message_parts):
        """Read a message without marking it as read: a worker that dies over it leaves it as new."""
        offered = self._offered.get(_bytes(message_set))
        if not offered or message_parts != "(RFC822)":
            return self._inner.fetch(message_set, message_parts)
        self._folder = offered.folder
        content = self._begin(offered)
        return "OK", [(b"%s (RFC822 {%d}" % (_bytes(message_set), len(content)), content), b")"]

    @noting_problems
    def store(self, message_set, command, flags):
        offered = self._offered.get(_bytes(message_set))
        if not offered:
            return self._inner.store(message_set, command, flags)
        # Core takes back a mark that was not made here: that is a round trip less.
        if command == "+FLAGS" and offered.open and self._end(offered):
            return self._inner.uid("STORE", str(offered.name), command, "(%s)" % flags)
        return "OK", [None]

    def _put_off(self, offered):
        self._progress[offered.folder].tries.pop(str(offered.name), None)
        self._save()

    def _done_with(self, offered, kept):
        progress = self._progress[offered.folder]
        progress.withheld.discard(offered.name)
        if kept:
            progress.todo.discard(offered.name)
        else:
            self._leave(progress, [offered.name])
        self._put_off(offered)

    def close(self):
        """Close without removing what the person has marked as deleted."""
        self._finish()
        if not self._open:
            return "OK", [b""]
        try:
            if self._only_replies:
                self._inner.select(quoted(self._open[0]), readonly=True)
            return self._inner.close()
        except IMAP4.error as problem:
            # Core copes with a connection that is lost, and with nothing else here.
            raise IMAP4.abort(str(problem)) from problem


def contents(answer):
    """Identifier and content of each message in an answer to FETCH."""
    for index, part in enumerate(answer or []):
        if isinstance(part, tuple):
            # Some servers name the identifier behind the content.
            behind = answer[index + 1] if index + 1 < len(answer) and isinstance(answer[index + 1], bytes) else b""
            found = re.search(rb"UID (\d+)", part[0]) or re.search(rb"UID (\d+)", behind)
            if found:
                yield int(found.group(1)), part[1]


def quoted(folder):
    """The name of an IMAP folder as a command has it, in modified UTF-7 (RFC 3501, 5.1.3)."""
    parts = [
        each if index % 2 == 0 else _shifted(each)
        for index, each in enumerate(re.split(r"([^ -~]+)", folder.replace("&", "&-")))
    ]
    return '"%s"' % "".join(parts).replace("\\", "\\\\").replace('"', '\\"')


def _shifted(text):
    encoded = base64.b64encode(text.encode("utf-16-be", "surrogatepass")).decode("ascii")
    return "&%s-" % encoded.rstrip("=").replace("/", ",")


# ----------------------------------------------------------------------
# POP3
# ----------------------------------------------------------------------


class PopMailbox(Mailbox):
    """A POP3 mailbox. Core's numbers of messages are the places of a list here."""

    def __init__(self, connection, inner, clerk, only_replies):
        super().__init__(connection, inner, clerk, only_replies)
        self._numbers, self._left, self._tries, self._withheld_last, self._ended = {}, [], {}, set(), False
        poplib._MAXLINE = max(poplib._MAXLINE, LONGEST_LINE)

    @noting_problems
    def stat(self):
        """How many messages there are to take."""
        count, size = self._inner.stat()
        self._numbers = {name: number for number, name in self._names(count)}
        state = read_state(self._clerk.load(""))
        left = state.get("left")
        self._left = [name for name in (left if isinstance(left, list) else []) if name in self._numbers]
        tries = state.get("tries")
        self._tries = {name: _number(tries[name]) for name in tries if name in self._numbers} if isinstance(tries, dict) else {}
        waits = state.get("withheld")
        self._withheld_last = {name for name in (waits if isinstance(waits, list) else []) if name in self._numbers}
        # Core asks again as long as it gets this many. What it has had in this fetch it does not get again.
        skipped = set(self._left) | self._clerk.offered()
        waiting = sorted((name for name in self._numbers if name not in skipped), key=lambda name: name in self._withheld_last)
        for name in [each for each in waiting if self._tries.get(each, 0) >= MOST_TRIES]:
            self._note(name, "", "deadly")
            waiting.remove(name)
            self._leave(name)
        self._offered, began = {}, time.monotonic()
        doubtful = {}
        for start in range(0, len(waiting), MOST_POP):
            batch = waiting[start : start + MOST_POP]
            tops, unread = self._tops(batch)
            doubtful.update(unread)
            for name in self._passed(doubtful, batch, tops):
                self._leave(name)
            taken = {name: Offered("", name, *rest) for name, *rest in self._judge(tops, self._beginning)}
            for name in batch:
                if name not in taken and name not in unread and name not in self._withheld.get(self._folder, ()):
                    self._leave(name)
                elif name in taken and len(self._offered) < MOST_POP:
                    self._offered[len(self._offered) + 1] = taken[name]
            if len(self._offered) == MOST_POP or time.monotonic() - began > LOOKING_SECONDS:
                break
        self._doubt(self._folder, doubtful)
        self._save()
        return len(self._offered), size

    def _names(self, count):
        """Number and lasting name of each message: the server's, or one that is made of the headers if it gives none."""
        try:
            lines = self._inner.uidl()[1]
        except error_proto:
            for number in range(1, count + 1):
                yield number, hashlib.sha256(b"\r\n".join(self._inner.top(number, 0)[1])).hexdigest()
            return
        for line in lines:
            number, _space, name = line.partition(b" ")
            if number.isdigit():
                yield int(number), _text(name)

    def _place(self, name):
        return "", "", name

    def _withheld_before(self):
        """The names of messages that the server did not give the last time."""
        return self._withheld_last

    def _leave(self, name):
        self._tries.pop(name, None)
        if name not in self._left:
            self._left.append(name)

    def _save(self):
        state = {"left": self._left, "tries": self._tries}
        self._clerk.save("", json.dumps(dict(state, withheld=sorted(self._withheld_last)) if self._withheld_last else state))

    def _tops(self, names):
        """The headers of some messages, by their names, and what the server says of those that it does not give."""
        found, unread = {}, {}
        for name in names:
            try:
                found[name] = self._top(name, 0)
            except error_proto as problem:
                unread[name] = _refusal(problem)
        return found, unread

    def _top(self, name, lines):
        """The beginning of a message. Not by RETR: many servers take that for reading."""
        return b"\r\n".join(self._inner.top(self._numbers[name], lines)[1])

    def _beginning(self, name):
        try:
            return self._top(name, REPORT_LINES)
        except error_proto as problem:
            raise self._withholds(name, problem) from problem

    def _withholds(self, name, problem):
        return Withheld("The mail server does not give message %d: %s" % (self._numbers[name], _refusal(problem)))

    @noting_problems
    def retr(self, which):
        self._end_last()
        offered = self._offered[which]
        self._clerk.offered().add(offered.name)
        content = self._begin(offered)
        return b"+OK", content.split(b"\r\n"), len(content)

    def _content(self, offered):
        self._tries[offered.name] = self._tries.get(offered.name, 0) + 1
        self._save()
        if self._only_replies:
            # RETR would mark it as read, in the mailbox that the person sees.
            try:
                return self._top(offered.name, ALL_LINES)
            except error_proto as problem:
                _refusal(problem)
        try:
            return b"\r\n".join(self._inner.retr(self._numbers[offered.name])[1])
        except error_proto as problem:
            raise self._withholds(offered.name, problem) from problem

    @noting_problems
    def dele(self, which):
        offered = self._offered[which]
        if offered.open and self._end(offered):
            return self._inner.dele(self._numbers[offered.name])
        return b"+OK"

    def _end_last(self):
        """Up to 18, core passes over a message that it fails on."""
        for offered in self._offered.values():
            if offered.open:
                self._end(offered)

    def _put_off(self, offered):
        self._tries.pop(offered.name, None)
        self._save()

    def _done_with(self, offered, kept):
        self._withheld_last.discard(offered.name)
        if not kept:
            self._leave(offered.name)
        self._put_off(offered)

    def quit(self):
        if self._ended:
            return b"+OK"
        self._ended = True
        self._end_last()
        self._finish()
        try:
            return self._inner.quit()
        except error_proto as problem:
            # Core copes with a connection that is lost, and with nothing else here.
            raise OSError(str(problem)) from problem


def _refusal(problem):
    """The words with which a POP3 server refuses something; raises what is no refusal: the session is lost then.

    poplib raises the server's answer as bytes, and what it has to say itself as text.
    """
    words = problem.args[0] if problem.args else ""
    if not isinstance(words, bytes):
        raise problem
    return _text(words)


# ----------------------------------------------------------------------
# What is saved
# ----------------------------------------------------------------------


def read_state(text):
    """What was saved, as a dictionary; empty if it cannot be read."""
    try:
        state = json.loads(text or "{}")
    except ValueError:
        state = {}
    return state if isinstance(state, dict) else {}


def spans(found):
    """Numbers as IMAP writes a set of them: 1:3,7."""
    parts, start, last = [], None, None
    for number in sorted(found):
        if last is None or number != last + 1:
            if start is not None:
                parts.append((start, last))
            start = number
        last = number
    if start is not None:
        parts.append((start, last))
    return ",".join("%d" % first if first == end else "%d:%d" % (first, end) for first, end in parts)


def numbers(text):
    """The numbers of such a set."""
    found = set()
    for part in (text if isinstance(text, str) else "").split(","):
        first, _colon, last = part.partition(":")
        if first.isdigit() and (last or first).isdigit():
            found.update(range(int(first), int(last or first) + 1))
    return found


def _number(value):
    return value if isinstance(value, int) else 0


def _text(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _words(answer):
    """What a mail server answers besides OK or NO, as text."""
    return " ".join(_text(each) for each in answer or [] if isinstance(each, bytes))


def _bytes(value):
    return value if isinstance(value, bytes) else str(value).encode("ascii", "replace")
