"""A provider whose answers a test decides: an SMTP server on loopback (aiosmtpd), which refuses, delays and hangs up.

The lab's Postfix shows that mail gets through; this one shows what becomes of mail that a provider does not take.
"""

import asyncio
import email
import socket

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

HANG_UP = "hang up"


class Provider:
    """Answers by a test's functions: each returns an answer, `HANG_UP`, or None to accept.

    on_connect(number), on_mail(address, session), on_rcpt(address, session), on_data(message, session);
    `session` has `number`, from 1, and `mails`, how many the session has had before.
    """

    def __init__(self):
        self.taken, self.sessions, self.logins = [], 0, []
        self.behave()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        provider = self

        class Server(SMTP):
            def connection_made(self, transport):
                provider.sessions += 1
                super().connection_made(transport)
                self.number = provider.sessions
                if provider.on_connect and (answer := provider.on_connect(self.number)):
                    if answer != HANG_UP:
                        transport.write(answer.encode() + b"\r\n")
                    transport.close()

        class Place(Controller):
            def factory(self):
                return Server(
                    self.handler,
                    auth_require_tls=False,
                    authenticator=provider.authenticate,
                    enable_SMTPUTF8=True,
                    data_size_limit=None,
                )

        self.controller = Place(self, hostname="127.0.0.1", port=self.port)

    def behave(self, on_connect=None, on_login=None, on_mail=None, on_rcpt=None, on_data=None):
        """From now on."""
        self.on_connect, self.on_login, self.on_mail, self.on_rcpt, self.on_data = (
            on_connect,
            on_login,
            on_mail,
            on_rcpt,
            on_data,
        )
        self.taken.clear()
        self.sessions = 0

    def start(self):
        self.controller.start()

    def stop(self):
        self.controller.stop()

    # -- aiosmtpd's hooks --

    def authenticate(self, _server, _session, _envelope, _mechanism, data):
        self.logins.append(data.login.decode())
        if self.on_login and (answer := self.on_login(data.login.decode())):
            return AuthResult(success=False, handled=False, message=answer)
        return AuthResult(success=True)

    async def _answer(self, server, answer, accept):
        if not answer:
            return accept()
        if answer == HANG_UP:
            server.transport.abort()
            await asyncio.sleep(60)
        if answer.startswith("421"):
            # As RFC 5321 has it: the server says so, and closes.
            server.transport.write(answer.encode() + b"\r\n")
            server.transport.close()
            await asyncio.sleep(60)
        return answer

    async def handle_MAIL(self, server, session, envelope, address, options):
        session.number = server.number
        session.mails = getattr(session, "mails", -1) + 1

        def accept():
            envelope.mail_from = address
            return "250 OK"

        return await self._answer(server, self.on_mail and self.on_mail(address, session), accept)

    async def handle_RCPT(self, server, session, envelope, address, options):
        def accept():
            envelope.rcpt_tos.append(address)
            return "250 OK"

        return await self._answer(server, self.on_rcpt and self.on_rcpt(address, session), accept)

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content)

        def accept():
            self.taken.append((envelope.mail_from, list(envelope.rcpt_tos), message))
            return "250 taken"

        return await self._answer(server, self.on_data and self.on_data(message, session), accept)

    # -- what a test asks --

    def receipts(self, token):
        """Who got a message whose subject has a token in it, as often as it was taken."""
        return sorted(
            address for _, addresses, message in self.taken if token in str(message["Subject"]) for address in addresses
        )
