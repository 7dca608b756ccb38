"""site.yml and drift.yml through ansible-runner, the engine under AWX: its folder of inputs, its events, its artifacts."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from company import open_mailbox
from facts import wanted_series
from jinja2 import Template
from support import PASSWORD, ROOT, Database, plain_ansible

TOOLS = Path(sys.executable).parent
# None of them may stand in anything that a run leaves behind.
SECRETS = {
    "owner": PASSWORD,
    "vault": "V4ult-qqLz-secret",
    "mailbox": "M4il-rrTk-secret",
    "user": "0doo-wwBn-secret",
}
ADDRESS = "runner@mydomain.com"


class Job:
    """What a run left in its folder of artifacts."""

    def __init__(self, folder):
        self.folder = folder
        self.code, self.status = int((folder / "rc").read_text()), (folder / "status").read_text()
        self.output = (folder / "stdout").read_text()
        events = [json.loads(path.read_text()) for path in (folder / "job_events").glob("*.json")]
        self.events = sorted(events, key=lambda event: event["counter"])
        (self.stats,) = [event["event_data"] for event in self.events if event["event"] == "playbook_on_stats"]

    def ran(self):
        """The modules of ours of which there is an event, and the host."""
        told = {
            (event["event_data"]["host"], event["event_data"]["resolved_action"])
            for event in self.events
            if event["event"] in ("runner_on_ok", "runner_on_failed")
        }
        return {(host, module.removeprefix("postroom.odoo.")) for host, module in told if module.startswith("postroom.odoo.")}


class Runner:
    """A private data folder, filled as AWX fills it, and the databases that its inventory names."""

    def __init__(self, folder, databases):
        self.folder, self.databases = folder, databases
        lab = next(iter(databases.values())).lab
        self.report = folder / "artifacts" / "drift-report"
        # The project of AWX is a clone of Postroom.
        (folder / "project").symlink_to(ROOT)
        hosts = {
            name: {"odoo_url": database.server["url"], "odoo_database": database.name} for name, database in databases.items()
        }
        variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "mail_provider": {
                "smtp": {"host": lab["host"], "port": lab["ports"]["submission"], "encryption": "starttls"},
                "imap": {"host": lab["host"], "port": lab["ports"]["imaps"], "ssl": True},
            },
            "mail_domain_incoming": False,
            "mail_domain_outgoing": False,
            "mail_users_accounts": [
                {
                    "name": "Runner",
                    "email": ADDRESS,
                    "password": "{{ vault_mailbox }}",
                    "odoo_password": "{{ vault_user }}",
                }
            ],
        }
        self.write("inventory/hosts.yml", {"odoo_databases": {"hosts": hosts, "vars": variables}})
        vault = self.write(
            "inventory/group_vars/odoo_databases/vault.yml",
            {"vault_mailbox": open_mailbox(ADDRESS, SECRETS["mailbox"]), "vault_user": SECRETS["user"]},
        )
        secret = folder.parent / "vault-password"
        secret.write_text(SECRETS["vault"])
        subprocess.run([TOOLS / "ansible-vault", "encrypt", "--vault-password-file", secret, vault], check=True)
        # What AWX makes of a job template's credentials, survey and settings.
        self.write(
            "env/envvars", {"ODOO_LOGIN": "admin", "ODOO_PASSWORD": PASSWORD, "POSTROOM_DRIFT_REPORT_DIR": str(self.report)}
        )
        aliases = dict.fromkeys(("mail_domain_catchall", "mail_domain_bounce", "mail_domain_default_from"), "catchall")
        self.write("env/extravars", {"mail_domain_name": "mydomain.com", **aliases})
        self.write("env/passwords", {r"^Vault password:\s*?$": SECRETS["vault"]})
        self.write("env/settings", {"job_timeout": 3600})

    def log_in(self, password):
        """Have the environment that AWX makes of a credential, by the injector that docs/many-databases.md has for its type."""
        page = (ROOT / "docs" / "many-databases.md").read_text()
        injector = re.search(r"Injector configuration:\n+```yaml\n(.+?)```", page, re.DOTALL)[1]
        credential = {"login": "admin", "password": password}
        injected = {name: Template(value).render(credential) for name, value in yaml.safe_load(injector)["env"].items()}
        self.write("env/envvars", {**injected, "POSTROOM_DRIFT_REPORT_DIR": str(self.report)})

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content))
        return path

    def run(self, playbook, ident, *arguments):
        """Run a playbook by runner's command; its Job."""
        command = [TOOLS / "ansible-runner", "run", self.folder, "--playbook", playbook, "--ident", ident, "--forks", "2"]
        command.append(f"--cmdline={' '.join(['--ask-vault-pass', *arguments])}")
        # The settings are the clone's, as Ansible finds them by itself: runner makes the project the current folder.
        environment = plain_ansible(PATH=f"{TOOLS}:/usr/bin:/bin")
        del environment["ANSIBLE_CONFIG"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        artifacts = self.folder / "artifacts" / ident
        assert (artifacts / "rc").exists(), done.stdout + done.stderr
        job = Job(artifacts)
        assert done.returncode == job.code
        return job

    def drift(self, ident):
        job = self.run("playbooks/drift.yml", ident)
        report = json.loads((self.report / "drift.json").read_text())
        return job, {host["host"]: host for host in report["hosts"]}


@pytest.fixture(scope="module")
def runner(lab, tmp_path_factory):
    databases = {f"odoo{series}": Database(lab, series) for series in wanted_series()}
    folder = tmp_path_factory.mktemp("runner") / "data"
    folder.mkdir()
    yield Runner(folder, databases)
    for database in databases.values():
        database.drop()


@pytest.fixture(scope="module")
def first(runner):
    # As loud as it gets, for the secrets' sake.
    job = runner.run("site.yml", "first", "-vvv", "--diff")
    assert (job.code, job.status) == (0, "successful"), job.output
    return job


def test_site(runner, first):
    """Every database is set up, once, and there is an event for all that was done."""
    assert first.stats["changed"].keys() == runner.databases.keys()
    again = runner.run("site.yml", "again")
    assert (again.code, again.status) == (0, "successful"), again.output
    assert again.stats["changed"] == {}
    modules = ("alias_domains", "users", "incoming_mail_servers", "outgoing_mail_servers")
    wanted = {(host, module) for host in runner.databases for module in modules}
    assert wanted <= first.ran()
    assert wanted <= again.ran()
    for database in runner.databases.values():
        assert database.values("SELECT smtp_user FROM ir_mail_server") == [ADDRESS]


def test_drift(runner, first):
    """Its exit code is the job's, and its report is among the artifacts, beside the events of runner's own callback."""
    job, hosts = runner.drift("as-declared")
    assert (job.code, job.status) == (0, "successful"), job.output
    assert {host["status"] for host in hosts.values()} == {"as_declared"}

    tampered, *others = runner.databases
    runner.databases[tampered].sql("UPDATE ir_mail_server SET smtp_port = 25")
    job, hosts = runner.drift("drift")
    assert (job.code, job.status) == (2, "failed"), job.output
    assert [row["option"] for row in hosts[tampered]["differences"]] == ["port"]
    assert {hosts[name]["status"] for name in others} <= {"as_declared"}
    assert {path.name for path in runner.report.iterdir()} == {"drift.json", "drift.xml", "drift.html"}
    assert "DRIFT" in job.output

    # The callback is enabled by the project's ansible.cfg, and at work on any run in check mode.
    job = runner.run("site.yml", "check", "--check", "--diff")
    assert (job.code, job.stats["changed"].keys()) == (0, {tampered}), job.output
    assert "DRIFT" in job.output
    assert json.loads((runner.report / "drift.json").read_text())["summary"]["differences"] == 1


def test_no_secret_is_left_behind(runner, first):
    """But for the environment that runner was given: it writes that down itself, for the owner of the folder to read."""
    wrong = "Wr0ng-kkPd-secret"
    runner.log_in(wrong)
    refused = runner.run("site.yml", "refused", "-vvv")
    assert (refused.status, refused.stats["failures"].keys()) == ("failed", runner.databases.keys())
    artifacts = runner.folder / "artifacts"
    written = {path: path.read_text(errors="replace") for path in artifacts.rglob("*") if path.is_file()}
    secrets = {**SECRETS, "wrong": wrong}
    found = {(path, name) for path, text in written.items() for name, secret in secrets.items() if secret in text}
    own = {(artifacts / "first" / "command", "owner"), (artifacts / "refused" / "command", "wrong")}
    assert own <= found
    assert {(path.name, name) for path, name in found} == {("command", "owner"), ("command", "wrong")}
    assert {path.stat().st_mode & 0o777 for path, name in found} == {0o600}
