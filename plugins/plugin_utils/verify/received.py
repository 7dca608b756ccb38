# Copyright: (c) 2026, Postroom maintainers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the headers of a received message say of its way. Pure: no I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import getaddresses

from ansible_collections.postroom.odoo.plugins.module_utils.engine.schema import normal

SPF, DKIM, DMARC = "spf", "dkim", "dmarc"
_COMMENT = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"\s*(spf|dkim|dmarc)\s*(?:/\s*\d+\s*)?=\s*([a-z]+)", re.IGNORECASE)
# As Postfix and Exim note it where they are told to. Other servers do not reveal the login.
_LOGIN = re.compile(r"\(Authenticated sender:? ([^\s()]+)\)|\bauthenticated_id=([^\s;()]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Received:
    """A message as its receiver got it.

    :param sender, reply_to: an address; or what is there instead, if it is none.
    :param return_path: the envelope sender; None if the receiver does not note it.
    :param login: the login by which it was sent; empty if no server reveals it.
    :param results: the receiver's own judgement, C({method: result}); empty if it does not note one.
    """

    sender: str
    reply_to: str
    return_path: str | None
    message_id: str
    login: str
    results: dict

    def __str__(self):
        parts = [
            "From %s" % self.sender,
            "Reply-To %s" % (self.reply_to or "missing"),
            "Return-Path %s" % ("not noted" if self.return_path is None else self.return_path or "empty"),
            "login %s" % (self.login or "not noted"),
            *("%s %s" % (method.upper(), result) for method, result in self.results.items()),
        ]
        return ", ".join(parts)


def read(headers):
    """What the headers of a message say.

    :param headers: an email.message.Message.
    """
    return_path = headers["Return-Path"]
    return Received(
        sender=_address(headers["From"]),
        reply_to=_address(headers["Reply-To"]),
        return_path=None if return_path is None else normal(str(return_path).strip(" <>\r\n\t")),
        message_id=" ".join(str(headers["Message-Id"] or "").split()),
        login=_login(headers.get_all("Received") or ()),
        results=results(headers.get_all("Authentication-Results") or ()),
    )


def results(values):
    """The judgement of the receiver itself (RFC 8601).

    Each server puts its header above the others, so the topmost is the receiver's; it may use several of them.
    """
    found, receiver = {}, None
    for value in values:
        text = str(value)
        while _COMMENT.search(text):
            text = _COMMENT.sub(" ", text)
        server, *parts = text.split(";")
        server = " ".join(server.split()).lower()
        if receiver is not None and server != receiver:
            break
        receiver = server
        # Some omit their own name.
        for part in [server, *parts] if "=" in server else parts:
            result = _RESULT.match(part)
            if result:
                method, outcome = result.group(1).lower(), result.group(2).lower()
                # Of several signatures, one that is good will do.
                if found.get(method) != "pass":
                    found[method] = outcome
    return {method: found[method] for method in (SPF, DKIM, DMARC) if method in found}


def _address(value):
    """The first address of a header. Nothing is decoded for it: an encoded name may have a comma in it, or another address."""
    text = " ".join(str(value or "").split())
    return normal(next((address for _name, address in getaddresses([text]) if "@" in address), text))


def _login(lines):
    for line in lines:
        found = _LOGIN.search(" ".join(str(line).split()))
        if found:
            return normal(found.group(1) or found.group(2))
    return ""
