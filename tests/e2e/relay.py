"""A relay between Odoo and the lab's Dovecot that refuses some commands, as a provider does that has had enough for a while."""

import contextlib
import re
import socket
import socketserver
import ssl
import threading


class Relay:
    """In plain text, before a port with TLS.

    :ivar refused: regular expression of the commands that it refuses, without IMAP's tag; None to pass all on
    """

    def __init__(self, port):
        self.refused, relay = None, self

        class Session(socketserver.StreamRequestHandler):
            def handle(self):
                context = ssl._create_unverified_context()
                with socket.create_connection(("127.0.0.1", port)) as plain, context.wrap_socket(plain) as behind:
                    threading.Thread(target=self.pass_back, args=(behind,), daemon=True).start()
                    for line in self.rfile:
                        answer = relay.answer(line.decode().strip())
                        if answer:
                            self.wfile.write(answer.encode())
                        else:
                            behind.sendall(line)

            def pass_back(self, behind):
                with contextlib.suppress(OSError):
                    while content := behind.recv(65536):
                        self.wfile.write(content)
                    self.connection.shutdown(socket.SHUT_RDWR)

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]

    def answer(self, command):
        """The refusal of a command, or None."""
        tag, _space, rest = command.partition(" ")
        if self.refused and re.fullmatch(self.refused, rest):
            return f"{tag} NO [UNAVAILABLE] Try again later\r\n"
        if self.refused and re.fullmatch(self.refused, command):
            return "-ERR [SYS/TEMP] Try again later\r\n"
        return None

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *problem):
        self.server.shutdown()
        self.server.server_close()
