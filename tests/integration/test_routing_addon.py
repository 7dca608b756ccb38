"""The routing addon comes to a server and its databases, once, and only when there is something new.

Odoo is restarted here, which would end other tests' requests: so each series gets a server of its own, from the lab's
program, on another port. It is reached by SSH, as servers are.
"""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from inventory import Inventory, changed, mail_of, notable
from own_server import OwnServer, free_port
from playbook import run_playbook
from probe import wait
from support import ROOT, Database

ADDON = "smtp_server_per_user"
SOURCE = ROOT / "roles" / "routing_addon" / "files" / ADDON
FIRST = {"name": "New User", "email": "newuser@mydomain.com"}
SECOND = {"name": "Second", "email": "seconduser@mydomain.com", "odoo_login": "2nd", "imap": {"model": "res.partner"}}


@dataclass
class Run:
    """What a playbook's run printed."""

    returncode: int
    output: str

    @property
    def changed(self):
        """How many tasks changed something, by host."""
        recap = self.output.rpartition("PLAY RECAP")[2]
        return {host: int(count) for host, count in re.findall(r"^(\S+)\s+: .*changed=(\d+)", recap, re.MULTILINE)}

    def tasks(self, word="changed"):
        """The tasks that had that outcome somewhere, in their order."""
        found, name = [], None
        for line in self.output.splitlines():
            task = re.match(r"TASK \[(?:\S+ : )?(.*?)\] \**$", line)
            name = task[1] if task else name
            if line.startswith(f"{word}: [") and name not in found:
                found.append(name)
        return found


@pytest.fixture(scope="module")
def ssh(lab, tmp_path_factory):
    """An SSH server for root on loopback, with a key of its own; the variables by which Ansible reaches it."""
    folder, downloads = tmp_path_factory.mktemp("ssh"), Path(lab["lab_dir"]) / "downloads"
    if not list(downloads.glob("openssh-server_*.deb")):
        subprocess.run(["apt-get", "download", "-qq", "openssh-server"], cwd=downloads, check=True)
    package = max(downloads.glob("openssh-server_*.deb"), key=lambda path: path.stat().st_mtime)
    subprocess.run(["dpkg", "-x", package, folder / "root"], check=True)
    for name in ("host_key", "key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    # It wants a user and a folder that its package would make; nobody else sees these mounts, and they end with it.
    (folder / "passwd").write_text(Path("/etc/passwd").read_text() + "sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n")
    port = free_port()
    options = {
        "ListenAddress": f"127.0.0.1:{port}",
        "HostKey": folder / "host_key",
        "AuthorizedKeysFile": folder / "key.pub",
        "PidFile": "none",
        "StrictModes": "no",
        "UsePAM": "no",
        "PasswordAuthentication": "no",
        "Subsystem": "sftp internal-sftp",
    }
    (folder / "sshd_config").write_text("".join(f"{name} {value}\n" for name, value in options.items()))
    mounts = "mount --bind passwd /etc/passwd; mount -t tmpfs tmpfs /run; mkdir /run/sshd"
    script = f"{mounts}; exec {folder}/root/usr/sbin/sshd -D -e -f {folder}/sshd_config"
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-euc", script]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    known = (folder / "host_key.pub").read_text()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {known}")
    yield {
        "ansible_host": "127.0.0.1",
        "ansible_port": port,
        "ansible_user": "root",
        "ansible_ssh_pipelining": True,
        "ansible_ssh_private_key_file": str(folder / "key"),
        "ansible_ssh_common_args": f"-F none -o IdentitiesOnly=yes -o UserKnownHostsFile={folder}/known_hosts",
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    process.terminate()
    process.wait(30)


class Server(OwnServer):
    """An Odoo server of one series with an odoo.conf of its own, and an inventory that deploys to it."""

    def __init__(self, lab, series, folder, ssh):
        # No addons path: the deployment adds its folder.
        super().__init__(lab, series, "deployment", "\n[another_section]\nkey = value ; kept\n", addons_path="")
        self.tmp, self.ssh = folder, ssh
        self.restarts, self.target = self.home / "restarts", self.addons / ADDON
        self.before = self.config.read_bytes()
        self.restarts.touch()
        restart = self.home / "restart"
        restart.write_text(
            f"#!/bin/sh\ntest ! -e {self.home}/broken || exit 1\necho once >> {self.restarts}\n{self.restart_command}\n"
        )
        restart.chmod(0o755)
        self.source = self.tmp / ADDON
        shutil.copytree(SOURCE, self.source, ignore=shutil.ignore_patterns("__pycache__"))
        self.start()

    def count_restarts(self):
        return len(self.restarts.read_text().splitlines())

    def play(self, databases, *arguments, playbook="site.yml", **variables):
        """Run a playbook for databases of this server, by host name."""
        inventory = {
            "odoo_servers": {
                "hosts": {"server": {}},
                "vars": {
                    **self.ssh,
                    "routing_addon_addons_path": str(self.addons),
                    "routing_addon_config_file": str(self.config),
                    "routing_addon_odoo_addons": [],
                    "routing_addon_restart_command": str(self.home / "restart"),
                    "routing_addon_url": self.url,
                },
            },
            "odoo_databases": {
                "hosts": {
                    host: {"odoo_database": database.name, "odoo_url": database.connection["url"]}
                    for host, database in databases.items()
                },
                "vars": {
                    **mail_of(self.lab),
                    "odoo_login": "admin",
                    **{f"odoo_{each.secret}": each.connection[each.secret] for each in databases.values()},
                    "mail_users_accounts": [FIRST, SECOND],
                },
            },
        }
        (self.tmp / "hosts.yml").write_text(yaml.safe_dump(inventory))
        told = {"__routing_addon_source": str(self.source.parent), **variables}
        done = run_playbook("-i", self.tmp / "hosts.yml", "-e", json.dumps(told), playbook, "--diff", *arguments)
        return Run(done.returncode, done.stdout + done.stderr)

    def drift(self, databases, *arguments, **variables):
        """The exit code of drift.yml, which changes nothing, and what it finds: by host, C((record, kind, option))."""
        state = self.state(databases)
        reports = self.tmp / "drift"
        done = self.play(databases, *arguments, playbook="playbooks/drift.yml", drift_report_dir=str(reports), **variables)
        assert self.state(databases) == state, done.output
        hosts = json.loads((reports / "drift.json").read_text())["hosts"]
        return done.returncode, {
            host["host"]: [(row["record"], row["kind"], row["option"]) for row in host["differences"]] for host in hosts
        }

    def deploy(self, databases, *arguments, **variables):
        """Check mode, the run, the run again: nothing is written by the first, which foretells the second's changes."""
        state = self.state(databases)
        predicted = self.play(databases, *arguments, "--check", **variables)
        assert predicted.returncode == 0, predicted.output
        assert self.state(databases) == state
        done = self.play(databases, *arguments, **variables)
        assert done.returncode == 0, done.output
        assert done.changed == predicted.changed, (predicted.output, done.output)
        assert done.tasks() == predicted.tasks()
        state = self.state(databases)
        again = self.play(databases, *arguments, **variables)
        assert again.returncode == 0, again.output
        assert set(again.changed.values()) == {0}, again.output
        assert self.state(databases) == state
        return done

    def files(self):
        """The files that are there, by their path, with content, owner and mode; Python's bytecode is left out."""
        paths = [path for path in self.addons.rglob("*") if "__pycache__" not in path.parts]
        return {
            str(path.relative_to(self.addons)): (
                path.read_bytes() if path.is_file() else None,
                path.owner(),
                oct(path.stat().st_mode),
            )
            for path in paths
        }

    def state(self, databases):
        """All that a run could change."""
        return (
            self.files(),
            (self.config.read_bytes(), self.config.owner(), self.config.group(), self.config.stat().st_mode),
            (self.service.pid, self.count_restarts()),
            [database.fingerprints() for database in databases.values()],
        )

    def wanted_files(self):
        """What the files should be, from the source."""
        return {
            f"{ADDON}/{path.relative_to(self.source)}": (path.read_bytes(), "root", "0o100644")
            for path in self.source.rglob("*")
            if path.is_file()
        }

    def assert_deployed(self, restarts):
        files = {path: found for path, found in self.files().items() if found[0] is not None}
        assert files == self.wanted_files() | {"other_addon/README": (b"another addon\n", "root", "0o100644")}
        assert self.config.read_bytes() == self.before.replace(
            b"\n\n[another", f"\naddons_path = {self.addons}\n\n[another".encode()
        )
        assert (self.config.owner(), self.config.stat().st_mode & 0o777) == ("postroom-lab", 0o640)
        assert self.count_restarts() == restarts


@pytest.fixture
def server(lab, series, tmp_path, ssh):
    made = Server(lab, series, tmp_path, ssh)
    yield made
    made.remove()


@pytest.fixture
def databases(server, series):
    made = {host: Database(server.lab, series) for host in ("first", "second")}
    yield made
    for each in made.values():
        each.drop()


@pytest.fixture
def first(server, series):
    made = Database(server.lab, series)
    yield {"first": made}
    made.drop()


@pytest.fixture(scope="module")
def deployed(lab, series, tmp_path_factory, ssh):
    """A server that has the addon, and the name of a database that site.yml has set up, to copy."""
    made = Server(lab, series, tmp_path_factory.mktemp("deployed"), ssh)
    database = Database(made.lab, series)
    done = made.play({"first": database})
    assert done.returncode == 0, done.output
    database.become_template()
    yield made, database.name
    database.drop()
    made.remove()


@pytest.fixture
def set_up(deployed, series):
    """That server, and a database of the test's own."""
    server, template = deployed
    made = Database(server.lab, series, template)
    yield server, made
    made.drop()


def version(database):
    """The version that the database was set up with; none while it is not installed."""
    (row,) = database.rows(
        f"SELECT max(latest_version) AS version FROM ir_module_module WHERE name = '{ADDON}' AND state = 'installed'"
    )
    return row["version"]


def users_servers(database):
    """Of the users' servers, what the addon brings."""
    outgoing = "SELECT s.smtp_user, s.from_filter, u.login FROM ir_mail_server s LEFT JOIN res_users u ON u.id = s.user_id"
    incoming = 'SELECT "user" AS login, only_replies FROM fetchmail_server'
    return (
        {row["smtp_user"]: (row["from_filter"], row["login"]) for row in database.rows(outgoing)},
        {row["login"]: bool(row["only_replies"]) for row in database.rows(incoming)},
    )


def replace(path, old, new):
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def test_life(server, databases, series):
    """From a server that has nothing, through new code and a new version, to a restart that was owed."""
    (server.addons / "other_addon").mkdir(parents=True)
    (server.addons / "other_addon" / "README").write_text("another addon\n")
    (server.source / "old").mkdir()
    (server.source / "old" / "old.txt").write_text("of this version only\n")

    done = server.deploy(databases)
    server.assert_deployed(restarts=1)
    assert "Restart Odoo with the configured command" in done.tasks()
    assert done.output.count(f"+{server.addons}\n") == 1
    assert "admin_passwd" not in done.output
    for database in databases.values():
        assert version(database) == f"{series}.0.1.4.0"
        outgoing, incoming = users_servers(database)
        assert outgoing == {
            "catchall@mydomain.com": ("catchall@mydomain.com", None),
            "newuser@mydomain.com": ("newuser@mydomain.com", "newuser@mydomain.com"),
            "seconduser@mydomain.com": ("seconduser@mydomain.com", "2nd"),
        }
        # New mail of the second user is to create records.
        assert [login for login, only_replies in incoming.items() if only_replies] == ["newuser@mydomain.com"]

    as_declared = {"server": [], "first": [], "second": []}
    assert server.drift(databases) == (0, as_declared)
    # A machine that is not reached does not keep the databases from being compared.
    assert server.drift(databases, "--extra-vars", f"ansible_port={free_port()}") == (4, as_declared)

    # New code of the same version is put there and read. The databases need nothing.
    with (server.source / "hooks.py").open("a") as file:
        file.write("# more\n")
    before = [database.fingerprints()["ir_module_module"] for database in databases.values()]
    done = server.play(databases, "--tags", "routing_addon")
    server.assert_deployed(restarts=2)
    assert done.tasks() == ["Copy the addons to the server", "Restart Odoo with the configured command"]
    assert "+# more" in done.output
    assert [database.fingerprints()["ir_module_module"] for database in databases.values()] == before

    # A new version, which no longer has a folder; files of nobody's, and one that was changed there.
    replace(server.source / "__manifest__.py", "1.4.0", "1.5.0")
    shutil.rmtree(server.source / "old")
    (server.target / "models" / "stray.py").write_text("raise SystemExit\n")
    (server.target / "__init__.py").chmod(0o600)
    code, found = server.drift(databases)
    assert code == 2
    assert found["server"] == [
        (f"{server.target}/{name}", kind, option)
        for name, kind, option in (
            ("__init__.py", "differs", "mode"),
            ("__manifest__.py", "differs", "content"),
            ("models/stray.py", "unwanted", None),
            ("old", "unwanted", None),
            ("old/old.txt", "unwanted", None),
        )
    ]
    assert found["first"] == found["second"] == [(ADDON, "differs", "version")]
    done = server.deploy(databases, "--tags", "routing_addon")
    server.assert_deployed(restarts=3)
    assert not (server.target / "old").exists()
    assert [version(database) for database in databases.values()] == [f"{series}.0.1.5.0"] * 2
    assert done.changed == {"server": 2, "first": 1, "second": 1}

    # A restart that fails is owed until it comes about, though nothing differs any more.
    with (server.source / "hooks.py").open("a") as file:
        file.write("# and more\n")
    (server.home / "broken").touch()
    assert server.play(databases, "--tags", "routing_addon").returncode != 0
    (server.home / "broken").unlink()
    assert server.drift(databases) == (2, {**as_declared, "server": [("Odoo", "restart_due", None)]})
    done = server.play(databases, "--tags", "routing_addon")
    server.assert_deployed(restarts=4)
    assert done.tasks() == ["Restart Odoo with the configured command"]


def test_a_machine_that_is_not_reached(server, databases):
    """The databases of other machines are done; its own are not touched, and the run says which and why, and fails."""
    more = {
        "odoo_servers": {"hosts": {"dead": {**server.ssh, "ansible_port": free_port()}}},
        "odoo_databases": {"hosts": {"first": {"odoo_server": "server"}, "second": {"odoo_server": "dead"}}},
    }
    (server.tmp / "more.yml").write_text(yaml.safe_dump(more))
    untouched = databases["second"].fingerprints()
    for arguments in (["--check"], []):
        done = server.play(databases, "-i", server.tmp / "more.yml", *arguments)
        assert done.returncode != 0
        databases["second"].assert_as(untouched, "a database of a machine that is not reached was written")
        report = done.output.rpartition("NOT CHECKED" if arguments else "NOT DONE")[2].replace("\n", " ")
        assert "second: Check the variables: The machine dead, which runs the Odoo of this database, is not ready" in report
        assert re.search(r"dead: Fail for a (machine|server) that (is|was) not \w+: .*127\.0\.0\.1", report)
        assert report.count("dead: ") == 1
        assert not re.search(r"(^| )(first|server): ", report)
    assert version(databases["first"]) is not None

    # The only machine there is does not end the run for those that it does not serve.
    hosted = {"odoo_databases": {"hosts": {"first": {"routing_addon_enabled": False}, "second": {}}}}
    (server.tmp / "more.yml").write_text(yaml.safe_dump(hosted))
    dead = ["-i", server.tmp / "more.yml", "-e", json.dumps({"routing_addon_addons_path": "/proc/nowhere"})]
    done = server.play(databases, *dead)
    assert done.returncode != 0
    report = done.output.rpartition("NOT DONE")[2]
    assert "second: Check the variables: The machine server, which runs the Odoo of this database, is not ready" in report
    assert "Cannot put the addons into /proc/nowhere" in report
    assert "first: " not in report
    databases["second"].assert_as(untouched, "a database of a machine that failed was written")


def fetchers(database):
    """How many scheduled actions fetch mail."""
    return int(database.value("SELECT count(*) FROM ir_act_server WHERE code LIKE 'model.\\_fetch%'"))


def test_fetchers(set_up):
    """How many scheduled actions fetch, where that is said; core's own way, where none is."""
    server, database = set_up
    one = {"first": database}
    assert fetchers(database) == 1
    assert server.deploy(one, "--tags", "routing_addon", routing_addon_fetchers=3).changed["first"] == 1
    found = server.drift(one, routing_addon_fetchers=2)[1]["first"]
    assert [row for row in found if "smtp_server_per_user.fetchers" in str(row[0])], found
    assert fetchers(database) == 3
    assert server.deploy(one, "--tags", "routing_addon", routing_addon_fetchers=0).changed["first"] == 1
    assert fetchers(database) == 1


def test_uninstalled(set_up):
    """It takes nothing with it but what it added: every server stays; and the next run installs it again."""
    server, database = set_up
    columns = "SELECT count(*) FROM information_schema.columns WHERE column_name IN ('only_replies', 'folders')"
    kept = (
        "SELECT name, smtp_host, smtp_user, smtp_pass FROM ir_mail_server ORDER BY name",
        'SELECT name, server, "user", password FROM fetchmail_server ORDER BY name',
    )
    servers, brought = [database.rows(query) for query in kept], users_servers(database)
    assert len(servers[0]) == 3
    assert database.ok("addons", [{"name": ADDON}], state="deleted")["changed"]
    assert [database.rows(query) for query in kept] == servers
    assert database.value(columns) == 0
    assert version(database) is None
    done = server.play({"first": database})
    assert done.returncode == 0, done.output
    assert version(database) == f"{server.series}.0.1.4.0"
    assert users_servers(database) == brought


def test_disabled(server, first):
    """A hosted Odoo: nothing is touched on the server, the rest is set, and the run says what is left out."""
    files, config = server.files(), server.config.read_bytes()
    done = server.deploy(first, routing_addon_enabled=False)
    assert (server.files(), server.config.read_bytes(), server.count_restarts()) == (files, config, 0)
    assert done.changed["server"] == 0
    assert done.changed["first"] > 0
    assert f"The addon {ADDON} is not installed in this database" in done.output
    assert version(first["first"]) is None
    assert first["first"].value("SELECT count(*) FROM ir_mail_server") == 3


def test_a_server_that_is_not_in_the_inventory(server, first):
    """A database whose server lacks the addon, or has another version of it, is told so; others go on."""
    done = server.play(first, "--tags", "routing_addon", "--limit", "first")
    assert done.returncode != 0
    assert f"{ADDON}: is not among the addons of this server; check the name and its addons path" in done.output

    server.addons.mkdir()
    shutil.copytree(SOURCE, server.target)
    replace(server.config, "\n[another", f"addons_path = {server.addons}\n\n[another")
    server.service.restart()
    wait("odoo", server.url, server.series, log=server.service.log)
    done = server.play(first, "--tags", "routing_addon", "--limit", "first")
    assert done.returncode == 0, done.output
    replace(server.source / "__manifest__.py", "1.4.0", "1.5.0")
    done = server.play(first, "--tags", "routing_addon", "--limit", "first")
    assert done.returncode != 0
    assert f"{server.series}.0.1.4.0 on its disk, not {server.series}.0.1.5.0" in done.output


def test_an_export_says_what_the_addon_brings(set_up, tmp_path):
    """Owners as they are, and whose mailbox gives only answers."""
    _server, database = set_up
    client = database.odoo()
    # Nobody's any more; and one who wants all mail in Odoo.
    client.env["ir.mail_server"].write(
        client.env["ir.mail_server"].search([["smtp_user", "ilike", "second"]]), {"user_id": False}
    )
    boxes = client.env["fetchmail.server"].search([["user", "ilike", "newuser"]])
    client.env["fetchmail.server"].write(boxes, {"only_replies": False})

    inventory = Inventory(tmp_path / "exported", {"first": database})
    assert changed(inventory.export("-e", "export_passwords=true", vault=True)) == {"first"}
    text = inventory.path("first", "mail.yml").read_text()
    assert "smtp: {owner: ''}" in text
    assert "imap: {only_replies: false}" in text
    run = inventory.play("site.yml", "--check", "--diff", vault=True)
    assert changed(run) == set(), notable(run)


def folders(database):
    return {row["login"]: row["folders"] for row in database.rows('SELECT "user" AS login, folders FROM fetchmail_server')}


def test_further_folders(set_up, tmp_path):
    """The folders of an account's mailbox: set, left alone, found different, put right, exported and gathered."""
    (server, database), login = set_up, "newuser@mydomain.com"
    account = {**FIRST, "imap": {"folders": "INBOX/Customers, Kunden & Gäste"}}
    one = {"first": database}
    done = server.deploy(one, mail_users_accounts=[account, SECOND])
    assert done.changed["first"]
    others = dict.fromkeys(("catchall@mydomain.com", "bounce@mydomain.com", "seconduser@mydomain.com"))
    assert folders(database) == {**others, login: "INBOX/Customers, Kunden & Gäste"}

    database.sql(f"UPDATE fetchmail_server SET folders = 'Other' WHERE \"user\" = '{login}'")
    label = f"{login} on {server.lab['host']}"
    found = server.drift(one, mail_users_accounts=[account, SECOND])
    assert found == (2, {"server": [], "first": [(label, "differs", "folders")]})
    # An account that does not say so leaves them.
    assert server.drift(one, mail_users_accounts=[FIRST, SECOND]) == (0, {"server": [], "first": []})
    assert server.deploy(one, mail_users_accounts=[account, SECOND]).changed["first"] == 1
    assert folders(database)[login] == "INBOX/Customers, Kunden & Gäste"

    item = {"login": login, "host": server.lab["host"]}
    for text in ("INBOX/Customers\nArchive", ""):
        done = database.converge("incoming_mail_servers", [{**item, "folders": text}])
        assert done["changes"] == [{"action": "updated", "options": ["folders"], "items": [label]}]
        assert (folders(database)[login] or "") == text
        assert {folder for person, folder in folders(database).items() if person != login} == {None}
        (found,) = database.ok("incoming_mail_servers", [item], state="gathered")["gathered"]
        assert found.get("folders", "") == text
        assert not database.ok("incoming_mail_servers", [found])["changed"]

    database.ok("incoming_mail_servers", [{**item, "folders": "INBOX/Customers\nArchive"}])
    inventory = Inventory(tmp_path / "exported", one)
    assert changed(inventory.export("-e", "export_passwords=true", vault=True)) == {"first"}
    exported = yaml.safe_load(inventory.path("first", "mail.yml").read_text())["mail_users_accounts"]
    assert [each["imap"]["folders"] for each in exported if each["email"] == login] == ["INBOX/Customers\nArchive"]
    run = inventory.play("site.yml", "--check", "--diff", vault=True)
    assert changed(run) == set(), notable(run)
    database.ok("incoming_mail_servers", [{**item, "folders": "elsewhere"}])
    assert changed(inventory.play("site.yml", vault=True)) == {"first"}
    assert folders(database)[login] == "INBOX/Customers\nArchive"
