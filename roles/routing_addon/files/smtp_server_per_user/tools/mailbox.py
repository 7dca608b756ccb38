"""Reading a mailbox that belongs to a person: only what answers a known message is taken, the rest stays as it is.

Core's loops over IMAP and POP3 stay what they are. They are shown a mailbox in which there are only the messages to take:
the few methods by which they look and fetch are replaced on the connection. Others are looked at without being touched
(BODY.PEEK, TOP), and each only once: IMAP's identifiers ascend, POP3's are remembered.
"""

import email
import json
import re
from email.policy import default as default_policy
from imaplib import IMAP4
from poplib import POP3, error_proto

MESSAGE_ID = re.compile(r"<[^<>\s]+>")
HEADERS = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID FROM CONTENT-TYPE REFERENCES IN-REPLY-TO)]"
# A report has the headers of the message it is about; whoever attaches more than this is not sending one.
LONGEST_REPORT = 256 * 1024
REPORT_LINES = 4000
AT_ONCE = 200
# Core asks again without end as long as it gets this many over POP3.
MOST_POP = 49
LOOKED_AT_MOST = 1000


def select(connection, known, load, save):
    """Show only answers on a connection of core's.

    :param known: function that returns those of some Message-Ids that are known, and those that can be answered
    :param load: function that returns the text that `save` was given last
    """
    # Some series have an object around it.
    inner = getattr(connection, "__obj__", connection)
    if isinstance(inner, IMAP4):
        SelectiveImap(inner, known, load, save)
    elif isinstance(inner, POP3):
        SelectivePop(inner, known, load, save)


def read(text):
    try:
        state = json.loads(text or "{}")
    except ValueError:
        state = {}
    return state if isinstance(state, dict) else {}


def parse(content):
    return email.message_from_bytes(content, policy=default_policy)


def answered(message):
    """The Message-Ids that a message answers."""
    return MESSAGE_ID.findall("%s %s" % (message.get("References", ""), message.get("In-Reply-To", "")))


def may_be_report(message):
    sender = str(message.get("From", "")).lower()
    return message.get_content_type() == "multipart/report" or "mailer-daemon@" in sender


def reported(message):
    """The Message-Ids of the messages that a report is about."""
    found = []
    for part in message.walk():
        if part.get_content_type() == "message/rfc822":
            found += [inner.get("Message-Id", "") for inner in part.get_payload() if not isinstance(inner, str)]
        elif part.get_content_type() == "text/rfc822-headers":
            content = part.get_payload(decode=True) or b""
            found.append(email.message_from_bytes(content).get("Message-Id", ""))
    return MESSAGE_ID.findall(" ".join(map(str, found)))


def choose(headers, fetch_report, known):
    """Those of some messages that are to be taken: they answer a known one, and are not known themselves.

    What is known itself is Odoo's own, sent to the person as a notification, or came by another mailbox before.

    :param headers: headers of each, by its number
    :param fetch_report: function that returns the whole of a message
    """
    itself, about = {}, {}
    for number, content in headers.items():
        message = parse(content)
        itself[number] = set(MESSAGE_ID.findall(str(message.get("Message-Id", ""))))
        about[number] = set(answered(message))
        if may_be_report(message):
            about[number].update(reported(parse(fetch_report(number))))
    known_at_all, answerable = known(sorted(set().union(*about.values(), *itself.values())))
    return [number for number in headers if about[number] & answerable and not itself[number] & known_at_all]


class SelectiveImap:
    def __init__(self, connection, known, load, save):
        self.connection, self.known, self.load, self.save = connection, known, load, save
        self.box, self.waiting, self.validity, self.top = "INBOX", {}, None, 0
        self.core = {name: getattr(connection, name) for name in ("select", "search", "store", "close")}
        for name in self.core:
            setattr(connection, name, getattr(self, name))

    def select(self, mailbox="INBOX", readonly=False):
        """Open it for reading only, which not even takes the mark of a new message from any."""
        self.box = mailbox
        answer = self.core["select"](mailbox, readonly=True)
        self.validity = (self.connection.response("UIDVALIDITY")[1] or [None])[0]
        return answer

    def search(self, charset, *criteria):
        """The numbers of the messages to take. Core asks for the unread ones; a person may have been quicker."""
        taken = self.look()
        self.waiting = {}
        if taken:
            self.core["select"](self.box)
            answer = self.core["search"](None, "UID", ",".join(map(str, taken)))
            numbers = answer[1][0].split()
            for uid, number in self.fetched(self.connection.fetch(b",".join(numbers).decode(), "(UID)") if numbers else None):
                self.waiting[number] = uid
            answer = answer[0], [b" ".join(sorted(self.waiting, key=int))]
        else:
            answer = "OK", [b""]
        self.note()
        return answer

    def look(self):
        state = read(self.load())
        validity = self.validity.decode() if self.validity else ""
        if state.get("validity") == validity and validity:
            last = int(state.get("uid", 0))
            uids = [uid for uid in self.uids("%d:*" % (last + 1)) if uid > last]
        else:
            # What was read before this server was set up is none of ours.
            last = max(self.uids("*"), default=0)
            uids = self.uids("UNSEEN")
        uids = sorted(uids)[:LOOKED_AT_MOST] if state else sorted(uids)
        self.top = max(uids + [last])
        taken = []
        for start in range(0, len(uids), AT_ONCE):
            wanted = ",".join(map(str, uids[start : start + AT_ONCE]))
            answer = self.connection.uid("FETCH", wanted, "(UID %s)" % HEADERS)
            headers = dict(self.contents(answer))
            taken += choose(headers, self.report, self.known)
        return sorted(taken)

    def uids(self, criterion):
        criteria = [criterion] if criterion.isalpha() else ["UID", criterion]
        answer = self.connection.uid("SEARCH", *criteria)
        return [int(uid) for uid in (answer[1][0] or b"").split()]

    def report(self, uid):
        answer = self.connection.uid("FETCH", str(uid), "(UID BODY.PEEK[]<0.%d>)" % LONGEST_REPORT)
        return next((content for _uid, content in self.contents(answer)), b"")

    @staticmethod
    def contents(answer):
        """Identifier and content of each message in an answer to FETCH."""
        parts = answer[1] or []
        for index, part in enumerate(parts):
            if isinstance(part, tuple):
                # Some servers name the identifier behind the content.
                behind = parts[index + 1] if index + 1 < len(parts) and isinstance(parts[index + 1], bytes) else b""
                found = re.search(rb"UID (\d+)", part[0]) or re.search(rb"UID (\d+)", behind)
                if found:
                    yield int(found.group(1)), part[1]

    @staticmethod
    def fetched(answer):
        for part in (answer and answer[1]) or []:
            found = re.match(rb"(\d+) \(.*?UID (\d+)", part if isinstance(part, bytes) else part[0])
            if found:
                yield int(found.group(2)), found.group(1)

    def store(self, message_set, command, flags):
        answer = self.core["store"](message_set, command, flags)
        number = message_set if isinstance(message_set, bytes) else str(message_set).encode()
        if command == "+FLAGS" and number in self.waiting:
            del self.waiting[number]
            self.note()
        return answer

    def note(self):
        """All before the first message that core has not taken yet is done with."""
        done = min(self.waiting.values(), default=self.top + 1) - 1
        if self.validity:
            self.save(json.dumps({"validity": self.validity.decode(), "uid": done}))

    def close(self):
        """Close without removing what the person has marked as deleted."""
        self.core["select"](self.box, readonly=True)
        return self.core["close"]()


class SelectivePop:
    def __init__(self, connection, known, load, save):
        self.connection, self.known, self.load, self.save = connection, known, load, save
        self.taken = []
        self.core = {name: getattr(connection, name) for name in ("stat", "retr", "dele")}
        for name in self.core:
            setattr(connection, name, getattr(self, name))

    def stat(self):
        """How many messages there are to take."""
        count, size = self.core["stat"]()
        names = self.names(count)
        left = set(read(self.load()).get("left", []))
        new = [number for number in names if names[number] not in left][:LOOKED_AT_MOST]
        self.taken = choose({number: self.top(number, 0) for number in new}, self.report, self.known)[:MOST_POP]
        looked_at = set(new) if len(self.taken) < MOST_POP else {number for number in new if number < self.taken[-1]}
        kept = [name for number, name in names.items() if name in left or number in looked_at - set(self.taken)]
        self.save(json.dumps({"left": [name for name in kept if name]}))
        return len(self.taken), size

    def names(self, count):
        """The lasting name of each message; none if the server gives none."""
        try:
            lines = self.connection.uidl()[1]
        except error_proto:
            return dict.fromkeys(range(1, count + 1), "")
        return {int(number): name.decode(errors="replace") for number, name in (line.split(None, 1) for line in lines)}

    def top(self, number, lines):
        # Not RETR: many servers take that for reading.
        return b"\r\n".join(self.connection.top(number, lines)[1])

    def report(self, number):
        return self.top(number, REPORT_LINES)

    def retr(self, which):
        return self.core["retr"](self.taken[which - 1])

    def dele(self, which):
        return self.core["dele"](self.taken[which - 1])
