"""What the integration tests share: the lab's servers, databases of their own, modules run in this process, and a reader.

The reader looks at PostgreSQL's tables or speaks odoorpc; it knows nothing of the engine that it checks.
"""

import base64
import contextlib
import importlib
import io
import itertools
import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "collections"), str(ROOT / "tests" / "lab")]

import database as lab_database
import odoorpc
from ansible.module_utils.testing import patch_module_args
from keys import hashed, key_of

MODULES = (
    "addons",
    "alias_domains",
    "config_parameters",
    "incoming_mail_servers",
    "mail_templates",
    "outgoing_mail_servers",
    "users",
)
# Odoo notes every login, before it knows what comes of it. Nothing else may differ after a run in check mode.
LOGINS = ("res_users_log", "res_users_log_id_seq")

# Not the lab's own, which is the login too: Ansible masks a password wherever it stands in a result.
PASSWORD = "L4b-0wner-p4ss"
API_KEY = "4c0ffee5" * 5
# Over which API the modules speak to a series that has both: JSON-2, which stays, unless POSTROOM_TRANSPORT says jsonrpc.
TRANSPORT = os.environ.get("POSTROOM_TRANSPORT") or "json2"
assert TRANSPORT in ("json2", "jsonrpc"), f"POSTROOM_TRANSPORT={TRANSPORT}: it is json2 or jsonrpc"


# Sums do not need the rows in order, and see a row that stands there twice.
_FINGERPRINTS = """
SELECT json_object_agg(name, print) FROM (
    SELECT tablename AS name, (xpath('/row/print/text()', query_to_xml(format(
        'SELECT count(*) || '':'' || coalesce(sum(hashtextextended(t::text, 0)), 0) AS print FROM %I t', tablename
    ), false, true, '')))[1]::text AS print FROM pg_tables WHERE schemaname = 'public'
    UNION ALL
    SELECT sequencename, last_value::text FROM pg_sequences WHERE schemaname = 'public'
) prints
"""
_numbers = itertools.count(1)


class Database:
    """A database of one test."""

    def __init__(self, lab, series, template="mail"):
        self.lab, self.series, self.major = lab, series, int(series)
        self.server = lab["odoo"][series]
        self.template = template
        self.name, self.signal = lab_database.take(series, template, f"test_it_{series}_{os.getpid()}_{next(_numbers)}")
        self.secret = "api_key" if self.major >= 19 and TRANSPORT == "json2" else "password"
        self.connection = self.connection_by(self.secret)
        # Of one round, as each login is to be quick.
        password = hashed(PASSWORD, 1)
        self.sql(f"UPDATE res_users SET password = '{password}' WHERE login = 'admin';" + key_of("admin", API_KEY))
        # The first request has Odoo load the database, and signal that to its other processes.
        self.odoo()

    def connection_by(self, secret):
        """How a module reaches the database with a password or with an api_key: on 19, the latter takes JSON-2."""
        return {
            "url": self.server["url"],
            "database": self.name,
            "login": self.server["login"],
            secret: {"password": PASSWORD, "api_key": API_KEY}[secret],
        }

    @property
    def environment(self):
        """The secret, where a playbook's inventory leaves it to the environment."""
        return {f"ODOO_{self.secret.upper()}": self.connection[self.secret]}

    def give_key(self, login, key):
        self.sql(key_of(login, key))

    def drop(self):
        if self.signal:
            lab_database.give_back(self.series, self.template, self.name, self.signal)
        else:
            lab_database.drop(self.series, self.name)

    def become_template(self):
        """Let nobody connect any more, so that databases can be made from this one, by its name."""
        self.signal = None
        lab_database.close(self.name)

    def sql(self, script):
        return lab_database.psql(script, self.name)

    def rows(self, query):
        """The rows of a query, each a dictionary."""
        return json.loads(self.sql(f"SELECT coalesce(json_agg(found), '[]') FROM ({query}) found"))

    def values(self, query):
        """The only column of a query."""
        return [value for row in self.rows(query) for value in row.values()]

    def value(self, query):
        values = self.values(query)
        assert len(values) == 1, values
        return values[0]

    def fingerprints(self):
        """Every table's rows and every sequence's state in short, but for Odoo's record of logins."""
        prints = json.loads(self.sql(_FINGERPRINTS))
        return {name: value for name, value in prints.items() if name not in LOGINS}

    def assert_as(self, before, complaint):
        written = changed_tables(before, self.fingerprints())
        assert not written, f"{complaint} {written}"

    def odoo(self, login=None, password=None):
        """A client that is not ours."""
        client = odoorpc.ODOO("127.0.0.1", port=self.server["port"], timeout=120)
        client.login(self.name, login or self.connection["login"], password or PASSWORD)
        client.env.context["active_test"] = False
        return client

    def can_log_in(self, login, password):
        try:
            self.odoo(login, password)
        except odoorpc.error.RPCError as refusal:
            if not any(word in str(refusal).lower() for word in ("login", "denied")):
                raise
            return False
        return True

    def run(self, module, config=None, check=False, **options):
        """Run a module against this database. A password or a key that is given stands alone."""
        given = options.keys() & {"password", "api_key"}
        connection = {name: value for name, value in self.connection.items() if name != self.secret or not given}
        return run(module, {**connection, **({} if config is None else {"config": config}), **options}, check)

    def ok(self, module, config=None, check=False, **options):
        result = self.run(module, config, check, **options)
        assert not result.get("failed"), result["msg"]
        return result

    def refuses(self, module, config=None, **options):
        """Run a module that must fail and write nothing, in check mode and outside; its result."""
        before = self.fingerprints()
        self.run(module, config, check=True, **options)
        self.assert_as(before, "check mode wrote")
        result = self.run(module, config, **options)
        assert result.get("failed"), result
        assert "Traceback" not in result["msg"]
        written = tables_only(changed_tables(before, self.fingerprints()))
        assert not written, f"a run that was refused wrote {written}"
        return result

    def end_turns(self):
        """Spare the next run the wait for what Odoo may still be working on; here, a broken run leaves nothing of that kind."""
        self.sql("UPDATE ir_model_data SET noupdate = false WHERE model = 'ir.model.data'")

    def converge(self, module, config, settled=True, **options):
        """Check mode, the run, the run again. The first writes nothing and foretells the second; the third has no work."""
        before = self.fingerprints()
        predicted = self.ok(module, config, check=True, **options)
        self.assert_as(before, "check mode wrote")
        done = self.ok(module, config, **options)
        assert told(predicted) == told(done)
        written = self.fingerprints()
        assert done["changed"] == bool(tables_only(changed_tables(before, written)))
        if settled:
            again = self.ok(module, config, **options)
            assert not again["changed"], again
            assert again["diff"] in ({"before": {}, "after": {}}, {"before": "", "after": ""})
            self.assert_as(written, "a run without a change wrote")
        return done


def install(database, addon):
    """Have a database install an addon, and be asked once."""
    modules = database.odoo().env["ir.module.module"]
    modules.update_list()
    modules.button_immediate_install(modules.search([("name", "=", addon)]))
    database.odoo().env["ir.mail_server"].search([])


def told(result):
    """What a run says that it did, or would do."""
    return {key: result.get(key) for key in ("changed", "counts", "changes", "diff")}


def changed_tables(before, after):
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def tables_only(names):
    """Without sequences: PostgreSQL never takes a number back that a refused row was given."""
    return [name for name in names if not name.endswith(("_seq", "_signaling")) and not name.startswith("orm_signaling")]


def run(module, options, check=False):
    """Run a module of the collection in this process, as Ansible would, and return its result."""
    arguments = {**options, "_ansible_check_mode": check, "_ansible_diff": True}
    output = io.StringIO()
    code = importlib.import_module(f"ansible_collections.postroom.odoo.plugins.modules.{module}")
    with patch_module_args(arguments), contextlib.redirect_stdout(output), contextlib.suppress(SystemExit):
        code.main()
    return json.loads(output.getvalue())


def start(module, options):
    """Run a module in a process of its own; finish() waits for its result."""
    command = [sys.executable, __file__, module]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdin.write(json.dumps(options))
    process.stdin.close()
    return process


def finish(process):
    output = process.stdout.read()
    process.stdout.close()
    assert process.wait() == 0
    return json.loads(output)


def plain_ansible(**variables):
    """The environment for an ansible-playbook whose words a test reads."""
    # Below molecule, its own settings are there: colours, which would stand among the words, and where it has its files,
    # which another molecule would take for its own.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "MOLECULE_"))}
    plain = {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "true"}
    return {**inherited, **plain, **variables}


@contextlib.contextmanager
def counted_requests():
    """Count the HTTP requests to Odoo that this process makes, by the library that makes them: each URL and size."""
    requests = []
    original = urllib.request.OpenerDirector.open

    def counting(self, request, *args, **kwargs):
        requests.append((getattr(request, "full_url", request), len(getattr(request, "data", None) or b"")))
        return original(self, request, *args, **kwargs)

    urllib.request.OpenerDirector.open = counting
    try:
        yield requests
    finally:
        urllib.request.OpenerDirector.open = original


def base64_text(text):
    return base64.b64encode(text.encode()).decode()


if __name__ == "__main__":
    # A shell that runs the tests in the background has them ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    print(json.dumps(run(sys.argv[1], json.load(sys.stdin))))
