"""Fetching so that no message is lost, or taken twice, whoever else fetches and whenever a worker dies.

Core's loops stay what they are. The methods by which they read a message, and mark it as read, are replaced on the
connection.
"""

from email.parser import BytesHeaderParser
from imaplib import IMAP4
from poplib import POP3


def be_careful(connection, take_turn, settle):
    """Replace them on a connection of core's.

    :param take_turn: function that waits until nobody else is at a message with a Message-Id
    :param settle: function that commits what was made of a message
    """
    # Some series have an object around it.
    inner = getattr(connection, "__obj__", connection)
    if isinstance(inner, IMAP4):
        CarefulImap(inner, take_turn, settle)
    elif isinstance(inner, POP3):
        CarefulPop(inner, take_turn)


def message_id(content):
    return str(BytesHeaderParser().parsebytes(content).get("Message-Id", "")).strip()


class CarefulImap:
    def __init__(self, connection, take_turn, settle):
        self.take_turn, self.settle = take_turn, settle
        self.core = {name: getattr(connection, name) for name in ("fetch", "store")}
        for name in self.core:
            setattr(connection, name, getattr(self, name))

    def fetch(self, message_set, message_parts):
        """Read a message without marking it as read: a worker that dies over it leaves it as new."""
        if message_parts != "(RFC822)":
            return self.core["fetch"](message_set, message_parts)
        answer = self.core["fetch"](message_set, "(BODY.PEEK[])")
        self.take_turn(message_id(next((part[1] for part in answer[1] if isinstance(part, tuple)), b"")))
        return answer

    def store(self, message_set, command, flags):
        if command == "-FLAGS":
            # Core takes back the mark that was not made here: a round trip less.
            return "OK", [None]
        if command == "+FLAGS":
            self.settle()
        return self.core["store"](message_set, command, flags)


class CarefulPop:
    """Over POP3 a message goes with the end of the session only, when all is committed."""

    def __init__(self, connection, take_turn):
        self.take_turn = take_turn
        self.core_retr = connection.retr
        connection.retr = self.retr

    def retr(self, which):
        answer = self.core_retr(which)
        self.take_turn(message_id(b"\r\n".join(answer[1])))
        return answer
