"""Who sets up mail servers and users in the benchmark, each as its own users would have it."""

import json
import subprocess
import sys
from pathlib import Path

import yaml
from environment import BENCH_PYTHON

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "tests" / "bench"
SMTP = {"host": "smtp.mydomain.com", "port": 587, "encryption": "starttls"}
IMAP = {"host": "imap.mydomain.com", "port": 993, "ssl": True}


def people(count, changed_password=False):
    """Those who are to have two servers each."""
    found = [
        {"name": f"Person {number}", "email": f"person{number}@mydomain.com", "password": f"mailbox-{number}-pw"}
        for number in range(count)
    ]
    if changed_password:
        found[0]["password"] = "another-pw"
    return found


def outgoing(person):
    """An outgoing mail server as Odoo's fields have it."""
    return {
        "name": person["email"],
        "smtp_host": SMTP["host"],
        "smtp_port": SMTP["port"],
        "smtp_encryption": SMTP["encryption"],
        "smtp_user": person["email"],
        "smtp_pass": person["password"],
        "sequence": 100,
    }


def incoming(person):
    """An incoming mail server as Odoo's fields have it."""
    return {
        "name": person["email"],
        "server_type": "imap",
        "server": IMAP["host"],
        "port": IMAP["port"],
        "is_ssl": IMAP["ssl"],
        "user": person["email"],
        "password": person["password"],
    }


def user(person):
    """A user as Odoo's fields have it."""
    return {"name": person["name"], "login": person["email"], "email": person["email"]}


def records(shape, someone):
    """Model, the field that names a record, and the records."""
    kinds = [("fetchmail.server", "user", incoming), ("ir.mail_server", "smtp_user", outgoing)]
    if shape == "users":
        kinds.insert(0, ("res.users", "login", user))
    return [(model, key, [make(person) for person in someone]) for model, key, make in kinds]


class Contestant:
    """One way to do it.

    :cvar name: the column's title.
    :cvar most: of how many people it is tried at most; beyond, it takes too long to wait for.
    :cvar rows: what it can do at all.
    :cvar by_key: whether it is tried only where an API key means another API.
    """

    name = ""
    most = 10**6
    rows = ("first", "again", "added", "password", "drift")
    by_key = False

    def __init__(self, folder, server, database, shape):
        self.folder, self.server, self.database, self.shape = folder, server, database, shape

    def command(self, row, someone):
        """The command that brings the database to have these people, or for C(drift) tells whether it has; its folder."""
        raise NotImplementedError

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


class Postroom(Contestant):
    name = "Postroom"
    root = ROOT

    def connection(self):
        return {"odoo_password": self.server["password"]}

    def command(self, row, someone):
        variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "odoo_url": self.server["url"],
            "odoo_database": self.database,
            "odoo_login": self.server["login"],
            **self.connection(),
            # The others do not know the addon, nor set up a domain; ours cannot go without one.
            "routing_addon_enabled": False,
            "mail_domain_name": "mydomain.com",
            "mail_domain_catchall": "catchall",
            "mail_domain_bounce": "bounce",
            "mail_domain_default_from": "catchall",
            "mail_domain_incoming": False,
            "mail_domain_outgoing": False,
        }
        if self.shape == "users":
            # The hosts do not exist: nobody tries to log in there.
            variables["mail_provider"] = {"smtp": {**SMTP, "tested": False}, "imap": {**IMAP, "confirmed": False}}
            variables["mail_users_accounts"] = someone
        else:
            logins = [{"name": each["email"], "login": each["email"], "password": each["password"]} for each in someone]
            variables["mail_extras_incoming_servers"] = [{"type": "imap", **IMAP, **each} for each in logins]
            variables["mail_extras_outgoing_servers"] = [{"priority": 100, **SMTP, **each} for each in logins]
        # As in inventories/example: who there is, and beside it what each is to have.
        inventory = self.write("inventory/hosts.json", json.dumps({"odoo_databases": {"hosts": {"mydomain": {}}}}))
        self.write("inventory/host_vars/mydomain.json", json.dumps(variables))
        playbook = "playbooks/drift.yml" if row == "drift" else "site.yml"
        return [Path(sys.executable).with_name("ansible-playbook"), "-i", inventory, playbook], self.root


class PostroomWithKey(Postroom):
    name = "Postroom, API key"
    by_key = True

    def connection(self):
        return {"odoo_api_key": self.server["api_key"]}


def another(checkout):
    """Postroom as another checkout has it, such as one of an earlier revision."""
    described = ["git", "-C", checkout, "describe", "--always", "--dirty"]
    revision = subprocess.run(described, check=True, capture_output=True, text=True).stdout.strip()
    return type(
        "AnotherPostroom", (PostroomWithKey,), {"name": f"Postroom {revision}, API key", "root": Path(checkout).resolve()}
    )


class AnsibleAlone(PostroomWithKey):
    """What Ansible takes to read the same inventory and run one task that does nothing."""

    name = "Ansible alone"
    by_key = False
    rows = ("again",)

    def command(self, row, someone):
        play = {"hosts": "odoo_databases", "gather_facts": False, "tasks": [{"ansible.builtin.debug": {"msg": "here"}}]}
        command, folder = super().command(row, someone)
        return [*command[:-1], self.write("alone.yml", yaml.safe_dump([play]))], folder


class Configurator(Contestant):
    """odoo-configurator from PyPI. It has no check."""

    rows = ("first", "again", "added", "password")
    load = False

    def command(self, row, someone):
        series = int(self.server["series"])
        parts = {}
        for model, _key, found in records(self.shape, someone):
            name = model.replace(".", "_")
            entries = {
                f"{name} {number}": {"model": model, "force_id": f"bench.{name}_{number}", "values": values}
                for number, values in enumerate(found)
            }
            parts[name] = {"datas": entries, **({"load": True} if self.load else {})}
        access = {"url": self.server["url"], "dbname": self.database, "username": self.server["login"]}
        # From 19 on, it speaks JSON-2, with an API key.
        access["password"] = self.server["api_key"] if series >= 19 else self.server["password"]
        config = {"name": "bench", "version": float(series), "auth": {"odoo": access}, **parts}
        file = self.write("configurator.yml", yaml.safe_dump(config, sort_keys=False))
        return [BENCH_PYTHON.with_name("odoo-configurator"), "--lang", "en_US", file], self.folder


class ConfiguratorLoading(Configurator):
    name = "odoo-configurator, load"
    load = True


class ConfiguratorByDefault(Configurator):
    name = "odoo-configurator"
    most = 100


class AnsibleLoop(Contestant):
    name = "Ansible loop"
    most = 100

    def command(self, row, someone):
        access = {"port": self.server["port"], "database": self.database, "login": self.server["login"]}
        tasks = [
            {
                "odoo_record": {
                    **access,
                    "password": self.server["password"],
                    "model": model,
                    "key": key,
                    "values": "{{ item }}",
                },
                "loop": found,
                "loop_control": {"label": f"{{{{ item.{key} }}}}"},
            }
            for model, key, found in records(self.shape, someone)
        ]
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}
        file = self.write("loop.yml", yaml.safe_dump([play], sort_keys=False))
        check = ["--check"] if row == "drift" else []
        command = [Path(sys.executable).with_name("ansible-playbook"), "-i", "localhost,", "-M", BENCH / "library", file]
        return [*command, "-e", f"ansible_python_interpreter={sys.executable}", *check], self.folder


class Script(Contestant):
    """Sends the very requests that Postroom's runs wrote, or read where they wrote nothing, and plans nothing."""

    name = "script that knows"

    def command(self, row, someone):
        calls = self.folder / f"{row}.json"
        return [sys.executable, BENCH / "replay.py", str(self.server["port"]), self.database, calls], self.folder
