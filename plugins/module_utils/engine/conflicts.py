# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Manually created records that conflict with a declared record. Pure: no I/O.

A finder takes a View and yields C((kind, place in the list, the other record, what is wrong with it)). Whether another list
of the same database names the other record after all is for the reader of several results to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import Resource


@dataclass
class View:
    """The records of one kind in a list and in a database.

    :param resource: the kind of record.
    :param wanted: list of Wanted.
    :param records: the records as C(snapshot.read) gives them.
    :param owned: ids of those that Postroom owns.
    :param named: C({record id: place in the list}) of those that the list means.
    :param shown: function of an option and a value of it that gives the value as people read it.
    """

    resource: Resource
    wanted: list
    records: list
    owned: frozenset
    named: dict
    shown: Callable

    def in_use(self):
        """What is wanted and not archived."""
        return [each for each in self.wanted if self.resource.in_use(each.values)]

    def strangers(self):
        """The records in use that neither Postroom owns nor the list names."""
        return [
            record
            for record in self.records
            if record["id"] not in self.owned and record["id"] not in self.named and self.resource.in_use(record)
        ]

    def unnamed(self):
        """The records in use that Postroom owns and the list does not name."""
        return [
            record
            for record in self.records
            if record["id"] in self.owned and record["id"] not in self.named and self.resource.in_use(record)
            if not (self.resource.elsewhere and self.resource.elsewhere(record))
        ]

    def existing(self):
        """What is wanted and not archived, with the record that is there for it: C([(wanted, record)])."""
        records = {self.named[record["id"]]: record for record in self.records if record["id"] in self.named}
        return [(each, records[each.index]) for each in self.in_use() if each.index in records]

    def id_of(self, index):
        return next((record for record, place in self.named.items() if place == index), None)
