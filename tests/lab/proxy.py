"""A proxy before Odoo, as companies have one: with TLS, with paths that it refuses, with a bad day."""

import contextlib
import http.client
import http.server
import json
import ssl
import threading

PASSED_ON = ("content-type", "set-cookie", "location")


def _with_tls(socket, certificate):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*certificate)
    return tls.wrap_socket(socket, server_side=True)


def called(path, body):
    """Model and method of a request, by either API; of another one, two times None."""
    if path.startswith("/json/2/"):
        return tuple(path.split("/")[3:5])
    arguments = json.loads(body or b"{}").get("params", {}).get("args", ())
    return (*arguments[3:5], None, None)[:2]


@contextlib.contextmanager
def proxy(port, answer=lambda path, body: None, certificate=None, note=lambda path, body, content: None):
    """Run one before Odoo's port; gives its URL.

    :param answer: function of a request's path and body. None has the request passed on; a number is the HTTP status that
        the proxy answers by itself, and 0 is no answer at all; C((status, kind of content, content)) is a whole answer.
    :param note: function of each request that is passed on: path, body, and the answer's body. What it returns, unless None, is
        the body that the client gets. When it raises, the answer is lost on its way back.
    """

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            own = answer(self.path, body)
            if own is None:
                self.pass_on(body)
            elif own:
                status, kind, content = own if isinstance(own, tuple) else (own, "text/html", b"")
                self.reply(status, {"Location": "http://127.0.0.1:9/", "Content-Type": kind}, content)

        def do_GET(self):
            self.do_POST()

        def pass_on(self, body):
            odoo = http.client.HTTPConnection("127.0.0.1", port, timeout=900)
            odoo.request(self.command, self.path, body or None, dict(self.headers))
            answer = odoo.getresponse()
            content = answer.read()
            changed = note(self.path, body, content)
            content = content if changed is None else changed
            self.reply(answer.status, {key: answer.headers[key] for key in PASSED_ON if key in answer.headers}, content)

        def reply(self, status, headers, content):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *dummy):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        # A client that does not trust the certificate hangs up: that is no error here.
        server.handle_error = lambda *dummy: None
        if certificate:
            server.socket = _with_tls(server.socket, certificate)
        # It looks that often whether it is to end.
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}"
        server.shutdown()
