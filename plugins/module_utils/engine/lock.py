# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One run at a time writes to a database, and none writes by what it read before another one wrote.

The rows by which runs take turns are external identifiers of no record, with a number each. A run that has something to write
adds the row after the last one that it read. Odoo refuses the row when another run has added it in the meantime: then the list
must be read and planned again. While the run is at work, its row says so. A run that was killed leaves such a row behind; it is
given up when it has not moved for longer than any request takes. Rows stay for an hour, so that a run that read the list before
several others wrote still meets theirs.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from datetime import datetime, timedelta

from ansible_collections.postroom.odoo.plugins.module_utils.engine.snapshot import IDENTIFIERS, NAMESPACE, read_turns
from ansible_collections.postroom.odoo.plugins.module_utils.transport.errors import BrokenConnection, OdooError, is_collision

NAME = "run_%d"
KEPT = timedelta(hours=1)
# Seconds after which a run shows that it is still at work.
BEAT = 10
# Seconds between two looks at the row of another run.
POLL = 0.5
# Odoo removes an external identifier with its record, so that these must be the numbers of none.
_NO_RECORD = 2**30


class Taken(Exception):
    """Another run writes to the database, or did after the list was read."""


class Overtaken(BrokenConnection):
    """Another run has given this one up."""


class Lock:
    """A run's turn to write, taken and ended by C(with).

    :param session: its calls show the others that this run is still at work.
    :param turns: the rows that were read before the records (snapshot.Ownership).
    :raises Taken: when it is another run's turn, or was after that.
    """

    def __init__(self, session, turns):
        self._session = session
        self._turns = turns
        self._row = None
        self._shown = 0.0
        self._signals = None
        # Whether all that was written is put back, so that nobody must plan again.
        self.left_nothing = False

    def __enter__(self):
        last = self._turns[-1] if self._turns else None
        if last and last["noupdate"]:
            raise Taken
        with contextlib.ExitStack() as stack:
            stack.enter_context(_signals_as_exceptions())
            self._row = self._add(number(last) + 1 if last else 1)
            self._signals = stack.pop_all()
        self._shown = time.monotonic()
        self._session.before_call = self._show_life
        return self

    def _add(self, turn):
        state = _NO_RECORD + random.randrange(2**29)  # noqa: S311 - chance, not cryptography
        row = {"module": NAMESPACE, "name": NAME % turn, "model": IDENTIFIERS, "res_id": state, "noupdate": True}
        try:
            return self._session.call(IDENTIFIERS, "create", [row])[0]
        except BaseException as exc:
            if isinstance(exc, OdooError) and not isinstance(exc, BrokenConnection):
                if is_collision(exc):
                    raise Taken from exc
                raise
            # It may be there all the same.
            with contextlib.suppress(OdooError):
                self._end([each["id"] for each in read_turns(self._session) if each["res_id"] == state], left_nothing=True)
            raise

    def __exit__(self, kind, exc, trace):
        self._session.before_call = None
        # What Odoo refuses is put back. Of a broken connection, it is not known what was done.
        refused = isinstance(exc, Exception) and not isinstance(exc, BrokenConnection)
        with self._signals, contextlib.suppress(OdooError):
            self._end([self._row], self.left_nothing or refused)
            if exc is None:
                self._remove_old()

    def _end(self, rows, left_nothing):
        for attempt in (1, 2):
            try:
                if left_nothing:
                    self._session.call(IDENTIFIERS, "unlink", rows)
                else:
                    self._session.call(IDENTIFIERS, "write", rows, {"noupdate": False})
                return
            except BrokenConnection:
                if attempt == 2:
                    raise

    def _remove_old(self):
        newest = max((_written(each) for each in self._turns), default=None)
        old = [each["id"] for each in self._turns if _written(each) < newest - KEPT]
        if old:
            self._session.call(IDENTIFIERS, "unlink", old)

    def _show_life(self):
        if time.monotonic() - self._shown < BEAT:
            return
        self._shown, self._session.before_call = time.monotonic(), None
        own = [each for each in read_turns(self._session) if each["id"] == self._row and each["noupdate"]]
        if not own:
            raise Overtaken(
                "Another run of Postroom writes to database %s, as this one seemed to be interrupted." % self._session.database
            )
        self._session.call(IDENTIFIERS, "write", [self._row], {"res_id": own[0]["res_id"] + 1})
        self._session.before_call = self._show_life


@contextlib.contextmanager
def _signals_as_exceptions():
    """Have Ctrl-C and the like raise KeyboardInterrupt, and end the process afterwards: Ansible would end it at once."""
    caught, handlers = [], {}

    def catch(number, dummy):
        caught.append(number)
        # Ansible sends a second one soon, which must not break off what the first one begins.
        if len(caught) == 1:
            raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        for each in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(each) not in (None, signal.SIG_IGN):
                handlers[each] = signal.signal(each, catch)
    try:
        yield
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)
        if caught:
            os.kill(os.getpid(), caught[0])


def wait(session, report_progress):
    """Wait while it is another run's turn, and give up a run that does not move any more.

    :param report_progress: function that receives a line when there is something to wait for.
    """
    patience = session.timeout + 2 * BEAT
    seen = None
    while True:
        last = read_turns(session)[-1:]
        if not last or not last[0]["noupdate"]:
            return
        state = last[0]["id"], last[0]["res_id"]
        if seen is None:
            report_progress("waiting for another run of Postroom, for %d s if that was interrupted" % patience)
        if state != seen:
            seen, since = state, time.monotonic()
        elif time.monotonic() - since > patience:
            session.call(IDENTIFIERS, "write", [last[0]["id"]], {"noupdate": False})
            return
        time.sleep(POLL)


def number(turn):
    return int(turn["name"].rpartition("_")[2])


def _written(turn):
    return datetime.strptime(turn["create_date"][:19], "%Y-%m-%d %H:%M:%S")
