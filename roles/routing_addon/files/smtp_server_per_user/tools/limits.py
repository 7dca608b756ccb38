"""What a provider accepts of one mailbox: so many messages a minute, so many connections at once. For all workers.

Both are kept by PostgreSQL, in transactions of their own. The times are the database's. A worker that dies leaves nothing
behind: its connection to the database ends, and with it its place, and what it sent is forgotten after a minute.
"""

import logging
from contextlib import closing, contextmanager
from datetime import timedelta

from . import tables

_logger = logging.getLogger("odoo.addons.smtp_server_per_user")

MINUTE = timedelta(minutes=1)
# How long mail waits for a connection.
PAUSE = timedelta(seconds=30)
# Of a server, in the number of its places.
MOST_CONNECTIONS = 100


class Busy(OSError):
    """There is no connection to the server now, as all are in use or the database cannot tell."""


def admit(needed, free, limit):
    """How many of the next mails may be sent now, and how many messages these are.

    :param needed: the number of messages of each mail
    :param free: the messages that may be sent now
    :param limit: the messages that may be sent in a minute
    :return: (mails, messages); the last mail may need more than is left: if no minute is enough for it, or if it is the first,
        which would otherwise never have its turn while others use what is free
    """
    taken = 0
    for position, number in enumerate(needed):
        if taken < free < taken + number and (number > limit or not taken):
            return position + 1, free
        if taken + number > free:
            return position, taken
        taken += number
    return len(needed), taken


def turns(needed, start, limit):
    """When the mails that are left are due, so many messages a minute: [(time, number of mails)].

    :param start: when the first may be sent
    """
    found, taken = [], 0
    for number in needed:
        if not found or (taken and taken + number > limit):
            found.append([start + len(found) * MINUTE, 0])
            taken = 0
        found[-1][1] += 1
        taken += number
    return [tuple(each) for each in found]


class Pace:
    """The messages that a server has sent within the last minute.

    :param open_cursor: function that opens a cursor of a transaction of its own
    :param server_id: id of the server
    :param limit: how many it may send in a minute
    """

    NOW = "clock_timestamp() AT TIME ZONE 'UTC'"

    def __init__(self, open_cursor, server_id, limit):
        self._open_cursor, self._server_id, self.limit = open_cursor, server_id, limit
        self._rows = []

    def take(self, needed):
        """Reserve messages for the next mails.

        :param needed: the number of messages of each mail
        :return: (mails, messages, time), see admit(); the time is when the next ones may be sent
        :raise psycopg2.Error: the database has no connection for it, or somebody has locked the table
        """
        with self._alone() as cr:
            cr.execute(
                "DELETE FROM smtp_server_per_user_sent WHERE server_id = %%s AND sent_at <= %s - %%s" % self.NOW,
                [self._server_id, MINUTE],
            )
            cr.execute(
                "SELECT count(*), min(sent_at), %s FROM smtp_server_per_user_sent WHERE server_id = %%s" % self.NOW,
                [self._server_id],
            )
            count, first, now = cr.fetchone()
            mails, messages = admit(needed, max(self.limit - count, 0), self.limit)
            rows = self._add(cr, messages)
        self._rows = rows
        return mails, messages, _next_second((first or now) + MINUTE)

    def settle(self, unused):
        """Of what was reserved, the rest has been sent by now. Never raises."""
        rows, self._rows = self._rows, []
        if rows:
            self._note(len(rows) - unused, instead_of=rows)

    def count(self, messages):
        """So many messages are sent, whether the server may send them or not. Never raises."""
        self._note(messages)

    def _note(self, messages, instead_of=()):
        try:
            with self._alone() as cr:
                # Others may have removed some of them already, after a minute.
                cr.execute("DELETE FROM smtp_server_per_user_sent WHERE id = ANY(%s)", [list(instead_of)])
                self._add(cr, messages)
        except Exception:
            # What the provider has accepted would be sent again if its transaction did not end well.
            _logger.info("What the mail server %s has sent was not counted.", self._server_id, exc_info=True)

    @contextmanager
    def _alone(self):
        """A cursor, while no other worker counts what this server sends."""
        with self._open_cursor() as cr:
            # What another worker has reserved while this one waited for it is to be seen.
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            # Nobody but an upgrade or an uninstallation locks the whole table, and these may wait for who sends.
            cr.execute("SET LOCAL lock_timeout = '1s'")
            cr.execute("SELECT pg_advisory_xact_lock(hashtext('smtp_server_per_user.sent'), %s)", [self._server_id])
            yield cr

    def _add(self, cr, messages):
        cr.execute(
            """
            INSERT INTO smtp_server_per_user_sent (server_id, sent_at)
            SELECT %%s, %s FROM generate_series(1, %%s) RETURNING id
            """
            % self.NOW,
            [self._server_id, messages],
        )
        return [row for (row,) in cr.fetchall()]


def create_table(cr):
    """What Pace counts."""
    tables.create(
        cr,
        "smtp_server_per_user_sent",
        """
        CREATE TABLE smtp_server_per_user_sent (
            id serial PRIMARY KEY, server_id integer NOT NULL, sent_at timestamp NOT NULL
        )
        """,
    )
    tables.create(
        cr,
        "smtp_server_per_user_sent_server",
        "CREATE INDEX smtp_server_per_user_sent_server ON smtp_server_per_user_sent (server_id, sent_at)",
    )


def _next_second(time):
    return (time + timedelta(seconds=1)).replace(microsecond=0) if time.microsecond else time


class Place:
    """One of the connections that a server may have at once; held until it is given up.

    :param open_cursor: function that opens a cursor of a transaction of its own
    :param server_id: id of the server
    :param limit: how many connections it may have
    """

    def __init__(self, open_cursor, server_id, limit):
        self._open_cursor, self._server_id, self._limit = open_cursor, server_id, min(limit, MOST_CONNECTIONS)
        self._cr = self._key = None

    def take(self):
        """Take a place, unless this has one.

        :raise Busy: there is none
        :raise psycopg2.Error: the database has no connection for it
        """
        if self._cr is not None:
            return
        cr = self._open_cursor()
        try:
            for number in range(self._limit):
                key = self._server_id * MOST_CONNECTIONS + number
                cr.execute("SELECT pg_try_advisory_lock(hashtext('smtp_server_per_user.connection'), %s)", [key])
                if cr.fetchone()[0]:
                    # The lock outlives the transaction, which would keep old rows from being cleaned up.
                    cr.commit()
                    self._cr, self._key = cr, key
                    return
            raise Busy("All connections to the mail server are in use.")
        finally:
            if self._cr is None:
                cr.close()

    def give_up(self):
        """Give the place to others. Never raises: mail has been sent meanwhile, which would be sent again."""
        if self._cr is None:
            return
        cr, self._cr = self._cr, None
        try:
            with closing(cr):
                cr.execute("SELECT pg_advisory_unlock(hashtext('smtp_server_per_user.connection'), %s)", [self._key])
        except Exception:
            # Without the connection to the database, nobody has the place.
            _logger.info("The place at the mail server %s was not given up.", self._server_id, exc_info=True)
