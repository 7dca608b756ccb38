"""Who knows Odoo for a mailbox: what is known, what was kept, how far the reading has come, and what to note.

Each question and each note is a transaction of its own. Core's may be broken by a message that it failed on, and is not to
be broken by ours.
"""

import collections
import logging
from contextlib import contextmanager

import psycopg2

from . import fetching, outcomes
from .headers import clean
from .judgement import Bounce, Known
from .sending import in_words

_logger = logging.getLogger("odoo.addons.smtp_server_per_user")

# What became of a message: whether Odoo has it, what core raised, whether to try again with the next fetch, and whether
# nobody was notified of it.
Result = collections.namedtuple("Result", "kept problem again wakes_nobody")

# Errors of PostgreSQL's that are nobody's fault: serialization, deadlock, locks, connections, resources, shutdown.
_PASSING = ("40", "55P03", "08", "53", "57P")


def is_passing(problem):
    """Whether an exception has nothing to do with what is in a message."""
    code = getattr(problem, "pgcode", None)
    if isinstance(problem, psycopg2.InterfaceError):
        return True
    return isinstance(problem, psycopg2.OperationalError) and (code is None or code.startswith(_PASSING))


class Clerk:
    """The clerk of one incoming mail server.

    :param server: the incoming mail server
    :param commits: whether core itself commits what it makes of a message before it is marked as read
    """

    def __init__(self, server, commits):
        self.server, self.commits = server, commits
        self.name, self.server_id = server.name, server.id
        # The exception that ended the reading of the mailbox, and whether Odoo has had a message of it.
        self.problem, self._has_fetched = None, False

    is_passing = staticmethod(is_passing)

    @contextmanager
    def _apart(self):
        with self.server.env.registry.cursor() as cr:
            yield self.server.with_env(self.server.env(cr=cr))

    def known(self, message_ids):
        """A Known for each of some Message-Ids that Odoo has."""
        if not message_ids:
            return {}
        with self._apart() as server:
            return {name: Known(*rest) for name, *rest in server._known_messages(sorted(message_ids))}

    def addressees(self, message_id):
        with self._apart() as server:
            return server._addressees(message_id)

    def reason_to_leave(self, message, verdict):
        with self._apart() as server:
            return server._reason_to_leave(message, verdict)

    def load(self, folder):
        with self._apart() as server:
            return server._load_progress(folder)

    def save(self, folder, text):
        try:
            with self._apart() as server:
                server._save_progress(folder, text)
        except psycopg2.Error:
            # What is not saved is looked at once more, and found to be known.
            _logger.info("The progress of incoming mail server %s was not saved.", self.name, exc_info=True)

    def note(self, place, subject, reason, detail=""):
        """Note, once, that a message stays in the mailbox.

        :param place: folder, validity and identifier of it
        :param reason: one of the keys of REASONS in models/fetchmail_server.py
        """
        subject, detail = clean(subject)[:100], clean(detail)[:200]
        try:
            with self._apart() as server:
                is_new = server._save_note(*place, subject, reason, detail)
        except psycopg2.Error:
            _logger.info("A note on incoming mail server %s was not saved.", self.name, exc_info=True)
            is_new = True
        if is_new:
            _logger.warning(
                "Incoming mail server %s: message %s (%s) stays in the mailbox: %s %s",
                self.name,
                " ".join(filter(None, (place[0], place[2]))),
                subject,
                reason,
                detail,
            )

    # ------------------------------------------------------------------
    # Core's processing of a message
    # ------------------------------------------------------------------

    def offered(self):
        """The messages that core has had in this fetch."""
        present = fetching.current()
        return present.offered.setdefault(self.server_id, set()) if present else set()

    def take_turn(self, message_id):
        # A transaction that began before another one's message was committed would not see it.
        self._settle()
        if fetching.current():
            fetching.current().take_message(message_id)

    def refuse(self, problem):
        """Have core fail on the message that it gets next."""
        if not fetching.current():
            raise problem
        fetching.current().failure = problem

    def result(self, offered):
        """What became of a message that core has processed."""
        present = fetching.current()
        problem = (present.failure if present else None) or self._settle()
        dealt_with, wakes_nobody = (present.dealt_with, present.wakes_nobody) if present else (False, False)
        if present:
            present.forget_message()
        if problem:
            return Result(False, problem, is_passing(problem), False)
        with self._apart() as server:
            if isinstance(offered.verdict, Bounce):
                kept = server._has_bounce(offered.verdict.about, offered.verdict.recipient)
            else:
                kept = server._has_message(offered.message_id)
        kept = bool(kept or (dealt_with and not offered.verdict))
        self._has_fetched = self._has_fetched or kept
        return Result(kept, None, False, wakes_nobody)

    def _settle(self):
        """Commit what core has made of a message; returns what kept it from being committed."""
        if self.commits:
            return None
        try:
            self.server.env.cr.commit()
        except Exception as problem:
            _logger.info("Failed to process mail from server %s.", self.name, exc_info=True)
            self.server.env.cr.rollback()
            self.server.env.clear()
            return problem
        return None

    def finish(self):
        """Before core notes on the server that it was fetched: somebody may have changed it meanwhile."""
        self._settle()
        if not fetching.current():
            return  # Somebody tests the connection.
        found = {outcomes.FETCHED: outcomes.outcome()} if self._has_fetched else {}
        if self.problem:
            found[outcomes.FAILED] = outcomes.outcome(in_words(self.problem))
        else:
            found[outcomes.WORKED] = outcomes.outcome()
        self.server._note_outcomes(found)
