"""Who is at a mailbox, or at a message, is there alone.

By locks of PostgreSQL's that end with a transaction of their own, however that ends. Locks on rows would not do: core
commits after every message.
"""

import threading
from contextlib import contextmanager

_thread = threading.local()


class Turns:
    """The turns of one thread that is fetching.

    :param cr: cursor that ends when the fetching ends
    :param server_id: incoming server that nobody else may be at
    """

    def __init__(self, cr, server_id=None):
        self.cr = cr
        self.alone = server_id is None or self._take_mailbox(server_id)
        cr.execute("SAVEPOINT message")

    def _take_mailbox(self, server_id):
        self.cr.execute("SELECT pg_try_advisory_xact_lock(hashtext('smtp_server_per_user.mailbox'), %s)", [server_id])
        return self.cr.fetchone()[0]

    def take_message(self, message_id):
        """Wait until nobody else is at a message of this Message-Id; it is let go when the next one is asked for.

        A message to two people comes by two mailboxes. Core drops the second, if it can see the first by then.
        """
        # Never two at a time: nobody holds what another one waits for.
        self.cr.execute("ROLLBACK TO SAVEPOINT message")
        if message_id:
            self.cr.execute(
                "SELECT pg_advisory_xact_lock(hashtext('smtp_server_per_user.message'), hashtext(%s))", [message_id]
            )


@contextmanager
def taking(cr, server_id=None):
    """Have this thread take its messages in turn."""
    _thread.turns = Turns(cr, server_id)
    try:
        yield _thread.turns
    finally:
        _thread.turns = None


def current():
    """The turns of this thread, if it is fetching."""
    return getattr(_thread, "turns", None)
