"""An API key in the password's place: for every module a read, and a write; on Odoo 19 over JSON-2."""

import subprocess

from support import API_KEY, MODULES

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


def json2(major):
    return "JSON-2" if major >= 19 else "JSON-RPC"


def test_api_key(database):
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


def test_a_key_that_is_no_more(database):
    assert database.ok("users", PERSON, api_key=API_KEY)["transport"] == json2(database.major)
    ends = ["DELETE FROM res_users_apikeys"]
    if database.major >= 19:  # 14's keys do not expire.
        ends.insert(0, "UPDATE res_users_apikeys SET expiration_date = now() - interval '1 day'")
    for end in ends:
        database.sql(end)
        assert "Check login, and password or api_key" in database.refuses("users", PERSON, api_key=API_KEY)["msg"]
