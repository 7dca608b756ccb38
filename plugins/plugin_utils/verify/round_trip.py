# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The check `round_trip`: a message of each user goes to another mailbox, and its answer comes back to the record.

It is the only check that writes: scratch records, messages and two mails, which it removes. They have a token in their names
and subjects. What a run could not remove, as it was interrupted, the next run finds by what all tokens of the database have.
"""

from __future__ import annotations

import contextlib
import itertools
import ssl
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from email.message import EmailMessage
from email.utils import formatdate

from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import normal
from ansible_collections.postroom.odoo.plugins.module_utils.operations.round_trip import REFUSED, WAITING, OdooSide
from ansible_collections.postroom.odoo.plugins.module_utils.transport.errors import OdooError, is_collision
from ansible_collections.postroom.odoo.plugins.plugin_utils.accounts.forward import ADDRESS
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify import received, tls
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.letterbox import DAYS, WORDS, Letterbox
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.people import Person, inboxes_of, people_of
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.rules import ROUND_TRIP
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.sessions import (
    BROKEN,
    NoStartTls,
    Postponed,
    Refused,
    log_in,
    open_session,
)
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.tokens import NoToken, Tokens

SUBJECT = " ".join((*WORDS, "%s"))
_TEXT = "This message belongs to the round trip of Postroom's verify.yml, which removes it."
_UNUSABLE = (Refused, Postponed, NoToken, NoStartTls, *BROKEN)
_NO_LOGIN = "the inventory has no login for it"
# Seconds for which Odoo is given the answer again and again, once that is in the mailbox.
_FETCHING = 20


@dataclass
class Way:
    """How the check is to go about it.

    :param connect: function that opens a session with Odoo that may write.
    :param users: the addresses of the users.
    :param echo: the Person who receives the messages and answers; another one of the inventory if None.
    :param at_a_time: how many round trips run at a time.
    :param wait: seconds to wait for a mail.
    :param timeout: seconds to wait for one answer of a mail server.
    :param ca_path: certificates to trust besides those of the system.
    :param tokens: the tokens of logins by OAuth.
    """

    connect: object
    users: list
    echo: Person | None = None
    at_a_time: int = 5
    wait: float = 120
    timeout: float = 10
    ca_path: str | None = None
    tokens: Tokens = field(default_factory=Tokens)
    context: ssl.SSLContext = field(default_factory=tls.lenient_context)

    def context_for(self, mailbox):
        """As Odoo does: a strict server gets no password before its certificate is found good."""
        return tls.strict_context(self.ca_path) if mailbox.strict else self.context

    def open_letterbox(self, mailbox):
        return Letterbox(mailbox, self.context_for(mailbox), self.timeout, self.tokens)


class Ended(Exception):
    """A round trip has ended before its time, and what stopped it was noted."""


def check(mailboxes, findings, way, progress=lambda text: None):
    """Send a message around for each user.

    :param mailboxes: the Mailboxes of targets.py.
    :param findings: what takes what is found.
    :param progress: function that shows a line to whoever waits.
    """
    _Run(mailboxes, findings, way, progress).run()


class _Run:
    """All round trips of a database."""

    def __init__(self, mailboxes, findings, way, progress):
        self.findings, self.way, self.progress = findings, way, progress
        self.inboxes, self.people = inboxes_of(mailboxes), people_of(mailboxes)
        self.fetching = {}
        self.lock = threading.Lock()
        self.swept, self.removed_mails = {}, 0
        self.contacts = {}

    def run(self):
        try:
            odoo = OdooSide(self.way.connect())
            self.identity = "pv" + odoo.identity()
            self.token = self.identity + uuid.uuid4().hex[:6]
            self.users, self.incoming, self.special = odoo.users(), odoo.incoming(), odoo.special_addresses()
            self.routed, self.own_logins = odoo.outgoing()
            records = self._remove_left_over(odoo)
        except OdooError as exc:
            self.findings.skip(ROUND_TRIP, "round trip", str(exc))
            return
        numbers = itertools.count()
        trips = [_Trip(self, user, "%s%06d" % (self.token, next(numbers))) for user in self.way.users]
        with ThreadPoolExecutor(max(1, self.way.at_a_time)) as pool:
            for _done in pool.map(_Trip.run, trips):
                pass
        for token, _contact in self.contacts.values():
            self.remove_records(odoo, token, "round trip")
        if records or self.removed_mails:
            found = "removed: %d records, %d mails" % (records, self.removed_mails)
            self.findings.add("trip_left_over", "round trip", "records and mails of earlier round trips", found)

    def _remove_left_over(self, odoo):
        """Remove what earlier runs left in Odoo, and in the mailboxes that this run may not look into; how many records."""
        left_over = odoo.left_over(self.token)
        places = {token: self._mailboxes_of(each) for token, each in left_over.items()}
        missed = {}
        for address in sorted(set().union(*places.values())):
            inbox = self.inbox_of(address)
            reason = self.sweep(inbox, reports=True) if inbox else _NO_LOGIN
            if reason:
                missed[address] = reason
        last_days = {token: _last_day(left_over[token]) for token in left_over if places[token] & set(missed)}
        today = datetime.now(timezone.utc).date()
        kept = {token: day for token, day in last_days.items() if day >= today}
        for address, reason in missed.items():
            self._name(address, reason, max((day for token, day in kept.items() if address in places[token]), default=None))
        for token in kept:
            odoo.keep(token)
        return sum(self.remove_records(odoo, token, "round trip") for token in left_over if token not in kept)

    def _mailboxes_of(self, left_over):
        """The addresses whose mailboxes may have mail of a round trip that was interrupted."""
        if left_over.user and not self.has_own_server(left_over.user):
            return {*left_over.addresses, *self.special["catchall"]}
        return left_over.addresses

    def _name(self, address, reason, last_day):
        """Say that a mailbox could not be looked into, and how to end that."""
        words = "mail of an earlier round trip may be left there: %s. " % reason
        words += "Each run until %s tries again; to end this, " % last_day if last_day else "This was the last try: "
        words += "delete mail with %s in its subject there" % (SUBJECT % self.identity)
        words += ", and the contacts named %s in Odoo" % " ".join(WORDS) if last_day else ""
        self.findings.add("trip_not_removed", "round trip", "mailbox of %s" % address, words)

    def has_own_server(self, address):
        """Whether a user's mail goes through their own server, and answers to them; otherwise, they may go to the catchall."""
        system = {each for addresses in self.special.values() for each in addresses}
        return self.routed and address in self.own_logins and address not in system

    def remove_records(self, odoo, token, subject):
        """Remove what Odoo has of a token; returns how many records."""
        try:
            try:
                count, left = odoo.remove(token, _answer_id(token))
            except OdooError:
                # Perhaps only the connection broke, or somebody else wrote the same.
                count, left = OdooSide(self.way.connect()).remove(token, _answer_id(token))
        except OdooError as exc:
            count, left = 0, ["contacts named %s: %s" % (SUBJECT % token, exc)]
        for words in left:
            self.findings.add("trip_not_removed", subject, "records in Odoo", words)
        return count

    def contact_for(self, address, odoo):
        """The contact in Odoo of a receiver. One for all round trips: of two with an address, Odoo takes either as author."""
        with self.lock:
            if address not in self.contacts:
                token = "%sc%05d" % (self.token, len(self.contacts))
                self.contacts[address] = token, odoo.create_contact(token, address)
            return self.contacts[address][1]

    def inbox_of(self, address):
        echo = self.way.echo
        if echo and echo.address == address:
            return echo.inbox
        return self.people[address].inbox if address in self.people else self.inboxes.get(address)

    def sweep(self, inbox, reports=False):
        """Remove the mails of earlier runs from a mailbox, once; returns why this cannot be done.

        :param reports: whether to remove reports on them, too. The server may have to read all reports for that, so only after
            a run that was interrupted.
        """
        with self.lock:
            if inbox is None or inbox in self.swept:
                return self.swept.get(inbox, "")
            self.swept[inbox] = ""
        try:
            with self.way.open_letterbox(inbox) as letterbox:
                self._count(inbox, letterbox.remove(self.identity, spare=self.token))
                if reports:
                    self._count(inbox, letterbox.remove_these(letterbox.bounces(self.identity)))
        except _UNUSABLE as exc:
            self.swept[inbox] = _one_line(exc)
        return self.swept[inbox]

    def _count(self, inbox, outcome):
        removed, left = outcome
        with self.lock:
            self.removed_mails += removed
        if left:
            self.note_left(inbox, left, "round trip")

    def note_left(self, inbox, count, subject):
        words = "%d mails, which the server does not delete" % count
        self.findings.add("trip_not_removed", subject, "mailbox of %s" % inbox.login, words)

    def receiver_for(self, address):
        """Who receives a user's message: another user whose mailbox can be read, else any other mailbox."""
        if self.way.echo:
            return self.way.echo
        users = [each for each in self.way.users if each in self.people]
        if address in users:
            place = users.index(address) + 1
            users = users[place:] + users[:place]
        others = [each for each in [*users, *self.people] if each != address]
        return self.people[others[0]] if others else None

    def fetch_lock(self, server):
        """Without the addon, Odoo may post a message twice that is fetched twice at a time."""
        with self.lock:
            return self.fetching.setdefault(server, threading.Lock())


def _last_day(left_over):
    """Until when records stay whose mail may be in a mailbox that cannot be looked into.

    If it never can, they would stay forever, and each run report them. As long as this, mail may still arrive.
    """
    return date.fromisoformat(left_over.created) + timedelta(days=DAYS)


def _one_line(text):
    return " ".join(str(text).split())


def _answer_id(token):
    return "<%s.answer@postroom.invalid>" % token


class _Trip:
    """One user's round trip."""

    def __init__(self, run, address, token):
        self.of, self.way, self.findings = run, run.way, run.findings
        self.address, self.token = address, token
        self.subject = "round trip of %s" % address
        self.answer_id = _answer_id(token)
        self.odoo = self.reply_to = None
        self.reports = ()

    def run(self):
        self.findings.look(ROUND_TRIP, self.subject)
        receiver = self.of.receiver_for(self.address)
        user = self.of.users.get(self.address)
        if not user:
            asked = "active internal user with the address %s" % self.address
            self.findings.add("trip_user_missing", self.subject, asked, "none")
            return
        if not receiver:
            self._skip("the inventory has no other mailbox that the controller can use by SMTP and IMAP: set verify_echo")
            return
        for inbox in (receiver.inbox, self.of.inbox_of(self.address)):
            self.of.sweep(inbox)
        try:
            # Before anything is written.
            with self.way.open_letterbox(receiver.inbox) as letterbox, self._outbox(receiver):
                self.odoo = OdooSide(self.way.connect())
                self._go_round(user, receiver, letterbox)
        except Ended:
            pass
        except OdooError as exc:
            self._skip("Odoo did not answer: %s" % exc)
        except _UNUSABLE as exc:
            self._skip("the mailbox of %s cannot be used: %s" % (receiver.address, _one_line(exc)))
        finally:
            self._remove(receiver)

    def _go_round(self, user, receiver, letterbox):
        began = time.monotonic()
        record, message, message_id = self._post(user, receiver)
        self._send(message)
        found = self._wait_for_message(letterbox, receiver, message_id)
        arrived = received.read(found.headers)
        there = time.monotonic() - began
        self._say("received by %s after %.1f s: %s" % (receiver.address, there, arrived))
        self._judge(arrived, message_id, receiver)
        self.reply_to = arrived.reply_to or arrived.sender
        if not ADDRESS.match(self.reply_to):
            # What was judged says so. There is nobody to answer.
            raise Ended
        # Before Odoo fetches there what an earlier run left.
        self.of.sweep(self.of.inbox_of(self.reply_to))
        self._answer(receiver, found.headers)
        landed = self._bring_home(receiver)
        self._judge_landing(landed, record, receiver)
        total = time.monotonic() - began
        words = "the answer is on %s %d, by %s" % (landed["model"], landed["res_id"], landed["author"] or "nobody")
        self._say("%s (%.1f s)" % (words, total))
        found = "%s received it after %.1f s: %s; after %.1f s, %s" % (receiver.address, there, arrived, total, words)
        self._add("trip_done", "message of %s to %s, and its answer" % (self.address, receiver.address), found)

    # -- there -------------------------------------------------------------------------------------------------------------

    def _post(self, user, receiver):
        asked = "message of user %s on a new contact" % user["login"]
        try:
            contact = self.of.contact_for(receiver.address, self.odoo)
            record = self.odoo.create_record(self.token, self.address)
            return (record, *self.odoo.post(record, contact, user, SUBJECT % self.token, _TEXT))
        except OdooError as exc:
            self._end("trip_not_posted", asked, str(exc))

    def _send(self, message):
        outcome, words = self.odoo.send(message)
        if outcome == REFUSED:
            self._end("trip_refused", "Odoo sends the message", words)
        if outcome == WAITING:
            self._end("trip_waiting", "Odoo sends the message", words)

    def _wait_for_message(self, letterbox, receiver, message_id):
        asked = "message %s in the mailbox of %s" % (message_id, receiver.address)
        found = letterbox.wait_for(self.token, self.way.wait)
        if found is None:
            self._look_for_bounce(message_id)
            self._end(
                "trip_lost", asked, "not there after %g seconds; if it arrives later, the next run removes it" % self.way.wait
            )
        if found.spam:
            self._add("trip_in_spam", asked, "in the folder %s" % found.folder.strip('"'))
        return found

    def _look_for_bounce(self, message_id):
        inbox = self.of.inbox_of(self.address)
        if not inbox:
            return
        with contextlib.suppress(*_UNUSABLE), self.way.open_letterbox(inbox) as letterbox:
            self.reports = letterbox.bounces(self.token)
            if self.reports:
                _removed, left = letterbox.remove_these(self.reports)
                self._note_left(inbox, left)
                subject = " ".join(str(self.reports[0].headers["Subject"] or "").split())
                found = "report in the mailbox of %s: %s" % (self.address, subject)
                self._end("trip_bounced", "reports on message %s" % message_id, found)

    def _judge(self, arrived, message_id, receiver):
        """Compare what arrived with what is right, with the routing addon and without."""
        asked = "headers of the message that %s received" % receiver.address
        own = self.of.has_own_server(self.address)
        if arrived.sender != self.address:
            self._add("trip_from", asked, "From: %s" % (arrived.sender or "missing"))
        self._judge_reply_to(arrived, own, asked)
        self._judge_return_path(arrived, own, asked)
        if own and arrived.login and arrived.login not in self.of.own_logins[self.address]:
            expected = " or ".join(self.of.own_logins[self.address])
            self._add("trip_login", asked, "login %s; the user's server has %s" % (arrived.login, expected))
        if arrived.message_id != message_id:
            self._add("trip_message_id", asked, "%s; Odoo's was %s" % (arrived.message_id or "none", message_id))
        results = arrived.results
        if not results:
            self._add("trip_not_judged", asked, "no Authentication-Results")
        if results.get(received.DMARC, "none") in ("fail", "permerror"):
            self._add("trip_dmarc", asked, "dmarc=%s" % results[received.DMARC])
        if results.get(received.SPF, "pass") not in ("pass", "temperror"):
            self._add("trip_spf", asked, "spf=%s" % results[received.SPF])
        if results.get(received.DKIM, "none") in ("fail", "permerror", "policy", "neutral"):
            self._add("trip_dkim", asked, "dkim=%s" % results[received.DKIM])

    def _judge_reply_to(self, arrived, own, asked):
        to = arrived.reply_to or arrived.sender
        if to == self.address:
            return
        if not own and to in self.of.special["catchall"]:
            self._add("trip_reply_to_catchall", asked, "Reply-To: %s" % to)
        else:
            self._add("trip_reply_to", asked, "Reply-To: %s" % (to or "missing"))

    def _judge_return_path(self, arrived, own, asked):
        path = arrived.return_path
        if path is None or path == self.address:
            return
        # Up to 14, what is returned has the record in its address: bounce+12-res.partner-34@…
        local, _at, domain = path.rpartition("@")
        bounce = "%s@%s" % (local.partition("+")[0], domain)
        if own or not {path, bounce} & set(self.of.special["bounce"]):
            self._add("trip_return_path", asked, "Return-Path: %s" % (path or "empty"))

    # -- and back ----------------------------------------------------------------------------------------------------------

    def _answer(self, receiver, headers):
        """Answer as a mail program does."""
        message = EmailMessage()
        message["From"] = receiver.address
        message["To"] = self.reply_to
        message["Subject"] = "Re: " + SUBJECT % self.token
        message["Date"] = formatdate(localtime=True)
        message["Message-Id"] = self.answer_id
        message["In-Reply-To"] = message["References"] = " ".join(str(headers["Message-Id"]).split())
        message.set_content(_TEXT)
        try:
            with self._outbox(receiver) as outbox:
                outbox.hand_in(message, receiver.address, self.reply_to)
        except (Refused, Postponed) as exc:
            self._end("trip_answer_refused", "%s answers to %s" % (receiver.address, self.reply_to), str(exc))

    def _bring_home(self, receiver):
        """See the answer arrive, have Odoo fetch it, and return where Odoo has posted it."""
        server = self._incoming_server()
        if not server or server["state"] != "done":
            found = "incoming mail server %s is not confirmed" % server["name"] if server else "no active incoming mail server"
            self._end("trip_not_fetched_by_odoo", "incoming mail server for %s" % self.reply_to, found)
        self._wait_for_answer()
        asked = "Odoo fetches from %s" % server["name"]
        deadline = time.monotonic() + min(self.way.wait, _FETCHING)
        while True:
            landed = self.odoo.find_answer(self.answer_id)
            if landed:
                return landed
            if time.monotonic() > deadline:
                self._test_fetching(server, asked)
                self._end("trip_not_landed", asked, "no message with the Message-Id of the answer, %s" % self.answer_id)
            self._fetch(server, asked)
            time.sleep(0.2)

    def _incoming_server(self):
        inbox = self.of.inbox_of(self.reply_to)
        logins = [self.reply_to] + ([normal(inbox.login)] if inbox else [])
        return next((self.of.incoming[each] for each in logins if each in self.of.incoming), None)

    def _wait_for_answer(self):
        """See the answer in the mailbox that Odoo fetches, unless that cannot be read from here."""
        inbox = self.of.inbox_of(self.reply_to)
        asked = "answer %s in the mailbox of %s" % (self.answer_id, self.reply_to)
        if not inbox:
            return
        try:
            with self.way.open_letterbox(inbox) as letterbox:
                deadline, found = time.monotonic() + self.way.wait, None
                # Odoo may be faster, and may remove it.
                while not found and not self.odoo.find_answer(self.answer_id):
                    if time.monotonic() > deadline:
                        words = "not there after %g seconds; if it arrives later, the next run removes it" % self.way.wait
                        self._end("trip_answer_lost", asked, words)
                    found = letterbox.wait_for(self.token, 1, self._is_answer)
        except _UNUSABLE:
            # The check `connections` says why. Odoo may be able to.
            return
        if found and found.spam:
            self._end("trip_answer_in_spam", asked, "in the folder %s" % found.folder.strip('"'))

    def _is_answer(self, found):
        return " ".join(str(found.headers["Message-Id"]).split()) == self.answer_id

    def _fetch(self, server, asked):
        with self.of.fetch_lock(server["id"]):
            try:
                self.odoo.fetch(server["id"])
            except OdooError as exc:
                if not is_collision(exc):
                    self._end("trip_fetch_failed", asked, str(exc))

    def _test_fetching(self, server, asked):
        """Up to 16, Odoo only logs that it cannot fetch; the test of a server says so in all series."""
        try:
            self.odoo.test_incoming(server["id"])
        except OdooError as exc:
            self._end("trip_fetch_failed", asked, str(exc))

    def _judge_landing(self, landed, record, receiver):
        if (landed["model"], landed["res_id"]) != ("res.partner", record):
            place = "%s %s" % (landed["model"] or "no record", landed["res_id"] or "")
            self._end(
                "trip_elsewhere", "where Odoo posted the answer", "%s instead of res.partner %d" % (place.strip(), record)
            )
        if landed["author_address"] != receiver.address:
            found = "%s <%s> instead of %s" % (landed["author"] or "nobody", landed["author_address"], receiver.address)
            self._add("trip_author", "the author of the answer in Odoo", found)

    # -- the end -----------------------------------------------------------------------------------------------------------

    def _remove(self, receiver):
        """Remove the mails first: a run that is interrupted then leaves the records, by which the next one looks for them."""
        if self.odoo is None:
            return
        inboxes = [receiver.inbox, self.of.inbox_of(self.address), self.of.inbox_of(self.reply_to or "")]
        unread = self.reply_to if self.reply_to and not self.of.inbox_of(self.reply_to) else None
        if unread and self._odoo_has_answer():
            self._add("trip_not_removed", "mailbox of %s" % unread, "the answer: %s" % _NO_LOGIN)
        for inbox in dict.fromkeys(each for each in inboxes if each):
            try:
                with self.way.open_letterbox(inbox) as letterbox:
                    _removed, left = letterbox.remove(self.token)
                self._note_left(inbox, left)
            except _UNUSABLE as exc:
                words = "mail may be left there: %s" % _one_line(exc)
                self._add("trip_not_removed", "mailbox of %s" % inbox.login, words)
        self.of.remove_records(self.odoo, self.token, self.subject)

    def _note_left(self, inbox, left):
        if left:
            self.of.note_left(inbox, left, self.subject)

    def _odoo_has_answer(self):
        try:
            return bool(self.odoo.find_answer(self.answer_id))
        except OdooError:
            return False

    @contextlib.contextmanager
    def _outbox(self, person):
        """A session of somebody who may send."""
        with open_session(person.outbox.endpoint, self.way.context_for(person.outbox), self.way.timeout) as session:
            log_in(session, person.outbox, self.way.tokens)
            yield session

    def _say(self, text):
        self.of.progress("%s: %s" % (self.subject, text))

    def _add(self, rule, asked, found):
        self.findings.add(rule, self.subject, asked, found)

    def _skip(self, reason):
        self.findings.skip(ROUND_TRIP, self.subject, reason)

    def _end(self, rule, asked, found):
        self._add(rule, asked, found)
        raise Ended
