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

from ansible_collections.postroom.odoo.plugins.module_utils.transport.errors import OdooError
from ansible_collections.postroom.odoo.plugins.plugin_utils.consent.device import NoConsent, Unreachable

PROGRESS_SECONDS = 30


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

    :param start: function of a Person that returns a Code or a Link, or raises NoConsent or Unreachable.
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
    """

    stored: list = field(default_factory=list)
    failed: list = field(default_factory=list)


def ask(people, way):
    """Ask all people; returns the Outcome. A reason that concerns one person keeps no other from being asked."""
    return _Round(people, way).run()


class _Round:
    def __init__(self, people, way):
        self.queue, self.way = collections.deque(people), way
        self.total = len(self.queue)
        self.waiting, self.down, self.outcome = [], {}, Outcome()

    def run(self):
        shown = self.way.clock()
        while self.queue or self.waiting:
            while self.queue and len(self.waiting) < self.way.at_a_time:
                self._start(self.queue.popleft())
            if not self.waiting:
                continue
            self.way.sleep(max(0, min(code.next_at for _person, code in self.waiting) - self.way.clock()))
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

    def _start(self, person):
        if person.client.name in self.down:
            # Each would wait as long for nothing.
            self._fail(person, self.down[person.client.name], quiet=True)
            return
        try:
            code = self.way.start(person)
        except Unreachable as exc:
            self.down[person.client.name] = str(exc)
            self._fail(person, str(exc))
        except NoConsent as exc:
            self._fail(person, str(exc))
        else:
            self.waiting.append((person, code))
            self.way.show(code.words(person.address))

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
        self._end(person, code)
        try:
            self.way.store(person, answer.refresh_token)
        except OdooError as exc:
            self._fail(person, "The token could not be stored: %s" % exc)
            self._give_up()
            return
        self.outcome.stored.append(person.address)
        self.way.show(
            "%s has consented: the token is stored (%d of %d)" % (person.address, len(self.outcome.stored), self.total)
        )

    def _end(self, person, code):
        self.waiting.remove((person, code))
        code.close()

    def _give_up(self):
        """Nobody is to consent for nothing."""
        for person in [*(person for person, _code in self.waiting), *self.queue]:
            self._fail(person, "Not waited for, as Odoo did not store another mailbox's token", quiet=True)
        for _person, code in self.waiting:
            code.close()
        self.waiting.clear()
        self.queue.clear()

    def _fail(self, person, reason, quiet=False):
        self.outcome.failed.append((person.address, reason))
        if not quiet:
            self.way.show("%s: %s" % (person.address, reason))
