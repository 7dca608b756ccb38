"""API keys: what they open on each series, by which transport, and what stands in their way."""

import http.client
import http.server
import subprocess
import threading

import pytest
from support import API_KEY, MODULES, PASSWORD

from ansible_collections.postroom.odoo.plugins.module_utils import jsonrpc

PERSON = [{"login": "a@mydomain.com", "name": "A"}]
WRITES = {
    "alias_domains": {"name": "mydomain.com"},
    "config_parameters": {"key": "test.key", "value": "x"},
    "incoming_mail_servers": {"host": "h", "login": "a@mydomain.com"},
    "mail_templates": {"template": "auth_signup.set_password_email", "reply_to": "a@mydomain.com"},
    "outgoing_mail_servers": {"host": "h", "login": "a@mydomain.com"},
    "users": PERSON[0],
}


def make_key(database):
    """A key that Odoo made. Its screen asks for the password again, in the web session; its own shell has none."""
    script = (
        "keys = env['res.users.apikeys'].with_user(env.ref('base.user_admin'))\n"
        "import inspect\n"
        "more = [None] if 'expiration_date' in inspect.signature(keys._generate).parameters else []\n"
        "print('KEY=' + keys._generate('rpc', 'test', *more))\n"
        "env.cr.commit()\n"
    )
    command = [database.server["command"], "shell", f"--config={database.server['config']}", f"--database={database.name}"]
    command += ["--no-http"]
    done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
    keys = [line.partition("KEY=")[2] for line in done.stdout.splitlines() if "KEY=" in line]
    assert len(keys) == 1, done.stderr[-2000:]
    return keys[0].strip()


@pytest.fixture
def proxied(untouched):
    """Function that puts a proxy before Odoo, which refuses the paths that begin so; a module's options to go through it."""
    servers = []

    def start(*refused):
        class Proxy(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path.startswith(refused):
                    return self.send_error(404)
                odoo = http.client.HTTPConnection("127.0.0.1", untouched.server["port"], timeout=60)
                odoo.request("POST", self.path, body, dict(self.headers))
                answer = odoo.getresponse()
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.headers["Content-Type"])
                self.end_headers()
                return self.wfile.write(answer.read())

            def do_GET(self):
                self.send_error(404)

            def log_message(self, *dummy):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return {"url": f"http://127.0.0.1:{server.server_port}"}

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def json2(major):
    return "JSON-2" if major >= 19 else "JSON-RPC"


def test_api_key(database):
    """For every module a read, and a write."""
    key = make_key(database)
    del database.connection[database.secret]
    database.connection["api_key"] = key
    for module in MODULES:
        result = database.ok(module, [{"name": "mail"}] if module == "addons" else None, state="gathered")
        assert result["gathered"] or module not in ("addons", "config_parameters", "users", "mail_templates")
        assert result["transport"] == json2(database.major)
        assert key not in str(result)
        if module in WRITES:
            assert database.ok(module, [WRITES[module]])["changed"]
    # A password that is given too, and wrong, does not count.
    database.connection["password"] = "wr0ng-unusual-p4ss"
    assert not database.ok("users", PERSON)["changed"]


def test_password(untouched):
    """The secret, not the series alone, chooses the transport."""
    assert untouched.ok("users", PERSON, check=True, password=PASSWORD)["transport"] == "JSON-RPC"


def test_a_key_that_is_no_more(database):
    assert database.ok("users", PERSON, api_key=API_KEY)["transport"] == json2(database.major)
    ends = ["DELETE FROM res_users_apikeys"]
    if database.major >= 19:  # 14's keys do not expire.
        ends.insert(0, "UPDATE res_users_apikeys SET expiration_date = now() - interval '1 day'")
    for end in ends:
        database.sql(end)
        assert "Check login, and password or api_key" in database.refuses("users", PERSON, api_key=API_KEY)["msg"]


def test_a_proxy_that_refuses_json2(untouched, proxied):
    """What the proxy lets pass is enough; where nothing passes, the error says what is to."""
    for refused, transport in ((), json2(untouched.major)), (("/json/",), "JSON-RPC"):
        result = untouched.ok("users", PERSON, check=True, api_key=API_KEY, **proxied(*refused))
        assert result["transport"] == transport
    result = untouched.run("users", PERSON, api_key=API_KEY, **proxied("/json"))
    assert "answers HTTP 404 to the login" in result["msg"]
    assert "/json/2" in result["msg"]


def test_what_needs_odoorpc(untouched, monkeypatch):
    monkeypatch.setattr(jsonrpc, "odoorpc", None)
    result = untouched.run("users", PERSON, check=True, api_key=API_KEY)
    assert bool(result.get("failed")) == (untouched.major < 19), result
    assert "odoorpc" in untouched.run("users", PERSON, password=PASSWORD)["msg"]
