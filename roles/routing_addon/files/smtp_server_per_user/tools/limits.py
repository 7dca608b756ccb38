"""What a provider accepts of one mailbox: so many messages a minute, so many connections at once. For all workers.

Both are kept by PostgreSQL, in transactions of their own. The times are the database's. A worker that dies leaves nothing
behind: its connection to the database ends, and with it its place, and what it sent is forgotten after a minute.
"""

from datetime import timedelta

MINUTE = timedelta(minutes=1)
# How long mail waits for a connection.
PAUSE = timedelta(seconds=30)
# Of a server, in the number of its places.
MOST_CONNECTIONS = 100


class Busy(OSError):
    """All connections to the server are in use."""

    def __init__(self):
        super().__init__("All connections to the mail server are in use.")


def admit(needed, free, limit):
    """How many of the next mails may be sent now, and how many messages these are.

    :param needed: the number of messages of each mail
    :param free: the messages that may be sent now
    :param limit: the messages that may be sent in a minute
    :return: (mails, messages); the last mail may need more than is left if no minute is enough for it
    """
    taken = 0
    for position, number in enumerate(needed):
        if number > limit and taken < free:
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

    TABLE = """
        CREATE TABLE IF NOT EXISTS smtp_server_per_user_sent (
            id serial PRIMARY KEY, server_id integer NOT NULL, sent_at timestamp NOT NULL
        );
        CREATE INDEX IF NOT EXISTS smtp_server_per_user_sent_server ON smtp_server_per_user_sent (server_id, sent_at)
    """
    NOW = "clock_timestamp() AT TIME ZONE 'UTC'"

    def __init__(self, open_cursor, server_id, limit):
        self._open_cursor, self._server_id, self.limit = open_cursor, server_id, limit
        self._rows = []

    def take(self, needed):
        """Reserve messages for the next mails.

        :param needed: the number of messages of each mail
        :return: (mails, messages, time), see admit(); the time is when the next ones may be sent
        """
        with self._open_cursor() as cr:
            # What another worker has reserved while this one waited for it is to be seen.
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            cr.execute("SELECT pg_advisory_xact_lock(hashtext('smtp_server_per_user.sent'), %s)", [self._server_id])
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
            cr.execute(
                """
                INSERT INTO smtp_server_per_user_sent (server_id, sent_at)
                SELECT %%s, %s FROM generate_series(1, %%s) RETURNING id
                """
                % self.NOW,
                [self._server_id, messages],
            )
            self._rows = [row for (row,) in cr.fetchall()]
        return mails, messages, _next_second((first or now) + MINUTE)

    def settle(self, unused):
        """Of what was reserved, the rest has been sent by now."""
        rows, self._rows = self._rows, []
        if not rows:
            return
        used = len(rows) - unused
        with self._open_cursor() as cr:
            cr.execute("UPDATE smtp_server_per_user_sent SET sent_at = %s WHERE id = ANY(%%s)" % self.NOW, [rows[:used]])
            cr.execute("DELETE FROM smtp_server_per_user_sent WHERE id = ANY(%s)", [rows[used:]])


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
        """
        if self._cr is not None:
            return
        cr = self._open_cursor()
        for number in range(self._limit):
            key = self._server_id * MOST_CONNECTIONS + number
            cr.execute("SELECT pg_try_advisory_lock(hashtext('smtp_server_per_user.connection'), %s)", [key])
            if cr.fetchone()[0]:
                # The lock outlives the transaction, which would keep old rows from being cleaned up.
                cr.commit()
                self._cr, self._key = cr, key
                return
        cr.close()
        raise Busy

    def give_up(self):
        if self._cr is None:
            return
        cr, self._cr = self._cr, None
        try:
            cr.execute("SELECT pg_advisory_unlock(hashtext('smtp_server_per_user.connection'), %s)", [self._key])
        finally:
            cr.close()
