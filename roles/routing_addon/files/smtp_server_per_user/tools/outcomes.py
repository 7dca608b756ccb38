"""When each mail server last worked, and when and why it last failed.

Rows are only added to the table, in transactions of their own, and each new one removes those that it replaces, unless somebody
has locked them. So nobody waits for anybody, no row of Odoo's is touched, and mail is sent and fetched whatever happens here.
"""

import collections
import logging
import time
from datetime import datetime, timezone

from . import tables
from .headers import clean

_logger = logging.getLogger("odoo.addons.smtp_server_per_user")

TABLE = "smtp_server_per_user_outcome"
OUTGOING, INCOMING = "ir.mail_server", "fetchmail.server"
# WORKED: a message was accepted for somebody, or a mailbox was read. FETCHED: a message came from a mailbox.
WORKED, FAILED, FETCHED = "worked", "failed", "fetched"
# What a server is said to be, by its outcomes.
UNUSED, WORKING, FAILING = "unused", "working", "failing"
# Where the passwords are, which no text may contain.
PASSWORDS = {OUTGOING: ("ir_mail_server", "smtp_pass"), INCOMING: ("fetchmail_server", "password")}
LONGEST = 1000
# Of a session that sends for longer, the outcomes are written meanwhile.
SECONDS = 60

# at: the time, in UTC; words: the provider's, of a failure.
Outcome = collections.namedtuple("Outcome", "at words")


def outcome(words=""):
    """What has happened just now."""
    return Outcome(datetime.now(timezone.utc).replace(tzinfo=None), words)


def state_of(outcomes):
    """What a server is said to be.

    :param outcomes: the last Outcome of each kind, by kind
    """
    worked, failed = outcomes.get(WORKED), outcomes.get(FAILED)
    if failed and not (worked and worked.at >= failed.at):
        return FAILING
    return WORKING if worked else UNUSED


def time_of(outcomes, kind):
    """When something last happened, as Odoo has times: whole seconds, in UTC; False if it never did."""
    return outcomes[kind].at.replace(microsecond=0) if kind in outcomes else False


def words_of(outcomes):
    """The provider's words when the server last failed; False if it never did."""
    return outcomes[FAILED].words if FAILED in outcomes else False


def domain(operator, value, states):
    """The domain of the records whose state is searched for.

    :param states: the state of each record, by its id
    """
    # 19 and 20 ask by sets only.
    wanted = {value} if isinstance(value, (str, bool)) else set(value)
    negated = operator in ("!=", "not in")
    return [("id", "in", [each for each, state in states.items() if (state in wanted) != negated])]


class Tally:
    """The outcomes of the mails of one session, of which only the last ones are kept.

    :param write: function that is given them, by kind
    """

    def __init__(self, write):
        self._write, self._outcomes, self._written = write, {}, time.monotonic()

    def add(self, attempt):
        """Note what became of a mail.

        :param attempt: the Attempt to send it
        """
        if attempt.failure or attempt.waiting or attempt.refused.keys() - attempt.refused_before.keys():
            self._outcomes[FAILED] = outcome(attempt.words)
        if attempt.delivered - attempt.delivered_before:
            # Later than a failure: the server works, though not for all recipients.
            self._outcomes[WORKED] = outcome()
        if time.monotonic() - self._written > SECONDS:
            self.write()

    def write(self):
        if self._outcomes:
            self._write(self._outcomes)
        self._outcomes, self._written = {}, time.monotonic()


# ----------------------------------------------------------------------
# The table
# ----------------------------------------------------------------------


def create_table(cr):
    tables.create(
        cr,
        TABLE,
        """
        CREATE TABLE smtp_server_per_user_outcome (
            id serial PRIMARY KEY, model text NOT NULL, server_id integer NOT NULL, kind text NOT NULL, at timestamp NOT NULL,
            words text NOT NULL
        )
        """,
    )
    tables.create(
        cr,
        "smtp_server_per_user_outcome_server",
        "CREATE INDEX smtp_server_per_user_outcome_server ON smtp_server_per_user_outcome (server_id, model, kind)",
    )


def has_table(cr):
    return tables.exists(cr, TABLE)


def note(registry, model, server_id, outcomes):
    """Keep what happened at a server. Never raises, and waits for nobody who sends or fetches.

    :param registry: Odoo's registry, which has the database's cursors
    :param model: OUTGOING or INCOMING
    :param outcomes: the last Outcome of each kind, by kind
    """
    try:
        with registry.cursor() as cr:
            # What another one removes meanwhile is left out, instead of being an error.
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            # Nobody but an upgrade or an uninstallation locks the whole table.
            cr.execute("SET LOCAL lock_timeout = '1s'")
            for kind, (at, words) in outcomes.items():
                _add(cr, model, server_id, kind, at, _fit_to_be_shown(cr, model, server_id, words))
    except Exception:
        _logger.info("What happened at %s %s was not noted.", model, server_id, exc_info=True)


def _add(cr, model, server_id, kind, at, words):
    cr.execute(
        """
        INSERT INTO smtp_server_per_user_outcome (model, server_id, kind, at, words) VALUES (%s, %s, %s, %s, %s) RETURNING id
        """,
        [model, server_id, kind, at, words],
    )
    cr.execute(
        """
        DELETE FROM smtp_server_per_user_outcome WHERE id IN (
            SELECT id FROM smtp_server_per_user_outcome
            WHERE model = %s AND server_id = %s AND kind = %s AND at <= %s AND id != %s FOR UPDATE SKIP LOCKED
        )
        """,
        [model, server_id, kind, at, cr.fetchone()[0]],
    )


def _fit_to_be_shown(cr, model, server_id, words):
    """A provider's words without what does not belong on a page, and without the password, should they have it."""
    if not words:
        return ""
    table, column = PASSWORDS[model]
    cr.execute('SELECT "%s" FROM "%s" WHERE id = %%s' % (column, table), [server_id])
    password = (cr.fetchone() or [None])[0]
    words = words.replace(password, "***") if password else words
    return "\n".join(clean(line) for line in words.splitlines())[:LONGEST]


def latest(cr, model, ids):
    """The last Outcome of each kind, by kind, by server."""
    cr.execute(
        """
        SELECT DISTINCT ON (server_id, kind) server_id, kind, at, words FROM smtp_server_per_user_outcome
        WHERE model = %s AND server_id = ANY(%s) ORDER BY server_id, kind, at DESC, id DESC
        """,
        [model, list(ids)],
    )
    found = {}
    for server_id, kind, at, words in cr.fetchall():
        found.setdefault(server_id, {})[kind] = Outcome(at, words)
    return found


def forget(cr, model, ids):
    """Servers are removed."""
    cr.execute("DELETE FROM smtp_server_per_user_outcome WHERE model = %s AND server_id = ANY(%s)", [model, list(ids)])
