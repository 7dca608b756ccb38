# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who may receive the round trip's messages and answer them: mailboxes of the inventory, or verify_echo. Pure: no I/O."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import normal
from ansible_collections.postroom.odoo.plugins.plugin_utils.ansible_compat import validated
from ansible_collections.postroom.odoo.plugins.plugin_utils.in_process import plain
from ansible_collections.postroom.odoo.plugins.plugin_utils.verify.targets import IMAP, SMTP, STRICT, Endpoint, Mailbox

_DEFAULT_PORTS = {"none": 25, "starttls": 587, "ssl": 465}
OPTIONS = {
    "email": {"type": "str", "required": True},
    "login": {"type": "str"},
    "password": {"type": "str", "required": True, "no_log": True},
    "imap": {
        "type": "dict",
        "required": True,
        "options": {
            "host": {"type": "str", "required": True},
            "port": {"type": "int"},
            "ssl": {"type": "bool", "default": True},
        },
    },
    "smtp": {
        "type": "dict",
        "required": True,
        "options": {
            "host": {"type": "str", "required": True},
            "port": {"type": "int"},
            "encryption": {
                "type": "str",
                "choices": ["none", "starttls", "starttls_strict", "ssl", "ssl_strict"],
                "default": "starttls",
            },
        },
    },
}


class BadRoundTrip(Exception):
    """The variables of the round trip are wrong. The message says how to correct them."""


@dataclass(frozen=True)
class Person:
    """An address with a mailbox that can be read and sent from.

    :param inbox: the IMAP Mailbox of targets.py.
    :param outbox: the SMTP one.
    """

    address: str
    inbox: Mailbox
    outbox: Mailbox


def inboxes_of(mailboxes):
    """The mailboxes of an inventory that can be read from the controller, by their login."""
    return {normal(each.login): each for each in mailboxes if each.endpoint.protocol == IMAP and not each.obstacle}


def people_of(mailboxes):
    """The Persons of an inventory by their address."""
    inboxes = inboxes_of(mailboxes)
    return {
        each.address: Person(each.address, inboxes[normal(each.login)], each)
        for each in mailboxes
        if each.endpoint.protocol == SMTP and each.address and not each.obstacle and normal(each.login) in inboxes
    }


def echo_of(given, mailboxes):
    """The Person that verify_echo stands for; None if it is not given.

    :param given: an address of the inventory, or a dictionary with OPTIONS.
    :param mailboxes: the Mailboxes of the inventory.
    :raises BadRoundTrip: when it is neither.
    """
    if not given:
        return None
    if isinstance(given, str):
        return _of_the_inventory(normal(given), mailboxes)
    if not isinstance(given, dict):
        raise BadRoundTrip(
            "verify_echo must be an address of the inventory, or a dictionary with email, password, imap and smtp."
        )
    checked, _secrets = validated(OPTIONS, plain(given))
    if checked.error_messages:
        raise BadRoundTrip("verify_echo: %s" % "; ".join(checked.error_messages))
    echo = checked.validated_parameters
    address, login, password = normal(echo["email"]), echo["login"] or echo["email"], echo["password"]
    if "@" not in address:
        raise BadRoundTrip("verify_echo: email is not an address: %s" % echo["email"])
    imap, smtp = echo["imap"], echo["smtp"]
    encryption = smtp["encryption"].replace(STRICT, "")
    arrives = Endpoint(IMAP, imap["host"], imap["port"] or (993 if imap["ssl"] else 143), "ssl" if imap["ssl"] else "none")
    leaves = Endpoint(SMTP, smtp["host"], smtp["port"] or _DEFAULT_PORTS[encryption], encryption)
    return Person(
        address,
        Mailbox(arrives, address, login, password),
        Mailbox(leaves, address, login, password, address=address, strict=smtp["encryption"].endswith(STRICT)),
    )


def _of_the_inventory(address, mailboxes):
    people = people_of(mailboxes)
    if address not in people:
        raise BadRoundTrip(
            "verify_echo: the inventory has no mailbox %s that the controller can use by SMTP and IMAP. Known: %s"
            % (address, ", ".join(people) or "none")
        )
    return people[address]
