"""What a thread that fetches mail holds and remembers.

It is alone at a mailbox, and at a message, by locks of PostgreSQL's that end with a transaction of their own, however that
ends. Locks on rows would not do: core commits after every message.
"""

import threading
from contextlib import contextmanager

_thread = threading.local()


class Fetching:
    """The fetching of one thread.

    :param cr: cursor that ends when the fetching ends
    :param server_id: incoming server that nobody else may be at
    :ivar alone: whether nobody else is at it
    :ivar failure: the exception that core's processing of the present message raised
    :ivar dealt_with: whether core has dealt with the present message in another way than by keeping it
    :ivar wakes_nobody: whether core has kept the present message without notifying anybody of it
    :ivar offered: the messages that core was given, by incoming server: none is given twice
    """

    def __init__(self, cr, server_id=None):
        self.cr = cr
        self.alone = server_id is None or self._take_mailbox(server_id)
        self.offered = {}
        self.forget_message()
        cr.execute("SAVEPOINT message")

    def _take_mailbox(self, server_id):
        self.cr.execute("SELECT pg_try_advisory_xact_lock(hashtext('smtp_server_per_user.mailbox'), %s)", [server_id])
        return self.cr.fetchone()[0]

    def forget_message(self):
        self.failure, self.dealt_with, self.wakes_nobody = None, False, False

    def take_message(self, message_id):
        """Wait until nobody else is at a message of this Message-Id; it is released when the next one is asked for.

        A message to two people comes by two mailboxes. Core drops the second, if it can see the first by then.
        """
        self.forget_message()
        # Never two at a time: nobody holds what another one waits for.
        self.cr.execute("ROLLBACK TO SAVEPOINT message")
        self.cr.execute("SELECT pg_advisory_xact_lock(hashtext('smtp_server_per_user.message'), hashtext(%s))", [message_id])


@contextmanager
def by_this_thread(cr, server_id=None):
    """Have this thread fetch."""
    _thread.fetching = Fetching(cr, server_id)
    try:
        yield _thread.fetching
    finally:
        _thread.fetching = None


def current():
    """The fetching of this thread, or None."""
    return getattr(_thread, "fetching", None)
