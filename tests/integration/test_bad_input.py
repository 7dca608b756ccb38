"""Bad input: each a clear error that says what to do, before anything is written."""

import http.server
import json
import socket
import threading

import pytest
from support import API_KEY, MODULES, PASSWORD, changed_tables, run, tables_only

LISTS = {
    "addons": {"name": "mail"},
    "alias_domains": {"name": "mydomain.com"},
    "config_parameters": {"key": "test.key", "value": "x"},
    "incoming_mail_servers": {"host": "h", "login": "a@mydomain.com"},
    "mail_templates": {"template": "auth_signup.set_password_email", "reply_to": "a@mydomain.com"},
    "outgoing_mail_servers": {"host": "h", "login": "a@mydomain.com"},
    "users": {"login": "a@mydomain.com", "name": "A"},
}


def closed_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


# -- the connection ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "secret"),
    [
        # The connection is every module's in the same way: one module goes through all, the others through some.
        ("users", "password"),
        ("users", "api_key"),
        *((module, None) for module in MODULES if module != "users"),
    ],
)
def test_connection(untouched, module, secret):
    """Wrong URL, closed port, something else than Odoo, wrong database, login, password or key: on either transport."""
    all_of_it, secret = bool(secret), secret or untouched.secret
    here = untouched.connection_by(secret)
    mail = untouched.lab["ports"]["mx"]
    json2 = secret == "api_key" and untouched.major >= 19
    cases = [
        ({"url": f"http://127.0.0.1:{closed_port()}"}, "Cannot reach Odoo"),
        ({"database": "test_no_such_database"}, "has no database test_no_such_database"),
        ({secret: "wr0ng-unusual-p4ss"}, "refuses the login admin"),
    ]
    if all_of_it:
        cases += [
            ({"url": "ftp://127.0.0.1"}, "url is not usable"),
            ({"url": "127.0.0.1:8069"}, "url is not usable"),
            ({"url": "http://127.0.0.1:99999"}, "url is not usable"),
            ({"url": f"{here['url']}/web"}, "url is not usable"),
            ({"url": "http://no-such-host.invalid"}, "Cannot reach Odoo"),
            ({"url": f"http://127.0.0.1:{mail}", "timeout": 5}, "127.0.0.1"),
            ({"database": "test_nö-such_dätabase"}, "has no database test_nö-such_dätabase"),
            ({"login": "nobody"}, "a key of the login admin, not of nobody" if json2 else "refuses the login nobody"),
            ({secret: "wr0ng-unusual-p4ss\n"}, "blanks" if json2 else "refuses the login admin"),
        ]
    for wrong, words in cases:
        result = run(module, {**here, "config": [LISTS[module]], **wrong})
        assert result["failed"]
        assert words in result["msg"], (wrong, result["msg"])
        assert "Traceback" not in result["msg"]
        assert not [each for each in ("wr0ng-unusual-p4ss", PASSWORD, API_KEY) if each in result["msg"]]


@pytest.mark.parametrize("secret", ["password", "api_key"])
def test_login_that_fails_for_another_reason(new_database, secret):
    """What goes wrong on the server is not called a wrong password."""
    database = new_database()
    database.sql("ALTER TABLE res_users RENAME COLUMN login TO gone")
    result = run("users", {**database.connection_by(secret), "config": [LISTS["users"]]})
    assert "fails when admin logs in" in result["msg"]
    assert "See the server's log" in result["msg"]


def test_series_that_is_not_supported(series):
    """The lab has no Odoo 13: the one server here that is not real tells its version and nothing else."""

    class Version(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            length = int(self.headers["Content-Length"])
            asked = json.loads(self.rfile.read(length))
            body = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": {"server_version": "13.0"}}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *dummy):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Version) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        options = {"url": url, "database": "x", "login": "x", "password": "unusual-p4ss"}
        result = run("users", {**options, "config": [LISTS["users"]]})
        server.shutdown()
    assert result["failed"]
    assert "Odoo 13.0" in result["msg"]
    assert "14.0 to 20.0" in result["msg"]


@pytest.mark.parametrize("secret", ["password", "api_key"])
def test_user_without_rights(database, secret):
    """A plain internal user: every module says that rights are missing, and which would do."""
    login, password = "plain@mydomain.com", "pl4in-us3r-pass"
    database.ok("users", [{"login": login, "name": "Plain", "password": password}])
    database.give_key(login, password)
    database.connection = {**database.connection_by(secret), "login": login, secret: password}
    before = database.fingerprints()
    for module in MODULES:
        item = {**LISTS[module]}
        if module == "mail_templates":
            item["mail_server"] = "any"  # On 14 everybody may change the rest.
        elif module == "addons":
            item["name"] = "contacts"
        result = database.run(module, [item])
        assert result.get("failed"), (module, result)
        # Odoo's own words where it refuses rows.
        assert "lacks the rights" in result["msg"] or "not allowed" in result["msg"], (module, result["msg"])
        assert "dministrat" in result["msg"]
    assert tables_only(changed_tables(before, database.fingerprints())) == []


# -- the arguments -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", MODULES)
def test_arguments(untouched, module):
    """What Ansible itself checks of the arguments."""
    here = untouched.connection
    good = [LISTS[module]]
    for options, words in (
        ({**here, "config": good, "url": None}, "url"),
        ({**here, "config": good, "database": None}, "database"),
        ({**here, "config": good, "login": None}, "login"),
        ({**here, "config": good, untouched.secret: None}, "password, api_key"),
        ({**here}, "config"),
        ({**here, "config": good, "state": "present"}, "state"),
        ({**here, "config": [{**LISTS[module], "colour": "red"}]}, "colour"),
        ({**here, "config": "text"}, "dictionary requested"),
    ):
        result = run(module, {name: value for name, value in options.items() if value is not None})
        assert result["failed"]
        assert words in result["msg"], (words, result["msg"])


@pytest.mark.parametrize(
    ("module", "item", "option"),
    [
        ("addons", {}, "name"),
        ("alias_domains", {"catchall": "x"}, "name"),
        ("config_parameters", {"value": "x"}, "key"),
        ("users", {"name": "x"}, "login"),
        ("incoming_mail_servers", {"host": "h"}, "name"),
        ("outgoing_mail_servers", {"host": "h"}, "login"),
        ("mail_templates", {"reply_to": "a@b.example"}, "template"),
        ("mail_templates", {"name": "x", "reply_to": "a@b.example"}, "model"),
    ],
)
def test_an_item_that_names_nothing(untouched, module, item, option):
    result = untouched.refuses(module, [item])
    assert option in result["msg"]


# -- the items ---------------------------------------------------------------------------------------------------------

ADDRESS = "a@mydomain.com"
WELCOME = "auth_signup.mail_template_user_signup_account_created"
BAD_ITEMS = [
    ("alias_domains", {"name": "not a domain"}, "name", "is not a domain name"),
    ("alias_domains", {"name": "other.example", "catchall": "a@b.example"}, "catchall", "is not the local part"),
    ("alias_domains", {"name": "other.example", "default_from": "a@"}, "default_from", "is not an e-mail address"),
    ("incoming_mail_servers", {"host": "h", "login": "x", "port": 0}, "port", "from 1 to 65535"),
    ("incoming_mail_servers", {"host": "h", "login": "x", "port": 65536}, "port", "from 1 to 65535"),
    ("incoming_mail_servers", {"host": "imap://h", "login": "x"}, "host", "bare name"),
    ("incoming_mail_servers", {"host": "h", "login": "x", "model": "no.such"}, "model", "has no model 'no.such'"),
    ("outgoing_mail_servers", {"host": "h", "login": "x", "port": 99999}, "port", "from 1 to 65535"),
    ("outgoing_mail_servers", {"host": "h:25", "login": "x"}, "host", "bare name"),
    ("outgoing_mail_servers", {"host": "h", "login": "x", "from_filter": "own"}, "from_filter", "must then be an e-mail"),
    ("outgoing_mail_servers", {"host": "h", "login": "x", "from_filter": "a@,b"}, "from_filter", "neither an e-mail address"),
    ("outgoing_mail_servers", {"login": "new@mydomain.com"}, "host", "is required to create"),
    ("outgoing_mail_servers", {"host": "h", "login": "x", "owner": "admin"}, "owner", "smtp_server_per_user"),
    ("users", {"login": "x", "name": "X", "email": "nobody"}, "email", "is not an e-mail address"),
    ("users", {"login": "x"}, "name", "is required to create"),
    ("users", {"login": "x", "name": "X", "groups": ["base.group_nobody"]}, "groups", "has no group 'base.group_nobody'"),
    ("users", {"login": "x", "name": "X", "groups": ["Settings"]}, "groups", "external identifier"),
    ("users", {"login": "x", "name": "X", "company": "Nowhere", "companies": []}, "company", "has no company 'Nowhere'"),
    ("users", {"login": "x", "name": "X", "companies": ["Nowhere"]}, "companies", "has no company 'Nowhere'"),
    ("users", {"login": "x", "name": "X", "language": "xx_XX"}, "language", "is not available in this database"),
    ("users", {"login": "x", "name": "X", "timezone": "Mars"}, "timezone", "is not available in this database"),
    ("mail_templates", {"template": "no.such", "reply_to": ADDRESS}, None, "has no such mail template"),
    ("mail_templates", {"template": "base.group_user", "reply_to": ADDRESS}, None, "has no such mail template"),
    ("mail_templates", {"name": "x", "model": "y.z", "reply_to": ADDRESS}, None, "has no such mail template"),
    ("mail_templates", {"template": WELCOME, "mail_server": "nowhere"}, "mail_server", "'nowhere'"),
    ("mail_templates", {"template": WELCOME, "email_from": "nobody"}, "email_from", "address"),
    ("mail_templates", {"template": WELCOME, "email_from": {"expr": "x"}}, "email_from", "expression"),
]


def test_bad_items(untouched):
    """Every kind of bad value, and that one bad item keeps the good one beside it from being written."""
    before = untouched.fingerprints()
    for module, item, option, words in BAD_ITEMS:
        good = LISTS[module]
        for check in (True, False):
            if check and option in ("owner", "mail_server"):
                continue  # An earlier task may bring it: check mode says that it is not there yet.
            result = untouched.run(module, [good, item], check=check)
            if module == "alias_domains" and untouched.major < 17:
                assert result["failed"]
                result["problems"] = [each for each in result["problems"] if "several" not in each["reason"]]
            assert result.get("failed"), (item, result)
            assert len(result["problems"]) == 1, result["problems"]
            assert (result["problems"][0]["index"], result["problems"][0]["option"]) == (1, option), (item, result["problems"])
            assert words in result["problems"][0]["reason"], result["problems"]
            assert words in result["msg"]
    untouched.assert_as(before, "a run that was refused wrote")


def test_every_bad_item_at_once(untouched):
    items = [{"host": "h", "login": f"user{number}@mydomain.com", "port": 70000 + number} for number in range(60)]
    result = untouched.refuses("outgoing_mail_servers", [{"host": "h", "login": "fine@mydomain.com"}, *items])
    assert result["msg"].startswith("60 problems with the list of outgoing mail servers")
    assert "user0@mydomain.com: port: 70000" in result["msg"]
    assert "and 10 more" in result["msg"]


@pytest.mark.parametrize("module", [module for module in MODULES if module != "addons"])
def test_duplicates(untouched, module):
    item = LISTS[module]
    shouted = {option: value.upper() if option in ("login", "name", "host") else value for option, value in item.items()}
    result = untouched.refuses(module, [item, {**shouted}])
    assert "is already in the list, as item 0" in result["msg"] or "several from 17.0 on" in result["msg"]
    assert result["problems"][0]["index"] == 1


def test_options_that_the_series_lacks(untouched):
    since = {"from_filter": (15, "a@b.example"), "authentication": (15, "cli"), "max_email_size": (18, 1.0)}
    for option, (first, value) in since.items():
        item = {"host": "h", "login": "x@y.example", option: value}
        result = untouched.run("outgoing_mail_servers", [item], check=True)
        assert bool(result.get("failed")) == (untouched.major < first), (option, result)
        if untouched.major < first:
            assert f"Odoo has it from {first}.0 on" in result["msg"]
    kind = untouched.run("incoming_mail_servers", [{"host": "h", "login": "x", "type": "gmail"}], check=True)
    if untouched.major < 16:
        assert kind["problems"][0]["option"] == "type"
        assert "requires Odoo's addon fetchmail_gmail, which this database does not have" in kind["msg"]
    # What Odoo does anyway where it lacks the field.
    untouched.ok("outgoing_mail_servers", [{"host": "h", "login": "x@y.example", "authentication": "login"}], check=True)
    own = untouched.ok("outgoing_mail_servers", [{"host": "h", "login": "x@y.example", "from_filter": "own"}], check=True)
    assert ("from_filter" in own["changes"][0]["options"]) == (untouched.major >= 15)


def test_one_login_two_servers(database):
    """Odoo may have two servers of one login: the error names both; one that is archived is no rival."""
    client, names = database.odoo(), ("Ann", "Bob")
    outgoing = client.env["ir.mail_server"].create([{"name": name, "smtp_host": "h", "smtp_user": ADDRESS} for name in names])
    incoming = client.env["fetchmail.server"].create([{"name": name, "server": "h", "user": ADDRESS} for name in names])
    for module, ids in (("outgoing_mail_servers", outgoing), ("incoming_mail_servers", incoming)):
        for state in ("merged", "deleted", "overridden"):
            result = database.refuses(module, [{"host": "h", "login": ADDRESS, "priority": 1}], state=state)
            for each, name in zip(ids, names, strict=True):
                assert f"{each} ({name})" in result["msg"]
    client.env["ir.mail_server"].browse(outgoing[:1]).write({"active": False})
    database.converge("outgoing_mail_servers", [{"login": ADDRESS, "priority": 1}])
    assert database.values("SELECT id FROM ir_mail_server WHERE sequence = 1") == outgoing[1:]
