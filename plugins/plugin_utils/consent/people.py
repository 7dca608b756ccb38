# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""People who are to consent, several at a time: each is shown a code, and asked for until they have used it (RFC 8628).

What is asked of the provider, and how, is in device.py; whose token it is, in proof.py; nothing here waits but for its clock.
"""

from __future__ import annotations

import collections
import time
from dataclasses import dataclass, field
from typing import Any, Callable

from ansible_collections.postroom.odoo.plugins.module_utils.transport.errors import (
    BrokenConnection,
    NoRights,
    OdooError,
)
from ansible_collections.postroom.odoo.plugins.plugin_utils.consent.device import Interrupted, NoConsent, Unreachable

PROGRESS_SECONDS = 30
# After so many failures in a row, a provider is down; or if it wants to be left alone for longer than so many seconds.
FAILURES, LONGEST_PAUSE = 3, 300
# For how long the last look at a code waits, as providers do not answer whoever asks too early.
LAST_LOOK_SECONDS = 60
# What would happen to each token.
LASTING = (BrokenConnection, NoRights)


@dataclass(frozen=True)
class Person:
    """A mailbox whose owner is to consent.

    :param client: the OauthClient.
    :param address: the mailbox's address, in lower case.
    :param mailboxes: its Mailboxes, by any of which the token is tried.
    """

    client: Any
    address: str
    mailboxes: tuple = ()


@dataclass
class Way:
    """How people are asked.

    :param start: function of a Person that returns a Code or a Link, or raises NoConsent, Unreachable or OdooError. None for
        a person who has consented by now.
    :param prove: function of a Person and an answer with a token that raises NoConsent where it is not that person's.
    :param store: function of a Person and a refresh token that raises OdooError where Odoo does not take it.
    :param show: function that shows a line.
    :param at_a_time: how many people are asked at the same time.
    """

    start: Callable
    prove: Callable
    store: Callable
    show: Callable
    at_a_time: int = 10
    clock: Callable = time.monotonic
    sleep: Callable = time.sleep


@dataclass
class Outcome:
    """What became of it.

    :param stored: the addresses whose token is in Odoo now.
    :param failed: C([(address, reason)]) of the others.
    :param over: why nobody else is to be asked either; empty if nothing keeps them from it.
    """

    stored: list = field(default_factory=list)
    failed: list = field(default_factory=list)
    over: str = ""


def ask(people, way):
    """Ask all people; returns the Outcome. A reason that concerns one person keeps no other from being asked."""
    return _Round(people, way).run()


class _Round:
    def __init__(self, people, way):
        self.queue, self.way = collections.deque(people), way
        self.total = len(self.queue)
        self.waiting, self.outcome = [], Outcome()
        # By client: the failures in a row, until when its provider is left alone, and why nobody is asked any more.
        self.failures, self.rests, self.down = collections.Counter(), {}, {}

    def run(self):
        shown = self.way.clock()
        while self.queue or self.waiting:
            while len(self.waiting) < self.way.at_a_time and self._start_next():
                pass
            self.way.sleep(max(0, self._next_at() - self.way.clock()))
            now = self.way.clock()
            for person, code in [each for each in self.waiting if each[1].next_at <= now]:
                if (person, code) in self.waiting:
                    self._look(person, code)
            now = self.way.clock()
            if self.waiting and now - shown >= PROGRESS_SECONDS:
                names = ", ".join(person.address for person, _code in self.waiting)
                self.way.show("Waiting for %s (%d of %d stored)" % (names, len(self.outcome.stored), self.total))
                shown = now
        return self.outcome

    def _next_at(self):
        times = [code.next_at for _person, code in self.waiting]
        if len(self.waiting) < self.way.at_a_time:
            times += [self.rests.get(person.client.name, 0) for person in self.queue]
        return min(times, default=0)

    def _start_next(self):
        """Ask the first person whose provider is not left alone; returns whether there was one."""
        now = self.way.clock()
        for person in self.queue:
            if self.rests.get(person.client.name, now) <= now:
                self.queue.remove(person)
                self._start(person)
                return True
        return False

    def _start(self, person):
        if person.client.name in self.down:
            # Each would wait as long for nothing.
            self._fail(person, self.down[person.client.name], quiet=True)
            return
        try:
            code = self.way.start(person)
        except Unreachable as exc:
            self._rest(person, exc)
            return
        except NoConsent as exc:
            self._fail(person, str(exc))
            return
        except OdooError as exc:
            self._fail_in_odoo(person, exc, str(exc))
            return
        if code is None:
            self.total -= 1
            self.way.show("%s has consented in the meantime" % person.address)
            return
        self.failures[person.client.name] = 0
        self.waiting.append((person, code))
        self.way.show(code.words(person.address))

    def _rest(self, person, problem):
        """Ask the person later, unless the provider is down."""
        client = person.client.name
        self.failures[client] += 1
        if self.failures[client] >= FAILURES or problem.pause > LONGEST_PAUSE:
            self.down[client] = str(problem)
            self._fail(person, str(problem))
            return
        self.queue.appendleft(person)
        self.rests[client] = self.way.clock() + problem.pause
        self.way.show("%s. Trying again for %s in %d seconds" % (problem, person.address, problem.pause))

    def _look(self, person, code):
        try:
            answer = code.look()
            if answer is None:
                return
            self.way.prove(person, answer)
        except Unreachable as exc:
            # The person may have consented by now; until the code expires, the token can be had.
            if exc.is_news:
                self.way.show("%s. Trying again for %s" % (exc, person.address))
            return
        except NoConsent as exc:
            self._end(person, code)
            self._fail(person, str(exc))
            return
        except Interrupted:
            self._end(person, code)
            self._fail(person, "Interrupted. Run consent.yml again")
            self._give_up("Not asked, as the run was interrupted")
            return
        self._end(person, code)
        try:
            self.way.store(person, answer.refresh_token)
        except OdooError as exc:
            self._fail_in_odoo(person, exc, "The token could not be stored: %s" % exc)
            return
        self.outcome.stored.append(person.address)
        self.way.show(
            "%s has consented: the token is stored (%d of %d)" % (person.address, len(self.outcome.stored), self.total)
        )

    def _end(self, person, code):
        self.waiting.remove((person, code))
        code.close()

    def _fail_in_odoo(self, person, problem, reason):
        self._fail(person, reason)
        if isinstance(problem, LASTING):
            self._give_up("Not waited for, as Odoo did not store another mailbox's token")

    def _give_up(self, reason):
        """Nobody is to consent for nothing; but who has consented by now has not, should Odoo be back."""
        if self.outcome.over:
            return
        self.outcome.over = reason
        for person, code in list(self.waiting):
            self.way.sleep(max(0, min(code.next_at - self.way.clock(), LAST_LOOK_SECONDS)))
            self._look(person, code)
            if (person, code) in self.waiting:
                self._end(person, code)
                self._fail(person, reason, quiet=True)
        for person in self.queue:
            self._fail(person, reason, quiet=True)
        self.queue.clear()

    def _fail(self, person, reason, quiet=False):
        self.outcome.failed.append((person.address, reason))
        if not quiet:
            self.way.show("%s: %s" % (person.address, reason))
