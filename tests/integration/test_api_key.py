"""An API key in the password's place: for every module a read, and a write."""

import subprocess

from support import MODULES


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


def test_api_key(database):
    key = make_key(database)
    del database.connection["password"]
    database.connection["api_key"] = key
    writes = {
        "alias_domains": {"name": "mydomain.com"},
        "config_parameters": {"key": "test.key", "value": "x"},
        "incoming_mail_servers": {"host": "h", "login": "a@mydomain.com"},
        "mail_templates": {"template": "auth_signup.set_password_email", "reply_to": "a@mydomain.com"},
        "outgoing_mail_servers": {"host": "h", "login": "a@mydomain.com"},
        "users": {"login": "a@mydomain.com", "name": "A"},
    }
    for module in MODULES:
        result = database.ok(module, [{"name": "mail"}] if module == "addons" else None, state="gathered")
        assert result["gathered"] or module not in ("addons", "config_parameters", "users", "mail_templates")
        assert key not in str(result)
        if module in writes:
            assert database.ok(module, [writes[module]])["changed"]
    # A password that is given too, and wrong, does not count.
    assert not database.ok("users", [writes["users"]], password="wr0ng-unusual-p4ss")["changed"]
