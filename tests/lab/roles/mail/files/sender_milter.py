#!/usr/bin/env python3
"""A milter for what Postfix does not check: that the From header, too, belongs to the login that sends.

usage: sender_milter.py SOCKET SENDERS

SENDERS has Postfix's own table of senders as text, `address login[,login]` a line, and is read again when it changes.
The socket is a unix socket because over TCP the milter protocol's many small packets meet Nagle's algorithm and delayed
acknowledgements, which costs 40 ms a message.
"""

import asyncio
import struct
import sys
from email.utils import getaddresses
from pathlib import Path

REFUSAL = "553 5.7.1 <{}> Sender is not allowed to relay emails"

# The commands of the milter protocol, version 6, that matter here.
NEGOTIATE, MACRO, MAIL, HEADER, END_OF_BODY = b"O", b"D", b"M", b"L", b"E"
ABORT, QUIT, QUIT_BUT_REUSE = b"A", b"Q", b"K"
CONTINUE, REPLY = b"c", b"y"

# Steps Postfix need not tell us about (no connect, helo, rcpt, body, end of headers, unknown, data), and that it need
# not wait for an answer to a header.
NOT_CONNECT, NOT_HELO, NOT_RCPT, NOT_BODY, NOT_EOH = 0x1, 0x2, 0x8, 0x10, 0x40
NO_ANSWER_TO_HEADER, NOT_UNKNOWN, NOT_DATA = 0x80, 0x100, 0x200
UNWANTED = NOT_CONNECT | NOT_HELO | NOT_RCPT | NOT_BODY | NOT_EOH | NO_ANSWER_TO_HEADER | NOT_UNKNOWN | NOT_DATA


class Senders:
    """Who may send as whom."""

    def __init__(self, path):
        self.path = Path(path)
        self.read_at = None
        self.logins = {}

    def _refresh(self):
        stat = self.path.stat()
        version = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if version == self.read_at:
            return
        lines = (line.split() for line in self.path.read_text().splitlines() if not line.startswith("#"))
        self.logins = {address.lower(): logins.lower().split(",") for address, logins in lines}
        self.read_at = version

    def owns(self, login, address):
        self._refresh()
        local, _, domain = address.lower().rpartition("@")
        # Postfix's order of look-up: the first that is in the table decides.
        for key in (f"{local}@{domain}", f"{local.split('+')[0]}@{domain}", f"@{domain}"):
            if key in self.logins:
                return login in self.logins[key]
        return False


class Message:
    """What is known so far of the message that comes in."""

    def __init__(self):
        self.envelope_sender = ""
        self.headers = []

    def not_owned(self, login, senders):
        """The first address that is not the login's, or None."""
        if self.envelope_sender and not senders.owns(login, self.envelope_sender):
            return self.envelope_sender
        addresses = [address for _, address in getaddresses(self.headers)]
        if not addresses:
            return "(no From)"
        return next((address for address in addresses if not senders.owns(login, address)), None)


class Conversation:
    """One connection of Postfix's."""

    def __init__(self, senders):
        self.senders = senders
        self.login = ""
        self.message = Message()

    def answer(self, command, data):
        """The packet to answer with, or None for none."""
        if command == NEGOTIATE:
            version, _, offered = struct.unpack("!III", data[:12])
            return NEGOTIATE + struct.pack("!III", min(version, 6), 0, offered & UNWANTED)
        if command == MACRO:
            if data[:1] == MAIL:
                names = data[1:].split(b"\0")
                self.login = dict(zip(names[::2], names[1::2], strict=False)).get(b"{auth_authen}", b"").decode().lower()
            return None
        if command == MAIL:
            self.message = Message()
            self.message.envelope_sender = data.split(b"\0")[0].decode(errors="replace").strip("<>")
            return CONTINUE
        if command == HEADER:
            name, value = data.split(b"\0")[:2]
            if name.lower() in (b"from", b"sender", b"resent-from"):
                self.message.headers.append(value.decode(errors="replace"))
            return None
        if command == END_OF_BODY:
            if address := self.message.not_owned(self.login, self.senders):
                return REPLY + REFUSAL.format(address).replace("%", "%%").encode() + b"\0"
            return CONTINUE
        if command in (ABORT, QUIT_BUT_REUSE):
            self.message = Message()
            return None
        return CONTINUE


async def serve(socket, senders):
    async def converse(reader, writer):
        conversation = Conversation(senders)
        try:
            while True:
                (length,) = struct.unpack("!I", await reader.readexactly(4))
                packet = await reader.readexactly(length)
                if packet[:1] == QUIT:
                    return
                if answer := conversation.answer(packet[:1], packet[1:]):
                    writer.write(struct.pack("!I", len(answer)) + answer)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # Postfix has gone: there is nobody to answer.
        finally:
            writer.close()

    Path(socket).unlink(missing_ok=True)
    server = await asyncio.start_unix_server(converse, socket)
    Path(socket).chmod(0o666)  # Postfix connects as a user of its own.
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    asyncio.run(serve(sys.argv[1], Senders(sys.argv[2])))
