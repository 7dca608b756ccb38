"""A company: a database, mailboxes at the lab's mail system, an inventory, and somebody who runs playbooks with it."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass

import yaml
from playbook import run_playbook
from support import ROOT, changed_tables, tables_only

MAILBOXES = [sys.executable, ROOT / "tests" / "lab" / "mailbox.py"]


def open_mailbox(address, password=None):
    """Have the lab's mail system keep a mailbox; its password."""
    password = password or address.partition("@")[0] + "-pw"
    subprocess.run([*MAILBOXES, "add", address, password], check=True, capture_output=True)
    return password


# Each result on a line.
ONE_LINE = {"ANSIBLE_CALLBACK_RESULT_FORMAT": "json", "ANSIBLE_CALLBACK_FORMAT_PRETTY": "false"}


@dataclass
class Run:
    """What a playbook run said."""

    status: int
    output: str

    @property
    def changed(self):
        return sum(int(count) for count in re.findall(r"changed=(\d+)", self.output.rpartition("PLAY RECAP")[2]))


class Company:
    def __init__(self, database, folder, **variables):
        self.database, self.folder = database, folder
        lab = database.lab
        catchall = lab["mail"]["mailboxes"]["catchall@mydomain.com"]["password"]
        bounce = lab["mail"]["mailboxes"]["bounce@mydomain.com"]["password"]
        self.variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "odoo_url": database.server["url"],
            "odoo_database": database.name,
            "odoo_login": database.connection["login"],
            "odoo_password": "{{ lookup('ansible.builtin.env', 'ODOO_PASSWORD') }}",
            "mail_provider": {
                "smtp": {"host": lab["host"], "port": lab["ports"]["submission"], "encryption": "starttls"},
                "imap": {"host": lab["host"], "port": lab["ports"]["imaps"], "ssl": True},
            },
            "mail_domain_name": "mydomain.com",
            "mail_domain_catchall": "catchall",
            "mail_domain_bounce": "bounce",
            "mail_domain_default_from": "catchall",
            "mail_domain_passwords": {"catchall": catchall, "bounce": bounce},
            "mail_users_accounts": [],
            **variables,
        }
        self.hosts, self.group = {"mydomain": {}}, "odoo_databases"

    def account(self, person, **more):
        address = f"{person}@mydomain.com"
        password = open_mailbox(address)
        return {"name": person.title(), "email": address, "password": password, **more}

    def play(self, playbook, *arguments, told=None, accounts=None, **environment):
        """Run a playbook with the inventory; its Run."""
        variables = self.variables if accounts is None else {**self.variables, "mail_users_accounts": accounts}
        inventory = {self.group: {"hosts": self.hosts, "vars": variables}}
        (self.folder / "hosts.yml").write_text(yaml.safe_dump(inventory))
        extra = [each for name, value in (told or {}).items() for each in ("-e", json.dumps({name: value}))]
        done = run_playbook(
            *("-i", self.folder / "hosts.yml", playbook, *extra, *arguments),
            **self.database.environment,
            **environment,
            COLUMNS="1000",
        )
        return Run(done.returncode, done.stdout + done.stderr)

    def succeeds(self, playbook, *arguments, **options):
        run = self.play(playbook, *arguments, **options)
        assert run.status == 0, run.output
        return run

    def refused(self, playbook, *arguments, **options):
        """A run that must fail with one error and write nothing; what it said."""
        before = self.database.fingerprints()
        run = self.play(playbook, *arguments, **options)
        assert run.status != 0, run.output
        assert "Traceback" not in run.output
        assert run.output.count("[ERROR]") == 1, run.output
        written = tables_only(changed_tables(before, self.database.fingerprints()))
        assert not written, f"a run that was refused wrote {written}"
        return run.output

    def rejections(self, playbook, hosts, *arguments, **options):
        """A run for hosts with variables of their own, each of which must fail with one error, and none write anything.

        :returns: the messages by host, and what the run said
        """
        before = self.database.fingerprints()
        kept, self.hosts = self.hosts, hosts
        try:
            run = self.play(playbook, *arguments, **options, **ONE_LINE)
        finally:
            self.hosts = kept
        assert "Traceback" not in run.output
        failed = re.findall(r"^fatal: \[(\S+)\]: \S+ => (\{.*\})$", run.output, re.MULTILINE)
        assert sorted(host for host, _ in failed) == sorted(hosts), run.output
        written = tables_only(changed_tables(before, self.database.fingerprints()))
        assert not written, f"a run that was refused wrote {written}"
        return {host: json.loads(result)["msg"] for host, result in failed}, run.output

    def settles(self, playbook, **options):
        """Check mode, the run, the run again: the first writes nothing and foretells, the third has no work. All three."""
        before = self.database.fingerprints()
        foretold = self.succeeds(playbook, "--check", "--diff", **options)
        self.database.assert_as(before, "check mode wrote")
        done = self.succeeds(playbook, "--diff", **options)
        assert foretold.changed == done.changed, foretold.output + done.output
        written = self.database.fingerprints()
        again = self.succeeds(playbook, **options)
        assert again.changed == 0, again.output
        self.database.assert_as(written, "a run without a change wrote")
        return foretold, done, again

    def people(self):
        """Each person's user, incoming and outgoing server, as the tables have them: C({login: {table: row}})."""
        found = {}
        for table, query in {
            "user": """SELECT u.id, u.login, u.active, p.email, p.name FROM res_users u
                       JOIN res_partner p ON p.id = u.partner_id WHERE u.login LIKE '%@mydomain.com' OR u.login = 'hand'""",
            "incoming": 'SELECT id, "user" AS login, active, server AS host, name, state FROM fetchmail_server',
            "outgoing": "SELECT id, smtp_user AS login, active, smtp_host AS host, name FROM ir_mail_server",
        }.items():
            for row in self.database.rows(query):
                assert table not in found.setdefault(row["login"], {}), f"two of {row['login']}"
                found[row["login"]][table] = row
        return found
