# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records made by hand that take away what a declared record is there for. Pure: no I/O.

A finder takes a View and yields C((kind, place in the list, the other record, what is wrong with it)). Whether another list
of the same database names the other record after all is for the reader of several results to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from ansible_collections.postroom.odoo.plugins.module_utils.fields import normal

SECOND_OUTGOING_SERVER = "second_outgoing_server"
EARLIER_OUTGOING_SERVER = "earlier_outgoing_server"
SECOND_INCOMING_SERVER = "second_incoming_server"
OTHER_ALIAS_DOMAIN = "other_alias_domain"
UNUSED_ALIAS_DOMAIN = "unused_alias_domain"
SECOND_USER = "second_user"

# Odoo's priority for a server made by hand. One that is declared with less is meant to come before them.
PRIORITY_BY_HAND = 10


@dataclass
class View:
    """What a list and a database say of one kind of record.

    :param wanted: list of Wanted.
    :param records: the records as C(actual.read) gives them.
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


# -- outgoing mail servers ---------------------------------------------------------------------------------------------


def outgoing_servers(view):
    """Servers by which mail leaves that ours are for."""
    ours = {}
    for each in view.in_use():
        for address in _senders(each.values):
            ours.setdefault(address, each.index)
    first = _meant_first(view)
    for record in view.strangers():
        same = [address for address in _senders(record) if address in ours and "@" in address]
        if same:
            yield SECOND_OUTGOING_SERVER, ours[same[0]], record, "sends as %s" % same[0]
        elif first is not None:
            reason = _goes_before(record, first, view)
            if reason:
                yield EARLIER_OUTGOING_SERVER, first.index, record, reason


def _senders(values):
    """The addresses and domains as which mail leaves through a server; by its login where no filter says so."""
    named = values.get("from_filter") or values.get("login") or ""
    return [normal(part) for part in named.split(",") if part.strip()]


def _meant_first(view):
    before = [each for each in view.in_use() if each.values.get("priority", PRIORITY_BY_HAND) < PRIORITY_BY_HAND]
    return min(before, key=lambda each: each.values["priority"], default=None)


def _goes_before(record, first, view):
    """Why Odoo prefers a server to the first one of ours for mail whose sender has no server; None if it does not."""
    if record.get("from_filter"):
        domains = [address.rpartition("@")[2] for address in _senders(first.values)]
        taken = [part for part in _senders(record) if part in domains]
        # A filter that fits counts more than any priority.
        return "sends for all of %s" % taken[0] if taken else None
    ours, theirs = first.values["priority"], record.get("priority", PRIORITY_BY_HAND)
    if theirs < ours or (theirs == ours and record["id"] < (view.id_of(first.index) or record["id"])):
        return "has priority %d, ours %d" % (theirs, ours)
    return None


# -- incoming mail servers ---------------------------------------------------------------------------------------------


def incoming_servers(view):
    """Servers that fetch a mailbox of ours too: each message goes to whichever comes first."""
    ours = {}
    for each in view.in_use():
        ours.setdefault(_mailbox(each.values), each.index)
    for record in view.strangers():
        index = ours.get(_mailbox(record))
        if index is not None and record.get("login"):
            yield SECOND_INCOMING_SERVER, index, record, "fetches %s from %s" % (record["login"], record.get("host"))


def _mailbox(values):
    """An address is the same mailbox by whatever name its host is called; another login is one of that host."""
    login = normal(values.get("login") or "")
    return login if "@" in login else (login, normal(values.get("host") or ""))


# -- alias domains -----------------------------------------------------------------------------------------------------


def alias_domains(view):
    """Companies that use another alias domain than ours; from 17 on, where each company has its own."""
    # Where the list says whose domain it is, that is compared already.
    if not view.wanted or any("companies" in each.values for each in view.wanted):
        return
    for record in view.strangers():
        if record.get("companies"):
            companies = ", ".join(view.shown("companies", record["companies"]))
            yield OTHER_ALIAS_DOMAIN, view.wanted[0].index, record, "is the alias domain of %s" % companies
    for record in view.records:
        if record["id"] in view.named and "companies" in record and not record["companies"]:
            yield UNUSED_ALIAS_DOMAIN, view.named[record["id"]], record, "is the alias domain of no company"


# -- users -------------------------------------------------------------------------------------------------------------


def users(view):
    """Users with the address of one of ours: Odoo takes either for the sender of what comes in."""
    ours = {}
    for each in view.in_use():
        for option in ("email", "login"):
            if "@" in each.values.get(option, ""):
                ours.setdefault(normal(each.values[option]), each.index)
    for record in view.strangers():
        address = normal(record.get("email") or "")
        if address in ours:
            yield SECOND_USER, ours[address], record, "has the address %s" % address
