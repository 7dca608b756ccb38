"""JSON-RPC and JSON-2: which is taken, and what comes between them and Odoo."""

from pathlib import Path

import pytest
from proxy import proxy
from support import API_KEY, PASSWORD

from ansible_collections.postroom.odoo.plugins.module_utils.transport import jsonrpc

PERSON = [{"login": "a@mydomain.com", "name": "A"}]
SERVER = [{"host": "h", "login": "a@mydomain.com"}]
JSON_RPC, JSON_2 = "JSON-RPC", "JSON-2"
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
def test_a_proxy_that_fails(untouched, secret, status, words):
    def fail(path, body):
        return status if path.endswith("/load") or b'"load"' in body else None

    with proxy(untouched.server["port"], fail) as url:
        result = untouched.run("outgoing_mail_servers", SERVER, url=url, **secret)
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
