# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records made by hand that take away what a declared record is there for. Pure: no I/O.

A finder takes a View and yields C((kind, place in the list, the other record, what is wrong with it)). Whether another list
of the same database names the other record after all is for the reader of several results to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable


@dataclass
class View:
    """What a list and a database say of one kind of record.

    :param wanted: list of Wanted.
    :param records: the records as C(snapshot.read) gives them.
    :param owned: ids of those that Postroom owns.
    :param named: C({record id: place in the list}) of those that the list means.
    :param shown: function of an option and a value of it that gives the value as people read it.
    :param elsewhere: the resource's function of the records that another list manages.
    """

    wanted: list
    records: list
    owned: frozenset
    named: dict
    shown: Callable
    elsewhere: Callable | None = None

    def in_use(self):
        """What is wanted and not archived."""
        return [each for each in self.wanted if each.values.get("active", True)]

    def strangers(self):
        """The records in use that neither Postroom owns nor the list names."""
        return [
            record
            for record in self.records
            if record["id"] not in self.owned and record["id"] not in self.named and record.get("active", True)
        ]

    def unnamed(self):
        """The records in use that Postroom owns and the list does not name."""
        return [
            record
            for record in self.records
            if record["id"] in self.owned and record["id"] not in self.named and record.get("active", True)
            if not (self.elsewhere and self.elsewhere(record))
        ]

    def id_of(self, index):
        return next((record for record, place in self.named.items() if place == index), None)
