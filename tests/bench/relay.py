"""A relay before Odoo that counts what a program asks of it, and keeps it."""

import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Relay:
    """As a context manager: what goes through it while it is open.

    :ivar url: where it listens, on loopback.
    :ivar requests: how many requests went through.
    :ivar sent, received: bytes of their bodies, to Odoo and back.
    :ivar calls: the calls of models' methods among them, C([(model, method, args, kwargs)]).
    """

    def __init__(self, port):
        self.requests = self.sent = self.received = 0
        self.calls = []
        counting = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self._pass_on()

            def do_POST(self):
                self._pass_on()

            def log_message(self, *arguments):
                pass

            def _pass_on(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=900)
                connection.request(self.command, self.path, body, dict(self.headers))
                answer = connection.getresponse()
                content = answer.read()
                counting.note(self.path, body, content)
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in HOP_BY_HOP:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                connection.close()

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *unused):
        self._server.shutdown()
        self._server.server_close()

    def note(self, path, body, content):
        self.requests += 1
        self.sent += len(body)
        self.received += len(content)
        if path == "/jsonrpc":
            asked = json.loads(body)["params"]
            if asked["service"] == "object" and len(asked["args"]) == 7:
                model, method, args, kwargs = asked["args"][3:]
                self.calls.append((model, method, args, kwargs))
