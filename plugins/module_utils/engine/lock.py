# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One run at a time writes to a database, and none writes by what it read before another one wrote.

The rows by which runs take turns are external identifiers of no record, with a number each. A run that has something to write
adds the row after the last one that it read. Odoo refuses the row when another run has added it in the meantime: then the list
must be read and planned again. While the run is at work, its row says so. A run that was killed leaves such a row behind, and
so does one that ends without the answer to a write, as Odoo may still be working on that. The row is given up when it has not
moved for longer than its run would have waited for an answer, which is part of its number. Rows stay for an hour, so that a run
that read the list before several others wrote still meets theirs.
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
# The last bits of such a number are the run's timeout in seconds. Those before it are by chance, and grow with each move.
_STEP = 2**14


class Taken(Exception):
    """Another run writes to the database, or did after the list was read."""


class TurnLost(BrokenConnection):
    """Another run has given this one up, or this one cannot show that it is at work, so that another may."""


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
        # Whether a run without an error put back all that it wrote, so that nobody must plan again.
        self.left_nothing = False

    def __enter__(self):
        if is_at_work(self._turns):
            raise Taken
        last = self._turns[-1] if self._turns else None
        with contextlib.ExitStack() as stack:
            stack.enter_context(_signals_as_exceptions())
            self._row = self._add(number(last) + 1 if last else 1)
            self._signals = stack.pop_all()
        self._shown = time.monotonic()
        self._session.before_call = self._show_life
        self._session.unanswered = 0
        return self

    def _add(self, turn):
        chance = random.randrange(2**15)  # noqa: S311 - chance, not cryptography
        state = _NO_RECORD + chance * _STEP + min(int(self._session.timeout), _STEP - 1)
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
        with self._signals, contextlib.suppress(OdooError):
            # The next run must not read before Odoo has ended what it may still be working on.
            if exc is None or not self._session.unanswered:
                self._end([self._row], self.left_nothing or getattr(exc, "left_nothing", False))
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
            except OdooError:
                # Whatever it was: the next task of the playbook would wait for minutes for this row to move.
                if attempt == 2:
                    raise

    def _remove_old(self):
        newest = max((_written(each) for each in self._turns), default=None)
        old = [each["id"] for each in self._turns if _written(each) < newest - KEPT]
        if old:
            self._session.call(IDENTIFIERS, "unlink", old)

    def _show_life(self):
        now, unanswered = time.monotonic(), self._session.unanswered
        if now - self._shown < BEAT:
            return
        self._session.before_call = None
        try:
            own = self._move()
        finally:
            # It is the list's writes that others must not read too early.
            self._session.before_call, self._session.unanswered = self._show_life, unanswered
        if not own:
            raise TurnLost(
                "Another run of Postroom writes to database %s, as this one seemed to be interrupted." % self._session.database
            )
        self._shown = now

    def _move(self):
        """Move the own row, if it still is at work.

        :raises TurnLost: and no other error: whoever judges the answer to the call that follows must not judge this one's.
        """
        for attempt in (1, 2):
            try:
                own = [each for each in read_turns(self._session) if each["id"] == self._row and each["noupdate"]]
                if own:
                    self._session.call(IDENTIFIERS, "write", [self._row], {"res_id": own[0]["res_id"] + _STEP})
                return own
            except OdooError as exc:
                if attempt == 2:
                    raise TurnLost("This run cannot show other runs that it is still at work: %s" % exc) from exc
        return None


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
    seen = None
    while True:
        turns = read_turns(session)
        if not is_at_work(turns):
            return
        state = turns[-1]["id"], turns[-1]["res_id"]
        if state != seen:
            patience = turns[-1]["res_id"] % _STEP + 2 * BEAT
            if seen is None:
                # What moved long ago is watched for two beats still, as two machines' clocks may differ.
                patience = max(2 * BEAT, patience - max(0, _age(session, turns[-1])))
                report_progress(
                    "waiting for another run of Postroom; if that was interrupted, for %d s, as Odoo may still be working on "
                    "its last request" % patience
                )
            seen, since = state, time.monotonic()
        elif time.monotonic() - since > patience:
            session.call(IDENTIFIERS, "write", [turns[-1]["id"]], {"noupdate": False})
            return
        time.sleep(POLL)


def is_at_work(turns):
    """Whether it was a run's turn when these rows were read: what was read after them may be put back."""
    return bool(turns) and turns[-1]["noupdate"]


def number(turn):
    return int(turn["name"].rpartition("_")[2])


def _age(session, turn):
    """Seconds for which a row has not moved, by Odoo's own time, which is the default of a date."""
    now = session.call("ir.cron", "default_get", ["nextcall"])["nextcall"]
    return (_time(now) - _time(turn["write_date"])).total_seconds()


def _written(turn):
    return _time(turn["create_date"])


def _time(text):
    return datetime.strptime(text[:19], "%Y-%m-%d %H:%M:%S")
