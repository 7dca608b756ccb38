"""JSON-RPC and JSON-2: which is taken, and what comes between them and Odoo."""

import itertools
from pathlib import Path

import pytest
from proxy import proxy
from support import API_KEY, PASSWORD, Database

from ansible_collections.postroom.odoo.plugins.module_utils.engine import executor
from ansible_collections.postroom.odoo.plugins.module_utils.transport import jsonrpc

PERSON = [{"login": "a@mydomain.com", "name": "A"}]
SERVER = [{"host": "h", "login": "a@mydomain.com"}]
JSON_RPC, JSON_2 = "JSON-RPC", "JSON-2"
_numbers = itertools.count()


@pytest.fixture(scope="module")
def shared(lab, series):
    """A database whose tests write servers of their own: a run that is interrupted leaves a claim, for which others wait."""
    made = Database(lab, series)
    yield made
    made.drop()


def new_server():
    return [{"host": "h", "login": f"new{next(_numbers)}@mydomain.com"}]


SECRETS = pytest.mark.parametrize("secret", [{"password": PASSWORD}, {"api_key": API_KEY}], ids=["password", "api_key"])


def best(database, secret):
    return JSON_2 if "api_key" in secret and database.major >= 19 else JSON_RPC


@SECRETS
def test_the_secret_and_the_series_choose(untouched, secret):
    assert untouched.ok("users", PERSON, check=True, **secret)["transport"] == best(untouched, secret)


def test_a_proxy_that_refuses_json2(untouched):
    """What it lets pass is enough; where nothing passes, the error says what is to."""

    def refuse(*paths):
        return lambda path, body: 404 if path.startswith(paths) else None

    port = untouched.server["port"]
    with proxy(port, refuse("/json/")) as url:
        assert untouched.ok("users", PERSON, check=True, url=url, api_key=API_KEY)["transport"] == JSON_RPC
    with proxy(port, refuse("/json")) as url:
        result = untouched.run("users", PERSON, url=url, api_key=API_KEY)
    assert "answers HTTP 404 to the login" in result["msg"]
    assert "/json/2" in result["msg"]


@SECRETS
def test_tls(untouched, secret):
    ca = untouched.lab["ca_file"]
    certificate = [Path(ca).with_name(name) for name in ("server.crt", "server.key")]
    with proxy(untouched.server["port"], certificate=certificate) as url:
        told = {"url": url, "check": True, **secret}
        assert "certificate" in untouched.run("users", PERSON, **told)["msg"]
        for trust in ({"ca_path": ca}, {"validate_certs": False}):
            assert untouched.ok("users", PERSON, **told, **trust)["transport"] == best(untouched, secret)


@SECRETS
@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "broke during ir.mail_server.load"),
        (301, "answers HTTP 301 to ir.mail_server.load"),
        (502, "answers HTTP 502 to ir.mail_server.load"),
    ],
)
def test_a_proxy_that_fails(shared, secret, status, words):
    def fail(path, body):
        return status if path.endswith("/load") or b'"load"' in body else None

    with proxy(shared.server["port"], fail) as url:
        result = shared.run("outgoing_mail_servers", new_server(), url=url, **secret)
    shared.end_turns()
    assert result["failed"]
    assert words in result["msg"], result["msg"]


def test_odoorpc_is_needed_for_json_rpc_only(untouched, monkeypatch):
    monkeypatch.setattr(jsonrpc, "odoorpc", None)
    result = untouched.run("users", PERSON, check=True, api_key=API_KEY)
    assert bool(result.get("failed")) == (untouched.major < 19), result
    assert "odoorpc" in untouched.run("users", PERSON, password=PASSWORD)["msg"]


def test_json_2_leaves_no_trace_of_a_login(untouched):
    """Odoo's table of logins is the one that check mode over JSON-RPC writes to."""
    for secret, logins in ({"password": PASSWORD}, 1), ({"api_key": API_KEY}, 0 if untouched.major >= 19 else 1):
        before = untouched.value("SELECT count(*) FROM res_users_log")
        untouched.ok("users", PERSON, check=True, **secret)
        assert untouched.value("SELECT count(*) FROM res_users_log") - before == logins


def test_who_logged_in_before_need_not_again(untouched):
    """By the database id that the first task returns. One that is not the user's does no harm."""

    def logins(**more):
        before = untouched.value("SELECT count(*) FROM res_users_log")
        told = untouched.ok("users", PERSON, check=True, password=PASSWORD, **more)["uid"]
        return told, untouched.value("SELECT count(*) FROM res_users_log") - before

    uid = untouched.value("SELECT id FROM res_users WHERE login = 'admin'")
    assert logins() == (uid, 1)
    assert logins(uid=uid) == (uid, 0)
    for wrong in (1, uid + 1, 10**6):
        assert logins(uid=wrong) == (uid, 1)
    refused = untouched.run("users", PERSON, check=True, password="wrong", uid=uid)
    assert "Odoo refuses the login admin" in refused["msg"]


PAGE = b"<html><head><title>Sign in to Example</title></head><body>" + b"x" * 3000 + b"</body></html>"
# What comes in place of Odoo's answer, and the words of the error.
NO_JSON = {
    "page": ((200, "text/html; charset=utf-8", PAGE), "the page 'Sign in to Example' (text/html) instead of JSON"),
    "empty": ((200, "application/json", b""), "the answer is empty"),
    "cut off": ((200, "application/json", b'{"jsonrpc": "2.0", "result": {"ids": [1'), "the answer is cut off"),
    "null": ((200, "application/json", b"null"), "the answer is"),
    "text": ((200, "application/json", b"upstream says no"), "the answer is not JSON"),
    "list": ((200, "application/json", b"[1, 2]"), "the answer is"),
    "redirect": (302, "must not be protected by a login page. It redirects to http://127.0.0.1:9/."),
    "forbidden": (403, "configure it to forward /jsonrpc and /json/2"),
    "gateway": (502, "Odoo is down or restarting"),
    "timeout": (504, "time limit (proxy_read_timeout in nginx, limit_time_real in Odoo)"),
}


def answered(database, secret, what, name, servers=SERVER):
    """What a run ends in that gets such an answer to the requests of that name."""
    own, _words = NO_JSON[what]

    def answer(path, body):
        return own if path.endswith("/" + name) or b'"%s"' % name.encode() in body else None

    with proxy(database.server["port"], answer) as url:
        result = database.run("outgoing_mail_servers", servers, url=url, **secret)
    assert result.get("failed"), (name, result)
    assert "Traceback" not in result["msg"]
    assert url in result["msg"], (name, result["msg"])
    return result["msg"]


@SECRETS
@pytest.mark.parametrize("what", NO_JSON)
def test_an_answer_that_is_not_odoos(untouched, secret, what):
    """Whichever request it comes for, each names the cause, and none ends in a traceback."""
    login = ("context_get", "read") if best(untouched, secret) == JSON_2 else ("login",)
    for name in ("version_info", *login, "fields_get", "search_read"):
        answered(untouched, secret, what, name)


@SECRETS
@pytest.mark.parametrize("what", NO_JSON)
def test_an_answer_to_the_last_request_that_is_not_odoos(shared, secret, what):
    assert NO_JSON[what][1] in answered(shared, secret, what, "load", new_server())
    shared.end_turns()
    assert not shared.value("SELECT count(*) FROM ir_mail_server")


def body_limit(largest, refused):
    def answer(path, body):
        refused.append(len(body) > largest)
        return 413 if refused[-1] else None

    return answer


@SECRETS
def test_a_limit_of_the_size_makes_smaller_requests(database, secret):
    servers = [{"host": "smtp.mydomain.com", "login": f"user{number}@mydomain.com"} for number in range(300)]
    refused = []
    with proxy(database.server["port"], body_limit(12000, refused)) as url:
        done = database.ok("outgoing_mail_servers", servers, url=url, **secret)
        assert done["counts"]["created"] == 300
        assert any(refused)
        changed = [{**server, "port": 2525} for server in servers]
        assert database.ok("outgoing_mail_servers", changed, url=url, **secret)["counts"]["updated"] == 300
        assert not database.ok("outgoing_mail_servers", changed, url=url, **secret)["changed"]
    assert database.value("SELECT count(*) FROM ir_mail_server WHERE smtp_port = 2525") == 300
    # One row that is too large by itself is an error with the cure, and nothing is left of the others.
    large = [{**server, "host": "new.mydomain.com"} for server in servers[:3]]
    certificate = "-----BEGIN CERTIFICATE-----\n" + "x" * 20000 + "\n-----END CERTIFICATE-----\n"
    large.append({"host": "smtp.mydomain.com", "login": "large@mydomain.com", "ssl_certificate": certificate})
    if database.major >= 15:
        with proxy(database.server["port"], body_limit(12000, refused)) as url:
            result = database.run("outgoing_mail_servers", large, url=url, **secret)
        assert "client_max_body_size" in result["msg"]
        assert database.value("SELECT count(*) FROM ir_mail_server WHERE smtp_host = 'new.mydomain.com'") == 0


def test_a_limit_of_the_time_makes_smaller_requests(database, monkeypatch):
    """As Odoo's limit_time_real: the request ends without an answer, and its transaction without a trace."""
    monkeypatch.setattr(executor, "PATIENCE", 0)
    servers = [{"host": "smtp.mydomain.com", "login": f"user{number}@mydomain.com"} for number in range(100)]

    def too_long(path, body):
        return 504 if body.count(b"smtp.mydomain.com") > 30 else None

    with proxy(database.server["port"], too_long) as url:
        done = database.ok("outgoing_mail_servers", servers, url=url)
    assert done["counts"]["created"] == 100
    assert database.value("SELECT count(*) FROM ir_mail_server WHERE smtp_user LIKE 'user%'") == 100
